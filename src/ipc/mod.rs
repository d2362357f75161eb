//! The private channel between the master and one worker: a socket pair, inherited by descriptor.
//!
//! Supervision has a channel of its own: [`frame`] is the pure codec, [`message`] the messages both
//! sides understand, [`channel`] the master's end on tokio, [`agent`] the worker's end on a thread.
//!
//! Messages of the app go over a second pair, so that no amount of them delays a health check:
//! [`messages`] makes it and hands it over, [`outgoing`] writes, [`incoming`] reads, [`settings`] says
//! how much of what.

pub mod address;
pub mod agent;
pub mod channel;
pub mod compress;
pub mod frame;
pub mod incoming;
pub mod local;
pub mod message;
pub mod messages;
pub mod outgoing;
pub mod own_port;
pub mod settings;
