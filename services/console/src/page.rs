//! The frame around every page: head, rooms, language, who is signed in, foot.

use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};

use crate::ask::{Ask, FORM_WORD, Signed};
use crate::assets::{FIELD, ICON, SCRIPT, STYLE};
use crate::form::hidden;
use crate::language::Language;
use crate::rooms::Room;
use crate::words::{Frame, fill, named};

/// What is shown.
pub struct Page {
    title: String,
    body: Markup,
    status: StatusCode,
    /// Who looks, and which rooms they have.
    within: Option<Within>,
    /// Uses the script.
    live: bool,
    /// Uses the script for whoever is out and about, and can be installed.
    field: bool,
}

struct Within {
    rooms: &'static [Room],
    who: String,
    zone: String,
}

impl Page {
    pub fn new(title: impl Into<String>, body: Markup) -> Self {
        Self { title: title.into(), body, status: StatusCode::OK, within: None, live: false, field: false }
    }

    pub fn with(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// One whose lines come by themselves.
    pub fn live(mut self) -> Self {
        self.live = true;
        self
    }

    /// One for whoever is out and about.
    pub fn in_the_field(mut self) -> Self {
        self.field = true;
        self
    }

    /// The page of somebody who is signed in.
    pub fn within(mut self, signed: &Signed) -> Self {
        let words = Frame::of(signed.language);
        let identity = &signed.person.identity;
        let unit = match (identity.party.as_str(), identity.staff_ref.as_str()) {
            ("", reference) => reference.to_owned(),
            (party, _) => signed.unit(party),
        };
        let who = fill(words.signed_in, &[("role", named(signed.language, &identity.role)), ("unit", &unit)]);
        let zone = signed.charter.time_zone.iana_name().unwrap_or("UTC").to_owned();
        self.within = Some(Within { rooms: Room::of(identity), who, zone });
        self
    }

    pub fn into_response(self, ask: &Ask) -> Response {
        let status = self.status;
        let page = Html(self.render(ask).into_string());
        match &ask.new_visit {
            Some(number) => (status, [(SET_COOKIE, ask.set_cookie().visit(number))], page).into_response(),
            None => (status, page).into_response(),
        }
    }

    fn render(self, ask: &Ask) -> Markup {
        let words = Frame::of(ask.language);
        let word = ask.cookies.form_word();
        html! {
            (DOCTYPE)
            html lang=(ask.language.tag()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (self.title) " – " (words.name) }
                    link rel="stylesheet" href=(STYLE.address);
                    link rel="icon" href=(ICON.address) type=(ICON.media_type);
                    @if self.field {
                        link rel="manifest" href="/manifest.webmanifest";
                        script src=(FIELD.address) defer {}
                    }
                    @if self.live { script src=(SCRIPT.address) defer {} }
                }
                body {
                    a .skip href="#main" { (words.skip) }
                    @if ask.app.play.is_some() { aside .play aria-label=(words.play_name) { (words.play_banner) } }
                    header {
                        a .brand href="/" { (words.name) }
                        @if let Some(within) = &self.within {
                            nav aria-label=(words.rooms) { (rooms(ask, within.rooms)) }
                            div .who {
                                span { (within.who) }
                                form method="post" action="/sign-out" {
                                    (hidden(FORM_WORD, &word))
                                    button .quiet type="submit" { (words.sign_out) }
                                }
                            }
                        }
                    }
                    main #main tabindex="-1" {
                        h1 { (self.title) }
                        (self.body)
                    }
                    footer {
                        form method="post" action="/language" aria-label=(words.language) {
                            (hidden(FORM_WORD, &word))
                            (hidden("back", &ask.address))
                            @for language in Language::ALL {
                                button .quiet type="submit" name="language" value=(language.tag()) lang=(language.tag())
                                    aria-pressed=(if language == ask.language { "true" } else { "false" }) {
                                    (language.own_name())
                                }
                            }
                        }
                        @if let Some(within) = &self.within { p { (fill(words.foot, &[("zone", &within.zone)])) } }
                    }
                }
            }
        }
    }
}

fn rooms(ask: &Ask, rooms: &[Room]) -> Markup {
    html! {
        ul {
            @for room in rooms {
                @let address = room.address();
                li {
                    a href=(address) aria-current=[(ask.path == address).then_some("page")] { (room.name(ask.language)) }
                }
            }
        }
    }
}
