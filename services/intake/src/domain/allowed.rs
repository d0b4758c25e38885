//! What somebody could do with a case here, found by asking the rules themselves: each action is offered to
//! [`decide`](super::Rules) with arguments it could have, and those it takes are listed.

use decider::Decider;
use ids::{CaseId, Code};
use vocabulary::Course;

use super::poll::{Outcome, Tally};
use super::{Command, PollResult, Rules, State};

/// What can be done, by its name in the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    Supplement,
    Withdraw,
    ProposeExclusion,
    ApproveExclusion,
    Merge,
    AttachPoll,
}

impl Act {
    /// Name of the method.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Supplement => "Supplement",
            Self::Withdraw => "Withdraw",
            Self::ProposeExclusion => "ProposeExclusion",
            Self::ApproveExclusion => "ApproveExclusion",
            Self::Merge => "Merge",
            Self::AttachPoll => "AttachPoll",
        }
    }
}

/// Who asks, and what an action could be done with.
#[derive(Clone, Debug)]
pub struct Asker {
    /// Their staff number; callers have none.
    pub staff_ref: String,
    /// Whose their notes count as.
    pub notes_as: String,
    /// A case that this one could become part of.
    pub other: CaseId,
    /// How far dispatch is with it.
    pub course: Course,
    /// A poll that could be cited.
    pub poll: Code,
    /// Of those who joined, whose own case left.
    pub gone: Vec<CaseId>,
}

/// Everything `asker` could do. Who may ask for what at all is the door's to say.
#[must_use]
pub fn allowed_actions(state: &State, asker: &Asker) -> Vec<Act> {
    let Some(receipt) = &state.received else { return vec![] };
    let at = receipt.received_at;
    let by = || asker.staff_ref.clone();
    let (course, gone) = (asker.course, || asker.gone.clone());
    let cited = PollResult {
        poll: asker.poll.clone(),
        question: String::new(),
        outcome: Outcome::Failed,
        tally: Tally::default(),
        threshold_percent: 100,
        opened_at: at,
        closed_at: at,
        note: String::new(),
    };
    let offers = [
        (Act::Supplement, Command::Supplement { text: String::new(), by: asker.notes_as.clone(), course }),
        (Act::Withdraw, Command::Withdraw { reason: String::new(), course, gone: gone() }),
        (Act::ProposeExclusion, Command::ProposeExclusion { reason: String::new(), by: by(), course, gone: gone() }),
        (Act::ApproveExclusion, Command::ApproveExclusion { by: by(), course, gone: gone() }),
        (Act::Merge, Command::Link { into: asker.other, reason: String::new(), into_received_at: at }),
        (Act::AttachPoll, Command::AttachPoll(Box::new(cited))),
    ];
    let taken = |command: &Command| Rules::decide(state, command).is_ok_and(|events| !events.is_empty());
    // Two cases: how far dispatch is with each is looked at where both are known.
    let goes_on = |act: Act| act != Act::Merge || asker.course == Course::Open;
    offers.into_iter().filter(|(act, command)| goes_on(*act) && taken(command)).map(|(act, _)| act).collect()
}
