//! The private channel between the master and one worker: a socket pair, inherited by descriptor.
//!
//! [`frame`] is the pure codec, [`message`] the messages both sides understand, [`channel`] the
//! master's end on tokio, [`agent`] the worker's end on a thread of its own.

pub mod agent;
pub mod channel;
pub mod frame;
pub mod local;
pub mod message;
