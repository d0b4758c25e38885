//! A request as the rooms see it: who asks, in which language, by whose rules, and with which form.

use std::ops::Deref;
use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::{ACCEPT_LANGUAGE, HOST, LOCATION, ORIGIN};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use charter::{Charter, PartyKind};
use chassis::{CancellationToken, Clock, IdentityError, Issuer, Verifier};
use jiff::Timestamp;
use tonic::Status;

use crate::charters::Charters;
use crate::doors::Doors;
use crate::failure;
use crate::form::Form;
use crate::language::Language;
use crate::page::Page;
use crate::rooms::sign_in;
use crate::session::{Cookies, Person, SetCookie, new_visit};
use crate::when::Clockwork;

/// Bytes of a form: a text of 20,000 characters, each of which takes nine when it is sent, and the other fields.
const FORM_BYTES_MAX: usize = 256 * 1024;
/// The field that carries what only a page of ours knows.
pub const FORM_WORD: &str = "form-word";

/// What every request needs.
pub struct App {
    pub doors: Doors,
    pub charters: Charters,
    pub verifier: Verifier,
    /// Signs tokens for whoever asks, where the installation is for play.
    pub play: Option<Issuer>,
    pub clock: Clock,
    pub behind_tls: bool,
    /// Ends what would go on for ever.
    pub stopping: CancellationToken,
}

/// A request of anybody.
pub struct Ask {
    pub app: Arc<App>,
    pub language: Language,
    pub cookies: Cookies,
    /// The number that a new visitor gets.
    pub new_visit: Option<String>,
    /// `https://host`, as whoever asks reaches the pages; empty where that is not said.
    pub origin: String,
    pub path: String,
    /// Path and query, to come back to.
    pub address: String,
    query: Vec<(String, String)>,
    pub person: Result<Option<Person>, IdentityError>,
}

/// A request of somebody who is signed in, by the rules of their district.
pub struct Signed {
    pub ask: Ask,
    pub person: Person,
    pub charter: Arc<Charter>,
}

/// What somebody sends who is signed in.
pub struct Sent {
    pub signed: Signed,
    pub form: Form,
}

/// What anybody sends.
pub struct SentByAnybody {
    pub ask: Ask,
    pub form: Form,
}

impl Ask {
    fn of(parts: &Parts, app: &Arc<App>) -> Self {
        let mut cookies = Cookies::of(&parts.headers);
        let new_visit = cookies.visit.is_none().then(new_visit);
        if let Some(number) = &new_visit {
            cookies.visit = Some(number.clone());
        }
        let accepted = parts.headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let chosen = cookies.language.as_deref().and_then(Language::from_tag);
        let query = parts.uri.query().unwrap_or_default();
        let person = cookies.person(&app.verifier, app.clock.real_now());
        Self {
            app: Arc::clone(app),
            language: chosen.unwrap_or_else(|| Language::asked_for(accepted)),
            cookies,
            new_visit,
            origin: origin(parts, app.behind_tls),
            path: parts.uri.path().to_owned(),
            address: parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
            query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            person,
        }
    }

    /// A value of the address; empty without one.
    pub fn query(&self, name: &str) -> &str {
        self.query.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
    }

    /// The time as the installation sees it.
    pub fn now(&self) -> Timestamp {
        self.app.clock.now()
    }

    pub fn set_cookie(&self) -> SetCookie {
        SetCookie { behind_tls: self.app.behind_tls }
    }

    /// The person, as far as they are signed in.
    pub fn who(&self) -> Option<&Person> {
        self.person.as_ref().ok().and_then(Option::as_ref)
    }
}

fn origin(parts: &Parts, behind_tls: bool) -> String {
    let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
    let scheme = if behind_tls { "https" } else { "http" };
    host.map(|host| format!("{scheme}://{host}")).unwrap_or_default()
}

impl Signed {
    async fn of(ask: Ask) -> Result<Self, Box<Response>> {
        let person = match &ask.person {
            Ok(Some(person)) => person.clone(),
            Ok(None) | Err(_) => return Err(Box::new(to_sign_in(&ask))),
        };
        let charters = match ask.app.charters.of(&ask.app.doors, &person).await {
            Ok(charters) => charters,
            Err(status) => return Err(Box::new(failure::page(&ask, &status).into_response(&ask))),
        };
        // Somebody who may look at several districts names one; the first, else.
        let named = [ask.query("district"), person.identity.district.as_str()];
        let of_party = charters.iter().find(|charter| charter.party(&person.identity.party).is_some());
        let named = named.into_iter().find_map(|name| charters.iter().find(|it| it.district.as_str() == name));
        let Some(charter) = named.or(of_party).or(charters.first()).cloned() else {
            let status = Status::permission_denied("no district is known that this token is for");
            return Err(Box::new(failure::page(&ask, &status).into_response(&ask)));
        };
        Ok(Self { ask, person, charter })
    }

    pub fn role(&self) -> &str {
        &self.person.identity.role
    }

    pub fn district(&self) -> String {
        self.charter.district.to_string()
    }

    /// How this page tells time.
    pub fn clock(&self) -> Clockwork {
        Clockwork { language: self.language, zone: self.charter.time_zone.clone(), now: self.now() }
    }

    /// A page, or why there is none.
    pub fn answer(&self, shown: Result<Page, Status>) -> Response {
        match shown {
            Ok(page) => page.within(self).into_response(&self.ask),
            // A token that ended between two questions.
            Err(status) if status.code() == tonic::Code::Unauthenticated => to_sign_in(&self.ask),
            Err(status) => failure::page(&self.ask, &status).within(self).into_response(&self.ask),
        }
    }

    /// What a thing is called in this page's language.
    pub fn name_of(&self, name: &charter::Name) -> String {
        self.language.name_of(name)
    }

    /// The name of a unit by its code, or of a post in it (`unit/role`); the code where the charter does not know it.
    pub fn unit(&self, code: &str) -> String {
        if let Some((unit, role)) = code.split_once('/') {
            let known = self.charter.roles().iter().find(|known| known.code.as_str() == role);
            let role = known.map_or_else(|| role.to_owned(), |known| self.name_of(&known.name));
            return format!("{} {role}", self.unit(unit));
        }
        let Some(party) = self.charter.party(code) else { return code.to_owned() };
        let name = self.name_of(&party.name);
        // Every community has a first grid.
        let of_community = party.parent.as_ref().filter(|_| party.kind == PartyKind::Grid);
        of_community.map_or(name.clone(), |community| format!("{} · {name}", self.unit(community.as_str())))
    }

    /// The names of several units.
    pub fn units<'c>(&self, codes: impl Iterator<Item = &'c str>) -> String {
        self.language.joined(&codes.map(|code| self.unit(code)).collect::<Vec<_>>())
    }

    /// The name of a category by its code.
    pub fn category(&self, code: &str) -> String {
        let known = self.charter.category(code).map(|category| self.name_of(&category.name));
        known.unwrap_or_else(|| code.to_owned())
    }
}

impl Deref for Signed {
    type Target = Ask;

    fn deref(&self) -> &Ask {
        &self.ask
    }
}

impl FromRequestParts<Arc<App>> for Ask {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Self::Rejection> {
        Ok(Self::of(parts, app))
    }
}

impl FromRequestParts<Arc<App>> for Signed {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        Self::of(Ask::of(parts, app)).await.map_err(|response| *response)
    }
}

impl FromRequest<Arc<App>> for SentByAnybody {
    type Rejection = Response;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Response> {
        let (ask, form) = read(request, app).await.map_err(|response| *response)?;
        if form.get(FORM_WORD) != ask.cookies.form_word() {
            return Err(failure::stale_form(&ask).into_response(&ask));
        }
        Ok(Self { ask, form })
    }
}

impl FromRequest<Arc<App>> for Sent {
    type Rejection = Response;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Response> {
        let (ask, form) = read(request, app).await.map_err(|response| *response)?;
        let is_ours = form.get(FORM_WORD) == ask.cookies.form_word();
        if ask.who().is_none() {
            // Only what a page of ours sent is kept for whoever signs in again.
            let kept = if is_ours { form } else { Form::default() };
            return Err(sign_in::keeping(&ask, &kept).await.into_response(&ask));
        }
        if !is_ours {
            return Err(failure::stale_form(&ask).into_response(&ask));
        }
        let signed = Signed::of(ask).await.map_err(|response| *response)?;
        Ok(Self { signed, form })
    }
}

/// A form, from a page of ours as far as the browser says.
async fn read(request: Request, app: &Arc<App>) -> Result<(Ask, Form), Box<Response>> {
    let (parts, body) = request.into_parts();
    let ask = Ask::of(&parts, app);
    if !is_from_here(&parts.method, &parts.headers) {
        return Err(Box::new(failure::stale_form(&ask).into_response(&ask)));
    }
    let Ok(body) = to_bytes(body, FORM_BYTES_MAX).await else {
        return Err(Box::new(failure::too_large(&ask).into_response(&ask)));
    };
    let form = Form::read(&body);
    Ok((ask, form))
}

/// What browsers of today say of themselves: a page of somebody else's sends nothing here. The form's own word is what counts;
/// this also holds for one that has leaked.
fn is_from_here(method: &Method, headers: &HeaderMap) -> bool {
    let said = |name| headers.get(name).and_then(|value| value.to_str().ok());
    match (said("sec-fetch-site"), headers.get(ORIGIN), headers.get(HOST)) {
        (Some(site), _, _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin), Some(host)) => {
            let (origin, host) = (origin.to_str().unwrap_or_default(), host.to_str().unwrap_or_default());
            origin.split_once("://").is_some_and(|(_, named)| named == host)
        }
        (None, None, _) | (None, Some(_), None) => *method == Method::POST,
    }
}

fn to_sign_in(ask: &Ask) -> Response {
    let back = form_urlencoded::byte_serialize(ask.address.as_bytes()).collect::<String>();
    let why = if ask.cookies.token.is_some() { "expired" } else { "first" };
    redirect(&format!("/sign-in?why={why}&back={back}"))
}

/// To another page of ours, which is then asked for by GET.
pub fn redirect(address: &str) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, address.to_owned())]).into_response()
}

/// An address of ours to come back to; the start for any other.
pub fn ours(address: &str) -> &str {
    let is_path = address.starts_with('/') && !address.starts_with("//") && !address.contains('\\');
    if is_path && address.chars().all(|character| character.is_ascii_graphic()) { address } else { "/" }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn one_comes_back_to_pages_of_ours_alone() {
        for address in ["/inbox", "/cases/261130-abcdefg?page=2"] {
            assert_eq!(ours(address), address);
        }
        for address in
            ["//evil.example", "https://evil.example", "/\\evil.example", "", "javascript:1", "/a\r\nset-cookie: x"]
        {
            assert_eq!(ours(address), "/", "{address:?}");
        }
    }

    #[test]
    fn what_the_browser_calls_anothers_is_not_taken() {
        let headers = |pairs: &[(&'static str, &'static str)]| {
            let pairs = pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)));
            pairs.collect::<HeaderMap>()
        };
        let taken = |pairs: &[(&'static str, &'static str)]| is_from_here(&Method::POST, &headers(pairs));
        assert!(taken(&[]));
        assert!(taken(&[("sec-fetch-site", "same-origin")]));
        assert!(taken(&[("host", "a:7090"), ("origin", "http://a:7090")]));
        assert!(!taken(&[("sec-fetch-site", "cross-site")]));
        assert!(!taken(&[("sec-fetch-site", "same-site"), ("host", "a"), ("origin", "http://a")]));
        assert!(!taken(&[("host", "a:7090"), ("origin", "http://a:7091")]));
        assert!(!taken(&[("host", "a"), ("origin", "null")]));
    }
}
