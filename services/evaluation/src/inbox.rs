//! What evaluation follows: dispatch's commits, its own (for the alarm), and its alarms. What a commit asks for is in
//! `reaction.rs`.

use ids::{Kind, Owner};
use proto::streams::{CASES, TIMERS, record_consumer, timer_consumer};
use record::StoredCommit;
use record::alarm::Alarm;
use record::follow::{Delivered, Failure};
use station::Desk;
use station::desk::read_stored;
use tokio_util::sync::CancellationToken;

use crate::domain::{Command, Formula, Rules};
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
