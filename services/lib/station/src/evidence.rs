//! What somebody shows for their work: references to what is kept elsewhere, which mean nothing here.

use vocabulary::reference::number_free;

use crate::Violation;

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
}
