//! What people see of a case: one line per fact, columns that stay where they are.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use owo_colors::{OwoColorize, Style};
use proto::FromWireTime;
use proto::casebook::v1::{Limit, TimelineEntry};
use proto::common::v1::Role;
use proto::evaluation::v1::Component;

use crate::out::plain;

/// Longest event name there is, `ExclusionProposed` and its like.
const EVENT_WIDTH: usize = 18;
const OWNER_WIDTH: usize = 18;
const ELAPSED_WIDTH: usize = 10;
const WHO_WIDTH: usize = 30;

/// One fact: when (local time), how long after the case came in, which service decided it, what happened, who did
/// it, in words, and against which limit. Everything with characters of unknown width stands at the end.
pub fn entry_line(entry: &TimelineEntry, zone: &TimeZone, colour: bool) -> String {
    let paint = |text: String, style: Style| if colour { text.style(style).to_string() } else { text };
    let when = entry.at.time().map_or_else(|_| " ".repeat(19), |at| local(at, zone));
    let line = [
        paint(when, Style::new().dimmed()),
        format!("{:>ELAPSED_WIDTH$}", format!("+{}", span(entry.elapsed_s))),
        paint(format!("{:<OWNER_WIDTH$}", entry.owner), owner_style(&entry.owner)),
        paint(format!("{:<EVENT_WIDTH$}", entry.event), Style::new().bold()),
        format!("{:<WHO_WIDTH$}", who(entry)),
        one_line(&entry.summary),
    ]
    .join("  ");
    match entry.limit.as_ref().map(|limit| limit_words(limit, entry, zone)) {
        None => line,
        Some((words, style)) => format!("{line}  {}", paint(words, style)),
    }
}

/// `2026-11-21 14:05:09` in the district's time.
pub fn local(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// What a score is made of: `done 100.0000 % × 40`. Nobody having rated is no rate of nothing; its weight is spread over the
/// others.
pub fn component_words(component: &Component) -> String {
    match component.rate.as_str() {
        "" => format!("{} not rated", component.code),
        rate => format!("{} {rate} % × {}", component.code, component.weight),
    }
}

/// A length of time in its two largest units: `3d 4h`, `4h 05m`, `5m 06s`, `6s`.
pub fn span(seconds: i64) -> String {
    let sign = if seconds < 0 { "-" } else { "" };
    let seconds = seconds.unsigned_abs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{sign}{seconds}s"),
        (0, 0, _) => format!("{sign}{minutes}m {:02}s", seconds % 60),
        (0, _, _) => format!("{sign}{hours}h {:02}m", minutes % 60),
        _ => format!("{sign}{days}d {:02}h", hours % 24),
    }
}

/// The role and, where there is one, the party that acted.
fn who(entry: &TimelineEntry) -> String {
    let role = match entry.role() {
        Role::Unspecified => "",
        Role::Bridge => "bridge",
        Role::Caller => "caller",
        Role::Grid => "grid",
        Role::Community => "community",
        Role::Street => "street",
        Role::EnforcementCenter => "centre",
        Role::Department => "department",
        Role::District => "district",
        Role::Operator => "operator",
        Role::Auditor => "auditor",
        Role::System => "system",
    };
    if entry.party.is_empty() { role.to_owned() } else { format!("{role} {}", entry.party) }
}

fn limit_words(limit: &Limit, entry: &TimelineEntry, zone: &TimeZone) -> (String, Style) {
    let due = limit.due.time().ok();
    let by = due.map(|due| format!(" by {}", local(due, zone))).unwrap_or_default();
    let provisional = if limit.provisional { " (provisional)" } else { "" };
    let margin = match (due, entry.at.time().ok()) {
        // Clocks start a few milliseconds after the minute people mean.
        (Some(due), Some(at)) => {
            span(due.duration_since(at).abs().round(jiff::Unit::Second).map_or(0, |d| d.as_secs()))
        }
        _ => String::new(),
    };
    let name = &limit.name;
    match limit.kept {
        None => (format!("[{name}{by}{provisional}]"), Style::new().cyan()),
        Some(true) => (format!("[{name} kept, {margin} to spare{provisional}]"), Style::new().green()),
        Some(false) => (format!("[{name} LATE, due{by}, {margin} ago{provisional}]"), Style::new().red().bold()),
    }
}

fn owner_style(owner: &str) -> Style {
    match owner {
        "intake" => Style::new().blue(),
        "triage" => Style::new().magenta(),
        "dispatch" => Style::new().yellow(),
        "enforcement-center" => Style::new().red(),
        "evaluation" => Style::new().green(),
        _ => Style::new(),
    }
}

/// A text of many lines in one, so that a fact stays one line and moves no terminal.
fn one_line(text: &str) -> String {
    plain(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::ToWireTime;

    #[test]
    fn an_entry_says_who_when_how_long_after_and_against_which_limit() {
        let at: Timestamp = "2026-11-21T06:05:09Z".parse().unwrap();
        let due: Timestamp = "2026-11-21T06:35:09Z".parse().unwrap();
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let mut entry = TimelineEntry {
            at: Some(at.to_wire()),
            owner: "dispatch".into(),
            revision: 3,
            event: "Responded".into(),
            role: Role::Department.into(),
            party: "wuchang-water".into(),
            summary: "区水务局\nsends\u{1b}[31m 017".into(),
            elapsed_s: 3725,
            limit: Some(Limit {
                name: "response".into(),
                due: Some(due.to_wire()),
                kept: Some(true),
                provisional: false,
            }),
            stage: proto::common::v1::Stage::Response.into(),
            ..TimelineEntry::default()
        };
        assert_eq!(
            entry_line(&entry, &zone, false),
            "2026-11-21 14:05:09     +1h 02m  dispatch            Responded           department wuchang-water        \
             区水务局 sends\\u{1b}[31m 017  [response kept, 30m 00s to spare]"
        );
        if let Some(limit) = &mut entry.limit {
            limit.kept = None;
        }
        assert!(entry_line(&entry, &zone, false).ends_with("[response by 2026-11-21 14:35:09]"));
        assert!(entry_line(&entry, &zone, true).contains("\u{1b}["));
    }

    #[test]
    fn what_nobody_rated_is_said_to_be_that() {
        let component = |rate: &str| Component { code: "satisfaction".into(), weight: "50".into(), rate: rate.into() };
        assert_eq!(component_words(&component("95.0000")), "satisfaction 95.0000 % × 50");
        assert_eq!(component_words(&component("")), "satisfaction not rated");
    }

    #[test]
    fn spans_are_short() {
        for (seconds, words) in [(5, "5s"), (65, "1m 05s"), (3725, "1h 02m"), (100_000, "1d 03h"), (-65, "-1m 05s")] {
            assert_eq!(span(seconds), words);
        }
    }
}
