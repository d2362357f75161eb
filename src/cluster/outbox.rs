//! What the supervisor has to say, kept until everybody can see that it is so: who hears an event or
//! an answer, and looks, must not find the state from before.

use std::{fmt, sync::Arc};

use super::command::Reply;
use crate::{
  error::Result,
  event::{Event, EventSink},
};

/// Events and answers of the present step.
pub struct Outbox {
  sink: Arc<dyn EventSink>,
  events: Vec<Event>,
  answers: Vec<Box<dyn FnOnce() + Send>>,
}

impl Outbox {
  /// An empty one; events will go to `sink`.
  #[must_use]
  pub fn new(sink: Arc<dyn EventSink>) -> Self {
    Self { sink, events: Vec::new(), answers: Vec::new() }
  }

  /// Tell of `event`.
  pub fn emit(&mut self, event: Event) {
    self.events.push(event);
  }

  /// Answer whoever waits for `reply`.
  pub fn answer<T: Send + 'static>(&mut self, reply: Reply<T>, result: Result<T>) {
    self.answers.push(Box::new(move || {
      // Whoever asked may have stopped waiting; what was asked for is done all the same.
      let _heard = reply.send(result);
    }));
  }

  /// Send everything. Events first: whoever gets an answer may emit one that follows from these.
  pub fn flush(&mut self) {
    self.events.drain(..).for_each(|event| self.sink.emit(event));
    self.answers.drain(..).for_each(|answer| answer());
  }
}

impl fmt::Debug for Outbox {
  fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.debug_struct("Outbox").field("events", &self.events).finish_non_exhaustive()
  }
}
