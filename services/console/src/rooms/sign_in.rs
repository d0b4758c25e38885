//! Signing in and out. Where the installation is for play, whoever comes chooses who they want to be; elsewhere they bring a
//! token that its operator issued.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::response::{IntoResponse, Response};
use charter::{Charter, PartyKind};
use chassis::{Identity, Issuer};
use maud::{Markup, html};
use tonic::Status;

use crate::ask::{Ask, FORM_WORD, SentByAnybody, ours};
use crate::failure;
use crate::form::{Choice, Choices, Fields, Form, hidden};
use crate::language::Language;
use crate::page::Page;
use crate::session::{Person, person};
use crate::words::{Frame, fill, named};

/// Life of a token for play: longer than any afternoon.
const PLAY_LIFE: Duration = Duration::from_secs(12 * 3600);
/// Life of the token by which the list of parties is read.
const LOOK_LIFE: Duration = Duration::from_secs(60);
/// Under it the page keeps what was typed when a session ended.
const KEPT: &str = "kept:";
/// Where what was kept is to be sent.
const KEPT_TO: &str = "kept-to";

/// `GET /sign-in`
pub async fn show(ask: Ask) -> Response {
    let back = ours(ask.query("back")).to_owned();
    let mut form = Form::default();
    form.put("district", ask.query("district"));
    form.put("why", ask.query("why"));
    filled(&ask, &form, &back).await.into_response(&ask)
}

/// `POST /sign-in`
pub async fn enter(SentByAnybody { ask, mut form }: SentByAnybody) -> Response {
    let words = Frame::of(ask.language);
    let back = ours(form.get("back")).to_owned();
    let token = match (&ask.app.play, form.get("token")) {
        (Some(issuer), "") => match chosen(&mut form, words) {
            Some(identity) => issuer.issue(&identity, ask.app.clock.real_now(), PLAY_LIFE),
            None => return filled(&ask, &form, &back).await.with(StatusCode::BAD_REQUEST).into_response(&ask),
        },
        (_, token) => token.to_owned(),
    };
    if let Err(error) = person(&ask.app.verifier, &token, ask.app.clock.real_now()) {
        form.fault("token", fill(words.bad_token, &[("why", &error.to_string())]));
        return filled(&ask, &form, &back).await.with(StatusCode::BAD_REQUEST).into_response(&ask);
    }
    let session = (SET_COOKIE, ask.set_cookie().session(&token));
    let kept: Vec<(String, String)> =
        form.all().filter_map(|(name, value)| Some((name.strip_prefix(KEPT)?.to_owned(), value.to_owned()))).collect();
    if kept.is_empty() {
        return (StatusCode::SEE_OTHER, [session, (LOCATION, back)]).into_response();
    }
    // Shown once more under the new session: it is sent by whoever signed in, and not by itself.
    let mut ask = ask;
    ask.cookies.token = Some(token);
    let page = send_again(&ask, ours(form.get(KEPT_TO)), &kept).into_response(&ask);
    ([session], page).into_response()
}

/// `POST /sign-out`
pub async fn leave(SentByAnybody { ask, .. }: SentByAnybody) -> Response {
    let gone = (SET_COOKIE, ask.set_cookie().no_session());
    (StatusCode::SEE_OTHER, [gone, (LOCATION, "/sign-in".to_owned())]).into_response()
}

/// `POST /language`
pub async fn choose_language(SentByAnybody { ask, form }: SentByAnybody) -> Response {
    let Some(language) = Language::from_tag(form.get("language")) else {
        return failure::not_found(&ask).into_response(&ask);
    };
    let chosen = (SET_COOKIE, ask.set_cookie().language(language.tag()));
    (StatusCode::SEE_OTHER, [chosen, (LOCATION, ours(form.get("back")).to_owned())]).into_response()
}

/// The page by which one signs in, and which holds what was typed while the session ended.
pub async fn keeping(ask: &Ask, form: &Form) -> Page {
    let mut kept = Form::default();
    kept.put("why", "expired");
    kept.put(KEPT_TO, ask.address.clone());
    for (name, value) in form.all().filter(|(name, _)| *name != FORM_WORD) {
        kept.put(&format!("{KEPT}{name}"), value);
    }
    filled(ask, &kept, "/").await
}

/// The page by which one signs in, with what was typed into it.
pub async fn filled(ask: &Ask, form: &Form, back: &str) -> Page {
    let words = Frame::of(ask.language);
    let Some(issuer) = &ask.app.play else { return around(ask, form, back, html! {}, words) };
    let charters = match known(ask, issuer).await {
        Ok(charters) => charters,
        Err(status) => return failure::page(ask, &status),
    };
    let asked = charters.iter().find(|charter| charter.district.as_str() == form.get("district"));
    let Some(charter) = asked.or(charters.first()) else {
        return failure::page(ask, &Status::unavailable("no charter is on the record yet"));
    };
    let others = html! {
        p .hint {
            (words.district_go) (ask.language.colon())
            @for other in &charters {
                @let address = format!("/sign-in?district={}&back={}", other.district, encoded(back));
                @if other.district == charter.district { strong { (district(ask, other)) } " " }
                @else { a href=(address) { (district(ask, other)) } " " }
            }
        }
    };
    let fields = Fields::new(ask, "sign-in", form);
    let parties = html! {
        (others)
        (hidden("district", charter.district.as_str()))
        (fields.choose("who", words.who, words.who_hint, &everybody(ask, charter)))
        (person_field(ask, form))
    };
    around(ask, form, back, parties, words)
}

fn person_field(ask: &Ask, form: &Form) -> Markup {
    let words = Frame::of(ask.language);
    let mut form = form.clone();
    if form.get("person").is_empty() {
        form.put("person", "play-1");
    }
    Fields::new(ask, "sign-in", &form).text("person", words.person, words.person_hint)
}

fn around(ask: &Ask, form: &Form, back: &str, by_play: Markup, words: &Frame) -> Page {
    let fields = Fields::new(ask, "sign-in", form);
    let is_play = ask.app.play.is_some();
    let token = fields.long("token", words.token, words.token_hint);
    let notice = match form.get("why") {
        "expired" => Some(words.expired),
        "first" => Some(words.please_sign_in),
        _ => None,
    };
    let kept = form.all().filter(|(name, _)| name.starts_with(KEPT) || *name == KEPT_TO);
    let body = html! {
        @if let Some(notice) = notice { p .notice role="status" { (notice) } }
        form method="post" action="/sign-in" novalidate {
            (fields.word())
            (hidden("back", back))
            @for (name, value) in kept { (hidden(name, value)) }
            (fields.summary())
            @if is_play {
                h2 { (words.sign_in_play) }
                (by_play)
                details open[!form.get("token").is_empty()] { summary { (words.token_instead) } (token) }
            } @else {
                (token)
            }
            button type="submit" { (words.enter) }
        }
    };
    Page::new(words.sign_in, body)
}

/// What was typed, to be looked at and sent.
fn send_again(ask: &Ask, to: &str, kept: &[(String, String)]) -> Page {
    let words = Frame::of(ask.language);
    // Texts, and not the codes of what was chosen.
    let texts = ["title", "text", "note", "reason", "summary", "comment", "place.address", "measure"];
    let shown = |name: &str, value: &str| !value.trim().is_empty() && texts.contains(&name);
    let body = html! {
        p { (words.kept_text) }
        form method="post" action=(to) {
            (hidden(FORM_WORD, &ask.cookies.form_word()))
            @for (name, value) in kept { (hidden(name, value)) }
            @for (_, value) in kept.iter().filter(|(name, value)| shown(name, value)) { blockquote { (value) } }
            button type="submit" { (words.kept_send) }
        }
    };
    Page::new(words.kept_title, body)
}

/// The charters of all districts, for whoever has not said who they are.
async fn known(ask: &Ask, issuer: &Issuer) -> Result<Vec<Arc<Charter>>, Status> {
    let (role, staff_ref) = ("operator".to_owned(), "console".to_owned());
    let identity = Identity { role, party: String::new(), district: String::new(), staff_ref };
    let now = ask.app.clock.real_now();
    let looking: Person = person(&ask.app.verifier, &issuer.issue(&identity, now, LOOK_LIFE), now)
        .map_err(|error| Status::internal(error.to_string()))?;
    ask.app.charters.of(&ask.app.doors, &looking).await
}

/// Everybody that one can be in a district, by role.
fn everybody(ask: &Ask, charter: &Charter) -> Vec<Choices> {
    let of_kind = |role: &'static str, kind: PartyKind| {
        let parties = charter.find_parties(kind);
        (role, parties.map(|party| (party.code.to_string(), with_street(ask, charter, party))).collect::<Vec<_>>())
    };
    let of_streets = |role: &'static str, unit: &str| {
        let streets = charter.find_parties(PartyKind::Street);
        let units = streets.filter_map(|street| charter.unit_of(&street.code, unit));
        (role, units.map(|party| (party.code.to_string(), ask.language.name_of(&party.name))).collect::<Vec<_>>())
    };
    let callable = charter.departments().map(|party| (party.code.to_string(), ask.language.name_of(&party.name)));
    let centre = charter.district_centre();
    let nobodys = |role: &'static str| (role, vec![(String::new(), named(ask.language, role).to_owned())]);
    let groups = [
        nobodys("caller"),
        of_streets("street", "command-centre"),
        ("department", callable.collect()),
        ("district", vec![(centre.code.to_string(), ask.language.name_of(&centre.name))]),
        of_kind("community", PartyKind::Community),
        of_kind("grid", PartyKind::Grid),
        of_streets("enforcement-center", "enforcement-centre"),
        nobodys("operator"),
        nobodys("auditor"),
    ];
    let group = |(role, parties): (&'static str, Vec<(String, String)>)| Choices {
        heading: Some(named(ask.language, role).to_owned()),
        choices: parties.into_iter().map(|(code, name)| Choice::new(format!("{role}/{code}"), name)).collect(),
    };
    groups.into_iter().map(group).filter(|group| !group.choices.is_empty()).collect()
}

/// A unit below a street, with the name of its street or community: several have the same.
fn with_street(ask: &Ask, charter: &Charter, party: &charter::Party) -> String {
    let above = party.parent.as_ref().and_then(|code| charter.party(code.as_str()));
    let above = above.map(|above| ask.language.name_of(&above.name)).unwrap_or_default();
    format!("{above} · {}", ask.language.name_of(&party.name))
}

/// What a district is called: its charter has a title of its own.
fn district(ask: &Ask, charter: &Charter) -> String {
    let known = charter.party(charter.district.as_str());
    ask.language.name_of(known.map_or(&charter.name, |party| &party.name))
}

/// Who was chosen; what is missing is noted in the form.
fn chosen(form: &mut Form, words: &Frame) -> Option<Identity> {
    let Some((role, party)) = form.get("who").split_once('/').map(|(role, party)| (role.to_owned(), party.to_owned()))
    else {
        form.fault("who", words.required);
        return None;
    };
    let staff_ref = form.owned("person");
    if staff_ref.is_empty() {
        form.fault("person", words.required);
        return None;
    }
    // A unit belongs to its district; whoever is of none says which.
    let district = if party.is_empty() { form.owned("district") } else { String::new() };
    Some(Identity { role, party, district, staff_ref })
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
