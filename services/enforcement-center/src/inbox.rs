//! What the centre follows: dispatch's commits, its own (for deadlines and effects), and alarms.

use std::collections::BTreeSet;
use std::sync::Arc;

use ids::Owner;
use jiff::Timestamp;
use proto::streams::{CASES, TIMERS, record_consumer, timer_consumer};
use record::alarm::Alarm;
use record::follow::{Delivered, Failure};
use station::Desk;
use station::desk::read_stored;
use tokio_util::sync::CancellationToken;

use crate::centre::{roster_key, seat_due};
use crate::domain::operation::{Command, Rules};
use crate::domain::roster::{Rules as RosterRules, State as Roster};
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

pub async fn mind_deadlines(
    desk: Desk<Rules>,
    rosters: Desk<RosterRules>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let follower = desk.station.broker.follower(TIMERS, &timer_consumer(Owner::EnforcementCenter)).await?;
    follower
        .run(stop, move |delivered| {
            let (desk, rosters) = (desk.clone(), rosters.clone());
            async move {
                let alarm = Alarm::read(&delivered)?;
                let charter = desk.station.charter_to_follow(&alarm.key.district)?;
                let told = charter.district_centre().code.clone();
                let substitutes = Substitutes::of(&desk, &rosters, &alarm).await?;
                desk.ring(&alarm, &charter, |now| Command::CheckDeadlines {
                    now,
                    seat_due: seat_due(&charter, now),
                    told,
                    away: substitutes.away(now),
                })
                .await
            }
        })
        .await?;
    Ok(())
}

/// Whom the seats of an operation wait for next, and what their centre's roster says of them.
struct Substitutes {
    staff_refs: Vec<String>,
    roster: Arc<Roster>,
}

impl Substitutes {
    async fn of(desk: &Desk<Rules>, rosters: &Desk<RosterRules>, alarm: &Alarm) -> Result<Self, Failure> {
        let operation = desk.read_to_follow(&alarm.key).await?.state.operation.clone();
        let Some(operation) = operation else { return Ok(Self { staff_refs: Vec::new(), roster: Arc::default() }) };
        let staff_refs: Vec<String> = operation.substitutes().map(|officer| officer.staff_ref.clone()).collect();
        let key = roster_key(alarm.key.district.clone(), &operation.opening.centre);
        // Most alarms are of notices, and no roster is read for them.
        let roster = if staff_refs.is_empty() { Arc::default() } else { rosters.read_to_follow(&key).await?.state };
        Ok(Self { staff_refs, roster })
    }

    fn away(&self, now: Timestamp) -> BTreeSet<String> {
        let away = self.staff_refs.iter().filter(|staff_ref| !self.roster.is_available(staff_ref, now));
        away.cloned().collect()
    }
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
