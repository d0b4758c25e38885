//! Statements held against a recount that looks at the raw commits, fact by fact, and knows nothing of courses or walks.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use charter::Charter;
use jiff::Timestamp;
use jiff::civil::date;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use prost::Message;
use proto::ToWireTime;
use proto::casebook::v1::report_cell::Value;
use proto::casebook::v1::{ReportRequest, ReportResponse};
use proto::common::v1::{Level, Outcome, Place};
use proto::dispatch::v1::dispatch_event::Event as DispatchFact;
use proto::dispatch::v1::{
    Assigned, Called, CalledParty, Clock, Closed, DispatchEvent, Escalated, Overdue, PartyDone, RecurrenceFound,
    Released, Reopened, ReportedIn, Resolved, Responded, ReturnAdjudicated, Returned, Unqualified,
};
use proto::evaluation::v1::evaluation_event::Event as EvaluationFact;
use proto::evaluation::v1::{Component, EvaluationEvent, PartyRated, Rated, RatingLapsed, Scored};
use proto::intake::v1::intake_event::Event as IntakeFact;
use proto::intake::v1::{ExclusionApproved, IntakeEvent, Received};
use proto::record::v1::event::Of;
use record::StoredCommit;
use rust_decimal::Decimal;

use super::{Asked, Period, report};
use crate::tests::{Kept, commit_at};

mod recount;

use recount::Recount;

/// Holders and places, from the grid to the district.
const HOLDERS: [&str; 5] = [
    "wuchang-liangdao-tanhualin-grid-1",
    "wuchang-liangdao-tanhualin",
    "wuchang-liangdao-command-centre",
    "wuchang-housing",
    "wuchang-centre",
];
const LEVELS: [Level; 5] = [Level::A, Level::A, Level::B1, Level::C, Level::C];
const DEPARTMENTS: [&str; 2] = ["wuchang-housing", "wuchang-water"];
/// 1 March 2026, 00:00 in Wuchang.
const MARCH: i64 = 1_772_294_400;

fn intake(fact: IntakeFact) -> Of {
    Of::Intake(IntakeEvent { event: Some(fact) })
}

fn dispatch(fact: DispatchFact) -> Of {
    Of::Dispatch(DispatchEvent { event: Some(fact) })
}

fn evaluation(fact: EvaluationFact) -> Of {
    Of::Evaluation(EvaluationEvent { event: Some(fact) })
}

fn received(second: i64, class: i32, place: &str) -> Of {
    intake(IntakeFact::Received(Received {
        kind: 1 + class % 2,
        caller_class: class,
        channel: "mayor-hotline".to_owned(),
        way: 1 + class,
        place: Some(Place { party: place.to_owned(), ..Place::default() }),
        received_at: Some(Timestamp::from_second(second).unwrap().to_wire()),
        ..Received::default()
    }))
}

fn held(holder: usize) -> Of {
    let (party, level) = (HOLDERS[holder].to_owned(), LEVELS[holder].into());
    let category = if holder.is_multiple_of(2) { "stray-parking" } else { "adverts" }.to_owned();
    dispatch(DispatchFact::Assigned(Assigned { party, level, category, ..Assigned::default() }))
}

/// One of what can happen to a case; `unit` and `call` say to whom.
fn happening(what: u8, unit: usize, call: u32, yes: bool) -> Of {
    let party = DEPARTMENTS[unit].to_owned();
    let late = |clock: Clock, party: String, call: u32| {
        dispatch(DispatchFact::Overdue(Overdue { clock: clock.into(), call, party, ..Overdue::default() }))
    };
    let outcome = Outcome::Solved.into();
    let rate = if yes { "1" } else { "0.6" }.to_owned();
    match what {
        0 | 1 => held(unit + usize::from(yes)),
        2 => dispatch(DispatchFact::Escalated(Escalated {
            to_party: HOLDERS[2 + unit].to_owned(),
            to: LEVELS[2 + unit].into(),
            ..Escalated::default()
        })),
        3 | 4 => dispatch(DispatchFact::Called(Called {
            call,
            parties: vec![CalledParty { party, ..CalledParty::default() }],
            ..Called::default()
        })),
        5 | 6 => dispatch(DispatchFact::Responded(Responded { call, party, in_time: yes, ..Responded::default() })),
        7 => dispatch(DispatchFact::ReportedIn(ReportedIn { call, party, in_time: yes, ..ReportedIn::default() })),
        8 => dispatch(DispatchFact::Unqualified(Unqualified { call, party, ..Unqualified::default() })),
        9 => dispatch(DispatchFact::PartyDone(PartyDone { call, party, in_time: yes, ..PartyDone::default() })),
        10 => dispatch(DispatchFact::Released(Released { call, party, ..Released::default() })),
        11 => dispatch(DispatchFact::Returned(Returned { call, party, ..Returned::default() })),
        12 => dispatch(DispatchFact::ReturnAdjudicated(ReturnAdjudicated {
            call,
            party,
            upheld: yes,
            ..ReturnAdjudicated::default()
        })),
        13 => late(Clock::Response, party, call),
        14 => late(if yes { Clock::ReportIn } else { Clock::Completion }, party, call),
        15 => late(Clock::Case, HOLDERS[unit].to_owned(), 0),
        16 | 17 => dispatch(DispatchFact::Resolved(Resolved {
            outcome,
            owner: HOLDERS[unit].to_owned(),
            ..Resolved::default()
        })),
        18 => dispatch(DispatchFact::Reopened(Reopened::default())),
        19 | 20 => {
            dispatch(DispatchFact::Closed(Closed { outcome: if yes { outcome } else { 0 }, ..Closed::default() }))
        }
        21 | 22 => evaluation(EvaluationFact::Rated(Rated { rate, solved: yes, ..Rated::default() })),
        23 => evaluation(EvaluationFact::PartyRated(PartyRated { party, rate, ..PartyRated::default() })),
        24 => evaluation(EvaluationFact::RatingLapsed(RatingLapsed::default())),
        25 => dispatch(DispatchFact::RecurrenceFound(RecurrenceFound { times: 3, ..RecurrenceFound::default() })),
        26 | 27 => {
            let part = |code: &str, rate: &str| Component {
                code: code.to_owned(),
                rate: rate.to_owned(),
                ..Component::default()
            };
            let (total, perceived) = [("90", "1"), ("73.3333", "0.5"), ("", "")][usize::from(what + u8::from(yes)) % 3];
            let components = vec![part("response", "1"), part("satisfaction", perceived)];
            let (total, round) = (total.to_owned(), call);
            evaluation(EvaluationFact::Scored(Scored { round, party, total, components, ..Scored::default() }))
        }
        _ if yes && unit == 0 => intake(IntakeFact::ExclusionApproved(ExclusionApproved::default())),
        _ => held(unit),
    }
}

/// Two months of a district, hours apart.
fn history() -> impl Strategy<Value = Vec<StoredCommit>> {
    let fact = (0_u8..8, 0_i64..90_000, 0_u8..30, 0_usize..2, 1_u32..3, any::<bool>());
    (0_i64..20, prop::collection::vec(fact, 1..160)).prop_map(|(day, facts)| {
        let (mut second, mut known, mut commits) = (MARCH + day * 86_400, BTreeMap::new(), Vec::new());
        for (case, after, what, unit, call, yes) in facts {
            second += after;
            let of = match known.insert(case, ()) {
                None => {
                    let place = ["", HOLDERS[0], HOLDERS[1], "wuchang-liangdao", "nowhere"][usize::from(case) % 5];
                    received(second, i32::from(case) % 4, place)
                }
                Some(()) => happening(what, unit, call, yes),
            };
            commits.push(commit_at(commits.len() as u64 + 1, &format!("case-{case}"), second, of));
        }
        commits
    })
}

/// Read once: it is long.
fn charter() -> Arc<Charter> {
    static CHARTER: LazyLock<Arc<Charter>> = LazyLock::new(|| Arc::new(Charter::shipped("wuchang").unwrap()));
    Arc::clone(&CHARTER)
}

fn asked(period: &str, only: Option<&str>) -> Asked {
    let charter = charter();
    let only = only.map(|code| code.parse().unwrap());
    Asked { charter, period: period.parse().unwrap(), only }
}

fn stated(kept: &Kept, period: &str) -> ReportResponse {
    kept.look(|connection| report(connection, &asked(period, None)).unwrap())
}

/// A cell as text; empty: it says nothing.
fn cell(report: &ReportResponse, table: &str, row: &str, column: &str) -> String {
    let table = report.tables.iter().find(|found| found.code == table).unwrap_or_else(|| panic!("no table {table}"));
    let at =
        table.columns.iter().position(|found| found.code == column).unwrap_or_else(|| panic!("no column {column}"));
    let Some(row) = table.rows.iter().find(|found| found.code == row) else { return "no row".to_owned() };
    match &row.cells[at].value {
        None => String::new(),
        Some(Value::Text(text) | Value::Decimal(text)) => text.clone(),
        Some(Value::Count(count)) => count.to_string(),
    }
}

fn percent(counted: u64, of: u64) -> String {
    if of == 0 {
        return String::new();
    }
    let share = Decimal::from(counted) * Decimal::from(100) / Decimal::from(of);
    format!("{:.2}", share.round_dp(2))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn every_figure_is_what_counting_the_commits_gives(commits in history()) {
        let kept = Kept::of(&commits, 9, true);
        for (period, from, to) in [
            ("2026-03", date(2026, 3, 1), date(2026, 4, 1)),
            ("2026-04", date(2026, 4, 1), date(2026, 5, 1)),
            ("2026-03-20..2026-04-08", date(2026, 3, 20), date(2026, 4, 9)),
        ] {
            let zone = TimeZone::get("Asia/Shanghai").unwrap();
            let second = |day: jiff::civil::Date| day.to_zoned(zone.clone()).unwrap().timestamp().as_second();
            let found = stated(&kept, period);
            let wanted = Recount::of(&commits, second(from)..second(to));
            let indicator = |row: &str, column: &str| cell(&found, "indicators", row, column);
            prop_assert_eq!(indicator("received", "counted"), wanted.received.to_string());
            prop_assert_eq!(indicator("closed", "counted"), wanted.closed.to_string());
            for (row, (kept, of)) in [
                ("response-on-time", wanted.response),
                ("report-in-on-time", wanted.report_in),
                ("completion-on-time", wanted.completion),
                ("case-on-time", wanted.case),
                ("rated", wanted.rated),
                ("contained-below-the-street", (wanted.levels[0], wanted.closed)),
                ("contained-within-the-street", (wanted.levels[0] + wanted.levels[1], wanted.closed)),
                ("contained-street-and-below", (wanted.levels[..3].iter().sum(), wanted.closed)),
                ("returned", (wanted.returned, wanted.called)),
                ("recurred", (wanted.recurred, wanted.received)),
                ("reopened", (wanted.reopened, wanted.answered)),
                ("open-overdue", (wanted.open_overdue, wanted.open)),
            ] {
                let shown = (indicator(row, "counted"), indicator(row, "of"), indicator(row, "share"));
                prop_assert_eq!(shown, (kept.to_string(), of.to_string(), percent(kept, of)), "{} in {}", row, period);
            }
            prop_assert_eq!(indicator("open", "counted"), wanted.open.to_string());
            prop_assert_eq!(indicator("satisfaction", "of"), wanted.rated.0.to_string());
            let tenths = wanted.rates_in_tenths;
            prop_assert_eq!(indicator("satisfaction", "share"), percent(tenths, 10 * wanted.rated.0));
            prop_assert_eq!(indicator("excluded", "counted"), wanted.excluded.to_string());
            for (step, times) in [("received-answered", &wanted.to_answer), ("called-responded", &wanted.to_response)] {
                prop_assert_eq!(cell(&found, "steps", step, "count"), times.len().to_string());
                let median = times.get((times.len().max(1) - 1) / 2).map(ToString::to_string).unwrap_or_default();
                prop_assert_eq!(cell(&found, "steps", step, "p50"), median, "{}", step);
            }
            for (hop, times) in &wanted.hops {
                prop_assert_eq!(cell(&found, "hops", hop, "count"), times.len().to_string(), "{}", hop);
                prop_assert_eq!(cell(&found, "hops", hop, "longest"), times.last().unwrap().to_string());
            }
            for (class, cases) in &wanted.classes {
                prop_assert_eq!(cell(&found, "by-class", class, "received"), cases.to_string());
            }
            // Of a day after the last fact nothing is known, and so nothing is said.
            let last = commits.iter().map(|stored| stored.commit.at.unwrap().seconds).max().unwrap();
            let last = Timestamp::from_second(last).unwrap().to_zoned(zone.clone()).date();
            if from <= last && last < to {
                let unknown = |day: jiff::civil::Date| cell(&found, "trend", &day.to_string(), "received");
                let later = last.tomorrow().unwrap();
                prop_assert!(later == to || unknown(later).is_empty());
                prop_assert!(!unknown(last).is_empty());
            }
            for (day, cases) in &wanted.days {
                prop_assert_eq!(cell(&found, "trend", day, "received"), cases.to_string(), "{}", day);
            }
            for (department, called) in &wanted.departments {
                prop_assert_eq!(cell(&found, "departments", department, "called"), called.to_string());
            }
            for (whose, (table, row)) in DEPARTMENTS.map(|unit| (unit, ("scores", unit))).into_iter().chain([("wuchang-liangdao", ("street-scores", "wuchang-liangdao"))]) {
                let shown = ["score", "scored", "rate-satisfaction", "rate-completion"].map(|column| cell(&found, table, row, column));
                prop_assert_eq!(shown, wanted.scores_of(whose), "{} in {}", whose, period);
            }
            let in_liangdao = cell(&found, "streets", "wuchang-liangdao", "received");
            prop_assert_eq!(in_liangdao.replace("no row", "0"), wanted.in_liangdao.to_string());
        }
    }

    #[test]
    fn the_same_record_gives_the_same_bytes_however_the_copy_was_made(commits in history(), together in 1_usize..20) {
        let bytes = |kept: &Kept| stated(kept, "2026-03").encode_to_vec();
        let (one_by_one, some) = (Kept::of(&commits, 1, false), Kept::of(&commits, together, true));
        prop_assert_eq!(bytes(&one_by_one), bytes(&some));
        prop_assert_eq!(bytes(&some), bytes(&some));
    }

    #[test]
    fn a_period_that_is_over_stays_what_it_was_when_its_cases_go_on(commits in history()) {
        let april = date(2026, 4, 1).to_zoned(TimeZone::get("Asia/Shanghai").unwrap()).unwrap().timestamp();
        let over = commits.iter().position(|stored| stored.commit.at.unwrap().seconds >= april.as_second());
        // Up to the first fact after the period, which says that it is over.
        let Some(over) = over else { return Ok(()) };
        let then = stated(&Kept::of(&commits[..=over], 5, true), "2026-03");
        prop_assert_eq!(then, stated(&Kept::of(&commits, 5, true), "2026-03"));
    }
}

#[test]
fn an_empty_period_has_every_table_and_no_share() {
    let kept = Kept::of(&[commit_at(1, "a", MARCH, received(MARCH, 1, ""))], 1, true);
    let empty = stated(&kept, "2025-11");
    assert_eq!(cell(&empty, "indicators", "received", "counted"), "0");
    assert_eq!(cell(&empty, "indicators", "case-on-time", "share"), "");
    assert_eq!(cell(&empty, "containment", "street-and-below", "reached"), "");
    assert_eq!(empty.tables.len(), stated(&kept, "2026-03").tables.len());
    assert!(empty.tables.iter().find(|table| table.code == "departments").unwrap().rows.is_empty());
    // Nothing was ever decided there.
    let nothing = stated(&Kept::of(&[], 1, true), "2026-03");
    assert_eq!(nothing.until, None);
}

#[test]
fn the_future_is_refused_and_a_period_that_has_begun_is_not() {
    let charter = charter();
    let now: Timestamp = "2026-04-17T10:00:00+08:00".parse().unwrap();
    let refused = |period: &str, party: &str| {
        let request = ReportRequest { period: period.to_owned(), party: party.to_owned(), ..ReportRequest::default() };
        Asked::new(Arc::clone(&charter), &request, now).err().map(|violation| (violation.field, violation.rule))
    };
    for begun in ["2026-04-17", "2026-04", "2026", "2026-04-01..2026-12-31"] {
        assert_eq!(refused(begun, ""), None, "{begun}");
    }
    for to_come in ["2026-04-18", "2026-05", "2027", "2026-04-18..2026-04-19"] {
        assert_eq!(refused(to_come, ""), Some(("period", "period-begun")), "{to_come}");
    }
    assert_eq!(refused("soon", ""), Some(("period", "period")));
    assert_eq!(refused("2026-04", "wuchang-liangdao"), None);
    assert_eq!(refused("2026-04", "wuchang-housing"), Some(("party", "known-place")));
}

#[test]
fn a_street_s_statement_has_the_scores_of_whoever_was_called_there() {
    let scored = |position, case: &str, second: i64, total: &str, round| {
        let party = DEPARTMENTS[0].to_owned();
        let score = Scored { party, total: total.to_owned(), round, ..Scored::default() };
        commit_at(position, case, MARCH + second, evaluation(EvaluationFact::Scored(score)))
    };
    let april = 31 * 86_400;
    let commits = [
        commit_at(1, "here", MARCH, received(MARCH, 1, HOLDERS[1])),
        commit_at(2, "there", MARCH, received(MARCH, 1, "wuchang-jiyuqiao")),
        scored(3, "here", 10, "80", 1),
        scored(4, "there", 10, "95.5", 1),
        scored(5, "here", 20, "90", 2),
        // Scored again when March is over: March has what it had.
        scored(6, "here", april, "60", 3),
    ];
    let kept = Kept::of(&commits, 2, true);
    let of = |period, street| kept.look(|connection| report(connection, &asked(period, street)).unwrap());
    let shown = |period, street, table, row| {
        ["score", "scored"].map(|column| cell(&of(period, street), table, row, column)).join(" of ")
    };
    let (housing, liangdao, jiyuqiao) = (DEPARTMENTS[0], "wuchang-liangdao", "wuchang-jiyuqiao");
    assert_eq!(shown("2026-03", None, "scores", housing), "92.7500 of 2");
    assert_eq!(shown("2026-03", Some(liangdao), "scores", housing), "90.0000 of 1");
    assert_eq!(shown("2026-03", None, "street-scores", liangdao), "90.0000 of 1");
    assert_eq!(shown("2026-03", None, "street-scores", jiyuqiao), "95.5000 of 1");
    assert_eq!(shown("2026-04", None, "scores", housing), "60.0000 of 1");
}

#[test]
fn a_street_s_statement_has_what_lies_in_it_or_was_in_its_hands() {
    let case = |position, case: &str, of| commit_at(position, case, MARCH + i64::try_from(position).unwrap(), of);
    let commits = [
        case(1, "lies-there", received(MARCH, 1, HOLDERS[1])),
        case(2, "was-handed-there", received(MARCH, 1, "wuchang-jiyuqiao")),
        case(3, "was-handed-there", held(2)),
        case(4, "elsewhere", received(MARCH, 1, "wuchang-jiyuqiao")),
        case(5, "elsewhere", held(4)),
        case(6, "nobody-knows-where", received(MARCH, 1, "")),
    ];
    let kept = Kept::of(&commits, 3, true);
    let of = |street| kept.look(|connection| report(connection, &asked("2026-03", Some(street))).unwrap());
    let received = |street| cell(&of(street), "indicators", "received", "counted");
    assert_eq!((received("wuchang-liangdao"), received("wuchang-jiyuqiao")), ("2".to_owned(), "2".to_owned()));
    assert_eq!(of("wuchang-liangdao").party_name.unwrap().zh, "粮道街道");
}

#[test]
fn what_stays_in_its_house_was_held_by_nobody_above_it() {
    let mut commits = Vec::new();
    // Each case by its holders, one after the other; the last says whether departments were called.
    for (case, (holders, called)) in [
        (&[0][..], false),
        (&[0, 1], false),
        (&[0, 2], false),
        (&[0, 1], true),
        (&[2], false),
        (&[2], true),
        (&[2, 3], false),
        (&[2, 4], true),
    ]
    .into_iter()
    .enumerate()
    {
        let case = format!("case-{case}");
        let mut facts = vec![received(MARCH, 1, HOLDERS[0])];
        facts.extend(holders.iter().map(|holder| held(*holder)));
        facts.extend(called.then(|| happening(3, 0, 1, false)));
        facts.push(happening(19, 0, 1, true));
        for of in facts {
            let position = commits.len() as u64 + 1;
            commits.push(commit_at(position, &case, MARCH + i64::try_from(position).unwrap(), of));
        }
    }
    let found = stated(&Kept::of(&commits, 4, true), "2026-03");
    let shown = |gate: &str| ["of", "held", "alone"].map(|column| cell(&found, "gates", gate, column));
    let numbers = |of: u64, held: u64, alone: u64| [of, held, alone].map(|number| number.to_string());
    assert_eq!(shown("small-in-grid"), numbers(4, 1, 1));
    assert_eq!(shown("small-in-community"), numbers(4, 3, 2));
    assert_eq!(shown("big-in-street"), numbers(4, 2, 1));
    assert_eq!(shown("big-in-community"), numbers(4, 0, 0));
}

#[test]
fn what_presses_a_class_is_what_it_raises_most() {
    let mut commits = Vec::new();
    let mut add = |case: String, of: Of| {
        let position = commits.len() as u64 + 1;
        commits.push(commit_at(position, &case, MARCH + i64::try_from(position).unwrap(), of));
    };
    for (case, (class, holder)) in [(1, 0), (1, 0), (1, 1), (3, 1)].into_iter().enumerate() {
        add(format!("case-{case}"), received(MARCH, class, HOLDERS[0]));
        add(format!("case-{case}"), held(holder));
    }
    add("nobody-judged-it".to_owned(), received(MARCH, 3, HOLDERS[0]));
    let found = stated(&Kept::of(&commits, 4, true), "2026-03");
    let shown = |row: &str| ["rank", "received", "share"].map(|column| cell(&found, "pressing", row, column));
    assert_eq!(shown("resident/stray-parking"), ["1", "2", "66.67"]);
    assert_eq!(shown("resident/adverts"), ["2", "1", "33.33"]);
    assert_eq!(shown("enterprise/*"), ["1", "1", "50.00"]);
    assert_eq!(shown("enterprise/adverts"), ["2", "1", "50.00"]);
}

#[test]
fn what_is_to_be_less_is_compared_with_the_period_before() {
    let day = |days: i64| MARCH + days * 86_400;
    let received = |position, class, days| {
        commit_at(position, &format!("case-{position}"), day(days), received(day(days), class, HOLDERS[0]))
    };
    // Residents raised four matters in March and three in April, an enterprise one in each.
    let commits: Vec<StoredCommit> = [(1, 1), (1, 2), (1, 3), (1, 4), (3, 5), (1, 40), (1, 41), (1, 42), (3, 43)]
        .into_iter()
        .zip(1..)
        .map(|((class, days), position)| received(position, class, days))
        .collect();
    let kept = Kept::of(&commits, 4, true);
    let shown = |period: &str| {
        let found = stated(&kept, period);
        ["counted", "before-counted", "change", "target", "reached"].map(|it| cell(&found, "bring-down", "reports", it))
    };
    assert_eq!(shown("2026-04"), ["3", "4", "-25.00", "-5.00", "yes"]);
    assert_eq!(shown("2026-03"), ["4", "0", "", "-5.00", ""], "there was nothing to be less than");
    assert_eq!(shown("2026-03-03..2026-03-03"), ["1", "1", "0.00", "-5.00", "no"]);
}

#[test]
fn a_statement_has_the_four_pillars_as_its_chapters() {
    use proto::casebook::v1::Pillar;
    let found = stated(&Kept::of(&[], 1, true), "2026-03");
    let mut chapters: Vec<Pillar> = found.tables.iter().map(proto::casebook::v1::ReportTable::pillar).collect();
    chapters.dedup();
    let four = [Pillar::Strengthen, Pillar::Empower, Pillar::Duty, Pillar::Effect];
    assert_eq!(chapters, [&[Pillar::Unspecified][..], &four].concat());
}

#[test]
fn every_figure_has_a_base_and_a_requirement_in_both_languages() {
    let kept = Kept::of(&[commit_at(1, "a", MARCH, received(MARCH, 1, ""))], 1, true);
    let words = |words: &Option<proto::casebook::v1::Words>| {
        words.as_ref().is_some_and(|words| !words.zh.is_empty() && !words.en.is_empty())
    };
    for table in stated(&kept, "2026-03").tables {
        let code = &table.code;
        assert!(words(&table.title), "{code}");
        assert!(table.columns.iter().all(|column| words(&column.title)), "{code}");
        if code == "indicators" {
            assert!(table.rows.iter().all(|row| words(&row.base) && !row.requirements.is_empty()), "{code}");
            assert!(table.rows.iter().all(|row| words(&row.name)), "{code}");
        } else {
            assert!(words(&table.base) && !table.requirements.is_empty(), "{code}");
        }
    }
    let period: Period = "2026-03".parse().unwrap();
    assert_eq!(period.count(), 31);
}
