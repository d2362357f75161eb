//! Whole deployments, played in every order.

use proptest::prelude::*;

use super::{plan::Seat, *};

const ONE: Limits = Limits::Rolling { surge: 1, unavailable: 0 };

fn careful(count: usize, limits: Limits) -> Plan {
  Plan::new(vec![true; count], limits, Manner::Careful)
}

#[test]
fn by_default_one_worker_follows_the_other_and_the_first_is_watched() {
  let mut plan = careful(2, ONE);
  for seat in 0..2 {
    assert_eq!(plan.advance(), [Step::Prepare(seat)]);
    assert_eq!(plan.is_canary_phase(), seat == 0);
    assert!(plan.advance().is_empty());
    plan.on(Input::Ready(seat));
    assert_eq!(plan.advance(), [Step::TakeOver { seat, watched: seat == 0 }]);
    plan.on(Input::Settled(seat));
    assert_eq!(plan.advance(), [Step::Release(seat)]);
    plan.on(Input::Gone(seat));
  }
  assert!(plan.advance().is_empty() && plan.is_over());
  assert_eq!((plan.seats(), plan.failed()), (&[Seat::New, Seat::New][..], None));
}

fn canary_done(plan: &mut Plan) {
  assert_eq!(plan.advance(), [Step::Prepare(0)]);
  plan.on(Input::Ready(0));
  plan.advance();
  plan.on(Input::Settled(0));
  plan.advance();
  plan.on(Input::Gone(0));
}

#[test]
fn after_the_canary_as_many_at_a_time_as_the_limits_allow() {
  for (limits, steps) in [
    (Limits::Rolling { surge: 2, unavailable: 0 }, vec![Step::Prepare(1), Step::Prepare(2)]),
    (Limits::Rolling { surge: 1, unavailable: 1 }, vec![Step::Prepare(1), Step::Recreate(2)]),
    (
      Limits::Rolling { surge: 9, unavailable: 9 },
      vec![Step::Prepare(1), Step::Prepare(2), Step::Prepare(3)],
    ),
  ] {
    let mut plan = careful(4, limits);
    canary_done(&mut plan);
    assert_eq!(plan.advance(), steps, "{limits:?}");
  }
  let mut plan = careful(3, Limits::Rolling { surge: 0, unavailable: 2 });
  assert_eq!(plan.advance(), [Step::Recreate(0)]);
  plan.on(Input::Settled(0));
  assert_eq!(plan.advance(), [Step::Recreate(1), Step::Recreate(2)]);
}

#[test]
fn a_canary_that_fails_ends_it_and_touches_nobody() {
  for failing in [vec![], vec![Input::Ready(0)]] {
    let mut plan = careful(3, ONE);
    plan.advance();
    for input in failing {
      plan.on(input);
      plan.advance();
    }
    plan.on(Input::Failed(0));
    assert!(plan.advance().is_empty() && plan.is_over() && plan.is_canary_phase());
    assert_eq!((plan.seats(), plan.failed()), (&[Seat::Old; 3][..], Some(0)));
  }
}

#[test]
fn a_failure_midway_takes_back_what_has_a_predecessor() {
  let mut plan = careful(5, Limits::Rolling { surge: 3, unavailable: 1 });
  canary_done(&mut plan);
  assert_eq!(plan.advance().len(), 4);
  plan.on(Input::Ready(1));
  plan.on(Input::Ready(2));
  plan.advance();
  plan.on(Input::Settled(1));
  plan.advance();
  plan.on(Input::Failed(3));
  assert_eq!(plan.advance(), [Step::Revert(2)]);
  plan.on(Input::Settled(2));
  plan.on(Input::Failed(4));
  plan.on(Input::Gone(1));
  assert!(!plan.is_over());
  plan.on(Input::Reverted(2));
  assert!(plan.advance().is_empty() && plan.is_over());
  assert_eq!(plan.seats(), [Seat::New, Seat::New, Seat::Old, Seat::Old, Seat::Broken]);
  assert_eq!(plan.failed(), Some(3));
}

#[test]
fn a_worker_that_was_replaced_and_fails_later_ends_it_too() {
  let mut plan = careful(3, ONE);
  canary_done(&mut plan);
  plan.advance();
  plan.on(Input::Failed(0));
  assert_eq!(plan.advance(), [Step::Revert(1)]);
  plan.on(Input::Failed(1));
  assert!(!plan.is_over());
  let mut stranded = plan.clone();
  stranded.on(Input::Stranded(1));
  assert_eq!((stranded.seats()[1], stranded.is_over()), (Seat::Broken, true));
  plan.on(Input::Reverted(1));
  assert!(plan.is_over());
  assert_eq!(plan.seats(), [Seat::Broken, Seat::Old, Seat::Old]);
}

#[test]
fn all_at_once_is_all_or_nothing() {
  let mut plan = careful(2, Limits::AtOnce);
  assert_eq!(plan.advance(), [Step::Prepare(0), Step::Prepare(1)]);
  plan.on(Input::Ready(1));
  assert!(plan.advance().is_empty());
  plan.on(Input::Ready(0));
  let both = [0, 1].map(|seat| Step::TakeOver { seat, watched: true });
  assert_eq!(plan.advance(), both);
  plan.on(Input::Settled(0));
  assert!(plan.advance().is_empty());
  let mut good = plan.clone();
  good.on(Input::Settled(1));
  assert_eq!(good.advance(), [Step::Release(0), Step::Release(1)]);
  plan.on(Input::Failed(1));
  assert_eq!(plan.advance(), [Step::Revert(0)]);
  plan.on(Input::Reverted(0));
  assert!(plan.is_over());
  assert_eq!(plan.seats(), [Seat::Old, Seat::Old]);
}

#[test]
fn one_that_persists_has_no_canary_and_tries_every_worker_once() {
  let limits = Limits::Rolling { surge: 2, unavailable: 0 };
  let mut plan = Plan::new(vec![true; 3], limits, Manner::Persistent);
  assert_eq!(plan.advance(), [Step::Prepare(0), Step::Prepare(1)]);
  plan.on(Input::Failed(0));
  assert_eq!(plan.advance(), [Step::Prepare(2)]);
  plan.on(Input::Failed(2));
  plan.on(Input::Vanished(1));
  assert!(plan.advance().is_empty() && plan.is_over());
  assert_eq!(plan.seats(), [Seat::Broken, Seat::Absent, Seat::Broken]);
}

#[test]
fn a_canary_that_somebody_stops_passes_its_part_on() {
  let mut plan = careful(2, ONE);
  plan.advance();
  plan.on(Input::Vanished(0));
  assert_eq!(plan.advance(), [Step::Prepare(1)]);
  assert!(plan.is_canary_phase());
}

#[test]
fn workers_that_did_not_serve_are_missed_by_nobody() {
  let limits = Limits::Rolling { surge: 0, unavailable: 1 };
  let mut plan = Plan::new(vec![true, false, true], limits, Manner::Persistent);
  for seat in [1, 0, 2] {
    assert_eq!(plan.advance(), [Step::Recreate(seat)]);
    plan.on(Input::Settled(seat));
  }
  assert!(plan.is_over());
}

/// What follows a step: (the inputs that may, in the good and in the bad case).
fn answers(step: Step) -> (Input, Input) {
  match step {
    Step::Prepare(seat) => (Input::Ready(seat), Input::Failed(seat)),
    Step::TakeOver { seat, .. } | Step::Recreate(seat) => {
      (Input::Settled(seat), Input::Failed(seat))
    }
    Step::Release(seat) => (Input::Gone(seat), Input::Gone(seat)),
    Step::Revert(seat) => (Input::Reverted(seat), Input::Reverted(seat)),
  }
}

fn limits() -> impl Strategy<Value = Limits> {
  prop_oneof![
    Just(Limits::AtOnce),
    (0_usize..5, 0_usize..5)
      .prop_filter("neither", |(surge, unavailable)| surge + unavailable > 0)
      .prop_map(|(surge, unavailable)| Limits::Rolling { surge, unavailable }),
  ]
}

proptest! {
  /// However steps end and in whatever order: the bounds hold at every moment, nothing begins after a
  /// failure, and it ends.
  #[test]
  fn the_bounds_hold_in_every_order(
    served in proptest::collection::vec(prop_oneof![4 => Just(true), 1 => Just(false)], 1..12),
    limits in limits(),
    persists in any::<bool>(),
    picks in proptest::collection::vec((any::<prop::sample::Index>(), 0_u8..100), 400),
    failures in prop_oneof![Just(0_u8), Just(5), Just(40)],
  ) {
    let manner = if persists { Manner::Persistent } else { Manner::Careful };
    let (count, down) = (served.len(), served.iter().filter(|served| !**served).count());
    let mut plan = Plan::new(served, limits, manner);
    let mut pending: Vec<Step> = Vec::new();
    let mut picks = picks.into_iter();
    loop {
      let canary = plan.is_canary_phase();
      let stopped = plan.failed().is_some() && !persists;
      let steps = plan.advance();
      let begun = |step: &Step| matches!(step, Step::Prepare(_) | Step::Recreate(_) | Step::TakeOver { .. });
      prop_assert!(!stopped || !steps.iter().any(begun), "{steps:?} after a failure");
      // A step that is taken back is not waited for.
      for step in &steps {
        if let Step::Revert(seat) = step {
          pending.retain(|step| !matches!(step, Step::Prepare(at) | Step::TakeOver { seat: at, .. } if at == seat));
        }
      }
      pending.extend(steps);
      let in_state = |wanted: fn(Seat) -> bool| plan.seats().iter().filter(|seat| wanted(**seat)).count();
      if canary {
        prop_assert!(in_state(Seat::is_busy) <= 1, "the canary is not alone: {:?}", plan.seats());
      }
      let extra = in_state(Seat::is_extra);
      match limits {
        Limits::AtOnce => prop_assert!(extra <= count && plan.missing() <= down),
        Limits::Rolling { surge, unavailable } => {
          prop_assert!(extra <= surge, "{extra} extra of {surge}");
          let missing = plan.missing();
          // One that was down, and whose successor failed after it took over, is down again.
          let failed = usize::from(plan.failed().is_some()) * down;
          prop_assert!(missing <= unavailable.max(down) + failed, "{missing} of {unavailable}");
        }
      }
      if pending.is_empty() {
        break;
      }
      let (pick, chance) = picks.next().ok_or(TestCaseError::fail("it does not end"))?;
      let step = pending.swap_remove(pick.index(pending.len()));
      let (good, bad) = answers(step);
      plan.on(if chance < failures { bad } else { good });
    }
    prop_assert!(plan.is_over(), "{:?} is no end", plan.seats());
    if plan.failed().is_none() {
      prop_assert!(plan.seats().iter().all(|seat| *seat == Seat::New));
    } else if limits == Limits::AtOnce && !persists {
      prop_assert!(plan.seats().iter().all(|seat| matches!(seat, Seat::Old | Seat::New)));
    }
  }
}
