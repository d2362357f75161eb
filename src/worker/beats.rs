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

#[cfg(all(test, target_os = "linux"))]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use tokio::time::advance;

  use super::*;
  use crate::telemetry::writer::Writer;

  /// No process has this id, so nothing is known of its threads: silence alone counts.
  const NOBODY: u32 = u32::MAX - 1;
  const LIMITS: Limits =
    Limits { alive: Duration::from_secs(10), responsive: Duration::from_secs(30) };

  async fn listen(watch: &mut Watch, page: &Reader, limits: Option<Limits>) -> Sound {
    advance(BEAT).await;
    watch.tick().await;
    watch.listen(NOBODY, Some(page), limits)
  }

  #[tokio::test(start_paused = true)]
  async fn hears_silence_and_its_end() {
    let page = Reader::new().unwrap();
    let mut watch = Watch::OFF;
    watch.begin();
    // One that has never beaten says nothing, however long.
    for _ in 0..100 {
      assert_eq!(listen(&mut watch, &page, Some(LIMITS)).await, Sound::Nothing);
    }
    // The native thread beats in real time, so it is silent for most of this test.
    let writer = Writer::open(&page.path()).unwrap();
    while page.beats().alive == 0 {
      std::thread::yield_now();
    }
    writer.beat(Duration::ZERO);
    assert_eq!(listen(&mut watch, &page, Some(LIMITS)).await, Sound::Nothing);
    writer.beat(Duration::ZERO);
    assert_eq!(listen(&mut watch, &page, Some(LIMITS)).await, Sound::Turning);
    // Nobody listens.
    for _ in 0..40 {
      assert_eq!(listen(&mut watch, &page, None).await, Sound::Nothing);
    }
    let mut heard = Sound::Nothing;
    let mut looks = 0;
    while heard == Sound::Nothing {
      heard = listen(&mut watch, &page, Some(LIMITS)).await;
      looks += 1;
    }
    assert!((10..=30).contains(&looks), "{looks}");
    let Sound::Silent(failure) = heard else { panic!("{heard:?}") };
    assert!(failure.hangs() && failure.is_of_beats(), "{failure}");
    writer.beat(Duration::ZERO);
    assert_eq!(listen(&mut watch, &page, Some(LIMITS)).await, Sound::Turning);
    watch.end();
    let day = Duration::from_secs(86_400);
    assert!(tokio::time::timeout(day, watch.tick()).await.is_err());
  }
}
