//! The mark a street gives a department: a rate, and below the full one the reason.

use ids::Code;
use rust_decimal::Decimal;
use vocabulary::number::is_number;
use vocabulary::text::{is_placeholder, is_unseen};

use super::NOTE_LENGTH_MAX;

/// Decimal places of a street's rate.
const PLACES_MAX: u32 = 2;
/// Characters that say why. Fewer cannot name what was wrong.
const REASON_LENGTH_MIN: usize = 4;
/// Different characters of it: fewer are a key that was held down.
const DIFFERENT_MIN: usize = 3;

/// A mark just given is valid: 0 to 1 in at most two places, and a reason unless it is the full mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    rate: Decimal,
    reason: String,
    /// What of the district's standard a deduction rests on; empty where it has none.
    grounds: Vec<Code>,
}

/// What is wrong with a mark.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MarkProblem {
    #[error("{0:?} is not a decimal number from 0 to 1 with at most {PLACES_MAX} places")]
    Rate(String),
    #[error("a deduction needs its reason in writing, at least {REASON_LENGTH_MIN} characters (R-75)")]
    ReasonMissing,
    #[error("it has {0} characters, at most {NOTE_LENGTH_MAX} fit")]
    ReasonTooLong(usize),
}

impl Mark {
    /// # Errors
    /// The rate is none, or a deduction has no reason.
    pub fn new(rate: &str, reason: &str) -> Result<Self, MarkProblem> {
        let reason = reason.trim();
        let wrong = || MarkProblem::Rate(rate.to_owned());
        if !is_number(rate) || rate.starts_with('-') {
            return Err(wrong());
        }
        let value = Decimal::from_str_exact(rate).map_err(|_| wrong())?;
        if value.scale() > PLACES_MAX || value > Decimal::ONE {
            return Err(wrong());
        }
        if value < Decimal::ONE && !says_why(reason) {
            return Err(MarkProblem::ReasonMissing);
        }
        match reason.chars().count() {
            length if length > NOTE_LENGTH_MAX => Err(MarkProblem::ReasonTooLong(length)),
            _ => Ok(Self { rate: value.normalize(), reason: reason.to_owned(), grounds: vec![] }),
        }
    }

    /// As it stands on the record, where it was checked by the rules of its day.
    #[must_use]
    pub fn recorded(rate: Decimal, reason: String, grounds: Vec<Code>) -> Self {
        Self { rate, reason, grounds }
    }

    /// With what it rests on, which the charter has checked.
    #[must_use]
    pub fn on(self, grounds: Vec<Code>) -> Self {
        Self { grounds, ..self }
    }

    #[must_use]
    pub fn grounds(&self) -> &[Code] {
        &self.grounds
    }

    #[must_use]
    pub fn rate(&self) -> Decimal {
        self.rate
    }

    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// Whether a text gives a reason. Dots and dashes fill a required field and say nothing, as do characters that nobody sees,
/// one character over and over, and what is written for want of anything to say, once or many times.
#[must_use]
pub fn says_why(reason: &str) -> bool {
    let seen: Vec<char> = reason.chars().filter(|character| !is_unseen(*character)).collect();
    let mut different = seen.clone();
    different.sort_unstable();
    different.dedup();
    let fills = |length: &usize| {
        let unit = seen.get(..*length).unwrap_or_default();
        seen.len().is_multiple_of(*length)
            && seen.chunks(*length).all(|chunk| chunk == unit)
            && is_placeholder(&unit.iter().collect::<String>())
    };
    seen.len() >= REASON_LENGTH_MIN
        && different.len() >= DIFFERENT_MIN
        && seen.iter().any(|character| character.is_alphabetic())
        && !(1..=seen.len()).any(|length| fills(&length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deduction_without_a_reason_is_no_mark() {
        for reason in [
            "",
            "   ",
            "迟到",
            "……！？",
            "----",
            "  . . ",
            "迟到\u{200b}\u{200b}\u{200b}\u{200b}",
            "无",
            "略",
            ".",
            "无无无无",
            "aaaaaa",
            "没有没有",
            "不知道不知道",
            "unknown",
            "（未提供）",
            "12345",
        ] {
            assert_eq!(Mark::new("0.9", reason), Err(MarkProblem::ReasonMissing), "{reason:?}");
        }
        let mark = Mark::new("0.90", " 派来的人不能拍板 ").unwrap();
        assert_eq!((mark.rate().to_string().as_str(), mark.reason()), ("0.9", "派来的人不能拍板"));
        assert!(Mark::new("1", "").is_ok(), "the full mark needs no reason");
        assert_eq!(Mark::new("0.5", &"来得太晚了".repeat(401)), Err(MarkProblem::ReasonTooLong(2005)));
    }

    #[test]
    fn a_rate_is_a_plain_decimal_from_0_to_1() {
        for rate in [
            "", ".", "1.01", "2", "-0.5", "+0.5", "0.955", "0,9", "90%", "1e-1", "0.5 ", "NaN", "٠", ".5", "1.",
            "00.5", "0_5",
        ] {
            assert_eq!(Mark::new(rate, "来得太晚了"), Err(MarkProblem::Rate(rate.to_owned())));
        }
        for rate in ["0", "0.0", "0.05", "1", "1.00"] {
            assert!(Mark::new(rate, "来得太晚了").is_ok(), "{rate}");
        }
    }
}
