//! Fills a request up with what the charter says: who is above whom, whom a situation calls, how long it may take.

use std::sync::Arc;

use charter::{Charter, Colour, Instrument};
use ids::{Code, HistoryKey, Owner, Revision};
use jiff::Timestamp;
use proto::common::v1::Role;
use record::book::Snapshot;
use record::evidence::Evidence;
use record::{Aggregate, Answered, BrokerError, Refused};
use station::access::Matter;
use station::desk::case_key;
use station::{Caller, Desk, Named, Recorded, Violation, broker_status, status_of};
use tonic::Status;
use vocabulary::Duty;

use crate::above::{self, is_command_centre};
use crate::domain::{Asker, Command, Event, Refusal, Rules, Special, State, Whistle, may_give_work, reminders};
use crate::terms;

#[derive(Clone)]
pub struct App {
    pub desk: Desk<Rules>,
    evidence: Evidence,
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
    pub async fn open(desk: Desk<Rules>) -> Result<Self, BrokerError> {
        let evidence = Evidence::open(&desk.station.broker).await?;
        Ok(Self { desk, evidence })
    }

    /// What somebody shows for their work; files among it stay from now on.
    ///
    /// # Errors
    /// One is no reference, or is not there.
    pub async fn shown(&self, charter: &Charter, references: &[String]) -> Result<Vec<String>, Status> {
        let shown = station::evidence(references)?;
        station::name_evidence(&self.evidence, &charter.district, &shown).await?;
        Ok(shown)
    }

    pub fn now(&self) -> Timestamp {
        self.desk.station.this_second()
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

    /// Triage's last revision: who passes a case on knows of it, and what it says does not take the case back later.
    pub async fn judged(&self, asked: &Asked) -> Result<u64, Status> {
        let judged = self.desk.station.broker.load_owner(&asked.key, Owner::Triage).await;
        let judged = judged.map_err(|error| broker_status(&error))?;
        Ok(judged.last().map(|stored| stored.subject.revision.0).unwrap_or_default())
    }

    /// Who asks, for [`crate::domain::allowed_actions`]; nobody when they act for no unit.
    pub fn asker(&self, asked: &Asked, state: &State) -> Option<Asker> {
        let party = asked.caller.acting_party().ok()?.clone();
        Some(above::asker(&asked.charter, asked.caller.role, party, state, self.now()))
    }

    /// Enough to fill a whistle up: whether the case can be called on is decided on the record.
    pub async fn glance(&self, asked: &Asked) -> Result<Arc<State>, Status> {
        self.desk.glance(&asked.key).await
    }

    /// Until when a case resolved now can be rated.
    pub fn rating_due(&self, charter: &Charter) -> Timestamp {
        terms::rating_due(charter, self.now())
    }

    /// The call as it goes to the unit that a return named.
    pub fn passed_on(&self, charter: &Charter, state: &State, call: u32, to: Code) -> Result<Whistle, Status> {
        let unknown = || Violation::new("call", "known-call", format!("there is no call {call}"));
        let known = state.calls.iter().find(|known| known.number == call).ok_or_else(unknown)?;
        can_be_called(charter, &known.caller, "to", &to)?;
        terms::passed_on(charter, self.now(), state, call, to).ok_or_else(|| unknown().into())
    }

    /// Until when a unit that starts again has to respond and to report in.
    pub fn once_more(&self, charter: &Charter, colour: Colour) -> (Timestamp, Timestamp) {
        terms::once_more(charter, self.now(), colour)
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
        let calls_for = |group: &Code| {
            asked.caller.is_the_district(charter)
                || asked.caller.role == Role::District && asked.caller.party.as_ref() == Some(group)
        };
        if wish.special.as_ref().is_some_and(|special| !calls_for(&special.group)) {
            return Err(Status::permission_denied("only the district calls for a special group, and the group (R-35)"));
        }
        if wish.special.is_none() && !is_whistle {
            return Err(Status::permission_denied("only a street's command centre calls departments (R-08)"));
        }
        if is_whistle {
            station::granted(charter, Instrument::Calling)?;
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
            can_be_called(charter, caller, "parties", party)?;
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

/// # Errors
/// It takes no calls, or none of this caller: a street calls its own squads, and nobody of another street.
fn can_be_called(charter: &Charter, caller: &Code, field: &'static str, party: &Code) -> Result<(), Status> {
    let responds = charter.party(party.as_str()).is_some_and(|party| party.responder);
    if responds && may_give_work(charter, caller, party) {
        return Ok(());
    }
    let description = match responds {
        true => format!("{party} is not for {caller} to call"),
        false => format!("{party} is not a unit that can be called in this charter"),
    };
    Err(Violation::new(field, "can-be-called", description).into())
}

/// Whether the asker is above whoever has the case.
pub fn is_above_holder(asked: &Asked, state: &State) -> bool {
    above::is_above_holder(&asked.charter, asked.caller.role, asked.caller.acting_party().ok(), state)
}
