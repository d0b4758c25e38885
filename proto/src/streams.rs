//! Which stream keeps what, under which limits, and who follows it: declarations only. `huying provision` makes
//! the broker agree with this page; no service ever edits a stream.

use ids::{Kind, Owner};

use crate::subjects::{
    AlarmSubject, AnchorSubject, CharterSubject, CommitSubject, DeadLetterSubject, FiledSubject, PersonSubject,
    SpotSubject,
};

pub const CASES: &str = "CASES";
pub const CHARTERS: &str = "CHARTERS";
pub const CALLS: &str = "CALLS";
pub const TIMERS: &str = "TIMERS";
pub const DLQ: &str = "DLQ";
/// What was handled where, for as long as it matters.
pub const SPOTS: &str = "SPOTS";
pub const RETRY: &str = "RETRY";
/// What each district's record was at the end of each day (D18).
pub const ANCHORS: &str = "ANCHORS";
/// How to reach people, each sealed with a key of their own (D8).
pub const VAULT: &str = "VAULT";
/// These keys. Left out of backups: what is erased here is to be gone.
pub const KEYS: &str = "KEYS";
/// Key-value bucket: keyed hash of (bridge, external reference) to case id.
pub const REFS: &str = "refs";
/// Bucket of objects: snapshots of the casebook's copy.
pub const SNAPSHOTS: &str = "snapshots";
/// Key-value bucket with one key, `now`: the clock everybody goes by (D9).
pub const CLOCK: &str = "clock";
/// Key-value bucket: how far each bridge has been told by webhook, and what it has not taken.
pub const WEBHOOKS: &str = "webhooks";

/// Bucket of objects: the volumes of filed cases.
pub const ARCHIVE: &str = "archive";

/// Buckets of objects, each with what it is for.
pub const OBJECT_BUCKETS: [(&str, &str); 2] = [
    (ARCHIVE, "Volumes of filed cases, and what filing has done so far"),
    (SNAPSHOTS, "Snapshots of the casebook's copy, the newest ones"),
];

/// What happens to a message that has been consumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// Stays: it is the record.
    Kept,
    /// Goes when its one consumer has acknowledged it.
    WorkQueue,
}

/// One stream, as the provisioner creates it. `discard: new`, file storage and direct gets are common to all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamSpec {
    pub name: &'static str,
    pub description: &'static str,
    pub subjects: Vec<String>,
    pub retention: Retention,
    /// One message per subject, ever: a second write without an expectation is refused too.
    pub write_once: bool,
    /// One message per subject, replaced by the next; it may say how long it stays.
    pub latest: bool,
    /// `Nats-Schedule` headers act here and nowhere else.
    pub schedules: bool,
    /// Atomic batches, for the grouped append (D1).
    pub batches: bool,
    /// Nothing is ever taken out of it, by anybody. The server never lets that be taken back.
    pub forever: bool,
    /// Largest message in bytes.
    pub message_bytes_max: i32,
}

/// A durable pull consumer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerSpec {
    pub stream: &'static str,
    pub name: String,
    pub filters: Vec<String>,
}

/// Largest commit: a submission has at most 20,000 characters of text, 60 kB in UTF-8.
pub const COMMIT_BYTES_MAX: i32 = 256 * 1024;

/// Streams of the record.
#[must_use]
pub fn streams() -> Vec<StreamSpec> {
    let kept = |name, description, subjects: Vec<String>| StreamSpec {
        name,
        description,
        subjects,
        retention: Retention::Kept,
        write_once: true,
        latest: false,
        schedules: false,
        batches: true,
        forever: false,
        message_bytes_max: COMMIT_BYTES_MAX,
    };
    vec![
        kept(
            CASES,
            "The record: one commit per message, one subject per commit, and a tombstone for each filed case",
            Kind::ALL
                .map(|kind| format!("{}.*.*.*.*", kind.as_str()))
                .into_iter()
                .chain([FiledSubject::ALL.to_owned()])
                .collect(),
        ),
        StreamSpec {
            message_bytes_max: 1024 * 1024,
            ..kept(CHARTERS, "Every version of every district's rules", vec![CharterSubject::ALL.to_owned()])
        },
        kept(CALLS, "Orders to departments", vec!["call.*.*.*".to_owned()]),
        StreamSpec {
            retention: Retention::WorkQueue,
            write_once: false,
            schedules: true,
            ..kept(
                TIMERS,
                "Alarms: schedules that wait, and timers that fired and have not been handled",
                vec![AlarmSubject::ALL_SCHEDULES.to_owned(), "timer.>".to_owned()],
            )
        },
        StreamSpec {
            message_bytes_max: 1024 * 1024,
            ..kept(
                DLQ,
                "Messages that could not be handled, and what was decided about them",
                vec![DeadLetterSubject::ALL.to_owned(), DeadLetterSubject::ALL_ENDS.to_owned()],
            )
        },
        StreamSpec {
            write_once: false,
            latest: true,
            message_bytes_max: 4096,
            ..kept(
                SPOTS,
                "What was handled where, until it is too long ago to matter",
                vec![SpotSubject::ALL.to_owned()],
            )
        },
        StreamSpec {
            retention: Retention::WorkQueue,
            write_once: false,
            message_bytes_max: 1024 * 1024,
            ..kept(
                RETRY,
                "Dead letters that were handed back and have not been handled",
                vec![DeadLetterSubject::ALL_RETRIES.to_owned()],
            )
        },
        StreamSpec {
            write_once: false,
            latest: true,
            message_bytes_max: 16 * 1024,
            ..kept(VAULT, "How to reach people, sealed", vec![PersonSubject::ALL_SEALED.to_owned()])
        },
        StreamSpec {
            message_bytes_max: 1024,
            ..kept(
                KEYS,
                "Keys to what is kept of people; erasing one erases it everywhere",
                vec![PersonSubject::ALL_KEYS.to_owned()],
            )
        },
        // Hashes and numbers, nothing that anybody could ever ask to be erased.
        StreamSpec {
            forever: true,
            batches: false,
            message_bytes_max: 4096,
            ..kept(
                ANCHORS,
                "What each district's record was at the end of each day",
                vec![AnchorSubject::ALL.to_owned()],
            )
        },
    ]
}

/// Whose commits each service follows, its own included where they have effects (design: *follow the record*).
#[must_use]
pub fn follows(owner: Owner) -> &'static [Owner] {
    use Owner::{Dispatch, EnforcementCenter, Evaluation, Intake, Notification, Powers, Triage};
    match owner {
        // Its own merges, which a crash may have left half done, and its polls.
        Intake => &[Intake],
        Triage => &[Intake, Triage],
        Dispatch => &[Intake, Triage, Dispatch, EnforcementCenter, Evaluation],
        EnforcementCenter => &[Dispatch, EnforcementCenter],
        Evaluation => &[Dispatch, Evaluation],
        Notification => &[Intake, Triage, Dispatch, EnforcementCenter, Evaluation],
        // It has to do with no case.
        Powers => &[],
    }
}

/// Name of the durable consumer by which a service follows the record.
#[must_use]
pub fn record_consumer(owner: Owner) -> String {
    owner.to_string()
}

/// Name of the durable consumer that takes an owner's timers.
#[must_use]
pub fn timer_consumer(owner: Owner) -> String {
    format!("{owner}-timers")
}

/// Owners that have deadlines.
pub const OWNERS_WITH_TIMERS: [Owner; 6] =
    [Owner::Intake, Owner::Triage, Owner::Dispatch, Owner::EnforcementCenter, Owner::Evaluation, Owner::Powers];

/// Kinds of history beside cases that a service follows, for what they cause, and whose commits on them.
#[must_use]
pub fn follows_also(owner: Owner) -> &'static [(Kind, Owner)] {
    match owner {
        // What it has erased has to be gone.
        Owner::Intake => &[(Kind::Poll, Owner::Intake), (Kind::Person, Owner::Intake)],
        Owner::Notification => &[(Kind::Poll, Owner::Intake)],
        // Its own, for their deadlines and for the numbers of letters.
        Owner::Powers => &[(Kind::Consultation, Owner::Powers), (Kind::Personnel, Owner::Powers)],
        Owner::Triage | Owner::Dispatch | Owner::EnforcementCenter | Owner::Evaluation => &[],
    }
}

/// Whether a service has a consumer on the record.
#[must_use]
pub fn follows_the_record(owner: Owner) -> bool {
    !follows(owner).is_empty() || !follows_also(owner).is_empty()
}

/// Durable consumers of the services. Each has one of the same name on [`RETRY`], for what it had to give up and gets
/// back. Departments' consumers on [`CALLS`] come from the charters.
#[must_use]
pub fn consumers() -> Vec<ConsumerSpec> {
    let record = Owner::ALL.into_iter().filter(|owner| follows_the_record(*owner)).map(|owner| ConsumerSpec {
        stream: CASES,
        name: record_consumer(owner),
        filters: follows(owner)
            .iter()
            .map(|followed| CommitSubject::all_of(Kind::Case, *followed))
            .chain(follows_also(owner).iter().map(|(kind, followed)| CommitSubject::all_of(*kind, *followed)))
            .collect(),
    });
    let timers = OWNERS_WITH_TIMERS.into_iter().map(|owner| ConsumerSpec {
        stream: TIMERS,
        name: timer_consumer(owner),
        filters: vec![AlarmSubject::all_timers_of(owner)],
    });
    let own: Vec<_> = record.chain(timers).collect();
    let retries = own.iter().map(|spec| ConsumerSpec {
        stream: RETRY,
        name: spec.name.clone(),
        filters: vec![DeadLetterSubject::all_retries_of(&spec.name)],
    });
    own.iter().cloned().chain(retries).collect()
}
