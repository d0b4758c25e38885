//! The rules of the districts, for names instead of codes: asked of the casebook as whoever is signed in, and remembered for a
//! while, because they change a few times a year.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use charter::{Charter, SourceFile};
use proto::casebook::v1::GetChartersRequest;
use proto::charter::v1::CharterBundle;
use tonic::Status;

use crate::doors::Doors;
use crate::session::Person;

/// A new version is shown at the latest after this.
const REMEMBERED_FOR: Duration = Duration::from_secs(30);
/// Places somebody may be of, which are remembered; when there are more, all are asked for again.
const PLACES_MAX: usize = 1_000;
/// Versions that were read, one of 128 KB each; when there are more, they are read again.
const VERSIONS_MAX: usize = 200;

/// What is remembered. Nothing of it is anybody's secret: a charter is the district's rules.
#[derive(Default)]
pub struct Charters {
    /// By who they are of: a district or a unit; empty: of all.
    known: Mutex<HashMap<String, Known>>,
    read: Mutex<HashMap<(String, String), Arc<Charter>>>,
}

/// Those of somebody's districts, and when they were asked for.
type Known = (Vec<Arc<Charter>>, Instant);

impl Charters {
    /// Those of the districts that somebody may look at, by district.
    ///
    /// # Errors
    /// The casebook does not answer, or does not let them.
    pub async fn of(&self, doors: &Doors, person: &Person) -> Result<Vec<Arc<Charter>>, Status> {
        let identity = &person.identity;
        let place = [identity.district.as_str(), identity.party.as_str()].into_iter().find(|place| !place.is_empty());
        let place = place.unwrap_or_default().to_owned();
        if let Some((charters, asked)) = self.known().get(&place)
            && asked.elapsed() < REMEMBERED_FOR
        {
            return Ok(charters.clone());
        }
        let request = GetChartersRequest { district: identity.district.clone() };
        let bundles = doors.casebook(person).get_charters(request).await?.into_inner().charters;
        let charters: Vec<Arc<Charter>> = bundles.iter().filter_map(|bundle| self.read(bundle)).collect();
        let mut known = self.known();
        if known.len() >= PLACES_MAX {
            known.clear();
        }
        known.insert(place, (charters.clone(), Instant::now()));
        Ok(charters)
    }

    fn read(&self, bundle: &CharterBundle) -> Option<Arc<Charter>> {
        let version = (bundle.district.clone(), bundle.version.clone());
        if let Some(charter) = self.versions().get(&version) {
            return Some(Arc::clone(charter));
        }
        let files: Vec<SourceFile> =
            bundle.files.iter().map(|file| SourceFile { path: file.path.clone(), text: file.text.clone() }).collect();
        match Charter::from_record(&files) {
            Ok(recorded) => {
                let charter = Arc::new(recorded.charter);
                let mut versions = self.versions();
                if versions.len() >= VERSIONS_MAX {
                    versions.clear();
                }
                versions.insert(version, Arc::clone(&charter));
                Some(charter)
            }
            Err(problems) => {
                let problem = problems.first().map(ToString::to_string).unwrap_or_default();
                tracing::error!(
                    district = bundle.district,
                    version = bundle.version,
                    problem,
                    "a charter cannot be read here (HY-007)"
                );
                None
            }
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn versions(&self) -> std::sync::MutexGuard<'_, HashMap<(String, String), Arc<Charter>>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
