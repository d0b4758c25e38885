//! The decision table for people: what each row asks for, in the words of `grading.yaml`.

use charter::{Charter, GradingRow, HandlerKind, When};
use comfy_table::Table;

use super::mark;
use crate::out;

pub(super) fn grading(charter: &Charter) -> Table {
    let mut table = out::table(["ROW", "WHEN", "LEVEL", "TO", "REASON", ""]);
    for row in charter.grading() {
        let GradingRow { code, when, level, to, reason, enabled, provenance } = row;
        let off = if *enabled { "" } else { "off " };
        table.add_row([
            code.to_string(),
            asked(when),
            level.map_or_else(|| "own".to_owned(), |level| level.to_string()),
            to.to_string(),
            reason.to_string(),
            format!("{off}{}", mark(*provenance)),
        ]);
    }
    table
}

fn asked(when: &When) -> String {
    let flag = |name: &str, flag: Option<bool>| flag.map(|flag| format!("{name}: {flag}"));
    let count = |name: &str, count: Option<u32>| count.map(|count| format!("{name}: {count}"));
    let asked = [
        list("categories", &when.categories, ToString::to_string),
        list("levels", &when.levels, ToString::to_string),
        list("handlers", &when.handlers, |handler| word(*handler).to_owned()),
        flag("never-street", when.never_street),
        flag("situation", when.situation),
        count("powers-at-least", when.powers_at_least),
        count("powers-at-most", when.powers_at_most),
        list("channels", &when.channels, ToString::to_string),
        list("ways", &when.ways, ToString::to_string),
        list("classes", &when.classes, |class| class.as_str().to_owned()),
        list("kinds", &when.kinds, |kind| kind.as_str().to_owned()),
    ];
    let asked: Vec<String> = asked.into_iter().flatten().collect();
    if asked.is_empty() { "always".to_owned() } else { asked.join("; ") }
}

fn list<T>(name: &str, wanted: &[T], word: impl Fn(&T) -> String) -> Option<String> {
    let words: Vec<String> = wanted.iter().map(word).collect();
    (!words.is_empty()).then(|| format!("{name}: {}", words.join(" ")))
}

fn word(handler: HandlerKind) -> &'static str {
    match handler {
        HandlerKind::Grid => "grid",
        HandlerKind::Community => "community",
        HandlerKind::Unit => "unit",
        HandlerKind::Squad => "squad",
        HandlerKind::EnforcementCentre => "enforcement-centre",
        HandlerKind::CommandCentre => "command-centre",
        HandlerKind::District => "district",
    }
}
