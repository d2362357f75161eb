//! Listens for the beats of one worker, in its telemetry page: no message is sent. What silence means
//! says [`crate::health::limits`].

use std::{future::pending, time::Duration};

use tokio::time::{Instant, sleep_until};

use crate::{
  health::{
    checkup::Failure,
    limits::{Limits, Seen, Silence, Verdict, judge},
    posture::Posture,
  },
  monitor::thread::Reading,
  telemetry::{
    reader::{Beats, Reader},
    writer::BEAT,
  },
};

/// From this silence on the threads of a worker are looked at: two beats of either side.
const SUSPICIOUS: Duration = Duration::from_secs(2);

/// The ear at one worker.
#[derive(Debug)]
pub struct Watch {
  /// When it last listened and when it will again; `None` while the worker is not running.
  next: Option<(Instant, Instant)>,
  beats: Beats,
  silence: Silence,
  /// Its main thread when the silence began.
  quiet: Option<Reading>,
  /// Whether it was told already that the machine starves it.
  told: bool,
}

/// What there is to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sound {
  /// Nothing new.
  Nothing,
  /// Its event loop turns, and did so since the last look.
  Turning,
  /// It is silent beyond a limit, and that is the machine's doing. Told once in a silence.
  Starved(Failure),
  /// It is silent beyond a limit.
  Silent(Failure),
}

impl Watch {
  /// Not yet.
  pub const OFF: Self = Self {
    next: None,
    beats: Beats { alive: 0, responsive: 0 },
    silence: Silence { alive: Duration::ZERO, responsive: Duration::ZERO },
    quiet: None,
    told: false,
  };

  /// It is running: listen.
  pub fn begin(&mut self) {
    let now = Instant::now();
    *self = Self { next: Some((now, now + BEAT)), ..Self::OFF };
  }

  /// It is to go.
  pub fn end(&mut self) {
    self.next = None;
  }

  /// When there is something to listen for. Cancel safe.
  pub async fn tick(&self) {
    match self.next {
      Some((_, at)) => sleep_until(at).await,
      None => pending().await,
    }
  }

  /// Listen to process `pid` by its page. Nothing is said of one that has never beaten: it has no page.
  pub fn listen(&mut self, pid: u32, page: Option<&Reader>, limits: Option<Limits>) -> Sound {
    let now = Instant::now();
    let Some((last, _)) = self.next.replace((now, now + BEAT)) else {
      return Sound::Nothing;
    };
    let (Some(page), Some(limits)) = (page, limits) else {
      return Sound::Nothing;
    };
    let heard = page.beats();
    let before = std::mem::replace(&mut self.beats, heard);
    if before.alive == 0 || heard.responsive == 0 {
      return Sound::Nothing;
    }
    let elapsed = now.saturating_duration_since(last);
    self.silence = self.silence.after(before, heard, elapsed, 2 * BEAT);
    if self.silence.responsive.is_zero() {
      (self.quiet, self.told) = (None, false);
      return Sound::Turning;
    }
    if self.silence.responsive < SUSPICIOUS {
      self.quiet = self.quiet.or_else(|| Reading::take(pid));
      return Sound::Nothing;
    }
    match judge(self.silence, limits, self.seen(pid)) {
      Verdict::Well => Sound::Nothing,
      Verdict::Excused(_) if self.told => Sound::Nothing,
      Verdict::Excused(failure) => {
        self.told = true;
        Sound::Starved(failure)
      }
      Verdict::Failed(failure) => Sound::Silent(failure),
    }
  }

  fn seen(&mut self, pid: u32) -> Seen {
    let now = Reading::take(pid);
    self.quiet = self.quiet.or(now);
    let (before, now) = (self.quiet.as_ref(), now.as_ref());
    Seen {
      posture: now.map_or(Posture::Unknown, |now| now.posture(before)),
      share: before.zip(now).map(|(before, now)| now.since(before)),
    }
  }
}
