//! What triage follows: cases that were received, its own commits (for their deadlines), and alarms.

use ids::Owner;
use proto::intake::v1::{Received, intake_event};
use proto::record::v1::event::Of;
use proto::streams::{CASES, TIMERS, record_consumer, timer_consumer};
use record::StoredCommit;
use record::alarm::Alarm;
use record::follow::{Delivered, Failure};
use station::Desk;
use station::wire;
use tokio_util::sync::CancellationToken;

use crate::domain::{Command, Rules, Subject};
use crate::grading;

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
                let charter = desk.station.charter(alarm.key.district.as_str()).map_err(Failure::transient)?;
                desk.ring(&alarm, &charter, |now| Command::CheckDeadlines { now }).await
            }
        })
        .await?;
    Ok(())
}

async fn take(desk: &Desk<Rules>, delivered: &Delivered) -> Result<(), Failure> {
    let stored = StoredCommit::read(delivered).map_err(Failure::permanent)?;
    if stored.subject.owner == Owner::Triage {
        return desk.follow_own(&stored).await.map(|_| ());
    }
    for event in stored.commit.decisions.iter().flat_map(|decision| &decision.events) {
        if let Some(Of::Intake(fact)) = &event.of
            && let Some(intake_event::Event::Received(received)) = &fact.event
        {
            grade(desk, &stored, received).await?;
        }
    }
    Ok(())
}

async fn grade(desk: &Desk<Rules>, stored: &StoredCommit, received: &Received) -> Result<(), Failure> {
    let key = &stored.subject.key;
    let charter = desk.station.charter(key.district.as_str()).map_err(Failure::transient)?;
    let place = wire::place(received.place.as_ref()).map_err(Failure::permanent)?;
    let now = desk.station.now();
    let verdict = grading::verdict(&charter, &received.category_hint, &received.title, &received.text, &place, now);
    let campaign = wire::optional_code("campaign", &received.campaign).map_err(Failure::permanent)?;
    let command = Command::Grade { verdict, subject: Subject { title: received.title.clone(), place, campaign } };
    desk.react(key, &stored.subject, &charter, command).await
}
