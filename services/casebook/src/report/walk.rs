//! What the course of one case counts for: each fact with its time, and how the case stands in the end.
//!
//! Every clock counts once: kept when it was answered in time, missed when it ran out, at that instant. So what a period
//! had stays what it was when its cases go on, and nothing is counted in two periods.

use charter::Level;
use proto::dispatch::v1::Clock as WireClock;
use rust_decimal::Decimal;

use crate::course::{Course, Mark, What};

/// A clock that is kept or missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Clock {
    Response,
    ReportIn,
    Completion,
    Task,
    Case,
}

impl Clock {
    pub const ALL: [Self; 5] = [Self::Response, Self::ReportIn, Self::Completion, Self::Task, Self::Case];
}

/// A way from one moment of a case to the next, by where it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// From its receipt to the first judgement.
    Judged,
    /// From its receipt to whoever had it first.
    Held,
    /// From when whoever has it had it, to the first call.
    Called,
    Responded,
    ReportedIn,
    /// From report-in to the end of that unit's part.
    Done,
    /// From its receipt to the first answer.
    Answered,
    /// From an answer to what its caller said of it.
    Rated,
}

impl Step {
    pub const ALL: [Self; 8] = [
        Self::Judged,
        Self::Held,
        Self::Called,
        Self::Responded,
        Self::ReportedIn,
        Self::Done,
        Self::Answered,
        Self::Rated,
    ];
}

/// Something that counts.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact<'c> {
    Received,
    /// With an outcome.
    Closed(Closing<'c>),
    Settled {
        clock: Clock,
        unit: &'c str,
        kept: bool,
    },
    Took {
        step: Step,
        seconds: u32,
    },
    /// It went from one holder to another, who had it for so long.
    Handed {
        from: &'c str,
        to: &'c str,
        seconds: u32,
    },
    Called {
        unit: &'c str,
    },
    Returned {
        unit: &'c str,
    },
    Upheld {
        unit: &'c str,
    },
    /// The first time: so long after its receipt.
    Answered {
        first_after: Option<u32>,
    },
    Reopened,
    Rated {
        rate: Decimal,
    },
    Lapsed,
    PartyRated {
        unit: &'c str,
        rate: Decimal,
    },
    /// `said`: the total, and after each semicolon a component with its rate.
    Scored {
        unit: &'c str,
        round: u32,
        said: &'c str,
    },
    Recurred,
    Excluded {
        holder: &'c str,
    },
    /// A deadline of any kind passed.
    Overdue {
        clock: i32,
    },
}

/// How a case was when it was closed.
#[derive(Clone, Debug, PartialEq)]
pub struct Closing<'c> {
    /// Of whoever had it last; none: nobody ever had it.
    pub level: Option<Level>,
    /// Of its first judgement.
    pub began: Option<Level>,
    /// Everybody who ever had it.
    pub holders: Vec<&'c str>,
    /// Departments were called.
    pub called: bool,
}

/// How a case stands at the end of what is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing<'c> {
    /// Neither closed nor gone.
    pub open: bool,
    /// Answered; it waits for what its caller says.
    pub answered: bool,
    /// Its time has run out, and it is not answered.
    pub overdue: bool,
    pub holder: &'c str,
    /// Whoever had it first.
    pub first_holder: &'c str,
    pub category: &'c str,
    pub excluded: bool,
}

/// Facts with the instants (microseconds since 1970) at which they count, before `until_us`; and the standing then.
#[must_use]
pub fn walk(course: &Course, until_us: i64) -> (Vec<(i64, Fact<'_>)>, Standing<'_>) {
    let mut walking = Walking::of(course);
    for mark in course.marks.iter().filter(|mark| mark.at_us < until_us) {
        walking.take(mark);
    }
    let standing = Standing {
        open: walking.received && walking.open,
        answered: walking.answered_us.is_some(),
        overdue: walking.case == Running::Missed && walking.answered_us.is_none(),
        holder: walking.holders.last().copied().unwrap_or_default(),
        first_holder: walking.holders.first().copied().unwrap_or_default(),
        category: walking.category,
        excluded: walking.excluded,
    };
    (walking.facts, standing)
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Running {
    /// Not begun, settled, or nobody waits for it any more.
    #[default]
    No,
    Yes,
    Missed,
}

/// A unit in one call.
#[derive(Debug)]
struct Expected<'c> {
    call: u32,
    unit: &'c str,
    called_us: i64,
    responded_us: Option<i64>,
    reported_us: Option<i64>,
    /// In the order of [`Clock`]: response, report-in, completion.
    clocks: [Running; 3],
}

#[derive(Debug)]
struct Walking<'c> {
    course: &'c Course,
    facts: Vec<(i64, Fact<'c>)>,
    received: bool,
    open: bool,
    excluded: bool,
    began: Option<Level>,
    level: Option<Level>,
    category: &'c str,
    holders: Vec<&'c str>,
    /// Since when whoever has it has it.
    held_us: i64,
    case: Running,
    answered_us: Option<i64>,
    answered_once: bool,
    judged: bool,
    called: bool,
    expected: Vec<Expected<'c>>,
    /// Tasks that ran out, by number.
    late_tasks: Vec<u32>,
}

impl<'c> Walking<'c> {
    fn of(course: &'c Course) -> Self {
        Self {
            course,
            facts: Vec::new(),
            received: false,
            open: true,
            excluded: false,
            began: None,
            level: None,
            category: "",
            holders: Vec::new(),
            held_us: 0,
            case: Running::No,
            answered_us: None,
            answered_once: false,
            judged: false,
            called: false,
            expected: Vec::new(),
            late_tasks: Vec::new(),
        }
    }

    fn say(&mut self, mark: &Mark, fact: Fact<'c>) {
        self.facts.push((mark.at_us, fact));
    }

    fn took(&mut self, mark: &Mark, step: Step, since_us: i64) {
        let seconds = seconds(mark.at_us - since_us);
        self.say(mark, Fact::Took { step, seconds });
    }

    fn take(&mut self, mark: &Mark) {
        let course = self.course;
        let unit = course.unit(mark);
        match mark.kind() {
            What::Nothing => {}
            What::Received => {
                self.received = true;
                self.say(mark, Fact::Received);
            }
            What::Judged => {
                self.began = self.began.or(level(mark.sort));
                if self.holders.is_empty() {
                    self.category = course.other(mark);
                }
                if !std::mem::replace(&mut self.judged, true) {
                    self.took(mark, Step::Judged, course.received_us);
                }
            }
            What::Held => self.held(mark, unit),
            What::Called => {
                if !std::mem::replace(&mut self.called, true) && !self.holders.is_empty() {
                    let since = self.held_us;
                    self.took(mark, Step::Called, since);
                }
                // What somebody above the street has stays theirs, whomever they call.
                if self.level.is_none_or(|level| matches!(level, Level::A | Level::B1)) {
                    self.level = Some(Level::B2);
                }
                self.expected.push(Expected {
                    call: mark.number,
                    unit,
                    called_us: mark.at_us,
                    responded_us: None,
                    reported_us: None,
                    clocks: [Running::Yes; 3],
                });
                self.say(mark, Fact::Called { unit });
            }
            What::Responded => {
                self.settle(mark, Clock::Response, unit, mark.yes);
                if let Some(expected) = self.expected(mark.number, unit) {
                    let since = expected.called_us;
                    expected.responded_us = Some(mark.at_us);
                    self.took(mark, Step::Responded, since);
                }
            }
            What::ReportedIn => {
                self.settle(mark, Clock::ReportIn, unit, mark.yes);
                if let Some(expected) = self.expected(mark.number, unit) {
                    let since = expected.responded_us.unwrap_or(expected.called_us);
                    expected.reported_us = Some(mark.at_us);
                    self.took(mark, Step::ReportedIn, since);
                }
            }
            What::Unqualified => {
                if let Some(expected) = self.expected(mark.number, unit) {
                    // What is wanted again counts from here.
                    expected.called_us = mark.at_us;
                    (expected.responded_us, expected.reported_us) = (None, None);
                    expected.clocks[0] = Running::Yes;
                    expected.clocks[1] = Running::Yes;
                }
            }
            What::PartyDone => {
                self.settle(mark, Clock::Completion, unit, mark.yes);
                if let Some(since) = self.expected(mark.number, unit).and_then(|expected| expected.reported_us) {
                    self.took(mark, Step::Done, since);
                }
                self.let_go(mark.number, unit);
            }
            What::Released => self.let_go(mark.number, unit),
            What::Returned => self.say(mark, Fact::Returned { unit }),
            What::Adjudicated => {
                if mark.yes {
                    self.say(mark, Fact::Upheld { unit });
                    self.let_go(mark.number, unit);
                }
            }
            What::TaskDone => {
                if !self.late_tasks.contains(&mark.number) {
                    self.say(mark, Fact::Settled { clock: Clock::Task, unit, kept: mark.yes });
                }
            }
            What::Overdue => self.overdue(mark, unit),
            What::Resolved => self.resolved(mark, unit),
            What::Reopened => {
                self.open = true;
                self.answered_us = None;
                self.case = Running::Yes;
                self.say(mark, Fact::Reopened);
            }
            What::Closed => {
                self.open = false;
                if mark.sort != 0 {
                    let (level, began) = (self.level, self.began);
                    let (holders, called) = (self.holders.clone(), self.called);
                    self.say(mark, Fact::Closed(Closing { level, began, holders, called }));
                }
            }
            What::Left => self.open = false,
            What::Excluded => {
                self.open = false;
                self.excluded = true;
                let holder = self.holders.last().copied().unwrap_or_default();
                self.say(mark, Fact::Excluded { holder });
            }
            What::Rated => {
                if let Ok(rate) = course.other(mark).parse() {
                    self.say(mark, Fact::Rated { rate });
                }
                if let Some(since) = self.answered_us {
                    self.took(mark, Step::Rated, since);
                }
            }
            What::RatingLapsed => self.say(mark, Fact::Lapsed),
            What::PartyRated => {
                if let Ok(rate) = course.other(mark).parse() {
                    self.say(mark, Fact::PartyRated { unit, rate });
                }
            }
            What::Scored => {
                let (round, said) = (mark.number, course.other(mark));
                self.say(mark, Fact::Scored { unit, round, said });
            }
            What::Recurred => self.say(mark, Fact::Recurred),
        }
    }

    fn held(&mut self, mark: &Mark, unit: &'c str) {
        self.began = self.began.or(level(mark.sort));
        self.level = level(mark.sort);
        let category = self.course.other(mark);
        if !category.is_empty() {
            self.category = category;
        }
        match self.holders.last().copied() {
            None => {
                self.took(mark, Step::Held, self.course.received_us);
                self.case = Running::Yes;
            }
            Some(before) if before != unit => {
                let seconds = seconds(mark.at_us - self.held_us);
                self.say(mark, Fact::Handed { from: before, to: unit, seconds });
            }
            // The same one has it, judged anew.
            Some(_) => return,
        }
        self.holders.push(unit);
        self.held_us = mark.at_us;
    }

    fn resolved(&mut self, mark: &Mark, unit: &'c str) {
        if self.case == Running::Yes {
            self.say(mark, Fact::Settled { clock: Clock::Case, unit, kept: true });
        }
        self.case = Running::No;
        self.answered_us = Some(mark.at_us);
        let first = !std::mem::replace(&mut self.answered_once, true);
        let after = seconds(mark.at_us - self.course.received_us);
        if first {
            self.took(mark, Step::Answered, self.course.received_us);
        }
        self.say(mark, Fact::Answered { first_after: first.then_some(after) });
        // Nobody is expected any more.
        self.expected.clear();
    }

    fn overdue(&mut self, mark: &Mark, unit: &'c str) {
        self.say(mark, Fact::Overdue { clock: mark.sort });
        match WireClock::try_from(mark.sort).unwrap_or_default() {
            WireClock::Response => self.settle(mark, Clock::Response, unit, false),
            WireClock::ReportIn => self.settle(mark, Clock::ReportIn, unit, false),
            WireClock::Completion => self.settle(mark, Clock::Completion, unit, false),
            WireClock::Task => {
                if !self.late_tasks.contains(&mark.number) {
                    self.late_tasks.push(mark.number);
                    self.say(mark, Fact::Settled { clock: Clock::Task, unit, kept: false });
                }
            }
            WireClock::Case => {
                if self.case == Running::Yes {
                    self.case = Running::Missed;
                    self.say(mark, Fact::Settled { clock: Clock::Case, unit, kept: false });
                }
            }
            WireClock::Unspecified
            | WireClock::Adjudication
            | WireClock::Supervision
            | WireClock::Meeting
            | WireClock::City => {}
        }
    }

    /// The unit as it is expected on a call; the last time it was called there, if it was several times.
    fn expected(&mut self, call: u32, unit: &str) -> Option<&mut Expected<'c>> {
        self.expected.iter_mut().rev().find(|expected| expected.call == call && expected.unit == unit)
    }

    fn settle(&mut self, mark: &Mark, clock: Clock, unit: &'c str, kept: bool) {
        let Some(expected) = self.expected(mark.number, unit) else { return };
        let running = match clock {
            Clock::Response => &mut expected.clocks[0],
            Clock::ReportIn => &mut expected.clocks[1],
            Clock::Completion => &mut expected.clocks[2],
            Clock::Task | Clock::Case => return,
        };
        if *running == Running::Yes {
            *running = if kept { Running::No } else { Running::Missed };
            self.say(mark, Fact::Settled { clock, unit, kept });
        }
    }

    fn let_go(&mut self, call: u32, unit: &str) {
        self.expected.retain(|expected| expected.call != call || expected.unit != unit);
    }
}

/// Whole seconds of microseconds; none before 0.
fn seconds(microseconds: i64) -> u32 {
    u32::try_from(microseconds.div_euclid(1_000_000).max(0)).unwrap_or(u32::MAX)
}

fn level(number: i32) -> Option<Level> {
    use proto::common::v1::Level as Wire;
    match Wire::try_from(number).unwrap_or_default() {
        Wire::Unspecified => None,
        Wire::A => Some(Level::A),
        Wire::B1 => Some(Level::B1),
        Wire::B2 => Some(Level::B2),
        Wire::C => Some(Level::C),
        Wire::D => Some(Level::D),
    }
}
