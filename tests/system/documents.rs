//! What the documents say there is, held against what there is: commands and their flags, targets of `make`, variables of
//! the environment, files, tests. A sentence about behaviour it cannot read; a name it can.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Command;

use crate::support::root;

/// Flags of other programs that documents name by themselves.
const FOREIGN_FLAGS: [&str; 1] = ["--server-side"];
/// Variables of the environment that no program of ours reads: how tests and `make` are told something.
const FOR_TESTS_AND_MAKE: [&str; 3] = ["HUYING_BLESS", "HUYING_NATS_SERVER", "HUYING_PERIODS"];

/// What `huying conformance` tells programs of others.
const FOR_OTHERS: [&str; 2] = ["HUYING_DOOR", "HUYING_MATTERS"];

/// A Markdown file, and what of it is code.
struct Document {
    name: String,
    text: String,
    spans: Vec<String>,
}

#[test]
fn every_command_and_flag_that_a_document_names_is_there() {
    let huying = built();
    let mut wrong = Vec::new();
    let mut found = 0;
    for document in documents() {
        for line in invocations(&document) {
            found += 1;
            if let Err(what) = follow(&huying, &line) {
                wrong.push(format!("{}: huying {line}: {what}", document.name));
            }
        }
    }
    assert!(found > 80, "only {found} command lines were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_flag_that_stands_alone_is_one_of_ours() {
    let mut known = service_flags();
    flags_below(&built(), &mut known);
    known.extend(FOREIGN_FLAGS.map(str::to_owned));
    let mut wrong = Vec::new();
    // What has changed tells of flags that are gone.
    for document in documents().iter().filter(|document| document.name != "CHANGELOG.md") {
        for flag in document.spans.iter().filter(|span| span.starts_with("--")) {
            let name = flag.split([' ', '=', '/']).next().unwrap_or_default();
            if !known.contains(name) {
                wrong.push(format!("{}: {flag}", document.name));
            }
        }
    }
    assert!(wrong.is_empty(), "no program has these:\n{}", wrong.join("\n"));
}

#[test]
fn both_readmes_name_every_command_and_the_same_ones() {
    let huying = built();
    let (english, chinese) = (document("README.md"), document("README.zh-CN.md"));
    for readme in [&english, &chinese] {
        let named = |name: &str| {
            let used = invocations(readme).iter().any(|line| line.split_whitespace().next() == Some(name));
            used || readme.spans.iter().any(|span| span.split_whitespace().next() == Some(name))
        };
        let missing: Vec<&str> = huying
            .get_subcommands()
            .map(Command::get_name)
            // `make demo` is how it is reached there.
            .filter(|name| *name != "demo" && !named(name))
            .collect();
        assert!(missing.is_empty(), "{} does not name {missing:?}", readme.name);
    }
    let commands = |readme: &Document| invocations(readme).into_iter().collect::<BTreeSet<_>>();
    let (english, chinese) = (commands(&english), commands(&chinese));
    let only: Vec<_> = english.symmetric_difference(&chinese).collect();
    assert!(only.is_empty(), "one README has these and the other has not: {only:#?}");
}

#[test]
fn every_target_of_make_that_a_document_names_is_there_and_explained() {
    let makefile = std::fs::read_to_string(root().join("Makefile")).unwrap();
    let rules = makefile.lines().filter_map(|line| {
        let (target, rest) = line.split_once(':')?;
        let is_target =
            !target.is_empty() && target.chars().all(|c| c.is_ascii_lowercase() || "-0123456789".contains(c));
        (is_target && !rest.starts_with('=')).then_some((target, rest))
    });
    let targets: BTreeSet<&str> = rules.clone().map(|(target, _)| target).collect();
    for (target, rest) in rules {
        assert!(rest.contains(" ## "), "make {target} is not explained");
    }
    let phony = makefile.lines().find_map(|line| line.strip_prefix(".PHONY: ")).unwrap();
    assert_eq!(phony.split_whitespace().collect::<BTreeSet<_>>(), targets);
    let mut found = 0;
    for document in documents() {
        for span in &document.spans {
            // `make` alone, with what it does in the next column, names none.
            let named = span.trim_start().strip_prefix("make ").and_then(|rest| rest.split(' ').next());
            let Some(target) = named.filter(|target| target.starts_with(|c: char| c.is_ascii_lowercase())) else {
                continue;
            };
            found += 1;
            assert!(targets.contains(target), "{}: make {target}", document.name);
        }
    }
    assert!(found > 10, "only {found} were found");
}

#[test]
fn every_variable_that_a_document_names_is_read_by_somebody() {
    let mut known: BTreeSet<String> = FOR_TESTS_AND_MAKE.into_iter().chain(FOR_OTHERS).map(str::to_owned).collect();
    variables_below(&built(), &mut known);
    for config in configs() {
        known.extend(config.split("env = \"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned));
    }
    for document in documents() {
        for rest in document.text.split("HUYING_").skip(1) {
            let name: String = rest.chars().take_while(|c| c.is_ascii_uppercase() || *c == '_').collect();
            let name = format!("HUYING_{name}");
            assert!(known.contains(&name), "{}: nothing reads {name}", document.name);
        }
    }
    let without = flags_without_variable();
    assert!(
        without.is_empty(),
        "README says that every flag of a service has a variable; these have none: {without:?}"
    );
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    let mut wrong = Vec::new();
    for document in documents() {
        let folder = root().join(&document.name).parent().unwrap().to_owned();
        for rest in document.text.split("](").skip(1) {
            let target = rest.split([')', '#']).next().unwrap_or_default();
            let elsewhere = target.is_empty() || target.contains("://") || target.starts_with("mailto:");
            if !elsewhere && !folder.join(target).exists() {
                wrong.push(format!("{}: {target}", document.name));
            }
        }
    }
    assert!(wrong.is_empty(), "these lead nowhere:\n{}", wrong.join("\n"));
}

/// "Nothing counts as done because code for it exists: the last column names a test or a story."
#[test]
fn every_test_that_a_requirement_names_is_there() {
    let requirements = document("REQUIREMENTS.md");
    let mut tests = BTreeSet::new();
    for folder in ["services", "proto", "tests"] {
        for file in files(&root().join(folder), "rs") {
            let source = std::fs::read_to_string(file).unwrap();
            let named = source.split("fn ").skip(1).filter_map(|rest| rest.split(['(', '<']).next().map(str::to_owned));
            tests.extend(named.filter(|name| name.contains('_')));
        }
    }
    for file in files(&root().join("tests"), "py") {
        let source = std::fs::read_to_string(file).unwrap();
        tests.extend(source.split("def ").skip(1).filter_map(|rest| rest.split('(').next().map(str::to_owned)));
    }
    let mut missing = Vec::new();
    let mut found = 0;
    for span in &requirements.spans {
        // `dispatch: name`, or `name` alone after one of them.
        let name = span.rsplit(": ").next().unwrap_or_default();
        if !name.contains('_')
            || !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_…".contains(c))
        {
            continue;
        }
        found += 1;
        let there = match name.strip_suffix('…') {
            Some(begins) => tests.range(begins.to_owned()..).next().is_some_and(|name| name.starts_with(begins)),
            None => tests.contains(name),
        };
        if !there {
            missing.push(name);
        }
    }
    assert!(found > 150, "only {found} were found");
    assert!(missing.is_empty(), "no test has these names: {missing:#?}");
    let stories: Vec<&str> =
        requirements.spans.iter().map(String::as_str).filter(|span| span.ends_with(".yaml")).collect();
    for story in stories.iter().filter(|story| story.starts_with('s') && !story.contains('…')) {
        assert!(root().join("tests/stories").join(story).exists(), "there is no story {story}");
    }
}

/// The commands of `huying`, as clap completes them.
fn built() -> Command {
    let mut huying = huying::command();
    huying.build();
    huying
}

/// Whether a command line leads to a command, and its flags are that command's.
fn follow(huying: &Command, line: &str) -> Result<(), String> {
    let mut words = line.split_whitespace().peekable();
    let mut at = huying;
    while at.has_subcommands() {
        let Some(word) = words.peek() else { break };
        if word.starts_with('-') || !word.starts_with(|c: char| c.is_ascii_lowercase()) {
            break;
        }
        // `dlq list|show` names two.
        let mut below = at;
        for name in word.split('|') {
            below = at.find_subcommand(name).ok_or_else(|| format!("there is no command {name:?}"))?;
        }
        at = below;
        words.next();
    }
    for word in words.filter(|word| word.starts_with("--")) {
        let name: String =
            word.chars().skip(2).take_while(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-').collect();
        let known = at.get_arguments().any(|argument| argument.get_long() == Some(name.as_str()));
        if !name.is_empty() && !known && !["help", "version"].contains(&name.as_str()) {
            return Err(format!("{} has no --{name}", at.get_name()));
        }
    }
    Ok(())
}

/// What stands behind `huying` in code, up to the end of the command.
fn invocations(document: &Document) -> Vec<String> {
    let mut found = Vec::new();
    for span in &document.spans {
        for (at, _) in span.match_indices("huying ") {
            let before = span[..at].chars().next_back();
            // `-n huying` is the namespace of kubectl.
            let other = before.is_some_and(|c| !" ($/&".contains(c)) || span[..at].ends_with("-n ");
            if other || span[..at].contains(" #") {
                continue;
            }
            let rest = &span[at + "huying ".len()..];
            let ends = [" #", " && ", " | ", "; ", " >", ")", " \\"].iter().filter_map(|end| rest.find(end)).min();
            let line = rest[..ends.unwrap_or(rest.len())].trim().trim_end_matches(';').to_owned();
            // `docker run … huying provision` and images are `huying/…`; a name alone is prose.
            if line.starts_with(|c: char| c.is_ascii_lowercase() || c == '-') {
                found.push(line);
            }
        }
    }
    found
}

fn flags_below(command: &Command, known: &mut BTreeSet<String>) {
    known.extend(command.get_arguments().filter_map(|flag| flag.get_long()).map(|long| format!("--{long}")));
    command.get_subcommands().for_each(|command| flags_below(command, known));
}

fn variables_below(command: &Command, known: &mut BTreeSet<String>) {
    known.extend(command.get_arguments().filter_map(|flag| flag.get_env()).map(|name| name.to_string_lossy().into()));
    command.get_subcommands().for_each(|command| variables_below(command, known));
}

/// The sources that declare flags of services.
fn configs() -> Vec<String> {
    let all = files(&root().join("services"), "rs").into_iter().filter(|file| !file.ends_with("tests.rs"));
    let services = all.filter(|file| !file.starts_with(root().join("services/huying")));
    let sources = services.map(|file| std::fs::read_to_string(file).unwrap());
    let declares = |source: String| source.split("#[cfg(test)]").next().unwrap().to_owned();
    sources.map(declares).filter(|source| source.contains("#[arg(long")).collect()
}

/// `#[arg(long, …)]` and the name of the field below it.
fn declared_flags() -> Vec<(String, String)> {
    let mut flags = Vec::new();
    for config in configs() {
        for rest in config.split("#[arg(long").skip(1) {
            let (attribute, below) = rest.split_once(")]\n").unwrap();
            let field = below.lines().map(str::trim).find(|line| !line.starts_with("#[")).unwrap_or_default();
            let name = field.trim_start_matches("pub ").split(':').next().unwrap_or_default();
            flags.push((attribute.to_owned(), format!("--{}", name.replace('_', "-"))));
        }
    }
    assert!(flags.len() > 10, "{flags:?}");
    flags
}

fn service_flags() -> BTreeSet<String> {
    declared_flags().into_iter().map(|(_, flag)| flag).collect()
}

fn flags_without_variable() -> Vec<String> {
    declared_flags().into_iter().filter(|(attribute, _)| !attribute.contains("env = ")).map(|(_, flag)| flag).collect()
}

fn document(name: &str) -> Document {
    documents().into_iter().find(|document| document.name == name).unwrap_or_else(|| panic!("{name} is missing"))
}

fn documents() -> Vec<Document> {
    let mut found = files(&root(), "md");
    found.sort();
    let read = |file: &PathBuf| {
        let text = std::fs::read_to_string(file).unwrap();
        let name = file.strip_prefix(root()).unwrap().display().to_string();
        Document { name, spans: code_in(&text), text }
    };
    let documents: Vec<Document> = found.iter().map(read).collect();
    assert!(documents.len() > 15, "only {} were found", documents.len());
    documents
}

/// Lines of blocks, and what stands between backticks.
fn code_in(text: &str) -> Vec<String> {
    let mut spans = Vec::new();
    let mut fenced = false;
    let mut prose = String::new();
    let mut continued = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if fenced || line.starts_with("    ") {
            continued.push_str(line.trim());
            match continued.strip_suffix('\\') {
                Some(begun) => continued = begun.to_owned(),
                None => spans.push(std::mem::take(&mut continued)),
            }
        } else {
            // A span may go on in the next line, but not in the next paragraph.
            if line.is_empty() {
                spans.extend(prose.split('`').skip(1).step_by(2).map(str::to_owned));
                prose.clear();
            }
            prose.push_str(line);
            prose.push(' ');
        }
    }
    spans.extend(prose.split('`').skip(1).step_by(2).map(str::to_owned));
    spans
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let outside = name.starts_with('.') || ["target", "data"].contains(&name.as_str()) && folder == root();
        if path.is_dir() && !outside {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|is| is == extension) {
            found.push(path);
        }
    }
    found
}
