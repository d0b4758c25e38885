//! What waits to be decided on one history, and what of it can wait for company.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::book::Pending;
use crate::history::Aggregate;

/// Requests of one history decided together.
const DECIDED_TOGETHER_MAX: usize = 64;

pub(crate) struct Mailbox<A: Aggregate> {
    queue: Mutex<Queue<A>>,
    /// Something has come.
    came: Notify,
}

struct Queue<A: Aggregate> {
    waiting: VecDeque<Pending<A>>,
    running: bool,
}

impl<A: Aggregate> Default for Mailbox<A> {
    fn default() -> Self {
        Self { queue: Mutex::new(Queue { waiting: VecDeque::new(), running: false }), came: Notify::new() }
    }
}

impl<A: Aggregate> Mailbox<A> {
    /// Puts one in. Whether its sender has to see to it that somebody takes turns.
    pub fn put(&self, pending: Pending<A>) -> bool {
        let mut queue = self.queue();
        queue.waiting.push_back(pending);
        let was_running = std::mem::replace(&mut queue.running, true);
        drop(queue);
        if was_running {
            self.came.notify_one();
        }
        !was_running
    }

    /// What is decided together next; `None` when nothing waits, and then nobody takes turns any more.
    pub async fn next_turn(&self) -> Option<Vec<Pending<A>>> {
        while let Some(until) = self.can_wait_until() {
            tokio::select! {
                () = sleep_until(until) => break,
                () = self.came.notified() => {}
            }
        }
        let mut queue = self.queue();
        // One commit stands under one charter version.
        let Some(version) = queue.waiting.front().map(|first| first.request.charter_version.clone()) else {
            queue.running = false;
            return None;
        };
        let fits = |pending: &&Pending<A>| pending.request.charter_version == version;
        let count = queue.waiting.iter().take(DECIDED_TOGETHER_MAX).take_while(fits).count();
        Some(queue.waiting.drain(..count).collect())
    }

    /// How long all of them can wait for what comes next; `None` when one of them cannot.
    fn can_wait_until(&self) -> Option<Instant> {
        // Of options none is the least.
        self.queue().waiting.iter().map(|pending| pending.can_wait_until).min().flatten()
    }

    fn queue(&self) -> MutexGuard<'_, Queue<A>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
