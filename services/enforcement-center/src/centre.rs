//! What the charter says about one street's enforcement centre.

use charter::Charter;
use ids::{Code, HistoryKey, Kind};
use jiff::{SignedDuration, Timestamp};

use crate::domain::roster::SeatKind;

/// A street's enforcement centre.
#[derive(Clone, Copy, Debug)]
pub struct Centre<'c> {
    /// Who sits there, resident and on call.
    pub manning: &'c charter::Centre,
}

impl<'c> Centre<'c> {
    /// None when `code` is no street's enforcement centre.
    pub fn find(charter: &'c Charter, code: &Code) -> Option<Self> {
        let street = charter.street_of(code).filter(|_| charter.is_enforcement_centre(code))?;
        Some(Self { manning: charter.centre_of(&street.code) })
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

/// The charter's limit of a called seat; every charter has it.
const SEAT_LIMIT: &str = "seat";
/// Where a charter lost it all the same, a seat is not waited for without end.
const SEAT_LIMIT_OTHERWISE: SignedDuration = SignedDuration::from_mins(10);

/// Until when a seat called now has to be taken.
pub fn seat_due(charter: &Charter, now: Timestamp) -> Timestamp {
    let otherwise = || now.saturating_add(SEAT_LIMIT_OTHERWISE).unwrap_or(Timestamp::MAX);
    charter.limit(SEAT_LIMIT).map_or_else(otherwise, |limit| charter.deadline(now, limit).due)
}

/// The legal power that a unit brings when it does not say which: the first of its own. None where it has none.
pub fn power_of(charter: &Charter, party: &Code) -> Option<Code> {
    charter.powers_of(party).first().copied().cloned()
}

/// The history in which a centre's roster is kept.
pub fn roster_key(district: Code, centre: &Code) -> HistoryKey {
    HistoryKey { kind: Kind::Roster, district, id: centre.to_string() }
}
