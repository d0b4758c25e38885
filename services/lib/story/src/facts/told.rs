//! What a fact says, for people: words as a story writes them, instants in the district's own time.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::{Catalogue, Field, Form, means};
use crate::format::instant;

/// When a story begins, and by which clock its people live.
#[derive(Clone, Copy)]
pub struct Clock<'c> {
    pub begins: Timestamp,
    pub zone: &'c TimeZone,
}

impl Clock<'_> {
    /// To the minute, as instants are compared: `2019-06-17 10:30`.
    pub fn told(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// A time as a story writes it, and the instant it means: `2019-06-17 10:30 (+2h)`.
    pub fn meant(&self, text: &str) -> String {
        match instant(self.begins, text) {
            Ok(at) if text.starts_with('+') => format!("{} ({text})", self.told(at)),
            Ok(at) => self.told(at),
            Err(_) => text.to_owned(),
        }
    }
}

impl Catalogue {
    /// `due = 2019-06-17 10:30, clock = report-in`: these fields of an event, `no …` where there is none.
    pub fn told<'f>(
        &self,
        event: &str,
        clock: Clock<'_>,
        detail: &Value,
        fields: impl IntoIterator<Item = &'f String>,
    ) -> String {
        let known: Vec<&Field> = self.named(event).flat_map(|event| &event.fields).collect();
        let said = fields.into_iter().map(|name| match detail.get(name) {
            None | Some(Value::Null) => format!("no {name}"),
            Some(value) => {
                let field = known.iter().find(|field| field.name == *name);
                format!("{name} = {}", field.map_or_else(|| value.to_string(), |field| self.value(field, clock, value)))
            }
        });
        said.collect::<Vec<_>>().join(", ")
    }

    /// What a story wants of an event's fields, in the same words.
    pub fn wanted(&self, event: &str, clock: Clock<'_>, with: &BTreeMap<String, Value>) -> String {
        let detail = Value::Object(with.clone().into_iter().collect());
        self.told(event, clock, &detail, with.keys())
    }

    fn value(&self, field: &Field, clock: Clock<'_>, value: &Value) -> String {
        if let Value::Array(elements) = value {
            let elements: Vec<String> = elements.iter().map(|element| self.value(field, clock, element)).collect();
            return format!("[{}]", elements.join(", "));
        }
        match (&field.form, value) {
            (Form::Instant, Value::String(text)) => clock.meant(text),
            (Form::Word(words), Value::String(text)) => {
                means(words, text).map_or_else(|| text.clone(), |word| word.short.clone())
            }
            (Form::Part(part), Value::Object(inside)) => {
                let known = self.part(part);
                let inside = inside.iter().map(|(name, value)| match known.iter().find(|field| field.name == *name) {
                    Some(field) => format!("{name} = {}", self.value(field, clock, value)),
                    None => format!("{name} = {value}"),
                });
                format!("{{{}}}", inside.collect::<Vec<_>>().join(", "))
            }
            (
                Form::Text | Form::Number | Form::Truth | Form::Word(_) | Form::Instant | Form::Part(_),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_),
            ) => value.to_string(),
        }
    }
}
