//! What people write, on its way in: bounded, trimmed, without characters that move a terminal and without the numbers that
//! would name a person (D8). No other way leads from a request to the record, so that whatever is shown of it can be.

use charter::Charter;
use ids::Code;
use proto::common::v1 as common;
use vocabulary::mask::mask;
use vocabulary::text::{is_placeholder, stray_control, tidy};
use vocabulary::{Officer, Place};

use crate::refusal::Violation;
use crate::wire;

/// Characters of a staff number, of whoever's making.
pub const STAFF_REF_LENGTH_MAX: usize = 128;
/// Characters of a post.
pub const POST_LENGTH_MAX: usize = 200;
/// Characters of an address, as intake takes them.
pub const ADDRESS_LENGTH_MAX: usize = 500;

/// A text that must say something.
///
/// # Errors
/// Empty or a placeholder, longer than `length_max` characters, or with control characters.
pub fn prose(field: &'static str, text: &str, length_max: usize) -> Result<String, Violation> {
    said(field, optional_prose(field, text, length_max)?)
}

/// A text that may be empty, as one is that only stands for not knowing.
///
/// # Errors
/// Longer than `length_max` characters, or with control characters.
pub fn optional_prose(field: &'static str, text: &str, length_max: usize) -> Result<String, Violation> {
    Ok(mask(&bounded(field, text, (length_max, true))?).0)
}

/// The same as [`prose`] on one line: a title, a name.
///
/// # Errors
/// As there, or with line ends.
pub fn line(field: &'static str, text: &str, length_max: usize) -> Result<String, Violation> {
    said(field, optional_line(field, text, length_max)?)
}

/// A line that may be empty: a post, an address.
///
/// # Errors
/// As [`optional_prose`], or with line ends.
pub fn optional_line(field: &'static str, text: &str, length_max: usize) -> Result<String, Violation> {
    Ok(mask(&bounded(field, text, (length_max, false))?).0)
}

/// A line that is kept as it was said, because it goes nowhere but where people are kept.
///
/// # Errors
/// As [`optional_line`].
pub fn unmasked_line(field: &'static str, text: &str, length_max: usize) -> Result<String, Violation> {
    bounded(field, text, (length_max, false))
}

/// A staff number: a reference that says nothing by itself, as those of callers are, so never a name, nor a telephone's number.
///
/// # Errors
/// Left out, or no such reference.
pub fn staff_ref(field: &'static str, text: &str) -> Result<String, Violation> {
    said(field, optional_staff_ref(field, text)?)
}

/// The same, where nobody need have one.
///
/// # Errors
/// No reference.
pub fn optional_staff_ref(field: &'static str, text: &str) -> Result<String, Violation> {
    let said = bounded(field, text, (STAFF_REF_LENGTH_MAX, false))?;
    let opaque = vocabulary::reference::check(&said);
    opaque.map_err(|wrong| Violation::new(field, "opaque-reference", wrong.to_string()))?;
    Ok(said)
}

/// The number of somebody who has to be on the record already, whatever was taken for one when they came there.
///
/// # Errors
/// Left out, too long, or with control characters.
pub fn recorded_staff_ref(field: &'static str, text: &str) -> Result<String, Violation> {
    said(field, bounded(field, text, (STAFF_REF_LENGTH_MAX, false))?)
}

/// The fields of an officer, as the contract of a request names them: the whole, number and post.
pub const OFFICER: [&str; 3] = ["officer", "officer.staff_ref", "officer.post"];

/// An official in office.
///
/// # Errors
/// Left out, without a staff number, or with a post that is none.
pub fn officer(fields: [&'static str; 3], officer: Option<&common::Officer>) -> Result<Officer, Violation> {
    let [whole, number, post] = fields;
    let missing = || Violation::new(whole, "required", "name the person by staff number");
    let officer = officer.ok_or_else(missing)?;
    Ok(Officer {
        staff_ref: staff_ref(number, &officer.staff_ref)?,
        post: optional_line(post, &officer.post, POST_LENGTH_MAX)?,
    })
}

/// The fields of a place, as the contract of a request names them: the whole, party, address, longitude and latitude.
pub const PLACE: [&str; 5] = ["place", "place.party", "place.address", "place.longitude", "place.latitude"];

/// Where something is; nowhere, if nobody says. Everything that intake asks of a place.
///
/// # Errors
/// A party that is no grid, community or street of the charter, an address that is none, or degrees off the globe.
pub fn place(fields: [&'static str; 5], charter: &Charter, place: Option<&common::Place>) -> Result<Place, Violation> {
    let [whole, party_field, address, longitude, latitude] = fields;
    let Some(said) = place else { return Ok(Place::default()) };
    let party = if is_placeholder(&said.party) { "" } else { said.party.trim() };
    let point = wire::point(said).map_err(|error| Violation::new(whole, "coordinate-pair", error.to_string()))?;
    if let Some(point) = point {
        in_range(longitude, point.longitude, 180.0)?;
        in_range(latitude, point.latitude, 90.0)?;
    }
    let description = || format!("{party:?} is no grid, community or street of this charter");
    let unknown = || Violation::new(party_field, "known-party", description());
    let known = |code: &str| charter.place(code).map(|place| place.code.clone());
    let party: Option<Code> = if party.is_empty() { None } else { Some(known(party).ok_or_else(unknown)?) };
    Ok(Place { party, address: optional_line(address, &said.address, ADDRESS_LENGTH_MAX)?, point })
}

/// The number of something within a case: a call, a task, an order, a notice.
///
/// # Errors
/// Left out.
pub fn counted(field: &'static str, number: u32) -> Result<u32, Violation> {
    if number == 0 { Err(Violation::new(field, "required", "they are counted from 1")) } else { Ok(number) }
}

fn said(field: &'static str, text: String) -> Result<String, Violation> {
    if text.is_empty() { Err(Violation::new(field, "required", "it must not be empty")) } else { Ok(text) }
}

fn bounded(field: &'static str, text: &str, (length_max, has_lines): (usize, bool)) -> Result<String, Violation> {
    let text = if is_placeholder(text) { String::new() } else { tidy(text) };
    let length = text.chars().count();
    if length > length_max {
        let description = format!("it has {length} characters, at most {length_max} fit");
        return Err(Violation::new(field, "text-length", description));
    }
    if let Some(stray) = stray_control(&text, has_lines) {
        return Err(Violation::new(field, "control-character", stray.to_string()));
    }
    Ok(text)
}

fn in_range(field: &'static str, value: f64, bound: f64) -> Result<(), Violation> {
    if value.is_finite() && value.abs() <= bound {
        return Ok(());
    }
    Err(Violation::new(field, "coordinate-range", format!("{value} is not within ±{bound} degrees")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHECK_IN: [&str; 5] =
        ["check_in", "check_in.party", "check_in.address", "check_in.longitude", "check_in.latitude"];

    fn rule<T: std::fmt::Debug>(read: Result<T, Violation>) -> (&'static str, &'static str) {
        read.map_err(|violation| (violation.field, violation.rule)).unwrap_err()
    }

    #[test]
    fn an_officer_is_a_number_and_a_post_that_can_be_shown() {
        let read = |staff_ref: &str, post: &str| {
            officer(OFFICER, Some(&common::Officer { staff_ref: staff_ref.to_owned(), post: post.to_owned() }))
        };
        let taken = read(" cg-0917 ", "科长 13800138000").unwrap();
        assert_eq!((taken.staff_ref.as_str(), taken.post.as_str()), ("cg-0917", "科长 [telephone]"));
        assert_eq!(read("9", "无").unwrap().post, "");
        assert_eq!(rule(read("9", "科长\u{1b}[31m")), ("officer.post", "control-character"));
        assert_eq!(rule(read("9\u{1b}[31m", "")), ("officer.staff_ref", "control-character"));
        assert_eq!(rule(read("9", &"长".repeat(201))), ("officer.post", "text-length"));
        assert_eq!(rule(read(&"9".repeat(129), "")), ("officer.staff_ref", "text-length"));
        assert_eq!(rule(read("N/A", "")), ("officer.staff_ref", "required"));
        for name in ["张三丰", "13800138000", "Chen Wei"] {
            assert_eq!(rule(read(name, "")), ("officer.staff_ref", "opaque-reference"), "{name}");
        }
        assert_eq!(rule(officer(OFFICER, None)), ("officer", "required"));
    }

    #[test]
    fn a_place_is_on_the_globe_and_its_party_in_the_charter() {
        let charter = Charter::shipped("wuchang").unwrap();
        let wuchang = |longitude: f64, latitude: f64, address: &str| common::Place {
            party: "wuchang-jiyuqiao".to_owned(),
            address: address.to_owned(),
            longitude: Some(longitude),
            latitude: Some(latitude),
        };
        let read = |said: &common::Place| place(CHECK_IN, &charter, Some(said));
        let taken = read(&wuchang(114.3, 30.5, "桥头，请打13800138000")).unwrap();
        assert_eq!(taken.address, "桥头，请打[telephone]");
        assert_eq!(rule(read(&wuchang(999.0, 1.0, ""))), ("check_in.longitude", "coordinate-range"));
        assert_eq!(rule(read(&wuchang(1.0, f64::NAN, ""))), ("check_in.latitude", "coordinate-range"));
        assert_eq!(rule(read(&wuchang(1.0, 1.0, "桥头\u{1b}[31m"))), ("check_in.address", "control-character"));
        for stranger in ["nowhere", "wuchang-water"] {
            let stranger = common::Place { party: stranger.to_owned(), ..Default::default() };
            assert_eq!(rule(read(&stranger)), ("check_in.party", "known-party"));
        }
        let half = common::Place { longitude: Some(1.0), ..Default::default() };
        assert_eq!(rule(read(&half)), ("check_in", "coordinate-pair"));
        assert_eq!(place(CHECK_IN, &charter, None), Ok(Place::default()));
    }

    #[test]
    fn what_stands_for_not_knowing_says_nothing() {
        assert_eq!(optional_prose("note", " 不详 ", 10), Ok(String::new()));
        assert_eq!(rule(prose("note", "（无）", 10)), ("note", "required"));
        assert_eq!(rule(line("title", "一行\n二行", 10)), ("title", "control-character"));
        assert_eq!(prose("note", "一行\n二行", 10), Ok("一行\n二行".to_owned()));
    }
}
