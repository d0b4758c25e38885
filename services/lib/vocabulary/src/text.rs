//! Texts as people and programs send them, brought into one form before they are compared, kept or shown.

/// What is typed where a form wants something and nobody knows or says anything, in any case and width, and what programs
/// write for nothing.
const PLACEHOLDERS: [&str; 42] = [
    "无",
    "暂无",
    "没有",
    "不详",
    "不明",
    "不知道",
    "不清楚",
    "未知",
    "未填",
    "未填写",
    "未提供",
    "未说明",
    "未录入",
    "未登记",
    "待定",
    "待补充",
    "待填写",
    "保密",
    "匿名",
    "空",
    "空白",
    "无数据",
    "null",
    "none",
    "nil",
    "n/a",
    "na",
    "n.a",
    "\\n",
    "#n/a",
    "#value",
    "#ref",
    "#name",
    "#null",
    "#num",
    "#div/0",
    "unknown",
    "undefined",
    "not available",
    "anonymous",
    "tbd",
    "nan",
];
/// Signs that fill a field and say nothing, however many of them.
const SIGNS: &str = "-—_~/\\|.。…*?!,、;:'\"#=+·";

/// Whether a text stands for not knowing, or has nothing in it that can be seen.
#[must_use]
pub fn is_placeholder(text: &str) -> bool {
    let seen = text.chars().filter(|character| !is_unseen(*character)).map(narrow);
    let said: String = seen.flat_map(char::to_lowercase).collect();
    let said = unbracketed(said.trim()).trim_end_matches(['.', '。', '!', '?', ',', ';', '…']);
    !text.trim().is_empty()
        && (said.chars().all(|sign| SIGNS.contains(sign) || sign == ' ') || PLACEHOLDERS.contains(&unbracketed(said)))
}

/// Characters that take no room on a page by themselves: joiners, marks of direction, fillers, selectors of variants.
#[must_use]
pub fn is_unseen(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Without one pair of brackets around the whole.
fn unbracketed(text: &str) -> &str {
    let pairs =
        [('(', ')'), ('<', '>'), ('[', ']'), ('{', '}'), ('【', '】'), ('〈', '〉'), ('《', '》'), ('「', '」')];
    let inner = pairs.iter().find_map(|(open, close)| text.strip_prefix(*open)?.strip_suffix(*close));
    inner.map_or(text, str::trim)
}

/// The same text with one kind of line end, and no blanks at the end of a line or around the whole.
#[must_use]
pub fn tidy(text: &str) -> String {
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = lines.trim().split('\n').map(str::trim_end).collect();
    lines.join("\n")
}

/// A character that no text is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StrayControl(pub char);

impl std::fmt::Display for StrayControl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "it has the control character U+{:04X}", u32::from(self.0))
    }
}

/// The first character that is no part of a text but moves the terminal, the page or the direction it is shown in. Line
/// ends and tabs are no such characters, where a text may have lines.
#[must_use]
pub fn stray_control(text: &str, has_lines: bool) -> Option<StrayControl> {
    let mut characters = text.chars();
    let found = characters.find(|character| match character {
        '\n' | '\t' => !has_lines,
        // Overrides and isolates of the direction of writing, line and paragraph separators.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' => true,
        other => other.is_control(),
    });
    found.map(StrayControl)
}

/// The narrow form of a wide character, and one form of every dash and blank.
#[must_use]
pub fn narrow(character: char) -> char {
    match character {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(character) - 0xfee0).unwrap_or(character),
        '\u{3000}' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\t' => ' ',
        '\u{2010}'..='\u{2013}' | '\u{2015}' | '\u{2212}' | '\u{fe63}' => '-',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_nothing_is_known_in_any_case_and_width() {
        for said in ["无", " 不详 ", "N/A", "ｎ／ａ", "NULL", "－", "——", "Unknown"] {
            assert!(is_placeholder(said), "{said}");
        }
        for said in [
            "NA",
            "N.A.",
            "\\N",
            "<null>",
            "[null]",
            "(null)",
            "(空)",
            "（无）",
            "【无】",
            "无。",
            "不清楚",
            "未提供",
            "未说明",
            "未录入",
            "保密",
            "匿名",
            "待定",
            "……",
            "...",
            "。。。",
            "#VALUE!",
            "#N/A",
            "#DIV/0!",
            "_",
            "~",
            "～",
            "//",
            "？？",
            "- -",
            "<NA>",
        ] {
            assert!(is_placeholder(said), "{said}");
        }
        for said in [
            "NA-17",
            "无。路灯不亮",
            "匿名信",
            "保密协议",
            "<b>",
            "空调外机",
            "()无",
            "(2)",
            "1.",
            "C#",
            "a...",
            "待定的事",
            "",
        ] {
            assert!(!is_placeholder(said), "{said}");
        }
        for said in ["", "无牌摩托车", "未知来源的烟", "0", "没有路灯", "南湖", "None of them"] {
            assert!(!is_placeholder(said), "{said}");
        }
    }

    #[test]
    fn what_cannot_be_seen_says_nothing() {
        for said in ["\u{200b}\u{200b}", " \u{feff}", "\u{3164}", "\u{2800}\u{200d}", "无\u{200b}", "\u{ad}-"] {
            assert!(is_placeholder(said), "{said:?}");
        }
        for said in ["路灯\u{200b}不亮", "👩\u{200d}🔧", "⚠\u{fe0f}"] {
            assert!(!is_placeholder(said), "{said:?}");
        }
    }

    #[test]
    fn one_text_has_one_form() {
        for said in ["一行\n二行", "一行\r\n二行\r\n", " 一行 \r二行 ", "一行\u{3000}\n二行"] {
            assert_eq!(tidy(said), "一行\n二行", "{said:?}");
        }
        assert_eq!(tidy(&tidy("a \r\n\r\n b ")), tidy("a \r\n\r\n b "));
    }

    #[test]
    fn what_moves_the_terminal_is_found() {
        for said in ["\u{1b}[31m红字", "路\0灯", "a\u{202e}b", "响\u{7}"] {
            assert!(stray_control(said, true).is_some(), "{said:?}");
        }
        assert_eq!(stray_control("一行\n\t二行", true), None);
        assert_eq!(stray_control("一行\n二行", false), Some(StrayControl('\n')));
    }
}
