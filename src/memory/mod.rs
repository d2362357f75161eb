//! What is to be thought of the memory of workers. Everything but the [`manager`] and [`garbage`] is pure.
//!
//! | module | what it is for |
//! |---|---|
//! | [`manager`] | behind `MemoryManager`: reads, remembers, asks the policies |
//! | [`recommendations`] | what could be better, with the number and the reason |
//! | [`workers`] | how many workers there is memory for |
//! | [`leak`] | whether memory grows without end |
//! | [`limits`] | how near to its limit a worker is |
//! | [`known`] | what is remembered of a worker, and what a reading makes of it |
//! | [`garbage`] | has a worker collect, and waits for it |
//! | [`told`] | all of it in its public form |
//! | [`settings`] | what users write of all this |

pub mod garbage;
pub mod known;
pub mod leak;
pub mod limits;
pub mod manager;
pub mod recommendations;
pub mod settings;
pub mod told;
pub mod workers;

/// An amount of memory, for people.
#[must_use]
pub fn shown(bytes: u64) -> String {
  const MB: u64 = 1 << 20;
  if bytes >= 10 * 1024 * MB {
    format!("{:.1} GB", crate::monitor::reading::float(bytes / MB) / 1024.0)
  } else if bytes >= MB {
    format!("{} MB", bytes / MB)
  } else {
    format!("{} KB", bytes / 1024)
  }
}
