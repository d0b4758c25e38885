//! The word somebody may have meant.

/// How wrong a word may be, in letters for every three of it.
const LETTERS_PER_MISTAKE: usize = 3;
/// Of longer lists the nearest words are shown.
const SHOWN_MAX: usize = 30;
const NEAREST_SHOWN: usize = 5;

/// “… is no party; did you mean …?”, or what there is.
pub fn unknown<'k>(kind: &str, word: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    let mut known: Vec<&str> = known.into_iter().collect();
    known.sort_unstable();
    known.dedup();
    let meant = nearest(word, known.iter().copied());
    let said = format!("{word:?} is no {kind}");
    match meant {
        Some(meant) if known.len() > SHOWN_MAX => format!("{said}; did you mean {meant}?"),
        Some(meant) => format!("{said}; did you mean {meant}? There are: {}", known.join(", ")),
        None if known.is_empty() => said,
        None if known.len() > SHOWN_MAX => {
            known.sort_by_key(|known| distance(word, known));
            known.truncate(NEAREST_SHOWN);
            format!("{said}; the nearest are: {}", known.join(", "))
        }
        None => format!("{said}; there are: {}", known.join(", ")),
    }
}

/// The most similar of these words, if one is similar.
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let known: Vec<&str> = known.into_iter().collect();
    // The same words in another order: already-suspended, suspended-already.
    if let Some(turned) = known.iter().find(|known| parts(known) == parts(word)) {
        return Some(turned);
    }
    let mistakes_max = (word.chars().count() / LETTERS_PER_MISTAKE).max(2);
    let distances = known.into_iter().map(|known| (distance(&word.to_lowercase(), &known.to_lowercase()), known));
    distances.filter(|(distance, _)| *distance <= mistakes_max).min().map(|(_, known)| known)
}

fn parts(word: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = word.split('-').collect();
    parts.sort_unstable();
    parts
}

/// Letters to change, add or leave out.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, letter) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, other) in to.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_understood_and_another_word_is_not() {
        assert_eq!(nearest("resolv", ["resolve", "respond"]), Some("resolve"));
        assert_eq!(nearest("ColorRaised", ["ColourRaised", "Closed"]), Some("ColourRaised"));
        assert_eq!(nearest("already-suspended", ["suspended-already", "not-suspended"]), Some("suspended-already"));
        assert_eq!(nearest("photograph", ["resolve", "respond"]), None);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
