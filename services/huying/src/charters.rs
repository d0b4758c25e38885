//! Charters by name or folder, and what the broker has to know of them.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use charter::{Charter, Problem, SourceFile, shipped_sources};
use ids::Code;

/// A charter that breaks rules, all of them named.
#[derive(Debug)]
pub struct Broken {
    /// Where its files lie; empty for an embedded one.
    folder: PathBuf,
    pub problems: Vec<Problem>,
}

impl std::fmt::Display for Broken {
    /// One problem a line, `folder/file:line:col: rule: message`, as editors and terminals can follow it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (position, problem) in self.problems.iter().enumerate() {
            let end = if position == 0 { "" } else { "\n" };
            let file = self.folder.join(&problem.file);
            write!(
                f,
                "{end}{}:{}:{}: {}: {}",
                file.display(),
                problem.line,
                problem.column,
                problem.rule,
                problem.message
            )?;
        }
        Ok(())
    }
}

impl std::error::Error for Broken {}

/// Reads the charter that ships under this name, or the one whose files lie in this folder. A folder that is called
/// like a shipped one is written `./wuchang`.
///
/// # Errors
/// There is none, it cannot be read, or it is [`Broken`].
pub fn load(name_or_folder: &str) -> anyhow::Result<Charter> {
    let (folder, files) = match shipped_sources(name_or_folder) {
        Some(files) => (PathBuf::new(), files),
        None => {
            let folder = Path::new(name_or_folder);
            if !folder.is_dir() {
                bail!(
                    "{name_or_folder:?} is neither a folder nor a charter that ships ({})",
                    Charter::shipped_names().join(", ")
                );
            }
            (folder.to_owned(), read_folder(folder)?)
        }
    };
    Ok(Charter::parse(&files).map_err(|problems| Broken { folder, problems })?)
}

/// Those that are named, or all that ship. Two of one district are refused: which of them should hold?
///
/// # Errors
/// As [`load`].
pub fn load_all(names: &[String]) -> anyhow::Result<Vec<Charter>> {
    let shipped = || Charter::shipped_names().iter().map(ToString::to_string).collect();
    let names: Vec<String> = if names.is_empty() { shipped() } else { names.to_vec() };
    // Each takes tens of milliseconds and none needs another.
    let loaded: Vec<anyhow::Result<Charter>> = std::thread::scope(|scope| {
        let readers: Vec<_> = names
            .iter()
            .map(|name| scope.spawn(move || load(name).with_context(|| format!("the charter {name} cannot be used"))))
            .collect();
        readers
            .into_iter()
            .map(|reader| reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    let charters: Vec<Charter> = loaded.into_iter().collect::<Result<_, _>>()?;
    for (position, charter) in charters.iter().enumerate() {
        if charters[..position].iter().any(|other| other.district == charter.district) {
            bail!("two charters of district {} were named; name one", charter.district);
        }
    }
    Ok(charters)
}

fn read_folder(folder: &Path) -> anyhow::Result<Vec<SourceFile>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("reading the folder {}", folder.display()))? {
        let path = entry?.path();
        let is_yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        if let (true, Some(name)) = (is_yaml, path.file_name().and_then(|name| name.to_str())) {
            let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
            files.push(SourceFile { path: name.to_owned(), text });
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

/// The outside parties that some charters name: each has an account of its own at the broker (D5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roster {
    /// Sorted.
    pub bridges: Vec<Code>,
    /// Every party that runs a responder, sorted.
    pub departments: Vec<Code>,
}

impl Roster {
    pub fn of<'c>(charters: impl IntoIterator<Item = &'c Charter>) -> Self {
        let mut roster = Self::default();
        for charter in charters {
            roster.bridges.extend(charter.bridges().iter().map(|bridge| bridge.code.clone()));
            roster.departments.extend(charter.departments().map(|party| party.code.clone()));
        }
        for codes in [&mut roster.bridges, &mut roster.departments] {
            codes.sort();
            codes.dedup();
        }
        roster
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_charter_says_where() {
        let folder = tempfile::tempdir().unwrap();
        for file in shipped_sources("heping").unwrap() {
            let text = file.text.replace("confidence-min: 0", "confidence-min: 7");
            std::fs::write(folder.path().join(&file.path), text).unwrap();
        }
        let error = load(folder.path().to_str().unwrap()).unwrap_err();
        let text = error.to_string();
        let line = text.lines().next().unwrap();
        assert!(line.starts_with(&format!("{}/charter.yaml:", folder.path().display())), "{line}");
        assert!(line.contains(": confidence-range: "), "{line}");
    }

    #[test]
    fn two_charters_of_one_district_are_refused() {
        let error = load_all(&["heping".into(), "heping".into()]).unwrap_err();
        assert!(error.to_string().contains("heping"), "{error}");
    }
}
