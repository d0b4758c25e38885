//! What people are told: `texts.yaml`.

use ids::Code;

use crate::reader::{Cursor, Fields, Kind};

/// Every charter says something at these moments.
pub(crate) const TEXTS_REQUIRED: [&str; 58] = [
    "received",
    "joined",
    "judged",
    "called",
    "call-overdue",
    "overdue",
    "returned",
    "reminded",
    "supervised",
    "reopened",
    "resolved",
    "closed",
    "notice-served",
    "paged",
    "colour-raised",
    "recurrence-found",
    "poll-ended",
    "admitted",
    "transferred",
    "city-returned",
    "city-reminded",
    "city-overdue",
    "adjudication-overdue",
    "supervision-overdue",
    "task-decided",
    "supplemented",
    "said-again",
    "replied",
    "open-again",
    "to-judge",
    "judgement-overdue",
    "dismissed",
    "exclusion-proposed",
    "assigned",
    "taken-away",
    "case-over",
    "answered",
    "call-over",
    "call-ended",
    "return-refused",
    "unqualified",
    "supervision-answered",
    "extended",
    "suspended",
    "resumed",
    "task-planned",
    "task-waits",
    "task-ready",
    "meeting-missed",
    "task-force",
    "admission-refused",
    "operation-opened",
    "operation-over",
    "seat-called",
    "seat-lapsed",
    "seat-escalated",
    "reinspection-due",
    "rate-parties",
];

/// What a template may name.
pub(crate) const VARIABLES: [&str; 9] =
    ["case_id", "title", "street", "party", "due", "outcome", "colour", "note", "is_holder"];

/// A notification, as a minijinja template over `case_id`, `title`, `street`, `party`, `due`, `outcome`,
/// `colour`, `note` (what somebody answered) and `is_holder` (there if it goes to whoever has the case).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    pub code: Code,
    pub zh: String,
    pub en: Option<String>,
}

pub(crate) fn read(file: Cursor<'_, '_>) -> Vec<Text> {
    file.map(|fields| fields.list("texts").into_iter().filter_map(|entry| entry.map(text).flatten()).collect())
        .unwrap_or_default()
}

fn text(fields: &Fields<'_, '_>) -> Option<Text> {
    let code = fields.declare(Kind::Text);
    let zh = fields.need("zh").and_then(template);
    let en = fields.get("en").and_then(template);
    Some(Text { code: code?, zh: zh?, en })
}

fn template(cursor: Cursor<'_, '_>) -> Option<String> {
    let text = cursor.text()?;
    match syntax(&text) {
        Ok(()) => Some(text),
        Err(message) => {
            cursor.problem("template-syntax", message);
            None
        }
    }
}

/// Whether every tag is closed, every block ended and every variable known. The renderer checks the rest.
fn syntax(text: &str) -> Result<(), String> {
    let mut blocks: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find(['{', '}']) {
        let tag = &rest[open..];
        let (close, inside) = match tag.get(..2) {
            Some("{{") => ("}}", true),
            Some("{%") => ("%}", false),
            Some("{#") => ("#}", false),
            Some("}}") => return Err("}} without {{".to_owned()),
            Some(_) | None => {
                rest = &tag[1..];
                continue;
            }
        };
        let inner = &tag[2..];
        let end = inner.find(close).filter(|end| !inner[..*end].contains('{'));
        let end = end.ok_or_else(|| format!("{} is never closed", &tag[..2]))?;
        let word = inner[..end].trim_matches(['-', ' ']).split([' ', '|', '.', '(']).next().unwrap_or_default();
        match (inside, word) {
            (true, word) if !VARIABLES.contains(&word) => {
                return Err(format!("there is no variable {word:?}; known are {}", VARIABLES.join(", ")));
            }
            (false, "if" | "for") => blocks.push(word),
            (false, "endif" | "endfor") if blocks.pop() != word.strip_prefix("end") => {
                return Err(format!("{word} ends no open block"));
            }
            _ => {}
        }
        rest = &inner[end + 2..];
    }
    blocks.last().map_or(Ok(()), |open| Err(format!("{open} is never ended")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_balanced_and_names_known_variables() {
        for good in ["plain", "件 {{ case_id }}", "{% if due %}{{ due|upper }}{% else %}-{% endif %}", "{x}"] {
            assert_eq!(syntax(good), Ok(()), "{good}");
        }
        for bad in [
            "{{ case_id",
            "case_id }}",
            "{% if due %}",
            "{% endif %}",
            "{{ phone }}",
            "{% for x in y %}{% endif %}",
            "{%}",
            "{#}",
        ] {
            assert!(syntax(bad).is_err(), "{bad}");
        }
    }
}
