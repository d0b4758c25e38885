//! Words beside a number that say whose it is, or that it is nobody's.

/// How far before a number its name may stand, in columns: a Chinese character takes two.
const REACH: usize = 16;
/// What is put in the place of a number.
const MASKS: [&str; 7] =
    ["[telephone]", "[identity number]", "[passport]", "[bank card]", "[plate]", "[mail address]", "[chat account]"];

pub(super) const IDENTITY: &[&str] = &["身份", "证件", "证号", "identity", "ID"];
pub(super) const IDENTITY_CARD: &[&str] = &["身份证", "香港", "澳门", "台湾", "HKID", "identity card"];
pub(super) const MACAO_CARD: &[&str] = &["澳门身份证", "澳门居民身份证"];
pub(super) const SOLDIER: &[&str] = &["军官证", "士兵证", "士官证", "文职干部证"];
pub(super) const TELEPHONE: &[&str] = &[
    "电话",
    "座机",
    "固话",
    "总机",
    "小灵通",
    "致电",
    "回电",
    "来电",
    "拨打",
    "热线",
    "传真",
    "联系方式",
    "tel",
    "Tel",
    "TEL",
    "phone",
    "Phone",
];
pub(super) const PASSPORT: &[&str] =
    &["护照", "通行证", "居留证", "回乡证", "台胞证", "旅行证", "港澳证", "证件", "passport", "Passport", "PASSPORT"];
pub(super) const CARD: &[&str] =
    &["卡号", "银行卡", "信用卡", "储蓄卡", "借记卡", "工资卡", "账号", "帐号", "bank card", "card no", "Card No"];
pub(super) const VEHICLE: &[&str] = &["车", "牌"];
/// What things are counted by, one like the other.
pub(super) const THING: &[&str] = &[
    "型号", "编号", "货号", "批号", "图号", "件号", "案号", "文号", "单号", "工单", "订单", "杆号", "序列", "设备",
    "产品", "合同", "发票", "票号", "项目", "资产", "井盖", "灯杆", "条码", "规格",
];
/// What follows the name of a telephone in the name of something else.
const NO_TELEPHONE: &[char] = &['亭', '杆', '线', '局', '箱', '柜', '机'];

/// Whether one of the names stands shortly before, and nothing but a few words between.
pub(super) fn names(before: &str, names: &[&str]) -> bool {
    let near = near(before);
    names.iter().any(|name| near.contains(name))
}

/// The same of a telephone, which a booth or a pole of one is not.
pub(super) fn names_telephone(before: &str) -> bool {
    let near = near(before);
    TELEPHONE
        .iter()
        .any(|name| near.match_indices(name).any(|(at, _)| !near[at + name.len()..].starts_with(NO_TELEPHONE)))
}

/// Whether a telephone number is named directly before, as one of several.
pub(super) fn follows_telephone(before: &str) -> bool {
    let listed = before.trim_end_matches(' ').strip_suffix([',', '、', '/', ';', '或', '和', '及']);
    listed.is_some_and(|before| before.trim_end_matches(' ').ends_with("[telephone]"))
}

/// What stands shortly before, after the last mask.
fn near(before: &str) -> &str {
    let mut columns = 0;
    let reached = before.char_indices().rev().take_while(|(_, character)| {
        columns += if character.is_ascii() { 1 } else { 2 };
        columns <= REACH
    });
    let start = reached.last().map_or(before.len(), |(at, _)| at);
    let mut ends = before[start..].rmatch_indices(']').map(|(at, _)| start + at + 1);
    let mask = ends.find(|end| MASKS.iter().any(|mask| before[..*end].ends_with(mask)));
    &before[mask.unwrap_or(start)..]
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
