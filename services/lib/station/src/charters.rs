use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use charter::{Charter, SourceFile};
use jiff::Timestamp;
use proto::charter::v1::{CharterBundle, CharterFile};

/// Every version of every district's charter that is on the record.
#[derive(Clone, Default)]
pub struct Charters(Arc<RwLock<HashMap<String, Vec<Arc<Charter>>>>>);

/// No charter of this district is on the record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("district {district:?} has no charter here; known: {known}")]
pub struct NoCharter {
    pub district: String,
    /// Names of the districts that have one.
    pub known: String,
}

impl Charters {
    /// Adds a version. One that does not parse is logged and left out: the running ones stay.
    pub fn take(&self, bundle: &CharterBundle) {
        let files: Vec<SourceFile> =
            bundle.files.iter().map(|file| SourceFile { path: file.path.clone(), text: file.text.clone() }).collect();
        match Charter::parse(&files) {
            Ok(charter) => {
                tracing::info!(district = %charter.district, version = charter.version, "charter taken");
                let mut books = self.0.write().unwrap_or_else(PoisonError::into_inner);
                let versions = books.entry(charter.district.to_string()).or_default();
                versions.retain(|known| known.version != charter.version);
                versions.push(Arc::new(charter));
                // Same day: the one published last.
                versions.sort_by_key(|charter| charter.effective);
            }
            Err(problems) => {
                let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
                tracing::error!(district = bundle.district, version = bundle.version, ?problems, "charter left out");
            }
        }
    }

    /// The version in force at `at`: the latest that has begun, or the first when none has.
    ///
    /// # Errors
    /// The district is not known.
    pub fn in_force(&self, district: &str, at: Timestamp) -> Result<Arc<Charter>, NoCharter> {
        let books = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let begun = |charter: &&Arc<Charter>| charter.effective <= at.to_zoned(charter.time_zone.clone()).date();
        books
            .get(district)
            .and_then(|versions| versions.iter().rev().find(begun).or_else(|| versions.first()))
            .cloned()
            .ok_or_else(|| NoCharter { district: district.to_owned(), known: known(&books) })
    }

    /// One version by name.
    #[must_use]
    pub fn version(&self, district: &str, version: &str) -> Option<Arc<Charter>> {
        let books = self.0.read().unwrap_or_else(PoisonError::into_inner);
        books.get(district)?.iter().find(|charter| charter.version == version).cloned()
    }

    /// The newest version of each district.
    #[must_use]
    pub fn newest(&self) -> Vec<Arc<Charter>> {
        let books = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut newest: Vec<_> = books.values().filter_map(|versions| versions.last().cloned()).collect();
        newest.sort_by(|a, b| a.district.cmp(&b.district));
        newest
    }
}

/// A charter as it travels.
#[must_use]
pub fn bundle(charter: &Charter) -> CharterBundle {
    CharterBundle {
        district: charter.district.to_string(),
        version: charter.version.clone(),
        effective: charter.effective.to_string(),
        files: charter
            .sources()
            .iter()
            .map(|file| CharterFile { path: file.path.clone(), text: file.text.clone() })
            .collect(),
    }
}

fn known(books: &HashMap<String, Vec<Arc<Charter>>>) -> String {
    let mut names: Vec<&str> = books.keys().map(String::as_str).collect();
    names.sort_unstable();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
