//! Who holds a port, for the message that says it is taken. Where the platform does not tell: nobody.

/// The process that listens on a TCP port of this machine, if we may see it.
#[cfg(target_os = "linux")]
pub(super) fn pid(port: u16) -> Option<u32> {
  let sockets: Vec<_> = ["/proc/net/tcp", "/proc/net/tcp6"]
    .iter()
    .filter_map(|table| std::fs::read_to_string(table).ok())
    .flat_map(|table| listeners(&table, port))
    .map(|inode| format!("socket:[{inode}]"))
    .collect();
  if sockets.is_empty() {
    return None;
  }
  let owns = |pid: &u32| {
    let Ok(files) = std::fs::read_dir(format!("/proc/{pid}/fd")) else {
      return false;
    };
    files
      .flatten()
      .filter_map(|file| std::fs::read_link(file.path()).ok())
      .any(|target| sockets.iter().any(|socket| target.as_os_str() == socket.as_str()))
  };
  let processes = std::fs::read_dir("/proc").ok()?.flatten();
  processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).find(owns)
}

/// The process that listens on a TCP port of this machine, if we may see it.
#[cfg(not(target_os = "linux"))]
pub(super) fn pid(_port: u16) -> Option<u32> {
  None
}

/// The inodes of the sockets in state LISTEN (0A) on `port`, from the kernel's table.
#[cfg(target_os = "linux")]
fn listeners(table: &str, port: u16) -> Vec<String> {
  let inode = |line: &str| {
    // sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode ...
    let mut columns = line.split_ascii_whitespace();
    let (_, local) = columns.nth(1)?.rsplit_once(':')?;
    let state = columns.nth(1)?;
    let listens = state == "0A" && u16::from_str_radix(local, 16) == Ok(port);
    listens.then(|| columns.nth(5).map(str::to_owned))?
  };
  table.lines().skip(1).filter_map(inode).collect()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

  use super::*;

  const TABLE: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 0
   1: 0100007F:1F90 0100007F:C001 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0 20 4 30 10 -1
   2: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4713 1 0 100 0 0 10 0
";

  #[test]
  fn finds_listeners_of_the_port_only() {
    assert_eq!(listeners(TABLE, 8080), ["4711"]);
    assert!(listeners(TABLE, 80).is_empty());
    assert!(listeners("", 8080).is_empty());
  }

  #[test]
  fn finds_this_process() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    assert_eq!(pid(listener.local_addr().unwrap().port()), Some(std::process::id()));
  }
}
