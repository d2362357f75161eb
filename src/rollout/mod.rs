//! Replacing all workers of a cluster: what is done next. Pure; [`crate::cluster`] does it.
//!
//! [`limits`] says how many workers may be there too many, or missing, at a time; [`plan`] goes by it.

pub mod limits;
pub mod phase;
pub mod plan;
#[cfg(test)]
mod tests;

pub use self::{
  limits::Limits,
  phase::Phase,
  plan::{Input, Manner, Plan, Step},
};
