use chassis::Identity;
use ids::Code;
use proto::common::v1::Role;
use proto::record::v1::Actor;
use tonic::Status;

use crate::prose::optional_staff_ref;

/// Who asks, as the token says: already checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    pub role: Role,
    /// Empty for callers and operators.
    pub party: Option<Code>,
    /// Empty: that of the party, by the charters; for operators every district.
    pub district: Option<Code>,
    pub staff_ref: String,
}

impl Caller {
    /// # Errors
    /// UNAUTHENTICATED without a token; PERMISSION_DENIED when its claims make no sense.
    pub fn of<T>(request: &tonic::Request<T>) -> Result<Self, Status> {
        Self::from_identity(chassis::identity(request)?)
    }

    /// # Errors
    /// PERMISSION_DENIED when the claims make no sense.
    pub fn from_identity(identity: &Identity) -> Result<Self, Status> {
        let role = role_from_name(&identity.role)
            .ok_or_else(|| Status::permission_denied(format!("the token's role {:?} is not known", identity.role)))?;
        let code = |text: &str| -> Result<Option<Code>, Status> {
            if text.is_empty() {
                return Ok(None);
            }
            text.parse().map(Some).map_err(|error| Status::permission_denied(format!("in the token: {error}")))
        };
        let staff_ref = optional_staff_ref("staff_ref", &identity.staff_ref).map_err(|wrong| {
            Status::permission_denied(format!("in the token: {}: {}", wrong.field, wrong.description))
        })?;
        Ok(Self { role, party: code(&identity.party)?, district: code(&identity.district)?, staff_ref })
    }

    /// Whether all that is known of them is the receipt of one case.
    #[must_use]
    pub fn shows_receipt(&self) -> bool {
        self.role == Role::Caller && self.staff_ref.starts_with(vocabulary::reference::RECEIPT)
    }

    /// The platform itself.
    #[must_use]
    pub fn system() -> Self {
        Self { role: Role::System, party: None, district: None, staff_ref: String::new() }
    }

    /// A party known by the account it connects with (I6), whatever its message claims.
    #[must_use]
    pub fn party(role: Role, party: Code) -> Self {
        Self { role, party: Some(party), district: None, staff_ref: String::new() }
    }

    /// # Errors
    /// PERMISSION_DENIED, naming the roles that may.
    pub fn require(&self, roles: &[Role]) -> Result<(), Status> {
        if roles.contains(&self.role) {
            return Ok(());
        }
        let may: Vec<&str> = roles.iter().map(|role| role_name(*role)).collect();
        Err(Status::permission_denied(format!("{} may not do this; it takes {}", one_of(self.role), may.join(" or "))))
    }

    /// # Errors
    /// PERMISSION_DENIED for another district's cases.
    pub fn require_district(&self, district: &Code) -> Result<(), Status> {
        match &self.district {
            Some(own) if own != district => {
                Err(Status::permission_denied(format!("the token is for district {own}, not {district}")))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The party, where one is needed.
    ///
    /// # Errors
    /// PERMISSION_DENIED when the token names none.
    pub fn acting_party(&self) -> Result<&Code, Status> {
        self.party.as_ref().ok_or_else(|| Status::permission_denied("the token names no party to act for"))
    }

    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor {
            role: self.role.into(),
            party: self.party.as_ref().map(ToString::to_string).unwrap_or_default(),
            staff_ref: self.staff_ref.clone(),
        }
    }
}

const ROLES: [(Role, &str); 11] = [
    (Role::Bridge, "bridge"),
    (Role::Caller, "caller"),
    (Role::Grid, "grid"),
    (Role::Community, "community"),
    (Role::Street, "street"),
    (Role::EnforcementCenter, "enforcement-center"),
    (Role::Department, "department"),
    (Role::District, "district"),
    (Role::Operator, "operator"),
    (Role::System, "system"),
    (Role::Auditor, "auditor"),
];

fn role_from_name(name: &str) -> Option<Role> {
    // Nobody gets a token that speaks for the platform itself.
    ROLES.into_iter().find(|(role, known)| *known == name && *role != Role::System).map(|(role, _)| role)
}

/// Anybody of a role, in a sentence.
pub(crate) fn one_of(role: Role) -> String {
    let name = role_name(role);
    let article = if name.starts_with(['a', 'e', 'o']) { "an" } else { "a" };
    format!("{article} {name}")
}

/// As tokens write it.
#[must_use]
pub fn role_name(role: Role) -> &'static str {
    ROLES.into_iter().find(|(known, _)| *known == role).map_or("stranger", |(_, name)| name)
}
