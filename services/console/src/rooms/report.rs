//! Raising a matter: three fields are enough, and whatever else is known helps.

use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use charter::{Charter, PartyKind, Way};
use jiff::Timestamp;
use maud::{Markup, html};
use proto::ToWireTime;
use proto::casebook::v1::suggest_duplicates_request::Of;
use proto::casebook::v1::{Draft, SuggestDuplicatesRequest, Suggestion};
use proto::common::v1::Place;
use proto::intake::v1::{CallerClass as WireClass, CaseKind, SubmitRequest};
use proto::triage::v1::{Candidate, SuggestRequest};
use tonic::Status;
use vocabulary::CallerClass;

use super::{Room, has};
use crate::ask::{Sent, Signed, redirect};
use crate::form::{Choice, Choices, Fields, Form, hidden};
use crate::page::Page;
use crate::words::{Caller, Frame, States, fill, named};

/// Categories that are suggested; more than three are no help.
const SUGGESTED_MAX: usize = 3;
/// Earlier cases that are shown.
const DUPLICATES_MAX: u32 = 5;

/// What the words made the services think of.
#[derive(Default)]
struct Thought {
    candidates: Vec<Candidate>,
    duplicates: Vec<Suggestion>,
    asked: bool,
}

/// `GET /report`
pub async fn show(signed: Signed) -> Response {
    let shown = has(&signed, Room::Report).map(|()| {
        let mut form = Form::default();
        form.put("external_ref", uuid::Uuid::new_v4().to_string());
        form.put("channel", usual_channel(&signed));
        // What a card, a draft or another page knows already.
        for field in ["title", "text", "place.party", "place.address", "place.longitude", "place.latitude"] {
            form.put(field, signed.query(field));
        }
        page(&signed, &form, &Thought::default())
    });
    signed.answer(shown)
}

/// `POST /report`: sends it, or says what it could be and whether it is there already.
pub async fn send(Sent { signed, form }: Sent) -> Response {
    let sent = act(&signed, form).await;
    match sent {
        Ok(Sending::Taken { address, receipt }) => {
            let shown_once = (SET_COOKIE, signed.set_cookie().receipt(&receipt));
            ([shown_once], redirect(&address)).into_response()
        }
        Ok(Sending::Not(page)) => signed.answer(Ok(*page)),
        Err(status) => signed.answer(Err(status)),
    }
}

enum Sending {
    /// The receipt travels in a cookie: addresses are kept in histories and logs.
    Taken {
        address: String,
        receipt: String,
    },
    Not(Box<Page>),
}

async fn act(signed: &Signed, mut form: Form) -> Result<Sending, Status> {
    has(signed, Room::Report)?;
    if form.get("do") == "suggest" {
        let thought = think(signed, &mut form).await?;
        return Ok(Sending::Not(Box::new(page(signed, &form, &thought))));
    }
    form.need(signed.language, "title");
    let request = submission(signed, &mut form);
    let refused = if form.faults.is_empty() {
        match signed.app.doors.intake(&signed.person).submit(request).await {
            Ok(taken) => {
                let taken = taken.into_inner();
                let repeated = if taken.repeated { "again" } else { "new" };
                let address = format!("/cases/{}?received={repeated}", taken.case_id);
                return Ok(Sending::Taken { address, receipt: taken.receipt });
            }
            Err(status) => Some(status),
        }
    } else {
        None
    };
    if let Some(status) = refused {
        form.take(signed.language, status)?;
    }
    let page = page(signed, &form, &Thought::default()).with(StatusCode::UNPROCESSABLE_ENTITY);
    Ok(Sending::Not(Box::new(page)))
}

/// What was typed, as intake takes it. A number that is none is noted in the form.
fn submission(signed: &Signed, form: &mut Form) -> SubmitRequest {
    let place = place(signed, form);
    let is_caller = signed.role() == "caller";
    let class = form.owned("caller_class");
    let of_class = match class.parse() {
        Ok(CallerClass::Enterprise) if is_caller => WireClass::Enterprise,
        Ok(CallerClass::Resident) if is_caller => WireClass::Resident,
        // The channel says it of everybody else.
        Ok(CallerClass::Resident | CallerClass::Enterprise | CallerClass::Grassroots) | Err(_) => {
            WireClass::Unspecified
        }
    };
    SubmitRequest {
        district: signed.district(),
        external_ref: form.owned("external_ref"),
        channel: if is_caller { channel_of(&signed.charter, &class) } else { form.owned("channel") },
        kind: CaseKind::from_str_name(form.get("kind")).unwrap_or_default().into(),
        title: form.owned("title"),
        text: form.owned("text"),
        place: Some(place),
        category: form.owned("category"),
        caller_class: of_class.into(),
        recorded_at: form.get("recorded_at").parse::<Timestamp>().ok().map(|at| at.to_wire()),
        caller_ref: if is_caller { signed.person.identity.staff_ref.clone() } else { String::new() },
        ..SubmitRequest::default()
    }
}

fn place(signed: &Signed, form: &mut Form) -> Place {
    let mut degrees = |field: &'static str| {
        let typed = form.owned(field);
        let read = typed.parse::<f64>().ok().filter(|degrees| degrees.is_finite());
        if read.is_none() && !typed.is_empty() {
            form.fault(field, Caller::of(signed.language).degrees);
        }
        read
    };
    let (longitude, latitude) = (degrees("place.longitude"), degrees("place.latitude"));
    Place { party: form.owned("place.party"), address: form.owned("place.address"), longitude, latitude }
}

/// What it could be, and what is there already; the latter for whoever may look at others' cases.
async fn think(signed: &Signed, form: &mut Form) -> Result<Thought, Status> {
    let district = signed.district();
    let (title, text) = (form.owned("title"), form.owned("text"));
    let request = SuggestRequest { district: district.clone(), title: title.clone(), text: text.clone() };
    let candidates = match signed.app.doors.triage(&signed.person).suggest(request).await {
        Ok(answer) => answer.into_inner().candidates,
        Err(status) => {
            form.take(signed.language, status)?;
            Vec::new()
        }
    };
    let mut duplicates = Vec::new();
    if signed.role() != "caller" && form.faults.is_empty() {
        let place = Some(place(signed, form));
        let category = form.owned("category");
        let draft = Draft { place, category, title, text, occurred_at: None };
        let request = SuggestDuplicatesRequest {
            district,
            limit: DUPLICATES_MAX,
            of: Some(Of::Draft(draft)),
            ..SuggestDuplicatesRequest::default()
        };
        match signed.app.doors.casebook(&signed.person).suggest_duplicates(request).await {
            Ok(answer) => duplicates = answer.into_inner().suggestions,
            Err(status) => form.take(signed.language, status)?,
        }
    }
    if form.get("category").is_empty()
        && let Some(first) = candidates.first()
    {
        form.put("category", first.category.clone());
    }
    Ok(Thought { candidates, duplicates, asked: true })
}

fn page(signed: &Signed, form: &Form, thought: &Thought) -> Page {
    let (words, frame) = (Caller::of(signed.language), Frame::of(signed.language));
    let fields = Fields::new(signed, "report", form);
    let is_caller = signed.role() == "caller";
    let body = html! {
        p { (words.report_intro) }
        form method="post" action="/report" novalidate {
            (fields.word())
            (hidden("external_ref", form.get("external_ref")))
            @if !form.get("recorded_at").is_empty() { (hidden("recorded_at", form.get("recorded_at"))) }
            (fields.summary())
            (fields.text("title", words.title, words.title_hint))
            (fields.long_optional("text", words.text, ""))
            (fields.choose("place.party", words.place, "", &places(signed, frame, words)))
            (fields.optional("place.address", words.address, ""))
            details open[!form.get("place.longitude").is_empty() || !form.get("place.latitude").is_empty() || !form.faults.is_empty()] {
                summary { (words.position) }
                (fields.optional("place.longitude", words.longitude, ""))
                (fields.optional("place.latitude", words.latitude, ""))
            }
            @if is_caller { (fields.choose("caller_class", words.class, "", &classes(words))) }
            @else { (fields.choose("channel", words.channel, "", &channels(signed))) }
            (fields.choose("kind", words.kind, "", &[kinds(signed)]))
            (fields.choose("category", words.category, "", &categories(signed, words, thought)))
            @if thought.asked { (thoughts(signed, words, thought)) }
            div .buttons {
                button type="submit" name="do" value="send" { (words.send) }
                button .second type="submit" name="do" value="suggest" { (words.suggest) }
            }
        }
    };
    Page::new(words.report_title, body)
}

fn thoughts(signed: &Signed, words: &Caller, thought: &Thought) -> Markup {
    let clock = signed.clock();
    let names: Vec<String> =
        thought.candidates.iter().take(SUGGESTED_MAX).map(|candidate| signed.category(&candidate.category)).collect();
    html! {
        div .notice role="status" {
            @if !names.is_empty() { p { (words.suggested) (signed.language.joined(&names)) } }
            @if !thought.duplicates.is_empty() {
                h2 { (words.duplicates) }
                p { (words.duplicates_hint) }
                ul {
                    @for case in thought.duplicates.iter().filter_map(|suggestion| suggestion.case.as_ref()) {
                        li {
                            a href=(format!("/cases/{}", case.case_id)) { (case.title) } " "
                            span .tag { (named(signed.language, &case.state)) } " "
                            (clock.moment_of(case.received_at.as_ref()))
                        }
                    }
                }
            }
        }
    }
}

/// Streets with what lies in them.
pub fn places(signed: &Signed, frame: &Frame, words: &Caller) -> Vec<Choices> {
    let charter = &signed.charter;
    let none = Choices::from(vec![Choice::new("", format!("{} {}", words.place_unknown, frame.optional))]);
    let street = |street: &charter::Party| {
        let inside =
            charter.places().filter(|place| charter.street_of(&place.code).is_some_and(|it| it.code == street.code));
        let choice = |place: &charter::Party| {
            let name = signed.name_of(&place.name);
            let above = place.parent.as_ref().filter(|_| place.kind == PartyKind::Grid);
            let above = above.map(|above| format!("{} · ", signed.unit(above.as_str()))).unwrap_or_default();
            Choice::new(place.code.as_str(), format!("{above}{name}"))
        };
        Choices { heading: Some(signed.name_of(&street.name)), choices: inside.map(choice).collect() }
    };
    std::iter::once(none).chain(charter.find_parties(PartyKind::Street).map(street)).collect()
}

fn classes(words: &Caller) -> Vec<Choices> {
    let offered = [(CallerClass::Resident, words.resident), (CallerClass::Enterprise, words.enterprise)];
    vec![offered.map(|(class, name)| Choice::new(class.as_str(), name)).into_iter().collect::<Vec<_>>().into()]
}

/// The channel that callers of a class use themselves, or residents where it has none of its own; empty: nobody does.
fn channel_of(charter: &Charter, class: &str) -> String {
    let online = |class: &str| {
        charter.channels().iter().find(|channel| channel.way == Way::Online && channel.class.as_str() == class)
    };
    let found = online(class).or_else(|| online(CallerClass::Resident.as_str()));
    found.map(|channel| channel.code.to_string()).unwrap_or_default()
}

fn channels(signed: &Signed) -> Vec<Choices> {
    let channels = signed.charter.channels().iter();
    vec![
        channels
            .map(|channel| Choice::new(channel.code.as_str(), signed.name_of(&channel.name)))
            .collect::<Vec<_>>()
            .into(),
    ]
}

/// A patrol's, for those who go round; else the first.
pub fn usual_channel(signed: &Signed) -> String {
    let channels = signed.charter.channels();
    let patrol = channels.iter().find(|channel| channel.way == Way::Patrol);
    patrol.or(channels.first()).map(|channel| channel.code.to_string()).unwrap_or_default()
}

fn kinds(signed: &Signed) -> Choices {
    let states = States::of(signed.language);
    let kinds = [
        (CaseKind::Report, states.report),
        (CaseKind::Service, states.service),
        (CaseKind::Suggestion, states.suggestion),
        (CaseKind::Consult, states.consult),
    ];
    kinds.into_iter().map(|(kind, name)| Choice::new(kind.as_str_name(), name)).collect::<Vec<_>>().into()
}

/// What was suggested first, then every category that has none below it.
fn categories(signed: &Signed, words: &Caller, thought: &Thought) -> Vec<Choices> {
    let suggested: Vec<Choice> = thought
        .candidates
        .iter()
        .take(SUGGESTED_MAX)
        .map(|candidate| Choice::new(candidate.category.as_str(), signed.category(&candidate.category)))
        .collect();
    let all = all_categories(signed);
    let mut groups = vec![Choices::from(vec![Choice::new("", words.category_auto)])];
    if !suggested.is_empty() {
        groups.push(Choices { heading: Some(fill(words.suggested, &[])), choices: suggested });
    }
    groups.push(Choices { heading: Some(words.category.to_owned()), choices: all });
    groups
}

/// Every category of the charter that is not divided further.
pub fn all_categories(signed: &Signed) -> Vec<Choice> {
    let all = signed.charter.categories();
    let is_leaf =
        |category: &&charter::Category| !all.iter().any(|other| other.parent.as_ref() == Some(&category.code));
    let choice = |category: &charter::Category| Choice::new(category.code.as_str(), signed.name_of(&category.name));
    all.iter().filter(is_leaf).map(choice).collect()
}
