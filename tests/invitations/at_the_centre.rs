//! A joint operation.

use enforcement_center::domain::operation::allowed::{Sample, Who, allowed};
use enforcement_center::domain::operation::{
    Action, Command, Opening, Order, Participant, Path, PathStep, Proof, Rules, SeatCall, State,
};
use notification::domain::tellings::{Invited, Telling};
use vocabulary::limit::late_from;
use vocabulary::{Officer, Place};

use crate::{BUILD, DISTRICT, History, POLICE, Seen, at, code, reader};

const CENTRE: &str = "wuchang-jiyuqiao-enforcement-centre";
const WATER: &str = "wuchang-water";

fn can(state: &State, telling: &Telling, invited: Invited) -> bool {
    let reader = reader(telling);
    let who = if reader.as_str() == CENTRE { Who::Centre(&reader) } else { Who::Unit(&reader) };
    let sample = Sample { now: at(1), seats: vec![code(WATER)], powers: vec![code("fire"), code("market")] };
    let allowed = allowed(state, who, &sample);
    let name = match invited {
        Invited::CallSeat => "call-seat",
        Invited::TakeSeat => "take-seat",
        Invited::Reinspect => return allowed.notices.iter().any(|(_, name)| *name == "reinspect"),
        Invited::Judge
        | Invited::ApproveExclusion
        | Invited::PlanTasks
        | Invited::Resolve
        | Invited::Reopen
        | Invited::Call
        | Invited::Respond
        | Invited::ReportIn
        | Invited::Done
        | Invited::Adjudicate
        | Invited::AnswerSupervision
        | Invited::CompleteTask
        | Invited::RecordCityProgress
        | Invited::Rate
        | Invited::RateParty => return false,
    };
    allowed.operation.contains(name)
}

fn act(action: Action) -> Command {
    Command::Act { centre: code(CENTRE), action }
}

pub fn play(seen: &mut Seen) {
    let mut operation = History::<Rules>::new();
    let opening = Opening {
        round: 1,
        centre: code(CENTRE),
        categories: vec![code("noise")],
        residents: vec![code(POLICE), code(BUILD)],
        title: "a building of many shops".to_owned(),
        place: Place::default(),
    };
    operation.take("", &Command::Open(Box::new(opening))).see(seen, can);
    let officer = |staff_ref: &str| Officer { staff_ref: staff_ref.to_owned(), post: String::new() };
    let (named, substitutes) = (Some(officer("7")), vec![officer("8")]);
    let call = SeatCall { party: code(WATER), officer: named, substitutes, due: Some(at(30)) };
    operation.take(CENTRE, &act(Action::CallSeat { call, seats: vec![code(WATER)] })).see(seen, can);
    // The substitute, and then nobody.
    let check = |minute| Command::CheckDeadlines {
        now: late_from(at(minute)),
        seat_due: at(minute + 30),
        told: code(DISTRICT),
        away: std::collections::BTreeSet::new(),
    };
    operation.take("", &check(30)).see(seen, can);
    operation.take("", &check(60)).see(seen, can);
    let (venue, decisions) = (String::new(), vec![]);
    let meeting = Action::HoldMeeting { held_at: at(61), venue, present: vec![code(POLICE)], decisions };
    operation.take(CENTRE, &act(meeting)).see(seen, can);
    operation.take(BUILD, &Command::TakeSeat { party: code(BUILD), officer: officer("9") });

    let brings = |party, power| Participant { party: code(party), officer: None, power: Some(code(power)) };
    let step = PathStep { action: "look".to_owned(), power: Some(code("fire")), basis: String::new() };
    let participants = vec![brings(POLICE, "fire"), brings(BUILD, "market")];
    let path = Path { assessment: "together".to_owned(), steps: vec![step], participants, at: Some(at(70)) };
    operation.take(CENTRE, &act(Action::DecidePath(path)));
    let stop_order = String::new();
    operation.take(CENTRE, &act(Action::ArriveOnSite { parties: vec![code(POLICE)], stop_order }));
    let proof = Proof { how: "handed over".to_owned(), by: "9".to_owned(), at: Some(at(80)) };
    let (party, subject, address) = (code(POLICE), "clear the stairs".to_owned(), "308".to_owned());
    let order = Order { party, subject, address, due: at(1_500), proof, follows: None };
    operation.take(CENTRE, &act(Action::ServeNotice(order)));
    operation.take("", &check(1_500)).see(seen, can);
}
