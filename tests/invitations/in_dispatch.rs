//! From an assignment to a reopening.

use std::collections::BTreeMap;
use std::sync::Arc;

use charter::{Charter, Colour, Level, Recurrence};
use dispatch::Rules;
use dispatch::domain::{
    Act, Answer, Asker, Assignment, Attendee, Command, Expected, InForce, Plan, Recurrent, ReturnBasis, State, Terms,
    Whistle, allowed_actions,
};
use notification::domain::tellings::{Invited, Telling};
use vocabulary::{Duty, Officer, Outcome, Place};

use crate::{BUILD, COMMUNITY, DISTRICT, History, POLICE, STREET, Seen, at, code, reader};

fn in_force() -> InForce {
    InForce(Arc::new(Charter::shipped("wuchang").unwrap()))
}

/// Whether whoever reads it could do it now, as the rules themselves say.
pub fn can(state: &State, telling: &Telling, invited: Invited) -> bool {
    let act = match invited {
        Invited::PlanTasks => Act::PlanTasks,
        Invited::Resolve => Act::Resolve,
        Invited::Reopen => Act::Reopen,
        Invited::Call => Act::Call,
        Invited::Respond => Act::Respond,
        Invited::ReportIn => Act::ReportIn,
        Invited::Done => Act::Done,
        Invited::Adjudicate => Act::Adjudicate,
        Invited::AnswerSupervision => Act::AnswerSupervision,
        Invited::CompleteTask => Act::CompleteTask,
        Invited::RecordCityProgress => Act::RecordCityProgress,
        Invited::Judge
        | Invited::ApproveExclusion
        | Invited::CallSeat
        | Invited::TakeSeat
        | Invited::Reinspect
        | Invited::Rate
        | Invited::RateParty => return false,
    };
    let party = reader(telling);
    let asker = Asker {
        above: party.as_str() == DISTRICT,
        desk: party.as_str() == DISTRICT || party.as_str() == STREET,
        party,
        other: code(BUILD),
        other_level: Level::B1,
        upwards: vec![(code(BUILD), Level::C)],
        departments: vec![],
        speaks_for: vec![],
        city: Some(code("wuhan")),
        now: at(1),
        in_force: in_force(),
    };
    allowed_actions(state, &asker).iter().any(|action| action.act == act)
}

fn officer() -> Officer {
    Officer { staff_ref: "0071".to_owned(), post: String::new() }
}

fn terms() -> Terms {
    Terms { now: at(0), limit: "14d".parse().unwrap(), in_force: in_force() }
}

fn judged(party: &str, comprehensive: bool) -> Command {
    let assignment = Box::new(Assignment {
        party: code(party),
        level: Level::B1,
        comprehensive,
        category: code("vehicle-time-window"),
        also: vec![],
        situation: None,
        colour: None,
        title: "cars between the walkers".to_owned(),
        place: Place::default(),
        due: at(0),
        due_provisional: false,
        start: None,
        evidence_needed: false,
        reason: String::new(),
        graded_by: 1,
        dropped: vec![],
    });
    Command::Grade { assignment, terms: terms(), instead: code(STREET) }
}

fn whistle(parties: &[&str]) -> Box<Whistle> {
    Box::new(Whistle {
        caller: code(STREET),
        situation: None,
        colour: Colour::Blue,
        parties: parties.iter().map(|party| (code(party), Duty::Assist)).collect(),
        response_due: at(30),
        report_in_due: at(120),
        completion_due: at(10_000),
        reminders: vec![at(20)],
        due_provisional: false,
        counts_from: None,
        note: String::new(),
        special: None,
    })
}

fn call(parties: &[&str]) -> Command {
    Command::Call { whistle: whistle(parties) }
}

fn answer(party: &str, answer: Answer) -> Command {
    Command::Answer { call: 1, party: code(party), answer, now: at(5), rating_due: at(30_000) }
}

fn comes(party: &str) -> Command {
    answer(party, Answer::ReportIn { officer: officer(), owns_matter: true, check_in: Place::default() })
}

fn done(party: &str) -> Command {
    answer(party, Answer::Done { outcome: Outcome::Solved, note: String::new(), evidence: vec![] })
}

fn sends_back(party: &str) -> Command {
    let reason = "not ours".to_owned();
    let (due, district, proposes) = (at(600), code(DISTRICT), code(BUILD));
    answer(party, Answer::Return { basis: ReturnBasis::Duty, reason, proposes, due, district })
}

fn plan(tasks: &[(&str, &[u32])]) -> Command {
    let plan = |(party, after): &(&str, &[u32])| Plan {
        party: code(party),
        title: "posts".to_owned(),
        due: None,
        after: after.to_vec(),
        root_cause: false,
    };
    Command::PlanTasks { by: code(STREET), tasks: tasks.iter().map(plan).collect(), now: at(60), in_force: in_force() }
}

fn resolve() -> Command {
    let (outcome, summary, evidence) = (Outcome::Explained, "so it is".to_owned(), vec![]);
    Command::Resolve { by: code(STREET), outcome, summary, evidence, rating_due: at(30_000) }
}

/// In the second after the minute, with which a limit ends.
fn check(minute: i64) -> Command {
    let (above, centre) = (BTreeMap::new(), code(DISTRICT));
    let now = at(minute) + jiff::SignedDuration::from_secs(1);
    Command::CheckDeadlines { now, above, centre, in_force: in_force() }
}

/// A case that the street has, and what was done with it.
pub fn begun(commands: &[(&str, Command)]) -> History<Rules> {
    let mut case = History::new();
    case.take("", &judged(STREET, false));
    for (by, command) in commands {
        case.take(by, command);
    }
    case
}

/// Answered, and not rated yet.
pub fn answered() -> History<Rules> {
    begun(&[(STREET, resolve())])
}

pub fn play(seen: &mut Seen) {
    // Who has it.
    begun(&[]).see(seen, can);
    let reason = "too hard".to_owned();
    let escalate = Command::Escalate { by: code(STREET), to: code(DISTRICT), to_level: Level::C, reason, judged: 1 };
    begun(&[(STREET, escalate)]).see(seen, can);
    let transfer = Command::Transfer {
        by: code(DISTRICT),
        above: true,
        city: code("wuhan"),
        reference: "C-17".to_owned(),
        reason: "the city's road".to_owned(),
        answer: Expected { due: at(4320), reminders: vec![at(2160)] },
        judged: 1,
    };
    let city_done = Command::CityDone {
        by: code(DISTRICT),
        above: true,
        city: code("wuhan"),
        outcome: Outcome::Solved,
        summary: "repaired".to_owned(),
        evidence: vec![],
        rating_due: at(30_000),
    };
    let again = Command::Reopen { reason: "wet again".to_owned(), terms: terms() };
    begun(&[("wuchang", transfer.clone()), ("wuchang", city_done), ("wuchang", again)]).see(seen, can);
    let mut with_the_city = begun(&[("wuchang", transfer)]);
    with_the_city.take("", &check(2160)).see(seen, can);
    let (city, centre, reason) = (code("wuhan"), code(DISTRICT), "the district's".to_owned());
    let back = Command::CityReturn { by: code("wuchang"), above: true, city, centre, reason };
    with_the_city.take("wuchang", &back).see(seen, can);

    // Who is called.
    let mut called = begun(&[(STREET, call(&[POLICE, BUILD]))]);
    called.see(seen, can).take("", &check(20)).see(seen, can).take("", &check(30)).see(seen, can);
    let (minutes, decisions) = ("minutes".to_owned(), vec![]);
    let present = vec![Attendee { party: code(BUILD), officer: officer() }];
    let meeting =
        Command::HoldMeeting { by: code(STREET), present, minutes, decisions, now: at(40), in_force: in_force() };
    called.take(STREET, &meeting).see(seen, can);
    let (party, reason) = (code(BUILD), "could not decide".to_owned());
    let (response_due, report_in_due) = (at(90), at(120));
    let disqualify = Command::Disqualify { by: code(STREET), call: 1, party, reason, response_due, report_in_due };
    called.take(STREET, &disqualify).see(seen, can);
    called.take(POLICE, &sends_back(POLICE)).see(seen, can);
    let (party, reason) = (code(POLICE), "it is the police's".to_owned());
    let by = code(STREET);
    let refuse = Command::Adjudicate { by, call: 1, party, upheld: None, reason, rating_due: at(30_000) };
    called.take(STREET, &refuse).see(seen, can);
    let (party, text) = (code(POLICE), "when do you come?".to_owned());
    let supervise = Command::Supervise { by: code(STREET), above: false, party, text, due: at(600), now: at(60) };
    called.take(STREET, &supervise).see(seen, can);

    // Who has a task, called or not.
    let mut tasks = begun(&[(STREET, call(&[POLICE]))]);
    tasks.take(STREET, &plan(&[(POLICE, &[]), (COMMUNITY, &[1])])).see(seen, can);
    let first = Answer::TaskDone { task: 1, note: String::new(), evidence: vec![] };
    tasks.take(POLICE, &comes(POLICE)).take(POLICE, &answer(POLICE, first)).see(seen, can);
    let mut joint = History::<Rules>::new();
    joint.take("", &judged("wuchang-liangdao-enforcement-centre", true)).see(seen, can);
    let decided = Plan { party: code(BUILD), title: "seal it".to_owned(), due: None, after: vec![], root_cause: false };
    let decisions = Command::JointDecisions { round: 1, meeting: 1, decisions: vec![decided], in_force: in_force() };
    joint.take("", &decisions).see(seen, can);

    // Everybody has left, and it is the holder's again.
    let release = |party| {
        let (by, reason) = (code(STREET), "somebody else does it".to_owned());
        Command::Release { by, party: code(party), reason, rating_due: at(30_000) }
    };
    begun(&[(STREET, call(&[POLICE]))]).take(DISTRICT, &release(POLICE)).see(seen, can);
    // What waited for its task can begin.
    let waits = (STREET, plan(&[(POLICE, &[]), (COMMUNITY, &[1])]));
    begun(&[(STREET, call(&[POLICE])), waits]).take(STREET, &release(POLICE)).see(seen, can);

    // What communities may be asked, what comes back, and what is not solved after all.
    let mut unlisted = History::<Rules>::new();
    let Command::Grade { mut assignment, terms: under, instead } = judged(STREET, false) else { unreachable!() };
    assignment.category = code("road-works-permit");
    unlisted.take("", &Command::Grade { assignment, terms: under, instead });
    unlisted.take(STREET, &plan(&[(COMMUNITY, &[])])).see(seen, can);
    let admit = Command::Admit { by: code(DISTRICT), above: true, reason: "this once".to_owned() };
    unlisted.take(DISTRICT, &admit).see(seen, can);
    let rule = Recurrence { times: 2, within_days: 90, distance_m: 50 };
    let earlier = vec!["190401-7k3q9xz".parse().unwrap()];
    let found = Box::new(Recurrent { category: code("vehicle-time-window"), earlier, rule });
    let found = Command::FoundRecurrent { found, leading: vec![code(POLICE)] };
    begun(&[]).take("", &found).see(seen, can);
    answered().take("", &found).see(seen, can);
    let mut again = begun(&[(STREET, call(&[POLICE])), (POLICE, comes(POLICE)), (POLICE, done(POLICE))]);
    let reopen = Command::Reopen { reason: "they are back".to_owned(), terms: terms() };
    again.take(DISTRICT, &reopen).see(seen, can);
}
