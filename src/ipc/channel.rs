//! The master's end of a worker's channel.

use std::{io, os::fd::OwnedFd, os::unix::net::UnixStream as StdUnixStream};

use tokio::{io::AsyncReadExt as _, net::UnixStream};

use super::{frame::Decoder, message::Message};

/// The master's end. Dropping it closes the channel, which tells the worker that the master is gone.
#[derive(Debug)]
pub struct Channel {
  stream: UnixStream,
  decoder: Decoder,
  buffer: Box<[u8]>,
}

/// Bytes read at once; supervision messages are far smaller.
const READ: usize = 4096;

impl Channel {
  /// A connected pair: ours, and the descriptor that the worker inherits. Both are close-on-exec.
  ///
  /// # Errors
  /// What the operating system says, such as having no descriptors left.
  pub fn pair() -> io::Result<(StdUnixStream, OwnedFd)> {
    let (ours, theirs) = StdUnixStream::pair()?;
    ours.set_nonblocking(true)?;
    Ok((ours, theirs.into()))
  }

  /// Take our end into the current runtime.
  ///
  /// # Errors
  /// When the runtime cannot register the descriptor.
  pub fn new(ours: StdUnixStream) -> io::Result<Self> {
    Ok(Self {
      stream: UnixStream::from_std(ours)?,
      decoder: Decoder::default(),
      buffer: vec![0; READ].into_boxed_slice(),
    })
  }

  /// The next message; `None` when the worker closed its end. Cancel safe.
  ///
  /// # Errors
  /// A sentence when the channel broke or the worker does not speak the protocol. The channel is of
  /// no use after that.
  pub async fn recv(&mut self) -> Result<Option<Message>, String> {
    loop {
      if let Some(frame) = self.decoder.next_frame().map_err(|error| error.to_string())? {
        return Message::from_frame(&frame).map(Some);
      }
      match self.stream.read(&mut self.buffer).await {
        Ok(0) if self.decoder.is_mid_frame() => return Err("closed inside a frame".to_owned()),
        Ok(0) => return Ok(None),
        Ok(read) => self.decoder.push(self.buffer.get(..read).unwrap_or_default()),
        Err(error) => return Err(error.to_string()),
      }
    }
  }

  /// Send without waiting. Supervision sends few and tiny messages, so a full socket means that the
  /// worker's reader thread is dead.
  ///
  /// # Errors
  /// A sentence when the message could not be handed over whole; the channel is of no use then.
  pub fn send(&self, message: &Message) -> Result<(), String> {
    let bytes = message.to_frame().encode().map_err(|error| error.to_string())?;
    match self.stream.try_write(&bytes) {
      Ok(written) if written == bytes.len() => Ok(()),
      Ok(_) => Err("the worker does not read its channel".to_owned()),
      Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
        Err("the worker does not read its channel".to_owned())
      }
      Err(error) => Err(error.to_string()),
    }
  }
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use std::io::Write as _;

  use super::*;

  fn pair() -> (Channel, StdUnixStream) {
    let (ours, theirs) = Channel::pair().unwrap();
    (Channel::new(ours).unwrap(), StdUnixStream::from(theirs))
  }

  #[tokio::test]
  async fn reads_messages_then_the_end() {
    let (mut channel, mut worker) = pair();
    worker.write_all(&Message::Ready.to_frame().encode().unwrap()).unwrap();
    worker.write_all(&Message::Pong { id: 4 }.to_frame().encode().unwrap()).unwrap();
    drop(worker);
    assert_eq!(channel.recv().await, Ok(Some(Message::Ready)));
    assert_eq!(channel.recv().await, Ok(Some(Message::Pong { id: 4 })));
    assert_eq!(channel.recv().await, Ok(None));
  }

  #[tokio::test]
  async fn names_a_broken_stream() {
    let (mut channel, mut worker) = pair();
    worker.write_all(&[0; 10]).unwrap();
    drop(worker);
    assert_eq!(channel.recv().await, Err("closed inside a frame".to_owned()));
    let (mut channel, mut worker) = pair();
    worker.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    assert!(channel.recv().await.is_err());
  }

  #[tokio::test]
  async fn does_not_wait_for_a_worker_that_does_not_read() {
    let (channel, _worker) = pair();
    let refused = (0..1_000_000).find_map(|id| channel.send(&Message::Ping { id }).err());
    assert_eq!(refused.as_deref(), Some("the worker does not read its channel"));
  }
}
