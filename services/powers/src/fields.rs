//! Fields of requests, each checked once. What is wrong is a violation naming the field.

use std::collections::HashSet;

use charter::{Charter, PartyKind};
use ids::Code;
use jiff::{SignedDuration, Timestamp};
use proto::powers::v1 as wire;
use station::{Violation, line, optional_prose, prose};
use tonic::Status;
use vocabulary::reference::number_free;

use crate::domain::Document;
use crate::domain::hundredths::{Hundredths, HundredthsError};

/// Characters of a title, on one line.
pub const TITLE_LENGTH_MAX: usize = 200;
/// Characters of a question, an opinion, a letter: four pages.
pub const TEXT_LENGTH_MAX: usize = 4000;
/// Characters of a reason.
pub const REASON_LENGTH_MAX: usize = 2000;
/// Characters of a period, e.g. 2026-q3: with its street's code it names a history.
const PERIOD_LENGTH_MAX: usize = 16;
/// Streets asked at once: more than any district has.
pub const STREETS_MAX: usize = 100;
/// Addressees of a suggestion.
pub const ADDRESSEES_MAX: usize = 20;
/// Documents of one round.
const DOCUMENTS_MAX: usize = 20;
/// Hexadecimal digits of a SHA-256.
const SHA256_DIGITS: usize = 64;
/// Days until the latest deadline somebody may set: what takes longer is asked again.
const DUE_DAYS_MAX: i64 = 366;

pub fn code(field: &'static str, text: &str) -> Result<Code, Violation> {
    if text.is_empty() {
        return Err(Violation::new(field, "required", "it must not be empty"));
    }
    text.parse().map_err(|error: ids::CodeError| Violation::new(field, "code", error.to_string()))
}

/// Empty means none.
pub fn optional_code(field: &'static str, text: &str) -> Result<Option<Code>, Violation> {
    if text.is_empty() { Ok(None) } else { code(field, text).map(Some) }
}

pub fn party(field: &'static str, charter: &Charter, text: &str) -> Result<Code, Violation> {
    let party = code(field, text)?;
    match charter.party(party.as_str()) {
        Some(_) => Ok(party),
        None => Err(Violation::new(field, "known-party", format!("{party} is not a party of this charter"))),
    }
}

pub fn street(field: &'static str, charter: &Charter, text: &str) -> Result<Code, Violation> {
    let street = code(field, text)?;
    if charter.is_street(&street) {
        return Ok(street);
    }
    Err(Violation::new(field, "known-street", format!("{street} is no street of this charter")))
}

/// Each once.
pub fn streets(field: &'static str, charter: &Charter, named: &[String]) -> Result<Vec<Code>, Violation> {
    each_once(field, named, STREETS_MAX, |text| street(field, charter, text))
}

/// Departments, and the district's centre. Each once.
pub fn addressees(field: &'static str, charter: &Charter, named: &[String]) -> Result<Vec<Code>, Violation> {
    each_once(field, named, ADDRESSEES_MAX, |text| {
        let addressee = party(field, charter, text)?;
        let kind = charter.party(addressee.as_str()).map(|party| party.kind);
        let answers = matches!(kind, Some(PartyKind::Department | PartyKind::District));
        let description = || format!("{addressee} is neither a department nor the district");
        if answers { Ok(addressee.clone()) } else { Err(Violation::new(field, "answers-suggestions", description())) }
    })
}

/// An office of this street.
pub fn office(field: &'static str, charter: &Charter, street: &Code, text: &str) -> Result<Code, Violation> {
    let office = party(field, charter, text)?;
    let of_street = charter.street_of(&office).is_some_and(|of| of.code == *street);
    if of_street && office != *street {
        return Ok(office);
    }
    Err(Violation::new(field, "office-of-street", format!("{office} is no office of {street}")))
}

/// A person, by a reference that says nothing by itself.
pub fn person(field: &'static str, text: &str) -> Result<String, Violation> {
    station::staff_ref(field, text)
}

pub fn title(field: &'static str, text: &str) -> Result<String, Violation> {
    line(field, text, TITLE_LENGTH_MAX)
}

pub fn text(field: &'static str, text: &str) -> Result<String, Violation> {
    prose(field, text, TEXT_LENGTH_MAX)
}

pub fn optional_text(field: &'static str, text: &str) -> Result<String, Violation> {
    optional_prose(field, text, TEXT_LENGTH_MAX)
}

/// Where one is needed a rule says so.
pub fn reason(text: &str) -> Result<String, Violation> {
    optional_prose("reason", text, REASON_LENGTH_MAX)
}

/// Where one may be left out.
pub fn note(field: &'static str, text: &str) -> Result<String, Violation> {
    optional_prose(field, text, REASON_LENGTH_MAX)
}

/// Yuan, or points.
pub fn hundredths(field: &'static str, text: &str) -> Result<Hundredths, Violation> {
    if text.is_empty() {
        return Err(Violation::new(field, "required", "it must not be empty"));
    }
    text.parse().map_err(|error: HundredthsError| Violation::new(field, "two-places", error.to_string()))
}

/// A calendar year.
pub fn year(field: &'static str, year: u32) -> Result<u32, Violation> {
    match year {
        0 => Err(Violation::new(field, "required", "say which year")),
        2000..=2999 => Ok(year),
        _ => Err(Violation::new(field, "calendar-year", format!("{year} is not from 2000 to 2999"))),
    }
}

/// A code for a time, which becomes a part of a name.
pub fn period(field: &'static str, text: &str) -> Result<Code, Violation> {
    let period = code(field, text)?;
    if text.len() > PERIOD_LENGTH_MAX {
        return Err(Violation::new(field, "text-length", format!("at most {PERIOD_LENGTH_MAX} characters fit")));
    }
    Ok(period)
}

pub fn documents(documents: &[wire::Document]) -> Result<Vec<Document>, Violation> {
    if documents.len() > DOCUMENTS_MAX {
        return Err(Violation::new("documents", "list-length", format!("at most {DOCUMENTS_MAX} fit")));
    }
    let read = |document: &wire::Document| {
        let name = line("documents.name", &document.name, TITLE_LENGTH_MAX)?;
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        if document.sha256.len() != SHA256_DIGITS || !digits(&document.sha256) {
            let description = format!("{SHA256_DIGITS} hexadecimal digits in lower case, of the file's content");
            return Err(Violation::new("documents.sha256", "sha-256", description));
        }
        Ok(Document { name, sha256: document.sha256.clone() })
    };
    documents.iter().map(read).collect()
}

/// 0 means none.
pub fn optional_round(round: u32) -> Option<u32> {
    (round != 0).then_some(round)
}

/// The latest deadline that somebody may set.
pub fn latest(now: Timestamp) -> Timestamp {
    now.saturating_add(SignedDuration::from_hours(24 * DUE_DAYS_MAX)).unwrap_or(Timestamp::MAX)
}

pub fn needed(field: &'static str, description: String) -> Status {
    Violation::new(field, "required", description).into()
}

pub fn too_soon(limit: &str, earliest: Timestamp) -> Status {
    let description = format!("by the charter's limit {limit} they have time until {earliest:.0}");
    Violation::new("due", "less-than-limit", description).into()
}

pub fn no_time(now: Timestamp) -> Status {
    let description = format!("it must come after {now:.0}, within {DUE_DAYS_MAX} days");
    Violation::new("due", "deadline", description).into()
}

fn each_once<T>(
    field: &'static str,
    named: &[String],
    count_max: usize,
    read: impl Fn(&str) -> Result<T, Violation>,
) -> Result<Vec<T>, Violation> {
    if !(1..=count_max).contains(&named.len()) {
        let rule = if named.is_empty() { "required" } else { "list-length" };
        return Err(Violation::new(field, rule, format!("{} are named; 1 to {count_max} fit", named.len())));
    }
    let mut seen = HashSet::new();
    if let Some(twice) = named.iter().find(|name| !seen.insert(name.as_str())) {
        return Err(Violation::new(field, "each-once", format!("{twice:?} stands there twice")));
    }
    named.iter().map(|name| read(name)).collect()
}

/// A code that somebody chooses is no number of a person.
pub fn chosen(field: &'static str, name: &str) -> Result<(), Violation> {
    number_free(name).map_err(|wrong| Violation::new(field, "opaque-reference", wrong.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heping() -> Charter {
        Charter::shipped("heping").unwrap()
    }

    fn rule<T: std::fmt::Debug>(read: Result<T, Violation>) -> &'static str {
        read.unwrap_err().rule
    }

    #[test]
    fn streets_are_streets_and_each_once() {
        let named = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert!(streets("streets", &heping(), &named(&["heping-wudadao", "heping-nanshi"])).is_ok());
        assert_eq!(rule(streets("streets", &heping(), &named(&["heping-wudadao", "heping-wudadao"]))), "each-once");
        assert_eq!(rule(streets("streets", &heping(), &named(&["heping-market"]))), "known-street");
        assert_eq!(rule(streets("streets", &heping(), &[])), "required");
    }

    #[test]
    fn a_street_suggests_to_departments_and_the_district_and_to_no_community() {
        let read = |code: &str| addressees("addressees", &heping(), &[code.to_owned()]);
        assert!(read("heping-culture").is_ok() && read("heping-centre").is_ok());
        assert_eq!(rule(read("heping-wudadao-youyili")), "answers-suggestions");
    }

    #[test]
    fn a_document_is_named_and_known_by_its_hash() {
        let document =
            |name: &str, sha256: &str| documents(&[wire::Document { name: name.into(), sha256: sha256.into() }]);
        assert!(document("方案.pdf", &"0a".repeat(32)).is_ok());
        assert_eq!(rule(document("方案.pdf", "0a")), "sha-256");
        assert_eq!(rule(document("方案.pdf", &"0A".repeat(32))), "sha-256");
        assert_eq!(rule(document("", &"0a".repeat(32))), "required");
    }

    #[test]
    fn an_office_is_one_of_the_letters_street() {
        let street = "heping-wudadao".parse().unwrap();
        let read = |code: &str| office("office", &heping(), &street, code);
        assert!(read("heping-wudadao-public-safety").is_ok());
        for stranger in ["heping-nanshi-public-safety", "heping-wudadao", "heping-market"] {
            assert_eq!(rule(read(stranger)), "office-of-street", "{stranger}");
        }
    }
}
