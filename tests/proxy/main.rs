//! The data plane from outside: real sockets on both sides, workers that behave as each test needs.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod addresses;
mod answers;
mod bursts;
mod closing;
mod events;
mod fidelity;
mod forwarding;
mod framing;
mod interim;
mod queueing;
mod reserving;
mod retrying;
mod support;
mod timeouts;
mod tunnels;
