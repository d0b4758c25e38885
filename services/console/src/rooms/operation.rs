//! The board of a joint operation: which seats were called, who is there, which notices run, and the papers to print.

use axum::extract::Path;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64;
use ids::CaseId;
use maud::{Markup, html};
use proto::casebook::v1::Case;
use proto::enforcement_center::v1::{
    GetOperationRequest, GetOperationResponse, NextStep, Notice, RenderDocumentRequest, Seat,
};
use sha2::{Digest, Sha256};
use tonic::{Code, Status};

use crate::ask::Signed;
use crate::when::read;
use crate::words::{Desk, Operation, fill};

/// The operation on a case, if there is one and it is theirs to see.
pub async fn of(signed: &Signed, case: &Case, case_id: &str) -> Result<Option<GetOperationResponse>, Status> {
    if !case.timeline.iter().any(|entry| entry.event == "OperationOpened") {
        return Ok(None);
    }
    ask(signed, case_id).await
}

/// The same, of a case of which nothing else is known.
pub async fn ask(signed: &Signed, case_id: &str) -> Result<Option<GetOperationResponse>, Status> {
    let request = GetOperationRequest { district: signed.district(), case_id: case_id.to_owned() };
    match signed.app.doors.enforcement_center(&signed.person).get_operation(request).await {
        Ok(answer) => Ok(Some(answer.into_inner())),
        Err(status) if matches!(status.code(), Code::NotFound | Code::PermissionDenied) => Ok(None),
        Err(status) => Err(status),
    }
}

/// `GET /cases/{case}/papers/{document}`: as the centre issues it, ready to print.
pub async fn paper(signed: Signed, Path((case, document)): Path<(String, String)>) -> Response {
    match rendered(&signed, &case, document).await {
        Ok(page) => {
            let policy = HeaderValue::from_str(&policy_of(&page)).unwrap_or(HeaderValue::from_static("sandbox"));
            let kind = HeaderValue::from_static("text/html; charset=utf-8");
            ([(CONTENT_SECURITY_POLICY, policy), (CONTENT_TYPE, kind)], page).into_response()
        }
        Err(status) => signed.answer(Err(status)),
    }
}

async fn rendered(signed: &Signed, case: &str, document: String) -> Result<String, Status> {
    let case_id: CaseId = case.parse().map_err(|_| Status::not_found("no such case"))?;
    let request = RenderDocumentRequest { district: signed.district(), case_id: case_id.to_string(), document };
    let rendered = signed.app.doors.enforcement_center(&signed.person).render_document(request).await?.into_inner();
    String::from_utf8(rendered.content).map_err(|_| Status::internal("a document is not UTF-8"))
}

/// A paper brings its own style, which is let in by its hash; nothing else is.
fn policy_of(page: &str) -> String {
    let style = page.split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>"));
    let hash = BASE64.encode(&Sha256::digest(style.map_or("", |(style, _)| style)));
    format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; frame-ancestors 'none'; sandbox")
}

pub fn board(signed: &Signed, case_id: &str, operation: &GetOperationResponse) -> Markup {
    let (words, desk) = (Operation::of(signed.language), Desk::of(signed.language));
    let units = |codes: &[String]| signed.units(codes.iter().map(String::as_str));
    html! {
        section .panel .board aria-labelledby="operation" {
            h2 #operation { (words.board) " " span .tag { (stage(words, &operation.state)) }
                @if operation.round > 1 { " " span .tag { (fill(words.round, &[("n", &operation.round.to_string())])) } } }
            p .hint { (signed.unit(&operation.centre)) }
            @if !operation.parties.is_empty() { p { (words.takes_part) (signed.language.colon()) (units(&operation.parties)) } }
            @if !operation.absent.is_empty() { p .missed { (words.absent) (signed.language.colon()) (units(&operation.absent)) } }
            @if !operation.seats.is_empty() { (seats(signed, words, desk, &operation.seats)) }
            @if !operation.notices.is_empty() { (notices(signed, words, desk, &operation.notices)) }
            @if !operation.documents.is_empty() {
                h3 { (words.papers) }
                ul .papers {
                    @for paper in &operation.documents {
                        li { a href=(format!("/cases/{case_id}/papers/{}", paper.document)) { (paper_name(words, &paper.document)) } " "
                            span .hint { (paper.number) } }
                    }
                }
            }
        }
    }
}

fn seats(signed: &Signed, words: &Operation, desk: &Desk, seats: &[Seat]) -> Markup {
    html! {
        div .scroll tabindex="0" role="region" aria-label=(words.seats) { table .stacked {
            caption { (words.seats) }
            thead { tr {
                th scope="col" { (desk.unit) } th scope="col" { (desk.progress) }
                th scope="col" { (words.officer_is) } th scope="col" { (desk.due) }
            } }
            tbody { @for seat in seats { tr {
                th scope="row" { (signed.unit(&seat.party)) }
                td data-label=(desk.progress) { (seat_state(signed, words, seat)) }
                td data-label=(words.officer_is) {
                    @if let Some(officer) = &seat.officer { (officer.staff_ref) " " (officer.post) }
                }
                td data-label=(desk.due) { @if let Some(due) = read(seat.due.as_ref()) { (signed.clock().countdown(due)) } }
            } } }
        } }
    }
}

fn seat_state(signed: &Signed, words: &Operation, seat: &Seat) -> String {
    match seat.state.as_str() {
        "taken" => words.seat_taken.to_owned(),
        "escalated" => fill(words.seat_escalated, &[("who", &signed.unit(&seat.told))]),
        _ => words.seat_waiting.to_owned(),
    }
}

fn notices(signed: &Signed, words: &Operation, desk: &Desk, notices: &[Notice]) -> Markup {
    html! {
        div .scroll tabindex="0" role="region" aria-label=(words.notices) { table .stacked {
            caption { (words.notices) }
            thead { tr {
                th scope="col" { (words.number) } th scope="col" { (words.subject) } th scope="col" { (desk.unit) }
                th scope="col" { (desk.state) } th scope="col" { (desk.due) }
            } }
            tbody { @for notice in notices { tr {
                th scope="row" { (notice.notice) }
                td data-label=(words.subject) { (notice.subject) br; span .hint { (notice.address) } }
                td data-label=(desk.unit) { (signed.unit(&notice.party)) }
                td data-label=(desk.state) { (standing(words, notice)) }
                td data-label=(desk.due) { (due(signed, notice)) }
            } } }
        } }
    }
}

/// What is left of a notice whose time runs; when it ran out, of any other.
pub fn due(signed: &Signed, notice: &Notice) -> Markup {
    let clock = signed.clock();
    match read(notice.due.as_ref()) {
        Some(due) if runs(notice) => clock.countdown(due),
        Some(due) => html! { (clock.clock(due)) },
        None => html! {},
    }
}

/// Whether somebody still has to go and look.
pub fn runs(notice: &Notice) -> bool {
    ["served", "reinspection-due", "breached"].contains(&notice.state.as_str())
}

/// How a notice stands.
pub fn standing(words: &Operation, notice: &Notice) -> Markup {
    let said = match notice.state.as_str() {
        "served" => words.standing_served,
        "reinspection-due" => words.standing_due,
        "complied" => words.standing_complied,
        "breached" => words.standing_breached,
        "settled" => words.standing_settled,
        _ => "",
    };
    let step = (notice.next_step() != NextStep::Unspecified).then(|| step_name(words, notice.next_step()));
    html! {
        span .tag { (said) }
        @if let Some(step) = step { br; (fill(words.next_step, &[("step", step)])) " " (notice.next_step_text) }
    }
}

pub const fn step_name(words: &Operation, step: NextStep) -> &'static str {
    match step {
        NextStep::NewNotice => words.step_new_notice,
        NextStep::StopOrder => words.step_stop_order,
        NextStep::PenaltyProposal => words.step_penalty,
        NextStep::Transfer => words.step_transfer,
        NextStep::Unspecified => "",
    }
}

/// How far an operation is.
pub fn stage<'w>(words: &'w Operation, state: &'w str) -> &'w str {
    match state {
        "opened" => words.stage_opened,
        "path-decided" => words.stage_path,
        "on-site" => words.stage_on_site,
        "concluded" => words.stage_concluded,
        "cancelled" => words.stage_cancelled,
        other => other,
    }
}

/// What a paper is called: `notice-2` is the second notice.
fn paper_name(words: &Operation, document: &str) -> String {
    let (kind, number) = document.rsplit_once('-').unwrap_or((document, ""));
    let name = match kind {
        "assessment" => words.paper_assessment,
        "notice" => words.paper_notice,
        "stop-order" => words.paper_stop,
        "reinspection" => words.paper_reinspection,
        "conclusion" => words.paper_conclusion,
        other => other,
    };
    format!("{name} {number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paper_is_shown_with_its_own_style_and_nothing_else_of_it_runs() {
        let policy = policy_of("<html><style>a{}</style><p>x</p></html>");
        let hash = BASE64.encode(&Sha256::digest("a{}"));
        assert!(policy.contains(&format!("style-src 'sha256-{hash}'")), "{policy}");
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    }
}
