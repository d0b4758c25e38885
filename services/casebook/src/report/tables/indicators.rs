//! The first table: one line for each indicator, with its base, its target and what it was before.

use charter::{Charter, Level};
use proto::casebook::v1::{Pillar, ReportCell, ReportRow, ReportTable, Unit};
use rust_decimal::Decimal;

use crate::report::figures::Figures;
use crate::report::share::{Share, rounded};
use crate::report::table::{Table, column, counted, decimal, named, row, words};
use crate::report::walk::Clock;

/// One indicator in one period.
#[derive(Clone, Copy)]
enum Value {
    Count(u64),
    Share(Share),
    /// A mean of rates, and of how many.
    Mean(Option<Decimal>, u64),
}

impl Value {
    fn counted(self) -> Option<u64> {
        match self {
            Self::Count(counted) | Self::Share(Share { counted, .. }) => Some(counted),
            Self::Mean(..) => None,
        }
    }

    fn of(self) -> Option<u64> {
        match self {
            Self::Count(_) => None,
            Self::Share(Share { of, .. }) | Self::Mean(_, of) => Some(of),
        }
    }

    fn share(self) -> Option<Decimal> {
        match self {
            Self::Count(_) => None,
            Self::Share(share) => share.percent(),
            Self::Mean(mean, _) => mean,
        }
    }

    /// Of a share in points, of a number in percent of what it was.
    fn change(self, before: Self) -> Option<Decimal> {
        match (self, before) {
            (Self::Count(now), Self::Count(before)) => {
                let grown = (Decimal::from(now) - Decimal::from(before)) * Decimal::ONE_HUNDRED;
                grown.checked_div(before.into()).map(rounded)
            }
            _ => Some(self.share()? - before.share()?),
        }
    }
}

struct Indicator {
    code: String,
    name: (String, String),
    base: (&'static str, &'static str),
    requirements: &'static [&'static str],
    target: Option<Decimal>,
    value: Box<dyn Fn(&Figures<'_>) -> Value>,
}

pub fn table(charter: &Charter, now: &Figures<'_>, before: &Figures<'_>) -> ReportTable {
    let mut table = Table::new("indicators", Pillar::Unspecified, ("主要指标", "Indicators")).columns([
        column("counted", "计数", "Counted", Unit::Count),
        column("of", "基数", "Out of", Unit::Count),
        column("share", "比率（%）", "Share (%)", Unit::Percent),
        column("target", "目标（%）", "Target (%)", Unit::Percent),
        column("before-counted", "上期计数", "Counted before", Unit::Count),
        column("before-share", "上期比率（%）", "Share before (%)", Unit::Percent),
        column("change", "变化（件数为%，比率为百分点）", "Change (counts in %, shares in points)", Unit::Number),
    ]);
    for indicator in indicators(charter) {
        table.row(line(&indicator, now, before));
    }
    table.done()
}

fn line(indicator: &Indicator, now: &Figures<'_>, before: &Figures<'_>) -> ReportRow {
    let (value, earlier) = ((indicator.value)(now), (indicator.value)(before));
    let cells: [ReportCell; 7] = [
        counted(value.counted()),
        counted(value.of()),
        decimal(value.share()),
        decimal(indicator.target),
        counted(earlier.counted()),
        decimal(earlier.share()),
        decimal(value.change(earlier)),
    ];
    let mut line = row(&indicator.code, words(&indicator.name.0, &indicator.name.1), cells);
    line.base = Some(words(indicator.base.0, indicator.base.1));
    line.requirements = indicator.requirements.iter().map(|number| (*number).to_owned()).collect();
    line
}

/// Cases closed at these levels, out of all that were closed.
pub fn contained(figures: &Figures<'_>, levels: &[Level]) -> Share {
    let of_level = |level: &Level| figures.levels.get(level).copied().unwrap_or_default();
    Share::out_of(levels.iter().map(of_level).sum(), figures.volume.closed)
}

fn indicators(charter: &Charter) -> Vec<Indicator> {
    let of_clock = |clock: Clock| move |figures: &Figures<'_>| Value::Share(clock_of(figures, clock));
    let mut indicators = vec![
        indicator("received", ("受理量", "Received"), RECEIVED, &["R-80"], |it| Value::Count(it.volume.received)),
        indicator("closed", ("办结量", "Closed with an outcome"), CLOSED, &["R-80"], |it| {
            Value::Count(it.volume.closed)
        }),
        indicator("response-on-time", ("按时响应率", "Responses in time"), CALLED_CLOCKS, &["R-79", "R-51"], {
            of_clock(Clock::Response)
        }),
        indicator("report-in-on-time", ("按时报到率", "Report-ins in time"), CALLED_CLOCKS, &["R-51"], {
            of_clock(Clock::ReportIn)
        }),
        indicator("completion-on-time", ("呼叫按时办结率", "Calls done in time"), CALLED_CLOCKS, &["R-79"], {
            of_clock(Clock::Completion)
        }),
        indicator("case-on-time", ("诉求按时办结率", "Cases answered in time"), CASE_CLOCKS, &["R-79"], {
            of_clock(Clock::Case)
        }),
        indicator("satisfaction", ("满意率", "Satisfaction"), RATINGS, &["R-79"], |it| {
            Value::Mean(it.satisfaction.percent(), it.satisfaction.of)
        }),
        indicator("rated", ("评价率", "Rated"), ASKED, &["R-72"], |it| Value::Share(it.rated)),
    ];
    let wanted = charter.containment();
    for definition in &wanted.definitions {
        let levels = definition.levels.clone();
        let name = named(&definition.name);
        let en = if name.en.is_empty() { definition.code.to_string() } else { name.en };
        let shown: Vec<&str> = definition.levels.iter().map(|level| level.as_str()).collect();
        let shown = shown.join(" + ");
        let name = (format!("{}解决率（{shown}）", name.zh), format!("Solved: {en} ({shown})"));
        let code = format!("contained-{}", definition.code);
        let mut found = indicator(&code, ("", ""), CLOSED, &["R-32", "R-148"], move |it: &Figures<'_>| {
            Value::Share(contained(it, &levels))
        });
        (found.name, found.target) = (name, Some(rounded(wanted.target)));
        indicators.push(found);
    }
    indicators.extend([
        indicator("returned", ("退单率", "Returned"), CALLS, &["R-59"], |it| {
            Value::Share(Share::out_of(it.returned, it.called))
        }),
        indicator("recurred", ("反复率", "Came back"), RECEIVED, &["R-60"], |it| {
            Value::Share(Share::out_of(it.recurred, it.volume.received))
        }),
        indicator("reopened", ("重开率", "Opened again"), ANSWERS, &["R-79"], |it| {
            Value::Share(Share::out_of(it.reopened, it.answered))
        }),
        indicator(
            "answered-at-once",
            ("十五分钟内答复率", "First answered within 15 minutes"),
            FIRST,
            &["R-80"],
            |it| Value::Share(it.first_at_once),
        ),
        indicator(
            "answered-within-a-day",
            ("一日内答复率", "First answered within a day"),
            FIRST,
            &["R-80"],
            |it| Value::Share(it.first_within_a_day),
        ),
        indicator("open", ("期末未结量", "Open at the end"), OPEN, &["R-80"], |it| Value::Count(it.open.open)),
        indicator("open-overdue", ("期末超期率", "Open and late at the end"), OPEN, &["R-79"], |it| {
            Value::Share(Share::out_of(it.open.overdue, it.open.open))
        }),
        indicator("excluded", ("剔除率", "Excluded"), ENDED, &["R-79"], |it| {
            Value::Share(Share::out_of(it.excluded.values().sum(), it.ended.values().sum()))
        }),
    ]);
    indicators
}

pub fn clock_of(figures: &Figures<'_>, clock: Clock) -> Share {
    figures.clocks.get(&clock).copied().unwrap_or_default()
}

fn indicator(
    code: &str,
    (zh, en): (&str, &str),
    base: (&'static str, &'static str),
    requirements: &'static [&'static str],
    value: impl Fn(&Figures<'_>) -> Value + 'static,
) -> Indicator {
    let name = (zh.to_owned(), en.to_owned());
    Indicator { code: code.to_owned(), name, base, requirements, target: None, value: Box::new(value) }
}

type Base = (&'static str, &'static str);

const RECEIVED: Base = ("本期受理的全部诉求", "Every case received in the period");
const CLOSED: Base = ("本期有结果办结的诉求", "Cases closed with an outcome in the period");
const CALLED_CLOCKS: Base = (
    "本期内被呼叫单位按时完成或到期的时限，每个时限只计一次",
    "Clocks of called units that were kept or ran out in the period, each once",
);
const CASE_CLOCKS: Base = (
    "本期内答复或到期的诉求办理时限，每个时限只计一次",
    "Clocks of cases that were answered or ran out in the period, each once",
);
const RATINGS: Base = ("本期诉求人作出的评价，取平均值", "Ratings that callers gave in the period; their mean");
const ASKED: Base =
    ("本期评价或评价期满的答复", "Answers that were rated, or whose time to be rated ended, in the period");
const CALLS: Base = ("本期被呼叫的单位次数", "Units called in the period, each time they were");
const ANSWERS: Base = ("本期的答复", "Answers given in the period");
const FIRST: Base = ("本期首次答复的诉求", "Cases answered for the first time in the period");
const OPEN: Base = ("期末未结的诉求", "Cases that are open at the end of the period");
const ENDED: Base = ("本期有结果办结或剔除的诉求", "Cases closed with an outcome or excluded in the period");
