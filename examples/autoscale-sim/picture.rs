//! A picture of three runs: load, workers and time of a request, one above the other, as SVG.

use std::fmt::Write as _;

use super::{load::Load, model::Point};

const WIDTH: f64 = 860.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 28.0;
const PANEL: f64 = 130.0;
const GAP: f64 = 38.0;
const TOP: f64 = 56.0;
/// Of the runs, in their order. They differ in brightness too.
const COLOURS: [&str; 3] = ["#0b5fa5", "#e8912d", "#7a7a7a"];

/// The picture of `runs` of `load`.
pub fn svg(load: Load, runs: &[(&'static str, Vec<Point>)]) -> String {
  let height = TOP + 3.0 * (PANEL + GAP) + 8.0;
  let mut out = format!(
    r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="{LEFT}" y="20" font-size="15" font-weight="bold">load: {}</text>
"##,
    load.name()
  );
  for (index, (name, _)) in runs.iter().enumerate() {
    let x = LEFT + 190.0 * to_f64(index);
    let _ = writeln!(
      out,
      r#"<path d="M{x} 37h22" stroke="{}" stroke-width="3"/><text x="{}" y="41">{name}</text>"#,
      COLOURS[index],
      x + 28.0
    );
  }
  let seconds = load.seconds();
  let first = runs.first().map(|(_, points)| points.as_slice()).unwrap_or_default();
  let most = first.iter().map(|point| point.rate).fold(1.0, f64::max);
  panel(&mut out, seconds, 0, "requests/s", &[0.0, 100.0, 200.0, 300.0, 400.0, 500.0], |value| {
    value / (most * 1.1)
  });
  line(&mut out, seconds, 0, "#333333", first, |point| point.rate / (most * 1.1));
  panel(&mut out, seconds, 1, "workers", &[0.0, 2.0, 4.0, 6.0, 8.0], |value| value / 9.0);
  panel(&mut out, seconds, 2, "ms per request (log)", &[10.0, 100.0, 1_000.0, 10_000.0], log);
  // Ours on top.
  for (index, (_, points)) in runs.iter().enumerate().rev() {
    line(&mut out, seconds, 1, COLOURS[index], points, |point| f64::from(point.workers) / 9.0);
    line(&mut out, seconds, 2, COLOURS[index], points, |point| log(point.latency));
  }
  out.push_str("</svg>\n");
  out
}

/// From 8 ms to 30 s.
fn log(ms: f64) -> f64 {
  ((ms.max(8.0) / 8.0).log10() / (30_000.0_f64 / 8.0).log10()).min(1.0)
}

fn top(index: usize) -> f64 {
  TOP + 10.0 + to_f64(index) * (PANEL + GAP)
}

fn panel(
  out: &mut String,
  seconds: u32,
  index: usize,
  title: &str,
  marks: &[f64],
  scale: impl Fn(f64) -> f64,
) {
  let (top, right) = (top(index), WIDTH - RIGHT);
  let bottom = top + PANEL;
  let _ = writeln!(out, r##"<text x="{LEFT}" y="{}" fill="#555555">{title}</text>"##, top - 5.0);
  for mark in marks.iter().filter(|mark| scale(**mark) <= 1.0) {
    let y = bottom - PANEL * scale(*mark);
    let _ = writeln!(
      out,
      r##"<path d="M{LEFT} {y:.1}H{right}" stroke="#e4e4e4"/><text x="{}" y="{:.1}" text-anchor="end" fill="#555555">{mark}</text>"##,
      LEFT - 6.0,
      y + 4.0
    );
  }
  for minute in (0..=seconds / 60).step_by(4) {
    let x = at(minute * 60, seconds);
    let _ = writeln!(
      out,
      r##"<path d="M{x:.1} {bottom}v4" stroke="#999999"/><text x="{x:.1}" y="{}" text-anchor="middle" fill="#555555">{minute} min</text>"##,
      bottom + 16.0
    );
  }
}

fn line(
  out: &mut String,
  seconds: u32,
  index: usize,
  colour: &str,
  points: &[Point],
  of: impl Fn(&Point) -> f64,
) {
  let bottom = top(index) + PANEL;
  let mut path = String::new();
  // Where the line is, and whether it has been level since.
  let (mut last, mut level) = (f64::NAN, false);
  for (second, point) in points.iter().enumerate() {
    let y = bottom - PANEL * of(point).clamp(0.0, 1.0);
    let second = u32::try_from(second).unwrap_or_default();
    if (y - last).abs() < 0.05 && second + 1 < seconds {
      level = true;
      continue;
    }
    // Workers come and go at once.
    if level || (index == 1 && !path.is_empty()) {
      let before = if index == 1 { second } else { second - 1 };
      let _ = write!(path, "L{:.1} {last:.1}", at(before, seconds));
    }
    let command = if path.is_empty() { 'M' } else { 'L' };
    let _ = write!(path, "{command}{:.1} {y:.1}", at(second, seconds));
    (last, level) = (y, false);
  }
  let _ = writeln!(
    out,
    r#"<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.6" stroke-linejoin="round"/>"#
  );
}

fn at(second: u32, seconds: u32) -> f64 {
  LEFT + (WIDTH - LEFT - RIGHT) * f64::from(second) / f64::from(seconds)
}

#[expect(clippy::cast_precision_loss, reason = "a small number")]
fn to_f64(index: usize) -> f64 {
  index as f64
}
