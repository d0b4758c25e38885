//! The days of calls, tasks, reminders and extensions against somebody who looks at the clock every second: time does not
//! pass for them while the case is suspended, whenever they began.

use std::collections::BTreeMap;

use decider::Decider;
use ids::Code;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::tests::{BUILD, POLICE, STREET, code, grade_as, in_force, terms, whistle};
use super::*;

const DISTRICT: &str = "wuchang-centre";

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(1_555_462_800 + second).unwrap()
}

/// What counts down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Hand {
    Call(u32),
    Reminder(u32, usize),
    Task(u32),
}

/// A stop-watch: seconds left, and when there were none.
#[derive(Clone, Copy, Debug)]
struct Watch {
    left: i64,
    ran_out: Option<i64>,
}

#[derive(Clone, Debug)]
enum Step {
    Suspend(i64),
    Resume,
    /// A department is called, with so much time.
    Call(i64),
    /// A task with a day of its own, or with that of the call.
    Plan(Option<i64>),
    ExtendCall(i64),
    ExtendTask(i64),
    /// Nothing but the clocks: what ran out raises a call's colour.
    Look,
}

fn any_step() -> impl Strategy<Value = (i64, Step)> {
    let step = prop_oneof![
        3 => (1i64..40_000).prop_map(Step::Suspend),
        2 => Just(Step::Resume),
        2 => (20_000i64..90_000).prop_map(Step::Call),
        2 => prop::option::of(1i64..60_000).prop_map(Step::Plan),
        1 => (1i64..90_000).prop_map(Step::ExtendCall),
        1 => (1i64..90_000).prop_map(Step::ExtendTask),
        2 => Just(Step::Look),
    ];
    (0i64..9_000, step)
}

struct Kept {
    state: State,
    now: i64,
    still_until: Option<i64>,
    hands: BTreeMap<Hand, Watch>,
}

impl Kept {
    fn begin() -> Self {
        let Command::Grade { assignment, terms, instead } = grade_as(1, terms(0, "90d")) else { unreachable!() };
        let grade = Command::Grade { assignment, terms: Terms { now: second(0), ..terms }, instead };
        let mut kept = Self { state: State::default(), now: 0, still_until: None, hands: BTreeMap::new() };
        kept.take(&grade);
        kept
    }

    fn take(&mut self, command: &Command) -> Vec<Event> {
        let events = Rules::decide(&self.state, command).unwrap_or_default();
        self.state = events.iter().fold(std::mem::take(&mut self.state), Rules::evolve);
        events
    }

    /// Second by second.
    fn pass(&mut self, seconds: i64) {
        for _ in 0..seconds {
            if self.still_until.is_some_and(|until| until <= self.now) {
                self.still_until = None;
            }
            self.now += 1;
            if self.still_until.is_some() {
                continue;
            }
            for watch in self.hands.values_mut().filter(|watch| watch.ran_out.is_none()) {
                watch.left -= 1;
                if watch.left == 0 {
                    watch.ran_out = Some(self.now);
                }
            }
        }
        if self.still_until.is_some_and(|until| until <= self.now) {
            self.still_until = None;
        }
    }

    fn set(&mut self, hand: Hand, day: Timestamp) {
        let left = day.duration_since(second(self.now)).as_secs();
        let ran_out = (left <= 0).then_some(self.now + left);
        self.hands.insert(hand, Watch { left, ran_out });
    }

    fn look(&mut self) {
        let check = Command::CheckDeadlines {
            now: second(self.now),
            above: BTreeMap::new(),
            centre: code(DISTRICT),
            in_force: in_force(),
        };
        for event in self.take(&check) {
            let Event::ColourRaised { call, completion_due, reminders, .. } = event else { continue };
            let days = reminders.iter().enumerate().map(|(nth, at)| (Hand::Reminder(call, nth), *at));
            for (hand, day) in days.chain([(Hand::Call(call), completion_due)]).collect::<Vec<_>>() {
                let left = day.duration_since(second(self.now)).as_secs();
                if self.hands[&hand].ran_out.is_none() && left < self.hands[&hand].left {
                    self.set(hand, day);
                }
            }
        }
    }

    fn step(&mut self, step: &Step) {
        self.look();
        let now = second(self.now);
        let (by, text) = (code(DISTRICT), String::new);
        let extend = |scope, day| Command::Extend {
            by: code(DISTRICT),
            above: true,
            scope,
            basis: text(),
            reason: text(),
            due: day,
            now,
        };
        let later = |seconds: i64| now + SignedDuration::from_secs(seconds);
        match step {
            Step::Suspend(long) => {
                let suspend =
                    Command::Suspend { by, above: true, basis: text(), reason: text(), until: later(*long), now };
                if !self.take(&suspend).is_empty() {
                    self.still_until = Some(self.now + long);
                }
            }
            Step::Resume => {
                self.take(&Command::Resume { by, above: true, now, in_force: in_force() });
                self.still_until = None;
            }
            Step::Call(long) => {
                let Command::Call { mut whistle } =
                    whistle(&[if self.state.calls.is_empty() { POLICE } else { BUILD }])
                else {
                    unreachable!()
                };
                whistle.response_due = later(3_000);
                whistle.report_in_due = later(6_000);
                whistle.completion_due = later(*long);
                whistle.reminders = vec![later(long / 2), later(long * 4 / 5)];
                whistle.counts_from = Some(now);
                for event in self.take(&Command::Call { whistle: whistle.clone() }) {
                    let Event::Called { call, .. } = event else { continue };
                    self.set(Hand::Call(call), whistle.completion_due);
                    for (nth, at) in whistle.reminders.iter().enumerate() {
                        self.set(Hand::Reminder(call, nth), *at);
                    }
                }
            }
            Step::Plan(long) => {
                let party: Code = code(POLICE);
                let due = long.map(later);
                let task = Plan { party, title: text(), due, after: vec![], root_cause: false };
                let by = code(STREET);
                for event in self.take(&Command::PlanTasks { by, tasks: vec![task], now, in_force: in_force() }) {
                    let Event::TaskPlanned { task, due, .. } = event else { continue };
                    // Without a day of its own it goes by its call's, or the case's.
                    if long.is_some() {
                        self.set(Hand::Task(task), due);
                    }
                }
            }
            Step::ExtendCall(long) => {
                for call in self.state.calls.clone() {
                    let day = call.completion_due + SignedDuration::from_secs(*long);
                    if !self.take(&extend(Scope::Call(call.number), day)).is_empty() {
                        self.set(Hand::Call(call.number), day);
                    }
                }
            }
            Step::ExtendTask(long) => {
                for task in self.state.tasks.clone() {
                    let day = task.due + SignedDuration::from_secs(*long);
                    if !self.take(&extend(Scope::Task(task.number), day)).is_empty()
                        && self.hands.contains_key(&Hand::Task(task.number))
                    {
                        self.set(Hand::Task(task.number), day);
                    }
                }
            }
            Step::Look => {}
        }
    }

    fn kept(&self, hand: Hand) -> Timestamp {
        let call = |number: u32| self.state.calls.iter().find(|call| call.number == number).unwrap();
        match hand {
            Hand::Call(number) => call(number).completion_due,
            Hand::Reminder(number, nth) => call(number).reminders[nth],
            Hand::Task(number) => self.state.tasks.iter().find(|task| task.number == number).unwrap().due,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_has_a_day_runs_out_when_somebody_has_counted_its_seconds(
        steps in prop::collection::vec(any_step(), 1..12)
    ) {
        let mut kept = Kept::begin();
        for (pause, step) in &steps {
            kept.pass(*pause);
            kept.step(step);
        }
        // Time goes on at last.
        kept.pass(1);
        kept.step(&Step::Resume);
        let rules: BTreeMap<Hand, Timestamp> = kept.hands.keys().map(|hand| (*hand, kept.kept(*hand))).collect();
        let longest = kept.hands.values().map(|watch| watch.left).max().unwrap_or_default();
        kept.pass(longest.max(0));
        for task in kept.state.tasks.iter().filter(|task| task.follows) {
            let call = kept.state.calls.iter().find(|call| Some(call.number) == task.call);
            let day = call.map_or(kept.state.matter.as_ref().unwrap().clock.due, |call| call.completion_due);
            prop_assert_eq!(task.due, day, "task {} after {:?}", task.number, &steps);
        }
        for (hand, watch) in &kept.hands {
            prop_assert_eq!(rules[hand], second(watch.ran_out.unwrap()), "{:?} after {:?}", hand, &steps);
        }
    }
}

/// Three working days that stand still over a weekend end on the third, and so does what is due with the case.
#[test]
fn a_task_without_a_day_of_its_own_is_due_with_its_case() {
    let given = |terms| super::tests::given(&[super::tests::grade_as(1, terms), super::tests::plan(&[(POLICE, &[])])]);
    let due = |state: &State| (state.matter.as_ref().unwrap().clock.due, state.tasks[0].due);
    let both = |state: &State, after: &str| assert_eq!(due(state).0, due(state).1, "{after}");
    let state = given(terms(0, "3wd"));
    let (by, basis, reason) = (code(DISTRICT), "rule 3".to_owned(), "waiting".to_owned());
    // 2019-04-17 09:00 until the Sunday after.
    let (now, until) = (second(10 * 60 * 60), second(4 * 24 * 60 * 60));
    let suspend = Command::Suspend { by: by.clone(), above: true, basis: basis.clone(), reason, until, now };
    let resume = Command::Resume { by: by.clone(), above: true, now: until, in_force: in_force() };
    let state = super::tests::after(super::tests::after(state, &suspend), &resume);
    both(&state, "a standstill");
    let state = super::tests::after(state, &grade_as(2, terms(0, "9wd")));
    both(&state, "another judgement");
    let (later, reason) = (second(60 * 24 * 60 * 60), "rain".to_owned());
    let extend = Command::Extend { by, above: true, scope: Scope::Case, basis, reason, due: later, now: until };
    let state = super::tests::after(state, &extend);
    both(&state, "more time");
}

/// A week that was put aside is no week without a meeting.
#[test]
fn a_task_force_meets_by_as_much_later_as_its_case_stood_still() {
    let day = 24 * 60 * 60;
    let mut kept = Kept::begin();
    let (lead, members) = (code(STREET), vec![code(STREET), code(POLICE)]);
    kept.take(&Command::FormTaskForce { by: lead.clone(), lead, members, cadence_days: 7, now: second(0) });
    kept.now = 2 * day;
    kept.step(&Step::Suspend(20 * day));
    kept.now = 22 * day;
    kept.step(&Step::Look);
    assert_eq!(kept.state.task_force.unwrap().meets_by, second(27 * day));
}
