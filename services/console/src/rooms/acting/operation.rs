//! The forms of a joint operation: of the whole, and of each of its notices.

use maud::{Markup, html};
use proto::enforcement_center::v1::{GetOperationResponse, NextStep, Notice};

use super::Deed;
use crate::ask::Signed;
use crate::form::{Choice, Choices, Fields};
use crate::rooms::operation::step_name;
use crate::words::{Desk, Operation, Rarer, fill};

/// Steps that a path has room for on the page.
pub const STEPS: usize = 5;

/// Every form that the operation lets whoever looks send now, and what has none.
pub(super) fn of<'a>(
    signed: &'a Signed,
    operation: &'a GetOperationResponse,
    deeds: &mut Vec<Deed<'a>>,
    elsewhere: &mut Vec<&'a str>,
) {
    let words = Operation::of(signed.language);
    for action in &operation.allowed_actions {
        match on_all(signed, words, operation, action) {
            Some(deed) => deeds.push(deed),
            None => elsewhere.push(action),
        }
    }
    for notice in &operation.notices {
        for action in &notice.allowed_actions {
            match on_one(signed, words, operation, notice, action) {
                Some(deed) => deeds.push(deed),
                None => elsewhere.push(action),
            }
        }
    }
}

fn on_all<'a>(
    signed: &'a Signed,
    words: &'a Operation,
    operation: &'a GetOperationResponse,
    action: &str,
) -> Option<Deed<'a>> {
    let (desk, rarer) = (Desk::of(signed.language), Rarer::of(signed.language));
    Some(match action {
        "call-seat" => {
            let seats = [Choices::from(seats(signed, operation))];
            Deed::new("call-seat", words.call_seat, words.call_seat_send, move |fields| {
                fields.choose("party", words.seat_of, "", &seats)
            })
        }
        "take-seat" => Deed::new("take-seat", words.take_seat, words.take_seat_send, |fields| {
            html! {
                (fields.text("officer.staff_ref", desk.officer, "")) (fields.optional("officer.post", desk.post, ""))
            }
        }),
        "hold-meeting" => {
            let expected = expected(signed, operation);
            Deed::new("hold-meeting", words.meeting, words.meeting_send, move |fields| {
                let mut units = vec![Choice::new("", "")];
                units.extend(expected.iter().map(|choice| Choice::new(choice.value.as_str(), choice.name.as_str())));
                html! {
                    (fields.several("present", words.present, "", &expected))
                    (fields.optional("venue", words.venue, ""))
                    (fields.optional("decisions.text", words.decision, ""))
                    (fields.choose("decisions.party", words.decision_party, "", &[Choices::from(units)]))
                }
            })
        }
        "decide-path" => {
            let expected = expected(signed, operation);
            let powers = [Choices::from(powers(signed))];
            Deed::new("decide-path", words.assess, words.assess_send, move |fields| {
                html! {
                    (fields.long("assessment", words.assessment, ""))
                    (fields.several("participants", words.participants, words.participants_hint, &expected))
                    @for number in 1..=STEPS { (step(words, fields, number, &powers)) }
                }
            })
        }
        "arrive-on-site" => {
            let there = units(signed, &operation.parties);
            Deed::new("arrive-on-site", words.arrive, words.arrive_send, move |fields| {
                html! {
                    (fields.several("parties", words.arrive_parties, "", &there))
                    (fields.optional("stop_order", words.stop_at_once, ""))
                }
            })
        }
        "order-stop" => stop(signed, words, operation, None),
        "serve-notice" => serve(signed, words, operation, None),
        "spawn-related-case" => Deed::new("hazard", words.hazard, words.hazard_send, |fields| {
            html! { (fields.text("title", rarer.spawn_title, "")) (fields.long_optional("text", rarer.spawn_text, "")) }
        }),
        "conclude" => Deed::new("conclude", words.conclude, words.conclude_send, |fields| {
            fields.long("summary", words.conclude_text, "")
        }),
        _ => return None,
    })
}

fn on_one<'a>(
    signed: &'a Signed,
    words: &'a Operation,
    operation: &'a GetOperationResponse,
    notice: &'a Notice,
    action: &str,
) -> Option<Deed<'a>> {
    Some(match action {
        "reinspect" => {
            let verdicts =
                [Choices::from(vec![Choice::new("passed", words.passed), Choice::new("failed", words.not_passed)])];
            let steps = [Choices::from(steps(
                words,
                &[
                    NextStep::Unspecified,
                    NextStep::NewNotice,
                    NextStep::StopOrder,
                    NextStep::PenaltyProposal,
                    NextStep::Transfer,
                ],
            ))];
            Deed::new("reinspect", of_notice(words, notice, words.reinspect), words.reinspect_send, move |fields| {
                html! {
                    (fields.choose("verdict", words.verdict, "", &verdicts))
                    (fields.long_optional("finding", words.finding, ""))
                    (fields.choose("step", words.failed_step, "", &steps))
                    (fields.optional("next_step", words.failed_text, ""))
                }
            })
            .of(vec![("notice", notice.notice.to_string())])
        }
        "serve-notice" => serve(signed, words, operation, Some(notice)),
        "order-stop" => stop(signed, words, operation, Some(notice)),
        "take-next-step" => {
            let steps = [Choices::from(steps(words, &[NextStep::PenaltyProposal, NextStep::Transfer]))];
            let to = [Choices::from(departments(signed))];
            let mut deed =
                Deed::new("next-step", of_notice(words, notice, words.settle), words.settle_send, move |fields| {
                    html! {
                        (fields.choose("step", words.settle_step, "", &steps))
                        (fields.long("text", words.settle_text, ""))
                        (fields.choose("to", words.settle_to, "", &to))
                    }
                })
                .of(vec![("notice", notice.notice.to_string())]);
            deed.filled =
                vec![("step", notice.next_step().as_str_name().to_owned()), ("text", notice.next_step_text.clone())];
            deed
        }
        _ => return None,
    })
}

fn of_notice(words: &Operation, notice: &Notice, what: &str) -> String {
    fill(words.follows, &[("n", &notice.notice.to_string()), ("what", what)])
}

/// A notice, for itself or as the next step after another.
fn serve<'a>(
    signed: &'a Signed,
    words: &'a Operation,
    operation: &'a GetOperationResponse,
    after: Option<&Notice>,
) -> Deed<'a> {
    let title = after.map_or_else(|| words.serve.to_owned(), |notice| of_notice(words, notice, words.step_new_notice));
    let mut deed = order("serve-notice", title, words.serve_send, signed, operation, move |fields| {
        fields.moment("due", words.serve_due, words.serve_due_hint)
    });
    if let Some(notice) = after {
        deed = after_notice(deed, notice);
    }
    deed
}

/// An order to stop, for itself or as the next step after a notice.
fn stop<'a>(
    signed: &'a Signed,
    words: &'a Operation,
    operation: &'a GetOperationResponse,
    after: Option<&Notice>,
) -> Deed<'a> {
    let title = after.map_or_else(|| words.stop.to_owned(), |notice| of_notice(words, notice, words.step_stop_order));
    let deed = order("order-stop", title, words.stop_send, signed, operation, |_| html! {});
    match after {
        Some(notice) => after_notice(deed, notice),
        None => deed,
    }
}

fn after_notice<'a>(deed: Deed<'a>, notice: &Notice) -> Deed<'a> {
    let mut deed = deed.of(vec![("follows", notice.notice.to_string())]);
    deed.filled = vec![("party", notice.party.clone()), ("address", notice.address.clone())];
    deed
}

fn order<'a>(
    action: &'static str,
    title: String,
    send: &'a str,
    signed: &'a Signed,
    operation: &'a GetOperationResponse,
    also: impl Fn(&Fields<'_>) -> Markup + 'a,
) -> Deed<'a> {
    let words = Operation::of(signed.language);
    let issuers = [Choices::from(units(signed, &operation.parties))];
    Deed::new(action, title, send, move |fields| {
        html! {
            (fields.choose("party", words.issuer, "", &issuers))
            (fields.long("subject", words.subject, ""))
            (fields.text("address", words.address, ""))
            (fields.text("service_proof", words.service_proof, ""))
            (also(fields))
        }
    })
}

/// The first is asked for under the names by which the service speaks of it.
fn step(words: &Operation, fields: &Fields<'_>, number: usize, powers: &[Choices]) -> Markup {
    let label = |text: &str| fill(text, &[("n", &number.to_string())]);
    let (action, power) = step_names(number);
    html! {
        div .pair {
            @if number == 1 { (fields.text(&action, &label(words.step), "")) }
            @else { (fields.optional(&action, &label(words.step), "")) }
            (fields.choose(&power, &label(words.step_power), "", powers))
        }
    }
}

/// Names of the fields of a step.
pub fn step_names(number: usize) -> (String, String) {
    match number {
        1 => ("steps.action".to_owned(), "steps.power".to_owned()),
        other => (format!("steps.action.{other}"), format!("steps.power.{other}")),
    }
}

fn steps(words: &Operation, steps: &[NextStep]) -> Vec<Choice> {
    steps.iter().map(|step| Choice::new(step.as_str_name(), step_name(words, *step))).collect()
}

/// Units with a seat on call there that have not come yet.
fn seats(signed: &Signed, operation: &GetOperationResponse) -> Vec<Choice> {
    let street = operation.centre.parse().ok().and_then(|centre| signed.charter.street_of(&centre));
    let centre = street.map_or(signed.charter.centre(), |street| signed.charter.centre_of(&street.code));
    let come = |code: &str| operation.seats.iter().any(|seat| seat.party == code && seat.state == "taken");
    let seats = centre.seats.iter().map(|seat| seat.party.to_string()).filter(|code| !come(code));
    units(signed, &seats.collect::<Vec<_>>())
}

/// Whoever takes part, or was called to.
fn expected(signed: &Signed, operation: &GetOperationResponse) -> Vec<Choice> {
    let mut codes = operation.parties.clone();
    let called = operation.seats.iter().map(|seat| seat.party.clone());
    codes.extend(called.filter(|code| !operation.parties.contains(code)));
    units(signed, &codes)
}

fn units(signed: &Signed, codes: &[String]) -> Vec<Choice> {
    codes.iter().map(|code| Choice::new(code.as_str(), signed.unit(code))).collect()
}

fn departments(signed: &Signed) -> Vec<Choice> {
    let departments = signed.charter.departments();
    departments.map(|party| Choice::new(party.code.as_str(), signed.name_of(&party.name))).collect()
}

fn powers(signed: &Signed) -> Vec<Choice> {
    let powers = signed.charter.legal_powers().iter();
    let powers = powers.map(|power| Choice::new(power.code.as_str(), signed.name_of(&power.name)));
    std::iter::once(Choice::new("", "")).chain(powers).collect()
}
