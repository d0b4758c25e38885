//! Numbers for the documents of an operation, in the register of the centre and the year they were made in.
//!
//! A document is on the record first and gets its number after: by whoever follows its commit, or by whoever asks for it
//! earlier. Both find the same number, because a page of the register is decided on like everything else (D12).

use std::sync::Arc;

use charter::Charter;
use ids::{Code, HistoryKey, Kind, Owner, Revision};
use proto::record::v1::{Cause, cause};
use proto::subjects::CommitSubject;
use record::Request;
use record::follow::Failure;
use station::{Caller, Desk};

use crate::documents::{self, Numbers};
use crate::domain::operation::Operation;
use crate::domain::register::{Command, Paper, Refusal, Rules};

/// Pages of one year: far more documents than a street writes, and an end to looking for them.
const PAGES_MAX: u32 = 100;

#[derive(Clone)]
pub struct Registers {
    desk: Arc<Desk<Rules>>,
}

impl Registers {
    pub fn new(desk: Desk<Rules>) -> Self {
        Self { desk: Arc::new(desk) }
    }

    /// The numbers of all documents of an operation, in the order they were made; whatever has none gets one. A record that
    /// does not say when a document was made has none for it.
    ///
    /// # Errors
    /// Transient: the record is out of reach. Permanent: the registers of that year are full.
    pub async fn enter(
        &self,
        charter: &Charter,
        case: &HistoryKey,
        revision: Revision,
        operation: &Operation,
    ) -> Result<Numbers, Failure> {
        let about = CommitSubject { key: case.clone(), owner: Owner::EnforcementCenter, revision };
        let mut numbers = Numbers::new();
        for (document, centre) in &operation.documents {
            let Some(at) = documents::made_at(operation, *document) else { continue };
            let year = charter.time_zone.to_datetime(at).year();
            let name = documents::name(*document);
            let paper = Paper { case: case.id.clone(), document: name.clone() };
            let number = self.number(charter, centre, year, &paper, &about).await?;
            numbers.insert(name, (year, number));
        }
        Ok(numbers)
    }

    async fn number(
        &self,
        charter: &Charter,
        centre: &Code,
        year: i16,
        paper: &Paper,
        about: &CommitSubject,
    ) -> Result<u32, Failure> {
        for page in 0..PAGES_MAX {
            let key = HistoryKey {
                kind: Kind::Register,
                district: charter.district.clone(),
                id: format!("{centre}-{year}-{page}"),
            };
            // What this process knows is enough where it knows the number: numbers do not change.
            let known = self.desk.glance_to_follow(&key).await?;
            if let Some(number) = known.numbers.get(paper) {
                return Ok(*number);
            }
            let request = Request {
                command: Command::Number { paper: paper.clone(), page },
                cause: Cause { kind: Some(cause::Kind::Commit(about.to_string())) },
                actor: Caller::system().actor(),
                command_id: None,
                content_digest: Vec::new(),
                charter_version: charter.version.clone(),
                at: self.desk.station.now(),
            };
            match self.desk.offer(&key, request).await {
                Ok(_) => {
                    let now = self.desk.read_to_follow(&key).await?.state;
                    let entered = now.numbers.get(paper).copied();
                    return entered
                        .ok_or_else(|| Failure::permanent(format!("{key} took a document and has no number for it")));
                }
                Err(refused) => match refused.rule_or_failure()? {
                    Refusal::Full => {}
                },
            }
        }
        Err(Failure::permanent(format!("{centre} has more documents in {year} than its registers hold")))
    }
}
