//! The JSON form of messages, as others write and read it: <https://protobuf.dev/programming-guides/json/>.
//!
//! The generated code is stricter than that mapping. Here `null` says nothing, as it does there, a whole number may have a
//! point (`1.0`), and what does not fit is named by its field. And what it cannot say it would not say at all: a word that
//! a newer service uses is written as its number ([`Word`]), so that one of them hides no message, timeline or feed.

use std::fmt;

use serde::de::{DeserializeOwned, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Number, Value};

/// Largest whole number that every reader of JSON has as itself.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;
/// The mark that some programs put before everything they write.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// What does not fit, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// As it was written, e.g. `place.longitude` or `parties[1].party`; empty if it is no field's fault.
    pub field: String,
    pub what: String,
}

/// Whether bytes are meant as JSON and not as protobuf: no message of ours begins in such a way.
#[must_use]
pub fn is_json(bytes: &[u8]) -> bool {
    let begun = bytes.strip_prefix(MARK).unwrap_or(bytes).trim_ascii_start();
    begun.starts_with(b"{") || begun.starts_with(b"[") || begun == b"null" || bytes.starts_with(MARK)
}

/// A message.
///
/// # Errors
/// Everything that does not fit.
pub fn read<M: DeserializeOwned>(text: &str) -> Result<M, Vec<Fault>> {
    let whole = |error: serde_json::Error| vec![Fault { field: String::new(), what: error.to_string() }];
    let Written(value) = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(whole)?;
    serde_json::from_value(value.clone()).map_err(|error| {
        let mut faults = Vec::new();
        if let Value::Object(fields) = &value {
            look_into::<M>(fields, "", &|alone| alone, &mut faults);
        }
        faults.sort_by(|one, other| one.field.cmp(&other.field));
        if faults.is_empty() { whole(error) } else { faults }
    })
}

/// Nothing in a message is required, so each field can be tried by itself. `place` puts it where it belongs.
fn look_into<M: DeserializeOwned>(
    fields: &Map<String, Value>,
    path: &str,
    place: &dyn Fn(Value) -> Value,
    faults: &mut Vec<Fault>,
) {
    for (name, value) in fields {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let alone = |value: Value| place(Value::Object(Map::from_iter([(name.clone(), value)])));
        look_at::<M>(value, &path, &alone, faults);
    }
}

fn look_at<M: DeserializeOwned>(value: &Value, path: &str, place: &dyn Fn(Value) -> Value, faults: &mut Vec<Fault>) {
    let Err(error) = serde_json::from_value::<M>(place(value.clone())) else { return };
    let before = faults.len();
    match value {
        Value::Object(fields) => look_into::<M>(fields, path, place, faults),
        Value::Array(elements) => {
            for (number, element) in elements.iter().enumerate() {
                let alone = |value: Value| place(Value::Array(vec![value]));
                look_at::<M>(element, &format!("{path}[{number}]"), &alone, faults);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    if faults.len() == before {
        faults.push(Fault { field: path.to_owned(), what: error.to_string() });
    }
}

/// What was written, without what says nothing, and with no name twice.
struct Written(Value);

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue).map(Self)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        let whole = value.fract() == 0.0 && value.abs() <= WHOLE_MAX;
        // A whole number in this range is one of both.
        #[allow(clippy::cast_possible_truncation, reason = "looked at just before")]
        Ok(if whole { Value::from(value as i64) } else { Number::from_f64(value).map_or(Value::Null, Value::Number) })
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Written(value)) = elements.next_element()? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        let mut silent = Vec::new();
        while let Some((name, Written(value))) = fields.next_entry::<String, Written>()? {
            if map.contains_key(&name) || silent.contains(&name) {
                return Err(A::Error::custom(format!("{name:?} stands there twice")));
            }
            if value.is_null() {
                silent.push(name);
            } else {
                map.insert(name, value);
            }
        }
        Ok(Value::Object(map))
    }
}

/// A word of an enumeration on its way into JSON; its number, where this program does not know the word.
pub(crate) enum Word<E> {
    Known(E),
    Unknown(i32),
}

impl<E> Word<E> {
    pub fn of(number: i32, word: Option<E>) -> Self {
        word.map_or(Self::Unknown(number), Self::Known)
    }
}

impl<E: Serialize> Serialize for Word<E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Known(word) => word.serialize(serializer),
            Self::Unknown(number) => serializer.serialize_i32(*number),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot read its own data has failed")]
    use super::*;
    use crate::casebook::v1::{Containment, TimelineEntry};
    use crate::common::v1::{Level, Role};
    use crate::enforcement_center::v1::ReinspectRequest;
    use crate::intake::v1::{CaseKind, SubmitRequest};

    fn faults(text: &str) -> Vec<(String, String)> {
        let faults = read::<SubmitRequest>(text).unwrap_err();
        faults.into_iter().map(|Fault { field, what }| (field, what)).collect()
    }

    #[test]
    fn what_says_nothing_is_as_if_it_were_not_there() {
        let text = r#" {"title": "路灯不亮", "text": null, "kind": null, "place": {"party": null, "longitude": 114},
            "occurredAt": null, "way": null} "#;
        let read: SubmitRequest = read(text).unwrap();
        assert_eq!((read.title.as_str(), read.text.as_str(), read.kind()), ("路灯不亮", "", CaseKind::Unspecified));
        assert_eq!((read.occurred_at, read.place.unwrap().longitude), (None, Some(114.0)));
        let listed: Containment = super::read(r#"{"levels": null, "closed": "12", "counted": 7.0}"#).unwrap();
        assert_eq!((listed.levels.len(), listed.closed, listed.counted), (0, 12, 7));
        let reinspected: ReinspectRequest = super::read(r#"{"notice": 1.0, "passed": null, "step": null}"#).unwrap();
        assert_eq!((reinspected.notice, reinspected.passed), (1, false));
    }

    #[test]
    fn everything_that_does_not_fit_is_named_by_its_field() {
        let wrong = r#"{"title": 7, "kind": "raport", "place": {"party": "a", "longitude": "east"}, "text": "fine"}"#;
        let fields: Vec<String> = faults(wrong).into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["kind", "place.longitude", "title"]);
        let (field, what) = faults(r#"{"titel": "路灯"}"#).remove(0);
        assert!(field == "titel" && what.contains("expected one of"), "{what}");
        let (field, what) = faults(r#"{"title": "a", "title": "b"}"#).remove(0);
        assert!(field.is_empty() && what.contains("\"title\" stands there twice"), "{what}");
        assert!(faults(r#"{"external_ref": "a", "externalRef": "b"}"#)[0].1.contains("duplicate field"));
        assert!(faults(r#"{"title": "#)[0].0.is_empty());
    }

    #[test]
    fn a_request_is_json_by_how_it_begins() {
        for text in ["{}", "  \r\n\t{\"title\": \"a\"}", "\u{feff}{}", "[]", "null"] {
            assert!(is_json(text.as_bytes()), "{text:?}");
        }
        let request = SubmitRequest { district: "wuchang".into(), title: "{".into(), ..SubmitRequest::default() };
        for district in ["", "wuchang", "wuchang-ab", "a-district-of-32-letters-a-code-"] {
            let request = SubmitRequest { district: district.into(), ..request.clone() };
            assert!(!is_json(&prost::Message::encode_to_vec(&request)), "{district}");
        }
    }

    #[test]
    fn a_word_that_is_not_known_here_is_written_as_its_number_and_hides_nothing() {
        let entry = TimelineEntry { event: "Parked".into(), role: 4711, stage: 99, ..TimelineEntry::default() };
        let written = serde_json::to_value(&entry).unwrap();
        assert_eq!(
            (&written["event"], &written["role"], &written["stage"]),
            (&"Parked".into(), &4711.into(), &99.into())
        );
        let levels = Containment { levels: vec![Level::A.into(), 42], ..Containment::default() };
        assert_eq!(serde_json::to_value(&levels).unwrap()["levels"], serde_json::json!(["LEVEL_A", 42]));
        let known = TimelineEntry { role: Role::Street.into(), ..TimelineEntry::default() };
        assert_eq!(serde_json::to_value(&known).unwrap()["role"], "ROLE_STREET");
    }
}
