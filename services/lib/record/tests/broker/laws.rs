//! Laws of the record: what a book remembers is what the record says, whatever was asked, in whatever order.

use decider::Decider;
use futures::future::join_all;
use ids::{HistoryKey, Owner};
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use record::{Aggregate, Book, Refused, StoredCommit};

use crate::tally::{Command, Happened, State, Tally};
use crate::world::{World, case, gapless, request, request_named, revisions};

/// Which of two books is asked, and what, under which name if any.
type Step = (usize, Command, Option<u8>);

fn step() -> impl Strategy<Value = Step> {
    let instant = (0i64..100).prop_map(|hour| Timestamp::from_second(1_800_000_000 + hour * 3600).unwrap());
    let command = prop_oneof![
        8 => (0u64..400).prop_map(Command::Add),
        4 => (0u64..1200).prop_map(Command::Reach),
        3 => Just(Command::Empty),
        3 => instant.clone().prop_map(Command::Expect),
        3 => instant.prop_map(|now| Command::Check { now }),
        2 => Just(Command::Note("somebody called".to_owned())),
        1 => Just(Command::Close),
    ];
    (0usize..2, command, prop::option::weighted(0.3, 0u8..6))
}

#[test]
fn what_a_book_remembers_is_what_the_record_says() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let world = runtime.block_on(World::new());
    let books = runtime.block_on(async { [world.book().await, world.book().await] });
    let mut cases = 0;
    let mut next_case = || {
        cases += 1;
        case(&format!("law-{cases}"))
    };
    let next_case = std::cell::RefCell::new(&mut next_case);
    let mut runner = TestRunner::new(Config { cases: 64, failure_persistence: None, ..Config::default() });

    // Groups of steps: those of one group are asked at once.
    let story = prop::collection::vec(prop::collection::vec(step(), 1..6), 1..8);
    let lawful = runner.run(&story, |story| {
        let key = (next_case.borrow_mut())();
        runtime.block_on(play(&world, &books, &key, story));
        Ok(())
    });
    lawful.unwrap();
    runtime.block_on(async { drop(world) });
}

async fn play(world: &World, books: &[Book<Tally>; 2], key: &HistoryKey, story: Vec<Vec<Step>>) {
    let mut answered: Vec<Happened> = Vec::new();
    for group in story {
        let asked = group.into_iter().map(|(book, command, name)| {
            let request = match name {
                Some(name) => request_named(&format!("{}-{name}", key.id), command),
                None => request(command),
            };
            books[book].decide(key, request)
        });
        for answer in join_all(asked).await {
            match answer {
                Ok(answer) => answered.extend(answer.events),
                Err(Refused::Rule(_) | Refused::Contended) => {}
                Err(other) => panic!("{other}"),
            }
        }
    }

    let commits = world.broker.load_owner(key, Owner::Dispatch).await.unwrap();
    assert_eq!(revisions(&commits), gapless(commits.len() as u64));
    let recorded: Vec<Happened> = commits.iter().flat_map(events_of).collect();
    let replayed: State = Tally::replay(&recorded);
    for book in books {
        let remembered = book.snapshot(key, ids::Revision(commits.len() as u64)).await.unwrap();
        let read = book.read(key).await.unwrap();
        assert_eq!((&*remembered.state, remembered.revision.0), (&replayed, commits.len() as u64));
        assert_eq!((&*read.state, read.revision), (&replayed, remembered.revision));
        assert_eq!(read.alarm, remembered.alarm, "the alarm is a function of the commits alone");
        assert!(read.alarm.is_some() || read.state.due.is_none(), "a deadline without an alarm");
    }
    // Everything answered is on the record, and nothing else is.
    let (mut answered, mut recorded) = (sorted(&answered), sorted(&recorded));
    answered.sort_unstable();
    recorded.sort_unstable();
    assert_eq!(answered, recorded);
    let mut names: Vec<_> =
        commits.iter().flat_map(|stored| &stored.commit.decisions).map(|decision| &decision.command_id).collect();
    names.retain(|name| !name.is_empty());
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all, "a name was answered twice");
}

fn events_of(stored: &StoredCommit) -> Vec<Happened> {
    let decisions = stored.commit.decisions.iter();
    decisions.flat_map(|decision| &decision.events).map(|event| Tally::from_wire(event).unwrap()).collect()
}

fn sorted(events: &[Happened]) -> Vec<String> {
    events.iter().map(|event| format!("{event:?}")).collect()
}
