//! A table while it is made: columns, rows, cells, in both languages.

use charter::Name;
use proto::casebook::v1::report_cell::Value;
use proto::casebook::v1::{Pillar, ReportCell, ReportColumn, ReportRow, ReportTable, Unit, Words};
use rust_decimal::Decimal;

/// Rows of one table; the largest league, of a district's grids, has 1,279.
pub const ROWS_MAX: usize = 2_000;

pub fn words(zh: &str, en: &str) -> Words {
    Words { zh: zh.to_owned(), en: en.to_owned() }
}

/// What the charter calls it.
pub fn named(name: &Name) -> Words {
    Words { zh: name.zh.clone(), en: name.en.clone().unwrap_or_default() }
}

pub fn column(code: &str, zh: &str, en: &str, unit: Unit) -> ReportColumn {
    ReportColumn { code: code.to_owned(), title: Some(words(zh, en)), unit: unit.into() }
}

pub struct Table(ReportTable);

impl Table {
    pub fn new(code: &str, pillar: Pillar, (zh, en): (&str, &str)) -> Self {
        let title = Some(words(zh, en));
        Self(ReportTable { code: code.to_owned(), pillar: pillar.into(), title, ..ReportTable::default() })
    }

    /// What is counted, and out of what.
    #[must_use]
    pub fn base(mut self, zh: &str, en: &str) -> Self {
        self.0.base = Some(words(zh, en));
        self
    }

    #[must_use]
    pub fn shows(mut self, requirements: &[&str]) -> Self {
        self.0.requirements = requirements.iter().map(|number| (*number).to_owned()).collect();
        self
    }

    #[must_use]
    pub fn columns(mut self, columns: impl IntoIterator<Item = ReportColumn>) -> Self {
        self.0.columns.extend(columns);
        self
    }

    pub fn row(&mut self, row: ReportRow) {
        debug_assert_eq!(row.cells.len(), self.0.columns.len(), "{} {}", self.0.code, row.code);
        if self.0.rows.len() < ROWS_MAX {
            self.0.rows.push(row);
        } else {
            self.0.left_out += 1;
        }
    }

    pub fn done(self) -> ReportTable {
        self.0
    }
}

pub fn row(code: &str, name: Words, cells: impl IntoIterator<Item = ReportCell>) -> ReportRow {
    let cells = cells.into_iter().collect();
    ReportRow { code: code.to_owned(), name: Some(name), cells, ..ReportRow::default() }
}

pub fn count(count: u64) -> ReportCell {
    ReportCell { value: Some(Value::Count(count)) }
}

pub fn counted(count: Option<u64>) -> ReportCell {
    ReportCell { value: count.map(Value::Count) }
}

pub fn text(text: &str) -> ReportCell {
    ReportCell { value: Some(Value::Text(text.to_owned())) }
}

pub fn decimal(value: Option<Decimal>) -> ReportCell {
    ReportCell { value: value.map(|value| Value::Decimal(value.to_string())) }
}

/// A decimal as somebody else has written it; nothing where it is empty.
pub fn written(text: &str) -> ReportCell {
    ReportCell { value: (!text.is_empty()).then(|| Value::Decimal(text.to_owned())) }
}

pub fn nothing() -> ReportCell {
    ReportCell { value: None }
}
