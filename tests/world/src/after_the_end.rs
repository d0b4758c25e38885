//! After the end: every command to a case × every way in which it can be over, and what comes of each. The table of who may
//! what says which commands there are, so one that comes new has no line here and fails. `HUYING_BLESS=1` writes the page
//! anew.

use std::fmt::Write;
use std::sync::Arc;

use charter::{Charter, Level};
use dispatch::domain::{Answer, Attendee, Command, InForce, Phase, Plan, ProgressKind, Related, Scope, city_answer};
use dispatch::{above, terms};
use enforcement_center::domain::operation::{
    self, Action, Conclusion, NextStep, Order, Proof, SeatCall, StopOrder, Verdict,
};
use evaluation::domain as evaluating;
use ids::Code;
use intake::domain as taking;
use intake::domain::poll::{Outcome as PollOutcome, Tally};
use intake::merging::{may_end_in, may_join};
use proto::common::v1::Role;
use station::Refuse;
use station::access::table::{Does, TABLE};
use triage::domain as judging;
use vocabulary::{Course, Outcome, Place};

use crate::actors::{at_desk, caller_of, categories, officer};
use crate::departments::answer;
use crate::pages::compare;
use crate::world::{By, Dice, Kept, World, code};

/// The street that has the case, and whom it called.
pub const STREET: &str = "wuchang-jiyuqiao-command-centre";

/// How a case can be over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    Answered,
    Rated,
    Unrated,
    Withdrawn,
    Excluded,
    Merged,
}

impl Over {
    const ALL: [Self; 6] = [Self::Answered, Self::Rated, Self::Unrated, Self::Withdrawn, Self::Excluded, Self::Merged];

    fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Rated => "closed, rated",
            Self::Unrated => "closed, unrated",
            Self::Withdrawn => "withdrawn",
            Self::Excluded => "excluded",
            Self::Merged => "part of another",
        }
    }
}

/// What somebody was told.
pub type Said = Result<Vec<String>, String>;

pub fn said<A: Kept<Refusal: Refuse>>(decided: Result<Vec<A::Event>, A::Refusal>) -> Said {
    match decided {
        Ok(events) => Ok(events.iter().map(|event| A::to_wire(event).name().to_owned()).collect()),
        Err(refusal) => Err(refusal.rule().to_owned()),
    }
}

/// A case of a street that called two departments, with an earlier one beside it.
pub fn over(how: Over) -> (World, usize) {
    let charter = Arc::new(Charter::shipped("wuchang").unwrap());
    let mut world = World::new(&charter, None);
    let earlier = world.submit(None);
    judge(&mut world, earlier);
    let case = end(&mut world, how);
    (world, case)
}

pub fn judge(world: &mut World, case: usize) {
    world.settle(&mut Dice(7));
    let (judgement, reason) = (to_the_street(world), "街道".to_owned());
    let by = By::Desk(Role::Street, STREET.to_owned());
    world.triage(case, &by, &judging::Command::Judge { judgement, reason }).unwrap();
    world.settle(&mut Dice(8));
}

/// One more case that comes to such an end; the first of the world is the one it can be part of.
pub fn end(world: &mut World, how: Over) -> usize {
    let mut dice = Dice(9);
    let charter = Arc::clone(&world.charter);
    let earlier = 0;
    world.pass(1);
    let case = world.submit(None);
    judge(world, case);
    let caller = By::Desk(Role::Caller, caller_of(case));
    let gives_up = match how {
        Over::Withdrawn => {
            Some(taking::Command::Withdraw { reason: "不用了".to_owned(), course: Course::Open, gone: vec![] })
        }
        Over::Excluded => {
            let (reason, course, gone) = ("恶意".to_owned(), Course::Open, vec![]);
            let propose = taking::Command::ProposeExclusion { reason, by: "s-1".to_owned(), course, gone };
            world.intake(case, &caller, &propose).unwrap();
            Some(taking::Command::ApproveExclusion { by: "s-2".to_owned(), course, gone: vec![] })
        }
        Over::Merged => {
            let callers = world.cases[case].intake.callers(world.cases[case].id, None, "同一件事");
            let join = taking::Command::Join { case: world.cases[earlier].id, callers };
            world.intake(earlier, &caller, &join).unwrap();
            let into_received_at = world.cases[earlier].intake.received.as_ref().unwrap().received_at;
            let into = world.cases[earlier].id;
            Some(taking::Command::Link { into, reason: "同一件事".to_owned(), into_received_at })
        }
        Over::Answered | Over::Rated | Over::Unrated => None,
    };
    let whistle = world.whistle(&code(STREET), &mut dice);
    let parties: Vec<Code> = whistle.parties.iter().map(|(party, _)| party.clone()).collect();
    let desk = By::Desk(Role::Street, STREET.to_owned());
    world.dispatch(case, &desk, &Command::Call { whistle: Box::new(whistle) }).unwrap();
    let task = plan(&parties[0]);
    let (now, in_force) = (world.now, InForce(Arc::clone(&charter)));
    world.dispatch(case, &desk, &Command::PlanTasks { by: code(STREET), tasks: vec![task], now, in_force }).unwrap();
    if let Some(gives_up) = gives_up {
        world.intake(case, &caller, &gives_up).unwrap();
        world.settle(&mut dice);
        return case;
    }
    for party in &parties {
        for answer in [
            Answer::ReportIn { officer: officer("d-1"), owns_matter: true, check_in: Place::default() },
            Answer::TaskDone { task: 1, note: String::new(), evidence: vec![] },
            Answer::Done { outcome: Outcome::Solved, note: "好了".to_owned(), evidence: shown() },
        ] {
            let rating_due = terms::rating_due(&charter, world.now);
            let answer = Command::Answer { call: 1, party: party.clone(), answer, now: world.now, rating_due };
            drop(world.dispatch(case, &at_desk(Role::Department, party), &answer));
        }
    }
    world.settle(&mut dice);
    match how {
        Over::Rated => drop(rate(world, case)),
        Over::Unrated => world.pass(30 * 24 * 60),
        Over::Answered | Over::Withdrawn | Over::Excluded | Over::Merged => {}
    }
    world.settle(&mut dice);
    case
}

pub fn to_the_street(world: &World) -> judging::Judgement {
    judging::Judgement {
        category: code("street-lights"),
        also: vec![],
        level: Level::B1,
        comprehensive: false,
        situation: None,
        colour: None,
        party: code(STREET),
        proof: judging::Proof {
            rule: world.charter.grading().first().map(|row| row.code.clone()),
            ..Default::default()
        },
    }
}

pub fn shown() -> Vec<String> {
    vec!["sha256:77d6".to_owned()]
}

fn plan(party: &Code) -> Plan {
    Plan { party: party.clone(), title: "清理".to_owned(), due: None, after: vec![], root_cause: false }
}

pub fn related() -> Box<Related> {
    Box::new(Related { title: "路灯".to_owned(), text: String::new(), place: Place::default(), category: None })
}

fn rate(world: &mut World, case: usize) -> Said {
    let step = world.charter.ratings().iter().find(|step| step.solved).unwrap().clone();
    let (now, formula, comment) = (world.now, world.formula(), String::new());
    let rate =
        evaluating::Command::Rate { rating: step.code, rate: step.rate, solved: step.solved, comment, now, formula };
    said::<evaluation::Rules>(world.evaluation(case, &By::Desk(Role::Caller, caller_of(case)), &rate))
}

/// One command of the table to a case, by whoever may; none for what is about no case.
fn ask(world: &mut World, case: usize, action: &str) -> Option<Said> {
    let (service, method) = action.rsplit_once('/').unwrap_or(("", action));
    match service {
        "huying.intake.v1.IntakeService" => ask_intake(world, case, method),
        "huying.intake.v1.PollService" => ask_polls(world, case, method),
        "huying.triage.v1.TriageService" => Some(ask_triage(world, case, method)),
        "huying.dispatch.v1.DispatchService" => Some(ask_dispatch(world, case, method)),
        "huying.evaluation.v1.EvaluationService" => Some(ask_evaluation(world, case, method)),
        "huying.enforcement_center.v1.EnforcementCenterService" => ask_centre(world, case, method),
        // That somebody has read a refusal stays at the department's own desk.
        "huying.responder.v1.ResponderService" if method == "SeeRefused" => None,
        "huying.responder.v1.ResponderService" => Some(answer(world, case, method)),
        // Officers, people, files, receivers, periods and ballots are no part of a case, and what bridges and departments send is asked for by its own
        // name.
        "huying.enforcement_center.v1.StaffService"
        | "huying.intake.v1.PeopleService"
        | "huying.intake.v1.EvidenceService"
        | "huying.notification.v1.WebhookService"
        | "huying.evaluation.v1.PeriodService"
        | "huying.evaluation.v1.AppraisalService"
        | "huying.evaluation.v1.BallotService"
        | "" => None,
        // What streets are heard on and may do beside all cases.
        powers if powers.starts_with("huying.powers.v1.") => None,
        _ => panic!("{action} has no line"),
    }
}

fn ask_intake(world: &mut World, case: usize, method: &str) -> Option<Said> {
    let (course, gone, reason) = (world.course(case), world.gone(case), "说明".to_owned());
    let command = match method {
        "Submit" | "SubmitStream" => return None,
        "Supplement" => taking::Command::Supplement { text: reason, evidence: vec![], by: String::new(), course },
        "Withdraw" => taking::Command::Withdraw { reason, course, gone },
        "ProposeExclusion" => taking::Command::ProposeExclusion { reason, by: "s-1".to_owned(), course, gone },
        "ApproveExclusion" => {
            let propose =
                taking::Command::ProposeExclusion { reason, by: "s-1".to_owned(), course, gone: gone.clone() };
            drop(world.intake(case, &By::Desk(Role::District, String::new()), &propose));
            taking::Command::ApproveExclusion { by: "s-2".to_owned(), course, gone }
        }
        "Merge" => return Some(merge(world, case)),
        "ReopenFiled" => return Some(Err(taking::Refusal::NotFiled.rule().to_owned())),
        _ => panic!("{method} has no line"),
    };
    Some(said::<intake::Rules>(world.intake(case, &By::Desk(Role::Caller, caller_of(case)), &command)))
}

/// A new report into this case. That this case becomes part of another is refused for what is not open any more.
fn merge(world: &mut World, case: usize) -> Said {
    world.pass(1);
    let later = world.submit(None);
    let into = world.cases[case].id;
    may_join(into, world.course(case), world.course(later)).map_err(|refusal| refusal.rule().to_owned())?;
    let callers = world.cases[later].intake.callers(world.cases[later].id, None, "同一件事");
    let by = By::Desk(Role::Street, STREET.to_owned());
    let joined = said::<intake::Rules>(world.intake(case, &by, &taking::Command::Join { case: into, callers }))?;
    may_end_in(into, world.course(case)).map_err(|refusal| refusal.rule().to_owned())?;
    let into_received_at = world.cases[case].intake.received.as_ref().unwrap().received_at;
    let link = taking::Command::Link { into, reason: "同一件事".to_owned(), into_received_at };
    let linked = said::<intake::Rules>(world.intake(later, &by, &link))?;
    Ok(joined.into_iter().chain(linked).collect())
}

fn ask_polls(world: &mut World, case: usize, method: &str) -> Option<Said> {
    match method {
        "OpenPoll" | "RecordAnswers" | "ClosePoll" => return None,
        "AttachPoll" => {}
        _ => panic!("{method} has no line"),
    }
    let result = taking::PollResult {
        poll: code("gas-2026"),
        question: "装不装".to_owned(),
        outcome: PollOutcome::Passed,
        tally: Tally::default(),
        threshold_percent: 60,
        opened_at: world.now,
        closed_at: world.now,
        note: String::new(),
    };
    let attach = taking::Command::AttachPoll(Box::new(result));
    Some(said::<intake::Rules>(world.intake(case, &By::Desk(Role::Street, STREET.to_owned()), &attach)))
}

fn ask_triage(world: &mut World, case: usize, method: &str) -> Said {
    let other = categories(world).into_iter().find(|category| *category != code("street-lights")).unwrap();
    let judgement = judging::Judgement { category: other, ..to_the_street(world) };
    let reason = "另一类".to_owned();
    let command = match method {
        "Claim" => judging::Command::Claim { by: "s-1".to_owned() },
        "Judge" => judging::Command::Judge { judgement, reason },
        "Regrade" => {
            let (by, standing) = (judging::Seat::Street { own: true }, world.standing(case));
            judging::Command::Regrade { by, judgement, reason, standing }
        }
        _ => panic!("{method} has no line"),
    };
    said::<triage::Rules>(world.triage(case, &By::Desk(Role::Street, STREET.to_owned()), &command))
}

fn ask_evaluation(world: &mut World, case: usize, method: &str) -> Said {
    let (now, formula) = (world.now, world.formula());
    let by = By::Desk(Role::Street, STREET.to_owned());
    let command = match method {
        "Rate" => return rate(world, case),
        "RateParty" => {
            let party = world.departments()[0].clone();
            let called = world.cases[case].dispatch.calls.first().map(|call| call.parties[0].party.clone());
            let mark = evaluating::Mark::new("1", "").unwrap();
            evaluating::Command::RateParty { by: code(STREET), party: called.unwrap_or(party), mark, now, formula }
        }
        "LogCallback" => {
            let (outcome, note) = (evaluating::CallbackOutcome::Reached, String::new());
            evaluating::Command::LogCallback { by: None, outcome, note, again_at: None, most: 1, now }
        }
        _ => panic!("{method} has no line"),
    };
    said::<evaluation::Rules>(world.evaluation(case, &by, &command))
}

fn ask_centre(world: &mut World, case: usize, method: &str) -> Option<Said> {
    let at = Some(world.now);
    let party = code("wuchang-fire");
    let proof = || Proof { how: "当面".to_owned(), by: "zf-1".to_owned(), at };
    let text = || "说明".to_owned();
    let action = match method {
        "SeatOfficer" | "UnseatOfficer" | "SetAway" => return None,
        "TakeSeat" => {
            let take = operation::Command::TakeSeat { party, officer: officer("d-1") };
            let by = By::Desk(Role::Department, String::new());
            return Some(said::<operation::Rules>(world.decide::<operation::Rules>(case, &by, &take)));
        }
        "CallSeat" => {
            let call = SeatCall { party: party.clone(), officer: None, substitutes: vec![], due: at };
            Action::CallSeat { call, seats: vec![party] }
        }
        "HoldMeeting" => {
            Action::HoldMeeting { held_at: world.now, venue: text(), present: vec![party], decisions: vec![] }
        }
        "DecidePath" => crate::actors::path(&[party], at),
        "ArriveOnSite" => Action::ArriveOnSite { parties: vec![party], stop_order: String::new() },
        "OrderStop" => {
            Action::OrderStop(StopOrder { party, subject: text(), address: text(), proof: proof(), follows: None })
        }
        "ServeNotice" => {
            let (subject, address, due) = (text(), text(), world.minutes(1_440));
            Action::ServeNotice(Order { party, subject, address, due, proof: proof(), follows: None })
        }
        "Reinspect" => Action::Reinspect { notice: 1, finding: text(), verdict: Verdict::Passed, at: world.now },
        "TakeNextStep" => {
            let (step, to, at) = (NextStep::ALL[0], party, world.now);
            Action::TakeNextStep { notice: 1, step, text: text(), to, at }
        }
        "SpawnRelatedCase" => Action::SpawnRelatedCase(Box::new(operation::Hazard {
            title: text(),
            text: text(),
            place: Place::default(),
            category: None,
        })),
        "Conclude" => Action::Conclude(Conclusion { summary: text(), at }),
        _ => panic!("{method} has no line"),
    };
    let centre = code("wuchang-jiyuqiao-enforcement-centre");
    let by = at_desk(Role::EnforcementCenter, &centre);
    let command = operation::Command::Act { centre, action };
    Some(said::<operation::Rules>(world.decide::<operation::Rules>(case, &by, &command)))
}

fn ask_dispatch(world: &mut World, case: usize, method: &str) -> Said {
    let charter = Arc::clone(&world.charter);
    let (now, rating_due) = (world.now, terms::rating_due(&charter, world.now));
    let in_force = || InForce(Arc::clone(&charter));
    let reason = || "说明".to_owned();
    let (by, centre) = (code(STREET), charter.district_centre().code.clone());
    let called = world.cases[case].dispatch.calls.first().map(|call| call.parties[0].party.clone());
    let party = called.unwrap_or_else(|| world.departments()[0].clone());
    let city = above::city(&charter).unwrap();
    let command = match method {
        "Assign" => Command::Assign {
            by,
            above_holder: true,
            to: code("wuchang-jiyuqiao-public-safety"),
            to_level: Level::B1,
            reason: reason(),
            in_force: in_force(),
        },
        "Escalate" => {
            Command::Escalate { by, to: centre, to_level: Level::C, reason: reason(), judged: world.judged(case) }
        }
        "Call" => Command::Call { whistle: Box::new(world.whistle(&by, &mut Dice(3))) },
        "PlanTasks" => Command::PlanTasks { by, tasks: vec![plan(&party)], now, in_force: in_force() },
        "CompleteTask" => {
            Command::CompleteTask { by: party, task: 1, note: reason(), evidence: vec![], now, rating_due }
        }
        "RecordProgress" => {
            Command::Progress { by, desk: true, kind: ProgressKind::Note, note: reason(), evidence: vec![] }
        }
        "AdoptMeasure" => Command::AdoptMeasure { by, measure: reason(), exceptions: vec![] },
        "Release" => Command::Release { by, party, reason: reason(), rating_due },
        "Resolve" => {
            let (outcome, summary, evidence) = (Outcome::Solved, reason(), shown());
            Command::Resolve { by, outcome, summary, evidence, rating_due }
        }
        "Reopen" => Command::Reopen { reason: reason(), terms: terms::general(&charter, now) },
        "Adjudicate" => Command::Adjudicate { by, call: 1, party, upheld: None, reason: reason(), rating_due },
        "Disqualify" => {
            let (response_due, report_in_due) = (world.minutes(60), world.minutes(120));
            Command::Disqualify { by, call: 1, party, reason: reason(), response_due, report_in_due }
        }
        "Supervise" => {
            Command::Supervise { by: centre, above: true, party, text: reason(), due: world.minutes(60), now }
        }
        "AnswerSupervision" => Command::AnswerSupervision { by, order: 1, note: reason(), now },
        "Extend" => {
            let (scope, basis, due) = (Scope::Case, reason(), world.minutes(90_000));
            Command::Extend { by: centre, above: true, scope, basis, reason: reason(), due, now }
        }
        "Suspend" => {
            let until = world.minutes(60);
            Command::Suspend { by: centre, above: true, basis: reason(), reason: reason(), until, now }
        }
        "Resume" => Command::Resume { by: centre, above: true, now, in_force: in_force() },
        "HoldMeeting" => {
            let present = vec![Attendee { party, officer: officer("d-1") }];
            let (minutes, decisions) = (reason(), vec![]);
            Command::HoldMeeting { by, present, minutes, decisions, now, in_force: in_force() }
        }
        "FormTaskForce" => {
            Command::FormTaskForce { lead: by.clone(), members: vec![by.clone(), party], by, cadence_days: 7, now }
        }
        "Transfer" => {
            let (answer, judged) = (city_answer(&charter, now), world.judged(case));
            Command::Transfer { by: centre, above: true, city, reference: reason(), reason: reason(), answer, judged }
        }
        "RecordCityProgress" => Command::CityProgress { by: centre, above: true, city, note: reason() },
        "RecordCityDone" => {
            let (outcome, summary, evidence) = (Outcome::Solved, reason(), shown());
            Command::CityDone { by: centre, above: true, city, outcome, summary, evidence, rating_due }
        }
        "RecordCityReturn" => Command::CityReturn { by: centre.clone(), above: true, city, centre, reason: reason() },
        "Admit" => Command::Admit { by: centre, above: true, reason: reason() },
        "SpawnRelatedCase" => Command::SpawnRelated { by, related: related(), help_until: None },
        _ => panic!("{method} has no line"),
    };
    said::<dispatch::Rules>(world.dispatch(case, &By::Desk(Role::Street, STREET.to_owned()), &command))
}

/// Who works on it when all that follows has followed.
fn then(world: &World, case: usize) -> String {
    let state = &world.cases[case].dispatch;
    match state.phase {
        Phase::Unknown => "nobody has it yet".to_owned(),
        Phase::Open => format!("open, {} has it", state.matter.as_ref().map_or("nobody", |it| it.holder.as_str())),
        Phase::Resolved { .. } => "answered".to_owned(),
        Phase::Closed => "closed".to_owned(),
    }
}

fn cell(how: Over, action: &str) -> Option<(Said, String)> {
    let (mut world, case) = over(how);
    let said = ask(&mut world, case, action)?;
    world.settle(&mut Dice(11));
    Some((said, then(&world, case)))
}

fn shown_as(said: &Said, then: &str) -> String {
    match said {
        Err(rule) => format!("`{rule}`"),
        Ok(facts) if facts.is_empty() => "nothing more".to_owned(),
        Ok(facts) => format!("{}: {then}", facts.join(", ")),
    }
}

/// What a word can do to what is closed: it is written down, or measured.
const ONLY_RECORDED: [&str; 4] = ["PollAttached", "CallbackLogged", "PartyRated", "Scored"];

#[test]
fn the_page_after_the_end_is_what_the_rules_do() {
    let mut page = String::from(
        "# After the end\n\nWhat comes of each command to a case that is over, by whoever may ask for it: the rule that refuses \
         it, or the facts that are recorded, and who has the case when everything has followed. Written by a test of \
         `tests/world` from the rules themselves (`HUYING_BLESS=1 cargo test -p world the_page`). A filed case refuses \
         everything with `filed`, except that it is opened again as a new one.\n\n",
    );
    let names: Vec<&str> = Over::ALL.into_iter().map(Over::name).collect();
    writeln!(page, "| command | {} |\n|{}", names.join(" | "), "---|".repeat(names.len() + 1)).unwrap();
    for row in TABLE.iter().filter(|row| row.does == Does::Act) {
        let mut cells = Vec::new();
        for how in Over::ALL {
            let Some((said, then)) = cell(how, row.action) else { continue };
            if let (Ok(facts), true) = (&said, how != Over::Answered) {
                assert_eq!(then, "closed", "{} after {how:?}", row.action);
                let recorded = facts.iter().all(|fact| ONLY_RECORDED.contains(&fact.as_str()));
                assert!(recorded, "{} after {how:?} is taken, and nothing comes of it: {facts:?}", row.action);
            }
            cells.push(shown_as(&said, &then));
        }
        if !cells.is_empty() {
            let name = row.action.trim_start_matches("huying.").replace(".v1.", " ").replace("Service/", " ");
            let name: Vec<&str> = name.split_whitespace().collect();
            writeln!(page, "| {} {} | {} |", name[0], name[name.len() - 1], cells.join(" | ")).unwrap();
        }
    }
    compare(&page, "after-the-end.md");
}
