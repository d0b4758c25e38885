//! What is wrong with a story, as far as it can be known without playing it: every fault with its line.
//!
//! Verbs and their fields, words, events and their fields, rules, times and the story's own names are checked against
//! the contracts; codes against the charter of its district. A step may name what there is not when the rule by which it is to
//! be refused is about that.

mod codes;
mod expects;
mod lines;
mod nearest;
mod steps;

use std::fmt;

use charter::Charter;
use jiff::Timestamp;

use crate::format::{Story, instant, odd_number};
use lines::Lines;
use nearest::unknown;

/// Who can act.
pub(crate) const ROLES: [&str; 7] =
    ["caller", "grid", "community", "street", "enforcement-center", "department", "district"];

/// One fault of a story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Line of the file, counted from 1; 0 when no line is at fault.
    pub line: usize,
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.what),
            line => write!(f, "{line}: {}", self.what),
        }
    }
}

/// Everything that is wrong with a story, in the order of its lines. Without a charter codes are not looked at.
#[must_use]
pub fn faults(text: &str, charter: Option<&Charter>) -> Vec<Fault> {
    let story = match Story::read(text) {
        Ok(story) => story,
        Err(error) => return vec![lines::form_fault(&error)],
    };
    let mut faults = Faults { lines: Lines::of(text), found: Vec::new() };
    for (line, number) in charter::odd_numbers(text) {
        faults.found.push(Fault { line: line as usize, what: odd_number(&number) });
    }
    let begins = story.begins().unwrap_or_else(|error| {
        faults.at("begins", format!("{error:#}"));
        Timestamp::UNIX_EPOCH
    });
    if let Some(charter) = charter {
        codes::actors(&story, charter, &mut faults);
    }
    for (name, actor) in &story.actors {
        if !ROLES.contains(&actor.role.as_str()) {
            faults.at(&format!("{name}:"), unknown("role", &actor.role, ROLES));
        }
    }
    let named = steps::check(&story, begins, charter, &mut faults);
    expects::check(&story, begins, charter, &named, &mut faults);
    let mut found = faults.found;
    found.sort_by_key(|fault| fault.line);
    found
}

/// Gathers faults, each at its line.
struct Faults {
    lines: Lines,
    found: Vec<Fault>,
}

impl Faults {
    /// At the first line that holds these words.
    fn at(&mut self, words: &str, what: impl Into<String>) {
        let line = self.lines.first(words);
        self.found.push(Fault { line, what: what.into() });
    }

    /// In a step, counted from 0; at the line of it that holds these words.
    fn in_step(&mut self, step: usize, words: &str, what: impl fmt::Display) {
        let line = self.lines.in_step(step, words);
        self.found.push(Fault { line, what: format!("step {}: {what}", step + 1) });
    }

    /// In an expectation, counted from 0.
    fn in_expectation(&mut self, expectation: usize, words: &str, what: impl fmt::Display) {
        let line = self.lines.in_expectation(expectation, words);
        self.found.push(Fault { line, what: format!("expect {}: {what}", expectation + 1) });
    }
}

/// A time of a story that cannot be read.
fn bad_time(begins: Timestamp, text: &str) -> Option<String> {
    instant(begins, text).err().map(|error| format!("{error:#}"))
}

#[cfg(test)]
mod tests;
