//! Every way a case can go with intake, walked at random: what is offered is what the rules take, for each who asks, and
//! a case that has left for good takes no more than words.

use std::collections::BTreeSet;

use decider::Decider;
use ids::CaseId;
use jiff::Timestamp;
use proptest::prelude::*;

use vocabulary::Course;

use super::allowed::{Act, Asker, allowed_actions};
use super::decide::tests::{case, code, received};
use super::poll::{Outcome, Tally};
use super::*;

const STAFF: [&str; 3] = ["jd-0001", "jd-0002", ""];

fn poll(name: &str) -> PollResult {
    PollResult {
        poll: code(name),
        question: "gas?".to_owned(),
        outcome: Outcome::Passed,
        tally: Tally::default(),
        threshold_percent: 60,
        opened_at: Timestamp::UNIX_EPOCH,
        closed_at: Timestamp::UNIX_EPOCH,
        note: String::new(),
    }
}

/// Every command there is after the first, with the act it stands for; facts that follow from others are nobody's.
fn commands(by: &str, into: CaseId, at: Timestamp) -> Vec<(Option<Act>, Command)> {
    let (by, text) = (by.to_owned(), || "because".to_owned());
    vec![
        (Some(Act::Supplement), Command::Supplement { text: text(), by: by.clone(), course: Course::Open }),
        (Some(Act::Withdraw), Command::Withdraw { reason: text(), course: Course::Open, gone: vec![] }),
        (
            Some(Act::ProposeExclusion),
            Command::ProposeExclusion { reason: text(), by: by.clone(), course: Course::Open, gone: vec![] },
        ),
        (Some(Act::ApproveExclusion), Command::ApproveExclusion { by, course: Course::Open, gone: vec![] }),
        (Some(Act::Merge), Command::Link { into, reason: text(), into_received_at: at }),
        (Some(Act::AttachPoll), Command::AttachPoll(Box::new(poll("gas-2020")))),
        (Some(Act::AttachPoll), Command::AttachPoll(Box::new(poll("gas-2023")))),
    ]
}

proptest! {
    #[test]
    fn every_desk_is_shown_what_intake_would_take(
        steps in prop::collection::vec((0usize..3, 0u64..3, 0usize..7), 0..20)
    ) {
        let mut state = Rules::evolve(State::default(), &received(5));
        let at = state.received.as_ref().unwrap().received_at;
        for (by, into, which) in steps {
            let (_, command) = commands(STAFF[by], case(into), at).swap_remove(which);
            for event in Rules::decide(&state, &command).unwrap_or_default() {
                state = Rules::evolve(state, &event);
            }
            for by in STAFF {
                let all = (0..4).flat_map(|into| commands(by, case(into), at));
                let taken: BTreeSet<Act> = all
                    .filter(|(_, command)| Rules::decide(&state, command).is_ok_and(|events| !events.is_empty()))
                    .filter_map(|(act, _)| act)
                    .collect();
                let polls = ["gas-2020", "gas-2023"];
                let shown: BTreeSet<Act> = polls
                    .iter()
                    .flat_map(|poll| {
                        let (other, poll, course) = (case(3), code(poll), Course::Open);
                        let asker = Asker { staff_ref: by.to_owned(), notes_as: by.to_owned(), other, poll, course, gone: vec![] };
                        allowed_actions(&state, &asker)
                    })
                    .collect();
                prop_assert_eq!(&shown, &taken, "{} in {:?}", by, &state);
                if state.merged_into.is_some() {
                    prop_assert!(!shown.contains(&Act::Merge) && !shown.contains(&Act::AttachPoll));
                }
            }
        }
    }
}
