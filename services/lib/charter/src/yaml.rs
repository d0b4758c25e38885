//! A YAML text as a tree in which every node knows its line and column.
//!
//! The readers of the charter's files want to report every fault at once; a derived `Deserialize` stops at
//! the first. So the parser only builds this tree, and [`crate::reader`] takes it apart.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};
use vocabulary::number::is_number;

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
    /// Bytes of the text that it was read from.
    span: Range<usize>,
}

#[derive(Debug)]
pub(crate) enum Value {
    Null,
    Bool(Flag),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    /// In the order of the text. The parser has refused duplicate keys.
    Map(Vec<(Key, Node)>),
}

/// What YAML takes for true or false: `true`, and in the form of YAML 1.1 `yes`, `on` and `y`, too.
#[derive(Debug)]
pub(crate) struct Flag {
    pub is_set: bool,
    /// As it is written.
    pub text: String,
}

/// What YAML takes for a number, which may be meant as a text: `017`, `1.10`, `1_000`.
#[derive(Debug)]
pub(crate) struct Number {
    /// As it is written.
    pub text: String,
    /// What YAML makes of it, if that is a whole number.
    pub whole: Option<i64>,
}

#[derive(Debug)]
pub(crate) struct Key {
    pub position: Position,
    pub text: String,
    /// Where it is written, if YAML takes it for a number.
    number: Option<Range<usize>>,
}

impl Key {
    /// One that stands in no text.
    pub fn new(text: &str) -> Self {
        Self { position: Position::default(), text: text.to_owned(), number: None }
    }
}

/// The one document in `text`, or where and why it is not YAML.
pub(crate) fn parse(text: &str) -> Result<Node, (Position, String)> {
    let mut tree: Node = serde_saphyr::from_str(text).map_err(|error| {
        let position = error.location().map(Position::from).unwrap_or_default();
        let message = error.without_snippet().to_string();
        (position, message.lines().next().unwrap_or_default().to_owned())
    })?;
    tree.keep_what_is_written(text);
    Ok(tree)
}

impl Node {
    fn odd_numbers(&self, found: &mut Vec<(u32, String)>) {
        match &self.value {
            Value::Number(number) if !is_number(&number.text) => found.push((self.position.line, number.text.clone())),
            Value::List(nodes) => nodes.iter().for_each(|node| node.odd_numbers(found)),
            Value::Map(entries) => entries.iter().for_each(|(_, node)| node.odd_numbers(found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {}
        }
    }

    /// The parser gives numbers and flags as it understands them; here they get back the text that they stand for.
    fn keep_what_is_written(&mut self, text: &str) {
        let written = text.get(self.span.clone()).map(str::trim).filter(|written| !written.is_empty());
        match &mut self.value {
            Value::Number(Number { text: kept, .. }) | Value::Bool(Flag { text: kept, .. }) => {
                if let Some(written) = written {
                    written.clone_into(kept);
                }
            }
            Value::List(nodes) => nodes.iter_mut().for_each(|node| node.keep_what_is_written(text)),
            Value::Map(entries) => {
                for (key, node) in entries {
                    if let Some(written) = key.number.take().and_then(|span| text.get(span)) {
                        written.trim().clone_into(&mut key.text);
                    }
                    node.keep_what_is_written(text);
                }
            }
            Value::Null | Value::Text(_) => {}
        }
    }
}

/// What YAML takes for a number and is none by the rule that holds everywhere ([`vocabulary::number`]), with its line: in
/// a file of which no part is read as it is written. A text that is no YAML has none.
#[must_use]
pub fn odd_numbers(text: &str) -> Vec<(u32, String)> {
    let mut found = Vec::new();
    if let Ok(tree) = parse(text) {
        tree.odd_numbers(&mut found);
    }
    found
}

/// Where a scalar stands in the text; nowhere, if the parser does not say.
fn span_of(at: Location) -> Range<usize> {
    let span = at.span();
    let bytes = span.byte_offset().zip(span.byte_len());
    let bytes = bytes.and_then(|(from, length)| Some((usize::try_from(from).ok()?, usize::try_from(length).ok()?)));
    bytes.map_or(0..0, |(from, length)| from..from.saturating_add(length))
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
        // What an alias stands for is written where its anchor is.
        Ok(Self { position: spanned.referenced.into(), value: spanned.value, span: span_of(spanned.defined) })
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
        Ok(Value::Bool(Flag { is_set: value, text: value.to_string() }))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(Number { text: value.to_string(), whole: Some(value) }))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(Number { text: value.to_string(), whole: i64::try_from(value).ok() }))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Number(Number { text: value.to_string(), whole: None }))
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
            let (text, number) = match key.value {
                Value::Text(text) => (text, None),
                Value::Number(number) => (number.text, Some(span_of(key.defined))),
                Value::Bool(flag) => (flag.text, None),
                Value::Null | Value::List(_) | Value::Map(_) => ("?".to_owned(), None),
            };
            map.push((Key { position: key.referenced.into(), text, number }, node));
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
    fn what_yaml_takes_for_a_number_stays_as_it_is_written() {
        let written =
            ["017", "08", "0012345", "1_000", "1.10", "1e3", ".5", "0x1F", "-7", "18446744073709551615", "1.0"];
        let list = written.map(|text| format!("  - {text}  # 备注\n")).concat();
        let flow = written.join(" , ");
        for text in [format!("街道: 是\nlist:\n{list}"), format!("\u{feff}街道: 是\nlist: [ {flow} ]\n")] {
            let tree = parse(&text).unwrap();
            let Value::Map(top) = &tree.value else { panic!("a map") };
            let Value::List(list) = &top[1].1.value else { panic!("a list") };
            let read: Vec<&str> = list
                .iter()
                .map(|node| match &node.value {
                    Value::Number(number) => number.text.as_str(),
                    Value::Text(text) => text,
                    other @ (Value::Null | Value::Bool(_) | Value::List(_) | Value::Map(_)) => panic!("{other:?}"),
                })
                .collect();
            assert_eq!(read, written, "{text}");
        }
        let tree = parse("017: a\n1.10: &n 1.20\nb: *n\n").unwrap();
        let Value::Map(top) = &tree.value else { panic!("a map") };
        assert_eq!([top[0].0.text.as_str(), top[1].0.text.as_str()], ["017", "1.10"]);
        assert!(matches!(&top[2].1.value, Value::Number(number) if number.text == "1.20"), "{top:?}");
    }

    #[test]
    fn a_duplicate_key_is_no_yaml() {
        let (position, message) = parse("a: 1\na: 2\n").unwrap_err();
        assert_eq!(position.line, 2);
        assert!(message.contains("duplicate"), "{message}");
    }
}
