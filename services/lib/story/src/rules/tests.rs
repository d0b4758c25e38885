#![allow(clippy::unwrap_used, reason = "a test that cannot read its own data has failed")]
//! The page of rules against the code that refuses. `HUYING_BLESS=1` writes the page anew: what a refusal says comes
//! from the code; of a rule of fields, which many places refuse by, the page says what it means.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::{PAGE, rows};

const SERVICES: [&str; 9] = [
    "casebook",
    "intake",
    "triage",
    "dispatch",
    "enforcement-center",
    "evaluation",
    "powers",
    "responder",
    "lib/station",
];
/// Pairs of words in the code that look like a field and its rule and are none.
const NO_RULES: [&str; 5] = ["channel", "kind", "state", "way", "missing"];
/// What is said of a rule whose words the code puts together.
const UNSAID: &str = "the message says what";

const HEAD: &str = "\
# Rules: the names of refusals

What `refused:` of a step can name. The rule stands in parentheses at the end of a refusal, e.g. *task 2 is not done
(task-open)*. Instead of a rule the status may be named: `InvalidArgument`, `PermissionDenied` (the role or the unit may
not do this at all), `NotFound`, `AlreadyExists`, `FailedPrecondition`, `ResourceExhausted`. A refusal for the role alone
has no rule: it is `PermissionDenied`.

A test compares this page with the code; `…` stands for what a message names.
";

/// What a rule says, and who refuses by it.
#[derive(Default)]
struct Found {
    by: BTreeSet<&'static str>,
    says: Option<String>,
}

type Rules = BTreeMap<String, Found>;

#[test]
fn the_page_of_rules_is_what_the_code_refuses_by() {
    let (refusals, violations) = rules();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/stories/RULES.md");
    let page = page(&refusals, &violations);
    #[allow(clippy::disallowed_methods, reason = "a test is told through the environment whether to write")]
    if std::env::var_os("HUYING_BLESS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let is = fs::read_to_string(path).unwrap();
    let listed = |page: &str| rows(page).map(|row| format!("{} by {}", row[0], row[1])).collect::<BTreeSet<_>>();
    assert_eq!(listed(&is), listed(&page), "run this test once with HUYING_BLESS=1 and look at the difference");
    assert!(is == page, "tests/stories/RULES.md says something else; run this test once with HUYING_BLESS=1");
}

fn page(refusals: &Rules, violations: &Rules) -> String {
    let of_fields = PAGE.split("## What does not fit a field").nth(1).unwrap_or_default();
    let kept: BTreeMap<&str, &str> = rows(of_fields).map(|row| (row[0], row[2])).collect();
    let table = |rules: &Rules, kept: &BTreeMap<&str, &str>| {
        let rows = rules.iter().map(|(rule, found)| {
            let by = found.by.iter().map(|by| by.trim_start_matches("lib/")).collect::<Vec<_>>().join(", ");
            let says = kept.get(rule.as_str()).copied().filter(|kept| *kept != UNSAID).or(found.says.as_deref());
            format!("| `{rule}` | {by} | {} |\n", says.unwrap_or(UNSAID))
        });
        format!("| rule | by | says |\n|---|---|---|\n{}", rows.collect::<String>())
    };
    format!(
        "{HEAD}\n## What the state of things does not allow\n\n{}\n## What does not fit a field\n\nThese are \
         `InvalidArgument`; the message names the field. `station` stands for every service.\n\n{}",
        table(refusals, &BTreeMap::new()),
        table(violations, &kept)
    )
}

/// Refusals of the domains, and violations of fields.
fn rules() -> (Rules, Rules) {
    let (mut refusals, mut violations) = (Rules::new(), Rules::new());
    for service in SERVICES {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(service).join("src");
        let sources: Vec<String> = sources(&folder).iter().map(|file| code_of(file)).collect();
        let errors: BTreeMap<&str, String> = sources.iter().flat_map(|source| messages(source)).collect();
        for (variant, rule) in sources.iter().flat_map(|source| named_rules(source)) {
            let found = refusals.entry(rule.to_owned()).or_default();
            found.by.insert(service);
            found.says = found.says.take().or_else(|| errors.get(variant).cloned());
        }
        for (rule, says) in sources.iter().flat_map(|source| field_rules(source)) {
            let found = violations.entry(rule).or_default();
            found.by.insert(service);
            found.says = found.says.take().or(says);
        }
    }
    violations.retain(|rule, _| !NO_RULES.contains(&rule.as_str()));
    (refusals, violations)
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if !path.to_string_lossy().contains("test") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn code_of(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    text.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned()
}

/// `#[error("…")] Variant`: what a variant says.
fn messages(source: &str) -> Vec<(&str, String)> {
    let attributes = source.split("#[error(").skip(1);
    let said = attributes.filter_map(|rest| {
        let (message, rest) = literal(rest)?;
        let (_, after) = rest.split_once(")]")?;
        let variant = after.trim_start().split(|c: char| !c.is_alphanumeric()).next()?;
        Some((variant, told(&message)))
    });
    said.collect()
}

/// `Self::Variant … => "rule"` within `fn rule`.
fn named_rules(source: &str) -> Vec<(&str, &str)> {
    let bodies = source.split("fn rule(&self)").skip(1).filter_map(|rest| rest.split("\n    }\n").next());
    let mut named = Vec::new();
    for body in bodies {
        let mut variants: Vec<&str> = Vec::new();
        for line in body.lines().map(str::trim) {
            if let Some(variant) = line.trim_start_matches("| ").strip_prefix("Self::") {
                variants.push(variant.split(|c: char| !c.is_alphanumeric()).next().unwrap());
            }
            let rule = line.split('"').nth(1).filter(|_| line.ends_with("\",") || line.ends_with('"'));
            if let Some(rule) = rule {
                named.extend(variants.drain(..).map(|variant| (variant, rule)));
            }
        }
    }
    named
}

/// `("field", "rule", …)`, however the function before it is called.
fn field_rules(source: &str) -> Vec<(String, Option<String>)> {
    let mut found = Vec::new();
    for rest in source.split('(').skip(1) {
        let rest = rest.trim_start();
        let after = ["field,", "problem.field,"].iter().find_map(|field| rest.strip_prefix(field));
        let quoted = || literal(rest).and_then(|(field, rest)| is_field(&field).then(|| rest.strip_prefix(','))?);
        let Some(after) = after.or_else(quoted) else { continue };
        let Some((rule, rest)) = literal(after.trim_start()) else { continue };
        if is_rule(&rule) && rest.starts_with([',', ')']) {
            let rest = rest.trim_start_matches([',', ')']).trim_start();
            found.push((rule, literal(rest).map(|(says, _)| told(&says))));
        }
    }
    // A text that is put together stands behind one more parenthesis.
    for rest in source.split("format!(").skip(1) {
        let Some(said) = literal(rest.trim_start()).map(|(said, _)| told(&said)) else { continue };
        let before = source.split(&format!("format!({rest}")).next().unwrap();
        let rule = before.trim_end().trim_end_matches(',').rsplit('"').nth(1).unwrap_or_default();
        let near = before.trim_end().ends_with("\",") && is_rule(rule);
        if let Some(known) = found.iter_mut().find(|(known, says)| near && known == rule && says.is_none()) {
            known.1 = Some(said);
        }
    }
    found
}

fn is_field(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || "._[]".contains(c))
}

fn is_rule(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// The text literal that comes next, and what follows it.
fn literal(source: &str) -> Option<(String, &str)> {
    let rest = source.trim_start().strip_prefix('"')?;
    let end = rest.match_indices('"').find(|(at, _)| !rest[..*at].ends_with('\\'))?.0;
    Some((rest[..end].to_owned(), &rest[end + 1..]))
}

/// A message without what it names: `{0} is done` says “… is done”.
fn told(message: &str) -> String {
    let mut said = String::new();
    let mut inside = false;
    for letter in message.chars() {
        match letter {
            '{' => {
                inside = true;
                said.push('…');
            }
            '}' => inside = false,
            letter if !inside && letter != '\\' => said.push(letter),
            _ => {}
        }
    }
    said.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
