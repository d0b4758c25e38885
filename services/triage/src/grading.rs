//! The charter's answer to "what is this, and whose is it?".

use charter::{Category, Charter, Facts, Level};
use ids::Code;
use jiff::Timestamp;
use station::Violation;

use crate::domain::{Candidate, Judgement, Proof, Subject, Verdict};

/// Candidates shown to the person who judges.
const CANDIDATES_MAX: usize = 5;

/// What the rules say of a case: by the category its submitter named, else by its words.
pub fn verdict(charter: &Charter, hint: &str, text: &str, subject: &Subject, now: Timestamp) -> Verdict {
    let sure = |category, confidence| {
        let judgement = judge(charter, &[category], None, subject);
        Verdict::Sure { judgement, confidence }
    };
    if let Some(category) = charter.category(hint) {
        return sure(category, 1.0);
    }
    let candidates = charter.classify(&subject.title, text);
    match candidates.first() {
        Some(best) if best.confidence >= charter.confidence_min => sure(best.category, best.confidence),
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

/// The decision table's judgement on categories, the leading one first.
pub fn judge(charter: &Charter, categories: &[&Category], situation: Option<Code>, subject: &Subject) -> Judgement {
    let leading = categories[0];
    let place = subject.place.party.as_ref();
    let facts = Facts {
        categories,
        place,
        channel: subject.source.channel.as_ref(),
        way: subject.source.way,
        class: subject.source.class,
        kind: subject.source.kind,
    };
    let route = charter.route(&facts);
    // A charter's last row takes every case; the district stands in for one that never was.
    let party = route.as_ref().map_or(charter.district_centre(), |route| route.party);
    let level = route.as_ref().map_or(Level::C, |route| route.level);
    Judgement {
        category: leading.code.clone(),
        also: categories[1..].iter().map(|category| category.code.clone()).collect(),
        level,
        comprehensive: route.as_ref().is_some_and(|route| route.comprehensive),
        situation: situation.or_else(|| leading.situation.clone()),
        colour: leading.colour,
        party: party.code.clone(),
        proof: Proof {
            rule: route.map(|route| route.row.code.clone()),
            level: Some(level),
            duty: leading.duty.clone(),
            considered: charter.considered(categories, place, party),
        },
    }
}

/// The same, at the level a person says: whoever holds cases of that level at the place gets it.
///
/// # Errors
/// What is no duty of a street is not judged into one.
pub fn judge_at(
    charter: &Charter,
    categories: &[&Category],
    situation: Option<Code>,
    subject: &Subject,
    level: Level,
) -> Result<Judgement, Violation> {
    let by_table = judge(charter, categories, situation, subject);
    if by_table.level == level {
        return Ok(by_table);
    }
    let leading = categories[0];
    if leading.never_street && level < Level::C {
        let words = format!("{} is no duty of a street, so its level is C or D", leading.code);
        return Err(Violation::new("level", "never-street", words));
    }
    let place = subject.place.party.as_ref();
    let party = charter.holder_at(level, place);
    Ok(Judgement {
        // Nobody holds a case below his own level.
        level: level.max(party.kind.level()),
        comprehensive: false,
        party: party.code.clone(),
        proof: Proof { considered: charter.considered(categories, place, party), ..by_table.proof },
        ..by_table
    })
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

#[cfg(test)]
mod tests;
