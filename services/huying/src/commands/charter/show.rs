//! `huying charter show`: a charter for people.

use charter::{Category, Charter, DutyKind, Handler, Party, PartyPattern};
use comfy_table::Table;

use super::mark;
use super::{checked, lists, title};
use crate::out;

/// One part of a charter, as a table.
type Section = fn(&Charter) -> Table;

/// Show what a charter says; a summary, or the parts that are named.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// The name of a charter that ships, or a folder with one
    #[arg(value_name = "NAME")]
    charter: String,
    /// Who there is: every party with its kind, and whether it can be called
    #[arg(long)]
    parties: bool,
    /// What a case can be about, and whose it is then
    #[arg(long)]
    categories: bool,
    /// When a street may call, and who has to come
    #[arg(long)]
    situations: bool,
    /// How long everything may take
    #[arg(long)]
    limits: bool,
    /// The decision table: who gets a case, at which level, row by row
    #[arg(long)]
    grading: bool,
    /// The duties of a street, what they are about, and who leads
    #[arg(long)]
    duties: bool,
    /// The special groups, who chairs them and whom they schedule
    #[arg(long)]
    groups: bool,
    /// Where cases come in: the way, class and kind of each channel, and the bridge that carries it
    #[arg(long)]
    channels: bool,
    /// What a caller can say of the outcome, what scores are made of, and how the share of the street is counted
    #[arg(long)]
    ratings: bool,
    /// How the streets' enforcement centres are manned
    #[arg(long)]
    centres: bool,
    /// The legal powers, and the squad that holds each
    #[arg(long)]
    powers: bool,
    /// Campaigns with limits of their own
    #[arg(long)]
    campaigns: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let charter = checked(&args.charter)?;
    let sections: [(bool, Section); 12] = [
        (args.parties, parties),
        (args.categories, categories),
        (args.situations, situations),
        (args.limits, limits),
        (args.grading, super::tables::grading),
        (args.duties, duties),
        (args.groups, groups),
        (args.channels, lists::channels),
        (args.ratings, lists::ratings),
        (args.centres, lists::centres),
        (args.powers, lists::powers),
        (args.campaigns, lists::campaigns),
    ];
    if sections.iter().all(|(wanted, _)| !wanted) {
        return summary(&charter);
    }
    for (_, table) in sections.iter().filter(|(wanted, _)| *wanted) {
        for line in out::lines_of(table(&charter)) {
            out::line(line)?;
        }
    }
    Ok(())
}

fn summary(charter: &Charter) -> anyhow::Result<()> {
    out::line(title(charter))?;
    let bridges = charter.bridges().iter().map(|bridge| bridge.code.to_string()).collect::<Vec<_>>();
    let components = charter.formula().components.iter().map(|part| format!("{} {}", part.weight, part.code));
    let facts = [
        ("time zone", charter.time_zone.iana_name().unwrap_or("unnamed").to_owned()),
        ("streets", charter.find_parties(charter::PartyKind::Street).count().to_string()),
        ("channels", charter.channels().len().to_string()),
        ("bridges", bridges.join(", ")),
        ("duties", charter.duties().len().to_string()),
        ("groups", charter.groups().len().to_string()),
        ("score", components.collect::<Vec<_>>().join(" + ")),
    ];
    for (name, value) in facts {
        out::line(format_args!("  {name:<9}  {value}"))?;
    }
    eprintln!(
        "--parties, --categories, --situations, --limits, --grading, --duties, --groups, --channels, --ratings, --centres,"
    );
    eprintln!("--powers and --campaigns show more; `huying charter route` says where a case would go");
    Ok(())
}

fn parties(charter: &Charter) -> Table {
    let mut table = out::table(["PARTY", "KIND", "ABOVE", "CALLABLE", "NAME", ""]);
    for party in charter.parties() {
        let Party { code, name, kind, parent, provenance, responder, .. } = party;
        table.add_row([
            code.to_string(),
            kind.as_str().to_owned(),
            parent.as_ref().map(ToString::to_string).unwrap_or_default(),
            if *responder { "yes".to_owned() } else { String::new() },
            name.to_string(),
            mark(*provenance).to_owned(),
        ]);
    }
    table
}

fn categories(charter: &Charter) -> Table {
    let mut table = out::table(["CATEGORY", "LEVEL", "HANDLER", "SITUATION", "LIMIT", "NAME", ""]);
    for category in charter.categories() {
        table.add_row([
            category.code.to_string(),
            category.level.as_str().to_owned(),
            handler(&category.handler),
            category.situation.as_ref().map(ToString::to_string).unwrap_or_default(),
            charter.completion_limit(category.level, category).to_string(),
            category.name.to_string(),
            mark(category.provenance).to_owned(),
        ]);
    }
    table
}

fn handler(handler: &Handler) -> String {
    match handler {
        Handler::Grid => "grid".to_owned(),
        Handler::Community => "community".to_owned(),
        Handler::Unit(code) => format!("unit {code}"),
        Handler::Squad(code) => format!("squad {code}"),
        Handler::EnforcementCentre => "enforcement centre".to_owned(),
        Handler::StreetCommandCentre => "street command centre".to_owned(),
        Handler::District => "district".to_owned(),
    }
}

fn situations(charter: &Charter) -> Table {
    let parties = |patterns: &[PartyPattern]| {
        let written = patterns.iter().map(|pattern| match pattern {
            PartyPattern::Party(code) => named(charter, code),
            PartyPattern::OfStreet(part) => format!("{{street}}-{part}"),
        });
        written.collect::<Vec<_>>().join(", ")
    };
    let mut table = out::table(["SITUATION", "ASPECT", "COLOUR", "LEAD", "SUPPORTING", "NAME", ""]);
    for situation in charter.situations() {
        table.add_row([
            situation.code.to_string(),
            situation.aspect.to_string(),
            situation.colour.as_str().to_owned(),
            parties(&situation.lead),
            parties(&situation.supporting),
            situation.name.to_string(),
            mark(situation.provenance).to_owned(),
        ]);
    }
    table
}

fn limits(charter: &Charter) -> Table {
    let mut table = out::table(["LIMIT", "TIME", ""]);
    for colour in charter::Colour::ALL {
        let limits = charter.colour_limits(colour);
        for (name, limit) in
            [("response", limits.response), ("report-in", limits.report_in), ("completion", limits.completion)]
        {
            table.add_row([
                format!("{} {name}", colour.as_str()),
                limit.to_string(),
                mark(limits.provenance).to_owned(),
            ]);
        }
    }
    for row in lists::further_limits(charter) {
        table.add_row(row);
    }
    for named in charter.limits() {
        table.add_row([named.code.to_string(), named.limit.to_string(), mark(named.provenance).to_owned()]);
    }
    table
}

/// Who leads what: the categories of each duty, each with whoever has its cases.
fn duties(charter: &Charter) -> Table {
    let mut table = out::table(["DUTY", "KIND", "ABOUT", "NAME", ""]);
    for duty in charter.duties() {
        let under = charter.categories().iter().filter(|category| category.duty.as_ref() == Some(&duty.code));
        let about = |category: &Category| format!("{} ({})", category.code, handler(&category.handler));
        let kind = match duty.kind {
            DutyKind::Lead => "lead",
            DutyKind::Organise => "organise",
            DutyKind::Assist => "assist",
        };
        table.add_row([
            duty.code.to_string(),
            kind.to_owned(),
            under.map(about).collect::<Vec<_>>().join(", "),
            duty.name.to_string(),
            mark(duty.provenance).to_owned(),
        ]);
    }
    table
}

fn groups(charter: &Charter) -> Table {
    let mut table = out::table(["GROUP", "CLASS", "CHAIR", "DEPARTMENTS", "NAME", ""]);
    for group in charter.groups() {
        let departments: Vec<String> = group.departments().iter().map(|code| named(charter, code)).collect();
        table.add_row([
            group.code.to_string(),
            group.class.to_string(),
            group.chair.to_string(),
            departments.join(", "),
            group.name.to_string(),
            mark(group.provenance).to_owned(),
        ]);
    }
    table
}

/// A party's code, and what it is called.
fn named(charter: &Charter, code: &ids::Code) -> String {
    let name = charter.party(code.as_str()).map(|party| party.name.to_string());
    format!("{code} ({})", name.unwrap_or_default())
}
