//! How grid members and those who work in communities are appraised from the cases they had: a formula in `evaluation.yaml`, which a
//! charter may have.

use std::str::FromStr;

use ids::Code;
use rust_decimal::Decimal;

use crate::category::UnknownWord;
use crate::evaluation::{share, sum_100};
use crate::list::{Entry, listed};
use crate::reader::{Cursor, Fields, Kind};
use crate::{Charter, Name, Unrated};

/// How an appraisal's mark of one case comes about. The weights sum to 100.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appraisal {
    /// Written out for people, e.g. `40 + 40 + 20`.
    pub name: String,
    pub components: Vec<AppraisalComponent>,
    pub unrated: Unrated,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppraisalComponent {
    pub code: Code,
    pub name: Name,
    /// Percent of the whole.
    pub weight: Decimal,
    pub source: AppraisalSource,
}

/// What of a case a component counts, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AppraisalSource {
    /// It was answered before its time was up.
    AnsweredInTime,
    /// What its caller said of the answer.
    CallerRating,
    /// It was not opened again.
    NotReopened,
}

impl FromStr for AppraisalSource {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "answered-in-time" => Ok(Self::AnsweredInTime),
            "caller-rating" => Ok(Self::CallerRating),
            "not-reopened" => Ok(Self::NotReopened),
            other => Err(UnknownWord::new("answered-in-time, caller-rating or not-reopened", other)),
        }
    }
}

impl Charter {
    /// None: the district appraises nobody by this.
    #[must_use]
    pub fn appraisal(&self) -> Option<&Appraisal> {
        self.evaluation.appraisal.as_ref()
    }
}

pub(crate) fn read(cursor: Cursor<'_, '_>) -> Option<Appraisal> {
    cursor.map(appraisal).flatten()
}

fn appraisal(fields: &Fields<'_, '_>) -> Option<Appraisal> {
    let name = fields.need("name").and_then(|cursor| cursor.text());
    let components: Vec<_> = listed(fields, "components", Kind::AppraisalPart, |fields| {
        let weight = fields.need("weight").and_then(|cursor| share(cursor, Decimal::ONE_HUNDRED));
        let source = fields.need("source").and_then(|cursor| cursor.parsed("appraisal-source"));
        Some((weight?, source?))
    })
    .into_iter()
    .map(|(Entry { code, name, .. }, (weight, source))| AppraisalComponent { code, name, weight, source })
    .collect();
    sum_100("weights-sum-100", components.iter().map(|component| component.weight), fields.cursor);
    let unrated = fields.get("unrated").and_then(|cursor| cursor.parsed("unrated-word")).unwrap_or_default();
    Some(Appraisal { name: name?, components, unrated })
}
