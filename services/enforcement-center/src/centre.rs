//! What the charter says about one street's enforcement centre.

use charter::{Charter, Party};
use ids::{Code, HistoryKey, Kind};

use crate::domain::roster::SeatKind;

/// Code of the centre in the street template that every charter has.
const UNIT: &str = "enforcement-centre";

/// A street's enforcement centre.
#[derive(Clone, Copy, Debug)]
pub struct Centre<'c> {
    pub street: &'c Party,
    /// Who sits there, resident and on call.
    pub manning: &'c charter::Centre,
}

impl<'c> Centre<'c> {
    /// None when `code` is no street's enforcement centre.
    pub fn find(charter: &'c Charter, code: &Code) -> Option<Self> {
        let street = charter.street_of(code)?;
        let unit = charter.unit_of(&street.code, UNIT)?;
        (unit.code == *code).then(|| Self { street, manning: charter.centre_of(&street.code) })
    }

    /// Units the charter gives a seat on call.
    pub fn seats(&self) -> impl Iterator<Item = &'c Code> + use<'c> {
        self.manning.seats.iter().map(|seat| &seat.party)
    }

    /// How the charter seats a unit, if it does.
    pub fn kind_of(&self, party: &Code) -> Option<SeatKind> {
        if self.manning.resident.contains(party) {
            Some(SeatKind::Resident)
        } else {
            self.seats().any(|seat| seat == party).then_some(SeatKind::OnCall)
        }
    }
}

/// The history in which a centre's roster is kept.
pub fn roster_key(district: Code, centre: &Code) -> HistoryKey {
    HistoryKey { kind: Kind::Roster, district, id: centre.to_string() }
}
