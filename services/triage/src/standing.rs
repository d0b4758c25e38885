//! How a judged case stands with dispatch. Read when somebody wants to judge it anew, which is seldom, and not followed.

use charter::Level;
use ids::Code;
use proto::dispatch::v1::{Assigned, CityReturned, Closed, Escalated, Transferred};
use proto::facts::{DispatchFacts, Facts};
use record::{StoredCommit, WireError};
use station::wire;

use crate::domain::{Judgement, Standing};

/// `judged` is the last judgement, of triage's revision `revision`; `commits` are dispatch's, by revision.
///
/// # Errors
/// A fact does not have the form its type promises.
pub fn standing(commits: &[StoredCommit], judged: &Judgement, revision: u64) -> Result<Standing, WireError> {
    let mut reader = Reader::default();
    for fact in commits.iter().flat_map(|stored| stored.commit.dispatch_facts()) {
        fact.told_to(&mut reader)?;
    }
    // What dispatch has not taken yet, because departments are called perhaps, goes where it was judged to.
    let follows = reader.graded_by >= revision;
    let now_above = reader.with.as_ref().is_some_and(|(_, level)| *level >= Level::C);
    let (holder, level) = match reader.with {
        Some((holder, level)) if follows => (holder, level),
        Some(_) | None => (judged.party.clone(), judged.level),
    };
    let is_theirs = holder == judged.party && without_call(level) == without_call(judged.level);
    let above_street = level >= Level::C || now_above;
    Ok(Standing { closed: reader.closed, moved: !is_theirs, above_street })
}

/// B2 is B1 with a call.
fn without_call(level: Level) -> Level {
    if level == Level::B2 { Level::B1 } else { level }
}

#[derive(Default)]
struct Reader {
    with: Option<(Code, Level)>,
    /// Triage's last revision that dispatch went by.
    graded_by: u64,
    closed: bool,
}

impl Reader {
    fn goes_to(&mut self, party: &str, level: Level, graded_by: u64) -> Result<(), WireError> {
        self.with = Some((wire::code("party", party)?, level));
        self.graded_by = self.graded_by.max(graded_by);
        Ok(())
    }
}

impl Facts for Reader {
    type Found = Result<(), WireError>;

    fn nothing() -> Self::Found {
        Ok(())
    }
}

impl DispatchFacts for Reader {
    fn assigned(&mut self, fact: &Assigned) -> Self::Found {
        self.goes_to(&fact.party, wire::level(fact.level)?, fact.graded_by)
    }

    fn escalated(&mut self, fact: &Escalated) -> Self::Found {
        self.goes_to(&fact.to_party, wire::level(fact.to)?, fact.graded_by)
    }

    fn transferred(&mut self, fact: &Transferred) -> Self::Found {
        self.goes_to(&fact.to_party, Level::D, fact.graded_by)
    }

    fn city_returned(&mut self, fact: &CityReturned) -> Self::Found {
        self.goes_to(&fact.to_party, Level::C, 0)
    }

    fn closed(&mut self, _: &Closed) -> Self::Found {
        self.closed = true;
        Ok(())
    }
}
