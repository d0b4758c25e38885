//! What can be reported: the categories of a district's charter.

use axum::http::HeaderMap;
use axum::http::header::HOST;
use proto::casebook::v1::{AttributeAsked, CatalogueEntry, GetCatalogueRequest, GetCatalogueResponse};

use super::answer::{Answer, Node};
use super::{Asked, ROOT};
use crate::hub::{Asker, Hub};
use crate::problem::Problem;

/// The service of whoever does not know what it is: the charter finds out from what is said.
const OTHER: &str = "other";

/// Where the interface is to be found, and in which forms.
pub fn discovery(headers: &HeaderMap) -> Answer {
    let formats = ["text/xml", "application/json"].map(Node::text).to_vec();
    let endpoint = Node::Object(vec![
        ("specification", Node::text("http://wiki.open311.org/GeoReport_v2")),
        ("url", Node::text(format!("{}{ROOT}", address_of(headers)))),
        ("changeset", Node::text(CHANGESET)),
        ("type", Node::text("production")),
        ("formats", Node::List("format", formats)),
    ]);
    let node = Node::Object(vec![
        ("changeset", Node::text(CHANGESET)),
        ("contact", Node::text("the operator of this installation")),
        ("key_service", Node::text("the operator issues keys: huying token issue --role bridge --party <bridge>")),
        ("endpoints", Node::List("endpoint", vec![endpoint])),
    ]);
    Answer { root: "discovery", node }
}

/// The door as whoever asks reaches it; behind a proxy the address is the proxy's.
pub fn address_of(headers: &HeaderMap) -> String {
    let said = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let host =
        said("x-forwarded-host").or_else(|| headers.get(HOST).and_then(|host| host.to_str().ok())).unwrap_or_default();
    let scheme = said("x-forwarded-proto").unwrap_or("http");
    format!("{scheme}://{host}")
}

/// When what is offered here changed last.
const CHANGESET: &str = "2026-11-30T00:00:00Z";

/// The codes and names of the asker's district, or of the one that is named.
pub async fn catalogue(hub: &Hub, asker: &Asker, district: &str) -> Result<Catalogue, Problem> {
    let request = GetCatalogueRequest { district: district.to_owned() };
    Ok(Catalogue(hub.casebook(asker.clone()).get_catalogue(request).await?.into_inner()))
}

/// What may be named in a district.
pub struct Catalogue(GetCatalogueResponse);

impl Catalogue {
    pub fn district(&self) -> &str {
        &self.0.district
    }

    /// Name of a service; the code, where it is none.
    pub fn name<'c>(&'c self, code: &'c str) -> &'c str {
        match self.find(code) {
            Some(known) => &known.name,
            None if code == OTHER => "其他",
            None => code,
        }
    }

    /// What the category of a service asks besides.
    pub fn attributes(&self, code: &str) -> &[AttributeAsked] {
        self.find(code).map(|known| known.attributes.as_slice()).unwrap_or_default()
    }

    fn find(&self, code: &str) -> Option<&CatalogueEntry> {
        self.0.categories.iter().find(|known| known.code == code)
    }
}

/// The category that a service code means; empty: whoever reports does not know.
pub fn category(code: &str) -> &str {
    if code == OTHER { "" } else { code }
}

/// The service code of a category.
pub fn code(category: &str) -> &str {
    if category.is_empty() { OTHER } else { category }
}

pub async fn list(hub: &Hub, asked: Asked) -> Result<Answer, Problem> {
    asked.said.nothing_else()?;
    let catalogue = catalogue(hub, &asked.asker, &asked.district).await?;
    let entries = &catalogue.0.categories;
    // What others are part of is a heading, and reported by its parts.
    let is_heading = |entry: &CatalogueEntry| entries.iter().any(|other| other.parent == entry.code);
    let mut services: Vec<Node> = entries
        .iter()
        .filter(|entry| !is_heading(entry))
        .map(|entry| service(&entry.code, entry, catalogue.name(&entry.parent)))
        .collect();
    if catalogue.find(OTHER).is_none() {
        let other = CatalogueEntry { name: catalogue.name(OTHER).to_owned(), ..CatalogueEntry::default() };
        services.push(service(OTHER, &other, ""));
    }
    Ok(Answer { root: "services", node: Node::List("service", services) })
}

fn service(code: &str, entry: &CatalogueEntry, group: &str) -> Node {
    let description =
        if entry.name_en.is_empty() { entry.name.clone() } else { format!("{} {}", entry.name, entry.name_en) };
    Node::Object(vec![
        ("service_code", Node::text(code)),
        ("service_name", Node::text(entry.name.as_str())),
        ("description", Node::text(description)),
        // Whether its definition asks for anything besides.
        ("metadata", Node::Truth(!entry.attributes.is_empty())),
        ("type", Node::text("realtime")),
        ("keywords", Node::text(entry.keywords.join(","))),
        ("group", Node::text(group)),
    ])
}

pub async fn definition(hub: &Hub, asked: Asked, code: &str) -> Result<Answer, Problem> {
    asked.said.nothing_else()?;
    let catalogue = catalogue(hub, &asked.asker, &asked.district).await?;
    if catalogue.find(code).is_none() && code != OTHER {
        let said = format!("there is no service {code} in {}", catalogue.district());
        return Err(Problem::of_http(axum::http::StatusCode::NOT_FOUND, "known-category", said));
    }
    let asked = catalogue.attributes(code);
    let attributes = (1..).zip(asked).map(|(order, it)| attribute(order, it)).collect();
    let node =
        Node::Object(vec![("service_code", Node::text(code)), ("attributes", Node::List("attribute", attributes))]);
    Ok(Answer { root: "service_definition", node })
}

/// What a category asks, in the standard's words.
fn attribute(order: u32, asked: &AttributeAsked) -> Node {
    let datatype = match asked.kind.as_str() {
        "number" => "number",
        "time" => "datetime",
        "choice" => "singlevaluelist",
        "choices" => "multivaluelist",
        _ => "string",
    };
    let value = |value: &CatalogueEntry| {
        Node::Object(vec![("key", Node::text(value.code.as_str())), ("name", Node::text(value.name.as_str()))])
    };
    let mut described = vec![
        ("variable", Node::Truth(true)),
        ("code", Node::text(asked.code.as_str())),
        ("datatype", Node::text(datatype)),
        ("required", Node::Truth(asked.required)),
        ("datatype_description", Node::text(asked.hint.as_str())),
        ("order", Node::Number(f64::from(order))),
        ("description", Node::text(asked.name.as_str())),
    ];
    if !asked.values.is_empty() {
        described.push(("values", Node::List("value", asked.values.iter().map(value).collect())));
    }
    Node::Object(described)
}
