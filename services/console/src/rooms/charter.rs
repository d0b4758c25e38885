//! The district's rules as people read them: who there is, what there is, who gets what and until when; and what they would do with
//! a matter that nobody has raised.

mod route;

use axum::response::Response;
use charter::{Category, GradingRow, HandlerKind, Level, Limit, LimitUnit, Party, PartyKind, Target, Way, When};
use maud::{Markup, html};
use tonic::Status;
use vocabulary::{CallerClass, CaseKind};

use super::{Room, has};
use crate::ask::Signed;
use crate::page::Page;
use crate::words::{Rules, States, fill, named};

/// `GET /charter`
pub async fn show(signed: Signed) -> Response {
    let shown = page(&signed);
    signed.answer(shown)
}

/// The parts of the room, by what their address says.
const PARTS: [&str; 6] = ["route", "organisation", "catalogue", "grading", "situations", "limits"];

fn page(signed: &Signed) -> Result<Page, Status> {
    has(signed, Room::Charter)?;
    let words = Rules::of(signed.language);
    let charter = &signed.charter;
    let asked = signed.query("show");
    let part = PARTS.into_iter().find(|part| *part == asked).unwrap_or("route");
    let name = signed.name_of(&charter.name);
    let day = charter.effective.to_string();
    let body = html! {
        p { (fill(words.intro, &[("name", &name), ("version", &charter.version), ("day", &day)])) }
        p .filters {
            @for one in PARTS {
                a href=(format!("/charter?show={one}")) aria-current=[(one == part).then_some("true")] { (tab(words, one)) }
            }
        }
        h2 { (tab(words, part)) }
        @match part {
            "organisation" => (organisation(signed, words)),
            "catalogue" => (catalogue(signed, words)),
            "grading" => (grading(signed, words)),
            "situations" => (situations(signed, words)),
            "limits" => (limits(signed, words)),
            _ => (route::show(signed, words)),
        }
    };
    Ok(Page::new(words.room, body))
}

fn tab(words: &Rules, part: &str) -> &'static str {
    match part {
        "organisation" => words.tab_organisation,
        "catalogue" => words.tab_catalogue,
        "grading" => words.tab_grading,
        "situations" => words.tab_situations,
        "limits" => words.tab_limits,
        _ => words.tab_route,
    }
}

/// The district's own units, then each street folded up with what lies in it.
fn organisation(signed: &Signed, words: &Rules) -> Markup {
    let charter = &signed.charter;
    let of_district = charter.parties().iter().filter(|party| charter.street_of(&party.code).is_none());
    let inside = |street: &Party| {
        let of_street = |party: &&Party| charter.street_of(&party.code).is_some_and(|it| it.code == street.code);
        charter.parties().iter().filter(of_street).filter(|party| party.code != street.code).collect::<Vec<_>>()
    };
    html! {
        (units(signed, words, words.of_the_district, &of_district.collect::<Vec<_>>()))
        @for street in charter.find_parties(PartyKind::Street) {
            @let name = signed.name_of(&street.name);
            details .wide { summary { (name) } (units(signed, words, &name, &inside(street))) }
        }
    }
}

fn units(signed: &Signed, words: &Rules, caption: &str, parties: &[&Party]) -> Markup {
    let power = |code: &ids::Code| {
        let known = signed.charter.legal_powers().iter().find(|power| power.code == *code);
        known.map_or_else(|| code.to_string(), |power| signed.name_of(&power.name))
    };
    html! {
        div .scroll tabindex="0" role="region" aria-label=(caption) { table .stacked {
            caption { (caption) }
            thead { tr { th scope="col" { (words.unit) } th scope="col" { (words.sort) } th scope="col" { (words.powers) } } }
            tbody { @for party in parties { tr {
                th scope="row" { (signed.name_of(&party.name)) " " span .hint { (party.code) } }
                td data-label=(words.sort) { (sort(words, party.kind))
                    @if party.responder { " " span .tag { (words.callable) } }
                    @if let Some(households) = party.households { " " span .hint { (fill(words.households, &[("n", &households.to_string())])) } } }
                td data-label=(words.powers) { (signed.language.joined(&party.powers.iter().map(power).collect::<Vec<_>>())) }
            } } }
        } }
    }
}

const fn sort(words: &Rules, kind: PartyKind) -> &'static str {
    match kind {
        PartyKind::Grid => words.kind_grid,
        PartyKind::Community => words.kind_community,
        PartyKind::Street => words.kind_street,
        PartyKind::Unit => words.kind_unit,
        PartyKind::Squad => words.kind_squad,
        PartyKind::Department => words.kind_department,
        PartyKind::Group => words.kind_group,
        PartyKind::District => words.kind_district,
        PartyKind::City => words.kind_city,
        PartyKind::External => words.kind_external,
    }
}

/// Every category below the one it is part of.
fn catalogue(signed: &Signed, words: &Rules) -> Markup {
    let all = signed.charter.categories();
    let below =
        |parent: &Category| all.iter().filter(|it| it.parent.as_ref() == Some(&parent.code)).collect::<Vec<_>>();
    html! {
        @for parent in all.iter().filter(|it| it.parent.is_none()) {
            @let inside = below(parent);
            @if inside.is_empty() { (categories(signed, words, parent, &[parent])) } @else { (categories(signed, words, parent, &inside)) }
        }
    }
}

fn categories(signed: &Signed, words: &Rules, parent: &Category, inside: &[&Category]) -> Markup {
    let name = signed.name_of(&parent.name);
    let situation = |category: &Category| {
        let known = category.situation.as_ref().and_then(|code| signed.charter.situation(code.as_str()));
        known.map(|known| signed.name_of(&known.name)).unwrap_or_default()
    };
    html! {
        div .scroll tabindex="0" role="region" aria-label=(name) { table .stacked {
            caption { (name) }
            thead { tr {
                th scope="col" { (words.category) } th scope="col" { (words.level) } th scope="col" { (words.within) }
                th scope="col" { (words.situation) } th scope="col" { (words.words) }
            } }
            tbody { @for category in inside { tr {
                th scope="row" { a href=(format!("/charter?show=route&category={}", category.code)) { (signed.name_of(&category.name)) } }
                td data-label=(words.level) { (named(signed.language, category.level.as_str())) }
                td data-label=(words.within) { (length(words, signed.charter.completion_limit(category.level, category))) }
                td data-label=(words.situation) { (situation(category)) }
                td data-label=(words.words) { span .hint { (category.keywords.join(" ")) } }
            } } }
        } }
    }
}

fn grading(signed: &Signed, words: &Rules) -> Markup {
    html! {
        div .scroll tabindex="0" role="region" aria-label=(words.tab_grading) { table .stacked {
            thead { tr {
                th scope="col" { (words.row) } th scope="col" { (words.when) } th scope="col" { (words.level) }
                th scope="col" { (words.to) } th scope="col" { (words.reason) }
            } }
            tbody { @for row in signed.charter.grading() { (grading_row(signed, words, row)) } }
        } }
    }
}

fn grading_row(signed: &Signed, words: &Rules, row: &GradingRow) -> Markup {
    let level = row.level.map_or(words.own_level, |level| named(signed.language, level.as_str()));
    html! {
        tr {
            th scope="row" { (row.code) @if !row.enabled { " " span .tag { (words.switched_off) } } }
            td data-label=(words.when) { (conditions(signed, words, &row.when)) }
            td data-label=(words.level) { (level) }
            td data-label=(words.to) { (target(signed, words, &row.to)) }
            td data-label=(words.reason) { (signed.name_of(&row.reason)) }
        }
    }
}

/// Everything that a row asks for, in words.
fn conditions(signed: &Signed, words: &Rules, when: &When) -> String {
    let all = |text: &str, names: Vec<String>| {
        (!names.is_empty()).then(|| fill(text, &[("all", &signed.language.joined(&names))]))
    };
    let number = |text: &str, count: Option<u32>| count.map(|count| fill(text, &[("n", &count.to_string())]));
    let channel = |code: &ids::Code| {
        signed.charter.channel(code.as_str()).map_or_else(|| code.to_string(), |channel| signed.name_of(&channel.name))
    };
    let either = |flag: Option<bool>, yes: &str, no: &str| flag.map(|flag| if flag { yes } else { no }.to_owned());
    let asked = [
        all(words.when_category, when.categories.iter().map(|code| signed.category(code.as_str())).collect()),
        all(words.when_level, when.levels.iter().map(ToString::to_string).collect()),
        all(words.when_handler, when.handlers.iter().map(|handler| handled_by(words, *handler).to_owned()).collect()),
        either(when.never_street, words.when_never_street, words.when_street_too),
        either(when.situation, words.when_situation, words.when_no_situation),
        number(words.when_powers_least, when.powers_at_least),
        number(words.when_powers_most, when.powers_at_most),
        all(words.when_channel, when.channels.iter().map(channel).collect()),
        all(words.when_way, when.ways.iter().map(|way| way_name(words, *way).to_owned()).collect()),
        all(words.when_class, when.classes.iter().map(|class| class_name(words, *class).to_owned()).collect()),
        all(words.when_kind, when.kinds.iter().map(|kind| kind_name(signed, *kind).to_owned()).collect()),
    ];
    let asked: Vec<String> = asked.into_iter().flatten().collect();
    if asked.is_empty() { words.always.to_owned() } else { asked.join("；") }
}

const fn handled_by(words: &Rules, handler: HandlerKind) -> &'static str {
    match handler {
        HandlerKind::Grid => words.handler_grid,
        HandlerKind::Community => words.handler_community,
        HandlerKind::Unit => words.handler_unit,
        HandlerKind::Squad => words.handler_squad,
        HandlerKind::EnforcementCentre => words.handler_enforcement_centre,
        HandlerKind::CommandCentre => words.handler_command_centre,
        HandlerKind::District => words.handler_district,
    }
}

fn target(signed: &Signed, words: &Rules, target: &Target) -> String {
    match target {
        Target::Handler => words.to_handler.to_owned(),
        Target::Community => words.handler_community.to_owned(),
        Target::CommandCentre => words.handler_command_centre.to_owned(),
        Target::EnforcementCentre => words.handler_enforcement_centre.to_owned(),
        Target::District => words.handler_district.to_owned(),
        Target::SituationLead => words.to_situation_lead.to_owned(),
        Target::Party(code) => signed.unit(code.as_str()),
    }
}

const fn way_name(words: &Rules, way: Way) -> &'static str {
    match way {
        Way::Online => words.way_online,
        Way::Patrol => words.way_patrol,
        Way::Visit => words.way_visit,
        Way::Meeting => words.way_meeting,
        Way::Superior => words.way_superior,
    }
}

const fn class_name(words: &Rules, class: CallerClass) -> &'static str {
    match class {
        CallerClass::Resident => words.class_resident,
        CallerClass::Grassroots => words.class_grassroots,
        CallerClass::Enterprise => words.class_enterprise,
    }
}

fn kind_name(signed: &Signed, kind: CaseKind) -> &'static str {
    let states = States::of(signed.language);
    match kind {
        CaseKind::Report => states.report,
        CaseKind::Service => states.service,
        CaseKind::Suggestion => states.suggestion,
        CaseKind::Consult => states.consult,
    }
}

/// Under which situations a street calls, and whom.
fn situations(signed: &Signed, words: &Rules) -> Markup {
    // Squads and offices are those of the street that calls: the first stands for all.
    let street = signed.charter.find_parties(PartyKind::Street).next();
    let names = |codes: Vec<ids::Code>| signed.units(codes.iter().map(ids::Code::as_str));
    let lead =
        |situation: &charter::Situation| street.map(|it| names(situation.lead_for(&it.code))).unwrap_or_default();
    let assist =
        |situation: &charter::Situation| street.map(|it| names(situation.supporting_for(&it.code))).unwrap_or_default();
    html! {
        @for aspect in signed.charter.aspects() {
            @let name = signed.name_of(&aspect.name);
            div .scroll tabindex="0" role="region" aria-label=(name) { table .stacked {
                caption { (name) }
                thead { tr { th scope="col" { (words.situation) } th scope="col" { (words.would_call) } } }
                tbody { @for situation in signed.charter.situations().iter().filter(|it| it.aspect == aspect.code) { tr {
                    th scope="row" { (signed.name_of(&situation.name)) " "
                        span .tag .(situation.colour.as_str()) { (named(signed.language, situation.colour.as_str())) } }
                    td data-label=(words.would_call) {
                        (fill(words.leads, &[("all", &lead(situation))]))
                        @let assist = assist(situation);
                        @if !assist.is_empty() { br; (fill(words.assists, &[("all", &assist)])) }
                    }
                } } }
            } }
        }
    }
}

fn limits(signed: &Signed, words: &Rules) -> Markup {
    let charter = &signed.charter;
    let mut rows: Vec<(String, String)> = Vec::new();
    if let Some(plain) = charter.categories().iter().find(|category| category.limit.is_none()) {
        let of_level = |level: Level| {
            let name = fill(words.per_level, &[("level", level.as_str())]);
            (name, length(words, charter.completion_limit(level, plain)))
        };
        rows.extend(Level::ALL.map(of_level));
    }
    for colour in charter::Colour::ALL {
        let limits = charter.colour_limits(colour);
        let name = named(signed.language, colour.as_str());
        let all = [
            (words.colour_response, &limits.response),
            (words.colour_report_in, &limits.report_in),
            (words.colour_completion, &limits.completion),
        ];
        rows.extend(all.map(|(text, limit)| (fill(text, &[("colour", name)]), length(words, limit))));
    }
    rows.extend(charter.limits().iter().map(|known| (known.code.to_string(), length(words, &known.limit))));
    html! {
        div .scroll tabindex="0" role="region" aria-label=(words.tab_limits) { table {
            thead { tr { th scope="col" { (words.limit_code) } th scope="col" { (words.limit) } } }
            tbody { @for (name, limit) in &rows { tr { th scope="row" { (name) } td { (limit) } } } }
        } }
    }
}

/// A limit in words.
fn length(words: &Rules, limit: &Limit) -> String {
    let text = match limit.unit {
        LimitUnit::Minutes => words.minutes,
        LimitUnit::Hours => words.hours,
        LimitUnit::Days => words.days,
        LimitUnit::WorkingDays => words.working_days,
        LimitUnit::WorkingHours => words.working_hours,
    };
    fill(text, &[("n", &limit.amount.to_string())])
}
