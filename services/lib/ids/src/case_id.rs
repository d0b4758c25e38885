use std::fmt;
use std::str::FromStr;

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

/// Crockford's base-32 digits: no `i`, `l`, `o`, `u`, so that nothing is misheard or misread.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const RANDOM_LEN: usize = 6;

/// `yymmdd-xxxxxxc`: the day the case was received in the district's time zone, six random base-32 digits and
/// one check digit (Luhn mod 32 over the twelve before it), e.g. `261121-7k3q9xf`.
///
/// Reading is lenient as Crockford's alphabet asks: upper case, `o` for `0`, `i` and `l` for `1`. Writing
/// is always lower case.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CaseId([u8; 14]);

impl CaseId {
    /// A new id for a case received on `day`. `random` is an argument so that a test can replay it.
    #[must_use]
    pub fn draw(day: jiff::civil::Date, random: &mut impl Rng) -> Self {
        let mut id = [b'-'; 14];
        let numbers = [
            day.year().rem_euclid(100).unsigned_abs(),
            day.month().unsigned_abs().into(),
            day.day().unsigned_abs().into(),
        ];
        for (pair, number) in numbers.into_iter().enumerate() {
            id[pair * 2] = DIGITS[usize::from(number / 10)];
            id[pair * 2 + 1] = DIGITS[usize::from(number % 10)];
        }
        for slot in &mut id[7..7 + RANDOM_LEN] {
            *slot = DIGITS[random.random_range(0..DIGITS.len())];
        }
        id[13] = check_digit(&id);
        Self(id)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Why a string is not a case id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaseIdError {
    #[error(
        "a case id looks like 261121-7k3q9xf: six digits, a hyphen, seven letters or digits; this has {0} characters"
    )]
    Length(usize),
    #[error("a case id has no {found:?} at position {position}")]
    Character { found: char, position: usize },
    #[error("the check character is {found:?}, but the rest asks for {expected:?}: one character was misread")]
    Check { found: char, expected: char },
}

impl FromStr for CaseId {
    type Err = CaseIdError;

    fn from_str(text: &str) -> Result<Self, CaseIdError> {
        if text.len() != 14 || !text.is_ascii() {
            return Err(CaseIdError::Length(text.chars().count()));
        }
        let mut id = [0u8; 14];
        for (position, byte) in text.bytes().enumerate() {
            let folded = match byte.to_ascii_lowercase() {
                b'o' => b'0',
                b'i' | b'l' => b'1',
                other => other,
            };
            let fits = match position {
                0..6 => folded.is_ascii_digit(),
                6 => folded == b'-',
                _ => DIGITS.contains(&folded),
            };
            if !fits {
                return Err(CaseIdError::Character { found: char::from(byte), position: position + 1 });
            }
            id[position] = folded;
        }
        let expected = check_digit(&id);
        if id[13] != expected {
            return Err(CaseIdError::Check { found: char::from(id[13]), expected: char::from(expected) });
        }
        Ok(Self(id))
    }
}

impl TryFrom<String> for CaseId {
    type Error = CaseIdError;
    fn try_from(text: String) -> Result<Self, CaseIdError> {
        text.parse()
    }
}

impl From<CaseId> for String {
    fn from(id: CaseId) -> Self {
        id.as_str().to_owned()
    }
}

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CaseId({})", self.as_str())
    }
}

/// Luhn mod 32 over the six day digits and the six random digits: catches every single wrong digit and
/// every swap of neighbours but one pair.
fn check_digit(id: &[u8; 14]) -> u8 {
    let value = |byte: u8| DIGITS.iter().position(|digit| *digit == byte).unwrap_or(0);
    let sum: usize = id[..13]
        .iter()
        .filter(|byte| **byte != b'-')
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let doubled = value(*byte) * if place % 2 == 0 { 2 } else { 1 };
            doubled / 32 + doubled % 32
        })
        .sum();
    DIGITS[(32 - sum % 32) % 32]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::SeedableRng;

    fn draw(seed: u64) -> CaseId {
        CaseId::draw(jiff::civil::date(2026, 11, 21), &mut rand::rngs::StdRng::seed_from_u64(seed))
    }

    proptest! {
        #[test]
        fn a_drawn_id_reads_back_in_either_case(seed: u64) {
            let id = draw(seed);
            prop_assert!(id.as_str().starts_with("261121-"));
            prop_assert_eq!(id.to_string().parse::<CaseId>().unwrap(), id);
            prop_assert_eq!(id.to_string().to_uppercase().parse::<CaseId>().unwrap(), id);
        }

        #[test]
        fn one_misheard_digit_never_passes(seed: u64, position in 7usize..14, digit in 0usize..32) {
            let id = draw(seed);
            let mut misheard = id.0;
            prop_assume!(misheard[position] != DIGITS[digit]);
            misheard[position] = DIGITS[digit];
            let text = String::from_utf8(misheard.to_vec()).unwrap();
            prop_assert!(text.parse::<CaseId>().is_err(), "{text} passed for {id}");
        }
    }

    #[test]
    fn the_error_says_what_is_wrong() {
        assert_eq!("261121".parse::<CaseId>(), Err(CaseIdError::Length(6)));
        assert_eq!("26112x-7k3q9xf".parse::<CaseId>(), Err(CaseIdError::Character { found: 'x', position: 6 }));
    }
}
