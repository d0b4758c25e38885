//! A submission becomes a case: reference first, then the commit under the id it points at (D10).
//!
//! A crash in between leaves a reference without a case; the sender, who got no answer, sends again, finds the
//! reference and appends under that very id. So there is one case, whatever dies when.

use std::sync::Arc;

use charter::Charter;
use chassis::{Receipt, ReceiptKey};
use data_encoding::HEXLOWER;
use ids::{CaseId, Code, HistoryKey, Owner};
use jiff::Timestamp;
use pbjson_types::Timestamp as WireTime;
use proto::common::v1::Role;
use proto::intake::v1::{CallerClass, CaseKind, FindResponse, SubmitRequest, SubmitResponse, Way};
use proto::{FromWireTime, ToWireTime};
use record::{BrokerError, Reference, References, WireError};
use station::access::Concern;
use station::desk::case_key;
use station::{
    BadInput, Caller, Desk, Named, Recorded, Refuse, Violation, already_exists, broker_status, not_found, role_name,
};
use tonic::Status;
use vocabulary::Course;

use crate::domain::submission::{Circumstances, Submission, check};
use crate::domain::{Command, Received, Refusal, Rules};
use crate::pauses::Pauses;
use crate::people::People;
use crate::wire;
use crate::{callers, content};

/// Times a case id is drawn again when it belongs to another matter. At 300,000 cases a day one draw in 3,600 does.
const DRAWS_MAX: u32 = 8;
/// Of the hash that says whose a note is: within one case, which has at most a hundred, none meets another.
const NOTES_HASH_BYTES: usize = 8;

pub struct App {
    pub desk: Desk<Rules>,
    pauses: Pauses,
    references: References,
    reference_key: Vec<u8>,
    receipt_key: Option<ReceiptKey>,
    pub people: People,
}

/// One request about one case, with everything needed to decide it.
pub struct Asked {
    pub caller: Caller,
    pub charter: Arc<Charter>,
    pub case: CaseId,
    pub key: HistoryKey,
    pub named: Named,
}

impl App {
    pub async fn open(
        desk: Desk<Rules>,
        pauses: Pauses,
        people: People,
        reference_key: Vec<u8>,
        receipt_key: Option<ReceiptKey>,
    ) -> anyhow::Result<Self> {
        let references = References::open(&desk.station.broker).await?;
        Ok(Self { desk, pauses, references, reference_key, receipt_key, people })
    }

    /// Records a submission brought by `bridge`, once.
    pub async fn submit(
        &self,
        caller: &Caller,
        action: &'static str,
        bridge: &Code,
        request: &SubmitRequest,
    ) -> Result<SubmitResponse, Status> {
        let charter = self.charter_for(bridge, &request.district)?;
        caller.may_in(action, &charter)?;
        self.pauses.let_in(bridge)?;
        let tidy = content::tidied(request);
        let own = self.charter_for(bridge, "").ok().map(|charter| charter.district.clone());
        let hashed = |request: &SubmitRequest| self.keyed_hash(&content::parts(request));
        let hashes = Hashes {
            // A bridge keeps its references apart; of callers each has their own.
            reference: if caller.role == Role::Caller {
                self.keyed_hash(&[bridge.as_str(), &caller.staff_ref, &tidy.external_ref])
            } else {
                self.keyed_hash(&[bridge.as_str(), &tidy.external_ref])
            },
            content: hashed(&content::without_what_goes_without_saying(&tidy, &charter, bridge, own.as_ref())),
            before: content::earlier_forms(request, &tidy, &charter.district).iter().map(hashed).collect(),
        };
        let accepted = self.accept(&charter, bridge, &tidy, &hashes);
        let accepted = accepted.and_then(|received| callers::came_online(caller, received));
        match accepted {
            Ok(mut received) => {
                // It was looked at with everything else.
                if let Ok(Some(contact)) = self.people.read(&tidy) {
                    self.people.keep(caller, &charter, &mut received, &contact).await?;
                }
                self.record_once(caller, &charter, received).await
            }
            // What was acknowledged once stays so, whatever the rules are by now.
            Err(refused) => self.acknowledged(&charter, &hashes).await?.ok_or(refused),
        }
    }

    /// The case that a sender's own reference names.
    ///
    /// # Errors
    /// NOT_FOUND when nothing was recorded under it; INVALID_ARGUMENT without a reference.
    pub async fn find(
        &self,
        caller: &Caller,
        action: &'static str,
        bridge: &Code,
        external_ref: &str,
    ) -> Result<FindResponse, Status> {
        let scope = caller.scope(action, &self.desk.station.charters)?;
        let external_ref =
            content::tidied(&SubmitRequest { external_ref: external_ref.to_owned(), ..SubmitRequest::default() })
                .external_ref;
        if external_ref.is_empty() {
            return Err(Violation::new("external_ref", "required", "is missing").into());
        }
        let unknown = || Status::not_found(format!("{bridge} has brought nothing in under {external_ref:?}"));
        let hash = HEXLOWER.encode(&self.keyed_hash(&[bridge.as_str(), &external_ref]));
        let known = self.references.get(&hash).await.map_err(|error| broker_status(&error))?.ok_or_else(unknown)?;
        let (district, case) = known.target.split_once('.').unwrap_or_default();
        let (district, case, key) = case_key(district, case)?;
        // A reference without a case is that of a sender who got no answer and has not come again.
        match self.desk.station.broker.load_owner(&key, Owner::Intake).await {
            Ok(commits) if !commits.is_empty() && scope.covers(&district, &[Concern::Bridge(bridge.clone())]) => {
                Ok(FindResponse { case_id: case.to_string(), district: district.to_string() })
            }
            Ok(_) | Err(BrokerError::Filed { .. }) => Err(unknown()),
            Err(error) => Err(broker_status(&error)),
        }
    }

    /// The answer that the same submission got before, if it did.
    async fn acknowledged(&self, charter: &Charter, hashes: &Hashes) -> Result<Option<SubmitResponse>, Status> {
        let known =
            self.references.get(&HEXLOWER.encode(&hashes.reference)).await.map_err(|error| broker_status(&error))?;
        let Some(known) = known else { return Ok(None) };
        let case = self.case_in(&known, &charter.district)?;
        let key = HistoryKey::case(charter.district.clone(), &case);
        let load = self.desk.station.broker.load_owner(&key, Owner::Intake).await;
        let commits = load.map_err(|error| broker_status(&error))?;
        let (Some(first), Some(received)) = (commits.first(), wire::received_in(&commits)?) else { return Ok(None) };
        let same = hashes.content == received.content_hash || hashes.before.contains(&received.content_hash);
        Ok(same.then(|| SubmitResponse {
            case_id: case.to_string(),
            district: charter.district.to_string(),
            revision: 1,
            position: first.sequence,
            received_at: Some(received.received_at.to_wire()),
            repeated: true,
            receipt: self.told_again(&key, &received.receipt_ref),
        }))
    }

    /// Records what was received as one case, the one that its reference points at.
    pub async fn record_once(
        &self,
        caller: &Caller,
        charter: &Charter,
        received: Received,
    ) -> Result<SubmitResponse, Status> {
        let reference_key = HEXLOWER.encode(&received.external_ref_hash);
        let mut case = self.draw(charter, received.received_at);
        let mut reference = match self.references.point(&reference_key, &target(&charter.district, &case)).await {
            Ok(Ok(version)) => Reference { target: target(&charter.district, &case), version },
            Ok(Err(known)) => {
                case = self.case_in(&known, &charter.district)?;
                known
            }
            Err(error) => return Err(broker_status(&error)),
        };
        for _ in 0..DRAWS_MAX {
            match self.receive(caller, charter, &case, received.clone()).await {
                Err(Receiving::IdTaken) => {
                    case = self.draw(charter, received.received_at);
                    let target = target(&charter.district, &case);
                    match self.references.redirect(&reference_key, &reference, &target).await {
                        Ok(version) => reference = Reference { target, version },
                        // Somebody sends the same thing at the same time and was faster: go by theirs.
                        Err(BrokerError::Exists { .. }) => {
                            reference = self
                                .references
                                .get(&reference_key)
                                .await
                                .map_err(|error| broker_status(&error))?
                                .ok_or_else(|| Status::aborted("sent twice at the same time; send it again"))?;
                            case = self.case_in(&reference, &charter.district)?;
                        }
                        Err(error) => return Err(broker_status(&error)),
                    }
                }
                Err(Receiving::Refused(status)) => return Err(*status),
                Ok(response) => return Ok(response),
            }
        }
        Err(Status::aborted("no free case id was found; send it again"))
    }

    /// The charter that a bridge's submission falls under: the district named, or the bridge's own.
    fn charter_for(&self, bridge: &Code, district: &str) -> Result<Arc<Charter>, Status> {
        let station = &self.desk.station;
        if district.is_empty() {
            let carries = |charter: &Arc<Charter>| charter.bridges().iter().any(|known| known.code == *bridge);
            let newest = station.charters.newest();
            let charter = newest.iter().find(|charter| carries(charter)).or_else(|| {
                // Parties carry their district in their code.
                newest.iter().find(|charter| charter.party(bridge.as_str()).is_some())
            });
            return match charter {
                Some(charter) => Ok(station.charter(charter.district.as_str())?),
                None => {
                    station.charters.may_yet_know(bridge)?;
                    let description = format!("{bridge} has no district of its own; name one");
                    Err(Violation::new("district", "required", description).into())
                }
            };
        }
        Ok(station.charter(district)?)
    }

    fn accept(
        &self,
        charter: &Charter,
        bridge: &Code,
        request: &SubmitRequest,
        hashes: &Hashes,
    ) -> Result<Received, Status> {
        let mut problems = Problems::default();
        problems.0.extend(self.people.read(request).err().unwrap_or_default());
        let kind = match CaseKind::try_from(request.kind) {
            Ok(CaseKind::Unspecified) => None,
            Ok(kind) => problems.read(wire::from_kind(kind)),
            Err(_) => problems.unknown("kind", "known-kind", format!("{} is not a kind of case", request.kind)),
        };
        let caller_class = match CallerClass::try_from(request.caller_class) {
            Ok(CallerClass::Unspecified) => None,
            Ok(class) => problems.read(wire::from_caller_class(class)),
            Err(_) => {
                problems.unknown("caller_class", "known-class", format!("{} is not a class", request.caller_class))
            }
        };
        let way = match Way::try_from(request.way) {
            Ok(Way::Unspecified) => None,
            Ok(way) => problems.read(wire::from_way(way)),
            Err(_) => problems.unknown("way", "known-way", format!("{} is not a way", request.way)),
        };
        let occurred_at = problems.instant("occurred_at", request.occurred_at.as_ref());
        let recorded_at = problems.instant("recorded_at", request.recorded_at.as_ref());
        let place = request.place.clone().unwrap_or_default();
        let submission = Submission {
            external_ref: &request.external_ref,
            channel: &request.channel,
            kind,
            caller_class,
            way,
            caller_ref: &request.caller_ref,
            title: &request.title,
            text: &request.text,
            place_party: &place.party,
            address: &place.address,
            longitude: place.longitude,
            latitude: place.latitude,
            occurred_at,
            category: &request.category,
            related_case: &request.related_case,
            campaign: &request.campaign,
            recorded_at,
        };
        let around = Circumstances {
            charter,
            bridge,
            now: self.desk.station.now(),
            external_ref_hash: hashes.reference.clone(),
            content_hash: hashes.content.clone(),
            content_hashes_before: hashes.before.clone(),
        };
        let checked = check(&submission, around);
        let (received, broken) = checked.map_or_else(|broken| (None, broken), |received| (Some(received), Vec::new()));
        let broken = broken.into_iter().map(|broken| Violation::new(broken.field, broken.rule, broken.description));
        problems.0.extend(broken);
        received.filter(|_| problems.0.is_empty()).ok_or_else(|| BadInput(problems.0).into())
    }

    async fn receive(
        &self,
        caller: &Caller,
        charter: &Charter,
        case: &CaseId,
        received: Received,
    ) -> Result<SubmitResponse, Receiving> {
        let key = HistoryKey::case(charter.district.clone(), case);
        let receipt_ref = self.receipt(&key).map(|receipt| receipt.reference()).unwrap_or_default();
        let new = (received.received_at, receipt_ref);
        let request = record_request(caller, charter, Received { receipt_ref: new.1.clone(), ..received });
        match self.desk.offer(&key, request).await {
            Ok(answered) => {
                let repeated = answered.events.is_empty();
                let before = if repeated { self.before(&key).await } else { None };
                let (received_at, receipt_ref) = before.unwrap_or(new);
                Ok(SubmitResponse {
                    case_id: case.to_string(),
                    district: charter.district.to_string(),
                    revision: 1,
                    position: answered.position,
                    received_at: Some(received_at.to_wire()),
                    repeated,
                    receipt: self.told_again(&key, &receipt_ref),
                })
            }
            Err(record::Refused::Rule(Refusal::IdTaken)) => Err(Receiving::IdTaken),
            Err(record::Refused::Rule(refusal @ Refusal::DifferentContent)) => {
                metrics::counter!("commands_refused_total", "rule" => refusal.rule()).increment(1);
                tracing::info!(%case, rule = refusal.rule(), "refused");
                Err(Receiving::Refused(Box::new(already_exists(
                    case.as_str(),
                    &format!("{refusal}: it is case {case}"),
                ))))
            }
            Err(refused) => Err(Receiving::Refused(Box::new(station::status_of(refused)))),
        }
    }

    /// When a case was received that is on the record already, and what its receipt is known by.
    async fn before(&self, key: &HistoryKey) -> Option<(Timestamp, String)> {
        let read = self.desk.read(key).await.ok()?;
        read.state.received.as_ref().map(|receipt| (receipt.received_at, receipt.receipt_ref.clone()))
    }

    fn receipt(&self, key: &HistoryKey) -> Option<Receipt> {
        self.receipt_key.as_ref().map(|keyed| keyed.receipt(key.district.as_str(), &key.id))
    }

    /// The receipt of a case that is known by this; empty: it was recorded without one, or under a key that is lost.
    fn told_again(&self, key: &HistoryKey, receipt_ref: &str) -> String {
        let own = self.receipt(key).filter(|receipt| receipt.reference() == receipt_ref);
        own.map(|receipt| receipt.token()).unwrap_or_default()
    }

    /// One request about a case, of somebody who may make it.
    ///
    /// # Errors
    /// It is not for this role, or the case does not concern the asker.
    pub async fn asked(
        &self,
        caller: Caller,
        action: &'static str,
        district: &str,
        case_id: &str,
        named: Named,
    ) -> Result<Asked, Status> {
        let (district, case, key) = case_key(district, case_id)?;
        let charter = self.desk.station.charter(district.as_str())?;
        self.desk.may(&caller, action, &key, &charter).await?;
        if let (Role::Bridge, Some(bridge)) = (caller.role, &caller.party) {
            self.pauses.let_in(bridge)?;
        }
        Ok(Asked { caller, charter, case, key, named })
    }

    /// Something about a case that exists.
    pub async fn ask(&self, asked: Asked, command: Command) -> Result<Recorded, Status> {
        let Asked { caller, charter, case, key, named } = asked;
        match self.desk.ask(&key, &caller, named, &charter, command).await {
            Ok(answered) => Ok(answered.into()),
            Err(status) if status.code() == tonic::Code::NotFound => Err(not_found(case.as_str())),
            Err(status) => Err(status),
        }
    }

    /// How far dispatch is with a case.
    ///
    /// # Errors
    /// UNAVAILABLE when the record is out of reach.
    pub async fn course(&self, key: &HistoryKey) -> Result<Course, Status> {
        station::course_of(&self.desk.station.broker, key).await.map_err(|error| broker_status(&error))
    }

    /// Of those who joined a case, whose own left before it became part of this one: a withdrawal can come between the two
    /// commits of a merge.
    ///
    /// # Errors
    /// UNAVAILABLE when the record is out of reach.
    pub async fn gone(&self, key: &HistoryKey) -> Result<Vec<CaseId>, Status> {
        let mut gone = Vec::new();
        for joined in &self.desk.read(key).await?.state.joined {
            let own = HistoryKey::case(key.district.clone(), &joined.case);
            // A filed one is part of another, or was over before this one.
            match self.desk.station.broker.load_owner(&own, Owner::Intake).await {
                Ok(commits) if wire::state_of(&commits)?.has_left() => gone.push(joined.case),
                Ok(_) | Err(BrokerError::Filed { .. }) => {}
                Err(error) => return Err(broker_status(&error)),
            }
        }
        Ok(gone)
    }

    fn draw(&self, charter: &Charter, at: Timestamp) -> CaseId {
        CaseId::draw(at.to_zoned(charter.time_zone.clone()).date(), &mut rand::rng())
    }

    fn case_in(&self, reference: &Reference, district: &Code) -> Result<CaseId, Status> {
        let (known_district, case) = reference.target.split_once('.').unwrap_or_default();
        if known_district != district.as_str() {
            return Err(already_exists(case, &format!("the same reference was submitted before to {known_district}")));
        }
        case.parse().map_err(|error| {
            tracing::error!(target = reference.target, %error, "a reference points at no case id");
            Status::internal("something is wrong here; it has been logged")
        })
    }

    /// Whose notes on a case count together, without saying who that is.
    pub fn notes_as(&self, caller: &Caller) -> String {
        let party = caller.party.as_ref().map(Code::as_str).unwrap_or_default();
        let hash = self.keyed_hash(&["notes", role_name(caller.role), party, &caller.staff_ref]);
        HEXLOWER.encode(&hash[..NOTES_HASH_BYTES])
    }

    /// As [`content::keyed_hash`], with the key of the references.
    pub fn keyed_hash(&self, parts: &[impl AsRef<str>]) -> Vec<u8> {
        content::keyed_hash(&self.reference_key, parts)
    }
}

/// By what a submission is known again.
struct Hashes {
    reference: Vec<u8>,
    content: Vec<u8>,
    /// Of the content as earlier versions hashed it.
    before: Vec<Vec<u8>>,
}

/// What of a submission is no value of its field.
#[derive(Default)]
struct Problems(Vec<Violation>);

impl Problems {
    fn read<T>(&mut self, read: Result<T, WireError>) -> Option<T> {
        read.map_err(|error| self.0.push(error.into())).ok()
    }

    fn unknown<T>(&mut self, field: &'static str, rule: &'static str, description: String) -> Option<T> {
        self.0.push(Violation::new(field, rule, description));
        None
    }

    fn instant(&mut self, field: &'static str, time: Option<&WireTime>) -> Option<Timestamp> {
        time?.time().map_err(|error| self.0.push(Violation::new(field, "instant", error.to_string()))).ok()
    }
}

/// What can come of an attempt under one case id.
enum Receiving {
    IdTaken,
    Refused(Box<Status>),
}

fn record_request(caller: &Caller, charter: &Charter, received: Received) -> record::Request<Command> {
    use proto::record::v1::{Cause, cause};
    // The reference is the name of the request: it needs no command id beside it.
    let cause = Cause { kind: Some(cause::Kind::Command(HEXLOWER.encode(&received.external_ref_hash))) };
    record::Request {
        at: received.received_at,
        command: Command::Receive(Box::new(received)),
        cause,
        actor: caller.actor(),
        command_id: None,
        content_digest: Vec::new(),
        charter_version: charter.version.clone(),
    }
}

fn target(district: &Code, case: &CaseId) -> String {
    format!("{district}.{case}")
}
