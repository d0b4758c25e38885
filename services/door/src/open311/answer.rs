//! One tree, written as XML or as JSON. In JSON a list is an array by itself; in XML it is an element with one for each.

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use serde_json::{Map, Value, json};

use crate::problem::Problem;

/// What an address ends in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Xml,
    Json,
}

/// A value that is answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// Nothing is said: an empty element, null.
    Nothing,
    Text(String),
    Number(f64),
    Truth(bool),
    Object(Vec<(&'static str, Node)>),
    /// Of elements of this name.
    List(&'static str, Vec<Node>),
}

impl Node {
    /// Of a text; nothing where it is empty.
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() { Self::Nothing } else { Self::Text(text) }
    }

    fn json(&self) -> Value {
        match self {
            Self::Nothing => Value::Null,
            Self::Text(text) => json!(text),
            Self::Number(number) => json!(number),
            Self::Truth(truth) => json!(truth),
            Self::Object(fields) => {
                Value::Object(Map::from_iter(fields.iter().map(|(name, node)| ((*name).to_owned(), node.json()))))
            }
            Self::List(_, elements) => Value::Array(elements.iter().map(Node::json).collect()),
        }
    }

    fn xml(&self, name: &str, to: &mut Writer<Vec<u8>>) -> std::io::Result<()> {
        let text = match self {
            Self::Nothing => return to.write_event(Event::Empty(BytesStart::new(name))),
            Self::Text(text) => allowed(text),
            Self::Number(number) => number.to_string(),
            Self::Truth(truth) => truth.to_string(),
            Self::Object(fields) => {
                to.write_event(Event::Start(BytesStart::new(name)))?;
                fields.iter().try_for_each(|(name, node)| node.xml(name, to))?;
                return to.write_event(Event::End(BytesEnd::new(name)));
            }
            Self::List(each, elements) => {
                to.write_event(Event::Start(BytesStart::new(name)))?;
                elements.iter().try_for_each(|element| element.xml(each, to))?;
                return to.write_event(Event::End(BytesEnd::new(name)));
            }
        };
        to.write_event(Event::Start(BytesStart::new(name)))?;
        to.write_event(Event::Text(BytesText::new(&text)))?;
        to.write_event(Event::End(BytesEnd::new(name)))
    }
}

/// What XML 1.0 can say at all.
fn allowed(text: &str) -> String {
    let fits = |letter: &char| matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    text.chars().filter(fits).collect()
}

/// An answer, and the name of its element in XML.
#[derive(Clone, Debug)]
pub struct Answer {
    pub root: &'static str,
    pub node: Node,
}

impl Answer {
    pub fn written(&self, format: Format) -> Response {
        written(StatusCode::OK, self.root, &self.node, format)
    }
}

fn written(status: StatusCode, root: &str, node: &Node, format: Format) -> Response {
    let (form, bytes) = match format {
        Format::Json => ("application/json; charset=utf-8", node.json().to_string().into_bytes()),
        Format::Xml => {
            let mut writer = Writer::new(Vec::new());
            let declared = writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)));
            if let Err(error) = declared.and_then(|()| node.xml(root, &mut writer)) {
                // Nothing can go wrong in memory.
                tracing::error!(%error, "an answer cannot be written");
                return Problem::of_ours().into_response();
            }
            ("text/xml; charset=utf-8", writer.into_inner())
        }
    };
    (status, [(CONTENT_TYPE, HeaderValue::from_static(form))], bytes).into_response()
}

/// A "no", as the standard has it: 404 for what is not there, 403 for a key, 400 for what does not fit or a rule forbids. What may
/// pass by itself stays what it is, and says when to come again.
pub fn refused(problem: &Problem, format: Format) -> Response {
    let status = match problem.status {
        StatusCode::UNAUTHORIZED => StatusCode::FORBIDDEN,
        StatusCode::CONFLICT | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            StatusCode::BAD_REQUEST
        }
        status => status,
    };
    let said: Vec<String> = match problem.refusal.violations.as_slice() {
        [] => vec![problem.refusal.message.clone()],
        violations => violations.iter().map(|it| format!("{}: {} ({})", it.field, it.description, it.rule)).collect(),
    };
    let error = |description| {
        Node::Object(vec![("code", Node::text(status.as_u16().to_string())), ("description", Node::text(description))])
    };
    let errors = Node::List("error", said.into_iter().map(error).collect());
    let mut response = written(status, "errors", &errors, format);
    problem.add_headers(&mut response);
    response
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    async fn said(response: Response) -> (u16, String) {
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_list_is_an_array_by_itself_and_an_element_with_one_for_each() {
        let one = |code: &str| {
            Node::Object(vec![
                ("service_code", Node::text(code)),
                ("group", Node::text("")),
                ("metadata", Node::Truth(false)),
            ])
        };
        let answer = Answer { root: "services", node: Node::List("service", vec![one("a<b"), one("c\u{1}")]) };
        let (_, xml) = said(answer.written(Format::Xml)).await;
        assert_eq!(
            xml,
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><services><service><service_code>a&lt;b</service_code><group/>\
             <metadata>false</metadata></service><service><service_code>c</service_code><group/><metadata>false</metadata>\
             </service></services>"
        );
        let (_, json) = said(answer.written(Format::Json)).await;
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json[0], json!({ "service_code": "a<b", "group": null, "metadata": false }));
    }

    #[tokio::test]
    async fn every_no_is_a_list_of_errors() {
        let problem = Problem::of_field("service_code", "required", "is missing");
        let (status, json) = said(refused(&problem, Format::Json)).await;
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(
            (status, json),
            (400, json!([{ "code": "400", "description": "service_code: is missing (required)" }]))
        );
        let key = Problem::of(&tonic::Status::unauthenticated("this call needs a token"));
        let (status, xml) = said(refused(&key, Format::Xml)).await;
        assert_eq!(status, 403);
        assert!(xml.contains("<errors><error><code>403</code><description>this call needs a token<"), "{xml}");
        let (status, _) = said(refused(&Problem::of(&chassis::overloaded()), Format::Xml)).await;
        assert_eq!(status, 503);
    }
}
