//! Every commit of one case, wherever it lies: on the record, or once it is filed in the archive.

use archive::{Shelf, ShelfError};
use async_recursion::async_recursion as boxed;
use ids::HistoryKey;
use pbjson_types::Timestamp;
use record::{BrokerError, StoredCommit, chain};
use tonic::Status;

use crate::{Station, broker_status};

/// A case as it was recorded.
#[derive(Clone, Debug)]
pub struct History {
    pub commits: Vec<StoredCommit>,
    /// When it was filed, if it is.
    pub filed_at: Option<Timestamp>,
}

impl History {
    /// # Errors
    /// UNAVAILABLE when the record or the archive is out of reach; INTERNAL when the archive is damaged (HY-008).
    #[boxed]
    pub async fn of(station: &Station, shelf: &Shelf, key: &HistoryKey) -> Result<Self, Status> {
        match station.broker.load(key).await {
            Ok(commits) => Ok(Self { commits, filed_at: None }),
            Err(BrokerError::Filed { .. }) => {
                let filed = station.broker.filed(key).await.map_err(|error| broker_status(&error))?;
                let Some(filed) = filed else { return Err(Status::unavailable("it is being filed; ask again")) };
                let case = shelf.case(&filed).await.map_err(|error| unreadable(&error))?;
                Ok(Self { commits: case.commits, filed_at: filed.filed.filed_at })
            }
            Err(error) => Err(broker_status(&error)),
        }
    }
}

fn unreadable(error: &ShelfError) -> Status {
    match error {
        ShelfError::Broker(error) => broker_status(error),
        ShelfError::Damaged(_) => {
            tracing::error!(error = chain(error), "a filed case cannot be read (HY-008)");
            Status::internal("the archive is damaged here; it has been logged (HY-008)")
        }
    }
}
