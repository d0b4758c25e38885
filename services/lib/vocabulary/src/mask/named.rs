//! What people call themselves where they can be reached: addresses of mail, which have a form, and accounts of chats, which
//! are known by what they are called.

use std::sync::LazyLock;

use regex::Regex;

use super::Found;
use super::cue::{counts, is_listed};
use super::kinds::{compiled, is_day, is_mobile};
use super::meant::Meant;
use super::run::Runs;

/// Addresses of mail (RFC 5322), as far as people write them; the sign may be spelt against programs that collect them.
static MAIL: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r"[A-Za-z0-9](?:[A-Za-z0-9._%+'-]*[A-Za-z0-9_])?(?: ?@ ?| ?[(\[<](?i:at)[)\]>] ?)(?:[A-Za-z0-9-]+(?:\.|点))+[A-Za-z]{2,24}",
    )
});

/// The name of a chat; what joins it to what somebody is called there.
static CHAT: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"(?i)(?:微信|威信|薇信|v信|wechat|weixin|(?-u:\b)[vw]x|qq|扣扣|企鹅|钉钉)"));
static JOINED: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"^(?i)(?:号码?|帐号|账号|id[ :=]|名|都?是|为|[ :,、(<=\x22-]|微信|qq){0,6}"));
/// An account that is a word: six characters or more, the first a letter.
static WORD: LazyLock<Regex> = LazyLock::new(|| compiled(r"^[A-Za-z][A-Za-z0-9_-]{5,}"));
/// Programs and their makes, of which people also tell.
const PROGRAMS: [&str; 8] = ["android", "iphone", "ipad", "windows", "harmony", "macos", "version", "wechat"];
/// Digits of a QQ account. There are shorter ones, and every hotline is as short.
const LENGTHS: [usize; 7] = [12, 11, 10, 9, 8, 7, 6];

pub(super) fn mails(meant: &Meant, found: &mut Found) {
    for mail in MAIL.find_iter(&meant.text).map(|mail| mail.range()) {
        if found.is_free(&mail) {
            found.hide(mail, "[mail address]");
        }
    }
}

pub(super) fn chats(meant: &Meant, runs: &Runs, found: &mut Found) {
    for chat in CHAT.find_iter(&meant.text) {
        let joined = JOINED.find(&meant.text[chat.end()..]).map_or("", |joined| joined.as_str());
        let start = chat.end() + joined.len();
        let rest = &meant.text[start..];
        let range = if let Some(word) = WORD.find(rest) {
            is_account(word.as_str(), joined).then(|| start..start + word.end())
        } else {
            let number = runs.at(start).and_then(|first| LENGTHS.iter().find_map(|length| runs.groups(first, *length)));
            let number = number.filter(|groups| {
                let after = &meant.text[groups.range().end..];
                groups.is_one()
                    && !groups.bare.starts_with('0')
                    && !(is_mobile(groups.bare) || is_day(groups.bare) || counts(after) || is_listed(after))
            });
            number.map(|groups| groups.range())
        };
        if let Some(range) = range.filter(|range| found.is_free(range)) {
            found.hide(range, "[chat account]");
        }
    }
}

/// A word that nothing calls an account is one where no other word looks like it.
fn is_account(word: &str, joined: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let named = joined.contains(['号', ':', '=', '是', '名', 'd', 'D']);
    let odd = word.contains(|character: char| character.is_ascii_digit() || character == '_');
    (named || odd) && !PROGRAMS.iter().any(|program| lower.starts_with(program))
}
