//! Garbage collections, told by V8 itself. A `PerformanceObserver` of Node.js tells of them as well, and takes
//! as long for each as a dozen requests: an entry, two turns of the event loop, a call into JavaScript. Here it
//! is two readings of the clock.
//!
//! Node-API has no such hook, so two functions of V8's C++ interface are looked up in the running program by the
//! names that Node.js 20 to 26 export. Where they are missing nothing happens, and the caller is told.

use std::{
  ffi::{CStr, c_int, c_void},
  sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
  },
  time::Instant,
};

use super::page::Mapped;

/// `v8::Isolate::TryGetCurrent()`: that of the calling thread.
const CURRENT: &CStr = c"_ZN2v87Isolate13TryGetCurrentEv";
/// `v8::Isolate::AddGCPrologueCallback(GCCallbackWithData, void*, GCType)`.
const BEFORE: &CStr =
  c"_ZN2v87Isolate21AddGCPrologueCallbackEPFvPS0_NS_6GCTypeENS_15GCCallbackFlagsEPvES4_S2_";
/// `v8::Isolate::AddGCEpilogueCallback(GCCallbackWithData, void*, GCType)`.
const AFTER: &CStr =
  c"_ZN2v87Isolate21AddGCEpilogueCallbackEPFvPS0_NS_6GCTypeENS_15GCCallbackFlagsEPvES4_S2_";

/// `v8::GCType`: collections of new objects, by either of two methods.
const MINOR: c_int = 1 | 2;
/// A collection of all objects.
const MAJOR: c_int = 4;

type Told = unsafe extern "C" fn(*mut c_void, c_int, c_int, *mut c_void);
type Current = unsafe extern "C" fn() -> *mut c_void;
type Add = unsafe extern "C" fn(*mut c_void, Told, *mut c_void, c_int);

/// What is done about a collection, on the JavaScript thread and while JavaScript stands still.
struct Observer {
  page: Arc<Mapped>,
  epoch: Instant,
  /// When the present one began, in nanoseconds since `epoch`.
  began: AtomicU64,
  full: Box<dyn Fn() + Send + Sync>,
}

impl Observer {
  fn now(&self) -> u64 {
    u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(u64::MAX)
  }
}

/// Count the collections of the calling thread's JavaScript on `page` for as long as the process lives. After
/// each full one `full` is called, which must not touch JavaScript. Says whether this is a V8 that tells.
pub(super) fn observe(page: Arc<Mapped>, full: Box<dyn Fn() + Send + Sync>) -> bool {
  let (Some(current), Some(before), Some(after)) = (find(CURRENT), find(BEFORE), find(AFTER))
  else {
    return false;
  };
  // SAFETY: the mangled names say which parameters these functions take: `this` first, then pointers and enums
  // that C++ passes as integers.
  let (current, before, after) = unsafe {
    (
      std::mem::transmute::<*mut c_void, Current>(current),
      std::mem::transmute::<*mut c_void, Add>(before),
      std::mem::transmute::<*mut c_void, Add>(after),
    )
  };
  // SAFETY: takes nothing, and gives null where there is no isolate.
  let isolate = unsafe { current() };
  if isolate.is_null() {
    return false;
  }
  let observer = Observer { page, epoch: Instant::now(), began: AtomicU64::new(0), full };
  // Never given back: V8 may collect until the process ends.
  let data = Box::into_raw(Box::new(observer)).cast::<c_void>();
  // SAFETY: the isolate is that of this thread and alive; `data` lives for ever.
  unsafe {
    before(isolate, begins, data, MINOR | MAJOR);
    after(isolate, ended, data, MINOR | MAJOR);
  }
  true
}

fn find(name: &CStr) -> Option<*mut c_void> {
  // SAFETY: looks a name up in what is loaded.
  let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
  (!found.is_null()).then_some(found)
}

unsafe extern "C" fn begins(_: *mut c_void, _: c_int, _: c_int, data: *mut c_void) {
  // SAFETY: `data` is the observer that `observe` gave to V8, which is never freed.
  let observer = unsafe { &*data.cast::<Observer>() };
  observer.began.store(observer.now(), Relaxed);
}

unsafe extern "C" fn ended(_: *mut c_void, kind: c_int, _: c_int, data: *mut c_void) {
  // SAFETY: as above.
  let observer = unsafe { &*data.cast::<Observer>() };
  let took = observer.now().saturating_sub(observer.began.load(Relaxed)) / 1000;
  observer.page.collections.fetch_add(1, Relaxed);
  observer.page.collecting.fetch_add(i64::try_from(took).unwrap_or(0), Relaxed);
  if kind == MAJOR {
    (observer.full)();
  }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use super::*;

  #[test]
  fn says_that_there_is_no_v8_where_there_is_none() {
    let page = super::super::page::create().map(|(_, page)| Arc::new(page)).unwrap();
    assert!(!observe(Arc::clone(&page), Box::new(|| {})));
    assert_eq!(page.collections.load(Relaxed), 0);
  }

  #[test]
  fn counts_a_collection_and_tells_of_a_full_one() {
    let page = super::super::page::create().map(|(_, page)| Arc::new(page)).unwrap();
    let told = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&told);
    let full = Box::new(move || {
      count.fetch_add(1, Relaxed);
    });
    let epoch = Instant::now();
    let observer = Observer { page: Arc::clone(&page), epoch, began: AtomicU64::new(0), full };
    let data = (&raw const observer).cast_mut().cast::<c_void>();
    let nobody = std::ptr::null_mut();
    for kind in [1, 4] {
      // SAFETY: `data` is an observer that outlives these calls.
      unsafe {
        begins(nobody, kind, 0, data);
        std::thread::sleep(std::time::Duration::from_millis(2));
        ended(nobody, kind, 0, data);
      }
    }
    assert_eq!((page.collections.load(Relaxed), told.load(Relaxed)), (2, 1));
    assert!(page.collecting.load(Relaxed) >= 4000);
  }
}
