//! Scores of the period by the charter's formula: of each department, and of whoever was called in each street.

use std::cmp::Reverse;

use charter::Charter;
use ids::Code;
use proto::casebook::v1::{Pillar, ReportTable, Unit as Measure};

use super::leagues::name_of;
use crate::report::figures::Figures;
use crate::report::share::Scores;
use crate::report::table::{Table, column, count, decimal, named, row};

/// By department.
pub fn of_departments(charter: &Charter, figures: &Figures<'_>) -> ReportTable {
    let table = Table::new("scores", Pillar::Empower, ("部门得分", "Scores of departments")).base(
        "本期内计出的得分，同一诉求取本期最后一轮；各项为有评价诉求的平均，剔除的诉求不计",
        "Scores given in the period, of a case its latest round there; each component is the mean over the cases in which it is \
         known. Excluded cases do not count",
    );
    table_of(charter, table, figures.departments.iter().map(|(code, unit)| (code, &unit.scores)))
}

/// By street.
pub fn of_streets(charter: &Charter, figures: &Figures<'_>) -> ReportTable {
    let table = Table::new("street-scores", Pillar::Empower, ("各街道诉求得分", "Scores by street")).base(
        "在各街道诉求中被呼叫单位的得分，外部单位除外；计法同上表",
        "What units called on the cases of each street were scored, without outside parties; counted as in the table above",
    );
    table_of(charter, table, figures.streets.iter().map(|(code, area)| (code, &area.scores)))
}

/// Best first; whoever has no score is not there.
fn table_of<'f>(charter: &Charter, table: Table, rows: impl Iterator<Item = (&'f Code, &'f Scores)>) -> ReportTable {
    let components = &charter.formula().components;
    let mut table = table
        .shows(&["R-70"])
        .columns([
            column("score", "得分", "Score", Measure::Number),
            column("scored", "计分件数", "Scores", Measure::Count),
        ])
        .columns(components.iter().map(|component| {
            let name = named(&component.name);
            let en = if name.en.is_empty() { component.code.to_string() } else { name.en };
            let (zh, en) = (format!("{}（%）", name.zh), format!("{en} (%)"));
            column(&format!("rate-{}", component.code), &zh, &en, Measure::Percent)
        }));
    let mut rows: Vec<_> = rows.filter(|(_, scores)| **scores != Scores::default()).collect();
    // By code already: what is equal stays so.
    rows.sort_by_key(|(_, scores)| Reverse(scores.total.score()));
    for (code, scores) in rows {
        let first = [decimal(scores.total.score()), count(scores.total.of)];
        let rates = components.iter().map(|component| decimal(scores.of(component.code.as_str()).percent()));
        table.row(row(code.as_str(), name_of(charter, code), first.into_iter().chain(rates)));
    }
    table.done()
}
