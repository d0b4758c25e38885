//! What evaluation follows: dispatch's resolutions, its own commits (for the alarm), and its alarms.

use ids::{Kind, Owner};
use proto::dispatch::v1::CloseReason;
use proto::dispatch::v1::dispatch_event::Event as DispatchFact;
use proto::streams::{CASES, TIMERS, record_consumer, timer_consumer};
use record::StoredCommit;
use record::alarm::Alarm;
use record::follow::{Delivered, Failure};
use station::Desk;
use station::desk::read_stored;
use tokio_util::sync::CancellationToken;

use crate::domain::{Asked, Command, Formula, Rules};
use crate::wire;

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
            Kind::Case | Kind::Roster | Kind::Period | Kind::Poll | Kind::Staff | Kind::Register,
            Owner::Intake
            | Owner::Triage
            | Owner::Dispatch
            | Owner::EnforcementCenter
            | Owner::Evaluation
            | Owner::Notification,
        ) => Ok(()),
    }
}

async fn on_dispatch(desk: &Desk<Rules>, stored: &StoredCommit) -> Result<(), Failure> {
    for fact in stored.commit.dispatch_facts() {
        let (asked, left) = if let DispatchFact::Resolved(resolved) = fact {
            (Some(wire::asked(resolved).map_err(Failure::permanent)?), false)
        } else if let DispatchFact::Closed(closed) = fact
            && is_left(closed.reason())
        {
            (last_resolution(desk, stored).await?, true)
        } else {
            continue;
        };
        // A case that left before it was ever resolved has nothing to rate.
        let Some(asked) = asked else { continue };
        let key = &stored.subject.key;
        let charter = desk.station.charter_to_follow(&key.district)?;
        let command = if left {
            Command::Abandon { asked }
        } else {
            Command::Ask { asked, formula: Formula::from(charter.formula()) }
        };
        desk.react(key, &stored.subject, &charter, command).await?;
    }
    Ok(())
}

/// Whether a case ends in such a way that nobody is asked any more.
const fn is_left(reason: CloseReason) -> bool {
    match reason {
        CloseReason::Withdrawn | CloseReason::Excluded | CloseReason::Merged => true,
        CloseReason::Unspecified | CloseReason::Rated | CloseReason::Unrated => false,
    }
}

/// The last resolution before `closing`, from the record: facts of one case may reach us out of order, and a closing
/// does not say which resolution it ends.
async fn last_resolution(desk: &Desk<Rules>, closing: &StoredCommit) -> Result<Option<Asked>, Failure> {
    let commits = desk.station.broker.load_owner(&closing.subject.key, Owner::Dispatch).await?;
    if commits.last().is_none_or(|last| last.subject.revision < closing.subject.revision) {
        return Err(desk.station.broker.not_found(&closing.subject).await);
    }
    let until = commits.iter().filter(|stored| stored.subject.revision <= closing.subject.revision);
    let resolutions = until.flat_map(|stored| stored.commit.dispatch_facts());
    let resolved =
        resolutions.filter_map(|fact| if let DispatchFact::Resolved(resolved) = fact { Some(resolved) } else { None });
    resolved.last().map(wire::asked).transpose().map_err(Failure::permanent)
}
