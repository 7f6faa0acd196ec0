//! Where a value of a Python object is touched.
//!
//! Under the GIL a cell has no lock: whoever holds a `Python` token is alone, as long as what it does inside neither runs
//! Python nor lets go of the GIL. So every caller converts its arguments before it enters and drops Python objects after it
//! has left. Should that rule be broken by mistake (an attribute's `__str__` that ends the same span, say), the second
//! entry finds the cell busy and is refused; it never sees a half-written value.
//!
//! Free-threaded builds have no such exclusion and use a mutex.
//!
//! A panic inside is a bug of polyspan and not the host's problem: the cell is closed for good, the host goes on.

#![allow(unsafe_code)]

use pyo3::Python;
use std::panic::{AssertUnwindSafe, catch_unwind};

#[cfg(not(Py_GIL_DISABLED))]
pub(crate) use gil::Guarded;
#[cfg(Py_GIL_DISABLED)]
pub(crate) use lock::Guarded;

#[cfg(not(Py_GIL_DISABLED))]
mod gil {
    use super::*;
    use std::cell::{Cell, UnsafeCell};

    /// A value that is entered by one caller at a time; gone after a panic.
    pub(crate) struct Guarded<T> {
        busy: Cell<bool>,
        value: UnsafeCell<Option<T>>,
    }

    // SAFETY: both fields are only touched with a `Python` token in hand, that is under the GIL, or with exclusive access
    // (`take`); values move between threads, so they must be `Send`.
    unsafe impl<T: Send> Sync for Guarded<T> {}

    impl<T> Guarded<T> {
        #[inline]
        pub(crate) fn new(value: T) -> Self {
            Self {
                busy: Cell::new(false),
                value: UnsafeCell::new(Some(value)),
            }
        }

        /// Runs `body` on the value. `body` must not run Python. `None`: refused, see the module's documentation.
        #[inline]
        pub(crate) fn enter<R>(
            &self,
            _py: Python<'_>,
            body: impl FnOnce(&mut T) -> R,
        ) -> Option<R> {
            if self.busy.replace(true) {
                return None;
            }
            // SAFETY: the token proves that this thread holds the GIL, and `busy` that nobody is inside already, so this is
            // the only reference.
            let slot = unsafe { &mut *self.value.get() };
            let result = run(slot, body);
            self.busy.set(false);
            result
        }

        /// The value, if it is there, when nobody can enter any more.
        pub(crate) fn take(&mut self) -> Option<T> {
            self.value.get_mut().take()
        }
    }
}

#[cfg(Py_GIL_DISABLED)]
mod lock {
    use super::*;
    use std::sync::{Mutex, PoisonError};

    /// A value that is entered by one caller at a time; gone after a panic.
    pub(crate) struct Guarded<T>(Mutex<Option<T>>);

    impl<T> Guarded<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(Mutex::new(Some(value)))
        }

        /// Runs `body` on the value. `body` must not run Python. `None`: a panic took the value.
        pub(crate) fn enter<R>(
            &self,
            _py: Python<'_>,
            body: impl FnOnce(&mut T) -> R,
        ) -> Option<R> {
            let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            run(&mut slot, body)
        }

        /// The value, if it is there, when nobody can enter any more.
        pub(crate) fn take(&mut self) -> Option<T> {
            let slot = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
            slot.take()
        }
    }
}

#[inline]
fn run<T, R>(slot: &mut Option<T>, body: impl FnOnce(&mut T) -> R) -> Option<R> {
    let value = slot.as_mut()?;
    match catch_unwind(AssertUnwindSafe(|| body(value))) {
        Ok(result) => Some(result),
        Err(_) => {
            // Its destructor may trip over what the panic left.
            std::mem::forget(slot.take());
            None
        }
    }
}
