use super::*;
use crate::error::{POLYSPAN_E_DISABLED, POLYSPAN_E_PANIC, POLYSPAN_OK};
use polyspan::Config;

/// A provider that exports nothing, owned by `epoch`.
pub(crate) fn provider(epoch: u64) -> u64 {
    let mut config = Config::from_lookup(&|_| None);
    config.set("exporter", "none").unwrap();
    let index = PROVIDERS.push(Entry {
        provider: Provider::new(config).unwrap(),
        epoch,
        life: AtomicU8::new(life::OPEN),
        untold: PerGeneration::new(),
    });
    handle::provider(index as u32)
}

#[test]
fn a_panic_switches_its_provider_off_and_no_other() {
    let (broken, whole) = (provider(0), provider(0));
    let status = guard(null_mut(), || {
        let _in_use = find(broken)?;
        panic!("a defect");
    });
    assert_eq!(status, POLYSPAN_E_PANIC);
    // SAFETY: null is allowed.
    unsafe {
        let flush = |provider| polyspan_provider_flush(provider, 10, null_mut());
        assert_eq!(flush(broken), POLYSPAN_E_DISABLED);
        assert_eq!(flush(whole), POLYSPAN_OK);
    }
}

#[test]
fn a_panic_of_the_host_switches_nothing_off() {
    struct FlushesWhenDropped(u64);
    impl Drop for FlushesWhenDropped {
        fn drop(&mut self) {
            // SAFETY: null is allowed.
            let status = unsafe { polyspan_provider_flush(self.0, 10, null_mut()) };
            assert_eq!(status, POLYSPAN_OK);
        }
    }
    let provider = provider(0);
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let _host = FlushesWhenDropped(provider);
        panic!("of the host");
    }));
    assert!(find(provider).is_ok());
}

#[test]
fn reaping_takes_what_other_owners_left_once_and_spares_the_process() {
    let (left, mine, of_process) = (provider(7_001), provider(7_002), provider(0));
    let mut reaped = 0;
    // SAFETY: the number is ours.
    unsafe {
        assert_eq!(polyspan_provider_reap(7_002, &raw mut reaped), POLYSPAN_OK);
        assert_eq!(reaped, 1);
        assert_eq!(polyspan_provider_reap(7_002, &raw mut reaped), POLYSPAN_OK);
        assert_eq!(reaped, 0);
    }
    assert!(find(left).unwrap().is_shut_down());
    assert!(!find(mine).unwrap().is_shut_down());
    assert!(!find(of_process).unwrap().is_shut_down());
}

#[test]
fn diagnostics_that_do_not_fit_are_told_the_next_time() {
    let provider = provider(0);
    let entry = find(provider).unwrap().entry;
    let untold = entry.untold.get(process::generation(), Mutex::default);
    untold.lock().unwrap().push_str("something went wrong\n");
    let mut memory = [0_u8; 64];
    let mut buffer = polyspan_buffer {
        data: memory.as_mut_ptr(),
        capacity: 4,
        len: 0,
    };
    // SAFETY: the buffer describes `memory`.
    unsafe {
        let status = polyspan_provider_diagnostics(provider, &raw mut buffer);
        assert_eq!((status, buffer.len), (crate::error::POLYSPAN_E_BUFFER, 21));
        buffer.capacity = 64;
        let status = polyspan_provider_diagnostics(provider, &raw mut buffer);
        assert_eq!((status, buffer.len), (POLYSPAN_OK, 21));
        let status = polyspan_provider_diagnostics(provider, &raw mut buffer);
        assert_eq!((status, buffer.len), (POLYSPAN_OK, 0));
    }
    assert!(memory.starts_with(b"something went wrong\n"));
}
