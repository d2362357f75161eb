//! Something done at an interval, until it is told to stop or dropped.

use std::{
  sync::{Mutex, PoisonError},
  time::Duration,
};

use tokio::{
  runtime::Handle,
  task::JoinHandle,
  time::{Instant, MissedTickBehavior, interval_at},
};

/// At most one repeated action.
#[derive(Debug, Default)]
pub struct Ticker {
  // Held for a replacement only.
  task: Mutex<Option<JoinHandle<()>>>,
}

impl Ticker {
  /// Do `action` on `runtime` every `period` from now on, the first time after one; an earlier action
  /// ends. Times that were missed are not made up for. `period` is not zero.
  pub fn start(
    &self,
    runtime: &Handle,
    period: Duration,
    mut action: impl FnMut() + Send + 'static,
  ) {
    let task = runtime.spawn(async move {
      let mut ticks = interval_at(Instant::now() + period, period);
      ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
      loop {
        ticks.tick().await;
        action();
      }
    });
    self.replace(Some(task));
  }

  /// Do it no more.
  pub fn stop(&self) {
    self.replace(None);
  }

  fn replace(&self, task: Option<JoinHandle<()>>) {
    let mut present = self.task.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(old) = std::mem::replace(&mut *present, task) {
      old.abort();
    }
  }
}

impl Drop for Ticker {
  fn drop(&mut self) {
    self.stop();
  }
}

#[cfg(test)]
mod tests {
  use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
  };

  use tokio::time::sleep;

  use super::*;

  const PERIOD: Duration = Duration::from_secs(1);

  #[tokio::test(start_paused = true)]
  async fn ticks_until_it_is_stopped_replaced_or_dropped() {
    let (ticker, runtime) = (Ticker::default(), Handle::current());
    let counts = [0, 1].map(|_| Arc::new(AtomicUsize::new(0)));
    let seen = || [0, 1].map(|index| counts[index].load(Ordering::SeqCst));
    let add = |index: usize| {
      let count = Arc::clone(&counts[index]);
      move || {
        count.fetch_add(1, Ordering::SeqCst);
      }
    };
    ticker.start(&runtime, PERIOD, add(0));
    sleep(PERIOD * 5 / 2).await;
    assert_eq!(seen(), [2, 0]);
    ticker.start(&runtime, PERIOD, add(1));
    sleep(PERIOD * 5 / 2).await;
    assert_eq!(seen(), [2, 2]);
    ticker.stop();
    sleep(PERIOD * 3).await;
    assert_eq!(seen(), [2, 2]);
    ticker.start(&runtime, PERIOD, add(0));
    drop(ticker);
    sleep(PERIOD * 3).await;
    assert_eq!(seen(), [2, 2]);
  }
}
