//! A department that answers by itself: for simulations and benchmarks. Nobody looks at the matter.
//!
//! Written with what every handler has, [`Department::orders`] and [`Department::answer`]; read it as an example.

use futures::StreamExt;
use proto::common::v1::{Officer, Outcome};
use proto::dispatch::v1::answer::Answer as Said;
use proto::dispatch::v1::{Answer, Done, Order, ReportIn, Respond, TaskDoneAnswer, order};
use proto::responder::v1::AnswerState;

use crate::department::Department;

/// Calls answered at the same time: as many as the outbox sends.
const CONCURRENCY: usize = 64;
const OFFICER: &str = "auto-1";
/// What it shows where something has to be shown.
const SHOWN: &str = "simulation";

/// How calls are answered without a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Policy {
    /// Responds, reports in and reports done, at once.
    Prompt,
}

pub(crate) async fn run(policy: Policy, department: Department) -> anyhow::Result<()> {
    tracing::warn!(department = department.code().as_str(), ?policy, "calls are answered by nobody: a simulation");
    let department = &department;
    department
        .orders()
        .for_each_concurrent(CONCURRENCY, |order| async move {
            match policy {
                Policy::Prompt => promptly(department, order).await,
            }
        })
        .await;
    Ok(())
}

async fn promptly(department: &Department, order: Order) {
    let officer = || Some(Officer { staff_ref: OFFICER.to_owned(), post: "simulation".to_owned() });
    let (call, answers) = match &order.order {
        Some(order::Order::Call(call)) => {
            let respond = Said::Respond(Respond { officer: officer() });
            let report_in = Said::ReportIn(ReportIn { officer: officer(), owns_matter: true, check_in: None });
            let done = Said::Done(Done {
                outcome: Outcome::Solved.into(),
                note: String::new(),
                evidence: vec![SHOWN.to_owned()],
            });
            (call.call, vec![("respond", respond), ("report-in", report_in), ("done", done)])
        }
        Some(order::Order::Task(task)) => {
            let done = Said::TaskDone(TaskDoneAnswer {
                task: task.task,
                note: String::new(),
                evidence: vec![SHOWN.to_owned()],
            });
            (task.call, vec![("task-done", done)])
        }
        // A simulation has nothing to account for: whoever supervises it sees that.
        Some(order::Order::Supervision(_) | order::Order::Over(_)) | None => return,
    };
    for (what, said) in answers {
        let answer = Answer {
            district: order.district.clone(),
            case_id: order.case_id.clone(),
            call,
            // The same again after a restart: the hub knows which of them it has.
            command_id: format!("auto-{}-{}-{what}", department.code(), order.n),
            answer: Some(said),
        };
        match department.answer(answer).await {
            Ok(status) if status.state() == AnswerState::Refused => return,
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(case = order.case_id, error = record::chain(&error), "not answered");
                return;
            }
        }
    }
}
