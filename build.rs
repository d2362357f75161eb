//! Link flags that a Node-API addon needs on each platform.

fn main() {
  napi_build::setup();
  // Node unloads an addon with the last environment that uses it, such as a worker thread's. Our
  // threads outlive that, so the code that they run must stay.
  if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
  }
}
