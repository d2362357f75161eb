//! The master's view of a page. The worker may have written anything there, so a value that no worker can have is
//! taken for none: it must not reach arithmetic, nor JavaScript as a number that it cannot hold.

use std::{
  fs::File,
  io,
  os::fd::AsRawFd as _,
  path::PathBuf,
  sync::atomic::Ordering::{Acquire, Relaxed},
  time::Duration,
};

use super::{
  histogram::Counts,
  page::{self, Mapped},
};

/// Memory that no process has: the address space of a 64-bit processor.
const MOST_BYTES: u64 = 1 << 48;
/// The largest number that JavaScript holds exactly, `Number.MAX_SAFE_INTEGER`.
const MOST: u64 = (1 << 53) - 1;

/// Reads one page, and keeps it for the worker to open.
#[derive(Debug)]
pub struct Reader {
  file: File,
  page: Mapped,
}

/// What a worker's JavaScript holds, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heap {
  /// Heap in use.
  pub used: u64,
  /// Heap taken from the system.
  pub total: u64,
  /// Outside of the heap.
  pub external: u64,
  /// Of that, in array buffers.
  pub array_buffers: u64,
}

/// Garbage collections of a worker since it was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Collections {
  /// How many.
  pub count: u64,
  /// How long they took together; `None` where the runtime does not tell.
  pub took: Option<Duration>,
  /// How many were full, and what the last of these left, in bytes.
  pub full: Option<(u64, u64)>,
}

/// What a collection that was asked for brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Collected {
  /// Heap and external memory before, in bytes.
  pub before: u64,
  /// And after.
  pub after: u64,
  /// How long it took.
  pub took: Duration,
}

/// How often each side of a worker has beaten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beats {
  /// Its native thread: the process is alive.
  pub alive: u64,
  /// Its JavaScript: it is responsive.
  pub responsive: u64,
}

/// What is to be thought of a worker whose beats were seen twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pulse {
  /// It has not opened its page yet, or cannot.
  Unknown,
  /// Its event loop turns.
  Responsive,
  /// Its process runs, and its event loop does not turn.
  Blocked,
  /// Its process does not run: it was stopped, or gets no processor at all.
  Still,
}

impl Beats {
  /// What is to be thought of it, when these are its beats a while after `before`. The while must be
  /// longer than two beats of either.
  #[must_use]
  pub const fn since(self, before: Self) -> Pulse {
    if self.alive == 0 {
      Pulse::Unknown
    } else if self.responsive != before.responsive {
      Pulse::Responsive
    } else if self.alive != before.alive {
      Pulse::Blocked
    } else {
      Pulse::Still
    }
  }
}

impl Reader {
  /// A page that nobody writes yet.
  ///
  /// # Errors
  /// As [`page::create`].
  pub fn new() -> io::Result<Self> {
    let (file, page) = page::create()?;
    Ok(Self { file, page })
  }

  /// Where a process of the same user finds the page while this one holds it.
  #[must_use]
  pub fn path(&self) -> PathBuf {
    PathBuf::from(format!("/proc/{}/fd/{}", std::process::id(), self.file.as_raw_fd()))
  }

  /// `None` until it was first told.
  #[must_use]
  pub fn heap(&self) -> Option<Heap> {
    let total = bytes(self.page.heap_total.load(Acquire)).filter(|total| *total > 0)?;
    Some(Heap {
      used: bytes(self.page.heap_used.load(Relaxed))?,
      total,
      external: bytes(self.page.external.load(Relaxed))?,
      array_buffers: bytes(self.page.array_buffers.load(Relaxed))?,
    })
  }

  /// Garbage collections.
  #[must_use]
  pub fn collections(&self) -> Option<Collections> {
    let full = number(self.page.full_collections.load(Acquire))?;
    let took = u64::try_from(self.page.collecting.load(Relaxed)).ok();
    Some(Collections {
      count: number(self.page.collections.load(Relaxed))?,
      took: took.and_then(number).map(Duration::from_micros),
      full: if full > 0 { Some((full, bytes(self.page.live.load(Relaxed))?)) } else { None },
    })
  }

  /// How much later than due the event loop came round, in microseconds.
  #[must_use]
  pub fn delays(&self) -> Counts {
    let mut counts = Counts::default();
    self.page.delays.add_to(&mut counts);
    if number(counts.total()).is_some() { counts } else { Counts::default() }
  }

  /// Part of the last second that the event loop was busy, 0 to 1.
  #[must_use]
  pub fn utilization(&self) -> Option<f64> {
    let millionths = u32::try_from(self.page.utilization.load(Relaxed)).ok();
    millionths.filter(|part| *part <= 1_000_000).map(|part| f64::from(part) / 1e6)
  }

  /// Its beats so far.
  #[must_use]
  pub fn beats(&self) -> Beats {
    Beats { alive: self.page.alive.load(Relaxed), responsive: self.page.responsive.load(Relaxed) }
  }

  /// Ask for a garbage collection. Gives its number.
  pub fn ask_to_collect(&self) -> u64 {
    self.page.asked.fetch_add(1, Relaxed) + 1
  }

  /// What collection `asked`, or a later one, brought; `None` until it is done.
  #[must_use]
  pub fn collected(&self, asked: u64) -> Option<Collected> {
    if self.page.answered.load(Acquire) < asked {
      return None;
    }
    Some(Collected {
      before: bytes(self.page.before.load(Relaxed))?,
      after: bytes(self.page.after.load(Relaxed))?,
      took: Duration::from_micros(number(self.page.took.load(Relaxed))?),
    })
  }
}

/// `value`, if a process can have so much memory.
fn bytes(value: u64) -> Option<u64> {
  (value <= MOST_BYTES).then_some(value)
}

/// `value`, if JavaScript can hold it.
fn number(value: u64) -> Option<u64> {
  (value <= MOST).then_some(value)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use std::time::Instant;

  use super::{
    super::writer::{Held, Writer},
    *,
  };

  #[test]
  fn what_no_worker_can_have_is_absent() {
    use std::{fs::OpenOptions, os::unix::fs::FileExt as _};
    let reader = Reader::new().unwrap();
    let file = OpenOptions::new().write(true).open(reader.path()).unwrap();
    file.write_all_at(&[0xff; size_of::<page::Page>() - 8], 8).unwrap();
    assert_eq!((reader.heap(), reader.collections(), reader.utilization()), (None, None, None));
    assert_eq!((reader.delays(), reader.collected(1)), (Counts::default(), None));
  }

  #[test]
  fn what_a_worker_writes_its_master_reads() {
    let reader = Reader::new().unwrap();
    assert_eq!(
      (reader.heap(), reader.collections().unwrap().full, reader.beats().alive),
      (None, None, 0)
    );
    let writer = Writer::open(&reader.path()).unwrap();
    writer.held(Held { heap_used: 1, heap_total: 2, external: 4, array_buffers: 3 });
    assert_eq!(reader.heap(), Some(Heap { used: 1, total: 2, external: 4, array_buffers: 3 }));
    writer.collected(3, Some(Duration::from_millis(2)));
    writer.collected(1, Some(Duration::from_millis(1)));
    writer.live(77);
    let expected =
      Collections { count: 4, took: Some(Duration::from_millis(3)), full: Some((1, 77)) };
    assert_eq!(reader.collections(), Some(expected));
    writer.collected(1, None);
    assert_eq!(reader.collections().unwrap().took, None);
    writer.utilization(Some(0.25));
    assert!((reader.utilization().unwrap() - 0.25).abs() < 1e-6);
    writer.utilization(None);
    assert_eq!(reader.delays().total(), 0);
    assert_eq!(writer.beat(Duration::from_millis(30)), None);
    assert!(reader.delays().quantile(0.5).unwrap().abs_diff(30_000) < 600);
  }

  #[test]
  fn a_collection_is_asked_for_and_answered() {
    let reader = Reader::new().unwrap();
    let writer = Writer::open(&reader.path()).unwrap();
    let number = reader.ask_to_collect();
    assert_eq!(reader.collected(number), None);
    assert_eq!(writer.beat(Duration::ZERO), Some(number));
    writer.answer(number, 10, 4, Duration::from_millis(7));
    assert_eq!(writer.beat(Duration::ZERO), None);
    let expected = Collected { before: 10, after: 4, took: Duration::from_millis(7) };
    assert_eq!(reader.collected(number), Some(expected));
  }

  #[test]
  fn beats_tell_the_blocked_from_the_still() {
    let beats = |alive, responsive| Beats { alive, responsive };
    for (before, now, pulse) in [
      (beats(0, 0), beats(0, 0), Pulse::Unknown),
      (beats(1, 1), beats(2, 2), Pulse::Responsive),
      (beats(1, 1), beats(1, 2), Pulse::Responsive),
      (beats(1, 1), beats(2, 1), Pulse::Blocked),
      (beats(1, 1), beats(1, 1), Pulse::Still),
    ] {
      assert_eq!(now.since(before), pulse, "{before:?} {now:?}");
    }
    let reader = Reader::new().unwrap();
    let _writer = Writer::open(&reader.path()).unwrap();
    let before = reader.beats();
    let end = Instant::now() + Duration::from_secs(20);
    while reader.beats().since(before) != Pulse::Blocked {
      assert!(Instant::now() < end, "the native thread does not beat");
      std::thread::sleep(Duration::from_millis(10));
    }
  }

  #[test]
  fn refuses_what_is_no_page() {
    let other = std::env::temp_dir().join(format!("xypriss-no-page-{}", std::process::id()));
    std::fs::write(&other, vec![0; 1 << 17]).unwrap();
    assert_eq!(Writer::open(&other).unwrap_err().kind(), io::ErrorKind::InvalidData);
    std::fs::write(&other, "short").unwrap();
    assert_eq!(Writer::open(&other).unwrap_err().kind(), io::ErrorKind::InvalidData);
    std::fs::remove_file(&other).unwrap();
    assert_eq!(Writer::open(&other).unwrap_err().kind(), io::ErrorKind::NotFound);
  }

  #[test]
  fn no_worker_can_make_it_shorter() {
    let reader = Reader::new().unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(reader.path()).unwrap();
    assert!(file.set_len(0).is_err());
    assert!(file.set_len(1 << 30).is_err());
  }
}
