use std::path::PathBuf;

use futures::future::join_all;
use prost::Message;
use proto::common::v1::Refusal;
use proto::dispatch::v1::Answer;
use tempfile::TempDir;

use super::*;
use crate::fixtures::{answer, call, case, done, new, order, over, read, respond, task};

struct Disk {
    _directory: TempDir,
    file: PathBuf,
}

fn disk() -> Disk {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("wuchang-jsj.sqlite");
    Disk { _directory: directory, file }
}

impl Disk {
    fn open(&self) -> Store {
        Store::open(&self.file).unwrap()
    }

    /// Everything is dropped as it is, and the process comes back.
    async fn kill_and_reopen(&self, store: Store) -> Store {
        let gone = store.ended();
        drop(store);
        gone.cancelled().await;
        self.open()
    }

    fn count(&self, table: &str) -> i64 {
        let connection = schema::open_for_reading(&self.file).unwrap();
        connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    }
}

fn accepted(revision: u64) -> Verdict {
    Verdict::Accepted { revision, position: 10 * revision }
}

async fn list(store: &Store, all: bool) -> Vec<ReceivedCall> {
    let reach = if all { Reach::Over } else { Reach::Done };
    let (list, next) =
        store.calls(Which { reach, colour: None }, Page { size: usize::MAX, after: None }).await.unwrap();
    assert_eq!(next, None);
    list
}

async fn states(store: &Store, all: bool) -> Vec<(String, String)> {
    list(store, all).await.into_iter().map(|call| (call.case_id, call.state)).collect()
}

#[tokio::test]
async fn a_repeated_order_is_kept_once_even_after_a_restart() {
    let disk = disk();
    let store = disk.open();
    let first = new(&order(1, "3-0", call(1)));
    assert_eq!(store.take_order(first.clone()).await, Ok(true));
    assert_eq!(store.take_order(first.clone()).await, Ok(false));
    let store = disk.kill_and_reopen(store).await;
    assert_eq!(store.take_order(first).await, Ok(false));
    assert_eq!(store.take_order(new(&order(2, "3-0", call(1)))).await, Ok(true), "another case, another order");
    assert_eq!(disk.count("orders"), 2);
}

#[tokio::test]
async fn whoever_is_answered_finds_it_on_disk() {
    let disk = disk();
    let store = disk.open();
    let asked = (0..600).map(|number| {
        let (store, file) = (store.clone(), disk.file.clone());
        async move {
            store.take_order(new(&order(number, "1", call(1)))).await.unwrap();
            // Another connection sees what is committed, and nothing else.
            let connection = schema::open_for_reading(&file).unwrap();
            let sql = "SELECT count(*) FROM orders WHERE case_id = ?1";
            connection.query_row(sql, [case(number).as_str()], |row| row.get::<_, i64>(0)).unwrap()
        }
    });
    assert_eq!(join_all(asked).await, vec![1; 600]);
}

#[tokio::test]
async fn a_write_that_fails_stops_no_other_of_its_group() {
    let disk = disk();
    let store = disk.open();
    let wrong = store.writer.write(|connection| connection.execute("INSERT INTO nothing VALUES (1)", []), |_| {});
    let right = (0..10).map(|number| store.take_order(new(&order(number, "1", call(1)))));
    let (wrong, right) = tokio::join!(wrong, join_all(right));
    assert!(matches!(wrong, Err(StoreError::Disk(_))), "{wrong:?}");
    assert_eq!(right, vec![Ok(true); 10]);
}

#[tokio::test]
async fn an_answer_kept_before_a_kill_is_sent_under_the_same_command_id() {
    let disk = disk();
    let store = disk.open();
    // It came without a command id, and so was given one.
    let kept = read(answer(1, "", respond()));
    assert!(matches!(store.keep(kept.clone(), |_| {}).await, Ok(Kept::New(_))));

    let store = disk.kill_and_reopen(store).await;
    let unsent = store.unsent().await.unwrap();
    assert_eq!(unsent.len(), 1);
    let sent = Answer::decode(unsent[0].payload.as_slice()).unwrap();
    assert_eq!(sent.command_id, kept.command_id.as_str());
    assert_eq!(sent.answer, Some(respond()));
}

#[tokio::test]
async fn the_same_command_again_gets_the_same_verdict_and_another_answer_under_it_none() {
    let disk = disk();
    let store = disk.open();
    let (first, second) = (read(answer(1, "c-1", respond())), read(answer(1, "c-2", done())));
    let Ok(Kept::New(one)) = store.keep(first.clone(), |_| {}).await else { panic!("not new") };
    let Ok(Kept::New(two)) = store.keep(second.clone(), |_| {}).await else { panic!("not new") };
    assert_eq!(store.keep(first.clone(), |_| {}).await, Ok(Kept::Again(one, None)));

    let refused = Verdict::Refused(Refusal { code: "FAILED_PRECONDITION".to_owned(), ..Refusal::default() });
    store.settle(one, first.call.clone(), accepted(7), None);
    store.settle(two, second.call.clone(), refused.clone(), None);
    store.flush().await.unwrap();
    let store = disk.kill_and_reopen(store).await;
    assert_eq!(store.keep(first, |_| {}).await, Ok(Kept::Again(one, Some(accepted(7)))));
    assert_eq!(store.keep(second, |_| {}).await, Ok(Kept::Again(two, Some(refused))));
    assert_eq!(store.keep(read(answer(1, "c-1", done())), |_| {}).await, Ok(Kept::Different));
    assert_eq!(store.unsent().await, Ok(vec![]));
}

#[tokio::test]
async fn a_call_is_as_far_as_the_hub_has_accepted() {
    let disk = disk();
    let store = disk.open();
    store.take_order(new(&order(1, "3-0", call(1)))).await.unwrap();
    store.take_order(new(&order(1, "4-0", task(1, 1)))).await.unwrap();
    let response = read(answer(1, "c-1", respond()));
    let Ok(Kept::New(id)) = store.keep(response.clone(), |_| {}).await else { panic!("not new") };

    let kept = list(&store, false).await.remove(0);
    assert_eq!((kept.state.as_str(), kept.waiting_answers, kept.tasks.len()), ("called", 1, 1));
    store.settle(id, response.call, accepted(5), None);
    let taken = list(&store, false).await.remove(0);
    assert_eq!((taken.state.as_str(), taken.waiting_answers), ("responded", 0));
    assert_eq!(taken.call.map(|call| call.title).as_deref(), Some("积玉桥·中山路308号"));
}

#[tokio::test]
async fn a_call_that_is_over_before_it_arrives_is_over() {
    let disk = disk();
    let store = disk.open();
    store.take_order(new(&order(1, "9-0", over(1)))).await.unwrap();
    store.take_order(new(&order(1, "3-0", call(1)))).await.unwrap();
    assert_eq!(states(&store, false).await, []);
    assert_eq!(states(&store, true).await, [(case(1).to_string(), "over".to_owned())]);
}

#[tokio::test]
async fn the_list_begins_with_the_oldest_call_to_work_on() {
    let disk = disk();
    let store = disk.open();
    for number in [1, 2, 3, 4] {
        store.take_order(new(&order(number, "3-0", call(1)))).await.unwrap();
    }
    store.take_order(new(&order(1, "9-0", over(1)))).await.unwrap();
    let report = read(answer(2, "c-1", done()));
    let Ok(Kept::New(id)) = store.keep(report.clone(), |_| {}).await else { panic!("not new") };
    store.settle(id, report.call, accepted(5), None);

    let expected = |cases: &[(u64, &str)]| -> Vec<(String, String)> {
        cases.iter().map(|(number, state)| (case(*number).to_string(), (*state).to_owned())).collect()
    };
    assert_eq!(states(&store, false).await, expected(&[(3, "called"), (4, "called"), (2, "done")]));
    assert_eq!(states(&store, true).await, expected(&[(3, "called"), (4, "called"), (2, "done"), (1, "over")]));
}

#[tokio::test]
async fn whose_officer_could_not_decide_sees_that_a_new_answer_is_wanted() {
    use proto::dispatch::v1::{CallOrder, order::Order};
    let disk = disk();
    let store = disk.open();
    store.take_order(new(&order(1, "3-0", call(1)))).await.unwrap();
    let response = read(answer(1, "c-1", respond()));
    let Ok(Kept::New(id)) = store.keep(response.clone(), |_| {}).await else { panic!("not new") };
    store.settle(id, response.call, accepted(4), None);
    assert_eq!(states(&store, false).await, [(case(1).to_string(), "responded".to_owned())]);
    // Ordered by the sixth revision, after the answer of the fourth.
    let again = CallOrder { call: 1, again: true, note: "no authority".to_owned(), ..CallOrder::default() };
    store.take_order(new(&order(1, "6-0", Order::Call(again)))).await.unwrap();
    assert_eq!(states(&store, false).await, [(case(1).to_string(), "called".to_owned())]);
    let shown = list(&store, false).await.remove(0).call.unwrap();
    assert!(shown.again && shown.note == "no authority", "and why");
}

#[tokio::test]
async fn red_goes_before_yellow_and_of_one_colour_what_is_due_next() {
    use proto::ToWireTime;
    use proto::common::v1::Colour;
    use proto::dispatch::v1::{CallOrder, order::Order};
    let disk = disk();
    let store = disk.open();
    let called = |colour: Colour, response: i64| {
        let due = |second| Some(jiff::Timestamp::from_second(second).unwrap().to_wire());
        Order::Call(CallOrder {
            call: 1,
            colour: colour.into(),
            response_due: due(response),
            // Long before any response: it does not count yet.
            completion_due: due(1),
            ..CallOrder::default()
        })
    };
    let orders = [(Colour::Blue, 10), (Colour::Red, 90), (Colour::Yellow, 20), (Colour::Red, 50)];
    for (number, (colour, response)) in (1..).zip(orders) {
        store.take_order(new(&order(number, "3-0", called(colour, response)))).await.unwrap();
    }
    let list: Vec<String> = states(&store, false).await.into_iter().map(|(case, _)| case).collect();
    assert_eq!(list, [4, 2, 3, 1].map(|number| case(number).to_string()));
}

#[tokio::test]
async fn the_oldest_finished_calls_are_forgotten_and_no_other() {
    let disk = disk();
    let store = disk.open();
    for number in 1..=5 {
        store.take_order(new(&order(number, "3-0", call(1)))).await.unwrap();
    }
    for number in [2, 3, 5] {
        store.take_order(new(&order(number, "9-0", over(1)))).await.unwrap();
    }
    // Case 2 is over, but the hub has not taken its last answer.
    store.keep(read(answer(2, "c-1", respond())), |_| {}).await.unwrap();
    let tidy = |orders_max| store.writer.write(move |connection| tables::tidy(connection, orders_max), |()| {});

    tidy(8).await.unwrap();
    assert_eq!(disk.count("orders"), 8);
    tidy(7).await.unwrap();
    assert_eq!((disk.count("orders"), disk.count("calls")), (6, 4), "case 3 is gone, with both its orders");
    tidy(0).await.unwrap();
    let left: Vec<String> = states(&store, true).await.into_iter().map(|(case, _)| case).collect();
    assert_eq!(left, [case(1), case(4), case(2)].map(|case| case.to_string()));
    assert_eq!(store.unsent().await.unwrap().len(), 1);
}

fn refused(why: &str) -> Verdict {
    let (code, message) = ("FAILED_PRECONDITION".to_owned(), why.to_owned());
    Verdict::Refused(Refusal { code, message, ..Refusal::default() })
}

/// Command ids of the refusals that nobody has seen.
async fn unseen(store: &Store) -> Vec<String> {
    let refused = store.refused_after(0).await.unwrap();
    assert_eq!(refused.len(), usize::try_from(store.unseen().borrow().count).unwrap());
    refused.into_iter().map(|(_, refused)| refused.answer.unwrap().command_id).collect()
}

#[tokio::test]
async fn a_refusal_that_nobody_was_told_of_stays_until_somebody_has_seen_it() {
    let disk = disk();
    let store = disk.open();
    store.take_order(new(&order(1, "3-0", call(1)))).await.unwrap();
    let now: Timestamp = "2026-11-21T09:00:00Z".parse().unwrap();
    for (command, unseen_since) in [("told", None), ("first", Some(now)), ("second", Some(now)), ("again", Some(now))] {
        let answer = read(answer(1, command, done()));
        let Ok(Kept::New(id)) = store.keep(answer.clone(), |_| {}).await else { panic!("not new") };
        store.settle(id, answer.call, refused("not responded"), unseen_since);
    }
    store.flush().await.unwrap();
    let store = disk.kill_and_reopen(store).await;
    assert_eq!(unseen(&store).await, ["first", "second", "again"]);
    let (_, shown) = store.refused_after(0).await.unwrap().remove(0);
    assert_eq!(shown.refusal.unwrap().message, "not responded");
    assert_eq!(shown.refused_at.unwrap().seconds, now.as_second());

    // However little room there is, it is not forgotten with its call.
    store.take_order(new(&order(1, "9-0", over(1)))).await.unwrap();
    store.writer.write(|connection| tables::tidy(connection, 0), |()| {}).await.unwrap();
    assert_eq!(unseen(&store).await, ["first", "second", "again"]);

    let see = async |command: &str| {
        store.see_refused("wuchang".parse().unwrap(), case(1), command.parse().unwrap()).await.unwrap()
    };
    assert!(see("first").await && see("first").await, "it was refused, and that was seen");
    assert!(!see("another").await, "there was none");
    assert_eq!(unseen(&store).await, ["second", "again"]);
    // Whoever gives it again is told.
    let Ok(Kept::Again(_, Some(_))) = store.keep(read(answer(1, "again", done())), |_| {}).await else { panic!("new") };
    assert_eq!(unseen(&store).await, ["second"]);
    assert!(see("second").await);
    store.writer.write(|connection| tables::tidy(connection, 0), |()| {}).await.unwrap();
    assert_eq!(disk.count("answers"), 0);
}

#[tokio::test]
async fn whoever_turns_pages_meets_each_call_once_and_stays_with_the_filter() {
    use proto::common::v1::Colour;
    use proto::dispatch::v1::{CallOrder, order::Order};
    let disk = disk();
    let store = disk.open();
    for number in 1..=7 {
        let colour = if number % 2 == 0 { Colour::Red } else { Colour::Blue };
        let called = Order::Call(CallOrder { call: 1, colour: colour.into(), ..CallOrder::default() });
        store.take_order(new(&order(number, "3-0", called))).await.unwrap();
    }
    for number in [1, 4, 7] {
        store.take_order(new(&order(number, "9-0", over(1)))).await.unwrap();
    }
    let pages = async |which: Which, size: usize| -> Vec<Vec<String>> {
        let (mut pages, mut after) = (Vec::new(), None);
        loop {
            let (calls, next) = store.calls(which, Page { size, after }).await.unwrap();
            pages.push(calls.into_iter().map(|call| call.case_id).collect());
            let Some(place) = next else { return pages };
            after = Some(place.to_string().parse().unwrap());
        }
    };
    let cases = |numbers: &[u64]| -> Vec<String> { numbers.iter().map(|number| case(*number).to_string()).collect() };
    let all = Which { reach: Reach::Over, colour: None };
    let whole = cases(&[2, 6, 3, 5, 7, 4, 1]);
    for size in 1..=8 {
        let pages = pages(all, size).await;
        assert!(pages.iter().all(|page| page.len() <= size), "{pages:?}");
        assert_eq!(pages.concat(), whole, "{size} on a page");
    }
    assert_eq!(pages(Which { reach: Reach::Open, ..all }, 3).await, [cases(&[2, 6, 3]), cases(&[5])]);
    assert_eq!(pages(Which { colour: Some(Colour::Red), ..all }, 2).await, [cases(&[2, 6]), cases(&[4])]);
    assert!("1.0.0".parse::<Place>().is_err() && "x".parse::<Place>().is_err() && "2.0.0.0".parse::<Place>().is_err());
}

#[tokio::test]
async fn orders_are_read_in_the_order_of_arrival_with_or_without_finished_ones() {
    let disk = disk();
    let store = disk.open();
    for number in 1..=3 {
        store.take_order(new(&order(number, "3-0", call(1)))).await.unwrap();
    }
    store.take_order(new(&order(2, "9-0", over(1)))).await.unwrap();
    let newest = *store.newest().borrow();
    assert_eq!(newest, 4);
    let cases = async |position, unfinished_until| -> Vec<String> {
        let orders = store.orders_after(position, unfinished_until).await.unwrap();
        orders.into_iter().map(|(_, order)| order.case_id).collect()
    };
    let [one, two, three] = [1, 2, 3].map(|number| case(number).to_string());
    assert_eq!(cases(0, 0).await, [one.clone(), two.clone(), three.clone(), two]);
    assert_eq!(cases(0, newest).await, [one, three]);
    assert_eq!(cases(newest, 0).await, [""; 0]);
}

#[tokio::test]
async fn two_processes_do_not_share_a_department() {
    let disk = disk();
    let _store = disk.open();
    let second = Store::open(&disk.file).unwrap_err();
    assert!(second.to_string().contains("another process runs this department"), "{second}");
}

/// What programs did that worked on version 2 only.
const FROM_VERSION_1_TO_2: &str = "
    ALTER TABLE answers ADD COLUMN stored_at INTEGER NOT NULL DEFAULT 0;
    PRAGMA user_version = 2";

/// A version can be rolled back: what only came in addition keeps nobody from a file, in neither direction.
#[tokio::test]
async fn a_file_goes_to_an_older_program_and_comes_back() {
    let disk = disk();
    let first = read(answer(1, "c-1", respond()));
    let taken = async |store: &Store, answer: &ReadAnswer, verdict| {
        let Ok(Kept::New(id)) = store.keep(answer.clone(), |_| {}).await else { panic!("not new") };
        store.settle(id, answer.call.clone(), verdict, None);
        store.flush().await.unwrap();
    };
    let closed = async |store: Store| {
        let gone = store.ended();
        drop(store);
        gone.cancelled().await;
        rusqlite::Connection::open(&disk.file).unwrap()
    };
    let store = disk.open();
    taken(&store, &first, accepted(7)).await;

    // Files of version 1 had everything but this, and their programs worked on no other version.
    let file = closed(store).await;
    let version: i64 = file.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    assert_eq!(version, 1);
    file.execute_batch("ALTER TABLE answers DROP COLUMN hub_position").unwrap();
    drop(file);
    let store = disk.open();
    let without = Verdict::Accepted { revision: 7, position: 0 };
    assert_eq!(store.keep(first, |_| {}).await, Ok(Kept::Again(AnswerId(1), Some(without))));
    taken(&store, &read(answer(1, "c-2", done())), accepted(8)).await;

    let file = closed(store).await;
    file.execute_batch(FROM_VERSION_1_TO_2).unwrap();
    drop(file);
    let store = disk.open();
    let second = read(answer(1, "c-2", done()));
    assert_eq!(store.keep(second, |_| {}).await, Ok(Kept::Again(AnswerId(2), Some(accepted(8)))));
    let file = closed(store).await;
    file.pragma_update(None, "user_version", 3).unwrap();
    drop(file);
    let later = Store::open(&disk.file).unwrap_err();
    assert!(format!("{later:#}").contains("it has version 3"), "{later:#}");
}
