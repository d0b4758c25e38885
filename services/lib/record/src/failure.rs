//! Why something followed was not handled, and so what becomes of it.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use crate::error::BrokerError;

/// Why a handler could not do its work.
#[derive(Debug)]
pub enum Failure {
    /// It may work later.
    Transient(Box<dyn Error + Send + Sync>),
    /// It may work after so long, and there is no use in trying before.
    Later(Box<dyn Error + Send + Sync>, Duration),
    /// It will never work.
    Permanent(Box<dyn Error + Send + Sync>),
    /// It will work in a version that knows what was written.
    Newer(Box<dyn Error + Send + Sync>),
}

impl Failure {
    pub fn transient(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Transient(error.into())
    }

    pub fn permanent(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Permanent(error.into())
    }
}

impl Failure {
    /// For whoever was told by it and follows nothing.
    #[must_use]
    pub fn into_error(self) -> Box<dyn Error + Send + Sync> {
        match self {
            Self::Transient(error) | Self::Later(error, _) | Self::Permanent(error) | Self::Newer(error) => error,
        }
    }
}

impl From<BrokerError> for Failure {
    fn from(error: BrokerError) -> Self {
        Arc::new(error).into()
    }
}

impl From<Arc<BrokerError>> for Failure {
    fn from(error: Arc<BrokerError>) -> Self {
        if let BrokerError::Newer { .. } = *error {
            Self::Newer(error.into())
        } else if error.is_transient() {
            Self::transient(error)
        } else {
            Self::permanent(error)
        }
    }
}
