//! The stylesheet, the scripts and the icon. Their addresses carry a hash of what they are, so a browser keeps them for ever
//! and never has an old one.

use std::sync::LazyLock;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// A file that the pages name.
pub struct Asset {
    /// `/assets/<name>-<hash>.<ending>`
    pub address: String,
    pub media_type: &'static str,
    pub text: &'static str,
}

pub static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("style", "css", "text/css; charset=utf-8", include_str!("../assets/style.css")));
pub static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("live", "js", "text/javascript; charset=utf-8", include_str!("../assets/live.js")));
/// For whoever is out and about.
pub static FIELD: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("field", "js", "text/javascript; charset=utf-8", include_str!("../assets/field.js")));
pub static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon", "svg", "image/svg+xml", include_str!("../assets/icon.svg")));
/// What a browser keeps for when there is no network; it has an address of its own.
pub const WORKER: &str = include_str!("../assets/worker.js");

impl Asset {
    fn new(name: &str, ending: &str, media_type: &'static str, text: &'static str) -> Self {
        let hash = HEXLOWER.encode(&Sha256::digest(text)[..8]);
        Self { address: format!("/assets/{name}-{hash}.{ending}"), media_type, text }
    }

    /// The one at an address.
    pub fn at(address: &str) -> Option<&'static Self> {
        [&*STYLE, &*SCRIPT, &*FIELD, &*ICON].into_iter().find(|asset| asset.address == address)
    }
}
