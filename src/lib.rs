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
//! | [`rollout`] | pure: in which order a deployment replaces workers |
//! | [`autoscale`] | pure: how many workers there should be |
//! | [`enforcement`] | pure: what is done about workers that take too much |
//! | [`health`] | verdicts on workers |
//! | [`proxy`] | the HTTP data plane: listener, pools, retries, queue |
//! | [`balancer`] | pure: which worker takes this request |
//! | [`worker`] | one worker process, from spawn to reap |
//! | [`monitor`] | readings of processes, of the machine, of the container around both |
//! | [`ipc`] | frames, messages, both ends of the channel |
//! | [`config`] | what users write, defaults, checks |
//! | [`memory`] | pure: limits, leaks, recommendations; and the manager that asks them |
//! | [`telemetry`] | histograms, and the shared-memory page of each worker |
//! | [`runtime`], [`ticker`], [`event`], [`error`] | the shared runtime, what is done at an interval, what is told, what goes wrong |
//!
//! Arrows point down this table only. Leaves are above where they are used: [`monitor::limits`], what the
//! machine has, is read by [`config`]; [`monitor::thread`] and the rules of [`health`] by [`worker`].

pub mod autoscale;
pub mod balancer;
pub mod binding;
pub mod cluster;
pub mod config;
pub mod enforcement;
pub mod error;
pub mod event;
pub mod health;
pub mod ipc;
pub mod memory;
pub mod monitor;
pub mod proxy;
pub mod rollout;
pub mod runtime;
pub mod telemetry;
pub mod ticker;
pub mod worker;
