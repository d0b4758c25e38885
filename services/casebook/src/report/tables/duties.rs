//! Where matters were solved, how long each step took, what ran out, what is open, and what was left out of the figures.

use charter::{Charter, Level};
use proto::casebook::v1::{Pillar, ReportTable, Unit, Words};
use proto::dispatch::v1::Clock as WireClock;
use proto::word;

use super::indicators::{clock_of, contained};
use super::volumes::unknown;
use crate::report::figures::{AGES_D, Figures, GATES, UNKNOWN};
use crate::report::share::{Share, Times, rounded};
use crate::report::table::{Table, column, count, counted, decimal, named, row, text, words};
use crate::report::walk::{Clock, Step};

/// Closed at each level, and at it or below.
pub fn levels(now: &Figures<'_>, before: &Figures<'_>) -> ReportTable {
    let mut table = Table::new("levels", Pillar::Strengthen, ("按解决层级", "By the level that solved it"))
        .base("本期有结果办结的诉求，按办结时的层级", "Cases closed with an outcome in the period, by their level then")
        .shows(&["R-30", "R-133"])
        .columns([
            column("closed", "办结", "Closed", Unit::Count),
            column("share", "占办结（%）", "Of closed (%)", Unit::Percent),
            column("at-or-below", "本级及以下（%）", "At it or below (%)", Unit::Percent),
            column("before-share", "上期占办结（%）", "Of closed before (%)", Unit::Percent),
        ]);
    for (at, level) in Level::ALL.iter().enumerate() {
        let of_it = contained(now, &[*level]);
        table.row(row(
            level.as_str(),
            level_words(*level),
            [
                count(of_it.counted),
                decimal(of_it.percent()),
                decimal(contained(now, &Level::ALL[..=at]).percent()),
                decimal(contained(before, &[*level]).percent()),
            ],
        ));
    }
    table.done()
}

/// Solved at the street or below, by every wording of the base.
pub fn containment(charter: &Charter, now: &Figures<'_>, before: &Figures<'_>) -> ReportTable {
    let wanted = charter.containment();
    let mut table = Table::new(
        "containment",
        Pillar::Strengthen,
        ("街道及以下解决率", "Solved at the street or below"),
    )
    .base(
        "本期有结果办结的诉求；计入的层级按章程的各种表述，均列出",
        "Cases closed with an outcome in the period; which levels count is worded in several ways, and each is shown",
    )
    .shows(&["R-32", "R-148"])
    .columns([
        column("levels", "计入层级", "Levels", Unit::Text),
        column("counted", "计入", "Counted", Unit::Count),
        column("of", "办结", "Closed", Unit::Count),
        column("share", "占比（%）", "Share (%)", Unit::Percent),
        column("target", "目标（%）", "Target (%)", Unit::Percent),
        column("reached", "达标", "Reached", Unit::Text),
        column("before-share", "上期占比（%）", "Share before (%)", Unit::Percent),
    ]);
    for definition in &wanted.definitions {
        let share = contained(now, &definition.levels);
        let levels: Vec<&str> = definition.levels.iter().map(|level| level.as_str()).collect();
        // Compared before it is rounded: 89.999 is below 90.
        let reached = rust_decimal::Decimal::from(share.counted) * rust_decimal::Decimal::ONE_HUNDRED
            >= wanted.target * rust_decimal::Decimal::from(share.of);
        let reached = if share.of == 0 {
            ""
        } else if reached {
            "yes"
        } else {
            "no"
        };
        table.row(row(
            definition.code.as_str(),
            named(&definition.name),
            [
                text(&levels.join(" + ")),
                count(share.counted),
                count(share.of),
                decimal(share.percent()),
                decimal(Some(rounded(wanted.target))),
                text(reached),
                decimal(contained(before, &definition.levels).percent()),
            ],
        ));
    }
    table.done()
}

/// Small matters do not leave the community, big ones not the street; and the same one step lower.
pub fn gates(now: &Figures<'_>) -> ReportTable {
    let mut table = Table::new("gates", Pillar::Strengthen, ("小事不出社区，大事不出街道", "What stays in its house"))
        .base(
            "本期有结果办结的诉求：小事为首次研判为A级的，大事为首次研判为B1、B2级的",
            "Cases closed with an outcome in the period: small ones were first judged A, big ones B1 or B2",
        )
        .shows(&["R-133"])
        .columns([
            column("of", "基数", "Out of", Unit::Count),
            column("held", "上级未接手", "Held by nobody above", Unit::Count),
            column("held-share", "上级未接手（%）", "Held by nobody above (%)", Unit::Percent),
            column("alone", "且未呼叫部门", "And nobody was called", Unit::Count),
            column("alone-share", "且未呼叫部门（%）", "And nobody was called (%)", Unit::Percent),
        ]);
    for (gate, stayed) in GATES.iter().zip(&now.gates) {
        let name = match gate.code {
            "small-in-community" => words("小事不出社区", "Small matters stay in the community"),
            "big-in-street" => words("大事不出街道", "Big matters stay in the street"),
            "small-in-grid" => words("小事不出小区（网格）", "Small matters stay in the grid"),
            _ => words("大事不出社区", "Big matters stay in the community"),
        };
        table.row(row(
            gate.code,
            name,
            [
                count(stayed.held.of),
                count(stayed.held.counted),
                decimal(stayed.held.percent()),
                count(stayed.alone.counted),
                decimal(stayed.alone.percent()),
            ],
        ));
    }
    table.done()
}

pub fn clocks(now: &Figures<'_>, before: &Figures<'_>) -> ReportTable {
    let mut table = Table::new("clocks", Pillar::Duty, ("时限执行", "Clocks kept"))
        .base(
            "本期按时完成或到期的时限，每个时限只计一次；被放行或退单成立的不计",
            "Clocks that were kept or ran out in the period, each once; not those of units that were released or rightly \
             returned it",
        )
        .shows(&["R-50", "R-51", "R-79"])
        .columns([
            column("kept", "按时", "Kept", Unit::Count),
            column("of", "时限数", "Clocks", Unit::Count),
            column("share", "按时率（%）", "Kept (%)", Unit::Percent),
            column("before-share", "上期按时率（%）", "Kept before (%)", Unit::Percent),
        ]);
    for clock in Clock::ALL {
        let (code, name) = match clock {
            Clock::Response => ("response", words("响应", "Response")),
            Clock::ReportIn => ("report-in", words("报到", "Report-in")),
            Clock::Completion => ("completion", words("呼叫办结", "A called unit's part")),
            Clock::Task => ("task", words("任务", "Task")),
            Clock::Case => ("case", words("诉求办理", "The case itself")),
        };
        let share = clock_of(now, clock);
        let cells = [
            count(share.counted),
            count(share.of),
            decimal(share.percent()),
            decimal(clock_of(before, clock).percent()),
        ];
        table.row(row(code, name, cells));
    }
    table.done()
}

/// How long each step took.
pub fn steps(now: &Figures<'_>, before: &Figures<'_>) -> ReportTable {
    let mut table = Table::new("steps", Pillar::Empower, ("各环节用时", "How long each step takes"))
        .base("本期完成的环节；中位数与九成数均为其中实有的一个", TIMES_EN)
        .shows(&["R-58", "R-80"])
        .columns(time_columns());
    for step in Step::ALL {
        let (code, name) = match step {
            Step::Judged => ("received-judged", words("受理至研判", "Received to judged")),
            Step::Held => ("received-held", words("受理至责任单位", "Received to its first holder")),
            Step::Called => ("held-called", words("接手至首次呼叫", "Taken up to the first call")),
            Step::Responded => ("called-responded", words("呼叫至响应", "Called to response")),
            Step::ReportedIn => ("responded-reported-in", words("响应至报到", "Response to report-in")),
            Step::Done => ("reported-in-done", words("报到至完成", "Report-in to done")),
            Step::Answered => ("received-answered", words("受理至首次答复", "Received to the first answer")),
            Step::Rated => ("answered-rated", words("答复至评价", "Answer to rating")),
        };
        let none = Times::default();
        let of = |figures: &Figures<'_>| figures.steps.get(&step).unwrap_or(&none).clone();
        table.row(row(code, name, times(&of(now), &of(before))));
    }
    table.done()
}

/// How long whoever handed a case on had had it.
pub fn hops(now: &Figures<'_>, before: &Figures<'_>) -> ReportTable {
    let mut table = Table::new("hops", Pillar::Duty, ("层级流转用时", "From holder to holder"))
        .base(
            "本期的每次流转：前一责任单位持有的时间；中位数与九成数均为其中实有的一个",
            "Each time a case went on in the period: how long the one before had had it; median and nine tenths are each \
             one of them",
        )
        .shows(&["R-58"])
        .columns(time_columns());
    let mut between: Vec<_> = now.hops.keys().chain(before.hops.keys()).copied().collect();
    between.sort_unstable();
    between.dedup();
    for (from, to) in between {
        let none = Times::default();
        let of = |figures: &Figures<'_>| figures.hops.get(&(from, to)).unwrap_or(&none).clone();
        let (from_words, to_words) = (kind_words(from), kind_words(to));
        let name =
            words(&format!("{} → {}", from_words.zh, to_words.zh), &format!("{} → {}", from_words.en, to_words.en));
        table.row(row(&format!("{from}/{to}"), name, times(&of(now), &of(before))));
    }
    table.done()
}

const TIMES_EN: &str = "Steps that ended in the period; median and nine tenths are each one of them";

fn time_columns() -> [proto::casebook::v1::ReportColumn; 5] {
    [
        column("count", "次数", "Times", Unit::Count),
        column("p50", "中位数", "Median", Unit::Seconds),
        column("p90", "九成以内", "Nine tenths within", Unit::Seconds),
        column("longest", "最长", "Longest", Unit::Seconds),
        column("before-p50", "上期中位数", "Median before", Unit::Seconds),
    ]
}

fn times(now: &Times, before: &Times) -> [proto::casebook::v1::ReportCell; 5] {
    let [p50, p90, longest] = now.percentiles([50, 90, 100]).map_or([None; 3], |found| found.map(Some));
    let earlier = before.percentiles([50]).map(|[p50]| p50);
    [count(now.count()), counted(p50), counted(p90), counted(longest), counted(earlier)]
}

pub fn overdue(now: &Figures<'_>, before: &Figures<'_>) -> ReportTable {
    let mut table = Table::new("overdue", Pillar::Duty, ("到期未办", "Deadlines that passed"))
        .base(
            "本期内到期而未完成的时限，每个期限记一次",
            "Deadlines that passed in the period without what they waited for, each once",
        )
        .shows(&["R-37", "R-79"])
        .columns([
            column("overdue", "到期", "Passed", Unit::Count),
            column("before-overdue", "上期到期", "Passed before", Unit::Count),
        ]);
    let mut clocks: Vec<i32> = now.overdue.keys().chain(before.overdue.keys()).copied().collect();
    clocks.sort_unstable();
    clocks.dedup();
    for clock in clocks {
        let of = |figures: &Figures<'_>| count(figures.overdue.get(&clock).copied().unwrap_or_default());
        let known = WireClock::try_from(clock).unwrap_or_default();
        let name = match known {
            WireClock::Unspecified => unknown(UNKNOWN),
            WireClock::Response => words("响应", "Response"),
            WireClock::ReportIn => words("报到", "Report-in"),
            WireClock::Completion => words("呼叫办结", "A called unit's part"),
            WireClock::Task => words("任务", "Task"),
            WireClock::Case => words("诉求办理", "The case itself"),
            WireClock::Adjudication => words("退单裁定", "Decision on a return"),
            WireClock::Supervision => words("督办答复", "Answer to supervision"),
            WireClock::Meeting => words("专班例会", "Meeting of a task force"),
            WireClock::City => words("市级回复", "The city's answer"),
        };
        table.row(row(&word(known.as_str_name(), "CLOCK_"), name, [of(now), of(before)]));
    }
    table.done()
}

pub fn ages(now: &Figures<'_>) -> ReportTable {
    let mut table = Table::new("open-by-age", Pillar::Duty, ("期末未结诉求账龄", "Open cases by age"))
        .base("期末未结的诉求，自受理起算", "Cases that are open at the end of the period, since they were received")
        .shows(&["R-79"])
        .columns([
            column("open", "未结", "Open", Unit::Count),
            column("answered", "已答复待评价", "Answered, waiting for a rating", Unit::Count),
            column("overdue", "超期未答复", "Late and not answered", Unit::Count),
        ]);
    let first = [0].into_iter().chain(AGES_D);
    for ((from, to), age) in first.zip(AGES_D.into_iter().map(Some).chain([None])).zip(&now.ages) {
        let (code, name) = match to {
            Some(to) => (format!("{from}-{to}d"), words(&format!("{from}–{to}天"), &format!("{from} to {to} days"))),
            None => (format!("{from}d-"), words(&format!("{from}天以上"), &format!("{from} days and more"))),
        };
        table.row(row(&code, name, [count(age.open), count(age.answered), count(age.overdue)]));
    }
    table.done()
}

/// What two people agreed to leave out, by whoever had it: public, so that nobody's figures get better unseen.
pub fn exclusions(charter: &Charter, now: &Figures<'_>) -> ReportTable {
    let mut table = Table::new("exclusions", Pillar::Duty, ("剔除", "Exclusions"))
        .base(
            "本期剔除的诉求，占该单位本期有结果办结与剔除之和；剔除须两人同意，剔除的诉求不计入其他指标（受理量除外）",
            "Cases excluded in the period, out of those that the unit had and that were closed with an outcome or excluded in \
             it. Two people have to agree, and what is excluded counts nowhere else but in what was received",
        )
        .shows(&["R-79"])
        .columns([
            column("excluded", "剔除", "Excluded", Unit::Count),
            column("of", "办结与剔除", "Closed or excluded", Unit::Count),
            column("share", "剔除率（%）", "Excluded (%)", Unit::Percent),
        ]);
    for (unit, excluded) in &now.excluded {
        let share = Share::out_of(*excluded, now.ended.get(unit).copied().unwrap_or_default());
        let name = charter.party(unit).map_or_else(|| unknown(unit), |party| named(&party.name));
        table.row(row(unit, name, [count(share.counted), count(share.of), decimal(share.percent())]));
    }
    table.done()
}

fn level_words(level: Level) -> Words {
    match level {
        Level::A => words("A 社区", "A the community"),
        Level::B1 => words("B1 街道内部", "B1 inside the street"),
        Level::B2 => words("B2 街道呼叫部门", "B2 the street calls departments"),
        Level::C => words("C 区级", "C the district"),
        Level::D => words("D 市级", "D the city"),
    }
}

fn kind_words(kind: &str) -> Words {
    match kind {
        "grid" => words("网格", "grid"),
        "community" => words("社区", "community"),
        "street" => words("街道", "street"),
        "unit" => words("街道机构", "unit of a street"),
        "squad" => words("执法队", "squad"),
        "department" => words("部门", "department"),
        "group" => words("专项响应组", "special group"),
        "district" => words("区", "district"),
        "city" => words("市", "city"),
        "external" => words("外部单位", "outside party"),
        code => unknown(code),
    }
}
