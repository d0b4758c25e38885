use std::sync::LazyLock;

use include_dir::{Dir, include_dir};

use crate::{Charter, SourceFile};

static CHARTERS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../../deploy/charters");

static NAMES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut names: Vec<_> = CHARTERS.dirs().filter_map(|folder| folder.path().to_str()).collect();
    names.sort_unstable();
    names
});

impl Charter {
    /// The charter of this name that is embedded in the program; none if there is none.
    #[must_use]
    pub fn shipped(name: &str) -> Option<Self> {
        Self::parse(&shipped_sources(name)?).ok()
    }

    /// The names of the embedded charters, sorted.
    #[must_use]
    pub fn shipped_names() -> &'static [&'static str] {
        &NAMES
    }
}

/// The files of an embedded charter, sorted by name.
#[must_use]
pub fn shipped_sources(name: &str) -> Option<Vec<SourceFile>> {
    let folder = CHARTERS.get_dir(name)?;
    let mut files: Vec<_> = folder
        .files()
        .filter_map(|file| {
            let path = file.path().file_name()?.to_str()?.to_owned();
            Some(SourceFile { path, text: file.contents_utf8()?.to_owned() })
        })
        .collect();
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Some(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_charter_is_valid() {
        assert_eq!(Charter::shipped_names(), ["heping", "jiangan", "wuchang"]);
        for name in Charter::shipped_names() {
            let problems = shipped_sources(name).map(|files| Charter::parse(&files).err().unwrap_or_default());
            let problems: Vec<_> = problems.into_iter().flatten().map(|problem| problem.to_string()).collect();
            assert!(problems.is_empty(), "{name}:\n{}", problems.join("\n"));
        }
    }
}
