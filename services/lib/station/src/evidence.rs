//! What somebody shows for what they say: files that were sent in before, by the hash of their content, and references to what
//! is kept elsewhere, which mean nothing here.

use ids::Code;
use proto::dispatch::v1::dispatch_event::Event as Dispatched;
use proto::intake::v1::EvidenceCheck;
use proto::intake::v1::intake_event::Event as Taken;
use proto::record::v1::Event;
use proto::record::v1::event::Of;
use record::StoredCommit;
use record::evidence::Evidence;
use tonic::Status;
use vocabulary::reference::number_free;

use crate::{Violation, broker_status};

/// What the id of a file begins with; the hash of its content stands behind it.
pub const HASHED: &str = "sha256:";
/// Hexadecimal digits of a hash.
const HASH_DIGITS: usize = 64;
/// References with one fact.
const REFERENCES_MAX: usize = 20;
/// Characters of a reference: a digest or the name of an object.
const REFERENCE_LENGTH_MAX: usize = 200;

/// # Errors
/// Too many, too long, empty, with other characters than printable ASCII, or the number of a person.
pub fn evidence(references: &[String]) -> Result<Vec<String>, Violation> {
    if references.len() > REFERENCES_MAX {
        return Err(Violation::new("evidence", "list-length", format!("at most {REFERENCES_MAX} fit")));
    }
    let is_opaque = |reference: &&String| {
        (1..=REFERENCE_LENGTH_MAX).contains(&reference.len()) && reference.bytes().all(|byte| byte.is_ascii_graphic())
    };
    match references.iter().find(|reference| !is_opaque(reference)) {
        None => match references.iter().find_map(|reference| number_free(reference).err()) {
            None => Ok(references.to_vec()),
            Some(wrong) => Err(Violation::new("evidence", "opaque-reference", wrong.to_string())),
        },
        Some(_) => {
            let description =
                format!("a reference has 1 to {REFERENCE_LENGTH_MAX} printable ASCII characters, no blanks");
            Err(Violation::new("evidence", "reference", description))
        }
    }
}

/// The hash of a file that was sent in; nothing, of what is kept elsewhere.
#[must_use]
pub fn hash_of(reference: &str) -> Option<&str> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    reference.strip_prefix(HASHED).filter(|hash| hash.len() == HASH_DIGITS && hash.bytes().all(is_digit))
}

/// The files among these stay from now on. It comes before what names them is recorded, so that nothing is named that may
/// still be deleted.
///
/// # Errors
/// INVALID_ARGUMENT for one that is not there; UNAVAILABLE.
pub async fn name_evidence(known: &Evidence, district: &Code, references: &[String]) -> Result<(), Status> {
    for reference in references {
        let Some(hash) = hash_of(reference) else { continue };
        let refuse = |rule, description: String| Err(Violation::new("evidence", rule, description).into());
        match known.name(district, hash).await.map_err(|error| broker_status(&error))? {
            None => {
                let said = "is no file of this district: send it in, and name the id that is answered within a day";
                return refuse("known-evidence", format!("{reference} {said}"));
            }
            Some(file) if file.about.as_ref().is_some_and(|about| about.check() == EvidenceCheck::Refused) => {
                return refuse("malware", format!("in {reference} the scanner found something"));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Everything that is shown on a case, once, in the order in which it was named.
#[must_use]
pub fn shown_in(commits: &[StoredCommit]) -> Vec<String> {
    let mut shown: Vec<String> = Vec::new();
    let events = commits.iter().flat_map(|stored| &stored.commit.decisions).flat_map(|decision| &decision.events);
    for reference in events.flat_map(shown_with) {
        if !shown.contains(reference) {
            shown.push(reference.clone());
        }
    }
    shown
}

/// What somebody showed with one fact.
#[must_use]
pub fn shown_with(event: &Event) -> &[String] {
    match &event.of {
        Some(Of::Intake(fact)) => match fact.event.as_ref() {
            Some(Taken::Received(fact)) => &fact.evidence,
            Some(Taken::Supplemented(fact)) => &fact.evidence,
            Some(_) | None => &[],
        },
        Some(Of::Dispatch(fact)) => match fact.event.as_ref() {
            Some(Dispatched::Progressed(fact)) => &fact.evidence,
            Some(Dispatched::TaskDone(fact)) => &fact.evidence,
            Some(Dispatched::PartyDone(fact)) => &fact.evidence,
            Some(Dispatched::Resolved(fact)) => &fact.evidence,
            Some(_) | None => &[],
        },
        Some(Of::Triage(_) | Of::EnforcementCenter(_) | Of::Evaluation(_) | Of::Notification(_) | Of::Powers(_))
        | None => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_is_a_reference_and_never_a_sentence() {
        assert!(evidence(&["sha256:77d6".to_owned(), "evidence/2026/11/lamp.jpg".to_owned()]).is_ok());
        for wrong in ["", "a photograph", "照片", &"x".repeat(201)] {
            assert_eq!(evidence(&[wrong.to_owned()]).unwrap_err().rule, "reference", "{wrong:?}");
        }
        for number in ["tel:13800138000", "id?n=420106199003071234", "photos/13800138000.jpg"] {
            assert_eq!(evidence(&[number.to_owned()]).unwrap_err().rule, "opaque-reference", "{number:?}");
        }
        assert_eq!(evidence(&vec!["x".to_owned(); 21]).unwrap_err().rule, "list-length");
    }

    #[test]
    fn a_file_is_known_by_a_whole_hash_and_anything_else_is_kept_elsewhere() {
        let hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        assert_eq!(hash_of(&format!("sha256:{hash}")), Some(hash));
        for elsewhere in ["sha256:77d6", hash, "lamp.jpg", "SHA256:", &format!("sha256:{}", hash.to_uppercase())] {
            assert_eq!(hash_of(elsewhere), None, "{elsewhere}");
        }
    }
}
