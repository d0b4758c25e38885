use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A name the charter gives: district, party, category, situation, channel, template.
///
/// ASCII `[a-z0-9-]`, 1 to 64 characters, no hyphen at either end: safe as one subject token, in an address
/// and in an Open311 service code. Codes of parties carry their district (`wuchang-jsj`).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Code(Arc<str>);

impl Code {
    pub const LENGTH_MAX: usize = 64;

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a string is not a code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    #[error("a code has 1 to 64 characters, this has {0}")]
    Length(usize),
    #[error("a code has only lower-case letters, digits and hyphens (not at either end), not {found:?} as in {text:?}")]
    Character { found: char, text: String },
}

impl FromStr for Code {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, CodeError> {
        if text.is_empty() || text.len() > Self::LENGTH_MAX {
            return Err(CodeError::Length(text.len()));
        }
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let wrong = text
            .chars()
            .find(|c| !allowed(*c))
            .or_else(|| (text.starts_with('-') || text.ends_with('-')).then_some('-'));
        match wrong {
            Some(found) => Err(CodeError::Character { found, text: text.to_owned() }),
            None => Ok(Self(text.into())),
        }
    }
}

impl TryFrom<String> for Code {
    type Error = CodeError;
    fn try_from(text: String) -> Result<Self, CodeError> {
        text.parse()
    }
}

impl From<Code> for String {
    fn from(code: Code) -> Self {
        code.0.to_string()
    }
}

impl Borrow<str> for Code {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

/// Chosen by whoever asks for something, so that asking again is not asking twice. Printable ASCII without
/// spaces, 1 to 128 characters; a UUID is a good one.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CommandId(Arc<str>);

/// Why a string is not a command id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a command id has 1 to 128 printable ASCII characters without spaces; a UUID is a good one")]
pub struct CommandIdError;

impl CommandId {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CommandId {
    type Err = CommandIdError;
    fn from_str(text: &str) -> Result<Self, CommandIdError> {
        let fits = (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(Self(text.into())) } else { Err(CommandIdError) }
    }
}

impl TryFrom<String> for CommandId {
    type Error = CommandIdError;
    fn try_from(text: String) -> Result<Self, CommandIdError> {
        text.parse()
    }
}

impl From<CommandId> for String {
    fn from(id: CommandId) -> Self {
        id.0.to_string()
    }
}

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_one_safe_subject_token() {
        for good in ["wuchang", "wuchang-jsj", "a1", "420106001"] {
            assert_eq!(good.parse::<Code>().map(String::from), Ok(good.to_owned()));
        }
        for bad in ["", "Wuchang", "a.b", "a b", "-a", "a-", "武昌", "a*", "a>", &"x".repeat(65)] {
            assert!(bad.parse::<Code>().is_err(), "{bad:?} must not be a code");
        }
    }
}
