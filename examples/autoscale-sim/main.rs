//! What three ways of scaling make of the same load: ours, a bare threshold, and the rule of Kubernetes' Horizontal Pod
//! Autoscaler. Load and workers are simulated, from a fixed seed; ours is the code that scales real clusters.
//!
//! `cargo run --example autoscale-sim` writes one picture per load to `docs/autoscaling/`, and prints a table. With
//! `-- --trace FILE.csv` it plays the requests per second of that file instead, and writes the picture beside it;
//! `record.mjs` makes such files.
#![expect(clippy::print_stdout, reason = "its table is what it is run for")]

mod load;
mod model;
mod picture;
mod scaler;

use std::{env, error::Error, fs, path::Path};

use load::{Load, Trace};
use model::{Point, simulate};
use scaler::{Governed, Hpa, Scaler, Threshold};

/// Played along with the made-up loads.
const RECORDED: &str = "examples/autoscale-sim/traces/visitors.csv";

fn main() -> Result<(), Box<dyn Error>> {
  let root = Path::new(env!("CARGO_MANIFEST_DIR"));
  let args: Vec<String> = env::args().skip(1).collect();
  match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
    [] => {
      let mut loads = Load::ALL.to_vec();
      loads.push(Load::Recorded(Trace::read(&root.join(RECORDED))?));
      play(&loads, &root.join("docs/autoscaling"))
    }
    ["--trace", path] => {
      let path = Path::new(path);
      let folder = path.parent().unwrap_or(Path::new(""));
      play(&[Load::Recorded(Trace::read(path)?)], folder)
    }
    _ => Err("usage: autoscale-sim [--trace FILE.csv]".into()),
  }
}

fn play(loads: &[Load], folder: &Path) -> Result<(), Box<dyn Error>> {
  if !folder.as_os_str().is_empty() {
    fs::create_dir_all(folder)?;
  }
  println!("| load | scaler | changes | turns | most workers | worker hours | mean time | p95 |");
  println!("|---|---|---|---|---|---|---|---|");
  for &load in loads {
    let scalers: [Box<dyn Scaler>; 3] =
      [Box::new(Governed::new()?), Box::new(Threshold), Box::new(Hpa::default())];
    let runs: Vec<(&'static str, Vec<Point>)> = scalers
      .into_iter()
      .map(|mut scaler| (scaler.name(), simulate(load, scaler.as_mut())))
      .collect();
    for (name, points) in &runs {
      println!("{}", row(load, name, points));
    }
    fs::write(folder.join(format!("{}.svg", load.name())), picture::svg(load, &runs))?;
  }
  Ok(())
}

fn row(load: Load, scaler: &str, points: &[Point]) -> String {
  let steps: Vec<i64> = points
    .windows(2)
    .map(|pair| i64::from(pair[1].workers) - i64::from(pair[0].workers))
    .filter(|step| *step != 0)
    .collect();
  let turns = steps.windows(2).filter(|pair| (pair[0] > 0) != (pair[1] > 0)).count();
  let most = points.iter().map(|point| point.workers).max().unwrap_or_default();
  let hours = points.iter().map(|point| f64::from(point.workers)).sum::<f64>() / 3600.0;
  let served: f64 = points.iter().map(|point| point.served).sum();
  let mean = points.iter().map(|point| point.latency * point.served).sum::<f64>() / served.max(1.0);
  format!(
    "| {} | {scaler} | {} | {turns} | {most} | {hours:.2} | {mean:.0} ms | {:.0} ms |",
    load.name(),
    steps.len(),
    p95(points, served)
  )
}

/// Of all requests, not of all seconds.
fn p95(points: &[Point], served: f64) -> f64 {
  let mut sorted: Vec<&Point> = points.iter().collect();
  sorted.sort_by(|one, other| one.latency.total_cmp(&other.latency));
  let mut counted = 0.0;
  let slow = sorted.into_iter().find(|point| {
    counted += point.served;
    counted >= 0.95 * served
  });
  slow.map_or(0.0, |point| point.latency)
}
