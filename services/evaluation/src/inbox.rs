//! What evaluation follows: dispatch's commits, its own (for the alarm), and its alarms. What a commit asks for is in
//! `reaction.rs`. And what bridges ask over NATS: ratings of their callers, on `in.<bridge>.rate`.

use ids::{Kind, Owner};
use proto::common::v1::Role;
use proto::evaluation::v1::{RateReply, RateRequest, RateResponse, rate_reply};
use proto::streams::{CASES, TIMERS, record_consumer, timer_consumer};
use proto::subjects::BridgeVerb;
use record::alarm::Alarm;
use record::follow::{Delivered, Failure};
use record::{IncomingRequest, StoredCommit};
use station::desk::read_stored;
use station::{Caller, Desk, asking_bridge, refusal_of};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::domain::{Command, Formula, Rules};
use crate::grpc::Door;
use crate::reaction::{self, Reads};

pub async fn follow(desk: Desk<Rules>, stop: CancellationToken) -> anyhow::Result<()> {
    let follower = desk.station.broker.follower(CASES, &record_consumer(Owner::Evaluation)).await?;
    follower
        .run(stop, move |delivered| {
            let desk = desk.clone();
            async move { handle(&desk, &delivered).await }
        })
        .await?;
    Ok(())
}

pub async fn ring(desk: Desk<Rules>, stop: CancellationToken) -> anyhow::Result<()> {
    let follower = desk.station.broker.follower(TIMERS, &timer_consumer(Owner::Evaluation)).await?;
    follower
        .run(stop, move |delivered| {
            let desk = desk.clone();
            async move {
                let alarm = Alarm::read(&delivered)?;
                let charter = desk.station.charter_to_follow(&alarm.key.district)?;
                let formula = Formula::from(charter.formula());
                desk.ring(&alarm, &charter, |now| Command::CheckDeadlines { now, formula }).await
            }
        })
        .await?;
    Ok(())
}

/// What callers of bridges think of the outcome.
pub async fn ratings(door: Door, stop: CancellationToken) -> anyhow::Result<()> {
    let broker = door.station().broker.clone();
    let refused = |request: &IncomingRequest, why| rated_in_kind(Err(station::unhandled(why)), request);
    broker
        .serve(BridgeVerb::Rate.of_all(), "evaluation", stop, refused, move |request| {
            let door = door.clone();
            async move { rated_in_kind(rate(&door, &request).await, &request) }
        })
        .await?;
    Ok(())
}

async fn rate(door: &Door, request: &IncomingRequest) -> Result<RateResponse, Status> {
    let bridge = asking_bridge(&request.subject)?;
    let mut asked: RateRequest = station::question(&request.payload)?;
    station::fill_district(door.station(), &bridge, &mut asked.district)?;
    door.rate_as(Caller::party(Role::Bridge, bridge), "in.<bridge>.rate", asked).await
}

fn rated_in_kind(result: Result<RateResponse, Status>, request: &IncomingRequest) -> Vec<u8> {
    let result = match result {
        Ok(response) => rate_reply::Result::Ok(response),
        Err(status) => rate_reply::Result::Refusal(refusal_of(&status)),
    };
    station::in_kind(&RateReply { result: Some(result) }, &request.payload)
}

async fn handle(desk: &Desk<Rules>, delivered: &Delivered) -> Result<(), Failure> {
    let stored = read_stored(delivered)?;
    match (stored.subject.key.kind, stored.subject.owner) {
        (Kind::Case, Owner::Dispatch) => on_dispatch(desk, &stored).await,
        (Kind::Case, Owner::Evaluation) => desk.after_own_commit(&stored).await.map(|_| ()),
        (
            Kind::Case
            | Kind::Roster
            | Kind::Period
            | Kind::Poll
            | Kind::Staff
            | Kind::Register
            | Kind::Consultation
            | Kind::Suggestion
            | Kind::Personnel
            | Kind::SignOff
            | Kind::Funds
            | Kind::Headcount
            | Kind::Allowance
            | Kind::Person,
            Owner::Intake
            | Owner::Triage
            | Owner::Dispatch
            | Owner::EnforcementCenter
            | Owner::Evaluation
            | Owner::Notification
            | Owner::Powers,
        ) => Ok(()),
    }
}

async fn on_dispatch(desk: &Desk<Rules>, stored: &StoredCommit) -> Result<(), Failure> {
    let Some(reads) = reaction::asks(stored) else { return Ok(()) };
    let key = &stored.subject.key;
    let history = match reads {
        Reads::Nothing => vec![],
        Reads::Dispatch => history(desk, stored).await?,
    };
    let charter = desk.station.charter_to_follow(&key.district)?;
    for command in reaction::commands(&charter, stored, &history).map_err(Failure::permanent)? {
        desk.react(key, &stored.subject, &charter, command).await?;
    }
    Ok(())
}

async fn history(desk: &Desk<Rules>, until: &StoredCommit) -> Result<Vec<StoredCommit>, Failure> {
    let commits = desk.station.broker.load_owner(&until.subject.key, Owner::Dispatch).await?;
    if commits.last().is_none_or(|last| last.subject.revision < until.subject.revision) {
        return Err(desk.station.broker.not_found(&until.subject).await);
    }
    Ok(commits)
}
