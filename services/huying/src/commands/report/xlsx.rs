//! For a spreadsheet: a sheet for each table, numbers as numbers, codes and names as text.

use std::collections::HashSet;

use proto::casebook::v1::report_cell::Value;
use proto::casebook::v1::{ReportCell, ReportResponse, ReportTable, Unit};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, Worksheet, XlsxError};

use super::words::{Lang, facts, left_out, nothing, requirements, shown, title};

/// Characters of a sheet's name, by the rules of the form.
const SHEET_NAME_MAX: usize = 31;
/// Widest column, in characters: bases are sentences.
const WIDTH_MAX: u32 = 60;
/// Of a character, as spreadsheets count them.
const PIXELS: u32 = 7;

struct Styles {
    title: Format,
    note: Format,
    head: Format,
    text: Format,
    count: Format,
    decimal: Format,
    time: Format,
}

pub(super) fn written(report: &ReportResponse, lang: Lang) -> anyhow::Result<Vec<u8>> {
    let styles = Styles {
        title: Format::new().set_bold().set_font_size(14),
        note: Format::new().set_italic(),
        head: Format::new().set_bold().set_text_wrap().set_align(FormatAlign::Top),
        text: Format::new().set_num_format("@"),
        count: Format::new().set_num_format("0"),
        decimal: Format::new().set_num_format("0.00"),
        time: Format::new().set_num_format("[h]:mm:ss"),
    };
    let mut workbook = Workbook::new();
    // The form wants an instant at which it was made: there is no clock here, so it is the end of the period.
    let made = ExcelDateTime::parse_from_str(&report.to)?;
    let name = title(report, lang);
    workbook.set_properties(&DocProperties::new().set_title(&name).set_creation_datetime(&made));
    let mut names = HashSet::new();
    let sheet = workbook.add_worksheet();
    contents(sheet, report, lang, &styles)?;
    sheet.set_name(sheet_name(lang.either("说明", "About"), &mut names))?;
    for table in &report.tables {
        let sheet = workbook.add_worksheet();
        fill(sheet, table, lang, &styles)?;
        sheet.set_name(sheet_name(lang.of(table.title.as_ref()), &mut names))?;
    }
    Ok(workbook.save_to_buffer()?)
}

/// What it is of, and which tables there are.
fn contents(sheet: &mut Worksheet, report: &ReportResponse, lang: Lang, styles: &Styles) -> Result<(), XlsxError> {
    sheet.write_string_with_format(0, 0, title(report, lang), &styles.title)?;
    let mut at = 2;
    for (name, value) in facts(report, lang) {
        sheet.write_string_with_format(at, 0, name, &styles.head)?;
        sheet.write_string_with_format(at, 1, &value, &styles.text)?;
        at += 1;
    }
    at += 1;
    for (column, name) in [(0, ("表", "Table")), (1, ("口径", "Base")), (2, ("要求", "Requirement"))] {
        sheet.write_string_with_format(at, column, lang.either(name.0, name.1), &styles.head)?;
    }
    for table in &report.tables {
        at += 1;
        sheet.write_string_with_format(at, 0, lang.of(table.title.as_ref()), &styles.text)?;
        sheet.write_string_with_format(at, 1, lang.of(table.base.as_ref()), &styles.text)?;
        sheet.write_string_with_format(at, 2, requirements(&table.requirements), &styles.text)?;
    }
    sheet.set_column_width(0, 28)?;
    sheet.set_column_width(1, WIDTH_MAX)?;
    Ok(())
}

/// Title, base and requirements, then the header in the fifth row, then the rows.
fn fill(sheet: &mut Worksheet, table: &ReportTable, lang: Lang, styles: &Styles) -> Result<(), XlsxError> {
    sheet.write_string_with_format(0, 0, lang.of(table.title.as_ref()), &styles.title)?;
    sheet.write_string_with_format(1, 0, lang.of(table.base.as_ref()), &styles.note)?;
    sheet.write_string_with_format(2, 0, requirements(&table.requirements), &styles.note)?;
    const HEAD: u32 = 4;
    let own_base = table.rows.iter().any(|row| row.base.is_some());
    let mut head = vec![lang.either("代码", "Code"), lang.either("名称", "Name")];
    head.extend(table.columns.iter().map(|column| lang.of(column.title.as_ref())));
    if own_base {
        head.extend([lang.either("口径", "Base"), lang.either("要求", "Requirement")]);
    }
    for (column, name) in (0..).zip(&head) {
        sheet.write_string_with_format(HEAD, column, *name, &styles.head)?;
    }
    let mut at = HEAD;
    for row in &table.rows {
        at += 1;
        sheet.write_string_with_format(at, 0, &row.code, &styles.text)?;
        sheet.write_string_with_format(at, 1, lang.of(row.name.as_ref()), &styles.text)?;
        let mut column = 2;
        for (cell, of) in row.cells.iter().zip(&table.columns) {
            put(sheet, (at, column), cell, of.unit(), lang, styles)?;
            column += 1;
        }
        if own_base {
            sheet.write_string_with_format(at, column, lang.of(row.base.as_ref()), &styles.text)?;
            sheet.write_string_with_format(at, column + 1, requirements(&row.requirements), &styles.text)?;
        }
    }
    if table.rows.is_empty() {
        sheet.write_string(HEAD + 1, 0, nothing(lang))?;
    } else if let Some(last) = u16::try_from(head.len()).ok().and_then(|columns| columns.checked_sub(1)) {
        sheet.autofilter(HEAD, 0, at, last)?;
    }
    if let Some(more) = left_out(table, lang) {
        sheet.write_string(at + 1, 0, more)?;
    }
    sheet.set_freeze_panes(HEAD + 1, 2)?;
    sheet.set_autofit_max_width(WIDTH_MAX * PIXELS);
    sheet.autofit();
    // The sentences above the table would make its first column as wide as they are.
    sheet.set_column_width(0, 24)?;
    sheet.set_landscape();
    sheet.set_paper_size(9);
    sheet.set_print_fit_to_pages(1, 0);
    sheet.set_repeat_rows(HEAD, HEAD)?;
    Ok(())
}

fn put(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    cell: &ReportCell,
    unit: Unit,
    lang: Lang,
    styles: &Styles,
) -> Result<(), XlsxError> {
    match &cell.value {
        None => {}
        Some(Value::Text(_)) => {
            sheet.write_string_with_format(row, column, shown(cell, unit, lang), &styles.text)?;
        }
        // A spreadsheet counts time in days.
        Some(Value::Count(seconds)) if unit == Unit::Seconds => {
            sheet.write_number_with_format(row, column, number(*seconds) / 86_400.0, &styles.time)?;
        }
        Some(Value::Count(count)) => {
            sheet.write_number_with_format(row, column, number(*count), &styles.count)?;
        }
        Some(Value::Decimal(decimal)) => match decimal.parse::<f64>() {
            Ok(value) => {
                sheet.write_number_with_format(row, column, value, &styles.decimal)?;
            }
            Err(_) => {
                sheet.write_string_with_format(row, column, decimal, &styles.text)?;
            }
        },
    }
    Ok(())
}

#[allow(clippy::cast_precision_loss, reason = "nothing here is counted to 2^53, which is all a spreadsheet can hold")]
fn number(count: u64) -> f64 {
    count as f64
}

/// What a sheet may be called, and no other is.
fn sheet_name(title: &str, taken: &mut HashSet<String>) -> String {
    let allowed = |character: &char| !"[]:*?/\\'".contains(*character);
    let name: String = title.chars().filter(allowed).take(SHEET_NAME_MAX).collect();
    let mut tried = if name.is_empty() { "-".to_owned() } else { name.clone() };
    let mut number = 2;
    // Names are compared without regard to case.
    while !taken.insert(tried.to_lowercase()) {
        let ending = format!(" {number}");
        tried = name.chars().take(SHEET_NAME_MAX - ending.len()).chain(ending.chars()).collect();
        number += 1;
    }
    tried
}
