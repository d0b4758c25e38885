//! Keys of keyed hashes, as operators hand them over: in a file, with white space around them or without.

use std::path::Path;

use anyhow::Context;

/// Shortest key accepted, in bytes: the output length of SHA-256.
pub const KEY_BYTES_MIN: usize = 32;

/// Reads a key of at least [`KEY_BYTES_MIN`] bytes, without white space around it.
///
/// # Errors
/// The file cannot be read, or holds fewer bytes.
pub fn key_file(path: &Path) -> anyhow::Result<Vec<u8>> {
    let key = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let key = key.trim_ascii().to_vec();
    let (path, long) = (path.display(), key.len());
    anyhow::ensure!(long >= KEY_BYTES_MIN, "{path} holds {long} bytes; the key needs {KEY_BYTES_MIN}");
    Ok(key)
}
