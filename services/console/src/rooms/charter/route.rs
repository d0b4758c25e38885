//! What the rules would do with a matter: who has it, by which row, until when, and whom the street would call.

use charter::{Category, Facts, Level, Party, Route};
use maud::{Markup, html};

use super::length;
use crate::ask::Signed;
use crate::form::{Choice, Choices, Fields, Form};
use crate::rooms::report::{all_categories, places};
use crate::words::{Caller, Desk, Frame, Rules, fill, named};

/// The form, and under it the answer to what was asked.
pub fn show(signed: &Signed, words: &Rules) -> Markup {
    let mut form = Form::default();
    for field in ["title", "category", "place", "channel"] {
        form.put(field, signed.query(field));
    }
    let fields = Fields::new(signed, "route", &form);
    let mut categories = vec![Choice::new("", words.route_by_words)];
    categories.extend(all_categories(signed));
    let channels = signed.charter.channels().iter();
    let channels = channels.map(|channel| Choice::new(channel.code.as_str(), signed.name_of(&channel.name)));
    let channels: Vec<Choice> = std::iter::once(Choice::new("", words.route_nowhere)).chain(channels).collect();
    html! {
        p { (words.route_intro) }
        form method="get" action="/charter" {
            input type="hidden" name="show" value="route";
            (fields.text("title", words.route_title, ""))
            (fields.choose("category", words.route_category, "", &[Choices::from(categories)]))
            (fields.choose("place", words.route_place, "", &places(signed, Frame::of(signed.language), Caller::of(signed.language))))
            (fields.choose("channel", words.route_channel, "", &[Choices::from(channels)]))
            button type="submit" { (words.route_ask) }
        }
        @if !(form.get("title").is_empty() && form.get("category").is_empty()) { (answered(signed, words, &form)) }
    }
}

fn answered(signed: &Signed, words: &Rules, form: &Form) -> Markup {
    let charter = &signed.charter;
    let (category, confidence) = match charter.category(form.get("category")) {
        Some(category) => (Some(category), None),
        None => {
            let best = charter.classify(form.get("title"), "").into_iter().next();
            best.map_or((None, None), |best| (Some(best.category), Some(best.confidence)))
        }
    };
    let Some(category) = category else {
        return html! { div .panel role="status" { p { (words.route_no_words) } } };
    };
    let place = charter.place(form.get("place")).map(|party| &party.code);
    let channel = charter.channel(form.get("channel"));
    let facts = Facts {
        categories: &[category],
        place,
        channel: channel.map(|channel| &channel.code),
        way: channel.map(|channel| channel.way),
        class: channel.map(|channel| channel.class),
        kind: channel.map(|channel| channel.kind),
    };
    let Some(route) = charter.route(&facts) else {
        return html! { div .panel role="status" { p { (words.route_no_words) } } };
    };
    let considered = charter.considered(&[category], place, route.party);
    let desk = Desk::of(signed.language);
    html! {
        section .panel .wide role="status" {
            h3 { (signed.name_of(&category.name)) }
            @if let Some(confidence) = confidence { p .hint { (sure(words, confidence, charter.confidence_min)) } }
            dl {
                dt { (words.goes_to) } dd { strong { (signed.name_of(&route.party.name)) } }
                dt { (words.level) } dd { (named(signed.language, route.level.as_str())) }
                dt { (words.by_row) } dd { (signed.name_of(&route.row.reason)) " " span .hint { (route.row.code) } }
                dt { (words.within) } dd { (length(words, charter.completion_limit(route.level, category))) }
                @if charter.needs_evidence(route.level, category.code.as_str()) {
                    dt { (words.evidence) } dd { (words.evidence_needed) }
                }
            }
            (called(signed, words, category, &route))
            details {
                summary { (desk.considered) }
                ol { @for one in &considered {
                    li { (signed.unit(one.party.as_str())) (signed.language.colon())
                        @if one.why.is_able() { strong { (crate::rooms::case::why(desk, one.why.as_str())) } }
                        @else { (crate::rooms::case::why(desk, one.why.as_str())) } }
                } }
            }
        }
    }
}

fn sure(words: &Rules, confidence: f64, least: f64) -> String {
    let percent = |share: f64| format!("{:.0}", share * 100.0);
    let (sure, least_percent) = (percent(confidence), percent(least));
    if confidence < least {
        fill(words.route_unsure, &[("n", &sure), ("least", &least_percent)])
    } else {
        fill(words.route_sure, &[("n", &sure)])
    }
}

/// Only a street calls.
fn called(signed: &Signed, words: &Rules, category: &Category, route: &Route<'_>) -> Markup {
    let charter = &signed.charter;
    let situation = category.situation.as_ref().and_then(|code| charter.situation(code.as_str()));
    let street: Option<&Party> = charter.street_of(&route.party.code).filter(|_| route.level == Level::B2);
    let (Some(situation), Some(street)) = (situation, street) else { return html! {} };
    let colour = category.colour.unwrap_or(situation.colour);
    let limits = charter.colour_limits(colour);
    let names = |codes: Vec<ids::Code>| signed.units(codes.iter().map(ids::Code::as_str));
    let (lead, assist) = (names(situation.lead_for(&street.code)), names(situation.supporting_for(&street.code)));
    let (response, report_in) = (length(words, &limits.response), length(words, &limits.report_in));
    let completion = length(words, &limits.completion);
    let clocks = [("response", response.as_str()), ("report_in", &report_in), ("completion", &completion)];
    html! {
        h3 { (words.would_call) " · " (signed.name_of(&situation.name)) " "
            span .tag .(colour.as_str()) { (named(signed.language, colour.as_str())) } }
        ul {
            li { (fill(words.leads, &[("all", &lead)])) }
            @if !assist.is_empty() { li { (fill(words.assists, &[("all", &assist)])) } }
            li { (fill(words.clocks, &clocks)) }
        }
    }
}
