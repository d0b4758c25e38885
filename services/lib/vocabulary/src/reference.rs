//! References to people, as outside systems make them: opaque, so that the record holds nobody's number or name (D8).
//!
//! The record is never erased, so what comes in as a reference has to be one: a name that means something only to whoever
//! gave it out.

use std::sync::LazyLock;

use regex::Regex;

use crate::mask::is_luhn;

/// What the references begin with by which the record knows receipts; nobody sends one of their own that does.
pub const RECEIPT: &str = "receipt:";

/// Why something is no opaque reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotOpaque {
    #[error("a reference has only A-Z, a-z, 0-9 and - _ . : / + =, never a name or an address")]
    Form,
    #[error(
        "this looks like a telephone, identity or card number, and the record is never erased: send a name of your own for the \
         person, for example a keyed hash of the number"
    )]
    PersonalNumber,
}

/// Mobile with or without country code; identity numbers of both generations, and a disabled person's card.
static PERSONAL: LazyLock<Regex> = LazyLock::new(|| {
    let date = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])";
    let pattern = format!(
        r"^(?:(?:00)?(?:86)?1[3-9]\d{{9}}|[1-9]\d{{5}}(?:18|19|20)\d{{2}}{date}\d{{3}}[0-9Xx](?:\d{{2}})?|[1-9]\d{{7}}{date}\d{{3}})$"
    );
    #[allow(clippy::unwrap_used, reason = "a constant pattern; the test below compiles it")]
    Regex::new(&pattern).unwrap()
});

/// Fixed line with area code, once nothing but digits is left.
static FIXED_LINE: LazyLock<Regex> = LazyLock::new(|| {
    #[allow(clippy::unwrap_used, reason = "a constant pattern; the test below compiles it")]
    Regex::new(r"^(?:(?:00)?860?|0)(?:10|2\d|[3-9]\d{2})\d{7,8}$").unwrap()
});

/// Of any country, once nothing but digits is left behind the plus.
static ABROAD: LazyLock<Regex> = LazyLock::new(|| {
    #[allow(clippy::unwrap_used, reason = "a constant pattern; the test below compiles it")]
    Regex::new(r"^[1-9]\d{9,14}$").unwrap()
});

/// A bank card of this country. Others begin like the numbers that programs give out.
fn is_card(part: &str) -> bool {
    (16..=19).contains(&part.len())
        && part.starts_with("62")
        && part.bytes().all(|byte| byte.is_ascii_digit())
        && is_luhn(part)
}

/// # Errors
/// It cannot be an opaque reference. What is digits by chance inside a longer name, as in a hash, is none of a person's numbers.
pub fn check(reference: &str) -> Result<(), NotOpaque> {
    if !reference.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:/+=".contains(c)) {
        return Err(NotOpaque::Form);
    }
    number_free(reference)
}

/// The same of what has a form of its own, as the name of an object or a link.
///
/// # Errors
/// It is the number of a person, or one of its parts is.
pub fn number_free(reference: &str) -> Result<(), NotOpaque> {
    let separator = |c: char| !c.is_ascii_alphanumeric();
    let digits: String = reference.chars().filter(|c| !separator(*c)).collect();
    let only_digits = digits.chars().all(|c| c.is_ascii_digit());
    let grouped = only_digits && reference.chars().any(separator) && FIXED_LINE.is_match(&digits);
    let abroad = only_digits && reference.starts_with('+') && ABROAD.is_match(&digits);
    let is_persons = |part: &str| PERSONAL.is_match(part) || is_card(part);
    if is_persons(&digits) || grouped || abroad || reference.split(separator).any(is_persons) {
        return Err(NotOpaque::PersonalNumber);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_ones_own_are_references() {
        for good in [
            "",
            "wg-1279",
            "caller-3",
            "10023456",
            "u:7f3a",
            "oGZ1-5xUq_8",
            "6f1c2b1e-0e3d-4d67-9f0a-13812345678b",
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            "kJ7+/9fA==",
            "4111111111111111",
            "6217002870001234565",
            "1764523234000000000",
            "0190c2a4-7d1e-7b3a-8f00-138123456780",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn numbers_of_people_are_not() {
        for bad in [
            "13812345678",
            "+8613812345678",
            "008613812345678",
            "138-1234-5678",
            "tel:13812345678",
            "wx_13812345678",
            "027-88881234",
            "0755-1234567",
            "420106199003071234",
            "42010619900307123X",
            "id/42010619900307123x",
            "420106900307123",
            "42010619850612123942",
            "942156199003071235",
            "+85291234567",
            "+852-9123-4567",
            "6217002870001234564",
            "6217-0028-7000-1234-564",
            "card:6217002870001234564",
        ] {
            assert_eq!(check(bad), Err(NotOpaque::PersonalNumber), "{bad}");
        }
    }

    #[test]
    fn names_and_addresses_are_not() {
        for bad in ["陈先生", "Chen Wei", "chen@example.com", "１３８１２３４５６７８"] {
            assert_eq!(check(bad), Err(NotOpaque::Form), "{bad}");
        }
    }
}
