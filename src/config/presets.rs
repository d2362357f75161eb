//! Configurations for an environment and for a kind of server, each value with its reason. They are what
//! users could write themselves, so anything that is written besides them is laid over them.

use serde_json::{Value, json};

/// Where a cluster runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
  /// A developer's own machine.
  Development,
  /// Where users are served.
  Production,
  /// Automatic tests.
  Test,
}

/// What a server is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerType {
  /// Short requests, answered from a database or other services.
  Api,
  /// Pages and files, rendered or read.
  Web,
  /// One of many small services on the same machines.
  Microservice,
  /// Long work, heavy on the processor.
  Worker,
}

impl Environment {
  /// All of them.
  pub const ALL: [Self; 3] = [Self::Development, Self::Production, Self::Test];

  /// Its name.
  #[must_use]
  pub const fn name(self) -> &'static str {
    match self {
      Self::Development => "development",
      Self::Production => "production",
      Self::Test => "test",
    }
  }

  /// Its configuration.
  #[must_use]
  pub fn preset(self) -> Value {
    match self {
      Self::Development => json!({
        // Two are enough to meet every bug that one process hides: state that is not shared, ports.
        "workers": 2,
        "processManagement": {
          // A typing error is not worth three tries: the developer saves again.
          "maxRestarts": 1,
          "restartDelay": 500,
          // Nobody waits for open connections of a browser tab.
          "gracefulShutdownTimeout": 2_000,
          "killTimeout": 1_000,
        },
        // A debugger at a breakpoint answers no check.
        "healthCheck": { "enabled": false },
        "monitoring": { "metricsInterval": 10_000 },
      }),
      Self::Production => json!({
        "workers": "auto",
        "processManagement": {
          "respawn": true,
          // More than the default: at night nobody is there to call restartWorker().
          "maxRestarts": 10,
          "restartDelay": 1_000,
          // As long as load balancers and orchestrators give by default.
          "gracefulShutdownTimeout": 30_000,
        },
        // A worker that hangs is found within half a minute rather than two.
        "healthCheck": { "enabled": true, "interval": 10_000, "timeout": 5_000, "maxFailures": 3 },
        "loadBalancing": { "strategy": "least-connections" },
        "monitoring": { "enabled": true, "metricsInterval": 60_000 },
      }),
      Self::Test => json!({
        // The smallest number that still balances.
        "workers": 2,
        "processManagement": {
          // A crash has to fail the test, not to be healed before it is seen.
          "respawn": false,
          "startupTimeout": 30_000,
          "gracefulShutdownTimeout": 1_000,
          "killTimeout": 1_000,
          // The test runner's own.
          "handleSignals": false,
        },
        // A starved machine must not fail tests.
        "healthCheck": { "enabled": false },
        "monitoring": { "enabled": false },
      }),
    }
  }
}

impl ServerType {
  /// All of them.
  pub const ALL: [Self; 4] = [Self::Api, Self::Web, Self::Microservice, Self::Worker];

  /// Its name.
  #[must_use]
  pub const fn name(self) -> &'static str {
    match self {
      Self::Api => "api",
      Self::Web => "web",
      Self::Microservice => "microservice",
      Self::Worker => "worker",
    }
  }

  /// Its configuration, but for numbers of workers and amounts of memory: see [`super::recommend`].
  #[must_use]
  pub fn preset(self) -> Value {
    match self {
      Self::Api => json!({
        // Requests cost unequally: the one with the fewest under way is the one with time.
        "loadBalancing": {
          "strategy": "least-connections",
          // Clients of an API retry by themselves; an early 503 serves them better than a late one.
          "queue": { "maxSize": 1_024, "timeout": 5_000 },
        },
        "healthCheck": { "interval": 15_000, "timeout": 5_000 },
        "processManagement": { "gracefulShutdownTimeout": 30_000 },
      }),
      Self::Web => json!({
        "loadBalancing": {
          "strategy": "least-connections",
          // A browser waits rather than retries, and opens several connections for one page.
          "queue": { "maxSize": 4_096, "timeout": 15_000 },
        },
        "healthCheck": { "interval": 30_000, "timeout": 10_000 },
        // Downloads take longer than answers of an API.
        "processManagement": { "gracefulShutdownTimeout": 60_000 },
      }),
      Self::Microservice => json!({
        "loadBalancing": {
          // Calls between services are short and alike.
          "strategy": "round-robin",
          // The caller has a deadline of its own, and a queue too.
          "queue": { "maxSize": 256, "timeout": 2_000 },
        },
        "healthCheck": { "interval": 10_000, "timeout": 3_000 },
        // The orchestrator replaces an instance that does not go in time.
        "processManagement": { "gracefulShutdownTimeout": 10_000, "maxRestarts": 5 },
      }),
      Self::Worker => json!({
        "loadBalancing": {
          "strategy": "least-connections",
          // Jobs wait for their turn; that is what they are for.
          "queue": { "maxSize": 10_000, "timeout": 60_000 },
        },
        // Work that keeps the event loop busy answers late; that is not a hang.
        "healthCheck": { "interval": 60_000, "timeout": 30_000, "maxFailures": 5 },
        // A job that is cut off has to be done again.
        "processManagement": { "gracefulShutdownTimeout": 120_000 },
      }),
    }
  }
}
