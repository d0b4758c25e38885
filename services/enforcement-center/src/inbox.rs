//! What the centre follows: dispatch's commits, its own (for deadlines and effects), and alarms.

use ids::Owner;
use proto::streams::{CASES, TIMERS, record_consumer, timer_consumer};
use record::alarm::Alarm;
use record::follow::{Delivered, Failure};
use station::Desk;
use station::desk::read_stored;
use tokio_util::sync::CancellationToken;

use crate::centre::seat_due;
use crate::domain::operation::{Command, Rules};
use crate::registers::Registers;
use crate::{dispatched, effects};

pub async fn follow(desk: Desk<Rules>, registers: Registers, stop: CancellationToken) -> anyhow::Result<()> {
    let follower = desk.station.broker.follower(CASES, &record_consumer(Owner::EnforcementCenter)).await?;
    follower
        .run(stop, move |delivered| {
            let (desk, registers) = (desk.clone(), registers.clone());
            async move { take(&desk, &registers, &delivered).await }
        })
        .await?;
    Ok(())
}

pub async fn mind_deadlines(desk: Desk<Rules>, stop: CancellationToken) -> anyhow::Result<()> {
    let follower = desk.station.broker.follower(TIMERS, &timer_consumer(Owner::EnforcementCenter)).await?;
    follower
        .run(stop, move |delivered| {
            let desk = desk.clone();
            async move {
                let alarm = Alarm::read(&delivered)?;
                let charter = desk.station.charter_to_follow(&alarm.key.district)?;
                let told = charter.district_centre().code.clone();
                desk.ring(&alarm, &charter, |now| Command::CheckDeadlines {
                    now,
                    seat_due: seat_due(&charter, now),
                    told,
                })
                .await
            }
        })
        .await?;
    Ok(())
}

async fn take(desk: &Desk<Rules>, registers: &Registers, delivered: &Delivered) -> Result<(), Failure> {
    let stored = read_stored(delivered)?;
    if stored.subject.owner == Owner::EnforcementCenter {
        let now = desk.after_own_commit(&stored).await?;
        if let Some(operation) = now.state.operation.as_ref().filter(|operation| !operation.documents.is_empty()) {
            let key = &stored.subject.key;
            let charter = desk.station.charter_to_follow(&key.district)?;
            registers.enter(&charter, key, now.revision, operation).await?;
        }
        return effects::follow(desk, &stored).await;
    }
    dispatched::follow(desk, &stored).await
}
