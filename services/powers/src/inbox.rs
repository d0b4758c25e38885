//! What the powers follow: their own commits, for alarms and numbers, and the alarms.

use ids::{Code, Kind, Owner};
use proto::streams::{CASES, TIMERS, record_consumer, timer_consumer};
use record::StoredCommit;
use record::alarm::Alarm;
use record::follow::{Delivered, Failure};
use station::Desk;
use station::desk::read_stored;
use tokio_util::sync::CancellationToken;

use crate::domain::{consultation, personnel};
use crate::registers::Registers;

#[derive(Clone)]
pub struct Inbox {
    pub consultations: Desk<consultation::Rules>,
    pub personnel: Desk<personnel::Rules>,
    pub registers: Registers,
}

pub async fn follow(inbox: Inbox, stop: CancellationToken) -> anyhow::Result<()> {
    let follower = inbox.personnel.station.broker.follower(CASES, &record_consumer(Owner::Powers)).await?;
    follower
        .run(stop, move |delivered| {
            let inbox = inbox.clone();
            async move { inbox.take(&delivered).await }
        })
        .await?;
    Ok(())
}

pub async fn mind_deadlines(inbox: Inbox, stop: CancellationToken) -> anyhow::Result<()> {
    let follower = inbox.personnel.station.broker.follower(TIMERS, &timer_consumer(Owner::Powers)).await?;
    follower
        .run(stop, move |delivered| {
            let inbox = inbox.clone();
            async move { inbox.ring(&delivered).await }
        })
        .await?;
    Ok(())
}

impl Inbox {
    async fn take(&self, delivered: &Delivered) -> Result<(), Failure> {
        let stored = read_stored(delivered)?;
        match stored.subject.key.kind {
            Kind::Consultation => self.consultations.after_own_commit(&stored).await.map(|_| ()),
            Kind::Personnel => self.lettered(&stored).await,
            other @ (Kind::Case
            | Kind::Roster
            | Kind::Period
            | Kind::Poll
            | Kind::Staff
            | Kind::Register
            | Kind::Suggestion
            | Kind::SignOff
            | Kind::Funds
            | Kind::Headcount
            | Kind::Allowance
            | Kind::Person) => Err(misdirected(other)),
        }
    }

    async fn ring(&self, delivered: &Delivered) -> Result<(), Failure> {
        let alarm = Alarm::read(delivered)?;
        let charter = self.personnel.station.charter_to_follow(&alarm.key.district)?;
        match alarm.key.kind {
            Kind::Consultation => {
                let check = |now| consultation::Command::CheckDeadline { now };
                self.consultations.ring(&alarm, &charter, check).await
            }
            Kind::Personnel => {
                let check = |now| personnel::Command::CheckDeadline { now };
                self.personnel.ring(&alarm, &charter, check).await
            }
            other @ (Kind::Case
            | Kind::Roster
            | Kind::Period
            | Kind::Poll
            | Kind::Staff
            | Kind::Register
            | Kind::Suggestion
            | Kind::SignOff
            | Kind::Funds
            | Kind::Headcount
            | Kind::Allowance
            | Kind::Person) => Err(misdirected(other)),
        }
    }

    /// A letter that has no number yet gets one.
    async fn lettered(&self, stored: &StoredCommit) -> Result<(), Failure> {
        let state = self.personnel.after_own_commit(stored).await?.state;
        let Some(letter) = state.letter.as_ref().filter(|_| state.number.is_none()) else { return Ok(()) };
        let key = &stored.subject.key;
        let name: Code = key.id.parse().map_err(|error: ids::CodeError| Failure::permanent(error))?;
        let charter = self.personnel.station.charter_to_follow(&key.district)?;
        let year = charter.time_zone.to_datetime(letter.sent_at).year();
        let number = self.registers.number(&charter, year, &name, &stored.subject).await?;
        let command = personnel::Command::Number(personnel::Number { year, number });
        self.personnel.react(key, &stored.subject, &charter, command).await
    }
}

fn misdirected(kind: Kind) -> Failure {
    Failure::permanent(format!("the powers have nothing to do with a {}", kind.as_str()))
}
