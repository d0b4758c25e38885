//! The permissions of the broker's users. Whatever is not named here is refused.

use ids::{Code, Kind, Owner};
use proto::streams::{
    ANCHORS, ARCHIVE, CALLS, CASES, CHARTERS, CLOCK, DLQ, KEYS, OBJECT_BUCKETS, OWNERS_WITH_TIMERS, REFS, RETRY,
    SNAPSHOTS, SPOTS, TIMERS, VAULT, WEBHOOKS, consumers, follows_the_record, record_consumer, streams, timer_consumer,
};
use proto::subjects::{
    AlarmSubject, AnchorSubject, AnswerSubject, BridgeSubject, BridgeVerb, CLOCK_SEEN, CommitSubject,
    DeadLetterSubject, FiledSubject, PersonSubject, SpotSubject,
};

use super::{ARCHIVIST_USER, AUDITOR_USER, CASEBOOK_USER, STORY_USER};

/// What one user may publish and hear.
pub(super) struct Permissions {
    limits: Limits,
}

#[derive(Default)]
struct Limits {
    publish: Vec<String>,
    /// Taken out of `publish` again.
    never: Vec<String>,
    subscribe: Vec<String>,
    /// May answer whatever it is asked, once per request.
    answers: bool,
}

impl Limits {
    /// Hears the answers to what it asks. It may write there too: what comes back to it proves that the broker has read
    /// all that it sent before.
    fn of_inbox(name: &str) -> Self {
        Self { publish: vec![inbox(name)], subscribe: vec![inbox(name)], ..Self::default() }
    }
}

impl Permissions {
    /// Everything in its account, except to publish this.
    fn everything_but(never: impl IntoIterator<Item = String>) -> Self {
        let everything = || vec![">".to_owned()];
        let limits = Limits {
            publish: everything(),
            never: never.into_iter().collect(),
            subscribe: everything(),
            answers: false,
        };
        Self { limits }
    }

    /// An outside party: what it may publish, and its own inbox.
    pub fn party(code: &Code, publish: Vec<String>) -> Self {
        let mut limits = Limits::of_inbox(code.as_str());
        limits.publish.extend(publish);
        Self { limits }
    }

    /// As it stands behind the user's key.
    pub fn render(&self) -> String {
        let limits = &self.limits;
        let list = |subjects: &[String]| {
            subjects.iter().map(|subject| format!("\"{subject}\"")).collect::<Vec<_>>().join(", ")
        };
        let never =
            if limits.never.is_empty() { String::new() } else { format!(",\n        deny: [{}]", list(&limits.never)) };
        let answers = if limits.answers { ",\n      allow_responses: true" } else { "" };
        format!(
            ", permissions: {{\n      publish: {{ allow: [{}]{never} }},\n      subscribe: {{ allow: [{}] }}{answers} }}",
            list(&limits.publish),
            list(&limits.subscribe)
        )
    }
}

/// A service: it writes its own commits and alarms, follows through its own consumers, and reads the record.
pub(super) fn of_owner(owner: Owner) -> Permissions {
    let mut limits = Limits::of_inbox(owner.as_str());
    limits.subscribe.push(CLOCK_SEEN.to_owned());
    let publish = &mut limits.publish;
    publish.extend(Kind::ALL.map(|kind| CommitSubject::all_of(kind, owner)));
    publish.extend([AlarmSubject::all_schedules_of(owner), inbox(STORY_USER)]);
    publish.extend([CASES, CHARTERS, TIMERS, DLQ].map(stream_info));
    publish.extend([
        format!("$JS.API.DIRECT.GET.{CASES}"),
        format!("$JS.API.DIRECT.GET.{CASES}.>"),
        format!("$JS.API.STREAM.MSG.GET.{CASES}"),
        format!("$JS.API.DIRECT.GET.{CHARTERS}"),
    ]);
    reads(&mut limits, &[CASES, CHARTERS]);
    watches_the_clock(&mut limits);
    if follows_the_record(owner) {
        consumes(&mut limits.publish, CASES, &record_consumer(owner));
    }
    if OWNERS_WITH_TIMERS.contains(&owner) {
        consumes(&mut limits.publish, TIMERS, &timer_consumer(owner));
    }
    others_consumers(&mut limits.never, Some(owner));

    match owner {
        Owner::Intake => {
            limits.publish.extend([
                format!("$KV.{REFS}.>"),
                stream_info(&format!("KV_{REFS}")),
                format!("$JS.API.DIRECT.GET.KV_{REFS}"),
                format!("$JS.API.DIRECT.GET.KV_{REFS}.>"),
            ]);
            limits.publish.extend([PersonSubject::ALL_SEALED, PersonSubject::ALL_KEYS].map(str::to_owned));
            for stream in [VAULT, KEYS] {
                limits.publish.extend([
                    stream_info(stream),
                    format!("$JS.API.DIRECT.GET.{stream}"),
                    format!("$JS.API.DIRECT.GET.{stream}.>"),
                    format!("$JS.API.STREAM.MSG.GET.{stream}"),
                    // Nobody else may: it is how people are erased.
                    format!("$JS.API.STREAM.MSG.DELETE.{stream}"),
                ]);
            }
            // A filed case that is reopened is read there.
            reads_objects(&mut limits, ARCHIVE);
            limits.subscribe.extend([BridgeVerb::Submit, BridgeVerb::Find].map(|verb| verb.of_all().to_owned()));
            limits.answers = true;
        }
        Owner::Dispatch => {
            limits.publish.extend([
                "call.>".to_owned(),
                stream_info(CALLS),
                SpotSubject::ALL.to_owned(),
                stream_info(SPOTS),
                format!("$JS.API.DIRECT.GET.{SPOTS}"),
                format!("$JS.API.DIRECT.GET.{SPOTS}.>"),
            ]);
            limits.subscribe.push(AnswerSubject::ALL.to_owned());
            limits.answers = true;
            limits.publish.extend(related_cases(owner));
        }
        Owner::EnforcementCenter => limits.publish.extend(related_cases(owner)),
        // A period is counted from filed cases, too.
        Owner::Evaluation => reads_objects(&mut limits, ARCHIVE),
        // What became of their cases, as each bridge would ask for it; and how far each has been told.
        Owner::Notification => limits.publish.extend([
            BridgeVerb::Changes.of_all().to_owned(),
            format!("$KV.{WEBHOOKS}.>"),
            stream_info(&format!("KV_{WEBHOOKS}")),
            format!("$JS.API.DIRECT.GET.KV_{WEBHOOKS}"),
            format!("$JS.API.DIRECT.GET.KV_{WEBHOOKS}.>"),
            format!("$JS.API.STREAM.MSG.DELETE.KV_{WEBHOOKS}"),
        ]),
        Owner::Triage | Owner::Powers => {}
    }
    Permissions { limits }
}

/// A related case found on the way comes in like any other.
fn related_cases(owner: Owner) -> Option<String> {
    let itself: Option<Code> = owner.as_str().parse().ok();
    itself.as_ref().map(BridgeSubject::submit)
}

/// The casebook: reads the record, answers what bridges ask, and writes nothing but snapshots of its copy.
pub(super) fn of_casebook() -> Permissions {
    let mut limits = Limits::of_inbox(CASEBOOK_USER);
    limits.subscribe.extend([BridgeVerb::Get, BridgeVerb::Changes].map(|verb| verb.of_all().to_owned()));
    limits.answers = true;
    limits.subscribe.push(CLOCK_SEEN.to_owned());
    limits.publish.push(inbox(STORY_USER));
    limits.publish.extend([CASES, CHARTERS].map(stream_info));
    limits.publish.extend([CASES, CHARTERS, ANCHORS].map(|stream| format!("$JS.API.DIRECT.GET.{stream}")));
    reads(&mut limits, &[CASES, CHARTERS]);
    watches_the_clock(&mut limits);
    reads_objects(&mut limits, ARCHIVE);
    reads_objects(&mut limits, SNAPSHOTS);
    // Older snapshots go when a newer one is there.
    limits.publish.extend([objects(SNAPSHOTS), format!("$JS.API.STREAM.PURGE.OBJ_{SNAPSHOTS}")]);
    others_consumers(&mut limits.never, None);
    Permissions { limits }
}

/// Whoever plays stories: sees everything, and moves the clock and with it the alarms.
pub(super) fn of_story() -> Permissions {
    let mut limits = Limits::of_inbox(STORY_USER);
    limits.publish.extend(
        [
            "$JS.API.STREAM.INFO.*",
            "$JS.API.CONSUMER.LIST.*",
            "$JS.API.CONSUMER.INFO.>",
            "$JS.API.DIRECT.GET.>",
            "$JS.API.STREAM.MSG.GET.*",
            AlarmSubject::ALL_SCHEDULES,
            CLOCK_SEEN,
        ]
        .map(str::to_owned),
    );
    limits.publish.push(format!("$KV.{CLOCK}.>"));
    reads(&mut limits, &[CASES, CHARTERS, CALLS, DLQ]);
    watches_the_clock(&mut limits);
    others_consumers(&mut limits.never, None);
    Permissions { limits }
}

/// Sees the broker's own events, and moves its leaders. One of its requests would empty a whole account, and it has no
/// streams of its own.
pub(super) fn of_system() -> Permissions {
    Permissions::everything_but(["$JS.API.ACCOUNT.PURGE.>", "$JS.API.STREAM.>"].map(str::to_owned))
}

/// The operator's tool makes and changes everything, and `huying up` writes for all services through it. What it
/// cannot do is take something away: messages, streams, or by a rollup what an object store keeps. Only a dead letter
/// goes once somebody has decided about it.
pub(super) fn of_provision() -> Permissions {
    let taking_away = ["PURGE.>", "DELETE.>", "RESTORE.>"].map(|call| format!("$JS.API.STREAM.{call}"));
    let streams = streams().into_iter().map(|stream| stream.name.to_owned()).filter(|stream| stream != DLQ);
    let buckets = [REFS, CLOCK, WEBHOOKS].map(|bucket| format!("KV_{bucket}"));
    let objects_of = OBJECT_BUCKETS.map(|(bucket, _)| format!("OBJ_{bucket}"));
    let kept = streams.chain(buckets).chain(objects_of).map(|stream| format!("$JS.API.STREAM.MSG.DELETE.{stream}"));
    // What others alone write: volumes and tombstones, and anchors.
    let others = [objects(ARCHIVE), FiledSubject::ALL.to_owned(), AnchorSubject::ALL.to_owned()];
    Permissions::everything_but(taking_away.into_iter().chain(kept).chain(others))
}

/// Whoever files: reads the record and what the services have settled, writes volumes and tombstones, and alone takes
/// away what a filed case leaves behind. It commits nothing.
pub(super) fn of_archivist() -> Permissions {
    let mut limits = Limits::of_inbox(ARCHIVIST_USER);
    let publish = &mut limits.publish;
    publish.extend([CASES, CHARTERS].map(stream_info));
    publish.extend([
        format!("$JS.API.DIRECT.GET.{CASES}"),
        format!("$JS.API.DIRECT.GET.{CASES}.>"),
        format!("$JS.API.STREAM.MSG.GET.{CASES}"),
        format!("$JS.API.DIRECT.GET.{CHARTERS}"),
    ]);
    let following = consumers().into_iter().filter(|consumer| consumer.stream == CASES);
    publish.extend(following.map(|consumer| format!("$JS.API.CONSUMER.INFO.{CASES}.{}", consumer.name)));
    publish.push(FiledSubject::ALL.to_owned());
    publish.extend([CALLS, TIMERS].map(|stream| format!("$JS.API.DIRECT.GET.{stream}")));
    publish.extend([CASES, CALLS, TIMERS].map(|stream| format!("$JS.API.STREAM.MSG.DELETE.{stream}")));
    publish.extend(
        [CASES.to_owned(), format!("KV_{REFS}"), format!("OBJ_{ARCHIVE}")]
            .map(|stream| format!("$JS.API.STREAM.PURGE.{stream}")),
    );
    publish.push(objects(ARCHIVE));
    reads(&mut limits, &[CASES]);
    reads_objects(&mut limits, ARCHIVE);
    others_consumers(&mut limits.never, None);
    Permissions { limits }
}

/// Whoever audits: reads the record and the archive, and writes anchors, which nobody else does. Whoever could change the
/// record cannot make the anchors agree with it.
pub(super) fn of_auditor() -> Permissions {
    let mut limits = Limits::of_inbox(AUDITOR_USER);
    limits.publish.extend([CASES, CHARTERS, ANCHORS].map(stream_info));
    limits.publish.extend([CASES, CHARTERS, ANCHORS].map(|stream| format!("$JS.API.DIRECT.GET.{stream}")));
    limits.publish.push(AnchorSubject::ALL.to_owned());
    reads(&mut limits, &[CASES]);
    reads_objects(&mut limits, ARCHIVE);
    others_consumers(&mut limits.never, None);
    Permissions { limits }
}

/// Everything one may write into a bucket of objects.
fn objects(bucket: &str) -> String {
    format!("$O.{bucket}.>")
}

/// Objects of a bucket, and the list of them.
fn reads_objects(limits: &mut Limits, bucket: &str) {
    let stream = format!("OBJ_{bucket}");
    limits.publish.extend([
        stream_info(&stream),
        format!("$JS.API.DIRECT.GET.{stream}"),
        format!("$JS.API.DIRECT.GET.{stream}.>"),
        format!("$JS.API.CONSUMER.CREATE.{stream}"),
        format!("$JS.API.CONSUMER.CREATE.{stream}.>"),
        format!("$JS.API.CONSUMER.INFO.{stream}.*"),
        format!("$JS.API.CONSUMER.DELETE.{stream}.*"),
        format!("$JS.FC.{stream}.>"),
    ]);
}

/// Reading a stream from some position on, through consumers that nobody else knows and that go by themselves.
fn reads(limits: &mut Limits, streams: &[&str]) {
    for stream in streams {
        limits.publish.extend([
            // This form makes consumers without a name, never one that others follow.
            format!("$JS.API.CONSUMER.CREATE.{stream}"),
            format!("$JS.API.CONSUMER.INFO.{stream}.*"),
            format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.*"),
            format!("$JS.API.CONSUMER.DELETE.{stream}.*"),
        ]);
    }
}

fn watches_the_clock(limits: &mut Limits) {
    let bucket = format!("KV_{CLOCK}");
    limits.publish.extend([
        stream_info(&bucket),
        format!("$JS.API.CONSUMER.CREATE.{bucket}"),
        format!("$JS.API.CONSUMER.CREATE.{bucket}.>"),
        format!("$JS.API.CONSUMER.DELETE.{bucket}.*"),
        format!("$JS.API.CONSUMER.INFO.{bucket}.*"),
        format!("$JS.FC.{bucket}.>"),
    ]);
}

fn consumes(publish: &mut Vec<String>, stream: &str, consumer: &str) {
    // What it had to give up comes back by a consumer of the same name.
    for stream in [stream, RETRY] {
        publish.extend([
            format!("$JS.API.CONSUMER.INFO.{stream}.{consumer}"),
            format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"),
            format!("$JS.ACK.{stream}.{consumer}.>"),
            format!("$JS.ACK.*.*.{stream}.{consumer}.>"),
        ]);
    }
    let letters = DeadLetterSubject::all_of(consumer);
    publish.push(letters);
}

/// What the wildcards of [`reads`] would also cover: taking what others follow, and deleting what anybody follows.
fn others_consumers(never: &mut Vec<String>, own: Option<Owner>) {
    for other in Owner::ALL {
        let consumer = record_consumer(other);
        never.push(format!("$JS.API.CONSUMER.DELETE.{CASES}.{consumer}"));
        if own != Some(other) {
            never.push(format!("$JS.API.CONSUMER.MSG.NEXT.{CASES}.{consumer}"));
        }
    }
}

fn stream_info(stream: &str) -> String {
    format!("$JS.API.STREAM.INFO.{stream}")
}

fn inbox(name: &str) -> String {
    format!("_INBOX_{name}.>")
}
