//! Lists of a time, and what a bridge is told of its cases, however these go on meanwhile.

use std::collections::{BTreeSet, HashMap};

use super::*;
use crate::{changes, passages};

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Cases are on the record almost in the order in which they were received.
    #[test]
    fn a_list_of_a_time_shows_what_was_received_in_it(
        late_s in prop::collection::vec(0_i64..500, 1..40), from in 0_i64..12_000, length in 0_i64..12_000, page_size in 1_u32..6,
    ) {
        let seconds: Vec<i64> = (0..).zip(&late_s).map(|(at, late)| at * 300 + late).collect();
        let receipts = (1..).zip(&seconds).map(|(at, second)| commit(at, &format!("case-{at}"), received(1, *second, 114.3, "路灯")));
        let kept = Kept::of(&receipts.collect::<Vec<_>>(), 7, true);
        let at = |second| Some(Timestamp::from_second(second).unwrap().to_wire());
        let request = ListRequest {
            received_from: at(from), received_until: at(from + length), page_size, ..ListRequest::default()
        };
        let within = (1..).zip(&seconds).filter(|(_, second)| (from..from + length).contains(second));
        let mut wanted: Vec<String> = within.map(|(at, _)| format!("case-{at}")).collect();
        wanted.reverse();
        prop_assert_eq!(kept.list(&request, &Scope::All).0, wanted);
    }

    /// However its cases go on while a bridge reads page after page, it is told every fact, those of a case in order.
    #[test]
    fn a_bridge_misses_nothing_while_its_cases_go_on(commits in history(), page_size in 1_usize..4, step in 1_usize..5) {
        let board = "wuchang-board".parse().unwrap();
        let mut kept = Kept::new();
        let mut cursor = changes::Cursor::read("", &board).unwrap();
        let mut told: Vec<(String, u64)> = Vec::new();
        let mut known = 0;
        loop {
            let next = (known + step).min(commits.len());
            kept.keep(&commits[known..next]);
            known = next;
            let page = kept.look(|connection| changes::list(connection, &cursor, &Scope::All, page_size)).unwrap();
            for case in &page.cases {
                let of_case = commits[..known].iter().filter(|stored| stored.subject.key.id == case.summary.case_id);
                let of_case: Vec<StoredCommit> = of_case.cloned().collect();
                let passages = changes::passages(&of_case, cursor.since, Timestamp::MIN, None);
                prop_assert!(!passages.is_empty(), "it is listed without news");
                told.extend(passages.iter().map(|passage| (case.summary.case_id.clone(), passage.position)));
            }
            cursor = changes::Cursor::read(&cursor.after(&page).written(), &board).unwrap();
            if known == commits.len() && !page.more && page.cases.is_empty() {
                break;
            }
        }
        let to_be_told = |stored: &&StoredCommit| passages::has_any(&stored.commit);
        let wanted: BTreeSet<(String, u64)> =
            commits.iter().filter(to_be_told).map(|stored| (stored.subject.key.id.clone(), stored.sequence)).collect();
        let mut latest = HashMap::new();
        let mut seen = BTreeSet::new();
        for (case, position) in told {
            // What comes twice is known by its position; what is new comes in order.
            if seen.insert((case.clone(), position)) {
                let before = latest.insert(case, position).unwrap_or_default();
                prop_assert!(before < position);
            }
        }
        prop_assert_eq!(seen, wanted);
    }
}
