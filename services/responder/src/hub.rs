//! The way to the hub, which may be away at any time: we go on without it and come back by ourselves.

use std::time::Duration;

use ids::Code;
use record::{Broker, chain};
use tokio_util::sync::CancellationToken;

/// Pause after the first attempt; doubled each time up to `PAUSE_MAX`.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(10);
/// How often the connection is looked at, for the metric.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Pauses between attempts, each longer than the last.
#[derive(Debug)]
pub struct Pauses(Duration);

impl Default for Pauses {
    fn default() -> Self {
        Self(PAUSE_MIN)
    }
}

impl Pauses {
    /// False: told to stop meanwhile.
    pub async fn pause(&mut self, stop: &CancellationToken) -> bool {
        let pause = self.0;
        self.0 = (pause * 2).min(PAUSE_MAX);
        tokio::select! {
            () = stop.cancelled() => false,
            () = tokio::time::sleep(pause) => true,
        }
    }
}

/// Tries until it succeeds; `None` when told to stop.
pub async fn connect(station: &station::Config, department: &Code, stop: &CancellationToken) -> Option<Broker> {
    say_connected(department, false);
    let mut pauses = Pauses::default();
    let mut said = false;
    loop {
        // A department's account may receive replies under its own name only.
        let attempt = tokio::select! {
            () = stop.cancelled() => return None,
            attempt = station.connect(department.as_str()) => attempt,
        };
        match attempt {
            Ok(broker) => return Some(broker),
            Err(error) => {
                let (department, error) = (department.as_str(), chain(&error));
                // Once: it may be away for days.
                if std::mem::replace(&mut said, true) {
                    tracing::debug!(department, error, "still no way to the hub");
                } else {
                    tracing::warn!(department, error, "no way to the hub; trying on, and answers are kept");
                }
            }
        }
        if !pauses.pause(stop).await {
            return None;
        }
    }
}

/// Shows in `responder_hub_connected` whether the connection stands, until `stop`.
pub async fn watch(broker: &Broker, department: &Code, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        say_connected(department, broker.is_connected());
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
    say_connected(department, false);
}

fn say_connected(department: &Code, connected: bool) {
    metrics::gauge!("responder_hub_connected", "department" => department.to_string()).set(if connected {
        1.0
    } else {
        0.0
    });
}
