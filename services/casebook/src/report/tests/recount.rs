//! The recount: for each question the whole list is looked through again, backwards and forwards, with nothing remembered.

#![allow(clippy::wildcard_enum_match_arm, reason = "each question looks at few kinds of facts")]

use std::collections::BTreeMap;
use std::ops::Range;

use charter::Charter;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use proto::dispatch::v1::Clock;
use proto::dispatch::v1::dispatch_event::Event as DispatchFact;
use proto::evaluation::v1::evaluation_event::Event as EvaluationFact;
use proto::intake::v1::intake_event::Event as IntakeFact;
use record::StoredCommit;
use rust_decimal::Decimal;

#[derive(Debug, Default)]
pub struct Recount {
    pub received: u64,
    pub closed: u64,
    pub response: (u64, u64),
    pub report_in: (u64, u64),
    pub completion: (u64, u64),
    pub case: (u64, u64),
    /// Rated, of those that were or whose time ended.
    pub rated: (u64, u64),
    pub rates_in_tenths: u64,
    /// Closed at A, B1, B2, C, D.
    pub levels: [u64; 5],
    pub called: u64,
    pub returned: u64,
    pub recurred: u64,
    pub reopened: u64,
    pub answered: u64,
    pub open: u64,
    pub open_overdue: u64,
    pub excluded: u64,
    pub to_answer: Vec<i64>,
    pub to_response: Vec<i64>,
    pub hops: BTreeMap<String, Vec<i64>>,
    pub classes: BTreeMap<String, u64>,
    pub days: BTreeMap<String, u64>,
    pub departments: BTreeMap<String, u64>,
    pub in_liangdao: u64,
    /// By whose they are, a department's or the street's: total and what satisfaction came to, as they stand in the facts.
    pub scores: BTreeMap<String, Vec<(String, String)>>,
}

/// Facts of one case with their seconds.
type Facts<'s> = Vec<(i64, &'s DispatchFact)>;

impl Recount {
    /// Of what lies within `window`, in seconds since 1970.
    pub fn of(commits: &[StoredCommit], window: Range<i64>) -> Self {
        let charter = super::charter();
        let mut recount = Self::default();
        let known = |stored: &&StoredCommit| stored.commit.at.unwrap().seconds < window.end;
        let mut cases: Vec<&str> = commits.iter().map(|stored| stored.subject.key.id.as_str()).collect();
        cases.sort_unstable();
        cases.dedup();
        for case in cases {
            let of_case: Vec<&StoredCommit> =
                commits.iter().filter(known).filter(|stored| stored.subject.key.id == case).collect();
            recount.count(&charter, &of_case, &window);
        }
        recount.to_answer.sort_unstable();
        recount.to_response.sort_unstable();
        recount.hops.values_mut().for_each(|times| times.sort_unstable());
        recount
    }

    fn count(&mut self, charter: &Charter, commits: &[&StoredCommit], window: &Range<i64>) {
        let at = |stored: &StoredCommit| stored.commit.at.unwrap().seconds;
        let within = |second: i64| window.contains(&second);
        let received = commits.iter().flat_map(|stored| stored.commit.intake_facts()).find_map(|fact| match fact {
            IntakeFact::Received(received) => Some(received),
            _ => None,
        });
        let Some(received) = received else { return };
        let received_s = received.received_at.unwrap().seconds;
        let facts: Facts<'_> =
            commits.iter().flat_map(|stored| stored.commit.dispatch_facts().map(|fact| (at(stored), fact))).collect();
        let first_holder = facts.iter().find_map(|(_, fact)| holder(fact)).unwrap_or_default();
        let place = received.place.as_ref().map_or("", |place| place.party.as_str());
        let place = if place.is_empty() { first_holder } else { place };
        if within(received_s) {
            self.received += 1;
            let class = ["*", "resident", "grassroots", "enterprise"][usize::try_from(received.caller_class).unwrap()];
            *self.classes.entry(class.to_owned()).or_default() += 1;
            let zoned = Timestamp::from_second(received_s).unwrap().to_zoned(TimeZone::get("Asia/Shanghai").unwrap());
            *self.days.entry(zoned.date().to_string()).or_default() += 1;
            self.in_liangdao += u64::from(place.starts_with("wuchang-liangdao"));
        }
        let exclusions: Vec<i64> = commits
            .iter()
            .filter(|stored| stored.commit.intake_facts().any(|fact| matches!(fact, IntakeFact::ExclusionApproved(_))))
            .map(|stored| at(stored))
            .collect();
        self.excluded += exclusions.iter().filter(|second| within(**second)).count() as u64;
        if !exclusions.is_empty() {
            return;
        }
        for (index, (second, fact)) in facts.iter().enumerate().filter(|(_, (second, _))| within(*second)) {
            self.count_fact(&facts, index, *second, fact, received_s);
        }
        self.count_hops(charter, &facts, window);
        for stored in commits.iter().filter(|stored| within(at(stored))) {
            for fact in stored.commit.evaluation_facts() {
                match fact {
                    EvaluationFact::Rated(rated) => {
                        self.rated.0 += 1;
                        self.rated.1 += 1;
                        self.rates_in_tenths += if rated.rate == "1" { 10 } else { 6 };
                    }
                    EvaluationFact::RatingLapsed(_) => self.rated.1 += 1,
                    _ => {}
                }
            }
        }
        self.count_scores(commits, place, window);
        self.count_open(&facts);
    }

    /// A unit's score counts unless a later one of the same case and period takes its place.
    fn count_scores(&mut self, commits: &[&StoredCommit], place: &str, window: &Range<i64>) {
        let within = commits.iter().filter(|stored| window.contains(&stored.commit.at.unwrap().seconds));
        let scored: Vec<_> = within
            .flat_map(|stored| stored.commit.evaluation_facts())
            .filter_map(|fact| if let EvaluationFact::Scored(scored) = fact { Some(scored) } else { None })
            .collect();
        for (at, score) in scored.iter().enumerate() {
            let replaced = scored[at + 1..].iter().any(|it| it.party == score.party && it.round >= score.round);
            let outdone = scored[..at].iter().any(|it| it.party == score.party && it.round > score.round);
            if replaced || outdone {
                continue;
            }
            let said = (score.total.clone(), score.components[1].rate.clone());
            self.scores.entry(score.party.clone()).or_default().push(said.clone());
            if place.starts_with("wuchang-liangdao") {
                self.scores.entry("wuchang-liangdao".to_owned()).or_default().push(said);
            }
        }
    }

    /// As a table shows them: mean, of how many, satisfaction in percent, and what nobody said.
    pub fn scores_of(&self, whose: &str) -> [String; 4] {
        let Some(scores) = self.scores.get(whose) else { return ["no row"; 4].map(str::to_owned) };
        let mean = |of: Vec<Decimal>, places: u32| match of.len() {
            0 => String::new(),
            known => {
                let mut mean = (of.iter().sum::<Decimal>() / Decimal::from(known)).round_dp(places);
                mean.rescale(places);
                mean.to_string()
            }
        };
        let totals: Vec<Decimal> = scores.iter().filter_map(|(total, _)| total.parse().ok()).collect();
        let satisfied = scores.iter().filter_map(|(_, rate)| rate.parse::<Decimal>().ok());
        let satisfied = satisfied.map(|rate| rate * Decimal::ONE_HUNDRED).collect();
        let of = totals.len().to_string();
        [mean(totals, 4), of, mean(satisfied, 2), String::new()]
    }

    fn count_fact(&mut self, facts: &Facts<'_>, index: usize, second: i64, fact: &DispatchFact, received_s: i64) {
        let before = &facts[..index];
        match fact {
            DispatchFact::Called(called) => {
                self.called += called.parties.len() as u64;
                for called in &called.parties {
                    *self.departments.entry(called.party.clone()).or_default() += 1;
                }
            }
            DispatchFact::Returned(_) => self.returned += 1,
            DispatchFact::RecurrenceFound(_) => self.recurred += 1,
            DispatchFact::Reopened(_) => self.reopened += 1,
            DispatchFact::Resolved(_) => {
                self.answered += 1;
                if !before.iter().any(|(_, fact)| matches!(fact, DispatchFact::Resolved(_))) {
                    self.to_answer.push(second - received_s);
                }
                if case_runs(before) {
                    add(&mut self.case, true);
                }
            }
            DispatchFact::Closed(closed) if closed.outcome != 0 => {
                self.closed += 1;
                if let Some(level) = level(before) {
                    self.levels[level] += 1;
                }
            }
            DispatchFact::Responded(fact) => {
                if runs(before, fact.call, &fact.party, Clock::Response) {
                    add(&mut self.response, fact.in_time);
                }
                if let Some((called, _)) = called(before, fact.call, &fact.party) {
                    self.to_response.push(second - called);
                }
            }
            DispatchFact::ReportedIn(fact) if runs(before, fact.call, &fact.party, Clock::ReportIn) => {
                add(&mut self.report_in, fact.in_time);
            }
            DispatchFact::PartyDone(fact) if runs(before, fact.call, &fact.party, Clock::Completion) => {
                add(&mut self.completion, fact.in_time);
            }
            DispatchFact::Overdue(late) => match late.clock() {
                Clock::Case if case_runs(before) => add(&mut self.case, false),
                Clock::Response if runs(before, late.call, &late.party, Clock::Response) => {
                    add(&mut self.response, false);
                }
                Clock::ReportIn if runs(before, late.call, &late.party, Clock::ReportIn) => {
                    add(&mut self.report_in, false);
                }
                Clock::Completion if runs(before, late.call, &late.party, Clock::Completion) => {
                    add(&mut self.completion, false);
                }
                _ => {}
            },
            _ => {}
        }
    }

    fn count_hops(&mut self, charter: &Charter, facts: &Facts<'_>, window: &Range<i64>) {
        let holders: Vec<(i64, &str)> =
            facts.iter().filter_map(|(second, fact)| holder(fact).map(|holder| (*second, holder))).collect();
        for (index, (second, to)) in holders.iter().enumerate().skip(1) {
            let from = holders[index - 1].1;
            if from == *to || !window.contains(second) {
                continue;
            }
            // When the one before had got it: the first of its unbroken run.
            let since = holders[..index].iter().rev().take_while(|(_, holder)| *holder == from).last().unwrap().0;
            let kind = |code: &str| charter.party(code).unwrap().kind.as_str();
            self.hops.entry(format!("{}/{}", kind(from), kind(to))).or_default().push(second - since);
        }
    }

    fn count_open(&mut self, facts: &Facts<'_>) {
        let last = facts.iter().rposition(|(_, fact)| matches!(fact, DispatchFact::Closed(_)));
        let reopened = facts.iter().rposition(|(_, fact)| matches!(fact, DispatchFact::Reopened(_)));
        if last.is_some() && last >= reopened {
            return;
        }
        self.open += 1;
        let answered = facts.iter().rposition(|(_, fact)| matches!(fact, DispatchFact::Resolved(_)));
        if answered.is_some() && answered >= reopened {
            return;
        }
        let late = facts.iter().rposition(|(_, fact)| is_late(fact));
        let begun = facts.iter().position(|(_, fact)| holder(fact).is_some());
        let begun = reopened.max(begun);
        self.open_overdue += u64::from(begun.is_some() && late > begun);
    }
}

fn is_late(fact: &DispatchFact) -> bool {
    matches!(fact, DispatchFact::Overdue(late) if late.clock() == Clock::Case)
}

fn add(share: &mut (u64, u64), counts: bool) {
    share.0 += u64::from(counts);
    share.1 += 1;
}

fn holder(fact: &DispatchFact) -> Option<&str> {
    match fact {
        DispatchFact::Assigned(fact) => Some(&fact.party),
        DispatchFact::Escalated(fact) => Some(&fact.to_party),
        _ => None,
    }
}

/// Whether the clock of the case runs after these facts: it was begun, or begun anew, and neither answered nor late since.
fn case_runs(before: &[(i64, &DispatchFact)]) -> bool {
    let first = before.iter().position(|(_, fact)| holder(fact).is_some());
    let again = before.iter().rposition(|(_, fact)| matches!(fact, DispatchFact::Reopened(_)));
    let Some(begun) = first.max(again) else { return false };
    !before[begun..].iter().any(|(_, fact)| matches!(fact, DispatchFact::Resolved(_)) || is_late(fact))
}

/// When a unit was last called, or asked to come again, on a call that it is still expected on.
fn called(before: &[(i64, &DispatchFact)], call: u32, party: &str) -> Option<(i64, usize)> {
    let mut asked = None;
    for (index, (second, fact)) in before.iter().enumerate() {
        match fact {
            DispatchFact::Called(fact) if fact.call == call && fact.parties.iter().any(|it| it.party == party) => {
                asked = Some((*second, index));
            }
            DispatchFact::Unqualified(fact) if fact.call == call && fact.party == party => {
                asked = asked.map(|_| (*second, index));
            }
            DispatchFact::Released(fact) if fact.call == call && fact.party == party => asked = None,
            DispatchFact::PartyDone(fact) if fact.call == call && fact.party == party => asked = None,
            DispatchFact::ReturnAdjudicated(fact) if fact.upheld && fact.call == call && fact.party == party => {
                asked = None;
            }
            DispatchFact::Resolved(_) => asked = None,
            _ => {}
        }
    }
    asked
}

/// Whether a clock of a call runs: the unit was called, and neither answered nor was late since.
fn runs(before: &[(i64, &DispatchFact)], call: u32, party: &str, clock: Clock) -> bool {
    let Some((_, mut begun)) = called(before, call, party) else { return false };
    if clock == Clock::Completion {
        // Being asked to come again begins no other time for the work.
        begun = before[..=begun]
            .iter()
            .rposition(|(_, fact)| {
                matches!(fact, DispatchFact::Called(fact) if fact.call == call && fact.parties.iter().any(|it| it.party == party))
            })
            .unwrap();
    }
    !before[begun..].iter().any(|(_, fact)| match fact {
        DispatchFact::Responded(fact) => clock == Clock::Response && fact.call == call && fact.party == party,
        DispatchFact::ReportedIn(fact) => clock == Clock::ReportIn && fact.call == call && fact.party == party,
        DispatchFact::PartyDone(fact) => clock == Clock::Completion && fact.call == call && fact.party == party,
        DispatchFact::Overdue(late) => late.clock() == clock && late.call == call && late.party == party,
        _ => false,
    })
}

/// The level that a case has after these facts, from A = 0.
fn level(before: &[(i64, &DispatchFact)]) -> Option<usize> {
    let number = |level: i32| usize::try_from(level).unwrap().checked_sub(1);
    let last = before.iter().rposition(|(_, fact)| holder(fact).is_some());
    let held = last.and_then(|last| match before[last].1 {
        DispatchFact::Assigned(fact) => number(fact.level),
        DispatchFact::Escalated(fact) => number(fact.to),
        _ => None,
    });
    let since = last.map_or(0, |last| last + 1);
    let called = before[since..].iter().any(|(_, fact)| matches!(fact, DispatchFact::Called(_)));
    match held {
        None | Some(0 | 1) if called => Some(2),
        held => held,
    }
}
