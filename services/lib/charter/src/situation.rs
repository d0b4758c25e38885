//! When a street may call, and who must come: `situations.yaml`.

use ids::Code;

use crate::list::{Entry, entries, listed};
use crate::organisation::Organisation;
use crate::reader::{Cursor, Fields, Kind, Report};
use crate::{Colour, Name, PartyPattern, Provenance};

/// One catalogue entry under which a street calls departments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Situation {
    pub code: Code,
    pub name: Name,
    pub aspect: Code,
    /// At least one: who answers for the outcome.
    pub lead: Vec<PartyPattern>,
    /// Who helps.
    pub supporting: Vec<PartyPattern>,
    pub colour: Colour,
    pub provenance: Provenance,
}

impl Situation {
    /// The lead parties when `street` calls.
    #[must_use]
    pub fn lead_for(&self, street: &Code) -> Vec<Code> {
        self.lead.iter().filter_map(|party| party.for_street(street)).collect()
    }

    /// The supporting parties when `street` calls.
    #[must_use]
    pub fn supporting_for(&self, street: &Code) -> Vec<Code> {
        self.supporting.iter().filter_map(|party| party.for_street(street)).collect()
    }

    /// Everybody who must come when `street` calls, lead first.
    #[must_use]
    pub fn parties_for(&self, street: &Code) -> Vec<Code> {
        let mut parties = self.lead_for(street);
        parties.extend(self.supporting_for(street));
        parties
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Situations {
    pub aspects: Vec<Entry>,
    pub situations: Vec<Situation>,
}

pub(crate) fn read(file: Cursor<'_, '_>) -> Situations {
    file.map(|fields| {
        let aspects = entries(fields, "aspects", Kind::Aspect);
        let listed = listed(fields, "situations", Kind::Situation, who_comes);
        let situations = listed.into_iter().map(|(Entry { code, name, provenance }, who)| {
            let WhoComes { aspect, lead, supporting, colour } = who;
            Situation { code, name, aspect, lead, supporting, colour, provenance }
        });
        Situations { aspects, situations: situations.collect() }
    })
    .unwrap_or_default()
}

#[derive(Clone)]
struct WhoComes {
    aspect: Code,
    lead: Vec<PartyPattern>,
    supporting: Vec<PartyPattern>,
    colour: Colour,
}

fn who_comes(fields: &Fields<'_, '_>) -> Option<WhoComes> {
    let aspect = fields.need("aspect").and_then(|_| fields.reference("aspect", Kind::Aspect));
    let lead: Vec<_> = fields.list("lead").into_iter().filter_map(pattern).collect();
    if lead.is_empty() {
        fields.cursor.problem("situation-has-lead", "a situation has at least one lead party");
    }
    let supporting = fields.list("supporting").into_iter().filter_map(pattern).collect();
    let colour = fields.need("colour").and_then(|cursor| cursor.parsed("colour"));
    Some(WhoComes { aspect: aspect?, lead, supporting, colour: colour? })
}

fn pattern(cursor: Cursor<'_, '_>) -> Option<PartyPattern> {
    let pattern = cursor.parsed("code-grammar")?;
    match &pattern {
        PartyPattern::Party(code) => cursor.refer(Kind::Party, code),
        PartyPattern::OfStreet(part) => match part.as_str().strip_prefix("squad-").map(str::parse) {
            Some(Ok(squad)) => cursor.refer(Kind::Squad, &squad),
            Some(Err(error)) => cursor.problem("code-grammar", error.to_string()),
            None => cursor.refer(Kind::Unit, part),
        },
    }
    Some(pattern)
}

/// Every party a situation calls must be able to take the call.
pub(crate) fn check_callable(situations: &Situations, organisation: &Organisation, report: &Report<'_>) {
    for situation in &situations.situations {
        let Some(at) = report.place_of(Kind::Situation, &situation.code) else { continue };
        for pattern in situation.lead.iter().chain(&situation.supporting) {
            if !callable(pattern, organisation) {
                let party = match pattern {
                    PartyPattern::Party(code) => code.to_string(),
                    PartyPattern::OfStreet(part) => format!("{{street}}-{part}"),
                };
                report.add(at, "party-can-be-called", format!("{party} runs no responder, so it cannot be called"));
            }
        }
    }
}

fn callable(pattern: &PartyPattern, organisation: &Organisation) -> bool {
    match pattern {
        // An unknown party is reported as such, not here.
        PartyPattern::Party(code) => organisation.party(code.as_str()).is_none_or(|party| party.responder),
        PartyPattern::OfStreet(part) => match part.as_str().strip_prefix("squad-") {
            Some(squad) => {
                organisation.squads.iter().any(|template| template.code.as_str() == squad && template.responder)
            }
            None => organisation.units.iter().any(|unit| unit.code == *part),
        },
    }
}
