//! `/openapi.json`: the interface described for programs, made from the rows of `operations.rs` and from the contracts themselves,
//! with what their comments say of each field. So it cannot say anything else than what is read and answered.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorSet};
use serde_json::{Map, Value, json};

use crate::operations::{Operation, all};

/// The document; OpenAPI 3.1.
pub fn document() -> Value {
    let contracts = Contracts::read();
    let mut needed = Needed::default();
    let mut paths: Map<String, Value> = Map::new();
    for operation in all() {
        let described = describe(operation, &contracts, &mut needed);
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method.as_str().to_ascii_lowercase()] = described;
    }
    let mut schemas = contracts.schemas(needed);
    schemas.insert("Problem".to_owned(), problem());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Huying 呼应: the door for machines",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Matters of residents come in here and are followed. What was answered with 200 or 201 is on the record. A \
                            refusal has the rule, the field and the words of every other door; 429, 503 and 504 say with Retry-After \
                            when to send the same again, under the same reference.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": {
                "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                "description": "Issued by the operator: huying token issue --role bridge --party <bridge>",
            } },
            "schemas": schemas,
        },
    })
}

fn describe(operation: &Operation, contracts: &Contracts, needed: &mut Needed) -> Value {
    let in_path = operation.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut parameters: Vec<Value> = in_path
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    parameters.extend(
        operation.query.iter().map(
            |it| json!({ "name": it.name, "in": "query", "description": it.about, "schema": { "type": "string" } }),
        ),
    );
    if operation.is_named {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "schema": { "type": "string" },
            "description": "The sender's own name for this request, where the body does not say it: external_ref of a submission, \
                            command_id of anything else. The same again under the same name is done once.",
        }));
    }
    let (status, answer) = operation.answer;
    let of_kind = |schema: Value| json!({ "application/json": { "schema": schema } });
    let mut responses = Map::new();
    let answers: &[u16] = match operation.name {
        "submit" => &[200, 201],
        _ if operation.path.starts_with("/v1/calls/") => &[200, 202],
        _ => &[status],
    };
    for status in answers {
        let said = match status {
            200 => "As it stands on the record",
            202 => "Kept on the department's disk; the hub has not said yet",
            _ => "Recorded",
        };
        responses.insert(status.to_string(), json!({ "description": said, "content": of_kind(needed.one_of(answer)) }));
    }
    responses.insert(
        "default".to_owned(),
        json!({
            "description": "Why not. With Retry-After: send the same again after so many seconds",
            "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
        }),
    );
    let mut described = json!({
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": parameters,
        "responses": responses,
    });
    if let Some(body) = operation.body {
        let schema = contracts.schema_of(body, operation.said_elsewhere, needed);
        let is_required = schema.get("required").is_some();
        described["requestBody"] = json!({ "required": is_required, "content": of_kind(schema) });
    }
    described
}

fn problem() -> Value {
    let text = |about: &str| json!({ "type": "string", "description": about });
    json!({
        "type": "object",
        "description": "A problem document (RFC 9457).",
        "required": ["type", "title", "status", "detail", "rule"],
        "properties": {
            "type": text("urn:huying:problem:<rule>"),
            "title": text("What sort of problem it is"),
            "status": { "type": "integer" },
            "detail": text("What is wrong, for people"),
            "rule": text("Stable name of the rule, e.g. text-length"),
            "code": text("The same refusal's code over gRPC and NATS, e.g. INVALID_ARGUMENT"),
            "field": text("The first field that does not fit"),
            "violations": {
                "type": "array",
                "description": "Every field that does not fit",
                "items": {
                    "type": "object",
                    "properties": { "field": text("As here"), "rule": text("As above"), "description": text("What is wrong with it") },
                },
            },
            "case_id": text("The case that has this reference already"),
            "retry_after_s": { "type": "integer", "description": "As Retry-After" },
        },
    })
}

/// Messages and words whose schemas are referred to.
#[derive(Default)]
struct Needed(BTreeSet<String>);

impl Needed {
    fn one_of(&mut self, full_names: &[&str]) -> Value {
        match full_names {
            [one] => self.reference(one),
            several => json!({ "oneOf": several.iter().map(|name| self.reference(name)).collect::<Vec<_>>() }),
        }
    }

    fn reference(&mut self, full_name: &str) -> Value {
        let full_name = full_name.trim_start_matches('.');
        self.0.insert(full_name.to_owned());
        json!({ "$ref": format!("#/components/schemas/{}", short(full_name)) })
    }
}

/// `huying.intake.v1.SubmitRequest` is `intake.SubmitRequest`.
fn short(full_name: &str) -> String {
    full_name.trim_start_matches("huying.").replacen(".v1.", ".", 1)
}

/// The contracts, by full name, with what is said of them.
struct Contracts {
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
    fn read() -> Self {
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

    /// The schemas of everything that is needed, and of what those need.
    fn schemas(&self, mut needed: Needed) -> Map<String, Value> {
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
    fn schema_of(&self, full_name: &str, said_elsewhere: &[&str], needed: &mut Needed) -> Value {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_has_what_the_contracts_say_and_nothing_it_refers_to_is_missing() {
        let document = document();
        let body = &document["paths"]["/v1/cases"]["post"]["requestBody"]["content"]["application/json"]["schema"];
        assert_eq!(body["required"], json!(["title"]), "the reference may stand in the header");
        assert!(body["properties"]["title"]["description"].as_str().unwrap().contains("200 characters"), "{body:#}");
        assert_eq!(body["properties"]["occurred_at"]["format"], "date-time");
        let kinds = &document["components"]["schemas"]["intake.CaseKind"]["enum"];
        assert!(kinds.as_array().unwrap().contains(&json!("CASE_KIND_REPORT")), "{kinds}");

        let written = document.to_string();
        let referred = written.split("#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next());
        let missing: Vec<&str> =
            referred.filter(|name| document["components"]["schemas"].get(*name).is_none()).collect();
        assert_eq!(missing, Vec::<&str>::new());
        let (messages, bodies) = (Contracts::read().messages, all().filter_map(|it| it.body));
        let unknown: Vec<&str> = bodies
            .chain(all().flat_map(|it| it.answer.1.iter().copied()))
            .filter(|name| !messages.contains_key(*name))
            .collect();
        assert_eq!(unknown, Vec::<&str>::new(), "the rows name messages that are no contracts");
    }
}
