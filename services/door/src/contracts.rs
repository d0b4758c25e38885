//! The contracts as JSON Schemas, with what their comments say of each field: for whatever describes a door of ours to programs, here
//! (`/openapi.json`) and elsewhere (`huying asyncapi`).

use std::collections::{BTreeMap, BTreeSet};

use prost::Message;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorSet};
use serde_json::{Map, Value, json};

/// Messages and words whose schemas are referred to.
#[derive(Default)]
pub struct Needed(BTreeSet<String>);

impl Needed {
    /// A reference to one of these.
    pub fn one_of(&mut self, full_names: &[&str]) -> Value {
        match full_names {
            [one] => self.reference(one),
            several => json!({ "oneOf": several.iter().map(|name| self.reference(name)).collect::<Vec<_>>() }),
        }
    }

    /// A reference to it, by its full name.
    pub fn reference(&mut self, full_name: &str) -> Value {
        let full_name = full_name.trim_start_matches('.');
        self.0.insert(full_name.to_owned());
        json!({ "$ref": format!("#/components/schemas/{}", short(full_name)) })
    }
}

/// `huying.intake.v1.SubmitRequest` is `intake.SubmitRequest`.
#[must_use]
pub fn short(full_name: &str) -> String {
    full_name.trim_start_matches("huying.").replacen(".v1.", ".", 1)
}

/// The contracts, by full name, with what is said of them.
pub struct Contracts {
    messages: BTreeMap<String, Said<DescriptorProto>>,
    words: BTreeMap<String, Said<EnumDescriptorProto>>,
}

struct Said<D> {
    descriptor: D,
    comment: String,
    /// Of each field or word.
    comments: Vec<String>,
}

impl Contracts {
    #[must_use]
    pub fn read() -> Self {
        let mut contracts = Self { messages: BTreeMap::new(), words: BTreeMap::new() };
        // It was written by the compiler of the contracts a moment before this was compiled.
        let files = FileDescriptorSet::decode(proto::DESCRIPTORS).unwrap_or_default().file;
        for file in files {
            let locations = file.source_code_info.iter().flat_map(|info| &info.location);
            let comments: BTreeMap<Vec<i32>, String> =
                locations.map(|it| (it.path.clone(), tidy(it.leading_comments()))).collect();
            let comment = |path: &[i32]| comments.get(path).cloned().unwrap_or_default();
            let package = file.package().to_owned();
            for (at, descriptor) in (0..).zip(file.message_type) {
                let fields = (0..).zip(&descriptor.field).map(|(of, _)| comment(&[4, at, 2, of])).collect();
                let name = format!("{package}.{}", descriptor.name());
                contracts.messages.insert(name, Said { comment: comment(&[4, at]), comments: fields, descriptor });
            }
            for (at, descriptor) in (0..).zip(file.enum_type) {
                let words = (0..).zip(&descriptor.value).map(|(of, _)| comment(&[5, at, 2, of])).collect();
                let name = format!("{package}.{}", descriptor.name());
                contracts.words.insert(name, Said { comment: comment(&[5, at]), comments: words, descriptor });
            }
        }
        contracts
    }

    /// Whether there is a message of this full name.
    #[must_use]
    pub fn knows(&self, full_name: &str) -> bool {
        self.messages.contains_key(full_name)
    }

    /// The schemas of everything that is needed, and of what those need.
    #[must_use]
    pub fn schemas(&self, mut needed: Needed) -> Map<String, Value> {
        let mut schemas = Map::new();
        loop {
            let next = needed.0.iter().find(|name| !schemas.contains_key(&short(name))).cloned();
            let Some(name) = next else { return schemas };
            let schema = match self.words.get(&name) {
                Some(words) => words.schema(),
                None => self.schema_of(&name, &[], &mut needed),
            };
            schemas.insert(short(&name), schema);
        }
    }

    /// The schema of a message, without the fields that are said elsewhere being required.
    pub fn schema_of(&self, full_name: &str, said_elsewhere: &[&str], needed: &mut Needed) -> Value {
        let Some(message) = self.messages.get(full_name) else { return json!({ "type": "object" }) };
        let mut properties = Map::new();
        let mut required = Vec::new();
        for (field, comment) in message.descriptor.field.iter().zip(&message.comments) {
            let (is_required, about) = requirement(comment);
            if is_required && !said_elsewhere.contains(&field.name()) {
                required.push(field.name().to_owned());
            }
            let mut schema = schema_of_field(field, needed);
            if !about.is_empty() {
                schema["description"] = json!(about);
            }
            properties.insert(field.name().to_owned(), schema);
        }
        let mut schema = json!({ "type": "object", "properties": properties });
        if !required.is_empty() {
            schema["required"] = json!(required);
        }
        if !message.comment.is_empty() {
            schema["description"] = json!(message.comment);
        }
        schema
    }
}

impl Said<EnumDescriptorProto> {
    fn schema(&self) -> Value {
        let words: Vec<&str> = self.descriptor.value.iter().map(|word| word.name()).collect();
        let said = self.descriptor.value.iter().zip(&self.comments).filter(|(_, comment)| !comment.is_empty());
        let said = said.map(|(word, comment)| format!("{}: {comment}", word.name()));
        let about: Vec<String> =
            std::iter::once(self.comment.clone()).filter(|it| !it.is_empty()).chain(said).collect();
        let mut schema = json!({ "type": "string", "enum": words });
        if !about.is_empty() {
            schema["description"] = json!(about.join("\n"));
        }
        schema
    }
}

/// As the JSON form of the contracts has it.
fn schema_of_field(field: &FieldDescriptorProto, needed: &mut Needed) -> Value {
    let one = match field.r#type() {
        Type::Bool => json!({ "type": "boolean" }),
        Type::Double | Type::Float => json!({ "type": "number" }),
        Type::Int32 | Type::Sint32 | Type::Sfixed32 => json!({ "type": "integer", "format": "int32" }),
        Type::Uint32 | Type::Fixed32 => json!({ "type": "integer", "minimum": 0 }),
        // A number larger than 2^53 is no number in many programs.
        Type::Int64 | Type::Sint64 | Type::Sfixed64 | Type::Uint64 | Type::Fixed64 => {
            json!({ "type": "string", "pattern": "^-?[0-9]+$" })
        }
        Type::Bytes => json!({ "type": "string", "contentEncoding": "base64" }),
        Type::Message if field.type_name() == ".google.protobuf.Timestamp" => {
            json!({ "type": "string", "format": "date-time" })
        }
        Type::Message | Type::Enum => needed.reference(field.type_name()),
        Type::String | Type::Group => json!({ "type": "string" }),
    };
    if field.label() == Label::Repeated { json!({ "type": "array", "items": one }) } else { one }
}

/// Whether a comment begins by saying that the field has to be there, and what it says besides.
fn requirement(comment: &str) -> (bool, String) {
    match comment.strip_prefix("Required").and_then(|rest| rest.strip_prefix([':', '.', ';'])) {
        Some(rest) => (true, rest.trim().to_owned()),
        None => (false, comment.to_owned()),
    }
}

/// A comment on one line.
fn tidy(comment: &str) -> String {
    comment.split_whitespace().collect::<Vec<_>>().join(" ")
}
