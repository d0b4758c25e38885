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
    /// Until a caller has the first answer, instead of the usual limit.
    pub first_response: Option<Limit>,
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
type Row = (Date, Date, Vec<Code>, [Option<Limit>; 2]);

pub(crate) fn read(file: Cursor<'_, '_>) -> Vec<Campaign> {
    let campaign =
        |(Entry { code, name, provenance }, (from, to, categories, [first_response, completion])): (_, Row)| Campaign {
            code,
            name,
            from,
            to,
            categories,
            first_response,
            completion,
            provenance,
        };
    let rows = file.map(|fields| listed(fields, "campaigns", Kind::Campaign, row));
    rows.unwrap_or_default().into_iter().map(campaign).collect()
}

fn row(fields: &Fields<'_, '_>) -> Option<Row> {
    let day = |key| fields.need(key).and_then(|cursor| cursor.parsed::<Date>("campaign-period"));
    let (from, to) = (day("from"), day("to"));
    if let (Some(from), Some(to), Some(cursor)) = (from, to, fields.get("to"))
        && to < from
    {
        cursor.problem("campaign-period", format!("it ends on {to}, before it begins on {from}"));
    }
    let categories = fields.get("categories").map(|cursor| cursor.codes(Kind::Category)).unwrap_or_default();
    let limits = fields.need("limits").and_then(|cursor| {
        cursor
            .map(|fields| ["first-response", "completion"].map(|key| fields.get(key).and_then(|cursor| cursor.limit())))
    });
    Some((from?, to?, categories, limits?))
}
