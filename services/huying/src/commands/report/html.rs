//! To read and to print: one page without scripts, pictures or anything from elsewhere. `page.html` says how it looks.

use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, context};
use proto::casebook::v1::{ReportResponse, ReportTable};

use super::chart;
use super::words::{Lang, facts, is_number, left_out, nothing, requirements, shown, title};

const PAGE: &str = include_str!("page.html");

pub(super) fn written(report: &ReportResponse, lang: Lang) -> anyhow::Result<String> {
    let mut pages = Environment::new();
    // Names come from charters and codes from whoever asks: nothing but our own charts is taken as it is.
    pages.set_auto_escape_callback(|_| AutoEscape::Html);
    pages.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    pages.add_template("page", PAGE)?;
    let mut chapters: Vec<(&str, Vec<Value>)> = Vec::new();
    for table in &report.tables {
        let pillar = lang.pillar(table.pillar());
        let shown = table_of(table, lang);
        match chapters.last_mut() {
            Some((name, tables)) if *name == pillar => tables.push(shown),
            Some(_) | None => chapters.push((pillar, vec![shown])),
        }
    }
    let chapters: Vec<Value> =
        chapters.into_iter().map(|(name, tables)| context! { name => plain(name), tables => tables }).collect();
    let facts: Vec<(&str, String)> =
        facts(report, lang).into_iter().map(|(name, value)| (name, plain(&value))).collect();
    let page = pages.get_template("page")?.render(context! {
        lang => lang.tag(),
        title => plain(&title(report, lang)),
        facts => facts,
        chapters => chapters,
        base_word => lang.either("口径", "Base"),
        requirement_word => lang.either("要求", "Requirement"),
        name_word => lang.either("名称", "Name"),
        code_word => lang.either("代码", "Code"),
        nothing => nothing(lang),
        contents_word => lang.either("目录", "Contents"),
        chart_note => lang.either("图中数据均见下表。", "What the chart shows is in the table below it."),
        foot => lang.either(
            "同一记录生成的报表逐字节相同。空缺（–）表示无基数。",
            "The same record gives the same bytes. A dash says that there is nothing to count out of.",
        ),
    })?;
    Ok(page)
}

fn table_of(table: &ReportTable, lang: Lang) -> Value {
    let own_base = table.rows.iter().any(|row| row.base.is_some());
    let columns: Vec<Value> = table
        .columns
        .iter()
        .map(|column| context! { title => lang.of(column.title.as_ref()), number => is_number(column.unit()) })
        .collect();
    let rows: Vec<Value> = table
        .rows
        .iter()
        .map(|row| {
            let cells: Vec<Value> = row
                .cells
                .iter()
                .zip(&table.columns)
                .map(|(cell, column)| {
                    let text = plain(&shown(cell, column.unit(), lang));
                    context! { text => text, number => is_number(column.unit()) }
                })
                .collect();
            context! {
                code => plain(&row.code),
                name => plain(lang.of(row.name.as_ref())),
                cells => cells,
                base => lang.of(row.base.as_ref()),
                requirements => requirements(&row.requirements),
            }
        })
        .collect();
    context! {
        code => &table.code,
        title => lang.of(table.title.as_ref()),
        base => lang.of(table.base.as_ref()),
        requirements => requirements(&table.requirements),
        chart => chart::of(table, lang).map_or_else(|| Value::from(()), Value::from_safe_string),
        own_base => own_base,
        columns => columns,
        rows => rows,
        left_out => left_out(table, lang),
    }
}

/// What XML has no sign for, no page can have.
fn plain(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}
