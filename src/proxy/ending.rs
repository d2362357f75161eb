//! How a stream of server-sent events to a worker that goes is ended: at a moment of its own in the drain window,
//! as WebSockets are, and between two events if one ends in time.

use std::{
  pin::Pin,
  sync::Arc,
  task::{Context, Poll},
};

use tokio::time::{Instant, Sleep, sleep_until};

use super::{
  events::Events,
  farewell::{ANSWER, Farewell},
  upstream::Upstream,
};

type Told = Pin<Box<dyn Future<Output = Farewell> + Send>>;

/// How far the end has come.
enum Stage {
  /// The worker stays. The watch starts when the stream is first waited for.
  Open(Option<Told>),
  /// It is to end then.
  Due(Pin<Box<Sleep>>),
  /// It is to end after the present event, or then.
  Ending(Pin<Box<Sleep>>),
}

/// The end of one stream.
pub(super) struct Ending {
  stage: Stage,
  events: Events,
  /// Whether the events can be told from each other: not where they are compressed.
  legible: bool,
}

impl Ending {
  pub(super) fn new(legible: bool) -> Self {
    Self { stage: Stage::Open(None), events: Events::default(), legible }
  }

  /// Whether the stream may end here.
  pub(super) fn is_boundary(&self) -> bool {
    self.legible && self.events.is_boundary()
  }

  /// Passes what the worker sent. Gives how much of it is wanted.
  pub(super) fn pass(&mut self, data: &[u8]) -> usize {
    match self.stage {
      Stage::Ending(_) if self.legible => self.events.pass(data),
      _ => {
        self.events.pass_all(data);
        data.len()
      }
    }
  }

  /// Whether the stream is to end now.
  pub(super) fn poll_now(&mut self, upstream: &Arc<Upstream>, cx: &mut Context<'_>) -> bool {
    loop {
      self.stage = match &mut self.stage {
        Stage::Open(told) => {
          let told = told.get_or_insert_with(|| {
            let upstream = Arc::clone(upstream);
            Box::pin(async move { upstream.dismissed().await })
          });
          match told.as_mut().poll(cx) {
            Poll::Pending => return false,
            Poll::Ready(farewell) => {
              Stage::Due(Box::pin(sleep_until(farewell.moment(fastrand::f64()))))
            }
          }
        }
        Stage::Due(moment) => match moment.as_mut().poll(cx) {
          Poll::Pending => return false,
          Poll::Ready(()) => {
            let patience = if self.legible { Instant::now() + ANSWER } else { Instant::now() };
            Stage::Ending(Box::pin(sleep_until(patience)))
          }
        },
        Stage::Ending(patience) => {
          let boundary = self.legible && self.events.is_boundary();
          return boundary || patience.as_mut().poll(cx).is_ready();
        }
      };
    }
  }
}

#[cfg(test)]
mod tests {
  use std::{future::poll_fn, net::Ipv4Addr, time::Duration};

  use super::{
    super::upstream::{Endpoint, Protocol},
    *,
  };

  fn upstream() -> Arc<Upstream> {
    let endpoint = Endpoint::Tcp((Ipv4Addr::LOCALHOST, 1).into());
    Upstream::new("worker-1".to_owned(), endpoint, Protocol::Http)
  }

  async fn ends(ending: &mut Ending, upstream: &Arc<Upstream>) -> Duration {
    let began = Instant::now();
    poll_fn(|cx| if ending.poll_now(upstream, cx) { Poll::Ready(()) } else { Poll::Pending }).await;
    began.elapsed()
  }

  async fn is_due(ending: &mut Ending, upstream: &Arc<Upstream>) -> bool {
    poll_fn(|cx| Poll::Ready(ending.poll_now(upstream, cx))).await
  }

  #[tokio::test(start_paused = true)]
  async fn all_is_wanted_until_the_moment_and_the_rest_of_the_event_after_it() {
    let (upstream, mut ending) = (upstream(), Ending::new(true));
    assert_eq!(ending.pass(b"data: 1\n\ndata"), 13);
    assert!(!is_due(&mut ending, &upstream).await);
    upstream.dismiss(Farewell::restart(Duration::ZERO, Instant::now() + Duration::from_secs(60)));
    assert!(!is_due(&mut ending, &upstream).await);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!is_due(&mut ending, &upstream).await);
    assert_eq!(ending.pass(b": 2\n\ndata: 3\n\n"), 5);
    assert!(is_due(&mut ending, &upstream).await && ending.is_boundary());
  }

  #[tokio::test(start_paused = true)]
  async fn patience_ends() {
    for (legible, patience) in [(true, ANSWER), (false, Duration::ZERO)] {
      let (upstream, mut ending) = (upstream(), Ending::new(legible));
      ending.pass(b"data");
      upstream.dismiss(Farewell::shutdown());
      let took = ends(&mut ending, &upstream).await;
      assert!(took >= patience && took < patience + Duration::from_millis(100), "{took:?}");
    }
  }

  #[tokio::test(start_paused = true)]
  async fn an_idle_stream_ends_in_the_window() {
    let (upstream, mut ending) = (upstream(), Ending::new(true));
    upstream.dismiss(Farewell::restart(
      Duration::from_secs(10),
      Instant::now() + Duration::from_secs(60),
    ));
    assert!(ends(&mut ending, &upstream).await <= Duration::from_secs(10));
  }
}
