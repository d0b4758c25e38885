//! Makes the broker agree with what this version declares: streams, buckets, consumers, and charters on the record.

use charter::Charter;
use chassis::boxed;
use proto::charter::v1::CharterBundle;
use proto::subjects::CharterSubject;
use record::{Broker, BrokerError};
use station::bundle;

/// What became of a charter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Published {
    /// It is on the record from now on.
    Now,
    /// It was there, word for word.
    Before,
    /// Another content is there under this version, and stays: versions never change.
    Differs,
}

/// The charters on the record; none, where nothing is provisioned yet.
///
/// # Errors
/// The broker is not reachable.
#[boxed]
pub async fn on_record(broker: &Broker) -> anyhow::Result<Vec<CharterBundle>> {
    match broker.charters().await {
        Ok((bundles, _)) => Ok(bundles),
        Err(BrokerError::NotProvisioned { .. }) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

/// Puts a charter on the record, unless its version is there.
///
/// # Errors
/// The broker is not reachable or not provisioned.
#[boxed]
pub async fn publish(broker: &Broker, charter: &Charter, on_record: &[CharterBundle]) -> anyhow::Result<Published> {
    let ours = bundle(charter);
    let subject = CharterSubject { district: charter.district.clone(), version: charter.version.clone() };
    let there = |bundle: &&CharterBundle| bundle.district == ours.district && bundle.version == ours.version;
    if let Some(known) = on_record.iter().find(there) {
        return Ok(if known.files == ours.files { Published::Before } else { Published::Differs });
    }
    match broker.publish_charter(&subject, &ours).await {
        Ok(()) => Ok(Published::Now),
        // Somebody else at the same time; what they published is seen the next time.
        Err(BrokerError::Exists { .. }) => Ok(Published::Before),
        Err(error) => Err(error.into()),
    }
}

/// What an operator has to know of the outcome, if anything.
pub fn remark(charter: &Charter, published: &Published) -> Option<String> {
    match published {
        Published::Now | Published::Before => None,
        Published::Differs => Some(format!(
            "version {} of {} is on the record with another content, which stays in force; give the changed charter a \
             new version",
            charter.version, charter.district
        )),
    }
}

/// The newest version of each district on the record, whichever version of this program published it.
pub fn newest(bundles: &[CharterBundle]) -> Vec<std::sync::Arc<Charter>> {
    taken(bundles).newest()
}

/// What an operator has to know of the charters on the record: those that cannot be read here.
pub fn unreadable(bundles: &[CharterBundle]) -> Vec<String> {
    let unreadable = taken(bundles).unreadable();
    let remark = |(district, version)| {
        format!("version {version} of the charter of {district} is on the record and cannot be read here (HY-007)")
    };
    unreadable.into_iter().map(remark).collect()
}

fn taken(bundles: &[CharterBundle]) -> station::Charters {
    let charters = station::Charters::default();
    bundles.iter().for_each(|bundle| charters.take(bundle));
    charters
}
