//! The names a refusal can have, as `tests/stories/RULES.md` lists them. A test compares that page with the code.

/// The page: tables whose first column is the rule.
const PAGE: &str = include_str!("../../../../tests/stories/RULES.md");
/// Statuses that a refusal without a rule is named by.
pub const STATUSES: [&str; 7] = [
    "InvalidArgument",
    "PermissionDenied",
    "Unauthenticated",
    "NotFound",
    "AlreadyExists",
    "FailedPrecondition",
    "ResourceExhausted",
];

/// Every rule's name.
pub fn names() -> impl Iterator<Item = &'static str> {
    rows(PAGE).map(|row| row[0])
}

/// Rule, services, meaning of every row of the page.
fn rows(page: &str) -> impl Iterator<Item = [&str; 3]> {
    page.lines().filter_map(|line| {
        let (rule, rest) = line.strip_prefix("| `")?.split_once("` | ")?;
        let (services, meaning) = rest.strip_suffix(" |")?.split_once(" | ")?;
        Some([rule, services, meaning])
    })
}

#[cfg(test)]
mod tests;
