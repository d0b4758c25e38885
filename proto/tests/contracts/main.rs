//! What crosses a process boundary or lies on the record, held against what it was: bytes, subjects, streams.
//!
//! The golden files beside this folder are read with the eyes of whoever upgrades: a line that changes there breaks
//! what is stored, or somebody else's program. `HUYING_BLESS=1 cargo test -p huying-proto` writes them anew; messages
//! are only added, because what was ever recorded has to be read for ever.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise, in its helpers too")]

mod examples;

use std::fmt::Write;
use std::path::PathBuf;

use huying_proto::streams::{consumers, streams};
use huying_proto::subjects::{
    AlarmSubject, AnchorSubject, AnswerSubject, BridgeSubject, BridgeVerb, CLOCK_SEEN, CharterSubject, CommitSubject,
    DeadLetterSubject, EvidenceNote, EvidenceSubject, FiledSubject, LetterPosition, OrderSubject, ReadingSubject,
    SpotSubject,
};
use huying_proto::{FromWireTime, ToWireTime, WireTimeError};
use ids::{CaseId, Code, HistoryKey, Kind, Owner, Revision};
use jiff::Timestamp;

use examples::{Example, every_example};

#[test]
fn what_was_ever_sent_or_recorded_is_still_read_the_same() {
    let golden = Golden::open("messages.golden");
    let mut known = golden.text();
    let mut news = String::new();
    for Example { name, bytes, reread } in every_example() {
        let versions: Vec<&str> = known.lines().filter_map(|line| line.strip_prefix(&format!("{name} "))).collect();
        for version in &versions {
            let there = from_hex(version);
            assert_eq!(
                reread(&there).map(|again| hex(&again)),
                Some(hex(&there)),
                "{name} is read otherwise than it was"
            );
        }
        let now = hex(&bytes);
        assert_eq!(reread(&bytes).map(|again| hex(&again)), Some(now.clone()), "{name} does not read itself");
        if versions.last() != Some(&now.as_str()) {
            let _ = writeln!(news, "{name} {now}");
        }
    }
    if news.is_empty() {
        return;
    }
    assert!(golden.blessing, "not in {}, or changed; if this is meant, {HOW}:\n{news}", golden.path.display());
    known += &news;
    golden.write(&known);
}

#[test]
fn no_message_has_left_the_contracts() {
    let names: Vec<String> = every_example().into_iter().map(|example| example.name).collect();
    for line in Golden::open("messages.golden").text().lines() {
        let (name, _) = line.split_once(' ').unwrap();
        assert!(names.iter().any(|known| known == name), "{name} is on somebody's record, and nobody can read it here");
    }
}

#[test]
fn every_subject_is_written_and_read_back() {
    let case: CaseId = "261121-7k3q9x7".parse().unwrap();
    let code = |text: &str| -> Code { text.parse().unwrap() };
    let key = HistoryKey::case(code("wuchang"), &case);

    let commit = CommitSubject { key: key.clone(), owner: Owner::EnforcementCenter, revision: Revision(12) };
    assert_eq!(commit.to_string().parse(), Ok(commit.clone()));
    let filed = FiledSubject::of(&key).unwrap();
    assert_eq!(filed.to_string().parse(), Ok(filed.clone()));
    assert_eq!(filed.key(), key);
    assert_eq!(FiledSubject::of(&HistoryKey { kind: Kind::Roster, ..key.clone() }), None);
    let anchor = AnchorSubject { district: code("wuchang"), day: "2026-11-30".to_owned() };
    assert_eq!(anchor.to_string().parse(), Ok(anchor.clone()));
    let [known, waiting, unchecked] = EvidenceNote::ALL.map(|note| {
        let subject = EvidenceSubject { note, district: code("wuchang"), name: "9f86d081".to_owned() };
        assert_eq!(subject.to_string().parse(), Ok(subject.clone()));
        subject
    });
    let alarm = AlarmSubject { owner: Owner::Dispatch, key: key.clone() };
    assert_eq!(alarm.schedule().parse(), Ok(alarm.clone()));
    assert_eq!(alarm.timer().parse(), Ok(alarm.clone()));
    let asked = |verb| BridgeSubject { bridge: code("wuchang-board"), verb };
    for verb in BridgeVerb::ALL {
        assert_eq!(asked(verb).to_string().parse(), Ok(asked(verb)));
    }
    let bridge = asked(BridgeVerb::Submit);
    let answer = AnswerSubject { department: code("wuchang-water") };
    assert_eq!(answer.to_string().parse(), Ok(answer.clone()));
    for wrong in
        ["", "case", "case.wuchang.x.nobody.1", "case.Wuchang.x.intake.1", "case.wuchang.x.intake.-1", "case.*.>"]
    {
        assert!(wrong.parse::<CommitSubject>().is_err(), "{wrong:?} was read as a commit's subject");
    }
    for wrong in ["in.submit", "in..submit", "in.a.b.submit", "in.wuchang-board.erase", "ans.wuchang-water.call"] {
        assert!(wrong.parse::<BridgeSubject>().is_err(), "{wrong:?} was read as a bridge's subject");
    }

    let order = OrderSubject { department: code("wuchang-water"), case, n: "3-0".to_owned() };
    let charter = CharterSubject { district: code("wuchang"), version: "2019-1".to_owned() };
    assert_eq!(charter.to_string().parse(), Ok(charter.clone()));
    let letter = |attempt| DeadLetterSubject {
        consumer: "dispatch".to_owned(),
        position: LetterPosition { sequence: 4711, attempt },
    };
    for attempt in [1, 2] {
        let position = letter(attempt).position;
        assert_eq!(position.to_string().parse(), Ok(position));
    }
    let spot = SpotSubject {
        district: code("wuchang"),
        category: code("ponding"),
        at: "a0123456789abcdef".to_owned(),
        day: "261121".to_owned(),
        case,
    };
    assert_eq!(spot.to_string().parse(), Ok(spot.clone()));
    let lines = [
        ("commit", commit.to_string()),
        ("commits of one case", CommitSubject::whole_history(&key)),
        ("commits of one owner on one case", CommitSubject::history_of(&key, Owner::Intake)),
        ("commits of one owner", CommitSubject::all_of(Kind::Roster, Owner::EnforcementCenter)),
        (
            "commits of one owner in one district",
            CommitSubject::all_of_in(Kind::Case, &code("wuchang"), Owner::Dispatch),
        ),
        ("commits in one district", CommitSubject::all_in(Kind::Case, &code("wuchang"))),
        ("tombstone", filed.to_string()),
        ("tombstones", FiledSubject::ALL.to_owned()),
        ("tombstones of one district", FiledSubject::all_in(&filed.district)),
        ("chain of commits", commit.chain()),
        ("anchor", anchor.to_string()),
        ("anchors", AnchorSubject::ALL.to_owned()),
        ("anchors of one district", AnchorSubject::all_in(&anchor.district)),
        ("anchors of one district, by name", AnchorSubject::chain_of(&anchor.district)),
        ("submission", BridgeSubject::submit(&bridge.bridge)),
        ("submissions", BridgeVerb::Submit.of_all().to_owned()),
        ("cases by reference", BridgeVerb::Find.of_all().to_owned()),
        ("supplements", BridgeVerb::Supplement.of_all().to_owned()),
        ("withdrawals", BridgeVerb::Withdraw.of_all().to_owned()),
        ("ratings", BridgeVerb::Rate.of_all().to_owned()),
        ("cases by number", BridgeVerb::Get.of_all().to_owned()),
        ("changes", BridgeVerb::Changes.of_all().to_owned()),
        ("all of one bridge", BridgeSubject::all_from(&bridge.bridge)),
        ("order", order.to_string()),
        ("orders to one department", OrderSubject::all_for(&order.department)),
        ("orders to one department on one case", OrderSubject::all_about(&order.department, case.as_str())),
        ("answer", answer.to_string()),
        ("answers", AnswerSubject::ALL.to_owned()),
        ("order to be read", ReadingSubject { department: answer.department.clone() }.to_string()),
        ("orders to be read", ReadingSubject::ALL.to_owned()),
        ("alarm that waits", alarm.schedule()),
        ("alarm that rings", alarm.timer()),
        ("alarms that wait", AlarmSubject::ALL_SCHEDULES.to_owned()),
        ("alarms that wait for one case", AlarmSubject::schedules_about(&key)),
        ("alarms that wait for one owner", AlarmSubject::all_schedules_of(Owner::Triage)),
        ("alarms that ring for one owner", AlarmSubject::all_timers_of(Owner::Triage)),
        ("charter", charter.to_string()),
        ("charters", CharterSubject::ALL.to_owned()),
        ("dead letter", letter(1).to_string()),
        ("dead letter that was handed back once", letter(2).to_string()),
        ("dead letters of one consumer", DeadLetterSubject::all_of(&letter(1).consumer)),
        ("dead letters", DeadLetterSubject::ALL.to_owned()),
        ("case at a place", spot.to_string()),
        ("cases at a place", SpotSubject::all_at(&spot.district, &spot.category, &spot.at)),
        (
            "cases at a place since one day",
            SpotSubject::all_of_day(&spot.district, &spot.category, &spot.at, &spot.day),
        ),
        ("spots", SpotSubject::ALL.to_owned()),
        ("file that is known", known.to_string()),
        ("content that nobody has named", waiting.to_string()),
        ("contents that nobody has named", waiting.note.of_all()),
        ("file that was not looked through", unchecked.to_string()),
        ("files that were not looked through", unchecked.note.of_all()),
        ("all about files", EvidenceSubject::ALL.to_owned()),
        ("dead letter handed back", letter(2).retry()),
        ("dead letters handed back to one consumer", DeadLetterSubject::all_retries_of(&letter(1).consumer)),
        ("dead letters handed back", DeadLetterSubject::ALL_RETRIES.to_owned()),
        ("roll call of the clock", CLOCK_SEEN.to_owned()),
    ];
    let text: String = lines.iter().map(|(what, subject)| format!("{what}: {subject}\n")).collect();
    Golden::open("subjects.golden").hold(&text);
}

#[test]
fn streams_and_consumers_are_declared_as_they_were() {
    let mut text = String::new();
    for stream in streams() {
        let _ = writeln!(text, "{stream:#?}");
    }
    for consumer in consumers() {
        let _ = writeln!(text, "{} on {}: {}", consumer.name, consumer.stream, consumer.filters.join(" "));
    }
    Golden::open("streams.golden").hold(&text);
}

#[test]
fn an_instant_survives_the_wire_also_before_1970() {
    for text in [
        "2019-10-15T08:20:00.123456789+08:00",
        "1970-01-01T00:00:00Z",
        "1969-12-31T23:59:59.999999999Z",
        "1969-12-31T23:59:59Z",
        "1949-10-01T15:00:00.5+08:00",
    ] {
        let at: Timestamp = text.parse().unwrap();
        let wire = at.to_wire();
        assert!((0..1_000_000_000).contains(&wire.nanos), "{text}: {wire:?}");
        assert_eq!(wire.time(), Ok(at), "{text}");
    }
    for edge in [Timestamp::MIN, Timestamp::MAX] {
        assert_eq!(edge.to_wire().time(), Ok(edge));
    }
    assert_eq!(None.time(), Err(WireTimeError::Missing));
    let mut wire = Timestamp::MAX.to_wire();
    wire.seconds = i64::MAX;
    assert_eq!(wire.time(), Err(WireTimeError::OutOfRange { seconds: i64::MAX }));
}

const HOW: &str = "run the test once with HUYING_BLESS=1 and look at the difference";

struct Golden {
    path: PathBuf,
    blessing: bool,
}

impl Golden {
    fn open(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests").join(name);
        Self { path, blessing: std::env::var_os("HUYING_BLESS").is_some() }
    }

    fn text(&self) -> String {
        std::fs::read_to_string(&self.path).unwrap_or_default()
    }

    fn write(&self, text: &str) {
        std::fs::write(&self.path, text).unwrap();
    }

    fn hold(&self, is: &str) {
        if self.blessing {
            return self.write(is);
        }
        let was = self.text();
        let changed: Vec<String> = was
            .lines()
            .filter(|line| !is.lines().any(|other| other == *line))
            .map(|line| format!("- {line}"))
            .chain(is.lines().filter(|line| !was.lines().any(|other| other == *line)).map(|line| format!("+ {line}")))
            .collect();
        assert_eq!(was, is, "{} changed; if this is meant, {HOW}:\n{}", self.path.display(), changed.join("\n"));
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.chars().collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap()).collect()
}
