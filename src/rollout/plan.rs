//! The order of a deployment as a state machine over its workers, called seats. Pure.
//!
//! | seat | input | becomes | step |
//! |---|---|---|---|
//! | old | its turn, and room for one more process | starting | prepare |
//! | old | its turn, and one may be missing | recreating | recreate |
//! | starting | ready | waiting | take over: at once, or when all are waiting |
//! | waiting | its turn | proving | take over |
//! | proving | settled | settled | |
//! | settled | its turn | leaving | release: at once, or when all are settled |
//! | leaving | gone | new | |
//! | recreating | settled | new | |
//! | starting, waiting, proving, settled | failed | old: the predecessor serves on, or again | |
//! | recreating, leaving, new | failed | broken: there is no predecessor any more | |
//! | starting, waiting, proving, settled | a failure elsewhere | withdrawing | revert |
//! | withdrawing | reverted | old | |
//! | withdrawing | stranded | broken: there is nobody to go back to | |
//! | any | vanished: somebody stopped the worker | absent | |
//!
//! The first seat is the canary: nothing else begins before it is new. After the first failure nothing
//! begins at all. A plan that persists has no canary and goes on: it is how a failed one is taken back. It
//! tries each worker once, and calls broken what it failed with.

use super::limits::Limits;

/// What is to be done with a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
  /// Start a successor, and let it wait once it is proven.
  Prepare(usize),
  /// Let the successor take over; the predecessor stands by. `watched`: for the soak time.
  TakeOver {
    /// Which worker.
    seat: usize,
    /// Whether it has to be well under requests for the soak time.
    watched: bool,
  },
  /// Let the predecessor go.
  Release(usize),
  /// Stop the worker, then start another in its place.
  Recreate(usize),
  /// Take the successor away; the predecessor serves on, or again.
  Revert(usize),
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
  /// A successor is proven and waits.
  Ready(usize),
  /// One that took over, or was started anew, is well.
  Settled(usize),
  /// A predecessor is gone.
  Gone(usize),
  /// The new process of a worker failed.
  Failed(usize),
  /// A successor was taken away.
  Reverted(usize),
  /// A successor could not be taken away: its predecessor is gone, and it is all there is.
  Stranded(usize),
  /// There is no such worker any more.
  Vanished(usize),
}

/// How a plan is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
  /// A canary first, and an end at the first failure.
  Careful,
  /// No canary, and every worker is tried.
  Persistent,
}

/// Where a worker is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seat {
  /// Its old process does its work.
  Old,
  /// A successor starts.
  Starting,
  /// A proven successor waits.
  Waiting,
  /// The successor took over, its predecessor stands by.
  Proving,
  /// It is well, and its predecessor stands by until it may go.
  Settled,
  /// The predecessor goes.
  Leaving,
  /// Nobody does its work: the old process goes, or the new one starts.
  Recreating,
  /// Its successor is taken away.
  Withdrawing,
  /// The new process does its work.
  New,
  /// The new process failed, and there is no old one.
  Broken,
  /// There is no such worker.
  Absent,
}

impl Seat {
  /// Whether something is under way.
  #[must_use]
  pub const fn is_busy(self) -> bool {
    matches!(
      self,
      Self::Starting
        | Self::Waiting
        | Self::Proving
        | Self::Settled
        | Self::Leaving
        | Self::Recreating
        | Self::Withdrawing
    )
  }

  /// Whether it has one process more than it should.
  #[must_use]
  pub const fn is_extra(self) -> bool {
    self.is_busy() && !matches!(self, Self::Recreating)
  }

  const fn can_be_taken_back(self) -> bool {
    matches!(self, Self::Starting | Self::Waiting | Self::Proving | Self::Settled)
  }
}

/// The state of a deployment.
#[derive(Debug, Clone)]
pub struct Plan {
  seats: Vec<Seat>,
  /// Whether each served when it all began.
  served: Vec<bool>,
  limits: Limits,
  manner: Manner,
  failed: Option<usize>,
}

impl Plan {
  /// A plan for as many workers as `served` says of whether they take requests.
  #[must_use]
  pub fn new(served: Vec<bool>, limits: Limits, manner: Manner) -> Self {
    Self { seats: vec![Seat::Old; served.len()], served, limits, manner, failed: None }
  }

  /// Where each worker is.
  #[must_use]
  pub fn seats(&self) -> &[Seat] {
    &self.seats
  }

  /// The first that failed.
  #[must_use]
  pub const fn failed(&self) -> Option<usize> {
    self.failed
  }

  /// Whether the canary has not proved itself yet.
  #[must_use]
  pub fn is_canary_phase(&self) -> bool {
    self.manner == Manner::Careful
      && self.limits != Limits::AtOnce
      && !self.seats.iter().any(|seat| matches!(seat, Seat::New | Seat::Broken))
  }

  /// Whether nothing is under way, and nothing will be.
  #[must_use]
  pub fn is_over(&self) -> bool {
    let begins = self.failed.is_none() || self.manner == Manner::Persistent;
    !self.seats.iter().any(|seat| seat.is_busy() || (begins && *seat == Seat::Old))
  }

  /// Something happened. What does not fit the seat's state comes too late, and changes nothing.
  pub fn on(&mut self, input: Input) {
    let (Input::Ready(at)
    | Input::Settled(at)
    | Input::Gone(at)
    | Input::Failed(at)
    | Input::Reverted(at)
    | Input::Stranded(at)
    | Input::Vanished(at)) = input;
    let Some(seat) = self.seats.get_mut(at) else {
      return;
    };
    let next = match (*seat, input) {
      (_, Input::Vanished(_)) => Seat::Absent,
      (Seat::Starting, Input::Ready(_)) => Seat::Waiting,
      (Seat::Proving, Input::Settled(_)) => Seat::Settled,
      (Seat::Recreating, Input::Settled(_)) | (Seat::Leaving, Input::Gone(_)) => Seat::New,
      (Seat::Withdrawing, Input::Reverted(_)) => Seat::Old,
      (taken, Input::Failed(_)) if taken.can_be_taken_back() => match self.manner {
        Manner::Careful => Seat::Old,
        Manner::Persistent => Seat::Broken,
      },
      (Seat::Withdrawing, Input::Stranded(_))
      | (Seat::Recreating | Seat::Leaving | Seat::New, Input::Failed(_)) => Seat::Broken,
      (present, _) => present,
    };
    let failed = matches!(input, Input::Failed(_)) && next != *seat;
    *seat = next;
    if failed {
      self.failed = self.failed.or(Some(at));
    }
  }

  /// What is to be done now; it counts as begun.
  pub fn advance(&mut self) -> Vec<Step> {
    let mut steps = Vec::new();
    if self.failed.is_some() && self.manner == Manner::Careful {
      for (at, seat) in
        self.seats.iter_mut().enumerate().filter(|(_, seat)| seat.can_be_taken_back())
      {
        *seat = Seat::Withdrawing;
        steps.push(Step::Revert(at));
      }
      return steps;
    }
    match self.limits {
      Limits::AtOnce => self.all(&mut steps),
      Limits::Rolling { surge, unavailable } => self.roll(surge, unavailable, &mut steps),
    }
    steps
  }

  fn roll(&mut self, surge: usize, unavailable: usize, steps: &mut Vec<Step>) {
    let watched = self.is_canary_phase();
    for (at, seat) in self.seats.iter_mut().enumerate() {
      match seat {
        Seat::Waiting => {
          *seat = Seat::Proving;
          steps.push(Step::TakeOver { seat: at, watched });
        }
        Seat::Settled => {
          *seat = Seat::Leaving;
          steps.push(Step::Release(at));
        }
        _ => {}
      }
    }
    loop {
      if self.is_canary_phase() && self.count(Seat::is_busy) > 0 {
        return;
      }
      let old = (0..self.seats.len()).filter(|at| self.seats[*at] == Seat::Old);
      if self.count(Seat::is_extra) < surge {
        let Some(at) = old.min() else { return };
        self.seats[at] = Seat::Starting;
        steps.push(Step::Prepare(at));
      } else {
        // Those that did not serve first: they are missed by nobody.
        let missing = old.filter(|at| self.may_be_missing(*at, unavailable));
        let Some(at) = missing.min_by_key(|at| self.served[*at]) else { return };
        self.seats[at] = Seat::Recreating;
        steps.push(Step::Recreate(at));
      }
    }
  }

  fn may_be_missing(&self, at: usize, unavailable: usize) -> bool {
    if !self.served[at] {
      return self.count(|seat| seat == Seat::Recreating) < unavailable;
    }
    self.missing() < unavailable
  }

  /// Workers that do not serve, as far as the deployment knows. One that persists has left to others what
  /// it failed with.
  #[must_use]
  pub fn missing(&self) -> usize {
    let missing = |(seat, served): (&Seat, &bool)| match seat {
      Seat::Recreating => true,
      Seat::Broken => self.manner == Manner::Careful,
      Seat::Old | Seat::Starting | Seat::Waiting | Seat::Withdrawing => !served,
      Seat::Proving | Seat::Settled | Seat::Leaving | Seat::New | Seat::Absent => false,
    };
    self.seats.iter().zip(&self.served).filter(|pair| missing(*pair)).count()
  }

  /// Each stage begins when all have come through the one before.
  fn all(&mut self, steps: &mut Vec<Step>) {
    let behind = |seats: &[Seat], states: &[Seat]| seats.iter().any(|seat| states.contains(seat));
    let (from, next) = if behind(&self.seats, &[Seat::Old]) {
      (Seat::Old, Seat::Starting)
    } else if behind(&self.seats, &[Seat::Starting]) {
      return;
    } else if behind(&self.seats, &[Seat::Waiting]) {
      (Seat::Waiting, Seat::Proving)
    } else if behind(&self.seats, &[Seat::Proving]) {
      return;
    } else {
      (Seat::Settled, Seat::Leaving)
    };
    for (at, seat) in self.seats.iter_mut().enumerate().filter(|(_, seat)| **seat == from) {
      *seat = next;
      steps.push(match next {
        Seat::Starting => Step::Prepare(at),
        Seat::Proving => Step::TakeOver { seat: at, watched: true },
        _ => Step::Release(at),
      });
    }
  }

  fn count(&self, wanted: impl Fn(Seat) -> bool) -> usize {
    self.seats.iter().filter(|seat| wanted(**seat)).count()
  }
}
