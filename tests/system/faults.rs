//! Any one process is killed in the middle of a story, with submissions in flight and the next step waiting at its
//! door; started again, the story ends the same, and the record holds what it must.

mod burst;
mod the_checker;

use std::sync::Arc;

use huying::accounts::CASEBOOK_USER;
use proto::casebook::v1::TimelineEntry;
use story::{Telling, play, read};
use tokio::task::{JoinSet, block_in_place};

use crate::support::checker::complaints;
use crate::support::city::{City, NATS};
use crate::support::root;
use burst::Burst;

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
        let burst = Burst::begin(&city, victim, SUBMISSIONS);
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
