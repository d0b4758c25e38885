//! What stands around the figures, in both languages, and how a figure is shown to people.

use jiff::tz::TimeZone;
use proto::FromWireTime;
use proto::casebook::v1::report_cell::Value;
use proto::casebook::v1::{Pillar, ReportCell, ReportResponse, ReportTable, Unit, Words};

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Lang {
    Zh,
    En,
}

impl Lang {
    /// As HTML and browsers name it.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Zh => "zh-CN",
            Self::En => "en",
        }
    }

    /// One of two.
    pub const fn either<'w>(self, zh: &'w str, en: &'w str) -> &'w str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }

    /// What has no name in English is shown by its Chinese one, which is the official one.
    pub fn of(self, words: Option<&Words>) -> &str {
        let Some(words) = words else { return "" };
        match self {
            Self::En if !words.en.is_empty() => &words.en,
            Self::Zh | Self::En => &words.zh,
        }
    }

    pub const fn pillar(self, pillar: Pillar) -> &'static str {
        match (pillar, self) {
            (Pillar::Unspecified, Self::Zh) => "总体",
            (Pillar::Unspecified, Self::En) => "Overall",
            (Pillar::Strengthen, Self::Zh) => "强身",
            (Pillar::Strengthen, Self::En) => "Strengthened: what the street and those below it do themselves",
            (Pillar::Empower, Self::Zh) => "赋权",
            (Pillar::Empower, Self::En) => "Empowered: the calls, and how they were followed",
            (Pillar::Duty, Self::Zh) => "明责",
            (Pillar::Duty, Self::En) => "Clear duties: whose it was, and whether it was in time",
            (Pillar::Effect, Self::Zh) => "增效",
            (Pillar::Effect, Self::En) => "Effect: what came of it",
        }
    }
}

/// E.g. `武昌区 民呼我应运行报表`.
pub(super) fn title(report: &ReportResponse, lang: Lang) -> String {
    let whose = lang.of(report.party_name.as_ref().or(report.name.as_ref()));
    format!("{whose} {}", lang.either("民呼我应运行报表", "Statement of calls and responses"))
}

/// What it is of: its period, the one before, and how far it reads.
pub(super) fn facts(report: &ReportResponse, lang: Lang) -> Vec<(&'static str, String)> {
    let between = |from: &str, to: &str| {
        if from == to { from.to_owned() } else { format!("{from} {} {to}", lang.either("至", "to")) }
    };
    let zone = TimeZone::get(&report.time_zone).unwrap_or(TimeZone::UTC);
    let until = report.until.time().map(|at| at.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S %:z").to_string());
    let until = until.unwrap_or_else(|_| lang.either("尚无记录", "nothing is on the record").to_owned());
    let mut facts = vec![
        (lang.either("统计期", "Period"), between(&report.from, &report.to)),
        (lang.either("对比期", "Compared with"), between(&report.before_from, &report.before_to)),
        (lang.either("数据截至", "Reads up to"), until),
        (lang.either("章程版本", "Charter"), format!("{} {}", report.district, report.charter_version)),
    ];
    if !report.party.is_empty() {
        facts.insert(
            0,
            (lang.either("范围", "Of"), format!("{} {}", lang.of(report.party_name.as_ref()), report.party)),
        );
    }
    facts
}

/// Requirements in one word, e.g. `R-32, R-148`.
pub(super) fn requirements(numbers: &[String]) -> String {
    numbers.join(", ")
}

/// What of a table does not fit, if anything.
pub(super) fn left_out(table: &ReportTable, lang: Lang) -> Option<String> {
    let more = table.left_out;
    let said = || match lang {
        Lang::Zh => format!("另有{more}行未列出"),
        Lang::En => format!("{more} more rows are left out"),
    };
    (more > 0).then(said)
}

/// What of a statement says nothing: a table without rows.
pub(super) const fn nothing(lang: Lang) -> &'static str {
    lang.either("本期无记录", "nothing in this period")
}

/// A figure for people.
pub(super) fn shown(cell: &ReportCell, unit: Unit, lang: Lang) -> String {
    match &cell.value {
        None => "–".to_owned(),
        Some(Value::Text(text)) => match (text.as_str(), lang) {
            ("yes", Lang::Zh) => "是".to_owned(),
            ("no", Lang::Zh) => "否".to_owned(),
            (text, _) => text.to_owned(),
        },
        Some(Value::Count(seconds)) if unit == Unit::Seconds => length(*seconds, lang),
        Some(Value::Count(count)) => count.to_string(),
        Some(Value::Decimal(decimal)) => decimal.clone(),
    }
}

/// A length of time by its two largest parts, e.g. `2 d 5 h`.
fn length(seconds: u64, lang: Lang) -> String {
    let [day, hour, minute, second] = match lang {
        Lang::Zh => ["天", "小时", "分", "秒"],
        Lang::En => [" d", " h", " min", " s"],
    };
    let parts =
        [(seconds / 86_400, day), (seconds / 3_600 % 24, hour), (seconds / 60 % 60, minute), (seconds % 60, second)];
    let from = parts.iter().position(|(count, _)| *count > 0).unwrap_or(parts.len() - 1);
    let two = parts.iter().skip(from).take(2).filter(|(count, _)| *count > 0 || seconds == 0);
    two.map(|(count, part)| format!("{count}{part}")).collect::<Vec<_>>().join(lang.either("", " "))
}

/// Whether the numbers of a column stand flush right.
pub(super) const fn is_number(unit: Unit) -> bool {
    !matches!(unit, Unit::Text | Unit::Unspecified)
}
