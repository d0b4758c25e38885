use std::fmt;
use std::sync::Arc;

use charter::Charter;

/// The charter in force when something is asked, as a value: two are equal when they are the same version.
#[derive(Clone)]
pub struct InForce(pub Arc<Charter>);

impl PartialEq for InForce {
    fn eq(&self, other: &Self) -> bool {
        (&self.0.district, &self.0.version) == (&other.0.district, &other.0.version)
    }
}

impl fmt::Debug for InForce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0.district, self.0.version)
    }
}
