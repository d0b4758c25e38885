//! The department's own system is told of each order by webhook: signed, once by id, those of one case in order, tried until it takes
//! them. Nothing is given up: an order that is not taken stands in the way of its own case alone.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chassis::{CancellationToken, Clock};
use futures::StreamExt;
use ids::Code;
use jiff::Timestamp;
use proto::FromWireTime;
use proto::dispatch::v1::{Order, order};
use tokio::sync::watch;
use webhook::{Attempt, Event, Poster, Target, Tries, short_id};

use crate::store::{Progress, Store, StoreError, Told, Untold};

/// Cases that are told at the same time.
const TOGETHER_MAX: usize = 8;
/// Orders that wait to be tried again. While there are so many, further ones stay where they are, and come after them.
const WAITING_MAX: usize = 1000;
/// Longest pause of somebody who waits for an order, and for a store that cannot be read.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// One system being told.
pub(crate) struct Telling {
    pub department: Code,
    pub store: Store,
    pub clock: Clock,
    pub poster: Poster,
    pub target: Target,
}

/// What is known of it: the same as on disk.
struct Kept {
    told: Told,
    untold: BTreeMap<i64, Untold>,
    /// When the system last took something, as far as this process knows.
    taken_at: Option<Timestamp>,
}

/// What came of one case's orders, in order.
struct Sent {
    taken: Vec<i64>,
    /// The first that was not taken, and those behind it.
    left: Vec<(i64, Order)>,
    failed: Option<Attempt>,
}

impl Telling {
    /// Tells, until `stop`.
    ///
    /// # Errors
    /// None: what fails is tried again.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let mut newest = self.store.newest();
        let mut kept = None;
        loop {
            let pause = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                turn = self.turn(&mut kept, &mut newest) => turn.unwrap_or_else(|error| {
                    tracing::error!(%error, "what the department's system was told cannot be kept; trying again");
                    kept = None;
                    LOOK_EVERY
                }),
            };
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(pause) => {}
                changed = newest.changed() => if changed.is_err() { return Ok(()) },
            }
        }
    }

    /// Tries what waits and is due, then what is new. How long there is nothing to do after that.
    async fn turn(&self, known: &mut Option<Kept>, newest: &mut watch::Receiver<i64>) -> Result<Duration, StoreError> {
        let newest = *newest.borrow_and_update();
        let mut kept = match known.take() {
            Some(kept) => kept,
            None => self.read(newest).await?,
        };
        self.try_again(&mut kept).await?;
        while kept.told.position < newest && kept.untold.len() < WAITING_MAX {
            self.tell_more(&mut kept, newest).await?;
        }
        let waiting = u32::try_from(kept.untold.len()).unwrap_or(u32::MAX);
        let department = self.department.to_string();
        metrics::gauge!("responder_webhooks_waiting", "department" => department).set(f64::from(waiting));
        let now = self.clock.real_now();
        let due = first_of_each(&kept.untold).filter_map(|position| kept.untold.get(&position));
        let due = due.map(|untold| untold.tries.next_at).min();
        let due = due.map(|due| Duration::try_from(due.duration_since(now)).unwrap_or_default());
        *known = Some(kept);
        Ok(due.unwrap_or(LOOK_EVERY).min(LOOK_EVERY))
    }

    async fn read(&self, newest: i64) -> Result<Kept, StoreError> {
        let (told, untold) = self.store.untold().await?;
        let told = told.unwrap_or(Told { position: 0, unfinished_until: newest });
        let untold = untold.into_iter().map(|untold| (untold.position, untold)).collect();
        Ok(Kept { told, untold, taken_at: None })
    }

    /// Of each case that waits the first order that is due, and those behind it.
    async fn try_again(&self, kept: &mut Kept) -> Result<(), StoreError> {
        let now = self.clock.real_now();
        let due: Vec<i64> =
            first_of_each(&kept.untold).filter(|first| kept.untold[first].tries.next_at <= now).collect();
        let mut cases = Vec::new();
        for first in due {
            let name = case_of(&kept.untold[&first].order);
            let behind = kept.untold.range(first..).filter(|(_, untold)| case_of(&untold.order) == name);
            cases.push(behind.map(|(position, untold)| (*position, untold.order.clone())).collect::<Vec<_>>());
        }
        for sent in self.send(cases).await {
            self.settle(kept, sent, None).await?;
        }
        Ok(())
    }

    /// The next orders, those of cases that wait behind what waits.
    async fn tell_more(&self, kept: &mut Kept, newest: i64) -> Result<(), StoreError> {
        let Told { position, unfinished_until } = kept.told;
        let orders = self.store.orders_after(position, unfinished_until).await?;
        let reached = orders.last().map_or(newest, |(position, _)| *position);
        let waiting: BTreeSet<String> = kept.untold.values().map(|untold| case_of(&untold.order)).collect();
        let (mut cases, mut behind) = (BTreeMap::<String, Vec<_>>::new(), Vec::new());
        for (position, order) in orders {
            let case = case_of(&order);
            if waiting.contains(&case) {
                behind.push((position, order));
            } else {
                cases.entry(case).or_default().push((position, order));
            }
        }
        let sent = self.send(cases.into_values().collect()).await;
        let mut progress = Sent { taken: Vec::new(), left: behind, failed: None };
        // All of it in one go: an order is told, or waits, or comes again.
        for sent in sent {
            let Sent { taken, left, failed } = sent;
            progress.taken.extend(taken);
            if let (Some(failed), Some((position, order))) = (&failed, left.first()) {
                let mut tries = Tries::none(self.clock.real_now());
                tries.failed(failed, self.clock.real_now());
                kept.untold.insert(*position, Untold { position: *position, order: order.clone(), tries });
            }
            progress.left.extend(left);
        }
        self.settle(kept, progress, Some(Told { position: reached, unfinished_until })).await
    }

    /// Writes down what came of it, and knows it from then on.
    async fn settle(&self, kept: &mut Kept, sent: Sent, told: Option<Told>) -> Result<(), StoreError> {
        let now = self.clock.real_now();
        let Sent { taken, left, failed } = sent;
        if !taken.is_empty() {
            let before = kept.taken_at.replace(now);
            for untold in kept.untold.values_mut() {
                untold.tries.receiver_took(before, now);
            }
        }
        let mut waits = Vec::new();
        for (nth, (position, order)) in left.into_iter().enumerate() {
            let new = Untold { position, order, tries: Tries::none(now) };
            let untold = kept.untold.entry(position).or_insert(new);
            if let Some(failed) = failed.as_ref().filter(|_| nth == 0) {
                untold.tries.failed(failed, now);
            }
            waits.push((position, untold.tries.clone()));
        }
        taken.iter().for_each(|position| {
            kept.untold.remove(position);
        });
        self.store.told(Progress { told, waits, taken }).await?;
        if let Some(told) = told {
            kept.told = told;
        }
        Ok(())
    }

    async fn send(&self, cases: Vec<Vec<(i64, Order)>>) -> Vec<Sent> {
        let sends = cases.into_iter().map(|orders| self.send_in_order(orders));
        futures::stream::iter(sends).buffer_unordered(TOGETHER_MAX).collect().await
    }

    async fn send_in_order(&self, orders: Vec<(i64, Order)>) -> Sent {
        let mut sent = Sent { taken: Vec::new(), left: orders, failed: None };
        while let Some((position, order)) = sent.left.first() {
            let attempt = self.poster.post(&self.target, &self.event(order), self.clock.real_now()).await;
            let outcome = if attempt == Attempt::Taken { "taken" } else { "failed" };
            let department = self.department.to_string();
            metrics::counter!("responder_webhooks_total", "department" => department, "outcome" => outcome)
                .increment(1);
            if let Some(error) = attempt.error() {
                tracing::debug!(
                    department = self.department.as_str(),
                    error,
                    "the department's system did not take an order"
                );
                sent.failed = Some(attempt);
                break;
            }
            sent.taken.push(*position);
            sent.left.remove(0);
        }
        sent
    }

    fn event(&self, order: &Order) -> Event {
        let id = short_id(&format!("{}|{}|{}|{}", self.department, order.district, order.case_id, order.n));
        let kind = match &order.order {
            Some(order::Order::Call(_)) => "huying.order.call",
            Some(order::Order::Task(_)) => "huying.order.task",
            Some(order::Order::Supervision(_)) => "huying.order.supervision",
            Some(order::Order::Over(_)) | None => "huying.order.over",
        };
        // Orders without a time are of hubs that did not say it.
        let at = order.at.time().unwrap_or_default();
        let data = serde_json::to_value(order).unwrap_or_default();
        Event::new((id, kind), format!("/huying/{}", order.district), &order.case_id, at, data)
    }
}

/// The position of the first order that waits of each case.
fn first_of_each(untold: &BTreeMap<i64, Untold>) -> impl Iterator<Item = i64> {
    let mut seen = BTreeSet::new();
    let firsts: Vec<i64> =
        untold.iter().filter(|(_, untold)| seen.insert(case_of(&untold.order))).map(|(at, _)| *at).collect();
    firsts.into_iter()
}

fn case_of(order: &Order) -> String {
    format!("{}|{}", order.district, order.case_id)
}

#[cfg(test)]
mod tests;
