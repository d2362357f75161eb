//! The native core of `xypriss-cluster`: N supervised worker processes behind one port.
//!
//! # Theory of operation
//!
//! The *master* is the user's own JavaScript process with this addon loaded. A [`cluster`] in it has
//! one supervisor, an actor that owns all workers and decides what runs. Each worker process has a
//! task of its own ([`worker`]) that spawns it, talks to the agent inside it over an inherited socket
//! ([`ipc`]), and reaps it. The supervisor publishes which workers take requests; the data plane
//! ([`proxy`]) reads that table on threads of its own and asks a [`balancer`] which one takes the
//! next request. JavaScript is entered for events and answers only ([`binding`]), so nothing here
//! waits for it.
//!
//! | module | what it is for |
//! |---|---|
//! | [`binding`] | the Node-API surface; the only module that names a `napi` type |
//! | [`cluster`] | the handle, the supervisor, slots, large operations |
//! | [`autoscale`] | pure: how many workers there should be |
//! | [`health`], [`monitor`] | verdicts on workers, and what they use of the machine |
//! | [`proxy`] | the HTTP data plane: listener, pools, retries, queue |
//! | [`balancer`] | pure: which worker takes this request |
//! | [`worker`] | one worker process, from spawn to reap |
//! | [`ipc`] | frames, messages, both ends of the channel |
//! | [`config`] | what users write, defaults, checks |
//! | [`runtime`], [`event`], [`error`] | the shared runtime, what is told, what goes wrong |
//!
//! Arrows point down this table only. One leaf is above where it is used: [`monitor::limits`], what the
//! machine has, is read by [`config`].

pub mod autoscale;
pub mod balancer;
pub mod binding;
pub mod cluster;
pub mod config;
pub mod error;
pub mod event;
pub mod health;
pub mod ipc;
pub mod monitor;
pub mod proxy;
pub mod runtime;
pub mod worker;
