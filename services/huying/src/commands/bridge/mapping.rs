//! From a row to a submission: which column goes into which field, and what each field reads.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use proto::ToWireTime;
use proto::common::v1::Place;
use proto::intake::v1::{CallerClass, CaseKind, SubmitRequest};

use super::report::Reject;
use super::rows::Row;
use crate::failure::BadUsage;

/// A field of a submission that a column can fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    ExternalRef,
    Title,
    Text,
    OccurredAt,
    RecordedAt,
    Place,
    Address,
    Longitude,
    Latitude,
    Category,
    Channel,
    Campaign,
    Kind,
    CallerClass,
    CallerRef,
    RelatedCase,
}

impl Field {
    const ALL: [(Self, &'static str); 16] = [
        (Self::ExternalRef, "external_ref"),
        (Self::Title, "title"),
        (Self::Text, "text"),
        (Self::OccurredAt, "occurred_at"),
        (Self::RecordedAt, "recorded_at"),
        (Self::Place, "place"),
        (Self::Address, "address"),
        (Self::Longitude, "longitude"),
        (Self::Latitude, "latitude"),
        (Self::Category, "category"),
        (Self::Channel, "channel"),
        (Self::Campaign, "campaign"),
        (Self::Kind, "kind"),
        (Self::CallerClass, "caller_class"),
        (Self::CallerRef, "caller_ref"),
        (Self::RelatedCase, "related_case"),
    ];

    fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(field, _)| *field == self).map_or("", |(_, name)| name)
    }
}

/// Times without an offset, as spreadsheets and message boards write them.
const LOCAL_FORMS: [&str; 5] =
    ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M"];

/// What becomes of the columns of a file.
#[derive(Debug)]
pub(super) struct Mapping {
    fields: Vec<(Field, String)>,
    district: String,
    zone: TimeZone,
}

impl Mapping {
    /// `said` is `FIELD=COLUMN,…`. `columns` are those of the file, where it names them once for all rows.
    pub fn read(said: &str, columns: Option<&[String]>, district: String, zone: TimeZone) -> Result<Self, BadUsage> {
        let mut fields: Vec<(Field, String)> = Vec::new();
        for pair in said.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (name, column) = pair
                .split_once('=')
                .ok_or_else(|| BadUsage::new(format!("--map: {pair:?} is not of the form FIELD=COLUMN")))?;
            let known = || Field::ALL.map(|(_, name)| name).join(", ");
            let (field, _) = Field::ALL
                .into_iter()
                .find(|(_, known)| *known == name.trim())
                .ok_or_else(|| BadUsage::new(format!("--map: {name:?} is no field; fields are {}", known())))?;
            if fields.iter().any(|(known, _)| *known == field) {
                return Err(BadUsage::new(format!("--map: {name} is named twice")));
            }
            fields.push((field, column.trim().to_owned()));
        }
        let there = |column: &str| columns.is_none_or(|columns| columns.iter().any(|known| known == column));
        if let Some((_, missing)) = fields.iter().find(|(_, column)| !there(column)) {
            let columns = columns.unwrap_or_default().join(", ");
            return Err(BadUsage::new(format!("the file has no column {missing:?}; it has {columns}")));
        }
        for (field, name) in Field::ALL {
            if there(name) && !fields.iter().any(|(known, _)| *known == field) {
                fields.push((field, name.to_owned()));
            }
        }
        for needed in [Field::ExternalRef, Field::Title] {
            if !fields.iter().any(|(field, _)| *field == needed) {
                let (name, columns) = (needed.name(), columns.unwrap_or_default().join(", "));
                return Err(BadUsage::new(format!(
                    "say with --map {name}=COLUMN which column is the {name}: {columns}"
                )));
            }
        }
        Ok(Self { fields, district, zone })
    }

    /// The columns that are used, as [`Row::cells`] has them.
    pub fn columns(&self) -> Vec<String> {
        self.fields.iter().map(|(_, column)| column.clone()).collect()
    }

    /// The sender's own reference, for reports.
    pub fn reference(&self, row: &Row) -> String {
        let position = self.fields.iter().position(|(field, _)| *field == Field::ExternalRef);
        let cells = row.cells.as_ref().ok();
        cells.zip(position).and_then(|(cells, position)| cells.get(position)).cloned().unwrap_or_default()
    }

    /// What to send. Whether it may be recorded is for intake to say; here is only refused what has no form to be
    /// sent in.
    pub fn submission(&self, row: &Row) -> Result<SubmitRequest, Vec<Reject>> {
        let cells = row.cells.as_ref().map_err(|why| {
            let field = why.column.and_then(|column| self.fields.get(column)).map_or("", |(field, _)| field.name());
            vec![Reject::new(field, why.rule, &why.description)]
        })?;
        let mut request = SubmitRequest { district: self.district.clone(), ..SubmitRequest::default() };
        let mut place = Place::default();
        let mut rejects = Vec::new();
        for ((field, _), cell) in self.fields.iter().zip(cells) {
            if let Err((rule, description)) = self.fill(*field, cell, &mut request, &mut place) {
                rejects.push(Reject::new(field.name(), rule, &description));
            }
        }
        request.place = (place != Place::default()).then_some(place);
        if rejects.is_empty() { Ok(request) } else { Err(rejects) }
    }

    fn fill(
        &self,
        field: Field,
        cell: &str,
        request: &mut SubmitRequest,
        place: &mut Place,
    ) -> Result<(), (&'static str, String)> {
        let trimmed = cell.trim();
        match field {
            Field::ExternalRef => trimmed.clone_into(&mut request.external_ref),
            Field::Title => cell.clone_into(&mut request.title),
            Field::Text => cell.clone_into(&mut request.text),
            Field::Place => trimmed.clone_into(&mut place.party),
            Field::Address => trimmed.clone_into(&mut place.address),
            Field::Category => trimmed.clone_into(&mut request.category),
            Field::Channel => trimmed.clone_into(&mut request.channel),
            Field::Campaign => trimmed.clone_into(&mut request.campaign),
            Field::CallerRef => trimmed.clone_into(&mut request.caller_ref),
            Field::RelatedCase => trimmed.clone_into(&mut request.related_case),
            Field::Longitude => place.longitude = number(trimmed)?,
            Field::Latitude => place.latitude = number(trimmed)?,
            Field::OccurredAt => {
                request.occurred_at = instant(trimmed, &self.zone)?.map(ToWireTime::to_wire);
            }
            Field::RecordedAt => {
                request.recorded_at = instant(trimmed, &self.zone)?.map(ToWireTime::to_wire);
            }
            Field::Kind => {
                request.kind = word(trimmed, "CASE_KIND_", CaseKind::from_str_name).ok_or_else(|| {
                    ("known-kind", format!("{trimmed:?} is not report, service, suggestion or consult"))
                })?;
            }
            Field::CallerClass => {
                request.caller_class = word(trimmed, "CALLER_CLASS_", CallerClass::from_str_name)
                    .ok_or_else(|| ("known-class", format!("{trimmed:?} is not resident, grassroots or enterprise")))?;
            }
        }
        Ok(())
    }
}

/// A word of an enumeration, as people write it; empty is the first, which means that nothing is said.
fn word<T: Into<i32>>(text: &str, prefix: &str, read: fn(&str) -> Option<T>) -> Option<i32> {
    if text.is_empty() {
        return Some(0);
    }
    read(&format!("{prefix}{}", text.to_ascii_uppercase())).map(Into::into)
}

fn number(text: &str) -> Result<Option<f64>, (&'static str, String)> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| ("number", format!("{text:?} is not a number")))
}

/// An instant; a time without an offset is the district's.
fn instant(text: &str, zone: &TimeZone) -> Result<Option<Timestamp>, (&'static str, String)> {
    if text.is_empty() {
        return Ok(None);
    }
    if let Ok(instant) = text.parse() {
        return Ok(Some(instant));
    }
    let local = LOCAL_FORMS.into_iter().find_map(|form| DateTime::strptime(form, text).ok());
    let instant = local.and_then(|local| zone.to_timestamp(local).ok());
    instant.map(Some).ok_or_else(|| {
        (
            "instant",
            format!("{text:?} is not a time like 2019-02-28T11:25:05+08:00, 2019-02-28 11:25:05 or 2019/2/28 11:25:05"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone() -> TimeZone {
        TimeZone::get("Asia/Shanghai").unwrap()
    }

    fn columns(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_time_without_an_offset_is_the_districts() {
        let expected: Timestamp = "2019-02-28T01:05:06Z".parse().unwrap();
        for text in [
            "2019-02-28T09:05:06+08:00",
            "2019-02-28 09:05:06",
            "2019/2/28 9:05:06",
            "2019-02-28T09:05:06",
            "2019-02-28T01:05:06Z",
        ] {
            assert_eq!(instant(text, &zone()), Ok(Some(expected)), "{text}");
        }
        assert!(instant("yesterday", &zone()).is_err());
    }

    #[test]
    fn a_mapping_names_what_is_missing() {
        let there = columns(&["msg_id", "title", "body"]);
        let read = |said| Mapping::read(said, Some(&there), String::new(), zone());
        assert!(read("external_ref=msg_id,text=body").is_ok(), "title is called like its field");
        assert!(read("").unwrap_err().to_string().contains("external_ref"));
        assert!(read("external_ref=id").unwrap_err().to_string().contains("msg_id, title, body"));
        assert!(read("reference=msg_id").unwrap_err().to_string().contains("external_ref"));
    }

    #[test]
    fn everything_wrong_with_a_row_is_named_at_once() {
        let there = columns(&["external_ref", "title", "occurred_at", "recorded_at", "kind"]);
        let mapping = Mapping::read("", Some(&there), String::new(), zone()).unwrap();
        let cell = |column: &String| match column.as_str() {
            "occurred_at" | "recorded_at" => "soon".to_owned(),
            "kind" => "joke".to_owned(),
            other => other.to_owned(),
        };
        let row = Row { line: 2, byte: 0, cells: Ok(mapping.columns().iter().map(cell).collect()) };
        let rules: Vec<_> = mapping.submission(&row).unwrap_err().into_iter().map(|reject| reject.rule).collect();
        assert_eq!(rules, ["instant", "instant", "known-kind"]);
    }
}
