//! One byte that two processes share: whether the backend is in the middle of a request.

#![allow(unsafe_code)]

use std::fs::OpenOptions;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU8, Ordering};

/// A byte of a file that is mapped into memory; never unmapped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flag(&'static AtomicU8);

impl Flag {
    /// Maps the first byte of the file, which is made if it is not there.
    pub(crate) fn open(path: &str) -> io::Result<Flag> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        file.set_len(1)?;
        // SAFETY: a fresh shared mapping of one byte of a file that is one byte long.
        let address = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                1,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                file.as_raw_fd(),
                0,
            )
        };
        if address == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the mapping is valid for one byte, aligned, and stays until the process ends.
        Ok(Flag(unsafe { AtomicU8::from_ptr(address.cast()) }))
    }

    pub(crate) fn set(self, up: bool) {
        self.0.store(u8::from(up), Ordering::SeqCst);
    }

    pub(crate) fn is_up(self) -> bool {
        self.0.load(Ordering::SeqCst) == 1
    }
}
