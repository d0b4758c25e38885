//! The way to an end, from wherever a case is: whoever may, does the next thing that leads there.

use dispatch::domain::{Command, Phase, Stage};
use dispatch::{above, terms};
use enforcement_center::domain::operation::{Action, Conclusion};
use proto::common::v1::Role;
use triage::domain as judging;
use vocabulary::Outcome;

use crate::actors::{at_desk, path};
use crate::checks::Watch;
use crate::world::{By, Dice, World};

/// Turns in which everybody does one thing for each case. What is longest: two calls of two units, tasks, an operation, and
/// the time to rate.
const TURNS_MAX: usize = 40;

impl World {
    /// Every case comes to its end.
    ///
    /// # Errors
    /// One does not, or what has to hold does not on the way.
    pub fn finish(&mut self, dice: &mut Dice, watch: &mut Watch) -> Result<(), String> {
        for _ in 0..TURNS_MAX {
            self.settle(dice);
            watch.at_rest(self)?;
            if self.is_over() {
                return Ok(());
            }
            for case in 0..self.cases.len() {
                self.go_on(case);
            }
        }
        let open = self.cases.iter().enumerate().find(|(_, case)| case.dispatch.phase != Phase::Closed);
        let (number, case) = open.unwrap();
        Err(format!("case {number} has no end: {:?} {:?}", case.dispatch, case.centre))
    }

    fn go_on(&mut self, case: usize) {
        let state = self.cases[case].dispatch.clone();
        match state.phase {
            Phase::Closed => {}
            Phase::Unknown => self.judge_somehow(case),
            // Nobody rates it.
            Phase::Resolved { .. } => self.pass(self.until_next().unwrap_or(1)),
            Phase::Open => {
                if state.suspension.is_some() {
                    return self.pass(self.until_next().unwrap_or(1));
                }
                for (by, command) in self.steps_to_an_end(case) {
                    if self.dispatch(case, &at_desk(Role::Street, &by), &command).is_ok_and(|events| !events.is_empty())
                    {
                        return;
                    }
                }
                self.conclude(case);
            }
        }
    }

    fn judge_somehow(&mut self, case: usize) {
        if let judging::State::Waiting { subject, .. } = self.cases[case].triage.clone() {
            let category = &self.charter.categories()[0];
            let judgement = triage::grading::judge(&self.charter, &[category], None, &subject);
            let by = By::Desk(Role::Street, "wuchang-jiyuqiao-command-centre".to_owned());
            let reason = "没有更近的".to_owned();
            drop(self.triage(case, &by, &judging::Command::Judge { judgement, reason }));
        }
    }

    /// What leads to an end, the first that is taken does.
    fn steps_to_an_end(&self, case: usize) -> Vec<(ids::Code, Command)> {
        let state = &self.cases[case].dispatch;
        let (now, rating_due) = (self.now, terms::rating_due(&self.charter, self.now));
        let reason = || "到此为止".to_owned();
        let shown = || vec!["sha256:77d6".to_owned()];
        let mut steps = Vec::new();
        for call in state.calls.iter().filter(|call| !call.ended) {
            for called in call.parties.iter().filter(|called| called.stage < Stage::Done) {
                let (by, party) = (call.caller.clone(), called.party.clone());
                steps.push((by.clone(), Command::Release { by, party, reason: reason(), rating_due }));
            }
        }
        for task in state.tasks.iter().filter(|task| !task.done) {
            let (by, note, evidence) = (task.party.clone(), reason(), shown());
            let done = Command::CompleteTask { by: by.clone(), task: task.number, note, evidence, now, rating_due };
            steps.push((by, done));
        }
        let Some(matter) = &state.matter else { return steps };
        let by = matter.holder.clone();
        let outcome = Outcome::NotSolved;
        let summary = reason();
        if above::city(&self.charter).as_ref() == Some(&by) {
            let (district, city, evidence) = (self.charter.district_centre().code.clone(), by.clone(), shown());
            let done = Command::CityDone {
                by: district.clone(),
                above: true,
                city,
                outcome,
                summary: reason(),
                evidence,
                rating_due,
            };
            steps.push((district, done));
        }
        steps.push((by.clone(), Command::Resolve { by, outcome, summary, evidence: shown(), rating_due }));
        steps
    }

    fn conclude(&mut self, case: usize) {
        let Some(operation) = self.cases[case].centre.operation.as_deref() else { return };
        let (centre, residents) = (operation.opening.centre.clone(), operation.opening.residents.clone());
        let at = Some(self.now);
        let absent: Vec<_> = operation.absent.iter().cloned().collect();
        for party in absent {
            let (by, officer) = (at_desk(Role::Department, &party), crate::actors::officer("d-9"));
            let take = enforcement_center::domain::operation::Command::TakeSeat { party, officer };
            drop(self.decide::<enforcement_center::domain::operation::Rules>(case, &by, &take));
        }
        self.act(case, &centre, path(&residents, at));
        self.act(case, &centre, Action::Conclude(Conclusion { summary: "完成".to_owned(), at }));
    }
}
