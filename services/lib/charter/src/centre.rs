//! Who sits in a street's enforcement centre: `centre.yaml`.

use ids::Code;

use crate::Provenance;
use crate::document::{self, Numbering};
use crate::organisation::Organisation;
use crate::reader::{Cursor, Fields, Kind, Report};

/// How a street's enforcement centre is manned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Centre {
    /// 常驻: departments with officers in the room.
    pub resident: Vec<Code>,
    /// 席位: departments with a named officer on call.
    pub seats: Vec<Seat>,
    /// Roles an officer of the centre must hold, one of them.
    pub ranks: Vec<Code>,
    pub provenance: Provenance,
}

/// A place held for a department that comes when called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    pub party: Code,
}

#[derive(Clone, Debug)]
pub(crate) struct Centres {
    pub usual: Centre,
    pub numbering: Numbering,
    /// Streets that man theirs differently.
    pub streets: Vec<(Code, Centre)>,
}

pub(crate) fn read(file: Cursor<'_, '_>) -> Option<Centres> {
    file.map(|fields| {
        let ranks = fields.need("ranks").map(|cursor| cursor.codes(Kind::Role)).unwrap_or_default();
        let usual = centre(fields, &ranks);
        let streets = fields.list("streets").into_iter().filter_map(|entry| {
            entry.map(|fields| fields.reference("street", Kind::Party).zip(Some(centre(fields, &ranks)))).flatten()
        });
        let (streets, numbering) = (streets.collect(), document::read(fields));
        Some(Centres { usual, numbering: numbering?, streets })
    })?
}

/// Who sits in the room all day takes part in every operation, and an operation rests on powers.
pub(crate) fn check(centres: &Centres, organisation: &Organisation, report: &Report<'_>) {
    let mut told: Vec<&Code> = Vec::new();
    let all = std::iter::once(&centres.usual).chain(centres.streets.iter().map(|(_, centre)| centre));
    for code in all.flat_map(|centre| &centre.resident) {
        let without = organisation.party(code.as_str()).is_some_and(|party| party.powers.is_empty());
        if without
            && !told.contains(&code)
            && let Some(at) = report.place_of(Kind::Party, code)
        {
            told.push(code);
            let message =
                format!("{code} is resident in an enforcement centre and has no legal power: give it `powers`");
            report.add(at, "resident-has-power", message);
        }
    }
}

fn centre(fields: &Fields<'_, '_>, ranks: &[Code]) -> Centre {
    let parties = |key| fields.need(key).map(|cursor| cursor.codes(Kind::Party)).unwrap_or_default();
    let resident = parties("resident");
    let seats: Vec<_> = parties("seats").into_iter().map(|party| Seat { party }).collect();
    if let Some(cursor) = fields.get("resident").filter(|_| resident.is_empty()) {
        cursor.problem("centre-has-resident", "somebody sits in the room: name one department or more");
    }
    if let Some(both) = resident.iter().find(|party| seats.iter().any(|seat| seat.party == **party)) {
        fields.cursor.problem("resident-or-seat", format!("{both} is resident and on call at once"));
    }
    Centre { resident, seats, ranks: ranks.to_vec(), provenance: fields.provenance() }
}
