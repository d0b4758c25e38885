//! The tables of a statement, in the order of its chapters.

mod duties;
mod indicators;
mod leagues;
mod scores;
mod volumes;

use charter::Charter;
use jiff::civil::Date;
use proto::casebook::v1::ReportTable;

use super::figures::Figures;

/// One period as it is shown.
pub struct Shown<'f, 'c> {
    pub days: &'f [Date],
    pub figures: &'f Figures<'c>,
}

/// What is looked at first, then the four pillars of the reform: 强身, 赋权, 明责, 增效.
pub fn tables(charter: &Charter, now: &Shown<'_, '_>, before: &Shown<'_, '_>) -> Vec<ReportTable> {
    let (period, earlier) = (now.figures, before.figures);
    let mut tables = vec![
        indicators::table(charter, period, earlier),
        volumes::trend((now.days, period), (before.days, earlier)),
        duties::levels(period, earlier),
        duties::containment(charter, period, earlier),
        duties::gates(period),
        leagues::areas(charter, ("streets", "街道榜", "Streets"), &period.streets, Some(charter.containment())),
        leagues::areas(charter, ("communities", "社区榜", "Communities"), &period.communities, None),
        leagues::areas(charter, ("grids", "网格榜", "Grids"), &period.grids, None),
        leagues::departments(charter, period),
        scores::of_departments(charter, period),
        scores::of_streets(charter, period),
        leagues::outside(charter, period),
        duties::steps(period, earlier),
        duties::clocks(period, earlier),
        duties::hops(period, earlier),
        duties::overdue(period, earlier),
        duties::ages(period),
        duties::exclusions(charter, period),
        volumes::classes(period),
        volumes::pressing(charter, period, earlier),
    ];
    tables.extend(volumes::by(charter, period, earlier));
    tables.push(volumes::categories(charter, period, earlier));
    tables.push(volumes::bring_down(charter, period, earlier));
    tables
}
