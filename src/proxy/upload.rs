//! A request on its way to a worker: its head as bytes, and its body as it comes.
//!
//! The head is written out once, however many workers it takes. As long as no byte of the whole was
//! taken by a socket, nothing is lost: the same upload goes to the next worker.

use std::task::{Context, Poll, ready};

use super::{
  decoder::Part,
  downstream::connection::{BodyError, ClientConnection},
  outgoing::{Framing, Outgoing},
  stream::Stream,
};

/// Why an upload ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
  /// The client broke off, or sent what is no body.
  Client(BodyError),
  /// The worker took no more.
  Worker,
}

/// A request on its way.
#[derive(Debug)]
pub(super) struct Upload {
  outgoing: Outgoing,
  /// How the body is framed, until its end has been read.
  body: Option<Framing>,
  trailers: Trailers,
  /// Whether a byte was ever written.
  begun: bool,
}

/// What becomes of fields behind the body. Some servers, Bun's among them, take them for the next request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trailers {
  /// The head does not announce any: they are dropped.
  Unexpected,
  /// The head announces some: they are passed on.
  Announced,
  /// Some were passed on: what the worker sends behind the answer answers nothing, and the connection carries no other
  /// request.
  Sent,
}

impl Upload {
  /// The request with this head, and a body that is framed like this if there is one.
  pub(super) fn new(head: Outgoing, body: Option<Framing>, trailers: Trailers) -> Self {
    Self { outgoing: head, body, trailers, begun: false }
  }

  /// Whether all of it is written.
  pub(super) fn is_done(&self) -> bool {
    self.body.is_none() && self.outgoing.is_empty()
  }

  /// Whether the connection can carry another request.
  pub(super) fn leaves_connection_clean(&self) -> bool {
    self.trailers != Trailers::Sent
  }

  /// Whether the client has to send first.
  pub(super) fn is_waiting(&self) -> bool {
    self.outgoing.is_empty()
  }

  /// How many bytes were written so far.
  pub(super) fn sent(&self) -> u64 {
    self.outgoing.sent()
  }

  /// Whether a worker may have seen some of it.
  pub(super) fn has_begun(&self) -> bool {
    self.begun
  }

  /// From the start again. Of use where there is no body: what was read of one is gone.
  pub(super) fn rewind(&mut self) {
    self.outgoing.rewind();
    self.begun = false;
  }

  /// The memory, to be used again.
  pub(super) fn into_spare(mut self) -> Outgoing {
    self.outgoing.clear();
    self.outgoing
  }

  /// Writes what can be written now. Ready when that is all, or when no more is to be written.
  pub(super) fn poll(
    &mut self,
    stream: &mut Stream,
    client: &mut ClientConnection,
    cx: &mut Context<'_>,
  ) -> Poll<Result<(), Broken>> {
    loop {
      let more = self.fill(client, cx)?;
      ready!(self.outgoing.poll_flush(stream, &mut self.begun, cx)).map_err(|_| Broken::Worker)?;
      match more {
        Poll::Ready(()) if self.body.is_none() => return Poll::Ready(Ok(())),
        Poll::Ready(()) => {}
        Poll::Pending => return Poll::Pending,
      }
    }
  }

  /// Takes as much of the body as is worth a write. Pending when the client has to send first.
  fn fill(
    &mut self,
    client: &mut ClientConnection,
    cx: &mut Context<'_>,
  ) -> Result<Poll<()>, Broken> {
    while let Some(framing) = self.body
      && self.outgoing.has_room()
    {
      let Poll::Ready(part) = client.poll_body(cx) else {
        return Ok(Poll::Pending);
      };
      match part.map_err(Broken::Client)? {
        Part::Data(data) => self.outgoing.push(data, framing),
        Part::Trailers(trailers) => {
          let announced = self.trailers == Trailers::Announced;
          if announced {
            self.trailers = Trailers::Sent;
          }
          self.outgoing.push_last_chunk(announced.then_some(&trailers));
          self.body = None;
        }
        Part::End => {
          if framing == Framing::Chunked {
            self.outgoing.push_last_chunk(None);
          }
          self.body = None;
        }
        Part::Incomplete => return Ok(Poll::Pending),
      }
    }
    Ok(Poll::Ready(()))
  }
}
