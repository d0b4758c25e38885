//! Reading the archive: volumes by name, and filed cases by their tombstones.

use std::num::NonZeroUsize;
use std::sync::Arc;

use async_recursion::async_recursion as boxed;
use ids::HistoryKey;
use proto::archive::v1::CaseFile;
use proto::record::v1::Filed;
use proto::streams::ARCHIVE;
use record::objects::{Objects, Sha256Sum};
use record::{AsStored, Broker, BrokerError, StoredCommit, StoredFiled};
use tokio::sync::Mutex;

use crate::volume::{self, Damage, Place, Volume, VolumeName};

/// A filed case as it was on the record.
#[derive(Clone, Debug)]
pub struct FiledCase {
    pub key: HistoryKey,
    /// In the order of the record, under their subjects and positions.
    pub commits: Vec<StoredCommit>,
}

/// Why a filed case cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    #[error(transparent)]
    Broker(#[from] BrokerError),
    #[error("the archive is damaged")]
    Damaged(#[from] Damage),
}

/// Volumes, the last few read of which stay in memory: cases are filed together and asked for together, so whoever
/// reads all of them in the order of their tombstones reads each volume once. Cheap to clone, and shared when cloned.
#[derive(Clone, Debug)]
pub struct Shelf {
    objects: Objects,
    /// Most lately used last.
    kept: Arc<Mutex<Vec<Arc<Volume>>>>,
    kept_max: NonZeroUsize,
}

impl Shelf {
    /// Keeps up to `kept_max` volumes in memory, each of which is some [`filing::VOLUME_BYTES_MAX`] at most.
    ///
    /// [`filing::VOLUME_BYTES_MAX`]: crate::filing::VOLUME_BYTES_MAX
    ///
    /// # Errors
    /// The archive's bucket is not there.
    #[boxed]
    pub async fn open(broker: &Broker, kept_max: NonZeroUsize) -> Result<Self, BrokerError> {
        Ok(Self { objects: Objects::open(broker, ARCHIVE).await?, kept: Arc::default(), kept_max })
    }

    /// The case a tombstone stands for.
    ///
    /// # Errors
    /// What the tombstone points at is not there, or not that case; or the broker does not answer.
    #[boxed]
    pub async fn case(&self, stored: &StoredFiled) -> Result<FiledCase, ShelfError> {
        let file = self.file(stored).await?;
        Ok(FiledCase { key: stored.subject.key(), commits: volume::history_of(&file)? })
    }

    /// Its commits byte for byte, in the order of the record.
    ///
    /// # Errors
    /// As [`case`](Self::case).
    pub async fn as_stored(&self, stored: &StoredFiled) -> Result<Vec<AsStored>, ShelfError> {
        Ok(volume::commits_of(&self.file(stored).await?)?)
    }

    async fn file(&self, stored: &StoredFiled) -> Result<CaseFile, ShelfError> {
        let StoredFiled { subject, filed, .. } = stored;
        let volume = self.volume(&filed.volume.parse()?).await?;
        let file = volume.file(&place_of(filed)?)?;
        if volume::key_of(&file.district, &file.case_id)? != subject.key() {
            let problem = format!("its tombstone points at the file of {}.{}", file.district, file.case_id);
            return Err(Damage::new(subject, problem).into());
        }
        Ok(file)
    }

    /// A volume, from memory if it is there.
    ///
    /// # Errors
    /// There is none of that name, or it is damaged; or the broker does not answer.
    #[boxed]
    pub async fn volume(&self, name: &VolumeName) -> Result<Arc<Volume>, ShelfError> {
        // Held while it is read: whoever wants the same one waits for it instead of reading it again.
        let mut kept = self.kept.lock().await;
        if let Some(position) = kept.iter().position(|volume| volume.name == *name) {
            let volume = kept.remove(position);
            kept.push(Arc::clone(&volume));
            return Ok(volume);
        }
        let volume = Arc::new(self.read(name).await?);
        if kept.len() >= self.kept_max.get() {
            kept.remove(0);
        }
        kept.push(Arc::clone(&volume));
        Ok(volume)
    }

    /// Names of all volumes, in their order.
    ///
    /// # Errors
    /// The broker does not answer, or something among them is no volume.
    #[boxed]
    pub async fn volumes(&self) -> Result<Vec<VolumeName>, ShelfError> {
        let listed = self.objects.list().await?;
        let names = listed.iter().filter(|head| head.name.starts_with(VolumeName::FOLDER));
        let mut names = names.map(|head| head.name.parse()).collect::<Result<Vec<VolumeName>, Damage>>()?;
        names.sort();
        Ok(names)
    }

    /// A volume from the bucket, whatever is in memory.
    pub(crate) async fn read(&self, name: &VolumeName) -> Result<Volume, ShelfError> {
        let bytes = self.objects.get_bytes(&name.to_string()).await?;
        let bytes = bytes.ok_or_else(|| Damage::new(name, "there is no such volume"))?;
        Ok(Volume::read(name.clone(), bytes.into())?)
    }

    pub(crate) fn objects(&self) -> &Objects {
        &self.objects
    }
}

/// Where a tombstone points.
pub(crate) fn place_of(filed: &Filed) -> Result<Place, Damage> {
    let sum = filed.sha256.as_slice().try_into();
    let sum = sum.map_err(|_| Damage::new("tombstone", format!("its hash has {} bytes", filed.sha256.len())))?;
    Ok(Place { offset: filed.offset, length: filed.length, sha256: Sha256Sum(sum) })
}
