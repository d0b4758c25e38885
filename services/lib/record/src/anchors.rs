//! What a district's record was at the end of each day, written once and read back (D18). What goes into one is for the
//! crate `audit` to say.

use bytes::Bytes;
use ids::Code;
use prost::Message;
use proto::record::v1::Anchor;
use proto::streams::ANCHORS;
use proto::subjects::AnchorSubject;

use crate::append::Appender;
use crate::broker::Broker;
use crate::error::BrokerError;

/// An anchor as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredAnchor {
    pub subject: AnchorSubject,
    pub payload: Bytes,
    pub anchor: Anchor,
}

impl Broker {
    /// All anchors of a district, in the order in which they were made.
    ///
    /// # Errors
    /// The broker does not answer, or something there is no anchor.
    pub async fn anchors(&self, district: &Code) -> Result<Vec<StoredAnchor>, BrokerError> {
        let stored = self.stored(ANCHORS, &AnchorSubject::all_in(district), 1).await?;
        let read = stored.into_iter().map(|message| {
            let corrupt = |source| BrokerError::Corrupt { subject: message.subject.clone(), source };
            let subject = message.subject.parse().map_err(|error| corrupt(Box::new(error) as _))?;
            let anchor = Anchor::decode(message.payload.clone()).map_err(|error| corrupt(Box::new(error) as _))?;
            Ok(StoredAnchor { subject, payload: message.payload.clone(), anchor })
        });
        read.collect()
    }

    /// Stores an anchor; false: there is one of that day already.
    ///
    /// # Errors
    /// The broker does not answer, or does not let this user.
    pub async fn put_anchor(&self, subject: &AnchorSubject, anchor: &Anchor) -> Result<bool, BrokerError> {
        let appender = Appender::start(self, ANCHORS).await?;
        match appender.append(subject.to_string(), anchor.encode_to_vec()).await {
            Ok(_) => Ok(true),
            Err(BrokerError::Exists { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
