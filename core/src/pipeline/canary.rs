//! Whether the worker's descriptors are still its own.
//!
//! A host that closes every descriptor it does not know, without a fork before, closes the worker's too, and what it opens
//! next gets their numbers. From then on polyspan must neither write to them nor close them. One more descriptor, which
//! nobody else can have, tells: while it is what it was, so are the others.

use super::Pipeline;
use std::fs::File;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Wake, Waker};

/// One end of a pipe that nothing ever goes through.
#[derive(Debug, Default)]
pub(super) struct Canary(Mutex<Option<(File, Identity)>>);

/// Device and number of the pipe.
type Identity = (u64, u64);

impl Canary {
    /// To be called when the worker has its descriptors.
    #[cfg(unix)]
    pub(super) fn set(&self) -> std::io::Result<()> {
        let (end, _) = std::io::pipe()?;
        let file = File::from(std::os::fd::OwnedFd::from(end));
        let identity = identity(&file)?;
        *self.kept() = Some((file, identity));
        Ok(())
    }

    /// Handles of other systems cannot be taken by number.
    #[cfg(not(unix))]
    pub(super) fn set(&self) -> std::io::Result<()> {
        Ok(())
    }

    /// Whether the worker's descriptors are no longer its own. One system call.
    pub(super) fn is_dead(&self) -> bool {
        self.kept().as_ref().is_some_and(is_other)
    }

    /// To be called when the worker has closed its descriptors.
    pub(super) fn release(&self) {
        let kept = self.kept().take();
        if kept.as_ref().is_some_and(is_other) {
            // The number may be another's: nothing is closed.
            std::mem::forget(kept);
        }
    }

    fn kept(&self) -> MutexGuard<'_, Option<(File, Identity)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_other((file, identity): &(File, Identity)) -> bool {
    self::identity(file).map_or(true, |found| found != *identity)
}

#[cfg(unix)]
fn identity(file: &File) -> std::io::Result<Identity> {
    use std::os::unix::fs::MetadataExt;
    file.metadata().map(|found| (found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn identity(_: &File) -> std::io::Result<Identity> {
    Ok((0, 0))
}

/// If the host has closed the descriptors, this thread never goes on: whatever it did with them, or closed of them, could be
/// the host's by now.
pub(super) fn stop_if_lost(pipeline: &Pipeline) {
    if pipeline.canary.is_dead() {
        pipeline.give_up_lost();
        loop {
            std::thread::park();
        }
    }
}

/// Has the waker of `future` write to the runtime's descriptor only while it is the runtime's.
pub(super) async fn guarded<T>(pipeline: &'static Pipeline, future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut known: Option<(Waker, Waker)> = None;
    std::future::poll_fn(move |context| {
        let (_, guarded) = match known.take() {
            Some(known) if known.0.will_wake(context.waker()) => known,
            _ => {
                let inner = context.waker().clone();
                let guarded = Guarded {
                    pipeline,
                    inner: inner.clone(),
                };
                (inner, Arc::new(guarded).into())
            }
        };
        let polled = future.as_mut().poll(&mut Context::from_waker(&guarded));
        known = Some((context.waker().clone(), guarded));
        polled
    })
    .await
}

struct Guarded {
    pipeline: &'static Pipeline,
    inner: Waker,
}

impl Wake for Guarded {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.pipeline.canary.is_dead() {
            self.inner.wake_by_ref();
        }
    }
}
