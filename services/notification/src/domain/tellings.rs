//! Who is told what, and when. Few things, so that each is read and the record stays small: of everything else the
//! case's own timeline tells whoever looks.

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

/// Something that happened and that somebody is told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Occasion {
    Received,
    /// What somebody else raised turned out to be the same matter, and goes on here.
    CallerJoined {
        caller: String,
    },
    /// A person found out whose the case is; what the rules find out at once is not worth a second message.
    Judged {
        party: Code,
    },
    Called {
        by: Code,
        parties: Vec<Code>,
        response_due: Timestamp,
    },
    /// A called party missed a limit of its call.
    CallOverdue {
        party: Code,
        due: Timestamp,
        told: Code,
    },
    /// A limit that belongs to no call was missed: of the case, a task, a decision, an account, a meeting.
    Overdue {
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
}

impl Occasion {
    /// Whether everybody who raised the case wants to hear of it, whenever they did.
    #[must_use]
    pub const fn is_an_end(&self) -> bool {
        match self {
            Self::Resolved { .. } | Self::Closed { .. } => true,
            Self::Received
            | Self::CallerJoined { .. }
            | Self::Judged { .. }
            | Self::Called { .. }
            | Self::CallOverdue { .. }
            | Self::Overdue { .. }
            | Self::Returned { .. }
            | Self::Reminded { .. }
            | Self::Supervised { .. }
            | Self::Reopened { .. }
            | Self::NoticeServed { .. } => false,
        }
    }
}

/// How a case ended, as the caller is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    With(Outcome),
    Withdrawn,
    Excluded,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telling {
    /// Code of the charter's text.
    pub text: &'static str,
    pub to: Recipient,
    pub says: Says,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// Everybody who raised the case.
    Callers,
    /// One of them, by the opaque reference.
    Caller(String),
    Party(Code),
}

/// What a text may name beside the case's number and title. What is absent here and named there is an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Says {
    /// A party of the calling street.
    pub street: Option<Code>,
    pub party: Option<Code>,
    pub due: Option<Timestamp>,
    pub ending: Option<Ending>,
}

/// The table.
#[must_use]
pub fn tellings(occasion: &Occasion) -> Vec<Telling> {
    use Recipient::{Caller, Callers, Party};
    let tell = |text, to, says| vec![Telling { text, to, says }];
    match occasion {
        Occasion::Received => tell(RECEIVED, Callers, Says::default()),
        Occasion::CallerJoined { caller } => tell(JOINED, Caller(caller.clone()), Says::default()),
        Occasion::Judged { party } => tell(JUDGED, Callers, Says { party: Some(party.clone()), ..Says::default() }),
        Occasion::Called { by, parties, response_due } => {
            let call = |party: &Code| Telling {
                text: CALLED,
                to: Party(party.clone()),
                says: Says {
                    street: Some(by.clone()),
                    party: Some(party.clone()),
                    due: Some(*response_due),
                    ending: None,
                },
            };
            parties.iter().map(call).collect()
        }
        Occasion::CallOverdue { party, due, told } => {
            let says = Says { party: Some(party.clone()), due: Some(*due), ..Says::default() };
            tell(CALL_OVERDUE, Party(told.clone()), says)
        }
        Occasion::Overdue { party, due, told } => {
            let says = Says { party: Some(party.clone()), due: Some(*due), ..Says::default() };
            tell(OVERDUE, Party(told.clone()), says)
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
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(occasion: &Occasion) -> Vec<String> {
        let tell = |telling: Telling| match telling.to {
            Recipient::Callers => format!("callers: {}", telling.text),
            Recipient::Caller(caller) => format!("{caller}: {}", telling.text),
            Recipient::Party(party) => format!("{party}: {}", telling.text),
        };
        tellings(occasion).into_iter().map(tell).collect()
    }

    #[test]
    fn a_call_is_told_to_each_called_party_and_a_missed_limit_one_level_up() {
        let code = |text: &str| text.parse::<Code>().unwrap();
        let (by, due) = (code("wuchang-lds-command-centre"), Timestamp::UNIX_EPOCH);
        let call = Occasion::Called { by, parties: vec![code("jsj"), code("traffic")], response_due: due };
        assert_eq!(told(&call), ["jsj: called", "traffic: called"]);
        let late = Occasion::CallOverdue { party: code("jsj"), due, told: code("wuchang-centre") };
        assert_eq!(told(&late), ["wuchang-centre: call-overdue"]);
        assert_eq!(told(&Occasion::Closed { ending: Ending::Withdrawn }), ["callers: closed"]);
    }
}
