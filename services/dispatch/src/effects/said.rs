//! What was said of a case, for those who are called: during a cut an officer has nothing else to know it from.
//!
//! Dispatch keeps no text of a case, because it decides nothing by it. It is read where intake recorded it, once for all
//! orders of a commit.

use ids::{Owner, Revision};
use proto::dispatch::v1::order::Order;
use proto::intake::v1::intake_event::Event as Fact;
use proto::subjects::CommitSubject;
use record::follow::Failure;
use record::{BrokerError, StoredCommit};
use station::Station;

/// What was added to a case, of which an order carries the newest, in bytes: beside a text of at most 80 KiB it leaves as much
/// free of what an order may have (256 KiB).
const SUPPLEMENTS_BYTES_MAX: usize = 64 * 1024;

/// Masked, as it is on the record.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    text: String,
    supplements: Vec<String>,
}

/// Of the case of a commit; nothing once it is filed, when nobody is called any more.
pub(super) async fn of(stored: &StoredCommit, station: &Station) -> Result<Said, Failure> {
    let key = &stored.subject.key;
    let commits = match station.broker.load_owner(key, Owner::Intake).await {
        Ok(commits) => commits,
        Err(BrokerError::Filed { .. }) => return Ok(Said::default()),
        Err(error) => return Err(error.into()),
    };
    let received = CommitSubject { key: key.clone(), owner: Owner::Intake, revision: Revision::NONE.next() };
    // It lies before the commit in the stream: a replica that does not show it lags.
    if commits.is_empty() && station.broker.is_stored(&received).await? {
        return Err(Failure::transient(format!("a replica that lags was read: {received} is on the record")));
    }
    Ok(said_in(&commits))
}

fn said_in(commits: &[StoredCommit]) -> Said {
    let mut said = Said::default();
    for fact in commits.iter().flat_map(|stored| stored.commit.intake_facts()) {
        if let Fact::Received(received) = fact {
            said.text.clone_from(&received.text);
        } else if let Fact::Supplemented(added) = fact {
            said.supplements.push(added.text.clone());
        }
    }
    said.supplements = newest(said.supplements);
    said
}

fn newest(mut supplements: Vec<String>) -> Vec<String> {
    let mut room = SUPPLEMENTS_BYTES_MAX;
    let fitting = supplements.iter().rev().map_while(|added| {
        room = room.checked_sub(added.len())?;
        Some(())
    });
    let left_out = supplements.len() - fitting.count();
    supplements.drain(..left_out);
    supplements
}

impl Said {
    /// Only a call says what the case is about; whatever comes after it belongs to one.
    pub(super) fn put_into(&self, order: &mut Order) {
        if let Order::Call(call) = order {
            call.text.clone_from(&self.text);
            call.supplements.clone_from(&self.supplements);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_was_added_the_newest_go_along_in_the_order_in_which_they_came() {
        let long = |letter: &str| letter.repeat(SUPPLEMENTS_BYTES_MAX / 2);
        assert_eq!(newest(vec![long("a"), long("b"), long("c")]), [long("b"), long("c")]);
        assert_eq!(
            newest(vec!["a".to_owned(), long("b"), long("c")]),
            [long("b"), long("c")],
            "none is left out in between"
        );
        assert_eq!(newest(vec![long("a"), long("b").repeat(3)]), [""; 0]);
    }
}
