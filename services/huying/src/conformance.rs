//! What an outsider's own program has to do, tried on it: the suite behind `huying conformance`.
//!
//! The hub is a real one, on a folder of its own, with everybody but the party that is tried: [`hub`]. What the party says is
//! overheard where it arrives, and what came of it is read from the record; nothing of the outsider's program is looked into.
//! `department.rs` and `bridge.rs` have the trials, each with what it shows and what breaks where it fails; `door.rs` tries it the
//! other way round: an installation, with a party's key.

pub mod bridge;
pub mod department;
pub mod door;
pub mod hub;
pub mod program;
mod said;
mod tap;

use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// One thing that is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Trial {
    pub name: &'static str,
    pub shows: &'static str,
    pub breaks: &'static str,
}

/// What came of a trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Passed,
    /// With what was seen.
    Failed(String),
    /// With what is missing for it.
    NotTried(&'static str),
}

/// A trial and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    pub trial: Trial,
    pub verdict: Verdict,
}

impl Verdict {
    /// As programs read it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed(_) => "failed",
            Self::NotTried(_) => "not-tried",
        }
    }

    /// What was seen, or what is missing.
    #[must_use]
    pub fn seen(&self) -> &str {
        match self {
            Self::Passed => "",
            Self::Failed(seen) => seen,
            Self::NotTried(missing) => missing,
        }
    }
}

/// Passed, if nothing was found.
fn verdict(found: Option<String>) -> Verdict {
    found.map_or(Verdict::Passed, Verdict::Failed)
}

/// Looks until there is something. A broker that is away meanwhile is looked for again.
///
/// # Errors
/// Not within `wait`, and the last look failed.
async fn until<T>(
    wait: Duration,
    mut look: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<Option<T>> {
    let deadline = Instant::now() + wait;
    loop {
        let looked = look().await;
        match looked {
            Ok(Some(found)) => return Ok(Some(found)),
            Ok(None) if Instant::now() >= deadline => return Ok(None),
            Err(error) if Instant::now() >= deadline => return Err(error),
            Ok(None) | Err(_) => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_what_every_trial_shows() {
        let page = include_str!("../../../docs/conformance.md");
        let mut names: Vec<&str> = Vec::new();
        for Trial { name, shows, breaks } in department::trials().into_iter().chain(bridge::trials()) {
            let row = format!("| `{name}` | {shows} | {breaks} |");
            assert!(page.contains(&row), "docs/conformance.md has no row\n{row}");
            names.push(name);
        }
        assert_eq!(page.matches("\n| `").count() - 3 - 5, names.len(), "a row of the page is no trial's");
    }
}
