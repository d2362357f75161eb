//! Core events to JavaScript, through one threadsafe function.

use std::sync::atomic::{AtomicBool, Ordering};

use napi::{
  Status,
  threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode},
};
use napi_derive::napi;
use serde_json::Value;

use crate::event::{Event, EventSink};

/// Events queued for a JavaScript thread that is busy; past this they are dropped and logged. State
/// never depends on an event: `getWorkers()` and `getHealth()` always show what is.
const QUEUE: usize = 1024;

/// Weak, so it does not hold the event loop open; no error-first argument.
pub type EventListener =
  ThreadsafeFunction<NativeEvent, (), NativeEvent, Status, false, true, QUEUE>;

/// One event, by its public name and with its public payload.
#[napi(object, object_from_js = false)]
pub struct NativeEvent {
  /// Such as `worker:started`.
  pub name: String,
  /// As documented for that event; an error in it is `{ code, message, details }`.
  #[napi(ts_type = "Record<string, unknown>")]
  pub payload: Value,
}

/// [`EventSink`] that calls a JavaScript listener.
pub struct JsEventSink {
  listener: EventListener,
  hears_metrics: AtomicBool,
}

impl JsEventSink {
  /// A sink for `listener`.
  pub const fn new(listener: EventListener) -> Self {
    Self { listener, hears_metrics: AtomicBool::new(false) }
  }

  /// Say whether anybody listens to `metrics:updated`. At first nobody does.
  pub fn set_hears_metrics(&self, hears: bool) {
    self.hears_metrics.store(hears, Ordering::Relaxed);
  }
}

impl EventSink for JsEventSink {
  fn hears_metrics(&self) -> bool {
    self.hears_metrics.load(Ordering::Relaxed)
  }

  fn emit(&self, event: Event) {
    let native = NativeEvent { name: event.name().to_owned(), payload: event.payload() };
    // `call`, not `call_async_catch`: a listener that throws is the application's bug and must
    // reach `uncaughtException`, as it would from any EventEmitter.
    match self.listener.call(native, ThreadsafeFunctionCallMode::NonBlocking) {
      Status::Ok | Status::Closing => {}
      status => tracing::warn!(?status, event = event.name(), "event dropped"),
    }
  }
}
