//! The catalogue as a page for those who write stories: `tests/stories/EVENTS.md`.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::{Catalogue, Field, Form};

const HEAD: &str = "\
# Events: what a timeline can hold

Every event a story can expect, by the service that decides it, with the fields that `with` may name. This page is
printed by `huying story events`, from the contracts; a test compares the two.

- A field left out by the record is empty, `0` or `false`, and `with: {passed: false}` finds it.
- A *word* is written as in the last column (`colour: yellow`, `level: B2`); the contract's own name
  (`COLOUR_YELLOW`) means the same.
- An *instant* is written as `at` of a step (`due: +36h`) and compared in whole minutes.
- Of a *list*, one value means that one of its elements is like it (`parties: {party: wuchang-water}`); a list means
  exactly these, in this order.
- Of something with fields of its own, those named must hold: `officer: {post: 科长}`. A text alone is its first field:
  `officer: sw-0007`, `parties: wuchang-water`.
";

impl Catalogue {
    pub fn markdown(&self) -> String {
        let mut page = HEAD.to_owned();
        let mut parts = Vec::new();
        let mut owner = "";
        for event in self.events() {
            if event.owner != owner {
                owner = &event.owner;
                write!(page, "\n## {owner}\n").unwrap_or_default();
            }
            write!(page, "\n### {}\n\n", event.name).unwrap_or_default();
            if !event.about.is_empty() {
                page.push_str(&event.about);
                page.push_str("\n\n");
            }
            table(&mut page, &event.fields);
            parts.extend(parts_of(&event.fields));
        }
        page.push_str("\n## Fields with fields of their own\n");
        let mut told = BTreeSet::new();
        while let Some(part) = parts.pop() {
            if told.insert(part.clone()) {
                parts.extend(parts_of(self.part(&part)));
            }
        }
        for part in told {
            write!(page, "\n### {}\n\n", plain(&part)).unwrap_or_default();
            table(&mut page, self.part(&part));
        }
        page
    }
}

fn parts_of(fields: &[Field]) -> impl Iterator<Item = String> + '_ {
    fields.iter().filter_map(|field| match &field.form {
        Form::Part(part) => Some(part.clone()),
        Form::Text | Form::Number | Form::Truth | Form::Instant | Form::Word(_) => None,
    })
}

fn table(page: &mut String, fields: &[Field]) {
    if fields.is_empty() {
        page.push_str("No fields.\n");
        return;
    }
    page.push_str("| field | is | |\n|---|---|---|\n");
    for field in fields {
        let form = form(field);
        let about = field.about.replace('|', "\\|");
        writeln!(page, "| `{}` | {form} | {about} |", field.name).unwrap_or_default();
    }
}

/// What is written there, for people.
pub fn form(field: &Field) -> String {
    let one = match &field.form {
        Form::Text => "text".to_owned(),
        Form::Number => "number".to_owned(),
        Form::Truth => "true or false".to_owned(),
        Form::Instant => "instant".to_owned(),
        Form::Word(words) => {
            let short: Vec<&str> = words.iter().map(|word| word.short.as_str()).collect();
            format!("word: {}", short.join(", "))
        }
        Form::Part(part) => format!("[{}](#{})", plain(part), plain(part).to_lowercase()),
    };
    if field.many { format!("list of {one}") } else { one }
}

/// `.huying.dispatch.v1.CalledParty` is `CalledParty`.
fn plain(part: &str) -> &str {
    part.rsplit('.').next().unwrap_or(part)
}
