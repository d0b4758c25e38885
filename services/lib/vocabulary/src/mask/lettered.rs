//! Numbers that begin with letters: passports and other papers of persons, and plates.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::Found;
use super::cue::{Before, Cue, is_built};
use super::kinds::compiled;
use super::meant::{Meant, numeral};
use super::run::{Groups, Runs};

const PROVINCES: &str = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼";
/// What a plate ends with that has four digits before it (GA 36).
const ENDINGS: [char; 9] = ['学', '警', '挂', '港', '澳', '领', '使', '试', '超'];
/// Characters between the parts of a plate.
const PARTS: [char; 14] = [' ', '·', '.', '-', '/', '_', ':', '(', ')', '[', ']', '<', '>', '"'];
const BETWEEN_MAX: usize = 2;

/// Provinces as they are called rather than written on plates.
static NAME_OF_PROVINCE: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        "北京|天津|上海|重庆|河北|河南|云南|辽宁|黑龙江|湖南|安徽|山东|新疆|江苏|浙江|江西|湖北|广西|甘肃|山西|内蒙古|陕西|吉林|福建\
         |贵州|广东|青海|西藏|四川|宁夏|海南",
    )
});
/// Digits of a plate that begins with the name of a province, as much else does.
const DIGITS_MIN: usize = 4;

/// Plates of the armed forces and of embassies.
static OFFICIAL: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = format!(
        r"[{PROVINCES}]\d{{2}}[ ·.-]?\d{{5}}|WJ[ ·.-]?(?:\d{{2}}|[{PROVINCES}])[ ·.-]{{0,2}}[0-9A-Z]{{4,5}}|军[ ·.-]?[A-Z][ ·.-]{{0,2}}[A-Z]?\d{{4,5}}|使\d{{3}}[ ·.-]?\d{{3}}"
    );
    compiled(&pattern)
});

/// Passports, travel permits and identity cards that are numbered like them: by their form, and others where the text
/// calls them that.
pub(super) fn papers(meant: &Meant, runs: &Runs, found: &mut Found) {
    for start in runs.starts() {
        let (first, letters) = letters_before(&meant.text[..runs.place(start)]);
        let before = meant.before(first);
        if letters.is_empty()
            && ![Cue::Passport, Cue::RegionalCard, Cue::SoldiersCard].iter().any(|cue| before.says(*cue))
        {
            continue;
        }
        let hidden = [12, 11, 10, 9, 8, 7, 6].into_iter().find_map(|length| {
            let groups = runs.groups(start, length)?;
            let whole = paper(meant, &groups, letters, &before)?;
            found.is_free(&whole.0).then_some(whole)
        });
        if let Some((range, shown)) = hidden {
            found.hide(range, shown);
        }
    }
}

/// One to three letters directly before a number, and where they begin.
fn letters_before(before: &str) -> (usize, &str) {
    let close = before.trim_end_matches([' ', '-', '.', '·', '_', '/', ':']);
    if before.len() - close.len() > BETWEEN_MAX + 1 {
        return (before.len(), "");
    }
    let head = close.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let letters = &close[head.len()..];
    let joined = head.ends_with(|character: char| character.is_ascii_digit());
    if letters.eq_ignore_ascii_case("no") {
        return (before.len(), "");
    }
    if letters.is_empty() || letters.len() > 3 || joined { (before.len(), "") } else { (head.len(), letters) }
}

fn paper(
    meant: &Meant,
    groups: &Groups<'_>,
    letters: &str,
    before: &Before<'_>,
) -> Option<(Range<usize>, &'static str)> {
    let Range { start, end } = groups.range();
    let (first, after) = (before.text.len(), &meant.text[end..]);
    let (length, letters) = (groups.bare.len(), letters.to_ascii_uppercase());
    let card = before.says(Cue::RegionalCard);
    // Hong Kong writes the check digit in brackets, and an A for ten.
    let bracket = meant.text[start..end].contains('(') && after.starts_with(')');
    let end = if bracket { end + 1 } else { end };
    let ten = length == 6 && after.starts_with("(A)");
    if ten && (card || is_of_hong_kong(&letters, groups.bare)) && matches!(letters.len(), 1 | 2)
        || bracket && length == 7 && is_of_hong_kong(&letters, groups.bare)
    {
        return Some((first..if ten { end + "(A)".len() } else { end }, "[identity number]"));
    }
    if after.starts_with(|character: char| character.is_ascii_alphabetic()) {
        return None;
    }
    let named = before.says(Cue::Passport) && !groups.is_parted() && groups.is_one();
    match letters.len() {
        0 if length == 8 && before.says(Cue::MacaoCard) && groups.is_one() => Some((start..end, "[identity number]")),
        0 if matches!(length, 6..=8) && before.says(Cue::SoldiersCard) && groups.is_one() => {
            Some((start..end, "[identity number]"))
        }
        0 if named && !before.says(Cue::Warrant) && matches!(length, 7..=10) && !groups.touches() => {
            Some((start..end, "[passport]"))
        }
        1..=3 if named && matches!(length, 6..=12) => Some((first..end, "[passport]")),
        1 | 2 if card && matches!(length, 6..=9) => Some((first..end, "[identity number]")),
        _ if has_form(&letters, groups) && !before.says(Cue::Thing) => Some((first..end, "[passport]")),
        _ => None,
    }
}

/// Identity cards of Hong Kong: one letter or two, six digits, and a check digit. Six digits without one: it is ten.
fn is_of_hong_kong(letters: &str, digits: &str) -> bool {
    const BLANK: u32 = 36;
    let letters = letters.bytes().map(|letter| u32::from(letter - b'A') + 10);
    let values = std::iter::repeat_n(BLANK, 2_usize.saturating_sub(letters.len())).chain(letters);
    let digits = digits.chars().filter_map(|digit| digit.to_digit(10)).chain((digits.len() == 6).then_some(10));
    let values: Vec<u32> = values.chain(digits).collect();
    values.len() == 9 && values.iter().zip((1..=9).rev()).map(|(value, weight)| value * weight).sum::<u32>() % 11 == 0
}

/// Ordinary passports, and permits for Hong Kong, Macao and Taiwan.
fn has_form(letters: &str, groups: &Groups<'_>) -> bool {
    let sizes = groups.sizes();
    let one_by_one = sizes.len() > 1 && sizes.iter().all(|size| *size == 1);
    match (letters, groups.bare.len()) {
        ("E" | "G" | "C", 8) => one_by_one || matches!(sizes[..], [8] | [4, 4] | [2, 2, 2, 2] | [3, 3, 2] | [2, 3, 3]),
        (letters, 7) => {
            letters.len() == 2
                && letters.starts_with(['E', 'C'])
                && !letters.ends_with(['I', 'O'])
                && (one_by_one || matches!(sizes[..], [7] | [3, 4] | [4, 3]))
        }
        _ => false,
    }
}

/// Number plates (GA 36), those of new-energy vehicles one longer.
pub(super) fn plates(meant: &Meant, found: &mut Found) {
    let provinces = meant.text.char_indices().filter(|(_, character)| PROVINCES.contains(*character));
    for (at, character) in provinces {
        if let Some(range) = plate(meant, at..at + character.len_utf8()).filter(|range| found.is_free(range)) {
            found.hide(range, "[plate]");
        }
    }
    for name in NAME_OF_PROVINCE.find_iter(&meant.text).map(|name| name.range()) {
        let plate = plate(meant, name.clone());
        let digits = |plate: &Range<usize>| meant.text[plate.clone()].bytes().filter(u8::is_ascii_digit).count();
        if let Some(range) = plate.filter(|plate| digits(plate) >= DIGITS_MIN && found.is_free(plate)) {
            found.hide(range, "[plate]");
        }
    }
    for plate in OFFICIAL.find_iter(&meant.text).map(|plate| plate.range()) {
        let (before, after) = (meant.before(plate.start), &meant.text[plate.end..]);
        let joined = before.text.ends_with(|character: char| character.is_ascii_alphanumeric())
            || after.starts_with(|character: char| character.is_ascii_alphanumeric());
        // 使 is also a common word, and a court begins like a tractor.
        let written = &meant.text[plate.clone()];
        let said = before.says(Cue::Vehicle) || written.starts_with("使0") || written.contains('·');
        let is_word = written.starts_with('使') && !said
            || written.starts_with(|character| PROVINCES.contains(character)) && !before.says(Cue::Vehicle);
        if !joined && !is_word && found.is_free(&plate) {
            found.hide(plate, "[plate]");
        }
    }
}

/// The plate that begins with the province.
fn plate(meant: &Meant, province: Range<usize>) -> Option<Range<usize>> {
    let (text, at) = (&meant.text, province.start);
    let mut rest = Rest { text, at: province.end };
    rest.parts();
    rest.take(|character| character.is_ascii_alphabetic() && !matches!(character, 'I' | 'i'))?;
    let dot = rest.parts();
    let (mut groups, mut written) = (vec![String::new()], 0);
    while let Some(character) = rest.take(|character| character.is_ascii_alphanumeric() || numeral(character).is_some())
    {
        written += 1;
        if let Some(last) = groups.last_mut() {
            last.push(numeral(character).unwrap_or(character));
        }
        let (next, here) = (rest.next(), rest.at);
        let ended = next.filter(|next| written == 4 && ENDINGS.contains(next));
        let joined =
            |next: char| next.is_ascii_alphanumeric() || numeral(character).is_some() && numeral(next).is_some();
        if (ended.is_some() || written >= 5 && !next.is_some_and(joined)) && is_plate(&groups, dot, &meant.before(at)) {
            let end = here + ended.map_or(0, char::len_utf8);
            let end = if dot == '(' && text[end..].starts_with(')') { end + 1 } else { end };
            let opened = text[..at].ends_with(['(', '[', '<', '"']) && text[at..end].contains([')', ']', '>', '"']);
            let open = opened && !text[at..end].contains(['(', '[', '<']);
            return (!is_built(&text[end..])).then_some(at - usize::from(open)..end);
        }
        if written >= 6 {
            return None;
        }
        if rest.parts() != '\0' {
            groups.push(String::new());
        }
    }
    None
}

/// Letters stand at its beginning, or everywhere when a dot or a word says what it is.
fn is_plate(groups: &[String], dot: char, before: &Before<'_>) -> bool {
    let digits = groups.iter().flat_map(|group| group.chars()).filter(char::is_ascii_digit).count();
    let later = groups.iter().skip(1).all(|group| group.chars().all(|character| character.is_ascii_digit()));
    let capitals = groups.len() == 1 && groups[0].chars().all(|character| character.is_ascii_uppercase());
    (later || before.says(Cue::Vehicle)) && (digits > 0 || dot == '·' && capitals)
}

struct Rest<'t> {
    text: &'t str,
    at: usize,
}

impl Rest<'_> {
    fn next(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn take(&mut self, fits: impl Fn(char) -> bool) -> Option<char> {
        let character = self.next().filter(|character| fits(*character))?;
        self.at += character.len_utf8();
        Some(character)
    }

    /// Passes what stands between the parts, and says the last of it; NUL for nothing.
    fn parts(&mut self) -> char {
        let mut last = '\0';
        for _ in 0..BETWEEN_MAX {
            last = self.take(|character| PARTS.contains(&character)).unwrap_or(last);
        }
        last
    }
}
