//! The body of a webhook: a CloudEvent (1.0, structured, JSON), whatever it is about. It is never empty, because a library
//! that verifies it reads it as JSON.

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Hexadecimal digits of an id that is made of what is told: 128 bits, as a UUID.
const ID_LENGTH: usize = 32;

/// What happened, for a program elsewhere. Fields are those of CloudEvents; all but `data` are ASCII, about which its libraries
/// do not agree otherwise.
#[derive(Clone, Debug, Serialize)]
pub struct Event {
    specversion: &'static str,
    /// By which a receiver recognises a repeat; the header `webhook-id` has it too.
    id: String,
    source: String,
    #[serde(rename = "type")]
    kind: String,
    subject: String,
    /// When it happened.
    time: Timestamp,
    datacontenttype: &'static str,
    data: Value,
}

impl Event {
    /// `kind` is its type, `subject` the number of the case it is about.
    #[must_use]
    pub fn new(
        (id, kind): (impl Into<String>, impl Into<String>),
        source: impl Into<String>,
        subject: impl Into<String>,
        time: Timestamp,
        data: Value,
    ) -> Self {
        Self {
            specversion: "1.0",
            id: id.into(),
            source: source.into(),
            kind: kind.into(),
            subject: subject.into(),
            time,
            datacontenttype: "application/json",
            data,
        }
    }

    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        // Strings, a time and JSON: there is nothing in it that could not be written.
        serde_json::to_vec(self).unwrap_or_else(|_| b"{}".to_vec())
    }
}

/// An id that depends on what is told and on nothing else, so that a repeat can be recognised.
#[must_use]
pub fn short_id(of_what: &str) -> String {
    let mut id = HEXLOWER.encode(&Sha256::digest(of_what));
    id.truncate(ID_LENGTH);
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_a_cloud_event() {
        let data = serde_json::json!({ "words": "已受理" });
        let event = Event::new(
            ("77d6", "huying.case.Received"),
            "/huying/heping",
            "261121-7k3q9xf",
            Timestamp::UNIX_EPOCH,
            data,
        );
        let body = String::from_utf8(event.body()).unwrap();
        assert_eq!(
            body,
            r#"{"specversion":"1.0","id":"77d6","source":"/huying/heping","type":"huying.case.Received","subject":"261121-7k3q9xf","time":"1970-01-01T00:00:00Z","datacontenttype":"application/json","data":{"words":"已受理"}}"#
        );
    }
}
