//! `huying charter route`: what a charter would do with a case, answered from the charter alone.

use anyhow::Context;
use charter::{Category, Charter, Facts, Level, Route};
use comfy_table::Table;
use ids::Code;
use serde::Serialize;
use vocabulary::{CallerClass, CaseKind};

use super::checked;
use crate::failure::BadUsage;
use crate::out;

/// Show where a case would go, by which row of the decision table, how long it may take, and whom a street would call.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// The name of a charter that ships, or a folder with one
    #[arg(value_name = "NAME")]
    charter: String,
    /// What it is about, by code; several: the leading one first, as `also` of a judgement
    #[arg(long, value_name = "CODE", required_unless_present = "title")]
    category: Vec<String>,
    /// Its title instead, classified by the charter's words
    #[arg(long, conflicts_with = "category")]
    title: Option<String>,
    /// The grid, community or street in which it lies
    #[arg(long, value_name = "PARTY")]
    place: Option<String>,
    /// The channel it comes in by, which says the way, and the class and kind that are not said here
    #[arg(long, value_name = "CODE")]
    channel: Option<String>,
    /// Who raised it: resident, grassroots or enterprise
    #[arg(long)]
    class: Option<String>,
    /// report, service, suggestion or consult
    #[arg(long)]
    kind: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The charter's answer.
#[derive(Serialize)]
struct Answer {
    categories: Vec<String>,
    /// Of a title: how sure its words are; below the charter's confidence a person judges.
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<f64>,
    judged_by_a_person: bool,
    level: String,
    party: String,
    party_name: String,
    row: String,
    reason: String,
    comprehensive: bool,
    completion: String,
    evidence_needed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    duty: Option<String>,
    considered: Vec<Considered>,
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<Call>,
}

#[derive(Serialize)]
struct Considered {
    party: String,
    level: String,
    why: &'static str,
}

/// Whom the street would call under the category's situation.
#[derive(Serialize)]
struct Call {
    situation: String,
    colour: &'static str,
    lead: Vec<String>,
    supporting: Vec<String>,
    response: String,
    report_in: String,
    completion: String,
    raise_on_overdue: bool,
    reminders_percent: Vec<u8>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let charter = checked(&args.charter)?;
    let answer = answer(&charter, args)?;
    if args.json {
        return out::json(&answer);
    }
    for line in out::lines_of(table(&answer)) {
        out::line(line)?;
    }
    Ok(())
}

fn answer(charter: &Charter, args: &Args) -> anyhow::Result<Answer> {
    let (categories, confidence) = categories(charter, args)?;
    let place = args.place.as_deref().map(|place| known_place(charter, place)).transpose()?;
    let channel = args
        .channel
        .as_deref()
        .map(|code| charter.channel(code).ok_or_else(|| missing(charter, "channel", code, "--channels")))
        .transpose()?;
    let class = args.class.as_deref().map(str::parse::<CallerClass>).transpose().map_err(BadUsage::new)?;
    let kind = args.kind.as_deref().map(str::parse::<CaseKind>).transpose().map_err(BadUsage::new)?;
    let facts = Facts {
        categories: &categories,
        place: place.as_ref(),
        channel: channel.map(|channel| &channel.code),
        way: channel.map(|channel| channel.way),
        class: class.or_else(|| channel.map(|channel| channel.class)),
        kind: kind.or_else(|| channel.map(|channel| channel.kind)),
    };
    let Route { row, party, level, comprehensive } =
        charter.route(&facts).context("no row of the decision table takes it")?;
    let leading = categories[0];
    let considered = charter.considered(&categories, place.as_ref(), party).into_iter().map(|considered| Considered {
        party: considered.party.to_string(),
        level: considered.level.to_string(),
        why: considered.why.as_str(),
    });
    Ok(Answer {
        categories: categories.iter().map(|category| category.code.to_string()).collect(),
        confidence,
        judged_by_a_person: confidence.is_some_and(|confidence| confidence < charter.confidence_min),
        level: level.to_string(),
        party: party.code.to_string(),
        party_name: party.name.to_string(),
        row: row.code.to_string(),
        reason: row.reason.to_string(),
        comprehensive,
        completion: charter.completion_limit(level, leading).to_string(),
        evidence_needed: charter.needs_evidence(level, leading.code.as_str()),
        duty: leading.duty.as_ref().map(ToString::to_string),
        considered: considered.collect(),
        call: call(charter, leading, level, &party.code),
    })
}

fn categories<'c>(charter: &'c Charter, args: &Args) -> anyhow::Result<(Vec<&'c Category>, Option<f64>)> {
    let Some(title) = &args.title else {
        let known = args.category.iter().map(|code| {
            charter.category(code).ok_or_else(|| missing(charter, "category", code, "--categories").into())
        });
        return Ok((known.collect::<anyhow::Result<_>>()?, None));
    };
    let found = charter.classify(title, "");
    let best = found.first().context("no word of the catalogue is in it: a person would judge it")?;
    Ok((vec![best.category], Some(best.confidence)))
}

fn known_place(charter: &Charter, place: &str) -> anyhow::Result<Code> {
    let party = charter.party(place).ok_or_else(|| missing(charter, "party", place, "--parties"))?;
    Ok(party.code.clone())
}

fn missing(charter: &Charter, what: &str, code: &str, shown_by: &str) -> BadUsage {
    BadUsage::new(format!(
        "{code:?} is no {what} of {}; `huying charter show … {shown_by}` lists them",
        charter.district
    ))
}

/// Only a street calls, or the special group that has the case.
fn call(charter: &Charter, leading: &Category, level: Level, holder: &Code) -> Option<Call> {
    let situation = charter.situation(leading.situation.as_ref()?.as_str())?;
    let street = charter.street_of(holder).filter(|_| level == Level::B2)?;
    let colour = leading.colour.unwrap_or(situation.colour);
    let limits = charter.colour_limits(colour);
    let codes = |parties: Vec<Code>| parties.iter().map(ToString::to_string).collect();
    Some(Call {
        situation: situation.code.to_string(),
        colour: colour.as_str(),
        lead: codes(situation.lead_for(&street.code)),
        supporting: codes(situation.supporting_for(&street.code)),
        response: limits.response.to_string(),
        report_in: limits.report_in.to_string(),
        completion: limits.completion.to_string(),
        raise_on_overdue: limits.raise_on_overdue,
        reminders_percent: charter.reminders().to_vec(),
    })
}

fn table(answer: &Answer) -> Table {
    let mut table = out::table(["", ""]);
    let mut row = |name: &str, value: String| {
        table.add_row([name.to_owned(), value]);
    };
    row("about", answer.categories.join(" + "));
    if let Some(confidence) = answer.confidence {
        let judged = if answer.judged_by_a_person { ": a person judges" } else { "" };
        row("confidence", format!("{confidence:.2}{judged}"));
    }
    row("goes to", format!("{} ({})", answer.party, answer.party_name));
    row("level", answer.level.clone());
    row("by row", format!("{}: {}", answer.row, answer.reason));
    row("done within", answer.completion.clone());
    if answer.evidence_needed {
        row("evidence", "needed before it is solved".to_owned());
    }
    if let Some(duty) = &answer.duty {
        row("duty", duty.clone());
    }
    for considered in &answer.considered {
        row("considered", format!("{} at {}: {}", considered.party, considered.level, considered.why));
    }
    if let Some(call) = &answer.call {
        row("situation", format!("{}, {}", call.situation, call.colour));
        row("calls", format!("lead {}; supporting {}", call.lead.join(", "), call.supporting.join(", ")));
        let raised = if call.raise_on_overdue { "; late: the next colour" } else { "" };
        row(
            "clocks",
            format!("response {}, report-in {}, completion {}{raised}", call.response, call.report_in, call.completion),
        );
        let percent: Vec<String> = call.reminders_percent.iter().map(|percent| format!("{percent} %")).collect();
        row("reminders", format!("after {} of the time", percent.join(" and ")));
    }
    table
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot read its own data has failed")]
    use super::*;
    use crate::charters::load;

    fn asked(charter: &str, category: &[&str], place: &str) -> anyhow::Result<Answer> {
        let args = Args {
            charter: charter.to_owned(),
            category: category.iter().map(ToString::to_string).collect(),
            title: None,
            place: Some(place.to_owned()),
            channel: None,
            class: None,
            kind: None,
            json: true,
        };
        answer(&load(charter).unwrap(), &args)
    }

    #[test]
    fn a_flooded_road_is_the_streets_who_calls_the_water_bureau_and_its_own_squad() {
        let answer = asked("wuchang", &["ponding"], "wuchang-yangyuan-linjiang-grid-1").unwrap();
        assert_eq!((answer.party.as_str(), answer.level.as_str()), ("wuchang-yangyuan-command-centre", "B2"));
        let call = answer.call.unwrap();
        assert_eq!((call.colour, call.response.as_str()), ("yellow", "30min"));
        assert_eq!(call.lead, ["wuchang-water"]);
        assert_eq!(call.supporting, ["wuchang-yangyuan-squad-urban-management"]);
    }

    #[test]
    fn two_powers_are_the_enforcement_centres_and_one_the_squads() {
        let place = "wuchang-jiyuqiao-fenghuangcheng-grid-1";
        let two = asked("wuchang", &["occupied-road", "fire-hazard"], place).unwrap();
        assert_eq!((two.party.as_str(), two.row.as_str()), ("wuchang-jiyuqiao-enforcement-centre", "several-powers"));
        let one = asked("wuchang", &["occupied-road"], place).unwrap();
        assert_eq!((one.party.as_str(), one.row.as_str()), ("wuchang-jiyuqiao-squad-urban-management", "single-power"));
        assert!(one.call.is_none(), "only level B2 calls by itself");
    }

    #[test]
    fn what_there_is_not_is_said_with_where_to_look() {
        let said = asked("heping", &["pondering"], "heping-nanshi").map(|_| ()).unwrap_err().to_string();
        assert!(said.contains("\"pondering\" is no category of heping") && said.contains("--categories"), "{said}");
    }
}
