//! What is kept of each bridge beside the record: how far it has been told, what waits of which case, what was given up.

use std::collections::VecDeque;

use ids::Code;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use webhook::{Event, Tries};

/// How far a bridge has been told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// As the casebook gave it; empty: nothing was asked yet.
    pub cursor: String,
    /// What happened from here on is told; without a cursor it begins here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// When it last took something, and when something last failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub error: String,
    /// How often an operator asked for something again.
    #[serde(default)]
    pub asked: u64,
}

/// One event about a case, ready to be sent. The same bytes however often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub district: Code,
    pub case_id: String,
    pub at: Timestamp,
    pub data: Value,
}

impl Item {
    pub fn event(&self) -> Event {
        let source = format!("/huying/{}", self.district);
        Event::new((&self.id, &self.kind), source, &self.case_id, self.at, self.data.clone())
    }
}

/// What waits of one case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Never empty.
    pub items: VecDeque<Item>,
    /// Of the first.
    pub tries: Tries,
}

/// What was given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dead {
    pub item: Item,
    pub tries: u32,
    pub at: Timestamp,
    pub error: String,
}

/// Where each lies.
pub mod key {
    use ids::Code;

    pub fn told(bridge: &Code) -> String {
        format!("told.{bridge}")
    }

    /// What the keys of all that waits begin with.
    pub fn all_waiting(bridge: &Code) -> String {
        format!("waiting.{bridge}.")
    }

    pub fn waiting(bridge: &Code, case_id: &str) -> String {
        all_waiting(bridge) + case_id
    }

    /// What the keys of all that was given up begin with.
    pub fn all_dead(bridge: &Code) -> String {
        format!("dead.{bridge}.")
    }

    pub fn dead(bridge: &Code, id: &str) -> String {
        all_dead(bridge) + id
    }
}

/// # Errors
/// It is not of this form: a later version wrote it.
pub fn read<T: DeserializeOwned>(content: &[u8]) -> anyhow::Result<T> {
    Ok(serde_json::from_slice(content)?)
}

/// # Errors
/// None: strings, times and JSON can be written.
pub fn written(document: &impl Serialize) -> anyhow::Result<Vec<u8>> {
    Ok(serde_json::to_vec(document)?)
}
