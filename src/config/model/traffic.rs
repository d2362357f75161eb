//! How requests find a worker, and what they may cost when workers fail.

use serde::{Deserialize, Serialize};

use super::{
  super::{
    field::{
      Action, Change,
      Fallback::{Fields, Flag as On, Nothing, Number, Text as Word},
      Field, Kind, Section, Text, count, millis,
    },
    units::{Bytes, Millis},
    words::{Backoff, Proxies},
  },
  section,
};

/// A head is held in memory until it is whole.
const HEAD_SIZE: Kind = Kind::Size { min: 1 << 10, max: 256 << 20 };

section! {
  /// How requests find their worker.
  LoadBalancingConfig {
    /// Which worker takes a request. The fullest worker is never the right one to give more work.
    strategy "strategy": String, Kind::Strategy, Word("least-connections"), Acted, Live;
    /// The IP address that the public port is opened on, or `'localhost'`.
    host "host": Option<String>, Kind::Text(Text::Host), Nothing("the one that the app asked for, else all"), Acted, Stopped;
    /// Requests that wait because no worker is ready.
    queue "queue": QueueConfig, Kind::Section(&QueueConfig::SECTION), Fields, Acted, Live;
    /// The peers whose word on a client counts: those that end TLS, or spread requests over machines. From any other
    /// peer, `X-Forwarded-*`, `Forwarded` and `X-Real-IP` are replaced by what the connection itself says.
    trusted_proxies "trustedProxies": Proxies, Kind::Proxies, Word("loopback"), Acted, Live;
    /// How long the heads of requests and of answers may be. More is answered 431, or 502.
    limits "limits": HeadLimitsConfig, Kind::Section(&HeadLimitsConfig::SECTION), Fields, Acted, Live;
    /// How long clients and workers may be silent. Streams of events and WebSockets may be as long as they like.
    timeouts "timeouts": TrafficTimeoutsConfig, Kind::Section(&TrafficTimeoutsConfig::SECTION), Fields, Acted, Live;
    /// Protocols that a connection may change to by an `Upgrade`; HTTP/2 never.
    upgrades "upgrades": Option<Vec<String>>, Kind::Strings, Nothing("`websocket`"), Acted, Live;
    /// Whether `TRACE` reaches the app, whose answer repeats what proxies added to the request. Else it is answered 405.
    allow_trace "allowTrace": bool, Kind::Flag, On(false), Acted, Live;
    /// The share of each worker, first to last.
    weights "weights": Option<Vec<f64>>, Kind::Weights, Nothing("all the same"), Warned, Live;
    /// Whether a client keeps its worker.
    sticky_session "stickySession": bool, Kind::Flag, On(false), Warned, Live;
    /// The cookie or header that tells clients apart.
    session_affinity_key "sessionAffinityKey": Option<String>, Kind::Text(Text::Name), Nothing("the client's address"), Warned, Live;
    /// Failures in a row after which a worker is left alone.
    circuit_breaker_threshold "circuitBreakerThreshold": u32, count(1), Number(5.0), Warned, Live;
    /// How long it is left alone.
    circuit_breaker_timeout "circuitBreakerTimeout": Millis, millis(1), Number(30_000.0), Warned, Live;
    /// Whether unhealthy workers get no requests while there are others.
    healthy_only "healthyOnly": bool, Kind::Flag, On(true), Warned, Live;
  }
}

section! {
  /// How long the heads of requests and of answers may be.
  HeadLimitsConfig {
    /// Most header fields of a request.
    request_headers "requestHeaders": u32, Kind::Count { min: 1, max: 10_000 }, Number(1_000.0), Acted, Live;
    /// Longest head of a request: its first line and all its headers. Node.js itself takes 16 KB.
    request_head_size "requestHeadSize": Bytes, HEAD_SIZE, Word("64KB"), Acted, Live;
    /// Most header fields of an answer.
    response_headers "responseHeaders": u32, Kind::Count { min: 1, max: 10_000 }, Number(1_000.0), Acted, Live;
    /// Longest head of an answer.
    response_head_size "responseHeadSize": Bytes, HEAD_SIZE, Word("256KB"), Acted, Live;
  }
}

section! {
  /// How long clients and workers may be silent; 0 is without end.
  TrafficTimeoutsConfig {
    /// A client that owes the head of a request, also between two requests. Its connection is closed. Load balancers in
    /// front of the cluster have to give up idle connections first.
    request_head "requestHead": Millis, millis(0), Number(75_000.0), Acted, Live;
    /// A client that owes the next part of a body. It is answered 408.
    request_body "requestBody": Millis, millis(0), Number(60_000.0), Acted, Live;
    /// A worker that has a request and does not answer. The client is answered 504. Long polls, which say that they wait,
    /// may.
    response_head "responseHead": Millis, millis(0), Number(60_000.0), Acted, Live;
    /// A worker that owes the next part of an answer. The answer is cut.
    response_body "responseBody": Millis, millis(0), Number(60_000.0), Acted, Live;
    /// A client that does not read its answer. Its connection is closed.
    client_read "clientRead": Millis, millis(0), Number(60_000.0), Acted, Live;
  }
}

section! {
  /// Requests that wait because no worker is ready.
  QueueConfig {
    /// How many may wait; more are answered 503. Waiting requests hold memory and their clients' patience.
    max_size "maxSize": u32, count(0), Number(1_024.0), Acted, Live;
    /// How long one may wait; then it is answered 503. Longer than a warm start, shorter than most clients' patience.
    timeout "timeout": Millis, millis(0), Number(10_000.0), Acted, Live;
  }
}

section! {
  /// What requests may cost when workers fail.
  ResilienceConfig {
    /// Workers that fail are left alone for a while.
    circuit_breaker "circuitBreaker": CircuitBreakerConfig, Kind::Section(&CircuitBreakerConfig::SECTION), Fields, Acted, Live;
    /// How many requests may be under way.
    bulkhead "bulkhead": BulkheadConfig, Kind::Section(&BulkheadConfig::SECTION), Fields, Acted, Live;
    /// How long things may take.
    timeout "timeout": TimeoutConfig, Kind::Section(&TimeoutConfig::SECTION), Fields, Acted, Live;
    /// Requests that are sent again.
    retry_policy "retryPolicy": RetryPolicyConfig, Kind::Section(&RetryPolicyConfig::SECTION), Fields, Acted, Live;
  }
}

section! {
  /// Workers that fail are left alone for a while.
  CircuitBreakerConfig {
    /// Whether they are.
    enabled "enabled": bool, Kind::Flag, On(false), Warned, Live;
    /// Failures in a row that open the circuit.
    failure_threshold "failureThreshold": u32, count(1), Number(5.0), Warned, Live;
    /// From there until a request is let through to see.
    recovery_timeout "recoveryTimeout": Millis, millis(1), Number(30_000.0), Warned, Live;
    /// Requests that are let through to see.
    half_open_requests "halfOpenRequests": u32, count(1), Number(1.0), Warned, Live;
  }
}

section! {
  /// How many requests may be under way.
  BulkheadConfig {
    /// Whether there is a limit.
    enabled "enabled": bool, Kind::Flag, On(false), Warned, Live;
    /// At once, for each worker.
    max_concurrent_requests "maxConcurrentRequests": u32, count(1), Number(1_000.0), Warned, Live;
    /// How many more may wait.
    queue_size "queueSize": u32, count(0), Number(1_024.0), Warned, Live;
  }
}

section! {
  /// How long things may take.
  TimeoutConfig {
    /// Whether these hold.
    enabled "enabled": bool, Kind::Flag, On(false), Warned, Live;
    /// From a request to the head of its response.
    request_timeout "requestTimeout": Millis, millis(1), Number(60_000.0), Warned, Live;
    /// One health check.
    health_check_timeout "healthCheckTimeout": Millis, millis(1), Number(10_000.0), Warned, Live;
  }
}

section! {
  /// Requests that are sent again.
  RetryPolicyConfig {
    /// Whether waits between tries follow these rules.
    enabled "enabled": bool, Kind::Flag, On(false), Warned, Live;
    /// Tries after the first.
    max_retries "maxRetries": u32, Kind::Count { min: 0, max: 100 }, Number(2.0), Warned, Live;
    /// How the waits grow.
    backoff_strategy "backoffStrategy": Backoff, Kind::Word(Backoff::WORDS), Word("exponential"), Warned, Live;
    /// The first wait.
    base_delay "baseDelay": Millis, millis(0), Number(100.0), Warned, Live;
    /// The longest; not below `baseDelay`.
    max_delay "maxDelay": Millis, millis(0), Number(5_000.0), Warned, Live;
  }
}
