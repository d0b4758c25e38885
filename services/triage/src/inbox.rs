//! What triage follows: cases that were received and cases that ended with intake, its own commits (for their deadlines),
//! and alarms. Dispatch ends a case that nobody has judged only for one of those facts, so it is not followed.

use ids::Owner;
use proto::intake::v1::Received;
use proto::intake::v1::intake_event::Event as IntakeFact;
use proto::record::v1::event::Of;
use proto::streams::{CASES, TIMERS, record_consumer, timer_consumer};
use record::StoredCommit;
use record::alarm::Alarm;
use record::follow::{Delivered, Failure};
use station::Desk;
use station::wire;
use tokio_util::sync::CancellationToken;

use crate::domain::{Command, DismissReason, Rules, Subject};
use crate::grading;
use crate::wire::source;

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
    for event in stored.commit.decisions.iter().flat_map(|decision| &decision.events) {
        let Some(Of::Intake(fact)) = &event.of else { continue };
        match &fact.event {
            Some(IntakeFact::Received(received)) => grade(desk, &stored, received).await?,
            Some(IntakeFact::WithdrawalAsked(_)) => dismiss(desk, &stored, DismissReason::Withdrawn).await?,
            Some(IntakeFact::ExclusionApproved(_)) => dismiss(desk, &stored, DismissReason::Excluded).await?,
            Some(IntakeFact::LinkedAsDuplicate(_)) => dismiss(desk, &stored, DismissReason::Merged).await?,
            Some(
                IntakeFact::Supplemented(_)
                | IntakeFact::ExclusionProposed(_)
                | IntakeFact::CallerJoined(_)
                | IntakeFact::PollOpened(_)
                | IntakeFact::HouseholdAnswered(_)
                | IntakeFact::PollClosed(_)
                | IntakeFact::PollAttached(_),
            )
            | None => {}
        }
    }
    Ok(())
}

async fn dismiss(desk: &Desk<Rules>, stored: &StoredCommit, reason: DismissReason) -> Result<(), Failure> {
    let key = &stored.subject.key;
    let charter = desk.station.charter_to_follow(&key.district)?;
    desk.react(key, &stored.subject, &charter, Command::Dismiss { reason }).await
}

async fn grade(desk: &Desk<Rules>, stored: &StoredCommit, received: &Received) -> Result<(), Failure> {
    let key = &stored.subject.key;
    let charter = desk.station.charter_to_follow(&key.district)?;
    let place = wire::place(received.place.as_ref()).map_err(Failure::permanent)?;
    let source = source::received(received).map_err(Failure::permanent)?;
    let campaign = wire::optional_code("campaign", &received.campaign).map_err(Failure::permanent)?;
    let subject = Subject { title: received.title.clone(), place, source, campaign };
    let verdict = grading::verdict(&charter, &received.category_hint, &received.text, &subject, desk.station.now());
    let command = Command::Grade { verdict, subject };
    desk.react(key, &stored.subject, &charter, command).await
}
