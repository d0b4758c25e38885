//! How to reach those who raise matters: kept sealed beside the record, read for a reason that stays written down, and erased (D8).
//!
//! A sender that gives a contact and no reference gets one drawn for its caller, the same whenever the same telephone comes again,
//! so that their matters are known to be theirs. It follows from nothing: once what the vault recognised them by is erased,
//! it is a name of nobody. How it is sealed is in `seal.rs`, what is written down in `domain/person.rs`.

mod door;

use charter::Charter;
use data_encoding::{BASE32_NOPAD, HEXLOWER};
use ids::{CaseId, Code, HistoryKey, Kind};
use prost::Message;
use proto::intake::v1::intake_event::Event as Fact;
use proto::intake::v1::{Contact, SealedContact, SubmitRequest};
use record::follow::Failure;
use record::{BrokerError, StoredCommit, Vault};
use station::{Caller, Desk, Named, Violation, broker_status, unmasked_line};
use tonic::Status;
use vocabulary::{Pii, text::narrow};

use crate::content::keyed_hash;
use crate::domain::Received;
use crate::domain::person::{Command, Rules};
use crate::seal::Seal;

pub use door::PeopleDoor;

/// Characters of a name, a telephone number, a mail address; and of the rest.
const SHORT_MAX: usize = 100;
const LONG_MAX: usize = 300;
/// Of a hash that names somebody in the vault: 128 bits.
const NAME_BYTES: usize = 16;
/// Of a reference that is drawn.
const REFERENCE_BYTES: usize = 10;
/// What the names begin with under which the vault knows how somebody is recognised.
const INDEX: &str = "index-";

/// What is kept of people, and who read it.
pub struct People {
    desk: Desk<Rules>,
    /// None: this installation keeps nothing of anybody.
    kept: Option<Kept>,
    reference_key: Vec<u8>,
}

struct Kept {
    vault: Vault,
    seal: Seal,
}

impl People {
    pub async fn open(desk: Desk<Rules>, reference_key: Vec<u8>, seal: Option<Seal>) -> anyhow::Result<Self> {
        let kept = match seal {
            Some(seal) => Some(Kept { vault: Vault::open(&desk.station.broker).await?, seal }),
            None => None,
        };
        Ok(Self { desk, kept, reference_key })
    }

    /// The contact that a submission brings, if it brings one.
    pub fn read(&self, request: &SubmitRequest) -> Result<Option<Pii<Contact>>, Vec<Violation>> {
        let given = request.contact.clone().unwrap_or_default();
        let mut violations = Vec::new();
        let mut line = |field, text: &str, length_max| {
            unmasked_line(field, text, length_max).unwrap_or_else(|violation| {
                violations.push(violation);
                String::new()
            })
        };
        let contact = Contact {
            name: line("contact.name", &given.name, SHORT_MAX),
            telephone: line("contact.telephone", &given.telephone, SHORT_MAX),
            mail: line("contact.mail", &given.mail, SHORT_MAX),
            address: line("contact.address", &given.address, LONG_MAX),
            other: line("contact.other", &given.other, LONG_MAX),
        };
        let says_something = contact != Contact::default();
        if says_something && self.kept.is_none() {
            let said = "this installation keeps nothing of anybody (--vault-key-file): leave it out";
            violations.push(Violation::new("contact", "no-vault", said));
        }
        if violations.is_empty() { Ok(says_something.then(|| Pii::new(contact))) } else { Err(violations) }
    }

    /// Keeps a contact for whoever raises this, who gets a reference if they have none. Before the case is recorded.
    pub async fn keep(
        &self,
        caller: &Caller,
        charter: &Charter,
        received: &mut Received,
        contact: &Pii<Contact>,
    ) -> Result<(), Status> {
        let Some(Kept { vault, seal }) = &self.kept else { return Ok(()) };
        let unavailable = |error: BrokerError| broker_status(&error);
        let mut index = String::new();
        if received.caller_ref.is_empty() {
            index = self.index(&charter.district, contact.expose());
            let drawn = drawn_reference();
            let known = vault.keep_key(&index, drawn.into_bytes()).await.map_err(unavailable)?;
            received.caller_ref = String::from_utf8_lossy(&known).into_owned();
        }
        let key = self.history(&charter.district, &received.caller_ref);
        let name = name_in_vault(&key);
        let state = self.desk.read(&key).await?.state;
        if !state.is_kept {
            if state.was_erased {
                // What a crash may have left of before.
                vault.erase(&name).await.map_err(unavailable)?;
            }
            self.desk.ask(&key, caller, station::desk::named("", &())?, charter, Command::Keep).await?;
        }
        let own = match vault.key(&name).await.map_err(unavailable)? {
            Some(sealed) => seal.within(&name, &sealed),
            None => {
                let (_, sealed) = seal.draw(&name);
                seal.within(&name, &vault.keep_key(&name, sealed).await.map_err(unavailable)?)
            }
        };
        let own = own.ok_or_else(other_key)?;
        let plain = contact.expose().encode_to_vec();
        let before =
            vault.sealed(&name).await.map_err(unavailable)?.and_then(|bytes| SealedContact::decode(bytes).ok());
        if before.as_ref().and_then(|before| own.open(&name, &before.sealed)).is_some_and(|before| before == plain) {
            return Ok(());
        }
        if index.is_empty() {
            // They were recognised by it once, and are forgotten with it.
            index = before.map(|before| before.index).unwrap_or_default();
        }
        let sealed = SealedContact { sealed: own.close(&name, &plain), index };
        vault.keep_sealed(&name, sealed.encode_to_vec()).await.map_err(unavailable)
    }

    /// What is kept of somebody, after it is on the record who read it; None: nothing.
    async fn disclose(
        &self,
        caller: &Caller,
        named: Named,
        charter: &Charter,
        caller_ref: &str,
        (case, reason): (Option<CaseId>, &str),
    ) -> Result<Option<Contact>, Status> {
        let key = self.history(&charter.district, caller_ref);
        if self.kept.is_none() || !self.desk.read(&key).await?.state.is_kept {
            return Ok(None);
        }
        let command = Command::Disclose { case, reason: reason.to_owned() };
        self.desk.ask(&key, caller, named, charter, command).await?;
        self.opened(&key).await
    }

    async fn opened(&self, key: &HistoryKey) -> Result<Option<Contact>, Status> {
        let Some(Kept { vault, seal }) = &self.kept else { return Ok(None) };
        let unavailable = |error: BrokerError| broker_status(&error);
        let name = name_in_vault(key);
        let (own, sealed) = (vault.key(&name).await, vault.sealed(&name).await);
        let (Some(own), Some(sealed)) = (own.map_err(unavailable)?, sealed.map_err(unavailable)?) else {
            return Ok(None);
        };
        let sealed = SealedContact::decode(sealed).map_err(|_| damaged(&name))?;
        let plain = seal.within(&name, &own).ok_or_else(other_key)?.open(&name, &sealed.sealed);
        let contact = plain.and_then(|plain| Contact::decode(plain.as_slice()).ok());
        contact.map(Some).ok_or_else(|| damaged(&name))
    }

    /// Erases what is kept of somebody: what they are recognised by, the key, what it opens.
    async fn wipe(&self, key: &HistoryKey) -> Result<(), BrokerError> {
        let Some(Kept { vault, .. }) = &self.kept else { return Ok(()) };
        let name = name_in_vault(key);
        if let Some(sealed) = vault.sealed(&name).await?
            && let Ok(sealed) = SealedContact::decode(sealed)
            && !sealed.index.is_empty()
        {
            vault.erase(&sealed.index).await?;
        }
        vault.erase(&name).await
    }

    fn history(&self, district: &Code, caller_ref: &str) -> HistoryKey {
        let hash = keyed_hash(&self.reference_key, &["person", district.as_str(), caller_ref]);
        let id = HEXLOWER.encode(&hash[..NAME_BYTES]);
        HistoryKey { kind: Kind::Person, district: district.clone(), id }
    }

    /// Under what the vault knows whoever has this telephone, or this mail address, or else this name and address.
    fn index(&self, district: &Code, contact: &Contact) -> String {
        let narrowed = |text: &str| text.chars().map(narrow).collect::<String>().to_lowercase();
        let telephone = digits(&narrowed(&contact.telephone));
        let (mail, name) = (narrowed(&contact.mail), narrowed(&contact.name));
        let address = narrowed(&contact.address);
        let by: [&str; 3] = match (telephone.as_str(), mail.as_str()) {
            ("", "") => ["name", &name, &address],
            ("", mail) => ["mail", mail, ""],
            (telephone, _) => ["telephone", telephone, ""],
        };
        let hash = keyed_hash(&self.reference_key, &["recognised", district.as_str(), by[0], by[1], by[2]]);
        format!("{district}.{INDEX}{}", HEXLOWER.encode(&hash[..NAME_BYTES]))
    }
}

/// Own commit about a person was followed: whoever is erased there is erased in the vault, whatever a crash left.
pub async fn follow(people: &People, stored: &StoredCommit) -> Result<(), Failure> {
    if !stored.commit.intake_facts().any(|fact| matches!(fact, Fact::PersonErased(_))) {
        return Ok(());
    }
    // As it is now: they may have given their contact anew since.
    if !people.desk.after_own_commit(stored).await?.state.is_kept {
        people.wipe(&stored.subject.key).await?;
    }
    Ok(())
}

/// A telephone number as it is dialled within the country.
fn digits(telephone: &str) -> String {
    let digits: String = telephone.chars().filter(char::is_ascii_digit).collect();
    let abroad = digits.strip_prefix("00").unwrap_or(&digits);
    match abroad.strip_prefix("86") {
        Some(within) if within.len() >= 10 => within.trim_start_matches('0').to_owned(),
        _ => digits.trim_start_matches('0').to_owned(),
    }
}

/// It begins with letters, so that it is nobody's number.
fn drawn_reference() -> String {
    let drawn: [u8; REFERENCE_BYTES] = rand::random();
    format!("person-{}", BASE32_NOPAD.encode(&drawn).to_ascii_lowercase())
}

fn name_in_vault(key: &HistoryKey) -> String {
    format!("{}.{}", key.district, key.id)
}

fn other_key() -> Status {
    tracing::error!("a person's key was sealed with another key than that of --vault-key-file");
    station::internal()
}

fn damaged(name: &str) -> Status {
    tracing::error!(name, "what is kept under this name does not open with its own key");
    station::internal()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_telephone_is_the_same_however_it_is_written() {
        for written in ["13800138000", "+86 138-0013-8000", "0086 138 0013 8000", "(86)13800138000"] {
            assert_eq!(digits(written), "13800138000", "{written}");
        }
        for written in ["027-8888 1234", "+86 27 88881234", "+86 (0)27 88881234"] {
            assert_eq!(digits(written), "2788881234", "{written}");
        }
        assert_eq!(digits("8612345"), "8612345", "a short number may begin so");
    }

    #[test]
    fn a_drawn_reference_is_one() {
        for _ in 0..100 {
            vocabulary::reference::check(&drawn_reference()).unwrap();
        }
    }
}
