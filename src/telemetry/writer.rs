//! The worker's view of a page: a thread that says that the process is alive, and methods for its
//! JavaScript to say everything else.

use std::{
  fs::OpenOptions,
  io,
  path::Path,
  sync::{
    Arc, Mutex, PoisonError,
    atomic::Ordering::{Acquire, Relaxed, Release},
  },
  thread,
  time::{Duration, Instant},
};

use nix::time::{ClockId, clock_gettime};

use super::{
  page::{LAYOUT, Mapped},
  v8,
};

/// Between two beats of the native thread.
pub const BEAT: Duration = Duration::from_secs(1);

/// Writes one page.
#[derive(Debug)]
pub struct Writer {
  page: Arc<Mapped>,
  /// When the share of processor time was last taken, and how much of it the thread had had.
  // Only the JavaScript thread takes it.
  busy: Mutex<Option<(Instant, Duration)>>,
}

/// What JavaScript holds, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
  /// Heap in use.
  pub heap_used: u64,
  /// Heap taken from the system.
  pub heap_total: u64,
  /// Outside of the heap.
  pub external: u64,
  /// Of that, in array buffers.
  pub array_buffers: u64,
}

impl Writer {
  /// Open the page at `path`, and start to beat.
  ///
  /// # Errors
  /// When there is none, or it is another program's, or the thread cannot be started.
  pub fn open(path: &Path) -> io::Result<Self> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let page = Arc::new(Mapped::new(&file)?);
    if page.layout.load(Acquire) != LAYOUT {
      return Err(io::Error::new(io::ErrorKind::InvalidData, "no telemetry page of this version"));
    }
    let beating = Arc::downgrade(&page);
    thread::Builder::new().name("xypriss-beat".to_owned()).stack_size(64 * 1024).spawn(
      move || {
        while let Some(page) = beating.upgrade() {
          page.alive.fetch_add(1, Relaxed);
          drop(page);
          thread::sleep(BEAT);
        }
      },
    )?;
    Ok(Self { page, busy: Mutex::new(None) })
  }

  /// JavaScript came round, `late` after it was due. Gives the number of a collection that the master
  /// waits for, if there is one.
  pub fn beat(&self, late: Duration) -> Option<u64> {
    self.page.delays.record(micros(late));
    self.page.responsive.fetch_add(1, Relaxed);
    let asked = self.page.asked.load(Relaxed);
    (asked != self.page.answered.load(Relaxed)).then_some(asked)
  }

  /// What JavaScript holds now.
  pub fn held(&self, held: Held) {
    self.page.heap_used.store(held.heap_used, Relaxed);
    self.page.external.store(held.external, Relaxed);
    self.page.array_buffers.store(held.array_buffers, Relaxed);
    self.page.heap_total.store(held.heap_total, Release);
  }

  /// Part of the time since the last call that the event loop was busy, 0 to 1. `None` takes the part
  /// of it that the calling thread was on a processor.
  pub fn utilization(&self, part: Option<f64>) {
    let part = part.unwrap_or_else(|| self.on_processor()).clamp(0.0, 1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1 000 000")]
    self.page.utilization.store((part * 1e6) as u64, Relaxed);
  }

  fn on_processor(&self) -> f64 {
    let had =
      clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map(Duration::from).unwrap_or_default();
    let now = Instant::now();
    let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
    let since = busy.replace((now, had));
    since.map_or(0.0, |(at, before)| {
      let elapsed = now.saturating_duration_since(at).as_secs_f64();
      if elapsed > 0.0 { had.saturating_sub(before).as_secs_f64() / elapsed } else { 0.0 }
    })
  }

  /// Have V8 count the garbage collections of the calling thread from now on, and call `full` after each full
  /// one, which must not touch JavaScript. Says whether it can; if not, [`Self::collected`] has to be called.
  #[must_use]
  pub fn count_collections(&self, full: Box<dyn Fn() + Send + Sync>) -> bool {
    v8::observe(Arc::clone(&self.page), full)
  }

  /// So many garbage collections, which took so long, if the runtime tells.
  pub fn collected(&self, collections: u64, took: Option<Duration>) {
    self.page.collections.fetch_add(collections, Relaxed);
    match took {
      Some(took) => {
        self.page.collecting.fetch_add(i64::try_from(micros(took)).unwrap_or(0), Relaxed);
      }
      None => self.page.collecting.store(-1, Relaxed),
    }
  }

  /// What was left after a full collection, in bytes of heap and external memory.
  pub fn live(&self, bytes: u64) {
    self.page.live.store(bytes, Relaxed);
    self.page.full_collections.fetch_add(1, Release);
  }

  /// Collection `asked` is done.
  pub fn answer(&self, asked: u64, before: u64, after: u64, took: Duration) {
    self.page.before.store(before, Relaxed);
    self.page.after.store(after, Relaxed);
    self.page.took.store(micros(took), Relaxed);
    self.page.answered.store(asked, Release);
  }
}

fn micros(time: Duration) -> u64 {
  u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
