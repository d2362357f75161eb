//! Health of workers and of the cluster. Pure: [`crate::worker`] asks the workers, the supervisor
//! puts the answers together.

pub mod checkup;
pub mod pace;
pub mod starvation;
pub mod verdict;
