//! Playing one story from its first step to its last expectation.

use std::collections::{BTreeMap, HashSet};

use anyhow::Context;
use charter::Charter;
use chassis::Identity;
use proto::intake::v1::intake_service_client::IntakeServiceClient;
use proto::intake::v1::{Case, GetRequest, TimelineEntry};
use serde::Serialize;

use super::act::{Act, Done};
use super::doors::Stage;
use super::format::{Story, instant};
use super::time::StoryTime;
use super::{count, expect, polled, staffed};

/// Time given after the last step for what follows by itself.
const AFTERMATH_S: i64 = 1;

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
        reader: IntakeServiceClient::new(stage.enter("intake", &operator()).await?),
        cases: BTreeMap::new(),
        told: HashSet::new(),
    };
    let mut differences = Vec::new();
    for (number, step) in (1usize..).zip(&story.steps) {
        let what = || format!("step {number} ({} by {})", step.action, step.actor);
        time.advance(instant(begins, &step.at)?).await.with_context(what)?;
        let act = Act { stage, story, charter, number, step };
        match act.perform(&scene.cases).await.with_context(what)? {
            Done::Named(case) => {
                scene.cases.insert(step.case.clone(), case);
            }
            Done::AsSaid => {}
            Done::Unexpected(sentence) => differences.push(format!("{}: {sentence}", what())),
        }
        time.rest().await.with_context(what)?;
        scene.tell(telling).await?;
    }
    let last = story.steps.last().map_or(Ok(begins), |step| instant(begins, &step.at))?;
    time.advance(last.checked_add(jiff::SignedDuration::from_secs(AFTERMATH_S))?).await?;
    time.rest().await?;
    let facts = scene.tell(telling).await?;
    for expected in &story.expect {
        if let Some(count) = &expected.cases {
            let all = scene.read_all().await?;
            differences
                .extend(count::difference(count, begins, &all)?.map(|difference| format!("cases: {difference}")));
        }
        differences.extend(polled::differences(stage, story, expected.polls.iter()).await?);
        differences.extend(staffed::differences(stage, story, &expected.officers).await?);
        match scene.cases.get(&expected.case).cloned() {
            None if expected.case.is_empty() && expected.says_more_than_a_case() => {}
            None => differences.push(format!("{}: there is no such case", expected.case)),
            Some(id) => {
                let case = scene.read(&id).await?;
                let found = expect::differences(expected, &case, &scene.cases);
                differences.extend(found.into_iter().map(|difference| format!("{}: {difference}", expected.case)));
            }
        }
    }
    Ok(Played {
        story: story.story.clone(),
        title: story.title.clone(),
        district: story.district.clone(),
        cases: scene.cases,
        facts,
        differences,
    })
}

/// Reads everything, decides nothing.
pub(super) fn operator() -> Identity {
    Identity { role: "operator".into(), party: String::new(), district: String::new(), staff_ref: "story".into() }
}

/// What has happened so far, as intake tells it.
struct Scene<'s> {
    story: &'s Story,
    reader: IntakeServiceClient<crate::client::Authorised>,
    cases: BTreeMap<String, String>,
    told: HashSet<(String, usize)>,
}

impl Scene<'_> {
    async fn read(&mut self, case: &str) -> anyhow::Result<Case> {
        let request = GetRequest { district: self.story.district.clone(), case_id: case.to_owned() };
        let response = self.reader.get(request).await.map_err(|status| crate::client::explain(&status))?;
        response.into_inner().case.context("the answer holds no case")
    }

    async fn read_all(&mut self) -> anyhow::Result<Vec<Case>> {
        let mut all = Vec::new();
        for id in self.cases.clone().into_values() {
            all.push(self.read(&id).await?);
        }
        Ok(all)
    }

    /// Tells what is new on every case, in the order it happened; counts all facts.
    async fn tell(&mut self, telling: &mut dyn Telling) -> anyhow::Result<usize> {
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
        Ok(self.told.len())
    }
}
