#[cfg(not(loom))]
mod behaviour {
    use crate::slab::{MOST_SLOTS, Refusal, Slab};
    use std::sync::atomic::{AtomicUsize, Ordering};

    const KIND: u8 = 4;

    fn insert<T: Send>(slab: &Slab<T>, value: T) -> u64 {
        slab.vacancy().unwrap().fill(value)
    }

    #[test]
    fn a_handle_leads_to_its_value_until_it_is_removed() {
        let slab = Slab::new(KIND, 8);
        let handle = insert(&slab, String::from("a"));
        slab.enter(handle).unwrap().with(|text| text.push('b'));
        assert_eq!(slab.enter(handle).unwrap().remove().as_deref(), Some("ab"));
        assert_eq!(slab.enter(handle).err(), Some(Refusal::Stale));
    }

    #[test]
    fn a_slot_is_used_again_under_another_handle() {
        let slab = Slab::new(KIND, 1);
        let first = insert(&slab, 1);
        assert!(slab.vacancy().is_none(), "the slab has one slot");
        slab.enter(first).unwrap().remove();
        let second = insert(&slab, 2);
        assert_ne!(first, second);
        assert_eq!(first % MOST_SLOTS as u64, second % MOST_SLOTS as u64);
        assert_eq!(slab.enter(first).err(), Some(Refusal::Stale));
        assert_eq!(slab.enter(second).unwrap().with(|value| *value), Some(2));
    }

    #[test]
    fn a_vacancy_that_is_not_filled_is_free_again() {
        let slab = Slab::<u8>::new(KIND, 1);
        drop(slab.vacancy().unwrap());
        assert!(slab.vacancy().is_some());
    }

    #[test]
    fn numbers_that_are_no_handles_are_refused() {
        let slab = Slab::new(KIND, 8);
        let handle = insert(&slab, 0);
        let other_kind = Slab::new(KIND + 1, 8);
        let foreign = insert(&other_kind, 0);
        for wrong in [
            0,
            1,
            u64::MAX,
            foreign,
            handle + 1,
            handle ^ 1 << 20,
            handle ^ 1 << 59,
        ] {
            assert_eq!(slab.enter(wrong).err(), Some(Refusal::Stale), "{wrong:x}");
        }
    }

    #[test]
    fn another_copy_of_the_library_has_other_handles() {
        let (one, other) = (Slab::new(KIND, 8), Slab::new(KIND, 8));
        assert_ne!(insert(&one, 0), insert(&other, 0));
    }

    #[test]
    fn a_value_in_which_a_panic_happened_is_gone_and_its_slot_stays_empty() {
        let slab = Slab::new(KIND, 1);
        let handle = insert(&slab, 0);
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let mut entered = slab.enter(handle).unwrap();
            entered.with(|_| panic!("half-way"));
        }));
        assert!(result.is_err());
        assert_eq!(slab.enter(handle).err(), Some(Refusal::Stale));
        assert!(slab.vacancy().is_none());
    }

    #[test]
    fn a_thread_that_is_unwinding_already_may_use_values() {
        struct UsesWhenDropped<'s>(&'s Slab<u32>, u64);
        impl Drop for UsesWhenDropped<'_> {
            fn drop(&mut self) {
                self.0.enter(self.1).unwrap().with(|value| *value += 1);
            }
        }
        let slab = Slab::new(KIND, 1);
        let handle = insert(&slab, 0);
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _user = UsesWhenDropped(&slab, handle);
            panic!("of the host");
        }));
        assert_eq!(slab.enter(handle).unwrap().with(|value| *value), Some(1));
    }

    #[test]
    fn a_value_in_use_by_a_thread_that_a_fork_left_behind_is_not_waited_for() {
        let slab = Slab::new(KIND, 1);
        let handle = insert(&slab, 0);
        let _held = slab.enter(handle).unwrap();
        let slot = slab.slots.get(0).unwrap();
        slot.born
            .store(crate::process::generation() + 1, Ordering::Relaxed);
        let before = std::time::Instant::now();
        assert_eq!(slab.enter(handle).err(), Some(Refusal::Busy));
        assert!(before.elapsed() < std::time::Duration::from_millis(500));
    }

    #[test]
    fn many_threads_share_values_and_slots() {
        const THREADS: usize = 4;
        const ROUNDS: usize = 5_000;
        let slab = Slab::new(KIND, 64);
        let shared = insert(&slab, 0_usize);
        let removed = AtomicUsize::new(0);
        let contested = insert(&slab, 0_usize);
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let (slab, removed) = (&slab, &removed);
                scope.spawn(move || {
                    for round in 0..ROUNDS {
                        slab.enter(shared).unwrap().with(|count| *count += 1);
                        let own = insert(slab, thread * ROUNDS + round);
                        let value = slab.enter(own).unwrap().remove();
                        assert_eq!(value, Some(thread * ROUNDS + round));
                        assert_eq!(slab.enter(own).err(), Some(Refusal::Stale));
                        if let Ok(contested) = slab.enter(contested)
                            && contested.remove().is_some()
                        {
                            removed.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        let count = slab.enter(shared).unwrap().with(|count| *count);
        assert_eq!(count, Some(THREADS * ROUNDS));
        assert_eq!(removed.load(Ordering::Relaxed), 1);
        assert!(slab.slots.count() <= 2 + THREADS);
    }
}

/// Run by `make test-loom`.
#[cfg(loom)]
mod model {
    use crate::slab::{Refusal, Slab};
    use loom::sync::Arc;
    use loom::thread;

    #[test]
    fn a_value_is_removed_once_and_changes_are_seen() {
        loom::model(|| {
            let slab = Arc::new(Slab::new(1, 4));
            let handle = slab.vacancy().unwrap().fill(0_u32);
            let other = {
                let slab = slab.clone();
                thread::spawn(move || {
                    let mut entered = slab.enter(handle)?;
                    entered.with(|value| *value += 1);
                    drop(entered);
                    Ok(slab.enter(handle)?.remove())
                })
            };
            let own = slab.enter(handle).and_then(|mut entered| {
                entered.with(|value| *value += 10);
                drop(entered);
                Ok(slab.enter(handle)?.remove())
            });
            let other: Result<_, Refusal> = other.join().unwrap();
            let removed: Vec<u32> = [own, other].into_iter().flatten().flatten().collect();
            assert_eq!(removed.len(), 1, "{own:?} {other:?}");
            assert!(matches!(removed[0], 1 | 10 | 11), "{removed:?}");
        });
    }

    #[test]
    fn a_freed_slot_goes_to_one_thread_and_its_old_handle_stays_stale() {
        loom::model(|| {
            let slab = Arc::new(Slab::new(1, 2));
            let first = slab.vacancy().unwrap().fill(1_u32);
            slab.enter(first).unwrap().remove();
            let other = {
                let slab = slab.clone();
                thread::spawn(move || {
                    let handle = slab.vacancy()?.fill(2);
                    slab.enter(handle).ok()?.remove()
                })
            };
            let own = slab
                .vacancy()
                .map(|vacancy| vacancy.fill(3))
                .and_then(|handle| slab.enter(handle).ok()?.remove());
            assert_eq!(slab.enter(first).err(), Some(Refusal::Stale));
            let other = other.join().unwrap();
            assert!(own.is_none_or(|value| value == 3));
            assert!(other.is_none_or(|value| value == 2));
        });
    }
}
