//! The way to the hub, which may be away at any time: we go on without it and come back by ourselves.

use std::time::Duration;

use chassis::{Gate, Readiness};
use ids::Code;
use record::{Broker, BrokerError, chain};
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

/// Whether the hub lets the department in by its key. A gate of readiness only once it did not: the hub may be away.
pub struct Key {
    department: Code,
    readiness: Readiness,
    gate: Option<Gate>,
}

impl Key {
    pub fn of(department: Code, readiness: Readiness) -> Self {
        Self { department, readiness, gate: None }
    }

    fn fits(&self) {
        if let Some(gate) = &self.gate {
            gate.open();
        }
    }

    /// `why` in the hub's words.
    fn does_not_fit(&mut self, why: &str) {
        let Self { department, readiness, gate } = self;
        let is_news = gate.is_none();
        let gate = gate.get_or_insert_with(|| readiness.gate(&format!("key of {department}")));
        let words = format!("this key is not that of {department}: {why}");
        gate.close_because(&words);
        if is_news {
            tracing::error!(
                department = department.as_str(),
                why,
                "this key is not that of the department; ask the hub's operator \
                for keys/<department>.nk, nothing comes or goes until then"
            );
        }
    }
}

/// Tries until it succeeds; `None` when told to stop.
pub async fn connect(
    station: &station::Config,
    department: &Code,
    key: &mut Key,
    stop: &CancellationToken,
) -> Option<Broker> {
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
                if let BrokerError::Credentials(why) = &error {
                    key.does_not_fit(why);
                }
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

/// Shows in `responder_hub_connected` whether the connection stands, and in readiness whether the key fits, until `stop`.
pub async fn watch(broker: &Broker, department: &Code, key: &mut Key, stop: &CancellationToken) {
    let forbidden = broker.forbidden();
    while !stop.is_cancelled() {
        say_connected(department, broker.is_connected());
        match &*forbidden.borrow() {
            Some(why) => key.does_not_fit(why),
            None => key.fits(),
        }
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
