//! When a problem counts as coming back: `recurrence.yaml`, which a charter may have.

use ids::Code;

use crate::reader::{Cursor, Fields, Kind};
use crate::{Charter, Limit, LimitUnit, Provenance};

/// Longest window, in days: as long as services remember what was solved.
pub const WINDOW_DAYS_MAX: u32 = 366;
/// Farthest two points may be one place, in metres. More is a neighbourhood.
pub const DISTANCE_M_MAX: u32 = 500;
/// Once is no recurrence.
const TIMES_MIN: u32 = 2;
/// More than that is found long before; it bounds what is counted.
const TIMES_MAX: u32 = 50;

/// From when on the same problem at the same place is one that comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recurrence {
    /// How many times with the new one, from 2 to 50.
    pub times: u32,
    /// Within how many days of 24 hours, from 1 to 366.
    pub within_days: u32,
    /// Metres between two points of one party that are still one place, from 1 to 500.
    pub distance_m: u32,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Recurrences {
    usual: Option<Recurrence>,
    /// Categories that differ; none: whatever comes back of them is no sign of bad work.
    categories: Vec<(Code, Option<Recurrence>)>,
}

impl Charter {
    /// When a case of this category is one too many; none if the district does not look.
    #[must_use]
    pub fn recurrence(&self, category: &str) -> Option<Recurrence> {
        let own = self.recurrences.categories.iter().find(|(code, _)| code.as_str() == category);
        own.map_or(self.recurrences.usual, |(_, own)| *own)
    }
}

pub(crate) fn read(file: Cursor<'_, '_>) -> Recurrences {
    let read = file.map(|fields| {
        let _: Provenance = fields.provenance();
        let enabled = fields.need("enabled").and_then(|cursor| cursor.flag()).unwrap_or_default();
        let distance_m = fields.need("distance-m").and_then(distance);
        let usual = recurrence(fields, distance_m);
        let categories =
            fields.list("categories").into_iter().filter_map(|row| row.map(|fields| own(fields, distance_m))?);
        let categories: Vec<_> = categories.collect();
        if enabled { Recurrences { usual, categories } } else { Recurrences::default() }
    });
    read.unwrap_or_default()
}

/// A category that differs: another threshold, or `enabled: false`.
fn own(fields: &Fields<'_, '_>, distance_m: Option<u32>) -> Option<(Code, Option<Recurrence>)> {
    let category = fields.need("category").and_then(|_| fields.reference("category", Kind::Category));
    let _: Provenance = fields.provenance();
    let enabled = fields.get("enabled").and_then(|cursor| cursor.flag()).unwrap_or(true);
    let own = if enabled { Some(recurrence(fields, distance_m)?) } else { None };
    Some((category?, own))
}

fn recurrence(fields: &Fields<'_, '_>, distance_m: Option<u32>) -> Option<Recurrence> {
    let times = fields.need("times").and_then(times);
    let within_days = fields.need("within").and_then(days);
    Some(Recurrence { times: times?, within_days: within_days?, distance_m: distance_m? })
}

fn times(cursor: Cursor<'_, '_>) -> Option<u32> {
    let times = cursor.count()?;
    let fits = (TIMES_MIN..=TIMES_MAX).contains(&times);
    if !fits {
        cursor.problem("recurrence-times", format!("{times} is not from {TIMES_MIN} to {TIMES_MAX}"));
    }
    fits.then_some(times)
}

fn days(cursor: Cursor<'_, '_>) -> Option<u32> {
    let Limit { amount, unit } = cursor.limit()?;
    let fits = unit == LimitUnit::Days && amount <= WINDOW_DAYS_MAX;
    if !fits {
        cursor.problem("recurrence-within", format!("a window is 1d to {WINDOW_DAYS_MAX}d, days of 24 hours"));
    }
    fits.then_some(amount)
}

fn distance(cursor: Cursor<'_, '_>) -> Option<u32> {
    let metres = cursor.count()?;
    let fits = (1..=DISTANCE_M_MAX).contains(&metres);
    if !fits {
        cursor.problem("recurrence-distance", format!("{metres} m is not from 1 to {DISTANCE_M_MAX}"));
    }
    fits.then_some(metres)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot read its own data has failed")]
    use super::*;
    use crate::{Problem, SourceFile, shipped_sources};

    fn with(text: &str) -> Result<Charter, Vec<Problem>> {
        let mut files = shipped_sources("heping").unwrap();
        files.retain(|file| file.path != "recurrence.yaml");
        files.push(SourceFile { path: "recurrence.yaml".to_owned(), text: text.to_owned() });
        Charter::parse(&files)
    }

    #[test]
    fn a_category_goes_by_its_own_figures_or_by_none() {
        let charter = with(
            "enabled: true\ndistance-m: 40\ntimes: 3\nwithin: 60d\n\
             categories:\n- { category: courtyard-parking, times: 2, within: 20d }\n\
             - { category: property-disputes, enabled: false }\n",
        )
        .unwrap();
        let usual = Recurrence { times: 3, within_days: 60, distance_m: 40 };
        assert_eq!(charter.recurrence("anything-else"), Some(usual));
        let own = Recurrence { times: 2, within_days: 20, distance_m: 40 };
        assert_eq!(charter.recurrence("courtyard-parking"), Some(own));
        assert_eq!(charter.recurrence("property-disputes"), None);
    }

    #[test]
    fn a_district_can_do_without() {
        let off = with("enabled: false\ndistance-m: 40\ntimes: 3\nwithin: 60d\n").unwrap();
        assert_eq!(off.recurrence("courtyard-parking"), None);
        let mut files = shipped_sources("heping").unwrap();
        files.retain(|file| file.path != "recurrence.yaml");
        assert_eq!(Charter::parse(&files).unwrap().recurrence("courtyard-parking"), None);
    }

    #[test]
    fn figures_that_mean_nothing_are_named() {
        for (text, rule) in [
            ("enabled: true\ndistance-m: 40\ntimes: 1\nwithin: 60d\n", "recurrence-times"),
            ("enabled: true\ndistance-m: 40\ntimes: 3\nwithin: 60wd\n", "recurrence-within"),
            ("enabled: true\ndistance-m: 40\ntimes: 3\nwithin: 367d\n", "recurrence-within"),
            ("enabled: true\ndistance-m: 501\ntimes: 3\nwithin: 60d\n", "recurrence-distance"),
            ("enabled: true\ndistance-m: 40\nwithin: 60d\n", "missing-key"),
            (
                "enabled: true\ndistance-m: 40\ntimes: 3\nwithin: 60d\ncategories: [{ category: no-such, enabled: false }]\n",
                "unknown-reference",
            ),
        ] {
            let found = with(text).unwrap_err();
            let named = found.iter().any(|problem| problem.rule == rule && problem.file == "recurrence.yaml");
            assert!(named, "{text} should be {rule}, found {found:#?}");
        }
    }
}
