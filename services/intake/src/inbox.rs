//! What intake follows, its own commits and alarms; and the door for bridges: requests on `in.<bridge>.submit`, as protobuf or JSON, answered in kind after the commit.

use std::sync::Arc;

use ids::{Kind, Owner};
use prost::Message;
use proto::common::v1::Role;
use proto::intake::v1::{SubmitReply, SubmitRequest, submit_reply};
use proto::streams::{CASES, TIMERS, record_consumer, timer_consumer};
use proto::subjects::BridgeSubject;
use record::IncomingRequest;
use record::alarm::Alarm;
use station::desk::read_stored;
use station::{Caller, Desk, Violation, refusal_of};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::app::App;
use crate::domain::{Rules, poll};
use crate::{effects, polls};

/// Largest request read, in bytes: the longest text in UTF-8 with room for everything else.
const REQUEST_BYTES_MAX: usize = 128 * 1024;

/// Its line in the table of who may what.
const ACTION: &str = "in.<bridge>.submit";

pub async fn serve(app: Arc<App>, stop: CancellationToken) -> anyhow::Result<()> {
    let broker = app.desk.station.broker.clone();
    broker
        .serve(BridgeSubject::ALL_SUBMISSIONS, "intake", stop, died, move |request| {
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
                    Kind::Case | Kind::Roster | Kind::Period | Kind::Staff | Kind::Register => {
                        effects::of(&desk, &stored).await
                    }
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
    let json = is_json(&request);
    in_kind(submit(app, &request, json).await, json)
}

fn died(request: &IncomingRequest) -> Vec<u8> {
    in_kind(Err(station::internal()), is_json(request))
}

/// A message of the contract never begins like this: 0x7b would be field 15 in a form that is not written any more.
fn is_json(request: &IncomingRequest) -> bool {
    request.payload.first() == Some(&b'{')
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
        serde_json::from_str::<SubmitRequest>(text)
            .map_err(|error| Status::from(Violation::new("payload", "json", error.to_string())))?
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
