//! Any one process is killed in the middle of a story, with submissions in flight and the next step waiting at its
//! door; started again, the story ends the same, and the record holds what it must. Where each has a second process, nobody
//! has to start the first again. And a short day in which somebody is killed every other second.

mod broker_away;
mod burst;
mod the_checker;

use std::sync::Arc;

use huying::accounts::CASEBOOK_USER;
use huying::client::{Authorised, authorised};
use proto::casebook::v1::TimelineEntry;
use proto::intake::v1::SubmitRequest;
use story::{Telling, play, read};
use tokio::task::{JoinSet, block_in_place};

use crate::evidence::{content, photograph, send};
use crate::support::city::{City, NATS, spare};
use crate::support::installation::bridge;
use crate::support::program::run;
use crate::support::root;
use crate::support::submission;
use burst::Burst;
use huying_tests::checker::complaints;

/// Who is killed, and after which fact of S19. The step that comes next is one that needs the victim.
const FAULTS: [(&str, &str); 7] = [
    ("triage", "Received"),
    ("intake", "Progressed"),
    ("dispatch", "Escalated"),
    ("jiangan-parks", "Responded"),
    (NATS, "ReportedIn"),
    ("evaluation", "Resolved"),
    (CASEBOOK_USER, "Progressed"),
];
/// Submissions around a kill, and how many of them are answered before it.
const SUBMISSIONS: usize = 40;
const ANSWERED_BEFORE: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_killed_in_the_middle_the_story_ends_the_same() {
    let story = read(&root().join("tests/stories/s19-tree.yaml")).unwrap();
    let city = Arc::new(City::start(&["jiangan-parks", "jiangan-traffic-police"]));
    let mut acknowledged = Vec::new();
    // Shown before anybody dies; intake and the broker are among those who do.
    let shown = Shown::on(&city).await;
    for (victim, after) in FAULTS {
        let stage = city.stage().await;
        let charters = stage.charters().await.unwrap();
        let mut fault = Fault { city: Arc::clone(&city), victim, after, struck: None };
        let played = play(&stage, &story, &charters[0], &mut fault).await;
        let played = played.unwrap_or_else(|error| panic!("{victim} was killed: {error:#}\n{}", city.said()));
        let Some(Struck { burst, mut revival }) = fault.struck else {
            panic!("{victim} was not killed: there was no {after}")
        };
        ended(&mut revival).await;
        acknowledged.extend(burst.finish().await);
        assert!(played.as_recorded(), "{victim} was killed:\n{}\n{}", played.differences.join("\n"), city.said());
        let found = complaints(&city.record().await, &acknowledged);
        assert!(found.is_empty(), "{victim} was killed:\n{}", found.join("\n"));
    }
    assert_eq!(acknowledged.len(), FAULTS.len() * SUBMISSIONS);
    shown.is_still_there(&city).await;
}

/// A photograph on a case.
struct Shown {
    case_id: String,
    evidence_id: String,
}

impl Shown {
    async fn at_intake(city: &City) -> Authorised {
        authorised(&city.doors_of("intake").0, &city.token(&bridge("jiangan-board"))).await.unwrap()
    }

    async fn on(city: &City) -> Self {
        let intake = Self::at_intake(city).await;
        let evidence_id = send(intake.clone(), "", &photograph(9)).await.unwrap().evidence_id;
        let named =
            SubmitRequest { evidence: vec![evidence_id.clone()], ..submission("jiangan", "shown", "路灯不亮") };
        let case_id = huying::client::intake(intake).submit(named).await.unwrap().into_inner().case_id;
        Self { case_id, evidence_id }
    }

    async fn is_still_there(&self, city: &City) {
        let there = content(Self::at_intake(city).await, &self.case_id, &self.evidence_id).await.unwrap();
        assert!(there == photograph(9), "another picture came back");
    }
}

/// Of two processes each, the first ones are killed one after the other, and nobody starts them again.
#[tokio::test(flavor = "multi_thread")]
async fn of_every_service_one_process_is_enough() {
    let story = read(&root().join("tests/stories/s19-tree.yaml")).unwrap();
    let city = City::in_pairs(&["jiangan-parks", "jiangan-traffic-police"]);
    let stage = city.stage().await;
    let charters = stage.charters().await.unwrap();
    let mut attrition = Attrition { city: &city, left: SERVICES.to_vec(), bursts: Vec::new() };
    let played = play(&stage, &story, &charters[0], &mut attrition).await;
    let Attrition { left, bursts, .. } = attrition;
    let played = played.unwrap_or_else(|error| panic!("without {left:?}: {error:#}\n{}", city.said()));
    assert!(left.is_empty(), "these were not killed: {left:?}");
    assert!(played.as_recorded(), "{}\n{}", played.differences.join("\n"), city.said());
    let mut acknowledged = Vec::new();
    for burst in bursts {
        acknowledged.extend(burst.finish().await);
    }
    assert_eq!(acknowledged.len(), SERVICES.len() * ANSWERED_BEFORE);
    assert_eq!(complaints(&city.record().await, &acknowledged), Vec::<String>::new());
}

/// `make day` lives a whole one; this is the first quarter of a minute of it, with somebody killed every other second.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_killed_whenever_every_matter_comes_to_its_right_end() {
    let day = block_in_place(|| run("day", &["--cases", "240", "--per-s", "16", "--kill-every-s", "2"]));
    assert!(day.status.success(), "{}", String::from_utf8_lossy(&day.stderr));
    let report: serde_json::Value = serde_json::from_slice(&day.stdout).unwrap();
    assert!(report["killed"].as_object().is_some_and(|killed| killed.len() > 2), "nobody was killed: {report}");
}

/// In the order in which they are killed, one at each fact.
const SERVICES: [&str; 7] =
    ["triage", "dispatch", "notification", "intake", CASEBOOK_USER, "evaluation", "enforcement-center"];

/// Kills one more at every fact.
struct Attrition<'a> {
    city: &'a City,
    left: Vec<&'static str>,
    bursts: Vec<Burst>,
}

impl Telling for Attrition<'_> {
    /// While submissions are on their way through it.
    fn fact(&mut self, _case: &str, _entry: &TimelineEntry) {
        if self.left.is_empty() {
            return;
        }
        let victim = self.left.remove(0);
        let burst = Burst::begin(self.city, &spare("intake"), victim, ANSWERED_BEFORE);
        block_in_place(|| {
            burst.until_answered(1);
            self.city.kill(victim);
        });
        self.bursts.push(burst);
    }
}

/// Strikes once, when a fact is told.
struct Fault {
    city: Arc<City>,
    victim: &'static str,
    after: &'static str,
    struck: Option<Struck>,
}

struct Struck {
    burst: Burst,
    /// Ends when the victim is at work again.
    revival: JoinSet<()>,
}

impl Telling for Fault {
    /// The story waits for this: nothing of its own is under way when the victim dies, and the next step finds it dead.
    fn fact(&mut self, _case: &str, entry: &TimelineEntry) {
        if self.struck.is_some() || entry.event != self.after {
            return;
        }
        let (city, victim) = (Arc::clone(&self.city), self.victim);
        let burst = Burst::begin(&city, "intake", victim, SUBMISSIONS);
        block_in_place(|| {
            burst.until_answered(ANSWERED_BEFORE);
            city.kill(victim);
        });
        let mut revival = JoinSet::new();
        // The story reads every case in the casebook between its steps: it cannot go on before that is back.
        if victim == CASEBOOK_USER {
            block_in_place(|| city.revive(victim));
        } else {
            revival.spawn(async move {
                city.until_missed(victim).await;
                block_in_place(|| city.revive(victim));
            });
        }
        self.struck = Some(Struck { burst, revival });
    }
}

async fn ended(revival: &mut JoinSet<()>) {
    while let Some(revived) = revival.join_next().await {
        revived.unwrap();
    }
}
