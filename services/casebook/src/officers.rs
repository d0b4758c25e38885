//! Who works where: officers by the units they have to do with.
//!
//! Nothing happens on the day a secondment begins or ends: which relations hold on a day is read from what is recorded.

use jiff::civil::Date;
use proto::casebook::v1::StaffRecord;
use proto::enforcement_center::v1::{OfficerRegistered, OfficerSeconded, Relations, SecondmentEnded};
use proto::facts::{EnforcementCenterFacts, Facts};
use record::StoredCommit;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::{Deserialize, Serialize};
use vocabulary::staff::{self, Days};

use crate::copy::CopyError;

/// Officers shown of one unit.
const SHOWN_MAX: u32 = 10_000;

pub const TABLES: &str = "
    CREATE TABLE officers (
        district TEXT NOT NULL, staff_ref TEXT NOT NULL, known TEXT NOT NULL,
        PRIMARY KEY (district, staff_ref)) WITHOUT ROWID;
    CREATE TABLE officers_of (
        district TEXT NOT NULL, unit TEXT NOT NULL, staff_ref TEXT NOT NULL,
        PRIMARY KEY (district, unit, staff_ref)) WITHOUT ROWID;";

/// An officer as recorded.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Known {
    registered: Option<OfficerRegistered>,
    /// In the order in which they were recorded; ended ones end on their last day.
    seconded: Vec<OfficerSeconded>,
}

impl Facts for Known {
    type Found = ();

    fn nothing() {}
}

impl EnforcementCenterFacts for Known {
    fn officer_registered(&mut self, fact: &OfficerRegistered) {
        self.registered = Some(fact.clone());
    }

    fn officer_seconded(&mut self, fact: &OfficerSeconded) {
        self.seconded.push(fact.clone());
    }

    fn secondment_ended(&mut self, fact: &SecondmentEnded) {
        if let Some(ended) = self.seconded.iter_mut().rev().find(|known| known.since == fact.since) {
            ended.until.clone_from(&fact.last_day);
        }
    }
}

impl Known {
    /// Every unit they have or had to do with.
    fn units(&self) -> Vec<&str> {
        let own = self.registered.as_ref().and_then(|registered| registered.relations.as_ref()).map(read_relations);
        let own = own.into_iter().flat_map(staff::Relations::units);
        own.chain(self.seconded.iter().map(|seconded| seconded.to.as_str())).filter(|unit| !unit.is_empty()).collect()
    }

    fn seconded_on(&self, day: Date) -> Option<&OfficerSeconded> {
        self.seconded.iter().find(|seconded| {
            date(&seconded.since).is_some_and(|since| Days { since, until: date(&seconded.until) }.include(day))
        })
    }

    /// As it is on a day; none if the unit has nothing to do with the officer then. Those it lends are seen as well as
    /// those it has.
    fn shown(&self, unit: &str, day: Date) -> Option<StaffRecord> {
        let registered = self.registered.as_ref()?;
        let own = read_relations(registered.relations.as_ref()?);
        let seconded = self.seconded_on(day);
        let relations = seconded.map_or(own, |seconded| own.while_seconded_to(seconded.to.as_str()));
        (own.include(&unit) || relations.include(&unit)).then(|| StaffRecord {
            officer: registered.officer.clone(),
            relations: Some(show_relations(relations)),
            licence: registered.licence.clone(),
            seconded_from: seconded.map(|seconded| seconded.from.clone()).unwrap_or_default(),
            since: seconded.map(|seconded| seconded.since.clone()).unwrap_or_default(),
            until: seconded.map(|seconded| seconded.until.clone()).unwrap_or_default(),
        })
    }
}

fn read_relations(relations: &Relations) -> staff::Relations<&str> {
    staff::Relations {
        owned_by: &relations.owned_by,
        managed_by: &relations.managed_by,
        used_by: &relations.used_by,
        assessed_by: &relations.assessed_by,
    }
}

fn show_relations(relations: staff::Relations<&str>) -> Relations {
    Relations {
        owned_by: relations.owned_by.to_owned(),
        managed_by: relations.managed_by.to_owned(),
        used_by: relations.used_by.to_owned(),
        assessed_by: relations.assessed_by.to_owned(),
    }
}

fn date(text: &str) -> Option<Date> {
    text.parse().ok()
}

/// # Errors
/// The copy cannot be written.
pub fn take(transaction: &Transaction<'_>, stored: &StoredCommit) -> Result<(), CopyError> {
    let (district, staff_ref) = (stored.subject.key.district.as_str(), stored.subject.key.id.as_str());
    let known: Option<String> = transaction
        .prepare_cached("SELECT known FROM officers WHERE district = ?1 AND staff_ref = ?2")?
        .query_row(params![district, staff_ref], |row| row.get(0))
        .optional()?;
    let mut officer = known.map(|known| read(&known)).transpose()?.unwrap_or_default();
    stored.commit.enforcement_center_facts().for_each(|fact| fact.told_to(&mut officer));
    let known = serde_json::to_string(&officer).map_err(|error| CopyError::Form(error.to_string()))?;
    transaction
        .prepare_cached("INSERT OR REPLACE INTO officers VALUES (?1, ?2, ?3)")?
        .execute(params![district, staff_ref, known])?;
    for unit in officer.units() {
        transaction
            .prepare_cached("INSERT OR IGNORE INTO officers_of VALUES (?1, ?2, ?3)")?
            .execute(params![district, unit, staff_ref])?;
    }
    Ok(())
}

/// Officers who have to do with a unit on a day, by number.
///
/// # Errors
/// The copy cannot be read.
pub fn list(connection: &Connection, district: &str, unit: &str, day: Date) -> Result<Vec<StaffRecord>, CopyError> {
    let mut statement = connection.prepare_cached(
        "SELECT known FROM officers_of JOIN officers USING (district, staff_ref) \
         WHERE district = ?1 AND unit = ?2 ORDER BY staff_ref LIMIT ?3",
    )?;
    let mut rows = statement.query(params![district, unit, SHOWN_MAX])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.extend(read(row.get_ref(0)?.as_str().unwrap_or_default())?.shown(unit, day));
    }
    Ok(found)
}

fn read(known: &str) -> Result<Known, CopyError> {
    serde_json::from_str(known).map_err(|error| CopyError::Form(error.to_string()))
}

#[cfg(test)]
mod tests {
    use proto::common::v1::Officer;
    use proto::enforcement_center::v1::EnforcementCenterEvent;
    use proto::enforcement_center::v1::enforcement_center_event::Event;
    use proto::record::v1::event::Of;

    use super::*;
    use crate::tests::{commit, connection};

    #[test]
    fn whoever_lends_an_officer_and_whoever_has_them_sees_them_while_it_lasts() {
        let mut connection = connection();
        let transaction = connection.transaction().unwrap();
        let relations = Relations {
            owned_by: "bureau".into(),
            managed_by: "team".into(),
            used_by: "team".into(),
            assessed_by: "team".into(),
        };
        let officer = Some(Officer { staff_ref: "a-7".into(), post: "队员".into() });
        let facts = [
            Event::OfficerRegistered(OfficerRegistered { officer, relations: Some(relations), licence: vec![] }),
            Event::OfficerSeconded(OfficerSeconded {
                from: "team".into(),
                to: "street".into(),
                since: "2026-11-02".into(),
                ..OfficerSeconded::default()
            }),
            Event::SecondmentEnded(SecondmentEnded {
                since: "2026-11-02".into(),
                last_day: "2026-11-20".into(),
                ..SecondmentEnded::default()
            }),
        ];
        for (position, fact) in (1..).zip(facts) {
            let of = Of::EnforcementCenter(EnforcementCenterEvent { event: Some(fact) });
            take(&transaction, &commit(position, "a-7", of)).unwrap();
        }
        let seen = |unit: &str, day: &str| {
            let found = list(&transaction, "wuchang", unit, day.parse().unwrap()).unwrap();
            found.first().map(|it| (it.relations.clone().unwrap().used_by, it.seconded_from.clone()))
        };
        let lent = Some(("street".to_owned(), "team".to_owned()));
        assert_eq!(seen("street", "2026-11-02"), lent);
        assert_eq!(seen("team", "2026-11-20"), lent, "whoever lends sees as well");
        assert_eq!(seen("bureau", "2026-11-10"), lent, "and whoever holds the post");
        assert_eq!(seen("street", "2026-11-21"), None);
        assert_eq!(seen("team", "2026-11-21"), Some(("team".to_owned(), String::new())));
        assert_eq!(seen("elsewhere", "2026-11-10"), None);
    }
}
