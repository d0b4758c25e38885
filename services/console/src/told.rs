//! The timeline of a case in sentences of the page's language, with what people said as they said it.

use maud::{Markup, html};
use proto::casebook::v1::TimelineEntry;
use proto::common::v1::Role;

use crate::ask::Signed;
use crate::when::read;
use crate::words::{Desk, States, fact, fill, named};

/// The fact that somebody was told; there are more of these than of all others, and they say nothing of the matter.
const SENT: &str = "Sent";

/// Every fact, the newest first; messages that went out in a row are folded up.
pub fn timeline(signed: &Signed, entries: &[TimelineEntry], seen: Option<usize>) -> Markup {
    let words = Desk::of(signed.language);
    let is_new = |number: usize| seen.is_some_and(|seen| number >= seen);
    let numbered: Vec<(usize, &TimelineEntry)> = entries.iter().enumerate().rev().collect();
    html! {
        ol .timeline {
            @for row in numbered.chunk_by(|one, next| one.1.event == SENT && next.1.event == SENT) {
                @match row {
                    [(_, first), ..] if first.event == SENT => li .messages {
                        details {
                            summary { (fill(words.messages, &[("n", &row.len().to_string())])) }
                            ul { @for (_, entry) in row {
                                li { (signed.clock().moment_of(entry.at.as_ref())) " " (sentence(signed, entry)) }
                            } }
                        }
                    },
                    _ => @for (number, entry) in row {
                        li .news[is_new(*number)] {
                            (signed.clock().moment_of(entry.at.as_ref()))
                            @if is_new(*number) { " " strong { (words.new) } }
                            (line(signed, entry))
                        }
                    },
                }
            }
        }
    }
}

/// What happened, by whom, what was said, and which limit it has to do with.
pub fn line(signed: &Signed, entry: &TimelineEntry) -> Markup {
    let by = actor(signed, entry);
    html! {
        p .what { (sentence(signed, entry)) @if let Some(by) = by { " " span .by { "— " (by) } } }
        @if !entry.said.is_empty() { blockquote { (entry.said) } }
        @if let Some(limit) = limit(signed, entry) { p .limit { (limit) } }
    }
}

/// What happened in one sentence; of a fact that we have no words for, the casebook's.
pub fn sentence(signed: &Signed, entry: &TimelineEntry) -> String {
    let units: Vec<String> = entry.units.iter().map(|code| signed.unit(code)).collect();
    let (unit, other) = (units.first().cloned().unwrap_or_default(), units.get(1).cloned().unwrap_or_default());
    let all = signed.language.joined(&units);
    match fact(signed.language, &entry.event) {
        Some(sentence) => fill(sentence, &[("unit", &unit), ("other", &other), ("all", &all)]),
        None if entry.summary.is_empty() => entry.event.clone(),
        None => entry.summary.clone(),
    }
}

/// Who decided it, where it is somebody else than whom it is about.
fn actor(signed: &Signed, entry: &TimelineEntry) -> Option<String> {
    if entry.party.is_empty() {
        let role = Role::try_from(entry.role).ok()?;
        return (role == Role::Caller).then(|| named(signed.language, "caller").to_owned());
    }
    (!entry.units.contains(&entry.party)).then(|| signed.unit(&entry.party))
}

fn limit(signed: &Signed, entry: &TimelineEntry) -> Option<Markup> {
    let limit = entry.limit.as_ref()?;
    let (words, states) = (Desk::of(signed.language), States::of(signed.language));
    let clock = match limit.name.as_str() {
        "response" => states.clock_response,
        "report-in" => states.clock_report_in,
        "completion" => states.clock_completion,
        "case" => states.clock_case,
        "adjudication" => states.clock_adjudication,
        "supervision" => states.clock_supervision,
        "task" => states.clock_task,
        "rating" => states.clock_rating,
        "judgement" => states.clock_judgement,
        other => other,
    };
    let due = read(limit.due.as_ref());
    Some(html! {
        (fill(words.limit, &[("clock", clock)])) " "
        @match limit.kept {
            Some(true) => span .kept { (words.kept) },
            Some(false) => span .missed { (words.missed) },
            None => {},
        }
        @if let Some(due) = due { " " (signed.clock().moment(due)) }
        @if limit.provisional { " " span .hint { "(" (words.provisional) ")" } }
    })
}
