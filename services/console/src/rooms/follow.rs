//! Following a matter: whoever raised it sees every step in plain words, who has it, and until when; and says what they still
//! have to say.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::response::{IntoResponse, Response};
use chassis::Receipt;
use ids::CaseId;
use maud::{Markup, html};
use proto::casebook::v1::{Case, CaseSummary, ListRequest, ListResponse};
use proto::evaluation::v1::{self as evaluation, RateRequest};
use proto::intake::v1::{self as intake, SupplementRequest, WithdrawRequest};
use tonic::Status;

use super::{Room, has};
use crate::ask::{Ask, Sent, Signed, redirect};
use crate::doors::CURRENT;
use crate::failure;
use crate::form::{Choice, Choices, Fields, Form, command};
use crate::page::Page;
use crate::told;
use crate::when::read;
use crate::words::{Caller, Frame, fill, named, rule};

/// Cases on one page of a list.
const PAGE: u32 = 30;

/// `GET /r/{receipt}`: what whoever raised a matter was sent opens it, as a token does.
pub async fn by_receipt(ask: Ask, Path(receipt): Path<String>) -> Response {
    let Some(receipt) = Receipt::parse(&receipt) else {
        return failure::not_found(&ask).into_response(&ask);
    };
    let session = (SET_COOKIE, ask.set_cookie().session(&receipt.token()));
    (StatusCode::SEE_OTHER, [session, (LOCATION, format!("/cases/{}", receipt.case_id))]).into_response()
}

/// `GET /find`
pub async fn find(signed: Signed) -> Response {
    let typed = signed.query("number").trim().to_owned();
    let mut form = Form::default();
    form.put("number", typed.clone());
    if !typed.is_empty() {
        match typed.parse::<CaseId>() {
            Ok(id) => return redirect(&format!("/cases/{id}")),
            Err(error) => {
                form.fault("number", rule(signed.language, "case-id").map_or(error.to_string(), str::to_owned))
            }
        }
    }
    let shown = found(&signed, form).await;
    signed.answer(shown)
}

/// The form, and what words that were asked for are found in.
async fn found(signed: &Signed, mut form: Form) -> Result<Page, Status> {
    let words = Caller::of(signed.language);
    let asked = signed.query("words").trim().to_owned();
    form.put("words", asked.clone());
    let listed = if asked.is_empty() { None } else { search(signed, &mut form, asked).await? };
    let fields = Fields::new(signed, "find", &form);
    let body = html! {
        form method="get" action="/find" novalidate {
            (fields.summary())
            (fields.text("number", words.number, words.number_hint))
            button type="submit" { (words.find) }
        }
        form method="get" action="/find" role="search" novalidate {
            (fields.text("words", words.words, words.words_hint))
            button .second type="submit" { (words.find_words) }
        }
        @if let Some(listed) = &listed {
            p role="status" { (fill(words.found, &[("n", &listed.total.to_string())])) }
            ul .cards { @for case in &listed.cases { li { (card(signed, case)) } } }
        }
    };
    Ok(Page::new(words.find_title, body))
}

/// None: what was asked for is no words, which the form says.
async fn search(signed: &Signed, form: &mut Form, text: String) -> Result<Option<ListResponse>, Status> {
    let (district, freshness) = (signed.district(), Some(CURRENT));
    let request = ListRequest { district, text, page_size: PAGE, freshness, ..ListRequest::default() };
    match signed.app.doors.casebook(&signed.person).list(request).await {
        Ok(listed) => Ok(Some(listed.into_inner())),
        Err(status) => {
            form.take(signed.language, status)?;
            // The contract calls it otherwise than the form.
            form.faults
                .iter_mut()
                .filter(|(field, _)| field == "text")
                .for_each(|(field, _)| *field = "words".to_owned());
            Ok(None)
        }
    }
}

/// `GET /mine`
pub async fn mine(signed: Signed) -> Response {
    let shown = list(&signed).await;
    signed.answer(shown)
}

async fn list(signed: &Signed) -> Result<Page, Status> {
    has(signed, Room::Mine)?;
    let (words, frame) = (Caller::of(signed.language), Frame::of(signed.language));
    let request = ListRequest {
        district: signed.district(),
        page_size: PAGE,
        page_token: signed.query("page").to_owned(),
        freshness: Some(CURRENT),
        ..ListRequest::default()
    };
    let listed = signed.app.doors.casebook(&signed.person).list(request).await?.into_inner();
    let body = html! {
        @if listed.cases.is_empty() { p { (frame.nothing) } }
        ul .cards { @for case in &listed.cases { li { (card(signed, case)) } } }
        @if !listed.next_page_token.is_empty() {
            p { a .button href=(format!("/mine?page={}", listed.next_page_token)) { (frame.next_page) } }
        }
        p { a .button href="/report" { (words.report_title) } }
    };
    Ok(Page::new(words.mine_title, body))
}

pub fn card(signed: &Signed, case: &CaseSummary) -> Markup {
    html! {
        a href=(format!("/cases/{}", case.case_id)) { (case.title) } " "
        span .tag { (named(signed.language, &case.state)) }
        p .hint { (case.case_id) " · " (signed.clock().moment_of(case.received_at.as_ref())) }
    }
}

/// What somebody may say of a case now.
struct Sayings {
    intake: Vec<String>,
    rating_due: Option<jiff::Timestamp>,
    may_rate: bool,
}

/// The page of whoever raised it, or joined it.
pub async fn page(signed: &Signed, case: &Case, form: Option<&Posted>) -> Result<Page, Status> {
    let words = Caller::of(signed.language);
    let summary = case.summary.clone().unwrap_or_default();
    let sayings = sayings(signed, &summary.case_id).await?;
    let clock = signed.clock();
    let due =
        case.timeline.iter().rev().find(|entry| ["Assigned", "Reopened", "Extended"].contains(&entry.event.as_str()));
    let due = due.and_then(|entry| read(entry.limit.as_ref()?.due.as_ref()));
    let is_over = ["resolved", "closed"].contains(&summary.state.as_str());
    let body = html! {
        @if !signed.query("received").is_empty() { (received(signed, words, &summary)) }
        @if signed.query("done") == "yes" { p .notice role="status" { (words.done_notice) } }
        p .number { (summary.case_id) }
        section aria-labelledby="where" {
            h2 #where { (words.where_it_is) }
            p { strong .tag { (named(signed.language, &summary.state)) }
                @if !summary.outcome.is_empty() { " " strong .tag { (named(signed.language, &summary.outcome)) } } }
            @if !summary.merged_into.is_empty() { p { (fill(words.part_of, &[("case", &summary.merged_into)])) } }
            @if summary.owner.is_empty() { @if !is_over { p { (words.nobody_yet) } } }
            @else { p { (fill(words.who_has_it, &[("unit", &signed.unit(&summary.owner))])) } }
            @if let (Some(due), false) = (due, is_over) { p { (words.until) (clock.moment(due)) } }
        }
        (forms(signed, words, &summary, &sayings, form))
        section aria-labelledby="steps" {
            h2 #steps { (words.steps) }
            (told::timeline(signed, &case.timeline, None))
        }
        section aria-labelledby="wrote" {
            h2 #wrote { (words.you_wrote) }
            @if !case.text.is_empty() { blockquote { (case.text) } }
            @if let Some(place) = &case.place {
                p { @if !place.party.is_empty() { (signed.unit(&place.party)) " " } (place.address) }
            }
        }
    };
    Ok(Page::new(summary.title, body))
}

fn received(signed: &Signed, words: &Caller, summary: &CaseSummary) -> Markup {
    let receipt = signed.cookies.receipt.as_deref().and_then(Receipt::parse);
    let receipt = receipt.filter(|receipt| receipt.case_id == summary.case_id);
    html! {
        div .panel role="status" {
            h2 { (words.received) }
            p { (words.write_down) " " strong .number { (summary.case_id) } }
            @if signed.query("received") == "again" { p { (words.received_before) } }
            @else { p { (words.received_text) } }
            @if let Some(receipt) = receipt {
                @let link = format!("{}/r/{}", signed.origin, receipt.token());
                p { (words.link) br; a href=(link) { (link) } }
                p .hint { (words.link_hint) }
            }
            p { a href="/report" { (words.another) } }
        }
    }
}

/// What was sent from a form of this page and not taken.
pub struct Posted {
    pub action: String,
    pub form: Form,
}

impl Posted {
    /// The form that was sent, if it is this one; an empty one else.
    pub fn form_of<'a>(posted: Option<&'a Self>, action: &str, empty: &'a Form) -> &'a Form {
        posted.filter(|posted| posted.action == action).map_or(empty, |posted| &posted.form)
    }
}

fn forms(signed: &Signed, words: &Caller, summary: &CaseSummary, sayings: &Sayings, posted: Option<&Posted>) -> Markup {
    let may = |action: &str| sayings.intake.iter().any(|allowed| allowed == action);
    if !(may("Supplement") || may("Withdraw") || sayings.may_rate) {
        return html! {};
    }
    let empty = Form::default();
    let address = |action: &str| format!("/cases/{}/{action}", summary.case_id);
    let one = |action: &'static str, title: &str, intro: Markup, fields: &dyn Fn(&Fields<'_>) -> Markup, send: &str| {
        let form = Posted::form_of(posted, action, &empty);
        let is_open = posted.is_some_and(|posted| posted.action == action);
        let writer = Fields::new(signed, action, form);
        html! {
            details open[is_open] {
                summary { (title) }
                (intro)
                (writer.to(&address(action), html! { (command()) (fields(&writer)) }, send))
            }
        }
    };
    let until = sayings.rating_due.map(|due| signed.clock().clock(due)).unwrap_or_default();
    let steps: Vec<Choice> = std::iter::once(Choice::new("", ""))
        .chain(signed.charter.ratings().iter().map(|step| Choice::new(step.code.as_str(), signed.name_of(&step.name))))
        .collect();
    let steps = [Choices::from(steps)];
    html! {
        section aria-labelledby="can" {
            h2 #can { (words.you_can) }
            @if sayings.may_rate {
                (one("rate", words.rate, html! { p { (fill(words.rate_intro, &[("until", &until)])) } }, &|fields| html! {
                    (fields.choose("rating", words.rating, "", &steps))
                    (fields.long_optional("comment", words.comment, words.comment_again))
                }, words.rate_send))
            }
            @if may("Supplement") {
                (one("supplement", words.supplement, html! {}, &|fields| fields.long("text", words.supplement_text, ""), words.supplement_send))
            }
            @if may("Withdraw") {
                (one("withdraw", words.withdraw, html! {}, &|fields| fields.long_optional("reason", words.withdraw_reason, ""), words.withdraw_send))
            }
        }
    }
}

async fn sayings(signed: &Signed, case_id: &str) -> Result<Sayings, Status> {
    let (district, case_id) = (signed.district(), case_id.to_owned());
    let at_intake = intake::GetRequest { district: district.clone(), case_id: case_id.clone() };
    let at_evaluation = evaluation::GetRequest { district, case_id };
    let (mut intake, mut evaluation) =
        (signed.app.doors.intake(&signed.person), signed.app.doors.evaluation(&signed.person));
    let (at_intake, at_evaluation) = tokio::join!(intake.get(at_intake), evaluation.get(at_evaluation));
    let at_evaluation = at_evaluation?.into_inner();
    Ok(Sayings {
        intake: at_intake?.into_inner().allowed_actions,
        rating_due: read(at_evaluation.due.as_ref()),
        may_rate: at_evaluation.allowed_actions.iter().any(|allowed| allowed.action == "Rate"),
    })
}

/// What whoever raised it says of it. None: it is nothing that they could say.
pub async fn say(Sent { signed, form }: &mut Sent, case_id: &str, action: &str) -> Option<Result<u64, Status>> {
    let (district, case_id, command_id) = (signed.district(), case_id.to_owned(), form.owned("command"));
    let doors = &signed.app.doors;
    Some(match action {
        "supplement" => {
            let request = SupplementRequest { district, case_id, command_id, text: form.owned("text") };
            doors.intake(&signed.person).supplement(request).await.map(|answer| answer.into_inner().position)
        }
        "withdraw" => {
            let request = WithdrawRequest { district, case_id, command_id, reason: form.owned("reason") };
            doors.intake(&signed.person).withdraw(request).await.map(|answer| answer.into_inner().position)
        }
        "rate" => {
            let (rating, comment) = (form.owned("rating"), form.owned("comment"));
            let request = RateRequest { district, case_id, command_id, rating, comment };
            doors.evaluation(&signed.person).rate(request).await.map(|answer| answer.into_inner().position)
        }
        _ => return None,
    })
}
