//! The side towards clients: an HTTP/1.1 server that passes heads on as they were sent.
//!
//! One task serves one connection: it reads a request, has it answered and writes the answer, so that a request costs
//! no change of task and no channel.

pub(super) mod alarm;
mod check;
pub(super) mod connection;
mod date;
mod forwarded;
mod half_closed;
pub(super) mod head;
pub(super) mod prefixed;
pub(super) mod refusal;
pub(super) mod rewrite;
pub(super) mod serve;
