//! The timer of one client connection. hyper makes a new one for every head it waits for, and hardly
//! any ever fires: the runtime's timer under them is kept, and only moved when it does fire.

use std::{
  pin::Pin,
  sync::{Arc, Mutex, PoisonError},
  task::{Context, Poll, ready},
  time::{Duration, Instant},
};

use hyper::rt::{Sleep, Timer};

type Alarm = Pin<Box<tokio::time::Sleep>>;

/// Makes timers with deadlines that never decrease, one at a time.
#[derive(Debug, Default)]
pub(super) struct HeadTimer {
  spare: Arc<Mutex<Option<Alarm>>>,
}

impl Timer for HeadTimer {
  fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
    self.sleep_until(Instant::now() + duration)
  }

  fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
    Box::pin(HeadSleep { deadline: deadline.into(), alarm: None, spare: Arc::clone(&self.spare) })
  }
}

#[derive(Debug)]
struct HeadSleep {
  deadline: tokio::time::Instant,
  /// Taken when it is first polled, which for a head that comes in one piece is never.
  alarm: Option<Alarm>,
  spare: Arc<Mutex<Option<Alarm>>>,
}

impl Sleep for HeadSleep {}

impl Future for HeadSleep {
  type Output = ();

  fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
    let Self { deadline, alarm, spare } = self.get_mut();
    let alarm = alarm.get_or_insert_with(|| {
      take(spare).unwrap_or_else(|| Box::pin(tokio::time::sleep_until(*deadline)))
    });
    loop {
      ready!(alarm.as_mut().poll(cx));
      if alarm.deadline() >= *deadline {
        return Poll::Ready(());
      }
      alarm.as_mut().reset(*deadline);
    }
  }
}

impl Drop for HeadSleep {
  fn drop(&mut self) {
    if let Some(alarm) = self.alarm.take() {
      *self.spare.lock().unwrap_or_else(PoisonError::into_inner) = Some(alarm);
    }
  }
}

/// Takes the alarm that an earlier sleep left.
fn take(spare: &Mutex<Option<Alarm>>) -> Option<Alarm> {
  spare.lock().unwrap_or_else(PoisonError::into_inner).take()
}

#[cfg(test)]
mod tests {
  use super::*;

  #[tokio::test(start_paused = true)]
  async fn a_kept_alarm_does_not_fire_early() {
    let timer = HeadTimer::default();
    let start = tokio::time::Instant::now();
    let first = timer.sleep(Duration::from_secs(10));
    assert!(tokio::time::timeout(Duration::from_secs(4), first).await.is_err());
    let second = timer.sleep_until((start + Duration::from_secs(14)).into_std());
    second.await;
    assert_eq!(start.elapsed().as_secs(), 14);
    // One that fired earlier is used again.
    timer.sleep_until((start + Duration::from_secs(20)).into_std()).await;
    assert_eq!(start.elapsed().as_secs(), 20);
  }
}
