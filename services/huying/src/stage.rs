//! An installation as a stage for stories: its doors, its issuer, and its broker as the user who may move the clock.

use std::path::Path;

use anyhow::Context;
use chassis::boxed;
use story::{Doors, Stage};

use crate::accounts::STORY_USER;
use crate::client::Installation;
use crate::endpoints::Endpoints;
use crate::up::{Running, connect};

/// An installation in this process.
///
/// # Errors
/// The broker refuses the story user.
#[boxed]
pub async fn of(running: &Running) -> anyhow::Result<Stage> {
    let broker = running.connect(STORY_USER).await?;
    Ok(Stage::new(Doors::shared(&running.endpoints.grpc), running.folder().issuer()?, broker))
}

/// An installation that runs elsewhere on this machine, known by its data folder.
///
/// # Errors
/// Nothing runs there.
#[boxed]
pub async fn at(installation: &Installation) -> anyhow::Result<Stage> {
    let folder = installation.folder();
    let endpoints = Endpoints::of(&folder)?;
    let broker = connect(&folder, &endpoints.nats, STORY_USER).await?;
    Ok(Stage::new(Doors::shared(endpoints.grpc), folder.issuer()?, broker))
}

/// Services that run separately, with their addresses in a JSON file; keys from the data folder.
///
/// # Errors
/// The file is not of this form, or the broker is not there.
#[boxed]
pub async fn behind(installation: &Installation, nats: &str, doors: &Path) -> anyhow::Result<Stage> {
    let text = std::fs::read_to_string(doors).with_context(|| format!("{} cannot be read", doors.display()))?;
    let doors = serde_json::from_str(&text).with_context(|| format!("{} does not name doors", doors.display()))?;
    let folder = installation.folder();
    let broker = connect(&folder, nats, STORY_USER).await?;
    Ok(Stage::new(doors, folder.issuer()?, broker))
}
