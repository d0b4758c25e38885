//! The tables as they are filled and asked.

use ids::{CaseId, HistoryKey, Owner, Revision};
use proto::ToWireTime;
use proto::common::v1::Place;
use proto::intake::v1::intake_event::Event as IntakeFact;
use proto::intake::v1::{CallerJoined, IntakeEvent, LinkedAsDuplicate, Received};
use proto::record::v1::event::Of;
use proto::record::v1::{Commit, Decision, Event};
use proto::subjects::CommitSubject;

use super::*;

const DISTRICT: &str = "wuchang";

fn case(number: u64) -> CaseId {
    use rand::SeedableRng;
    CaseId::draw(jiff::civil::date(2026, 11, 21), &mut rand::rngs::StdRng::seed_from_u64(number))
}

/// `fact` as commit number `sequence` of the record.
fn commit(case: CaseId, sequence: u64, fact: IntakeFact) -> StoredCommit {
    let event = Event { of: Some(Of::Intake(IntakeEvent { event: Some(fact) })) };
    let decisions = vec![Decision { events: vec![event], ..Decision::default() }];
    let key = HistoryKey::case(DISTRICT.parse().unwrap(), &case);
    StoredCommit {
        subject: CommitSubject { key, owner: Owner::Intake, revision: Revision(sequence) },
        sequence,
        commit: Commit { decisions, ..Commit::default() },
    }
}

fn record(projection: &Projection, case: CaseId, sequence: u64, fact: IntakeFact) {
    projection.write_all(&mut HashMap::new(), &[commit(case, sequence, fact)]).unwrap();
}

fn received(way: i32, seconds: i64, longitude: f64) -> IntakeFact {
    IntakeFact::Received(Received {
        kind: 1,
        caller_class: way.min(3),
        channel: format!("channel-{way}"),
        way,
        title: "噪音扰民".to_owned(),
        place: Some(Place { longitude: Some(longitude), latitude: Some(30.5), ..Place::default() }),
        received_at: Some(Timestamp::from_second(seconds).unwrap().to_wire()),
        ..Received::default()
    })
}

#[test]
fn the_list_is_narrowed_by_class_channel_and_way() {
    let projection = Projection::open(None).unwrap();
    for way in 1..=5_i32 {
        let sequence = u64::from(way.unsigned_abs());
        record(&projection, case(sequence), sequence, received(way, 100, 114.3));
    }
    let total = |request: ListRequest| projection.list(&request, DISTRICT).unwrap().total;
    assert_eq!(total(ListRequest::default()), 5);
    assert_eq!(total(ListRequest { way: 4, ..ListRequest::default() }), 1);
    assert_eq!(total(ListRequest { caller_class: 3, ..ListRequest::default() }), 3);
    assert_eq!(total(ListRequest { channel: "channel-2".to_owned(), kind: 1, ..ListRequest::default() }), 1);
    assert_eq!(total(ListRequest { campaign: "summer-heat".to_owned(), ..ListRequest::default() }), 0);
    let page = projection.list(&ListRequest { page_size: 2, ..ListRequest::default() }, DISTRICT).unwrap();
    let next = ListRequest { page_token: page.next_page_token, ..ListRequest::default() };
    assert_eq!(projection.list(&next, DISTRICT).unwrap().cases.len(), 3);
}

#[test]
fn only_cases_near_and_in_time_that_are_not_merged_are_compared() {
    let projection = Projection::open(None).unwrap();
    record(&projection, case(1), 1, received(1, 100, 114.3));
    record(&projection, case(2), 2, received(1, 200, 114.3001));
    record(&projection, case(3), 3, received(1, 300, 115.0));
    let asked = projection.features(DISTRICT, case(2).as_str()).unwrap().unwrap();
    assert_eq!((asked.title.as_str(), asked.at.as_second()), ("噪音扰民", 200));
    let found = |window| -> Vec<String> {
        let found = projection.candidates(DISTRICT, &asked, window, (0.01, 0.01)).unwrap();
        found.into_iter().map(|(line, _)| line.case_id).collect()
    };
    assert_eq!(
        found(0..=1_000_000_000),
        [case(2).to_string(), case(1).to_string()],
        "newest first, the far one not at all"
    );
    assert_eq!(found(150_000_000..=1_000_000_000), [case(2).to_string()]);
    let linked = LinkedAsDuplicate { into: case(1).to_string(), ..LinkedAsDuplicate::default() };
    record(&projection, case(2), 4, IntakeFact::LinkedAsDuplicate(linked));
    assert_eq!(found(0..=1_000_000_000), [case(1).to_string()]);
    let listed = projection.list(&ListRequest::default(), DISTRICT).unwrap().cases;
    let merged = listed.iter().find(|line| line.case_id == case(2).as_str()).unwrap();
    assert_eq!(merged.merged_into, case(1).to_string());
}

#[test]
fn the_table_is_the_same_however_many_commits_come_together() {
    let joined = |category: &str| {
        IntakeFact::CallerJoined(CallerJoined { category: category.to_owned(), ..CallerJoined::default() })
    };
    let linked = LinkedAsDuplicate { into: case(1).to_string(), ..LinkedAsDuplicate::default() };
    let commits = [
        commit(case(1), 1, received(1, 100, 114.3)),
        commit(case(2), 2, received(2, 200, 114.4)),
        commit(case(1), 3, joined("noise")),
        commit(case(2), 4, IntakeFact::LinkedAsDuplicate(linked)),
        commit(case(1), 5, joined("ponding")),
    ];
    let dump = |together: usize, remembering: bool| {
        let projection = Projection::open(None).unwrap();
        let mut remembered = HashMap::new();
        for some in commits.chunks(together) {
            projection.write_all(&mut remembered, some).unwrap();
            if !remembering {
                remembered.clear();
            }
        }
        let connection = projection.connection.lock().unwrap();
        let mut rows = connection.prepare("SELECT * FROM cases ORDER BY case_id").unwrap();
        let columns = rows.column_count();
        let read = |row: &rusqlite::Row<'_>| (0..columns).map(|at| row.get(at)).collect();
        let rows: Vec<Vec<rusqlite::types::Value>> =
            rows.query_map([], read).unwrap().collect::<Result<_, _>>().unwrap();
        rows
    };
    let one_by_one = dump(1, false);
    assert_eq!(one_by_one.len(), 2);
    for together in 1..=commits.len() {
        assert_eq!(dump(together, true), one_by_one, "{together} together");
        assert_eq!(dump(together, false), one_by_one, "{together} together, read back each time");
    }
}
