//! A socket of which something was read already.

use std::{
  io,
  pin::Pin,
  task::{Context, Poll},
};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::super::stream::Stream;

/// What was read, and then what comes.
pub(in crate::proxy) struct Prefixed {
  read: BytesMut,
  stream: Stream,
}

impl Prefixed {
  pub(in crate::proxy) fn new(stream: Stream, read: BytesMut) -> Self {
    Self { read, stream }
  }
}

impl AsyncRead for Prefixed {
  fn poll_read(
    mut self: Pin<&mut Self>,
    cx: &mut Context<'_>,
    buf: &mut ReadBuf<'_>,
  ) -> Poll<io::Result<()>> {
    if self.read.is_empty() {
      return Pin::new(&mut self.stream).poll_read(cx, buf);
    }
    let count = self.read.len().min(buf.remaining());
    buf.put_slice(&self.read[..count]);
    self.read.advance(count);
    Poll::Ready(Ok(()))
  }
}

impl AsyncWrite for Prefixed {
  fn poll_write(
    mut self: Pin<&mut Self>,
    cx: &mut Context<'_>,
    buf: &[u8],
  ) -> Poll<io::Result<usize>> {
    Pin::new(&mut self.stream).poll_write(cx, buf)
  }

  fn poll_write_vectored(
    mut self: Pin<&mut Self>,
    cx: &mut Context<'_>,
    bufs: &[io::IoSlice<'_>],
  ) -> Poll<io::Result<usize>> {
    Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
  }

  fn is_write_vectored(&self) -> bool {
    true
  }

  fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
    Pin::new(&mut self.stream).poll_flush(cx)
  }

  fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
    Pin::new(&mut self.stream).poll_shutdown(cx)
  }
}
