//! What triage follows: intake's commits, its own (for their deadlines), and alarms. What a commit asks for is in
//! `reaction.rs`.

use ids::Owner;
use proto::streams::{CASES, TIMERS, record_consumer, timer_consumer};
use record::StoredCommit;
use record::alarm::Alarm;
use record::follow::{Delivered, Failure};
use station::Desk;
use tokio_util::sync::CancellationToken;

use crate::domain::{Command, Rules};
use crate::reaction;

pub async fn follow(desk: Desk<Rules>, stop: CancellationToken) -> anyhow::Result<()> {
    let follower = desk.station.broker.follower(CASES, &record_consumer(Owner::Triage)).await?;
    follower
        .run(stop, move |delivered| {
            let desk = desk.clone();
            async move { take(&desk, &delivered).await }
        })
        .await?;
    Ok(())
}

pub async fn mind_deadlines(desk: Desk<Rules>, stop: CancellationToken) -> anyhow::Result<()> {
    let follower = desk.station.broker.follower(TIMERS, &timer_consumer(Owner::Triage)).await?;
    follower
        .run(stop, move |delivered| {
            let desk = desk.clone();
            async move {
                let alarm = Alarm::read(&delivered)?;
                let charter = desk.station.charter_to_follow(&alarm.key.district)?;
                desk.ring(&alarm, &charter, |now| Command::CheckDeadlines { now }).await
            }
        })
        .await?;
    Ok(())
}

async fn take(desk: &Desk<Rules>, delivered: &Delivered) -> Result<(), Failure> {
    let stored = StoredCommit::read(delivered)?;
    if stored.subject.owner == Owner::Triage {
        return desk.after_own_commit(&stored).await.map(|_| ());
    }
    if !reaction::asks(&stored) {
        return Ok(());
    }
    let key = &stored.subject.key;
    let charter = desk.station.charter_to_follow(&key.district)?;
    for command in reaction::commands(&charter, desk.station.now(), &stored).map_err(Failure::permanent)? {
        desk.react(key, &stored.subject, &charter, command).await?;
    }
    Ok(())
}
