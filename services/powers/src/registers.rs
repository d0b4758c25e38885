//! Numbers for letters on personnel, in the register of their district and year.
//!
//! A letter is on the record first and gets its number after, by whoever follows its commit: so no number is drawn for a
//! letter that is not there, and the same letter finds the same number however often it is followed.

use std::sync::Arc;

use charter::Charter;
use ids::{Code, HistoryKey, Kind};
use proto::record::v1::{Cause, cause};
use proto::subjects::CommitSubject;
use record::Request;
use record::follow::Failure;
use station::{Caller, Desk};

use crate::domain::letters::{Command, Refusal, Rules};

/// Pages of one year: far more letters than a district writes, and an end to looking for them.
const PAGES_MAX: u32 = 100;

#[derive(Clone)]
pub struct Registers {
    desk: Arc<Desk<Rules>>,
}

impl Registers {
    pub fn new(desk: Desk<Rules>) -> Self {
        Self { desk: Arc::new(desk) }
    }

    /// The number of a letter; one that has none gets the next.
    ///
    /// # Errors
    /// Transient: the record is out of reach. Permanent: the register of that year is full.
    pub async fn number(
        &self,
        charter: &Charter,
        year: i16,
        letter: &Code,
        about: &CommitSubject,
    ) -> Result<u32, Failure> {
        for page in 0..PAGES_MAX {
            let key = HistoryKey {
                kind: Kind::Register,
                district: charter.district.clone(),
                id: format!("personnel-{year}-{page}"),
            };
            // What this process knows is enough where it knows the number: numbers do not change.
            let known = self.desk.glance_to_follow(&key).await?;
            if let Some(number) = known.numbers.get(letter) {
                return Ok(*number);
            }
            let request = Request {
                command: Command::Register { letter: letter.clone(), page },
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
                    let registered = now.numbers.get(letter).copied();
                    return registered
                        .ok_or_else(|| Failure::permanent(format!("{key} took a letter and has no number for it")));
                }
                Err(refused) => match refused.rule_or_failure()? {
                    Refusal::Full => {}
                },
            }
        }
        Err(Failure::permanent(format!("there are more letters in {year} than its register holds")))
    }
}
