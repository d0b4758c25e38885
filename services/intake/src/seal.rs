//! How what is kept of people is sealed: with a key per person, which is itself sealed with the key of the vault. Whoever has the
//! broker's disks and not the key of the vault reads nothing; and once a person's key is gone, nobody does, whatever copies
//! there are of the rest.

use std::path::Path;

use chassis::key_file;
use hmac::{Hmac, KeyInit, Mac};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::Sha256;

/// Bytes of a key of ChaCha20-Poly1305.
const KEY_BYTES: usize = 32;

/// Seals and opens.
pub struct Seal(LessSafeKey);

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal(key not shown)")
    }
}

impl Seal {
    /// The seal of the vault, from its key file.
    ///
    /// # Errors
    /// As [`key_file`].
    pub fn from_file(path: &Path) -> anyhow::Result<Self> {
        #[allow(clippy::unwrap_used, reason = "HMAC takes a key of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&key_file(path)?).unwrap();
        mac.update(b"huying vault");
        Ok(Self::of(&mac.finalize().into_bytes().into()))
    }

    /// A new seal, and its key as this one seals it for `name`.
    pub fn draw(&self, name: &str) -> (Self, Vec<u8>) {
        let key: [u8; KEY_BYTES] = rand::random();
        (Self::of(&key), self.close(name, &key))
    }

    /// The seal whose key this one sealed for `name`; none: it did not.
    pub fn within(&self, name: &str, sealed: &[u8]) -> Option<Self> {
        let key: [u8; KEY_BYTES] = self.open(name, sealed)?.try_into().ok()?;
        Some(Self::of(&key))
    }

    fn of(key: &[u8; KEY_BYTES]) -> Self {
        #[allow(clippy::unwrap_used, reason = "the key has the algorithm's length")]
        Self(LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key).unwrap()))
    }

    /// The nonce, and what it and the key make of `plain`. It opens under the same name and no other.
    pub fn close(&self, name: &str, plain: &[u8]) -> Vec<u8> {
        // At 96 random bits a key would have to seal four thousand million times before one comes twice.
        let nonce: [u8; NONCE_LEN] = rand::random();
        let mut sealed = plain.to_vec();
        #[allow(clippy::unwrap_used, reason = "a contact is shorter than 256 GiB")]
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(name.as_bytes()), &mut sealed)
            .unwrap();
        [nonce.as_slice(), &sealed].concat()
    }

    /// None: it was sealed with another key, or for another name, or somebody changed it.
    pub fn open(&self, name: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut opened = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = self.0.open_in_place(nonce, Aad::from(name.as_bytes()), &mut opened).ok()?.len();
        opened.truncate(length);
        Some(opened)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_its_key_under_its_name_and_unchanged() {
        let (vault, other) = (Seal::of(&[7; KEY_BYTES]), Seal::of(&[8; KEY_BYTES]));
        let (own, key) = vault.draw("one");
        let sealed = own.close("one", "张三 13800138000".as_bytes());
        assert!(!sealed.windows(11).any(|window| window == b"13800138000"));
        let found = vault.within("one", &key).unwrap();
        assert_eq!(found.open("one", &sealed).unwrap(), "张三 13800138000".as_bytes());
        assert!(found.open("two", &sealed).is_none() && vault.within("two", &key).is_none());
        assert!(other.within("one", &key).is_none());
        for position in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[position] ^= 1;
            assert!(found.open("one", &changed).is_none(), "byte {position}");
        }
        assert_ne!(own.close("one", b"same"), own.close("one", b"same"), "twice the same is not seen to be the same");
    }
}
