//! Who may see what and do what, once: for every method and every request there is one line in [`table`], which says
//! for each role how a case must concern whoever asks. Nothing else in the code decides about roles.
//!
//! A line gives a role a [`Relation`]; with the charters a relation becomes a [`Scope`], the set of cases it reaches. Lists
//! filter by the scope ([`Caller::scope`]); doors ask whether it covers one case ([`Caller::may`]). What a unit may do
//! with a case beyond that, the service's own rules say: they know who has it now and who was called.
//!
//! A district comes from the party, by the charter that has it. A token that names neither a known party nor a district
//! reaches nothing; an operator's reaches everything.

mod matter;
pub mod table;
mod votes;

use std::fmt;

use charter::{Charter, PartyKind};
use chassis::{Identity, Pace};
use ids::Code;
use proto::common::v1::Role;
use tonic::Status;

use crate::caller::one_of;
use crate::role_name;
use crate::{Caller, Charters};

pub use matter::Matter;
pub(crate) use matter::Remembered;
pub use table::{Grant, Relation, Row};
pub use votes::{Holds, Publications, Vote};

/// One way in which a case concerns somebody.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Concern {
    /// Raised it, or joined it: an opaque reference, or that of a receipt; empty, where nobody left one.
    Caller(String),
    /// Carried it in.
    Bridge(Code),
    /// Has or had it, was called, called others, works on it, or it lies in its place.
    Party(Code),
}

impl fmt::Display for Concern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Caller(reference) => write!(f, "caller:{reference}"),
            Self::Bridge(code) => write!(f, "bridge:{code}"),
            Self::Party(code) => write!(f, "party:{code}"),
        }
    }
}

/// What of the cases somebody reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    All,
    /// Everything in these; only the city has more than one.
    Districts(Vec<Code>),
    /// In these districts what concerns one of these, which stand in order.
    Only {
        districts: Vec<Code>,
        who: Vec<Concern>,
    },
}

impl Scope {
    #[must_use]
    pub fn covers(&self, district: &Code, concerns: &[Concern]) -> bool {
        match self {
            Self::All => true,
            Self::Districts(districts) => districts.contains(district),
            Self::Only { districts, who } => {
                districts.contains(district) && concerns.iter().any(|concern| who.binary_search(concern).is_ok())
            }
        }
    }
}

/// The first door of every service: whether a role may call a method at all, and how often, before anything of the call is
/// read.
///
/// # Errors
/// PERMISSION_DENIED, naming the roles that may.
pub fn admits(identity: &Identity, method: &str) -> Result<Option<Pace>, Status> {
    let caller = Caller::from_identity(identity)?;
    // A method that nobody serves is answered as one.
    if let Some(row) = table::row(method) {
        caller.granted(row.action)?;
    }
    Ok(match caller.role {
        // All who show a receipt share one pace.
        Role::Caller if caller.shows_receipt() => Some(RECEIPTS_PACE),
        Role::Caller => Some(CALLERS_PACE),
        // Officials and machines have their fair share, however much that is.
        Role::Bridge
        | Role::Grid
        | Role::Community
        | Role::Street
        | Role::EnforcementCenter
        | Role::Department
        | Role::District
        | Role::Operator
        | Role::System
        | Role::Auditor
        | Role::Unspecified => None,
    })
}

/// Nobody reads faster by hand, and a page that is opened asks a dozen things at once. Whoever tries the numbers of cases one
/// after the other needs two years for those of a day.
const CALLERS_PACE: Pace = Pace { per_s: 20, at_once: 300 };
/// As many people as open their letters in the same second.
const RECEIPTS_PACE: Pace = Pace { per_s: 200, at_once: 800 };

impl Caller {
    /// What of the cases an action that reads shows this caller. Nothing of it is an error of its own: a list is empty
    /// then.
    ///
    /// # Errors
    /// PERMISSION_DENIED when the table does not give the role this action, or the token names neither a known party nor
    /// a district.
    pub fn scope(&self, action: &'static str, charters: &Charters) -> Result<Scope, Status> {
        let relation = self.granted(action)?;
        let newest = charters.newest();
        let charters: Vec<&Charter> = newest.iter().map(AsRef::as_ref).collect();
        Ok(self.reach(relation, &self.districts(&charters)?, &charters))
    }

    /// Whether this caller may do this to a matter. `charter` is the one of the matter's district.
    ///
    /// # Errors
    /// PERMISSION_DENIED when it is not for this role, or not for whom the matter concerns in this way only, or not at all;
    /// NOT_FOUND in another district, and for who would only look: what one may not see is not there.
    pub fn may(&self, action: &'static str, matter: &Matter, charter: &Charter) -> Result<(), Status> {
        let relation = self.granted(action)?;
        let row = table::row(action);
        let there = self.is_of(&matter.district, charter)?;
        let covers = |relation| {
            let reach = self.reach(relation, &Districts::These(vec![matter.district.clone()]), &[charter]);
            reach.covers(&matter.district, &matter.concerns)
                || relation == Relation::Raised
                    && self.role == Role::Caller
                    && !self.shows_receipt()
                    && matter.is_known_by_number()
        };
        // Whoever holds a wrong receipt learns nothing, not even that there is such a case.
        if self.shows_receipt() && !(there && covers(table::sight(self.role))) {
            return Err(matter.not_there());
        }
        let is_there = there && !matter.concerns.is_empty();
        if is_there && row.is_some_and(Row::is_the_districts) && !self.is_the_district(charter) {
            return Err(Status::permission_denied("only the district itself may do this, and none of its units"));
        }
        if there && covers(relation) || is_there && row.is_some_and(|row| row.ruled) {
            return Ok(());
        }
        let acts = row.is_some_and(|row| row.does == table::Does::Act);
        if there && covers(table::sight(self.role)) || is_there && acts {
            return Err(Status::permission_denied(format!(
                "{} may do this only where it is {}",
                one_of(self.role),
                relation.as_str()
            )));
        }
        Err(matter.not_there())
    }

    /// Whether this caller may do what concerns no case in particular, but a district.
    ///
    /// # Errors
    /// PERMISSION_DENIED when it is not for this role, or the token is for another district.
    pub fn may_in(&self, action: &'static str, charter: &Charter) -> Result<(), Status> {
        self.granted(action)?;
        if self.shows_receipt() {
            return Err(Status::permission_denied("a receipt opens its own case and nothing else; this takes a token"));
        }
        if self.is_of(&charter.district, charter)? {
            return Ok(());
        }
        let who = self.district.as_ref().or(self.party.as_ref()).map(Code::as_str).unwrap_or_default();
        Err(Status::permission_denied(format!("the token is for {who}, not for district {}", charter.district)))
    }

    /// Whether this caller speaks for the district.
    #[must_use]
    pub fn is_the_district(&self, charter: &Charter) -> bool {
        is_the_district(self.role, self.party.as_ref(), &[charter])
    }

    /// How a case has to concern this caller for an action.
    ///
    /// # Errors
    /// PERMISSION_DENIED, naming the roles that may.
    fn granted(&self, action: &str) -> Result<Relation, Status> {
        if self.role == Role::System {
            return Ok(Relation::Everything);
        }
        let Some(row) = table::row(action) else {
            tracing::error!(action, "the table of who may what has no line for this");
            return Err(Status::permission_denied("nobody may do this"));
        };
        row.relation(self.role).ok_or_else(|| {
            let may: Vec<&str> = row.grants.iter().map(|(role, _)| role_name(*role)).collect();
            Status::permission_denied(format!("{} may not do this; it takes {}", one_of(self.role), may.join(" or ")))
        })
    }

    /// Where this caller belongs, among these charters.
    fn districts(&self, charters: &[&Charter]) -> Result<Districts, Status> {
        if matches!(self.role, Role::Operator | Role::System) {
            return Ok(self.district.clone().map_or(Districts::All, |district| Districts::These(vec![district])));
        }
        let known =
            |party: &Code| charters.iter().filter(|it| knows(it, party)).map(|it| it.district.clone()).collect();
        let districts: Vec<Code> = match (&self.district, &self.party) {
            (Some(named), _) => vec![named.clone()],
            (None, Some(party)) => known(party),
            (None, None) => vec![],
        };
        if districts.is_empty() { Err(names_nothing()) } else { Ok(Districts::These(districts)) }
    }

    /// Whether this caller belongs to a district, whose charter this is.
    ///
    /// # Errors
    /// PERMISSION_DENIED when the token says nothing of where it belongs.
    fn is_of(&self, district: &Code, charter: &Charter) -> Result<bool, Status> {
        match (self.role, &self.party, &self.district) {
            (Role::Operator | Role::System, _, named) => Ok(named.as_ref().is_none_or(|named| named == district)),
            (_, None, None) => Err(names_nothing()),
            (_, _, Some(named)) => Ok(named == district),
            (_, Some(party), None) => Ok(knows(charter, party)),
        }
    }

    fn reach(&self, relation: Relation, districts: &Districts, charters: &[&Charter]) -> Scope {
        let districts = match (relation, districts) {
            (Relation::Everything, Districts::All) => return Scope::All,
            (_, Districts::All) => charters.iter().map(|charter| charter.district.clone()).collect(),
            (_, Districts::These(these)) => these.clone(),
        };
        // A special group is a unit like another: a party to what is given to it.
        let unit_of_district =
            self.role == Role::District && !is_the_district(self.role, self.party.as_ref(), charters);
        let relation = if unit_of_district { Relation::Party } else { relation };
        if matches!(relation, Relation::Everything | Relation::District) {
            return Scope::Districts(districts);
        }
        let mut who = self.itself(relation);
        if let (Some(party), Relation::Party | Relation::Street) = (&self.party, relation) {
            let in_reach = charters.iter().filter(|charter| districts.contains(&charter.district));
            who.extend(in_reach.flat_map(|charter| units(charter, party, relation)).map(Concern::Party));
        }
        who.sort_unstable();
        who.dedup();
        Scope::Only { districts, who }
    }

    /// Those concerns that are the caller's own, without any charter.
    fn itself(&self, relation: Relation) -> Vec<Concern> {
        let named = || (!self.staff_ref.is_empty()).then(|| Concern::Caller(self.staff_ref.clone()));
        let carried = || self.party.clone().map(Concern::Bridge);
        match relation {
            Relation::Raised => named().into_iter().collect(),
            Relation::Carried => carried().into_iter().collect(),
            // Officials raise cases too, under their own number or in the name of their unit.
            Relation::Party | Relation::Street => {
                named().into_iter().chain(carried()).chain(self.party.clone().map(Concern::Party)).collect()
            }
            Relation::District | Relation::Everything => vec![],
        }
    }
}

/// Whether a token speaks for the district: for its centre, the district by name, or the city above it. A special group
/// has the same role, to call its departments, and speaks for itself.
#[must_use]
pub fn is_the_district(role: Role, party: Option<&Code>, charters: &[&Charter]) -> bool {
    let is_above = |party: &Code| {
        let known = charters.iter().find_map(|charter| charter.party(party.as_str()));
        known.is_some_and(|party| matches!(party.kind, PartyKind::District | PartyKind::City))
    };
    role == Role::District && party.is_none_or(is_above)
}

enum Districts {
    All,
    These(Vec<Code>),
}

/// Whether a unit or a bridge is one of a charter's.
fn knows(charter: &Charter, party: &Code) -> bool {
    charter.party(party.as_str()).is_some() || charter.bridges().iter().any(|bridge| bridge.code == *party)
}

/// The unit, or the street it is in, and all that stand below.
fn units(charter: &Charter, party: &Code, relation: Relation) -> Vec<Code> {
    let street = || charter.street_of(party).map(|street| street.code.clone());
    let top = if relation == Relation::Street { street() } else { Some(party.clone()) };
    let Some(top) = top else { return vec![] };
    let below = |code: &Code| *code == top || charter.ancestors(code).any(|above| above.code == top);
    charter.parties().iter().map(|party| &party.code).filter(|code| below(code)).cloned().collect()
}

fn names_nothing() -> Status {
    Status::permission_denied(
        "the token names neither a unit that a charter knows nor a district; ask your operator for one that does",
    )
}

#[cfg(test)]
mod tests;
