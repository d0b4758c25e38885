//! Free text on its way in: bounded, trimmed, and without the numbers that would name a person (D8).

use vocabulary::mask::mask;
use vocabulary::text::{stray_control, tidy};

use crate::refusal::Violation;

/// A text that must say something.
///
/// # Errors
/// Empty, or longer than `length_max` characters.
pub fn prose(field: &'static str, text: &str, length_max: usize) -> Result<String, Violation> {
    let text = optional_prose(field, text, length_max)?;
    if text.is_empty() { Err(Violation::new(field, "required", "it must not be empty")) } else { Ok(text) }
}

/// The number of something within a case: a call, a task, an order, a notice.
///
/// # Errors
/// Left out.
pub fn counted(field: &'static str, number: u32) -> Result<u32, Violation> {
    if number == 0 { Err(Violation::new(field, "required", "they are counted from 1")) } else { Ok(number) }
}

/// A text that may be empty.
///
/// # Errors
/// Longer than `length_max` characters.
pub fn optional_prose(field: &'static str, text: &str, length_max: usize) -> Result<String, Violation> {
    let text = tidy(text);
    let length = text.chars().count();
    if length > length_max {
        let description = format!("it has {length} characters, at most {length_max} fit");
        return Err(Violation::new(field, "text-length", description));
    }
    if let Some(stray) = stray_control(&text, true) {
        return Err(Violation::new(field, "control-character", stray.to_string()));
    }
    Ok(mask(&text).0)
}
