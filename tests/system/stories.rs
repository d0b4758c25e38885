//! The worked examples, played on a whole installation; and proof that a story that is wrong does not pass.

use std::path::PathBuf;

use huying::stage;
use proto::casebook::v1::TimelineEntry;
use story::{Played, Story, Telling, play, read};

use crate::support::installation::Installation;
use crate::support::root;

#[tokio::test(flavor = "multi_thread")]
async fn every_story_of_heping_ends_as_recorded() {
    all_end_as_recorded("heping", "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_story_of_jiangan_ends_as_recorded() {
    all_end_as_recorded("jiangan", "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_worked_example_of_wuchang_ends_as_recorded() {
    all_end_as_recorded("wuchang", "S").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_other_story_of_wuchang_ends_as_recorded() {
    all_end_as_recorded("wuchang", "R").await;
}

/// All of a district whose names begin so, on an installation of their own: several can be told at the same time.
async fn all_end_as_recorded(district: &str, begin: &str) {
    let stories: Vec<Story> = story_files().iter().map(|file| read(file).unwrap()).collect();
    let is_told = |story: &Story| {
        ["heping", "jiangan", "wuchang"].contains(&story.district.as_str()) && story.story.starts_with(['S', 'R'])
    };
    let untold = stories.iter().find(|story| !is_told(story)).map(|story| &story.story);
    assert_eq!(untold, None, "a story that nobody tells");
    let of_these = |story: &Story| story.district == district && story.story.starts_with(begin);
    let mut stories: Vec<Story> = stories.into_iter().filter(of_these).collect();
    assert!(stories.len() >= 5, "only {} stories were found", stories.len());
    // In the order they happened: time goes forward.
    stories.sort_by_key(|story| story.begins().unwrap());

    let installation = Installation::start(&[district]);
    let mut differences = Vec::new();
    for story in &stories {
        let mut unsent = Unsent::default();
        let played = heard(&installation, story, &mut unsent).await;
        let all = played.differences.iter().chain(&unsent.0);
        differences.extend(all.map(|difference| format!("{}: {difference}", story.story)));
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// What is claimed wrongly is found, all of it and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn a_story_that_is_wrong_is_found_out() {
    let story = Story::parse(WRONG).unwrap();
    let installation = Installation::start(&["jiangan"]);
    let Played { differences, .. } = played(&installation, &story).await;
    let expected = [
        "step 2 (progress by grid-worker): expected to be refused by not-the-owner, was accepted",
        "step 3 (resolve by stranger): expected to be refused by task-open, was by not-the-owner: ",
        "parking: state: expected closed, is resolved",
        "parking: events: expected 1 × Called, found 0",
        "parking: elapsed from Received to Resolved: expected 10m, is 9m",
    ];
    let as_expected = differences.iter().zip(expected).all(|(found, expected)| found.starts_with(expected));
    assert!(as_expected && differences.len() == expected.len(), "{differences:#?}");
}

const WRONG: &str = r#"
story: W1
title: cars in front of the door, told wrongly in five places
district: jiangan
begins: "2019-10-12T09:00:00+08:00"
actors:
  resident: { role: caller }
  grid-worker: { role: grid, party: jiangan-erqi-changjian-hengdashuangcheng, staff: jw-0417 }
  stranger: { role: community, party: jiangan-yiyuan-tongxing, staff: sq-0007 }
steps:
  - at: +0m
    actor: resident
    do: submit
    case: parking
    with:
      title: 门口有乱停车现象
      place: { party: jiangan-erqi-changjian-hengdashuangcheng }
      category: stray-parking
  - { at: +1m, actor: grid-worker, do: progress, case: parking, refused: not-the-owner, with: { kind: reply, note: 马上 } }
  - { at: +8m, actor: stranger, do: resolve, case: parking, refused: task-open, with: { outcome: solved, summary: 好了 } }
  - { at: +9m, actor: grid-worker, do: resolve, case: parking, with: { outcome: solved, summary: 好了 } }
expect:
  - case: parking
    state: closed
    level: A
    outcome: solved
    events: { Called: 1, Progressed: 1 }
    elapsed: [{ from: Received, to: Resolved, is: 10m }]
"#;

/// The shipped stories.
fn story_files() -> Vec<PathBuf> {
    let files = std::fs::read_dir(root().join("tests/stories")).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")).collect()
}

pub async fn played(installation: &Installation, story: &Story) -> Played {
    heard(installation, story, &mut Unheard).await
}

async fn heard(installation: &Installation, story: &Story, ear: &mut dyn Telling) -> Played {
    let stage = stage::at(&installation.named()).await.unwrap();
    let charters = stage.charters().await.unwrap();
    let charter = charters.iter().find(|charter| charter.district.as_str() == story.district).unwrap();
    let played = play(&stage, story, charter, ear).await;
    played.unwrap_or_else(|error| panic!("{} cannot be played: {error:#}", story.story))
}

/// Messages that reached nobody. Whatever a story claims: here every one can be written and sent.
#[derive(Default)]
struct Unsent(Vec<String>);

impl Telling for Unsent {
    fn fact(&mut self, case: &str, entry: &TimelineEntry) {
        if entry.event == "Undeliverable" {
            self.0.push(format!("{case}: {} {}", entry.summary, entry.detail_json));
        }
    }
}

/// Nobody listens.
pub struct Unheard;

impl Telling for Unheard {
    fn fact(&mut self, _case: &str, _entry: &TimelineEntry) {}
}
