//! A department's calls, and its answers: at its own desk, the responder, which keeps an answer before the hub has taken it.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use proto::common::v1::Officer;
use proto::dispatch::v1::{ProgressKind, ReturnBasis};
use proto::responder::v1::{
    AnswerState, AnswerStatus, AnswerSupervisionRequest, CompleteTaskRequest, DoneRequest, ListCallsRequest,
    ProgressRequest, ReceivedCall, RefusedAnswer, ReportInRequest, RespondRequest, ReturnRequest, SeeRefusedRequest,
};
use tonic::{Code, Status};

use super::acting::{more, outcomes, progress_kinds};
use super::board::colour_code;
use super::deeds::{evidence, outcome};
use super::follow::Posted;
use super::{Room, has};
use crate::ask::{Sent, Signed, redirect};
use crate::form::{Choice, Choices, Fields, Form, command, hidden};
use crate::page::Page;
use crate::when::read;
use crate::words::{Desk, fill, named, named_in, rule};

/// Calls on one page.
const PAGE: u32 = 50;

/// `GET /calls`
pub async fn show(signed: Signed) -> Response {
    let shown = page(&signed, None).await;
    signed.answer(shown)
}

/// `POST /calls/{case}/{call}/{action}`
pub async fn answer(Path((case, call, action)): Path<(String, u32, String)>, sent: Sent) -> Response {
    let Sent { signed, mut form } = sent;
    if let Err(status) = has(&signed, Room::Calls) {
        return signed.answer(Err(status));
    }
    let said = say(&signed, &form, &case, call, &action).await;
    let refused = match said {
        None => return signed.answer(Err(Status::not_found("no such answer"))),
        Some(Err(status)) => form.take(signed.language, status),
        Some(Ok(status)) => match status.state() {
            AnswerState::Refused => {
                refuse(&signed, &mut form, &status);
                Ok(())
            }
            AnswerState::Kept => return redirect("/calls?done=kept"),
            AnswerState::Accepted | AnswerState::Unspecified => return redirect("/calls?done=yes"),
        },
    };
    let shown = match refused {
        Ok(()) => page(&signed, Some(&Posted { action: form.owned("key"), form })).await,
        Err(status) => Err(status),
    };
    signed.answer(shown.map(|page| page.with(StatusCode::UNPROCESSABLE_ENTITY)))
}

/// What the hub did not take, beside the fields that it names.
fn refuse(signed: &Signed, form: &mut Form, status: &AnswerStatus) {
    let words = Desk::of(signed.language);
    let refusal = status.refusal.clone().unwrap_or_default();
    for violation in &refusal.violations {
        let said = rule(signed.language, &violation.rule);
        form.fault(&violation.field, said.map_or_else(|| violation.description.clone(), str::to_owned));
    }
    form.refused = Some(fill(words.answer_refused, &[("why", why(signed, &refusal.message))]));
}

/// Why the hub did not take it, in the words of the rule.
fn why<'a>(signed: &Signed, message: &'a str) -> &'a str {
    rule(signed.language, named_in(message)).unwrap_or(message)
}

async fn page(signed: &Signed, posted: Option<&Posted>) -> Result<Page, Status> {
    has(signed, Room::Calls)?;
    let words = Desk::of(signed.language);
    let all = signed.query("all") == "yes";
    let page_token = signed.query("page").to_owned();
    let request = ListCallsRequest { all, open: !all, page_size: PAGE, page_token, ..ListCallsRequest::default() };
    let listed = match signed.app.doors.responder(&signed.person).list_calls(request).await {
        Ok(listed) => listed.into_inner(),
        // The hub's console does not stand beside the desks of departments in other networks.
        Err(status) if matches!(status.code(), Code::Unimplemented | Code::NotFound | Code::PermissionDenied) => {
            return Ok(Page::new(words.calls_title, html! { p { (words.calls_away) } }));
        }
        Err(status) => return Err(status),
    };
    let notice = match signed.query("done") {
        "yes" => Some(words.done_notice),
        "kept" => Some(words.answer_kept),
        _ => None,
    };
    let body = html! {
        @if let Some(notice) = notice { p .notice role="status" { (notice) } }
        p { (words.calls_intro) }
        @for refused in &listed.refused_answers { (refused_answer(signed, words, refused)) }
        @if listed.calls.is_empty() { p { (words.calls_none) } }
        @for call in &listed.calls { (one(signed, words, call, posted)) }
        (more(signed, if all { "/calls?all=yes" } else { "/calls" }, &listed.next_page_token))
        p .hint { @if all { a href="/calls" { (words.ours) } } @else { a href="/calls?all=yes" { (words.all) } } }
    };
    Ok(Page::new(words.calls_title, body))
}

/// What was said here and the hub refused when nobody waited any more: it stays until somebody has seen it.
fn refused_answer(signed: &Signed, words: &Desk, refused: &RefusedAnswer) -> Markup {
    let answer = refused.answer.clone().unwrap_or_default();
    let refusal = refused.refusal.clone().unwrap_or_default();
    let form = Form::default();
    let fields = Fields::new(signed, "seen", &form);
    html! {
        div .panel .lost role="alert" {
            p { a href=(format!("/cases/{}", answer.case_id)) { (answer.case_id) } (signed.language.colon())
                (fill(words.answer_refused, &[("why", why(signed, &refusal.message))])) " "
                (signed.clock().moment_of(refused.refused_at.as_ref())) }
            (fields.to(&format!("/calls/{}/{}/seen", answer.case_id, answer.call), hidden("refused", &answer.command_id), words.seen))
        }
    }
}

fn one(signed: &Signed, words: &Desk, received: &ReceivedCall, posted: Option<&Posted>) -> Markup {
    let call = received.call.clone().unwrap_or_default();
    let colour = colour_code(call.colour());
    let clock = signed.clock();
    let (said, due) = match received.state.as_str() {
        "called" => (words.state_called, read(call.response_due.as_ref())),
        "responded" => (words.state_responded, read(call.report_in_due.as_ref())),
        "reported-in" => (words.state_reported_in, read(call.completion_due.as_ref())),
        "done" => (words.state_done, None),
        _ => (words.state_over, None),
    };
    let place = call.place.clone().unwrap_or_default();
    let situation = signed.charter.situation(&call.situation).map(|known| signed.name_of(&known.name));
    let heading = format!("call-{}-{}", received.case_id, call.call);
    html! {
        section .panel aria-labelledby=(heading) {
            h2 id=(heading) { a href=(format!("/cases/{}", received.case_id)) { (call.title) } " "
                @if !colour.is_empty() { span .tag .(colour) { (named(signed.language, colour)) } } }
            p { strong { (said) } @if let Some(due) = due { " · " (clock.countdown(due)) " " (clock.clock(due)) } }
            p .hint { (received.case_id) " · " (fill(words.called_by, &[("unit", &signed.unit(&call.caller))]))
                @if let Some(situation) = situation { " · " (situation) } }
            @if !(place.party.is_empty() && place.address.is_empty()) {
                p { (words.place) (signed.language.colon()) @if !place.party.is_empty() { (signed.unit(&place.party)) " " } (place.address) }
            }
            @if !call.text.is_empty() { h3 { (words.said) } blockquote { (call.text) } }
            @for more in &call.supplements { blockquote { (more) } }
            @if !call.note.is_empty() { h3 { (words.note) } blockquote { (call.note) } }
            @if received.waiting_answers > 0 { p .notice { (fill(words.waiting_answers, &[("n", &received.waiting_answers.to_string())])) } }
            (forms(signed, words, received, call.call, posted))
        }
    }
}

/// What the state of the call lets the department say next.
fn forms(signed: &Signed, words: &Desk, received: &ReceivedCall, call: u32, posted: Option<&Posted>) -> Markup {
    let at = |states: &[&str]| states.contains(&received.state.as_str());
    let empty = Form::default();
    let one =
        |action: &str, title: &str, send: &str, fixed: &[(&str, String)], write: &dyn Fn(&Fields<'_>) -> Markup| {
            let sets_apart: String = fixed.iter().map(|(_, value)| format!("-{value}")).collect();
            let key = format!("{action}-{}-{call}{sets_apart}", received.case_id);
            let form = Posted::form_of(posted, &key, &empty);
            let fields = Fields::new(signed, &key, form);
            let inside = html! {
                (command()) (hidden("key", &key))
                @for (name, value) in fixed { (hidden(name, value)) }
                (write(&fields))
            };
            html! {
                details open[posted.is_some_and(|posted| posted.action == key)] {
                    summary { (title) }
                    (fields.to(&format!("/calls/{}/{call}/{action}", received.case_id), inside, send))
                }
            }
        };
    let officer = |fields: &Fields<'_>| {
        html! {
            (fields.text("officer.staff_ref", words.officer, "")) (fields.optional("officer.post", words.post, ""))
        }
    };
    let units: Vec<Choice> = signed
        .charter
        .departments()
        .map(|party| Choice::new(party.code.as_str(), signed.name_of(&party.name)))
        .collect();
    let units = [Choices::from(vec![Choice::new("", "")]), Choices::from(units)];
    let bases = [
        Choice::new(ReturnBasis::Duty.as_str_name(), words.basis_duty),
        Choice::new(ReturnBasis::Legal.as_str_name(), words.basis_legal),
    ];
    let bases = [Choices::from(Vec::from(bases))];
    html! {
        @if at(&["called"]) { (one("respond", words.respond, words.respond_send, &[], &officer)) }
        @if at(&["responded"]) {
            (one("report-in", words.report_in, words.report_in_send, &[], &|fields| html! {
                (officer(fields)) (fields.tick("owns_matter", words.owns_matter))
            }))
        }
        @if at(&["reported-in"]) {
            @for task in &received.tasks {
                (one("task", &format!("{}：{}", words.task_send, task.title), words.task_send, &[("task", task.task.to_string())], &|fields| html! {
                    (fields.long_optional("note", words.note, "")) (fields.optional("evidence", words.evidence, words.evidence_hint))
                }))
            }
            (one("progress", words.record, words.record_send, &[], &|fields| html! {
                (fields.choose("kind", words.progress_kind, "", &[progress_kinds(words)])) (fields.long("note", words.note, ""))
            }))
            (one("done", words.done, words.done_send, &[], &|fields| html! {
                (fields.choose("outcome", words.outcome, "", &[outcomes(signed)]))
                (fields.long_optional("note", words.summary, "")) (fields.optional("evidence", words.evidence, words.evidence_hint))
            }))
        }
        @if at(&["called", "responded", "reported-in"]) {
            (one("return", words.send_back, words.send_back_send, &[], &|fields| html! {
                (fields.choose("proposes", words.proposes, "", &units)) (fields.choose("basis", words.basis, "", &bases))
                (fields.long("reason", words.reason, ""))
            }))
            @for order in &received.supervisions {
                (one("answer-supervision", words.answer_supervision, words.answer_send, &[("order", order.order.to_string())], &|fields| html! {
                    blockquote { (order.text) } (fields.long("note", words.answer, ""))
                }))
            }
        }
    }
}

/// None: it is nothing that a department says.
async fn say(
    signed: &Signed,
    form: &Form,
    case: &str,
    call: u32,
    action: &str,
) -> Option<Result<AnswerStatus, Status>> {
    let mut desk = signed.app.doors.responder(&signed.person);
    let (district, case_id, command_id) = (signed.district(), case.to_owned(), form.owned("command"));
    let officer = || Some(Officer { staff_ref: form.owned("officer.staff_ref"), post: form.owned("officer.post") });
    let note = form.owned("note");
    let said = match action {
        "seen" => {
            let request = SeeRefusedRequest { district, case_id, command_id: form.owned("refused") };
            desk.see_refused(request).await.map(|_| None)
        }
        "respond" => {
            let request = RespondRequest { district, case_id, call, command_id, officer: officer() };
            desk.respond(request).await.map(|answer| answer.into_inner().status)
        }
        "report-in" => {
            let owns_matter = form.get("owns_matter") == "yes";
            let request = ReportInRequest {
                district,
                case_id,
                call,
                command_id,
                officer: officer(),
                owns_matter,
                check_in: None,
            };
            desk.report_in(request).await.map(|answer| answer.into_inner().status)
        }
        "progress" => {
            let kind = ProgressKind::from_str_name(form.get("kind")).unwrap_or_default().into();
            let request = ProgressRequest { district, case_id, call, command_id, kind, note };
            desk.progress(request).await.map(|answer| answer.into_inner().status)
        }
        "task" => {
            let (task, evidence) = (form.number("task"), evidence(form));
            let request = CompleteTaskRequest { district, case_id, call, command_id, task, note, evidence };
            desk.complete_task(request).await.map(|answer| answer.into_inner().status)
        }
        "done" => {
            let (outcome, evidence) = (outcome(form).into(), evidence(form));
            let request = DoneRequest { district, case_id, call, command_id, outcome, note, evidence };
            desk.done(request).await.map(|answer| answer.into_inner().status)
        }
        "return" => {
            let basis = ReturnBasis::from_str_name(form.get("basis")).unwrap_or_default().into();
            let (reason, proposes) = (form.owned("reason"), form.owned("proposes"));
            let request = ReturnRequest { district, case_id, call, command_id, basis, reason, proposes };
            desk.r#return(request).await.map(|answer| answer.into_inner().status)
        }
        "answer-supervision" => {
            let order = form.number("order");
            let request = AnswerSupervisionRequest { district, case_id, call, command_id, order, note };
            desk.answer_supervision(request).await.map(|answer| answer.into_inner().status)
        }
        _ => return None,
    };
    Some(said.map(Option::unwrap_or_default))
}
