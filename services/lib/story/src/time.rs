//! Time in a story: it jumps, but only when nothing is under way, and never over a deadline (D9).

use std::time::{Duration, Instant};

use anyhow::bail;
use jiff::Timestamp;
use record::clock::ClockMover;
use record::quiet::Activity;
use record::{Broker, BrokerError};

/// Longest wait for everything to come to rest.
const QUIET_S_MAX: u64 = 60;
/// Between two looks at what is under way.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Longest wait for a due alarm to be handled; the broker itself takes up to a quarter of a second.
const ALARM_S_MAX: u64 = 30;

pub struct StoryTime {
    broker: Broker,
    mover: ClockMover,
    now: Timestamp,
    /// How everything was when it was at rest last.
    at_rest: Option<Activity>,
}

impl StoryTime {
    /// Takes the clock and sets it to `begins`.
    pub async fn begin(broker: &Broker, begins: Timestamp) -> anyhow::Result<Self> {
        let mut mover = ClockMover::open(broker).await?;
        if mover.call_roll().await? == 0 {
            bail!(
                "nothing here goes by a clock that can be moved: stories play on an installation that is started with --play"
            );
        }
        let mut time = Self { broker: broker.clone(), mover, now: begins, at_rest: None };
        time.rest().await?;
        time.mover.jump(begins).await?;
        time.rest().await?;
        Ok(time)
    }

    /// Goes on to `at`, stopping at every deadline on the way.
    pub async fn advance(&mut self, at: Timestamp) -> anyhow::Result<()> {
        self.rest().await?;
        while let Some(alarm) = self.mover.next_alarm().await?
            && alarm <= at
        {
            if alarm > self.now {
                self.mover.jump(alarm).await?;
                self.now = alarm;
            }
            self.until_handled(alarm).await?;
            self.rest().await?;
        }
        if at > self.now {
            self.mover.jump(at).await?;
            self.now = at;
        }
        Ok(())
    }

    /// Waits until no message waits for anybody, twice in a row with nothing new in between.
    pub async fn rest(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + Duration::from_secs(QUIET_S_MAX);
        let mut before = None;
        loop {
            let look = self.broker.activity(before.as_ref().or(self.at_rest.as_ref())).await;
            let Some(activity) = unless_away(look, deadline)? else {
                before = None;
                tokio::time::sleep(LOOK_EVERY).await;
                continue;
            };
            if activity.is_settled() && before.as_ref() == Some(&activity) {
                self.at_rest = Some(activity);
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("something is still under way after {QUIET_S_MAX} s: {:?}; look at the logs", activity.unsettled);
            }
            before = Some(activity);
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn until_handled(&self, alarm: Timestamp) -> anyhow::Result<()> {
        let deadline = Instant::now() + Duration::from_secs(ALARM_S_MAX);
        loop {
            let next = unless_away(self.mover.next_alarm().await, deadline)?;
            if next.is_some_and(|next| next.is_none_or(|next| next > alarm)) {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("the alarm of {alarm} has not rung after {ALARM_S_MAX} s; look at the consumers of TIMERS");
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// What was seen; nothing when the broker did not answer, which it may do again before the deadline.
fn unless_away<T>(seen: Result<T, BrokerError>, deadline: Instant) -> Result<Option<T>, BrokerError> {
    match seen {
        Err(BrokerError::Unavailable { .. }) if Instant::now() < deadline => Ok(None),
        seen => seen.map(Some),
    }
}
