//! A table as text, byte for byte the same wherever it is made: what is hashed, compared and handed out. Its form is in
//! `docs/evaluation.md`; a form once published is never changed, a new one gets a new number.

use std::fmt::Write;

use rust_decimal::Decimal;

use super::Publication;

/// Of the form of the text.
const FORM: u32 = 1;
/// What is not there.
const NONE: &str = "-";

impl Publication {
    /// Lines of fields, separated by tabs.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut line = |fields: &[&dyn std::fmt::Display]| {
            for (place, field) in fields.iter().enumerate() {
                let _written = write!(text, "{}{field}", if place == 0 { "" } else { "\t" });
            }
            text.push('\n');
        };
        let table = &self.table;
        line(&[&"huying-period", &FORM]);
        line(&[&"district", &self.district]);
        line(&[&"period", &self.name]);
        line(&[&"publication", &self.number]);
        line(&[&"charter", &self.charter]);
        line(&[&"position", &self.position]);
        line(&[&"ranked-from", &table.terms.ranked_from]);
        if let Some((street, imported)) = table.terms.yearly {
            line(&[&"result", &street, &imported]);
        }
        for (tier, share) in &table.terms.tiers {
            line(&[&"tier", tier, share]);
        }
        for (number, (formula, scores)) in (1..).zip(&table.formulas) {
            line(&[&"formula", &number, scores, &formula.unrated.as_str(), &formula.name]);
            for (component, weight) in &formula.weights {
                line(&[&"weight", &number, component, weight]);
            }
        }
        for row in &table.rows {
            let rank = row.rank.map_or_else(|| NONE.to_owned(), |rank| rank.to_string());
            let (low, high) = row.interval.unzip();
            let tier = row.tier.as_ref().map_or(NONE, |tier| tier.as_str());
            line(&[
                &"unit",
                &rank,
                &row.unit,
                &row.cases,
                &row.held_back,
                &number(row.mean),
                &number(low),
                &number(high),
                &number(row.imported),
                &number(row.result),
                &tier,
            ]);
            for rate in &row.rates {
                let mean = rate.mean.map_or_else(|| "not-rated".to_owned(), |mean| mean.to_string());
                line(&[&"rate", &row.unit, &rate.component, &mean, &rate.cases]);
            }
            // Of appraisals alone: elsewhere there is none of either.
            if row.reported > 0 {
                line(&[&"reported", &row.unit, &row.reported]);
            }
            for staff in &row.staff {
                line(&[&"staff", &row.unit, staff]);
            }
        }
        line(&[&"external", &table.external]);
        line(&[&"excluded-cases", &table.excluded_cases]);
        for (unit, cases) in &table.excluded {
            line(&[&"excluded", unit, cases]);
        }
        text
    }
}

fn number(number: Option<Decimal>) -> String {
    number.map_or_else(|| NONE.to_owned(), |number| number.to_string())
}

/// The first line in which two texts differ: its number from 1, and what either has there.
#[must_use]
pub fn first_difference<'t>(one: &'t str, other: &'t str) -> Option<(usize, &'t str, &'t str)> {
    let (mut ones, mut others) = (one.lines(), other.lines());
    for number in 1.. {
        match (ones.next(), others.next()) {
            (None, None) => break,
            (one, other) if one == other => {}
            (one, other) => return Some((number, one.unwrap_or_default(), other.unwrap_or_default())),
        }
    }
    // Equal lines, and not the same bytes: a line end.
    (one != other).then_some((one.lines().count().max(1), one, other))
}
