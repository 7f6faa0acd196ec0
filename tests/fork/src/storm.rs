//! Forks while the worker is in a request and other threads end spans; every child must export its own spans, and only
//! those, and nobody may hang.

#![allow(unsafe_code)]

use crate::shared::Flag;
use polyspan::{Config, Provider, Tracer};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

const THREADS: usize = 4;
const SPANS_OF_A_CHILD: u64 = 20;
const PATIENCE: Duration = Duration::from_secs(10);

/// Which threads are inside `Span::end`. A child's copy shows them as they were at the fork.
static APPENDING: [AtomicBool; THREADS] = [const { AtomicBool::new(false) }; THREADS];
static STOP: AtomicBool = AtomicBool::new(false);
static ENDED: AtomicU64 = AtomicU64::new(0);

/// What the children came to.
#[derive(Debug, Default)]
struct Tally {
    whole: u64,
    short: u64,
    hung: u64,
    mid_request: u64,
    mid_append: u64,
}

pub(crate) fn run(forks: u64) -> ExitCode {
    let path = std::env::temp_dir().join(format!("polyspan-fork-{}", std::process::id()));
    let path = path.to_string_lossy().into_owned();
    let flag = Flag::open(&path).expect("the flag's file can be mapped");
    let (mut sink, port) = start_sink(&path);
    let _ = std::fs::remove_file(&path);
    let mut config = Config::default();
    let url = format!("http://127.0.0.1:{port}");
    config.set("endpoint", &url).expect("a URL");
    config.set("schedule_delay", "5").expect("a delay");
    config.set("max_export_batch_size", "64").expect("a size");
    let provider = Provider::new(config).expect("valid options");
    let tracer = provider.tracer("fork");
    let threads: Vec<_> = (0..THREADS)
        .map(|number| std::thread::spawn(move || keep_ending(tracer, number)))
        .collect();
    wait_for_traffic(provider);

    let mut tally = Tally::default();
    let started = Instant::now();
    for number in 0..forks {
        fork_once(provider, tracer, flag, &mut tally);
        if (number + 1) % 100 == 0 {
            println!("{} of {forks} forks, {:.1?}", number + 1, started.elapsed());
        }
    }
    STOP.store(true, Ordering::SeqCst);
    for thread in threads {
        thread.join().expect("no thread panics");
    }
    let flushed = provider.shutdown(Duration::from_secs(10));
    let report = report(port);
    let passed = judge(&tally, &report, forks, provider, flushed.is_ok());
    let _ = sink.kill();
    let _ = sink.wait();
    if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn start_sink(flag: &str) -> (Child, u16) {
    let mut sink = Command::new(std::env::current_exe().expect("own path"))
        .args(["sink", flag])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the sink starts");
    let mut line = String::new();
    BufReader::new(sink.stdout.take().expect("piped"))
        .read_line(&mut line)
        .expect("the sink says its port");
    let port = line.trim().parse().expect("a port");
    (sink, port)
}

fn keep_ending(tracer: Tracer, number: usize) {
    while !STOP.load(Ordering::Relaxed) {
        let mut span = tracer.start("parent");
        span.set_attribute("number", number as i64);
        APPENDING[number].store(true, Ordering::SeqCst);
        span.end();
        APPENDING[number].store(false, Ordering::SeqCst);
        // The script of the load: it leaves some time to the others, as this machine may have two cores.
        if ENDED.fetch_add(1, Ordering::Relaxed).is_multiple_of(256) {
            std::thread::sleep(Duration::from_micros(200));
        }
    }
}

/// Waits until the worker has exported spans of the threads.
fn wait_for_traffic(provider: Provider) {
    let deadline = Instant::now() + PATIENCE;
    while provider.stats().delivered == 0 {
        assert!(Instant::now() < deadline, "nothing is exported");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn fork_once(provider: Provider, tracer: Tracer, flag: Flag, tally: &mut Tally) {
    // SAFETY: the child below runs nothing but polyspan and leaves with `_exit`; that this works is what is tested.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        let status = child(provider, tracer, flag.is_up());
        // SAFETY: ends the child at once, without the parent's exit handlers.
        unsafe { libc::_exit(status) };
    }
    assert!(pid > 0, "fork failed");
    match wait(pid) {
        None => tally.hung += 1,
        Some(status) => {
            let reached = status & 1 == 0;
            tally.whole += u64::from(reached);
            tally.short += u64::from(!reached);
            tally.mid_request += u64::from(status & 2 != 0);
            tally.mid_append += u64::from(status & 4 != 0);
        }
    }
}

/// Exit status: 1 not everything was delivered, 2 forked during a request, 4 forked during an append.
fn child(provider: Provider, tracer: Tracer, mid_request: bool) -> i32 {
    let mid_append = APPENDING.iter().any(|flag| flag.load(Ordering::SeqCst));
    for _ in 0..SPANS_OF_A_CHILD {
        tracer.start("child").end();
    }
    let flushed = provider.flush(PATIENCE / 2);
    let stats = provider.stats();
    let whole = flushed.is_ok() && stats.delivered == SPANS_OF_A_CHILD && stats.is_balanced();
    i32::from(!whole) | i32::from(mid_request) << 1 | i32::from(mid_append) << 2
}

fn wait(pid: libc::pid_t) -> Option<i32> {
    let deadline = Instant::now() + PATIENCE;
    let mut status = 0;
    loop {
        // SAFETY: `status` is valid for writing; `pid` is our child.
        if unsafe { libc::waitpid(pid, &raw mut status, libc::WNOHANG) } == pid {
            return Some(if libc::WIFEXITED(status) {
                libc::WEXITSTATUS(status)
            } else {
                1
            });
        }
        if Instant::now() > deadline {
            // SAFETY: our child, which hangs.
            unsafe {
                libc::kill(pid, libc::SIGKILL);
                libc::waitpid(pid, &raw mut status, 0);
            }
            return None;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
}

fn report(port: u16) -> serde_json::Value {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the sink is there");
    stream
        .write_all(b"GET /report HTTP/1.1\r\nconnection: close\r\n\r\n")
        .expect("write");
    let mut answer = vec![0; 4096];
    let read = stream.read(&mut answer).expect("an answer");
    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
    let body = answer.split("\r\n\r\n").nth(1).expect("a body");
    serde_json::from_str(body).expect("JSON")
}

fn judge(
    tally: &Tally,
    report: &serde_json::Value,
    forks: u64,
    provider: Provider,
    flushed: bool,
) -> bool {
    let stats = provider.stats();
    println!("{tally:?}\nsink: {report}\nparent: {}", stats.to_json());
    let of_children = report["by_name"]["child"].as_u64().unwrap_or(0);
    let of_parent = report["by_name"]["parent"].as_u64().unwrap_or(0);
    let checks = [
        ("no child hung", tally.hung == 0),
        (
            "every child delivered its spans",
            tally.whole == forks && tally.short == 0,
        ),
        ("forks happened during requests", tally.mid_request > 0),
        ("forks happened during appends", tally.mid_append > 0),
        (
            "the sink has every child's spans",
            of_children == forks * SPANS_OF_A_CHILD,
        ),
        ("no span came twice", report["twice"] == 0),
        (
            "the parent's delivered spans are in the sink",
            of_parent == stats.delivered,
        ),
        (
            "the parent lost nothing uncounted",
            flushed && stats.is_balanced(),
        ),
    ];
    for (what, holds) in checks {
        println!("{} {what}", if holds { "ok    " } else { "FAILED" });
    }
    let failed = checks.iter().filter(|(_, holds)| !holds).count();
    println!("{} passed, {failed} failed", checks.len() - failed);
    failed == 0
}
