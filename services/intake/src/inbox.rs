//! What intake follows, its own commits and alarms; and the door for bridges: requests on `in.<bridge>.submit`, as protobuf or JSON, answered in kind after the commit.

use std::sync::Arc;

use ids::{Kind, Owner};
use prost::Message;
use proto::common::v1::Role;
use proto::intake::v1::{SubmitReply, SubmitRequest, submit_reply};
use proto::streams::{CASES, TIMERS, record_consumer, timer_consumer};
use proto::subjects::BridgeSubject;
use record::alarm::Alarm;
use record::{IncomingRequest, Unhandled};
use station::desk::read_stored;
use station::{BadInput, Caller, Desk, Violation, refusal_of};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::app::App;
use crate::domain::{Rules, poll};
use crate::{effects, polls};

/// Largest request read, in bytes: the longest text in UTF-8 with room for everything else.
const REQUEST_BYTES_MAX: usize = 128 * 1024;

/// Fields of a submission, as a refusal names them.
const FIELDS: [&str; 19] = [
    "district",
    "external_ref",
    "channel",
    "kind",
    "caller_class",
    "caller_ref",
    "title",
    "text",
    "place",
    "place.party",
    "place.address",
    "place.longitude",
    "place.latitude",
    "occurred_at",
    "recorded_at",
    "category",
    "related_case",
    "campaign",
    "way",
];
const TIMES: [&str; 2] = ["occurred_at", "recorded_at"];
/// Those that take a word, with the rule by which every other door refuses another one.
const WORDS: [(&str, &str); 3] = [("kind", "known-kind"), ("caller_class", "known-class"), ("way", "known-way")];

/// Its line in the table of who may what.
const ACTION: &str = "in.<bridge>.submit";

pub async fn serve(app: Arc<App>, stop: CancellationToken) -> anyhow::Result<()> {
    let broker = app.desk.station.broker.clone();
    broker
        .serve(BridgeSubject::ALL_SUBMISSIONS, "intake", stop, instead, move |request| {
            let app = Arc::clone(&app);
            async move { answer(&app, request).await }
        })
        .await?;
    Ok(())
}

/// Own commits, for what they cause.
pub async fn follow(desk: Desk<Rules>, polls: Desk<poll::Rules>, stop: CancellationToken) -> anyhow::Result<()> {
    let follower = desk.station.broker.follower(CASES, &record_consumer(Owner::Intake)).await?;
    follower
        .run(stop, move |delivered| {
            let (desk, polls) = (desk.clone(), polls.clone());
            async move {
                let stored = read_stored(&delivered)?;
                match stored.subject.key.kind {
                    Kind::Poll => polls::follow(&polls, &desk, &stored).await,
                    Kind::Case
                    | Kind::Roster
                    | Kind::Period
                    | Kind::Staff
                    | Kind::Register
                    | Kind::Consultation
                    | Kind::Suggestion
                    | Kind::Personnel
                    | Kind::SignOff
                    | Kind::Funds
                    | Kind::Headcount
                    | Kind::Allowance => effects::of(&desk, &stored).await,
                }
            }
        })
        .await?;
    Ok(())
}

/// Polls whose time is over; cases have no deadline here.
pub async fn mind_deadlines(polls: Desk<poll::Rules>, stop: CancellationToken) -> anyhow::Result<()> {
    let follower = polls.station.broker.follower(TIMERS, &timer_consumer(Owner::Intake)).await?;
    follower
        .run(stop, move |delivered| {
            let polls = polls.clone();
            async move {
                let alarm = Alarm::read(&delivered)?;
                let charter = polls.station.charter_to_follow(&alarm.key.district)?;
                polls.ring(&alarm, &charter, |now| poll::Command::CheckDeadline { now }).await
            }
        })
        .await?;
    Ok(())
}

async fn answer(app: &App, request: IncomingRequest) -> Vec<u8> {
    let json = proto::json::is_json(&request.payload);
    in_kind(submit(app, &request, json).await, json)
}

fn instead(request: &IncomingRequest, why: Unhandled) -> Vec<u8> {
    in_kind(Err(station::unhandled(why)), proto::json::is_json(&request.payload))
}

fn in_kind(result: Result<proto::intake::v1::SubmitResponse, Status>, json: bool) -> Vec<u8> {
    let result = match result {
        Ok(response) => submit_reply::Result::Ok(response),
        Err(status) => submit_reply::Result::Refusal(refusal_of(&status)),
    };
    let reply = SubmitReply { result: Some(result) };
    if json { serde_json::to_vec(&reply).unwrap_or_default() } else { reply.encode_to_vec() }
}

async fn submit(app: &App, request: &IncomingRequest, json: bool) -> Result<proto::intake::v1::SubmitResponse, Status> {
    // Who sends is who may publish here: the broker checked it, the payload cannot change it (I6).
    let subject: BridgeSubject = request
        .subject
        .parse()
        .map_err(|_| Status::from(Violation::new("subject", "bridge", "not a bridge's subject")))?;
    if request.payload.len() > REQUEST_BYTES_MAX {
        let size = request.payload.len();
        return Err(Violation::new("payload", "size", format!("{size} bytes; at most {REQUEST_BYTES_MAX} fit")).into());
    }
    let submission = if json {
        let text = std::str::from_utf8(&request.payload)
            .map_err(|error| Status::from(Violation::new("payload", "utf-8", error.to_string())))?;
        proto::json::read::<SubmitRequest>(text)
            .map_err(|faults| Status::from(BadInput(faults.iter().map(misfit).collect())))?
    } else {
        SubmitRequest::decode(request.payload.clone()).map_err(|error| {
            let rule = if error.to_string().contains("UTF-8") { "utf-8" } else { "protobuf" };
            Status::from(Violation::new("payload", rule, error.to_string()))
        })?
    };
    // Two of our own services submit like bridges, and no charter knows them.
    let is_ours = subject.bridge.as_str().parse::<Owner>().is_ok();
    let role = if is_ours { Role::System } else { Role::Bridge };
    let caller = Caller::party(role, subject.bridge.clone());
    app.submit(&caller, ACTION, &subject.bridge, &submission).await
}

/// What of a submission written as JSON does not fit.
fn misfit(fault: &proto::json::Fault) -> Violation {
    let name = snake_case(&fault.field);
    let field = field_of(&name);
    // Of a part of a field, or of no field, it is said which.
    let what = if field == Some(name.as_str()) || name.is_empty() {
        fault.what.clone()
    } else {
        format!("{}: {}", fault.field, fault.what)
    };
    let Some(field) = field else { return Violation::new("payload", "json", what) };
    if TIMES.contains(&field) {
        let said = format!("{what}; write a time with its offset, as in 2026-11-29T08:00:00+08:00");
        return Violation::new(field, "instant", said);
    }
    let rule = WORDS.into_iter().find(|(word, _)| *word == field).map_or("json", |(_, rule)| rule);
    Violation::new(field, rule, what)
}

/// The field that a fault is in: where there is an object or a list instead of a text, the fault lies within it.
fn field_of(name: &str) -> Option<&'static str> {
    let holds =
        |field: &str| name.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
    FIELDS.into_iter().filter(|field| holds(field)).max_by_key(|field| field.len())
}

/// JSON may name a field either way: `occurredAt` is `occurred_at`.
fn snake_case(name: &str) -> String {
    name.chars().fold(String::new(), |mut name, letter| {
        if letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
        name
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_named_by_its_field_and_a_time_is_told_its_form() {
        let faults = proto::json::read::<SubmitRequest>(
            r#"{"occurredAt": "gestern", "place": {"latitude": "north"}, "titel": "a", "kind": "REPORT"}"#,
        );
        let misfits: Vec<_> = faults.unwrap_err().iter().map(misfit).collect();
        let named: Vec<_> = misfits.iter().map(|misfit| (misfit.field, misfit.rule)).collect();
        assert_eq!(
            named,
            [("kind", "known-kind"), ("occurred_at", "instant"), ("place.latitude", "json"), ("payload", "json")]
        );
        assert!(misfits[1].description.contains("2026-11-29T08:00:00+08:00"), "{misfits:?}");
        assert!(misfits[3].description.starts_with("titel: unknown field"), "{misfits:?}");
    }

    #[test]
    fn an_object_or_a_list_in_place_of_a_text_is_its_fields_fault() {
        for (text, field, rule) in [
            (r#"{"title": {"a": 1}}"#, "title", "json"),
            (r#"{"place": [1]}"#, "place", "json"),
            (r#"{"place": {"party": ["x"]}}"#, "place.party", "json"),
            (r#"{"place": {"lat": 30}}"#, "place", "json"),
            (r#"{"occurredAt": {"seconds": 1}}"#, "occurred_at", "instant"),
            (r#"{"callerClass": "VIP"}"#, "caller_class", "known-class"),
            (r#"{"way": "WAY_BY_FOOT"}"#, "way", "known-way"),
            (r#"{"titel": {"a": 1}}"#, "payload", "json"),
        ] {
            let faults = proto::json::read::<SubmitRequest>(text).unwrap_err();
            let misfits: Vec<_> = faults.iter().map(misfit).collect();
            assert_eq!([(misfits[0].field, misfits[0].rule)], [(field, rule)], "{text}: {misfits:?}");
        }
    }

    #[test]
    fn every_field_of_a_submission_is_known_by_its_name() {
        let error = proto::json::read::<SubmitRequest>(r#"{"?": 0}"#).unwrap_err().remove(0).what;
        let camel: Vec<String> = error.split('`').skip(3).step_by(2).map(snake_case).collect();
        for field in camel.iter().filter(|field| *field != "place") {
            assert!(FIELDS.contains(&field.as_str()), "{field}");
        }
    }
}
