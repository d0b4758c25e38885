//! People at their desks, callers and departments: what somebody does next, at random. They may ask for what is refused.

use std::sync::Arc;

use charter::{Category, Charter, Colour, Level, PartyKind};
use decider::Decider;
use dispatch::domain::{
    Answer, Attendee, Command, Phase, Plan, ReturnBasis, Scope, Special, Stage, Whistle, city_answer,
};
use dispatch::{above, terms};
use enforcement_center::domain::operation::{self, Action, Conclusion, Participant, Path, PathStep};
use evaluation::domain as evaluating;
use ids::Code;
use intake::domain as taking;
use intake::merging::{may_end_in, may_join};
use jiff::{SignedDuration, Timestamp};
use proto::common::v1::Role;
use triage::domain as judging;
use triage::grading;
use vocabulary::{CallerClass, CaseKind, Duty, Officer, Outcome, Place};

use crate::mutation::Mutation;
use crate::world::{By, Dice, World, code};

/// What somebody has asked for at a door that looked at another owner's part first, and what it saw. It is decided later:
/// anything may come between.
#[derive(Clone, Debug)]
pub enum Pending {
    Intake { case: usize, by: By, command: taking::Command },
    Regrade { case: usize, judgement: judging::Judgement, standing: judging::Standing },
    Join { later: usize, into: usize },
    Link { later: usize, into: usize },
}

pub fn officer(staff_ref: &str) -> Officer {
    Officer { staff_ref: staff_ref.to_owned(), post: "科长".to_owned() }
}

pub fn at_desk(role: Role, party: &Code) -> By {
    By::Desk(role, party.to_string())
}

/// The name under which whoever raised a case is known.
pub fn caller_of(case: usize) -> String {
    format!("caller-{case}")
}

fn text() -> String {
    "有理由".to_owned()
}

fn shown() -> Vec<String> {
    vec!["sha256:77d6".to_owned()]
}

/// One category of each kind of first holder, and of joint operations.
pub fn categories(world: &World) -> Vec<Code> {
    let subject = subject(&world.charter);
    let mut seen = Vec::new();
    let mut found = Vec::new();
    for category in world.charter.categories() {
        let judged = grading::judge(&world.charter, &[category], None, &subject);
        let kind = world.charter.party(judged.party.as_str()).map(|party| party.kind);
        let sort = (kind, judged.comprehensive, judged.level);
        if !seen.contains(&sort) {
            seen.push(sort);
            found.push(category.code.clone());
        }
    }
    found
}

/// Something in the first community there is.
fn subject(charter: &Charter) -> judging::Subject {
    let party = charter.find_parties(PartyKind::Community).next().map(|community| community.code.clone());
    let place = Place { party, address: "中山路308号".to_owned(), point: None };
    judging::Subject { title: "一件事".to_owned(), place, ..judging::Subject::default() }
}

impl World {
    /// Somebody raises a matter; `hint` is how it was named, nothing: people have to judge it.
    pub fn submit(&mut self, hint: Option<&Code>) -> usize {
        let case = self.open_case();
        let subject = subject(&self.charter);
        let received = taking::Received {
            kind: CaseKind::Report,
            caller_class: CallerClass::Resident,
            caller_ref: caller_of(case),
            channel: code("weilinli"),
            way: charter::Way::Online,
            bridge: code("wuchang-weilinli"),
            external_ref_hash: vec![u8::try_from(case).unwrap()],
            content_hash: vec![1],
            content_hashes_before: vec![],
            title: subject.title,
            text: String::new(),
            place: subject.place,
            occurred_at: self.now,
            category_hint: hint.cloned(),
            related_case: None,
            received_at: self.now,
            campaign: None,
            recorded_at: None,
            receipt_ref: String::new(),
        };
        let by = By::Desk(Role::Bridge, "wuchang-weilinli".to_owned());
        self.intake(case, &by, &taking::Command::Receive(Box::new(received))).unwrap();
        case
    }

    /// The caller, and what else intake is asked.
    pub fn ask_intake(&mut self, dice: &mut Dice, pending: &mut Vec<Pending>) {
        let case = dice.below(self.cases.len());
        let caller = || By::Desk(Role::Caller, caller_of(case));
        let (course, gone) = (self.course(case), self.gone(case));
        let staff = ["s-1", "s-2"][dice.below(2)].to_owned();
        let district = at_desk(Role::District, &self.charter.district_centre().code);
        let (by, command) = match dice.below(8) {
            0 | 1 => (caller(), taking::Command::Supplement { text: text(), by: String::new(), course }),
            2 | 3 => (caller(), taking::Command::Withdraw { reason: text(), course, gone }),
            4 | 5 if self.cases[case].intake.exclusion == taking::Exclusion::None => {
                (district, taking::Command::ProposeExclusion { reason: text(), by: staff, course, gone })
            }
            4 | 5 => (district, taking::Command::ApproveExclusion { by: staff, course, gone }),
            _ => return self.ask_to_merge(case, dice, pending),
        };
        pending.push(Pending::Intake { case, by, command });
    }

    fn ask_to_merge(&mut self, later: usize, dice: &mut Dice, pending: &mut Vec<Pending>) {
        if later == 0 {
            return;
        }
        let into = dice.below(later);
        let may = may_join(self.cases[into].id, self.course(into), self.course(later)).is_ok();
        let links = intake::Rules::decide(&self.cases[later].intake, &self.link(later, into)).is_ok();
        if may && links || self.is(Mutation::MergedIntoWhatIsClosed) {
            pending.push(Pending::Join { later, into });
        }
    }

    fn link(&self, _: usize, into: usize) -> taking::Command {
        let into_received_at = self.cases[into].intake.received.as_ref().unwrap().received_at;
        taking::Command::Link { into: self.cases[into].id, reason: text(), into_received_at }
    }

    /// One of those who asked is answered.
    pub fn answer_one(&mut self, dice: &mut Dice, pending: &mut Vec<Pending>) {
        if pending.is_empty() {
            return;
        }
        let street = By::Desk(Role::Street, "wuchang-jiyuqiao-command-centre".to_owned());
        match pending.swap_remove(dice.below(pending.len())) {
            Pending::Intake { case, by, command } => drop(self.intake(case, &by, &command)),
            Pending::Regrade { case, judgement, standing } => {
                let by = judging::Seat::Street { own: true };
                let command = judging::Command::Regrade { by, judgement, reason: text(), standing };
                drop(self.triage(case, &street, &command));
            }
            Pending::Join { later, into } => {
                let callers = self.cases[later].intake.callers(self.cases[later].id, None, &text());
                let join = taking::Command::Join { case: self.cases[into].id, callers };
                if self.intake(into, &street, &join).is_ok() {
                    pending.push(Pending::Link { later, into });
                }
            }
            Pending::Link { later, into } => {
                let may = may_end_in(self.cases[into].id, self.course(into)).is_ok();
                if may || self.is(Mutation::MergedIntoWhatIsClosed) {
                    let link = self.link(later, into);
                    drop(self.intake(later, &street, &link));
                }
            }
        }
    }

    /// A judgement on one or two categories, of those that make a difference.
    pub fn judgement(&self, dice: &mut Dice, known: &[Code]) -> judging::Judgement {
        let leading = self.charter.category(known[dice.below(known.len())].as_str()).unwrap();
        let also = self.charter.category(known[dice.below(known.len())].as_str()).unwrap();
        let both: Vec<&Category> =
            if dice.one_in(2) && also.code != leading.code { vec![leading, also] } else { vec![leading] };
        grading::judge(&self.charter, &both, None, &subject(&self.charter))
    }

    pub fn ask_triage(&mut self, dice: &mut Dice, known: &[Code], pending: &mut Vec<Pending>) {
        let case = dice.below(self.cases.len());
        let street = By::Desk(Role::Street, "wuchang-jiyuqiao-command-centre".to_owned());
        let judgement = self.judgement(dice, known);
        let is_judged = matches!(self.cases[case].triage, judging::State::Judged { .. });
        if is_judged {
            pending.push(Pending::Regrade { case, judgement, standing: self.standing(case) });
        } else {
            drop(self.triage(case, &street, &judging::Command::Judge { judgement, reason: text() }));
        }
    }

    pub fn ask_evaluation(&mut self, dice: &mut Dice) {
        let answered: Vec<usize> =
            (0..self.cases.len()).filter(|case| self.cases[*case].evaluation.round.is_some()).collect();
        let Some(case) = dice.pick(&answered).copied() else { return };
        let Some(round) = &self.cases[case].evaluation.round else { return };
        let (now, formula) = (self.now, self.formula());
        let party = dice.pick(&round.asked.performance.keys().cloned().collect::<Vec<_>>()).cloned();
        let calling = party.as_ref().and_then(|party| round.asked.rated_by(&round.asked.performance[party])).cloned();
        if let (Some(by), Some(party), true) = (calling, party, dice.one_in(2)) {
            let mark = evaluating::Mark::new("0.9", "来得太晚了").unwrap();
            let command = evaluating::Command::RateParty { by: by.clone(), party, mark, now, formula };
            drop(self.evaluation(case, &at_desk(Role::Street, &by), &command));
            return;
        }
        let ratings = self.charter.ratings();
        let step = &ratings[dice.below(ratings.len())];
        let (rating, rate, solved) = (step.code.clone(), step.rate, step.solved);
        let command = evaluating::Command::Rate { rating, rate, solved, comment: String::new(), now, formula };
        drop(self.evaluation(case, &By::Desk(Role::Caller, caller_of(case)), &command));
    }

    /// The enforcement centre at work.
    pub fn ask_centre(&mut self, dice: &mut Dice) {
        let case = dice.below(self.cases.len());
        let Some(operation) = self.cases[case].centre.operation.as_deref() else { return };
        let centre = operation.opening.centre.clone();
        let residents = operation.opening.residents.clone();
        let at = Some(self.now);
        let action = match dice.below(6) {
            0 | 1 => path(&residents, at),
            2 => Action::ArriveOnSite { parties: residents, stop_order: String::new() },
            3 => Action::HoldMeeting {
                held_at: self.now,
                venue: "街道".to_owned(),
                present: residents.clone(),
                decisions: residents
                    .first()
                    .map(|party| operation::paper::Decision { text: text(), party: party.clone() })
                    .into_iter()
                    .collect(),
            },
            _ => Action::Conclude(Conclusion { summary: text(), at }),
        };
        self.act(case, &centre, action);
    }

    pub fn act(&mut self, case: usize, centre: &Code, action: Action) {
        let by = at_desk(Role::EnforcementCenter, centre);
        let command = operation::Command::Act { centre: centre.clone(), action };
        drop(self.decide::<operation::Rules>(case, &by, &command));
    }

    /// Whoever has to do with a case at dispatch does something, sensible or not.
    pub fn ask_dispatch(&mut self, dice: &mut Dice) {
        let case = dice.below(self.cases.len());
        let state = &self.cases[case].dispatch;
        let open_calls: Vec<_> = state.calls.iter().filter(|call| !call.ended).cloned().collect();
        let answers = dice.below(5) > 1;
        if let (Some(call), true) = (dice.pick(&open_calls), answers) {
            let Some(called) = dice.pick(&call.parties) else { return };
            let answer = match (called.stage, dice.below(7)) {
                (Stage::Called, 0 | 1) => Answer::Respond { officer: officer("d-1") },
                (Stage::Called | Stage::Responded, 2) => Answer::Return {
                    basis: ReturnBasis::Duty,
                    reason: text(),
                    proposes: self.departments()[dice.below(4)].clone(),
                    due: self.minutes(240),
                    district: self.charter.district_centre().code.clone(),
                },
                (Stage::Called | Stage::Responded, _) => {
                    Answer::ReportIn { officer: officer("d-1"), owns_matter: true, check_in: Place::default() }
                }
                (Stage::ReportedIn | Stage::Done | Stage::Released, 0) => {
                    Answer::Done { outcome: Outcome::NotSolved, note: text(), evidence: vec![] }
                }
                (Stage::ReportedIn | Stage::Done | Stage::Released, _) => {
                    Answer::Done { outcome: Outcome::Solved, note: text(), evidence: shown() }
                }
            };
            let (number, party) = (call.number, called.party.clone());
            let rating_due = terms::rating_due(&self.charter, self.now);
            let command = Command::Answer { call: number, party: party.clone(), answer, now: self.now, rating_due };
            drop(self.dispatch(case, &at_desk(Role::Department, &party), &command));
            return;
        }
        let Some((by, command)) = self.at_the_desk(case, dice) else { return };
        drop(self.dispatch(case, &By::Desk(Role::Street, by.to_string()), &command));
    }

    pub fn departments(&self) -> Vec<Code> {
        self.charter.departments().filter(|party| party.responder).map(|party| party.code.clone()).take(4).collect()
    }

    fn at_the_desk(&self, case: usize, dice: &mut Dice) -> Option<(Code, Command)> {
        if dice.one_in(4)
            && let Some(decided) = self.adjudication(case, dice)
        {
            return Some(decided);
        }
        let state = &self.cases[case].dispatch;
        let holder = state.matter.as_ref()?.holder.clone();
        let centre = self.charter.district_centre().code.clone();
        let (now, rating_due) = (self.now, terms::rating_due(&self.charter, self.now));
        let in_force = dispatch::domain::InForce(Arc::clone(&self.charter));
        let call = dice.pick(&state.calls).cloned();
        let called = call.as_ref().and_then(|call| dice.pick(&call.parties).cloned());
        let task = dice.pick(&state.tasks).cloned();
        let by = holder.clone();
        let reason = text();
        Some(match dice.below(22) {
            0..=3 => {
                // Only a command centre and a special group call: the door says so.
                let is_group = self.charter.group(holder.as_str()).is_some();
                if !is_group && !above::is_command_centre(&self.charter, &holder) {
                    return None;
                }
                (holder, Command::Call { whistle: Box::new(self.whistle(&by, dice)) })
            }
            4 | 20 | 21 => {
                let outcome = if dice.one_in(2) { Outcome::Solved } else { Outcome::NotSolved };
                (holder, Command::Resolve { by, outcome, summary: reason, evidence: shown(), rating_due })
            }
            5 => {
                let (to, to_level) = above::above(&self.charter, &holder);
                let (to, to_level) = match self.charter.groups().first() {
                    Some(group) if dice.one_in(3) => (group.code.clone(), Level::C),
                    Some(_) | None => (to.code.clone(), to_level),
                };
                let judged = self.judged(case);
                (holder, Command::Escalate { by, to, to_level, reason, judged })
            }
            6 => {
                let plan = Plan {
                    party: self.departments()[dice.below(4)].clone(),
                    title: reason,
                    due: dice.one_in(2).then(|| self.minutes(2_000)),
                    after: vec![],
                    root_cause: false,
                };
                (holder, Command::PlanTasks { by, tasks: vec![plan], now, in_force })
            }
            7 => {
                let task = task?;
                let (note, evidence) = (reason, shown());
                let by = task.party;
                (by.clone(), Command::CompleteTask { by, task: task.number, note, evidence, now, rating_due })
            }
            8 | 9 => {
                let (call, called) = (call?, called?);
                let by = call.caller;
                (by.clone(), Command::Release { by, party: called.party, reason, rating_due })
            }
            10 => {
                let (call, called) = (call?, called?);
                let (response_due, report_in_due) = terms::once_more(&self.charter, now, call.colour);
                let (by, party, call) = (call.caller.clone(), called.party, call.number);
                (by.clone(), Command::Disqualify { by, call, party, reason, response_due, report_in_due })
            }
            11 | 12 => return self.adjudication(case, dice),
            13 => (centre.clone(), Command::Reopen { reason, terms: terms::general(&self.charter, now) }),
            14 => {
                let until = self.minutes(i64::try_from(dice.below(9_000)).unwrap() + 10);
                (centre.clone(), Command::Suspend { by: centre, above: true, basis: text(), reason, until, now })
            }
            15 => (centre.clone(), Command::Resume { by: centre, above: true, now, in_force }),
            16 => {
                let scope = call.map_or(Scope::Case, |call| Scope::Call(call.number));
                let due = self.minutes(60_000);
                (centre.clone(), Command::Extend { by: centre, above: true, scope, basis: text(), reason, due, now })
            }
            17 => {
                let (answer, judged) = (city_answer(&self.charter, now), self.judged(case));
                let (city, reference) = (above::city(&self.charter)?, text());
                (centre.clone(), Command::Transfer { by: centre, above: true, city, reference, reason, answer, judged })
            }
            18 => {
                let (city, by) = (above::city(&self.charter)?, centre.clone());
                (centre.clone(), Command::CityReturn { by, above: true, city, centre, reason })
            }
            _ => {
                let street = self.charter.find_parties(PartyKind::Street).next()?;
                let units = ["public-safety", "enforcement-centre", "command-centre"];
                let to = self.charter.unit_of(&street.code, units[dice.below(units.len())])?.code.clone();
                let to_level = Level::B1;
                if dice.one_in(3) {
                    let present = called.map(|called| Attendee { party: called.party, officer: officer("d-1") });
                    let present = present.into_iter().collect();
                    let minutes = reason;
                    return Some((
                        holder,
                        Command::HoldMeeting { by, present, minutes, decisions: vec![], now, in_force },
                    ));
                }
                (centre.clone(), Command::Assign { by: centre, above_holder: true, to, to_level, reason, in_force })
            }
        })
    }

    /// Whoever has to decide on a call that was sent back does, one way or the other.
    fn adjudication(&self, case: usize, dice: &mut Dice) -> Option<(Code, Command)> {
        let state = &self.cases[case].dispatch;
        let sent_back: Vec<_> = state
            .calls
            .iter()
            .flat_map(|call| call.parties.iter().map(move |called| (call.number, called)))
            .filter_map(|(call, called)| {
                let returned = called.returned.as_ref().filter(|returned| returned.pending)?;
                Some((call, called.party.clone(), returned.adjudicator.clone()))
            })
            .collect();
        let (call, party, by) = dice.pick(&sent_back).cloned()?;
        let right = self.departments()[dice.below(4)].clone();
        let upheld = terms::passed_on(&self.charter, self.now, state, call, right).map(Box::new);
        let upheld = upheld.filter(|_| dice.one_in(2));
        let (reason, rating_due) = (text(), terms::rating_due(&self.charter, self.now));
        Some((by.clone(), Command::Adjudicate { by, call, party, upheld, reason, rating_due }))
    }

    /// A call of two departments; that of a special group has its chair.
    pub fn whistle(&self, caller: &Code, dice: &mut Dice) -> Whistle {
        let departments = self.departments();
        let first = dice.below(4);
        let parties = [first, (first + 1) % 4].map(|place| (departments[place].clone(), Duty::Assist)).to_vec();
        let colour = [Colour::Blue, Colour::Yellow, Colour::Red][dice.below(3)];
        let is_group = self.charter.party(caller.as_str()).is_some_and(|party| party.kind == PartyKind::Group);
        let limits = self.charter.colour_limits(colour);
        let due = |limit| self.charter.deadline(self.now, limit).due;
        let completion_due = due(&limits.completion);
        Whistle {
            caller: caller.clone(),
            situation: None,
            colour,
            parties,
            response_due: due(&limits.response),
            report_in_due: due(&limits.report_in),
            completion_due,
            reminders: dispatch::domain::reminders(&self.charter, self.now, completion_due),
            due_provisional: false,
            counts_from: Some(self.now),
            note: String::new(),
            special: is_group.then(|| Special { group: caller.clone(), chair: Some(officer("l-1")) }),
        }
    }

    /// How long until something is due, in minutes, if anything is.
    pub fn until_next(&self) -> Option<i64> {
        let next: Timestamp = self.alarms.values().copied().filter(|due| *due > self.now).min()?;
        Some(next.duration_since(self.now).as_secs() / 60 + 1)
    }

    pub fn is_over(&self) -> bool {
        self.cases.iter().all(|case| case.dispatch.phase == Phase::Closed)
    }
}

/// An assessment that brings two powers together.
pub fn path(residents: &[Code], at: Option<Timestamp>) -> Action {
    let brings = |party: &Code| Participant { party: party.clone(), officer: None, power: Some(party.clone()) };
    let power = residents.first().cloned();
    Action::DecidePath(Path {
        assessment: text(),
        steps: vec![PathStep { action: text(), power, basis: text() }],
        participants: residents.iter().map(brings).collect(),
        at,
    })
}

/// As long as it takes somebody to do the next thing.
pub fn a_while(dice: &mut Dice) -> SignedDuration {
    SignedDuration::from_mins(i64::try_from(dice.below(90)).unwrap())
}
