//! What a followed commit of dispatch asks of evaluation: an answer asks to be rated, a case that is open again puts that off,
//! and an end that nobody rates ends the asking.

use charter::Charter;
use proto::dispatch::v1::CloseReason;
use proto::dispatch::v1::dispatch_event::Event as DispatchFact;
use record::{StoredCommit, WireError};

use crate::domain::{Asked, Command, Formula};
use crate::wire;

/// What has to be read beside a commit, less before more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reads {
    Nothing,
    /// Everything dispatch has recorded about the case, this commit included.
    Dispatch,
}

/// Whether a commit asks for something, and what has to be read to know for what.
#[must_use]
pub fn asks(stored: &StoredCommit) -> Option<Reads> {
    let reads = |fact: &DispatchFact| {
        if let DispatchFact::Closed(closed) = fact {
            return is_left(closed.reason()).then_some(Reads::Dispatch);
        }
        if let DispatchFact::Reopened(_) = fact {
            return Some(Reads::Dispatch);
        }
        matches!(fact, DispatchFact::Resolved(_)).then_some(Reads::Nothing)
    };
    stored.commit.dispatch_facts().filter_map(reads).max()
}

/// What a commit asks for. `history` is what [`asks`] wants to be read, by revision.
///
/// # Errors
/// A fact does not have the form its type promises.
pub fn commands(charter: &Charter, stored: &StoredCommit, history: &[StoredCommit]) -> Result<Vec<Command>, WireError> {
    let mut asked_for = Vec::new();
    for fact in stored.commit.dispatch_facts() {
        if let DispatchFact::Resolved(resolved) = fact {
            asked_for.push(Command::Ask { asked: wire::asked(resolved)?, formula: Formula::from(charter.formula()) });
        } else if let DispatchFact::Reopened(_) = fact {
            asked_for.extend(last_resolution(history, stored)?.map(|asked| Command::PutOff { asked }));
        } else if let DispatchFact::Closed(closed) = fact
            && is_left(closed.reason())
        {
            // A case that left before it was ever resolved has nothing to rate.
            let formula = is_scored(closed.reason()).then(|| Formula::from(charter.formula()));
            asked_for.extend(last_resolution(history, stored)?.map(|asked| Command::Abandon { asked, formula }));
        }
    }
    Ok(asked_for)
}

/// Whether a case ends in such a way that nobody is asked any more.
const fn is_left(reason: CloseReason) -> bool {
    match reason {
        CloseReason::Withdrawn | CloseReason::Excluded | CloseReason::Merged => true,
        CloseReason::Unspecified | CloseReason::Rated | CloseReason::Unrated => false,
    }
}

/// Whether what was answered once is scored all the same. It was opened again, or the caller could not give it up; what is
/// excluded leaves the statistics.
const fn is_scored(reason: CloseReason) -> bool {
    match reason {
        CloseReason::Withdrawn | CloseReason::Merged => true,
        CloseReason::Excluded | CloseReason::Unspecified | CloseReason::Rated | CloseReason::Unrated => false,
    }
}

/// The last resolution before `ending`, from the record: facts of one case may reach us out of order, and neither a closing
/// nor a reopening says which resolution it ends.
fn last_resolution(history: &[StoredCommit], ending: &StoredCommit) -> Result<Option<Asked>, WireError> {
    let until = history.iter().filter(|stored| stored.subject.revision <= ending.subject.revision);
    let resolutions = until.flat_map(|stored| stored.commit.dispatch_facts());
    let resolved =
        resolutions.filter_map(|fact| if let DispatchFact::Resolved(resolved) = fact { Some(resolved) } else { None });
    resolved.last().map(wire::asked).transpose()
}
