//! The charts of a statement, as SVG inside the page.
//!
//! They are drawn here because what they have to be is what charting crates do not do: colours come from the page's own
//! variables, so that one drawing is right in light, in dark and on paper; nothing is told by colour alone; each has a
//! title and a description that a screen reader says; no font is measured and no pixel rendered, so that every machine
//! writes the same bytes. What is left of a chart then are a few rectangles and lines.
//!
//! A chart draws what stands in a table below it, and nothing else.

use std::fmt::Write;

use proto::casebook::v1::report_cell::Value;
use proto::casebook::v1::{ReportRow, ReportTable};

use super::words::Lang;

/// Width of every chart in its own units; the page scales it.
const WIDTH: f64 = 720.0;
/// Where bars begin, right of their labels, and end, left of their figures.
const BARS_FROM: f64 = 210.0;
const BARS_TO: f64 = 560.0;
const LINE: f64 = 26.0;
const TOP: f64 = 8.0;
/// Room for the scale below.
const BOTTOM: f64 = 24.0;
/// Bars of a league; the table below has all of them.
const BARS_MAX: usize = 20;
/// Characters of a label; the whole name is in the table, and shown when somebody points at the bar.
const LABEL_LENGTH_MAX: usize = 15;
const TREND_HEIGHT: f64 = 220.0;
const TREND_FROM: f64 = 56.0;

/// One bar from 0 to 100.
struct Bar {
    name: String,
    percent: Option<f64>,
    /// Where it would lie 95 times of 100.
    interval: Option<(f64, f64)>,
    figures: String,
}

/// The charts that go above a table, if any do.
pub(super) fn of(table: &ReportTable, lang: Lang) -> Option<String> {
    if table.rows.is_empty() {
        return None;
    }
    let bars = |share: &str, counted: &str, interval: bool| {
        let bar = |row: &ReportRow| Bar {
            name: lang.of(row.name.as_ref()).to_owned(),
            percent: number(table, row, share),
            interval: if interval { number(table, row, "low").zip(number(table, row, "high")) } else { None },
            figures: figures(table, row, share, counted),
        };
        table.rows.iter().take(BARS_MAX).map(bar).collect::<Vec<_>>()
    };
    let chart = match table.code.as_str() {
        "trend" => trend(table, lang),
        "levels" => horizontal(table, &bars("share", "closed", false), None, lang),
        "containment" => horizontal(table, &bars("share", "of", false), target(table), lang),
        "clocks" => horizontal(table, &bars("share", "of", false), None, lang),
        "departments" | "streets" => horizontal(table, &bars("in-time", "in-time-of", true), None, lang),
        _ => return None,
    };
    Some(chart)
}

/// Bars beside each other from 0 to 100 percent, each with its figure and, where there is one, its interval.
fn horizontal(table: &ReportTable, bars: &[Bar], target: Option<f64>, lang: Lang) -> String {
    let height = TOP + LINE * count(bars.len()) + BOTTOM;
    let at = |percent: f64| BARS_FROM + (BARS_TO - BARS_FROM) * percent / 100.0;
    let mut svg = begin(table, height, &described(bars, target, lang));
    for tick in [0.0, 25.0, 50.0, 75.0, 100.0] {
        let x = at(tick);
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"{x:.1}\" y1=\"{TOP:.1}\" x2=\"{x:.1}\" y2=\"{:.1}\"/>\
             <text class=\"tick\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{tick}%</text>",
            height - BOTTOM,
            height - 6.0
        );
    }
    for (row, bar) in bars.iter().enumerate() {
        let y = TOP + LINE * count(row);
        let middle = y + LINE / 2.0;
        let _ = write!(
            svg,
            "<g><title>{}</title><text class=\"label\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            escaped(&format!("{}: {}", bar.name, bar.figures)),
            BARS_FROM - 8.0,
            middle + 4.0,
            escaped(&shortened(&bar.name))
        );
        if let Some(percent) = bar.percent {
            let _ = write!(
                svg,
                "<rect class=\"bar\" x=\"{BARS_FROM:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>",
                y + 5.0,
                at(percent) - BARS_FROM,
                LINE - 10.0
            );
        }
        if let Some((low, high)) = bar.interval {
            let (low, high) = (at(low), at(high));
            let _ = write!(
                svg,
                "<path class=\"interval\" d=\"M{low:.1} {:.1}V{:.1}M{low:.1} {middle:.1}H{high:.1}M{high:.1} {:.1}V{:.1}\"/>",
                middle - 5.0,
                middle + 5.0,
                middle - 5.0,
                middle + 5.0
            );
        }
        let _ = write!(
            svg,
            "<text class=\"figure\" x=\"{:.1}\" y=\"{:.1}\">{}</text></g>",
            BARS_TO + 10.0,
            middle + 4.0,
            escaped(&bar.figures)
        );
    }
    if let Some(target) = target {
        let x = at(target);
        let _ = write!(
            svg,
            "<line class=\"target\" x1=\"{x:.1}\" y1=\"{TOP:.1}\" x2=\"{x:.1}\" y2=\"{:.1}\"/>",
            height - BOTTOM
        );
    }
    svg.push_str("</svg>");
    svg
}

/// Columns for what came in, a line with dots for what was closed, a dashed one for what came in in the period before.
fn trend(table: &ReportTable, lang: Lang) -> String {
    let series = |code: &str| table.rows.iter().map(|row| number(table, row, code)).collect::<Vec<_>>();
    let (received, closed, before) = (series("received"), series("closed"), series("before-received"));
    let highest = [&received, &closed, &before].into_iter().flatten().flatten().copied().fold(1.0, f64::max);
    let scale = nice(highest);
    let (top, bottom) = (TOP + 14.0, TREND_HEIGHT - 26.0);
    let y = |value: f64| bottom - (bottom - top) * value / scale;
    let slot = (WIDTH - TREND_FROM - 8.0) / count(table.rows.len());
    let x = |at: usize| TREND_FROM + slot * (count(at) + 0.5);
    let said = match lang {
        Lang::Zh => format!("共{}段，最高{highest}件", table.rows.len()),
        Lang::En => format!("{} columns, the highest of {highest} cases", table.rows.len()),
    };
    let mut svg = begin(table, TREND_HEIGHT, &said);
    for part in [0.0, 0.5, 1.0] {
        let (value, line) = (scale * part, y(scale * part));
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"{TREND_FROM:.1}\" y1=\"{line:.1}\" x2=\"{WIDTH:.1}\" y2=\"{line:.1}\"/>\
             <text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{value}</text>",
            TREND_FROM - 6.0,
            line + 4.0
        );
    }
    for (at, value) in received.iter().enumerate() {
        let Some(value) = value else { continue };
        let name = lang.of(table.rows[at].name.as_ref());
        let _ = write!(
            svg,
            "<rect class=\"bar\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"><title>{}</title></rect>",
            x(at) - slot * 0.35,
            y(*value),
            slot * 0.7,
            bottom - y(*value),
            escaped(&format!("{name}: {value}"))
        );
    }
    for (class, values) in [("before", &before), ("closed", &closed)] {
        let mut path = String::new();
        let mut begun = false;
        for (at, value) in values.iter().enumerate() {
            match value {
                Some(value) => {
                    let _ = write!(path, "{}{:.1} {:.1}", if begun { "L" } else { "M" }, x(at), y(*value));
                    begun = true;
                }
                None => begun = false,
            }
        }
        let _ = write!(svg, "<path class=\"{class}\" d=\"{path}\"/>");
    }
    for (at, value) in closed.iter().enumerate() {
        if let Some(value) = value {
            let _ = write!(svg, "<circle class=\"dot\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"2.5\"/>", x(at), y(*value));
        }
    }
    // The first, the middle and the last are named: more would stand on each other.
    let last = table.rows.len() - 1;
    let mut named = vec![0, last / 2, last];
    named.dedup();
    for at in named {
        let anchor = if at == 0 {
            "start"
        } else if at == last {
            "end"
        } else {
            "middle"
        };
        let place = if at == 0 {
            TREND_FROM
        } else if at == last {
            WIDTH
        } else {
            x(at)
        };
        let _ = write!(
            svg,
            "<text class=\"tick\" x=\"{place:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>",
            TREND_HEIGHT - 8.0,
            escaped(&table.rows[at].code)
        );
    }
    legend(&mut svg, lang);
    svg.push_str("</svg>");
    svg
}

fn legend(svg: &mut String, lang: Lang) {
    let names = [
        ("rect", lang.either("受理", "received")),
        ("closed", lang.either("办结", "closed")),
        ("before", lang.either("上期受理", "received before")),
    ];
    for (at, (sort, name)) in names.into_iter().enumerate() {
        let x = TREND_FROM + 150.0 * count(at);
        let _ = match sort {
            "rect" => write!(svg, "<rect class=\"bar\" x=\"{x:.1}\" y=\"4\" width=\"18\" height=\"9\"/>"),
            line => write!(svg, "<path class=\"{line}\" d=\"M{x:.1} 8.5h18\"/>"),
        };
        let _ = write!(svg, "<text class=\"tick\" x=\"{:.1}\" y=\"12\">{name}</text>", x + 24.0);
    }
}

fn begin(table: &ReportTable, height: f64, said: &str) -> String {
    let code = &table.code;
    let title = table.title.clone().unwrap_or_default();
    let title = format!("{} / {}", title.zh, title.en);
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-labelledby=\"{code}-title {code}-desc\" \
         xmlns=\"http://www.w3.org/2000/svg\"><title id=\"{code}-title\">{}</title><desc id=\"{code}-desc\">{}</desc>",
        escaped(&title),
        escaped(said)
    )
}

/// What a chart shows, in words.
fn described(bars: &[Bar], target: Option<f64>, lang: Lang) -> String {
    let mut said: Vec<String> = bars.iter().map(|bar| format!("{} {}", bar.name, bar.figures)).collect();
    if let Some(target) = target {
        said.push(format!("{} {target}%", lang.either("目标", "target")));
    }
    said.join(lang.either("；", "; "))
}

/// E.g. `93.98% (624)`.
fn figures(table: &ReportTable, row: &ReportRow, share: &str, counted: &str) -> String {
    let percent = cell(table, row, share).map_or_else(|| "–".to_owned(), |value| format!("{value}%"));
    cell(table, row, counted).map_or(percent.clone(), |counted| format!("{percent} ({counted})"))
}

fn target(table: &ReportTable) -> Option<f64> {
    table.rows.first().and_then(|row| number(table, row, "target"))
}

fn cell(table: &ReportTable, row: &ReportRow, code: &str) -> Option<String> {
    let at = table.columns.iter().position(|column| column.code == code)?;
    match row.cells.get(at)?.value.as_ref()? {
        Value::Text(text) | Value::Decimal(text) => Some(text.clone()),
        Value::Count(count) => Some(count.to_string()),
    }
}

fn number(table: &ReportTable, row: &ReportRow, code: &str) -> Option<f64> {
    cell(table, row, code)?.parse().ok().filter(|number: &f64| number.is_finite())
}

/// The next of 1, 2, 5, 10, 20, 50, …
fn nice(highest: f64) -> f64 {
    let mut scale = 1.0;
    loop {
        for step in [1.0, 2.0, 5.0] {
            if scale * step >= highest {
                return scale * step;
            }
        }
        scale *= 10.0;
    }
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= LABEL_LENGTH_MAX {
        return name.to_owned();
    }
    name.chars().take(LABEL_LENGTH_MAX - 1).chain(['…']).collect()
}

#[allow(clippy::cast_precision_loss, reason = "rows of a table are few")]
fn count(rows: usize) -> f64 {
    rows as f64
}

/// A text as it may stand in a page, between tags or in quotes.
pub(super) fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '"' => shown.push_str("&quot;"),
            '\'' => shown.push_str("&#39;"),
            // XML has no others below the blank.
            '\t' | '\n' => shown.push(' '),
            character if character.is_control() => shown.push('\u{fffd}'),
            character => shown.push(character),
        }
    }
    shown
}
