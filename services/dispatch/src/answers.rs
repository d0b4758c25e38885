//! What departments say: requests on `ans.<department>.call`, as protobuf or JSON, answered in kind after the commit; and orders that
//! they want to have as JSON, on `ans.<department>.read`.

use charter::Charter;
use prost::Message;
use proto::ToWireTime;
use proto::common::v1::Role;
use proto::dispatch::v1 as wire;
use proto::dispatch::v1::answer::Answer as WireAnswer;
use proto::subjects::{AnswerSubject, ReadingSubject};
use record::{IncomingRequest, Unhandled};
use station::{
    Caller, OFFICER, Recorded, Violation, bad_field, counted, officer, optional_prose, place, prose, question,
    refusal_of, wire as shared,
};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::app::App;
use crate::domain::{Answer, Command};
use crate::fields::{NOTE_LENGTH_MAX, related, unit};
use crate::terms;
use crate::wire::{progress_kind, return_basis};

/// Its line in the table of who may what.
const ACTION: &str = "ans.<department>.call";

/// Where somebody says they came.
const CHECK_IN: [&str; 5] =
    ["check_in", "check_in.party", "check_in.address", "check_in.longitude", "check_in.latitude"];

pub async fn serve(app: App, stop: CancellationToken) -> anyhow::Result<()> {
    let broker = app.desk.station.broker.clone();
    broker
        .serve(
            AnswerSubject::ALL,
            "dispatch",
            stop,
            |request, why| replied(Err(station::unhandled(why)), request),
            move |request| {
                let app = app.clone();
                async move { replied(take(&app, &request).await, &request) }
            },
        )
        .await?;
    Ok(())
}

/// Orders read for those who have nothing to read protobuf with: they hand over what they got, so nothing is looked up, and nobody
/// sees what is not in their hands already.
pub async fn read_orders(app: App, stop: CancellationToken) -> anyhow::Result<()> {
    let broker = app.desk.station.broker.clone();
    let instead = |_: &IncomingRequest, why: Unhandled| read_out(Err(station::unhandled(why)));
    broker
        .serve(ReadingSubject::ALL, "dispatch", stop, instead, |request| async move { read_out(order(&request)) })
        .await?;
    Ok(())
}

fn order(request: &IncomingRequest) -> Result<wire::Order, Status> {
    let wrong = |rule, what: String| Status::from(Violation::new("payload", rule, what));
    let order = wire::Order::decode(request.payload.clone()).map_err(|error| wrong("protobuf", error.to_string()))?;
    match order.order {
        Some(_) => Ok(order),
        None => Err(wrong("order", "this is no order that is known here: send its bytes as they came".to_owned())),
    }
}

fn read_out(order: Result<wire::Order, Status>) -> Vec<u8> {
    let result = match order {
        Ok(order) => wire::read_order_reply::Result::Ok(order),
        Err(status) => wire::read_order_reply::Result::Refusal(refusal_of(&status)),
    };
    serde_json::to_vec(&wire::ReadOrderReply { result: Some(result) }).unwrap_or_default()
}

fn replied(taken: Result<wire::AnswerAccepted, Status>, request: &IncomingRequest) -> Vec<u8> {
    let result = match taken {
        Ok(accepted) => wire::answer_reply::Result::Ok(accepted),
        Err(status) => wire::answer_reply::Result::Refusal(refusal_of(&status)),
    };
    station::in_kind(&wire::AnswerReply { result: Some(result) }, &request.payload)
}

async fn take(app: &App, request: &IncomingRequest) -> Result<wire::AnswerAccepted, Status> {
    // The broker let only this department's account publish here; the payload cannot say otherwise (I6).
    let subject: AnswerSubject = request
        .subject
        .parse()
        .map_err(|_| Status::from(Violation::new("subject", "department", "not a department's subject")))?;
    let answer: wire::Answer = question(&request.payload)?;
    let caller = Caller::party(Role::Department, subject.department.clone());
    let named = station::desk::named(&answer.command_id, &answer)?;
    let asked = app.answered(caller, ACTION, &answer.district, &answer.case_id, named)?;
    let now = app.now();
    let party = subject.department;
    let command = if let Some(WireAnswer::AnswerSupervision(said)) = &answer.answer {
        let note = prose("note", &said.note, NOTE_LENGTH_MAX)?;
        Command::AnswerSupervision { by: party, order: counted("order", said.order)?, note, now }
    } else {
        Command::Answer {
            call: counted("call", answer.call)?,
            party,
            answer: read(app, &asked.charter, answer.answer).await?,
            now,
            rating_due: app.rating_due(&asked.charter),
        }
    };
    let answered = app.ask(&asked, command).await?;
    let at = Some(answered.at.to_wire());
    let Recorded { revision, position } = answered.into();
    Ok(wire::AnswerAccepted { revision, at, position })
}

async fn read(app: &App, charter: &Charter, answer: Option<WireAnswer>) -> Result<Answer, Status> {
    Ok(match answer {
        None | Some(WireAnswer::AnswerSupervision(_)) => {
            let description =
                "respond, report_in, progress, task_done, done, return, related_case or answer_supervision";
            return Err(Violation::new("answer", "required", description).into());
        }
        Some(WireAnswer::Return(said)) => Answer::Return {
            basis: return_basis(said.basis).map_err(bad_field)?,
            reason: prose("reason", &said.reason, NOTE_LENGTH_MAX)?,
            proposes: unit(charter, "proposes", &said.proposes)?,
            due: terms::due_by(charter, app.now(), "adjudication"),
            district: charter.district_centre().code.clone(),
        },
        Some(WireAnswer::Respond(said)) => Answer::Respond { officer: officer(OFFICER, said.officer.as_ref())? },
        Some(WireAnswer::ReportIn(said)) => Answer::ReportIn {
            officer: officer(OFFICER, said.officer.as_ref())?,
            owns_matter: said.owns_matter,
            check_in: place(CHECK_IN, charter, said.check_in.as_ref())?,
        },
        Some(WireAnswer::Progress(said)) => Answer::Progress {
            kind: progress_kind(said.kind).map_err(bad_field)?,
            note: prose("note", &said.note, NOTE_LENGTH_MAX)?,
            evidence: app.shown(charter, &said.evidence).await?,
        },
        Some(WireAnswer::TaskDone(said)) => {
            let note = optional_prose("note", &said.note, NOTE_LENGTH_MAX)?;
            Answer::TaskDone {
                task: counted("task", said.task)?,
                note,
                evidence: app.shown(charter, &said.evidence).await?,
            }
        }
        Some(WireAnswer::Done(said)) => Answer::Done {
            outcome: shared::outcome(said.outcome).map_err(bad_field)?,
            note: optional_prose("note", &said.note, NOTE_LENGTH_MAX)?,
            evidence: app.shown(charter, &said.evidence).await?,
        },
        Some(WireAnswer::RelatedCase(said)) => {
            let place = said.place.as_ref();
            Answer::Found {
                related: Box::new(related(charter, (&said.title, &said.text, &said.category), place)?),
                help_until: said.helps.then(|| terms::help_until(charter, app.now())),
            }
        }
    })
}
