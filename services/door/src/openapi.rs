//! `/openapi.json`: the interface described for programs, made from the rows of `operations.rs` and from the contracts themselves,
//! with what their comments say of each field. So it cannot say anything else than what is read and answered.

use serde_json::{Map, Value, json};

use crate::contracts::{Contracts, Needed};
use crate::evidence::FILE;
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
        let content = if answer == [FILE] { a_file() } else { of_kind(needed.one_of(answer)) };
        responses.insert(status.to_string(), json!({ "description": said, "content": content }));
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
    if operation.body == Some(FILE) {
        let mut content = a_file();
        content["multipart/form-data"] =
            json!({ "schema": { "type": "object", "required": [FILE], "properties": { FILE: a_file_itself() } } });
        described["requestBody"] = json!({ "required": true, "content": content });
    } else if let Some(body) = operation.body {
        let schema = contracts.schema_of(body, operation.said_elsewhere, needed);
        let is_required = schema.get("required").is_some();
        described["requestBody"] = json!({ "required": is_required, "content": of_kind(schema) });
    }
    described
}

/// A file by itself, of whatever kind.
fn a_file() -> Value {
    json!({ "application/octet-stream": { "schema": a_file_itself() } })
}

fn a_file_itself() -> Value {
    json!({ "type": "string", "contentMediaType": "application/octet-stream" })
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
        let (contracts, bodies) = (Contracts::read(), all().filter_map(|it| it.body));
        let unknown: Vec<&str> = bodies
            .chain(all().flat_map(|it| it.answer.1.iter().copied()))
            .filter(|name| *name != FILE && !contracts.knows(name))
            .collect();
        assert_eq!(unknown, Vec::<&str>::new(), "the rows name messages that are no contracts");
    }
}
