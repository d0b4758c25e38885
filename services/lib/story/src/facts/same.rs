//! Whether a fact is the one a story means.

use jiff::Timestamp;
use serde_json::Value;

use super::{Catalogue, Field, Form, Word};
use crate::format::instant;

impl Catalogue {
    /// Whether an event of this owner and name has what is wanted of its fields.
    ///
    /// JSON of protobuf leaves out what is zero, false or empty and writes long numbers as text; a story writes what
    /// it means: `passed: false`, `colour: yellow`, `due: +36h`.
    pub fn holds(
        &self,
        (owner, name): (&str, &str),
        begins: Timestamp,
        detail: &Value,
        wanted: impl IntoIterator<Item = (impl AsRef<str>, impl std::borrow::Borrow<Value>)>,
    ) -> bool {
        let Some(event) = self.named(name).find(|event| event.owner == owner) else { return false };
        wanted
            .into_iter()
            .all(|(field, wanted)| self.field_holds(&event.fields, begins, detail, field.as_ref(), wanted.borrow()))
    }

    fn field_holds(&self, fields: &[Field], begins: Timestamp, of: &Value, name: &str, wanted: &Value) -> bool {
        let Some(field) = fields.iter().find(|field| field.name == name) else { return false };
        let is = of.get(name).unwrap_or(&Value::Null);
        if !field.many {
            return self.one_holds(field, begins, is, wanted);
        }
        let elements = is.as_array().map_or(&[] as &[Value], Vec::as_slice);
        wanted.as_array().map_or_else(
            || elements.iter().any(|is| self.one_holds(field, begins, is, wanted)),
            |wanted| {
                wanted.len() == elements.len()
                    && elements.iter().zip(wanted).all(|(is, wanted)| self.one_holds(field, begins, is, wanted))
            },
        )
    }

    fn one_holds(&self, field: &Field, begins: Timestamp, is: &Value, wanted: &Value) -> bool {
        match &field.form {
            Form::Text => text(is) == text(wanted),
            Form::Number => numbers_agree(is, wanted),
            Form::Truth => is.as_bool().unwrap_or_default() == wanted.as_bool().unwrap_or_default(),
            Form::Instant => instants_agree(begins, &text(is), &text(wanted)),
            Form::Word(words) => means(words, &text(wanted)) == means(words, &text(is)),
            Form::Part(part) => match wanted {
                Value::Object(wanted) => {
                    wanted.iter().all(|(name, wanted)| self.field_holds(self.part(part), begins, is, name, wanted))
                }
                // An officer by number, a called party by code: the first field is what it is known by.
                Value::String(_) | Value::Number(_) => self.part(part).first().is_some_and(|first| {
                    self.one_holds(first, begins, is.get(&first.name).unwrap_or(&Value::Null), wanted)
                }),
                Value::Null | Value::Bool(_) | Value::Array(_) => is == wanted,
            },
        }
    }
}

/// A word as the contract or as a story writes it.
pub fn means<'w>(words: &'w [Word], text: &str) -> Option<&'w Word> {
    words.iter().find(|word| word.full == text || word.short.eq_ignore_ascii_case(text))
}

/// YAML reads `12` as a number and `no` as a truth; where a text stands they are texts.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

fn numbers_agree(is: &Value, wanted: &Value) -> bool {
    let number = |value: &Value| if value.is_null() { Some(0.0) } else { text(value).parse::<f64>().ok() };
    match (number(is), number(wanted)) {
        (Some(is), Some(wanted)) => (is - wanted).abs() < f64::EPSILON,
        (_, None) | (None, _) => false,
    }
}

/// In whole minutes: between jumps the clock runs at real speed, and a story does not count the seconds of its playing.
fn instants_agree(begins: Timestamp, is: &str, wanted: &str) -> bool {
    let minute = |at: Timestamp| at.as_second().div_euclid(60);
    match (is.parse::<Timestamp>(), instant(begins, wanted)) {
        (Ok(is), Ok(wanted)) => minute(is) == minute(wanted),
        (Err(_), _) => is.is_empty() && wanted.is_empty(),
        (Ok(_), Err(_)) => false,
    }
}
