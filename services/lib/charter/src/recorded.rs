//! A charter as the record has it, which may be older or newer than this program.
//!
//! A version was checked by whoever published it and never changes, so nothing is gained by refusing it now: it holds in
//! its district. [`Charter::parse`] is for who writes a charter and says everything that is wrong with it;
//! [`Charter::from_record`] is for who lives under one. It differs in two places only, and no reader of a file knows of
//! it: what an older form lacks is supplied before reading, from [`SUPPLIED`], and what is found wrong while reading is
//! a remark, with what could not be read left out as it is in any case.
//!
//! **Whoever makes something required adds a row here**; `tests/recorded.rs` holds a charter of every form there was.

use crate::yaml::{Key, Node, Value, parse};
use crate::{Charter, Problem};

/// A version on the record as far as it can be read here.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub charter: Charter,
    /// What was supplied, and what of it is not understood here; empty for a charter of this very form.
    pub remarks: Vec<Problem>,
}

/// Faults that no version on the record has, of whatever form, unless it was put there past every check. Whoever reads a
/// charter counts on it: trees are climbed until they end.
pub(crate) const NEVER_TOLERATED: [&str; 3] = ["yaml-syntax", "missing-file", "tree-has-no-cycle"];

/// Something that became required after charters without it were on the record.
struct Supplied {
    file: &'static str,
    place: Place,
    /// In the form of the file.
    yaml: &'static str,
    /// Why this, and no other, is what a charter without it means.
    because: &'static str,
}

#[derive(Clone, Copy)]
enum Place {
    /// All of the file.
    File,
    /// This key at the top of the file.
    Key(&'static str),
    /// Entries of the list under this key: those whose code it does not have.
    Entries(&'static str),
}

const SUPPLIED: [Supplied; 6] = [
    Supplied {
        file: "grading.yaml",
        place: Place::File,
        yaml: include_str!("recorded/grading.yaml"),
        because: "before there was a table, the software decided like this",
    },
    Supplied {
        file: "limits.yaml",
        place: Place::Entries("limits"),
        yaml: "- { code: city-answer, limit: 3wd, provenance: ours }",
        because: "the city was not asked after at all, and a case handed to it must not be forgotten",
    },
    Supplied {
        file: "texts.yaml",
        place: Place::Entries("texts"),
        yaml: include_str!("recorded/texts.yaml"),
        because: "whom the software tells now, it has to tell in some words; these name nothing of a district",
    },
    Supplied {
        file: "channels.yaml",
        place: Place::Entries("channels"),
        yaml: "- { code: enforcement-site, name: 执法现场发现, way: patrol, class: grassroots, provenance: ours }\n\
               - { code: work-site, name: 处置现场发现, way: patrol, class: grassroots, provenance: ours }",
        because: "related cases found on the way come in by these, and would be refused",
    },
    Supplied {
        file: "evaluation.yaml",
        place: Place::Key("containment"),
        yaml: "{ target: 0, definitions: [] }",
        because: "a district that has set itself no target misses none",
    },
    Supplied {
        file: "centre.yaml",
        place: Place::Key("documents"),
        yaml: "form: '{street}综执{kind}〔{year}〕{number}号'\n\
               digits: 4\n\
               kinds: { assessment: 研, stop-order: 停, notice: 整改, reinspection: 复, conclusion: 结 }\n\
               provenance: ours",
        because: "the usual form of such papers; streets are called by their names, of which no two are the same",
    },
];

/// Adds what is missing, and says what was added.
pub(crate) fn supply(trees: &mut Vec<(&str, Node)>) -> Vec<Problem> {
    let mut remarks = Vec::new();
    for row in &SUPPLIED {
        // A text of this program; a test reads every one.
        let Ok(ours) = parse(row.yaml) else { continue };
        let theirs = trees.iter_mut().find(|(path, _)| *path == row.file).map(|(_, node)| node);
        let added = match (row.place, theirs) {
            (Place::File, Some(_)) | (Place::Key(_) | Place::Entries(_), None) => vec![],
            (Place::File, None) => {
                trees.push((row.file, ours));
                vec!["all of it".to_owned()]
            }
            (Place::Key(key), Some(theirs)) => add_key(theirs, key, ours),
            (Place::Entries(key), Some(theirs)) => add_entries(theirs, key, ours),
        };
        remarks.extend(added.into_iter().map(|what| Problem {
            file: row.file.to_owned(),
            line: 0,
            column: 0,
            rule: "supplied",
            message: format!("{what}: {}", row.because),
        }));
    }
    remarks
}

fn add_key(theirs: &mut Node, key: &str, ours: Node) -> Vec<String> {
    let Value::Map(map) = &mut theirs.value else { return vec![] };
    if map.iter().any(|(known, _)| known.text == key) {
        return vec![];
    }
    map.push((Key::new(key), ours));
    vec![key.to_owned()]
}

fn add_entries(theirs: &mut Node, key: &str, ours: Node) -> Vec<String> {
    let Value::List(ours) = ours.value else { return vec![] };
    let Value::Map(map) = &mut theirs.value else { return vec![] };
    let Some((_, Node { value: Value::List(list), .. })) = map.iter_mut().find(|(known, _)| known.text == key) else {
        return vec![];
    };
    let mut added = Vec::new();
    for entry in ours {
        let Some(code) = code_of(&entry).map(str::to_owned) else { continue };
        if !list.iter().any(|known| code_of(known) == Some(&code)) {
            added.push(format!("{key} {code}"));
            list.push(entry);
        }
    }
    added
}

fn code_of(entry: &Node) -> Option<&str> {
    let Value::Map(map) = &entry.value else { return None };
    let (_, code) = map.iter().find(|(key, _)| key.text == "code")?;
    if let Value::Text(code) = &code.value { Some(code) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_supplied_can_be_read() {
        for row in &SUPPLIED {
            assert!(parse(row.yaml).is_ok(), "{}", row.file);
        }
    }
}
