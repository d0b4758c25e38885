//! What people are told: `texts.yaml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use ids::Code;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};

use crate::reader::{Cursor, Fields, Kind};

/// Every charter says something at these moments.
pub(crate) const TEXTS_REQUIRED: [&str; 59] = [
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
    "help-goes-on",
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
pub(crate) const VARIABLES: [&str; 10] =
    ["case_id", "title", "street", "party", "due", "outcome", "colour", "note", "is_holder", "link"];

/// Instructions of the renderer for one text. Those of the shipped charters take less than 30.
const STEPS_MAX: u64 = 1000;

/// A notification, as a minijinja template over `case_id`, `title`, `street`, `party`, `due`, `outcome`,
/// `colour`, `note` (what somebody answered), `is_holder` (there if it goes to whoever has the case) and `link` (there if it
/// goes to whoever raised the case, and people can follow theirs by one).
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
    if let Err(message) = syntax(&text) {
        cursor.problem("template-syntax", message);
        return None;
    }
    if let Err(message) = try_out(&text) {
        cursor.form("template-renders", message);
    }
    Some(text)
}

/// A text may ask whether something is there; naming what is not is an error.
static RENDERER: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    // A message is plain text, whoever shows it escapes it.
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_fuel(Some(STEPS_MAX));
    environment
});

/// Puts a text into words.
///
/// # Errors
/// In words: what it names is not there, or it cannot be read or ended.
pub fn render(template: &str, values: &BTreeMap<String, String>) -> Result<String, String> {
    RENDERER.render_str(template, values.clone()).map_err(|error| error.to_string())
}

/// The text in words with everything there that it may name, and then without: what a condition hides until somebody is to
/// be told fails here. Empty and not absent, because naming what is there only sometimes is between the text and its moment.
fn try_out(text: &str) -> Result<(), String> {
    let named: Vec<&str> = VARIABLES.into_iter().filter(|variable| text.contains(variable)).collect();
    let asks = text.contains("if ");
    // One bit for each that is left empty.
    (0..if asks { 1_u32 << named.len() } else { 1 }).try_for_each(|empty| {
        let value = |at: usize| if empty & (1 << at) == 0 { "1" } else { "" };
        let values = named.iter().enumerate().map(|(at, name)| ((*name).to_owned(), value(at).to_owned()));
        render(text, &values.collect()).map(|_| ())
    })
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

    #[test]
    fn what_cannot_be_put_into_words_is_found_before_anybody_is_to_be_told() {
        for good in ["plain", "{{ title }}{% if due %}，{{ due|upper }}{% elif not note %}{{ party }}{% endif %}"] {
            assert_eq!(try_out(good), Ok(()), "{good}");
        }
        for bad in [
            "{{ case_id|nofilter }}",
            "{{ case_id.x.y }}",
            "{% if due %}{{ due }}{% else %}{{ note|nofilter }}{% endif %}",
            "{% for i in range(1000000000) %}字{% endfor %}",
            "{% for i in range(90000) %}字{% endfor %}",
        ] {
            assert!(try_out(bad).is_err(), "{bad}");
        }
    }
}
