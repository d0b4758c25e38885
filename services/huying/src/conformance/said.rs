//! What a department has said: as it was heard, with what is wrong with it, and as it stands on record.

use std::collections::HashMap;

use proto::dispatch::v1::answer::Answer as Said;
use proto::dispatch::v1::{Answer, PartyDone, ReportedIn, Responded, Returned, SupervisionAnswered, TaskDone};
use proto::facts::{DispatchFacts, Facts};

/// How often a program may say again what the hub has refused for good, before it counts as for ever.
const REFUSED_TIMES_MAX: usize = 5;

/// A step of a call that was said under two command ids, or under none.
pub fn under_two_names(heard: &[Answer]) -> Option<String> {
    let mut names: HashMap<(String, u32, String), String> = HashMap::new();
    for answer in heard {
        let Some(step) = step(answer) else { continue };
        let about = format!("{}, {step}", answer.case_id);
        if answer.command_id.is_empty() {
            return Some(format!("{about}: without a command id, so that the same again counts as another"));
        }
        let name =
            names.entry((answer.case_id.clone(), answer.call, step)).or_insert_with(|| answer.command_id.clone());
        if *name != answer.command_id {
            return Some(format!("{about}: said as {name:?} and again as {:?}", answer.command_id));
        }
    }
    None
}

/// A case of which a later step was said before an earlier one.
pub fn out_of_order(heard: &[Answer]) -> Option<String> {
    let mut reached: HashMap<String, usize> = HashMap::new();
    for answer in heard {
        let turn = match &answer.answer {
            Some(Said::Respond(_)) => 1,
            Some(Said::ReportIn(_)) => 2,
            Some(Said::Done(_)) => 3,
            Some(
                Said::Progress(_)
                | Said::TaskDone(_)
                | Said::Return(_)
                | Said::AnswerSupervision(_)
                | Said::RelatedCase(_),
            )
            | None => continue,
        };
        let reached = reached.entry(answer.case_id.clone()).or_default();
        if turn > *reached + 1 {
            return Some(format!("{}: {} was said before its turn", answer.case_id, step(answer).unwrap_or_default()));
        }
        *reached = (*reached).max(turn);
    }
    None
}

/// What was said again and again about a call that is over.
pub fn insisted(heard: &[Answer], case: &str) -> Option<String> {
    let mut times: HashMap<String, usize> = HashMap::new();
    for answer in heard.iter().filter(|answer| answer.case_id == case) {
        *times.entry(step(answer).unwrap_or_default()).or_default() += 1;
    }
    let (step, times) = times.into_iter().find(|(_, times)| *times > REFUSED_TIMES_MAX)?;
    Some(format!("{case}: {step} was said {times} times to a call that is over; FAILED_PRECONDITION is final"))
}

/// A step that is taken once in a call; the rest may come as often as they like.
fn step(answer: &Answer) -> Option<String> {
    Some(match answer.answer.as_ref()? {
        Said::Respond(_) => "respond".to_owned(),
        Said::ReportIn(_) => "report-in".to_owned(),
        Said::TaskDone(done) => format!("task-done {}", done.task),
        Said::Done(_) => "done".to_owned(),
        Said::Return(_) => "return".to_owned(),
        Said::AnswerSupervision(said) => format!("answer-supervision {}", said.order),
        Said::Progress(_) | Said::RelatedCase(_) => return None,
    })
}

/// What the record has of one party.
pub struct Steps<'p> {
    pub party: &'p str,
    pub steps: Vec<&'static str>,
}

impl Steps<'_> {
    fn by(&mut self, party: &str, step: &'static str) {
        if party == self.party {
            self.steps.push(step);
        }
    }
}

impl Facts for Steps<'_> {
    type Found = ();
    fn nothing() {}
}

impl DispatchFacts for Steps<'_> {
    fn responded(&mut self, fact: &Responded) {
        self.by(&fact.party, "respond");
    }

    fn reported_in(&mut self, fact: &ReportedIn) {
        self.by(&fact.party, "report-in");
    }

    fn task_done(&mut self, fact: &TaskDone) {
        self.by(&fact.party, "task-done");
    }

    fn party_done(&mut self, fact: &PartyDone) {
        self.by(&fact.party, "done");
    }

    fn returned(&mut self, fact: &Returned) {
        self.by(&fact.party, "return");
    }

    fn supervision_answered(&mut self, fact: &SupervisionAnswered) {
        self.by(&fact.party, "answer-supervision");
    }
}
