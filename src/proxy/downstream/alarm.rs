//! A timer that is set for every request and hardly ever fires: the runtime's timer under it is kept, and only
//! moved when it fires too early.

use std::{
  pin::Pin,
  task::{Context, Poll, ready},
};

use tokio::time::{Instant, Sleep, sleep_until};

/// Waits for one moment at a time.
#[derive(Debug, Default)]
pub(in crate::proxy) struct Alarm {
  sleep: Option<Pin<Box<Sleep>>>,
}

impl Alarm {
  /// Ready at `moment`. Moments may come earlier than those asked for before.
  pub(in crate::proxy) fn poll(&mut self, moment: Instant, cx: &mut Context<'_>) -> Poll<()> {
    let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(moment)));
    if moment < sleep.deadline() {
      sleep.as_mut().reset(moment);
    }
    loop {
      ready!(sleep.as_mut().poll(cx));
      if sleep.deadline() >= moment {
        return Poll::Ready(());
      }
      sleep.as_mut().reset(moment);
    }
  }
}

#[cfg(test)]
mod tests {
  use std::{future::poll_fn, time::Duration};

  use super::*;

  #[tokio::test(start_paused = true)]
  async fn it_fires_when_it_is_to_whatever_was_asked_before() {
    let (start, mut alarm) = (Instant::now(), Alarm::default());
    let at = |seconds| start + Duration::from_secs(seconds);
    let first = poll_fn(|cx| alarm.poll(at(10), cx));
    assert!(tokio::time::timeout(Duration::from_secs(4), first).await.is_err());
    for (asked, fires) in [(14, 14), (20, 20), (15, 20), (30, 30)] {
      poll_fn(|cx| alarm.poll(at(asked), cx)).await;
      assert_eq!(start.elapsed().as_secs(), fires);
    }
    // Earlier than what it waits for.
    let later = poll_fn(|cx| alarm.poll(at(90), cx));
    assert!(tokio::time::timeout(Duration::from_secs(1), later).await.is_err());
    poll_fn(|cx| alarm.poll(at(40), cx)).await;
    assert_eq!(start.elapsed().as_secs(), 40);
  }
}
