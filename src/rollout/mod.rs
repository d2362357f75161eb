//! Replacing all workers of a cluster: what is done next. Pure; [`crate::cluster`] does it.
//!
//! [`limits`] says how many workers may be there too many, or missing, at a time; [`plan`] goes by it.
//! [`traffic`] says whether a release answers worse than the one before it.

pub mod limits;
pub mod phase;
pub mod plan;
#[cfg(test)]
mod tests;
pub mod traffic;

pub use self::{
  limits::Limits,
  phase::Phase,
  plan::{Input, Manner, Plan, Step},
};
