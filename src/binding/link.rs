//! Channels for messages of the app, as JavaScript drives them.
//!
//! The event loop reads, as it does for any socket, and gives what it read to `feed`: one entry for
//! everything that arrived. A batch of messages goes out by one call, too.

use std::{
  mem,
  os::fd::{FromRawFd as _, IntoRawFd as _, OwnedFd},
  ptr,
  time::Duration,
};

use napi::{
  Env, Status, ValueType,
  bindgen_prelude::{BufferSlice, Error, Null, Result, ToNapiValue, TypeName, Uint8Array},
  check_status, sys,
};
use napi_derive::napi;
use serde_json::Value;

use super::settle::to_js;
use crate::ipc::{
  agent::own,
  compress::compress,
  frame::{COMPRESSED, HEADER, header},
  incoming::{BATCH, Incoming, LONG, Payload, RAW},
  messages::pair,
  outgoing::{Outgoing, Refused},
  settings::IpcSettings,
};

/// A channel for messages of the app.
#[napi(object, object_from_js = false)]
pub struct NativeChannel {
  /// The worker; empty in a worker.
  pub worker_id: String,
  /// The process: the worker, or this one.
  pub pid: u32,
  /// Reads from it.
  pub read_fd: i32,
  /// Writes to it; the same socket.
  pub write_fd: i32,
  /// The section `ipc` of the configuration, defaults filled in.
  #[napi(ts_type = "unknown")]
  pub settings: Value,
}

impl NativeChannel {
  /// Both descriptors belong to JavaScript from here on.
  pub fn new(worker_id: String, pid: u32, end: OwnedFd, settings: &IpcSettings) -> Result<Self> {
    let write = end.try_clone().map_err(|error| failed(&error))?;
    Ok(Self {
      worker_id,
      pid,
      read_fd: end.into_raw_fd(),
      write_fd: write.into_raw_fd(),
      settings: serde_json::to_value(settings)?,
    })
  }
}

/// The descriptors of a new channel.
#[napi(object, object_from_js = false)]
pub struct NativePair {
  /// Reads at this end.
  pub read_fd: i32,
  /// Writes at this end; the same socket.
  pub write_fd: i32,
  /// The other end, for a child to inherit.
  pub child_fd: i32,
}

/// The native half of a channel for messages.
#[napi]
pub struct NativeLink {
  outgoing: Outgoing,
  incoming: Incoming,
  /// Why nothing more can be read.
  broken: Option<String>,
  compression: bool,
}

/// A frame was not taken: as much waits as may wait.
const FULL: f64 = -1.0;
/// A frame was not taken: the channel is closed.
const CLOSED: f64 = -2.0;

#[napi]
impl NativeLink {
  /// Writes to `writeFd`, and closes it. Messages have at most `maxMessage` bytes; `maxWaiting` bytes
  /// may wait for the peer.
  #[napi(constructor)]
  pub fn new(write_fd: i32, max_message: u32, max_waiting: f64, compression: bool) -> Self {
    // SAFETY: JavaScript has it from a channel, `pair` or `adopt`, and gives it away.
    let socket = unsafe { OwnedFd::from_raw_fd(write_fd) };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size in bytes")]
    let outgoing = Outgoing::new(socket, max_waiting as usize);
    let incoming = Incoming::new(max_message as usize);
    Self { outgoing, incoming, broken: None, compression }
  }

  /// What the section `ipc` of a configuration comes to. Throws `ERR_CONFIGURATION`.
  #[napi(ts_args_type = "section: unknown", ts_return_type = "unknown")]
  pub fn settings(env: Env, section: Value) -> Result<Value> {
    let settings = IpcSettings::read(&section).map_err(|error| to_js(env, &error))?;
    Ok(serde_json::to_value(settings)?)
  }

  /// The descriptors of a new channel, for a process that JavaScript starts.
  #[napi]
  pub fn pair() -> Result<NativePair> {
    let (ours, theirs) = pair().map_err(|error| failed(&error))?;
    let write = ours.try_clone().map_err(|error| failed(&error))?;
    Ok(NativePair {
      read_fd: ours.into_raw_fd(),
      write_fd: write.into_raw_fd(),
      child_fd: theirs.into_raw_fd(),
    })
  }

  /// Take over the channel that was inherited as `fd`: the descriptors to read and to write.
  #[napi]
  pub fn adopt(fd: i32) -> Result<Vec<i32>> {
    // SAFETY: the parent opened the descriptor for this package alone, and its variable is read once.
    let fd = unsafe { own(fd) }.map_err(|error| failed(&error))?;
    let write = fd.try_clone().map_err(|error| failed(&error))?;
    Ok(vec![fd.into_raw_fd(), write.into_raw_fd()])
  }

  /// Close a descriptor that this package opened.
  #[napi]
  pub fn close_fd(fd: i32) {
    // SAFETY: JavaScript has it from `pair`, `adopt` or a channel, and forgets it with this call.
    drop(unsafe { OwnedFd::from_raw_fd(fd) });
  }

  /// Send a batch: the first `headsLength` bytes of its `heads`, and the first `listLength` of its
  /// `list`, which are UTF-8. Returns the bytes that wait; -1: too many do, and this was not taken; -2:
  /// closed.
  // Of bytes as a slice the engine is asked for their array buffer, and Bun has to make one: two microseconds
  // for each chunk that is read. A buffer is only asked where it is.
  #[napi(
    ts_args_type = "heads: Uint8Array, headsLength: number, list: Uint8Array, listLength: number"
  )]
  pub fn send_batch(
    &self,
    heads: BufferSlice<'_>,
    heads_length: u32,
    list: BufferSlice<'_>,
    list_length: u32,
  ) -> f64 {
    let parts = heads.get(..heads_length as usize).zip(list.get(..list_length as usize));
    let Some((heads, list)) = parts else {
      return CLOSED;
    };
    let size = heads.len() as u64;
    let sent = if self.compression
      && let Some(packed) = compress(list)
    {
      let head = head(heads.len() + packed.len(), BATCH, COMPRESSED, size);
      self.outgoing.send(&[&head, heads, &packed])
    } else {
      self.outgoing.send(&[&head(heads.len() + list.len(), BATCH, 0, size), heads, list])
    };
    outcome(sent)
  }

  /// Send one message that carries bytes, which may be UTF-8 for a text. Returns as `sendBatch`.
  #[napi(ts_args_type = "envelope: string, bytes: Uint8Array, isText: boolean")]
  pub fn send_raw(&self, envelope: String, bytes: BufferSlice<'_>, is_text: bool) -> f64 {
    let bytes = bytes.as_ref();
    let kind = if is_text { LONG } else { RAW };
    let envelope = envelope.as_bytes();
    let size = envelope.len() as u64;
    let sent = if self.compression
      && let Some(packed) = compress(&[envelope, bytes].concat())
    {
      self.outgoing.send(&[&head(packed.len(), kind, COMPRESSED, size), &packed])
    } else {
      let head = head(envelope.len() + bytes.len(), kind, 0, size);
      self.outgoing.send(&[&head, envelope, bytes])
    };
    outcome(sent)
  }

  /// Take the bytes of `chunk` from `from` to `to`, as they were read. Returns what became whole: a
  /// string is the list of a batch, whose heads are put into `heads`, behind those of the batch before;
  /// bytes and the string behind them are a message; `true` and the two strings behind it are one with
  /// text; `null`, the last, says that the peer does not speak the protocol. The next call throws what is
  /// wrong; the channel is of no use then.
  #[napi(
    ts_args_type = "chunk: Uint8Array, from: number, to: number, heads: Uint8Array",
    ts_return_type = "(string | Uint8Array | true | null)[]"
  )]
  pub fn feed(
    &mut self,
    env: Env,
    chunk: BufferSlice<'_>,
    from: u32,
    to: u32,
    mut heads: BufferSlice<'_>,
  ) -> Result<Vec<Item>> {
    if let Some(reason) = &self.broken {
      return Err(Error::new(Status::GenericFailure, reason.clone()));
    }
    let mut items = Vec::new();
    let mut places = &mut *heads;
    let read = chunk.get(from as usize..to as usize).unwrap_or_default();
    let fed = self.incoming.feed(read, |payload| {
      match payload {
        Payload::Batch { heads, list } => {
          let Some((place, rest)) = mem::take(&mut places).split_at_mut_checked(heads.len()) else {
            return Err("more messages than are sent at once".to_owned());
          };
          place.copy_from_slice(heads);
          places = rest;
          items.push(Item::text(env, list));
        }
        Payload::Raw { envelope, bytes } => {
          items.push(Item::bytes(env, bytes.to_vec()));
          items.push(Item::text(env, envelope));
        }
        Payload::Long { envelope, data } => {
          items.push(Item::mark(env));
          items.push(Item::text(env, data));
          items.push(Item::text(env, envelope));
        }
      }
      Ok(())
    });
    if let Err(reason) = fed {
      self.broken = Some(reason);
      items.push(Item::broken(env));
    }
    items.into_iter().collect()
  }

  /// Whether the peer left in the middle of a frame, if it has left.
  #[napi]
  pub fn is_mid_frame(&self) -> bool {
    self.incoming.is_mid_frame()
  }

  /// Bytes that wait for the peer.
  #[napi]
  pub fn waiting(&self) -> f64 {
    float(self.outgoing.waiting())
  }

  /// Wait until the peer's side of the kernel has everything, at most `patience` ms. Whether it has.
  #[napi]
  pub fn flush(&self, patience: u32) -> bool {
    self.outgoing.flush(Duration::from_millis(u64::from(patience)))
  }

  /// Give up what waits.
  #[napi]
  pub fn close(&self) {
    self.outgoing.close();
  }
}

fn head(length: usize, kind: u8, flags: u16, id: u64) -> [u8; HEADER] {
  // Callers stay far below; a length that is wrong in spite of that ends the channel at the peer.
  header(u32::try_from(length).unwrap_or(u32::MAX), kind, flags, id, 0)
}

fn outcome(sent: std::result::Result<usize, Refused>) -> f64 {
  match sent {
    Ok(waiting) => float(waiting),
    Err(Refused::Full) => FULL,
    Err(Refused::Closed) => CLOSED,
  }
}

#[expect(clippy::cast_precision_loss, reason = "sizes in memory are far below 2^53")]
const fn float(number: usize) -> f64 {
  number as f64
}

fn failed(error: &std::io::Error) -> Error {
  Error::new(Status::GenericFailure, format!("a channel for messages failed: {error}"))
}

/// A value of JavaScript that was just made, for what arrived.
pub struct Item(sys::napi_value);

impl Item {
  fn text(env: Env, text: &str) -> Result<Self> {
    let mut value = ptr::null_mut();
    let size = isize::try_from(text.len()).unwrap_or(isize::MAX);
    // ASCII is the same in both, and needs no decoding in the one.
    let create =
      if text.is_ascii() { sys::napi_create_string_latin1 } else { sys::napi_create_string_utf8 };
    // SAFETY: the text lives until the engine has copied it.
    check_status!(unsafe { create(env.raw(), text.as_ptr().cast(), size, &raw mut value) })?;
    Ok(Self(value))
  }

  fn bytes(env: Env, bytes: Vec<u8>) -> Result<Self> {
    // SAFETY: the engine gave the environment.
    unsafe { Uint8Array::to_napi_value(env.raw(), bytes.into()) }.map(Self)
  }

  fn mark(env: Env) -> Result<Self> {
    // SAFETY: the engine gave the environment.
    unsafe { bool::to_napi_value(env.raw(), true) }.map(Self)
  }

  fn broken(env: Env) -> Result<Self> {
    // SAFETY: the engine gave the environment.
    unsafe { Null::to_napi_value(env.raw(), Null) }.map(Self)
  }
}

impl TypeName for Item {
  fn type_name() -> &'static str {
    "string | Uint8Array | true | null"
  }

  fn value_type() -> ValueType {
    ValueType::Unknown
  }
}

impl ToNapiValue for Item {
  unsafe fn to_napi_value(_env: sys::napi_env, item: Self) -> Result<sys::napi_value> {
    // Made in the call that returns it, so its scope is still open.
    Ok(item.0)
  }
}
