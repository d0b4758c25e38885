//! What a bridge asks.

use std::fmt;
use std::str::FromStr;

use ids::Code;

use super::SubjectError;

/// `in.<bridge>.<verb>`: a request from a bridge, answered by whoever the verb is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BridgeSubject {
    pub bridge: Code,
    pub verb: BridgeVerb,
}

/// What a bridge can ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BridgeVerb {
    /// Of intake: to take a matter in, answered after the commit.
    Submit,
    /// Of intake: which case a reference names.
    Find,
    /// Of intake: to add what a caller has to say.
    Supplement,
    /// Of intake: to take a matter back, for its caller.
    Withdraw,
    /// Of evaluation: what a caller thinks of the outcome.
    Rate,
    /// Of the casebook: one case.
    Get,
    /// Of the casebook: what became of its cases.
    Changes,
}

impl BridgeVerb {
    pub const ALL: [Self; 7] =
        [Self::Submit, Self::Find, Self::Supplement, Self::Withdraw, Self::Rate, Self::Get, Self::Changes];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Find => "find",
            Self::Supplement => "supplement",
            Self::Withdraw => "withdraw",
            Self::Rate => "rate",
            Self::Get => "get",
            Self::Changes => "changes",
        }
    }

    /// What is listened to: requests of every bridge.
    #[must_use]
    pub const fn of_all(self) -> &'static str {
        match self {
            Self::Submit => "in.*.submit",
            Self::Find => "in.*.find",
            Self::Supplement => "in.*.supplement",
            Self::Withdraw => "in.*.withdraw",
            Self::Rate => "in.*.rate",
            Self::Get => "in.*.get",
            Self::Changes => "in.*.changes",
        }
    }
}

impl BridgeSubject {
    #[must_use]
    pub fn submit(bridge: &Code) -> String {
        Self { bridge: bridge.clone(), verb: BridgeVerb::Submit }.to_string()
    }

    /// All that one bridge may publish.
    #[must_use]
    pub fn all_from(bridge: &Code) -> String {
        format!("in.{bridge}.>")
    }
}

impl fmt::Display for BridgeSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "in.{}.{}", self.bridge, self.verb.as_str())
    }
}

impl FromStr for BridgeSubject {
    type Err = SubjectError;

    fn from_str(subject: &str) -> Result<Self, SubjectError> {
        let wrong = || SubjectError { subject: subject.to_owned(), form: "in.<bridge>.<verb>" };
        let (bridge, verb) = subject.strip_prefix("in.").and_then(|rest| rest.split_once('.')).ok_or_else(wrong)?;
        let verb = BridgeVerb::ALL.into_iter().find(|known| known.as_str() == verb).ok_or_else(wrong)?;
        Ok(Self { bridge: bridge.parse().map_err(|_| wrong())?, verb })
    }
}
