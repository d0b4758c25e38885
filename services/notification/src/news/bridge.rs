//! One bridge: it is asked for, told, and what it does not take is kept until it does.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use anyhow::Context;
use futures::StreamExt;
use ids::Code;
use jiff::Timestamp;
use prost::Message;
use proto::casebook::v1::{ChangedCase, ListChangesReply, ListChangesRequest, ListChangesResponse, list_changes_reply};
use proto::subjects::{BridgeSubject, BridgeVerb};
use proto::{FromWireTime, ToWireTime};
use record::{BrokerError, NO_NOTE, Requester};
use tokio_util::sync::CancellationToken;
use webhook::{Attempt, Poster, Target, Tries, jittered, pause_after, short_id};

use super::News;
use super::documents::{Dead, Item, Told, Waiting, key, read, written};

/// Cases of one question.
const PAGE: u32 = 20;
/// Cases that are told at the same time.
const TOGETHER_MAX: usize = 8;
/// Cases of a bridge that wait to be tried again. While there are so many no further ones are told: the record keeps them.
const WAITING_MAX: usize = 64;
/// Events of one case that wait; a case that has more waits on the record.
const ITEMS_MAX: usize = 64;
/// How often is asked when there was nothing.
const ASK_EVERY: Duration = Duration::from_secs(2);
/// How long the casebook may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// Pause after not the receiver failed, but we; doubled each time.
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// One bridge being told.
pub struct Telling {
    news: News,
    bridge: Code,
    target: Target,
    asking: Requester,
    /// As they are written down, with their versions; none: they have to be read.
    kept: Option<Kept>,
}

struct Kept {
    told: Told,
    /// As it was written last.
    content: Vec<u8>,
    version: u64,
    waiting: BTreeMap<String, (Waiting, u64)>,
    /// The last position told of each case since the walk through what changed began: a case that changes meanwhile comes
    /// again, from its beginning.
    told_of: HashMap<String, u64>,
}

/// What was sent of one case.
struct Sent {
    case_id: String,
    taken: usize,
    /// What the first that was not taken ran into.
    failed: Option<Attempt>,
}

impl Telling {
    pub fn of(news: &News, bridge: &Code) -> Self {
        let target = news.targets[bridge].clone();
        let asking = news.station.broker.requester();
        Self { news: news.clone(), bridge: bridge.clone(), target, asking, kept: None }
    }

    pub async fn run(mut self, stop: CancellationToken) {
        let mut failures = 0;
        while !stop.is_cancelled() {
            let pause = tokio::select! {
                () = stop.cancelled() => return,
                turn = self.turn() => match turn {
                    Ok(pause) => {
                        failures = 0;
                        pause
                    }
                    Err(error) => {
                        self.kept = None;
                        failures += 1;
                        let (bridge, error) = (self.bridge.as_str(), format!("{error:#}"));
                        if failures == 1 {
                            tracing::warn!(bridge, error, "a bridge is not told for the moment; trying on");
                        } else {
                            tracing::debug!(bridge, error, "a bridge is still not told");
                        }
                        jittered(pause_after(failures, PAUSE_MIN, PAUSE_MAX))
                    }
                },
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Tries what waits and is due, then goes on through what is new. How long there is nothing to do after that.
    async fn turn(&mut self) -> anyhow::Result<Duration> {
        let mut kept = self.read().await?;
        self.try_again(&mut kept).await?;
        let more = kept.waiting.len() < WAITING_MAX && self.walk(&mut kept).await?;
        metrics::gauge!("webhooks_waiting", "bridge" => self.bridge.to_string()).set(count(kept.waiting.len()));
        let now = self.now();
        let due = kept.waiting.values().map(|(waiting, _)| waiting.tries.next_at).min();
        let due = due.map(|due| Duration::try_from(due.duration_since(now)).unwrap_or_default());
        self.kept = Some(kept);
        Ok(if more { Duration::ZERO } else { due.unwrap_or(ASK_EVERY).min(ASK_EVERY) })
    }

    fn now(&self) -> Timestamp {
        self.news.station.clock.real_now()
    }

    /// What is written down, unless it is known and nobody has changed it.
    async fn read(&mut self) -> anyhow::Result<Kept> {
        let notes = &self.news.notes;
        let note = notes.get(&key::told(&self.bridge)).await?;
        let version = note.as_ref().map_or(NO_NOTE, |note| note.version);
        if let Some(kept) = self.kept.take_if(|kept| kept.version == version && version != NO_NOTE) {
            return Ok(kept);
        }
        let (told, waiting_ones, so_far) = (Told::default(), BTreeMap::new(), HashMap::new());
        let mut kept = Kept { told, content: Vec::new(), version, waiting: waiting_ones, told_of: so_far };
        match note {
            Some(note) => {
                kept.told = read(&note.content).context("reading how far the bridge has been told")?;
                kept.content = note.content.to_vec();
            }
            None => {
                // What was before somebody wanted to be told is not told, unless they ask for it.
                kept.told.from = Some(self.news.station.now());
                self.write(&mut kept).await?;
            }
        }
        for case_id in notes.keys(&key::all_waiting(&self.bridge)).await? {
            if let Some(note) = notes.get(&key::waiting(&self.bridge, &case_id)).await? {
                let read = read(&note.content).with_context(|| format!("reading what waits of {case_id}"))?;
                kept.waiting.insert(case_id, (read, note.version));
            }
        }
        Ok(kept)
    }

    async fn try_again(&self, kept: &mut Kept) -> anyhow::Result<()> {
        let now = self.now();
        let due = kept.waiting.iter().filter(|(_, (waiting, _))| waiting.tries.next_at <= now);
        let due: Vec<_> = due.map(|(case_id, (waiting, _))| (case_id.clone(), waiting.items.clone())).collect();
        if due.is_empty() {
            return Ok(());
        }
        for sent in self.send(due).await {
            self.note(kept, &sent);
            let Some((mut waiting, version)) = kept.waiting.remove(&sent.case_id) else { continue };
            waiting.items.drain(..sent.taken);
            if sent.taken > 0 {
                waiting.tries = Tries::none(self.now());
            }
            self.settle(kept, &sent.case_id, waiting, version, sent.failed).await?;
        }
        self.write(kept).await
    }

    /// Asks what is new and tells it. Whether there is more.
    async fn walk(&self, kept: &mut Kept) -> anyhow::Result<bool> {
        let page = self.ask(&kept.told).await?;
        let mut news = Vec::new();
        let mut is_full = false;
        for case in &page.cases {
            let (case_id, items) = self.items(case, &kept.told_of)?;
            let Some(last) = case.passages.last() else { continue };
            if items.is_empty() {
                continue;
            }
            if let Some((mut waiting, version)) = kept.waiting.get(&case_id).cloned() {
                let new = items.into_iter().filter(|item| waiting.items.iter().all(|known| known.id != item.id));
                let new: Vec<Item> = new.collect();
                waiting.items.extend(new);
                if waiting.items.len() > ITEMS_MAX {
                    is_full = true;
                    continue;
                }
                let version =
                    self.news.notes.put(&key::waiting(&self.bridge, &case_id), written(&waiting)?, version).await?;
                kept.waiting.insert(case_id.clone(), (waiting, version));
            } else {
                news.push((case_id.clone(), items));
            }
            kept.told_of.insert(case_id, last.position);
        }
        let by_case: HashMap<String, VecDeque<Item>> = news.iter().cloned().collect();
        for sent in self.send(news).await {
            self.note(kept, &sent);
            let mut items = by_case.get(&sent.case_id).cloned().unwrap_or_default();
            items.drain(..sent.taken);
            let waiting = Waiting { items, tries: Tries::none(self.now()) };
            self.settle(kept, &sent.case_id, waiting, NO_NOTE, sent.failed).await?;
        }
        if is_full {
            return Ok(false);
        }
        kept.told.cursor.clone_from(&page.next_cursor);
        if !page.more {
            kept.told_of.clear();
        }
        self.write(kept).await?;
        Ok(page.more)
    }

    /// What is left of a case after it was sent: nothing, or what waits, or what is given up.
    async fn settle(
        &self,
        kept: &mut Kept,
        case_id: &str,
        mut waiting: Waiting,
        mut version: u64,
        failed: Option<Attempt>,
    ) -> anyhow::Result<()> {
        let notes = &self.news.notes;
        let place = key::waiting(&self.bridge, case_id);
        if let Some(failed) = failed.filter(|_| !waiting.items.is_empty()) {
            let now = self.now();
            waiting.tries.failed(&failed, now);
            if waiting.tries.is_given_up(now, kept.told.taken_at)
                && let Some(item) = waiting.items.pop_front()
            {
                let Tries { count, error, .. } = std::mem::replace(&mut waiting.tries, Tries::none(now));
                self.bury(Dead { item, tries: count, at: now, error }).await?;
            }
            if !waiting.items.is_empty() {
                version = notes.put(&place, written(&waiting)?, version).await?;
                kept.waiting.insert(case_id.to_owned(), (waiting, version));
                return Ok(());
            }
        }
        if version != NO_NOTE {
            notes.forget(version).await?;
        }
        Ok(())
    }

    async fn bury(&self, letter: Dead) -> anyhow::Result<()> {
        let Dead { item, tries, error, .. } = &letter;
        let (bridge, id, kind) = (self.bridge.as_str(), item.id.as_str(), item.kind.as_str());
        tracing::warn!(bridge, webhook_id = id, kind, tries, error, "given up; `huying webhook replay` sends it again");
        counted(&self.bridge, "given-up", 1);
        match self.news.notes.put(&key::dead(&self.bridge, id), written(&letter)?, NO_NOTE).await {
            // Before a crash.
            Ok(_) | Err(BrokerError::Exists { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// What became of a case's events, for who watches.
    fn note(&self, kept: &mut Kept, sent: &Sent) {
        let now = self.now();
        if sent.taken > 0 {
            counted(&self.bridge, "taken", sent.taken);
            let before = kept.told.taken_at.replace(now);
            for (waiting, _) in kept.waiting.values_mut() {
                waiting.tries.receiver_took(before, now);
            }
        }
        if let Some(failed) = &sent.failed {
            counted(&self.bridge, "failed", 1);
            kept.told.failed_at = Some(now);
            kept.told.error = failed.error().unwrap_or_default().to_owned();
        }
    }

    async fn write(&self, kept: &mut Kept) -> anyhow::Result<()> {
        let content = written(&kept.told)?;
        if content != kept.content {
            kept.version = self.news.notes.put(&key::told(&self.bridge), content.clone(), kept.version).await?;
            kept.content = content;
        }
        Ok(())
    }

    async fn send(&self, cases: Vec<(String, VecDeque<Item>)>) -> Vec<Sent> {
        let sends = cases.into_iter().map(|(case_id, items)| self.send_in_order(case_id, items));
        futures::stream::iter(sends).buffer_unordered(TOGETHER_MAX).collect().await
    }

    async fn send_in_order(&self, case_id: String, items: VecDeque<Item>) -> Sent {
        let mut sent = Sent { case_id, taken: 0, failed: None };
        let (poster, target): (&Poster, &Target) = (&self.news.poster, &self.target);
        for item in items {
            match poster.post(target, &item.event(), self.now()).await {
                Attempt::Taken => sent.taken += 1,
                failed @ (Attempt::Refused(_) | Attempt::Failed(..)) => {
                    sent.failed = Some(failed);
                    break;
                }
            }
        }
        sent
    }

    async fn ask(&self, told: &Told) -> anyhow::Result<ListChangesResponse> {
        let from = told.from.filter(|_| told.cursor.is_empty()).map(ToWireTime::to_wire);
        let request =
            ListChangesRequest { cursor: told.cursor.clone(), page_size: PAGE, from, ..ListChangesRequest::default() };
        let subject = BridgeSubject { bridge: self.bridge.clone(), verb: BridgeVerb::Changes }.to_string();
        let answer = self.asking.request(subject, request.encode_to_vec(), ANSWER_MAX).await?;
        match ListChangesReply::decode(answer).context("reading the casebook's answer")?.result {
            Some(list_changes_reply::Result::Ok(page)) => Ok(page),
            Some(list_changes_reply::Result::Refusal(refusal)) => {
                anyhow::bail!("the casebook refuses: {}", refusal.message)
            }
            None => anyhow::bail!("the casebook gave no answer"),
        }
    }

    /// What of a case was not told yet, in order.
    fn items(&self, case: &ChangedCase, told_of: &HashMap<String, u64>) -> anyhow::Result<(String, VecDeque<Item>)> {
        let line = case.summary.clone().unwrap_or_default();
        let district: Code = line.district.parse().context("reading the district of a case")?;
        let known = told_of.get(&line.case_id).copied().unwrap_or_default();
        let (mut items, mut before, mut nth) = (VecDeque::new(), 0, 0);
        for passage in &case.passages {
            // Several facts of one commit have one position.
            nth = if passage.position == before { nth + 1 } else { 1 };
            before = passage.position;
            if passage.position <= known {
                continue;
            }
            let name = format!("{}|{}|{}|{nth}", self.bridge, line.case_id, passage.position);
            items.push_back(Item {
                id: short_id(&name),
                kind: format!("huying.case.{}", passage.event),
                district: district.clone(),
                case_id: line.case_id.clone(),
                at: passage.at.time().context("reading when it happened")?,
                data: serde_json::json!({
                    "district": line.district,
                    "case_id": line.case_id,
                    "position": passage.position.to_string(),
                    "event": passage.event,
                    "words": passage.words,
                    "answer": passage.answer,
                }),
            });
        }
        Ok((line.case_id, items))
    }
}

fn counted(bridge: &Code, outcome: &'static str, events: usize) {
    let events = u64::try_from(events).unwrap_or(u64::MAX);
    metrics::counter!("webhooks_total", "bridge" => bridge.to_string(), "outcome" => outcome).increment(events);
}

#[expect(clippy::cast_precision_loss, reason = "a gauge of at most WAITING_MAX")]
fn count(waiting: usize) -> f64 {
    waiting as f64
}
