//! Charters in the record: each version once, for ever (D7).

use std::time::Duration;

use async_recursion::async_recursion as boxed;
use prost::Message;
use proto::charter::v1::CharterBundle;
use proto::streams::CHARTERS;
use proto::subjects::CharterSubject;
use tokio_util::sync::CancellationToken;

use crate::append::Appender;
use crate::broker::Broker;
use crate::error::{BrokerError, chain};
use crate::load::StoredMessage;
use crate::standing::warn_unless_known;

/// How often new versions are looked for. One comes a few times a year; what starts under it waits meanwhile.
const LOOK_EVERY: Duration = Duration::from_secs(1);

impl Broker {
    /// Puts a version on the record.
    ///
    /// # Errors
    /// [`BrokerError::Exists`] when this version is there already: versions are immutable.
    #[boxed]
    pub async fn publish_charter(&self, subject: &CharterSubject, bundle: &CharterBundle) -> Result<(), BrokerError> {
        let appender = Appender::start(self, CHARTERS).await?;
        appender.append(subject.to_string(), bundle.encode_to_vec()).await?;
        Ok(())
    }

    /// Every version on the record, oldest first, and the position to follow from.
    ///
    /// # Errors
    /// The broker does not answer.
    #[boxed]
    pub async fn charters(&self) -> Result<(Vec<CharterBundle>, u64), BrokerError> {
        self.charters_from(1).await
    }

    /// Hands every version that arrives after position `from` to `take`, until `stop`.
    pub async fn follow_charters(
        &self,
        mut from: u64,
        stop: CancellationToken,
        mut take: impl FnMut(CharterBundle) + Send,
    ) {
        loop {
            let read = tokio::select! {
                () = stop.cancelled() => return,
                read = self.charters_from(from) => read,
            };
            match read {
                Ok((bundles, next)) => {
                    from = next;
                    bundles.into_iter().for_each(&mut take);
                }
                Err(error) => warn_unless_known!(error = chain(&error), "cannot read charters; trying again"),
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    async fn charters_from(&self, from: u64) -> Result<(Vec<CharterBundle>, u64), BrokerError> {
        let mut bundles = Vec::new();
        let mut next = from;
        for message in self.stored(CHARTERS, CharterSubject::ALL, from).await? {
            next = message.sequence + 1;
            bundles.push(bundle_of(message)?);
        }
        Ok((bundles, next))
    }
}

/// A version as it is stored. One that is not even a bundle is one without files, so that it is said of its district and
/// keeps nobody from the others'.
fn bundle_of(message: StoredMessage) -> Result<CharterBundle, BrokerError> {
    CharterBundle::decode(message.payload).or_else(|source| {
        let corrupt = BrokerError::Corrupt { subject: message.subject.clone(), source: Box::new(source) };
        let Ok(subject) = message.subject.parse::<CharterSubject>() else { return Err(corrupt) };
        tracing::error!(error = chain(&corrupt), "cannot read a charter");
        let district = subject.district.to_string();
        Ok(CharterBundle { district, version: subject.version, ..CharterBundle::default() })
    })
}
