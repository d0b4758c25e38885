//! What all services of one process share about its end: who still works, whether something failed, and the word to
//! stop.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::guard::said;
use crate::readiness::Readiness;

pub(crate) struct Life {
    readiness: Readiness,
    stopping: CancellationToken,
    failed: AtomicBool,
    tracker: TaskTracker,
    /// What is running now, so that a drain that overruns can say whom it waited for.
    working: Mutex<BTreeMap<u64, String>>,
    next: AtomicU64,
}

impl Life {
    pub(crate) fn new(readiness: Readiness) -> Arc<Self> {
        Arc::new(Self {
            readiness,
            stopping: CancellationToken::new(),
            failed: AtomicBool::new(false),
            tracker: TaskTracker::new(),
            working: Mutex::default(),
            next: AtomicU64::new(0),
        })
    }

    /// Runs `task` until it ends by itself. Its failure is the process's.
    pub(crate) fn spawn(
        self: &Arc<Self>,
        what: String,
        task: impl Future<Output = anyhow::Result<()>> + Send + 'static,
    ) {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        self.working().insert(id, what.clone());
        let task = self.tracker.spawn(task);
        let life = self.clone();
        self.tracker.spawn(async move {
            let ended = task.await;
            life.working().remove(&id);
            match ended {
                Ok(Ok(())) => tracing::debug!(task = what, "task ended"),
                Ok(Err(error)) => life.fail(&what, format_args!("{error:#}")),
                Err(error) if error.is_panic() => {
                    life.fail(&what, format_args!("panicked: {}", said(&*error.into_panic())));
                }
                // The runtime is going down, which is how an overrun drain ends.
                Err(_cancelled) => {}
            }
        });
    }

    pub(crate) fn fail(&self, what: &str, error: impl Display) {
        tracing::error!(task = what, %error, "task failed; the process stops");
        self.failed.store(true, Ordering::Release);
        self.stop();
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// The first stage of the end. Not ready comes first, so that nobody sees a process that is ready and refuses work.
    pub(crate) fn stop(&self) {
        self.readiness.stop();
        self.stopping.cancel();
    }

    pub(crate) async fn stopped(&self) {
        self.stopping.cancelled().await;
    }

    /// A token that hears of the stop, but whose holders cannot cause it.
    pub(crate) fn stopping(&self) -> CancellationToken {
        self.stopping.child_token()
    }

    /// Waits for every task; new ones may still be spawned by those that are running.
    pub(crate) async fn tasks_done(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }

    /// The names of the tasks that have not ended.
    pub(crate) fn still_working(&self) -> Vec<String> {
        self.working().values().cloned().collect()
    }

    fn working(&self) -> MutexGuard<'_, BTreeMap<u64, String>> {
        self.working.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
