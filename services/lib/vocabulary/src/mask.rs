//! Numbers by which somebody can be found (telephone, identity, passport, bank card, plate), their mail addresses and names in
//! chats, replaced in every text before anything is recorded (D8).
//!
//! A mask keeps the kind of what it hides, so that a reader knows something was said. Numbers that are none of these
//! (case ids, house numbers, dates, amounts) stay: what looks like a number of a person is held against its checks
//! where it has any.
//!
//! A text is looked at as people mean it ([`meant`]): digits of every script and the blanks, dots and dashes between them
//! are the same number. What is left are runs of digits in groups ([`run`]), and [`kinds`] judges each by its bare
//! digits. What begins with letters or a province is in [`lettered`], addresses and names of one's own choosing in [`named`];
//! [`cue`] reads the words around.

mod cue;
mod kinds;
mod lettered;
mod meant;
mod named;
mod run;
#[cfg(test)]
mod tests;

use std::ops::Range;

pub(crate) use self::kinds::is_luhn;
use self::meant::Meant;
use self::run::Runs;

/// Times a text is looked over. What is hidden first may leave a number standing alone that stood in a longer row before;
/// once more is enough for what people write.
const ROUNDS_MAX: usize = 8;

/// `text` with personal numbers masked, and how many were.
#[must_use]
pub fn mask(text: &str) -> (String, usize) {
    let (mut masked, mut count) = (text.to_owned(), 0);
    for _ in 0..ROUNDS_MAX {
        let (next, hidden) = once(&masked);
        if hidden == 0 {
            break;
        }
        (masked, count) = (next, count + hidden);
    }
    (masked, count)
}

fn once(text: &str) -> (String, usize) {
    let meant = Meant::of(text);
    let runs = Runs::of(&meant);
    let mut found = Found { taken: vec![false; meant.text.len()], hidden: Vec::new() };
    found.leave(kinds::case_ids(&meant));
    found.leave(kinds::hotlines(&meant));
    named::mails(&meant, &mut found);
    kinds::identities(&meant, &runs, &mut found);
    let mut dates = kinds::dates(&meant);
    dates.retain(|date| found.is_free(date));
    found.leave(dates);
    lettered::plates(&meant, &mut found);
    lettered::papers(&meant, &runs, &mut found);
    named::chats(&meant, &runs, &mut found);
    kinds::others(&meant, &runs, &mut found);
    found.hidden.sort_by_key(|(range, _)| range.start);
    let (mut masked, mut written) = (String::with_capacity(text.len()), 0);
    for (range, shown) in &found.hidden {
        masked.push_str(&text[written..meant.was_at(range.start)]);
        masked.push_str(shown);
        written = meant.was_at(range.end);
    }
    masked.push_str(&text[written..]);
    (masked, found.hidden.len())
}

/// What is hidden so far, and what is known to be nobody's.
struct Found {
    taken: Vec<bool>,
    hidden: Vec<(Range<usize>, &'static str)>,
}

impl Found {
    fn is_free(&self, range: &Range<usize>) -> bool {
        self.taken.get(range.clone()).is_some_and(|taken| !taken.contains(&true))
    }

    fn hide(&mut self, range: Range<usize>, shown: &'static str) {
        self.take(&range);
        self.hidden.push((range, shown));
    }

    fn leave(&mut self, ranges: Vec<Range<usize>>) {
        for range in &ranges {
            self.take(range);
        }
    }

    fn take(&mut self, range: &Range<usize>) {
        if let Some(taken) = self.taken.get_mut(range.clone()) {
            taken.fill(true);
        }
    }
}
