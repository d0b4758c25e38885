//! What a category asks of whoever reports it, besides what everybody says: `attributes` in `categories.yaml`.

use std::fmt;
use std::str::FromStr;

use ids::Code;

use crate::reader::{Cursor, Fields};
use crate::{Name, UnknownWord};

/// One thing that is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Unlike every other of its category.
    pub code: Code,
    pub name: Name,
    pub kind: AttributeKind,
    /// A report that names the category is not taken without it.
    pub required: bool,
    /// How to answer, for whoever is asked.
    pub hint: Option<Name>,
    /// What can be chosen; empty, where nothing is.
    pub values: Vec<AttributeValue>,
}

/// One of several answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeValue {
    pub code: Code,
    pub name: Name,
}

/// What an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttributeKind {
    /// Some words.
    Text,
    /// Digits, with a point if need be.
    Number,
    /// A time, with its offset.
    Time,
    /// One of the values.
    Choice,
    /// Any of the values.
    Choices,
}

impl AttributeKind {
    pub const ALL: [Self; 5] = [Self::Text, Self::Number, Self::Time, Self::Choice, Self::Choices];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Time => "time",
            Self::Choice => "choice",
            Self::Choices => "choices",
        }
    }

    #[must_use]
    pub const fn has_values(self) -> bool {
        matches!(self, Self::Choice | Self::Choices)
    }
}

impl fmt::Display for AttributeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for AttributeKind {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| UnknownWord::new("text, number, time, choice or choices", text))
    }
}

impl Attribute {
    /// The value that a code or a name means.
    #[must_use]
    pub fn value(&self, said: &str) -> Option<&AttributeValue> {
        let is_meant = |value: &&AttributeValue| value.code.as_str() == said || value.name.zh == said;
        self.values.iter().find(is_meant)
    }
}

/// Those of a category. One of which a part is not understood is not asked.
pub(crate) fn attributes(fields: &Fields<'_, '_>) -> Vec<Attribute> {
    let mut attributes: Vec<Attribute> = Vec::new();
    for row in fields.list("attributes") {
        let Some(attribute) = row.whole(attribute).flatten() else { continue };
        if attributes.iter().any(|known| known.code == attribute.code) {
            row.problem("duplicate-code", format!("the category asks for {} twice", attribute.code));
        } else {
            attributes.push(attribute);
        }
    }
    attributes
}

fn attribute(fields: &Fields<'_, '_>) -> Option<Attribute> {
    let code = fields.need("code").and_then(|cursor| cursor.code());
    let name = fields.name();
    let kind: Option<AttributeKind> = fields.need("kind").and_then(|cursor| cursor.parsed("attribute-kind"));
    let values: Vec<AttributeValue> = fields.list("values").into_iter().filter_map(value).collect();
    let attribute = Attribute {
        required: fields.get("required").and_then(|cursor| cursor.flag()).unwrap_or_default(),
        hint: fields.get("hint").and_then(Cursor::name),
        code: code?,
        name: name?,
        kind: kind?,
        values,
    };
    let twice = |value: &AttributeValue| attribute.values.iter().filter(|other| other.code == value.code).count() > 1;
    if attribute.kind.has_values() == attribute.values.is_empty() {
        fields.problem("attribute-values", "values are for kind choice and choices, which have at least one");
    } else if attribute.values.iter().any(twice) {
        fields.problem("duplicate-code", "two values have one code");
    }
    Some(attribute)
}

fn value(cursor: Cursor<'_, '_>) -> Option<AttributeValue> {
    cursor.map(|fields| {
        let code = fields.need("code").and_then(|cursor| cursor.code());
        let name = fields.name();
        Some(AttributeValue { code: code?, name: name? })
    })?
}
