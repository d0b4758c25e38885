//! For machines: `docs/report.md` says what each form has.

use proto::FromWireTime;
use proto::casebook::v1::report_cell::Value;
use proto::casebook::v1::{Pillar, ReportCell, ReportResponse, Unit, Words};
use serde::Serialize;
use serde_json::{Map, Number};

use super::words::Lang;

/// One line for each figure, so that the statements of many periods can be put one below the other.
pub(super) fn csv(report: &ReportResponse, lang: Lang) -> anyhow::Result<Vec<u8>> {
    let mut lines = csv::WriterBuilder::new().from_writer(Vec::new());
    lines.write_record([
        "district",
        "from",
        "to",
        "party",
        "table",
        "row",
        "name",
        "column",
        "unit",
        "value",
        "base",
        "requirements",
    ])?;
    for table in &report.tables {
        for row in &table.rows {
            let base = lang.of(row.base.as_ref().or(table.base.as_ref()));
            let requirements = if row.requirements.is_empty() { &table.requirements } else { &row.requirements };
            let requirements = requirements.join(" ");
            for (cell, column) in row.cells.iter().zip(&table.columns) {
                let value = match &cell.value {
                    None => String::new(),
                    Some(Value::Text(text) | Value::Decimal(text)) => text.clone(),
                    Some(Value::Count(count)) => count.to_string(),
                };
                lines.write_record([
                    report.district.as_str(),
                    &report.from,
                    &report.to,
                    &report.party,
                    &table.code,
                    &row.code,
                    lang.of(row.name.as_ref()),
                    &column.code,
                    unit(column.unit()),
                    &value,
                    base,
                    &requirements,
                ])?;
            }
        }
    }
    lines.flush()?;
    Ok(lines.into_inner()?)
}

/// Both languages, numbers as numbers.
pub(super) fn json(report: &ReportResponse) -> anyhow::Result<Vec<u8>> {
    let tables = report.tables.iter().map(|table| Table {
        code: &table.code,
        pillar: pillar(table.pillar()),
        title: Both::of(table.title.as_ref()),
        base: Both::of(table.base.as_ref()),
        requirements: &table.requirements,
        columns: table
            .columns
            .iter()
            .map(|column| Column {
                code: &column.code,
                unit: unit(column.unit()),
                title: Both::of(column.title.as_ref()),
            })
            .collect(),
        rows: table
            .rows
            .iter()
            .map(|row| Row {
                code: &row.code,
                name: Both::of(row.name.as_ref()),
                values: row
                    .cells
                    .iter()
                    .zip(&table.columns)
                    .map(|(cell, column)| (column.code.clone(), value(cell)))
                    .collect(),
                base: Both::of(row.base.as_ref()),
                requirements: &row.requirements,
            })
            .collect(),
        left_out: table.left_out,
    });
    let statement = Statement {
        form: FORM,
        district: &report.district,
        name: Both::of(report.name.as_ref()),
        party: &report.party,
        party_name: Both::of(report.party_name.as_ref()),
        from: &report.from,
        to: &report.to,
        before: Period { from: &report.before_from, to: &report.before_to },
        time_zone: &report.time_zone,
        until: report.until.time().ok().map(|at| at.to_string()),
        charter_version: &report.charter_version,
        tables: tables.collect(),
    };
    let mut bytes = serde_json::to_vec_pretty(&statement)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Counted up when what is there changes its meaning; more keys may come without.
const FORM: u32 = 1;

#[derive(Serialize)]
struct Statement<'r> {
    form: u32,
    district: &'r str,
    name: Option<Both<'r>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    party: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    party_name: Option<Both<'r>>,
    from: &'r str,
    to: &'r str,
    before: Period<'r>,
    time_zone: &'r str,
    until: Option<String>,
    charter_version: &'r str,
    tables: Vec<Table<'r>>,
}

#[derive(Serialize)]
struct Period<'r> {
    from: &'r str,
    to: &'r str,
}

#[derive(Serialize)]
struct Table<'r> {
    code: &'r str,
    pillar: Option<&'static str>,
    title: Option<Both<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<Both<'r>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    requirements: &'r [String],
    columns: Vec<Column<'r>>,
    rows: Vec<Row<'r>>,
    #[serde(skip_serializing_if = "is_zero")]
    left_out: u64,
}

#[derive(Serialize)]
struct Column<'r> {
    code: &'r str,
    unit: &'static str,
    title: Option<Both<'r>>,
}

#[derive(Serialize)]
struct Row<'r> {
    code: &'r str,
    name: Option<Both<'r>>,
    values: Map<String, serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<Both<'r>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    requirements: &'r [String],
}

#[derive(Serialize)]
struct Both<'r> {
    zh: &'r str,
    #[serde(skip_serializing_if = "str::is_empty")]
    en: &'r str,
}

impl<'r> Both<'r> {
    fn of(words: Option<&'r Words>) -> Option<Self> {
        words.map(|words| Self { zh: &words.zh, en: &words.en })
    }
}

const fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn value(cell: &ReportCell) -> serde_json::Value {
    match &cell.value {
        None => serde_json::Value::Null,
        Some(Value::Text(text)) => text.clone().into(),
        Some(Value::Count(count)) => (*count).into(),
        // A few digits come out of a double as they went in.
        Some(Value::Decimal(text)) => {
            text.parse().ok().and_then(Number::from_f64).map_or(serde_json::Value::Null, Into::into)
        }
    }
}

const fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Unspecified => "",
        Unit::Text => "text",
        Unit::Count => "count",
        Unit::Percent => "percent",
        Unit::Seconds => "seconds",
        Unit::Number => "number",
    }
}

const fn pillar(pillar: Pillar) -> Option<&'static str> {
    match pillar {
        Pillar::Unspecified => None,
        Pillar::Strengthen => Some("strengthen"),
        Pillar::Empower => Some("empower"),
        Pillar::Duty => Some("duty"),
        Pillar::Effect => Some("effect"),
    }
}
