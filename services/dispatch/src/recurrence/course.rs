//! What dispatch's commits on one case add up to, as far as coming back is concerned: where it was about what, and
//! whether that was handled.

use ids::Code;
use jiff::Timestamp;
use proto::common::v1::Outcome;
use proto::dispatch::v1::{Assigned, CloseReason, Closed, Reopened, Resolved, Spot};
use proto::facts::{DispatchFacts, Facts};
use proto::{FromWireTime, ToWireTime};
use record::{StoredCommit, WireError};
use station::wire;
use vocabulary::Place;

/// A commit: where in the record it is, and when it was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub position: u64,
    pub at: Timestamp,
}

/// A case while it was about one thing in one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Stay {
    pub category: Code,
    pub place: Place,
    pub assigned: Moment,
    /// When it was last given to somebody.
    pub asked: Moment,
    /// It was said to be over, and has not been reopened since.
    pub handled: Option<Moment>,
    /// Withdrawn, excluded, part of another, or about something else or elsewhere by now: it stands for nothing.
    pub gone: bool,
    /// The last commit that changed any of this.
    pub changed: u64,
}

/// The stays of one case, the present one last.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Course(pub Vec<Stay>);

impl Course {
    /// Adds up `commits`, by revision.
    ///
    /// # Errors
    /// A fact does not have the form its type promises.
    pub fn read<'c>(commits: impl IntoIterator<Item = &'c StoredCommit>) -> Result<Self, WireError> {
        let mut reader = Reader { course: Self::default(), now: Moment { position: 0, at: Timestamp::UNIX_EPOCH } };
        for stored in commits {
            reader.now = moment(stored)?;
            stored.commit.dispatch_facts().try_for_each(|fact| fact.told_to(&mut reader))?;
        }
        Ok(reader.course)
    }

    pub fn present(&self) -> Option<&Stay> {
        self.0.last()
    }
}

impl Stay {
    pub fn to_spot(&self) -> Spot {
        Spot {
            place: Some(wire::to_place(&self.place)),
            assigned: self.assigned.position,
            assigned_at: Some(self.assigned.at.to_wire()),
            asked: self.asked.position,
            asked_at: Some(self.asked.at.to_wire()),
            handled: self.handled.map(|handled| handled.position).unwrap_or_default(),
            handled_at: self.handled.map(|handled| handled.at.to_wire()),
            gone: self.gone,
            changed: self.changed,
        }
    }

    /// # Errors
    /// A field does not have the form its type promises.
    pub fn of_spot(category: &Code, spot: &Spot) -> Result<Self, WireError> {
        let moment = |field, position, at| Ok::<_, WireError>(Moment { position, at: wire::time(field, at)? });
        Ok(Self {
            category: category.clone(),
            place: wire::place(spot.place.as_ref())?,
            assigned: moment("assigned_at", spot.assigned, spot.assigned_at.as_ref())?,
            asked: moment("asked_at", spot.asked, spot.asked_at.as_ref())?,
            handled: match spot.handled {
                0 => None,
                position => Some(moment("handled_at", position, spot.handled_at.as_ref())?),
            },
            gone: spot.gone,
            changed: spot.changed,
        })
    }

    /// Whether it stands as handled when somebody asks, by the record and by the clock: a story that is played again
    /// begins before the first playing ended.
    pub fn was_handled_before(&self, asked: Moment) -> bool {
        !self.gone && self.handled.is_some_and(|handled| handled.position < asked.position && handled.at < asked.at)
    }
}

/// # Errors
/// The commit does not say when it was decided.
pub fn moment(stored: &StoredCommit) -> Result<Moment, WireError> {
    let at = stored.commit.at.time().map_err(|error| WireError::new("at", error))?;
    Ok(Moment { position: stored.sequence, at })
}

struct Reader {
    course: Course,
    now: Moment,
}

impl Reader {
    fn present(&mut self) -> Option<&mut Stay> {
        let stay = self.course.0.last_mut()?;
        stay.changed = self.now.position;
        Some(stay)
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
        let (place, category) = (wire::place(fact.place.as_ref())?, wire::code("category", &fact.category)?);
        let now = self.now;
        if let Some(stay) = self.present() {
            if stay.category == category && stay.place == place {
                // A new owner is no new problem.
                stay.asked = now;
                return Ok(());
            }
            stay.gone = true;
        }
        let stay =
            Stay { category, place, assigned: now, asked: now, handled: None, gone: false, changed: now.position };
        self.course.0.push(stay);
        Ok(())
    }

    fn resolved(&mut self, fact: &Resolved) -> Self::Found {
        // What was not accepted was nobody's to handle.
        if fact.outcome() != Outcome::NotAccepted {
            let now = self.now;
            self.present().into_iter().for_each(|stay| stay.handled = Some(now));
        }
        Ok(())
    }

    fn reopened(&mut self, _: &Reopened) -> Self::Found {
        self.present().into_iter().for_each(|stay| stay.handled = None);
        Ok(())
    }

    fn closed(&mut self, fact: &Closed) -> Self::Found {
        if is_left(fact) {
            self.present().into_iter().for_each(|stay| stay.gone = true);
        }
        Ok(())
    }
}

/// Whether a case ends in such a way that it never was.
pub fn is_left(closed: &Closed) -> bool {
    match closed.reason() {
        CloseReason::Withdrawn | CloseReason::Excluded | CloseReason::Merged => true,
        CloseReason::Rated | CloseReason::Unrated | CloseReason::Unspecified => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{assigned, closed, commit, day, reopened, resolved};
    use super::*;

    fn after(commits: &[StoredCommit]) -> Course {
        Course::read(commits).unwrap()
    }

    fn asked(position: u64, on: i64) -> Moment {
        Moment { position, at: day(on) }
    }

    #[test]
    fn it_counts_from_when_it_was_handled_and_not_while_it_is_open_again() {
        let course = after(&[commit(1, 0, assigned("ponding")), commit(4, 1, resolved())]);
        let stay = course.present().unwrap();
        assert!(!stay.was_handled_before(asked(4, 2)) && stay.was_handled_before(asked(5, 2)));
        assert!(!stay.was_handled_before(asked(5, 1)), "by the clock it was not over yet");
        let history = [commit(1, 0, assigned("ponding")), commit(4, 1, resolved()), commit(6, 2, reopened())];
        assert!(!after(&history).present().unwrap().was_handled_before(asked(7, 3)));
    }

    #[test]
    fn what_left_or_was_not_accepted_stands_for_nothing() {
        for reason in [CloseReason::Withdrawn, CloseReason::Excluded, CloseReason::Merged] {
            let left = [commit(1, 0, assigned("ponding")), commit(2, 1, resolved()), commit(3, 2, closed(reason))];
            assert!(!after(&left).present().unwrap().was_handled_before(asked(9, 9)), "{reason:?}");
        }
        let rated =
            [commit(1, 0, assigned("ponding")), commit(2, 1, resolved()), commit(3, 2, closed(CloseReason::Rated))];
        assert!(after(&rated).present().unwrap().was_handled_before(asked(9, 9)));
    }

    #[test]
    fn what_is_judged_anew_is_found_under_its_new_category_alone() {
        let course = after(&[commit(1, 0, assigned("ponding")), commit(2, 1, assigned("noise"))]);
        let found: Vec<_> = course.0.iter().map(|stay| (stay.category.as_str(), stay.gone)).collect();
        assert_eq!(found, [("ponding", true), ("noise", false)]);
        let twice = after(&[commit(1, 0, assigned("ponding")), commit(2, 1, assigned("ponding"))]);
        assert_eq!(twice.0.len(), 1, "a new owner is no new problem");
        let stay = twice.present().unwrap();
        assert_eq!((stay.assigned, stay.asked), (asked(1, 0), asked(2, 1)));
    }

    #[test]
    fn a_spot_says_what_the_record_says() {
        let history = [commit(1, 0, assigned("ponding")), commit(4, 1, resolved())];
        for commits in [&history[..1], &history] {
            let stay = after(commits).present().unwrap().clone();
            assert_eq!(Stay::of_spot(&stay.category, &stay.to_spot()).unwrap(), stay);
        }
    }
}
