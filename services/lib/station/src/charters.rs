//! The charters on the record: which one a district goes by, and what it means that there is none.
//!
//! A version that cannot be read here at all is a trouble of its district alone. It is said (log, metric, HY-007), the
//! versions that can be read stay in force, and where there is none, nothing is answered for good: whoever asks is told to
//! ask again, and what was followed waits [`WAIT_S_MAX`] and becomes a dead letter, which `huying dlq retry` brings back.
//! So it does not stand in the way of other districts' messages.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use charter::{Charter, Problem, Recorded, SourceFile};
use ids::Code;
use jiff::Timestamp;
use proto::charter::v1::{CharterBundle, CharterFile};
use record::follow::Failure;

/// How long what is followed waits for a charter, in seconds. It is for the way of a new version from the record to this
/// process, which takes one second when nothing is wrong; whoever has to mend a charter takes longer than any bound. It
/// counts from when the charter was first missed here, not from each message: what comes later waits no more.
pub const WAIT_S_MAX: u64 = 30;
/// Charters whose absence a process remembers.
const MISSED_MAX: usize = 1_000;
/// Remarks on one version that are logged; a charter of a much later form has one in every line.
const REMARKS_LOGGED_MAX: usize = 20;

/// Every version of every district's charter that is on the record.
#[derive(Clone)]
pub struct Charters {
    shelf: Arc<RwLock<Shelf>>,
    patience: Duration,
}

impl Default for Charters {
    fn default() -> Self {
        Self::with_patience(Duration::from_secs(WAIT_S_MAX))
    }
}

#[derive(Default)]
struct Shelf {
    /// By district; the versions in the order in which they begin.
    readable: BTreeMap<String, Vec<Arc<Charter>>>,
    /// By district: the versions that are no charter here.
    unreadable: BTreeMap<String, BTreeSet<String>>,
    /// Since when something followed has been without its charter: by district, and by version where one is needed.
    missed: HashMap<(String, Option<String>), Instant>,
}

/// Why there is no charter to go by.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoCharter {
    /// Nothing on the record names this district.
    #[error("district {district:?} has no charter here; known: {known}")]
    Unknown {
        district: String,
        /// Names of the districts that have one.
        known: String,
    },
    /// The district has one, and none of its versions can be read here.
    #[error("no version of the charter of {district} can be read here ({versions}; HY-007)")]
    Unreadable { district: String, versions: String },
    /// The record has no charter at all: it is not ready for anybody.
    #[error("no charter is on the record yet")]
    NotYet,
    /// This version was needed, and no other will do.
    #[error("version {version} of the charter of {district} is not here, or cannot be read here (HY-007)")]
    NotThisVersion { district: String, version: String },
}

impl NoCharter {
    /// Stable name of the rule, for whoever is refused by it.
    pub const RULE: &'static str = "no-charter";
}

/// Something followed has waited for its charter as long as it may.
#[derive(Debug, thiserror::Error)]
#[error("no-charter: waited long enough; `huying dlq retry --error no-charter` brings it back")]
struct WaitedLongEnough(#[source] NoCharter);

impl Charters {
    /// What is followed waits so long for a charter.
    #[must_use]
    pub fn with_patience(patience: Duration) -> Self {
        Self { shelf: Arc::default(), patience }
    }

    /// Adds a version of whatever form. One that is no charter here is said and kept out: those that are stay in force.
    pub fn take(&self, bundle: &CharterBundle) {
        let files: Vec<SourceFile> =
            bundle.files.iter().map(|file| SourceFile { path: file.path.clone(), text: file.text.clone() }).collect();
        let read = Charter::from_record(&files);
        let mut shelf = self.shelf.write().unwrap_or_else(PoisonError::into_inner);
        match read {
            Ok(Recorded { charter, remarks }) => {
                tracing::info!(district = %charter.district, version = charter.version, "charter taken");
                if !remarks.is_empty() {
                    let remarks = shown(&remarks);
                    tracing::warn!(district = %charter.district, version = charter.version, ?remarks,
                        "the charter is of another form than this version's; it holds as far as it can be read here");
                }
                shelf.add(charter);
            }
            Err(problems) => {
                let problems = shown(&problems);
                tracing::error!(
                    district = bundle.district,
                    version = bundle.version,
                    ?problems,
                    "a charter on the record cannot be read here (HY-007)"
                );
                shelf.set_aside(bundle);
            }
        }
    }

    /// The version in force at `at`: of those that can be read, the latest that has begun, or the first when none has.
    ///
    /// # Errors
    /// There is none.
    pub fn in_force(&self, district: &str, at: Timestamp) -> Result<Arc<Charter>, NoCharter> {
        let shelf = self.shelf.read().unwrap_or_else(PoisonError::into_inner);
        let begun = |charter: &&Arc<Charter>| charter.effective <= at.to_zoned(charter.time_zone.clone()).date();
        let versions = shelf.readable.get(district);
        let found = versions.and_then(|versions| versions.iter().rev().find(begun).or_else(|| versions.first()));
        found.cloned().ok_or_else(|| shelf.why_not(district))
    }

    /// One version by name.
    ///
    /// # Errors
    /// It is not here.
    pub fn version(&self, district: &str, version: &str) -> Result<Arc<Charter>, NoCharter> {
        let shelf = self.shelf.read().unwrap_or_else(PoisonError::into_inner);
        let versions = shelf.readable.get(district);
        let found = versions.and_then(|versions| versions.iter().find(|charter| charter.version == version));
        let missing = || NoCharter::NotThisVersion { district: district.to_owned(), version: version.to_owned() };
        found.cloned().ok_or_else(missing)
    }

    /// The newest version of each district, sorted by district.
    #[must_use]
    pub fn newest(&self) -> Vec<Arc<Charter>> {
        let shelf = self.shelf.read().unwrap_or_else(PoisonError::into_inner);
        shelf.readable.values().filter_map(|versions| versions.last().cloned()).collect()
    }

    /// Why no charter here knows this party: that of its district, by whose code its own begins, cannot be read.
    ///
    /// # Errors
    /// It may be known once there is a charter to go by.
    pub fn may_yet_know(&self, party: &Code) -> Result<(), NoCharter> {
        let shelf = self.shelf.read().unwrap_or_else(PoisonError::into_inner);
        let of = |district: &&String| {
            let rest = party.as_str().strip_prefix(district.as_str());
            rest.is_some_and(|rest| rest.starts_with('-')) && !shelf.readable.contains_key(*district)
        };
        match shelf.unreadable.keys().find(of) {
            Some(district) => Err(shelf.why_not(district)),
            None if shelf.readable.is_empty() && shelf.unreadable.is_empty() => Err(NoCharter::NotYet),
            None => Ok(()),
        }
    }

    /// What cannot be read here: `(district, version)`, sorted.
    #[must_use]
    pub fn unreadable(&self) -> Vec<(String, String)> {
        let shelf = self.shelf.read().unwrap_or_else(PoisonError::into_inner);
        let of_district = |(district, versions): (&String, &BTreeSet<String>)| {
            versions.iter().map(|version| (district.clone(), version.clone())).collect::<Vec<_>>()
        };
        shelf.unreadable.iter().flat_map(of_district).collect()
    }

    /// What to do with something followed, at `now`, whose charter is not here.
    pub(crate) fn wait_for(&self, missing: NoCharter, now: Instant) -> Failure {
        let Some(what) = missing.what() else { return Failure::transient(missing) };
        let mut shelf = self.shelf.write().unwrap_or_else(PoisonError::into_inner);
        if shelf.missed.len() >= MISSED_MAX {
            shelf.missed.clear();
        }
        let since = *shelf.missed.entry(what).or_insert(now);
        if now.saturating_duration_since(since) < self.patience {
            Failure::transient(missing)
        } else {
            Failure::permanent(WaitedLongEnough(missing))
        }
    }
}

impl Shelf {
    fn add(&mut self, charter: Charter) {
        self.missed.retain(|(district, _), _| district != charter.district.as_str());
        let versions = self.readable.entry(charter.district.to_string()).or_default();
        versions.retain(|known| known.version != charter.version);
        versions.push(Arc::new(charter));
        // Same day: the one published last.
        versions.sort_by_key(|charter| charter.effective);
    }

    fn set_aside(&mut self, bundle: &CharterBundle) {
        let versions = self.unreadable.entry(bundle.district.clone()).or_default();
        versions.insert(bundle.version.clone());
        let count = f64::from(u32::try_from(versions.len()).unwrap_or(u32::MAX));
        metrics::gauge!("charters_unreadable", "district" => bundle.district.clone()).set(count);
    }

    fn why_not(&self, district: &str) -> NoCharter {
        if let Some(versions) = self.unreadable.get(district) {
            let versions = versions.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            return NoCharter::Unreadable { district: district.to_owned(), versions };
        }
        let known: Vec<&str> = self.readable.keys().map(String::as_str).collect();
        if known.is_empty() && self.unreadable.is_empty() {
            return NoCharter::NotYet;
        }
        NoCharter::Unknown { district: district.to_owned(), known: known.join(", ") }
    }
}

impl NoCharter {
    /// What is missed; nothing where everybody misses everything, and nobody stands in another's way.
    fn what(&self) -> Option<(String, Option<String>)> {
        match self {
            Self::Unknown { district, .. } | Self::Unreadable { district, .. } => Some((district.clone(), None)),
            Self::NotThisVersion { district, version } => Some((district.clone(), Some(version.clone()))),
            Self::NotYet => None,
        }
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

fn shown(problems: &[Problem]) -> Vec<String> {
    let mut shown: Vec<String> = problems.iter().take(REMARKS_LOGGED_MAX).map(ToString::to_string).collect();
    if let Some(left) = problems.len().checked_sub(REMARKS_LOGGED_MAX).filter(|left| *left > 0) {
        shown.push(format!("and {left} more"));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped(name: &str) -> CharterBundle {
        bundle(&Charter::shipped(name).unwrap())
    }

    /// The same version, or another, with a file that is no YAML: no form of a charter ever was like this.
    fn garbled(name: &str, version: &str) -> CharterBundle {
        let mut garbled = CharterBundle { version: version.to_owned(), ..shipped(name) };
        garbled.files[0].text = "{".to_owned();
        garbled
    }

    fn now() -> Timestamp {
        "2026-11-21T06:30:00Z".parse().unwrap()
    }

    #[test]
    fn a_version_that_cannot_be_read_leaves_the_running_one_in_force() {
        let charters = Charters::default();
        charters.take(&shipped("wuchang"));
        charters.take(&garbled("wuchang", "2030-1"));
        assert_eq!(charters.in_force("wuchang", now()).unwrap().version, shipped("wuchang").version);
        assert_eq!(charters.unreadable(), [("wuchang".to_owned(), "2030-1".to_owned())]);
    }

    #[test]
    fn no_district_is_unknown_that_the_record_names() {
        let charters = Charters::default();
        assert_eq!(charters.in_force("wuchang", now()).unwrap_err(), NoCharter::NotYet);
        charters.take(&shipped("heping"));
        charters.take(&garbled("wuchang", "2019-1"));
        assert!(matches!(charters.in_force("wuchang", now()), Err(NoCharter::Unreadable { .. })));
        let Err(NoCharter::Unknown { known, .. }) = charters.in_force("atlantis", now()) else { panic!("unknown") };
        assert_eq!(known, "heping");
        let party = |code: &str| charters.may_yet_know(&code.parse().unwrap());
        assert!(matches!(party("wuchang-board"), Err(NoCharter::Unreadable { .. })));
        assert_eq!(party("wuchanger-board"), Ok(()));
        assert_eq!(party("heping-board"), Ok(()));
    }

    #[test]
    fn what_is_followed_waits_as_long_as_the_charter_is_missed_and_not_longer_for_each_message() {
        let charters = Charters::default();
        charters.take(&shipped("heping"));
        charters.take(&garbled("wuchang", "2019-1"));
        let missing = || charters.in_force("wuchang", now()).unwrap_err();
        let (first, patience) = (Instant::now(), Duration::from_secs(WAIT_S_MAX));
        assert!(matches!(charters.wait_for(missing(), first), Failure::Transient(_)));
        let Failure::Permanent(error) = charters.wait_for(missing(), first + patience) else { panic!("waited") };
        let said = record::chain(&*error);
        assert!(said.starts_with("no-charter") && said.contains("2019-1"), "{said}");

        // A version that can be read ends it, and what is missed afterwards is waited for anew.
        charters.take(&shipped("wuchang"));
        assert!(charters.in_force("wuchang", now()).is_ok());
        let version = charters.version("wuchang", "2031-1").unwrap_err();
        assert!(matches!(charters.wait_for(version, first + patience), Failure::Transient(_)));
    }
}
