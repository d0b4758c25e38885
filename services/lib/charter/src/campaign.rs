//! Efforts for a season with limits of their own: `campaigns.yaml`, which a charter may have.

use ids::Code;
use jiff::civil::Date;

use crate::list::{Entry, listed};
use crate::reader::{Cursor, Fields, Kind};
use crate::{Limit, Name, Provenance};

/// A tag that cases carry while it runs, such as a summer's heat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Campaign {
    pub code: Code,
    pub name: Name,
    /// The first day, in the district's time zone.
    pub from: Date,
    /// The last day, included.
    pub to: Date,
    /// What its cases can be about; empty: anything.
    pub categories: Vec<Code>,
    /// Until a case is done, instead of its level's or category's limit.
    pub completion: Option<Limit>,
    pub provenance: Provenance,
}

impl Campaign {
    /// Whether it runs on this day of the district.
    #[must_use]
    pub fn runs_on(&self, day: Date) -> bool {
        (self.from..=self.to).contains(&day)
    }
}

/// What a row says beside its code and name.
type Row = (Date, Date, Vec<Code>, Option<Limit>);

pub(crate) fn read(file: Cursor<'_, '_>) -> Vec<Campaign> {
    let campaign = |(Entry { code, name, provenance }, (from, to, categories, completion)): (_, Row)| Campaign {
        code,
        name,
        from,
        to,
        categories,
        completion,
        provenance,
    };
    let rows = file.map(|fields| listed(fields, "campaigns", Kind::Campaign, row));
    rows.unwrap_or_default().into_iter().map(campaign).collect()
}

fn row(fields: &Fields<'_, '_>) -> Option<Row> {
    let day = |key| fields.need(key).and_then(|cursor| cursor.date("campaign-period"));
    let (from, to) = (day("from"), day("to"));
    if let (Some(from), Some(to), Some(cursor)) = (from, to, fields.get("to"))
        && to < from
    {
        cursor.problem("campaign-period", format!("it ends on {to}, before it begins on {from}"));
    }
    let categories = fields.get("categories").map(|cursor| cursor.codes(Kind::Category)).unwrap_or_default();
    let completion = fields.need("limits").and_then(|cursor| {
        cursor.map(|fields| {
            if let Some(cursor) = fields.get("first-response") {
                cursor.problem("limit-runs", "no clock runs by first-response");
            }
            fields.get("completion").and_then(|cursor| cursor.limit())
        })
    });
    Some((from?, to?, categories, completion?))
}
