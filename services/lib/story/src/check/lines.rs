//! Where in a file things stand.

use std::ops::Range;

use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::Spanned;

use super::Fault;
use crate::format::yaml;

/// The lines of a story, and where each of its steps and expectations begins.
pub struct Lines {
    text: Vec<String>,
    steps: Vec<usize>,
    expectations: Vec<usize>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Parts {
    steps: Vec<Spanned<Value>>,
    expect: Vec<Spanned<Value>>,
}

impl Lines {
    pub fn of(text: &str) -> Self {
        // Who reads this has read the whole form before; without places, faults stand at no line.
        let parts: Parts = yaml(text).unwrap_or_default();
        let places = |parts: &[Spanned<Value>]| parts.iter().map(|part| line_of(part.referenced.line())).collect();
        Self {
            text: text.lines().map(str::to_owned).collect(),
            steps: places(&parts.steps),
            expectations: places(&parts.expect),
        }
    }

    /// The first line that holds these words; 0 if none does.
    pub fn first(&self, words: &str) -> usize {
        self.text.iter().position(|line| line.contains(words)).map_or(0, |index| index + 1)
    }

    pub fn in_step(&self, step: usize, words: &str) -> usize {
        let end = self.steps.get(step + 1).or(self.expectations.first().filter(|first| self.after(step, **first)));
        self.within(self.steps.get(step).copied(), end.copied(), words)
    }

    pub fn in_expectation(&self, expectation: usize, words: &str) -> usize {
        let begin = self.expectations.get(expectation).copied();
        self.within(begin, self.expectations.get(expectation + 1).copied(), words)
    }

    /// Whether expectations stand below the steps, as they usually do.
    fn after(&self, step: usize, expectation: usize) -> bool {
        self.steps.get(step).is_some_and(|begin| *begin < expectation)
    }

    fn within(&self, begin: Option<usize>, end: Option<usize>, words: &str) -> usize {
        let Some(begin) = begin.filter(|begin| *begin > 0) else { return 0 };
        let lines: Range<usize> = begin - 1..end.map_or(self.text.len(), |end| end - 1).max(begin);
        let found = lines.clone().find(|index| self.text.get(*index).is_some_and(|line| line.contains(words)));
        found.map_or(begin, |index| index + 1)
    }
}

/// What the reader of YAML says begins with where: `line 3 column 5: …`.
pub fn form_fault(error: &anyhow::Error) -> Fault {
    let what = format!("{error:#}");
    let line = what.split("line ").nth(1).and_then(|rest| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    });
    Fault { line: line.unwrap_or_default(), what }
}

fn line_of(line: u64) -> usize {
    usize::try_from(line).unwrap_or_default()
}
