//! Further lists of a charter: where cases come in, how callers rate, who mans the centres, what has limits of its own.

use charter::{Charter, Level, PartyKind, ScoreSource};
use comfy_table::Table;

use super::mark;
use crate::out;

pub(super) fn channels(charter: &Charter) -> Table {
    let mut table = out::table(["CHANNEL", "WAY", "CLASS", "KIND", "BRIDGE", "NAME", ""]);
    for channel in charter.channels() {
        let carries = charter.bridges().iter().find(|bridge| bridge.channels.contains(&channel.code));
        table.add_row([
            channel.code.to_string(),
            channel.way.as_str().to_owned(),
            channel.class.as_str().to_owned(),
            channel.kind.as_str().to_owned(),
            carries.map(|bridge| bridge.code.to_string()).unwrap_or_default(),
            channel.name.to_string(),
            mark(channel.provenance).to_owned(),
        ]);
    }
    table
}

/// The callers' scale, the score it goes into, and the ways of counting what stays in the street.
pub(super) fn ratings(charter: &Charter) -> Table {
    let mut table = out::table(["RATING", "WORTH", "SAYS", "NAME"]);
    for step in charter.ratings() {
        let says = if step.solved { "solved" } else { "not solved: the case is reopened" };
        table.add_row([step.code.to_string(), step.rate.to_string(), says.to_owned(), step.name.to_string()]);
    }
    for part in &charter.formula().components {
        let worth = format!("{} of 100", part.weight);
        table.add_row([format!("score: {}", part.code), worth, source(part.source).to_owned(), part.name.to_string()]);
    }
    let containment = charter.containment();
    for way in &containment.definitions {
        let levels: Vec<&str> = way.levels.iter().map(|level| level.as_str()).collect();
        let target = format!("{} % wanted", containment.target);
        table.add_row([format!("containment: {}", way.code), target, levels.join(" + "), way.name.to_string()]);
    }
    table
}

fn source(source: ScoreSource) -> &'static str {
    match source {
        ScoreSource::ResponseOnTime => "responded in time",
        ScoreSource::ReportedInOnTime => "reported in in time",
        ScoreSource::DoneOnTime => "done in time",
        ScoreSource::CallerRating => "the caller's rating",
        ScoreSource::StreetRating => "the calling street's rating",
    }
}

/// How the enforcement centres are manned, the usual way first.
pub(super) fn centres(charter: &Charter) -> Table {
    let mut table = out::table(["CENTRE OF", "RESIDENT", "SEATS", "RANKS"]);
    let usual = charter.centre();
    let streets = charter.find_parties(PartyKind::Street).filter(|street| charter.centre_of(&street.code) != usual);
    let others = streets.map(|street| (street.code.to_string(), charter.centre_of(&street.code)));
    for (of, centre) in std::iter::once(("every other street".to_owned(), usual)).chain(others) {
        let joined = |codes: Vec<&ids::Code>| codes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        table.add_row([
            of,
            joined(centre.resident.iter().collect()),
            joined(centre.seats.iter().map(|seat| &seat.party).collect()),
            joined(centre.ranks.iter().collect()),
        ]);
    }
    table
}

/// The fields of law, and the squad and the departments that hold each.
pub(super) fn powers(charter: &Charter) -> Table {
    let mut table = out::table(["LEGAL POWER", "SQUAD", "DEPARTMENTS", "NAME", ""]);
    for power in charter.legal_powers() {
        let squad = charter.squads().iter().find(|squad| squad.power.as_ref() == Some(&power.code));
        table.add_row([
            power.code.to_string(),
            squad.map(|squad| squad.code.to_string()).unwrap_or_default(),
            departments(charter, &power.code),
            power.name.to_string(),
            mark(power.provenance).to_owned(),
        ]);
    }
    table
}

fn departments(charter: &Charter, power: &ids::Code) -> String {
    let parties =
        charter.parties().iter().filter(|party| party.kind != PartyKind::Squad && party.powers.contains(power));
    parties.map(|party| party.code.to_string()).collect::<Vec<_>>().join(" ")
}

pub(super) fn campaigns(charter: &Charter) -> Table {
    let mut table = out::table(["CAMPAIGN", "FROM", "TO", "ABOUT", "DONE WITHIN", "NAME", ""]);
    for campaign in charter.campaigns() {
        let about: Vec<String> = campaign.categories.iter().map(ToString::to_string).collect();
        table.add_row([
            campaign.code.to_string(),
            campaign.from.to_string(),
            campaign.to.to_string(),
            if about.is_empty() { "anything".to_owned() } else { about.join(" ") },
            campaign.completion.as_ref().map_or_else(|| "as usual".to_owned(), ToString::to_string),
            campaign.name.to_string(),
            mark(campaign.provenance).to_owned(),
        ]);
    }
    table
}

/// Rows of the limits that are no named limit and no colour's: a case's by its level, and what goes by parts of a time.
pub(super) fn further_limits(charter: &Charter) -> Vec<[String; 3]> {
    let mut rows = Vec::new();
    // A category without a limit of its own has its level's.
    if let Some(plain) = charter.categories().iter().find(|category| category.limit.is_none()) {
        for level in Level::ALL {
            let limit = charter.completion_limit(level, plain);
            rows.push([format!("case of level {level}"), limit.to_string(), String::new()]);
        }
    }
    for colour in charter::Colour::ALL {
        let raised = charter.colour_limits(colour).raise_on_overdue;
        let what = if raised { "takes the next more urgent colour" } else { "stays as it is" };
        rows.push([format!("{} late", colour.as_str()), what.to_owned(), String::new()]);
    }
    let reminders: Vec<String> = charter.reminders().iter().map(|percent| format!("{percent} %")).collect();
    if !reminders.is_empty() {
        rows.push(["reminders".to_owned(), format!("after {} of completion", reminders.join(", ")), String::new()]);
    }
    rows
}
