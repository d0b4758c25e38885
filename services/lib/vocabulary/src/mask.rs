//! Numbers by which somebody can be found (telephone, identity, passport, bank card, plate), replaced in every text
//! before anything is recorded (D8).
//!
//! A mask keeps the kind of what it hides, so that a reader knows something was said. Numbers that are none of these
//! (case ids, house numbers, dates, amounts) stay: what looks like a number of a person is held against its checks
//! where it has any. A text is looked at as people mean it: full-width digits, dashes of every kind, and numbers
//! spelt in Chinese digits are the same numbers.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::text::narrow;

#[cfg(test)]
mod tests;

/// Numerals that make a number when so many of them stand in a row; fewer are words.
const SPELT_MIN: usize = 7;
/// How far before a number its name may stand, in characters.
const CUE_REACH: usize = 8;

/// A kind of number.
struct Kind {
    pattern: Regex,
    shown: &'static str,
    /// Characters that make it part of something longer when they stand directly before or after it.
    joins: fn(char) -> bool,
    /// Whether these digits and letters are one, and what stands before them.
    holds: fn(&str, &str) -> bool,
}

static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(|| {
    let kind = |pattern: &str, shown, joins, holds| Kind {
        #[allow(clippy::unwrap_used, reason = "a constant pattern; every test compiles all of them")]
        pattern: Regex::new(pattern).unwrap(),
        shown,
        joins,
        holds,
    };
    let digit: fn(char) -> bool = |c| c.is_ascii_digit();
    let letter: fn(char) -> bool = |c| c.is_ascii_alphanumeric();
    let always: fn(&str, &str) -> bool = |_, _| true;
    vec![
        // Resident identity number (GB 11643): region, date of birth, sequence, check character.
        kind(
            r"[1-9]\d{5}[- ]?(?:18|19|20)\d{2}[- ]?(?:0[1-9]|1[0-2])[- ]?(?:0[1-9]|[12]\d|3[01])[- ]?\d{3}[0-9Xx]",
            "[identity number]",
            digit,
            |number, before| {
                is_region(number) && (is_checked(number) || is_of_a_grown_up(number) || names(before, IDENTITY))
            },
        ),
        // The same before 1999, without a century and a check character.
        kind(
            r"[1-9]\d{5}[- ]?\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[- ]?\d{3}",
            "[identity number]",
            digit,
            |number, _| is_region(number),
        ),
        // Bank card (ISO/IEC 7812), by the networks there are.
        kind(
            r"(?:62|4\d|5[1-5]|3[57])\d{2}(?:[- ]?\d{4}){2}[- ]?\d{2,4}(?:[- ]?\d{1,3})?",
            "[bank card]",
            digit,
            |number, _| (15..=19).contains(&number.len()) && is_luhn(number),
        ),
        // Mobile, with or without country code, in the groups people write.
        kind(
            r"(?:(?:\+|00)?86[- ]{0,2})?1[3-9]\d(?:[- ]?\d{4}[- ]?\d{4}|[- ]\d{3}[- ]\d{5}|(?:[- ]\d{2}){4}|\d[- ]\d{3}[- ]\d{4}|\d[- ]\d{4}[- ]\d{3})",
            "[telephone]",
            digit,
            always,
        ),
        // Fixed line with area code, and an extension.
        kind(
            r"(?:(?:\+|00)86[- ]{0,2})?\(?0(?:10|2\d|[3-9]\d{2})\)?[- ]{0,2}[2-8]\d{2,3}[- ]?\d{4}(?:(?:-| ?转 ?)\d{1,5})?",
            "[telephone]",
            digit,
            always,
        ),
        // Fixed line without one, where the text calls it a telephone.
        kind(r"[2-8]\d{2,3}[- ]?\d{4}(?:(?:-| ?转 ?)\d{1,5})?", "[telephone]", digit, |_, before| {
            names(before, TELEPHONE)
        }),
        // Passports, ordinary ones by their form, and others and travel permits where the text calls them that.
        kind(r"(?:E[A-HJ-NP-Z]|[EG]\d)\d{7}", "[passport]", letter, always),
        kind(r"(?i)[A-Z]{1,2}\d{7,9}", "[passport]", letter, |_, before| names(before, PASSPORT)),
        // Number plate (GA 36), those of new-energy vehicles one longer.
        kind(
            r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼] ?[A-HJ-NP-Za-hj-np-z][·.• -]{0,2}(?:[A-HJ-NP-Za-hj-np-z0-9]{5,6}|[A-HJ-NP-Za-hj-np-z0-9]{4}[学警挂港澳])",
            "[plate]",
            letter,
            |plate, _| plate.bytes().any(|byte| byte.is_ascii_digit()),
        ),
    ]
});

const IDENTITY: &[&str] = &["身份", "证件", "证号", "identity", "ID"];
const TELEPHONE: &[&str] =
    &["电话", "座机", "致电", "回电", "来电", "拨打", "热线", "传真", "联系方式", "tel", "Tel", "TEL"];
const PASSPORT: &[&str] = &["护照", "通行证", "居留证", "回乡证", "passport", "Passport"];

/// Whether one of the names stands shortly before, and nothing but a few words between.
fn names(before: &str, names: &[&str]) -> bool {
    let start = before.char_indices().rev().nth(CUE_REACH - 1).map_or(0, |(at, _)| at);
    names.iter().any(|name| before[start..].contains(name))
}

/// Whether it begins with a province.
fn is_region(number: &str) -> bool {
    const PROVINCES: [u8; 36] = [
        11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54, 61, 62,
        63, 64, 65, 71, 81, 82, 83, 91,
    ];
    number.get(..2).and_then(|province| province.parse().ok()).is_some_and(|province| PROVINCES.contains(&province))
}

/// Whether the date in it is one of birth rather than of a paper: numbers of papers are built alike, with the day they were
/// written. A mistyped number is somebody's all the same.
fn is_of_a_grown_up(number: &str) -> bool {
    number.get(6..10).is_some_and(|year| year < "2015")
}

/// ISO 7064 MOD 11-2 over 18 characters.
fn is_checked(number: &str) -> bool {
    let value = |character: char| if matches!(character, 'X' | 'x') { Some(10) } else { character.to_digit(10) };
    // The weight of a place from the right is 2 to its power, modulo 11.
    let weights = std::iter::successors(Some(1_u32), |weight| Some(weight * 2 % 11));
    let sum: Option<u32> =
        number.chars().rev().zip(weights).map(|(character, weight)| Some(value(character)? * weight)).sum();
    number.len() == 18 && sum.is_some_and(|sum| sum % 11 == 1)
}

/// ISO/IEC 7812-1, annex B.
fn is_luhn(number: &str) -> bool {
    let doubled = |digit: u32| if digit * 2 > 9 { digit * 2 - 9 } else { digit * 2 };
    let digits = number.chars().rev().filter_map(|character| character.to_digit(10)).enumerate();
    digits.map(|(place, digit)| if place % 2 == 1 { doubled(digit) } else { digit }).sum::<u32>() % 10 == 0
}

/// `text` with personal numbers masked, and how many were.
#[must_use]
pub fn mask(text: &str) -> (String, usize) {
    let meant = Meant::of(text);
    let mut hidden: Vec<(Range<usize>, &str)> = Vec::new();
    for kind in KINDS.iter() {
        let mut from = 0;
        while let Some(found) = kind.pattern.find_at(&meant.text, from) {
            if kind.is_one(&meant.text, &found.range()) && !hidden.iter().any(|(range, _)| meet(range, &found.range()))
            {
                hidden.push((found.range(), kind.shown));
                from = found.end();
            } else {
                from = found.start() + meant.text[found.start()..].chars().next().map_or(1, char::len_utf8);
            }
        }
    }
    hidden.sort_by_key(|(range, _)| range.start);
    let (mut masked, mut written) = (String::with_capacity(text.len()), 0);
    for (range, shown) in &hidden {
        masked.push_str(&text[written..meant.was_at(range.start)]);
        masked.push_str(shown);
        written = meant.was_at(range.end);
    }
    masked.push_str(&text[written..]);
    (masked, hidden.len())
}

fn meet(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

impl Kind {
    fn is_one(&self, text: &str, range: &Range<usize>) -> bool {
        let (before, after) = (&text[..range.start], &text[range.end..]);
        let joined = |neighbour: Option<char>| neighbour.is_some_and(self.joins);
        let bare: String = text[range.clone()].chars().filter(|c| c.is_alphanumeric()).collect();
        !joined(before.chars().next_back()) && !joined(after.chars().next()) && (self.holds)(&bare, before)
    }
}

/// A text as it is meant.
struct Meant {
    text: String,
    /// Where each character begins in it, and where it began in the text that was written; at last both ends.
    places: Vec<(usize, usize)>,
}

impl Meant {
    fn of(written: &str) -> Self {
        let characters: Vec<(usize, char)> = written.char_indices().collect();
        let mut meant = Self { text: String::with_capacity(written.len()), places: Vec::new() };
        let mut spelt_until = 0;
        for (position, (at, character)) in characters.iter().enumerate() {
            if position >= spelt_until {
                let run =
                    characters[position..].iter().take_while(|(_, character)| numeral(*character).is_some()).count();
                if run >= SPELT_MIN {
                    spelt_until = position + run;
                }
            }
            let spelt = if position < spelt_until { numeral(*character) } else { None };
            meant.places.push((meant.text.len(), *at));
            meant.text.push(spelt.unwrap_or_else(|| narrow(*character)));
        }
        meant.places.push((meant.text.len(), written.len()));
        meant
    }

    /// Where the character that begins at `place` in the meant text began.
    fn was_at(&self, place: usize) -> usize {
        let found = self.places.binary_search_by_key(&place, |(at, _)| *at);
        self.places[found.unwrap_or_else(|next| next)].1
    }
}

/// The digit that a Chinese numeral stands for.
const fn numeral(character: char) -> Option<char> {
    Some(match character {
        '〇' | '零' | '○' => '0',
        '一' | '壹' | '幺' => '1',
        '二' | '贰' => '2',
        '三' | '叁' => '3',
        '四' | '肆' => '4',
        '五' | '伍' => '5',
        '六' | '陆' => '6',
        '七' | '柒' => '7',
        '八' | '捌' => '8',
        '九' | '玖' => '9',
        _ => return None,
    })
}
