//! What intake follows, its own commits and alarms; and the door for bridges: requests on `in.<bridge>.submit`, as protobuf or JSON,
//! answered in kind after the commit; what their callers add and take back, on `in.<bridge>.supplement` and `.withdraw`; and on
//! `in.<bridge>.find`, which case a reference names.

use std::sync::Arc;

use ids::{Kind, Owner};
use prost::Message;
use proto::common::v1::Role;
use proto::intake::v1::{
    FindReply, FindRequest, SubmitReply, SubmitRequest, SupplementReply, SupplementRequest, SupplementResponse,
    WithdrawReply, WithdrawRequest, WithdrawResponse, find_reply, submit_reply, supplement_reply, withdraw_reply,
};
use proto::streams::{CASES, TIMERS, record_consumer, timer_consumer};
use proto::subjects::BridgeVerb;
use record::alarm::Alarm;
use record::{IncomingRequest, Unhandled};
use station::desk::read_stored;
use station::{Caller, Desk, REQUEST_BYTES_MAX, Violation, asking_bridge, refusal_of};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::app::App;
use crate::domain::poll;
use crate::{effects, people, polls, said};

/// Their lines in the table of who may what.
const SUBMIT: &str = "in.<bridge>.submit";
const FIND: &str = "in.<bridge>.find";
const SUPPLEMENT: &str = "in.<bridge>.supplement";
const WITHDRAW: &str = "in.<bridge>.withdraw";

pub async fn serve(app: Arc<App>, stop: CancellationToken) -> anyhow::Result<()> {
    let broker = app.desk.station.broker.clone();
    broker
        .serve(BridgeVerb::Submit.of_all(), "intake", stop, instead, move |request| {
            let app = Arc::clone(&app);
            async move { answer(&app, request).await }
        })
        .await?;
    Ok(())
}

/// Which case a reference names.
pub async fn look_up(app: Arc<App>, stop: CancellationToken) -> anyhow::Result<()> {
    let broker = app.desk.station.broker.clone();
    let refused = |request: &IncomingRequest, why| found_in_kind(Err(station::unhandled(why)), request);
    broker
        .serve(BridgeVerb::Find.of_all(), "intake", stop, refused, move |request| {
            let app = Arc::clone(&app);
            async move { found_in_kind(find(&app, &request).await, &request) }
        })
        .await?;
    Ok(())
}

/// What callers add.
pub async fn supplements(app: Arc<App>, stop: CancellationToken) -> anyhow::Result<()> {
    let broker = app.desk.station.broker.clone();
    let refused = |request: &IncomingRequest, why| supplemented_in_kind(Err(station::unhandled(why)), request);
    broker
        .serve(BridgeVerb::Supplement.of_all(), "intake", stop, refused, move |request| {
            let app = Arc::clone(&app);
            async move { supplemented_in_kind(supplement(&app, &request).await, &request) }
        })
        .await?;
    Ok(())
}

/// What callers take back.
pub async fn withdrawals(app: Arc<App>, stop: CancellationToken) -> anyhow::Result<()> {
    let broker = app.desk.station.broker.clone();
    let refused = |request: &IncomingRequest, why| withdrawn_in_kind(Err(station::unhandled(why)), request);
    broker
        .serve(BridgeVerb::Withdraw.of_all(), "intake", stop, refused, move |request| {
            let app = Arc::clone(&app);
            async move { withdrawn_in_kind(withdraw(&app, &request).await, &request) }
        })
        .await?;
    Ok(())
}

/// Own commits, for what they cause.
pub async fn follow(app: Arc<App>, polls: Desk<poll::Rules>, stop: CancellationToken) -> anyhow::Result<()> {
    let desk = app.desk.clone();
    let follower = desk.station.broker.follower(CASES, &record_consumer(Owner::Intake)).await?;
    follower
        .run(stop, move |delivered| {
            let (app, desk, polls) = (Arc::clone(&app), desk.clone(), polls.clone());
            async move {
                let stored = read_stored(&delivered)?;
                match stored.subject.key.kind {
                    Kind::Poll => polls::follow(&polls, &desk, &stored).await,
                    Kind::Person => people::follow(&app.people, &stored).await,
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
    answered_in_kind(submit(app, &request).await, &request)
}

fn instead(request: &IncomingRequest, why: Unhandled) -> Vec<u8> {
    answered_in_kind(Err(station::unhandled(why)), request)
}

fn answered_in_kind(result: Result<proto::intake::v1::SubmitResponse, Status>, request: &IncomingRequest) -> Vec<u8> {
    let result = match result {
        Ok(response) => submit_reply::Result::Ok(response),
        Err(status) => submit_reply::Result::Refusal(refusal_of(&status)),
    };
    station::in_kind(&SubmitReply { result: Some(result) }, &request.payload)
}

fn found_in_kind(result: Result<proto::intake::v1::FindResponse, Status>, request: &IncomingRequest) -> Vec<u8> {
    let result = match result {
        Ok(response) => find_reply::Result::Ok(response),
        Err(status) => find_reply::Result::Refusal(refusal_of(&status)),
    };
    station::in_kind(&FindReply { result: Some(result) }, &request.payload)
}

fn supplemented_in_kind(result: Result<SupplementResponse, Status>, request: &IncomingRequest) -> Vec<u8> {
    let result = match result {
        Ok(response) => supplement_reply::Result::Ok(response),
        Err(status) => supplement_reply::Result::Refusal(refusal_of(&status)),
    };
    station::in_kind(&SupplementReply { result: Some(result) }, &request.payload)
}

fn withdrawn_in_kind(result: Result<WithdrawResponse, Status>, request: &IncomingRequest) -> Vec<u8> {
    let result = match result {
        Ok(response) => withdraw_reply::Result::Ok(response),
        Err(status) => withdraw_reply::Result::Refusal(refusal_of(&status)),
    };
    station::in_kind(&WithdrawReply { result: Some(result) }, &request.payload)
}

async fn supplement(app: &App, request: &IncomingRequest) -> Result<SupplementResponse, Status> {
    let bridge = asking_bridge(&request.subject)?;
    let mut asked: SupplementRequest = station::question(&request.payload)?;
    station::fill_district(&app.desk.station, &bridge, &mut asked.district)?;
    said::supplement(app, Caller::party(Role::Bridge, bridge), SUPPLEMENT, asked).await
}

async fn withdraw(app: &App, request: &IncomingRequest) -> Result<WithdrawResponse, Status> {
    let bridge = asking_bridge(&request.subject)?;
    let mut asked: WithdrawRequest = station::question(&request.payload)?;
    station::fill_district(&app.desk.station, &bridge, &mut asked.district)?;
    said::withdraw(app, Caller::party(Role::Bridge, bridge), WITHDRAW, asked).await
}

async fn find(app: &App, request: &IncomingRequest) -> Result<proto::intake::v1::FindResponse, Status> {
    let bridge = asking_bridge(&request.subject)?;
    let FindRequest { external_ref } = station::question(&request.payload)?;
    app.find(&Caller::party(Role::Bridge, bridge.clone()), FIND, &bridge, &external_ref).await
}

async fn submit(app: &App, request: &IncomingRequest) -> Result<proto::intake::v1::SubmitResponse, Status> {
    let bridge = asking_bridge(&request.subject)?;
    if request.payload.len() > REQUEST_BYTES_MAX {
        let size = request.payload.len();
        return Err(Violation::new("payload", "size", format!("{size} bytes; at most {REQUEST_BYTES_MAX} fit")).into());
    }
    let submission = if proto::json::is_json(&request.payload) {
        station::submission_in_json(&request.payload)?
    } else {
        SubmitRequest::decode(request.payload.clone()).map_err(|error| {
            let rule = if error.to_string().contains("UTF-8") { "utf-8" } else { "protobuf" };
            Status::from(Violation::new("payload", rule, error.to_string()))
        })?
    };
    // Two of our own services submit like bridges, and no charter knows them.
    let is_ours = bridge.as_str().parse::<Owner>().is_ok();
    let role = if is_ours { Role::System } else { Role::Bridge };
    app.submit(&Caller::party(role, bridge.clone()), SUBMIT, &bridge, &submission).await
}
