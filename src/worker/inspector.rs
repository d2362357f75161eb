//! Asks Node.js where its JavaScript is, when that JavaScript cannot answer itself.
//!
//! At SIGUSR1, Node.js opens its inspector from a thread of its own, also while an endless loop runs
//! (`nodejs.org/api/process.html#signal-events`), and says on stderr where. V8 then interrupts the
//! script at the next point at which it can, and tells its stack
//! (`chromedevtools.github.io/devtools-protocol/v8/Debugger`). Nothing of this is there in a healthy
//! worker. The port is any free one of the loopback interface, behind a path that nobody can guess,
//! and ends with the process, which is killed right after.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

use crate::health::diagnosis::{FRAMES, Frame};

/// The stack of the script that runs behind the inspector at `url`, innermost call first.
///
/// # Errors
/// A sentence that says why there is none.
pub async fn stack(url: &str) -> Result<Vec<Frame>, String> {
  let address = address(url)?;
  let failed = |error: &dyn std::fmt::Display| format!("its inspector could not be asked: {error}");
  let stream = TcpStream::connect(address).await.map_err(|error| failed(&error))?;
  let (mut socket, _) = client_async(url, stream).await.map_err(|error| failed(&error))?;
  for (id, method) in [(1, "Debugger.enable"), (2, "Debugger.pause")] {
    let command = json!({ "id": id, "method": method }).to_string();
    send(&mut socket, Message::text(command)).await.map_err(|error| failed(&error))?;
  }
  let mut scripts = Scripts::default();
  loop {
    let text = match next(&mut socket).await.map_err(|error| failed(&error))? {
      Message::Text(text) => text,
      Message::Close(_) => return Err(failed(&"it closed the connection")),
      Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
    };
    let told: Value = serde_json::from_str(&text).map_err(|error| failed(&error))?;
    match told.get("method").and_then(Value::as_str) {
      Some("Debugger.scriptParsed") => scripts.add(&told["params"]),
      Some("Debugger.paused") => {
        let frames = scripts.frames(&told["params"]);
        return if frames.is_empty() {
          Err("no script was running".to_owned())
        } else {
          Ok(frames)
        };
      }
      _ => {}
    }
  }
}

type Socket = WebSocketStream<TcpStream>;
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

async fn send(socket: &mut Socket, message: Message) -> Outcome<()> {
  use futures_util::SinkExt as _;
  Ok(socket.send(message).await?)
}

async fn next(socket: &mut Socket) -> Outcome<Message> {
  use futures_util::StreamExt as _;
  Ok(socket.next().await.ok_or("it is gone")??)
}

/// The address in a URL such as `ws://127.0.0.1:38919/0f2c936f-...`. Nobody is asked but this machine.
fn address(url: &str) -> Result<SocketAddr, String> {
  let authority = url.strip_prefix("ws://").and_then(|rest| rest.split('/').next());
  let address: Option<SocketAddr> = authority.and_then(|authority| authority.parse().ok());
  match address {
    Some(address) if address.ip().is_loopback() => Ok(address),
    _ => Err(format!("its inspector is not on the loopback interface: {url}")),
  }
}

/// The paths of scripts by their ids.
#[derive(Debug, Default)]
struct Scripts(std::collections::HashMap<String, String>);

impl Scripts {
  fn add(&mut self, script: &Value) {
    if let (Some(id), Some(url)) = (script["scriptId"].as_str(), script["url"].as_str()) {
      self.0.insert(id.to_owned(), url.to_owned());
    }
  }

  fn frames(&self, paused: &Value) -> Vec<Frame> {
    let calls = paused["callFrames"].as_array().map(Vec::as_slice).unwrap_or_default();
    calls.iter().take(FRAMES).map(|call| self.frame(call)).collect()
  }

  fn frame(&self, call: &Value) -> Frame {
    let location = &call["location"];
    let script = location["scriptId"].as_str().and_then(|id| self.0.get(id)).cloned();
    let number = |name: &str| {
      let number = location[name].as_u64().and_then(|number| u32::try_from(number).ok());
      number.unwrap_or_default().saturating_add(1)
    };
    Frame {
      function: call["functionName"].as_str().unwrap_or_default().to_owned(),
      script: script.unwrap_or_default(),
      line: number("lineNumber"),
      column: number("columnNumber"),
    }
  }
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use std::net::Ipv4Addr;

  use futures_util::{SinkExt as _, StreamExt as _};
  use tokio::net::TcpListener;

  use super::*;

  #[test]
  fn asks_this_machine_only() {
    assert!(address("ws://127.0.0.1:9229/a").is_ok());
    assert!(address("ws://[::1]:9229/a").is_ok());
    for url in
      ["ws://0.0.0.0:9229/a", "ws://10.0.0.1:9229/a", "http://127.0.0.1:1/", "", "ws://a:1/"]
    {
      assert!(address(url).is_err(), "{url}");
    }
  }

  /// Plays an inspector that answers what Node.js answers.
  async fn inspector(answers: Vec<Value>) -> String {
    let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("ws://{}/id", server.local_addr().unwrap());
    tokio::spawn(async move {
      let (stream, _) = server.accept().await.unwrap();
      let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
      for method in ["Debugger.enable", "Debugger.pause"] {
        let asked = socket.next().await.unwrap().unwrap();
        let asked: Value = serde_json::from_str(asked.to_text().unwrap()).unwrap();
        assert_eq!(asked["method"], method);
      }
      for answer in answers {
        socket.send(Message::text(answer.to_string())).await.unwrap();
      }
      socket.close(None).await.unwrap();
    });
    url
  }

  #[tokio::test]
  async fn reads_a_stack() {
    let call = |function: &str, script: &str| {
      json!({
        "functionName": function,
        "location": { "scriptId": script, "lineNumber": 20, "columnNumber": 4 },
      })
    };
    let url = inspector(vec![
      json!({ "id": 1, "result": {} }),
      json!({ "method": "Debugger.scriptParsed", "params": { "scriptId": "7", "url": "file:///app.mjs" } }),
      json!({ "method": "Debugger.paused", "params": { "callFrames": [call("spin", "7"), call("", "8")] } }),
    ])
    .await;
    let frames = stack(&url).await.unwrap();
    let shown: Vec<String> = frames.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["spin (file:///app.mjs:21:5)", "(anonymous) ((no file):21:5)"]);
  }

  #[tokio::test]
  async fn says_why_there_is_none() {
    let url = inspector(vec![json!({ "id": 1, "result": {} })]).await;
    assert!(stack(&url).await.unwrap_err().starts_with("its inspector could not be asked: "));
    let nothing = json!({ "method": "Debugger.paused", "params": { "callFrames": [] } });
    let url = inspector(vec![nothing]).await;
    assert_eq!(stack(&url).await.unwrap_err(), "no script was running");
  }
}
