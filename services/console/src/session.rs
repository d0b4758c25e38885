//! Who is signed in: the cookie holds their token and nothing else, so no console has to remember anybody, and whoever may
//! look is decided by the services as everywhere.
//!
//! A form carries a word that only a page of ours can know: made of a cookie that each visitor gets and of the token, by a
//! hash. Somebody else's page that sends a form in a visitor's name does not have it.

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use chassis::{Bearer, Identity, IdentityError, Verifier};
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// Holds the token.
const SESSION: &str = "huying-session";
/// Holds a number drawn for this visitor.
const VISIT: &str = "huying-visit";
/// Holds the receipt of what was just reported, for the page that shows it.
const RECEIPT: &str = "huying-receipt";
/// How long that page can be loaded again with it, in seconds.
const RECEIPT_S: u64 = 600;
/// Holds the tag of the language that was chosen.
const LANGUAGE: &str = "huying-language";
/// How long a choice of language and the number of a visitor are kept, in seconds: a year.
const YEAR_S: u64 = 365 * 24 * 3600;
/// How long a session's cookie is kept, in seconds: a week. The token in it ends when it says, whatever the cookie does; with it
/// still there, whoever comes back is told that it has expired.
const SESSION_S: u64 = 7 * 24 * 3600;

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct Person {
    pub identity: Identity,
    pub bearer: Bearer,
}

/// What a request brings of its visitor.
#[derive(Clone, Debug, Default)]
pub struct Cookies {
    pub token: Option<String>,
    pub visit: Option<String>,
    pub language: Option<String>,
    pub receipt: Option<String>,
}

impl Cookies {
    pub fn of(headers: &HeaderMap) -> Self {
        let mut cookies = Self::default();
        let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        for pair in lines.flat_map(|line| line.split(';')) {
            let Some((name, value)) = pair.trim().split_once('=') else { continue };
            let place = match name {
                SESSION => &mut cookies.token,
                VISIT => &mut cookies.visit,
                LANGUAGE => &mut cookies.language,
                RECEIPT => &mut cookies.receipt,
                _ => continue,
            };
            *place = Some(value.to_owned()).filter(|value| !value.is_empty());
        }
        cookies
    }

    /// Who is signed in, at `now`; none: nobody.
    ///
    /// # Errors
    /// There is a token, and it is not good.
    pub fn person(&self, verifier: &Verifier, now: Timestamp) -> Result<Option<Person>, IdentityError> {
        self.token.as_ref().map(|token| person(verifier, token, now)).transpose()
    }

    /// What a form of this visitor carries.
    pub fn form_word(&self) -> String {
        let mut hash = Sha256::new();
        for part in
            ["huying form", self.visit.as_deref().unwrap_or_default(), self.token.as_deref().unwrap_or_default()]
        {
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
        HEXLOWER.encode(&hash.finalize()[..16])
    }
}

/// Whose token this is.
///
/// # Errors
/// It is not good at `now`.
pub fn person(verifier: &Verifier, token: &str, now: Timestamp) -> Result<Person, IdentityError> {
    let identity = verifier.verify(token, now)?;
    let bearer = Bearer::new(token).map_err(|error| IdentityError::Malformed { why: error.to_string() })?;
    Ok(Person { identity, bearer })
}

/// A number for a new visitor.
pub fn new_visit() -> String {
    let drawn: [u8; 16] = rand::random();
    HEXLOWER.encode(&drawn)
}

/// What sets each cookie.
pub struct SetCookie {
    pub behind_tls: bool,
}

impl SetCookie {
    pub fn session(&self, token: &str) -> String {
        self.cookie(SESSION, token, SESSION_S)
    }

    pub fn no_session(&self) -> String {
        self.cookie(SESSION, "", 0)
    }

    pub fn visit(&self, number: &str) -> String {
        self.cookie(VISIT, number, YEAR_S)
    }

    pub fn receipt(&self, receipt: &str) -> String {
        self.cookie(RECEIPT, receipt, RECEIPT_S)
    }

    pub fn language(&self, tag: &str) -> String {
        self.cookie(LANGUAGE, tag, YEAR_S)
    }

    fn cookie(&self, name: &str, value: &str, max_age_s: u64) -> String {
        let secure = if self.behind_tls { "; Secure" } else { "" };
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age_s}{secure}")
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_form_is_of_one_visitor_in_one_session() {
        let cookies = |line: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, HeaderValue::from_static(line));
            Cookies::of(&headers)
        };
        let mine = cookies("huying-visit=a; other=1; huying-session=t");
        assert_eq!(mine.form_word(), cookies("huying-session=t; huying-visit=a").form_word());
        for another in [
            "huying-visit=b; huying-session=t",
            "huying-visit=a; huying-session=u",
            "huying-visit=a",
            "huying-visit=at",
        ] {
            assert_ne!(mine.form_word(), cookies(another).form_word(), "{another}");
        }
    }
}
