//! Numbers that are counted where they arise and read elsewhere, without a message and without a lock.
//!
//! | module | what it is for |
//! |---|---|
//! | [`registry`] | the pages of all workers of this process, by process id |
//! | [`reader`] | the master's view of a page |
//! | [`writer`] | the worker's view of a page |
//! | `v8` | garbage collections, told by the engine of Node.js |
//! | [`page`] | the block of shared memory between both |
//! | [`histogram`] | values by size, with one writer and any readers |
//!
//! A page is an anonymous file (`memfd`) of the master. A worker inherits nothing but its channel, so
//! that nothing needs to run between fork and exec; it is told the path of the page instead, below
//! `/proc/<master>/fd/`, and opens that when its app serves already. The same user may do that, and a
//! worker always runs as its master does. Where it cannot be opened, the worker goes without a page,
//! and what only the page would tell is absent.

pub mod histogram;
pub mod page;
pub mod reader;
pub mod registry;
mod v8;
pub mod writer;
