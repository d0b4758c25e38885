//! Fills a request up with what the charter says: who is above whom, whom a situation calls, how long it may take.

use std::collections::BTreeMap;
use std::sync::Arc;

use charter::{Charter, Colour, Level, Party, PartyKind};
use ids::{Code, CommandId, HistoryKey};
use jiff::Timestamp;
use record::Answered;
use station::desk::{case_key, command_id};
use station::{Caller, Desk, Violation};
use tonic::Status;
use vocabulary::Duty;

use crate::domain::{Command, Event, Rules, State, Whistle};

const COMMAND_CENTRE: &str = "command-centre";

#[derive(Clone)]
pub struct App {
    pub desk: Desk<Rules>,
}

/// One request about one case, with everything needed to decide it.
pub struct Asked {
    pub caller: Caller,
    pub charter: Arc<Charter>,
    pub key: HistoryKey,
    pub command_id: CommandId,
}

/// What a street wants to call; what it leaves out the charter fills in.
pub struct CallWish {
    pub situation: Option<Code>,
    pub parties: Vec<(Code, Duty)>,
    pub colour: Option<Colour>,
    pub note: String,
}

impl App {
    pub fn new(desk: Desk<Rules>) -> Self {
        Self { desk }
    }

    pub fn now(&self) -> Timestamp {
        self.desk.station.now()
    }

    /// Reads what every request about a case has.
    pub fn asked(&self, caller: Caller, district: &str, case: &str, command: &str) -> Result<Asked, Status> {
        let (district, _, key) = case_key(district, case)?;
        caller.require_district(&district)?;
        let charter = self
            .desk
            .station
            .charter(district.as_str())
            .map_err(|error| Violation::new("district", "known-district", error.to_string()))?;
        Ok(Asked { caller, charter, key, command_id: command_id(command)? })
    }

    pub async fn ask(&self, asked: &Asked, command: Command) -> Result<Answered<Event>, Status> {
        self.desk.ask(&asked.key, &asked.caller, asked.command_id.clone(), &asked.charter, command).await
    }

    pub async fn state(&self, asked: &Asked) -> Result<State, Status> {
        Ok(self.desk.read(&asked.key).await?.state)
    }

    /// Enough to fill a whistle up: whether the case can be called on is decided on the record.
    pub async fn glance(&self, asked: &Asked) -> Result<State, Status> {
        self.desk.glance(&asked.key).await
    }

    /// Until when a case resolved now can be rated.
    pub fn rating_due(&self, charter: &Charter) -> Timestamp {
        let now = self.now();
        charter.limit("rating").map_or(now, |limit| charter.deadline(now, limit).due)
    }

    /// The case clock of a reopened case: as long as its category had the first time.
    pub fn completion_due(&self, charter: &Charter, level: Level, category: &str) -> (Timestamp, bool) {
        let now = self.now();
        let limit = charter.category(category).map(|category| charter.completion_limit(level, category));
        let deadline = limit.map(|limit| charter.deadline(now, limit));
        deadline.map_or((now, false), |deadline| (deadline.due, deadline.provisional))
    }

    /// The whistle, complete: one key is enough.
    pub fn whistle(&self, asked: &Asked, state: &State, wish: CallWish) -> Result<Whistle, Status> {
        let charter = &asked.charter;
        let caller = asked.caller.acting_party()?;
        let street = charter.street_of(caller).map(|street| street.code.clone());
        let (Some(street), true) = (street, is_command_centre(charter, caller)) else {
            return Err(Status::permission_denied("only a street's command centre calls departments (R-08)"));
        };
        let own = state.matter.as_ref().and_then(|matter| matter.situation.clone());
        let situation = match wish.situation.or(own) {
            None => None,
            Some(code) => Some(charter.situation(code.as_str()).ok_or_else(|| {
                Violation::new("situation", "known-situation", format!("{code} is not a situation of this charter"))
            })?),
        };
        let parties = if wish.parties.is_empty() {
            let situation = situation.ok_or_else(|| {
                Violation::new("situation", "required", "the case has none: name one, or the parties to call")
            })?;
            let lead = situation.lead_for(&street).into_iter().map(|party| (party, Duty::Lead));
            lead.chain(situation.supporting_for(&street).into_iter().map(|party| (party, Duty::Assist))).collect()
        } else {
            wish.parties
        };
        for (party, _) in &parties {
            let known = charter.party(party.as_str());
            if !known.is_some_and(|party| party.responder) {
                let description = format!("{party} is not a unit that can be called in this charter");
                return Err(Violation::new("parties", "can-be-called", description).into());
            }
        }
        let colour = wish
            .colour
            .or_else(|| state.matter.as_ref().and_then(|matter| matter.colour))
            .or_else(|| situation.map(|situation| situation.colour))
            .unwrap_or(Colour::Blue);
        let limits = charter.colour_limits(colour);
        let now = self.now();
        let [response, report_in, completion] =
            [&limits.response, &limits.report_in, &limits.completion].map(|limit| charter.deadline(now, limit));
        Ok(Whistle {
            caller: caller.clone(),
            situation: situation.map(|situation| situation.code.clone()),
            colour,
            parties,
            response_due: response.due,
            report_in_due: report_in.due,
            completion_due: completion.due,
            due_provisional: response.provisional || report_in.provisional || completion.provisional,
            note: wish.note,
        })
    }
}

/// Who holds a case one level above a party, and the level it then has.
pub fn above<'c>(charter: &'c Charter, party: &Code) -> (&'c Party, Level) {
    let centre = (charter.district_centre(), Level::C);
    let Some(known) = charter.party(party.as_str()) else { return centre };
    let street_centre = || {
        let street = charter.street_of(party)?;
        Some((charter.unit_of(&street.code, COMMAND_CENTRE)?, Level::B1))
    };
    match known.kind {
        PartyKind::Grid => {
            charter.community_of(party).map(|community| (community, Level::A)).or_else(street_centre).unwrap_or(centre)
        }
        PartyKind::Community => street_centre().unwrap_or(centre),
        PartyKind::Street | PartyKind::Unit | PartyKind::Squad if !is_command_centre(charter, party) => {
            street_centre().unwrap_or(centre)
        }
        PartyKind::Street | PartyKind::Unit | PartyKind::Squad | PartyKind::Department | PartyKind::Group => centre,
        PartyKind::District => {
            let city = charter.find_parties(PartyKind::City).next();
            city.map_or(centre, |city| (city, Level::D))
        }
        PartyKind::External | PartyKind::City => centre,
    }
}

/// Who is told when a party is late, for everybody who has to do with a case.
pub fn everybody_above(charter: &Charter, state: &State) -> BTreeMap<Code, Code> {
    let owner = state.matter.iter().map(|matter| &matter.owner);
    let called = state.calls.iter().flat_map(|call| call.parties.iter().map(|called| &called.party));
    let working = state.tasks.iter().map(|task| &task.party);
    owner.chain(called).chain(working).map(|party| (party.clone(), above(charter, party).0.code.clone())).collect()
}

pub fn is_command_centre(charter: &Charter, party: &Code) -> bool {
    let street = charter.street_of(party);
    let centre = street.and_then(|street| charter.unit_of(&street.code, COMMAND_CENTRE));
    centre.is_some_and(|centre| centre.code == *party)
}

pub fn level_of(kind: PartyKind) -> Level {
    match kind {
        PartyKind::Grid | PartyKind::Community | PartyKind::External => Level::A,
        PartyKind::Street | PartyKind::Unit | PartyKind::Squad => Level::B1,
        PartyKind::Department | PartyKind::Group | PartyKind::District => Level::C,
        PartyKind::City => Level::D,
    }
}
