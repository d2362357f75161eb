//! Where this addon was loaded from.

use std::{
  ffi::{CStr, c_void},
  mem::MaybeUninit,
  path::PathBuf,
};

/// The file that this code was loaded from. Workers are told it, so that they need not look for it.
pub fn path() -> Option<PathBuf> {
  let own: *const c_void = (path as *const ()).cast();
  let mut info = MaybeUninit::<libc::Dl_info>::uninit();
  // SAFETY: dladdr reads the address of a function of this image, which stays loaded, and fills in
  // `info` when it returns anything but 0.
  let info = unsafe {
    if libc::dladdr(own, info.as_mut_ptr()) == 0 {
      return None;
    }
    info.assume_init()
  };
  if info.dli_fname.is_null() {
    return None;
  }
  // SAFETY: not null, so it is a C string that the dynamic linker keeps for as long as the image.
  let name = unsafe { CStr::from_ptr(info.dli_fname) };
  let path = PathBuf::from(name.to_str().ok()?);
  path.is_absolute().then_some(path)
}
