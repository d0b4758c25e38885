//! What a followed commit of dispatch asks of evaluation: an answer asks to be rated, at once or when its caller has been helped otherwise, a case that is open again puts that off,
//! and an end that nobody rates ends the asking.

use charter::Charter;
use proto::dispatch::v1::dispatch_event::Event as DispatchFact;
use proto::dispatch::v1::{CloseReason, Resolved};
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
        if let DispatchFact::Reopened(_) | DispatchFact::RatingOpened(_) = fact {
            return Some(Reads::Dispatch);
        }
        matches!(fact, DispatchFact::Resolved(resolved) if !waits_for_help(resolved)).then_some(Reads::Nothing)
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
        if let DispatchFact::Resolved(resolved) = fact
            && !waits_for_help(resolved)
        {
            asked_for.push(Command::Ask { asked: wire::asked(resolved)?, formula: Formula::from(charter.formula()) });
        } else if let DispatchFact::RatingOpened(_) = fact {
            let asked = last_resolution(history, stored)?.map(|resolution| resolution.asked);
            let formula = Formula::from(charter.formula());
            asked_for.extend(asked.map(|asked| Command::Ask { asked, formula }));
        } else if let DispatchFact::Reopened(_) = fact {
            // What waited for help was not asked about, and is not any more.
            let asked = last_resolution(history, stored)?.filter(|resolution| !resolution.waits);
            asked_for.extend(asked.map(|resolution| Command::PutOff { asked: resolution.asked }));
        } else if let DispatchFact::Closed(closed) = fact
            && is_left(closed.reason())
        {
            // A case that left before it was ever resolved has nothing to rate.
            let formula = is_scored(closed.reason()).then(|| Formula::from(charter.formula()));
            let asked = last_resolution(history, stored)?.map(|resolution| resolution.asked);
            asked_for.extend(asked.map(|asked| Command::Abandon { asked, formula }));
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

/// Nobody is asked how the case was answered before its caller has been helped otherwise.
const fn waits_for_help(resolved: &Resolved) -> bool {
    resolved.waits_for_help_until.is_some()
}

/// An answer, and whether nobody has been asked about it yet.
struct Resolution {
    asked: Asked,
    waits: bool,
}

/// The last resolution before `ending`, from the record: facts of one case may reach us out of order, and neither a closing
/// nor a reopening says which resolution it ends. One that waited for help can be rated as long as it says that it could be.
fn last_resolution(history: &[StoredCommit], ending: &StoredCommit) -> Result<Option<Resolution>, WireError> {
    let until = history.iter().filter(|stored| stored.subject.revision <= ending.subject.revision);
    let mut last: Option<Resolution> = None;
    for fact in until.flat_map(|stored| stored.commit.dispatch_facts()) {
        if let DispatchFact::Resolved(resolved) = fact {
            last = Some(Resolution { asked: wire::asked(resolved)?, waits: waits_for_help(resolved) });
        } else if let DispatchFact::RatingOpened(opened) = fact
            && let Some(resolution) = last.as_mut().filter(|known| known.asked.round == opened.round)
        {
            resolution.asked.due = wire::opened_until(opened)?;
            resolution.waits = false;
        }
    }
    Ok(last)
}
