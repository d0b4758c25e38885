//! Trials of a bridge: it brings in what a file says, by whichever door it likes, and prints what its callers are to be told.
//!
//! What it has to bring stands in `HUYING_MATTERS`, one submission as JSON a line; among them one twice, one changed under the same
//! reference and one that does not fit. What became of them it prints, one line of JSON for each passage:
//! `{"external_ref": …, "position": …, "event": …}`. See docs/conformance.md.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use anyhow::Context;
use proto::casebook::v1::{ChangedCase, ListChangesRequest, ListRequest};
use proto::intake::v1::{FindRequest, SubmitRequest};
use proto::subjects::{BridgeSubject, BridgeVerb};
use serde::Deserialize;
use serde_json::json;

use super::hub::Hub;
use super::program::Program;
use super::tap::Tap;
use super::{Trial, Tried, Verdict, until, verdict};
use crate::client::{CURRENT, explain};

/// Matters of the first file, and those that are added to it for a trial.
const MATTERS: usize = 12;
/// How often a bridge may send what was refused for good, over all its lives, before it counts as for ever.
const REFUSED_TIMES_MAX: usize = 10;
/// Passages that may come a second time from a bridge of whose asking nothing is heard: an answer's worth.
const REPEATS_MAX: usize = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    Brought,
    Once,
    AsWritten,
    Refused,
    News,
    Away,
    Killed,
    HubAway,
}

impl Which {
    const ALL: [Self; 8] = [
        Self::Brought,
        Self::Once,
        Self::AsWritten,
        Self::Refused,
        Self::News,
        Self::Away,
        Self::Killed,
        Self::HubAway,
    ];

    const fn trial(self) -> Trial {
        let (name, shows, breaks) = match self {
            Self::Brought => (
                "brought",
                "every matter comes in, each under its own reference, also those behind one that is refused",
                "somebody called, and nobody knows",
            ),
            Self::Once => (
                "once",
                "a matter that is sent again keeps its reference, and so it is one case",
                "two units work on the same matter, and its caller is asked twice",
            ),
            Self::AsWritten => (
                "as-written",
                "title and text come in as they were written",
                "whoever handles it reads something else than what was said",
            ),
            Self::Refused => (
                "refused",
                "what the hub refuses for good is not sent again and again",
                "one bad matter keeps the bridge and the hub busy for ever",
            ),
            Self::News => (
                "news",
                "what became of each case is told once, in the order of the case, under the sender's own reference",
                "callers are told late, twice, in disorder, or what another's matter came to",
            ),
            Self::Away => (
                "away",
                "what happened while the bridge was away is told when it is back, and nothing else once more",
                "after a weekend callers are not told, or are told everything again",
            ),
            Self::Killed => (
                "killed",
                "a bridge killed while it brings matters in goes on where it was, and loses and doubles none",
                "matters are lost that were ticked off before the hub had acknowledged them",
            ),
            Self::HubAway => (
                "hub-away",
                "a matter that was lost with the hub is sent again, under the same reference",
                "matters are lost whenever the hub is started again",
            ),
        };
        Trial { name, shows, breaks }
    }
}

/// All trials in their order.
pub fn trials() -> Vec<Trial> {
    Which::ALL.map(Which::trial).to_vec()
}

/// A passage as the bridge told it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Told {
    external_ref: String,
    #[serde(deserialize_with = "whole")]
    position: u64,
    event: String,
}

/// A number, or its digits: what is larger than 2^53 is written so in JSON.
fn whole<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Whole {
        Number(u64),
        Digits(String),
    }
    match Whole::deserialize(deserializer)? {
        Whole::Number(number) => Ok(number),
        Whole::Digits(digits) => digits.parse().map_err(serde::de::Error::custom),
    }
}

/// Tries what is named, or everything. The first four are about what lies there when it has begun, so they come together.
///
/// # Errors
/// Our own side fails.
pub async fn run(
    hub: &Hub,
    command: Vec<std::ffi::OsString>,
    file: PathBuf,
    only: &[String],
    tell: &mut dyn FnMut(&Tried) -> anyhow::Result<()>,
) -> anyhow::Result<Vec<Tried>> {
    let heard = BridgeSubject::all_from(&hub.party);
    let mut environment = [hub.environment(), hub.doors()].concat();
    environment.push(("HUYING_MATTERS", file.clone().into()));
    let mut trials = Trials {
        hub,
        tap: Tap::on(&hub.broker, heard).await?,
        program: Program::new(command, environment),
        file,
        good: Vec::new(),
        lines: Vec::new(),
        before: 0,
    };
    trials.before = trials.count().await?;
    trials.first_file()?;
    trials.program.start()?;
    let mut tried = Vec::new();
    let mut stands = true;
    for which in Which::ALL {
        let trial = which.trial();
        // Everything stands on the first.
        let named = only.is_empty() || only.iter().any(|name| name == trial.name);
        if !named && which != Which::Brought {
            continue;
        }
        let verdict =
            if stands { Box::pin(trials.of(which)).await? } else { Verdict::NotTried("not all was brought in") };
        if which == Which::Brought {
            stands = verdict == Verdict::Passed;
        }
        let one = Tried { trial, verdict };
        if named || !stands {
            tell(&one)?;
            tried.push(one);
        }
    }
    Ok(tried)
}

struct Trials<'h> {
    hub: &'h Hub,
    tap: Tap,
    program: Program,
    file: PathBuf,
    /// What has to be on record in the end.
    good: Vec<SubmitRequest>,
    lines: Vec<String>,
    /// Cases of earlier runs.
    before: usize,
}

impl Trials<'_> {
    async fn of(&mut self, which: Which) -> anyhow::Result<Verdict> {
        match which {
            Which::Brought => self.brought().await,
            Which::Once => Ok(verdict(self.doubled().await?)),
            Which::AsWritten => self.as_written().await,
            Which::Refused => Ok(verdict(self.insisted())),
            Which::News => self.news().await,
            Which::Away => self.away().await,
            Which::Killed => self.killed().await,
            Which::HubAway => self.hub_away().await,
        }
    }

    // What the bridge is given.

    fn submission(&self) -> SubmitRequest {
        let number = self.good.len() + 1;
        SubmitRequest {
            external_ref: format!("留言-{}-{number:04}", self.hub.run()),
            title: format!("合规测试第{number}件：路灯不亮"),
            text: format!("“巷口”第{number}盏灯\n三天不亮了，请尽快处理。"),
            category: self.hub.category().to_string(),
            place: Some(proto::common::v1::Place {
                party: self.hub.street().to_string(),
                address: format!("测试巷{number}号"),
                ..Default::default()
            }),
            ..SubmitRequest::default()
        }
    }

    fn add(&mut self, how_many: usize) -> anyhow::Result<()> {
        for _ in 0..how_many {
            let submission = self.submission();
            self.lines.push(serde_json::to_string(&submission)?);
            self.good.push(submission);
        }
        Ok(())
    }

    fn first_file(&mut self) -> anyhow::Result<()> {
        self.add(MATTERS / 2)?;
        self.lines.push(self.lines[2].clone());
        let changed = SubmitRequest { text: "同一编号，另一件事".to_owned(), ..self.good[3].clone() };
        self.lines.push(serde_json::to_string(&changed)?);
        self.lines.push(json!({ "external_ref": format!("留言-{}-空", self.hub.run()), "title": "" }).to_string());
        self.add(MATTERS / 2)?;
        self.write()
    }

    fn write(&self) -> anyhow::Result<()> {
        let half_done = self.file.with_extension("new");
        std::fs::write(&half_done, self.lines.join("\n") + "\n")
            .and_then(|()| std::fs::rename(&half_done, &self.file))
            .with_context(|| format!("writing {}", self.file.display()))
    }

    // What is on record.

    /// The case of each reference that is known.
    async fn cases(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let mut cases = BTreeMap::new();
        for submission in &self.good {
            let question = FindRequest { external_ref: submission.external_ref.clone(), bridge: String::new() };
            if let Some(case) = self.hub.found(question).await? {
                cases.insert(submission.external_ref.clone(), case);
            }
        }
        Ok(cases)
    }

    /// How many cases this bridge has brought in.
    async fn count(&self) -> anyhow::Result<usize> {
        let request = ListRequest {
            district: self.hub.district().to_owned(),
            page_size: 1000,
            freshness: Some(CURRENT),
            ..ListRequest::default()
        };
        let listed = self.hub.casebook().list(request).await.map_err(|status| explain(&status))?;
        Ok(listed.into_inner().cases.iter().filter(|line| line.bridge == self.hub.party.as_str()).count())
    }

    /// What there is to tell of this bridge's cases, as an operator sees it.
    async fn changes(&self) -> anyhow::Result<Vec<ChangedCase>> {
        let mut changes = Vec::new();
        let mut cursor = String::new();
        loop {
            let request = ListChangesRequest {
                cursor,
                page_size: 200,
                bridge: self.hub.party.to_string(),
                freshness: Some(CURRENT),
                ..ListChangesRequest::default()
            };
            let page = self.hub.casebook().list_changes(request).await.map_err(|status| explain(&status))?.into_inner();
            changes.extend(page.cases);
            if !page.more {
                return Ok(changes);
            }
            cursor = page.next_cursor;
        }
    }

    // The trials.

    async fn brought(&mut self) -> anyhow::Result<Verdict> {
        let wait = self.hub.wait;
        let looked = until(wait, async || Ok((self.cases().await?.len() == self.good.len()).then_some(())));
        if looked.await?.is_some() {
            return Ok(Verdict::Passed);
        }
        let known = self.cases().await?;
        let missing: Vec<&str> = self
            .good
            .iter()
            .map(|submission| submission.external_ref.as_str())
            .filter(|reference| !known.contains_key(*reference))
            .collect();
        let ended = self.program.ended().map(|ended| format!("; {ended}")).unwrap_or_default();
        Ok(Verdict::Failed(format!("after {wait:?} these are not there: {}{ended}", missing.join(", "))))
    }

    async fn doubled(&self) -> anyhow::Result<Option<String>> {
        let (cases, references) = (self.count().await? - self.before, self.good.len());
        Ok((cases > references).then(|| format!("{references} references became {cases} cases")))
    }

    async fn as_written(&self) -> anyhow::Result<Verdict> {
        let cases = self.cases().await?;
        for submission in &self.good {
            let Some(id) = cases.get(&submission.external_ref) else { continue };
            let case = self.hub.case(id).await?;
            let title = case.summary.unwrap_or_default().title;
            for (what, written, recorded) in
                [("title", &submission.title, &title), ("text", &submission.text, &case.text)]
            {
                if written != recorded {
                    let reference = &submission.external_ref;
                    return Ok(Verdict::Failed(format!("{reference}: {what} {written:?} came in as {recorded:?}")));
                }
            }
        }
        Ok(Verdict::Passed)
    }

    /// What was sent over NATS again and again though it had been refused for good.
    fn insisted(&self) -> Option<String> {
        let mut times: HashMap<String, usize> = HashMap::new();
        for submission in self.submitted() {
            if submission.title.is_empty() || submission.text.starts_with("同一编号") {
                *times.entry(submission.external_ref).or_default() += 1;
            }
        }
        let (reference, times) = times.into_iter().find(|(_, times)| *times > REFUSED_TIMES_MAX)?;
        Some(format!("{reference} was sent {times} times"))
    }

    fn submitted(&self) -> Vec<SubmitRequest> {
        let subject = BridgeSubject::submit(&self.hub.party);
        let heard = self.tap.since(0).into_iter().filter(|request| request.subject == subject);
        heard.filter_map(|request| station::question(&request.payload).ok()).collect()
    }

    async fn news(&mut self) -> anyhow::Result<Verdict> {
        let cases: Vec<String> = self.cases().await?.into_values().take(3).collect();
        for case in &cases {
            self.hub.brought_to_the_street(case).await?;
            self.hub.answer_and_resolve(case).await?;
        }
        Ok(verdict(self.all_told().await?))
    }

    async fn away(&mut self) -> anyhow::Result<Verdict> {
        if let Some(seen) = self.all_told().await? {
            return Ok(Verdict::Failed(format!("before it was away: {seen}")));
        }
        // Its next question says that it has kept where it is.
        let (known, asks) = (self.tap.count(), self.asked_for_changes(0) > 0);
        if asks {
            until(self.hub.wait, async || Ok((self.asked_for_changes(known) > 0).then_some(()))).await?;
        }
        self.program.kill().await?;
        let before = self.told().len();
        let cases: Vec<String> = self.cases().await?.into_values().skip(3).take(3).collect();
        for case in &cases {
            self.hub.brought_to_the_street(case).await?;
            self.hub.answer_and_resolve(case).await?;
        }
        self.program.start()?;
        if let Some(seen) = self.all_told().await? {
            return Ok(Verdict::Failed(seen));
        }
        Ok(verdict(self.repeated(before, if asks { 0 } else { REPEATS_MAX })))
    }

    async fn killed(&mut self) -> anyhow::Result<Verdict> {
        self.program.kill().await?;
        let before = self.count().await?;
        self.add(MATTERS)?;
        self.write()?;
        self.program.start()?;
        until(self.hub.wait, async || Ok((self.count().await? > before).then_some(()))).await?;
        self.program.kill().await?;
        self.program.start()?;
        self.brought_once().await
    }

    async fn hub_away(&mut self) -> anyhow::Result<Verdict> {
        self.program.kill().await?;
        let before = self.count().await?;
        self.add(MATTERS)?;
        self.write()?;
        self.program.start()?;
        until(self.hub.wait, async || Ok((self.count().await? > before).then_some(()))).await?;
        self.hub.kill_broker().await?;
        self.brought_once().await
    }

    async fn brought_once(&mut self) -> anyhow::Result<Verdict> {
        let brought = self.brought().await?;
        if brought != Verdict::Passed {
            return Ok(brought);
        }
        Ok(verdict(self.doubled().await?))
    }

    // What it tells.

    fn told(&self) -> Vec<Told> {
        let printed = self.program.printed();
        printed.iter().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    fn asked_for_changes(&self, known: usize) -> usize {
        let subject = BridgeSubject { bridge: self.hub.party.clone(), verb: BridgeVerb::Changes }.to_string();
        self.tap.since(known).iter().filter(|request| request.subject == subject).count()
    }

    /// What is wrong with what was told, if after a while it is not everything, each under its reference and in order.
    async fn all_told(&mut self) -> anyhow::Result<Option<String>> {
        let references: HashMap<String, String> =
            self.cases().await?.into_iter().map(|(reference, case)| (case, reference)).collect();
        let missing = until(self.hub.wait, async || {
            let missing = self.missing(&references).await?;
            Ok(missing.is_empty().then_some(()))
        });
        if missing.await?.is_none() {
            let missing = self.missing(&references).await?;
            let first = missing.iter().next().cloned().unwrap_or_default();
            let ended = self.program.ended().map(|ended| format!("; {ended}")).unwrap_or_default();
            let text =
                format!("after {:?} {} passages were not told, {first:?} among them", self.hub.wait, missing.len());
            return Ok(Some(text + &ended));
        }
        Ok(self.out_of_order())
    }

    /// Passages that were not told: reference, position, event.
    async fn missing(&self, references: &HashMap<String, String>) -> anyhow::Result<BTreeSet<(String, u64, String)>> {
        let mut missing = BTreeSet::new();
        for changed in self.changes().await? {
            let case = changed.summary.unwrap_or_default().case_id;
            let Some(reference) = references.get(&case) else { continue };
            missing.extend(changed.passages.into_iter().map(|it| (reference.clone(), it.position, it.event)));
        }
        for told in self.told() {
            missing.remove(&(told.external_ref, told.position, told.event));
        }
        Ok(missing)
    }

    fn out_of_order(&self) -> Option<String> {
        let mut reached: HashMap<String, u64> = HashMap::new();
        let mut known = BTreeSet::new();
        for Told { external_ref, position, event } in self.told() {
            if !known.insert((external_ref.clone(), position, event.clone())) {
                continue;
            }
            let reached = reached.entry(external_ref.clone()).or_default();
            if position < *reached {
                return Some(format!("{external_ref}: {event} at {position} was told after what came at {reached}"));
            }
            *reached = position;
        }
        None
    }

    /// More of what was told before than may come a second time.
    fn repeated(&self, before: usize, most: usize) -> Option<String> {
        let told = self.told();
        let (first, again) = told.split_at(before.min(told.len()));
        let repeats = again.iter().filter(|told| first.contains(told)).count();
        (repeats > most).then(|| format!("{repeats} passages that had been told were told again after it came back"))
    }
}
