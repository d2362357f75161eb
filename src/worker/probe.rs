//! A request for the health endpoint of one worker, over the way that its other requests take.

use std::{io, path::Path, time::Duration};

use tokio::{
  io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
  net::{TcpStream, UnixStream},
  time::sleep,
};

use crate::{health::checkup::Failure, proxy::Endpoint};

/// The longest head of an answer that is read.
const LONGEST: usize = 64 * 1024;
/// Between two looks for room in a full backlog.
const ROOM: Duration = Duration::from_millis(20);
/// Headers that are looked past; as many as Node.js accepts in its own 16 KiB, roughly.
const HEADERS: usize = 256;

/// Ask for `path`; well is who answers 200 to 399. The caller decides how long that may take.
///
/// # Errors
/// What was wrong with the answer, or kept it from coming.
pub async fn probe(endpoint: &Endpoint, path: &str) -> Result<(), Failure> {
  let status = match endpoint {
    Endpoint::Tcp(address) => match TcpStream::connect(address).await {
      Ok(stream) => ask(stream, path).await,
      Err(error) => Err(error),
    },
    Endpoint::Unix(socket) => match connect(socket).await {
      Ok(stream) => ask(stream, path).await,
      Err(error) => Err(error),
    },
  };
  match status {
    Ok(200..400) => Ok(()),
    Ok(status) => Err(Failure::Answered(status)),
    Err(error) => Err(Failure::Refused(error.kind())),
  }
}

/// Connects once there is room: a full backlog, which the kernel tells by `EAGAIN`, is a burst and no failure.
async fn connect(socket: &Path) -> io::Result<UnixStream> {
  loop {
    match UnixStream::connect(socket).await {
      Err(error) if error.kind() == io::ErrorKind::WouldBlock => sleep(ROOM).await,
      connected => return connected,
    }
  }
}

/// The status of the answer. Its body is left to the closing of the connection.
async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin, path: &str) -> io::Result<u16> {
  let request = format!(
    "GET {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: xypriss-cluster\r\nAccept: */*\r\nConnection: close\r\n\r\n"
  );
  stream.write_all(request.as_bytes()).await?;
  let mut head = Vec::with_capacity(1024);
  loop {
    while let Some((status, length)) = parse(&head)? {
      if status >= 200 {
        return Ok(status);
      }
      // An interim answer; the real one follows.
      head.drain(..length);
    }
    if head.len() > LONGEST {
      return Err(io::ErrorKind::InvalidData.into());
    }
    if stream.read_buf(&mut head).await? == 0 {
      return Err(io::ErrorKind::UnexpectedEof.into());
    }
  }
}

/// Status and length of a head; `None` while it is not whole.
fn parse(bytes: &[u8]) -> io::Result<Option<(u16, usize)>> {
  let mut headers = [httparse::EMPTY_HEADER; HEADERS];
  let mut answer = httparse::Response::new(&mut headers);
  match answer.parse(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))? {
    httparse::Status::Complete(length) => Ok(answer.code.map(|code| (code, length))),
    httparse::Status::Partial => Ok(None),
  }
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use std::net::Ipv4Addr;

  use tokio::net::TcpListener;

  use super::*;

  async fn answered(answer: &'static [u8]) -> (Result<(), Failure>, String) {
    let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let endpoint = Endpoint::Tcp(server.local_addr().unwrap());
    let served = tokio::spawn(async move {
      let (mut client, _) = server.accept().await.unwrap();
      let mut asked = Vec::new();
      while !asked.ends_with(b"\r\n\r\n") {
        client.read_buf(&mut asked).await.unwrap();
      }
      client.write_all(answer).await.unwrap();
      String::from_utf8(asked).unwrap()
    });
    let outcome = probe(&endpoint, "/health?deep=1").await;
    (outcome, served.await.unwrap())
  }

  #[tokio::test]
  async fn judges_by_the_status() {
    for (answer, outcome) in [
      (&b"HTTP/1.1 200 OK\r\n\r\n"[..], Ok(())),
      (b"HTTP/1.1 204 No Content\r\n\r\n", Ok(())),
      (b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", Ok(())),
      (b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", Ok(())),
      (b"HTTP/1.1 500 No\r\n\r\n", Err(Failure::Answered(500))),
      (b"HTTP/1.1 404 No\r\n\r\n", Err(Failure::Answered(404))),
      (b"HTTP/1.1 100 Continue\r\n\r\n", Err(Failure::Refused(io::ErrorKind::UnexpectedEof))),
      (b"HTTP/1.1 20", Err(Failure::Refused(io::ErrorKind::UnexpectedEof))),
      (b"hello\r\n\r\n", Err(Failure::Refused(io::ErrorKind::InvalidData))),
    ] {
      let (seen, asked) = answered(answer).await;
      assert_eq!(seen, outcome, "{}", String::from_utf8_lossy(answer));
      assert!(asked.starts_with("GET /health?deep=1 HTTP/1.1\r\nHost: localhost\r\n"));
    }
  }

  #[tokio::test]
  async fn nobody_there_is_a_failure() {
    let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let endpoint = Endpoint::Tcp(server.local_addr().unwrap());
    drop(server);
    let refused = Failure::Refused(io::ErrorKind::ConnectionRefused);
    assert_eq!(probe(&endpoint, "/").await, Err(refused));
  }
}
