//! Two pages of the cluster as a whole, for a platform that probes it: is the data plane alive, and is
//! there a worker that takes requests? On a port of their own, so that they can never be in the way of
//! a route of the app, and answered without JavaScript.

use std::{convert::Infallible, net::IpAddr, sync::Arc, time::Duration};

use http::{
  HeaderValue, Method, Request, Response, StatusCode,
  header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use tokio::{
  net::{TcpListener, TcpStream},
  sync::{mpsc, watch},
  task::JoinSet,
  time::{sleep, timeout},
};

use super::{
  command::Command,
  snapshot::{ClusterState, Snapshot},
};
use crate::{
  config::{AggregateConfig, Config, check},
  error::Result,
  proxy::{self, Proxy},
};

/// Connections at a time; more wait to be accepted.
const CONNECTIONS: usize = 64;
/// How long a connection may take for its one request.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a data-plane thread may take to answer.
const TURN: Duration = Duration::from_secs(1);
/// After a connection that could not be accepted.
const RETRY: Duration = Duration::from_millis(100);

/// What is answered, by what is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Page {
  Live,
  Ready,
}

/// What the pages are made from.
#[derive(Debug)]
pub struct Aggregate {
  config: AggregateConfig,
  proxy: Proxy,
  snapshots: watch::Receiver<Arc<Snapshot>>,
}

/// Open the port of `config`; `None` where none is given.
///
/// # Errors
/// [`crate::error::ClusterError::PortInUse`] or `PortUnavailable`.
pub fn bind(config: &Config) -> Result<Option<std::net::TcpListener>> {
  let aggregate = &config.health_check.aggregate;
  let host: Option<IpAddr> = aggregate.host.as_deref().and_then(check::host);
  aggregate
    .port
    .map(|port| proxy::listen_on(host, u16::try_from(port).unwrap_or_default()))
    .transpose()
}

/// Answer until the supervisor behind `commands` has ended. `shown` is held until the port is free:
/// whoever waits for the end of a run waits for that too.
pub async fn serve(
  listener: std::net::TcpListener,
  aggregate: Aggregate,
  commands: mpsc::Sender<Command>,
  shown: watch::Sender<Arc<Snapshot>>,
) {
  match TcpListener::from_std(listener) {
    Ok(listener) => tokio::select! {
      () = commands.closed() => {}
      () = accept(listener, Arc::new(aggregate)) => {}
    },
    Err(error) => tracing::error!(%error, "the port of healthCheck.aggregate cannot be polled"),
  }
  drop(shown);
}

impl Aggregate {
  /// Pages of the run that `proxy` and `snapshots` belong to.
  #[must_use]
  pub fn new(config: &Config, proxy: Proxy, snapshots: watch::Receiver<Arc<Snapshot>>) -> Self {
    Self { config: config.health_check.aggregate.clone(), proxy, snapshots }
  }

  fn page(&self, path: &str) -> Option<Page> {
    match path {
      _ if path == self.config.live => Some(Page::Live),
      _ if path == self.config.ready => Some(Page::Ready),
      _ => None,
    }
  }

  async fn answer(&self, request: &Request<Incoming>) -> Response<String> {
    let Some(page) = self.page(request.uri().path()) else {
      return respond(StatusCode::NOT_FOUND, &json!({ "error": "Not Found" }));
    };
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
      let error = json!({ "error": "Method Not Allowed" });
      let mut response = respond(StatusCode::METHOD_NOT_ALLOWED, &error);
      response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
      return response;
    }
    let good = match page {
      Page::Live => !self.is_given_up() && self.proxy.turns(TURN).await,
      Page::Ready => self.is_ready(),
    };
    let snapshot = self.snapshots.borrow().clone();
    let status = match (page, good) {
      (Page::Live, true) => "live",
      (Page::Live, false) => "not live",
      (Page::Ready, true) => "ready",
      (Page::Ready, false) => "not ready",
    };
    let body = json!({
      "status": status,
      "state": snapshot.state.name(),
      "health": snapshot.verdict().name(),
      "workers": {
        "total": snapshot.workers.len(),
        "healthy": snapshot.workers.iter().filter(|worker| worker.serves()).count(),
        "inRotation": self.proxy.routes().snapshot().len(),
      },
    });
    respond(if good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, &body)
  }

  /// Whether no worker is left that could be brought back: only a restart of the whole helps.
  fn is_given_up(&self) -> bool {
    self.snapshots.borrow().state == ClusterState::Error
  }

  /// Whether requests are taken, by one worker at least.
  fn is_ready(&self) -> bool {
    let takes = match self.snapshots.borrow().state {
      // In error all workers are given up; then none is routed to either.
      ClusterState::Running | ClusterState::Scaling | ClusterState::Error => true,
      ClusterState::Initializing
      | ClusterState::Starting
      | ClusterState::Stopping
      | ClusterState::Stopped => false,
    };
    takes && !self.proxy.routes().snapshot().is_empty()
  }
}

async fn accept(listener: TcpListener, aggregate: Arc<Aggregate>) {
  let mut open = JoinSet::new();
  loop {
    while open.try_join_next().is_some() {}
    if open.len() >= CONNECTIONS {
      let _ended = open.join_next().await;
    }
    match listener.accept().await {
      Ok((stream, _)) => {
        open.spawn(one(stream, Arc::clone(&aggregate)));
      }
      Err(error) => {
        tracing::warn!(%error, "cannot accept a health probe");
        sleep(RETRY).await;
      }
    }
  }
}

/// One request, and its end.
async fn one(stream: TcpStream, aggregate: Arc<Aggregate>) {
  let service = service_fn(|request| {
    let aggregate = Arc::clone(&aggregate);
    async move { Ok::<_, Infallible>(aggregate.answer(&request).await) }
  });
  let mut http = http1::Builder::new();
  http.keep_alive(false).timer(TokioTimer::new()).header_read_timeout(PATIENCE);
  let connection = http.serve_connection(TokioIo::new(stream), service);
  // A probe that breaks off says nothing of us.
  let _done = timeout(PATIENCE, connection).await;
}

fn respond(status: StatusCode, body: &serde_json::Value) -> Response<String> {
  let mut response = Response::new(body.to_string());
  *response.status_mut() = status;
  let headers = response.headers_mut();
  headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
  headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
  response
}
