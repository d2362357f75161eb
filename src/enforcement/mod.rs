//! What is done about workers that take too much, or have served for long enough. Pure: readings, limits
//! and what was seen before go in, a verdict comes out. `cluster/enforcement` reads and acts.
//!
//! | module | what it is for |
//! |---|---|
//! | [`limits`] | what the configuration says, as numbers |
//! | [`excess`] | which limit was reached, by which reading, in words |
//! | [`record`] | one process: its readings so far, and the verdict on it |
//! | [`total`] | all workers together: which of them has to go |
//! | [`pace`] | how often one slot may be recycled for the same reason |
//!
//! Soft limits take several readings in a row, and the worker is replaced, successor first. Hard limits take
//! one. A worker that was never seen below a limit of memory has not outgrown it: the limit is too low for
//! this app, which a successor would not change, so that is told and nothing is done.

pub mod excess;
pub mod limits;
pub mod pace;
pub mod record;
pub mod total;

pub use self::{
  excess::{Amount, Bound, Excess},
  limits::Limits,
  pace::Pace,
  record::{Reading, Record, Verdict},
  total::{Share, Total},
};
