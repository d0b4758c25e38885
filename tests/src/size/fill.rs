//! Fills a store up to so many cases, from patterns, through the record's own appender. It goes on where it was stopped:
//! case number n is the same in every run, and what is there already is left as it is.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::Context;
use futures::{StreamExt, TryStreamExt};
use ids::Owner;
use jiff::{SignedDuration, Timestamp};
use prost::Message;
use proto::ToWireTime;
use proto::dispatch::v1::{CallOrder, Order, order};
use proto::streams::{CALLS, CASES};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use record::{Appender, Broker, BrokerError, References};
use serde::{Deserialize, Serialize};

use super::templates::{State, Template, Written};
use super::{DAYS, SEED, say};

/// Cases written at the same time: enough to fill the appender's groups, each case in its own order.
const AT_ONCE: usize = 2_000;
/// How often it is said and kept how far it is, in cases.
const TOLD_EVERY: u64 = 20_000;
/// Of a thousand cases, so many wait to be judged and so many are under way; the others are closed.
const QUEUED_OF_1000: u32 = 2;
const OPEN_OF_1000: u32 = 20;

/// `fill.json` beside the store.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Filled {
    pub cases: u64,
    /// The newest case was received before this.
    pub until: Timestamp,
}

impl Filled {
    /// How full the store in `folder` is.
    ///
    /// # Errors
    /// What is kept there does not read.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        match std::fs::read_to_string(folder.join("fill.json")) {
            Ok(text) => serde_json::from_str(&text).context("reading fill.json"),
            Err(_) => Ok(Self { cases: 0, until: chassis::Clock::real().real_now() }),
        }
    }

    fn write(&self, folder: &Path) -> anyhow::Result<()> {
        Ok(std::fs::write(folder.join("fill.json"), serde_json::to_string(self)?)?)
    }
}

/// Writes cases until there are `cases`. Answers commits a second; none if there was nothing to write.
///
/// # Errors
/// The broker does not take them.
pub async fn fill(
    folder: &Path,
    broker: &Broker,
    templates: &[Template],
    cases: u64,
    begun: Instant,
) -> anyhow::Result<Option<f64>> {
    let mut filled = Filled::read(folder)?;
    let (from, until) = (filled.cases, filled.until);
    if from >= cases {
        return Ok(None);
    }
    let writer = Writer {
        commits: Appender::start(broker, CASES).await?,
        orders: Appender::start(broker, CALLS).await?,
        references: References::open(broker).await?,
        written: Arc::default(),
    };
    let started = Instant::now();
    let mut done = from;
    // Numbers are kept in order, so that what is before the kept one is all there.
    let mut writing = futures::stream::iter(from..cases)
        .map(|number| {
            let (writer, case) = (writer.clone(), draw(templates, number, until));
            async move { writer.write(case?).await }
        })
        .buffered(AT_ONCE);
    while writing.try_next().await?.is_some() {
        done += 1;
        if done % TOLD_EVERY == 0 {
            filled.cases = done;
            filled.write(folder)?;
            let per_s = writer.written.load(Ordering::Relaxed) as f64 / started.elapsed().as_secs_f64();
            say(begun, format_args!("filled {done} of {cases} cases, {per_s:.0} commits a second"));
        }
    }
    filled.cases = cases;
    filled.write(folder)?;
    Ok(Some(writer.written.load(Ordering::Relaxed) as f64 / started.elapsed().as_secs_f64()))
}

/// Case number `number`, the same in every run on one store.
fn draw(templates: &[Template], number: u64, until: Timestamp) -> anyhow::Result<Written> {
    let mut draw = StdRng::seed_from_u64(SEED ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let state = match draw.random_range(0..1000_u32) {
        of if of < QUEUED_OF_1000 => State::Queued,
        of if of < QUEUED_OF_1000 + OPEN_OF_1000 => State::Open,
        _ => State::Closed,
    };
    let of_state: Vec<&Template> = templates.iter().filter(|template| template.state == state).collect();
    let template = of_state[draw.random_range(0..of_state.len())];
    let ago = SignedDuration::from_secs(draw.random_range(3_600..DAYS * 86_400));
    template.write(number, until.checked_sub(ago)?, &mut draw)
}

#[derive(Clone)]
struct Writer {
    commits: Appender,
    orders: Appender,
    references: References,
    written: Arc<AtomicU64>,
}

impl Writer {
    async fn write(&self, case: Written) -> anyhow::Result<()> {
        let Written { district, case, received, reference, commits, orders } = case;
        let _pointed = self.references.point(&reference, case.as_str()).await?;
        for (subject, payload) in commits {
            there(self.commits.append(subject, payload).await)?;
            self.written.fetch_add(1, Ordering::Relaxed);
        }
        for subject in orders {
            let n = subject.rsplit('.').next().unwrap_or_default().to_owned();
            let order = Order {
                district: district.clone(),
                case_id: case.to_string(),
                n,
                at: Some(received.to_wire()),
                order: Some(order::Order::Call(CallOrder { call: 1, ..CallOrder::default() })),
            };
            there(self.orders.append(subject, order.encode_to_vec()).await)?;
        }
        Ok(())
    }
}

/// What an earlier run has written is as good.
fn there(appended: Result<u64, BrokerError>) -> anyhow::Result<()> {
    match appended {
        Ok(_) | Err(BrokerError::Exists { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Who follows the record begins at its end: what was filled in is past.
///
/// # Errors
/// The broker does not answer.
pub async fn forget_the_past(broker: &Broker) -> anyhow::Result<()> {
    for owner in Owner::ALL {
        broker.skip_what_is_stored(CASES, &proto::streams::record_consumer(owner)).await?;
    }
    for department in super::DEPARTMENTS {
        broker.skip_what_is_stored(CALLS, department).await?;
    }
    Ok(())
}
