//! Periods on the wire.

use charter::Unrated;
use data_encoding::HEXLOWER;
use ids::Owner;
use jiff::Timestamp;
use proto::ToWireTime;
use proto::evaluation::v1 as wire;
use proto::evaluation::v1::evaluation_event::Event as WireEvent;
use proto::record::v1::{Event as AnyEvent, event::Of};
use record::{Aggregate, WireError};
use rust_decimal::Decimal;
use sha2::{Digest, Sha256};
use station::Refuse;
use station::wire as shared;
use tonic::Code as StatusCode;

use super::decimal;
use crate::domain::period::counted::UsedFormula;
use crate::domain::period::table::{Rate, Row};
use crate::domain::period::{Command, Event, Import, Publication, Refusal, Rules, State, Table, TableName, Terms};

impl Aggregate for Rules {
    const OWNER: Owner = Owner::Evaluation;
    /// Nobody else writes on a period: imports, corrections, and appeals with their answers.
    const REVISIONS_MAX: u64 = 1000;

    fn to_wire(event: &Event) -> AnyEvent {
        let event = match event {
            Event::Imported(import) => WireEvent::MarksImported(to_import(import)),
            Event::Published(publication) => WireEvent::PeriodPublished(to_published(publication)),
            Event::Appealed { appeal, publication, unit, reason } => WireEvent::PeriodAppealed(wire::PeriodAppealed {
                appeal: *appeal,
                publication: *publication,
                party: unit.to_string(),
                reason: reason.clone(),
            }),
            Event::AppealAnswered { appeal, upheld, answer } => {
                WireEvent::PeriodAppealAnswered(wire::PeriodAppealAnswered {
                    appeal: *appeal,
                    upheld: *upheld,
                    answer: answer.clone(),
                })
            }
        };
        AnyEvent { of: Some(Of::Evaluation(wire::EvaluationEvent { event: Some(event) })) }
    }

    fn from_wire(event: &AnyEvent) -> Result<Event, WireError> {
        let Some(Of::Evaluation(wire::EvaluationEvent { event: Some(event) })) = &event.of else {
            return Err(WireError::new("event", "not one of evaluation"));
        };
        match event {
            WireEvent::MarksImported(fact) => Ok(Event::Imported(from_import(fact)?)),
            WireEvent::PeriodPublished(fact) => Ok(Event::Published(Box::new(from_published(fact)?))),
            WireEvent::PeriodAppealed(fact) => Ok(Event::Appealed {
                appeal: fact.appeal,
                publication: fact.publication,
                unit: shared::code("party", &fact.party)?,
                reason: fact.reason.clone(),
            }),
            WireEvent::PeriodAppealAnswered(fact) => {
                Ok(Event::AppealAnswered { appeal: fact.appeal, upheld: fact.upheld, answer: fact.answer.clone() })
            }
            WireEvent::RatingRequested(_)
            | WireEvent::Rated(_)
            | WireEvent::PartyRated(_)
            | WireEvent::CallbackLogged(_)
            | WireEvent::RatingLapsed(_)
            | WireEvent::RatingPutOff(_)
            | WireEvent::Scored(_)
            | WireEvent::BallotOpened(_)
            | WireEvent::BallotVoted(_)
            | WireEvent::BallotPublished(_)
            | WireEvent::BallotAppealed(_)
            | WireEvent::BallotAppealAnswered(_) => Err(WireError::new("event", "about no period")),
        }
    }

    /// A period waits for nobody: when its time to appeal is over, an appeal is refused.
    fn next_deadline(_: &State) -> Option<Timestamp> {
        None
    }

    fn is_ending(command: &Command) -> bool {
        matches!(command, Command::AnswerAppeal { .. })
    }
}

impl Refuse for Refusal {
    fn code(&self) -> StatusCode {
        match self {
            Self::PublishedAlready { .. } | Self::AppealedAlready { .. } => StatusCode::AlreadyExists,
            Self::NotPublished | Self::NotInTheTable { .. } | Self::NoSuchAppeal { .. } => StatusCode::NotFound,
            Self::PeriodOpen { .. }
            | Self::NothingToCorrect
            | Self::NothingChanged { .. }
            | Self::MarkMissing { .. }
            | Self::AppealTooLate { .. }
            | Self::AppealAnswered { .. }
            | Self::NobodyAppraised
            | Self::AppealsEnough => StatusCode::FailedPrecondition,
        }
    }

    fn rule(&self) -> &'static str {
        match self {
            Self::PeriodOpen { .. } => "period-open",
            Self::PublishedAlready { .. } => "published-already",
            Self::NothingToCorrect => "nothing-to-correct",
            Self::NothingChanged { .. } => "nothing-changed",
            Self::MarkMissing { .. } => "mark-missing",
            Self::NobodyAppraised => "nobody-appraised",
            Self::NotPublished => "not-published",
            Self::NotInTheTable { .. } => "not-in-the-table",
            Self::AppealTooLate { .. } => "appeal-too-late",
            Self::AppealedAlready { .. } => "appealed-already",
            Self::NoSuchAppeal { .. } => "no-such-appeal",
            Self::AppealAnswered { .. } => "appeal-answered",
            Self::AppealsEnough => "appeals-enough",
        }
    }
}

/// In hexadecimal.
#[must_use]
pub fn sha256_of(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

#[must_use]
pub fn to_import(import: &Import) -> wire::MarksImported {
    let marks = import
        .marks
        .iter()
        .map(|(party, mark)| wire::ImportedMark { party: party.to_string(), mark: mark.to_string() });
    wire::MarksImported {
        source: import.source.clone(),
        file: import.file.clone(),
        sha256: import.sha256.clone(),
        marks: marks.collect(),
    }
}

fn from_import(fact: &wire::MarksImported) -> Result<Import, WireError> {
    let mark =
        |mark: &wire::ImportedMark| Ok((shared::code("marks.party", &mark.party)?, decimal("marks.mark", &mark.mark)?));
    Ok(Import {
        source: fact.source.clone(),
        file: fact.file.clone(),
        sha256: fact.sha256.clone(),
        marks: fact.marks.iter().map(mark).collect::<Result<_, WireError>>()?,
    })
}

#[must_use]
pub fn to_published(publication: &Publication) -> wire::PeriodPublished {
    wire::PeriodPublished {
        table: Some(to_table(publication)),
        reason: publication.reason.clone(),
        appeals_until: Some(publication.appeals_until.to_wire()),
        sha256: sha256_of(publication.text().as_bytes()),
    }
}

/// # Errors
/// A field does not have the form its type promises.
pub fn from_published(fact: &wire::PeriodPublished) -> Result<Publication, WireError> {
    let table = fact.table.as_ref().ok_or_else(|| WireError::new("table", "missing"))?;
    Ok(Publication {
        district: shared::code("table.district", &table.district)?,
        name: table.period.parse::<TableName>().map_err(|error| WireError::new("table.period", error))?,
        number: table.publication,
        reason: fact.reason.clone(),
        charter: table.charter_version.clone(),
        position: table.position,
        table: from_table(table)?,
        appeals_until: shared::time("appeals_until", fact.appeals_until.as_ref())?,
    })
}

fn to_table(publication: &Publication) -> wire::PeriodTable {
    let Table { terms, formulas, rows, excluded_cases, excluded, external } = &publication.table;
    let share = |share: fn((Decimal, Decimal)) -> Decimal| terms.yearly.map(share).map(plain).unwrap_or_default();
    wire::PeriodTable {
        district: publication.district.to_string(),
        period: publication.name.to_string(),
        publication: publication.number,
        charter_version: publication.charter.clone(),
        position: publication.position,
        ranked_from: terms.ranked_from,
        street_share: share(|(street, _)| street),
        imported_share: share(|(_, imported)| imported),
        tiers: terms
            .tiers
            .iter()
            .map(|(tier, share)| wire::PeriodTier { tier: tier.to_string(), share: plain(*share) })
            .collect(),
        formulas: formulas.iter().map(|(formula, scores)| to_formula(formula, *scores)).collect(),
        units: rows.iter().map(to_unit).collect(),
        external: *external,
        excluded_cases: *excluded_cases,
        excluded: excluded
            .iter()
            .map(|(party, cases)| wire::PeriodExcluded { party: party.to_string(), cases: *cases })
            .collect(),
    }
}

fn from_table(table: &wire::PeriodTable) -> Result<Table, WireError> {
    let shares = match (table.street_share.as_str(), table.imported_share.as_str()) {
        ("", "") => None,
        (street, imported) => {
            Some((decimal("table.street_share", street)?, decimal("table.imported_share", imported)?))
        }
    };
    let tier = |tier: &wire::PeriodTier| {
        Ok((shared::code("table.tiers.tier", &tier.tier)?, decimal("table.tiers.share", &tier.share)?))
    };
    let excluded =
        |excluded: &wire::PeriodExcluded| Ok((shared::code("table.excluded.party", &excluded.party)?, excluded.cases));
    Ok(Table {
        terms: Terms {
            tiers: table.tiers.iter().map(tier).collect::<Result<_, WireError>>()?,
            ranked_from: table.ranked_from,
            yearly: shares,
        },
        formulas: table.formulas.iter().map(from_formula).collect::<Result<_, WireError>>()?,
        rows: table.units.iter().map(from_unit).collect::<Result<_, WireError>>()?,
        excluded_cases: table.excluded_cases,
        excluded: table.excluded.iter().map(excluded).collect::<Result<_, WireError>>()?,
        external: table.external,
    })
}

fn to_formula(formula: &UsedFormula, scores: u32) -> wire::PeriodFormula {
    let weight = |(component, weight): &(ids::Code, Decimal)| wire::PeriodWeight {
        component: component.to_string(),
        weight: plain(*weight),
    };
    wire::PeriodFormula {
        name: formula.name.clone(),
        unrated: formula.unrated.as_str().to_owned(),
        scores,
        weights: formula.weights.iter().map(weight).collect(),
    }
}

fn from_formula(fact: &wire::PeriodFormula) -> Result<(UsedFormula, u32), WireError> {
    let weight = |weight: &wire::PeriodWeight| {
        Ok((
            shared::code("formulas.weights.component", &weight.component)?,
            decimal("formulas.weight", &weight.weight)?,
        ))
    };
    let unrated: Unrated =
        fact.unrated.parse().map_err(|error: charter::UnknownWord| WireError::new("formulas.unrated", error))?;
    let weights = fact.weights.iter().map(weight).collect::<Result<_, WireError>>()?;
    Ok((UsedFormula { name: fact.name.clone(), unrated, weights }, fact.scores))
}

fn to_unit(row: &Row) -> wire::PeriodUnit {
    let (low, high) = row.interval.unzip();
    let rate = |rate: &Rate| wire::PeriodRate {
        component: rate.component.to_string(),
        mean: optional(rate.mean),
        cases: rate.cases,
    };
    wire::PeriodUnit {
        party: row.unit.to_string(),
        rank: row.rank.unwrap_or_default(),
        cases: row.cases,
        held_back: row.held_back,
        mean: optional(row.mean),
        low: optional(low),
        high: optional(high),
        imported: optional(row.imported),
        result: optional(row.result),
        tier: shared::text(row.tier.as_ref()),
        rates: row.rates.iter().map(rate).collect(),
        reported: row.reported,
        staff: row.staff.clone(),
    }
}

fn from_unit(unit: &wire::PeriodUnit) -> Result<Row, WireError> {
    let rate = |rate: &wire::PeriodRate| {
        Ok(Rate {
            component: shared::code("units.rates.component", &rate.component)?,
            mean: optional_decimal("units.rates.mean", &rate.mean)?,
            cases: rate.cases,
        })
    };
    let (low, high) = (optional_decimal("units.low", &unit.low)?, optional_decimal("units.high", &unit.high)?);
    Ok(Row {
        unit: shared::code("units.party", &unit.party)?,
        rank: (unit.rank > 0).then_some(unit.rank),
        cases: unit.cases,
        held_back: unit.held_back,
        mean: optional_decimal("units.mean", &unit.mean)?,
        interval: low.zip(high),
        imported: optional_decimal("units.imported", &unit.imported)?,
        result: optional_decimal("units.result", &unit.result)?,
        tier: shared::optional_code("units.tier", &unit.tier)?,
        rates: unit.rates.iter().map(rate).collect::<Result<_, WireError>>()?,
        reported: unit.reported,
        staff: unit.staff.clone(),
    })
}

/// As it stands in the table's text, places included.
fn plain(number: Decimal) -> String {
    number.to_string()
}

fn optional(number: Option<Decimal>) -> String {
    number.map(plain).unwrap_or_default()
}

fn optional_decimal(field: &'static str, text: &str) -> Result<Option<Decimal>, WireError> {
    if text.is_empty() { Ok(None) } else { decimal(field, text).map(Some) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::period::Counted;
    use crate::domain::{Part, Score};

    fn score(party: &str, rate: Option<&str>) -> Score {
        let part = |code: &str, rate: Option<&str>| Part {
            code: code.parse().unwrap(),
            weight: Decimal::from(50),
            rate: rate.map(|rate| rate.parse().unwrap()),
        };
        let mut score = Score {
            round: 1,
            party: party.parse().unwrap(),
            formula: "50 + 50".to_owned(),
            unrated: Unrated::HeldBack,
            parts: vec![part("completion", Some("1")), part("perception", rate)],
            total: None,
        };
        score.total = score.total_of_parts();
        score
    }

    /// Its text, too: places that a number was published with are part of it.
    #[test]
    fn every_event_of_a_period_reads_back_as_it_was_written() {
        let mut counted = Counted::default();
        for (party, rate) in [("fire", Some("0.7")), ("housing", Some("1")), ("water", None)] {
            counted.add(&score(party, rate), false);
        }
        counted.exclude(&["fire".parse().unwrap()]);
        let marks: BTreeMap<ids::Code, Decimal> =
            [("fire".parse().unwrap(), "90.5".parse().unwrap()), ("housing".parse().unwrap(), Decimal::ONE_HUNDRED)]
                .into();
        let terms = Terms {
            tiers: vec![("excellent".parse().unwrap(), Decimal::ONE_HUNDRED)],
            ranked_from: 1,
            yearly: Some((Decimal::from(30), Decimal::from(70))),
        };
        let publication = Publication {
            district: "heping".parse().unwrap(),
            name: "2023".parse().unwrap(),
            number: 2,
            reason: "一件被剔除".to_owned(),
            charter: "v1".to_owned(),
            position: 99,
            table: Table::of(&counted, terms, &marks),
            appeals_until: Timestamp::UNIX_EPOCH,
        };
        let text = publication.text();
        assert_eq!(from_published(&to_published(&publication)).unwrap().text(), text);
        let import =
            Import { source: "考核办".to_owned(), file: "a.csv".to_owned(), sha256: "00".to_owned(), marks };
        for event in [
            Event::Imported(import),
            Event::Published(Box::new(publication)),
            Event::Appealed {
                appeal: 1, publication: 2, unit: "fire".parse().unwrap(), reason: "按时交了".to_owned()
            },
            Event::AppealAnswered { appeal: 1, upheld: false, answer: "记录可查".to_owned() },
        ] {
            assert_eq!(Rules::from_wire(&Rules::to_wire(&event)), Ok(event));
        }
    }
}
