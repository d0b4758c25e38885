use std::collections::BTreeSet;

use ids::{CaseId, Code};

/// One call of one case; 0 stands for the tasks of a case that belong to no call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallKey {
    pub district: Code,
    pub case: CaseId,
    pub call: u32,
}

/// What an order says, or an answer that the hub has accepted. An answer that is only kept is not a fact yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    Called,
    /// The officer who came could not decide: what the unit answered before this revision of the hub's record does not
    /// count any more.
    CalledAgain(u64),
    TaskGiven(u32),
    Supervised,
    Over,
    /// With the hub's revision that took it.
    Responded(u64),
    /// With the hub's revision that took it.
    ReportedIn(u64),
    Progressed,
    Returned,
    Accounted,
    TaskDone(u32),
    Done,
}

/// How far a call has come; each is further than the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    #[default]
    Called,
    Responded,
    ReportedIn,
    Done,
    Over,
}

impl State {
    pub const ALL: [Self; 5] = [Self::Called, Self::Responded, Self::ReportedIn, Self::Done, Self::Over];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Called => "called",
            Self::Responded => "responded",
            Self::ReportedIn => "reported-in",
            Self::Done => "done",
            Self::Over => "over",
        }
    }

    /// Nothing is left to do for this department.
    #[must_use]
    pub const fn is_finished(self) -> bool {
        match self {
            Self::Called | Self::Responded | Self::ReportedIn => false,
            Self::Done | Self::Over => true,
        }
    }
}

/// A call, gathered from its facts. They may arrive in any order and any number of times (I11): gathering only ever
/// adds, so the result is the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    finished: Option<State>,
    /// Last revisions of the hub at which it was called again, responded, reported in.
    again: u64,
    responded: Option<u64>,
    reported_in: Option<u64>,
    called: bool,
    tasks: BTreeSet<u32>,
    tasks_done: BTreeSet<u32>,
}

impl Call {
    #[must_use]
    pub fn with(mut self, fact: Fact) -> Self {
        match fact {
            Fact::Called => self.called = true,
            Fact::CalledAgain(revision) => {
                self.called = true;
                self.again = self.again.max(revision);
            }
            Fact::TaskGiven(task) => drop(self.tasks.insert(task)),
            Fact::TaskDone(task) => drop(self.tasks_done.insert(task)),
            // A call that was sent back is still to be answered until the hub says otherwise.
            Fact::Progressed | Fact::Returned | Fact::Supervised | Fact::Accounted => {}
            Fact::Responded(revision) => self.responded = self.responded.max(Some(revision)),
            Fact::ReportedIn(revision) => self.reported_in = self.reported_in.max(Some(revision)),
            Fact::Done => self.finished = self.finished.max(Some(State::Done)),
            Fact::Over => self.finished = self.finished.max(Some(State::Over)),
        }
        self
    }

    /// Tasks that came without a call are done when each of them is: there is no call to report done.
    #[must_use]
    pub fn state(&self) -> State {
        let only_tasks = !self.called && !self.tasks.is_empty();
        if only_tasks && self.tasks.is_subset(&self.tasks_done) {
            self.finished.unwrap_or(State::Done)
        } else {
            self.finished.unwrap_or(self.answered())
        }
    }

    /// What its answers since it was called last come to.
    fn answered(&self) -> State {
        let counts = |revision: &u64| *revision > self.again;
        if self.reported_in.filter(counts).is_some() {
            State::ReportedIn
        } else if self.responded.filter(counts).is_some() {
            State::Responded
        } else {
            State::Called
        }
    }
}

impl FromIterator<Fact> for Call {
    fn from_iter<I: IntoIterator<Item = Fact>>(facts: I) -> Self {
        facts.into_iter().fold(Self::default(), Self::with)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn state(facts: &[Fact]) -> State {
        facts.iter().copied().collect::<Call>().state()
    }

    #[test]
    fn a_call_goes_from_called_to_over() {
        let walk = [Fact::Called, Fact::Responded(2), Fact::ReportedIn(3), Fact::Progressed, Fact::Done, Fact::Over];
        let seen: Vec<&str> = (1..=walk.len()).map(|so_far| state(&walk[..so_far]).as_str()).collect();
        assert_eq!(seen, ["called", "responded", "reported-in", "reported-in", "done", "over"]);
    }

    #[test]
    fn a_unit_whose_officer_could_not_decide_has_to_answer_once_more() {
        let sent_back = [Fact::Called, Fact::Responded(2), Fact::ReportedIn(3), Fact::CalledAgain(5)];
        assert_eq!(state(&sent_back), State::Called);
        assert_eq!(state(&[&sent_back[..], &[Fact::Responded(6)]].concat()), State::Responded);
        assert_eq!(state(&[&sent_back[..], &[Fact::ReportedIn(7)]].concat()), State::ReportedIn);
        // The order overtook the verdict on the answer before it.
        assert_eq!(state(&[Fact::CalledAgain(5), Fact::Called, Fact::ReportedIn(3)]), State::Called);
    }

    #[test]
    fn a_released_department_has_nothing_left_to_do() {
        assert_eq!(state(&[Fact::Called, Fact::Responded(2), Fact::Over]), State::Over);
        // The late report-in of somebody who was already let go does not bring the call back.
        assert_eq!(state(&[Fact::Called, Fact::Over, Fact::ReportedIn(4)]), State::Over);
    }

    #[test]
    fn tasks_without_a_call_are_done_when_all_of_them_are() {
        let given = [Fact::TaskGiven(1), Fact::TaskGiven(4)];
        assert_eq!(state(&given), State::Called);
        assert_eq!(state(&[given[0], given[1], Fact::TaskDone(4)]), State::Called);
        assert_eq!(state(&[given[0], given[1], Fact::TaskDone(4), Fact::TaskDone(1)]), State::Done);
    }

    #[test]
    fn a_done_task_does_not_end_the_call_it_belongs_to() {
        assert_eq!(state(&[Fact::TaskGiven(1), Fact::TaskDone(1), Fact::Called]), State::Called);
    }

    fn fact() -> impl Strategy<Value = Fact> {
        prop_oneof![
            Just(Fact::Called),
            (1u32..4).prop_map(Fact::TaskGiven),
            Just(Fact::Over),
            (1u64..6).prop_map(Fact::Responded),
            (1u64..6).prop_map(Fact::ReportedIn),
            (1u64..6).prop_map(Fact::CalledAgain),
            Just(Fact::Progressed),
            (1u32..4).prop_map(Fact::TaskDone),
            Just(Fact::Done),
        ]
    }

    proptest! {
        #[test]
        fn repeated_and_reordered_facts_change_nothing(
            (facts, shuffled) in prop::collection::vec(fact(), 0..12)
                .prop_flat_map(|facts| (Just(facts.clone()), Just([facts.clone(), facts].concat()).prop_shuffle()))
        ) {
            prop_assert_eq!(facts.into_iter().collect::<Call>(), shuffled.into_iter().collect::<Call>());
        }

        #[test]
        fn no_fact_but_a_new_order_turns_a_call_back(facts in prop::collection::vec(fact(), 0..12), next in fact()) {
            let before: Call = facts.into_iter().collect();
            let after = before.clone().with(next);
            let is_order = matches!(next, Fact::Called | Fact::CalledAgain(_) | Fact::TaskGiven(_));
            prop_assert!(is_order || after.state() >= before.state());
        }
    }
}
