//! What may be asked of communities: what their lists hold, and what the district admits beside it. Whoever asks
//! for more is refused, and that is on the record.

use charter::PartyKind;
use ids::Code;

use super::decide::Decision;
use super::{Event, InForce, Matter, Refusal, State};

/// The refusal to go on the record, if this party may not be given work on the case.
pub(super) fn refusal(
    state: &State,
    category: &Code,
    party: &Code,
    asked_by: Option<&Code>,
    in_force: &InForce,
) -> Option<Event> {
    let charter = &in_force.0;
    let kind = charter.party(party.as_str())?.kind;
    let listed = !matches!(kind, PartyKind::Community | PartyKind::Grid) || charter.community_may_take(category);
    (!listed && !state.admitted.contains(category)).then(|| Event::AdmissionRefused {
        party: party.clone(),
        category: category.clone(),
        asked_by: asked_by.cloned(),
    })
}

/// For this case, and as long as it is about this.
pub(super) fn admit(state: &State, matter: &Matter, by: &Code, above: bool, reason: &str) -> Decision {
    if !above {
        return Err(Refusal::NotAbove(by.clone()));
    }
    if state.admitted.contains(&matter.category) {
        return Err(Refusal::AdmittedAlready(matter.category.clone()));
    }
    Ok(vec![Event::Admitted {
        by: by.clone(),
        category: matter.category.clone(),
        reason: reason.to_owned(),
        told: state.refused.clone(),
    }])
}

impl Event {
    /// Recorded because it was refused: whoever asked hears no.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::AdmissionRefused { .. })
    }
}

#[cfg(test)]
mod tests {
    use charter::Level;
    use decider::Decider;

    use super::super::tests::{STREET, after, code, given, judged, names, plan};
    use super::super::{Command, Rules};
    use super::*;

    const DISTRICT: &str = "wuchang-centre";
    const COMMUNITY: &str = "wuchang-liangdao-tanhualin";

    #[test]
    fn work_outside_the_list_of_communities_is_refused_on_the_record_until_the_district_admits_it() {
        let state = given(&[judged(1, "road-works-permit", false)]);
        let mut tasks = plan(&[(COMMUNITY, &[])]);
        assert_eq!(names(&Rules::decide(&state, &tasks).unwrap()), ["AdmissionRefused"]);
        let refused = after(state, &tasks);
        assert!(refused.tasks.is_empty());
        let admit = |above| Command::Admit { by: code(DISTRICT), above, reason: "this once".to_owned() };
        assert_eq!(Rules::decide(&refused, &admit(false)), Err(Refusal::NotAbove(code(DISTRICT))));
        let said = Rules::decide(&refused, &admit(true)).unwrap();
        assert!(
            matches!(&said[..], [Event::Admitted { told, .. }] if *told == [code(COMMUNITY)]),
            "who was refused hears it"
        );
        let admitted = after(refused, &admit(true));
        assert_eq!(Rules::decide(&admitted, &admit(true)), Err(Refusal::AdmittedAlready(code("road-works-permit"))));
        assert_eq!(names(&Rules::decide(&admitted, &tasks).unwrap()), ["TaskPlanned"]);
        // Admitted was this matter, not whatever the case turns out to be.
        let regraded = after(admitted, &judged(2, "another-permit", false));
        assert_eq!(names(&Rules::decide(&regraded, &tasks).unwrap()), ["AdmissionRefused"]);
        // What the list holds nobody has to admit.
        let listed = given(&[judged(1, "ponding", false)]);
        tasks = plan(&[(COMMUNITY, &[])]);
        assert_eq!(names(&Rules::decide(&listed, &tasks).unwrap()), ["TaskPlanned"]);
    }

    #[test]
    fn a_judgement_for_a_community_that_may_not_have_it_goes_to_the_street_and_says_so() {
        let Command::Grade { mut assignment, terms, instead } = judged(1, "road-works-permit", false) else {
            unreachable!()
        };
        assignment.party = code(COMMUNITY);
        assignment.level = Level::A;
        let decided = Rules::decide(&State::default(), &Command::Grade { assignment, terms, instead }).unwrap();
        assert_eq!(names(&decided), ["AdmissionRefused", "Assigned"]);
        let state = decided.iter().fold(State::default(), Rules::evolve);
        let matter = state.matter.unwrap();
        assert_eq!((matter.holder.as_str(), matter.level), (STREET, Level::B1));
    }
}
