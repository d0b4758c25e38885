//! Who is calling: a token signed by whoever runs the installation, and the two halves of the key behind it.
//!
//! Tokens are JWTs signed with Ed25519. The private half ([`Issuer`]) stays with the operator; services hold the public
//! half ([`Verifier`]) only, so a service that is broken into cannot invent identities.
//!
//! Whoever raised a case and has no token shows its [`Receipt`] instead.
//!
//! Expiry is judged against the real time, never against a jumping clock: a token is a secret that may leak, and its
//! life has to end for the thief too. A story that jumps thirteen days ahead must not lock its own actors out either.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode, errors::ErrorKind};
use serde::{Deserialize, Serialize};

use crate::receipt::Receipt;

/// The `iss` claim of every token.
const ISSUER: &str = "huying";

/// Longer ones are not looked at; ours have about 400 bytes.
const TOKEN_BYTES_MAX: usize = 4096;

/// Verified tokens kept, so that a caller pays for the signature once and not on every call. When it is full it is
/// emptied: at one token per caller that is far above what one process meets in a day.
const TOKENS_REMEMBERED_MAX: usize = 4096;

/// Who a token speaks for, and in what capacity. Services decide what that allows.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// What the caller may act as, for example `desk`, `department`, `bridge`, `operator`.
    pub role: String,
    /// The organisation the caller acts for, by code; empty for roles that act for none.
    pub party: String,
    /// The district the caller is confined to; empty: none is named.
    pub district: String,
    /// Which member of staff, or which machine: a reference, never a person's name.
    pub staff_ref: String,
}

/// Why a token was refused. The text goes back to the caller and says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    #[error("the token expired at {at}; ask your operator for a new one")]
    Expired { at: Timestamp },
    #[error("the token was not signed with this installation's key; ask its operator for one")]
    WrongKey,
    #[error(
        "this token was signed by the people of {party}, whose key is good for tokens of role {role} and party {party} alone"
    )]
    NotTheirs { role: String, party: String },
    #[error("the token cannot be read as one of ours ({why}); send it unchanged, as `authorization: Bearer <token>`")]
    Malformed { why: String },
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    /// Carries [`Identity::staff_ref`].
    sub: String,
    iat: i64,
    exp: i64,
    role: String,
    party: String,
    district: String,
}

/// The private half: signs tokens.
pub struct Issuer {
    key: SigningKey,
    signer: EncodingKey,
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Issuer(private key not shown)")
    }
}

impl Issuer {
    /// Draws a new key from the system's randomness.
    pub fn generate() -> Self {
        Self::new(SigningKey::from_bytes(&rand::random()))
    }

    /// Reads a private Ed25519 key, PEM of PKCS#8, as `openssl genpkey -algorithm ed25519` writes it.
    ///
    /// # Errors
    /// If `pem` is anything else.
    pub fn from_pem(pem: &str) -> anyhow::Result<Self> {
        Ok(Self::new(SigningKey::from_pkcs8_pem(pem).context("reading a private Ed25519 key (PEM, PKCS#8)")?))
    }

    fn new(key: SigningKey) -> Self {
        let der = key.to_pkcs8_der().expect(KEYS_ENCODE);
        Self { signer: EncodingKey::from_ed_der(der.as_bytes()), key }
    }

    /// Signs a token for `identity` that is good from `now` (the real time) for `valid_for`, counted in whole seconds.
    pub fn issue(&self, identity: &Identity, now: Timestamp, valid_for: Duration) -> String {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sub: identity.staff_ref.clone(),
            iat: now.as_second(),
            exp: now.checked_add(valid_for).unwrap_or(Timestamp::MAX).as_second(),
            role: identity.role.clone(),
            party: identity.party.clone(),
            district: identity.district.clone(),
        };
        encode(&Header::new(Algorithm::EdDSA), &claims, &self.signer).expect("strings and numbers serialise and sign")
    }

    /// The public half, for `--identity-key-file`: PEM of SPKI.
    pub fn public_pem(&self) -> String {
        self.key.verifying_key().to_public_key_pem(LineEnding::LF).expect(KEYS_ENCODE)
    }

    /// The private half, for the operator's safe: PEM of PKCS#8.
    pub fn private_pem(&self) -> String {
        self.key.to_pkcs8_pem(LineEnding::LF).expect(KEYS_ENCODE).to_string()
    }
}

/// Why the encoders' results are not passed on: the key has 32 bytes and the buffers grow.
const KEYS_ENCODE: &str = "an Ed25519 key always encodes";

/// The public half: recognises tokens. Clones share what they have already verified.
#[derive(Clone)]
pub struct Verifier(Arc<Recognised>);

struct Recognised {
    keys: Vec<KnownKey>,
    rules: Validation,
    tokens: Mutex<HashMap<String, (Identity, Timestamp)>>,
}

#[derive(Clone)]
struct KnownKey {
    key: DecodingKey,
    /// The only role and party that it may speak for; none: any.
    only: Option<(String, String)>,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Verifier")
    }
}

impl Verifier {
    /// Reads a public Ed25519 key, PEM of SPKI: what [`Issuer::public_pem`] and `openssl pkey -pubout` write.
    ///
    /// # Errors
    /// If `pem` is anything else, a private key included.
    pub fn from_public_pem(pem: &str) -> anyhow::Result<Self> {
        Ok(Self::of(vec![KnownKey { key: public_key(pem)?, only: None }]))
    }

    /// Recognises tokens of a party's own people, which the party signs itself: whatever the key signs speaks for `party` in
    /// `role`, or is refused. Beside what `verifier` recognises, if there is one.
    ///
    /// # Errors
    /// As [`Verifier::from_public_pem`].
    pub fn and_people(verifier: Option<Self>, pem: &str, role: &str, party: &str) -> anyhow::Result<Self> {
        let mut keys = verifier.map_or_else(Vec::new, |known| known.0.keys.clone());
        keys.push(KnownKey { key: public_key(pem)?, only: Some((role.to_owned(), party.to_owned())) });
        Ok(Self::of(keys))
    }

    fn of(keys: Vec<KnownKey>) -> Self {
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.set_issuer(&[ISSUER]);
        rules.set_required_spec_claims(&["iss", "sub", "exp"]);
        // The library would ask the system's clock; the time is ours to give, see `alive`.
        rules.validate_exp = false;
        Self(Arc::new(Recognised { keys, rules, tokens: Mutex::default() }))
    }

    /// Whose token this is, if it is good at `now`, the real time.
    ///
    /// # Errors
    /// See [`IdentityError`].
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Identity, IdentityError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(IdentityError::Malformed { why: format!("it is longer than {TOKEN_BYTES_MAX} bytes") });
        }
        // Nothing to verify yet: the case knows which receipt is its own.
        if Receipt::is_meant(token) {
            let why = "it begins like a receipt, and a letter of it is wrong or missing".to_owned();
            return Receipt::parse(token).map(|receipt| receipt.identity()).ok_or(IdentityError::Malformed { why });
        }
        if let Some((identity, expires)) = self.tokens().get(token) {
            return alive(identity.clone(), *expires, now);
        }
        let (identity, expires) = self.read(token)?;
        let identity = alive(identity, expires, now)?;
        let mut tokens = self.tokens();
        if tokens.len() >= TOKENS_REMEMBERED_MAX {
            tokens.clear();
        }
        tokens.insert(token.to_owned(), (identity.clone(), expires));
        Ok(identity)
    }

    fn read(&self, token: &str) -> Result<(Identity, Timestamp), IdentityError> {
        let mut refused = IdentityError::WrongKey;
        for known in &self.0.keys {
            match self.read_by(known, token) {
                Err(IdentityError::WrongKey) => {}
                // Another key may say that it is none of its own, which says less.
                Err(error @ IdentityError::Malformed { .. }) => refused = error,
                read => return read,
            }
        }
        Err(refused)
    }

    fn read_by(&self, known: &KnownKey, token: &str) -> Result<(Identity, Timestamp), IdentityError> {
        let Claims { sub, exp, role, party, district, .. } = decode(token, &known.key, &self.0.rules)
            .map_err(|error| {
                if matches!(error.kind(), ErrorKind::InvalidSignature) {
                    IdentityError::WrongKey
                } else {
                    IdentityError::Malformed { why: error.to_string() }
                }
            })?
            .claims;
        if let Some((only_role, only_party)) = &known.only
            && (role != *only_role || party != *only_party)
        {
            return Err(IdentityError::NotTheirs { role: only_role.clone(), party: only_party.clone() });
        }
        let expires =
            Timestamp::from_second(exp).map_err(|error| IdentityError::Malformed { why: error.to_string() })?;
        Ok((Identity { role, party, district, staff_ref: sub }, expires))
    }

    fn tokens(&self) -> std::sync::MutexGuard<'_, HashMap<String, (Identity, Timestamp)>> {
        self.0.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn public_key(pem: &str) -> anyhow::Result<DecodingKey> {
    anyhow::ensure!(!pem.contains("PRIVATE KEY"), "this is the private key, which only the issuer may hold");
    DecodingKey::from_ed_pem(pem.as_bytes()).context("reading a public Ed25519 key (PEM, SPKI)")
}

fn alive(identity: Identity, expires: Timestamp, now: Timestamp) -> Result<Identity, IdentityError> {
    if now < expires { Ok(identity) } else { Err(IdentityError::Expired { at: expires }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::constant(1_795_000_000, 0);
    const HOUR: Duration = Duration::from_secs(3600);

    fn clerk() -> Identity {
        Identity { role: "desk".into(), party: String::new(), district: "wuchang".into(), staff_ref: "w-017".into() }
    }

    #[test]
    fn a_token_speaks_for_its_identity_until_it_expires() {
        let issuer = Issuer::from_pem(&Issuer::generate().private_pem()).unwrap();
        let verifier = Verifier::from_public_pem(&issuer.public_pem()).unwrap();
        let token = issuer.issue(&clerk(), NOON, HOUR);

        // Twice, because the second time it is remembered: that must not make it immortal.
        assert_eq!(verifier.verify(&token, NOON), Ok(clerk()));
        assert_eq!(verifier.verify(&token, NOON + HOUR - Duration::from_secs(1)), Ok(clerk()));
        assert_eq!(verifier.verify(&token, NOON + HOUR), Err(IdentityError::Expired { at: NOON + HOUR }));
        let never_seen = Verifier::from_public_pem(&issuer.public_pem()).unwrap();
        assert_eq!(never_seen.verify(&token, NOON + HOUR), Err(IdentityError::Expired { at: NOON + HOUR }));
    }

    #[test]
    fn a_token_of_another_installation_is_refused() {
        let (ours, theirs) = (Issuer::generate(), Issuer::generate());
        let verifier = Verifier::from_public_pem(&ours.public_pem()).unwrap();
        let token = theirs.issue(&clerk(), NOON, HOUR);
        assert_eq!(verifier.verify(&token, NOON), Err(IdentityError::WrongKey));
    }

    #[test]
    fn a_party_signs_for_its_own_people_and_for_nobody_else() {
        let (city, people) = (Issuer::generate(), Issuer::generate());
        let city_alone = Verifier::from_public_pem(&city.public_pem()).unwrap();
        let both = Verifier::and_people(Some(city_alone.clone()), &people.public_pem(), "department", "wuchang-water")
            .unwrap();
        let of = |role: &str, party: &str| Identity { role: role.into(), party: party.into(), ..clerk() };
        let officer = of("department", "wuchang-water");
        let token = people.issue(&officer, NOON, HOUR);
        assert_eq!(both.verify(&token, NOON), Ok(officer));
        assert_eq!(city_alone.verify(&token, NOON), Err(IdentityError::WrongKey));
        assert_eq!(both.verify(&city.issue(&clerk(), NOON, HOUR), NOON), Ok(clerk()));
        for (role, party) in [("department", "wuchang-police"), ("operator", ""), ("district", "wuchang-water")] {
            let forged = people.issue(&of(role, party), NOON, HOUR);
            assert!(matches!(both.verify(&forged, NOON), Err(IdentityError::NotTheirs { .. })), "{role} {party}");
        }
        assert_eq!(both.verify(&Issuer::generate().issue(&clerk(), NOON, HOUR), NOON), Err(IdentityError::WrongKey));
        assert!(Verifier::and_people(None, &people.private_pem(), "department", "wuchang-water").is_err());
    }

    #[test]
    fn garbage_and_forgeries_are_refused() {
        let issuer = Issuer::generate();
        let verifier = Verifier::from_public_pem(&issuer.public_pem()).unwrap();
        let good = issuer.issue(&clerk(), NOON, HOUR);
        let (head, signature) = good.rsplit_once('.').unwrap();
        let payload = head.split_once('.').unwrap().1;
        // The classics: no algorithm, and the public key taken for a shared secret.
        let public = issuer.public_pem();
        let shared = encode(
            &Header::new(Algorithm::HS256),
            &serde_json::json!({"iss": ISSUER, "sub": "x", "exp": 9_999_999_999_i64}),
            &EncodingKey::from_secret(public.as_bytes()),
        )
        .unwrap();
        for bad in [
            String::new(),
            "not a token".into(),
            format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{payload}."),
            shared,
            format!("{head}."),
            format!("{head}.{}", signature.repeat(100)),
        ] {
            assert!(verifier.verify(&bad, NOON).is_err(), "accepted {bad:?}");
        }
    }

    #[test]
    fn a_service_will_not_hold_the_private_key() {
        let private = Issuer::generate().private_pem();
        assert!(Verifier::from_public_pem(&private).unwrap_err().to_string().contains("private"));
    }
}
