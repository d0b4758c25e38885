//! Who is told what, and when. Few things, so that each is read and the record stays small: of everything else the
//! case's own timeline tells whoever looks.

use charter::Colour;
use ids::Code;
use jiff::Timestamp;
use vocabulary::Outcome;

/// Codes of the charter's texts.
pub const RECEIVED: &str = "received";
pub const JOINED: &str = "joined";
pub const JUDGED: &str = "judged";
pub const CALLED: &str = "called";
pub const CALL_OVERDUE: &str = "call-overdue";
pub const OVERDUE: &str = "overdue";
pub const RETURNED: &str = "returned";
pub const REMINDED: &str = "reminded";
pub const SUPERVISED: &str = "supervised";
pub const REOPENED: &str = "reopened";
pub const RESOLVED: &str = "resolved";
pub const CLOSED: &str = "closed";
pub const NOTICE_SERVED: &str = "notice-served";
pub const PAGED: &str = "paged";
pub const COLOUR_RAISED: &str = "colour-raised";
pub const RECURRENCE_FOUND: &str = "recurrence-found";
pub const POLL_ENDED: &str = "poll-ended";
pub const ADMITTED: &str = "admitted";
pub const TRANSFERRED: &str = "transferred";
pub const CITY_RETURNED: &str = "city-returned";
pub const CITY_REMINDED: &str = "city-reminded";
pub const CITY_OVERDUE: &str = "city-overdue";
pub const ADJUDICATION_OVERDUE: &str = "adjudication-overdue";
pub const SUPERVISION_OVERDUE: &str = "supervision-overdue";
pub const TASK_DECIDED: &str = "task-decided";
pub const SUPPLEMENTED: &str = "supplemented";
pub const SAID_AGAIN: &str = "said-again";

/// Something that happened and that somebody is told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Occasion {
    Received,
    /// What somebody else raised turned out to be the same matter, and goes on here.
    CallerJoined {
        caller: String,
    },
    /// Somebody added words to a case that `holder` has, or answered.
    Supplemented {
        holder: Code,
    },
    /// What was answered already was raised once more: whoever answered it looks again, and the newcomer hears the answer.
    SaidAgain {
        caller: String,
        holder: Code,
        outcome: Outcome,
        rating_due: Timestamp,
    },
    /// A person found out whose the case is; what the rules find out at once is not worth a second message.
    Judged {
        party: Code,
    },
    Called {
        by: Code,
        parties: Vec<Code>,
        colour: Colour,
        response_due: Timestamp,
    },
    /// A call took a more urgent colour.
    ColourRaised {
        by: Code,
        /// Who is still expected.
        parties: Vec<Code>,
        colour: Colour,
        response_due: Timestamp,
        completion_due: Timestamp,
    },
    /// A called party missed a limit of its call.
    CallOverdue {
        party: Code,
        due: Timestamp,
        told: Code,
    },
    /// A limit that belongs to no call was missed.
    Overdue {
        of: Missed,
        party: Code,
        due: Timestamp,
        told: Code,
    },
    /// A called party says that the matter is not its own; somebody has to decide by then.
    Returned {
        party: Code,
        adjudicator: Code,
        due: Timestamp,
    },
    /// Part of the time of a call has gone, and the party is not done.
    Reminded {
        party: Code,
        due: Timestamp,
    },
    /// Somebody above wants an account of the matter.
    Supervised {
        by: Code,
        party: Code,
        due: Timestamp,
    },
    /// Not solved after all: it reaches whoever has to do with it again.
    Reopened {
        parties: Vec<Code>,
        due: Timestamp,
    },
    Resolved {
        outcome: Outcome,
        rating_due: Timestamp,
    },
    Closed {
        ending: Ending,
    },
    NoticeServed {
        party: Code,
        due: Timestamp,
        centre: Code,
    },
    /// The problem keeps coming back.
    Recurred {
        parties: Vec<Code>,
    },
    /// The households that were asked have answered.
    PollEnded {
        party: Code,
        vote: Vote,
    },
    /// Communities that were refused may work on it now.
    Admitted {
        parties: Vec<Code>,
    },
    Transferred {
        city: Code,
    },
    CityReturned {
        to: Code,
    },
    /// The city has not answered yet.
    CityReminded {
        city: Code,
        told: Code,
        due: Timestamp,
    },
    /// A joint meeting gave somebody a task.
    TaskDecided {
        party: Code,
        due: Timestamp,
    },
}

/// Whose time is up, where it is not that of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missed {
    /// The case, a task, a meeting.
    Work,
    /// A decision on a return.
    Adjudication,
    /// An order of supervision.
    Supervision,
    /// The city's answer.
    City,
}

/// What households said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vote {
    Passed,
    Failed,
    NoQuorum,
}

impl Occasion {
    /// Whether everybody who raised the case wants to hear of it, whenever they did.
    #[must_use]
    pub const fn is_an_end(&self) -> bool {
        match self {
            Self::Resolved { .. } | Self::Closed { .. } => true,
            Self::Received
            | Self::CallerJoined { .. }
            | Self::Supplemented { .. }
            | Self::SaidAgain { .. }
            | Self::Judged { .. }
            | Self::Called { .. }
            | Self::CallOverdue { .. }
            | Self::Overdue { .. }
            | Self::Returned { .. }
            | Self::Reminded { .. }
            | Self::Supervised { .. }
            | Self::Reopened { .. }
            | Self::NoticeServed { .. }
            | Self::ColourRaised { .. }
            | Self::Recurred { .. }
            | Self::PollEnded { .. }
            | Self::Admitted { .. }
            | Self::Transferred { .. }
            | Self::CityReturned { .. }
            | Self::CityReminded { .. }
            | Self::TaskDecided { .. } => false,
        }
    }
}

/// How a case ended, as the caller is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    With(Outcome),
    Withdrawn,
    Excluded,
    /// Not of a case but of a poll.
    Voted(Vote),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telling {
    /// Code of the charter's text.
    pub text: &'static str,
    pub to: Recipient,
    pub says: Says,
}

impl Telling {
    /// Of several that go out together the most urgent goes first; what has no colour is in no hurry.
    #[must_use]
    pub const fn urgency(&self) -> Option<Colour> {
        self.says.colour
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// Everybody who raised the case.
    Callers,
    /// One of them, by the opaque reference.
    Caller(String),
    Party(Code),
    /// Whoever the charter pages for a call of this colour.
    Pages {
        colour: Colour,
        by: Code,
        parties: Vec<Code>,
    },
}

/// What a text may name beside the case's number and title. What is absent here and named there is an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Says {
    /// A party of the calling street.
    pub street: Option<Code>,
    pub party: Option<Code>,
    pub due: Option<Timestamp>,
    pub ending: Option<Ending>,
    pub colour: Option<Colour>,
}

/// The table.
#[must_use]
pub fn tellings(occasion: &Occasion) -> Vec<Telling> {
    use Recipient::{Caller, Callers, Party};
    let tell = |text, to, says| vec![Telling { text, to, says }];
    match occasion {
        Occasion::Received => tell(RECEIVED, Callers, Says::default()),
        Occasion::CallerJoined { caller } => tell(JOINED, Caller(caller.clone()), Says::default()),
        Occasion::Supplemented { holder } => each(SUPPLEMENTED, std::slice::from_ref(holder)),
        Occasion::SaidAgain { caller, holder, outcome, rating_due } => {
            let says = Says { due: Some(*rating_due), ending: Some(Ending::With(*outcome)), ..Says::default() };
            let answer = tell(RESOLVED, Caller(caller.clone()), says);
            answer.into_iter().chain(each(SAID_AGAIN, std::slice::from_ref(holder))).collect()
        }
        Occasion::Judged { party } => tell(JUDGED, Callers, Says { party: Some(party.clone()), ..Says::default() }),
        Occasion::Called { by, parties, colour, response_due } => {
            let says =
                Says { street: Some(by.clone()), due: Some(*response_due), colour: Some(*colour), ..Says::default() };
            let called = parties.iter().map(|party| Telling {
                text: CALLED,
                to: Party(party.clone()),
                says: Says { party: Some(party.clone()), ..says.clone() },
            });
            called.chain([page(*colour, by, parties, *response_due)]).collect()
        }
        Occasion::ColourRaised { by, parties, colour, response_due, completion_due } => {
            let raised = |party: &Code| Telling {
                text: COLOUR_RAISED,
                to: Party(party.clone()),
                says: Says {
                    street: Some(by.clone()),
                    party: Some(party.clone()),
                    due: Some(*completion_due),
                    colour: Some(*colour),
                    ..Says::default()
                },
            };
            let told = parties.iter().map(raised);
            // The street hears of the first of those it waits for.
            let street = parties.first().map(|party| Telling { to: Party(by.clone()), ..raised(party) });
            told.chain(street).chain([page(*colour, by, parties, *response_due)]).collect()
        }
        Occasion::CallOverdue { party, due, told } => {
            let says = Says { party: Some(party.clone()), due: Some(*due), ..Says::default() };
            tell(CALL_OVERDUE, Party(told.clone()), says)
        }
        Occasion::Overdue { of, party, due, told } => {
            let says = Says { party: Some(party.clone()), due: Some(*due), ..Says::default() };
            let text = match of {
                Missed::Work => OVERDUE,
                Missed::Adjudication => ADJUDICATION_OVERDUE,
                Missed::Supervision => SUPERVISION_OVERDUE,
                Missed::City => CITY_OVERDUE,
            };
            tell(text, Party(told.clone()), says)
        }
        Occasion::Returned { party, adjudicator, due } => {
            let says = Says { party: Some(party.clone()), due: Some(*due), ..Says::default() };
            tell(RETURNED, Party(adjudicator.clone()), says)
        }
        Occasion::Reminded { party, due } => {
            let says = Says { party: Some(party.clone()), due: Some(*due), ..Says::default() };
            tell(REMINDED, Party(party.clone()), says)
        }
        Occasion::Supervised { by, party, due } => {
            let says =
                Says { street: Some(by.clone()), party: Some(party.clone()), due: Some(*due), ..Says::default() };
            tell(SUPERVISED, Party(party.clone()), says)
        }
        Occasion::Reopened { parties, due } => {
            let again = |party: &Code| Telling {
                text: REOPENED,
                to: Party(party.clone()),
                says: Says { party: Some(party.clone()), due: Some(*due), ..Says::default() },
            };
            parties.iter().map(again).collect()
        }
        Occasion::Resolved { outcome, rating_due } => {
            let says = Says { due: Some(*rating_due), ending: Some(Ending::With(*outcome)), ..Says::default() };
            tell(RESOLVED, Callers, says)
        }
        Occasion::Closed { ending } => tell(CLOSED, Callers, Says { ending: Some(*ending), ..Says::default() }),
        Occasion::NoticeServed { party, due, centre } => {
            let says = Says { party: Some(party.clone()), due: Some(*due), ..Says::default() };
            tell(NOTICE_SERVED, Party(centre.clone()), says)
        }
        Occasion::Recurred { parties } => each(RECURRENCE_FOUND, parties),
        Occasion::PollEnded { party, vote } => {
            let says = Says { ending: Some(Ending::Voted(*vote)), ..Says::default() };
            tell(POLL_ENDED, Party(party.clone()), says)
        }
        Occasion::Admitted { parties } => each(ADMITTED, parties),
        Occasion::Transferred { city } => {
            tell(TRANSFERRED, Callers, Says { party: Some(city.clone()), ..Says::default() })
        }
        Occasion::CityReturned { to } => {
            tell(CITY_RETURNED, Callers, Says { party: Some(to.clone()), ..Says::default() })
        }
        Occasion::CityReminded { city, told, due } => {
            let says = Says { party: Some(city.clone()), due: Some(*due), ..Says::default() };
            tell(CITY_REMINDED, Party(told.clone()), says)
        }
        Occasion::TaskDecided { party, due } => {
            let says = Says { party: Some(party.clone()), due: Some(*due), ..Says::default() };
            tell(TASK_DECIDED, Party(party.clone()), says)
        }
    }
}

/// To everybody on duty for a colour.
fn page(colour: Colour, by: &Code, parties: &[Code], due: Timestamp) -> Telling {
    let says = Says { street: Some(by.clone()), due: Some(due), colour: Some(colour), ..Says::default() };
    Telling { text: PAGED, to: Recipient::Pages { colour, by: by.clone(), parties: parties.to_vec() }, says }
}

/// The same to each of several.
fn each(text: &'static str, parties: &[Code]) -> Vec<Telling> {
    let telling = |party: &Code| Telling {
        text,
        to: Recipient::Party(party.clone()),
        says: Says { party: Some(party.clone()), ..Says::default() },
    };
    parties.iter().map(telling).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(occasion: &Occasion) -> Vec<String> {
        let tell = |telling: Telling| match telling.to {
            Recipient::Callers => format!("callers: {}", telling.text),
            Recipient::Caller(caller) => format!("{caller}: {}", telling.text),
            Recipient::Party(party) => format!("{party}: {}", telling.text),
            Recipient::Pages { colour, .. } => format!("{}: {}", colour.as_str(), telling.text),
        };
        tellings(occasion).into_iter().map(tell).collect()
    }

    #[test]
    fn a_call_is_told_to_each_called_party_and_a_missed_limit_one_level_up() {
        let code = |text: &str| text.parse::<Code>().unwrap();
        let (by, due) = (code("wuchang-lds-command-centre"), Timestamp::UNIX_EPOCH);
        let parties = vec![code("jsj"), code("traffic")];
        let call =
            Occasion::Called { by: by.clone(), parties: parties.clone(), colour: Colour::Red, response_due: due };
        assert_eq!(told(&call), ["jsj: called", "traffic: called", "red: paged"]);
        let raised =
            Occasion::ColourRaised { by, parties, colour: Colour::Yellow, response_due: due, completion_due: due };
        let street = "wuchang-lds-command-centre: colour-raised";
        assert_eq!(told(&raised), ["jsj: colour-raised", "traffic: colour-raised", street, "yellow: paged"]);
        let late = Occasion::CallOverdue { party: code("jsj"), due, told: code("wuchang-centre") };
        assert_eq!(told(&late), ["wuchang-centre: call-overdue"]);
        assert_eq!(told(&Occasion::Closed { ending: Ending::Withdrawn }), ["callers: closed"]);
    }

    #[test]
    fn each_missed_limit_has_words_of_its_own() {
        let code = |text: &str| text.parse::<Code>().unwrap();
        let late =
            |of| Occasion::Overdue { of, party: code("jsj"), due: Timestamp::UNIX_EPOCH, told: code("wuchang-centre") };
        let all = [Missed::Work, Missed::Adjudication, Missed::Supervision, Missed::City].map(|of| told(&late(of)));
        let to = |text: &str| vec![format!("wuchang-centre: {text}")];
        assert_eq!(all, ["overdue", "adjudication-overdue", "supervision-overdue", "city-overdue"].map(to));
    }
}
