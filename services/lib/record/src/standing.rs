//! Whether the record can be written: one verdict per connection, with the cause, said once at the loss and once at the
//! return.
//!
//! Three sources, because none sees everything. The connection's own events come at once. What became of real appends
//! is the only place where a full disk or a limit of the account shows. And each stream that is appended to is looked
//! at every second (`look.rs`), which finds a stream without a leader, a quorum or a place even while nobody appends, and
//! finds out when it is well again. A probe that writes would see the same for an fsync a second, and its messages would
//! stay on the record for ever.

mod look;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_nats::jetstream::stream::Info;
use tokio::sync::{Notify, watch};

use crate::broker::{Broker, REQUEST_S_MAX};

/// After a refusal that no look explains (a full disk, a limit of the account), appends are let through again after this
/// long to find out; doubled each time.
const HOLD_MIN: Duration = Duration::from_secs(5);
const HOLD_MAX: Duration = Duration::from_secs(60);
/// What was asked before the return may fail after it, for the same reason.
const AFTERMATH: Duration = Duration::from_secs(2 * REQUEST_S_MAX);

/// Verdicts of this process that are "lost" now, and when the last one changed: other failures are explained by that.
static LOST: AtomicUsize = AtomicUsize::new(0);
static LAST_RETURN: Mutex<Option<Instant>> = Mutex::new(None);
/// Some connection of this process is watched: it says what an operator has to know, with the cause.
static SOMEBODY_WATCHES: AtomicBool = AtomicBool::new(false);

/// Whether a failed request is only what a loss that was already logged means. Whoever would log one for each message
/// then does so for the debugger alone.
#[must_use]
pub fn explains_failures() -> bool {
    let back = || *LAST_RETURN.lock().unwrap_or_else(PoisonError::into_inner);
    LOST.load(Ordering::Relaxed) > 0 || back().is_some_and(|back| back.elapsed() < AFTERMATH)
}

/// Logs what failed because the broker may be away: as a warning, unless that is known.
macro_rules! warn_unless_known {
    ($($what:tt)*) => {
        if $crate::standing::explains_failures() { tracing::debug!($($what)*) } else { tracing::warn!($($what)*) }
    };
}
pub(crate) use warn_unless_known;

/// Why nothing can be written, as metrics name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    NoConnection,
    /// No leader, or too few replicas.
    NoQuorum,
    /// The stream has reached a limit of its own.
    Full,
    /// The server stores nothing: its disk, or a limit of the account.
    NoRoom,
    /// There is a connection, and nobody answers for the stream.
    Silent,
    NotProvisioned,
}

impl Cause {
    pub const ALL: [Self; 6] =
        [Self::NoConnection, Self::NoQuorum, Self::Full, Self::NoRoom, Self::Silent, Self::NotProvisioned];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoConnection => "no-connection",
            Self::NoQuorum => "no-quorum",
            Self::Full => "full",
            Self::NoRoom => "no-room",
            Self::Silent => "silent",
            Self::NotProvisioned => "not-provisioned",
        }
    }
}

/// Why nothing can be written, for an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub cause: Cause,
    pub words: String,
}

/// The verdict, and what it is made of.
#[derive(Debug)]
pub(crate) struct Standing {
    verdict: watch::Sender<Option<Trouble>>,
    sources: Mutex<Sources>,
    /// Some append has failed and none has succeeded since: looked at for each append, so without a lock.
    appends_fail: AtomicBool,
    look_now: Notify,
}

#[derive(Debug, Default)]
struct Sources {
    connection: Connection,
    /// By stream: what the last look found wrong.
    looked: BTreeMap<&'static str, Trouble>,
    /// By stream: the last append, where it failed.
    appended: BTreeMap<&'static str, FailedAppend>,
    /// Somebody looks at the streams.
    is_watched: bool,
    lost_at: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Connection {
    #[default]
    Up,
    Down,
    /// Made again, and nobody has looked whether there is a record behind it.
    Unproven,
}

#[derive(Debug)]
struct FailedAppend {
    trouble: Trouble,
    at: Instant,
    /// How long appends are held back before the next one finds out.
    hold: Duration,
    /// Limits and contents of the stream as the first look after it found them.
    found: Option<Fill>,
}

/// How full a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fill {
    bytes: u64,
    messages: u64,
    bytes_max: i64,
    messages_max: i64,
}

impl Default for Standing {
    fn default() -> Self {
        Self {
            verdict: watch::Sender::new(None),
            sources: Mutex::default(),
            appends_fail: AtomicBool::new(false),
            look_now: Notify::new(),
        }
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        if self.verdict.borrow().is_some() {
            LOST.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Standing {
    pub(crate) fn verdict(&self) -> watch::Receiver<Option<Trouble>> {
        self.verdict.subscribe()
    }

    pub(crate) fn connected(&self) {
        let mut sources = self.sources();
        if sources.connection == Connection::Down {
            sources.connection = if sources.is_watched { Connection::Unproven } else { Connection::Up };
        }
        self.judge(sources);
        self.look_now.notify_one();
    }

    pub(crate) fn disconnected(&self) {
        let mut sources = self.sources();
        sources.connection = Connection::Down;
        // They were said of another server, maybe.
        sources.looked.clear();
        self.judge(sources);
    }

    /// A message was stored.
    pub(crate) fn stored(&self, stream: &'static str) {
        if !self.appends_fail.load(Ordering::Relaxed) {
            return;
        }
        let mut sources = self.sources();
        sources.appended.remove(stream);
        sources.looked.remove(stream);
        self.appends_fail.store(!sources.appended.is_empty(), Ordering::Relaxed);
        self.judge(sources);
    }

    /// The server said that it cannot store a message now.
    pub(crate) fn not_stored(&self, stream: &'static str, why: &str) {
        // The limits of a stream have words of their own: "maximum bytes exceeded".
        let trouble = if why.contains("maximum") {
            Trouble { cause: Cause::Full, words: format!("stream {stream} is full: {why}") }
        } else {
            Trouble { cause: Cause::NoRoom, words: format!("the server stores nothing in stream {stream}: {why}") }
        };
        self.failed(stream, trouble);
    }

    /// Nobody said what became of a message.
    pub(crate) fn unanswered(&self, stream: &'static str) {
        let words = format!("an append to stream {stream} was not answered");
        self.failed(stream, Trouble { cause: Cause::Silent, words });
        self.look_now.notify_one();
    }

    fn failed(&self, stream: &'static str, trouble: Trouble) {
        let mut sources = self.sources();
        let before = sources.appended.get(stream).filter(|before| before.trouble.cause == trouble.cause);
        let failed = match before {
            // Many fail at once: only one that was let through to find out makes the wait longer.
            Some(before) if before.at.elapsed() < before.hold => return,
            Some(before) => {
                FailedAppend { trouble, at: Instant::now(), hold: (before.hold * 2).min(HOLD_MAX), found: before.found }
            }
            None => FailedAppend { trouble, at: Instant::now(), hold: HOLD_MIN, found: None },
        };
        sources.appended.insert(stream, failed);
        self.appends_fail.store(true, Ordering::Relaxed);
        self.judge(sources);
    }

    /// What a look at a stream found: how full it is, or what is wrong.
    fn looked(&self, stream: &'static str, found: Result<Fill, Trouble>) {
        let mut sources = self.sources();
        match found {
            Err(trouble) => drop(sources.looked.insert(stream, trouble)),
            Ok(fill) => {
                sources.looked.remove(stream);
                let is_over = sources.appended.get_mut(stream).is_some_and(|failed| match failed.trouble.cause {
                    Cause::Full => fill.has_room_since(*failed.found.get_or_insert(fill)),
                    Cause::Silent => true,
                    Cause::NoConnection | Cause::NoQuorum | Cause::NoRoom | Cause::NotProvisioned => false,
                });
                if is_over {
                    sources.appended.remove(stream);
                    self.appends_fail.store(!sources.appended.is_empty(), Ordering::Relaxed);
                }
            }
        }
        self.judge(sources);
    }

    /// Every stream was looked at.
    fn looked_at_all(&self) {
        let mut sources = self.sources();
        if sources.connection == Connection::Unproven {
            sources.connection = Connection::Up;
        }
        self.judge(sources);
    }

    /// Adds the sources up, and says what has changed.
    fn judge(&self, mut sources: MutexGuard<'_, Sources>) {
        let now = sources.trouble();
        let before = self.verdict.borrow().clone();
        if before.as_ref().map(|trouble| trouble.cause) == now.as_ref().map(|trouble| trouble.cause) {
            return;
        }
        let somebody_watches = SOMEBODY_WATCHES.load(Ordering::Relaxed);
        match (&before, &now) {
            (None, Some(Trouble { cause, words })) => {
                sources.lost_at = Some(Instant::now());
                let others = LOST.fetch_add(1, Ordering::Relaxed);
                if sources.is_watched {
                    tracing::warn!(cause = cause.as_str(), why = words, "the record cannot be written (HY-011)");
                } else if is_news(others, somebody_watches) {
                    tracing::info!(cause = cause.as_str(), why = words, "the broker cannot be reached");
                } else {
                    tracing::debug!(cause = cause.as_str(), why = words, "the broker cannot be reached");
                }
            }
            (Some(_), None) => {
                let lost_s = sources.lost_at.take().map_or(0, |lost| lost.elapsed().as_secs());
                *LAST_RETURN.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
                let others = LOST.fetch_sub(1, Ordering::Relaxed).saturating_sub(1);
                if sources.is_watched {
                    tracing::info!(lost_s, "the record can be written again");
                } else if is_news(others, somebody_watches) {
                    tracing::info!(lost_s, "the broker is back");
                } else {
                    tracing::debug!(lost_s, "the broker is back");
                }
            }
            (Some(_), Some(Trouble { cause, words })) if sources.is_watched => {
                tracing::info!(cause = cause.as_str(), why = words, "the record cannot be written yet (HY-011)");
            }
            (Some(_), Some(Trouble { cause, words })) => {
                tracing::debug!(cause = cause.as_str(), why = words, "the broker cannot be reached yet");
            }
            (None, None) => {}
        }
        // A process can have more connections than the one that matters.
        if sources.is_watched {
            say(now.as_ref());
        }
        self.verdict.send_replace(now);
    }

    fn sources(&self) -> MutexGuard<'_, Sources> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a loss or a return of a connection that nobody watches is said, where so many others are lost: a process with
/// many (one for each responder) says an outage once.
fn is_news(others_lost: usize, somebody_watches: bool) -> bool {
    others_lost == 0 && !somebody_watches
}

impl Sources {
    fn trouble(&self) -> Option<Trouble> {
        if self.connection != Connection::Up {
            let words = "the connection to the broker is lost".to_owned();
            return Some(Trouble { cause: Cause::NoConnection, words });
        }
        let held = self.appended.values().filter(|failed| match failed.trouble.cause {
            // Until a look finds room; without one, as for the others.
            Cause::Full if self.is_watched => true,
            Cause::Full
            | Cause::NoConnection
            | Cause::NoQuorum
            | Cause::NoRoom
            | Cause::Silent
            | Cause::NotProvisioned => failed.at.elapsed() < failed.hold,
        });
        self.looked.values().chain(held.map(|failed| &failed.trouble)).min_by_key(|trouble| trouble.cause).cloned()
    }
}

impl Fill {
    fn of(info: &Info) -> Self {
        Self {
            bytes: info.state.bytes,
            messages: info.state.messages,
            bytes_max: info.config.max_bytes,
            messages_max: info.config.max_messages,
        }
    }

    fn has_room_since(self, before: Self) -> bool {
        (self.bytes_max, self.messages_max) != (before.bytes_max, before.messages_max)
            || self.bytes < before.bytes
            || self.messages < before.messages
    }
}

impl Broker {
    /// Why nothing can be written now, if nothing can; it changes by itself as long as somebody
    /// [watches](Self::watch_standing).
    #[must_use]
    pub fn standing(&self) -> watch::Receiver<Option<Trouble>> {
        self.standing.verdict()
    }
}

fn say(trouble: Option<&Trouble>) {
    metrics::gauge!("record_writable").set(if trouble.is_none() { 1.0 } else { 0.0 });
    for cause in Cause::ALL {
        let holds = trouble.is_some_and(|trouble| trouble.cause == cause);
        metrics::gauge!("record_trouble", "cause" => cause.as_str()).set(if holds { 1.0 } else { 0.0 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(standing: &Standing) -> Option<Cause> {
        standing.verdict.borrow().as_ref().map(|trouble| trouble.cause)
    }

    fn fill(bytes: u64, bytes_max: i64) -> Fill {
        Fill { bytes, messages: bytes / 10, bytes_max, messages_max: -1 }
    }

    fn watched() -> Standing {
        let standing = Standing::default();
        standing.sources().is_watched = true;
        standing
    }

    #[test]
    fn a_connection_that_is_back_counts_when_there_is_a_record_behind_it() {
        let standing = watched();
        standing.disconnected();
        assert_eq!(cause(&standing), Some(Cause::NoConnection));
        standing.connected();
        assert_eq!(cause(&standing), Some(Cause::NoConnection), "nobody has looked yet");
        standing.looked("CASES", Err(Trouble { cause: Cause::NoQuorum, words: String::new() }));
        standing.looked_at_all();
        assert_eq!(cause(&standing), Some(Cause::NoQuorum));
        standing.looked("CASES", Ok(fill(10, -1)));
        assert_eq!(cause(&standing), None);
    }

    #[test]
    fn of_many_connections_that_nobody_watches_one_says_an_outage_and_one_its_end() {
        let said = |somebody_watches| (0..270).filter(|others| is_news(*others, somebody_watches)).count();
        assert_eq!((said(false), said(true)), (1, 0));
    }

    #[test]
    fn a_full_stream_is_full_until_it_has_more_room_and_an_unanswered_append_until_the_stream_is_seen() {
        let standing = watched();
        standing.not_stored("CASES", "maximum bytes exceeded");
        assert_eq!(cause(&standing), Some(Cause::Full));
        standing.looked("CASES", Ok(fill(90, 100)));
        standing.looked("CASES", Ok(fill(90, 100)));
        assert_eq!(cause(&standing), Some(Cause::Full));
        standing.looked("CASES", Ok(fill(90, 200)));
        assert_eq!(cause(&standing), None);

        standing.not_stored("CASES", "insufficient storage resources available");
        assert_eq!(cause(&standing), Some(Cause::NoRoom));
        standing.looked("CASES", Ok(fill(90, 200)));
        assert_eq!(cause(&standing), Some(Cause::NoRoom), "a look does not see the disk");
        standing.stored("CASES");
        assert_eq!(cause(&standing), None);

        standing.unanswered("CASES");
        assert_eq!(cause(&standing), Some(Cause::Silent));
        standing.looked("CASES", Ok(fill(90, 200)));
        assert_eq!(cause(&standing), None);
    }
}
