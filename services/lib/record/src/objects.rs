//! Things too large for one message, by name: volumes of the archive, snapshots of copies. An object store is a stream
//! of chunks with one message that says what they add up to, and that one is written last: what is listed is whole.

use std::fmt;
use std::time::Duration;

use async_nats::jetstream::object_store::{
    DeleteErrorKind, GetErrorKind, InfoErrorKind, ObjectInfo, ObjectMetadata, ObjectStore,
};
use async_recursion::async_recursion as boxed;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use bytes::Bytes;
use futures::StreamExt;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::broker::{Broker, REQUEST_S_MAX};
use crate::error::BrokerError;

/// Read and written at a time. The server takes messages of 1 MiB; this is what its own tools use.
const CHUNK_BYTES: usize = 128 * 1024;
/// Longest wait for the next chunk. The server does not say that one is missing: nothing comes any more.
const CHUNK_S_MAX: u64 = REQUEST_S_MAX;

/// SHA-256 of what an object holds.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Sha256Sum(pub [u8; 32]);

impl Sha256Sum {
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Sha256Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a bucket says about one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectHead {
    pub name: String,
    pub bytes: u64,
    pub sha256: Sha256Sum,
}

/// One bucket of objects.
#[derive(Clone)]
pub struct Objects {
    bucket: &'static str,
    store: ObjectStore,
}

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Objects").field("bucket", &self.bucket).finish_non_exhaustive()
    }
}

impl Objects {
    /// # Errors
    /// The bucket is not there.
    #[boxed]
    pub async fn open(broker: &Broker, bucket: &'static str) -> Result<Self, BrokerError> {
        // Asked for itself, because the client does not tell a bucket that is missing from a broker that is away.
        broker.stream(&stream_of(bucket)).await?;
        let store = broker.jetstream.get_object_store(bucket).await;
        let store = store.map_err(|source| BrokerError::unavailable(format!("open bucket {bucket}"), source))?;
        Ok(Self { bucket, store })
    }

    /// Stores what `content` gives under `name`, in place of what was there; `written` hears how many bytes are durable.
    /// When it fails, what was there before is still there.
    ///
    /// # Errors
    /// The broker does not answer, or `content` cannot be read.
    pub async fn put(
        &self,
        name: &str,
        content: impl AsyncRead + Unpin,
        mut written: impl FnMut(u64),
    ) -> Result<ObjectHead, BrokerError> {
        let what = self.what("store", name);
        let mut counted = Counted { content, bytes: 0, sha256: Sha256::new(), passed: &mut written };
        let meta = ObjectMetadata { name: name.to_owned(), chunk_size: Some(CHUNK_BYTES), ..ObjectMetadata::default() };
        let info = self.store.put(meta, &mut counted).await;
        let info = info.map_err(|source| BrokerError::unavailable(what.as_str(), source))?;
        let (bytes, sha256) = (counted.bytes, Sha256Sum(counted.sha256.finalize().into()));
        (counted.passed)(bytes);
        let head = self.head_of(&info)?;
        if (head.bytes, head.sha256) != (bytes, sha256) {
            return Err(self.corrupt(name, format!("{bytes} bytes of {sha256} went in, it says {head:?}")));
        }
        Ok(head)
    }

    /// The same for what is in memory.
    ///
    /// # Errors
    /// The broker does not answer.
    #[boxed]
    pub async fn put_bytes(&self, name: &str, content: &[u8]) -> Result<ObjectHead, BrokerError> {
        self.put(name, content, |_| {}).await
    }

    /// Writes the object to `to`, and says what it was; `None` when there is none. `read` hears how many bytes came.
    /// What was written counts only once this returns without an error: the hash is known at the end.
    ///
    /// # Errors
    /// [`BrokerError::Corrupt`] when it is not what was stored; or the broker does not answer; or `to` cannot be written.
    pub async fn get(
        &self,
        name: &str,
        mut to: impl AsyncWrite + Unpin,
        mut read: impl FnMut(u64),
    ) -> Result<Option<ObjectHead>, BrokerError> {
        let what = self.what("read", name);
        let away = |source| BrokerError::unavailable(what.as_str(), source);
        let mut object = match self.store.get(name).await {
            Ok(object) => object,
            Err(error) if error.kind() == GetErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(BrokerError::unavailable(what, error)),
        };
        let head = self.head_of(object.info())?;
        let mut sha256 = Sha256::new();
        let mut bytes = 0;
        let mut chunk = vec![0; CHUNK_BYTES];
        while bytes < head.bytes {
            let next = tokio::time::timeout(Duration::from_secs(CHUNK_S_MAX), object.read(&mut chunk)).await;
            let length = match next {
                Ok(Ok(0)) => break,
                Ok(Ok(length)) => length,
                Ok(Err(error)) if error.kind() == std::io::ErrorKind::InvalidData => {
                    return Err(self.corrupt(name, error));
                }
                Ok(Err(error)) => return Err(away(error)),
                Err(late) => return Err(BrokerError::unavailable(what.as_str(), late)),
            };
            let Some(came) = chunk.get(..length) else { break };
            sha256.update(came);
            to.write_all(came).await.map_err(away)?;
            bytes += length as u64;
            read(bytes);
        }
        to.flush().await.map_err(away)?;
        let sha256 = Sha256Sum(sha256.finalize().into());
        if (bytes, sha256) != (head.bytes, head.sha256) {
            return Err(self.corrupt(name, format!("{bytes} bytes of {sha256} came, {head:?} was stored")));
        }
        Ok(Some(head))
    }

    /// The same into memory.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    #[boxed]
    pub async fn get_bytes(&self, name: &str) -> Result<Option<Bytes>, BrokerError> {
        let mut bytes = Vec::new();
        Ok(self.get(name, &mut bytes, |_| {}).await?.map(|_| bytes.into()))
    }

    /// What the bucket says about an object, without reading it.
    ///
    /// # Errors
    /// The broker does not answer.
    #[boxed]
    pub async fn head(&self, name: &str) -> Result<Option<ObjectHead>, BrokerError> {
        match self.store.info(name).await {
            Ok(info) if info.deleted => Ok(None),
            Ok(info) => Ok(Some(self.head_of(&info)?)),
            Err(error) if error.kind() == InfoErrorKind::NotFound => Ok(None),
            Err(error) => Err(BrokerError::unavailable(self.what("look up", name), error)),
        }
    }

    /// Everything in the bucket, by name.
    ///
    /// # Errors
    /// The broker does not answer.
    #[boxed]
    pub async fn list(&self) -> Result<Vec<ObjectHead>, BrokerError> {
        let what = format!("list bucket {}", self.bucket);
        let patience = Duration::from_secs(REQUEST_S_MAX);
        let mut listed = self.store.list().await.map_err(|source| BrokerError::unavailable(what.as_str(), source))?;
        let mut heads = Vec::new();
        loop {
            let next = tokio::time::timeout(patience, listed.next()).await;
            match next.map_err(|late| BrokerError::unavailable(what.as_str(), late))? {
                None => break,
                Some(info) => {
                    let info = info.map_err(|source| BrokerError::unavailable(what.as_str(), source))?;
                    heads.push(self.head_of(&info)?);
                }
            }
        }
        heads.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(heads)
    }

    /// Takes an object away, and says whether it was there. Whoever may purge the bucket's stream may.
    ///
    /// # Errors
    /// The broker does not answer, or does not let this user.
    #[boxed]
    pub async fn delete(&self, name: &str) -> Result<bool, BrokerError> {
        match self.store.delete(name).await {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == DeleteErrorKind::NotFound => Ok(false),
            Err(error) => Err(BrokerError::unavailable(self.what("delete", name), error)),
        }
    }

    fn head_of(&self, info: &ObjectInfo) -> Result<ObjectHead, BrokerError> {
        let sum = info.digest.as_deref().and_then(|digest| digest.strip_prefix("SHA-256="));
        let sum = sum.and_then(|sum| URL_SAFE.decode(sum).ok()).and_then(|sum| sum.try_into().ok());
        let sum = sum.ok_or_else(|| self.corrupt(&info.name, format!("its digest is {:?}", info.digest)))?;
        Ok(ObjectHead { name: info.name.clone(), bytes: info.size as u64, sha256: Sha256Sum(sum) })
    }

    fn what(&self, verb: &str, name: &str) -> String {
        format!("{verb} {name} in bucket {}", self.bucket)
    }

    fn corrupt(&self, name: &str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> BrokerError {
        BrokerError::Corrupt { subject: format!("object {name} of bucket {}", self.bucket), source: source.into() }
    }
}

/// Name of the stream behind a bucket of objects.
pub(crate) fn stream_of(bucket: &str) -> String {
    format!("OBJ_{bucket}")
}

/// Counts and hashes what goes through.
struct Counted<'p, R, P> {
    content: R,
    bytes: u64,
    sha256: Sha256,
    passed: &'p mut P,
}

impl<R: AsyncRead + Unpin, P: FnMut(u64)> AsyncRead for Counted<'_, R, P> {
    fn poll_read(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        let counted = &mut *self;
        let before = buffer.filled().len();
        // The next chunk is asked for when the one before is durable.
        (counted.passed)(counted.bytes);
        let polled = std::pin::Pin::new(&mut counted.content).poll_read(context, buffer);
        let came = buffer.filled().get(before..).unwrap_or_default();
        counted.sha256.update(came);
        counted.bytes += came.len() as u64;
        polled
    }
}
