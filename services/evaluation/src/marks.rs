//! Marks from elsewhere, as a file has them: read whole or not at all, and what is wrong is named by row and field.

use std::collections::BTreeMap;

use charter::{Charter, PartyKind};
use ids::Code;
use rust_decimal::Decimal;
use station::Violation;
use vocabulary::number::is_number;

use crate::domain::period::{MARK_PLACES_MAX, MARKS_MAX};

/// Bytes of a file: far more than so many rows have.
const BYTES_MAX: usize = 64 * 1024;
/// Where in a request the file stands.
const FIELD: &str = "content";
const COLUMNS: [&str; 2] = ["party", "mark"];

/// # Errors
/// INVALID_ARGUMENT, naming the first row and column that is wrong. Rows are counted as lines of the file.
pub fn read(content: &str, charter: &Charter) -> Result<BTreeMap<Code, Decimal>, Violation> {
    let wrong = |rule, description: String| Violation::new(FIELD, rule, description);
    if content.len() > BYTES_MAX {
        return Err(wrong("file-size", format!("{} bytes, at most {BYTES_MAX} fit", content.len())));
    }
    let content = content.strip_prefix('\u{feff}').unwrap_or(content);
    let mut rows = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(content.as_bytes());
    let unreadable = |error: csv::Error| wrong("csv", error.to_string());
    let header = rows.headers().map_err(unreadable)?.clone();
    let place = |column: &str| {
        let place = header.iter().position(|name| name == column);
        place
            .ok_or_else(|| wrong("columns", format!("there is no column {column}; it takes {}", COLUMNS.join(" and "))))
    };
    let (party_at, mark_at) = (place("party")?, place("mark")?);
    let mut marks = BTreeMap::new();
    for row in rows.records() {
        let row = row.map_err(unreadable)?;
        let line = row.position().map_or(0, csv::Position::line);
        let cell = |at: usize| row.get(at).unwrap_or_default();
        let at = |column: &str, text: String| format!("line {line}, {column}: {text}");
        let (party, mark) = (cell(party_at), cell(mark_at));
        let unit = unit(party, charter).map_err(|why| wrong("known-unit", at("party", why)))?;
        let mark = mark_of(mark).map_err(|why| wrong("mark-0-to-100", at("mark", why)))?;
        if marks.len() >= MARKS_MAX {
            return Err(wrong("list-length", at("party", format!("{MARKS_MAX} rows fit"))));
        }
        if marks.insert(unit, mark).is_some() {
            return Err(wrong("each-once", at("party", format!("{party} stands there twice"))));
        }
    }
    if marks.is_empty() {
        return Err(wrong("list-length", "there is no row with a mark".to_owned()));
    }
    Ok(marks)
}

fn unit(party: &str, charter: &Charter) -> Result<Code, String> {
    match charter.party(party) {
        None => Err(format!("{party:?} is not a unit of this charter")),
        Some(known) if known.kind == PartyKind::External => {
            Err(format!("{party} is an outside unit, and has no result"))
        }
        Some(known) => Ok(known.code.clone()),
    }
}

fn mark_of(text: &str) -> Result<Decimal, String> {
    let wrong = || format!("{text:?} is not from 0 to 100 with at most {MARK_PLACES_MAX} places");
    let mark = Decimal::from_str_exact(text).ok().filter(|_| is_number(text)).ok_or_else(wrong)?;
    let fits = (Decimal::ZERO..=Decimal::ONE_HUNDRED).contains(&mark) && mark.scale() <= MARK_PLACES_MAX;
    if fits && !text.starts_with('-') { Ok(mark.normalize()) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wuchang() -> Charter {
        Charter::parse(&charter::shipped_sources("wuchang").unwrap()).unwrap()
    }

    fn refused(content: &str) -> (String, String) {
        let violation = read(content, &wuchang()).unwrap_err();
        (violation.rule.to_owned(), violation.description)
    }

    #[test]
    fn a_mark_is_taken_for_a_known_unit_and_from_0_to_100() {
        let marks = read("\u{feff}mark,party\n98.5,wuchang-construction\n 100 , wuchang-water \n", &wuchang()).unwrap();
        let shown: Vec<String> = marks.iter().map(|(unit, mark)| format!("{unit} {mark}")).collect();
        assert_eq!(shown, ["wuchang-construction 98.5", "wuchang-water 100"]);
    }

    #[test]
    fn what_is_wrong_with_a_file_is_named_by_row_and_field() {
        let of = |rule: &str, description: &str| (rule.to_owned(), description.to_owned());
        assert_eq!(
            refused("party,mark\nwuchang-construction,90\nwuchang-ghosts,90\n"),
            of("known-unit", "line 3, party: \"wuchang-ghosts\" is not a unit of this charter")
        );
        for mark in ["100.1", "-1", "1e2", "98.12345", "", "九十", "+5"] {
            let said = format!("line 2, mark: {mark:?} is not from 0 to 100 with at most 4 places");
            assert_eq!(refused(&format!("party,mark\nwuchang-construction,{mark}\n")), of("mark-0-to-100", &said));
        }
        assert_eq!(refused("party,mark\nwuchang-construction,90\nwuchang-construction,91\n").0, "each-once");
        assert_eq!(refused("unit,mark\nwuchang-construction,90\n").0, "columns");
        assert_eq!(refused("party,mark\n").0, "list-length");
        assert_eq!(refused("party,mark\nwuchang-construction\n").0, "csv");
        assert_eq!(refused(&"x".repeat(BYTES_MAX + 1)).0, "file-size");
    }
}
