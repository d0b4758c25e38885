//! Exported cases as a Parquet file: a row group for some ten thousand of them, so that memory stays bounded.

use std::borrow::Cow;
use std::fs::File;
use std::sync::Arc;

use anyhow::Context;
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use proto::FromWireTime;
use proto::casebook::v1::{CaseSummary, ExportedCase};

/// Rows of one group.
const GROUP_ROWS: usize = 50_000;

/// In this order [`Table::write`] writes the columns.
const SCHEMA: &str = "
    message case {
        required binary case_id (STRING);
        required binary district (STRING);
        required binary state (STRING);
        required binary level (STRING);
        required binary outcome (STRING);
        required binary category (STRING);
        required binary owner (STRING);
        required binary place (STRING);
        required binary kind (STRING);
        required binary caller_class (STRING);
        required binary channel (STRING);
        required binary way (STRING);
        required binary bridge (STRING);
        required binary campaign (STRING);
        required binary merged_into (STRING);
        optional int64 received_at (TIMESTAMP(MICROS, true));
        optional int64 closed_at (TIMESTAMP(MICROS, true));
        optional int64 filed_at (TIMESTAMP(MICROS, true));
        required int32 reports;
        required group also (LIST) { repeated group list { required binary element (STRING); } }
        required group scores (LIST) { repeated group list { required group element {
            required binary party (STRING);
            required int32 score (DECIMAL(7, 4));
        } } }
    }";

/// A file being written.
pub(super) struct Table {
    writer: SerializedFileWriter<File>,
    /// Not written yet.
    rows: Vec<Row>,
    written: u64,
}

struct Row {
    summary: CaseSummary,
    place: String,
    /// The party, and its score in ten-thousandths.
    scores: Vec<(String, i32)>,
}

impl Table {
    pub fn begin(file: File) -> anyhow::Result<Self> {
        let schema = Arc::new(parse_message_type(SCHEMA)?);
        let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default()));
        let writer = SerializedFileWriter::new(file, schema, Arc::new(properties.build()))?;
        Ok(Self { writer, rows: Vec::new(), written: 0 })
    }

    /// Rows added so far.
    pub fn rows(&self) -> u64 {
        self.written + self.rows.len() as u64
    }

    pub fn add(&mut self, case: ExportedCase) -> anyhow::Result<()> {
        let summary = case.summary.context("a row has no case")?;
        let scores = case.scores.into_iter().map(|score| Ok((score.party, ten_thousandths(&score.score)?)));
        let scores = scores.collect::<anyhow::Result<_>>()?;
        self.rows.push(Row { summary, place: case.place, scores });
        if self.rows.len() == GROUP_ROWS { self.write() } else { Ok(()) }
    }

    /// Writes what is left and the foot. The file is not synced.
    pub fn finish(mut self) -> anyhow::Result<File> {
        if !self.rows.is_empty() {
            self.write()?;
        }
        Ok(self.writer.into_inner()?)
    }

    fn write(&mut self) -> anyhow::Result<()> {
        let rows = std::mem::take(&mut self.rows);
        let mut group = self.writer.next_row_group()?;
        let texts: [fn(&Row) -> Cow<'_, str>; 15] = [
            |row| (&row.summary.case_id).into(),
            |row| (&row.summary.district).into(),
            |row| (&row.summary.state).into(),
            |row| (&row.summary.level).into(),
            |row| (&row.summary.outcome).into(),
            |row| (&row.summary.category).into(),
            |row| (&row.summary.owner).into(),
            |row| (&row.place).into(),
            |row| word(row.summary.kind, row.summary.kind().as_str_name(), "CASE_KIND_").into(),
            |row| word(row.summary.caller_class, row.summary.caller_class().as_str_name(), "CALLER_CLASS_").into(),
            |row| (&row.summary.channel).into(),
            |row| word(row.summary.way, row.summary.way().as_str_name(), "WAY_").into(),
            |row| (&row.summary.bridge).into(),
            |row| (&row.summary.campaign).into(),
            |row| (&row.summary.merged_into).into(),
        ];
        for text in texts {
            let values: Vec<ByteArray> = rows.iter().map(|row| bytes(&text(row))).collect();
            column::<ByteArrayType>(&mut group, &values, None, None)?;
        }
        let instants: [fn(&Row) -> Option<i64>; 3] = [
            |row| row.summary.received_at.time().ok().map(jiff::Timestamp::as_microsecond),
            |row| row.summary.closed_at.time().ok().map(jiff::Timestamp::as_microsecond),
            |row| row.summary.filed_at.time().ok().map(jiff::Timestamp::as_microsecond),
        ];
        for instant in instants {
            let values: Vec<i64> = rows.iter().filter_map(instant).collect();
            let present: Vec<i16> = rows.iter().map(|row| instant(row).is_some().into()).collect();
            column::<Int64Type>(&mut group, &values, Some(&present), None)?;
        }
        let reports: Vec<i32> = rows.iter().map(|row| i32::try_from(row.summary.reports).unwrap_or(i32::MAX)).collect();
        column::<Int32Type>(&mut group, &reports, None, None)?;

        let also = Levels::of(rows.iter().map(|row| row.summary.also.len()));
        let values: Vec<ByteArray> = rows.iter().flat_map(|row| &row.summary.also).map(|code| bytes(code)).collect();
        column::<ByteArrayType>(&mut group, &values, Some(&also.present), Some(&also.goes_on))?;

        let scores = Levels::of(rows.iter().map(|row| row.scores.len()));
        let all = || rows.iter().flat_map(|row| &row.scores);
        let parties: Vec<ByteArray> = all().map(|(party, _)| bytes(party)).collect();
        column::<ByteArrayType>(&mut group, &parties, Some(&scores.present), Some(&scores.goes_on))?;
        let values: Vec<i32> = all().map(|(_, score)| *score).collect();
        column::<Int32Type>(&mut group, &values, Some(&scores.present), Some(&scores.goes_on))?;
        group.close()?;
        self.written += rows.len() as u64;
        Ok(())
    }
}

/// How Parquet writes lists side by side: for each element, or once for an empty list, whether there is one and whether
/// it goes on the list of the one before.
struct Levels {
    present: Vec<i16>,
    goes_on: Vec<i16>,
}

impl Levels {
    fn of(lengths: impl Iterator<Item = usize>) -> Self {
        let mut levels = Self { present: Vec::new(), goes_on: Vec::new() };
        for length in lengths {
            for element in 0..length.max(1) {
                levels.present.push((length > 0).into());
                levels.goes_on.push((element > 0).into());
            }
        }
        levels
    }
}

/// Writes the next column of the schema.
fn column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, File>,
    values: &[T::T],
    present: Option<&[i16]>,
    goes_on: Option<&[i16]>,
) -> anyhow::Result<()> {
    let mut column = group.next_column()?.context("the schema has fewer columns")?;
    column.typed::<T>().write_batch(values, present, goes_on)?;
    Ok(column.close()?)
}

fn bytes(text: &str) -> ByteArray {
    ByteArray::from(text.as_bytes().to_vec())
}

/// A value of an enumeration; empty if none is set.
fn word(value: i32, name: &str, prefix: &str) -> String {
    if value == 0 { String::new() } else { proto::word(name, prefix) }
}

/// `88.3333` as 883333.
fn ten_thousandths(score: &str) -> anyhow::Result<i32> {
    let (whole, rest) = score.split_once('.').unwrap_or((score, ""));
    let digits = format!("{whole}{rest:0<4}");
    digits.parse().with_context(|| format!("{score:?} is not a score"))
}

#[cfg(test)]
mod tests {
    use std::io::Seek;

    use parquet::file::reader::{FileReader, SerializedFileReader};
    use pbjson_types::Timestamp;
    use proto::casebook::v1::CaseScore;
    use proto::intake::v1::CaseKind;

    use super::*;

    #[test]
    fn rows_are_read_back_as_they_were() {
        let mut table = Table::begin(tempfile::tempfile().unwrap()).unwrap();
        let open = CaseSummary {
            case_id: "261003-7k3q9xf".into(),
            kind: CaseKind::Report.into(),
            received_at: Some(Timestamp { seconds: 1_790_000_000, nanos: 250_000 }),
            reports: 3,
            ..CaseSummary::default()
        };
        let score = |party: &str, score: &str| CaseScore { party: party.into(), score: score.into() };
        let closed = CaseSummary {
            closed_at: Some(Timestamp { seconds: 1_790_003_600, nanos: 0 }),
            also: vec!["dust".into(), "noise".into()],
            ..open.clone()
        };
        let (scores, place) = (vec![score("water", "88.3333"), score("parks", "100")], "yangyuan".to_owned());
        table.add(ExportedCase { summary: Some(open), ..ExportedCase::default() }).unwrap();
        table.add(ExportedCase { summary: Some(closed), place, scores }).unwrap();
        let mut file = table.finish().unwrap();
        file.rewind().unwrap();
        let reader = SerializedFileReader::new(file).unwrap();
        let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
        let shown = |row: usize, column: &str| {
            let mut columns = rows[row].get_column_iter();
            columns.find(|(name, _)| *name == column).unwrap().1.to_string()
        };
        assert_eq!(rows.len(), 2);
        assert_eq!(shown(0, "case_id"), r#""261003-7k3q9xf""#);
        assert_eq!(
            (shown(0, "kind"), shown(0, "way"), shown(0, "reports")),
            (r#""report""#.into(), r#""""#.into(), "3".into())
        );
        assert_eq!(
            (shown(0, "received_at"), shown(0, "closed_at")),
            ("2026-09-21 14:13:20.000250 +00:00".into(), "null".into())
        );
        assert_eq!((shown(0, "also"), shown(0, "scores")), ("[]".into(), "[]".into()));
        assert_eq!((shown(1, "place"), shown(1, "also")), (r#""yangyuan""#.into(), r#"["dust", "noise"]"#.into()));
        let scores = r#"[{party: "water", score: 88.3333}, {party: "parks", score: 100.0000}]"#;
        assert_eq!(shown(1, "scores"), scores);
    }
}
