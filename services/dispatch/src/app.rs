//! Fills a request up with what the charter says: who is above whom, whom a situation calls, how long it may take.

use std::collections::BTreeMap;
use std::sync::Arc;

use charter::{Campaign, Charter, Colour, Level, Limit, LimitUnit, Party, PartyKind};
use ids::{Code, HistoryKey, Owner, Revision};
use jiff::Timestamp;
use proto::common::v1::Role;
use record::book::Snapshot;
use record::{Aggregate, Answered, Refused};
use station::access::Matter;
use station::desk::case_key;
use station::{Caller, Desk, Named, Recorded, Violation, broker_status, status_of};
use tonic::Status;
use vocabulary::Duty;

use crate::domain::{
    Asker, Command, Event, Expected, InForce, Refusal, Rules, Special, State, Terms, Whistle, reminders,
};

const COMMAND_CENTRE: &str = "command-centre";
/// Every charter has a limit of this name.
const GENERAL: &str = "general";

#[derive(Clone)]
pub struct App {
    pub desk: Desk<Rules>,
}

/// One request about one case, with everything needed to decide it.
pub struct Asked {
    pub caller: Caller,
    pub charter: Arc<Charter>,
    pub key: HistoryKey,
    pub named: Named,
}

/// What a street wants to call; what it leaves out the charter fills in.
pub struct CallWish {
    pub situation: Option<Code>,
    pub parties: Vec<(Code, Duty)>,
    pub colour: Option<Colour>,
    pub note: String,
    /// The special group for which the district calls.
    pub special: Option<Special>,
}

impl App {
    pub fn new(desk: Desk<Rules>) -> Self {
        Self { desk }
    }

    pub fn now(&self) -> Timestamp {
        self.desk.station.now()
    }

    /// Reads what every request about a case has, and whether the asker may.
    ///
    /// # Errors
    /// It is not for this role, or the case does not concern the asker.
    pub async fn asked(
        &self,
        caller: Caller,
        action: &'static str,
        district: &str,
        case: &str,
        named: Named,
    ) -> Result<Asked, Status> {
        let (district, _, key) = case_key(district, case)?;
        let charter = self.desk.station.charter(district.as_str())?;
        let asked = Asked { caller, charter, key, named };
        self.permit(&asked, action).await?;
        Ok(asked)
    }

    /// The same for a called department, of which the rules say whether the call is its own.
    pub fn answered(
        &self,
        caller: Caller,
        action: &'static str,
        district: &str,
        case: &str,
        named: Named,
    ) -> Result<Asked, Status> {
        let (district, _, key) = case_key(district, case)?;
        let charter = self.desk.station.charter(district.as_str())?;
        caller.may_in(action, &charter)?;
        Ok(Asked { caller, charter, key, named })
    }

    /// A yes counts on what this process knows of the case, a no only on what the record has now.
    async fn permit(&self, asked: &Asked, action: &'static str) -> Result<(), Status> {
        let may = |state: &State| {
            let matter = Matter::of_parties(&asked.key, state.concerned());
            asked.caller.may(action, &matter, &asked.charter)
        };
        if may(&*self.glance(asked).await?).is_ok() {
            return Ok(());
        }
        may(&*self.state(asked).await?).map_err(|refused| {
            let unknown = refused.code() == tonic::Code::NotFound;
            if unknown { status_of(Refused::Rule(Refusal::NoSuchCase)) } else { refused }
        })
    }

    /// # Errors
    /// Refused, also when the refusal is on the record.
    pub async fn record(&self, asked: &Asked, command: Command) -> Result<Recorded, Status> {
        self.ask(asked, command).await.map(Recorded::from)
    }

    /// # Errors
    /// Refused, also when the refusal is on the record.
    pub async fn ask(&self, asked: &Asked, command: Command) -> Result<Answered<Event>, Status> {
        let named = asked.named.clone();
        let answered = self.desk.ask(&asked.key, &asked.caller, named, &asked.charter, command).await?;
        let before = match answered.repeated {
            true => Some(self.decided_before(asked, answered.revision).await?),
            false => None,
        };
        let events = before.as_ref().unwrap_or(&answered.events);
        match events.iter().find(|event| event.is_refusal()) {
            Some(Event::AdmissionRefused { party, category, .. }) => {
                let (party, category) = (party.clone(), category.clone());
                Err(status_of(Refused::Rule(Refusal::NotAdmitted { party, category })))
            }
            Some(_) | None => Ok(answered),
        }
    }

    /// What the same request was answered with: a refusal that is on the record stays one.
    async fn decided_before(&self, asked: &Asked, revision: Revision) -> Result<Vec<Event>, Status> {
        let load = self.desk.station.broker.load_owner(&asked.key, Owner::Dispatch);
        let history = load.await.map_err(|error| broker_status(&error))?;
        let commit = history.iter().filter(|stored| stored.subject.revision == revision);
        let actor = asked.caller.actor();
        let decision = commit.flat_map(|stored| &stored.commit.decisions).filter(|decision| {
            let sender = decision.actor.as_ref().is_some_and(|it| (it.role, &it.party) == (actor.role, &actor.party));
            sender && decision.command_id == asked.named.id.as_str()
        });
        // What cannot be read here was no refusal of this kind.
        Ok(decision.flat_map(|decision| &decision.events).filter_map(|event| Rules::from_wire(event).ok()).collect())
    }

    pub async fn state(&self, asked: &Asked) -> Result<Arc<State>, Status> {
        Ok(self.desk.read(&asked.key).await?.state)
    }

    pub async fn snapshot(&self, asked: &Asked) -> Result<Snapshot<State>, Status> {
        self.desk.read(&asked.key).await
    }

    /// Who asks, for [`crate::domain::allowed_actions`]; nobody when they act for no unit.
    pub fn asker(&self, asked: &Asked, state: &State) -> Option<Asker> {
        let party = asked.caller.acting_party().ok()?.clone();
        let (other, other_level) = above(&asked.charter, &party);
        Some(Asker {
            above: is_above_holder(asked, state),
            desk: asked.caller.role != Role::Department,
            other: other.code.clone(),
            other_level,
            departments: asked
                .charter
                .group(party.as_str())
                .map(|group| group.departments().to_vec())
                .unwrap_or_default(),
            city: city(&asked.charter),
            party,
            now: self.now(),
            in_force: InForce(Arc::clone(&asked.charter)),
        })
    }

    /// Enough to fill a whistle up: whether the case can be called on is decided on the record.
    pub async fn glance(&self, asked: &Asked) -> Result<Arc<State>, Status> {
        self.desk.glance(&asked.key).await
    }

    /// Until when a case resolved now can be rated.
    pub fn rating_due(&self, charter: &Charter) -> Timestamp {
        self.due_by(charter, "rating")
    }

    /// Until when the city has to say what becomes of a case, and when it is asked after.
    pub fn city_answer(&self, charter: &Charter) -> Expected {
        let due = self.due_by(charter, "city-answer");
        Expected { due, reminders: reminders(charter, self.now(), due) }
    }

    /// When a limit of the charter, counted from now, runs out.
    pub fn due_by(&self, charter: &Charter, limit: &str) -> Timestamp {
        let now = self.now();
        charter.limit(limit).map_or(now, |limit| charter.deadline(now, limit).due)
    }

    /// What a case of this category has to keep from now on.
    pub fn terms(&self, charter: &Arc<Charter>, level: Level, category: &str, campaign: Option<&Campaign>) -> Terms {
        self.terms_of(charter, limit_of(charter, level, category, campaign))
    }

    /// The general limit holds where nothing says otherwise.
    pub fn terms_of(&self, charter: &Arc<Charter>, limit: Option<&Limit>) -> Terms {
        let limit =
            limit.or_else(|| charter.limit(GENERAL)).copied().unwrap_or(Limit { amount: 1, unit: LimitUnit::Days });
        Terms { now: self.now(), limit, in_force: InForce(Arc::clone(charter)) }
    }

    /// The call as it goes to the unit that a return named: response and report-in start for it now, the time for the
    /// matter does not start anew.
    pub fn passed_on(&self, charter: &Charter, state: &State, call: u32, to: Code) -> Result<Whistle, Status> {
        let known = state.calls.iter().find(|known| known.number == call);
        let call = known.ok_or_else(|| Violation::new("call", "known-call", format!("there is no call {call}")))?;
        if !charter.party(to.as_str()).is_some_and(|party| party.responder) {
            let description = format!("{to} is not a unit that can be called in this charter");
            return Err(Violation::new("to", "can-be-called", description).into());
        }
        let matter = state.matter.as_ref();
        let (response_due, report_in_due) = self.once_more(charter, call.colour);
        Ok(Whistle {
            caller: call.caller.clone(),
            situation: matter.and_then(|matter| matter.situation.clone()),
            colour: call.colour,
            parties: vec![(to, Duty::Lead)],
            response_due,
            report_in_due,
            completion_due: call.completion_due,
            reminders: reminders(charter, self.now(), call.completion_due),
            due_provisional: false,
            counts_from: call.counts_from,
            note: String::new(),
            special: None,
        })
    }

    /// Until when a unit that starts again has to respond and to report in.
    pub fn once_more(&self, charter: &Charter, colour: Colour) -> (Timestamp, Timestamp) {
        let (limits, now) = (charter.colour_limits(colour), self.now());
        (charter.deadline(now, &limits.response).due, charter.deadline(now, &limits.report_in).due)
    }

    /// The whistle, complete: one key is enough.
    pub fn whistle(&self, asked: &Asked, state: &State, wish: CallWish) -> Result<Whistle, Status> {
        let charter = &asked.charter;
        let calling = match &wish.special {
            Some(special) => special.group.clone(),
            None => asked.caller.acting_party()?.clone(),
        };
        let street = charter.street_of(&calling).map(|street| street.code.clone());
        let is_whistle = asked.caller.role == Role::Street && is_command_centre(charter, &calling);
        if wish.special.is_some() && asked.caller.role != Role::District {
            return Err(Status::permission_denied("only the district calls for a special group (R-35)"));
        }
        if wish.special.is_none() && !is_whistle {
            return Err(Status::permission_denied("only a street's command centre calls departments (R-08)"));
        }
        let caller = &calling;
        let own = state.matter.as_ref().and_then(|matter| matter.situation.clone());
        let situation = match wish.situation.or(own) {
            None => None,
            Some(code) => Some(charter.situation(code.as_str()).ok_or_else(|| {
                Violation::new("situation", "known-situation", format!("{code} is not a situation of this charter"))
            })?),
        };
        let group = wish.special.as_ref().and_then(|special| charter.group(special.group.as_str()));
        let parties = if !wish.parties.is_empty() {
            wish.parties
        } else if let Some(group) = group {
            group.departments().iter().map(|department| (department.clone(), Duty::Assist)).collect()
        } else {
            let situation = situation.ok_or_else(|| {
                Violation::new("situation", "required", "the case has none: name one, or the parties to call")
            })?;
            let street = street.as_ref().unwrap_or(caller);
            let lead = situation.lead_for(street).into_iter().map(|party| (party, Duty::Lead));
            lead.chain(situation.supporting_for(street).into_iter().map(|party| (party, Duty::Assist))).collect()
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
            reminders: reminders(charter, now, completion.due),
            due_provisional: response.provisional || report_in.provisional || completion.provisional,
            counts_from: Some(now),
            note: wish.note,
            special: wish.special,
        })
    }
}

/// The limit of the campaign if that has one and is about this, or the category's own, or its level's.
fn limit_of<'c>(
    charter: &'c Charter,
    level: Level,
    category: &str,
    campaign: Option<&'c Campaign>,
) -> Option<&'c Limit> {
    let about = |campaign: &&Campaign| {
        campaign.categories.is_empty() || campaign.categories.iter().any(|code| code.as_str() == category)
    };
    let of_campaign = campaign.filter(about).and_then(|campaign| campaign.completion.as_ref());
    of_campaign.or_else(|| charter.category(category).map(|category| charter.completion_limit(level, category)))
}

/// The city, as far as this charter knows one.
pub fn city(charter: &Charter) -> Option<Code> {
    charter.find_parties(PartyKind::City).next().map(|city| city.code.clone())
}

/// The command centre of the street that a unit belongs to; the district's, where there is none.
pub fn command_centre_of(charter: &Charter, party: &Code) -> Code {
    let street = charter.street_of(party);
    let centre = street.and_then(|street| charter.unit_of(&street.code, COMMAND_CENTRE));
    centre.unwrap_or(charter.district_centre()).code.clone()
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

/// Departments that lead the situation a case is in.
pub fn leading(charter: &Charter, state: &State) -> Vec<Code> {
    let Some(matter) = &state.matter else { return vec![] };
    let situation = matter.situation.as_ref().and_then(|code| charter.situation(code.as_str()));
    let street = charter.street_of(&matter.holder).map_or(&matter.holder, |street| &street.code);
    situation.map(|situation| situation.lead_for(street)).unwrap_or_default()
}

/// Who is told when a party is late, for everybody who has to do with a case.
pub fn everybody_above(charter: &Charter, state: &State) -> BTreeMap<Code, Code> {
    let holder = state.matter.iter().map(|matter| &matter.holder);
    let called = state.calls.iter().flat_map(|call| call.parties.iter().map(|called| &called.party));
    let working = state.tasks.iter().map(|task| &task.party);
    let calling = state.calls.iter().map(|call| &call.caller);
    let supervised = state.supervisions.iter().map(|order| &order.party);
    let leading = state.task_force.iter().map(|force| &force.lead);
    let returned = state.calls.iter().flat_map(|call| &call.parties).filter_map(|called| called.returned.as_ref());
    let adjudicating = returned.map(|returned| &returned.adjudicator);
    holder
        .chain(called)
        .chain(working)
        .chain(calling)
        .chain(supervised)
        .chain(leading)
        .chain(adjudicating)
        .map(|party| (party.clone(), above(charter, party).0.code.clone()))
        .collect()
}

/// Whether the asker is above whoever has the case: the district, or the command centre of the holder's street.
pub fn is_above_holder(asked: &Asked, state: &State) -> bool {
    let Ok(by) = asked.caller.acting_party() else { return asked.caller.role == Role::District };
    let holder = state.matter.as_ref().map(|matter| &matter.holder);
    asked.caller.role == Role::District || holder != Some(by) && commands(&asked.charter, by, holder)
}

/// Whether somebody is the command centre of the street that another unit belongs to.
pub fn commands(charter: &Charter, by: &Code, holder: Option<&Code>) -> bool {
    let street = |party: &Code| charter.street_of(party).map(|street| street.code.clone());
    is_command_centre(charter, by) && holder.is_some_and(|holder| street(holder) == street(by))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_of_a_campaign_wins_over_the_category_and_its_level() {
        let charter = Charter::shipped("wuchang").unwrap();
        let mut heat = charter.campaign("summer-heat").unwrap().clone();
        let limit = |campaign: Option<&Campaign>| limit_of(&charter, Level::B1, "street-lights", campaign).copied();
        assert_eq!(limit(None), Some("7d".parse().unwrap()));
        assert_eq!(limit(Some(&heat)), Some("3wd".parse().unwrap()));
        heat.categories = vec!["power-supply".parse().unwrap()];
        assert_eq!(limit(Some(&heat)), Some("7d".parse().unwrap()), "it is about something else");
    }
}
