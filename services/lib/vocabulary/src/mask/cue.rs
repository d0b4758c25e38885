//! Words beside a number that say whose it is, or that it is nobody's.

use std::cell::OnceCell;

/// How far before a number its name may stand, in columns: a Chinese character takes two.
const REACH: usize = 16;
/// Bytes of one column at most.
const BYTES_MAX: usize = 4;
/// What a word says of a number that follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cue {
    /// A number was here, and is hidden: what was said before was said of it.
    Mask,
    Identity,
    IdentityCard,
    /// A card of this country or of one of its regions.
    RegionalCard,
    MacaoCard,
    SoldiersCard,
    DisabledCard,
    Passport,
    /// An officer's paper, by which everybody may know them.
    Warrant,
    BankCard,
    Telephone,
    Vehicle,
    /// What things are counted by, one like the other.
    Thing,
}

impl Cue {
    fn bit(self) -> u16 {
        1 << self as u16
    }
}

#[rustfmt::skip]
const WORDS: &[(Cue, &[&str])] = &[
    (Cue::Mask, &["[telephone]", "[identity number]", "[passport]", "[bank card]", "[plate]", "[mail address]", "[chat account]"]),
    (Cue::Identity, &["身份", "证件", "证号", "identity", "ID"]),
    (Cue::IdentityCard, &["身份证"]),
    (Cue::RegionalCard, &["身份证", "香港", "澳门", "台湾", "HKID", "identity card"]),
    (Cue::MacaoCard, &["澳门身份证", "澳门居民身份证"]),
    (Cue::SoldiersCard, &["军官证", "士兵证", "士官证", "文职干部证"]),
    (Cue::DisabledCard, &["残疾"]),
    (Cue::Passport, &["护照", "通行证", "居留证", "回乡证", "台胞证", "旅行证", "港澳证", "证件", "passport", "Passport", "PASSPORT"]),
    (Cue::Warrant, &["执法"]),
    (Cue::BankCard, &["卡号", "银行卡", "信用卡", "储蓄卡", "借记卡", "工资卡", "账号", "帐号", "bank card", "card no", "Card No"]),
    (Cue::Telephone, &[
        "电话", "座机", "固话", "总机", "小灵通", "致电", "回电", "来电", "拨打", "热线", "传真", "联系方式", "tel", "Tel", "TEL",
        "phone", "Phone",
    ]),
    (Cue::Vehicle, &["车", "牌"]),
    (Cue::Thing, &[
        "型号", "编号", "货号", "批号", "图号", "件号", "案号", "文号", "单号", "工单", "订单", "杆号", "序列", "设备", "产品", "合同",
        "发票", "票号", "项目", "资产", "井盖", "灯杆", "条码", "规格",
    ]),
];
/// What follows the name of a telephone in the name of something else.
const NO_TELEPHONE: &[char] = &['亭', '杆', '线', '局', '箱', '柜', '机'];

/// All words of a text that say something of a number, in the order in which they end.
pub(super) struct Cues(Vec<Word>);

struct Word {
    start: usize,
    end: usize,
    cue: Cue,
}

impl Cues {
    pub fn of(text: &str) -> Self {
        let mut words = Vec::new();
        for (cue, word) in WORDS.iter().flat_map(|(cue, words)| words.iter().map(move |word| (*cue, *word))) {
            let found = text.match_indices(word).map(|(start, _)| Word { start, end: start + word.len(), cue });
            let named = |word: &Word| cue != Cue::Telephone || !text[word.end..].starts_with(NO_TELEPHONE);
            words.extend(found.filter(named));
        }
        words.sort_by_key(|word| word.end);
        Self(words)
    }

    /// What is said shortly before `at`, after the last mask: a bit for each cue.
    fn said(&self, before: &str) -> u16 {
        let last = self.0.partition_point(|word| word.end <= before.len());
        if last == 0 || self.0[last - 1].end + REACH * BYTES_MAX < before.len() {
            return 0;
        }
        let reached = reach(before);
        let near = self.0[..last].iter().rev().take_while(|word| word.end > reached);
        let mut start = reached;
        let mut said = 0;
        for word in near {
            if word.cue == Cue::Mask {
                start = start.max(word.end);
            } else if word.start >= start {
                said |= word.cue.bit();
            }
        }
        said
    }
}

/// Where the columns begin that a name may stand in.
fn reach(before: &str) -> usize {
    let mut columns = 0;
    let reached = before.char_indices().rev().take_while(|(_, character)| {
        columns += if character.is_ascii() { 1 } else { 2 };
        columns <= REACH
    });
    reached.last().map_or(before.len(), |(at, _)| at)
}

/// What stands before a number.
pub(super) struct Before<'m> {
    pub text: &'m str,
    cues: &'m Cues,
    said: OnceCell<u16>,
}

impl<'m> Before<'m> {
    pub fn new(text: &'m str, cues: &'m Cues) -> Self {
        Self { text, cues, said: OnceCell::new() }
    }

    /// Whether one of the words for it stands shortly before, and nothing but a few words between.
    pub fn says(&self, cue: Cue) -> bool {
        self.said.get_or_init(|| self.cues.said(self.text)) & cue.bit() != 0
    }
}

/// Whether a telephone number is named directly before, as one of several.
pub(super) fn follows_telephone(before: &str) -> bool {
    let listed = before.trim_end_matches(' ').strip_suffix([',', '、', '/', ';', '或', '和', '及']);
    listed.is_some_and(|before| before.trim_end_matches(' ').ends_with("[telephone]"))
}

/// Whether the number counts or measures what is named after it.
pub(super) fn counts(after: &str) -> bool {
    let after = decimals(after).trim_start_matches(' ');
    let money = ["元", "万元", "亿元", "美元", "圆"];
    let names_money = |rest: &str| !rest.starts_with(['旦', '月', '宵', '先', '女', '老', '总']);
    let measures = [
        "件", "吨", "平方", "立方", "公里", "千米", "毫米", "厘米", "公斤", "千克", "千瓦", "亩", "㎡", "m²", "m2",
        "kWh",
    ];
    money.iter().any(|unit| after.strip_prefix(unit).is_some_and(names_money))
        || measures.iter().any(|unit| after.starts_with(unit))
}

/// What follows the decimals of a number, if it has any.
fn decimals(after: &str) -> &str {
    let digits = |rest: &str| rest.bytes().take_while(u8::is_ascii_digit).count();
    match after.strip_prefix('.') {
        Some(rest) if (1..=4).contains(&digits(rest)) => &rest[digits(rest)..],
        _ => after,
    }
}

/// Whether things are named after it that have numbers, each of a list its own.
pub(super) fn is_listed(after: &str) -> bool {
    after
        .trim_start_matches(' ')
        .starts_with(['号', '户', '室', '栋', '人', '元', '%', '米', '层', '路', '年', '月', '天'])
}

/// Whether a building or a part of one has the number.
pub(super) fn is_built(after: &str) -> bool {
    let after = after.trim_start_matches([' ', '号']);
    ["房", "栋", "幢", "室", "座", "单元", "楼", "院", "旁", "门面", "铺", "附近", "对面", "型", "款"]
        .iter()
        .any(|part| after.starts_with(part))
}
