//! Tells a client that has only closed its sending side from one that is gone.
//!
//! Both send the same: the end of what they send. But the system of a client that is gone answers the next byte
//! that it gets with a reset, so a byte that comes anyway is sent early: see [`super::connection`].

use std::{
  future::pending,
  io,
  os::fd::AsFd,
  pin::Pin,
  task::{Context, Poll},
};

use tokio::io::{Interest, unix::AsyncFd};

/// Waits for the reset of a connection that nothing more is read from.
pub(super) struct HalfClosed {
  reset: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl HalfClosed {
  /// Watches a socket beside those that read from it and write to it.
  pub(super) fn watch(socket: impl AsFd) -> Self {
    // The runtime tells of errors without reading or writing only by a registration for them alone.
    let own = socket.as_fd().try_clone_to_owned();
    let reset = async move {
      let heard: io::Result<()> = async {
        // SAFETY: an owned descriptor stays open, and the same, until it is dropped with the registration.
        let own = unsafe { AsyncFd::register_with_interest(own?, Interest::ERROR) };
        let own = own.map_err(io::Error::from)?;
        let _ready = own.ready(Interest::ERROR).await?;
        Ok(())
      }
      .await;
      // Out of descriptors, say: then the next write tells.
      if heard.is_err() {
        pending::<()>().await;
      }
    };
    Self { reset: Box::pin(reset) }
  }

  pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
    self.reset.as_mut().poll(cx)
  }
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

  use std::{future::poll_fn, time::Duration};

  use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
  };

  use super::*;

  async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (client, listener.accept().await.unwrap().0)
  }

  #[tokio::test]
  async fn a_client_that_is_gone_answers_a_byte_with_a_reset() {
    let (client, mut server) = pair().await;
    drop(client);
    assert_eq!(server.read(&mut [0]).await.unwrap(), 0);
    let mut watch = HalfClosed::watch(&server);
    server.write_all(b"H").await.unwrap();
    poll_fn(|cx| watch.poll(cx)).await;
  }

  #[tokio::test]
  async fn a_client_that_still_reads_does_not() {
    let (mut client, mut server) = pair().await;
    client.shutdown().await.unwrap();
    assert_eq!(server.read(&mut [0]).await.unwrap(), 0);
    let mut watch = HalfClosed::watch(&server);
    server.write_all(b"H").await.unwrap();
    client.read_exact(&mut [0]).await.unwrap();
    let quiet =
      tokio::time::timeout(Duration::from_millis(100), poll_fn(|cx| watch.poll(cx))).await;
    assert!(quiet.is_err());
    // Until it leaves with a reset, as it does when something was not read.
    server.write_all(b"more").await.unwrap();
    client.readable().await.unwrap();
    drop(client);
    poll_fn(|cx| watch.poll(cx)).await;
  }
}
