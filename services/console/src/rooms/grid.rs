//! A grid's own page, which installs on a telephone: what goes on there, something new in three taps, drafts while there is no
//! network; and the card that every household gets.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use charter::{Party, PartyKind};
use data_encoding::HEXLOWER;
use maud::{Markup, html};
use proto::casebook::v1::ListOpenRequest;
use qrcodegen::{QrCode, QrCodeEcc};
use sha2::{Digest, Sha256};
use tonic::Status;

use super::acting::more;
use super::inbox::table;
use super::report::usual_channel;
use super::{Room, has};
use crate::ask::{Ask, Signed};
use crate::assets::{FIELD, ICON, STYLE, WORKER};
use crate::doors::CURRENT;
use crate::form::{Fields, Form};
use crate::page::Page;
use crate::words::{Caller, Desk, Field, Frame, fill};

/// Cases on one page.
const PAGE: u32 = 50;
/// What is shown while there is no network.
pub const OFFLINE: &str = "/grid/offline";
/// White around a code, in its own squares, as its standard wants.
const QUIET: i32 = 4;

/// `GET /grid`
pub async fn show(signed: Signed) -> Response {
    let shown = page(&signed).await;
    signed.answer(shown)
}

async fn page(signed: &Signed) -> Result<Page, Status> {
    has(signed, Room::Grid)?;
    let (words, desk) = (Field::of(signed.language), Desk::of(signed.language));
    let party = &signed.person.identity.party;
    let request = ListOpenRequest {
        district: signed.district(),
        page_size: PAGE,
        page_token: signed.query("page").to_owned(),
        freshness: Some(CURRENT),
        ..ListOpenRequest::default()
    };
    let listed = signed.app.doors.casebook(&signed.person).list_open(request).await?.into_inner();
    let identity = &signed.person.identity;
    let owner = format!("{}/{party}/{}", identity.role, identity.staff_ref);
    let channel = usual_channel(signed);
    let known = (owner.as_str(), party.as_str(), channel.as_str());
    let body = html! {
        p { (fill(words.intro, &[("unit", &signed.unit(party))])) " " a href="/grid/card" { (words.card_print) } }
        div .columns {
            section aria-labelledby="open" {
                h2 #open { (words.open) }
                @if listed.cases.is_empty() { p { (desk.no_cases) } } @else { (table(signed, &listed.cases)) }
                (more(signed, "/grid", &listed.next_page_token))
            }
            section aria-labelledby="quick" {
                (quick(signed, words, Some(known)))
                p { a href="/report" { (words.full_form) } }
            }
        }
    };
    Ok(Page::new(words.room, body).in_the_field())
}

/// The short form and the drafts. Nobody knows who is there while there is no network.
fn quick(ask: &Ask, words: &Field, known: Option<(&str, &str, &str)>) -> Markup {
    let (owner, place, channel) = known.unwrap_or_default();
    let caller = Caller::of(ask.language);
    let empty = Form::default();
    let fields = Fields::new(ask, "quick", &empty);
    html! {
        h2 #quick { (words.quick) }
        p .hint { (words.quick_hint) }
        noscript { p { (words.without_script) " " a href="/report" { (words.full_form) } } }
        form method="get" action="/report" data-draft novalidate {
            (fields.text("title", caller.title, ""))
            (fields.optional("place.address", caller.address, ""))
            (fields.long_optional("text", caller.text, ""))
            input type="hidden" name="place.longitude"; input type="hidden" name="place.latitude";
            div .buttons {
                button type="submit" { (words.keep) }
                button .second type="button" hidden data-locate data-found=(words.located) data-failed=(words.not_located) { (words.locate) }
            }
        }
        h3 { (words.drafts) }
        p data-drafts-none { (words.drafts_none) }
        div role="status" { ul .cards data-drafts data-owner=(owner) data-place=(place) data-channel=(channel)
            data-waits=(words.waits) data-sent=(words.sent) data-refused=(words.was_refused) data-edit=(words.edit) data-drop=(words.drop) {} }
    }
}

/// `GET /grid/offline`: kept by the browser, so nothing in it is of anybody.
pub async fn offline(ask: Ask) -> Response {
    let words = Field::of(ask.language);
    let body = html! {
        p { (words.offline_text) }
        (quick(&ask, words, None))
        p { a .button href="/grid" { (words.back) } }
    };
    Page::new(words.offline, body).in_the_field().into_response(&ask)
}

/// `GET /grid/card`
pub async fn card(signed: Signed) -> Response {
    let shown = has(&signed, Room::Grid).map(|()| cards(&signed));
    signed.answer(shown)
}

/// One for the grid, or for each grid of a community.
fn cards(signed: &Signed) -> Page {
    let words = Field::of(signed.language);
    let own = signed.charter.party(&signed.person.identity.party);
    let of_own = |party: &&Party| party.parent.as_ref() == own.map(|own| &own.code);
    let below = signed.charter.find_parties(PartyKind::Grid).filter(of_own);
    let parties: Vec<&Party> = own.into_iter().chain(below).collect();
    let body = html! {
        p .not-printed { (words.card_intro) }
        div .contact-cards { @for party in parties { (one_card(signed, words, party)) } }
    };
    Page::new(words.card, body)
}

fn one_card(signed: &Signed, words: &Field, party: &Party) -> Markup {
    let address = format!("{}/report?place.party={}", signed.origin, party.code);
    let mut above: Vec<String> = signed.charter.ancestors(&party.code).map(|it| signed.name_of(&it.name)).collect();
    above.reverse();
    html! {
        section .contact-card {
            h2 { (words.card_say) }
            p { strong { (signed.name_of(&party.name)) } br; span .hint { (above.join(" · ")) } }
            (code(&address, &fill(words.card_qr, &[("address", &address)])))
            p { (words.card_scan) br; span .hint { (address) } }
            dl { dt { (words.card_worker) } dd .blank {} dt { (words.card_phone) } dd .blank {} }
        }
    }
}

/// A QR code as SVG; nothing, for an address that is too long for one.
fn code(text: &str, label: &str) -> Markup {
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Medium) else { return html! {} };
    let size = code.size();
    let squares = (0..size).flat_map(|y| (0..size).map(move |x| (x, y))).filter(|(x, y)| code.get_module(*x, *y));
    let path: String = squares.map(|(x, y)| format!("M{} {}h1v1h-1z", x + QUIET, y + QUIET)).collect();
    let whole = size + 2 * QUIET;
    html! {
        svg .code viewBox=(format!("0 0 {whole} {whole}")) role="img" aria-label=(label) shape-rendering="crispEdges" {
            rect width=(whole) height=(whole) fill="#fff" {}
            path d=(path) fill="#000" {}
        }
    }
}

/// `GET /manifest.webmanifest`: what a telephone installs.
pub async fn manifest(ask: Ask) -> Response {
    let (frame, words) = (Frame::of(ask.language), Field::of(ask.language));
    let manifest = serde_json::json!({
        "id": "/grid",
        "name": format!("{} · {}", frame.name, words.room),
        "short_name": frame.name,
        "lang": ask.language.tag(),
        "start_url": "/grid",
        "scope": "/",
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": "#0b57a4",
        "icons": [{ "src": ICON.address, "sizes": "any", "type": ICON.media_type, "purpose": "any" }],
    });
    ([(CONTENT_TYPE, "application/manifest+json")], manifest.to_string()).into_response()
}

/// `GET /worker.js`: at the top, because what it answers for lies below it; always asked for anew.
pub async fn worker() -> Response {
    let kept = [OFFLINE, STYLE.address.as_str(), FIELD.address.as_str()];
    let kept = serde_json::json!(kept).to_string();
    let name = HEXLOWER.encode(&Sha256::digest(format!("{kept}{WORKER}"))[..8]);
    let script = format!("const NAME = \"huying-{name}\";\nconst KEPT = {kept};\n{WORKER}");
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8"), (CACHE_CONTROL, "no-cache")], script).into_response()
}
