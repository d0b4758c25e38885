//! How far a file has been sent, kept in the data folder and not beside somebody's file.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;
use data_encoding::HEXLOWER;
use ids::Code;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::shown;
use crate::data::{DataFolder, write_if_changed};

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Position {
    /// For whoever reads this.
    file: PathBuf,
    /// Everything up to the row that begins on this line is answered.
    pub line: u64,
    /// SHA-256 of the file as it was: another file under its name begins anew.
    #[serde(default)]
    sha256: String,
    #[serde(skip)]
    kept_in: PathBuf,
}

impl Position {
    /// Where the last run with this file and bridge stopped that read it in the same way; the beginning if there was none.
    pub fn of(folder: &DataFolder, file: &Path, bridge: &Code, read_as: &str) -> anyhow::Result<Self> {
        let file = file.canonicalize().with_context(|| format!("finding {}", shown(file)))?;
        let run = [file.as_os_str().as_encoded_bytes(), read_as.as_bytes()].join(&0);
        let name = HEXLOWER.encode(&Sha256::digest(run)[..8]);
        let kept_in = folder.bridge_positions().join(format!("{bridge}-{name}.json"));
        let sha256 = HEXLOWER.encode(&content(&file)?);
        let known = match std::fs::read_to_string(&kept_in) {
            Ok(text) => {
                Some(serde_json::from_str::<Self>(&text).with_context(|| format!("reading {}", shown(&kept_in)))?)
            }
            Err(_) => None,
        };
        let line = known.filter(|known| known.sha256 == sha256).map_or(0, |known| known.line);
        Ok(Self { file, line, sha256, kept_in })
    }

    pub fn note(&self) -> anyhow::Result<()> {
        write_if_changed(&self.kept_in, serde_json::to_string(self)?.as_bytes())?;
        Ok(())
    }
}

fn content(file: &Path) -> anyhow::Result<[u8; 32]> {
    let context = || format!("reading {}", shown(file));
    let mut hash = Sha256::new();
    let mut file = File::open(file).with_context(context)?;
    let mut bytes = vec![0; 64 * 1024];
    loop {
        match file.read(&mut bytes).with_context(context)? {
            0 => return Ok(hash.finalize().into()),
            read => hash.update(&bytes[..read]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_read_in_another_way_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.csv");
        std::fs::write(&file, "id,title\n1,a\n").unwrap();
        let (data, bridge) = (DataFolder::new(folder.path().join("data")), "wuchang-board".parse().unwrap());
        let mut position = Position::of(&data, &file, &bridge, "title=title").unwrap();
        position.line = 2;
        position.note().unwrap();
        let line = |read_as| Position::of(&data, &file, &bridge, read_as).unwrap().line;
        assert_eq!((line("title=title"), line("title=id")), (2, 0));
    }
}
