//! What a webhook is signed with, and how: `HMAC-SHA-256(secret, "<id>.<timestamp>.<body>")` in base64 behind `v1,`.

use std::fmt;
use std::path::Path;

use anyhow::Context;
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use rand::RngExt;
use sha2::Sha256;

/// Before the key in base64, as every library of the scheme reads it.
const PREFIX: &str = "whsec_";
/// Version of the signature before each one.
const VERSION: &str = "v1,";
/// Length of a key in bytes, as the scheme recommends.
const KEY_BYTES_MIN: usize = 24;
const KEY_BYTES_MAX: usize = 64;
/// Of one that is made here.
const KEY_BYTES: usize = 32;
/// Secrets in force at once: the new one and the one before, while the receiver changes over.
const SECRETS_MAX: usize = 2;

/// One key. It never shows itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What is no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSecret {
    #[error("a secret begins with {PREFIX}, then the key in base64")]
    NoPrefix,
    #[error("what follows {PREFIX} is not base64 with its padding (=)")]
    NotBase64,
    #[error("the key is {0} bytes long; it needs {KEY_BYTES_MIN} to {KEY_BYTES_MAX}")]
    Length(usize),
    #[error("there is no secret in it; `huying webhook secret` makes one")]
    None,
    #[error("there are {0} secrets in it; at most {SECRETS_MAX} are in force at once, the new one and the one before")]
    TooMany(usize),
}

impl Secret {
    /// As it is handed over: `whsec_` and the key in base64, always padded.
    ///
    /// # Errors
    /// It is none.
    pub fn read(text: &str) -> Result<Self, BadSecret> {
        let encoded = text.trim().strip_prefix(PREFIX).ok_or(BadSecret::NoPrefix)?;
        let key = BASE64.decode(encoded.as_bytes()).map_err(|_| BadSecret::NotBase64)?;
        if (KEY_BYTES_MIN..=KEY_BYTES_MAX).contains(&key.len()) {
            Ok(Self(key))
        } else {
            Err(BadSecret::Length(key.len()))
        }
    }

    /// A new one.
    #[must_use]
    pub fn generate() -> Self {
        let mut key = vec![0; KEY_BYTES];
        rand::rng().fill(key.as_mut_slice());
        Self(key)
    }

    /// As it is handed to a receiver.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}", BASE64.encode(&self.0))
    }

    fn sign(&self, id: &str, timestamp_s: i64, body: &[u8]) -> String {
        #[allow(clippy::unwrap_used, reason = "HMAC takes a key of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).unwrap();
        mac.update(format!("{id}.{timestamp_s}.").as_bytes());
        mac.update(body);
        format!("{VERSION}{}", BASE64.encode(&mac.finalize().into_bytes()))
    }
}

/// The secrets of one receiver, the newest first. All of them sign, so that a receiver changes from one to the next when it
/// likes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secrets(Vec<Secret>);

impl Secrets {
    /// # Errors
    /// There is none, there are too many, or one is none.
    pub fn read<'t>(texts: impl IntoIterator<Item = &'t str>) -> Result<Self, BadSecret> {
        let secrets = texts.into_iter().map(Secret::read).collect::<Result<Vec<_>, _>>()?;
        match secrets.len() {
            0 => Err(BadSecret::None),
            1..=SECRETS_MAX => Ok(Self(secrets)),
            more => Err(BadSecret::TooMany(more)),
        }
    }

    /// From a file: one on each line.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn of_lines(text: &str) -> Result<Self, BadSecret> {
        Self::read(text.lines().map(str::trim).filter(|line| !line.is_empty()))
    }

    /// From a file.
    ///
    /// # Errors
    /// It cannot be read, or as [`read`](Self::read); the text names the file.
    pub fn of_file(file: &Path) -> anyhow::Result<Self> {
        let shown = file.display();
        let text = std::fs::read_to_string(file).with_context(|| format!("{shown} cannot be read"))?;
        Self::of_lines(&text).with_context(|| shown.to_string())
    }

    /// Value of the header `webhook-signature`.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp_s: i64, body: &[u8]) -> String {
        self.0.iter().map(|secret| secret.sign(id, timestamp_s, body)).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the scheme's own specification.
    const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn it_signs_as_the_scheme_says() {
        let secrets = Secrets::of_lines(KEY).unwrap();
        let signed = secrets.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn while_a_receiver_changes_over_both_secrets_sign() {
        let (new, old) = (Secret::generate(), Secret::read(KEY).unwrap());
        let both = Secrets::of_lines(&format!("{}\n\n {KEY} \n", new.reveal())).unwrap().sign("id", 1, b"{}");
        assert_eq!(both, format!("{} {}", new.sign("id", 1, b"{}"), old.sign("id", 1, b"{}")));
        let three = format!("{KEY}\n{KEY}\n{KEY}");
        assert_eq!(Secrets::of_lines(&three), Err(BadSecret::TooMany(3)));
    }

    #[test]
    fn what_libraries_disagree_about_is_no_secret_here() {
        assert_eq!(Secret::read(&Secret::generate().reveal()).map(|secret| secret.0.len()), Ok(KEY_BYTES));
        for (text, why) in [
            ("", BadSecret::NoPrefix),
            ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", BadSecret::NoPrefix),
            // 25 bytes, without the padding that some libraries need.
            ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAA", BadSecret::NotBase64),
            ("whsec_MfKQ9r8GKYqrTwjUPD8=", BadSecret::Length(14)),
        ] {
            assert_eq!(Secret::read(text).unwrap_err(), why, "{text}");
        }
        assert_eq!(Secrets::of_lines(" \n").unwrap_err(), BadSecret::None);
    }
}
