//! The charter's answer to "what is this, and whose is it?".

use charter::{Category, Charter, Level, PartyKind};
use ids::Code;
use jiff::Timestamp;
use station::Violation;
use vocabulary::Place;

use crate::domain::{Candidate, Judgement, Verdict};

/// Candidates shown to the person who judges.
const CANDIDATES_MAX: usize = 5;

/// What the rules say of a case: by the category its submitter named, else by its words.
pub fn verdict(charter: &Charter, hint: &str, title: &str, text: &str, place: &Place, now: Timestamp) -> Verdict {
    if let Some(category) = charter.category(hint) {
        return Verdict::Sure { judgement: judge(charter, &[category], None, None, place), confidence: 1.0 };
    }
    let candidates = charter.classify(title, text);
    match candidates.first() {
        Some(best) if best.confidence >= charter.confidence_min => Verdict::Sure {
            judgement: judge(charter, &[best.category], None, None, place),
            confidence: best.confidence,
        },
        best => {
            let reason = match best {
                None => "no word of the catalogue is in it".to_owned(),
                Some(best) => {
                    format!("confidence {:.2} is below {:.2}", best.confidence, charter.confidence_min)
                }
            };
            let candidates = candidates
                .iter()
                .take(CANDIDATES_MAX)
                .map(|found| Candidate { category: found.category.code.clone(), confidence: found.confidence })
                .collect();
            let due = charter.limit("judgement").map_or(now, |limit| charter.deadline(now, limit).due);
            Verdict::Unsure { reason, candidates, due }
        }
    }
}

/// A judgement on categories (the leading one first), with what a person may decide differently.
pub fn judge(
    charter: &Charter,
    categories: &[&Category],
    level: Option<Level>,
    situation: Option<Code>,
    place: &Place,
) -> Judgement {
    let leading = categories[0];
    let mut powers: Vec<&Code> = categories.iter().flat_map(|category| &category.powers).collect();
    powers.sort_unstable();
    powers.dedup();
    let street = place.party.as_ref().and_then(|party| charter.street_of(party));
    let centre = street.and_then(|street| charter.unit_of(&street.code, "enforcement-centre"));
    let comprehensive = powers.len() >= 2 && centre.is_some() && level.is_none_or(|level| level == Level::B1);

    let party = match (centre, level) {
        (Some(centre), _) if comprehensive => centre,
        (_, Some(level)) if level != leading.level => owner_at(charter, level, place),
        _ => charter.owner_for(leading, place.party.as_ref()),
    };
    let wanted = if comprehensive { Level::B1 } else { level.unwrap_or(leading.level) };
    Judgement {
        category: leading.code.clone(),
        also: categories[1..].iter().map(|category| category.code.clone()).collect(),
        // Nobody holds a case below his own level.
        level: wanted.max(level_of(party.kind)),
        comprehensive,
        situation: situation.or_else(|| leading.situation.clone()),
        colour: leading.colour,
        party: party.code.clone(),
    }
}

/// Category codes of a request as categories.
///
/// # Errors
/// One of them is not in the charter.
pub fn categories<'c>(charter: &'c Charter, leading: &str, also: &[String]) -> Result<Vec<&'c Category>, Violation> {
    std::iter::once(("category", leading))
        .chain(also.iter().map(|code| ("also", code.as_str())))
        .map(|(field, code)| {
            let unknown =
                || Violation::new(field, "known-category", format!("{code:?} is not a category of this charter"));
            charter.category(code).ok_or_else(unknown)
        })
        .collect()
}

/// Who holds cases of a level at a place when the category does not say.
fn owner_at<'c>(charter: &'c Charter, level: Level, place: &Place) -> &'c charter::Party {
    let place = place.party.as_ref();
    let command_centre = || {
        let street = place.and_then(|party| charter.street_of(party));
        street.and_then(|street| charter.unit_of(&street.code, "command-centre"))
    };
    let owner = match level {
        Level::A => place.and_then(|party| charter.community_of(party)).or_else(command_centre),
        Level::B1 | Level::B2 => command_centre(),
        Level::C | Level::D => None,
    };
    owner.unwrap_or(charter.district_centre())
}

fn level_of(kind: PartyKind) -> Level {
    match kind {
        PartyKind::Grid | PartyKind::Community | PartyKind::External => Level::A,
        PartyKind::Street | PartyKind::Unit | PartyKind::Squad => Level::B1,
        PartyKind::Department | PartyKind::Group | PartyKind::District => Level::C,
        PartyKind::City => Level::D,
    }
}
