//! The clock of the case against somebody who counts minute by minute, over ten thousand random histories, and second by
//! second over some; also when it is opened again.

use std::sync::LazyLock;

use charter::{Limit, LimitUnit};
use decider::Decider;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use vocabulary::Outcome;

use super::tests::{STREET, code, grade_as, in_force};
use super::*;

/// Instants are counted from this midnight of the district.
const ZERO: &str = "2019-04-01T00:00:00+08:00";

/// How closely somebody looks: the time between two looks at the clock.
#[derive(Debug)]
struct Grain {
    ticks_per_minute: usize,
    /// In each tick since [`ZERO`].
    offices: LazyLock<Offices>,
}

/// What the offices do.
#[derive(Debug)]
struct Offices {
    open: Vec<bool>,
    /// They close for the day at the end of it.
    last: Vec<bool>,
}

/// Every minute, through more than the longest history and the longest limit together.
static BY_THE_MINUTE: Grain = Grain { ticks_per_minute: 1, offices: LazyLock::new(|| Offices::through(400, 1)) };
/// Every second, through shorter ones.
static BY_THE_SECOND: Grain = Grain { ticks_per_minute: 60, offices: LazyLock::new(|| Offices::through(100, 60)) };

impl Offices {
    fn through(days: usize, ticks_per_minute: usize) -> Self {
        let charter = in_force().0;
        let first = ZERO.parse::<Timestamp>().unwrap().to_zoned(charter.time_zone.clone()).date();
        let a_day = 24 * 60 * ticks_per_minute;
        let mut offices = Self { open: vec![false; days * a_day], last: vec![false; days * a_day] };
        for (day, date) in first.series(jiff::Span::new().days(1)).take(days).enumerate() {
            if !charter.calendar().is_working(date) {
                continue;
            }
            let tick = |time: jiff::civil::Time| {
                let minutes = usize::try_from(time.hour()).unwrap() * 60 + usize::try_from(time.minute()).unwrap();
                day * a_day + minutes * ticks_per_minute
            };
            for (opening, closing) in charter.calendar().office_hours() {
                offices.open[tick(*opening)..tick(*closing)].fill(true);
            }
            let (_, closing) = charter.calendar().office_hours().last().unwrap();
            offices.last[tick(*closing) - 1] = true;
        }
        offices
    }
}

impl Grain {
    fn day(&self) -> usize {
        24 * 60 * self.ticks_per_minute
    }

    fn instant(&self, tick: usize) -> Timestamp {
        let zero: Timestamp = ZERO.parse().unwrap();
        zero + SignedDuration::from_secs(i64::try_from(tick * 60 / self.ticks_per_minute).unwrap())
    }
}

/// The same clock, kept by somebody with a calendar on the wall and a pencil.
#[derive(Clone, Debug)]
struct Pencil {
    grain: &'static Grain,
    start: usize,
    limit: Limit,
    pauses: Vec<(usize, usize)>,
    /// The day that was granted, and when.
    granted: Option<(usize, usize)>,
}

impl Pencil {
    fn stands_still(&self, tick: usize) -> bool {
        self.pauses.iter().any(|(from, until)| (*from..*until).contains(&tick))
    }

    /// What was granted in the middle of it waits for the rest of it.
    fn pause(&mut self, from: usize, until: usize) {
        self.pauses.push((from, until));
        self.granted = self.granted.map(|(granted, at)| {
            let from = from.max(at);
            (if from < granted { granted + until.saturating_sub(from) } else { granted }, at)
        });
    }

    fn due(&self) -> usize {
        let amount = usize::try_from(self.limit.amount).unwrap();
        let (minute, a_day) = (self.grain.ticks_per_minute, self.grain.day());
        let (from, wanted) = match self.limit.unit {
            LimitUnit::Minutes => (self.start, amount * minute),
            LimitUnit::Hours | LimitUnit::WorkingHours => (self.start, amount * 60 * minute),
            LimitUnit::Days => (self.start, amount * a_day),
            LimitUnit::WorkingDays => ((self.start / a_day + 1) * a_day, amount),
        };
        let offices = &self.grain.offices;
        let mut counted = 0;
        let mut tick = from;
        while counted < wanted {
            let counts = match self.limit.unit {
                LimitUnit::Minutes | LimitUnit::Hours | LimitUnit::Days => true,
                LimitUnit::WorkingHours => offices.open[tick],
                LimitUnit::WorkingDays => offices.last[tick],
            };
            counted += usize::from(counts && !self.stands_still(tick));
            tick += 1;
        }
        tick.max(self.granted.map_or(0, |(granted, _)| granted))
    }
}

#[derive(Clone, Debug)]
enum Step {
    Suspend(usize),
    Resume,
    Extend(usize),
    Regrade(Limit),
    /// Handed to somebody else at the desk, which changes no clock.
    Assign,
    /// Resolved, and the caller says no.
    Reopen(Limit),
}

fn any_limit() -> impl Strategy<Value = Limit> {
    prop_oneof![
        (1u32..6_000).prop_map(|amount| Limit { amount, unit: LimitUnit::Minutes }),
        (1u32..240).prop_map(|amount| Limit { amount, unit: LimitUnit::Hours }),
        (1u32..16).prop_map(|amount| Limit { amount, unit: LimitUnit::Days }),
        (1u32..14).prop_map(|amount| Limit { amount, unit: LimitUnit::WorkingDays }),
        (1u32..80).prop_map(|amount| Limit { amount, unit: LimitUnit::WorkingHours }),
    ]
}

fn any_step() -> impl Strategy<Value = (usize, Step)> {
    let step = prop_oneof![
        3 => (1usize..9_000).prop_map(Step::Suspend),
        2 => Just(Step::Resume),
        1 => (1usize..5_000).prop_map(Step::Extend),
        2 => any_limit().prop_map(Step::Regrade),
        1 => Just(Step::Assign),
        1 => any_limit().prop_map(Step::Reopen),
    ];
    (0usize..4_000, step)
}

/// The case, its pencil, and the suspension it is in.
struct Kept {
    state: State,
    pencil: Pencil,
    still: Option<(usize, usize)>,
    judgements: u64,
}

impl Kept {
    fn begin(grain: &'static Grain, start: usize, limit: Limit) -> Self {
        let state = State::default();
        let terms = Terms { now: grain.instant(start), limit, in_force: in_force() };
        let pencil = Pencil { grain, start, limit, pauses: vec![], granted: None };
        let mut kept = Self { state, pencil, still: None, judgements: 1 };
        assert!(kept.take(&grade_as(1, terms)));
        kept
    }

    fn due(&self) -> Timestamp {
        self.state.matter.as_ref().unwrap().clock.due
    }

    /// Whether the rules took it.
    fn take(&mut self, command: &Command) -> bool {
        let events = Rules::decide(&self.state, command).unwrap_or_default();
        let taken = !events.is_empty();
        self.state = events.iter().fold(std::mem::take(&mut self.state), Rules::evolve);
        taken
    }

    fn step(&mut self, minute: usize, step: &Step) {
        let grain = self.pencil.grain;
        let instant = |tick| grain.instant(tick);
        let (by, now, in_force) = (code("wuchang-centre"), instant(minute), in_force());
        let text = String::new;
        // What is due happens first: a suspension ends by itself.
        let (above, centre) = (std::collections::BTreeMap::new(), by.clone());
        self.take(&Command::CheckDeadlines { now, above, centre, in_force: in_force.clone() });
        if let Some((from, until)) = self.still.take_if(|(_, until)| *until <= minute) {
            self.pencil.pause(from, until);
        }
        match step {
            Step::Suspend(long) => {
                let until = minute + long;
                let (basis, reason) = (text(), text());
                if self.take(&Command::Suspend { by, above: true, basis, reason, until: instant(until), now }) {
                    self.still = Some((minute, until));
                }
            }
            Step::Resume => {
                let taken = self.take(&Command::Resume { by, above: true, now, in_force });
                assert_eq!(taken, self.still.is_some());
                if let Some((from, _)) = self.still.take() {
                    self.pencil.pause(from, minute);
                }
            }
            Step::Extend(more) => {
                let due = self.pencil.due() + more;
                let scope = Scope::Case;
                let (basis, reason) = (text(), text());
                if self.take(&Command::Extend { by, above: true, scope, basis, reason, due: instant(due), now }) {
                    self.pencil.granted = Some((due, minute));
                }
            }
            Step::Regrade(limit) => {
                self.judgements += 1;
                let terms = Terms { now, limit: *limit, in_force };
                assert!(self.take(&grade_as(self.judgements, terms)));
                self.pencil.limit = *limit;
            }
            Step::Assign => {
                let holder = self.state.matter.as_ref().unwrap().holder.clone();
                let to = if holder.as_str() == STREET { code("wuchang-liangdao-public-safety") } else { code(STREET) };
                let (to_level, reason) = (Level::B1, text());
                // A third time to the same unit is refused, which changes no clock either.
                self.take(&Command::Assign { by, above_holder: true, to, to_level, reason, in_force });
            }
            Step::Reopen(limit) => {
                let by = self.state.matter.as_ref().unwrap().holder.clone();
                let rating_due = now;
                let (outcome, summary, evidence) = (Outcome::Solved, text(), vec![]);
                assert!(self.take(&Command::Resolve { by, outcome, summary, evidence, rating_due }));
                let terms = Terms { now, limit: *limit, in_force };
                assert!(self.take(&Command::Reopen { reason: text(), terms }));
                self.still = None;
                // As long as it had.
                self.pencil = Pencil { start: minute, pauses: vec![], granted: None, ..self.pencil.clone() };
            }
        }
    }
}

/// What the rules count, and what somebody does who looks at every tick.
fn compare(grain: &'static Grain, start: usize, limit: Limit, steps: &[(usize, Step)]) -> Result<(), TestCaseError> {
    let mut kept = Kept::begin(grain, start, limit);
    let mut tick = start;
    for (pause, step) in steps {
        tick += pause;
        kept.step(tick, step);
    }
    prop_assert_eq!(kept.due(), grain.instant(kept.pencil.due()), "{:?}", kept.pencil.limit);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn the_clock_of_a_case_is_what_somebody_counts_who_looks_at_every_minute(
        start in 0usize..60 * 24 * 60,
        limit in any_limit(),
        steps in prop::collection::vec(any_step(), 0..7),
    ) {
        compare(&BY_THE_MINUTE, start, limit, &steps)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn and_to_the_second(
        start in 0usize..20 * 24 * 60 * 60,
        limit in any_limit(),
        steps in prop::collection::vec(any_step(), 0..7),
        seconds in prop::collection::vec(0usize..60, 7),
    ) {
        let steps: Vec<(usize, Step)> =
            steps.into_iter().zip(seconds).map(|((pause, step), seconds)| (pause * 60 / 4 + seconds, step)).collect();
        compare(&BY_THE_SECOND, start, limit, &steps)?;
    }
}

#[test]
fn a_new_judgement_counts_from_the_first_assignment_and_keeps_what_stood_still() {
    let (day, instant) = (BY_THE_MINUTE.day(), |tick| BY_THE_MINUTE.instant(tick));
    let mut kept = Kept::begin(&BY_THE_MINUTE, 17 * day, Limit { amount: 15, unit: LimitUnit::Days });
    kept.step(17 * day + 60, &Step::Suspend(600));
    kept.step(18 * day, &Step::Regrade(Limit { amount: 48, unit: LimitUnit::Hours }));
    assert_eq!(kept.due(), instant(19 * day + 600));
}
