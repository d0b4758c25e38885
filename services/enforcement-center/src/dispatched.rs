//! A case as dispatch has it now, and what that asks of the centre.
//!
//! Dispatch's commits may be followed late, twice or in any order, so none of them is believed alone: whenever one of
//! them concerns the centre, its whole history of the case is read, and what it adds up to is decided on.

use ids::Owner;
use proto::dispatch::v1::{Assigned, dispatch_event};
use proto::record::v1::event::Of;
use proto::subjects::CommitSubject;
use record::StoredCommit;
use record::follow::Failure;
use station::{Desk, wire};

use crate::centre::Centre;
use crate::domain::operation::{Command, Opening, Rules};

/// What a history of dispatch adds up to.
#[derive(Clone, Debug, Default, PartialEq)]
struct Dispatched {
    /// The assignment that holds now, with the charter version it was made under; none while the case is with
    /// somebody it was escalated to.
    assigned: Option<(Assigned, String)>,
    /// It was comprehensive at some time, so there may be an operation.
    was_comprehensive: bool,
    /// How often it was reopened.
    reopenings: u32,
    closed: bool,
}

/// Whether a commit of dispatch can change anything for a centre.
pub fn concerns(stored: &StoredCommit) -> bool {
    facts(stored).any(|fact| match fact {
        dispatch_event::Event::Assigned(assigned) => assigned.comprehensive,
        dispatch_event::Event::Reopened(_) | dispatch_event::Event::Closed(_) => true,
        dispatch_event::Event::Escalated(_)
        | dispatch_event::Event::Called(_)
        | dispatch_event::Event::Responded(_)
        | dispatch_event::Event::ReportedIn(_)
        | dispatch_event::Event::TaskPlanned(_)
        | dispatch_event::Event::TaskDone(_)
        | dispatch_event::Event::Progressed(_)
        | dispatch_event::Event::MeasureAdopted(_)
        | dispatch_event::Event::PartyDone(_)
        | dispatch_event::Event::Released(_)
        | dispatch_event::Event::CallEnded(_)
        | dispatch_event::Event::Overdue(_)
        | dispatch_event::Event::Resolved(_) => false,
    })
}

/// Opens, reopens or cancels the operation, as dispatch has the case now. `to` is the commit that gave rise to it.
///
/// # Errors
/// Transient while the record is out of reach or the charter is not here yet.
pub async fn catch_up(desk: &Desk<Rules>, to: &CommitSubject) -> Result<(), Failure> {
    let key = &to.key;
    let commits = desk.station.broker.load_owner(key, Owner::Dispatch).await?;
    let known = commits.last().map(|stored| stored.subject.revision).unwrap_or_default();
    if to.owner == Owner::Dispatch && known < to.revision {
        return Err(Failure::transient(format!("a replica of the record has {known} of {to} only")));
    }
    let Dispatched { assigned, was_comprehensive, reopenings, closed } = Dispatched::read(&commits);
    if closed {
        if was_comprehensive {
            let charter = desk.station.charter(key.district.as_str()).map_err(Failure::transient)?;
            desk.react(key, to, &charter, Command::Cancel).await?;
        }
        return Ok(());
    }
    let Some((assigned, version)) = assigned.filter(|(assigned, _)| assigned.comprehensive) else { return Ok(()) };
    // Another version may not know this street yet.
    let charter = desk.station.charters.version(key.district.as_str(), &version).ok_or_else(|| {
        Failure::transient(format!("charter {version} of {} is not here yet", key.district))
    })?;
    let party = wire::code("assigned.party", &assigned.party).map_err(Failure::permanent)?;
    let Some(centre) = Centre::find(&charter, &party) else {
        tracing::info!(%key, %party, "a comprehensive case, but not with a street's enforcement centre");
        return Ok(());
    };
    let opening = Opening {
        round: reopenings + 1,
        centre: party,
        categories: categories(&assigned).map_err(Failure::permanent)?,
        residents: centre.manning.resident.clone(),
        title: assigned.title.clone(),
        place: wire::place(assigned.place.as_ref()).map_err(Failure::permanent)?,
    };
    desk.react(key, to, &charter, Command::Open(Box::new(opening))).await
}

impl Dispatched {
    /// `commits` by revision.
    fn read(commits: &[StoredCommit]) -> Self {
        let mut dispatched = Self::default();
        for stored in commits {
            for fact in facts(stored) {
                dispatched.add(fact, &stored.commit.charter_version);
            }
        }
        dispatched
    }

    fn add(&mut self, fact: &dispatch_event::Event, charter_version: &str) {
        match fact {
            dispatch_event::Event::Assigned(assigned) => {
                self.was_comprehensive |= assigned.comprehensive;
                self.assigned = Some((assigned.clone(), charter_version.to_owned()));
            }
            dispatch_event::Event::Escalated(_) => self.assigned = None,
            dispatch_event::Event::Reopened(_) => {
                self.reopenings += 1;
                self.closed = false;
            }
            dispatch_event::Event::Closed(_) => self.closed = true,
            dispatch_event::Event::Called(_)
            | dispatch_event::Event::Responded(_)
            | dispatch_event::Event::ReportedIn(_)
            | dispatch_event::Event::TaskPlanned(_)
            | dispatch_event::Event::TaskDone(_)
            | dispatch_event::Event::Progressed(_)
            | dispatch_event::Event::MeasureAdopted(_)
            | dispatch_event::Event::PartyDone(_)
            | dispatch_event::Event::Released(_)
            | dispatch_event::Event::CallEnded(_)
            | dispatch_event::Event::Overdue(_)
            | dispatch_event::Event::Resolved(_) => {}
        }
    }
}

fn categories(assigned: &Assigned) -> Result<Vec<ids::Code>, record::WireError> {
    let mut categories = vec![wire::code("assigned.category", &assigned.category)?];
    categories.extend(wire::codes("assigned.also", &assigned.also)?);
    Ok(categories)
}

fn facts(stored: &StoredCommit) -> impl Iterator<Item = &dispatch_event::Event> {
    stored.commit.decisions.iter().flat_map(|decision| &decision.events).filter_map(|event| match &event.of {
        Some(Of::Dispatch(fact)) => fact.event.as_ref(),
        Some(Of::Intake(_) | Of::Triage(_) | Of::EnforcementCenter(_) | Of::Evaluation(_) | Of::Notification(_))
        | None => None,
    })
}
