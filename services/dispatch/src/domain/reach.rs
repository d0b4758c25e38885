//! To whom a unit may hand a case on, and whom it may give work: a street its own people, its command centre departments as
//! well, which it may call, and the district anybody. Whoever is further away is reached by way of who is
//! above.

use charter::{Charter, PartyKind};
use ids::Code;

pub const COMMAND_CENTRE: &str = "command-centre";

#[must_use]
pub fn is_command_centre(charter: &Charter, party: &Code) -> bool {
    let street = charter.street_of(party);
    let centre = street.and_then(|street| charter.unit_of(&street.code, COMMAND_CENTRE));
    centre.is_some_and(|centre| centre.code == *party)
}

/// Inward: in its own street, whoever has it; anywhere, the district. A department and a special group hand nothing on:
/// they pass it up, and a group calls.
pub(super) fn hands_on(charter: &Charter, by: &Code, to: &Code) -> bool {
    is_the_district(charter, by) || shares_street(charter, by, to)
}

/// Whoever dispatches gives no account of it; whoever only has the case says why it is another's.
pub(super) fn dispatches(charter: &Charter, by: &Code) -> bool {
    is_the_district(charter, by) || is_command_centre(charter, by)
}

/// Whether a unit may give another one work with a time to do it in. Outside parties anybody may ask.
#[must_use]
pub fn may_give_work(charter: &Charter, by: &Code, to: &Code) -> bool {
    let kind = |party: &Code| charter.party(party.as_str()).map(|party| party.kind);
    let (Some(own), Some(other)) = (kind(by), kind(to)) else { return false };
    match own {
        PartyKind::City | PartyKind::District => true,
        PartyKind::Group => !matches!(other, PartyKind::City | PartyKind::District | PartyKind::Group),
        PartyKind::Street | PartyKind::Unit | PartyKind::Squad => match other {
            PartyKind::External => true,
            // A group is called by a situation that names it.
            PartyKind::Department | PartyKind::Group => is_command_centre(charter, by),
            PartyKind::Grid | PartyKind::Community | PartyKind::Street | PartyKind::Unit | PartyKind::Squad => {
                shares_street(charter, by, to)
            }
            PartyKind::City | PartyKind::District => false,
        },
        PartyKind::Grid | PartyKind::Community | PartyKind::Department | PartyKind::External => {
            other == PartyKind::External || charter.ancestors(to).any(|above| above.code == *by)
        }
    }
}

fn is_the_district(charter: &Charter, party: &Code) -> bool {
    let kind = charter.party(party.as_str()).map(|party| party.kind);
    matches!(kind, Some(PartyKind::District | PartyKind::City))
}

fn shares_street(charter: &Charter, one: &Code, other: &Code) -> bool {
    let street = |party: &Code| charter.street_of(party).map(|street| &street.code);
    street(one).is_some_and(|own| street(other) == Some(own))
}

#[cfg(test)]
mod tests {
    use charter::Level;
    use decider::Decider;

    use super::super::tests::{POLICE, STREET, after, at, code, given, grade, in_force, names, plan, whistle};
    use super::super::{Command, Event, Plan, Refusal, Rules};
    use super::*;

    const OFFICE: &str = "wuchang-liangdao-public-safety";
    const SISTER: &str = "wuchang-liangdao-public-services";
    const ELSEWHERE: &str = "wuchang-yangyuan-public-safety";
    const DISTRICT: &str = "wuchang-centre";
    const COMMUNITY: &str = "wuchang-liangdao-tanhualin";

    fn assign(by: &str, to: &str, reason: &str) -> Command {
        Command::Assign {
            by: code(by),
            above_holder: [STREET, DISTRICT].contains(&by),
            to: code(to),
            to_level: Level::B1,
            reason: reason.to_owned(),
            in_force: in_force(),
        }
    }

    #[test]
    fn a_case_is_handed_on_inside_the_street_with_a_reason_and_leaves_it_by_way_of_who_is_above() {
        let state = given(&[grade(), assign(STREET, OFFICE, "")]);
        for by in [OFFICE, STREET] {
            let away = Err(Refusal::NotInward { by: code(by), to: code(ELSEWHERE) });
            assert_eq!(Rules::decide(&state, &assign(by, ELSEWHERE, "theirs")), away);
        }
        assert_eq!(Rules::decide(&state, &assign(OFFICE, SISTER, " ")), Err(Refusal::ReasonRequired));
        assert_eq!(names(&Rules::decide(&state, &assign(OFFICE, SISTER, "services")).unwrap()), ["Assigned"]);
        assert_eq!(names(&Rules::decide(&state, &assign(DISTRICT, ELSEWHERE, "")).unwrap()), ["Assigned"]);
        // A department that was given a case gives it to no other one.
        let charter = &in_force().0;
        assert!(!hands_on(charter, &code(POLICE), &code("wuchang-water")));
    }

    #[test]
    fn work_is_given_where_one_may_dispatch_or_call_and_to_whoever_is_called() {
        let charter = &in_force().0;
        let may = |by: &str, to: &str| may_give_work(charter, &code(by), &code(to));
        assert!(may(STREET, POLICE) && may(STREET, SISTER) && may(OFFICE, COMMUNITY) && may(DISTRICT, ELSEWHERE));
        assert!(may(COMMUNITY, "wuchang-property") && may(COMMUNITY, "wuchang-liangdao-tanhualin-grid-1"));
        for (by, to) in
            [(COMMUNITY, POLICE), (COMMUNITY, STREET), (OFFICE, POLICE), (OFFICE, ELSEWHERE), (STREET, "wuhan")]
        {
            assert!(!may(by, to), "{by} {to}");
        }
        let task = |by: &str, to: &str| {
            let plan = Plan { party: code(to), title: "pump".to_owned(), due: None, after: vec![], root_cause: false };
            Command::PlanTasks { by: code(by), tasks: vec![plan], now: at(0), in_force: in_force() }
        };
        let with_office = given(&[grade(), assign(STREET, OFFICE, "")]);
        let refused = Err(Refusal::NotToOrder { by: code(OFFICE), to: code(POLICE) });
        assert_eq!(Rules::decide(&with_office, &task(OFFICE, POLICE)), refused);
        assert_eq!(names(&Rules::decide(&with_office, &task(OFFICE, OFFICE)).unwrap()), ["TaskPlanned"]);
    }

    #[test]
    fn work_given_to_the_wrong_unit_is_taken_back_and_holds_nothing_up() {
        let release = |by: &str, party: &str| Command::Release {
            by: code(by),
            party: code(party),
            reason: "planned by mistake".to_owned(),
            rating_due: at(30_000),
        };
        let state = given(&[grade(), whistle(&[POLICE]), plan(&[(SISTER, &[]), (POLICE, &[1]), (OFFICE, &[])])]);
        assert!(matches!(Rules::decide(&state, &release(OFFICE, SISTER)), Err(Refusal::NotTheHolder { .. })));
        let back = Rules::decide(&state, &release(STREET, SISTER)).unwrap();
        assert!(matches!(&back[..], [Event::Released { call: 0, party, .. }] if *party == code(SISTER)), "{back:?}");
        let state = after(state, &release(STREET, SISTER));
        let left: Vec<&str> = state.tasks.iter().map(|task| task.party.as_str()).collect();
        assert_eq!(left, [POLICE, OFFICE], "whoever was called keeps its own");
        assert!(matches!(Rules::decide(&state, &release(STREET, SISTER)), Err(Refusal::NotCalled { .. })), "once");
    }
}
