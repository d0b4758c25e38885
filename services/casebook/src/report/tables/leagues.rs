//! League tables: every unit with how many cases stand behind its figure, and how sure one can be of it.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use charter::{Charter, Containment};
use ids::Code;
use proto::casebook::v1::{Pillar, ReportCell, ReportColumn, ReportTable, Unit as Measure};

use crate::report::figures::{Area, Figures, Unit};
use crate::report::share::Share;
use crate::report::table::{Table, column, count, counted, decimal, named, nothing, row, words, written};

/// Departments by how they kept the clocks of their calls, with their scores of the period.
pub fn departments(charter: &Charter, figures: &Figures<'_>) -> ReportTable {
    let table = Table::new("departments", Pillar::Empower, ("部门榜", "Departments")).base(
        "名次按三项时限合计的按时率；时限在本期内按时完成或到期的各计一次，括注95%置信区间（Wilson）",
        "Ranked by the share of their calls' clocks that were kept; each clock counts once, when it was kept or ran out in \
         the period. Low and high are a 95 % interval (Wilson)",
    );
    let of_score = |unit: &Unit| [decimal(unit.scores.total.score()), count(unit.scores.total.of)];
    let columns = [
        column("score", "得分", "Score", Measure::Number),
        column("scored", "计分诉求", "Scored cases", Measure::Count),
    ];
    called(charter, table.shows(&["R-70", "R-79"]), &figures.departments, &columns, of_score)
}

/// Outside parties: they work, and are in no league of departments.
pub fn outside(charter: &Charter, figures: &Figures<'_>) -> ReportTable {
    let table = Table::new("outside", Pillar::Empower, ("外部单位", "Outside parties"))
        .base(
            "政府以外的单位被呼叫的情况，不计入部门得分",
            "Calls to units outside government; no part of departments' scores",
        )
        .shows(&["R-141"]);
    called(charter, table, &figures.outside, &[], |_| [])
}

fn called<const MORE: usize>(
    charter: &Charter,
    table: Table,
    units: &BTreeMap<Code, Unit>,
    more: &[ReportColumn],
    cells: impl Fn(&Unit) -> [ReportCell; MORE],
) -> ReportTable {
    let mut table = table
        .columns([column("rank", "名次", "Rank", Measure::Count), column("called", "被呼叫", "Called", Measure::Count)])
        .columns(in_time("按时率（%）", "In time (%)"))
        .columns([
            column("response", "按时响应（%）", "Response (%)", Measure::Percent),
            column("report-in", "按时报到（%）", "Report-in (%)", Measure::Percent),
            column("completion", "按时办结（%）", "Completion (%)", Measure::Percent),
            column("returned", "退单", "Returned", Measure::Count),
            column("upheld", "退单成立", "Upheld", Measure::Count),
            column("rating", "呼叫方评价（%）", "Rated by who called (%)", Measure::Percent),
            column("ratings", "评价数", "Ratings", Measure::Count),
        ])
        .columns(more.iter().cloned());
    for (rank, code, unit) in ranked(units, Unit::in_time) {
        let [response, report_in, completion] = unit.clocks.map(|share| decimal(share.percent()));
        let own = [count(unit.called)].into_iter().chain(interval(unit.in_time())).chain([
            response,
            report_in,
            completion,
            count(unit.returned),
            count(unit.upheld),
            decimal(unit.rating.percent()),
            count(unit.rating.of),
        ]);
        let cells = [counted(rank)].into_iter().chain(own).chain(cells(unit));
        table.row(row(code.as_str(), name_of(charter, code), cells));
    }
    table.done()
}

/// Streets, communities or grids, by how the cases within their bounds were answered in time.
pub fn areas(
    charter: &Charter,
    (code, zh, en): (&str, &str, &str),
    areas: &BTreeMap<Code, Area>,
    containment: Option<&Containment>,
) -> ReportTable {
    let definitions = containment.map(|wanted| wanted.definitions.as_slice()).unwrap_or_default();
    let mut table = Table::new(code, Pillar::Strengthen, (zh, en))
        .base(
            "地点在其范围内的诉求；地点不明的，按首个责任单位。名次按诉求按时答复率，括注95%置信区间（Wilson）",
            "Cases that lie within its bounds, or whose first holder does where the place is not known. Ranked by the share \
             answered in time; low and high are a 95 % interval (Wilson)",
        )
        .shows(&["R-79", "R-133"])
        .columns([
            column("rank", "名次", "Rank", Measure::Count),
            column("received", "受理", "Received", Measure::Count),
            column("closed", "办结", "Closed", Measure::Count),
        ])
        .columns(in_time("按时答复率（%）", "Answered in time (%)"))
        .columns(definitions.iter().map(|definition| {
            let name = named(&definition.name);
            let zh = format!("{}解决（%）", name.zh);
            let en = if name.en.is_empty() { definition.code.to_string() } else { name.en };
            column(&format!("contained-{}", definition.code), &zh, &format!("{en} (%)"), Measure::Percent)
        }))
        .columns([
            column("satisfaction", "满意率（%）", "Satisfaction (%)", Measure::Percent),
            column("ratings", "评价数", "Ratings", Measure::Count),
            column("reopened", "重开", "Opened again", Measure::Count),
            column("open", "期末未结", "Open at the end", Measure::Count),
        ]);
    for (rank, code, area) in ranked(areas, |area| area.in_time) {
        let first = [counted(rank), count(area.volume.received), count(area.volume.closed)];
        let contained = definitions.iter().map(|definition| {
            let of_level = |level| area.levels.get(level).copied().unwrap_or_default();
            let near = definition.levels.iter().map(of_level).sum();
            decimal(Share::out_of(near, area.volume.closed).percent())
        });
        let last =
            [decimal(area.satisfaction.percent()), count(area.satisfaction.of), count(area.reopened), count(area.open)];
        let cells = first.into_iter().chain(interval(area.in_time)).chain(contained).chain(last);
        table.row(row(code.as_str(), name_of(charter, code), cells));
    }
    table.done()
}

/// The columns of a share that units are ranked by.
fn in_time(zh: &str, en: &str) -> [ReportColumn; 4] {
    [
        column("in-time", zh, en, Measure::Percent),
        column("in-time-of", "时限数", "Clocks", Measure::Count),
        column("low", "区间下限（%）", "Low (%)", Measure::Percent),
        column("high", "区间上限（%）", "High (%)", Measure::Percent),
    ]
}

fn interval(share: Share) -> [ReportCell; 4] {
    let [low, high] = share.interval().map_or([nothing(), nothing()], |bounds| bounds.map(|bound| written(&bound)));
    [decimal(share.percent()), count(share.of), low, high]
}

/// Best first; whoever has the same share has the same rank, and of those the one with more behind it stands first. Who
/// has none has no rank.
fn ranked<T>(units: &BTreeMap<Code, T>, share: impl Fn(&T) -> Share) -> Vec<(Option<u64>, &Code, &T)> {
    let product = |one: u64, other: u64| u128::from(one) * u128::from(other);
    let better =
        |one: Share, other: Share| -> Ordering { product(other.counted, one.of).cmp(&product(one.counted, other.of)) };
    let mut order: Vec<(&Code, &T, Share)> = units.iter().map(|(code, unit)| (code, unit, share(unit))).collect();
    order.sort_by(|(code, _, one), (other_code, _, other)| {
        let empty = (one.of == 0).cmp(&(other.of == 0));
        empty.then(better(*one, *other)).then(other.of.cmp(&one.of)).then(code.cmp(other_code))
    });
    let mut ranked = Vec::with_capacity(order.len());
    let mut last: Option<(u64, Share)> = None;
    for (place, (code, unit, share)) in (1..).zip(order) {
        let same = last.filter(|(_, before)| better(*before, share) == Ordering::Equal).map(|(rank, _)| rank);
        let rank = (share.of > 0).then_some(same.unwrap_or(place));
        last = rank.map(|rank| (rank, share));
        ranked.push((rank, code, unit));
    }
    ranked
}

pub fn name_of(charter: &Charter, code: &Code) -> proto::casebook::v1::Words {
    charter.party(code.as_str()).map_or_else(|| words(code.as_str(), code.as_str()), |party| named(&party.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_shares_have_one_rank_and_more_cases_stand_first() {
        let share = |counted, of| Share::out_of(counted, of);
        let units: BTreeMap<Code, Share> =
            [("a", share(1, 2)), ("b", share(0, 0)), ("c", share(50, 100)), ("d", share(3, 3)), ("e", share(1, 3))]
                .map(|(code, share)| (code.parse().unwrap(), share))
                .into();
        let shown: Vec<_> =
            ranked(&units, |share| *share).into_iter().map(|(rank, code, _)| (rank, code.as_str())).collect();
        assert_eq!(shown, [(Some(1), "d"), (Some(2), "c"), (Some(2), "a"), (Some(4), "e"), (None, "b")]);
    }
}
