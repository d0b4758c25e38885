//! What a decision table as a whole must be: every case ends in a row, and every row can be reached.
//!
//! The rows split all cases into few kinds: a row asks something of the categories, and something of each of channel,
//! way, class and kind. So the kinds of case are tried one by one, and for each the first row that fits is found.

use std::collections::BTreeSet;

use vocabulary::{CallerClass, CaseKind};

use crate::reader::{Kind, Report};
use crate::{Category, Charter, GradingRow, Level, PartyKind, Target, Way};

use super::{When, asks};

/// Rows of a table: as many as fit one set of bits. A table that nobody can read in one go is no table.
const ROWS_MAX: usize = 64;

/// For each kind of case, which rows it fits: one bit per row.
type Fits = u64;

pub(crate) fn check(charter: &Charter, report: &Report<'_>) {
    let rows = charter.grading();
    let problem = |row: &GradingRow, rule, message: String| {
        if let Some(at) = report.place_of(Kind::GradingRow, &row.code) {
            report.add(at, rule, message);
        }
    };
    if let Some(row) = rows.get(ROWS_MAX) {
        return problem(row, "rows-max", format!("at most {ROWS_MAX} rows"));
    }
    match rows.last() {
        Some(last) if last.when != When::default() || last.to != Target::Handler || !last.enabled => {
            problem(last, "last-row-total", "the last row takes every case to its handler: when: {}".to_owned());
        }
        Some(_) => {}
        // That no row could be read is reported where it could not.
        None => return,
    }
    let reached = Reached::of(charter);
    for (number, row) in rows.iter().enumerate() {
        if !reached.fitted.contains(&number) {
            problem(row, "contradictory-row", format!("no case can fit {}", row.code));
        } else if row.enabled && !reached.deciding.iter().any(|(deciding, _)| *deciding == number) {
            problem(row, "unreachable-row", format!("whatever fits {} fits a row before it", row.code));
        }
        if let Target::Party(code) = &row.to {
            let known = charter.party(code.as_str());
            let may = |kind| matches!(kind, PartyKind::Department | PartyKind::Group);
            if known.is_some_and(|party| !may(party.kind)) {
                problem(row, "row-target", format!("{code} is neither a department nor a group"));
            }
        }
    }
    for (number, category) in reached.deciding {
        let (row, category) = (&rows[number], &charter.categories()[category]);
        if let Some(rule_and_words) = misfit(charter, row, category) {
            let (rule, words) = rule_and_words;
            problem(row, rule, format!("{} comes here, and {words}", category.code));
        }
    }
}

/// Why a row cannot decide on a category that reaches it.
fn misfit(charter: &Charter, row: &GradingRow, category: &Category) -> Option<(&'static str, &'static str)> {
    let street = match row.to {
        Target::Community | Target::CommandCentre | Target::EnforcementCentre => true,
        Target::Handler | Target::District | Target::SituationLead | Target::Party(_) => false,
    };
    if street && category.never_street {
        return Some(("never-street", "is no duty of a street"));
    }
    if row.level == Some(Level::B2) && category.situation.is_none() {
        return Some(("b2-situation", "names no situation to call under"));
    }
    let led = row.to != Target::SituationLead || charter.situation_lead(category).is_some();
    (!led).then_some(("row-target", "no department or group leads a situation of it"))
}

struct Reached {
    /// Rows that some case fits, whether or not a row before decides.
    fitted: BTreeSet<usize>,
    /// Rows that decide, each with the categories (by position) it decides on.
    deciding: BTreeSet<(usize, usize)>,
}

impl Reached {
    fn of(charter: &Charter) -> Self {
        let rows = charter.grading();
        let enabled = mask(rows, |row| row.enabled);
        let around = around(charter, rows);
        let powers_max =
            rows.iter().flat_map(|row| [row.when.powers_at_least, row.when.powers_at_most]).flatten().max();
        let further = powers_max.map_or(0, super::count).saturating_add(1).min(ROWS_MAX);
        let mut reached = Self { fitted: BTreeSet::new(), deciding: BTreeSet::new() };
        for (position, category) in charter.categories().iter().enumerate() {
            // Other problem types of the same case may add powers to the category's own.
            let own = category.powers.len();
            let of_category: BTreeSet<Fits> = (own..=own + further)
                .map(|powers| mask(rows, |row| row.when.fits_category(category, powers)))
                .collect();
            for fits in of_category.iter().flat_map(|one| around.iter().map(move |other| one & other)) {
                reached.fitted.extend((0..rows.len()).filter(|row| fits & bit(*row) != 0));
                let first = (0..rows.len()).find(|row| fits & enabled & bit(*row) != 0);
                reached.deciding.extend(first.map(|row| (row, position)));
            }
        }
        reached
    }
}

/// Every distinct answer of the rows to where a case comes from, by whom, and what it wants.
fn around(charter: &Charter, rows: &[GradingRow]) -> BTreeSet<Fits> {
    let channels = values(charter.channels().iter().map(|channel| channel.code.clone()));
    let channels = channels.map(|found| mask(rows, |row| asks(&row.when.channels, found.clone()))).collect();
    let ways = values(Way::ALL).map(|found| mask(rows, |row| asks(&row.when.ways, found))).collect();
    let classes = values(CallerClass::ALL).map(|found| mask(rows, |row| asks(&row.when.classes, found))).collect();
    let kinds = values(CaseKind::ALL).map(|found| mask(rows, |row| asks(&row.when.kinds, found))).collect();
    [ways, classes, kinds].into_iter().fold(channels, |all: BTreeSet<Fits>, some: BTreeSet<Fits>| {
        all.iter().flat_map(|one| some.iter().map(move |other| one & other)).collect()
    })
}

/// Each of them, and that it is not known.
fn values<T>(all: impl IntoIterator<Item = T>) -> impl Iterator<Item = Option<T>> {
    all.into_iter().map(Some).chain([None])
}

fn mask(rows: &[GradingRow], fits: impl Fn(&GradingRow) -> bool) -> Fits {
    rows.iter().enumerate().filter(|(_, row)| fits(row)).fold(0, |mask, (number, _)| mask | bit(number))
}

fn bit(row: usize) -> Fits {
    1 << row
}
