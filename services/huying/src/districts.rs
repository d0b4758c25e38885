//! What a command knows of the districts: their codes, and what time it is there.

use std::sync::Arc;

use anyhow::Context;
use charter::Charter;
use chassis::boxed;
use jiff::tz::TimeZone;
use proto::charter::v1::CharterBundle;

use crate::client::Installation;
use crate::provision::newest;

/// Every district of an installation.
pub(crate) struct Districts {
    /// On the record; empty where only gRPC reaches.
    bundles: Vec<CharterBundle>,
}

impl Districts {
    /// From the record, where the broker is at hand; else only those that ship are known.
    #[boxed]
    pub async fn of(installation: &Installation) -> anyhow::Result<Self> {
        if installation.grpc.is_some() {
            return Ok(Self { bundles: Vec::new() });
        }
        let (bundles, _) = installation.broker().await?.charters().await.context("reading the charters")?;
        Ok(Self { bundles })
    }

    pub fn codes(&self) -> Vec<String> {
        let mut codes: Vec<String> = if self.bundles.is_empty() {
            Charter::shipped_names().iter().map(ToString::to_string).collect()
        } else {
            self.bundles.iter().map(|bundle| bundle.district.clone()).collect()
        };
        codes.sort();
        codes.dedup();
        codes
    }

    /// The newest charter of every district on the record, in the order in which the districts came there.
    pub fn charters(&self) -> Vec<Arc<Charter>> {
        let mut charters = newest(&self.bundles);
        let since = |charter: &Arc<Charter>| {
            self.bundles.iter().position(|bundle| bundle.district == charter.district.as_str())
        };
        charters.sort_by_key(since);
        charters
    }

    /// The newest charter of a district.
    pub fn charter(&self, district: &str) -> Option<Arc<Charter>> {
        let of_it: Vec<_> = self.bundles.iter().filter(|bundle| bundle.district == district).cloned().collect();
        newest(&of_it).pop().or_else(|| Charter::shipped(district).map(Arc::new))
    }

    /// The district's time; this machine's where the district is not known.
    pub fn zone(&self, district: &str) -> TimeZone {
        self.charter(district).map_or_else(TimeZone::system, |charter| charter.time_zone.clone())
    }
}
