//! Lists of named entries, in which a numbered row may stand for entries of which only the count is known.

use ids::Code;

use crate::reader::{Cursor, Fields, Kind};
use crate::{Name, Provenance};

/// A list entry that has nothing but its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub code: Code,
    pub name: Name,
    pub provenance: Provenance,
}

/// Longer lists are written out by somebody who knows them.
const PLACEHOLDERS_MAX: u32 = 999;

/// The entries under `key`, each with what `extra` reads from the same map.
///
/// `{ code: …, name: … }` is one entry. `{ prefix: duty-lead, name: 负责事项, count: 61 }` stands for
/// `duty-lead-01` to `duty-lead-61`, all `illustrative`.
pub(crate) fn listed<'a, 'r, X: Clone>(
    fields: &Fields<'a, 'r>,
    key: &'static str,
    kind: Kind,
    extra: impl Fn(&Fields<'a, 'r>) -> Option<X>,
) -> Vec<(Entry, X)> {
    let mut list = Vec::new();
    for row in fields.list(key) {
        let read = row.map(|fields| {
            let entries = if fields.has("prefix") { numbered(fields, kind) } else { written(fields, kind) };
            extra(fields).map(|extra| entries.into_iter().map(move |entry| (entry, extra.clone())))
        });
        list.extend(read.flatten().into_iter().flatten());
    }
    list
}

/// A list whose entries have nothing but their name.
pub(crate) fn entries(fields: &Fields<'_, '_>, key: &'static str, kind: Kind) -> Vec<Entry> {
    listed(fields, key, kind, |_| Some(())).into_iter().map(|(entry, ())| entry).collect()
}

fn written(fields: &Fields<'_, '_>, kind: Kind) -> Vec<Entry> {
    let code = fields.declare(kind);
    let name = fields.name();
    let provenance = fields.provenance();
    code.zip(name).map(|(code, name)| Entry { code, name, provenance }).into_iter().collect()
}

fn numbered(fields: &Fields<'_, '_>, kind: Kind) -> Vec<Entry> {
    let prefix = fields.need("prefix").and_then(|cursor| cursor.code());
    let name = fields.name();
    let from = fields.get("from").and_then(|cursor| cursor.count()).unwrap_or(1);
    let count = fields.need("count").and_then(|cursor| cursor.count()).unwrap_or_default();
    if count > PLACEHOLDERS_MAX {
        fields.cursor.problem("placeholder-count", format!("at most {PLACEHOLDERS_MAX} placeholders in one row"));
        return Vec::new();
    }
    let Some((prefix, name)) = prefix.zip(name) else { return Vec::new() };
    let entry = |number: u32| {
        let code = format!("{prefix}-{number:02}").parse().ok()?;
        let counted = |text: &str| format!("{text} {number:02}");
        let name = Name { zh: counted(&name.zh), en: name.en.as_deref().map(counted) };
        free(&code, kind, fields.cursor).then_some(Entry { code, name, provenance: Provenance::Illustrative })
    };
    (from..from.saturating_add(count)).filter_map(entry).collect()
}

fn free(code: &Code, kind: Kind, cursor: Cursor<'_, '_>) -> bool {
    let free = cursor.report.place_of(kind, code).is_none();
    if free {
        cursor.report.declare(kind, code, cursor.at);
    } else {
        cursor.problem("duplicate-code", format!("the placeholder {code} is taken"));
    }
    free
}
