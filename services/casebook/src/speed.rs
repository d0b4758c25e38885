//! For `tests/src/bin/report_speed.rs`: a copy with as many cases as asked for, kept as the record's are, and the statement of their
//! month.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use charter::{Charter, PartyKind};
use ids::{HistoryKey, Kind, Owner, Revision};
use jiff::Timestamp;
use proto::ToWireTime;
use proto::casebook::v1::report_cell::Value;
use proto::common::v1::{Level, Outcome, Place as WirePlace};
use proto::dispatch::v1::dispatch_event::Event as DispatchFact;
use proto::dispatch::v1::{
    Assigned, CallEnded, Called, CalledParty, Closed, DispatchEvent, Overdue, PartyDone, ReportedIn, Resolved,
    Responded,
};
use proto::evaluation::v1::evaluation_event::Event as EvaluationFact;
use proto::evaluation::v1::{EvaluationEvent, Rated, RatingRequested};
use proto::intake::v1::intake_event::Event as IntakeFact;
use proto::intake::v1::{IntakeEvent, Received};
use proto::record::v1::{Commit, Decision, Event, event::Of};
use proto::subjects::CommitSubject;
use proto::triage::v1::triage_event::Event as TriageFact;
use proto::triage::v1::{Classified, Judgement, TriageEvent};
use record::{Entry, Keeper, StoredCommit};

use crate::copy::{self, Place};
use crate::keep::Keeping;
use crate::report::{Asked as Question, Period, report};

const DISTRICT: &str = "wuchang";
const MONTH: &str = "2026-04";
/// 1 April 2026, 00:00 in Wuchang.
const MONTH_S: i64 = 1_774_972_800;
const MONTH_LENGTH_S: u64 = 30 * 86_400;
/// Commits that are kept in one transaction, as a casebook that catches up does.
const TOGETHER: usize = 512;

/// What was kept.
#[derive(Clone, Copy, Debug)]
pub struct Filled {
    pub cases: u64,
    pub commits: u64,
    pub took: Duration,
}

/// What came of the question.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    pub took: Duration,
    pub received: u64,
    pub tables: usize,
}

/// Makes a copy with so many cases in the month, and a tenth of them in the one before.
///
/// # Errors
/// The file cannot be written.
pub fn fill(file: &Path, cases: u64) -> anyhow::Result<Filled> {
    let charter = Charter::shipped(DISTRICT).context("it ships")?;
    let places: Vec<&str> = charter.places().map(|party| party.code.as_str()).collect();
    let departments: Vec<&str> = charter.find_parties(PartyKind::Department).map(|party| party.code.as_str()).collect();
    let categories: Vec<&str> = charter.categories().iter().map(|category| category.code.as_str()).collect();
    let place = Place::new(Some(file))?;
    let writer = copy::create(&place, "a record")?;
    let mut keeping = Keeping::new(writer.connection, Box::new(|_| Ok(Vec::new())));
    let (mut entries, mut position, begun) = (Vec::with_capacity(TOGETHER), 0, Instant::now());
    let earlier = cases / 10;
    for number in 0..cases + earlier {
        // Spread evenly, and each number with other properties.
        let spread = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let of = |list: &[&str], at: u32| -> String {
            let at = usize::try_from(spread >> at).unwrap_or_default() % list.len().max(1);
            list.get(at).map(ToString::to_string).unwrap_or_default()
        };
        let month_s = MONTH_S - if number < cases { 0 } else { 31 * 86_400 };
        let received_s = month_s + i64::try_from((spread >> 8) % MONTH_LENGTH_S)?;
        let facts = life(received_s, spread, of(&places, 3), of(&departments, 11), of(&categories, 19));
        for (revision, (owner, second, fact)) in (1..).zip(facts) {
            position += 1;
            let key = HistoryKey { kind: Kind::Case, district: DISTRICT.parse()?, id: format!("case-{number:08}") };
            let decision = Decision { events: vec![Event { of: Some(fact) }], ..Decision::default() };
            let at = Some(Timestamp::from_second(second)?.to_wire());
            entries.push(Entry::Commit(StoredCommit {
                subject: CommitSubject { key, owner, revision: Revision(revision) },
                sequence: position,
                commit: Commit { at, decisions: vec![decision], ..Commit::default() },
            }));
        }
        if entries.len() >= TOGETHER || number + 1 == cases + earlier {
            keeping.keep(&entries)?;
            entries.clear();
        }
    }
    Ok(Filled { cases: cases + earlier, commits: position, took: begun.elapsed() })
}

/// Asks a copy for the statement of the month, once.
///
/// # Errors
/// The copy cannot be read.
pub fn ask(file: &Path) -> anyhow::Result<Asked> {
    let charter = Arc::new(Charter::shipped(DISTRICT).context("it ships")?);
    let period: Period = MONTH.parse().map_err(|wrong| anyhow::anyhow!("{wrong}"))?;
    let connection = rusqlite::Connection::open(file)?;
    let begun = Instant::now();
    let answer = report(&connection, &Question { charter, period, only: None })?;
    let received = answer.tables.iter().find(|table| table.code == "trend").context("there is a trend")?;
    let received = received.rows.iter().filter_map(|row| {
        let Value::Count(count) = row.cells.first()?.value.as_ref()? else { return None };
        Some(*count)
    });
    Ok(Asked { took: begun.elapsed(), received: received.sum(), tables: answer.tables.len() })
}

/// A case that a department was called for; one in sixteen is late, one in eight stays open.
fn life(received_s: i64, spread: u64, place: String, department: String, category: String) -> Vec<(Owner, i64, Of)> {
    let late = spread.is_multiple_of(16);
    let hour = |hours: i64| received_s + hours * 3600 + i64::try_from(spread % 3600).unwrap_or_default();
    let number = |of: u64| i32::try_from(spread % of).unwrap_or_default();
    let received = IntakeFact::Received(Received {
        kind: 1 + number(4),
        caller_class: 1 + number(3),
        channel: "mayor-hotline".to_owned(),
        way: 1 + number(5),
        title: "路灯不亮，晚上看不见路".to_owned(),
        text: "巷口三盏灯都不亮，老人晚上出门不方便，请尽快处理。".to_owned(),
        place: Some(WirePlace { party: place.clone(), ..WirePlace::default() }),
        received_at: Timestamp::from_second(received_s).ok().map(ToWireTime::to_wire),
        ..Received::default()
    });
    let judgement = Some(Judgement { category: category.clone(), level: Level::B1.into(), ..Judgement::default() });
    let (call, party, in_time) = (1, department, !late);
    let called = CalledParty { party: party.clone(), ..CalledParty::default() };
    let outcome = Outcome::Solved.into();
    let rate = if late { "0" } else { "1" }.to_owned();
    let mut facts = vec![
        (Owner::Intake, received_s, Of::Intake(IntakeEvent { event: Some(received) })),
        (
            Owner::Triage,
            received_s + 60,
            Of::Triage(TriageEvent {
                event: Some(TriageFact::Classified(Classified { judgement, ..Classified::default() })),
            }),
        ),
    ];
    let mut dispatched = vec![
        (
            hour(0),
            DispatchFact::Assigned(Assigned { party: place, level: Level::A.into(), category, ..Assigned::default() }),
        ),
        (hour(1), DispatchFact::Called(Called { call, parties: vec![called], ..Called::default() })),
        (
            hour(2),
            DispatchFact::Responded(Responded { call, party: party.clone(), in_time: true, ..Responded::default() }),
        ),
        (
            hour(3),
            DispatchFact::ReportedIn(ReportedIn { call, party: party.clone(), in_time, ..ReportedIn::default() }),
        ),
    ];
    if late {
        let clock = proto::dispatch::v1::Clock::Completion.into();
        dispatched.push((
            hour(20),
            DispatchFact::Overdue(Overdue { clock, call, party: party.clone(), ..Overdue::default() }),
        ));
    }
    if !spread.is_multiple_of(8) {
        dispatched.extend([
            (hour(24), DispatchFact::PartyDone(PartyDone { call, party, in_time, ..PartyDone::default() })),
            (hour(24), DispatchFact::CallEnded(CallEnded { call, ..CallEnded::default() })),
            (hour(24), DispatchFact::Resolved(Resolved { outcome, round: 1, ..Resolved::default() })),
            (hour(48), DispatchFact::Closed(Closed { outcome, ..Closed::default() })),
        ]);
    }
    facts.extend(
        dispatched
            .into_iter()
            .map(|(second, fact)| (Owner::Dispatch, second, Of::Dispatch(DispatchEvent { event: Some(fact) }))),
    );
    if !spread.is_multiple_of(8) {
        let asked = EvaluationFact::RatingRequested(RatingRequested { round: 1, ..RatingRequested::default() });
        let rated = EvaluationFact::Rated(Rated { round: 1, rate, solved: !late, ..Rated::default() });
        facts.extend(
            [(hour(25), asked), (hour(47), rated)].map(|(second, fact)| {
                (Owner::Evaluation, second, Of::Evaluation(EvaluationEvent { event: Some(fact) }))
            }),
        );
    }
    facts
}
