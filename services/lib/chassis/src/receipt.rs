//! Receipts: what whoever raised a case holds to show that it is theirs, without an account.
//!
//! A receipt is sent where a token goes, as `authorization: Bearer hyr.<district>.<case>.<secret>`. The secret is 128 bits
//! of a keyed hash of district and case, so it cannot be guessed, is the same whenever it is told again, and is kept
//! nowhere: the record has only the [reference](Receipt::reference) that its hash makes. Whoever checks one needs no key,
//! only the case.

use std::path::Path;

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::identity::Identity;
use crate::key_file::key_file;

/// What every receipt begins with; no token of ours does.
const PREFIX: &str = "hyr.";

/// Bytes of the secret, and of the hash by which the record knows it: 128 bits.
const SECRET_BYTES: usize = 16;

/// What references that receipts make begin with. Nobody may send one of their own that does.
pub const REFERENCE_PREFIX: &str = "receipt:";

/// Makes receipts. Whoever makes or tells them holds it: intake and notification.
#[derive(Clone)]
pub struct ReceiptKey(Vec<u8>);

impl std::fmt::Debug for ReceiptKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReceiptKey(not shown)")
    }
}

impl ReceiptKey {
    /// Reads the key from a file.
    ///
    /// # Errors
    /// As [`key_file`].
    pub fn from_file(path: &Path) -> anyhow::Result<Self> {
        Ok(Self(key_file(path)?))
    }

    /// The receipt of a case: the same whenever it is asked for.
    #[must_use]
    pub fn receipt(&self, district: &str, case_id: &str) -> Receipt {
        #[allow(clippy::unwrap_used, reason = "HMAC takes a key of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).unwrap();
        for part in ["receipt", district, case_id] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        let secret = BASE32_NOPAD.encode(&mac.finalize().into_bytes()[..SECRET_BYTES]).to_ascii_lowercase();
        Receipt { district: district.to_owned(), case_id: case_id.to_owned(), secret }
    }
}

/// One receipt. Its `Debug` does not show the secret; [`Receipt::token`] does.
#[derive(Clone, PartialEq, Eq)]
pub struct Receipt {
    pub district: String,
    pub case_id: String,
    secret: String,
}

impl std::fmt::Debug for Receipt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Receipt({}, {}, secret not shown)", self.district, self.case_id)
    }
}

impl Receipt {
    /// Whether a token is to be one.
    pub(crate) fn is_meant(token: &str) -> bool {
        token.starts_with(PREFIX)
    }

    /// Reads what [`Self::token`] wrote. None: it has another form. Whether it is the case's own, only the case tells.
    #[must_use]
    pub fn parse(token: &str) -> Option<Self> {
        let mut parts = token.strip_prefix(PREFIX)?.split('.');
        let (district, case_id, secret) = (parts.next()?, parts.next()?, parts.next()?);
        let is_secret =
            BASE32_NOPAD.decode(secret.to_ascii_uppercase().as_bytes()).is_ok_and(|bytes| bytes.len() == SECRET_BYTES);
        let whole = parts.next().is_none() && !district.is_empty() && !case_id.is_empty() && is_secret;
        whole.then(|| Self {
            district: district.to_owned(),
            case_id: case_id.to_owned(),
            secret: secret.to_ascii_lowercase(),
        })
    }

    /// As it is handed out and sent: `hyr.<district>.<case>.<secret>`, in letters, digits, points and hyphens.
    #[must_use]
    pub fn token(&self) -> String {
        format!("{PREFIX}{}.{}.{}", self.district, self.case_id, self.secret)
    }

    /// By what the record knows it: `receipt:` and 32 hexadecimal digits. The secret does not follow from it.
    #[must_use]
    pub fn reference(&self) -> String {
        let hash = Sha256::digest(self.secret.as_bytes());
        format!("{REFERENCE_PREFIX}{}", data_encoding::HEXLOWER.encode(&hash[..SECRET_BYTES]))
    }

    /// Who shows it: a caller, known by the receipt alone.
    pub(crate) fn identity(&self) -> Identity {
        Identity {
            role: "caller".to_owned(),
            party: String::new(),
            district: self.district.clone(),
            staff_ref: self.reference(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> ReceiptKey {
        ReceiptKey(vec![byte; crate::key_file::KEY_BYTES_MIN])
    }

    #[test]
    fn a_receipt_is_its_cases_alone_and_the_same_whenever_it_is_told() {
        let receipt = key(1).receipt("wuchang", "261121-7k3q9xf");
        assert_eq!(Receipt::parse(&receipt.token()), Some(receipt.clone()));
        assert_eq!(Receipt::parse(&receipt.token()).map(|it| it.reference()), Some(receipt.reference()));
        assert_eq!(key(1).receipt("wuchang", "261121-7k3q9xf"), receipt);
        let others = [
            key(2).receipt("wuchang", "261121-7k3q9xf"),
            key(1).receipt("heping", "261121-7k3q9xf"),
            key(1).receipt("wuchang", "261121-7k3q9xg"),
        ];
        assert!(others.iter().all(|other| other.reference() != receipt.reference()));
        assert!(!receipt.reference().contains(&receipt.secret) && !format!("{receipt:?}").contains(&receipt.secret));
    }

    #[test]
    fn what_has_another_form_is_no_receipt() {
        let good = key(1).receipt("wuchang", "261121-7k3q9xf").token();
        for bad in [
            "",
            "hyr.",
            "hyr.wuchang.261121-7k3q9xf.",
            &good[4..],
            &format!("{good}a"),
            &format!("{good}.a"),
            &good[..good.len() - 1],
        ] {
            assert_eq!(Receipt::parse(bad), None, "{bad}");
        }
    }
}
