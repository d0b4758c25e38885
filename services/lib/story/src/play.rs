//! Playing one story from its first step to its last expectation.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;

use anyhow::{Context, ensure};
use charter::Charter;
use chassis::Authorised;
use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use proto::ToWireTime;
use proto::casebook::v1::casebook_service_client::CasebookServiceClient;
use proto::casebook::v1::{Case, GetRequest, StatisticsRequest, TimelineEntry};
use serde::Serialize;
use station::explain;

use crate::act::{Act, CLASSES, Done, word};
use crate::doors::{CURRENT, Stage, operator};
use crate::facts::Clock;
use crate::format::{Expectation, Story, instant};
use crate::time::StoryTime;
use crate::{balloted, count, empowered, expect, polled, staffed};

/// Time given after the last step for what follows by itself.
const AFTERMATH_S: i64 = 1;
/// Cases alike that a step is done to at the same time.
const MANY_AT_ONCE: usize = 32;

/// What came of a story.
#[derive(Clone, Debug, Serialize)]
pub struct Played {
    pub story: String,
    pub title: String,
    pub district: String,
    /// The story's names for its cases, and their ids.
    pub cases: BTreeMap<String, String>,
    /// Facts on all timelines.
    pub facts: usize,
    /// Empty when everything is as recorded.
    pub differences: Vec<String>,
}

impl Played {
    #[must_use]
    pub fn as_recorded(&self) -> bool {
        self.differences.is_empty()
    }
}

/// Hears what happens as it happens.
pub trait Telling {
    fn fact(&mut self, case: &str, entry: &TimelineEntry);

    /// A step was done to `count` cases alike, whose facts are not told one by one.
    fn many(&mut self, _name: &str, _step: &str, _count: usize) {}

    /// How long to wait after a step, in real time, for whoever watches.
    fn pause(&self) -> Duration {
        Duration::ZERO
    }
}

/// Plays a story. Differences are in the answer; an error means that it could not be played.
///
/// # Errors
/// The installation is not reachable, or a step cannot be done at all.
pub async fn play(
    stage: &Stage,
    story: &Story,
    charter: &Charter,
    telling: &mut dyn Telling,
) -> anyhow::Result<Played> {
    let begins = story.begins()?;
    let mut time = StoryTime::begin(&stage.broker, begins).await?;
    let mut scene = Scene {
        story,
        reader: CasebookServiceClient::new(stage.enter("casebook", &operator()).await?),
        cases: BTreeMap::new(),
        many: BTreeMap::new(),
        told: HashSet::new(),
        untold: 0,
        clock: Clock { begins, zone: &charter.time_zone },
        ends: begins,
    };
    let mut differences = Vec::new();
    for (number, step) in (1usize..).zip(&story.steps) {
        let what = || format!("step {number} ({} by {})", step.action, step.actor);
        time.advance(instant(begins, &step.at)?).await.with_context(what)?;
        let act = Act { stage, story, charter, number, step, item: None };
        if step.times.is_some() || scene.many.contains_key(&step.case) {
            let strayed = scene.do_to_many(&act).await.with_context(what)?;
            differences.extend(strayed.map(|sentence| format!("{}: {sentence}", what())));
            let count = scene.many.get(&step.case).map_or(0, Vec::len);
            telling.many(&step.case, &step.action, count);
        } else {
            match act.perform(&scene.cases).await.with_context(what)? {
                Done::Named(case) => {
                    scene.cases.insert(step.case.clone(), case);
                }
                Done::AsSaid => {}
                Done::Unexpected(sentence) => differences.push(format!("{}: {sentence}", what())),
            }
        }
        time.rest().await.with_context(what)?;
        scene.tell(telling).await?;
        let pause = telling.pause();
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }
    let last = story.steps.last().map_or(Ok(begins), |step| instant(begins, &step.at))?;
    scene.ends = last.checked_add(jiff::SignedDuration::from_secs(AFTERMATH_S))?;
    time.advance(scene.ends).await?;
    time.rest().await?;
    scene.tell(telling).await?;
    for expected in &story.expect {
        differences.extend(scene.compare(expected).await?);
        differences.extend(polled::differences(stage, story, expected.polls.iter()).await?);
        differences.extend(balloted::differences(stage, story, &expected.ballots).await?);
        differences.extend(staffed::differences(stage, story, &expected.officers).await?);
        differences.extend(empowered::differences(stage, story, &expected.powers).await?);
    }
    for (number, step) in (1usize..).zip(&story.steps) {
        if step.action == "seat-officer" && step.refused.is_none() {
            Act { stage, story, charter, number, step, item: None }.give_back_seat().await?;
        }
    }
    Ok(Played {
        story: story.story.clone(),
        title: story.title.clone(),
        district: story.district.clone(),
        facts: scene.told.len() + scene.untold,
        cases: scene.cases,
        differences,
    })
}

/// What has happened so far, as the casebook tells it.
struct Scene<'s> {
    story: &'s Story,
    reader: CasebookServiceClient<Authorised>,
    cases: BTreeMap<String, String>,
    /// Names that stand for many cases alike.
    many: BTreeMap<String, Vec<String>>,
    told: HashSet<(String, usize)>,
    /// Facts of cases alike, which were only read.
    untold: usize,
    clock: Clock<'s>,
    /// The story's now: that of its last step, and a moment for what follows by itself.
    ends: Timestamp,
}

impl Scene<'_> {
    async fn read(&mut self, case: &str) -> anyhow::Result<Case> {
        let request = GetRequest { district: self.story.district.clone(), case_id: case.to_owned(), freshness: None };
        let response = self.reader.get(request).await.map_err(|status| explain(&status))?;
        response.into_inner().case.context("the answer holds no case")
    }

    async fn read_all(&mut self) -> anyhow::Result<Vec<Case>> {
        let mut all = Vec::new();
        for id in self.ids() {
            all.push(self.read(&id).await?);
        }
        Ok(all)
    }

    /// Two names may stand for one case: what comes in twice is one.
    fn ids(&self) -> BTreeSet<String> {
        self.cases.values().chain(self.many.values().flatten()).cloned().collect()
    }

    /// Does a step to each of many cases alike; how it strayed, if it did, is one sentence.
    async fn do_to_many(&mut self, act: &Act<'_>) -> anyhow::Result<Option<String>> {
        let name = &act.step.case;
        let items: Vec<BTreeMap<String, String>> = match (act.step.times, self.many.get(name)) {
            (None, Some(ids)) => ids
                .iter()
                .map(|id| self.cases.clone().into_iter().chain([(name.clone(), id.clone())]).collect())
                .collect(),
            (times, _) => vec![self.cases.clone(); times.unwrap_or_default() as usize],
        };
        let done: Vec<Done> = futures::stream::iter(items.iter().enumerate())
            .map(|(item, cases)| async move { Act { item: Some(item), ..*act }.perform(cases).await })
            .buffered(MANY_AT_ONCE)
            .try_collect()
            .await?;
        let (mut named, mut strayed) = (Vec::new(), Vec::new());
        for done in done {
            match done {
                Done::Named(id) => named.push(id),
                Done::AsSaid => {}
                Done::Unexpected(sentence) => strayed.push(sentence),
            }
        }
        if !named.is_empty() {
            self.many.insert(name.clone(), named);
        }
        let first = strayed.first().map(|first| format!("{} of {}: {first}", strayed.len(), items.len()));
        Ok(first)
    }

    /// How cases differ from what one expectation says of them.
    async fn compare(&mut self, expected: &Expectation) -> anyhow::Result<Vec<String>> {
        let begins = self.clock.begins;
        let mut differences = Vec::new();
        if let Some(count) = &expected.cases {
            let all = self.read_all().await?;
            differences
                .extend(count::difference(count, self.clock, &all)?.map(|difference| format!("cases: {difference}")));
        }
        if let Some(counted) = &expected.statistics {
            let cases: Vec<String> = self.ids().into_iter().collect();
            ensure!(!cases.is_empty(), "statistics: no step has named a case that could be counted");
            let request = StatisticsRequest {
                district: self.story.district.clone(),
                from: Some(counted.from.as_deref().map_or(Ok(begins), |at| instant(begins, at))?.to_wire()),
                until: Some(counted.until.as_deref().map_or(Ok(self.ends), |at| instant(begins, at))?.to_wire()),
                caller_class: word("class", &counted.class, CLASSES)?,
                cases,
                freshness: Some(CURRENT),
            };
            let is = self.reader.statistics(request).await.map_err(|status| explain(&status))?;
            differences.extend(expect::miscounted(counted, &is.into_inner()));
        }
        if !expected.case.is_empty() {
            differences.extend(self.compare_cases(expected).await?);
        }
        Ok(differences)
    }

    /// One case, or each of many alike.
    async fn compare_cases(&mut self, expected: &Expectation) -> anyhow::Result<Vec<String>> {
        let name = &expected.case;
        let ids = match (self.cases.get(name), self.many.get(name)) {
            (Some(id), _) => vec![id.clone()],
            (None, Some(ids)) => ids.clone(),
            (None, None) => return Ok(vec![format!("{name}: there is no such case")]),
        };
        let mut found: Vec<(String, usize)> = Vec::new();
        for id in &ids {
            let case = self.read(id).await?;
            self.untold += if ids.len() > 1 { case.timeline.len() } else { 0 };
            for difference in expect::differences(expected, self.clock, &case, &self.cases) {
                match found.iter_mut().find(|(known, _)| *known == difference) {
                    Some((_, count)) => *count += 1,
                    None => found.push((difference, 1)),
                }
            }
        }
        let sentence = |(difference, count)| match ids.len() {
            1 => format!("{name}: {difference}"),
            all => format!("{name}: {count} of {all}: {difference}"),
        };
        Ok(found.into_iter().map(sentence).collect())
    }

    /// Tells what is new on every case, in the order it happened.
    async fn tell(&mut self, telling: &mut dyn Telling) -> anyhow::Result<()> {
        let mut news = Vec::new();
        for (name, id) in self.cases.clone() {
            for (position, entry) in self.read(&id).await?.timeline.into_iter().enumerate() {
                if self.told.insert((name.clone(), position)) {
                    news.push((name.clone(), entry));
                }
            }
        }
        news.sort_by_key(|(_, entry)| entry.at.map(|at| (at.seconds, at.nanos)));
        for (name, entry) in &news {
            telling.fact(name, entry);
        }
        Ok(())
    }
}
