//! A YAML text as a tree in which every node knows its line and column.
//!
//! The readers of the charter's files want to report every fault at once; a derived `Deserialize` stops at
//! the first. So the parser only builds this tree, and [`crate::reader`] takes it apart.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};

/// Where a node begins, both counted from 1; 0:0 when the text has no node at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub line: u32,
    pub column: u32,
}

#[derive(Debug)]
pub(crate) struct Node {
    pub position: Position,
    pub value: Value,
}

#[derive(Debug)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    /// In the order of the text. The parser has refused duplicate keys.
    Map(Vec<(Key, Node)>),
}

#[derive(Debug)]
pub(crate) struct Key {
    pub position: Position,
    pub text: String,
}

/// The one document in `text`, or where and why it is not YAML.
pub(crate) fn parse(text: &str) -> Result<Node, (Position, String)> {
    serde_saphyr::from_str(text).map_err(|error| {
        let position = error.location().map(Position::from).unwrap_or_default();
        let message = error.without_snippet().to_string();
        (position, message.lines().next().unwrap_or_default().to_owned())
    })
}

impl From<Location> for Position {
    fn from(at: Location) -> Self {
        let narrow = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        Self { line: narrow(at.line()), column: narrow(at.column()) }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Value>::deserialize(deserializer)?;
        Ok(Self { position: spanned.referenced.into(), value: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number, a list or a map")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(i64::try_from(value).map_or_else(|_| Value::Text(value.to_string()), Value::Integer))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::Text(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(node) = entries.next_element()? {
            list.push(node);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Vec::new();
        while let Some((key, node)) = entries.next_entry::<Spanned<Value>, Node>()? {
            let text = match key.value {
                Value::Text(text) => text,
                Value::Integer(number) => number.to_string(),
                Value::Bool(flag) => flag.to_string(),
                Value::Float(number) => number.to_string(),
                Value::Null | Value::List(_) | Value::Map(_) => "?".to_owned(),
            };
            map.push((Key { position: key.referenced.into(), text }, node));
        }
        Ok(Value::Map(map))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot read its own text has failed")]
    use super::*;

    #[test]
    fn every_node_and_key_knows_its_place() {
        let tree = parse("a: 1\nlist:\n  - { code: x, 2019: [0.5, true, \"007\"] }\n").unwrap();
        let Value::Map(top) = tree.value else { panic!("a map") };
        assert_eq!(top[1].0.position, Position { line: 2, column: 1 });
        let Value::List(list) = &top[1].1.value else { panic!("a list") };
        let Value::Map(entry) = &list[0].value else { panic!("a map") };
        assert_eq!((entry[1].0.text.as_str(), entry[1].0.position), ("2019", Position { line: 3, column: 16 }));
        let Value::List(values) = &entry[1].1.value else { panic!("a list") };
        assert_eq!(values[2].position, Position { line: 3, column: 34 });
        assert!(matches!(&values[2].value, Value::Text(text) if text == "007"), "{values:?}");
    }

    #[test]
    fn a_duplicate_key_is_no_yaml() {
        let (position, message) = parse("a: 1\na: 2\n").unwrap_err();
        assert_eq!(position.line, 2);
        assert!(message.contains("duplicate"), "{message}");
    }
}
