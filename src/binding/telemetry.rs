//! What the JavaScript of a worker tells of itself, by its telemetry page.

use std::{path::Path, time::Duration};

use napi::{
  Status,
  bindgen_prelude::{Error, Result},
  threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode},
};
use napi_derive::napi;

use crate::telemetry::writer::{Held, Writer};

/// Weak, so that a worker with nothing left to do may end.
type FullListener = ThreadsafeFunction<(), (), (), Status, false, true, 1>;

/// The telemetry page of this worker. All times are in milliseconds, all sizes in bytes.
#[napi]
pub struct NativeTelemetry {
  writer: Writer,
}

#[napi]
impl NativeTelemetry {
  /// Open the page at `path`; a thread of its own says from now on that the process is alive. Throws
  /// when there is no page.
  #[napi(constructor)]
  pub fn new(path: String) -> Result<Self> {
    let opened = Writer::open(Path::new(&path));
    let writer = opened.map_err(|error| {
      Error::new(Status::GenericFailure, format!("no telemetry page at {path}: {error}"))
    })?;
    Ok(Self { writer })
  }

  /// The event loop came round, so much later than due. Gives the number of a garbage collection that
  /// the master waits for, 0 when there is none.
  #[napi]
  pub fn beat(&self, late: f64) -> f64 {
    float(self.writer.beat(time(late)).unwrap_or(0))
  }

  /// What `process.memoryUsage()` says.
  #[napi]
  pub fn held(&self, heap_used: f64, heap_total: f64, external: f64, array_buffers: f64) {
    self.writer.held(Held {
      heap_used: whole(heap_used),
      heap_total: whole(heap_total),
      external: whole(external),
      array_buffers: whole(array_buffers),
    });
  }

  /// Part of the time since the last call that the event loop was busy, 0 to 1; below 0 where the
  /// runtime does not tell: then it is the part that this thread was on a processor.
  #[napi]
  pub fn utilization(&self, part: f64) {
    self.writer.utilization((part >= 0.0).then_some(part));
  }

  /// Have the engine count garbage collections from now on; `full` is called soon after each full one, weakly
  /// held. `false` where it cannot: then [`Self::collected`] has to be called.
  #[napi(ts_args_type = "full: () => void")]
  pub fn count_collections(&self, full: FullListener) -> bool {
    self.writer.count_collections(Box::new(move || {
      // One that is queued already tells as much.
      let _queued = full.call((), ThreadsafeFunctionCallMode::NonBlocking);
    }))
  }

  /// So many garbage collections, which took so long; below 0 where the runtime does not tell.
  #[napi]
  pub fn collected(&self, collections: f64, took: f64) {
    self.writer.collected(whole(collections), (took >= 0.0).then(|| time(took)));
  }

  /// What a full garbage collection left of heap and external memory.
  #[napi]
  pub fn live(&self, bytes: f64) {
    self.writer.live(whole(bytes));
  }

  /// Garbage collection `asked` is done: heap and external memory before and after, and how long it took.
  #[napi]
  pub fn answer(&self, asked: f64, before: f64, after: f64, took: f64) {
    self.writer.answer(whole(asked), whole(before), whole(after), time(took));
  }
}

fn time(ms: f64) -> Duration {
  Duration::try_from_secs_f64(ms / 1000.0).unwrap_or_default()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
const fn whole(number: f64) -> u64 {
  number as u64
}

#[expect(clippy::cast_precision_loss, reason = "a count far below 2^53")]
const fn float(number: u64) -> f64 {
  number as f64
}
