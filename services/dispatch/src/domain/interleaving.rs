//! Every service decides by itself, and nothing orders their commits against each other: whatever comes between what,
//! and however often, a case goes only legal ways (I3, I11).

use std::collections::{BTreeMap, BTreeSet};

use decider::Decider;
use ids::Code;
use proptest::prelude::*;
use vocabulary::Outcome;

use super::tests::{
    BUILD, CENTRE, POLICE, STREET, answer, at, check, code, done, given, grade_as, names, plan, report_in, respond,
    terms, whistle,
};
use super::*;

/// What one owner or desk says, in its own order.
type Lane = Vec<Command>;

fn grade(graded_by: u64, comprehensive: bool) -> Command {
    let Command::Grade { mut assignment, terms, instead } = grade_as(graded_by, terms(0, "14d")) else {
        unreachable!()
    };
    assignment.comprehensive = comprehensive;
    if comprehensive {
        assignment.party = code(CENTRE);
    }
    Command::Grade { assignment, terms, instead }
}

fn triage() -> impl Strategy<Value = Lane> {
    prop::collection::vec(any::<bool>(), 1..4)
        .prop_map(|grades| (1u64..).zip(grades).map(|(revision, joint)| grade(revision, joint)).collect())
}

fn intake() -> impl Strategy<Value = Lane> {
    prop_oneof![
        3 => Just(vec![]),
        1 => Just(vec![Command::Withdraw]),
        1 => Just(vec![Command::Exclude]),
        1 => Just(vec![Command::Merge]),
        1 => Just(vec![Command::Withdraw, Command::Merge]),
    ]
}

fn evaluation() -> impl Strategy<Value = Lane> {
    let rate = |(round, solved)| {
        (1u32..).zip(std::iter::once(solved).cycle().take(round)).map(move |(round, solved)| Command::Rate {
            round,
            solved,
            reason: String::new(),
            terms: terms(15_000, "7d"),
        })
    };
    let lapse = |round| Command::Lapse { round };
    prop_oneof![
        2 => (0usize..3, any::<bool>()).prop_map(move |rounds| rate(rounds).collect::<Lane>()),
        1 => (1u32..3).prop_map(move |rounds| (1..=rounds).map(lapse).collect::<Lane>()),
    ]
}

fn centre() -> impl Strategy<Value = Lane> {
    let conclude =
        |round| Command::Conclude { round, summary: String::new(), by: code(CENTRE), rating_due: at(30_000) };
    prop::collection::vec(1u32..5, 0..4).prop_map(move |rounds| rounds.into_iter().map(conclude).collect())
}

fn clock() -> impl Strategy<Value = Lane> {
    prop::collection::vec(0i64..40_000, 0..6).prop_map(|mut minutes| {
        minutes.sort_unstable();
        minutes.into_iter().map(check).collect()
    })
}

fn desk() -> impl Strategy<Value = Lane> {
    let asked = prop_oneof![
        Just(whistle(&[POLICE, BUILD])),
        Just(whistle(&[BUILD])),
        Just(plan(&[(BUILD, &[])])),
        Just(Command::Resolve {
            by: code(STREET),
            outcome: Outcome::Solved,
            summary: "fine".to_owned(),
            evidence: vec![],
            rating_due: at(30_000),
        }),
        Just(Command::Release {
            by: code(STREET),
            party: code(POLICE),
            reason: "not needed".to_owned(),
            rating_due: at(30_000),
        }),
        Just(Command::Reopen { reason: "not yet".to_owned(), terms: terms(9_000, "3d") }),
        Just(Command::Transfer {
            by: code("wuchang-centre"),
            above: true,
            city: code("wuhan"),
            reference: "C-17".to_owned(),
            reason: "the city's road".to_owned(),
            answer: Expected { due: at(500), reminders: vec![at(250)] },
            judged: 1,
        }),
        Just(Command::CityReturn {
            by: code("wuchang-centre"),
            above: true,
            city: code("wuhan"),
            centre: code("wuchang-centre"),
            reason: "a district road".to_owned(),
        }),
    ];
    prop::collection::vec(asked, 0..10)
}

fn department(party: &'static str) -> impl Strategy<Value = Lane> {
    let said = (1u32..3, 0i64..20_000, prop_oneof![Just(respond()), Just(report_in()), Just(done())]);
    prop::collection::vec(said, 0..8).prop_map(move |said| {
        let answer = |(to, minute, said)| {
            let mut command = answer(party, minute, said);
            if let Command::Answer { call, .. } = &mut command {
                *call = to;
            }
            command
        };
        said.into_iter().map(answer).collect()
    })
}

/// What has happened, as far as it must not happen twice or afterwards.
#[derive(Default)]
struct Seen {
    called: BTreeSet<u32>,
    ended: BTreeSet<u32>,
    gone: BTreeSet<(u32, Code)>,
    resolved: bool,
    closed: bool,
}

impl Seen {
    /// # Errors
    /// The step is not a legal one.
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "only what ends something, or comes after an end, is of interest"
    )]
    fn take(&mut self, event: &Event) -> Result<(), TestCaseError> {
        prop_assert!(!self.closed, "{event:?} after the end");
        let on_call = match event {
            Event::Responded { call, .. } | Event::ReportedIn { call, .. } | Event::Reminded { call, .. } => {
                Some(*call)
            }
            Event::PartyDone { call, party, .. } | Event::Released { call, party, .. } => {
                prop_assert!(self.gone.insert((*call, party.clone())), "{party} went twice: {event:?}");
                Some(*call)
            }
            Event::CallEnded { call, .. } => {
                prop_assert!(self.called.contains(call) && self.ended.insert(*call), "{event:?}");
                None
            }
            Event::Called { call, .. } => {
                prop_assert!(self.called.insert(*call), "{event:?}");
                None
            }
            Event::Resolved(_) => {
                prop_assert!(!self.resolved, "resolved twice");
                prop_assert_eq!(&self.called, &self.ended, "resolved with an open call");
                self.resolved = true;
                None
            }
            Event::Reopened { .. } => {
                prop_assert!(std::mem::take(&mut self.resolved), "reopened, and was open");
                None
            }
            Event::Closed { .. } => {
                prop_assert_eq!(&self.called, &self.ended, "closed with an open call");
                self.closed = true;
                None
            }
            _ => None,
        };
        prop_assert!(on_call.is_none_or(|call| !self.ended.contains(&call)), "{event:?} on a call that is over");
        Ok(())
    }
}

fn is_fact_of_others(command: &Command) -> bool {
    matches!(
        command,
        Command::Grade { .. }
            | Command::Withdraw
            | Command::Exclude
            | Command::Merge
            | Command::Conclude { .. }
            | Command::Rate { .. }
            | Command::Lapse { .. }
            | Command::CheckDeadlines { .. }
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn whatever_comes_between_a_case_goes_only_legal_ways(
        lanes in (triage(), intake(), evaluation(), centre(), clock(), desk(), department(POLICE), department(BUILD)),
        picks in prop::collection::vec((0usize..8, any::<bool>()), 60),
    ) {
        let (a, b, c, d, e, f, g, h) = lanes;
        let lanes = [a, b, c, d, e, f, g, h];
        let gives_up = lanes[1].iter().any(is_fact_of_others);
        let mut waiting = lanes.map(Vec::into_iter);
        let (mut state, mut seen) = (State::default(), Seen::default());
        // The picks first, then what is left: everything is delivered in the end.
        let rest = (0..8).flat_map(|lane| std::iter::repeat_n((lane, false), 20));
        for (lane, again) in picks.into_iter().chain(rest) {
            let Some(command) = waiting[lane].next() else { continue };
            for time in 0..=usize::from(again) {
                let Ok(events) = Rules::decide(&state, &command) else { continue };
                let repeated = time > 0 && is_fact_of_others(&command);
                prop_assert!(!repeated || events.is_empty(), "again: {command:?} gives {events:?}");
                for event in &events {
                    seen.take(event)?;
                    state = Rules::evolve(state, event);
                }
            }
            let open = state.calls.iter().filter(|call| !call.ended).count();
            prop_assert!(state.phase == Phase::Open || open == 0, "{:?} with {open} open calls", state.phase);
            match (next_deadline(&state), state.phase) {
                (Some(at), Phase::Unknown | Phase::Resolved { .. } | Phase::Closed) => {
                    prop_assert!(false, "a clock at {at} of no open case");
                }
                (Some(_), Phase::Open) | (None, _) => {}
            }
        }
        // What was answered before is not taken back.
        let over = state.phase == Phase::Closed || state.rounds > 0;
        prop_assert!(!gives_up || over, "the caller gave up, and it is {:?}", state.phase);
    }
}

/// The last answer and the withdrawal, in either order: the call ended once, and whichever was first stands.
#[test]
fn a_withdrawal_and_the_last_answer_end_a_call_once_whichever_comes_first() {
    let called = [grade(1, false), whistle(&[POLICE]), answer(POLICE, 5, report_in())];
    let endings = |last: [Command; 2]| {
        let mut state = given(&called);
        let mut ended = BTreeMap::<String, u32>::new();
        for command in last {
            let events = Rules::decide(&state, &command).unwrap_or_default();
            names(&events).into_iter().for_each(|name| *ended.entry(name).or_default() += 1);
            state = events.iter().fold(state, Rules::evolve);
        }
        (state.phase == Phase::Closed, ended["CallEnded"])
    };
    assert_eq!(endings([answer(POLICE, 9, done()), Command::Withdraw]), (false, 1), "it waits for a rating");
    assert_eq!(endings([Command::Withdraw, answer(POLICE, 9, done())]), (true, 1));
}

/// The enforcement centre knows nothing of calls: whoever is still on one when it concludes may leave.
#[test]
fn whoever_is_still_called_when_the_centre_concludes_may_leave() {
    let Command::Call { mut whistle } = whistle(&[POLICE, BUILD]) else { unreachable!() };
    whistle.caller = code(CENTRE);
    let state =
        given(&[grade(1, true), Command::Call { whistle }, answer(POLICE, 5, report_in()), answer(POLICE, 9, done())]);
    let conclude =
        Command::Conclude { round: 1, summary: "complied".to_owned(), by: code(CENTRE), rating_due: at(30_000) };
    let events = Rules::decide(&state, &conclude).unwrap();
    assert_eq!(names(&events), ["Released", "CallEnded", "Resolved"]);
    let Some(Event::Resolved(resolution)) = events.last() else { panic!("no resolution") };
    assert_eq!(resolution.performance.len(), 1, "who was let go is not measured");
}
