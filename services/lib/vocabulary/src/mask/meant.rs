//! A text as it is meant: narrow, with the digits of every script as ours, and without what has no width.

use unicode_normalization::char::decompose_compatible;

use super::cue::{Before, Cues};
use crate::text::{is_unseen, narrow};

/// A text as it is meant.
pub(super) struct Meant {
    pub text: String,
    cues: Cues,
    /// Where each character begins in it, and where it began in the text that was written; at last both ends.
    places: Vec<(usize, usize)>,
}

impl Meant {
    pub fn of(written: &str) -> Self {
        let (mut text, mut places) = (String::with_capacity(written.len()), Vec::with_capacity(written.len()));
        let seen = written.char_indices().filter(|(_, character)| !is_without_width(*character));
        let mut seen = seen.map(|(at, character)| (at, one_form(character))).peekable();
        let mut before = None;
        while let Some((at, character)) = seen.next() {
            let stood_for = stands_for(before, character, seen.peek().map(|(_, next)| *next));
            places.push((text.len(), at));
            text.push(stood_for.unwrap_or(character));
            before = Some(stood_for.unwrap_or(character));
        }
        places.push((text.len(), written.len()));
        Self { cues: Cues::of(&text), text, places }
    }

    /// What stands before a place.
    pub fn before(&self, place: usize) -> Before<'_> {
        Before::new(&self.text[..place], &self.cues)
    }

    /// Where the character that begins at `place` in the meant text began.
    pub fn was_at(&self, place: usize) -> usize {
        let found = self.places.binary_search_by_key(&place, |(at, _)| *at);
        self.places[found.unwrap_or_else(|next| next)].1
    }
}

/// Shown as nothing, or as a stroke over what is before it.
fn is_without_width(character: char) -> bool {
    !character.is_ascii() && is_unseen(character)
        || matches!(character, '\u{300}'..='\u{36f}' | '\u{20d0}'..='\u{20ff}')
}

/// The numeral that a character stands for after a digit and before another, or at the end of the word: letters of the shape
/// of a digit, and how digits are read aloud where they must not be mistaken.
fn stands_for(before: Option<char>, character: char, after: Option<char>) -> Option<char> {
    let lookalike = |character: char| match character {
        'O' | 'o' | 'О' | 'о' => Some('⓪'),
        'l' | 'I' => Some('①'),
        _ => None,
    };
    let spoken = |character: char| match character {
        '洞' => Some('〇'),
        '两' | '兩' => Some('二'),
        '参' => Some('叁'),
        '拐' => Some('七'),
        '勾' => Some('九'),
        _ => None,
    };
    let is_digit = |character: char| character.is_ascii_digit() || numeral(character).is_some();
    let before = before.filter(|before| is_digit(*before))?;
    let goes_on = |next: char| is_digit(next) || lookalike(next).or_else(|| spoken(next)).is_some();
    let ends = after.is_none_or(|next| goes_on(next) || !next.is_alphanumeric());
    let stood_for = lookalike(character).or_else(|| spoken(character).filter(|_| !before.is_ascii_digit()));
    stood_for.filter(|_| ends)
}

fn one_form(character: char) -> char {
    if let Some(digit) = decimal(character) {
        return digit;
    }
    match character {
        '\u{2014}' | '\u{2043}' | '\u{2e3a}' | '\u{fe58}' => '-',
        '•' | '‧' | '∙' | '⋅' | '・' | '･' => '·',
        '〜' => '~',
        '、' | '､' => '、',
        '。' | '｡' | '．' => '.',
        '“' | '”' | '„' | '‟' | '「' | '」' | '『' | '』' => '"',
        '‘' | '’' | '‚' | '‛' => '\'',
        '【' | '〔' | '〖' | '〈' | '《' => '<',
        '】' | '〕' | '〗' | '〉' | '》' => '>',
        '\r' => '\n',
        other if other.is_ascii() || numeral(other).is_some() => other,
        other => compatible(narrow(other)),
    }
}

/// The character that Unicode holds for the same but for its shape (NFKC), where that is one.
fn compatible(character: char) -> char {
    let (mut only, mut count) = (character, 0);
    decompose_compatible(character, |part| (only, count) = (part, count + 1));
    if count == 1 { only } else { character }
}

/// Zeros of the scripts that write numbers with ten digits (Unicode, `Nd`); the other nine follow each.
const ZEROS: [u32; 66] = [
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0,
    0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620,
    0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0,
    0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x16a60,
    0x16ac0, 0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
];

fn decimal(character: char) -> Option<char> {
    if character.is_ascii() {
        return character.is_ascii_digit().then_some(character);
    }
    let code = u32::from(character);
    let zero = ZEROS[..ZEROS.partition_point(|zero| *zero <= code)].last()?;
    char::from_digit(code - zero, 10)
}

/// The digit that a numeral stands for which is a sign of its own: Chinese, circled, raised or lowered.
pub(super) fn numeral(character: char) -> Option<char> {
    if character.is_ascii() {
        return None;
    }
    const FIRST_OF_NINE: [u32; 7] = [0x2460, 0x2474, 0x2488, 0x24f5, 0x2776, 0x2780, 0x278a];
    Some(match character {
        '〇' | '零' | '○' | '⓪' | '⓿' | '⁰' | '₀' | '🄋' => '0',
        '一' | '壹' | '幺' | '弌' | '¹' => '1',
        '二' | '贰' | '貳' | '²' => '2',
        '三' | '叁' | '叄' | '參' | '³' => '3',
        '四' | '肆' => '4',
        '五' | '伍' => '5',
        '六' | '陆' | '陸' => '6',
        '七' | '柒' => '7',
        '八' | '捌' => '8',
        '九' | '玖' => '9',
        '⁴'..='⁹' => char::from_digit(u32::from(character) - 0x2070, 10)?,
        '₁'..='₉' => char::from_digit(u32::from(character) - 0x2080, 10)?,
        other => {
            let code = u32::from(other);
            let first = FIRST_OF_NINE.iter().find(|first| (**first..**first + 9).contains(&code))?;
            char::from_digit(code - first + 1, 10)?
        }
    })
}

#[cfg(test)]
mod tests {
    use super::decimal;

    #[test]
    fn ten_digits_of_a_script_stand_for_themselves() {
        let digit = regex::Regex::new(r"^\d$").unwrap();
        for zero in super::ZEROS.iter().filter_map(|zero| char::from_u32(*zero)) {
            assert!(digit.is_match(&zero.to_string()), "{zero:?}");
        }
        assert_eq!(
            "𝟏𝟗𝟘٣９𝟿/:a".chars().map(decimal).map(Option::unwrap_or_default).collect::<String>(),
            "190399\0\0\0"
        );
    }
}
