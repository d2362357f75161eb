//! The Node-API surface. The only module that may name a `napi` type.
//!
//! Plain data goes out as snapshots, promises are settled by [`settle`](mod@settle), events arrive
//! through one weak, bounded threadsafe function. What the `///` comments here say is what editors
//! show for the generated `binding.d.ts`.

mod agent;
mod cluster;
pub mod config;
mod event;
mod image;
mod link;
mod memory;
mod monitor;
mod settle;
mod telemetry;
mod worker;
