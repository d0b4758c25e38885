//! The forms of a case: one for each thing that the services say whoever looks could do now, and no other. Few have more than
//! three fields.

pub mod operation;
mod rest;

use charter::PartyKind;
use maud::{Markup, html};
use proto::common::v1::Outcome;
use proto::dispatch::v1::ProgressKind;
use proto::{casebook, dispatch, evaluation};

use super::board::Board;
use super::case::{Known, seen};
use super::follow::Posted;
use super::report::all_categories;
use crate::ask::Signed;
use crate::form::{Choice, Choices, Fields, Form, command, hidden};
use crate::words::{Caller, Desk, Frame, Rarer, fill, named};

/// What somebody could do with a case now, as each service says.
#[derive(Default)]
pub struct Deeds {
    pub dispatch: Vec<dispatch::v1::AllowedAction>,
    pub triage: Vec<String>,
    pub intake: Vec<String>,
    pub evaluation: Vec<evaluation::v1::AllowedAction>,
}

/// What the forms are filled in from.
pub struct Around<'a> {
    pub case: &'a casebook::v1::Case,
    pub known: &'a Known,
    pub boards: &'a [Board],
    pub posted: Option<&'a Posted>,
}

impl Around<'_> {
    /// Who has the case now; empty: nobody has.
    fn holder(&self) -> &str {
        self.case.summary.as_ref().map_or("", |summary| summary.owner.as_str())
    }
}

/// One form: its address below the case, what sets it apart from others of the same address, and what it says.
struct Deed<'a> {
    action: &'static str,
    key: String,
    title: String,
    send: &'a str,
    /// What is said before the fields.
    intro: Markup,
    fields: Box<dyn Fn(&Fields<'_>) -> Markup + 'a>,
    /// Fields that nobody types.
    fixed: Vec<(&'static str, String)>,
    /// What stands in a field before anybody types.
    filled: Vec<(&'static str, String)>,
}

impl<'a> Deed<'a> {
    fn new(
        action: &'static str,
        title: impl Into<String>,
        send: &'a str,
        fields: impl Fn(&Fields<'_>) -> Markup + 'a,
    ) -> Self {
        let (key, title) = (action.to_owned(), title.into());
        Self { action, key, title, send, intro: html! {}, fields: Box::new(fields), fixed: vec![], filled: vec![] }
    }

    /// One of several of its kind, each for something else.
    fn of(mut self, fixed: Vec<(&'static str, String)>) -> Self {
        let parts: Vec<&str> = fixed.iter().map(|(_, value)| value.as_str()).collect();
        self.key = format!("{}-{}", self.action, parts.join("-"));
        self.fixed = fixed;
        self
    }

    fn show(&self, signed: &Signed, around: &Around<'_>) -> Markup {
        let mut empty = Form::default();
        self.filled.iter().for_each(|(name, value)| empty.add(name, value.clone()));
        let form = Posted::form_of(around.posted, &self.key, &empty);
        let is_open = around.posted.is_some_and(|posted| posted.action == self.key);
        let fields = Fields::new(signed, &self.key, form);
        let case_id = around.case.summary.as_ref().map_or("", |summary| summary.case_id.as_str());
        let inside = html! {
            (command())
            (hidden("key", &self.key))
            (seen(around.case))
            @for (name, value) in &self.fixed { (hidden(name, value)) }
            ((self.fields)(&fields))
        };
        html! {
            details open[is_open] {
                summary { (self.title) }
                (self.intro)
                (fields.to(&format!("/cases/{case_id}/{}", self.action), inside, self.send))
            }
        }
    }
}

/// Every form that leads somewhere.
pub fn forms(signed: &Signed, around: &Around<'_>) -> Markup {
    let words = Desk::of(signed.language);
    let mut deeds: Vec<Deed<'_>> = Vec::new();
    let mut elsewhere: Vec<&str> = Vec::new();
    of_triage(signed, words, around, &mut deeds);
    for allowed in &around.known.deeds.dispatch {
        match of_dispatch(signed, words, around, allowed) {
            Some(deed) => deeds.push(deed),
            None => elsewhere.push(&allowed.action),
        }
    }
    if let Some(known) = &around.known.operation {
        operation::of(signed, known, &mut deeds, &mut elsewhere);
    }
    of_evaluation(signed, words, around, &mut deeds);
    for action in &around.known.deeds.intake {
        match rest::of_others(signed, action) {
            Some(deed) => deeds.push(deed),
            None => elsewhere.push(action),
        }
    }
    elsewhere.sort_unstable();
    elsewhere.dedup();
    html! {
        @if deeds.is_empty() && elsewhere.is_empty() { p { (words.no_actions) } }
        @for deed in &deeds { (deed.show(signed, around)) }
        @if !elsewhere.is_empty() { p .hint { (words.not_here_yet) " " (elsewhere.join(", ")) } }
    }
}

fn of_triage<'a>(signed: &'a Signed, words: &'a Desk, around: &Around<'_>, deeds: &mut Vec<Deed<'a>>) {
    let may = |action: &str| around.known.deeds.triage.iter().any(|allowed| allowed == action);
    if may("Claim") {
        deeds.push(Deed::new("claim", words.claim, words.claim, |_| html! {}));
    }
    let judge = |fields: &Fields<'_>| {
        html! {
            (fields.choose("category", words.judge_category, "", &[Choices::from(all_categories(signed))]))
            details {
                summary { (words.judge_also) }
                (fields.several("also", words.judge_also, words.judge_also_hint, &all_categories(signed)))
            }
            (fields.choose("level", words.judge_level, "", &levels(signed, words)))
            (fields.long_optional("reason", words.judge_reason, ""))
        }
    };
    if may("Judge") {
        let mut deed = Deed::new("judge", words.judge, words.judge_send, judge);
        deed.filled = suggested(around).into_iter().map(|category| ("category", category)).collect();
        deeds.push(deed);
    }
    if may("Regrade") {
        let mut deed = Deed::new("regrade", words.regrade, words.regrade_send, judge);
        if let Some(judged) = &around.known.triage.judgement {
            deed.filled = vec![("category", judged.category.clone())];
            deed.filled.extend(judged.also.iter().map(|category| ("also", category.clone())));
        }
        deeds.push(deed);
    }
}

/// What the rules thought of first when they were not sure.
fn suggested(around: &Around<'_>) -> Option<String> {
    let queued = around.case.timeline.iter().rev().find(|entry| entry.event == "QueuedForJudgement")?;
    let queued: proto::triage::v1::QueuedForJudgement = super::board::fact(queued)?;
    queued.candidates.first().map(|candidate| candidate.category.clone())
}

fn of_dispatch<'a>(
    signed: &'a Signed,
    words: &'a Desk,
    around: &Around<'_>,
    allowed: &dispatch::v1::AllowedAction,
) -> Option<Deed<'a>> {
    let reason = |fields: &Fields<'_>| fields.long("reason", words.reason, "");
    let unit = signed.unit(&allowed.party);
    let of_party = || vec![("call", allowed.call.to_string()), ("party", allowed.party.clone())];
    Some(match allowed.action.as_str() {
        // A special group's call names its chair, which takes more than three fields.
        "Call" if signed.role() == "street" => call(signed, words, around),
        "Assign" => {
            let units = [Choices::from(units(signed))];
            Deed::new("assign", words.assign, words.assign_send, move |fields| {
                html! {
                    (fields.choose("party", words.to_unit, "", &units))
                    (fields.long_optional("reason", words.reason, ""))
                }
            })
        }
        "Escalate" => Deed::new("escalate", words.escalate, words.escalate_send, |fields| {
            fields.long("reason", words.escalate_reason, "")
        }),
        "RecordProgress" => Deed::new("progress", words.record, words.record_send, |fields| {
            html! {
                (fields.choose("kind", words.progress_kind, "", &[progress_kinds(words)]))
                (fields.long("note", words.note, ""))
            }
        }),
        "Resolve" => Deed::new("resolve", words.resolve, words.resolve_send, |fields| {
            html! {
                (fields.choose("outcome", words.outcome, "", &[outcomes(signed)]))
                (fields.long("summary", words.summary, ""))
                (fields.optional("evidence", words.evidence, words.evidence_hint))
            }
        }),
        "Reopen" => Deed::new("reopen", words.reopen, words.reopen_send, reason),
        "Resume" => Deed::new("resume", words.resume, words.resume_send, |_| html! {}),
        "Release" => {
            Deed::new("release", fill(words.release, &[("unit", &unit)]), words.release_send, reason).of(of_party())
        }
        "Disqualify" => {
            let title = fill(words.disqualify, &[("unit", &unit)]);
            Deed::new("disqualify", title, words.disqualify_send, reason).of(of_party())
        }
        "Adjudicate" => adjudicate(signed, words, around, allowed),
        "AnswerSupervision" => {
            let order = vec![("order", allowed.order.to_string())];
            let answer = |fields: &Fields<'_>| fields.long("note", words.answer, "");
            Deed::new("answer-supervision", words.answer_supervision, words.answer_send, answer).of(order)
        }
        "CompleteTask" => {
            let title = format!("{} {}", words.task_send, allowed.task);
            Deed::new("task", title, words.task_send, |fields| {
                html! {
                    (fields.long_optional("note", words.note, ""))
                    (fields.optional("evidence", words.evidence, words.evidence_hint))
                }
            })
            .of(vec![("task", allowed.task.to_string())])
        }
        _ => return rest::of_dispatch(signed, around, allowed),
    })
}

/// The whistle: who comes is the situation's, and shown.
fn call<'a>(signed: &'a Signed, words: &'a Desk, around: &Around<'_>) -> Deed<'a> {
    let own = around.known.triage.judgement.as_ref().map(|judgement| judgement.situation.clone()).unwrap_or_default();
    let street = signed.person.identity.party.parse().ok().and_then(|party| signed.charter.street_of(&party));
    let described = |situation: &charter::Situation| {
        let parties = street.map(|street| situation.parties_for(&street.code)).unwrap_or_default();
        let names: Vec<String> = parties.iter().map(|party| signed.unit(party.as_str())).collect();
        fill(
            words.situation_own,
            &[("situation", &signed.name_of(&situation.name)), ("parties", &signed.language.joined(&names))],
        )
    };
    let mut choices = Vec::new();
    if let Some(situation) = signed.charter.situation(&own) {
        choices.push(Choices::from(vec![Choice::new("", described(situation))]));
    }
    for aspect in signed.charter.aspects() {
        let of_aspect = signed.charter.situations().iter().filter(|situation| situation.aspect == aspect.code);
        let choices_of: Vec<Choice> =
            of_aspect.map(|it| Choice::new(it.code.as_str(), signed.name_of(&it.name))).collect();
        choices.push(Choices { heading: Some(signed.name_of(&aspect.name)), choices: choices_of });
    }
    let colours: Vec<Choice> = std::iter::once(Choice::new("", words.colour_own))
        .chain(["red", "yellow", "blue"].map(|colour| Choice::new(colour, named(signed.language, colour))))
        .collect();
    let colours = [Choices::from(colours)];
    let mut deed = Deed::new("call", words.call, words.call_send, move |fields| {
        html! {
            (fields.choose("situation", words.situation, "", &choices))
            (fields.choose("colour", words.colour, "", &colours))
            (fields.long_optional("note", words.note, ""))
        }
    });
    deed.intro = html! { p .hint { (words.call_hint) } };
    deed
}

fn adjudicate<'a>(
    signed: &'a Signed,
    words: &'a Desk,
    around: &Around<'_>,
    allowed: &dispatch::v1::AllowedAction,
) -> Deed<'a> {
    let seats = around.boards.iter().filter(|board| board.number == allowed.call).flat_map(|board| &board.parties);
    let returned = seats.filter(|seat| seat.party == allowed.party).find_map(|seat| seat.returned.as_ref());
    let unit = signed.unit(&allowed.party);
    let keep = Choices::from(vec![Choice::new("", words.adjudicate_keep)]);
    let departments = signed.charter.departments();
    let departments: Vec<Choice> =
        departments.map(|party| Choice::new(party.code.as_str(), signed.name_of(&party.name))).collect();
    let to = [keep, Choices { heading: Some(words.adjudicate_to.to_owned()), choices: departments }];
    let title = fill(words.adjudicate, &[("unit", &unit)]);
    let mut deed = Deed::new("adjudicate", title, words.adjudicate_send, move |fields| {
        html! {
            (fields.choose("to", words.adjudicate_to, "", &to))
            (fields.long("reason", words.reason, ""))
        }
    })
    .of(vec![("call", allowed.call.to_string()), ("party", allowed.party.clone())]);
    if let Some(returned) = returned {
        let other = signed.unit(&returned.proposes);
        let said = [("unit", unit.as_str()), ("other", &other), ("reason", &returned.reason)];
        deed.intro = html! { p { (fill(words.adjudicate_said, &said)) } };
        deed.filled = vec![("to", returned.proposes.clone())];
    }
    deed
}

fn of_evaluation<'a>(signed: &'a Signed, words: &'a Desk, around: &Around<'_>, deeds: &mut Vec<Deed<'a>>) {
    for allowed in &around.known.deeds.evaluation {
        match allowed.action.as_str() {
            "RateParty" => {
                let title = fill(words.rate_unit, &[("unit", &signed.unit(&allowed.party))]);
                let mut deed = Deed::new("rate-party", title, words.rate_send, |fields| {
                    html! {
                        (fields.text("rate", words.rate, ""))
                        (fields.long_optional("deduction_reason", words.deduction, ""))
                    }
                })
                .of(vec![("party", allowed.party.clone())]);
                deed.filled = vec![("rate", "1".to_owned())];
                deeds.push(deed);
            }
            "Rate" => {
                let caller = Caller::of(signed.language);
                let steps = [ratings(signed)];
                deeds.push(Deed::new("rate", caller.rate, caller.rate_send, move |fields| {
                    html! {
                        (fields.choose("rating", caller.rating, "", &steps))
                        (fields.long_optional("comment", caller.comment, caller.comment_again))
                    }
                }));
            }
            other => deeds.extend(rest::of_others(signed, other)),
        }
    }
}

/// The charter's scale, with nothing chosen.
pub fn ratings(signed: &Signed) -> Choices {
    let steps = signed.charter.ratings().iter();
    let steps = steps.map(|step| Choice::new(step.code.as_str(), signed.name_of(&step.name)));
    std::iter::once(Choice::new("", "")).chain(steps).collect::<Vec<_>>().into()
}

/// Units that work on a case may be given to: those of the street for whoever is of one, and of the whole district for it.
fn units(signed: &Signed) -> Vec<Choice> {
    let charter = &signed.charter;
    let street = signed.person.identity.party.parse().ok().and_then(|party| charter.street_of(&party));
    let own = signed.person.identity.party.as_str();
    let inside = |party: &&charter::Party| match street {
        Some(street) => charter.street_of(&party.code).is_some_and(|it| it.code == street.code),
        None => party.kind != PartyKind::City,
    };
    let parties = charter.parties().iter().filter(inside).filter(|party| party.code.as_str() != own);
    parties.map(|party| Choice::new(party.code.as_str(), signed.name_of(&party.name))).collect()
}

/// Whoever can be given a task: who was called, oneself, one's own street, and whoever else the district has.
fn task_units(signed: &Signed, words: &Rarer, around: &Around<'_>) -> Vec<Choices> {
    let choice = |code: &str| Choice::new(code, signed.unit(code));
    let own = signed.person.identity.party.as_str();
    let of_calls = around.boards.iter().filter(|board| !board.over).flat_map(|board| &board.parties);
    let mut called: Vec<&str> = of_calls.map(|seat| seat.party.as_str()).collect();
    called.sort_unstable();
    called.dedup();
    let inside = units(signed);
    let is_new = |code: &str| code != own && !called.contains(&code) && !inside.iter().any(|it| it.value == code);
    let others = signed.charter.parties().iter();
    let others = others.filter(|party| matches!(party.kind, PartyKind::Department | PartyKind::External));
    let others = others.map(|party| party.code.as_str()).filter(|code| is_new(code)).map(choice).collect();
    let mut groups = vec![
        Choices {
            heading: Some(words.task_called.to_owned()),
            choices: called.iter().map(|code| choice(code)).collect(),
        },
        Choices { heading: Some(words.task_own.to_owned()), choices: vec![choice(own)] },
        Choices { heading: Some(words.task_inside.to_owned()), choices: inside },
        Choices { heading: Some(words.task_others.to_owned()), choices: others },
    ];
    groups.retain(|group| !group.choices.is_empty());
    groups
}

fn levels(signed: &Signed, words: &Desk) -> Vec<Choices> {
    let own = Choice::new("", words.judge_level_own);
    let levels = charter::Level::ALL.map(|level| Choice::new(level.as_str(), named(signed.language, level.as_str())));
    vec![std::iter::once(own).chain(levels).collect::<Vec<_>>().into()]
}

/// How a matter can end.
pub fn outcomes(signed: &Signed) -> Choices {
    let outcomes = [
        (Outcome::Solved, "solved"),
        (Outcome::Explained, "explained"),
        (Outcome::NotAccepted, "not-accepted"),
        (Outcome::NotSolved, "not-solved"),
    ];
    let choice = |(outcome, code): (Outcome, &str)| Choice::new(outcome.as_str_name(), named(signed.language, code));
    outcomes.into_iter().map(choice).collect::<Vec<_>>().into()
}

/// What can be noted.
pub fn progress_kinds(words: &Desk) -> Choices {
    let kinds = [
        (ProgressKind::Note, words.progress_note),
        (ProgressKind::Reply, words.progress_reply),
        (ProgressKind::ContactFailed, words.progress_contact_failed),
        (ProgressKind::Finding, words.progress_finding),
        (ProgressKind::Action, words.progress_action),
    ];
    kinds.into_iter().map(|(kind, name)| Choice::new(kind.as_str_name(), name)).collect::<Vec<_>>().into()
}

/// A page of a list, and the next one.
pub fn more(signed: &Signed, address: &str, token: &str) -> Markup {
    let words = Frame::of(signed.language);
    let joined = if address.contains('?') { '&' } else { '?' };
    html! {
        @if !token.is_empty() { p { a .button href=(format!("{address}{joined}page={token}")) { (words.next_page) } } }
    }
}
