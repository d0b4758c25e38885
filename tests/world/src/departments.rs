//! What a called department says of a case that is over.

use dispatch::domain::{Answer, Command, ProgressKind, ReturnBasis};
use dispatch::terms;
use proto::common::v1::Role;
use vocabulary::{Outcome, Place};

use crate::actors::{at_desk, officer};
use crate::after_the_end::{Said, related, said, shown};
use crate::world::World;

pub fn answer(world: &mut World, case: usize, method: &str) -> Said {
    let party = world.cases[case].dispatch.calls.first().map(|call| call.parties[0].party.clone());
    let party = party.unwrap_or_else(|| world.departments()[0].clone());
    let (now, rating_due) = (world.now, terms::rating_due(&world.charter, world.now));
    let note = || "说明".to_owned();
    let answer = match method {
        "Respond" => Answer::Respond { officer: officer("d-1") },
        "ReportIn" => Answer::ReportIn { officer: officer("d-1"), owns_matter: true, check_in: Place::default() },
        "Progress" => Answer::Progress { kind: ProgressKind::Note, note: note(), evidence: vec![] },
        "CompleteTask" => Answer::TaskDone { task: 1, note: note(), evidence: vec![] },
        "Done" => Answer::Done { outcome: Outcome::Solved, note: note(), evidence: shown() },
        "Return" => Answer::Return {
            basis: ReturnBasis::Duty,
            reason: note(),
            proposes: world.departments()[3].clone(),
            due: world.minutes(240),
            district: world.charter.district_centre().code.clone(),
        },
        "SpawnRelatedCase" => Answer::Found { related: related(), help_until: None },
        "AnswerSupervision" => {
            let command = Command::AnswerSupervision { by: party.clone(), order: 1, note: note(), now };
            return said::<dispatch::Rules>(world.dispatch(case, &at_desk(Role::Department, &party), &command));
        }
        _ => panic!("{method} has no line"),
    };
    let command = Command::Answer { call: 1, party: party.clone(), answer, now, rating_due };
    said::<dispatch::Rules>(world.dispatch(case, &at_desk(Role::Department, &party), &command))
}
