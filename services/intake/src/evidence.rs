//! Files that people show: taken in before a request names them, kept once one does, read by whoever may see its case.
//!
//! A file is looked at (`content.rs`: what it is by its bytes, what of it is left out), looked through (`scanner.rs`) and stored
//! under the hash of what is kept, once in each district. Its content is an object, what is known of it a message
//! (`record::evidence`). Open [`Files::take`] first; `tending.rs` deletes what nobody names and looks through what had to wait;
//! `grpc.rs` is the door.

pub mod content;
mod grpc;
mod jpeg;
mod orientation;
mod png;
pub mod scanner;
mod tending;
#[cfg(test)]
mod tests;
mod webp;

use std::sync::Arc;

use chassis::Clock;
use ids::Code;
use proto::ToWireTime;
use proto::intake::v1 as wire;
use proto::intake::v1::{EvidenceCheck, EvidenceState, EvidenceTask, KeptEvidence};
use proto::streams::EVIDENCE_CONTENT;
use proto::subjects::{EvidenceNote, EvidenceSubject};
use record::evidence::{Evidence, Known};
use record::objects::{Objects, Sha256Sum};
use record::{Broker, BrokerError, chain};
use station::{HASHED, Refuse, Violation, broker_status, status_of};
use tokio::sync::Semaphore;
use tonic::Status;

use self::content::{Content, Picture};
use self::scanner::{Scanner, Verdict};

pub use self::grpc::EvidenceDoor;
pub use self::tending::{collect_what_waits, look_through_what_is_held};

/// Pictures looked at at the same time: each takes a processor, and up to [`content::MEMORY_BYTES_MAX`].
const LOOKED_AT_ONCE: usize = 2;
/// How often somebody else may have been faster with one content before it is given up.
const TURNS_MAX: usize = 5;
/// Random digits behind a hash, so that one content that comes in twice is two objects.
const NONCE_DIGITS: usize = 8;

/// Everything about files.
pub struct Files {
    known: Evidence,
    objects: Objects,
    scanner: Option<Scanner>,
    clock: Clock,
    looking: Arc<Semaphore>,
}

/// Why a file of a case cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Withheld {
    #[error("it has not been looked through for malware, because the scanner is away; it can be read when it was")]
    Unchecked,
    #[error("malware was found in it, and its content is deleted")]
    Refused,
}

impl Refuse for Withheld {
    fn code(&self) -> tonic::Code {
        tonic::Code::FailedPrecondition
    }

    fn rule(&self) -> &'static str {
        match self {
            Self::Unchecked => "evidence-unchecked",
            Self::Refused => "evidence-refused",
        }
    }
}

impl Files {
    /// # Errors
    /// Stream or bucket are not there.
    pub async fn open(broker: &Broker, scanner: Option<Scanner>, clock: Clock) -> Result<Self, BrokerError> {
        Ok(Self {
            known: Evidence::open(broker).await?,
            objects: Objects::open(broker, EVIDENCE_CONTENT).await?,
            scanner,
            clock,
            looking: Arc::new(Semaphore::new(LOOKED_AT_ONCE)),
        })
    }

    /// Takes a file in. When it returns, all of it is durable; until a request names it, it is kept for a day.
    ///
    /// # Errors
    /// INVALID_ARGUMENT, naming what is wrong with the file; UNAVAILABLE.
    pub async fn take(&self, district: &Code, name: &str, sent: Vec<u8>) -> Result<wire::Evidence, Status> {
        let content = self.look_at(sent).await?;
        // Telephones name pictures after the moment, people after themselves.
        let name = match content.picture {
            Some(_) => String::new(),
            None => station::optional_line("name", name, NAME_LENGTH_MAX)?,
        };
        let check = self.look_through(&content.bytes).await?;
        let hash = Sha256Sum::of(&content.bytes).to_string();
        let store = self.store(district, &hash, &content, &name, check);
        let file = store.await.map_err(|error| broker_status(&error))?;
        Ok(described(&hash, &file))
    }

    /// The description of a file that somebody names; nothing, where there is none.
    ///
    /// # Errors
    /// UNAVAILABLE.
    pub async fn describe(&self, district: &Code, hash: &str) -> Result<Option<wire::Evidence>, Status> {
        let known = self.known.get(district, hash).await.map_err(|error| broker_status(&error))?;
        let there = known.filter(|known| known.file.state() != EvidenceState::Gone || is_refused(&known.file));
        Ok(there.map(|known| described(hash, &known.file)))
    }

    /// The description and the content of a file, or the small picture of it; nothing, where there is none.
    ///
    /// # Errors
    /// FAILED_PRECONDITION, while nobody may read it; UNAVAILABLE.
    pub async fn read(
        &self,
        district: &Code,
        hash: &str,
        thumbnail: bool,
    ) -> Result<Option<(wire::Evidence, Vec<u8>)>, Status> {
        let known = self.known.get(district, hash).await.map_err(|error| broker_status(&error))?;
        let Some(Known { file, .. }) = known else { return Ok(None) };
        let about = described(hash, &file);
        let refuse = |withheld| Err(status_of(record::Refused::Rule(withheld)));
        match about.check() {
            EvidenceCheck::Pending => return refuse(Withheld::Unchecked),
            EvidenceCheck::Refused => return refuse(Withheld::Refused),
            EvidenceCheck::Unspecified | EvidenceCheck::Clean => {}
        }
        if thumbnail && !about.has_thumbnail {
            return Ok(None);
        }
        let object = if thumbnail { small(&file.object) } else { file.object };
        let content = self.objects.get_bytes(&object).await.map_err(|error| broker_status(&error))?;
        Ok(content.map(|content| (about, content.to_vec())))
    }

    async fn look_at(&self, sent: Vec<u8>) -> Result<Content, Status> {
        let _turn = self.looking.acquire().await.map_err(|_| station::internal())?;
        match tokio::task::spawn_blocking(move || content::read(sent)).await {
            Ok(read) => Ok(read?),
            // A decoder that gave up on a file gave up on nothing else.
            Err(panicked) => {
                tracing::error!(error = chain(&panicked), "a picture could not be looked at");
                Err(Violation::new(content::FIELD, "media-content", "it cannot be read").into())
            }
        }
    }

    async fn look_through(&self, content: &[u8]) -> Result<EvidenceCheck, Status> {
        let Some(scanner) = &self.scanner else { return Ok(EvidenceCheck::Unspecified) };
        match scanner.look_through(content).await {
            Ok(Verdict::Clean) => Ok(EvidenceCheck::Clean),
            Ok(Verdict::Found(found)) => {
                tracing::warn!(found, "malware in a file that somebody sent; it is refused");
                Err(Violation::new(content::FIELD, "malware", format!("the scanner found {found} in it")).into())
            }
            Err(error) => {
                tracing::warn!(%scanner, %error, "the scanner is away; a file is held until it is back");
                Ok(EvidenceCheck::Pending)
            }
        }
    }

    async fn store(
        &self,
        district: &Code,
        hash: &str,
        content: &Content,
        name: &str,
        check: EvidenceCheck,
    ) -> Result<KeptEvidence, BrokerError> {
        let since = Some(self.clock.now().to_wire());
        for _ in 0..TURNS_MAX {
            let known = self.known.get(district, hash).await?;
            let (file, before) = match known {
                Some(Known { file, .. }) if file.state() == EvidenceState::Named => return Ok(file),
                // Once more: it waits from now on.
                Some(Known { file, version }) if file.state() == EvidenceState::Waiting => {
                    (KeptEvidence { uploaded_at: since, ..file }, Some(version))
                }
                gone => (self.put(district, hash, content, name, check).await?, gone.map(|known| known.version)),
            };
            self.wait(district, hash, &file, EvidenceNote::Waiting).await?;
            match self.known.put(district, hash, &file, before).await {
                Ok(_) => return Ok(file),
                Err(BrokerError::Exists { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Err(BrokerError::Unavailable { what: format!("store {hash}, which others send as well"), source: None })
    }

    /// Stores a content, of which it is written down first that nobody has named it.
    async fn put(
        &self,
        district: &Code,
        hash: &str,
        content: &Content,
        name: &str,
        check: EvidenceCheck,
    ) -> Result<KeptEvidence, BrokerError> {
        let nonce: String = uuid::Uuid::new_v4().simple().to_string().chars().take(NONCE_DIGITS).collect();
        let (width, height) = content.picture.as_ref().map_or((0, 0), |picture| (picture.width, picture.height));
        let about = wire::Evidence {
            evidence_id: String::new(),
            media_type: content.media_type.to_owned(),
            bytes: content.bytes.len() as u64,
            width,
            height,
            name: name.to_owned(),
            has_thumbnail: content.picture.is_some(),
            check: check.into(),
        };
        let file = KeptEvidence {
            about: Some(about),
            object: format!("{hash}-{nonce}"),
            state: EvidenceState::Waiting.into(),
            uploaded_at: Some(self.clock.now().to_wire()),
        };
        self.wait(district, hash, &file, EvidenceNote::Waiting).await?;
        if check == EvidenceCheck::Pending {
            self.wait(district, hash, &file, EvidenceNote::Unchecked).await?;
        }
        if let Some(Picture { thumbnail, .. }) = &content.picture {
            self.objects.put_bytes(&small(&file.object), thumbnail).await?;
        }
        self.objects.put_bytes(&file.object, &content.bytes).await?;
        Ok(file)
    }

    async fn wait(
        &self,
        district: &Code,
        hash: &str,
        file: &KeptEvidence,
        note: EvidenceNote,
    ) -> Result<(), BrokerError> {
        let subject = EvidenceSubject { note, district: district.clone(), name: file.object.clone() };
        let task = EvidenceTask { hash: hash.to_owned(), object: file.object.clone(), since: file.uploaded_at };
        self.known.note(&subject, &task).await
    }

    async fn delete(&self, object: &str) -> Result<(), BrokerError> {
        self.objects.delete(&small(object)).await?;
        self.objects.delete(object).await?;
        Ok(())
    }
}

/// Characters of a file's name.
const NAME_LENGTH_MAX: usize = 200;

fn small(object: &str) -> String {
    format!("{object}.thumbnail")
}

fn is_refused(file: &KeptEvidence) -> bool {
    file.about.as_ref().is_some_and(|about| about.check() == EvidenceCheck::Refused)
}

fn described(hash: &str, file: &KeptEvidence) -> wire::Evidence {
    wire::Evidence { evidence_id: format!("{HASHED}{hash}"), ..file.about.clone().unwrap_or_default() }
}
