//! The forms of deeds that come up now and then. What takes more than three fields has none here.

use proto::dispatch::v1::AllowedAction;
use proto::evaluation::v1::CallbackOutcome;

use super::{Around, Deed, outcomes, task_units};
use crate::ask::Signed;
use crate::form::{Choice, Choices, Fields};
use crate::words::{Caller, Desk, Rarer, fill};
use maud::html;

/// One of dispatch's.
pub fn of_dispatch<'a>(signed: &'a Signed, around: &Around<'_>, allowed: &AllowedAction) -> Option<Deed<'a>> {
    let (words, desk) = (Rarer::of(signed.language), Desk::of(signed.language));
    let reason = |fields: &Fields<'_>| fields.long("reason", words.reason, "");
    Some(match allowed.action.as_str() {
        "PlanTasks" => {
            let units = task_units(signed, words, around);
            Deed::new("plan", words.plan, words.plan_send, move |fields| {
                html! {
                    (fields.choose("party", words.task_for, "", &units))
                    (fields.text("title", words.task_title, ""))
                    (fields.moment("due", words.due, words.due_optional))
                }
            })
        }
        "AdoptMeasure" => Deed::new("measure", words.measure, words.measure_send, |fields| {
            fields.long("measure", words.measure_text, "")
        }),
        "Supervise" => {
            // Of the case itself, whoever has it accounts for it.
            let party = if allowed.party.is_empty() { around.holder().to_owned() } else { allowed.party.clone() };
            let unit = signed.unit(&party);
            let party = vec![("party", party)];
            Deed::new("supervise", fill(words.supervise, &[("unit", &unit)]), words.supervise_send, |fields| {
                html! {
                    (fields.long("text", words.supervise_text, ""))
                    (fields.moment("due", words.due, words.due_hint))
                }
            })
            .of(party)
        }
        "Extend" => extend(words, allowed),
        "Suspend" => Deed::new("suspend", words.suspend, words.suspend_send, |fields| {
            html! {
                (fields.text("basis", words.basis, ""))
                (fields.long("reason", words.reason, ""))
                (fields.moment("until", words.until, words.due_hint))
            }
        }),
        "Admit" => Deed::new("admit", words.admit, words.admit_send, reason),
        "SpawnRelatedCase" => Deed::new("related", words.spawn, words.spawn_send, |fields| {
            html! {
                (fields.text("title", words.spawn_title, ""))
                (fields.long_optional("text", words.spawn_text, ""))
                (fields.tick("helps", words.spawn_helps))
            }
        }),
        "Transfer" => Deed::new("transfer", words.transfer, words.transfer_send, |fields| {
            html! { (fields.text("reference", words.reference, "")) (fields.long("reason", words.reason, "")) }
        }),
        "RecordCityProgress" => Deed::new("city-progress", words.city_progress, words.city_progress_send, |fields| {
            fields.long("note", words.note, "")
        }),
        "RecordCityDone" => Deed::new("city-done", words.city_done, words.city_done_send, |fields| {
            html! {
                (fields.choose("outcome", desk.outcome, "", &[outcomes(signed)]))
                (fields.long("summary", desk.summary, ""))
                (fields.optional("evidence", desk.evidence, desk.evidence_hint))
            }
        }),
        "RecordCityReturn" => Deed::new("city-return", words.city_return, words.city_return_send, reason),
        _ => return None,
    })
}

fn extend<'a>(words: &'a Rarer, allowed: &AllowedAction) -> Deed<'a> {
    let title = match (allowed.call, allowed.task) {
        (0, 0) => words.extend_case.to_owned(),
        (call, 0) => fill(words.extend_call, &[("n", &call.to_string())]),
        (_, task) => fill(words.extend_task, &[("n", &task.to_string())]),
    };
    Deed::new("extend", title, words.extend_send, |fields| {
        html! {
            (fields.text("basis", words.basis, ""))
            (fields.long("reason", words.reason, ""))
            (fields.moment("due", words.due, words.due_hint))
        }
    })
    .of(vec![("call", allowed.call.to_string()), ("task", allowed.task.to_string())])
}

/// One of intake's, or of evaluation's.
pub fn of_others<'a>(signed: &'a Signed, action: &str) -> Option<Deed<'a>> {
    let (words, caller) = (Rarer::of(signed.language), Caller::of(signed.language));
    let reason = |fields: &Fields<'_>| fields.long("reason", words.reason, "");
    Some(match action {
        "Supplement" => Deed::new("supplement", caller.supplement, caller.supplement_send, |fields| {
            fields.long("text", caller.supplement_text, "")
        }),
        "Withdraw" => Deed::new("withdraw", caller.withdraw, caller.withdraw_send, |fields| {
            fields.long_optional("reason", caller.withdraw_reason, "")
        }),
        "ProposeExclusion" => Deed::new("exclude", words.exclude, words.exclude_send, reason),
        "ApproveExclusion" => Deed::new("approve", words.approve, words.approve_send, |_| html! {}),
        "Merge" => Deed::new("merge", words.merge, words.merge_send, |fields| {
            html! { (fields.text("into", words.into, caller.number_hint)) (fields.long("reason", words.reason, "")) }
        }),
        "LogCallback" => {
            let ways = [
                (CallbackOutcome::Reached, words.reached),
                (CallbackOutcome::NoAnswer, words.no_answer),
                (CallbackOutcome::Refused, words.refused),
            ];
            let ways: Vec<Choice> =
                ways.into_iter().map(|(outcome, name)| Choice::new(outcome.as_str_name(), name)).collect();
            let ways = [Choices::from(ways)];
            Deed::new("callback", words.callback, words.callback_send, move |fields| {
                html! {
                    (fields.choose("outcome", words.callback_outcome, "", &ways))
                    (fields.long_optional("note", words.note, ""))
                }
            })
        }
        _ => return None,
    })
}
