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
