//! The block of shared memory between a worker and its master.
//!
//! Every field is an atomic number, so neither side can see half of one, whatever the other does. Fields
//! that belong together may be read while they change: they are measurements, each true for itself.

use std::{
  fs::File,
  io,
  ops::Deref,
  sync::atomic::{AtomicI64, AtomicU64},
};

use super::histogram::Histogram;

/// What both sides must agree on; also tells a page from any other file.
pub(super) const LAYOUT: u64 = u64::from_le_bytes(*b"xyprpg01");

/// The fields. All start at 0. Times are in microseconds, memory in bytes.
#[derive(Debug)]
#[repr(C)]
pub struct Page {
  /// [`LAYOUT`], written by the master before anybody else knows the page.
  pub layout: AtomicU64,
  /// Beats of the native thread of the worker.
  pub alive: AtomicU64,
  /// Beats of its JavaScript.
  pub responsive: AtomicU64,
  /// JavaScript heap in use.
  pub heap_used: AtomicU64,
  /// JavaScript heap taken from the system; 0 until the heap was first read.
  pub heap_total: AtomicU64,
  /// Outside of the heap, held by JavaScript objects.
  pub external: AtomicU64,
  /// Of that, in array buffers.
  pub array_buffers: AtomicU64,
  /// Garbage collections.
  pub collections: AtomicU64,
  /// Time that they took; -1 where the runtime does not tell.
  pub collecting: AtomicI64,
  /// Those of them after which nothing was left that nobody holds.
  pub full_collections: AtomicU64,
  /// Heap and external memory after the last of these.
  pub live: AtomicU64,
  /// Part of the last second that the event loop was busy, in millionths.
  pub utilization: AtomicU64,
  /// Collections that the master asked for. The one field that it writes.
  pub asked: AtomicU64,
  /// How many it had asked for when the worker last collected because of that.
  pub answered: AtomicU64,
  /// Heap and external memory before that.
  pub before: AtomicU64,
  /// And after.
  pub after: AtomicU64,
  /// How long it took.
  pub took: AtomicU64,
  /// How much later than due the event loop came round.
  pub delays: Histogram,
}

/// Size of the file, in whole pages of any platform.
const SIZE: usize = size_of::<Page>().next_multiple_of(65_536);

/// A page, mapped into this process.
#[derive(Debug)]
pub struct Mapped {
  address: std::ptr::NonNull<Page>,
}

// SAFETY: the page is made of atomics, and stays mapped until the last owner of this is gone.
unsafe impl Send for Mapped {}
// SAFETY: as above.
unsafe impl Sync for Mapped {}

impl Mapped {
  /// Map `file`.
  ///
  /// # Errors
  /// When it is shorter than a page, or cannot be mapped.
  pub fn new(file: &File) -> io::Result<Self> {
    use nix::sys::mman::{MapFlags, ProtFlags, mmap};
    // Beyond the end of a file, memory cannot be touched.
    if file.metadata()?.len() < SIZE as u64 {
      return Err(io::Error::new(io::ErrorKind::InvalidData, "too short for a telemetry page"));
    }
    let length = std::num::NonZeroUsize::new(SIZE).unwrap_or(std::num::NonZeroUsize::MIN);
    // SAFETY: a new mapping at an address that the kernel chooses replaces nothing.
    let address = unsafe {
      mmap(
        None,
        length,
        ProtFlags::PROT_READ | ProtFlags::PROT_WRITE,
        MapFlags::MAP_SHARED,
        file,
        0,
      )
    }?;
    Ok(Self { address: address.cast() })
  }
}

impl Deref for Mapped {
  type Target = Page;

  fn deref(&self) -> &Page {
    // SAFETY: mapped, aligned as every mapping is, and any bytes are a valid `Page`. The file cannot get
    // shorter: its size was sealed before another process knew of it.
    unsafe { self.address.as_ref() }
  }
}

impl Drop for Mapped {
  fn drop(&mut self) {
    // SAFETY: this is the mapping that `new` made, and nobody has a reference into it any more.
    let _unmapped = unsafe { nix::sys::mman::munmap(self.address.cast(), SIZE) };
  }
}

/// A file for a page that no other process can make shorter, with [`LAYOUT`] written.
///
/// # Errors
/// What the operating system says; `Unsupported` where there are no such files.
#[cfg(target_os = "linux")]
pub fn create() -> io::Result<(File, Mapped)> {
  use nix::{
    fcntl::{FcntlArg, SealFlag, fcntl},
    sys::memfd::{MFdFlags, memfd_create},
  };
  let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
  let file = File::from(memfd_create(c"xypriss-telemetry", flags)?);
  file.set_len(SIZE as u64)?;
  let seals = SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SEAL;
  fcntl(&file, FcntlArg::F_ADD_SEALS(seals))?;
  let page = Mapped::new(&file)?;
  page.layout.store(LAYOUT, std::sync::atomic::Ordering::Release);
  Ok((file, page))
}

/// Only Linux has files that are in memory alone and that a child can find by a path.
///
/// # Errors
/// Always `Unsupported`.
#[cfg(not(target_os = "linux"))]
pub fn create() -> io::Result<(File, Mapped)> {
  Err(io::ErrorKind::Unsupported.into())
}
