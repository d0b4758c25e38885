//! What happens to a period, as stories.

use charter::Unrated;
use jiff::SignedDuration;

use super::*;
use crate::domain::{Part, Score};

const OVER: Timestamp = Timestamp::constant(1_795_000_000, 0);

fn code(text: &str) -> Code {
    text.parse().unwrap()
}

fn after(hours: i64) -> Timestamp {
    OVER + SignedDuration::from_hours(hours)
}

fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// A score of one component, worth so much.
fn score(party: &str, total: Option<&str>) -> Score {
    let rate = total.map(|total| number(total) / Decimal::ONE_HUNDRED);
    let part = Part { code: code("completion"), weight: Decimal::ONE_HUNDRED, rate };
    Score {
        round: 1,
        party: code(party),
        formula: "100".to_owned(),
        unrated: Unrated::HeldBack,
        parts: vec![part],
        total: total.map(number),
    }
}

fn counted(scores: &[(&str, &str)]) -> Counted {
    let mut counted = Counted::default();
    scores.iter().for_each(|(party, total)| counted.add(&score(party, Some(total)), false));
    counted
}

fn month() -> Terms {
    Terms { tiers: vec![], ranked_from: 1, yearly: None }
}

fn year() -> Terms {
    let tiers = [("excellent", 60), ("good", 30), ("fair", 10)];
    Terms {
        tiers: tiers.map(|(tier, share)| (code(tier), Decimal::from(share))).to_vec(),
        ranked_from: 1,
        yearly: Some((Decimal::from(30), Decimal::from(70))),
    }
}

fn draft(counted: Counted, terms: Terms, reason: &str) -> Box<Draft> {
    Box::new(Draft {
        district: code("wuchang"),
        name: "2026-10".parse().unwrap(),
        over_from: OVER,
        reason: reason.to_owned(),
        charter: "v1".to_owned(),
        position: 7,
        terms,
        counted,
        appeals_until: after(240),
    })
}

fn publish(counted: Counted, reason: &str, now: Timestamp) -> Command {
    Command::Publish { draft: draft(counted, month(), reason), now }
}

fn appeal(unit: &str, now: Timestamp) -> Command {
    Command::Appeal { unit: code(unit), reason: "两件是电话里说好的".to_owned(), now }
}

fn answer(appeal: u32) -> Command {
    Command::AnswerAppeal { appeal, upheld: true, answer: "录音属实，予以更正".to_owned() }
}

fn import(marks: &[(&str, &str)]) -> Command {
    Command::Import(Import {
        source: "区委考核办".to_owned(),
        file: "2026.csv".to_owned(),
        sha256: "00".to_owned(),
        marks: marks.iter().map(|(unit, mark)| (code(unit), number(mark))).collect(),
    })
}

fn play(commands: &[Command]) -> (State, Vec<Result<Vec<Event>, Refusal>>) {
    let mut state = State::default();
    let mut outcomes = Vec::new();
    for command in commands {
        let outcome = Rules::decide(&state, command);
        state = outcome.iter().flatten().fold(state, Rules::evolve);
        outcomes.push(outcome);
    }
    (state, outcomes)
}

fn refused(commands: &[Command]) -> Refusal {
    play(commands).1.pop().unwrap().unwrap_err()
}

/// Rank, unit, mean or result, and tier of each row.
fn rows(table: &Table) -> Vec<String> {
    let shown = |row: &Row| {
        let rank = row.rank.map_or_else(|| "-".to_owned(), |rank| rank.to_string());
        let worth = row.result.or(row.mean).map_or_else(|| "-".to_owned(), |worth| worth.to_string());
        let tier = row.tier.as_ref().map_or("-", |tier| tier.as_str());
        format!("{rank} {} {worth} {tier}", row.unit)
    };
    table.rows.iter().map(shown).collect()
}

#[test]
fn a_period_is_published_when_it_is_over_and_once() {
    let of = |total| counted(&[("jsj", total)]);
    let early = after(0) - SignedDuration::from_secs(1);
    assert!(matches!(refused(&[publish(of("90"), "", early)]), Refusal::PeriodOpen { .. }));
    let (state, _) = play(&[publish(of("90"), "", OVER)]);
    assert_eq!(state.publications.len(), 1);
    let again = [publish(of("90"), "", OVER), publish(of("80"), "", after(1))];
    assert!(matches!(refused(&again), Refusal::PublishedAlready { number: 1, .. }));
}

#[test]
fn a_correction_says_why_and_changes_something() {
    let of = |total| counted(&[("jsj", total)]);
    assert_eq!(refused(&[publish(of("90"), "一件被剔除", OVER)]), Refusal::NothingToCorrect);
    let same = [publish(of("90"), "", OVER), publish(of("90"), "一件被剔除", after(1))];
    assert_eq!(refused(&same), Refusal::NothingChanged { number: 1 });
    let (state, _) = play(&[publish(of("90"), "", OVER), publish(of("80"), "一件被剔除", after(1))]);
    let numbers: Vec<(u32, &str)> = state.publications.iter().map(|it| (it.number, it.reason.as_str())).collect();
    assert_eq!(numbers, [(1, ""), (2, "一件被剔除")]);
}

#[test]
fn a_unit_of_the_table_appeals_in_time_and_once_and_is_answered_once() {
    let published = publish(counted(&[("jsj", "90"), ("water", "80")]), "", OVER);
    assert_eq!(refused(&[appeal("jsj", OVER)]), Refusal::NotPublished);
    let of = |commands: &[Command]| refused(&[std::slice::from_ref(&published), commands].concat());
    assert_eq!(of(&[appeal("gas", OVER)]), Refusal::NotInTheTable { unit: code("gas") });
    // Within the second in which the time ends is in time.
    assert!(play(&[published.clone(), appeal("jsj", after(240))]).1.pop().unwrap().is_ok());
    let late = late_from(after(240));
    assert_eq!(of(&[appeal("jsj", late)]), Refusal::AppealTooLate { until: after(240) });
    let twice = of(&[appeal("jsj", OVER), appeal("jsj", after(1))]);
    assert_eq!(twice, Refusal::AppealedAlready { unit: code("jsj"), publication: 1 });
    assert_eq!(of(&[answer(1)]), Refusal::NoSuchAppeal { appeal: 1 });
    assert_eq!(of(&[answer(0)]), Refusal::NoSuchAppeal { appeal: 0 });
    assert_eq!(of(&[appeal("jsj", OVER), answer(1), answer(1)]), Refusal::AppealAnswered { appeal: 1 });
    let (state, _) = play(&[published, appeal("jsj", OVER), appeal("water", OVER), answer(2)]);
    let answered: Vec<bool> = state.appeals.iter().map(|appeal| appeal.answer.is_some()).collect();
    assert_eq!(answered, [false, true]);
}

#[test]
fn a_correction_can_be_appealed_anew() {
    let of = |total| counted(&[("jsj", total)]);
    let corrected = [
        publish(of("90"), "", OVER),
        appeal("jsj", OVER),
        publish(of("80"), "一件被剔除", after(1)),
        appeal("jsj", after(2)),
    ];
    let against: Vec<u32> = play(&corrected).0.appeals.iter().map(|appeal| appeal.publication).collect();
    assert_eq!(against, [1, 2]);
}

#[test]
fn who_does_equally_well_is_ranked_alike_and_who_has_no_total_is_not() {
    let mut counted = counted(&[("a", "80"), ("b", "90"), ("b", "70"), ("c", "100"), ("d", "10")]);
    counted.add(&score("e", None), false);
    counted.add(&score("gas", Some("100")), true);
    let table = Table::of(&counted, month(), &BTreeMap::new());
    assert_eq!(rows(&table), ["1 c 100.0000 -", "2 a 80.0000 -", "2 b 80.0000 -", "4 d 10.0000 -", "- e - -"]);
    assert_eq!((table.external, table.rows.last().map(|row| row.held_back)), (1, Some(1)));
    let two = Terms { ranked_from: 2, ..month() };
    assert_eq!(rows(&Table::of(&counted, two, &BTreeMap::new()))[0], "1 b 80.0000 -");
}

#[test]
fn a_year_is_thirty_parts_of_the_streets_and_seventy_from_elsewhere() {
    let scores = [("a", "80"), ("b", "100"), ("c", "0.0001")];
    let publish = Command::Publish { draft: draft(counted(&scores), year(), ""), now: OVER };
    let missing = refused(&[import(&[("a", "90"), ("b", "99.5")]), publish.clone()]);
    assert_eq!(missing, Refusal::MarkMissing { units: vec![code("c")] });
    // The last import holds.
    let marks = [("a", "90"), ("b", "60"), ("c", "33.3333")];
    let (state, _) = play(&[import(&[("a", "1")]), import(&marks), publish]);
    let table = &state.publications[0].table;
    // 0.3 · 0.0001 + 0.7 · 33.3333, to the last digit.
    assert_eq!(rows(table), ["1 a 87 excellent", "2 b 72 excellent", "3 c 23.33334 good"]);
}

#[test]
fn a_component_that_nobody_rated_is_shown_as_not_rated() {
    let mut counted = Counted::default();
    counted.add(&score("a", None), false);
    let table = Table::of(&counted, month(), &BTreeMap::new());
    assert_eq!(table.rows[0].rates[0].mean, None);
    let published = play(&[publish(counted, "", OVER)]).0.publications.remove(0);
    assert!(published.text().contains("rate\ta\tcompletion\tnot-rated\t0\n"), "{}", published.text());
}

#[test]
fn a_period_with_two_formulas_says_so() {
    let mut counted = counted(&[("a", "80"), ("a", "90")]);
    let newer = Score { formula: "newer".to_owned(), ..score("a", Some("70")) };
    counted.add(&newer, false);
    let published = play(&[publish(counted, "", OVER)]).0.publications.remove(0);
    let formulas: Vec<&str> = published.text().leak().lines().filter(|line| line.starts_with("formula")).collect();
    assert_eq!(formulas, ["formula\t1\t2\theld-back\t100", "formula\t2\t1\theld-back\tnewer"]);
}

#[test]
fn the_first_difference_is_found_wherever_it_is() {
    assert_eq!(text::first_difference("a\nb\n", "a\nb\n"), None);
    assert_eq!(text::first_difference("a\nb\n", "a\nc\n"), Some((2, "b", "c")));
    assert_eq!(text::first_difference("a\n", "a\nb\n"), Some((2, "", "b")));
    assert!(text::first_difference("a\n", "a").is_some(), "a line end is a byte, too");
}
