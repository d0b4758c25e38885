use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::{Duration, Instant};

use super::CallKey;

/// Answers that are with the hub at the same time.
const IN_FLIGHT_MAX: usize = 64;
/// Rest after the first failure; doubled each time up to `REST_MAX`.
const REST_MIN: Duration = Duration::from_millis(100);
const REST_MAX: Duration = Duration::from_secs(10);

/// An answer kept here, in the order of keeping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AnswerId(pub i64);

/// Why an answer has to be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delay {
    /// The hub said that it cannot take this one now.
    HubBusy,
    /// The hub said nothing.
    HubSilent,
}

/// Which answer goes next. Answers of one call go one after the other, so that a report-in never overtakes its
/// response; calls do not wait for each other. While the hub is silent one answer at a time feels the way.
#[derive(Debug)]
pub struct Queue<T> {
    /// What waits, by call; a call that nothing waits for is not in here.
    lines: HashMap<CallKey, Line<T>>,
    calls: HashMap<AnswerId, CallKey>,
    /// Calls whose first answer may go, the longest waiting first.
    ready: VecDeque<CallKey>,
    /// Calls whose first answer rests until then.
    resting: BTreeSet<(Instant, CallKey)>,
    in_flight: usize,
    /// Set while the hub is silent.
    silence: Option<Silence>,
}

#[derive(Debug)]
struct Line<T> {
    answers: VecDeque<(AnswerId, T)>,
    /// Of the first answer, in a row.
    failures: u32,
}

#[derive(Debug)]
struct Silence {
    /// Answers in a row that felt the way in vain.
    rounds: u32,
    until: Instant,
    /// One is feeling the way now.
    asking: bool,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self {
            lines: HashMap::new(),
            calls: HashMap::new(),
            ready: VecDeque::new(),
            resting: BTreeSet::new(),
            in_flight: 0,
            silence: None,
        }
    }
}

impl<T: Clone> Queue<T> {
    pub fn add(&mut self, call: CallKey, id: AnswerId, letter: T) {
        self.calls.insert(id, call.clone());
        let line = self.lines.entry(call.clone()).or_insert_with(|| {
            self.ready.push_back(call);
            Line { answers: VecDeque::new(), failures: 0 }
        });
        line.answers.push_back((id, letter));
    }

    /// Takes the next answer that may go at `now`. Each one taken is brought back by [`Queue::settled`] or
    /// [`Queue::put_back`].
    pub fn next(&mut self, now: Instant) -> Option<(AnswerId, T)> {
        if !self.may_send() || self.silence.as_ref().is_some_and(|silence| now < silence.until) {
            return None;
        }
        while let Some((until, _)) = self.resting.first()
            && *until <= now
        {
            let (_, call) = self.resting.pop_first()?;
            self.ready.push_back(call);
        }
        let call = self.ready.pop_front()?;
        let first = self.lines.get(&call)?.answers.front().cloned();
        self.in_flight += usize::from(first.is_some());
        if let Some(silence) = &mut self.silence {
            silence.asking = true;
        }
        first
    }

    /// The hub took it, or refused it: the next one of its call may go.
    pub fn settled(&mut self, id: AnswerId) {
        let Some(call) = self.calls.remove(&id) else { return };
        self.in_flight = self.in_flight.saturating_sub(1);
        self.silence = None;
        let Some(line) = self.lines.get_mut(&call) else { return };
        line.answers.pop_front();
        line.failures = 0;
        if line.answers.is_empty() {
            self.lines.remove(&call);
        } else {
            self.ready.push_back(call);
        }
    }

    /// It did not work: it stays first of its call, and rests.
    pub fn put_back(&mut self, id: AnswerId, why: Delay, now: Instant) {
        let Some(call) = self.calls.get(&id) else { return };
        self.in_flight = self.in_flight.saturating_sub(1);
        match (why, &mut self.silence) {
            (Delay::HubBusy, silence) => *silence = None,
            (Delay::HubSilent, None) => {
                self.silence = Some(Silence { rounds: 0, until: now + rest(0), asking: false });
            }
            (Delay::HubSilent, Some(silence)) if silence.asking => {
                let rounds = silence.rounds + 1;
                *silence = Silence { rounds, until: now + rest(rounds), asking: false };
            }
            // It was under way already when the hub fell silent, and says nothing new.
            (Delay::HubSilent, Some(_)) => {}
        }
        if let Some(line) = self.lines.get_mut(call) {
            self.resting.insert((now + rest(line.failures), call.clone()));
            line.failures += 1;
        }
    }

    /// When to ask [`Queue::next`] again, if nothing is added or brought back before. `None`: not before that.
    #[must_use]
    pub fn wake_at(&self) -> Option<Instant> {
        if !self.may_send() {
            return None;
        }
        let silent_until = self.silence.as_ref().map(|silence| silence.until);
        match self.resting.first() {
            _ if !self.ready.is_empty() => silent_until,
            Some((until, _)) => Some(silent_until.map_or(*until, |silent| silent.max(*until))),
            None => None,
        }
    }

    /// Answers that the hub has not taken.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.calls.len()
    }

    #[must_use]
    pub fn contains(&self, id: AnswerId) -> bool {
        self.calls.contains_key(&id)
    }

    #[must_use]
    pub fn hub_is_silent(&self) -> bool {
        self.silence.is_some()
    }

    fn may_send(&self) -> bool {
        self.in_flight < if self.silence.is_some() { 1 } else { IN_FLIGHT_MAX }
    }
}

fn rest(failures: u32) -> Duration {
    REST_MIN.saturating_mul(2u32.saturating_pow(failures)).min(REST_MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;

    use super::*;

    fn call(number: u32) -> CallKey {
        let mut random = rand::rngs::StdRng::seed_from_u64(7);
        let case = ids::CaseId::draw(jiff::civil::date(2026, 11, 21), &mut random);
        CallKey { district: "wuchang".parse().unwrap(), case, call: number }
    }

    /// Answers 1, 2, … of the calls named, each its own letter.
    fn queue(calls: &[u32]) -> Queue<i64> {
        let mut queue = Queue::default();
        for (id, number) in (1..).zip(calls) {
            queue.add(call(*number), AnswerId(id), id);
        }
        queue
    }

    fn taken(queue: &mut Queue<i64>, now: Instant) -> Vec<i64> {
        std::iter::from_fn(|| queue.next(now)).map(|(_, letter)| letter).collect()
    }

    #[test]
    fn a_report_in_never_overtakes_its_response_and_other_calls_do_not_wait() {
        let now = Instant::now();
        let mut queue = queue(&[1, 1, 2, 1]);
        assert_eq!(taken(&mut queue, now), [1, 3]);
        queue.settled(AnswerId(3));
        assert_eq!(taken(&mut queue, now), [0; 0]);
        queue.settled(AnswerId(1));
        assert_eq!(taken(&mut queue, now), [2]);
        queue.put_back(AnswerId(2), Delay::HubBusy, now);
        assert_eq!(taken(&mut queue, now), [0; 0]);
        let later = queue.wake_at().unwrap();
        assert_eq!(later, now + REST_MIN);
        assert_eq!(taken(&mut queue, later), [2], "answer 4 waits for it");
        assert_eq!(queue.waiting(), 2);
    }

    #[test]
    fn a_settled_answer_is_forgotten_and_its_echo_changes_nothing() {
        let now = Instant::now();
        let mut queue = queue(&[1, 1]);
        taken(&mut queue, now);
        queue.settled(AnswerId(1));
        queue.settled(AnswerId(1));
        queue.put_back(AnswerId(1), Delay::HubSilent, now);
        assert!(!queue.contains(AnswerId(1)));
        assert_eq!(taken(&mut queue, now), [2]);
    }

    #[test]
    fn only_so_many_answers_are_with_the_hub_at_once() {
        let now = Instant::now();
        let calls: Vec<u32> = (1..=100).collect();
        let mut queue = queue(&calls);
        assert_eq!(taken(&mut queue, now).len(), IN_FLIGHT_MAX);
        assert_eq!(queue.wake_at(), None);
        queue.settled(AnswerId(1));
        assert_eq!(taken(&mut queue, now), [65]);
    }

    #[test]
    fn a_silent_hub_is_asked_by_one_answer_at_a_time_ever_less_often() {
        let mut now = Instant::now();
        let calls: Vec<u32> = (1..=100).collect();
        let mut queue = queue(&calls);
        for id in taken(&mut queue, now) {
            queue.put_back(AnswerId(id), Delay::HubSilent, now);
        }
        let mut pauses = Vec::new();
        for _ in 0..9 {
            let wake = queue.wake_at().unwrap();
            pauses.push((wake - now).as_millis());
            now = wake;
            let asked = taken(&mut queue, now);
            assert_eq!(asked.len(), 1);
            queue.put_back(AnswerId(asked[0]), Delay::HubSilent, now);
        }
        assert_eq!(pauses, [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);

        // It speaks again, and everybody whose rest is over goes at once.
        now = queue.wake_at().unwrap();
        let asked = taken(&mut queue, now);
        queue.settled(AnswerId(asked[0]));
        assert!(!queue.hub_is_silent());
        assert_eq!(taken(&mut queue, now).len(), IN_FLIGHT_MAX);
    }

    #[test]
    fn one_answer_that_never_gets_through_does_not_stop_the_others() {
        let mut now = Instant::now();
        let mut queue = queue(&[1, 2, 3, 4]);
        let mut through = Vec::new();
        while through.len() < 3 {
            for id in taken(&mut queue, now) {
                if id == 1 {
                    queue.put_back(AnswerId(1), Delay::HubSilent, now);
                } else {
                    queue.settled(AnswerId(id));
                    through.push(id);
                }
            }
            now = queue.wake_at().unwrap_or(now);
        }
        assert_eq!(through, [2, 3, 4]);
    }

    proptest! {
        /// Whatever the hub does, every answer gets through exactly once, and those of one call in order.
        #[test]
        fn every_answer_gets_through_once_and_in_order(
            calls in prop::collection::vec(1u32..5, 1..30),
            luck in prop::collection::vec(0u8..3, 0..200),
        ) {
            let mut now = Instant::now();
            let mut queue = queue(&calls);
            let mut luck = luck.into_iter();
            let mut through: Vec<i64> = Vec::new();
            while queue.waiting() > 0 {
                let asked = taken(&mut queue, now);
                prop_assert!(!asked.is_empty(), "stuck with {} left", queue.waiting());
                for id in asked {
                    match luck.next() {
                        Some(1) => queue.put_back(AnswerId(id), Delay::HubBusy, now),
                        Some(2) => queue.put_back(AnswerId(id), Delay::HubSilent, now),
                        Some(_) | None => {
                            queue.settled(AnswerId(id));
                            through.push(id);
                        }
                    }
                }
                now = queue.wake_at().unwrap_or(now);
            }
            for number in 1..5 {
                let sent: Vec<i64> = (1i64..).zip(&calls).filter(|(_, of)| **of == number).map(|(id, _)| id).collect();
                let got: Vec<i64> = through.iter().copied().filter(|id| sent.contains(id)).collect();
                prop_assert_eq!(got, sent);
            }
        }
    }
}
