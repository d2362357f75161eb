//! Health of workers and of the cluster. Pure: [`crate::worker`] asks the workers, the supervisor
//! puts the answers together.

pub mod checkup;
pub mod diagnosis;
pub mod limits;
pub mod pace;
pub mod posture;
pub mod starvation;
pub mod verdict;
