//! For a terminal: one table below the other, numbers flush right, each with its base.

use comfy_table::CellAlignment;
use owo_colors::OwoColorize;
use proto::casebook::v1::{ReportResponse, ReportTable};

use super::words::{Lang, facts, is_number, left_out, nothing, requirements, shown, title};
use crate::out::{self, Manner};

pub(super) fn written(report: &ReportResponse, lang: Lang, manner: Manner) -> String {
    let strong = |text: &str| if manner.colour { text.bold().to_string() } else { text.to_owned() };
    let mut page = format!("{}\n", strong(&out::plain(&title(report, lang))));
    for (name, value) in facts(report, lang) {
        page.push_str(&format!("{name}: {}\n", out::plain(&value)));
    }
    let mut pillar = None;
    for table in &report.tables {
        if pillar != Some(table.pillar()) {
            pillar = Some(table.pillar());
            page.push_str(&format!("\n{}\n", strong(&format!("== {} ==", lang.pillar(table.pillar())))));
        }
        let numbers = requirements(&table.requirements);
        let numbers = if numbers.is_empty() { String::new() } else { format!("  [{numbers}]") };
        page.push_str(&format!("\n{}{numbers}\n", strong(lang.of(table.title.as_ref()))));
        let base = lang.of(table.base.as_ref());
        if !base.is_empty() {
            page.push_str(&format!("{}: {base}\n", lang.either("口径", "Base")));
        }
        if table.rows.is_empty() {
            page.push_str(&format!("  {}\n", nothing(lang)));
            continue;
        }
        for line in lines(table, lang) {
            page.push_str(&format!("  {line}\n"));
        }
        if let Some(more) = left_out(table, lang) {
            page.push_str(&format!("  {more}\n"));
        }
    }
    page
}

fn lines(table: &ReportTable, lang: Lang) -> Vec<String> {
    let own_base = table.rows.iter().any(|row| row.base.is_some());
    let mut header = vec![lang.either("代码", "CODE").to_owned(), lang.either("名称", "NAME").to_owned()];
    header.extend(table.columns.iter().map(|column| lang.of(column.title.as_ref()).to_owned()));
    if own_base {
        header.extend([lang.either("口径", "BASE").to_owned(), lang.either("要求", "REQUIREMENT").to_owned()]);
    }
    let mut shown_table = out::table(header);
    for row in &table.rows {
        let mut cells = vec![out::plain(&row.code), out::plain(lang.of(row.name.as_ref()))];
        let values = row.cells.iter().zip(&table.columns);
        cells.extend(values.map(|(cell, column)| out::plain(&shown(cell, column.unit(), lang))));
        if own_base {
            cells.extend([lang.of(row.base.as_ref()).to_owned(), requirements(&row.requirements)]);
        }
        shown_table.add_row(cells);
    }
    for (at, column) in table.columns.iter().enumerate() {
        if let Some(shown) = shown_table.column_mut(at + 2)
            && is_number(column.unit())
        {
            shown.set_cell_alignment(CellAlignment::Right);
        }
    }
    out::lines_of(shown_table)
}
