//! What the cases of one period come to: sums of the facts that lie in it, and what is open when it ends.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::rc::Rc;

use charter::{Charter, Level, PartyKind};
use ids::Code;

use super::share::{Mean, Scores, Share, Times};
use super::walk::{Clock, Closing, Fact, Standing, Step, walk};
use crate::course::Course;

/// What has no code: a case whose place is not known, a category that nobody has judged yet.
pub const UNKNOWN: &str = "*";
/// An answer that fast is one on the spot (R-80: parking in front of a house, dealt with in a quarter of an hour).
const AT_ONCE_S: u32 = 15 * 60;
const DAY_S: u32 = 86_400;
/// Days that something open is younger than, one row each; what is older is in a last one.
pub const AGES_D: [u32; 5] = [1, 3, 7, 15, 30];

/// In and out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Volume {
    pub received: u64,
    /// With an outcome.
    pub closed: u64,
}

/// What cases of one class of callers come to.
#[derive(Clone, Debug, Default)]
pub struct Class {
    pub volume: Volume,
    pub in_time: Share,
    pub satisfaction: Mean,
    pub reopened: u64,
    /// Received, by category.
    pub matters: BTreeMap<String, u64>,
}

/// What is within the bounds of a street, a community or a grid.
#[derive(Clone, Debug, Default)]
pub struct Area {
    pub volume: Volume,
    /// Closed with an outcome, by the level they were solved at.
    pub levels: BTreeMap<Level, u64>,
    pub in_time: Share,
    pub satisfaction: Mean,
    pub reopened: u64,
    pub open: u64,
    /// Of whoever was called there and is no outside party.
    pub scores: Scores,
}

/// A called unit.
#[derive(Clone, Debug, Default)]
pub struct Unit {
    pub called: u64,
    /// Response, report-in and completion.
    pub clocks: [Share; 3],
    pub returned: u64,
    pub upheld: u64,
    /// What those who called it said of it.
    pub rating: Mean,
    pub scores: Scores,
}

impl Unit {
    /// All its clocks of calls together.
    pub fn in_time(&self) -> Share {
        let sum = |count: fn(&Share) -> u64| self.clocks.iter().map(count).sum();
        Share::out_of(sum(|share| share.counted), sum(|share| share.of))
    }
}

/// Open cases of one age.
#[derive(Clone, Copy, Debug, Default)]
pub struct Age {
    pub open: u64,
    /// Of those, answered, and waiting for what their callers say.
    pub answered: u64,
    /// Of those, late and not answered.
    pub overdue: u64,
}

/// Matters that are not to leave somebody's house, by two pairs of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    pub code: &'static str,
    /// Small matters are those that began at the community's level, big ones those that began at the street's.
    pub small: bool,
    /// Nobody above this may have had it.
    pub within: PartyKind,
}

pub const GATES: [Gate; 4] = [
    Gate { code: "small-in-community", small: true, within: PartyKind::Community },
    Gate { code: "big-in-street", small: false, within: PartyKind::Street },
    Gate { code: "small-in-grid", small: true, within: PartyKind::Grid },
    Gate { code: "big-in-community", small: false, within: PartyKind::Community },
];

/// How many stayed, by both definitions.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stayed {
    /// Nobody above had it.
    pub held: Share,
    /// And no department was called for it.
    pub alone: Share,
}

/// Where a party is.
#[derive(Debug, Default)]
struct Spot {
    kind: Option<PartyKind>,
    street: Option<Code>,
    community: Option<Code>,
    grid: Option<Code>,
}

impl Spot {
    fn kind_name(&self) -> &'static str {
        self.kind.map_or(UNKNOWN, PartyKind::as_str)
    }

    fn is_in(&self, place: &Code) -> bool {
        [&self.street, &self.community, &self.grid].into_iter().flatten().any(|at| at == place)
    }
}

/// Everything of one period.
pub struct Figures<'c> {
    charter: &'c Charter,
    window: Range<i64>,
    /// When each day begins.
    days: Vec<i64>,
    /// Nothing from here on is known, or is to be.
    until_us: i64,
    /// Only what lies in it or was in its hands.
    only: Option<Code>,
    spots: HashMap<String, Rc<Spot>>,

    pub volume: Volume,
    pub by_way: BTreeMap<i32, Volume>,
    pub by_kind: BTreeMap<i32, Volume>,
    pub by_channel: BTreeMap<String, Volume>,
    pub by_class: BTreeMap<i32, Class>,
    pub by_category: BTreeMap<String, Volume>,
    pub recurred_by_category: BTreeMap<String, u64>,
    pub by_day: Vec<Volume>,
    pub levels: BTreeMap<Level, u64>,
    pub gates: [Stayed; GATES.len()],
    pub clocks: BTreeMap<Clock, Share>,
    pub steps: BTreeMap<Step, Times>,
    pub hops: BTreeMap<(&'static str, &'static str), Times>,
    pub satisfaction: Mean,
    pub rated: Share,
    pub answered: u64,
    /// First answers: on the spot, by the same time next day, and of all.
    pub first_at_once: Share,
    pub first_within_a_day: Share,
    pub reopened: u64,
    pub recurred: u64,
    pub called: u64,
    pub returned: u64,
    pub upheld: u64,
    pub overdue: BTreeMap<i32, u64>,
    pub excluded: BTreeMap<String, u64>,
    /// Cases that were closed or excluded, by whoever had them then.
    pub ended: BTreeMap<String, u64>,
    pub open: Age,
    pub ages: [Age; AGES_D.len() + 1],
    pub departments: BTreeMap<Code, Unit>,
    /// Units outside government, which are in no league of departments.
    pub outside: BTreeMap<Code, Unit>,
    pub streets: BTreeMap<Code, Area>,
    pub communities: BTreeMap<Code, Area>,
    pub grids: BTreeMap<Code, Area>,
    /// Received where nobody knows which street it is.
    pub nowhere: u64,
}

impl<'c> Figures<'c> {
    /// Of the days that begin at `days`, the last of which ends with `window`.
    pub fn new(charter: &'c Charter, window: Range<i64>, days: Vec<i64>, until_us: i64, only: Option<Code>) -> Self {
        Self {
            charter,
            by_day: vec![Volume::default(); days.len()],
            until_us: until_us.min(window.end),
            window,
            days,
            only,
            spots: HashMap::new(),
            volume: Volume::default(),
            by_way: BTreeMap::new(),
            by_kind: BTreeMap::new(),
            by_channel: BTreeMap::new(),
            by_class: BTreeMap::new(),
            by_category: BTreeMap::new(),
            recurred_by_category: BTreeMap::new(),
            levels: BTreeMap::new(),
            gates: Default::default(),
            clocks: BTreeMap::new(),
            steps: BTreeMap::new(),
            hops: BTreeMap::new(),
            satisfaction: Mean::default(),
            rated: Share::default(),
            answered: 0,
            first_at_once: Share::default(),
            first_within_a_day: Share::default(),
            reopened: 0,
            recurred: 0,
            called: 0,
            returned: 0,
            upheld: 0,
            overdue: BTreeMap::new(),
            excluded: BTreeMap::new(),
            ended: BTreeMap::new(),
            open: Age::default(),
            ages: Default::default(),
            departments: BTreeMap::new(),
            outside: BTreeMap::new(),
            streets: BTreeMap::new(),
            communities: BTreeMap::new(),
            grids: BTreeMap::new(),
            nowhere: 0,
        }
    }

    /// Whether anything is known of a day, by its place in the period: not of one that begins after the last fact.
    pub fn is_known(&self, day: usize) -> bool {
        self.days.get(day).is_some_and(|begins| *begins < self.until_us)
    }

    /// Adds a case.
    pub fn add(&mut self, course: &Course) {
        if course.received_us >= self.until_us {
            return;
        }
        let (facts, standing) = walk(course, self.until_us);
        let place = self.spot(if course.place.is_empty() { standing.first_holder } else { &course.place });
        if !self.is_wanted(&place, &facts, &standing) {
            return;
        }
        // By order of time within the case: what was received counts whatever became of it.
        let mut scored: BTreeMap<&str, (u32, &str)> = BTreeMap::new();
        for (at_us, fact) in &facts {
            let counts = !standing.excluded || matches!(fact, Fact::Received | Fact::Excluded { .. });
            if !counts || !self.window.contains(at_us) {
                continue;
            }
            self.count(course, &place, &standing, *at_us, fact);
            if let Fact::Scored { unit, round, said } = fact {
                let latest = scored.entry(*unit).or_insert((*round, *said));
                if latest.0 <= *round {
                    *latest = (*round, *said);
                }
            }
        }
        // Of each unit the latest round that was scored within the period, as a published table has it.
        for (unit, (_, said)) in scored {
            self.units(unit, |unit| unit.scores.add(said));
            if !self.is_outside(unit) {
                self.areas(&place, |area| area.scores.add(said));
            }
        }
        if standing.open && !standing.excluded {
            self.count_open(course, &place, &standing);
        }
    }

    fn is_wanted(&mut self, place: &Spot, facts: &[(i64, Fact<'_>)], standing: &Standing<'_>) -> bool {
        let Some(only) = self.only.clone() else { return true };
        let mut holders = vec![standing.first_holder, standing.holder];
        holders.extend(
            facts.iter().filter_map(|(_, fact)| if let Fact::Handed { to, .. } = fact { Some(*to) } else { None }),
        );
        place.is_in(&only) || holders.into_iter().any(|holder| self.spot(holder).is_in(&only))
    }

    fn count(&mut self, course: &Course, place: &Spot, standing: &Standing<'_>, at_us: i64, fact: &Fact<'_>) {
        let class = self.by_class.entry(course.caller_class).or_default();
        let category = if standing.category.is_empty() { UNKNOWN } else { standing.category };
        match fact {
            Fact::Received => {
                *class.matters.entry(category.to_owned()).or_default() += 1;
                self.count_volume(course, place, category, at_us, |volume| volume.received += 1);
                if place.street.is_none() {
                    self.nowhere += 1;
                }
            }
            Fact::Closed(closing) => {
                self.count_volume(course, place, category, at_us, |volume| volume.closed += 1);
                *self.ended.entry(known(standing.holder)).or_default() += 1;
                self.count_closing(place, closing);
            }
            Fact::Settled { clock, unit, kept } => {
                self.clocks.entry(*clock).or_default().add(*kept);
                if *clock == Clock::Case {
                    class.in_time.add(*kept);
                    self.areas(place, |area| area.in_time.add(*kept));
                }
                let of_call = [Clock::Response, Clock::ReportIn, Clock::Completion].iter().position(|of| of == clock);
                if let Some(at) = of_call {
                    self.units(unit, |unit| unit.clocks[at].add(*kept));
                }
            }
            Fact::Took { step, seconds } => self.steps.entry(*step).or_default().add(*seconds),
            Fact::Handed { from, to, seconds } => {
                let between = (self.spot(from).kind_name(), self.spot(to).kind_name());
                self.hops.entry(between).or_default().add(*seconds);
            }
            Fact::Called { unit } => {
                self.called += 1;
                self.units(unit, |unit| unit.called += 1);
            }
            Fact::Returned { unit } => {
                self.returned += 1;
                self.units(unit, |unit| unit.returned += 1);
            }
            Fact::Upheld { unit } => {
                self.upheld += 1;
                self.units(unit, |unit| unit.upheld += 1);
            }
            Fact::Answered { first_after } => {
                self.answered += 1;
                if let Some(after) = first_after {
                    self.first_at_once.add(*after <= AT_ONCE_S);
                    self.first_within_a_day.add(*after <= DAY_S);
                }
            }
            Fact::Reopened => {
                class.reopened += 1;
                self.reopened += 1;
                self.areas(place, |area| area.reopened += 1);
            }
            Fact::Rated { rate } => {
                class.satisfaction.add(*rate);
                self.satisfaction.add(*rate);
                self.rated.add(true);
                self.areas(place, |area| area.satisfaction.add(*rate));
            }
            Fact::Lapsed => self.rated.add(false),
            Fact::PartyRated { unit, rate } => self.units(unit, |unit| unit.rating.add(*rate)),
            // Which of a case's rounds counts is known when all of them are.
            Fact::Scored { .. } => {}
            Fact::Recurred => {
                self.recurred += 1;
                *self.recurred_by_category.entry(category.to_owned()).or_default() += 1;
            }
            Fact::Excluded { holder } => {
                *self.excluded.entry(known(holder)).or_default() += 1;
                *self.ended.entry(known(holder)).or_default() += 1;
            }
            Fact::Overdue { clock } => *self.overdue.entry(*clock).or_default() += 1,
        }
    }

    fn count_volume(&mut self, course: &Course, place: &Spot, category: &str, at_us: i64, add: impl Fn(&mut Volume)) {
        add(&mut self.volume);
        add(self.by_way.entry(course.way).or_default());
        add(self.by_kind.entry(course.kind).or_default());
        add(self.by_channel.entry(known(&course.channel)).or_default());
        add(&mut self.by_class.entry(course.caller_class).or_default().volume);
        add(self.by_category.entry(category.to_owned()).or_default());
        let day = self.days.partition_point(|begins| *begins <= at_us);
        if let Some(day) = day.checked_sub(1).and_then(|day| self.by_day.get_mut(day)) {
            add(day);
        }
        self.areas(place, |area| add(&mut area.volume));
    }

    fn count_closing(&mut self, place: &Spot, closing: &Closing<'_>) {
        if let Some(level) = closing.level {
            *self.levels.entry(level).or_default() += 1;
            self.areas(place, |area| *area.levels.entry(level).or_default() += 1);
        }
        let small = match closing.began {
            Some(Level::A) => true,
            Some(Level::B1 | Level::B2) => false,
            Some(Level::C | Level::D) | None => return,
        };
        let highest = closing.holders.iter().filter_map(|holder| self.spot(holder).kind).map(height).max();
        for (gate, stayed) in GATES.iter().zip(&mut self.gates).filter(|(gate, _)| gate.small == small) {
            let held = highest.is_none_or(|highest| highest <= height(gate.within));
            stayed.held.add(held);
            stayed.alone.add(held && !closing.called);
        }
    }

    fn count_open(&mut self, course: &Course, place: &Spot, standing: &Standing<'_>) {
        let age_s = (self.until_us - course.received_us).div_euclid(1_000_000);
        let row = AGES_D.iter().position(|days| age_s < i64::from(*days) * i64::from(DAY_S)).unwrap_or(AGES_D.len());
        for age in [&mut self.open, &mut self.ages[row]] {
            age.open += 1;
            age.answered += u64::from(standing.answered);
            age.overdue += u64::from(standing.overdue);
        }
        self.areas(place, |area| area.open += 1);
    }

    fn areas(&mut self, place: &Spot, add: impl Fn(&mut Area)) {
        for (leagues, code) in [
            (&mut self.streets, &place.street),
            (&mut self.communities, &place.community),
            (&mut self.grids, &place.grid),
        ] {
            if let Some(code) = code {
                add(leagues.entry(code.clone()).or_default());
            }
        }
    }

    fn units(&mut self, unit: &str, add: impl Fn(&mut Unit)) {
        let Some(party) = self.charter.party(unit) else { return };
        if party.kind == PartyKind::Department {
            add(self.departments.entry(party.code.clone()).or_default());
        } else if party.kind == PartyKind::External {
            add(self.outside.entry(party.code.clone()).or_default());
        }
    }

    fn is_outside(&self, unit: &str) -> bool {
        self.charter.party(unit).is_some_and(|party| party.kind == PartyKind::External)
    }

    fn spot(&mut self, party: &str) -> Rc<Spot> {
        if let Some(known) = self.spots.get(party) {
            return Rc::clone(known);
        }
        let found = self.charter.party(party).map_or_else(Spot::default, |party| Spot {
            kind: Some(party.kind),
            street: self.charter.street_of(&party.code).map(|street| street.code.clone()),
            community: self.charter.community_of(&party.code).map(|community| community.code.clone()),
            grid: (party.kind == PartyKind::Grid).then(|| party.code.clone()),
        });
        let found = Rc::new(found);
        self.spots.insert(party.to_owned(), Rc::clone(&found));
        found
    }
}

/// How far up a holder is: what is in its house is not above it.
const fn height(kind: PartyKind) -> u8 {
    match kind {
        PartyKind::Grid => 0,
        // A property company or a utility works where it is asked to.
        PartyKind::External | PartyKind::Community => 1,
        PartyKind::Street | PartyKind::Unit | PartyKind::Squad => 2,
        PartyKind::Department | PartyKind::Group | PartyKind::District => 3,
        PartyKind::City => 4,
    }
}

fn known(code: &str) -> String {
    if code.is_empty() { UNKNOWN.to_owned() } else { code.to_owned() }
}
