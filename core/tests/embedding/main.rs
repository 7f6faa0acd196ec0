//! polyspan inside hosts that do what hosts do: close it early, use it late, fork without a word, end threads anyhow.

#![cfg(target_os = "linux")]
#![allow(unsafe_code, reason = "hosts fork and close descriptors")]

#[path = "../forking/mod.rs"]
mod forking;
#[path = "../scripted_server/mod.rs"]
mod scripted_server;
#[path = "../sink/mod.rs"]
mod sink;

mod descriptors;
mod forks;
mod shutdown;
mod threads;

use polyspan::{Config, Provider};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Long enough that only a bug reaches it.
const LONG: Duration = Duration::from_secs(30);

fn provider(url: &str, options: &[(&str, &str)]) -> Provider {
    let mut config = Config::default();
    config.set("endpoint", url).unwrap();
    for (name, value) in options {
        config.set(name, value).unwrap();
    }
    Provider::new(config).unwrap()
}

fn wait_until(what: &str, reached: impl Fn() -> bool) {
    let until = Instant::now() + LONG;
    while !reached() {
        assert!(Instant::now() < until, "{what}: never");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// What `work` returns, unless it hangs.
#[track_caller]
fn returns<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || tell.send(work()));
    told.recv_timeout(LONG)
        .expect("it returns long before this")
}
