//! Anchors of the days that are over (D18), made beside the services by a user of the broker's own.

use std::num::NonZeroUsize;
use std::time::Duration;

use archive::Shelf;
use chassis::{CancellationToken, Clock, Service};

use crate::accounts::AUDITOR_USER;
use crate::data::DataFolder;
use crate::provision::newest;

/// How often it is looked whether a day is over: within an hour of midnight is early enough for what stands for ever.
const LOOK_EVERY: Duration = Duration::from_secs(3600);

/// Makes them as long as the installation runs. Nothing waits for it.
pub(super) fn begin(folder: &DataFolder, nats_url: &str, main: &Service) {
    let service = main.sibling("auditor");
    let (folder, url, clock, stop) = (folder.clone(), nats_url.to_owned(), service.clock().clone(), service.stopping());
    service.spawn("anchor the days that are over", work(folder, url, clock, stop));
}

async fn work(folder: DataFolder, url: String, clock: Clock, stop: CancellationToken) -> anyhow::Result<()> {
    loop {
        let made = tokio::select! {
            made = make(&folder, &url, &clock) => made,
            () = stop.cancelled() => return Ok(()),
        };
        if let Err(error) = made {
            tracing::warn!(error = format!("{error:#}"), "no anchors were made; trying again in an hour");
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = stop.cancelled() => return Ok(()),
        }
    }
}

async fn make(folder: &DataFolder, url: &str, clock: &Clock) -> anyhow::Result<()> {
    let broker = super::connect(folder, url, AUDITOR_USER).await?;
    let shelf = Shelf::open(&broker, NonZeroUsize::MIN).await?;
    let (bundles, _) = broker.charters().await?;
    for charter in newest(&bundles) {
        let now = clock.real_now();
        for subject in audit::anchor::make(&broker, &shelf, &charter.district, &charter.time_zone, now).await? {
            tracing::info!(%subject, "anchored");
        }
    }
    Ok(())
}
