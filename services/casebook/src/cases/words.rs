//! Finding cases by what they say.
//!
//! Chinese is not written with blanks between words, and most of its words have two characters. So what is said is indexed
//! by pairs of neighbouring characters, and a word is looked for as the run of its pairs: every word is found, of whatever
//! dictionary, also a name or a misspelling. Three characters at a time, as SQLite's own trigrams have it, would not find
//! words of two. Letters and digits stay together as people write them.

/// Characters that are written one beside the other without blanks.
fn stands_alone(character: char) -> bool {
    matches!(character,
        '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// A text as it is indexed: its tokens with blanks between.
#[must_use]
pub fn indexed(title: &str, text: &str) -> String {
    let mut tokens = tokens(title, true);
    tokens.extend(self::tokens(text, true));
    tokens.join(" ")
}

/// What to look for, in the language of the index; none when nothing of it can be looked for.
#[must_use]
pub fn query(asked: &str) -> Option<String> {
    let terms: Vec<String> = asked.split_whitespace().filter_map(term).collect();
    (!terms.is_empty()).then(|| terms.join(" AND "))
}

/// One word or phrase: its tokens one after the other. A last character without its neighbour is the first half of a pair.
fn term(asked: &str) -> Option<String> {
    let tokens = tokens(asked, false);
    let half = tokens.last()?.chars().collect::<Vec<_>>();
    let prefix = if matches!(half[..], [only] if stands_alone(only)) { "*" } else { "" };
    Some(format!("\"{}\"{prefix}", tokens.join(" ")))
}

/// Pairs of characters that stand alone; runs of letters and digits. The last character of a run is a token too, so that it
/// can be found by itself; of what is asked for, where the text may go on, it is not.
fn tokens(text: &str, whole: bool) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut alone: Vec<char> = Vec::new();
    let mut together = String::new();
    let end_alone = |alone: &mut Vec<char>, tokens: &mut Vec<String>, goes_on: bool| {
        tokens.extend(alone.windows(2).map(|pair| pair.iter().collect::<String>()));
        if let Some(last) = alone.last().filter(|_| !goes_on || alone.len() == 1) {
            tokens.push(last.to_string());
        }
        alone.clear();
    };
    for character in text.chars().flat_map(char::to_lowercase) {
        if stands_alone(character) {
            if !together.is_empty() {
                tokens.push(std::mem::take(&mut together));
            }
            alone.push(character);
        } else {
            end_alone(&mut alone, &mut tokens, false);
            if character.is_alphanumeric() {
                together.push(character);
            } else if !together.is_empty() {
                tokens.push(std::mem::take(&mut together));
            }
        }
    }
    end_alone(&mut alone, &mut tokens, !whole);
    if !together.is_empty() {
        tokens.push(together);
    }
    tokens
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rusqlite::Connection;

    use super::*;

    /// Whether the index itself finds `asked` in `said`.
    fn finds(said: &str, asked: &str) -> bool {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch(
                "CREATE VIRTUAL TABLE words USING fts5 (said, content = '', columnsize = 0, \
                 tokenize = \"unicode61 remove_diacritics 0\")",
            )
            .unwrap();
        connection.execute("INSERT INTO words (rowid, said) VALUES (1, ?1)", [indexed("", said)]).unwrap();
        let Some(query) = query(asked) else { return false };
        let found: i64 =
            connection.query_row("SELECT count(*) FROM words WHERE words MATCH ?1", [query], |row| row.get(0)).unwrap();
        found == 1
    }

    #[test]
    fn words_of_two_characters_are_found_and_so_are_names_and_numbers() {
        let said = "中山路308号夜间噪音扰民，联系 ABC-12";
        for asked in ["噪音", "扰民", "中山路308号", "路308", "308", "民", "噪", "夜间 扰民", "abc", "308号夜间"]
        {
            assert!(finds(said, asked), "{asked}");
        }
        for asked in ["音噪", "路灯", "30", "噪音 路灯", "山中"] {
            assert!(!finds(said, asked), "{asked}");
        }
    }

    #[test]
    fn what_is_only_punctuation_asks_for_nothing() {
        assert_eq!(query("，。 \" * ' -"), None);
        assert_eq!(query("a\"b*"), Some("\"a b\"".to_owned()), "signs of the index's language are no part of a word");
    }

    proptest! {
        #[test]
        fn every_piece_of_what_was_said_is_found(said in "[路灯噪音中山0-9]{2,12}", from in 0_usize..12, length in 2_usize..6) {
            let characters: Vec<char> = said.chars().collect();
            let piece: Vec<char> = characters.iter().skip(from).take(length).copied().collect();
            // A number is found as a whole only.
            let cut = |at: usize| at > 0 && at < characters.len()
                && characters[at - 1].is_ascii_digit() && characters[at].is_ascii_digit();
            prop_assume!(piece.len() >= 2 && !cut(from) && !cut(from + piece.len()));
            let piece: String = piece.into_iter().collect();
            prop_assert!(finds(&said, &piece), "{} in {}", piece, said);
        }
    }
}
