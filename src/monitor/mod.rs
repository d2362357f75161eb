//! Readings of processes and of the machine, true and cheap.
//!
//! | module | what it is for |
//! |---|---|
//! | [`watcher`] | the actor behind `ProcessMonitor` |
//! | [`sampler`], [`system`] | rates of processes and of the machine, over the time since the last reading |
//! | [`linux`](platform), [`portable`] | one reading, by platform, behind one signature |
//! | [`limits`], [`cgroup`] | what this process may use of the machine, and the kills for using more |
//! | [`parse`], [`reading`] | pure: texts of `/proc`, and the numbers in them |

pub mod cgroup;
pub mod limits;
#[cfg(target_os = "linux")]
mod linux;
pub mod parse;
#[cfg(any(test, not(target_os = "linux")))]
pub mod portable;
pub mod reading;
pub mod sampler;
pub mod system;
pub mod thread;
pub mod watcher;

/// The readings of this platform.
pub mod platform {
  #[cfg(target_os = "linux")]
  pub use super::linux::{Machine, Process, pss};
  #[cfg(not(target_os = "linux"))]
  pub use super::portable::{Machine, Process, pss};
}

pub use self::{
  reading::Unreadable,
  sampler::{ProcessSample, Sampler},
  system::{SystemMeter, SystemSample},
};
