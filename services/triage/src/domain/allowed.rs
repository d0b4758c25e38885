//! What somebody may do with a case now, found out by offering it to the rule book: what a desk shows is what it takes.

use std::collections::BTreeSet;

use charter::Level;
use decider::Decider;

use super::{Command, Judgement, Proof, Rules, Standing, State};

/// A method of the contract that changes a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    Claim,
    Judge,
    Regrade,
}

/// Where somebody sits, seen from one case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seat {
    /// `own`: the case lies in this street, or nowhere in particular.
    Street {
        own: bool,
    },
    District,
    /// Looks on: a grid, a community, a department, a special group, an operator.
    Reader,
}

impl Act {
    pub const ALL: [Self; 3] = [Self::Claim, Self::Judge, Self::Regrade];

    /// As the contract has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Claim => "Claim",
            Self::Judge => "Judge",
            Self::Regrade => "Regrade",
        }
    }
}

impl Seat {
    /// A street judges what lies in it; the district everything.
    pub const fn judges(self) -> bool {
        match self {
            Self::District | Self::Street { own: true } => true,
            Self::Street { own: false } | Self::Reader => false,
        }
    }
}

/// What would have an effect now. `staff` is the asker's staff number, `somehow` any judgement that fits the case.
pub fn allowed_actions(
    state: &State,
    seat: Seat,
    staff: &str,
    somehow: &Judgement,
    standing: Standing,
) -> BTreeSet<Act> {
    let takes = |act: &Act| {
        let offer = offer(*act, state, (seat, staff), somehow, standing);
        Rules::decide(state, &offer).is_ok_and(|said| !said.is_empty())
    };
    Act::ALL.into_iter().filter(|_| seat.judges()).filter(takes).collect()
}

fn offer(act: Act, state: &State, (by, staff): (Seat, &str), somehow: &Judgement, standing: Standing) -> Command {
    let reason = "a reason".to_owned();
    match act {
        Act::Claim => Command::Claim { by: staff.to_owned() },
        Act::Judge => Command::Judge { judgement: somehow.clone(), reason },
        Act::Regrade => Command::Regrade { by, judgement: another(state, somehow), reason, standing },
    }
}

/// A judgement other than the one that holds.
fn another(state: &State, somehow: &Judgement) -> Judgement {
    let now = match state {
        State::Judged { judgement, .. } => judgement,
        State::Unknown | State::Waiting { .. } | State::Dismissed => somehow,
    };
    let level = if now.level == Level::A { Level::B1 } else { Level::A };
    Judgement { level, proof: Proof::default(), ..now.clone() }
}
