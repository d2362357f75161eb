//! The `Date` of answers that come without one (RFC 9110, 6.6.1), made once per second and thread.

use std::{cell::RefCell, time::SystemTime};

thread_local! {
  static LAST: RefCell<(u64, String)> = const { RefCell::new((0, String::new())) };
}

/// Writes the line for now.
pub(super) fn write(out: &mut Vec<u8>) {
  let now = SystemTime::now();
  let second = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
  LAST.with_borrow_mut(|(made, line)| {
    if *made != second || line.is_empty() {
      *line = format!("Date: {}\r\n", httpdate::fmt_http_date(now));
      *made = second;
    }
    out.extend_from_slice(line.as_bytes());
  });
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

  use super::*;

  #[test]
  fn it_is_the_date_of_now() {
    for _ in 0..2 {
      let mut out = Vec::new();
      write(&mut out);
      let text = String::from_utf8(out).unwrap();
      let date = text.strip_prefix("Date: ").and_then(|line| line.strip_suffix("\r\n")).unwrap();
      let age = SystemTime::now().duration_since(httpdate::parse_http_date(date).unwrap()).unwrap();
      assert!(age.as_secs() < 60);
    }
  }
}
