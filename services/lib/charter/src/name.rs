use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What people call a thing. The Chinese name is the official one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name {
    pub zh: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub en: Option<String>,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.zh)
    }
}

/// Where an entry comes from, so that a district knows what it still has to replace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provenance {
    /// A published source of the district names it.
    #[default]
    Source,
    /// Stands in for an entry of which only the number is known.
    Illustrative,
    /// Huying's own default.
    Ours,
}

impl FromStr for Provenance {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "source" => Ok(Self::Source),
            "illustrative" => Ok(Self::Illustrative),
            "ours" => Ok(Self::Ours),
            other => Err(format!("provenance is source, illustrative or ours, not {other:?}")),
        }
    }
}
