//! What all doors share: which matter a request is about, whether the district has given its streets the power for it
//! whose it is, and how it is asked.
//!
//! In this order, so that everybody hears the same: what is wrong with a field, then that the power is not given, then that
//! the matter is not there or not theirs.

use std::sync::Arc;

use charter::{Charter, Instrument};
use ids::{Code, HistoryKey, Kind};
use jiff::Timestamp;
use record::Aggregate;
use record::book::Snapshot;
use serde::Serialize;
use station::access::Matter;
use station::desk::named;
use station::{Caller, Desk, Recorded, Refuse, wire as shared};
use tonic::Status;

use crate::fields;

/// The desk of one instrument.
pub struct Bench<A: Aggregate> {
    pub desk: Desk<A>,
    instrument: Instrument,
    kind: Kind,
}

/// One request about one matter.
pub struct Asked {
    pub caller: Caller,
    pub charter: Arc<Charter>,
    pub key: HistoryKey,
    /// The line of the table of who may what.
    pub action: &'static str,
}

impl Asked {
    /// Who acts: the unit of the token. For the district, its centre.
    pub fn acting(&self) -> Result<Code, Status> {
        match &self.caller.party {
            Some(party) => Ok(party.clone()),
            None if self.caller.is_the_district(&self.charter) => Ok(self.charter.district_centre().code.clone()),
            None => Err(self.caller.acting_party().err().unwrap_or_else(station::internal)),
        }
    }

    /// The same about the history of another name.
    #[must_use]
    pub fn about(mut self, id: String) -> Self {
        self.key.id = id;
        self
    }

    /// The street for which somebody acts.
    pub fn street(&self) -> Result<Code, Status> {
        let acting = self.caller.acting_party()?;
        let street = self.charter.street_of(acting).map(|street| street.code.clone());
        street.ok_or_else(|| Status::permission_denied(format!("{acting} belongs to no street")))
    }
}

impl<A: Aggregate<Refusal: Refuse>> Bench<A> {
    pub fn new(desk: Desk<A>, instrument: Instrument, kind: Kind) -> Self {
        Self { desk, instrument, kind }
    }

    pub fn now(&self) -> Timestamp {
        self.desk.station.now()
    }

    /// The matter that a request names; `name` with the field it stands in.
    ///
    /// # Errors
    /// It names none, or the token is for another district.
    pub fn asked(
        &self,
        caller: Caller,
        action: &'static str,
        district: &str,
        (field, name): (&'static str, &str),
    ) -> Result<Asked, Status> {
        let district = fields::code("district", district)?;
        let id = fields::code(field, name)?.to_string();
        let charter = self.desk.station.charter(district.as_str())?;
        caller.may_in(action, &charter)?;
        Ok(Asked { caller, charter, key: HistoryKey { kind: self.kind, district, id }, action })
    }

    /// Whether the district has given its streets what this is done with.
    ///
    /// # Errors
    /// `power-not-granted`, naming the power.
    pub fn granted(&self, asked: &Asked) -> Result<(), Status> {
        station::granted(&asked.charter, self.instrument)
    }

    /// The matter as it is on the record, for somebody who may do this to it.
    ///
    /// # Errors
    /// The power is not given; the matter is not there, or does not concern the asker.
    pub async fn theirs(
        &self,
        asked: &Asked,
        parties: impl FnOnce(&A::State) -> Vec<Code>,
    ) -> Result<Snapshot<A::State>, Status> {
        self.granted(asked)?;
        let snapshot = self.desk.read(&asked.key).await?;
        may(asked, parties(&snapshot.state))?;
        Ok(snapshot)
    }

    /// # Errors
    /// A rule says no, or the record is out of reach.
    pub async fn ask(
        &self,
        asked: &Asked,
        command_id: &str,
        request: &impl Serialize,
        command: A::Command,
    ) -> Result<Recorded, Status> {
        let named = named(command_id, request)?;
        Ok(self.desk.ask(&asked.key, &asked.caller, named, &asked.charter, command).await?.into())
    }
}

/// Whether somebody may do this to what has these parties; what has none is not there.
///
/// # Errors
/// It is not there, or does not concern the asker.
pub fn may(asked: &Asked, parties: Vec<Code>) -> Result<(), Status> {
    if parties.is_empty() {
        return Err(not_there(&asked.key));
    }
    asked.caller.may(asked.action, &Matter::of_parties(&asked.key, parties), &asked.charter)
}

/// What is not there and what one may not see is answered in the same words.
pub fn not_there(key: &HistoryKey) -> Status {
    Matter::new(key).not_there()
}

/// When the time for an answer ends: what was asked for, never earlier than the charter's limit; else that.
///
/// # Errors
/// Earlier than the charter allows, or left out where the charter has no such limit.
pub fn due(
    charter: &Charter,
    limit: &'static str,
    asked: Option<&pbjson_types::Timestamp>,
    now: Timestamp,
) -> Result<(Timestamp, bool), Status> {
    let limit_of_charter = charter.limit(limit);
    let earliest = limit_of_charter.map(|limit| charter.deadline(now, limit));
    match (asked, earliest) {
        (None, Some(deadline)) => Ok((deadline.due, deadline.provisional)),
        (None, None) => Err(fields::needed("due", format!("this charter has no limit {limit}: say until when"))),
        (Some(asked), earliest) => {
            let asked = shared::time("due", Some(asked)).map_err(station::Violation::from)?;
            match earliest {
                Some(earliest) if asked < earliest.due => Err(fields::too_soon(limit, earliest.due)),
                Some(_) | None if asked <= now || asked > fields::latest(now) => Err(fields::no_time(now)),
                Some(_) | None => Ok((asked, false)),
            }
        }
    }
}
