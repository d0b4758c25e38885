//! Numbers that are nothing but digits, judged by how many there are, how they begin and what they are checked by.

use std::ops::Range;
use std::sync::LazyLock;

use ids::CaseId;
use regex::Regex;

use super::Found;
use super::cue::{Before, Cue, counts, follows_telephone, is_built, is_listed};
use super::meant::Meant;
use super::run::{Groups, Runs};

pub(super) fn compiled(pattern: &str) -> Regex {
    #[allow(clippy::unwrap_used, reason = "constant patterns; every test compiles all of them")]
    Regex::new(pattern).unwrap()
}

static CASE_ID: LazyLock<Regex> = LazyLock::new(|| compiled(r"[0-9]{6}-[0-9a-z]{7}"));
static DATE: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"(?:19|20)[0-9]{2}[-/.](?:1[0-2]|0?[1-9])[-/.](?:3[01]|[12][0-9]|0?[1-9])"));
static HOTLINE: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"(?:400|800)[- ](?:[0-9]{3}[- ]?[0-9]{4}|[0-9]{4}[- ]?[0-9]{3})"));
/// A number in thousands, and an address on the net: neither is grouped like a number of a person.
static THOUSANDS: LazyLock<Regex> = LazyLock::new(|| compiled(r"^[0-9]{1,3}(?:,[0-9]{3}){2,}$"));
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| compiled(r"^(?:(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(?:\.|$)){4}$"));
/// Behind a telephone: the line within the house, or the end of another number like it.
static EXTENSION: LazyLock<Regex> = LazyLock::new(|| {
    let digits = "[0-9〇零一二三四五六七八九幺]";
    compiled(&format!(
        r"^(?:[ ,;、]{{0,2}}(?:\( ?)?(?i:转接?(?:分机)?|分机|内线|extension|ext\.?|x|#)[ :.号]{{0,2}}{digits}{{1,6}}(?: ?\))?|(?:-|/){digits}{{1,5}})"
    ))
});

/// The ids of cases in a text.
pub(super) fn case_ids(meant: &Meant) -> Vec<Range<usize>> {
    alone(meant, &CASE_ID).filter(|range| meant.text[range.clone()].parse::<CaseId>().is_ok()).collect()
}

/// The numbers of services in a text that are called free of charge or at the price of a local call.
pub(super) fn hotlines(meant: &Meant) -> Vec<Range<usize>> {
    let goes_on = |before: &str| before.trim_end_matches([' ', '-']).ends_with(|digit: char| digit.is_ascii_digit());
    alone(meant, &HOTLINE).filter(|range| !goes_on(&meant.text[..range.start])).collect()
}

/// The dates in a text.
pub(super) fn dates(meant: &Meant) -> Vec<Range<usize>> {
    alone(meant, &DATE).collect()
}

fn alone<'m>(meant: &'m Meant, pattern: &'m Regex) -> impl Iterator<Item = Range<usize>> + 'm {
    let digit = |character: Option<char>| character.is_some_and(|character| character.is_ascii_digit());
    pattern.find_iter(&meant.text).map(|found| found.range()).filter(move |range| {
        !digit(meant.text[..range.start].chars().next_back()) && !digit(meant.text[range.end..].chars().next())
    })
}

/// Resident identity numbers (GB 11643): region, date of birth, sequence, check character; before 1999 without a century and
/// a check character. The date in one may be written like a date.
pub(super) fn identities(meant: &Meant, runs: &Runs, found: &mut Found) {
    for start in runs.starts() {
        if !runs.begins(start, |two| is_region(two) || two.starts_with('9')) {
            continue;
        }
        let before = meant.before(runs.place(start));
        let hidden = [20, 18, 17, 19, 16, 15].into_iter().find_map(|length| {
            let groups = runs.groups(start, length)?;
            let before = &before;
            match length {
                // A disabled person's card: the identity number, then kind and degree.
                20 => (before.says(Cue::DisabledCard) && is_checked(&groups.bare[..18])).then(|| groups.range()),
                18 => is_identity(&groups, groups.bare, before).then(|| groups.range()),
                17 => {
                    closing_x(meant, &groups, before).or_else(|| is_mistyped(&groups, before).then(|| groups.range()))
                }
                15 if is_old_identity(&groups) && !before.says(Cue::Thing) => Some(groups.range()),
                _ => is_mistyped(&groups, before).then(|| groups.range()),
            }
        });
        if let Some(range) = hidden.filter(|range| found.is_free(range)) {
            found.hide(range, "[identity number]");
        }
    }
}

/// The whole number of 17 digits and an X, however that is written.
fn closing_x(meant: &Meant, groups: &Groups<'_>, before: &Before<'_>) -> Option<Range<usize>> {
    let Range { start, end } = groups.range();
    let rest = meant.text[end..].trim_start_matches([' ', '-', '.', '/', '·', '_']);
    let x = rest.chars().next().filter(|character| "Xx×✕╳ХхΧχ叉".contains(*character))?;
    let after = &rest[x.len_utf8()..];
    let joined = after.starts_with(|character: char| character.is_ascii_alphanumeric());
    let number = format!("{}X", groups.bare);
    let near = meant.text.len() - end - rest.len() <= 3;
    (near && !joined && is_identity(groups, &number, before)).then(|| start..meant.text.len() - after.len())
}

fn is_identity(groups: &Groups<'_>, number: &str, before: &Before<'_>) -> bool {
    // Numbers of papers are built alike, with the day they were written.
    let is_paper = || !is_of_a_grown_up(number) && before.says(Cue::Thing) && !before.says(Cue::Identity);
    let grouped = || groups.is_one() && (is_of_a_grown_up(number) || before.says(Cue::Identity));
    let foreigner = number.strip_prefix('9').is_some_and(is_region);
    let region = is_region(number) || foreigner && is_checked(number);
    region && is_date(number.get(6..14)) && (is_checked(number) && !is_paper() || grouped())
}

fn is_old_identity(groups: &Groups<'_>) -> bool {
    // Nobody is left who was born before; registers of firms number with zeros there.
    const BORN_MIN: &str = "15";
    let full = groups.bare.get(6..12).filter(|date| *date >= BORN_MIN).map(|date| format!("19{date}"));
    is_region(groups.bare) && is_date(full.as_deref()) && groups.is_one()
}

/// A digit more or less, where the text calls it one.
fn is_mistyped(groups: &Groups<'_>, before: &Before<'_>) -> bool {
    before.says(Cue::IdentityCard) && is_region(groups.bare) && groups.is_one() && !groups.is_parted()
}

/// Whether it begins with a province.
fn is_region(number: &str) -> bool {
    const PROVINCES: [u8; 36] = [
        11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54, 61, 62,
        63, 64, 65, 71, 81, 82, 83, 91,
    ];
    number.get(..2).and_then(|province| province.parse().ok()).is_some_and(|province| PROVINCES.contains(&province))
}

/// Whether eight digits are a day somebody can be born on.
fn is_date(digits: Option<&str>) -> bool {
    let within = |range: Range<usize>, bounds: std::ops::RangeInclusive<u32>| {
        digits.and_then(|digits| digits.get(range)?.parse().ok()).is_some_and(|number| bounds.contains(&number))
    };
    within(0..4, 1800..=2099) && within(4..6, 1..=12) && within(6..8, 1..=31)
}

pub(super) fn is_day(digits: &str) -> bool {
    digits.starts_with("20") && is_date(Some(digits))
}

/// Whether the date in it is one of birth rather than of a paper. A mistyped number is somebody's all the same.
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

/// Bank cards and telephones.
pub(super) fn others(meant: &Meant, runs: &Runs, found: &mut Found) {
    let card = Kind {
        lengths: &[19, 18, 17, 16, 15, 14, 13],
        shown: "[bank card]",
        may_be: |two, before| !two.starts_with(['0', '1', '7', '8']) || before.says(Cue::BankCard),
        is_one: |groups, before, after| is_card(groups, before) && !counts(after),
    };
    let telephone = Kind {
        lengths: &[17, 16, 15, 14, 13, 12, 11, 10],
        shown: "[telephone]",
        may_be: |two, before| {
            let abroad = || before.text.trim_end_matches('(').ends_with('+');
            two.starts_with('0') || two == "86" || ("13".."20").contains(&two) || abroad()
        },
        is_one: |groups, before, after| {
            (is_mobile(groups.bare) || is_line(groups, before) || is_abroad(groups, before))
                && groups.is_one()
                && (!(counts(after) || groups.is_parted() && is_listed(after)) || before.says(Cue::Telephone))
        },
    };
    let line = Kind {
        lengths: &[8, 7],
        shown: "[telephone]",
        may_be: |two, _| two.starts_with(|first| ('2'..='8').contains(&first)),
        is_one: is_named_line,
    };
    for kind in [card, telephone, line] {
        every(meant, runs, found, &kind);
    }
}

/// A kind of numbers that are known by their digits and by what stands around.
struct Kind {
    /// Digits, the longest first.
    lengths: &'static [usize],
    shown: &'static str,
    /// Whether one may begin with two digits, so that most are not looked at.
    may_be: fn(&str, &Before<'_>) -> bool,
    is_one: fn(&Groups<'_>, &Before<'_>, &str) -> bool,
}

fn every(meant: &Meant, runs: &Runs, found: &mut Found, kind: &Kind) {
    for start in runs.starts() {
        let before = meant.before(runs.place(start));
        if !runs.begins(start, |two| (kind.may_be)(two, &before)) {
            continue;
        }
        let hidden = kind.lengths.iter().find_map(|length| {
            let groups = runs.groups(start, *length)?;
            let range = groups.range();
            let written = &meant.text[range.clone()];
            let fits = (kind.is_one)(&groups, &before, &meant.text[range.end..])
                && found.is_free(&range)
                && !(THOUSANDS.is_match(written) || ADDRESS.is_match(written));
            fits.then_some(range)
        });
        let Some(Range { start, end }) = hidden else { continue };
        let start = opened(meant, start, end);
        let end = if kind.shown == "[telephone]" { extended(meant, found, end) } else { end };
        if found.is_free(&(start..end)) {
            found.hide(start..end, kind.shown);
        }
    }
}

/// With the plus of the country and the bracket around the first digits.
fn opened(meant: &Meant, mut start: usize, end: usize) -> usize {
    let written = &meant.text[start..end];
    let mut closes = written.contains(')') && !written[..written.find(')').unwrap_or_default()].contains('(');
    while let Some(before) = meant.text[..start].chars().next_back().filter(|c| *c == '+' || *c == '(' && closes) {
        closes &= before == '+';
        start -= 1;
    }
    start
}

/// With the extension that follows.
fn extended(meant: &Meant, found: &Found, end: usize) -> usize {
    let Some(extension) = EXTENSION.find(&meant.text[end..]) else { return end };
    let until = end + extension.end();
    let after = &meant.text[until..];
    let is_other = after.starts_with(|character: char| character.is_ascii_alphanumeric())
        || extension.as_str().starts_with(['-', '/'])
            && (after.starts_with(['-', '/', '.', ':', '年', '月', '号', '路', '层', '%']) || is_built(after));
    if is_other || !found.is_free(&(end..until)) { end } else { until }
}

/// Bank card (ISO/IEC 7812), by the networks there are, or by what the text calls it.
fn is_card(groups: &Groups<'_>, before: &Before<'_>) -> bool {
    let bare = groups.bare;
    let first = |digits: usize| bare.get(..digits).and_then(|number| number.parse::<u32>().ok()).unwrap_or(0);
    let issued = match bare.len() {
        15 => matches!(first(2), 34 | 37),
        16 => {
            bare.starts_with('4')
                || matches!(first(2), 35 | 51..=55 | 62)
                || matches!(first(4), 2221..=2720 | 6011 | 6440..=6599)
        }
        17 | 18 => first(2) == 62,
        19 => bare.starts_with('4') || matches!(first(2), 62 | 95),
        _ => false,
    };
    let named = || before.says(Cue::BankCard) && !groups.is_parted();
    (issued && is_luhn(bare) && !before.says(Cue::Thing) || named()) && groups.is_one()
}

/// ISO/IEC 7812-1, annex B.
pub(crate) fn is_luhn(number: &str) -> bool {
    let doubled = |digit: u32| if digit * 2 > 9 { digit * 2 - 9 } else { digit * 2 };
    let digits = number.chars().rev().filter_map(|character| character.to_digit(10)).enumerate();
    digits.map(|(place, digit)| if place % 2 == 1 { doubled(digit) } else { digit }).sum::<u32>() % 10 == 0
}

/// Mobile, with or without country code, or dialled from another place with a zero.
pub(super) fn is_mobile(bare: &str) -> bool {
    let national = ["0086", "86", "0"].iter().find_map(|prefix| bare.strip_prefix(prefix)).unwrap_or(bare);
    let national = if bare.len() == 11 { bare } else { national.strip_prefix('0').unwrap_or(national) };
    national.len() == 11 && national.starts_with('1') && !national[1..].starts_with(['0', '1', '2'])
}

/// Fixed line with area code; behind the country code that has no zero.
fn is_line(groups: &Groups<'_>, before: &Before<'_>) -> bool {
    let bare = groups.bare;
    let abroad = if let Some(rest) = bare.strip_prefix("0086") {
        Some(rest)
    } else {
        // Without a plus the country code is one only where it stands apart.
        let apart = || before.text.trim_end_matches('(').ends_with('+') || groups.sizes().first() == Some(&2);
        bare.strip_prefix("86").filter(|_| apart())
    };
    abroad.is_some_and(|rest| is_national_line(rest.strip_prefix('0').unwrap_or(rest)))
        || bare.strip_prefix('0').is_some_and(is_national_line)
}

/// A number of another country (E.164), with the plus or the zeros that it is dialled with.
fn is_abroad(groups: &Groups<'_>, before: &Before<'_>) -> bool {
    let zeros = groups.bare.starts_with("00");
    let opened = before.text.trim_end_matches('(');
    if !(zeros || opened.ends_with('+')) {
        return false;
    }
    let plus = opened.strip_suffix('+').is_some_and(|rest| !rest.ends_with(|c: char| c.is_ascii_digit()));
    let near = || ["852", "853", "886"].iter().any(|country| groups.bare[2..].starts_with(country));
    let zeros = zeros && (near() || groups.sizes().len() > 1 && before.says(Cue::Telephone));
    let digits = if zeros { &groups.bare[2..] } else { groups.bare };
    (plus || zeros) && matches!(digits.len(), 10..=15) && !digits.starts_with('0')
}

/// Area and number, without the zero before them.
fn is_national_line(bare: &str) -> bool {
    let is_number = |number: &str| matches!(number.len(), 7 | 8) && number.starts_with(|c| ('2'..='8').contains(&c));
    let area = if bare.starts_with("10") || bare.starts_with('2') { 2 } else { 3 };
    let begins = bare.starts_with("10") || bare.starts_with(|c| ('2'..='9').contains(&c));
    begins && bare.get(area..).is_some_and(is_number)
}

/// Fixed line without area code, where the text calls it a telephone.
fn is_named_line(groups: &Groups<'_>, before: &Before<'_>, after: &str) -> bool {
    let letter = after.starts_with(|character: char| character.is_ascii_alphabetic());
    !(groups.touches() || groups.is_parted() && groups.sizes().len() > 2 || letter)
        && groups.sizes().len() <= 3
        && (before.says(Cue::Telephone) || follows_telephone(before.text) && !is_day(groups.bare))
        && !(counts(after) || is_built(after))
}
