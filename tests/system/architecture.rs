//! Who may import whom, and what the tree must not contain. The rules are those of ARCHITECTURE.md; this reads the
//! manifests and the source, and starts nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::root;

/// What each shared crate may import of ours.
const LIBS: [(&str, &[&str]); 14] = [
    ("ids", &[]),
    ("decider", &[]),
    ("fair", &[]),
    ("vocabulary", &["ids"]),
    ("huying-proto", &["ids"]),
    ("charter", &["ids", "vocabulary"]),
    ("record", &["huying-proto", "ids", "decider", "fair"]),
    ("archive", &["ids", "huying-proto", "record"]),
    ("audit", &["ids", "huying-proto", "record", "archive"]),
    ("chassis", &["fair"]),
    ("station", &["ids", "decider", "vocabulary", "huying-proto", "charter", "record", "archive", "chassis"]),
    ("story", &["ids", "huying-proto", "charter", "record", "chassis", "station"]),
    ("webhook", &[]),
    ("testkit", &[]),
];
const SERVICES: [&str; 11] = [
    "casebook",
    "console",
    "intake",
    "triage",
    "dispatch",
    "door",
    "enforcement-center",
    "evaluation",
    "notification",
    "powers",
    "responder",
];
/// These run everything, so they may import everything.
const RUN_EVERYTHING: [&str; 3] = ["huying", "huying-tests", "world"];
/// Only in tests.
const TEST_ONLY: &str = "testkit";
/// It acts as people do, from outside: no service may know it.
const ACTS_FROM_OUTSIDE: &str = "story";

/// What rules may be made of.
const DOMAIN_MAY_USE: [&str; 12] = [
    "std",
    "core",
    "ids",
    "decider",
    "charter",
    "vocabulary",
    "jiff",
    "thiserror",
    "rust_decimal",
    "regex",
    "super",
    "self",
];
/// Beside those, what their tests may use.
const DOMAIN_TESTS_MAY_USE: [&str; 2] = ["proptest", "rand"];

const LINES_MAX: usize = 500;
/// A crate of ours.
struct Crate {
    name: String,
    folder: PathBuf,
    /// Where the compiler begins to read it.
    begins: Vec<PathBuf>,
    /// Of these, where it looks for no tests.
    untested: Vec<PathBuf>,
    /// Whether examples in documentation are compiled.
    tests_its_documentation: bool,
    dependencies: Vec<Dependency>,
}

struct Dependency {
    name: String,
    /// As the source says it.
    used_as: String,
    only_in_tests: bool,
    ours: bool,
}

#[test]
fn crates_import_only_what_they_may() {
    let crates = crates();
    let names: BTreeSet<&str> = crates.iter().map(|known| known.name.as_str()).collect();
    let expected: BTreeSet<&str> = LIBS.iter().map(|(name, _)| *name).chain(SERVICES).chain(RUN_EVERYTHING).collect();
    assert_eq!(names, expected, "a crate came or went: say here what it may import");

    let mut wrong = Vec::new();
    for importer in &crates {
        let libs = || LIBS.iter().map(|(name, _)| *name).filter(|name| ![TEST_ONLY, ACTS_FROM_OUTSIDE].contains(name));
        let may: Vec<&str> = match LIBS.iter().find(|(name, _)| *name == importer.name) {
            Some((_, may)) => may.to_vec(),
            None if RUN_EVERYTHING.contains(&importer.name.as_str()) => names.iter().copied().collect(),
            None => libs().collect(),
        };
        for imported in importer.dependencies.iter().filter(|imported| imported.ours) {
            let in_a_test = imported.only_in_tests && imported.name == TEST_ONLY;
            if !in_a_test && !may.contains(&imported.name.as_str()) {
                wrong.push(format!("{} must not import {}", importer.name, imported.name));
            }
        }
        // In a test somebody else, who goes past us to the broker, may be played with it.
        let names_the_client =
            importer.dependencies.iter().any(|imported| imported.name == "async-nats" && !imported.only_in_tests);
        if names_the_client != (importer.name == "record") {
            wrong.push(format!("{}: record alone names async-nats", importer.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rules_are_made_of_rules_and_values_alone() {
    let mut wrong = Vec::new();
    let mut files = 0;
    for service in crates().iter().filter(|known| SERVICES.contains(&known.name.as_str())) {
        for file in rust_files(&service.folder.join("src/domain")) {
            files += 1;
            let source = code_of(&read(&file));
            for import in imports(&source) {
                let mut path = import.split("::").map(str::trim);
                let first = path.next().unwrap_or_default();
                let own = first == "crate" && path.next() == Some("domain");
                // A module of the file, or an enum brought in by its variants.
                let local = modules(&source).contains(&first) || first.starts_with(char::is_uppercase);
                let known = DOMAIN_MAY_USE.contains(&first) || DOMAIN_TESTS_MAY_USE.contains(&first);
                if !own && !local && !known {
                    wrong.push(format!("{}: use {import}", shown(&file)));
                }
            }
            // What is named in full needs no `use`.
            for dependency in &service.dependencies {
                let name = dependency.used_as.as_str();
                let known = DOMAIN_MAY_USE.contains(&name) || DOMAIN_TESTS_MAY_USE.contains(&name);
                if !known && names_in_full(&source, name) {
                    wrong.push(format!("{}: {name}::", shown(&file)));
                }
            }
        }
    }
    assert!(files >= SERVICES.len(), "only {files} files of rules were found");
    assert!(wrong.is_empty(), "domain/ sees only rules and values:\n{}", wrong.join("\n"));
}

/// A file that no module names is compiled by nobody: its tests cannot fail.
#[test]
fn every_source_is_compiled() {
    let mut left = Vec::new();
    for known in crates() {
        let mut compiled = BTreeSet::new();
        for begins in &known.begins {
            take_in(begins, begins.parent().unwrap(), &mut compiled);
        }
        let folders = ["src", "tests", "build", "benches", "examples", "system"];
        let there = folders.iter().flat_map(|folder| rust_files(&known.folder.join(folder)));
        left.extend(there.filter(|file| !compiled.contains(file)).map(|file| shown(&file)));
    }
    assert!(left.is_empty(), "no module names\n{}", left.join("\n"));
}

/// A file and those that its `mod` lines name; their files lie in `folder`.
fn take_in(file: &Path, folder: &Path, compiled: &mut BTreeSet<PathBuf>) {
    if !compiled.insert(file.to_owned()) {
        return;
    }
    for line in read(file).lines().map(str::trim) {
        let named = without_visibility(line).strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';'));
        let Some(name) = named else { continue };
        let below = folder.join(name);
        let file = [below.with_extension("rs"), below.join("mod.rs")].into_iter().find(|file| file.exists());
        take_in(&file.unwrap_or_else(|| panic!("{}: {line}", below.display())), &below, compiled);
    }
}

/// To build a program once more for tests that it does not have, and to read documentation for examples that are not there,
/// takes minutes. What the manifests leave out for that has nothing that could fail.
#[test]
fn whatever_could_fail_is_tried() {
    let mut left = Vec::new();
    for known in crates() {
        let has_tests =
            |file: &&PathBuf| ["#[test]", "#[tokio::test", "cfg(test)"].iter().any(|it| read(file).contains(it));
        left.extend(known.untested.iter().filter(has_tests).map(|file| shown(file)));
        if !known.tests_its_documentation {
            let examples = rust_files(&known.folder.join("src")).into_iter().filter(|file| has_an_example(&read(file)));
            left.extend(examples.map(|file| shown(&file)));
        }
    }
    assert!(
        left.is_empty(),
        "`test = false` or `doctest = false` in the manifest leaves these out\n{}",
        left.join("\n")
    );
}

/// Whether the documentation of a source has Rust that would be compiled.
fn has_an_example(source: &str) -> bool {
    let mut open = false;
    let documentation = source.lines().map(str::trim).filter(|line| line.starts_with("///") || line.starts_with("//!"));
    documentation.filter_map(|line| line[3..].trim().strip_prefix("```")).any(|is| {
        open = !open;
        open && (is.is_empty()
            || ["rust", "no_run", "should_panic", "compile_fail"].iter().any(|kind| is.contains(kind)))
    })
}

#[test]
fn the_top_level_is_as_agreed() {
    const FILES: [&str; 6] = ["Cargo.toml", "Cargo.lock", "Makefile", "LICENSE", "clippy.toml", "rustfmt.toml"];
    const FOLDERS: [&str; 5] = ["services", "proto", "deploy", "k8s", "tests"];
    let ignored = read(&root().join(".gitignore"));
    let ignored: Vec<&str> = ignored.lines().map(|line| line.trim_matches('/')).collect();
    let there: BTreeSet<String> = std::fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.') && !ignored.contains(&name.as_str()))
        .collect();
    for name in FILES.iter().chain(&FOLDERS) {
        assert!(there.contains(*name), "{name} is missing");
    }
    let agreed = |name: &str| {
        FILES.contains(&name)
            || FOLDERS.contains(&name)
            || ["docs", "findings"].contains(&name)
            || Path::new(name).extension().is_some_and(|extension| extension == "md")
    };
    let others: Vec<&String> = there.iter().filter(|name| !agreed(name)).collect();
    assert!(others.is_empty(), "the top level has only what was agreed; not {others:?}");
}

#[test]
fn every_crate_begins_by_saying_what_it_is() {
    for known in crates() {
        let file = known.folder.join("src/lib.rs");
        assert!(read(&file).starts_with("//! "), "{} does not begin with its documentation", shown(&file));
    }
}

#[test]
fn nothing_is_left_undone_or_grows_without_end() {
    // Put together here, so that this file does not find itself.
    let never = [["#[ign", "ore"].concat(), ["to", "do!("].concat(), ["unimpl", "emented!("].concat()];
    let mut wrong = Vec::new();
    for file in ["services", "proto", "tests"].iter().flat_map(|folder| rust_files(&root().join(folder))) {
        let text = read(&file);
        let name = shown(&file);
        wrong.extend(never.iter().filter(|never| text.contains(*never)).map(|never| format!("{name}: {never}")));
        let lines = text.lines().count();
        if name.contains("/src/") && lines > LINES_MAX {
            wrong.push(format!("{name} has {lines} lines; {LINES_MAX} fit"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn imports_are_read_as_the_compiler_reads_them() {
    let source =
        "use ids::Code;\npub use decide::Rules;\npub(crate) use crate::wire::{\n    A,\n    B,\n};\nlet used = 1;";
    assert_eq!(imports(source), ["ids::Code", "decide::Rules", "crate::wire::{A,B,}"]);
    assert!(names_in_full("tracing::info!()", "tracing"));
    assert!(!names_in_full("super::tracing::info!(); my_tracing::x()", "tracing"));
}

/// The workspace, as cargo knows it.
fn crates() -> Vec<Crate> {
    let args = ["metadata", "--no-deps", "--offline", "--format-version", "1"];
    let output = Command::new(env!("CARGO")).args(args).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut crates: BTreeMap<String, Crate> = BTreeMap::new();
    for package in metadata["packages"].as_array().unwrap() {
        let dependencies = package["dependencies"].as_array().unwrap().iter().map(|dependency| {
            let name = text(&dependency["name"]);
            let used_as = if dependency["rename"].is_null() { name.clone() } else { text(&dependency["rename"]) };
            Dependency {
                name,
                used_as: used_as.replace('-', "_"),
                only_in_tests: dependency["kind"] == "dev",
                ours: !dependency["path"].is_null(),
            }
        });
        let name = text(&package["name"]);
        let folder = PathBuf::from(text(&package["manifest_path"])).parent().unwrap().to_owned();
        let targets = package["targets"].as_array().unwrap();
        let of = |wanted: fn(&Value) -> bool| {
            targets.iter().filter(move |target| wanted(target)).map(|target| PathBuf::from(text(&target["src_path"])))
        };
        crates.insert(
            name.clone(),
            Crate {
                name,
                folder,
                begins: of(|_| true).collect(),
                untested: of(|target| target["test"] == false && target["kind"][0] != "custom-build").collect(),
                tests_its_documentation: targets.iter().any(|target| target["doctest"] == true),
                dependencies: dependencies.collect(),
            },
        );
    }
    crates.into_values().collect()
}

/// Source without its comments and documentation.
fn code_of(source: &str) -> String {
    source.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Modules that a source has below it.
fn modules(source: &str) -> Vec<&str> {
    let lines = source.lines().map(|line| line.trim().trim_start_matches("pub "));
    lines.filter_map(|line| line.strip_prefix("mod ")).map(|rest| rest.trim_end_matches([';', ' ', '{'])).collect()
}

/// A line without its `pub` or `pub(crate)`.
fn without_visibility(line: &str) -> &str {
    let public = if line.starts_with("pub(") { line.split_once(") ").map(|(_, rest)| rest) } else { None };
    public.unwrap_or(line.trim_start_matches("pub "))
}

/// What every `use` of a source names, up to its semicolon.
fn imports(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut statement: Option<String> = None;
    for line in source.lines().map(str::trim) {
        let begins = || without_visibility(line).starts_with("use ").then(String::new);
        let begun = statement.take().or_else(begins);
        let Some(mut text) = begun else { continue };
        text += line;
        match text.split_once(';') {
            Some((whole, _)) => {
                found.extend(whole.split_once("use ").map(|(_, path)| path.trim_start_matches("::").to_owned()))
            }
            None => statement = Some(text),
        }
    }
    found
}

/// Whether a path of the source begins with this crate.
fn names_in_full(source: &str, name: &str) -> bool {
    source.match_indices(&format!("{name}::")).any(|(position, _)| {
        let before = source[..position].chars().next_back();
        !before.is_some_and(|character| character.is_alphanumeric() || character == '_' || character == ':')
    })
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries
        .flat_map(|entry| {
            let path = entry.unwrap().path();
            let is_rust = path.extension().is_some_and(|extension| extension == "rs");
            if path.is_dir() { rust_files(&path) } else { is_rust.then_some(path).into_iter().collect() }
        })
        .collect()
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// A path from the top of the project.
fn shown(file: &Path) -> String {
    file.strip_prefix(root()).unwrap_or(file).display().to_string()
}
