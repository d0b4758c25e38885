//! One case: what is known of it, what happened, and what whoever looks could do with it now. What they may see and do is what
//! the services answer to their token.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use ids::CaseId;
use maud::{Markup, html};
use proto::casebook::v1::{Case, CaseSummary, GetRequest};
use proto::dispatch::v1 as dispatch;
use proto::enforcement_center::v1::GetOperationResponse;
use proto::evaluation::v1 as evaluation;
use proto::intake::v1 as intake;
use proto::triage::v1 as triage;
use tonic::{Code, Status};

use super::acting::{self, Deeds};
use super::follow::{self, Posted};
use super::{board, deeds, operation};
use crate::ask::{Sent, Signed, redirect};
use crate::form::{Form, hidden};
use crate::page::Page;
use crate::told;
use crate::when::read;
use crate::words::{Desk, fill, named};

/// `GET /cases/{case}`
pub async fn show(signed: Signed, Path(case): Path<String>) -> Response {
    let shown = page(&signed, &case, None).await;
    signed.answer(shown)
}

/// `GET /cases/{case}/{action}`: where somebody is who loads the answer to a form again.
pub async fn back_to(Path((case, _)): Path<(String, String)>) -> Response {
    match case.parse::<CaseId>() {
        Ok(id) => redirect(&format!("/cases/{id}")),
        Err(_) => redirect("/find"),
    }
}

/// `POST /cases/{case}/{action}`
pub async fn act(Path((case, action)): Path<(String, String)>, mut sent: Sent) -> Response {
    let done = match sent.signed.role() {
        "caller" => follow::say(&mut sent, &case, &action).await,
        _ => deeds::act(&mut sent, &case, &action).await,
    };
    let Sent { signed, mut form } = sent;
    let refused = match done {
        Some(Ok(_)) => return redirect(&format!("/cases/{case}?done=yes")),
        Some(Err(status)) => status,
        None => return signed.answer(Err(Status::not_found("no such action"))),
    };
    if let Err(status) = form.take(signed.language, refused) {
        return signed.answer(Err(status));
    }
    let action = if form.get("key").is_empty() { action } else { form.owned("key") };
    let shown = page(&signed, &case, Some(&Posted { action, form })).await;
    signed.answer(shown.map(|page| page.with(StatusCode::UNPROCESSABLE_ENTITY)))
}

async fn page(signed: &Signed, case_id: &str, posted: Option<&Posted>) -> Result<Page, Status> {
    // A number that is none is not there, like one that nobody has.
    let id: CaseId = case_id.parse().map_err(|_| Status::not_found("no such case"))?;
    let request = GetRequest { district: signed.district(), case_id: id.to_string(), freshness: None };
    let case = signed.app.doors.casebook(&signed.person).get(request).await?.into_inner().case.unwrap_or_default();
    if signed.role() == "caller" {
        return follow::page(signed, &case, posted).await;
    }
    let known = Known::of(signed, &case, id.as_str()).await?;
    Ok(official(signed, &case, &known, posted))
}

/// What the services that decide know of a case; nothing of those that whoever looks does not ask.
#[derive(Default)]
pub struct Known {
    pub dispatch: dispatch::GetResponse,
    pub triage: triage::GetResponse,
    /// The joint operation, where there is one.
    pub operation: Option<GetOperationResponse>,
    pub deeds: Deeds,
}

impl Known {
    async fn of(signed: &Signed, case: &Case, case_id: &str) -> Result<Self, Status> {
        let (district, case_id) = (signed.district(), case_id.to_owned());
        let doors = &signed.app.doors;
        let (mut at_dispatch, mut at_triage) = (doors.dispatch(&signed.person), doors.triage(&signed.person));
        let (mut at_intake, mut at_evaluation) = (doors.intake(&signed.person), doors.evaluation(&signed.person));
        let (dispatch, triage, intake, evaluation, operation) = tokio::join!(
            at_dispatch.get(dispatch::GetRequest { district: district.clone(), case_id: case_id.clone() }),
            at_triage.get(triage::GetRequest { district: district.clone(), case_id: case_id.clone() }),
            at_intake.get(intake::GetRequest { district: district.clone(), case_id: case_id.clone() }),
            at_evaluation.get(evaluation::GetRequest { district, case_id: case_id.clone() }),
            operation::of(signed, case, &case_id),
        );
        let (mut dispatch, mut triage) = (if_theirs(dispatch)?, if_theirs(triage)?);
        let deeds = Deeds {
            dispatch: std::mem::take(&mut dispatch.allowed_actions),
            triage: std::mem::take(&mut triage.allowed_actions),
            intake: if_theirs(intake)?.allowed_actions,
            evaluation: if_theirs(evaluation)?.allowed_actions,
        };
        Ok(Self { dispatch, triage, operation: operation?, deeds })
    }
}

/// An answer; nothing, where the table does not give it to the role.
fn if_theirs<T: Default>(answer: Result<tonic::Response<T>, Status>) -> Result<T, Status> {
    match answer {
        Ok(answer) => Ok(answer.into_inner()),
        Err(status) if matches!(status.code(), Code::PermissionDenied | Code::NotFound) => Ok(T::default()),
        Err(status) => Err(status),
    }
}

fn official(signed: &Signed, case: &Case, known: &Known, posted: Option<&Posted>) -> Page {
    let words = Desk::of(signed.language);
    let summary = case.summary.clone().unwrap_or_default();
    let seen = posted.map(|posted| posted.form.number("seen"));
    let boards = board::of(&case.timeline);
    let body = html! {
        @if let Some(posted) = posted { (lost(signed, words, case, &posted.form)) }
        @if signed.query("done") == "yes" { p .notice role="status" { (words.done_notice) } }
        div .columns {
            div {
                (facts(signed, words, case, &summary, known))
                @for board in &boards { (board.show(signed)) }
                @if let Some(known) = &known.operation { (operation::board(signed, &summary.case_id, known)) }
                section aria-labelledby="timeline" {
                    h2 #timeline { (words.timeline) }
                    (told::timeline(signed, &case.timeline, seen.and_then(|seen| usize::try_from(seen).ok())))
                }
            }
            section aria-labelledby="actions" {
                h2 #actions { (words.actions) }
                (acting::forms(signed, &acting::Around { case, known, boards: &boards, posted }))
            }
        }
    };
    Page::new(format!("{} {}", summary.case_id, summary.title), body)
}

/// Two people at once: who was second sees what happened.
fn lost(signed: &Signed, words: &Desk, case: &Case, form: &Form) -> Markup {
    let seen = usize::try_from(form.number("seen")).unwrap_or_default();
    let since = case.timeline.get(seen..).unwrap_or_default();
    html! {
        div .panel .lost role="alert" {
            h2 { (words.lost_title) }
            @if let Some(refused) = &form.refused { p { (refused) } }
            @if since.is_empty() { p { (words.lost_nothing) } }
            @else {
                p { (words.lost_since) }
                ul { @for entry in since { li { (told::line(signed, entry)) } } }
            }
        }
    }
}

fn facts(signed: &Signed, words: &Desk, case: &Case, summary: &CaseSummary, known: &Known) -> Markup {
    let clock = signed.clock();
    let due = read(known.dispatch.due.as_ref()).or_else(|| read(known.triage.due.as_ref()));
    let open = !["resolved", "closed"].contains(&summary.state.as_str());
    let categories: Vec<String> = std::iter::once(&summary.category)
        .chain(&summary.judged_also)
        .filter(|code| !code.is_empty())
        .map(|code| signed.category(code))
        .collect();
    let channel = signed.charter.channel(&summary.channel).map(|channel| signed.name_of(&channel.name));
    let place = case.place.clone().unwrap_or_default();
    html! {
        dl {
            dt { (words.state) }
            dd {
                span .tag { (named(signed.language, &summary.state)) }
                @if !summary.outcome.is_empty() { " " span .tag { (named(signed.language, &summary.outcome)) } }
                @if known.dispatch.suspended { " " span .tag { (words.suspended) } }
            }
            dt { (words.level) } dd { (named(signed.language, &summary.level)) }
            @if !summary.owner.is_empty() { dt { (words.holder) } dd { (signed.unit(&summary.owner)) } }
            @if let (Some(due), true) = (due, open) {
                dt { (words.due) }
                dd { (clock.countdown(due)) " " (clock.clock(due))
                    @if known.dispatch.due_provisional { " " span .hint { (words.provisional) } } }
            }
            @if !categories.is_empty() { dt { (words.category) } dd { (signed.language.joined(&categories)) } }
            dt { (words.came_by) }
            dd { (channel.unwrap_or_else(|| summary.channel.clone())) " · " (clock.moment_of(summary.received_at.as_ref())) }
            @if !(place.party.is_empty() && place.address.is_empty()) {
                dt { (words.place) }
                dd { @if !place.party.is_empty() { (signed.unit(&place.party)) " " } (place.address) }
            }
        }
        @if summary.reports > 1 { p { (fill(words.reports, &[("n", &summary.reports.to_string())])) } }
        @if known.dispatch.returns > 0 { p { (fill(words.returns, &[("n", &known.dispatch.returns.to_string())])) } }
        @if known.dispatch.root_cause_needed { p .notice { (words.root_cause) } }
        @if !case.text.is_empty() { h2 { (words.said) } blockquote { (case.text) } }
        (considered(signed, words, known))
    }
}

/// The grading table's reasons: who was looked at, from the grid upwards.
fn considered(signed: &Signed, words: &Desk, known: &Known) -> Markup {
    let Some(judgement) = &known.triage.judgement else { return html! {} };
    html! {
        @if !judgement.considered.is_empty() {
            details {
                summary { (words.considered) }
                ol {
                    @for one in &judgement.considered {
                        li { (signed.unit(&one.party)) (signed.language.colon())
                            @if one.able { strong { (words.able) } } @else { (why(words, &one.why)) } }
                    }
                }
            }
        }
    }
}

/// Why somebody could have a case, or could not.
pub fn why<'w>(words: &'w Desk, code: &'w str) -> &'w str {
    match code {
        "able" => words.able,
        "no-duty" => words.why_no_duty,
        "assists-only" => words.why_assists,
        "lacks-powers" => words.why_lacks_powers,
        "never-street" => words.why_never_street,
        "concerned" => words.why_concerned,
        other => other,
    }
}

/// How much of the timeline whoever acts has seen.
pub fn seen(case: &Case) -> Markup {
    hidden("seen", &case.timeline.len().to_string())
}
