//! What the tests share.

pub mod browser;
pub mod city;
pub mod installation;
pub mod program;
pub mod python;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use proto::common::v1::Place;
use proto::intake::v1::SubmitRequest;

/// Longest wait for anything that should come.
pub const WAIT: Duration = Duration::from_secs(30);
/// Between two looks at it.
pub const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Looks until there is something, or gives up.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed() < WAIT, "{what}: not after {WAIT:?}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// The same for those who may block.
pub fn until_now<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < WAIT, "{what}: not after {WAIT:?}");
        std::thread::sleep(LOOK_EVERY);
    }
}

/// The top of the project.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A submission that is in order: work for a squad, with a week to do it.
pub fn submission(district: &str, reference: &str, title: &str) -> SubmitRequest {
    SubmitRequest {
        district: district.to_owned(),
        external_ref: reference.to_owned(),
        title: title.to_owned(),
        text: "有人私占小院停车，请处理。".to_owned(),
        place: Some(Place { address: "院门口".to_owned(), ..Place::default() }),
        ..SubmitRequest::default()
    }
}
