//! The copy as it is filled and asked, held against a model that looks at every case each time.

use ids::{HistoryKey, Kind, Owner, Revision};
use jiff::Timestamp;
use proptest::prelude::*;
use prost::Message;
use proto::ToWireTime;
use proto::casebook::v1::{CaseSummary, ListRequest};
use proto::common::v1::{Level, Outcome, Place as WirePlace};
use proto::dispatch::v1::dispatch_event::Event as DispatchFact;
use proto::dispatch::v1::{Assigned, CallEnded, Called, CalledParty, Closed, DispatchEvent, Escalated, Resolved};
use proto::enforcement_center::v1::enforcement_center_event::Event as CentreFact;
use proto::enforcement_center::v1::{EnforcementCenterEvent, OperationCancelled, OperationOpened};
use proto::intake::v1::intake_event::Event as IntakeFact;
use proto::intake::v1::{CallerJoined, IntakeEvent, LinkedAsDuplicate, Received};
use proto::record::v1::{Commit, Decision, Event, Filed, event::Of};
use proto::subjects::{CommitSubject, FiledSubject};
use record::{Entry, Keeper, StoredCommit, StoredFiled};
use rusqlite::Connection;
use rusqlite::types::Value;
use station::access::{Concern, Scope};

use crate::cases::likeness::Reach;
use crate::cases::list::{Wanted, list};
use crate::cases::statistics::{self, Which};
use crate::cases::{Line, suggest};
use crate::copy::{self, Place};
use crate::keep::{Keeping, Unfile};

mod broker;
mod news;

const DISTRICT: &str = "wuchang";

/// An empty copy that nobody else has.
pub fn connection() -> Connection {
    let place = Place::new(None).unwrap();
    copy::create(&place, "a record").unwrap().connection
}

pub fn commit(position: u64, case: &str, of: Of) -> StoredCommit {
    commit_at(position, case, 1_795_000_000 + i64::try_from(position).unwrap(), of)
}

/// A commit of one fact, decided at a second.
pub fn commit_at(position: u64, case: &str, second: i64, of: Of) -> StoredCommit {
    let key = HistoryKey { kind: Kind::Case, district: DISTRICT.parse().unwrap(), id: case.to_owned() };
    let decision = Decision { events: vec![Event { of: Some(of) }], ..Decision::default() };
    let at = Timestamp::from_second(second).unwrap();
    StoredCommit {
        subject: CommitSubject { key, owner: Owner::Intake, revision: Revision(position) },
        sequence: position,
        commit: Commit { at: Some(at.to_wire()), decisions: vec![decision], ..Commit::default() },
    }
}

fn intake(fact: IntakeFact) -> Of {
    Of::Intake(IntakeEvent { event: Some(fact) })
}

fn dispatch(fact: DispatchFact) -> Of {
    Of::Dispatch(DispatchEvent { event: Some(fact) })
}

fn received(way: i32, second: i64, longitude: f64, title: &str) -> Of {
    intake(IntakeFact::Received(Received {
        kind: 1 + way % 2,
        caller_class: way.min(3),
        channel: format!("channel-{}", way % 3),
        way,
        bridge: "wuchang-board".to_owned(),
        caller_ref: format!("caller-{way}"),
        title: title.to_owned(),
        place: Some(WirePlace { longitude: Some(longitude), latitude: Some(30.5), ..WirePlace::default() }),
        received_at: Some(Timestamp::from_second(second).unwrap().to_wire()),
        ..Received::default()
    }))
}

fn nothing_filed() -> Unfile {
    Box::new(|_| Ok(Vec::new()))
}

/// A copy with what is kept in it.
pub struct Kept {
    keeping: Option<Keeping>,
    place: Place,
}

impl Kept {
    fn new() -> Self {
        let place = Place::new(None).unwrap();
        let writer = copy::create(&place, "a record").unwrap();
        Self { keeping: Some(Keeping::new(writer.connection, nothing_filed())), place }
    }

    pub fn of(commits: &[StoredCommit], together: usize, remembering: bool) -> Self {
        let mut kept = Self::new();
        for some in commits.chunks(together) {
            if !remembering {
                kept.reopen();
            }
            kept.keep(some);
        }
        kept
    }

    pub fn keep(&mut self, commits: &[StoredCommit]) {
        let entries: Vec<Entry> = commits.iter().cloned().map(Entry::Commit).collect();
        self.keeping.as_mut().unwrap().keep(&entries).unwrap();
    }

    /// As after a restart: it remembers nothing.
    pub fn reopen(&mut self) {
        self.keeping = None;
        let writer = copy::open(&self.place, "a record").unwrap().expect("it is of this form and record");
        self.keeping = Some(Keeping::new(writer.connection, nothing_filed()));
    }

    pub fn look<T>(&self, question: impl FnOnce(&Connection) -> T) -> T {
        question(&Connection::open(self.place.file()).unwrap())
    }

    /// Everything in a table, whatever the order.
    pub fn dump(&self, table: &str) -> Vec<String> {
        self.look(|connection| {
            let mut rows = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
            let columns = rows.column_count();
            let read = |row: &rusqlite::Row<'_>| (0..columns).map(|at| row.get(at)).collect();
            let rows: Vec<Vec<Value>> = rows.query_map([], read).unwrap().collect::<Result<_, _>>().unwrap();
            let mut lines: Vec<String> = rows.iter().map(|row| format!("{row:?}")).collect();
            lines.sort();
            lines
        })
    }

    /// Every page, one after the other.
    fn list(&self, request: &ListRequest, scope: &Scope) -> (Vec<String>, u64, bool) {
        let mut request = request.clone();
        let (mut ids, mut first) = (Vec::new(), None);
        loop {
            let Some(wanted) = Wanted::new(request.clone(), scope.clone()).unwrap() else { return (ids, 0, false) };
            let page = self.look(|connection| list(connection, &wanted)).unwrap();
            first.get_or_insert((page.total, page.total_is_at_least));
            ids.extend(page.cases.into_iter().map(|line| line.case_id));
            if page.next_page_token.is_empty() {
                let (total, at_least) = first.unwrap();
                return (ids, total, at_least);
            }
            request.page_token = page.next_page_token;
        }
    }
}

/// What happens to some cases, one fact after the other.
fn history() -> impl Strategy<Value = Vec<StoredCommit>> {
    let fact = prop_oneof![
        4 => (1_i32..6, 0_i64..400_000, 0_u8..20).prop_map(|(way, second, east)| {
            let titles = ["夜间噪音扰民", "路灯不亮", "下水道堵塞"];
            let title = titles[usize::try_from(way).unwrap() % 3];
            received(way, second, 114.3 + f64::from(east) / 10_000.0, title)
        }),
        2 => (0_usize..3).prop_map(|party| {
            let category = ["noise", "lamp", ""][party].to_owned();
            let party = ["wuchang-a", "wuchang-b", "wuchang-c"][party].to_owned();
            dispatch(DispatchFact::Assigned(Assigned { party, category, level: Level::B1.into(), ..Assigned::default() }))
        }),
        1 => Just(dispatch(DispatchFact::Called(Called {
            caller: "wuchang-a".to_owned(),
            parties: vec![CalledParty { party: "wuchang-water".to_owned(), ..CalledParty::default() }],
            ..Called::default()
        }))),
        1 => Just(dispatch(DispatchFact::Escalated(Escalated {
            to: Level::C.into(),
            to_party: "wuchang-centre".to_owned(),
            ..Escalated::default()
        }))),
        1 => Just(dispatch(DispatchFact::Resolved(Resolved { outcome: Outcome::Solved.into(), ..Resolved::default() }))),
        1 => Just(dispatch(DispatchFact::Closed(Closed { outcome: Outcome::Solved.into(), ..Closed::default() }))),
        1 => Just(intake(IntakeFact::CallerJoined(CallerJoined {
            caller_ref: "joined".to_owned(),
            category: "noise".to_owned(),
            ..CallerJoined::default()
        }))),
    ];
    prop::collection::vec((0_u8..12, fact), 1..60).prop_map(|facts| {
        let mut known = std::collections::HashSet::new();
        let mut commits = Vec::new();
        for (case, of) in facts {
            let begins = matches!(&of, Of::Intake(fact) if matches!(fact.event, Some(IntakeFact::Received(_))));
            // A case begins once, with its receipt.
            if begins == known.contains(&case) {
                continue;
            }
            known.insert(case);
            commits.push(commit(commits.len() as u64 + 1, &format!("case-{case}"), of));
        }
        commits
    })
}

/// Every case as it stands, newest first.
fn model(commits: &[StoredCommit]) -> Vec<Line> {
    let mut lines: Vec<(HistoryKey, Line)> = Vec::new();
    for stored in commits {
        let key = &stored.subject.key;
        if !lines.iter().any(|(known, _)| known == key) {
            lines.push((key.clone(), Line::of(key)));
        }
        let line = lines.iter_mut().find(|(known, _)| known == key).unwrap();
        line.1.add(&stored.commit);
    }
    lines.into_iter().rev().map(|(_, line)| line).collect()
}

fn fits(line: &CaseSummary, request: &ListRequest) -> bool {
    let is = |asked: &str, value: &str| asked.is_empty() || asked == value;
    let is_about =
        |code: &String| line.category == *code || line.also.contains(code) || line.judged_also.contains(code);
    is(&request.state, &line.state)
        && (request.category.is_empty() || is_about(&request.category))
        && is(&request.level, &line.level)
        && is(&request.owner, &line.owner)
        && is(&request.channel, &line.channel)
        && (request.way == 0 || request.way == line.way)
        && (request.caller_class == 0 || request.caller_class == line.caller_class)
        && (request.text.is_empty() || line.title.contains(&request.text))
}

fn question() -> impl Strategy<Value = ListRequest> {
    let state = prop_oneof![3 => Just(""), 1 => Just("assigned"), 1 => Just("closed"), 1 => Just("received")];
    let owner = prop_oneof![3 => Just(""), 1 => Just("wuchang-a"), 1 => Just("wuchang-centre")];
    let text = prop_oneof![3 => Just(""), 1 => Just("噪音"), 1 => Just("下水道")];
    let category = prop_oneof![3 => Just(""), 1 => Just("noise"), 1 => Just("lamp")];
    (state, owner, text, category, 0_i32..4, 1_u32..5).prop_map(|(state, owner, text, category, way, page_size)| {
        ListRequest {
            state: state.to_owned(),
            category: category.to_owned(),
            owner: owner.to_owned(),
            text: text.to_owned(),
            way,
            page_size,
            ..ListRequest::default()
        }
    })
}

fn scope() -> impl Strategy<Value = Scope> {
    let here = || vec![DISTRICT.parse().unwrap()];
    let only = |concern| Scope::Only { districts: vec![DISTRICT.parse().unwrap()], who: vec![concern] };
    prop_oneof![
        2 => Just(Scope::All),
        1 => Just(Scope::Districts(here())),
        1 => Just(Scope::Districts(vec!["heping".parse().unwrap()])),
        1 => Just(only(Concern::Party("wuchang-water".parse().unwrap()))),
        1 => Just(only(Concern::Caller("joined".to_owned()))),
        1 => Just(only(Concern::Bridge("wuchang-board".parse().unwrap()))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_list_shows_every_case_that_fits_and_that_its_reader_may_see_and_no_other(
        commits in history(), request in question(), scope in scope(),
    ) {
        let kept = Kept::of(&commits, 7, true);
        let district = DISTRICT.parse().unwrap();
        let wanted: Vec<String> = model(&commits)
            .into_iter()
            .filter(|line| fits(&line.summary, &request) && scope.covers(&district, &line.matter.concerns))
            .map(|line| line.summary.case_id)
            .collect();
        let (listed, total, at_least) = kept.list(&request, &scope);
        prop_assert_eq!(&listed, &wanted);
        if at_least {
            prop_assert!(total <= wanted.len() as u64);
        } else {
            prop_assert_eq!(total, wanted.len() as u64);
        }
    }

    #[test]
    fn statistics_are_what_counting_every_case_gives(
        commits in history(), from in 0_i64..400_000, length in 0_i64..400_000, class in 0_i32..4, always in any::<bool>(),
        named in prop::option::of(prop::collection::vec(any::<bool>(), 0..6)),
    ) {
        let kept = Kept::of(&commits, 5, true);
        let window = if always { statistics::ALWAYS } else { from * 1_000_000..(from + length) * 1_000_000 };
        let charter = charter::Charter::shipped("wuchang").unwrap();
        let lines: Vec<Line> = model(&commits);
        let is_named = |at: usize| named.as_ref().is_none_or(|named| named.get(at) == Some(&true));
        let lines: Vec<Line> =
            lines.into_iter().enumerate().filter(|(at, _)| is_named(*at)).map(|(_, line)| line).collect();
        let only = named.is_some().then(|| lines.iter().map(|line| line.summary.case_id.clone()).collect());
        let which = Which { window: window.clone(), class, only };
        let counted =
            kept.look(|connection| statistics::statistics(connection, DISTRICT, &which, charter.containment())).unwrap();
        let within: Vec<&Line> = lines
            .iter()
            .filter(|line| window.contains(&line.found_by.received_us))
            .filter(|line| class == 0 || line.summary.caller_class == class)
            .collect();
        prop_assert_eq!(counted.received, within.len() as u64);
        let ended = |line: &&&Line| line.summary.closed_at.is_some() && !line.summary.outcome.is_empty();
        prop_assert_eq!(counted.closed, within.iter().filter(ended).count() as u64);
        for count in &counted.breakdowns.iter().find(|breakdown| breakdown.by == "state").unwrap().counts {
            let of_state = within.iter().filter(|line| line.summary.state == count.value).count();
            prop_assert_eq!(count.received, of_state as u64, "{}", &count.value);
        }
    }

    #[test]
    fn the_copy_is_the_same_however_many_commits_come_together(commits in history(), together in 1_usize..20) {
        let (one_by_one, some) = (Kept::of(&commits, 1, false), Kept::of(&commits, together, true));
        for table in ["cases", "concerns", "courses", "days WHERE cases <> 0", "seen", "spots"] {
            let same = |kept: &Kept| kept.dump(table);
            // Numbers of sorts are given as they come up.
            if table != "cases" && !table.starts_with("days") {
                prop_assert_eq!(same(&one_by_one), same(&some), "{}", table);
            }
        }
        let lines = |kept: &Kept| kept.list(&ListRequest::default(), &Scope::All);
        prop_assert_eq!(lines(&one_by_one), lines(&some));
        let sorts = |kept: &Kept| {
            let mut sorts = kept.dump(
                "(SELECT district, state, level, kind, caller_class, way, channel, ended, cases FROM facets WHERE cases > 0)",
            );
            sorts.sort();
            sorts
        };
        prop_assert_eq!(sorts(&one_by_one), sorts(&some));
    }
}

#[test]
fn a_suggestion_is_near_in_time_and_not_part_of_another() {
    let mut kept = Kept::new();
    kept.keep(&[
        commit(1, "one", received(1, 100, 114.3, "夜间噪音扰民")),
        commit(2, "two", received(1, 200, 114.3001, "夜间噪音扰民")),
        commit(3, "far", received(1, 150, 115.0, "夜间噪音扰民")),
        commit(4, "late", received(1, 900, 114.3, "夜间噪音扰民")),
    ]);
    let found = |kept: &Kept, window_s: i64| -> Vec<String> {
        kept.look(|connection| {
            let features = suggest::features(connection, DISTRICT, "two").unwrap().unwrap();
            assert_eq!(features.title, "夜间噪音扰民");
            let reach = Reach { distance_m_max: 200.0, window: jiff::SignedDuration::from_secs(window_s) };
            let until = features.at;
            let asked = suggest::Asked { features, case: Some("two".to_owned()), until, reach, limit: 10 };
            let found = suggest::suggest(connection, &DISTRICT.parse().unwrap(), &asked, &Scope::All).unwrap();
            found.into_iter().map(|it| it.case.unwrap().case_id).collect()
        })
    };
    assert_eq!(found(&kept, 1000), ["one"], "neither the far one nor a later one");
    assert!(found(&kept, 50).is_empty());
    let linked = LinkedAsDuplicate { into: "elsewhere".to_owned(), ..LinkedAsDuplicate::default() };
    kept.keep(&[commit(5, "one", intake(IntakeFact::LinkedAsDuplicate(linked)))]);
    assert!(found(&kept, 1000).is_empty(), "it can no longer be the one that others are part of");
}

#[test]
fn a_copy_of_another_record_or_form_or_a_garbled_one_is_of_no_use() {
    let place = Place::new(None).unwrap();
    drop(copy::create(&place, "a record").unwrap());
    assert!(copy::open(&place, "a record").unwrap().is_some());
    assert!(copy::open(&place, "another record").unwrap().is_none());
    {
        let connection = Connection::open(place.file()).unwrap();
        connection.pragma_update(None, "user_version", copy::FORM + 1).unwrap();
    }
    assert!(copy::open(&place, "a record").unwrap().is_none(), "of a later form");
    std::fs::write(place.file(), b"not a database at all, and long enough to look like something").unwrap();
    assert!(copy::open(&place, "a record").is_err_and(|error| error.is_damage()));
    drop(copy::create(&place, "a record").unwrap());
    assert!(copy::open(&place, "a record").unwrap().is_some(), "made anew in its place");
    place.discard().unwrap();
    assert!(copy::open(&place, "a record").unwrap().is_none());
}

#[test]
fn a_filed_case_is_shown_and_counted_as_before_whether_the_copy_met_it_or_not() {
    let commits = [
        commit(1, "filed", received(1, 100, 114.3, "夜间噪音扰民")),
        commit(2, "open", received(2, 200, 114.3, "路灯不亮")),
        commit(
            3,
            "filed",
            dispatch(DispatchFact::Closed(Closed { outcome: Outcome::Solved.into(), ..Closed::default() })),
        ),
    ];
    let filed_at = Some(Timestamp::from_second(1_800_000_000).unwrap().to_wire());
    let filed = StoredFiled {
        subject: FiledSubject { district: DISTRICT.parse().unwrap(), case: "filed".to_owned() },
        sequence: 9,
        filed: Filed { filed_at, ..Filed::default() },
    };
    let mut met = Kept::of(&commits, 1, true);
    met.keeping.as_mut().unwrap().keep(&[Entry::Filed(filed.clone())]).unwrap();
    // Another one that is made when its commits have left the record.
    let mut unmet = Kept::new();
    let in_volume: Vec<StoredCommit> = [&commits[0], &commits[2]].map(Clone::clone).to_vec();
    let unfile: Unfile = Box::new(move |_| Ok(in_volume.clone()));
    unmet.keeping = None;
    let writer = copy::open(&unmet.place, "a record").unwrap().unwrap();
    let mut keeping = Keeping::new(writer.connection, unfile);
    keeping.keep(&[Entry::Commit(commits[1].clone()), Entry::Filed(filed)]).unwrap();
    let by_words = ListRequest { text: "噪音".to_owned(), ..ListRequest::default() };
    for kept in [&met, &unmet] {
        assert_eq!(kept.list(&ListRequest::default(), &Scope::All).0, ["open", "filed"]);
        assert_eq!(kept.list(&by_words, &Scope::All).0, ["filed"]);
        let lines = |connection: &Connection| {
            let wanted = Wanted::new(by_words.clone(), Scope::All).unwrap().unwrap();
            list(connection, &wanted).unwrap().cases.remove(0)
        };
        let line = kept.look(lines);
        assert_eq!((line.state.as_str(), line.filed_at), ("closed", filed_at));
        let charter = charter::Charter::shipped("wuchang").unwrap();
        let count = |connection: &Connection| {
            let ever = Which { window: statistics::ALWAYS, class: 0, only: None };
            statistics::statistics(connection, DISTRICT, &ever, charter.containment()).unwrap()
        };
        let counted = kept.look(count);
        assert_eq!((counted.received, counted.closed), (2, 1));
    }
    assert_eq!(met.dump("concerns"), unmet.dump("concerns"));
}

#[test]
fn a_line_reads_back_as_it_was_written() {
    let commits = [commit(1, "one", received(2, 100, 114.3, "路灯不亮"))];
    let kept = Kept::of(&commits, 1, true);
    let bytes: Vec<u8> =
        kept.look(|connection| connection.query_row("SELECT line FROM cases", [], |row| row.get(0)).unwrap());
    assert_eq!(CaseSummary::decode(bytes.as_slice()).unwrap(), model(&commits)[0].summary);
}

/// What a list says of a case while facts come.
#[test]
fn a_case_is_called_while_a_call_goes_on() {
    let called = |call| DispatchFact::Called(Called { call, ..Called::default() });
    let ended = |call| DispatchFact::CallEnded(CallEnded { call, ..CallEnded::default() });
    let facts = [
        (dispatch(DispatchFact::Assigned(Assigned::default())), "assigned"),
        (dispatch(called(1)), "called"),
        (dispatch(called(2)), "called"),
        (dispatch(ended(1)), "called"),
        (dispatch(ended(2)), "assigned"),
        (dispatch(DispatchFact::Escalated(Escalated::default())), "assigned"),
        (dispatch(called(3)), "called"),
        (dispatch(ended(3)), "assigned"),
        (dispatch(DispatchFact::Closed(Closed::default())), "closed"),
        // The centre heard of it when it was over already.
        (at_the_centre(CentreFact::OperationOpened(OperationOpened::default())), "closed"),
        (at_the_centre(CentreFact::OperationCancelled(OperationCancelled::default())), "closed"),
    ];
    let mut line: Option<Line> = None;
    for (position, (fact, state)) in (1..).zip(facts) {
        let stored = commit(position, "a", fact);
        let line = line.get_or_insert_with(|| Line::of(&stored.subject.key));
        line.add(&stored.commit);
        assert_eq!(line.summary.state, state, "after fact {position}");
    }
}

fn at_the_centre(fact: CentreFact) -> Of {
    Of::EnforcementCenter(EnforcementCenterEvent { event: Some(fact) })
}
