//! What stands on the record, and what it changes in the copy: everything at once, with the position it stands at.

use std::collections::HashSet;

use archive::ShelfError;
use ids::{HistoryKey, Kind};
use record::{Entry, Keeper, StoredCommit, StoredFiled};
use rusqlite::{Connection, Transaction};

use crate::cases::{self, Happening};
use crate::copy::{self, CopyError};
use crate::{callbacks, league, officers, open, powers, publications, queue};

/// Reads a filed case, in a thread that may block.
pub type Unfile = Box<dyn Fn(&StoredFiled) -> Result<Vec<StoredCommit>, ShelfError> + Send>;

/// Keeps the copy, on the one connection that writes it.
pub struct Keeping {
    connection: Connection,
    unfile: Unfile,
    cases: cases::Keeping,
}

impl Keeping {
    pub fn new(connection: Connection, unfile: Unfile) -> Self {
        Self { connection, unfile, cases: cases::Keeping::default() }
    }
}

impl Keeper for Keeping {
    type Error = CopyError;

    fn keep(&mut self, entries: &[Entry]) -> Result<(), CopyError> {
        let Some(last) = entries.last() else { return Ok(()) };
        let transaction = self.connection.transaction()?;
        let unmet = unmet(&transaction, &self.unfile, entries)?;
        let mut happenings = Vec::with_capacity(entries.len());
        let mut of_archive = unmet.iter();
        for entry in entries {
            match entry {
                Entry::Commit(stored) => happenings.push(Happening::Commit(stored)),
                Entry::Filed(filed) => {
                    let read = of_archive.next().into_iter().flatten();
                    happenings.extend(read.map(Happening::Commit));
                    happenings.push(Happening::Filed(filed));
                }
            }
        }
        self.cases.take(&transaction, &happenings)?;
        for happening in &happenings {
            let Happening::Commit(stored) = happening else { continue };
            match stored.subject.key.kind {
                Kind::Case => {
                    queue::take(&transaction, stored)?;
                    callbacks::take(&transaction, stored)?;
                    league::take(&transaction, stored)?;
                    open::take(&transaction, stored)?;
                }
                Kind::Staff => officers::take(&transaction, stored)?,
                Kind::Period => publications::take(&transaction, stored)?,
                Kind::Consultation | Kind::Suggestion | Kind::Personnel => powers::take(&transaction, stored)?,
                Kind::Roster
                | Kind::Poll
                | Kind::Register
                | Kind::SignOff
                | Kind::Funds
                | Kind::Headcount
                | Kind::Allowance
                | Kind::Person => {}
            }
        }
        copy::reached(&transaction, last.position())?;
        transaction.commit()?;
        Ok(())
    }
}

/// For each tombstone, what was filed, if the copy has never met the case: whoever reads the record from its beginning
/// finds the tombstone alone.
fn unmet(
    transaction: &Transaction<'_>,
    unfile: &Unfile,
    entries: &[Entry],
) -> Result<Vec<Vec<StoredCommit>>, CopyError> {
    let mut here: HashSet<&HistoryKey> = HashSet::new();
    let mut unmet = Vec::new();
    for entry in entries {
        match entry {
            Entry::Commit(stored) => drop(here.insert(&stored.subject.key)),
            Entry::Filed(filed) => {
                let key = filed.subject.key();
                let met =
                    here.contains(&key) || cases::position_of(transaction, key.district.as_str(), &key.id)?.is_some();
                unmet.push(if met { Vec::new() } else { unfile(filed)? });
            }
        }
    }
    Ok(unmet)
}
