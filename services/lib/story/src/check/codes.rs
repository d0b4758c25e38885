//! Codes of a story against the charter of its district.

use charter::{Charter, PartyKind};
use serde_json::Value;

use super::Faults;
use super::nearest::unknown;
use super::steps::fields_of;
use crate::format::{Step, Story};

/// What a field's text has to be in a charter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Party,
    Category,
    Situation,
    Channel,
    Campaign,
    Power,
    Rating,
    Rank,
    Group,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Party => "party",
            Self::Category => "category",
            Self::Situation => "situation",
            Self::Channel => "channel",
            Self::Campaign => "campaign",
            Self::Power => "legal power",
            Self::Rating => "rating",
            Self::Rank => "rank of the enforcement centre",
            Self::Group => "special group",
        }
    }

    /// What of `huying charter show` lists them.
    const fn shown_by(self) -> &'static str {
        match self {
            Self::Party => "--parties",
            Self::Category => "--categories",
            Self::Situation => "--situations",
            Self::Channel => "--channels",
            Self::Campaign => "--campaigns",
            Self::Power => "--powers",
            Self::Rating => "--ratings",
            Self::Rank => "--centres",
            Self::Group => "--groups",
        }
    }

    /// The rules that refuse such a code because there is none like it.
    const fn refused_by(self) -> &'static [&'static str] {
        match self {
            Self::Party => &[
                "known-party",
                "known-centre",
                "can-be-called",
                "special-group",
                "known-street",
                "office-of-street",
                "answers-suggestions",
            ],
            Self::Category => &["known-category"],
            Self::Situation => &["known-situation"],
            Self::Channel => &["known-channel"],
            Self::Campaign => &["known-campaign"],
            Self::Power => &["known-power"],
            Self::Rating => &["known-rating"],
            Self::Rank => &["rank"],
            Self::Group => &["special-group"],
        }
    }

    fn known(self, charter: &Charter) -> Vec<&str> {
        match self {
            Self::Party => charter.parties().iter().map(|party| party.code.as_str()).collect(),
            Self::Category => charter.categories().iter().map(|category| category.code.as_str()).collect(),
            Self::Situation => charter.situations().iter().map(|situation| situation.code.as_str()).collect(),
            Self::Channel => charter.channels().iter().map(|channel| channel.code.as_str()).collect(),
            Self::Campaign => charter.campaigns().iter().map(|campaign| campaign.code.as_str()).collect(),
            Self::Power => charter.legal_powers().iter().map(|power| power.code.as_str()).collect(),
            Self::Rating => charter.ratings().iter().map(|rating| rating.code.as_str()).collect(),
            Self::Rank => charter.centre().ranks.iter().map(ids::Code::as_str).collect(),
            Self::Group => charter.groups().iter().map(|group| group.code.as_str()).collect(),
        }
    }
}

/// What a field of a verb holds; none if no code.
fn kind_of(verb: &str, field: &str) -> Option<Kind> {
    Some(match (verb, field) {
        (_, "category" | "also") => Kind::Category,
        (_, "situation") => Kind::Situation,
        (_, "channel") => Kind::Channel,
        (_, "campaign") => Kind::Campaign,
        (_, "power" | "licence") => Kind::Power,
        ("rate", "rating") => Kind::Rating,
        ("seat-officer", "rank") => Kind::Rank,
        (_, "group") => Kind::Group,
        ("escalate" | "adjudicate" | "second-officer" | "take-next-step", "to")
        | ("second-officer", "from")
        | (
            _,
            "party" | "parties" | "members" | "lead" | "present" | "centre" | "proposes" | "owned_by" | "managed_by"
            | "used_by" | "assessed_by" | "street" | "streets" | "addressees" | "office" | "talk_with",
        )
        | ("send-letter", "unit") => Kind::Party,
        _ => return None,
    })
}

/// A step that is refused for a code there is not says so by the rule; refused for anything else, its codes are right.
pub fn step(number: usize, step: &Step, charter: &Charter, faults: &mut Faults) {
    for (field, value) in fields_of(&step.with) {
        let (Some(kind), Value::String(code)) = (kind_of(&step.action, field), value) else { continue };
        let refused = step.refused.as_deref();
        if refused.is_some_and(|rule| kind.refused_by().contains(&rule)) {
            continue;
        }
        if let Some(said) = fault(kind, code, charter) {
            let rules = kind.refused_by().join(", ");
            let claim =
                refused.map(|rule| format!("; {rule} is another reason: if it is refused for that, by {rules}"));
            faults.in_step(number, code, format!("{said}{}", claim.unwrap_or_default()));
        }
    }
}

/// What a field of a fact holds; none if no code.
fn kind_in_fact(field: &str) -> Option<Kind> {
    Some(match field {
        "party" | "parties" | "from_party" | "to_party" | "calling_party" | "told" | "centre" | "owner"
        | "proposes" | "adjudicator" | "lead" | "members" | "present" | "absent" | "residents" | "owned_by"
        | "managed_by" | "used_by" | "assessed_by" | "city" => Kind::Party,
        "category" | "also" | "categories" => Kind::Category,
        "situation" => Kind::Situation,
        "channel" => Kind::Channel,
        "campaign" => Kind::Campaign,
        "power" | "licence" => Kind::Power,
        "rating" => Kind::Rating,
        "rank" => Kind::Rank,
        "group" => Kind::Group,
        _ => return None,
    })
}

/// What is wrong with a code that a fact is to have: a fact that cannot be is absent for the wrong reason.
pub fn in_fact(field: &str, code: &str, charter: &Charter) -> Option<String> {
    fault(kind_in_fact(field)?, code, charter)
}

/// A code that an expectation names.
pub fn expected(number: usize, field: &str, code: &str, charter: &Charter, faults: &mut Faults) {
    let kind = match field {
        "category" => Kind::Category,
        _ => Kind::Party,
    };
    if let Some(said) = fault(kind, code, charter) {
        faults.in_expectation(number, code, said);
    }
}

fn fault(kind: Kind, code: &str, charter: &Charter) -> Option<String> {
    let known = kind.known(charter);
    if code.is_empty() || known.contains(&code) {
        return None;
    }
    let said = unknown(kind.name(), code, known);
    Some(format!("{said} (huying charter show {} {})", charter.district, kind.shown_by()))
}

/// Whether everybody who acts is somebody there is, in the role they act in.
pub fn actors(story: &Story, charter: &Charter, faults: &mut Faults) {
    for (name, actor) in &story.actors {
        let at = format!("{name}:");
        if actor.role == "caller" || actor.party.is_empty() {
            if actor.role != "caller" {
                faults.at(&at, format!("{name} acts as {} and names no party", actor.role));
            }
            continue;
        }
        let Some(party) = charter.party(&actor.party) else {
            faults.at(&at, fault(Kind::Party, &actor.party, charter).unwrap_or_default());
            continue;
        };
        let fits = match actor.role.as_str() {
            "grid" => party.kind == PartyKind::Grid,
            "department" => party.responder,
            "enforcement-center" => {
                let centre =
                    |street| charter.unit_of(street, "enforcement-centre").is_some_and(|unit| unit.code == party.code);
                charter.street_of(&party.code).is_some_and(|street| centre(&street.code))
            }
            _ => true,
        };
        if !fits {
            let why = match actor.role.as_str() {
                "grid" => "is no grid: a community without grids acts as community",
                "department" => "cannot be called, so it has no desk of its own",
                _ => "is no street's enforcement centre",
            };
            faults.at(&at, format!("{name}: {} {why}", party.code));
        }
    }
}
