//! What a commit changes in the copy: everything at once, with the position it stands at.

use ids::Kind;
use record::{Keeper, StoredCommit};
use rusqlite::Connection;

use crate::cases;
use crate::copy::{self, CopyError};
use crate::{callbacks, league, officers, queue};

/// Keeps the copy, on the one connection that writes it.
pub struct Keeping {
    connection: Connection,
    cases: cases::Keeping,
}

impl Keeping {
    pub fn new(connection: Connection) -> Self {
        Self { connection, cases: cases::Keeping::default() }
    }
}

impl Keeper for Keeping {
    type Error = CopyError;

    fn keep(&mut self, commits: &[StoredCommit]) -> Result<(), CopyError> {
        let Some(last) = commits.last() else { return Ok(()) };
        let transaction = self.connection.transaction()?;
        self.cases.take(&transaction, commits.iter().filter(|stored| stored.subject.key.kind == Kind::Case))?;
        for stored in commits {
            match stored.subject.key.kind {
                Kind::Case => {
                    queue::take(&transaction, stored)?;
                    callbacks::take(&transaction, stored)?;
                    league::take(&transaction, stored)?;
                }
                Kind::Staff => officers::take(&transaction, stored)?,
                Kind::Roster | Kind::Poll | Kind::Register | Kind::Period => {}
            }
        }
        copy::reached(&transaction, last.sequence)?;
        transaction.commit()?;
        Ok(())
    }
}
