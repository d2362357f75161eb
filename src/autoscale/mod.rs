//! How many workers there should be: pure, no clock and no processes. The cluster's `autoscaling` feeds it and carries its
//! verdicts out; `examples/autoscale-sim.rs` feeds it with load that was made up.
//!
//! [`signals`] are what was measured, [`wish`] is how many workers one look at them asks for, and the [`governor`] turns
//! looks into a [`decision`]: it waits until enough of them agree, keeps the cooldown, and remembers what did not help.

pub mod decision;
pub mod governor;
pub mod signals;
#[cfg(test)]
mod tests;
pub mod wish;
