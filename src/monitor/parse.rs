//! The text of Linux's `/proc`, as numbers. Pure, and without allocation where it is read often.
//!
//! Source: the kernel's `filesystems/proc.rst`.

use super::reading::{CpuTime, Memory};

/// The fields of `/proc/PID/stat` that are of use here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
  /// `R`, `S`, `Z`...
  pub state: u8,
  /// User and system time, in ticks.
  pub cpu_ticks: u64,
  /// Threads.
  pub threads: u32,
  /// When it was started, in ticks since boot.
  pub started_ticks: u64,
  /// Address space, in bytes.
  pub vms: u64,
  /// Resident memory, in pages.
  pub rss_pages: u64,
}

impl Stat {
  /// Read it from the beginning of the file; what follows the 24th field may be cut off.
  #[must_use]
  pub fn parse(text: &[u8]) -> Option<Self> {
    // The second field is the command in parentheses, and may hold anything, parentheses too.
    let end = text.iter().rposition(|byte| *byte == b')')?;
    let mut fields = text.get(end + 2..)?.split(|byte| *byte == b' ');
    let state = *fields.next()?.first()?;
    // The numbers of proc.rst count from 1, and `state` was the third.
    let utime = number(fields.nth(10)?)?;
    let stime = number(fields.next()?)?;
    let threads = number(fields.nth(4)?)?;
    let started_ticks = number(fields.nth(1)?)?;
    let vms = number(fields.next()?)?;
    let rss_pages = number(fields.next()?)?;
    let threads = u32::try_from(threads).ok()?;
    Some(Self { state, cpu_ticks: utime + stime, threads, started_ticks, vms, rss_pages })
  }

  /// Whether it has ended, and only waits to be reaped.
  #[must_use]
  pub const fn has_ended(&self) -> bool {
    matches!(self.state, b'Z' | b'X' | b'x')
  }
}

/// Address space and resident memory of `/proc/PID/statm`, in pages.
#[must_use]
pub fn statm(text: &[u8]) -> Option<(u64, u64)> {
  let mut fields = text.split(|byte| *byte == b' ');
  Some((number(fields.next()?)?, number(fields.next()?)?))
}

/// Digits, as a number. Numbers below zero, as `rss` of a kernel that counts per processor can be for
/// a moment, are 0.
fn number(digits: &[u8]) -> Option<u64> {
  if let [b'-', rest @ ..] = digits {
    return number(rest).map(|_| 0);
  }
  if digits.is_empty() {
    return None;
  }
  digits.iter().try_fold(0_u64, |sum, digit| {
    let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
    sum.checked_mul(10)?.checked_add(u64::from(digit))
  })
}

/// The first line of `/proc/stat`. Time that a hypervisor took away is not there to be used, and time
/// of guests is part of `user` already.
#[must_use]
pub fn cpu_time(text: &str) -> Option<CpuTime> {
  let mut fields = text.lines().next()?.strip_prefix("cpu ")?.split_ascii_whitespace();
  let mut next = || fields.next()?.parse::<f64>().ok();
  let (user, nice, system, idle) = (next()?, next()?, next()?, next()?);
  let (iowait, irq, softirq) =
    (next().unwrap_or(0.0), next().unwrap_or(0.0), next().unwrap_or(0.0));
  let busy = user + nice + system + irq + softirq;
  Some(CpuTime { busy, total: busy + idle + iowait })
}

/// `/proc/meminfo`.
#[must_use]
pub fn memory(text: &str) -> Option<Memory> {
  let field = |name: &str| {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.split_ascii_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
  };
  let (total, free) = (field("MemTotal")?, field("MemFree")?);
  // Kernels before 3.14 do not say what is available.
  let reclaimable =
    || free + field("Buffers").unwrap_or_default() + field("Cached").unwrap_or_default();
  Some(Memory {
    total,
    free,
    available: field("MemAvailable").unwrap_or_else(reclaimable).min(total),
    swap_total: field("SwapTotal").unwrap_or_default(),
    swap_free: field("SwapFree").unwrap_or_default(),
  })
}

/// `/proc/loadavg`.
#[must_use]
pub fn load(text: &str) -> Option<[f64; 3]> {
  let mut fields = text.split_ascii_whitespace().map(|field| field.parse::<f64>().ok());
  Some([fields.next()??, fields.next()??, fields.next()??])
}

/// One field of `smaps_rollup`, in bytes.
#[must_use]
pub fn rollup(text: &str, name: &str) -> Option<u64> {
  let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
  line.split_ascii_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use proptest::prelude::*;

  use super::*;

  const STAT: &str = "13381 (a) b (c)) S 13374 13374 9335 0 -1 4194304 129 0 1 0 17 5 0 0 20 0 3 0 \
                      1336515 2990080 418 18446744073709551615 94409238994944";

  #[test]
  fn reads_a_process_whatever_its_name_is() {
    let stat = Stat::parse(STAT.as_bytes()).unwrap();
    let expected = Stat {
      state: b'S',
      cpu_ticks: 22,
      threads: 3,
      started_ticks: 1_336_515,
      vms: 2_990_080,
      rss_pages: 418,
    };
    assert_eq!(stat, expected);
    assert!(!stat.has_ended());
    let zombie = Stat::parse(STAT.replace(" S ", " Z ").as_bytes()).unwrap();
    assert!(zombie.has_ended());
    assert_eq!(Stat::parse(STAT.replace(" 418 ", " -3 ").as_bytes()).unwrap().rss_pages, 0);
  }

  #[test]
  fn reads_the_memory_of_a_process() {
    assert_eq!(statm(b"2990 418 300 5 0 100 0\n"), Some((2990, 418)));
    assert_eq!(statm(b"2990"), None);
    assert_eq!(statm(b"x y z"), None);
  }

  #[test]
  fn a_text_that_is_cut_off_is_none() {
    for end in [0, 5, 17, 40, 70] {
      assert_eq!(Stat::parse(STAT.get(..end).unwrap().as_bytes()), None, "{end}");
    }
  }

  #[test]
  fn reads_the_machine() {
    let cpu = cpu_time("cpu  100 20 30 400 50 6 7 8 9 0\ncpu0 1 2 3 4\n").unwrap();
    assert_eq!(cpu, CpuTime { busy: 163.0, total: 613.0 });
    let text = "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 300 kB\nBuffers: 20 kB\n\
                Cached: 40 kB\nSwapTotal: 10 kB\nSwapFree: 4 kB\n";
    let expected = Memory {
      total: 1_024_000,
      free: 102_400,
      available: 307_200,
      swap_total: 10_240,
      swap_free: 4096,
    };
    assert_eq!(memory(text), Some(expected));
    let old = memory(&text.replace("MemAvailable", "Other")).unwrap();
    assert_eq!(old.available, 160 * 1024);
    assert_eq!(load("0.50 1.25 2.00 1/234 567\n"), Some([0.5, 1.25, 2.0]));
    assert_eq!(rollup("Rss:  12 kB\nPss:   7 kB\nPss_Dirty: 3 kB\n", "Pss"), Some(7168));
  }

  proptest! {
    #[test]
    fn never_panics_on_junk(bytes in proptest::collection::vec(any::<u8>(), 0..400), text in ".{0,200}") {
      let _none = Stat::parse(&bytes);
      let _none = (cpu_time(&text), memory(&text), load(&text), rollup(&text, "Pss"));
    }

    #[test]
    fn reads_what_was_written(numbers in proptest::collection::vec(0_u64..1 << 40, 6)) {
      let [utime, stime, threads, started, vms, rss] = *numbers.as_slice() else { return Ok(()) };
      let threads = threads % 100_000;
      let text = format!(
        "1 (x) R 2 3 4 5 -1 7 8 9 10 11 {utime} {stime} 14 15 16 17 {threads} 19 {started} {vms} {rss} 25"
      );
      let stat = Stat::parse(text.as_bytes()).unwrap();
      prop_assert_eq!(
        (stat.cpu_ticks, u64::from(stat.threads), stat.started_ticks, stat.vms, stat.rss_pages),
        (utime + stime, threads, started, vms, rss)
      );
    }
  }
}
