//! Behind `ProcessMonitor`: answers questions of the machine and of processes, and tells of them at an
//! interval. All of it off the JavaScript thread; nothing runs between questions while nobody listens.

use std::{
  collections::BTreeSet,
  sync::{Arc, Mutex, MutexGuard, PoisonError},
  time::{Duration, SystemTime},
};

use serde_json::{Value, json};
use tokio::{runtime::Handle, time::sleep};

use super::{
  reading::{Counts, Depth, Unreadable, float, percent},
  sampler::{FIRST, ProcessSample, Sampler},
  system::{SystemMeter, SystemSample},
};
use crate::{
  error::{ClusterError, Result},
  event::epoch_ms,
  telemetry::{reader::Heap, registry},
  ticker::Ticker,
};

/// Who hears what a watcher reads at its interval.
pub trait Audience: Send + Sync + 'static {
  /// The machine and the processes that are watched, as `stats` tells of them.
  fn stats(&self, stats: Value);
  /// Something could not be read. It is not watched any more.
  fn error(&self, error: ClusterError);
}

/// Reads when asked, and at an interval between [`Watcher::start`] and [`Watcher::stop`].
pub struct Watcher {
  shared: Arc<Shared>,
  ticker: Ticker,
}

struct Shared {
  audience: Arc<dyn Audience>,
  // Held for readings only, never over an await.
  state: Mutex<State>,
}

#[derive(Default)]
struct State {
  sampler: Sampler,
  system: SystemMeter,
  watched: BTreeSet<u32>,
}

impl Watcher {
  /// One that watches nothing yet.
  #[must_use]
  pub fn new(audience: Arc<dyn Audience>) -> Self {
    let shared = Arc::new(Shared { audience, state: Mutex::default() });
    Self { shared, ticker: Ticker::default() }
  }

  /// The machine. The first time it takes a moment, so that its use of processors is a measured one.
  pub fn system(&self) -> impl Future<Output = SystemSample> + Send + use<> {
    let shared = Arc::clone(&self.shared);
    async move {
      let first = shared.state().system.read();
      if first.usage.is_some() {
        return first;
      }
      sleep(FIRST).await;
      shared.state().system.read()
    }
  }

  /// Process `pid`. The first time it takes a moment, so that its processor time is a measured one.
  ///
  /// # Errors
  /// [`ClusterError::ProcessNotFound`], [`ClusterError::ProcessForbidden`].
  pub fn process(&self, pid: u32) -> impl Future<Output = Result<ProcessSample>> + Send + use<> {
    let shared = Arc::clone(&self.shared);
    async move {
      let read = || {
        let read = shared.state().sampler.read_to(pid, Depth::Whole);
        read.map_err(|error| unreadable(pid, error))
      };
      let first = read()?;
      if first.usage.is_some() {
        return Ok(first);
      }
      sleep(FIRST).await;
      read()
    }
  }

  /// Those of `pids` that can be read, in that order and now, each in one of `rows`. Gives how many they are:
  /// `None` when one of them has to be read twice to know how busy it is. It takes a microsecond for each, less
  /// than to ask another thread, and allocates nothing.
  #[must_use]
  pub fn processes_now(
    &self,
    pids: &[u32],
    depth: Depth,
    rows: &mut [ProcessNumbers],
  ) -> Option<usize> {
    let mut state = self.shared.state();
    if !pids.iter().all(|pid| state.sampler.knows(*pid)) {
      return None;
    }
    let now = SystemTime::now();
    let mut read = 0;
    for pid in pids {
      let Ok(sample) = state.sampler.read_to(*pid, depth) else { continue };
      // Another process has the number by now.
      sample.usage?;
      *rows.get_mut(read)? = process_numbers(&sample, now);
      read += 1;
    }
    Some(read)
  }

  /// Those of `pids` that can be read, in that order.
  pub fn processes(
    &self,
    pids: Vec<u32>,
    depth: Depth,
  ) -> impl Future<Output = Vec<ProcessSample>> + Send + use<> {
    let shared = Arc::clone(&self.shared);
    async move {
      let read = || {
        let mut state = shared.state();
        pids.iter().filter_map(|pid| state.sampler.read_to(*pid, depth).ok()).collect::<Vec<_>>()
      };
      let first = read();
      if first.iter().all(|sample| sample.usage.is_some()) {
        return first;
      }
      sleep(FIRST).await;
      read()
    }
  }

  /// Tell of process `pid` at every interval, too.
  ///
  /// # Errors
  /// As [`Watcher::process`].
  pub fn watch(&self, pid: u32) -> Result<()> {
    let mut state = self.shared.state();
    let read = state.sampler.read_to(pid, Depth::Whole);
    read.map_err(|error| unreadable(pid, error))?;
    state.watched.insert(pid);
    Ok(())
  }

  /// Do not tell of process `pid` any more. Says whether it was watched.
  pub fn unwatch(&self, pid: u32) -> bool {
    let mut state = self.shared.state();
    state.sampler.forget(pid);
    state.watched.remove(&pid)
  }

  /// Tell the audience every `period` from now on, as seen from `runtime`. An earlier interval ends.
  pub fn start(&self, runtime: &Handle, period: Duration) {
    let shared = Arc::clone(&self.shared);
    shared.prepare();
    self.ticker.start(runtime, period, move || shared.tell());
  }

  /// Be silent.
  pub fn stop(&self) {
    self.ticker.stop();
  }

  /// Be silent, and forget everything.
  pub fn destroy(&self) {
    self.stop();
    *self.shared.state() = State::default();
  }
}

impl Shared {
  fn state(&self) -> MutexGuard<'_, State> {
    self.state.lock().unwrap_or_else(PoisonError::into_inner)
  }

  /// What is told first is of the time from here on.
  fn prepare(&self) {
    let state = &mut *self.state();
    state.system.read();
    for pid in &state.watched {
      // One that is gone is told of at the first tick.
      let _sample = state.sampler.read(*pid);
    }
  }

  fn tell(&self) {
    let (mut stats, mut processes, mut lost) = (Value::Null, Vec::new(), Vec::new());
    {
      let state = &mut *self.state();
      stats.clone_from(&system_stats(&state.system.read()));
      for pid in &state.watched {
        match state.sampler.read_to(*pid, Depth::Whole) {
          Ok(sample) => processes.push(process_stats(&sample)),
          Err(error) => lost.push((*pid, error)),
        }
      }
      for (pid, _) in &lost {
        state.watched.remove(pid);
      }
    }
    if let Value::Object(fields) = &mut stats {
      fields.insert("processes".to_owned(), Value::Array(processes));
    }
    self.audience.stats(stats);
    for (pid, error) in lost {
      self.audience.error(unreadable(pid, error));
    }
  }
}

fn unreadable(pid: u32, error: Unreadable) -> ClusterError {
  match error {
    Unreadable::Gone => ClusterError::ProcessNotFound { pid },
    Unreadable::Forbidden => ClusterError::ProcessForbidden { pid },
  }
}

/// The public `SystemStats`.
#[must_use]
pub fn system_stats(sample: &SystemSample) -> Value {
  let memory = sample.memory;
  let used = memory.total.saturating_sub(memory.available);
  let swapped = memory.swap_total.saturating_sub(memory.swap_free);
  json!({
    "cpu": {
      "cores": sample.cores,
      "usage": sample.usage.unwrap_or_default(),
      "loadAverage": sample.load,
    },
    "memory": {
      "total": memory.total,
      "free": memory.free,
      "used": used,
      "available": memory.available,
      "usagePercentage": percent(float(used), float(memory.total)),
    },
    "swap": {
      "total": memory.swap_total,
      "free": memory.swap_free,
      "used": swapped,
      "usagePercentage": percent(float(swapped), float(memory.swap_total)),
    },
    "uptime": millis(sample.uptime),
    "timestamp": epoch_ms(SystemTime::now()),
  })
}

/// The public `ProcessStats`. The heap is known of our own workers only, and absent for others.
#[must_use]
pub fn process_stats(sample: &ProcessSample) -> Value {
  let ProcessSample { pid, reading, .. } = *sample;
  let mut memory = json!({ "rss": reading.rss, "vms": reading.vms });
  if let (Some(heap), Value::Object(memory)) = (registry::heap(pid), &mut memory) {
    memory.insert("heapTotal".to_owned(), heap.total.into());
    memory.insert("heapUsed".to_owned(), heap.used.into());
    memory.insert("external".to_owned(), heap.external.into());
  }
  let mut stats = json!({
    "pid": pid,
    "memory": memory,
    "cpu": { "usage": sample.usage_or_mean(), "totalTime": millis(reading.cpu) },
    "uptime": millis(reading.uptime),
    "timestamp": epoch_ms(SystemTime::now()),
  });
  if let (Some(counts), Value::Object(stats)) = (reading.counts, &mut stats) {
    stats.insert("threads".to_owned(), counts.threads.into());
    stats.insert("fileDescriptors".to_owned(), counts.descriptors.into());
  }
  stats
}

/// The same as numbers, in this order: pid, rss, vms, heap total and used, external, usage and total
/// time of the processor, threads, descriptors, uptime, timestamp. NaN is what is absent there.
pub type ProcessNumbers = [f64; 12];

/// The numbers of `sample`, which was read at `time`.
#[must_use]
pub fn process_numbers(sample: &ProcessSample, time: SystemTime) -> ProcessNumbers {
  let ProcessSample { pid, reading, .. } = *sample;
  let heap = registry::heap(pid);
  let count = |of: fn(Counts) -> u32| reading.counts.map_or(f64::NAN, |it| f64::from(of(it)));
  let known = |of: fn(Heap) -> u64| heap.map_or(f64::NAN, |heap| float(of(heap)));
  [
    f64::from(pid),
    float(reading.rss),
    float(reading.vms),
    known(|heap| heap.total),
    known(|heap| heap.used),
    known(|heap| heap.external),
    sample.usage_or_mean(),
    float(millis(reading.cpu)),
    count(|counts| counts.threads),
    count(|counts| counts.descriptors),
    float(millis(reading.uptime)),
    float(epoch_ms(time)),
  ]
}

fn millis(time: Duration) -> u64 {
  u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

  use super::*;

  struct Ear(UnboundedSender<std::result::Result<Value, ClusterError>>);

  impl Audience for Ear {
    fn stats(&self, stats: Value) {
      let _heard = self.0.send(Ok(stats));
    }

    fn error(&self, error: ClusterError) {
      let _heard = self.0.send(Err(error));
    }
  }

  #[tokio::test]
  async fn a_first_answer_is_a_measured_one() {
    let (sender, _told) = unbounded_channel();
    let watcher = Watcher::new(Arc::new(Ear(sender)));
    let own = std::process::id();
    let (system, sample) = tokio::join!(watcher.system(), watcher.process(own));
    assert!(system.usage.is_some());
    assert!(sample.unwrap().usage.is_some());
    let found = watcher.processes(vec![own, u32::MAX - 1], Depth::Whole).await;
    assert_eq!(found.iter().map(|sample| sample.pid).collect::<Vec<_>>(), [own]);
    let mut rows = [[0.0; 12]; 2];
    assert_eq!(watcher.processes_now(&[own], Depth::Brief, &mut rows), Some(1));
    let [[pid, rss, .., threads, _, _, timestamp], unused] = rows;
    assert!(pid == f64::from(own) && rss > 0.0 && threads.is_nan() && timestamp > 0.0);
    assert!(unused.iter().all(|number| *number == 0.0));
    assert_eq!(watcher.processes_now(&[own], Depth::Brief, &mut []), None);
    assert_eq!(watcher.processes_now(&[own, u32::MAX - 1], Depth::Brief, &mut rows), None);
    let error = watcher.process(u32::MAX - 1).await.unwrap_err();
    assert_eq!(error.code(), "ERR_PROCESS_NOT_FOUND");
  }

  #[tokio::test(start_paused = true)]
  async fn tells_at_its_interval_until_it_is_stopped() {
    let (sender, mut told) = unbounded_channel();
    let watcher = Watcher::new(Arc::new(Ear(sender)));
    let own = std::process::id();
    watcher.watch(own).unwrap();
    assert_eq!(watcher.watch(u32::MAX - 1).unwrap_err().code(), "ERR_PROCESS_NOT_FOUND");
    watcher.start(&Handle::current(), Duration::from_secs(5));
    for _ in 0..3 {
      let stats = told.recv().await.unwrap().unwrap();
      assert_eq!(stats.pointer("/processes/0/pid"), Some(&json!(own)));
      assert!(stats.pointer("/memory/total").unwrap().as_u64().unwrap() > 0);
    }
    assert!(watcher.unwatch(own));
    let stats = told.recv().await.unwrap().unwrap();
    assert_eq!(stats.pointer("/processes"), Some(&json!([])));
    watcher.stop();
    sleep(Duration::from_secs(60)).await;
    assert!(told.try_recv().is_err());
  }

  #[tokio::test(start_paused = true)]
  async fn tells_once_of_a_process_that_is_gone() {
    let (sender, mut told) = unbounded_channel();
    let watcher = Watcher::new(Arc::new(Ear(sender)));
    let mut child = std::process::Command::new("cat")
      .stdin(std::process::Stdio::piped())
      .stdout(std::process::Stdio::null())
      .spawn()
      .unwrap();
    watcher.watch(child.id()).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    watcher.start(&Handle::current(), Duration::from_secs(1));
    assert!(told.recv().await.unwrap().is_ok());
    assert_eq!(told.recv().await.unwrap().unwrap_err().code(), "ERR_PROCESS_NOT_FOUND");
    assert!(told.recv().await.unwrap().is_ok());
    assert!(told.recv().await.unwrap().is_ok());
  }
}
