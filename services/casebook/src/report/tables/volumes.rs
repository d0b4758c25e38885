//! What came in and what was closed: by day, by way, channel, kind and class, and the matters that press most.

use std::collections::BTreeMap;

use charter::Charter;
use jiff::civil::Date;
use proto::casebook::v1::{Pillar, ReportTable, Unit, Words};
use proto::intake::v1::{CallerClass, CaseKind, Way};
use proto::word;
use rust_decimal::Decimal;

use crate::report::figures::{Class, Figures, UNKNOWN, Volume};
use crate::report::share::{Share, rounded};
use crate::report::table::{Table, column, count, counted, decimal, named, nothing, row, text, words};

/// Matters shown of each class of callers (三最).
const PRESSING: usize = 10;
/// Days that are shown one by one; of more, months are.
const DAYS_SHOWN_MAX: usize = 62;

/// Day by day, or month by month, beside the same place in the period before.
pub fn trend(now: (&[Date], &Figures<'_>), before: (&[Date], &Figures<'_>)) -> ReportTable {
    let (unit, unit_en) = if now.0.len() > DAYS_SHOWN_MAX { ("月", "month") } else { ("日", "day") };
    let mut table =
        Table::new("trend", Pillar::Unspecified, (&format!("逐{unit}趋势"), &format!("Trend by {unit_en}")))
            .base(
                "当期每段时间受理与有结果办结的诉求，与上期同一序位并列",
                "Cases received, and closed with an outcome, beside the same place in the period before",
            )
            .shows(&["R-80"])
            .columns([
                column("received", "受理", "Received", Unit::Count),
                column("closed", "办结", "Closed", Unit::Count),
                column("before", "上期时段", "Before", Unit::Text),
                column("before-received", "上期受理", "Received before", Unit::Count),
                column("before-closed", "上期办结", "Closed before", Unit::Count),
            ]);
    let (now, before) = (parts(now), parts(before));
    for (at, Part { name, volume }) in now.iter().enumerate() {
        let earlier = before.get(at);
        let earlier_volume = earlier.and_then(|part| part.volume);
        table.row(row(
            name,
            words(name, name),
            [
                counted(volume.map(|volume| volume.received)),
                counted(volume.map(|volume| volume.closed)),
                earlier.map_or_else(nothing, |part| text(&part.name)),
                counted(earlier_volume.map(|volume| volume.received)),
                counted(earlier_volume.map(|volume| volume.closed)),
            ],
        ));
    }
    table.done()
}

/// A day or a month of a period; nothing is known of one that is still to come.
struct Part {
    name: String,
    volume: Option<Volume>,
}

fn parts((days, figures): (&[Date], &Figures<'_>)) -> Vec<Part> {
    let by_month = days.len() > DAYS_SHOWN_MAX;
    let mut parts: Vec<Part> = Vec::new();
    for (at, (day, volume)) in days.iter().zip(&figures.by_day).enumerate() {
        let name = if by_month { day.strftime("%Y-%m").to_string() } else { day.to_string() };
        match parts.last_mut() {
            Some(last) if last.name == name => {
                if let Some(sum) = &mut last.volume {
                    sum.received += volume.received;
                    sum.closed += volume.closed;
                }
            }
            Some(_) | None => parts.push(Part { name, volume: figures.is_known(at).then_some(*volume) }),
        }
    }
    parts
}

/// Four tables: by way, channel, kind and class.
pub fn by(charter: &Charter, now: &Figures<'_>, before: &Figures<'_>) -> [ReportTable; 4] {
    let ways = |figures: &Figures<'_>| coded(&figures.by_way, |way| *way, way_code);
    let kinds = |figures: &Figures<'_>| coded(&figures.by_kind, |kind| *kind, kind_code);
    let classes = |figures: &Figures<'_>| -> BTreeMap<String, Volume> {
        let volumes = figures.by_class.iter().map(|(class, found)| (class_code(*class), found.volume));
        volumes.filter(|(_, volume)| *volume != Volume::default()).collect()
    };
    let channel = |code: &str| {
        let found = charter.channel(code).map(|channel| named(&channel.name));
        found.unwrap_or_else(|| unknown(code))
    };
    [
        volumes(("by-way", "按收集方式", "By way"), "R-21", &ways(now), &ways(before), way_words),
        volumes(("by-channel", "按渠道", "By channel"), "R-21", &now.by_channel, &before.by_channel, channel),
        volumes(("by-kind", "按诉求类型", "By kind"), "R-27", &kinds(now), &kinds(before), kind_words),
        volumes(("by-class", "按诉求人", "By class of callers"), "R-20", &classes(now), &classes(before), class_words),
    ]
}

fn coded<K>(volumes: &BTreeMap<K, Volume>, key: fn(&K) -> i32, code: fn(i32) -> String) -> BTreeMap<String, Volume> {
    volumes.iter().map(|(value, volume)| (code(key(value)), *volume)).collect()
}

fn volumes(
    (code, zh, en): (&str, &str, &str),
    requirement: &str,
    now: &BTreeMap<String, Volume>,
    before: &BTreeMap<String, Volume>,
    name: impl Fn(&str) -> Words,
) -> ReportTable {
    let mut table = Table::new(code, Pillar::Effect, (zh, en))
        .base(
            "本期受理的全部诉求；办结为本期有结果办结的",
            "Every case received in the period; closed are those closed with an outcome in it",
        )
        .shows(&[requirement, "R-80"])
        .columns([
            column("received", "受理", "Received", Unit::Count),
            column("share", "占受理（%）", "Of received (%)", Unit::Percent),
            column("closed", "办结", "Closed", Unit::Count),
            column("before-received", "上期受理", "Received before", Unit::Count),
            column("before-closed", "上期办结", "Closed before", Unit::Count),
        ]);
    let all = now.values().map(|volume| volume.received).sum();
    let mut codes: Vec<&String> = now.keys().chain(before.keys()).collect();
    codes.sort();
    codes.dedup();
    for code in codes {
        let (now, before) = (now.get(code).copied().unwrap_or_default(), before.get(code).copied().unwrap_or_default());
        table.row(row(
            code,
            name(code),
            [
                count(now.received),
                decimal(Share::out_of(now.received, all).percent()),
                count(now.closed),
                count(before.received),
                count(before.closed),
            ],
        ));
    }
    table.done()
}

/// What each class of callers got.
pub fn classes(now: &Figures<'_>) -> ReportTable {
    let mut table = Table::new("classes", Pillar::Effect, ("三类诉求人", "Classes of callers"))
        .base(
            "该类诉求人的诉求；各列基数同主要指标",
            "Cases of that class; the base of each column is that of the indicator",
        )
        .shows(&["R-20", "R-120"])
        .columns([
            column("received", "受理", "Received", Unit::Count),
            column("closed", "办结", "Closed", Unit::Count),
            column("in-time", "按时答复率（%）", "Answered in time (%)", Unit::Percent),
            column("in-time-of", "时限数", "Clocks", Unit::Count),
            column("satisfaction", "满意率（%）", "Satisfaction (%)", Unit::Percent),
            column("ratings", "评价数", "Ratings", Unit::Count),
            column("reopened", "重开", "Opened again", Unit::Count),
        ]);
    for (class, found) in &now.by_class {
        let code = class_code(*class);
        let Class { volume, in_time, satisfaction, reopened, .. } = found;
        table.row(row(
            &code,
            class_words(&code),
            [
                count(volume.received),
                count(volume.closed),
                decimal(in_time.percent()),
                count(in_time.of),
                decimal(satisfaction.percent()),
                count(satisfaction.of),
                count(*reopened),
            ],
        ));
    }
    table.done()
}

/// The matters that each class of callers raises most (三最, R-120).
pub fn pressing(charter: &Charter, now: &Figures<'_>, before: &Figures<'_>) -> ReportTable {
    let mut table =
        Table::new("pressing", Pillar::Effect, ("三类诉求人最突出的问题", "What presses each class of callers most"))
            .base(
                "本期该类诉求人的诉求按分类计数，每类前十项",
                "Cases that the class raised in the period, by category; the ten largest of each class",
            )
            .shows(&["R-120"])
            .columns([
                column("class", "诉求人", "Class", Unit::Text),
                column("rank", "名次", "Rank", Unit::Count),
                column("category", "分类代码", "Category", Unit::Text),
                column("received", "受理", "Received", Unit::Count),
                column("share", "占该类（%）", "Of the class (%)", Unit::Percent),
                column("before-received", "上期受理", "Received before", Unit::Count),
            ]);
    for (class, found) in &now.by_class {
        let code = class_code(*class);
        let mut matters: Vec<(&String, u64)> =
            found.matters.iter().map(|(category, cases)| (category, *cases)).collect();
        matters.sort_by(|(code, one), (other_code, other)| other.cmp(one).then(code.cmp(other_code)));
        for (rank, (category, cases)) in (1..).zip(matters.into_iter().take(PRESSING)) {
            let earlier = before.by_class.get(class).and_then(|found| found.matters.get(category)).copied();
            table.row(row(
                &format!("{code}/{category}"),
                category_words(charter, category),
                [
                    text(&code),
                    count(rank),
                    text(category),
                    count(cases),
                    decimal(Share::out_of(cases, found.volume.received).percent()),
                    count(earlier.unwrap_or_default()),
                ],
            ));
        }
    }
    table.done()
}

/// What there is to be less of, beside its target.
pub fn bring_down(charter: &Charter, now: &Figures<'_>, before: &Figures<'_>) -> ReportTable {
    let mut table = Table::new("bring-down", Pillar::Effect, ("要降下来的指标", "What there is to be less of"))
        .base(
            "本期受理的诉求中章程所列分类与诉求人的，占本期受理；与上期件数相比",
            "Of the cases received in the period, those of the charter's categories and classes, out of all received; their              number is compared with the period before",
        )
        .shows(&["R-145"])
        .columns([
            column("counted", "件数", "Counted", Unit::Count),
            column("of", "受理", "Received", Unit::Count),
            column("share", "占受理（%）", "Of received (%)", Unit::Percent),
            column("before-counted", "上期件数", "Counted before", Unit::Count),
            column("change", "较上期（%）", "Change (%)", Unit::Percent),
            column("target", "目标（%）", "Target (%)", Unit::Percent),
            column("reached", "达标", "Reached", Unit::Text),
        ]);
    for wanted in charter.bring_down() {
        let of = |figures: &Figures<'_>| -> u64 {
            let classes = figures.by_class.iter().flat_map(|(class, found)| {
                let class = class_code(*class).parse().ok();
                found
                    .matters
                    .iter()
                    .filter(move |(category, _)| wanted.counts(category, class))
                    .map(|(_, cases)| *cases)
            });
            classes.sum()
        };
        let (counted, earlier) = (of(now), of(before));
        let change = (Decimal::from(counted) - Decimal::from(earlier)) * Decimal::ONE_HUNDRED;
        let change = change.checked_div(earlier.into());
        // Compared before it is rounded. Nothing to be less than: neither reached nor missed.
        let reached = change.map_or("", |change| if change <= -wanted.target { "yes" } else { "no" });
        table.row(row(
            wanted.code.as_str(),
            named(&wanted.name),
            [
                count(counted),
                count(now.volume.received),
                decimal(Share::out_of(counted, now.volume.received).percent()),
                count(earlier),
                decimal(change.map(rounded)),
                decimal(Some(rounded(-wanted.target))),
                text(reached),
            ],
        ));
    }
    table.done()
}

/// What each category came to, and how often it came back.
pub fn categories(charter: &Charter, now: &Figures<'_>, before: &Figures<'_>) -> ReportTable {
    let mut table = Table::new("categories", Pillar::Effect, ("按分类", "By category"))
        .base(
            "本期受理的全部诉求；反复为本期认定的同一地点同一问题再次发生",
            "Every case received in the period; came back are those found in it to be the same problem in the same place",
        )
        .shows(&["R-60", "R-80"])
        .columns([
            column("received", "受理", "Received", Unit::Count),
            column("closed", "办结", "Closed", Unit::Count),
            column("recurred", "反复", "Came back", Unit::Count),
            column("before-received", "上期受理", "Received before", Unit::Count),
            column("before-recurred", "上期反复", "Came back before", Unit::Count),
        ]);
    let mut codes: Vec<&String> = now.by_category.keys().chain(before.by_category.keys()).collect();
    codes.extend(now.recurred_by_category.keys());
    codes.sort();
    codes.dedup();
    let recurred =
        |figures: &Figures<'_>, code: &str| figures.recurred_by_category.get(code).copied().unwrap_or_default();
    let volume = |figures: &Figures<'_>, code: &str| figures.by_category.get(code).copied().unwrap_or_default();
    for code in codes {
        let of_now = volume(now, code);
        table.row(row(
            code,
            category_words(charter, code),
            [
                count(of_now.received),
                count(of_now.closed),
                count(recurred(now, code)),
                count(volume(before, code).received),
                count(recurred(before, code)),
            ],
        ));
    }
    table.done()
}

fn category_words(charter: &Charter, code: &str) -> Words {
    charter.category(code).map_or_else(|| unknown(code), |category| named(&category.name))
}

/// What no charter names, or what is not known.
pub fn unknown(code: &str) -> Words {
    if code == UNKNOWN { words("未知", "not known") } else { words(code, code) }
}

fn way_code(way: i32) -> String {
    coded_word(Way::try_from(way).unwrap_or_default().as_str_name(), "WAY_")
}

fn kind_code(kind: i32) -> String {
    coded_word(CaseKind::try_from(kind).unwrap_or_default().as_str_name(), "CASE_KIND_")
}

fn class_code(class: i32) -> String {
    coded_word(CallerClass::try_from(class).unwrap_or_default().as_str_name(), "CALLER_CLASS_")
}

fn coded_word(name: &str, prefix: &str) -> String {
    let word = word(name, prefix);
    if word == "unspecified" { UNKNOWN.to_owned() } else { word }
}

fn way_words(code: &str) -> Words {
    match code {
        "online" => words("线上集", "online"),
        "patrol" => words("网格巡", "patrol"),
        "visit" => words("入户访", "visit"),
        "meeting" => words("座谈征", "meeting"),
        "superior" => words("上级派", "superior"),
        code => unknown(code),
    }
}

fn kind_words(code: &str) -> Words {
    match code {
        "report" => words("报事", "report"),
        "service" => words("办事", "service"),
        "suggestion" => words("建议", "suggestion"),
        "consult" => words("咨询", "consult"),
        code => unknown(code),
    }
}

fn class_words(code: &str) -> Words {
    match code {
        "resident" => words("群众", "residents"),
        "grassroots" => words("基层", "grassroots"),
        "enterprise" => words("企业", "enterprises"),
        code => unknown(code),
    }
}
