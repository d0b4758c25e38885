use std::fmt;
use std::str::FromStr;

/// The service that decided a commit, and the only writer of its own prefix of the record (D1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Owner {
    Intake,
    Triage,
    Dispatch,
    EnforcementCenter,
    Evaluation,
    Notification,
    Powers,
}

impl Owner {
    /// In the order a case meets them; the last one meets none.
    pub const ALL: [Self; 7] = [
        Self::Intake,
        Self::Triage,
        Self::Dispatch,
        Self::EnforcementCenter,
        Self::Evaluation,
        Self::Notification,
        Self::Powers,
    ];

    /// The token in subjects, which is also the name of the service, its binary and its Deployment.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Intake => "intake",
            Self::Triage => "triage",
            Self::Dispatch => "dispatch",
            Self::EnforcementCenter => "enforcement-center",
            Self::Evaluation => "evaluation",
            Self::Notification => "notification",
            Self::Powers => "powers",
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The string names no service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a service that writes to the record")]
pub struct UnknownOwner(pub String);

impl FromStr for Owner {
    type Err = UnknownOwner;
    fn from_str(text: &str) -> Result<Self, UnknownOwner> {
        Self::ALL.into_iter().find(|owner| owner.as_str() == text).ok_or_else(|| UnknownOwner(text.to_owned()))
    }
}
