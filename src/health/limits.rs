//! Whether a worker is alive, and whether it is responsive: two verdicts with a limit each. Pure.
//!
//! Both sides of a worker beat in its telemetry page: a native thread, and its JavaScript. A native
//! thread that beats proves that the process runs; JavaScript that beats proves that the event loop
//! turns. The third limit, that of booting, is the deadline of `Starting` in [`crate::worker::state`].

use std::time::Duration;

use super::{
  checkup::Failure,
  posture::Posture,
  starvation::{Evidence, Share, Weight, weigh},
};
use crate::telemetry::reader::Beats;

/// How long each side may be silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
  /// The native thread.
  pub alive: Duration,
  /// The JavaScript.
  pub responsive: Duration,
}

/// How long each side has been silent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Silence {
  /// The native thread.
  pub alive: Duration,
  /// The JavaScript.
  pub responsive: Duration,
}

impl Silence {
  /// When its beats are looked at again, `elapsed` later. Of a look that comes late, no more than
  /// `most` counts: whoever was not there cannot say that nothing was heard.
  #[must_use]
  pub fn after(self, before: Beats, now: Beats, elapsed: Duration, most: Duration) -> Self {
    let more = elapsed.min(most);
    let of = |silent: Duration, beats: bool| if beats { Duration::ZERO } else { silent + more };
    let responsive = now.responsive != before.responsive;
    Self {
      // A process whose JavaScript runs is alive.
      alive: of(self.alive, responsive || now.alive != before.alive),
      responsive: of(self.responsive, responsive),
    }
  }
}

/// What is to be thought of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
  /// Within its limits.
  Well,
  /// Beyond one, and the machine is to blame: it gave the worker no processor.
  Excused(Failure),
  /// Beyond one.
  Failed(Failure),
}

/// What its main thread did since the silence began, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
  /// What it is at.
  pub posture: Posture,
  /// Its processor time.
  pub share: Option<Share>,
}

/// Whether the process is alive: its native thread, `silent` for so long, answers.
#[must_use]
pub fn alive(silent: Duration, limit: Duration, seen: Seen) -> Verdict {
  beyond(silent, limit, seen, Failure::Dead { silent, posture: seen.posture })
}

/// Whether it is responsive: its JavaScript, `silent` for so long, goes on.
#[must_use]
pub fn responsive(silent: Duration, limit: Duration, seen: Seen) -> Verdict {
  beyond(silent, limit, seen, Failure::Blocked { silent, posture: seen.posture })
}

fn beyond(silent: Duration, limit: Duration, seen: Seen, failure: Failure) -> Verdict {
  if silent < limit {
    return Verdict::Well;
  }
  let evidence = Evidence { patience: limit, late: Duration::ZERO, thread: seen.share };
  match weigh(evidence, Duration::ZERO) {
    Weight::Excused { .. } => Verdict::Excused(failure),
    Weight::Counts => Verdict::Failed(failure),
  }
}

/// Both verdicts; the graver one counts. Of one that is silent and whose main thread has ended, nothing
/// can come: no limit has to pass.
#[must_use]
pub fn judge(silence: Silence, limits: Limits, seen: Seen) -> Verdict {
  if seen.posture == Posture::Ended {
    let silent = silence.responsive;
    return Verdict::Failed(Failure::Dead { silent, posture: seen.posture });
  }
  let alive = alive(silence.alive, limits.alive, seen);
  let responsive = responsive(silence.responsive, limits.responsive, seen);
  match (alive, responsive) {
    (Verdict::Failed(_), _) | (Verdict::Excused(_), Verdict::Well) => alive,
    (Verdict::Well | Verdict::Excused(_), _) => responsive,
  }
}

#[cfg(test)]
mod tests {
  use proptest::prelude::*;

  use super::*;

  const LIMITS: Limits =
    Limits { alive: Duration::from_secs(10), responsive: Duration::from_secs(30) };

  const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
  }

  fn silence(alive: u64, responsive: u64) -> Silence {
    Silence { alive: s(alive), responsive: s(responsive) }
  }

  fn seen(posture: Posture, share: Option<(u64, u64)>) -> Seen {
    Seen { posture, share: share.map(|(ran, waited)| Share { ran: s(ran), waited: s(waited) }) }
  }

  #[test]
  fn judges_each_side_by_its_own_limit() {
    use Posture::{Ended, Runs, Sleeps, Stopped, Unknown};
    let dead = |silent, posture| Failure::Dead { silent: s(silent), posture };
    let blocked = |silent, posture| Failure::Blocked { silent: s(silent), posture };
    for (silence, seen, verdict) in [
      (silence(0, 0), seen(Sleeps, Some((0, 0))), Verdict::Well),
      // A long computation, within its limit and beyond it.
      (silence(0, 29), seen(Runs, Some((29, 0))), Verdict::Well),
      (silence(0, 30), seen(Runs, Some((29, 1))), Verdict::Failed(blocked(30, Runs))),
      // A call that does not return.
      (silence(0, 31), seen(Sleeps, Some((0, 0))), Verdict::Failed(blocked(31, Sleeps))),
      // Stopped: neither side beats, and the shorter limit is that of the native thread.
      (silence(9, 9), seen(Stopped, Some((0, 0))), Verdict::Well),
      (silence(10, 10), seen(Stopped, Some((0, 0))), Verdict::Failed(dead(10, Stopped))),
      (silence(40, 40), seen(Stopped, Some((0, 0))), Verdict::Failed(dead(40, Stopped))),
      // Starved: it wants to run and is not let, however long.
      (silence(10, 10), seen(Runs, Some((0, 10))), Verdict::Excused(dead(10, Runs))),
      (silence(0, 600), seen(Runs, Some((1, 599))), Verdict::Excused(blocked(600, Runs))),
      (silence(600, 600), seen(Runs, Some((1, 599))), Verdict::Excused(blocked(600, Runs))),
      // A loop on a busy machine, once it has had as much processor time as the limit.
      (silence(0, 60), seen(Runs, Some((29, 31))), Verdict::Excused(blocked(60, Runs))),
      (silence(0, 61), seen(Runs, Some((30, 31))), Verdict::Failed(blocked(61, Runs))),
      // Where nothing is told of its threads, silence alone counts.
      (silence(0, 30), seen(Unknown, None), Verdict::Failed(blocked(30, Unknown))),
      // A main thread that has ended never comes back.
      (silence(0, 1), seen(Ended, None), Verdict::Failed(dead(1, Ended))),
    ] {
      assert_eq!(judge(silence, LIMITS, seen), verdict, "{silence:?} {seen:?}");
    }
  }

  #[test]
  fn a_look_that_comes_late_counts_little() {
    let beats = |alive, responsive| Beats { alive, responsive };
    let silence = Silence::default().after(beats(1, 1), beats(1, 1), s(3600), s(2));
    assert_eq!(silence, Silence { alive: s(2), responsive: s(2) });
  }

  proptest! {
    #[test]
    fn silence_is_the_time_since_the_last_beat(
      looks in prop::collection::vec((any::<bool>(), any::<bool>(), 1_u64..3), 1..40),
    ) {
      let (mut silence, mut beats) = (Silence::default(), Beats { alive: 1, responsive: 1 });
      let mut expected = (0, 0);
      for (alive, responsive, elapsed) in looks {
        let now = Beats {
          alive: beats.alive + u64::from(alive),
          responsive: beats.responsive + u64::from(responsive),
        };
        silence = silence.after(beats, now, s(elapsed), s(3));
        expected = (
          if alive || responsive { 0 } else { expected.0 + elapsed },
          if responsive { 0 } else { expected.1 + elapsed },
        );
        prop_assert_eq!((silence.alive, silence.responsive), (s(expected.0), s(expected.1)));
        prop_assert!(silence.alive <= silence.responsive);
        beats = now;
      }
    }

    #[test]
    fn nobody_is_blamed_within_the_limits(alive in 0_u64..10, responsive in 0_u64..30, ran in 0_u64..30) {
      let silence = silence(alive.min(responsive), responsive);
      prop_assert_eq!(judge(silence, LIMITS, seen(Posture::Runs, Some((ran, 0)))), Verdict::Well);
    }
  }
}
