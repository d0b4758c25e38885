//! Any one process is killed in the middle of a story, with submissions in flight and the next step waiting at its
//! door; started again, the story ends the same, and the record holds what it must.

mod burst;
mod the_checker;

use std::sync::Arc;
use std::thread::JoinHandle;

use huying::story::{Telling, play, read};
use proto::intake::v1::TimelineEntry;

use crate::support::checker::complaints;
use crate::support::city::{City, NATS};
use crate::support::root;
use burst::Burst;

/// Who is killed, and after which fact of S19. The step that comes next is one that needs the victim.
const FAULTS: [(&str, &str); 6] = [
    ("triage", "Received"),
    ("intake", "Progressed"),
    ("dispatch", "Escalated"),
    ("jiangan-parks", "Responded"),
    (NATS, "ReportedIn"),
    ("evaluation", "Resolved"),
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
        let Some(Struck { burst, revived }) = fault.struck else {
            panic!("{victim} was not killed: there was no {after}")
        };
        if let Err(why) = revived.join() {
            std::panic::resume_unwind(why);
        }
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
    revived: JoinHandle<()>,
}

impl Telling for Fault {
    /// The story waits for this: nothing of its own is under way when the victim dies, and the next step finds it dead.
    fn fact(&mut self, _case: &str, entry: &TimelineEntry) {
        if self.struck.is_some() || entry.event != self.after {
            return;
        }
        let (city, victim) = (Arc::clone(&self.city), self.victim);
        let burst = Burst::begin(&city, victim, SUBMISSIONS);
        tokio::task::block_in_place(|| {
            burst.until_answered(ANSWERED_BEFORE);
            city.kill(victim);
        });
        let revive = move || {
            city.until_missed(victim);
            city.revive(victim);
        };
        let revived = std::thread::spawn(revive);
        // The story reads every case through intake between its steps, so it cannot go on while intake is dead.
        let reader_is_dead = victim == "intake";
        if reader_is_dead {
            tokio::task::block_in_place(|| {
                crate::support::until_now("intake is back", || revived.is_finished().then_some(()))
            });
        }
        self.struck = Some(Struck { burst, revived });
    }
}
