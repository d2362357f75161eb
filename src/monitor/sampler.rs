//! Processes, read again and again: rates are of the time since the last reading.

use std::{
  collections::HashMap,
  time::{Duration, Instant},
};

use super::{
  platform::Process,
  reading::{Depth, ProcessReading, Unreadable, percent},
};

/// The shortest time that a rate is taken over; a reading that comes sooner repeats the last rate.
pub const SHORTEST: Duration = Duration::from_millis(20);
/// How long a first reading waits for its second half.
pub const FIRST: Duration = Duration::from_millis(100);
/// Processes that are remembered. Each holds three descriptors; past this, the one that was read longest
/// ago is forgotten, and its next reading is a first one.
const REMEMBERED: usize = 256;

/// One process at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProcessSample {
  /// Its id.
  pub pid: u32,
  /// What was read.
  pub reading: ProcessReading,
  /// Processor time since the last reading, in per cent of one core; `None` at the first one, when
  /// nothing can be known of it.
  pub usage: Option<f64>,
}

impl ProcessSample {
  /// [`usage`](Self::usage), or at a first reading the mean of its life so far.
  #[must_use]
  pub fn usage_or_mean(&self) -> f64 {
    let ProcessReading { cpu, uptime, .. } = self.reading;
    self.usage.unwrap_or_else(|| percent(cpu.as_secs_f64(), uptime.as_secs_f64()))
  }
}

/// Reads processes, and remembers the last reading of each.
#[derive(Debug, Default)]
pub struct Sampler {
  known: HashMap<u32, Known>,
}

#[derive(Debug)]
struct Known {
  process: Process,
  rate: Rate,
}

impl Sampler {
  /// Read process `pid`: processor time, memory, age.
  ///
  /// # Errors
  /// [`Unreadable`]; it is forgotten then.
  pub fn read(&mut self, pid: u32) -> Result<ProcessSample, Unreadable> {
    self.read_to(pid, Depth::Brief)
  }

  /// Whether process `pid` was read before, so that a reading says how busy it is.
  #[must_use]
  pub fn knows(&self, pid: u32) -> bool {
    self.known.get(&pid).is_some_and(|known| known.rate.usage.is_some())
  }

  /// Read process `pid`, as much of it as `depth` says.
  ///
  /// # Errors
  /// [`Unreadable`]; it is forgotten then.
  pub fn read_to(&mut self, pid: u32, depth: Depth) -> Result<ProcessSample, Unreadable> {
    if let Some(known) = self.known.get_mut(&pid) {
      match known.process.read(depth) {
        Ok(reading) => {
          known.rate = known.rate.seen(Instant::now(), reading.cpu);
          return Ok(ProcessSample { pid, reading, usage: known.rate.usage });
        }
        Err(Unreadable::Forbidden) => {
          self.forget(pid);
          return Err(Unreadable::Forbidden);
        }
        // Whoever has the number now is another process.
        Err(Unreadable::Gone) => self.forget(pid),
      }
    }
    self.meet(pid, depth)
  }

  fn meet(&mut self, pid: u32, depth: Depth) -> Result<ProcessSample, Unreadable> {
    let process = Process::open(pid)?;
    let reading = process.read(depth)?;
    if self.known.len() >= REMEMBERED {
      let oldest = self.known.iter().min_by_key(|(_, known)| known.rate.touched);
      if let Some(pid) = oldest.map(|(pid, _)| *pid) {
        self.forget(pid);
      }
    }
    let rate = Rate::begun(Instant::now(), reading.cpu);
    self.known.insert(pid, Known { process, rate });
    Ok(ProcessSample { pid, reading, usage: None })
  }

  /// Give up what is remembered of process `pid`.
  pub fn forget(&mut self, pid: u32) {
    self.known.remove(&pid);
  }

  /// Give up everything but `pids`.
  pub fn keep(&mut self, pids: &[u32]) {
    self.known.retain(|pid, _| pids.contains(pid));
  }
}

/// Turns sums of processor time into a share.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Rate {
  /// Where the next share begins.
  since: Instant,
  cpu: Duration,
  usage: Option<f64>,
  touched: Instant,
}

impl Rate {
  const fn begun(now: Instant, cpu: Duration) -> Self {
    Self { since: now, cpu, usage: None, touched: now }
  }

  fn seen(self, now: Instant, cpu: Duration) -> Self {
    let elapsed = now.saturating_duration_since(self.since);
    if elapsed < SHORTEST {
      return Self { touched: now, ..self };
    }
    let spent = cpu.saturating_sub(self.cpu);
    let usage = percent(spent.as_secs_f64(), elapsed.as_secs_f64());
    Self { since: now, cpu, usage: Some(usage), touched: now }
  }
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use std::process::{Command, Stdio};

  use super::*;

  const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
  }

  #[test]
  fn a_share_is_of_the_time_since_the_last_reading() {
    let start = Instant::now();
    let first = Rate::begun(start, ms(700));
    assert_eq!(first.usage, None);
    let second = first.seen(start + ms(1000), ms(1200));
    assert_eq!(second.usage, Some(50.0));
    // Too soon: the last share stands, and the time is not lost.
    let soon = second.seen(start + ms(1010), ms(1210));
    assert_eq!(soon.usage, Some(50.0));
    assert_eq!(soon.seen(start + ms(1100), ms(1300)).usage, Some(100.0));
    // A first reading that was repeated at once still knows nothing.
    assert_eq!(first.seen(start + ms(1), ms(701)).usage, None);
  }

  #[test]
  fn reads_this_process() {
    let own = std::process::id();
    let mut sampler = Sampler::default();
    let first = sampler.read_to(own, Depth::Whole).unwrap();
    assert_eq!((first.pid, first.usage), (own, None));
    assert!(first.reading.rss > 1024 * 1024 && first.reading.vms > first.reading.rss);
    assert!(first.reading.counts.is_some_and(|it| it.threads >= 1 && it.descriptors >= 3));
    assert!(!sampler.knows(own));
    let end = Instant::now() + ms(60);
    while Instant::now() < end {}
    let second = sampler.read(own).unwrap();
    assert!(second.usage.unwrap() > 0.0 && second.reading.counts.is_none() && sampler.knows(own));
    assert!(second.reading.cpu > first.reading.cpu && second.reading.uptime > first.reading.uptime);
  }

  #[test]
  fn a_process_that_ended_is_gone_even_before_it_is_reaped() {
    let mut sampler = Sampler::default();
    assert_eq!(sampler.read(0), Err(Unreadable::Gone));
    assert_eq!(sampler.read(u32::MAX), Err(Unreadable::Gone));
    let mut child =
      Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let pid = child.id();
    assert!(sampler.read(pid).is_ok());
    child.kill().unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    while sampler.read(pid).is_ok() {
      assert!(Instant::now() < end, "the killed process can still be read");
      std::thread::yield_now();
    }
    assert_eq!(sampler.read(pid), Err(Unreadable::Gone));
    assert!(sampler.known.is_empty());
    child.wait().unwrap();
  }

  #[test]
  fn remembers_no_more_than_it_says() {
    let mut sampler = Sampler::default();
    sampler.read(std::process::id()).unwrap();
    sampler.keep(&[1]);
    assert!(sampler.known.is_empty());
  }
}
