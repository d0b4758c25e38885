//! Digits that stand together, in the groups they are written in.

use std::ops::{Deref, Range};

use super::meant::{Meant, numeral};

/// Characters that may stand between two groups of one number: a blank, a dash and a blank.
const BETWEEN_MAX: usize = 3;
/// Digits of the longest number that is looked for: a disabled person's card.
const DIGITS_MAX: usize = 20;
/// Groups that a number has when it is written in groups. With more of them it is written digit by digit, all alike.
const GROUPS_MAX: usize = 5;
/// Digits of a group, where it takes as many groups and what is between them may part the members of a list.
const LISTED_DIGITS_MIN: usize = 3;

/// What stands before a digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// No digit near enough.
    Nothing,
    /// A digit of the same group.
    Digit,
    /// A digit of another group, at most [`BETWEEN_MAX`] characters away.
    Group(Between),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Between {
    Nothing,
    /// Blanks and dashes, as between the groups of one number.
    Joining,
    /// Dots, strokes, commas and line ends, as between numbers as well.
    Parting,
}

struct Digit {
    range: Range<usize>,
    before: Before,
}

/// All digits of a text.
pub(super) struct Runs {
    digits: Vec<Digit>,
    /// Their values, one byte each.
    values: String,
    /// For each, how many there are to the end of its run.
    together: Vec<usize>,
}

/// Some groups of a run, judged as one number.
pub(super) struct Groups<'r> {
    runs: &'r Runs,
    digits: Range<usize>,
    pub bare: &'r str,
}

impl Runs {
    pub fn of(meant: &Meant) -> Self {
        let (mut digits, mut values): (Vec<Digit>, _) = (Vec::new(), String::new());
        let mut gap = Some(Gap::default());
        let mut last_plain = false;
        for (at, character) in meant.text.char_indices() {
            let plain = character.is_ascii_digit();
            let value = if plain { Some(character) } else { numeral(character) };
            let Some(value) = value else {
                gap = gap.and_then(|gap| gap.with(character));
                continue;
            };
            let before = match &gap {
                _ if digits.is_empty() => Before::Nothing,
                None => Before::Nothing,
                Some(Gap { length: 0, .. }) if plain && last_plain => Before::Digit,
                Some(Gap { length: 0, .. }) => Before::Group(Between::Nothing),
                Some(Gap { parts: true, .. }) => Before::Group(Between::Parting),
                Some(_) => Before::Group(Between::Joining),
            };
            digits.push(Digit { range: at..at + character.len_utf8(), before });
            values.push(value);
            (gap, last_plain) = (Some(Gap::default()), plain);
        }
        let mut together = vec![1; digits.len()];
        for at in (1..digits.len()).rev().filter(|at| digits[*at].before != Before::Nothing) {
            together[at - 1] = together[at] + 1;
        }
        Self { digits, values, together }
    }

    /// Where groups begin.
    pub fn starts(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.digits.len()).filter(|at| self.is_edge(*at))
    }

    /// Where a digit stands.
    pub fn place(&self, digit: usize) -> usize {
        self.digits[digit].range.start
    }

    /// Which digit begins at a place of the text.
    pub fn at(&self, place: usize) -> Option<usize> {
        self.digits.binary_search_by_key(&place, |digit| digit.range.start).ok()
    }

    /// Whether the first two digits from `start` on fit.
    pub fn begins(&self, start: usize, fits: impl Fn(&str) -> bool) -> bool {
        self.values.get(start..start + 2).is_some_and(fits)
    }

    /// The groups from `start` on that have `length` digits together.
    pub fn groups(&self, start: usize, length: usize) -> Option<Groups<'_>> {
        debug_assert!(length <= DIGITS_MAX, "{length}");
        let digits = start..start + length;
        let bare = self.values.get(digits.clone())?;
        let together = self.together[start] >= length;
        (together && self.is_edge(digits.end)).then_some(Groups { runs: self, digits, bare })
    }

    fn is_edge(&self, at: usize) -> bool {
        self.digits.get(at).is_none_or(|digit| digit.before != Before::Digit)
    }
}

/// What is between two digits.
#[derive(Clone, Copy, Default)]
struct Gap {
    length: usize,
    parts: bool,
}

impl Gap {
    /// None: too much, or something else.
    fn with(self, character: char) -> Option<Self> {
        let parts = match character {
            ' ' | '-' | '·' | '_' | '(' | ')' => self.parts,
            '.' | '/' | ',' | '、' | ';' | '~' | '|' | '\\' | '+' | '*' | '=' | '\'' | '"' | '…' | '\n' | '#' | ':'
            | '[' | ']' | '<' | '>' => true,
            _ => return None,
        };
        (self.length < BETWEEN_MAX).then_some(Self { length: self.length + 1, parts })
    }
}

/// Digits in each group of one number.
pub(super) struct Sizes {
    sizes: [usize; DIGITS_MAX],
    count: usize,
}

impl Deref for Sizes {
    type Target = [usize];

    fn deref(&self) -> &[usize] {
        &self.sizes[..self.count]
    }
}

impl Groups<'_> {
    /// Where they stand.
    pub fn range(&self) -> Range<usize> {
        self.runs.digits[self.digits.start].range.start..self.runs.digits[self.digits.end - 1].range.end
    }

    /// Digits in each group; numerals that touch are one.
    pub fn sizes(&self) -> Sizes {
        let mut sizes = Sizes { sizes: [1; DIGITS_MAX], count: 1 };
        for digit in &self.runs.digits[self.digits.start + 1..self.digits.end] {
            match digit.before {
                Before::Group(Between::Nothing) | Before::Digit => sizes.sizes[sizes.count - 1] += 1,
                Before::Group(_) | Before::Nothing => sizes.count += 1,
            }
        }
        sizes
    }

    /// Whether they are grouped as people group one number, and not as the members of a list.
    pub fn is_one(&self) -> bool {
        let sizes = self.sizes();
        let inner = sizes.get(1..sizes.len() - 1).unwrap_or_default();
        let alike = inner.windows(2).all(|pair| pair[0] == pair[1]);
        let one_by_one = alike && sizes.len() > GROUPS_MAX;
        if self.is_parted() {
            let long = inner.iter().all(|size| *size >= LISTED_DIGITS_MIN);
            sizes.len() < GROUPS_MAX || sizes.len() == GROUPS_MAX && long || one_by_one && inner[0] == 1
        } else {
            sizes.len() <= GROUPS_MAX || one_by_one
        }
    }

    /// Whether something stands between the groups that also parts numbers from each other.
    pub fn is_parted(&self) -> bool {
        let inner = &self.runs.digits[self.digits.start + 1..self.digits.end];
        inner.iter().any(|digit| digit.before == Before::Group(Between::Parting))
    }

    /// Whether digits of any kind stand directly before or after.
    pub fn touches(&self) -> bool {
        let touching =
            |at: usize| self.runs.digits.get(at).is_some_and(|digit| digit.before == Before::Group(Between::Nothing));
        touching(self.digits.start) || touching(self.digits.end)
    }
}
