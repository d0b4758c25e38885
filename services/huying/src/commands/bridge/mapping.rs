//! From a row to a submission: which column goes into which field, and what each field reads.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use proto::ToWireTime;
use proto::common::v1::Place;
use proto::intake::v1::{CallerClass, CaseKind, SubmitRequest};
use vocabulary::number::is_number;
use vocabulary::text::is_placeholder;

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

/// What the columns of well-known exports are called, for files that have no column of a field's own name: Open311
/// GeoReport v2.
const ALIASES: [(Field, &str); 6] = [
    (Field::ExternalRef, "service_request_id"),
    (Field::Title, "service_name"),
    (Field::Text, "description"),
    (Field::OccurredAt, "requested_datetime"),
    (Field::Latitude, "lat"),
    (Field::Longitude, "long"),
];

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
        let mut unmapped = Vec::new();
        for pair in said.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (name, column) = pair
                .split_once('=')
                .ok_or_else(|| BadUsage::new(format!("--map: {pair:?} is not of the form FIELD=COLUMN")))?;
            let known = || Field::ALL.map(|(_, name)| name).join(", ");
            let (field, _) = Field::ALL
                .into_iter()
                .find(|(_, known)| *known == name.trim())
                .ok_or_else(|| BadUsage::new(format!("--map: {name:?} is no field; fields are {}", known())))?;
            if fields.iter().any(|(known, _)| *known == field) || unmapped.contains(&field) {
                return Err(BadUsage::new(format!("--map: {name} is named twice")));
            }
            match column.trim() {
                "" => unmapped.push(field),
                column => fields.push((field, column.to_owned())),
            }
        }
        let there = |column: &str| columns.is_none_or(|columns| columns.iter().any(|known| known == column));
        if let Some((_, missing)) = fields.iter().find(|(_, column)| !there(column)) {
            let columns = columns.unwrap_or_default().join(", ");
            return Err(BadUsage::new(format!("the file has no column {missing:?}; it has {columns}")));
        }
        let aliases = ALIASES.into_iter().filter(|_| columns.is_some());
        for (field, name) in Field::ALL.into_iter().chain(aliases) {
            let taken = fields.iter().any(|(known, column)| *known == field || column == name);
            if there(name) && !taken && !unmapped.contains(&field) {
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
        let trimmed = if is_placeholder(cell) { "" } else { cell.trim() };
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
                request.kind = word(trimmed, "CASE_KIND_", CaseKind::from_str_name, &KINDS).ok_or_else(|| {
                    ("known-kind", format!("{trimmed:?} is not report, service, suggestion or consult"))
                })?;
            }
            Field::CallerClass => {
                request.caller_class = word(trimmed, "CALLER_CLASS_", CallerClass::from_str_name, &CLASSES)
                    .ok_or_else(|| ("known-class", format!("{trimmed:?} is not resident, grassroots or enterprise")))?;
            }
        }
        Ok(())
    }
}

/// What exports call the kinds of cases.
const KINDS: [(&str, &str); 10] = [
    ("投诉", "REPORT"),
    ("举报", "REPORT"),
    ("反映", "REPORT"),
    ("诉求", "REPORT"),
    ("求助", "SERVICE"),
    ("服务", "SERVICE"),
    ("建议", "SUGGESTION"),
    ("意见", "SUGGESTION"),
    ("咨询", "CONSULT"),
    ("询问", "CONSULT"),
];
/// And who calls.
const CLASSES: [(&str, &str); 6] = [
    ("居民", "RESIDENT"),
    ("市民", "RESIDENT"),
    ("个人", "RESIDENT"),
    ("基层", "GRASSROOTS"),
    ("网格", "GRASSROOTS"),
    ("企业", "ENTERPRISE"),
];

/// A word of an enumeration, as people write it; empty is the first, which means that nothing is said.
fn word<T: Into<i32>>(
    text: &str,
    prefix: &str,
    read: fn(&str) -> Option<T>,
    called: &[(&str, &'static str)],
) -> Option<i32> {
    if text.is_empty() {
        return Some(0);
    }
    let called = called.iter().find(|(name, _)| *name == text).map(|(_, word)| (*word).to_owned());
    let word = called.unwrap_or_else(|| text.to_ascii_uppercase().replace('-', "_"));
    read(&format!("{prefix}{word}")).map(Into::into)
}

/// Digits with a point, or with the comma that some spreadsheets write in its place.
fn number(text: &str) -> Result<Option<f64>, (&'static str, String)> {
    if text.is_empty() {
        return Ok(None);
    }
    let one_comma = text.matches(',').count() == 1 && !text.contains('.');
    let written = if one_comma { text.replace(',', ".") } else { text.to_owned() };
    let read = if is_number(&written) { written.parse().ok() } else { None };
    read.map(Some).ok_or_else(|| ("number", format!("{text:?} is not a number like 114.3162")))
}

/// Times without an offset, as spreadsheets and message boards write them: year first.
const YEAR_FIRST: [&str; 15] = [
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y/%m/%d %H:%M:%S%.f",
    "%Y.%m.%d %H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y/%m/%d %H:%M",
    "%Y.%m.%d %H:%M",
    "%Y年%m月%d日 %H:%M:%S",
    "%Y年%m月%d日 %H:%M",
    "%Y年%m月%d日%H:%M",
    "%Y年%m月%d日 %H时%M分%S秒",
    "%Y年%m月%d日%H时%M分%S秒",
    "%Y年%m月%d日 %H时%M分",
    "%Y年%m月%d日%H时%M分",
];
/// A day, which stands for its beginning.
const DAYS: [&str; 4] = ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日"];
/// Year last: whether the day or the month comes first is only clear where one of them is no month.
const DAY_THEN_MONTH: [&str; 2] = ["%d/%m/%Y", "%d.%m.%Y"];
const MONTH_THEN_DAY: [&str; 2] = ["%m/%d/%Y", "%m.%d.%Y"];
/// The hours that go with them.
const HOURS: [&str; 5] = ["%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p", ""];

/// An instant; a time without an offset is the district's.
fn instant(text: &str, zone: &TimeZone) -> Result<Option<Timestamp>, (&'static str, String)> {
    if text.is_empty() {
        return Ok(None);
    }
    if let Ok(instant) = text.parse() {
        return Ok(Some(instant));
    }
    let unreadable = || {
        let said = "is not a time like 2019-02-28T11:25:05+08:00, 2019-02-28 11:25:05 or 2019年2月28日 11:25";
        ("instant", format!("{text:?} {said}"))
    };
    let year_first = YEAR_FIRST.into_iter().find_map(|form| DateTime::strptime(form, text).ok());
    let day = || DAYS.into_iter().find_map(|form| Date::strptime(form, text).ok()).map(|day| day.at(0, 0, 0, 0));
    let year_last = |days: [&str; 2]| {
        let forms = days.into_iter().flat_map(|day| HOURS.map(|hours| format!("{day} {hours}").trim_end().to_owned()));
        let read = |form: String| {
            let of_day = || Date::strptime(&form, text).map(|day| day.at(0, 0, 0, 0));
            DateTime::strptime(&form, text).or_else(|_| of_day()).ok()
        };
        forms.filter_map(read).next()
    };
    let local = match year_first.or_else(day) {
        Some(local) => local,
        None => match (year_last(DAY_THEN_MONTH), year_last(MONTH_THEN_DAY)) {
            (Some(one), Some(other)) if one != other => {
                let (one, other) = (one.date(), other.date());
                let description = format!("{text:?} may be {one} or {other}; write the year first, as in {one}");
                return Err(("ambiguous-date", description));
            }
            (one, other) => one.or(other).ok_or_else(unreadable)?,
        },
    };
    zone.to_timestamp(local).map(Some).map_err(|_| unreadable())
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
    fn times_are_read_as_exports_write_them_and_never_guessed() {
        let local =
            |text: &str| instant(text, &zone()).map(|read| read.unwrap().to_zoned(zone()).datetime().to_string());
        for (text, meant) in [
            ("2026-11-20T09:15:00.000", "2026-11-20T09:15:00"),
            ("2026-11-20 09:15:00.25", "2026-11-20T09:15:00.25"),
            ("2026-11-20", "2026-11-20T00:00:00"),
            ("2026年11月20日 09:15", "2026-11-20T09:15:00"),
            ("2026年11月20日9时15分", "2026-11-20T09:15:00"),
            ("2026.11.20 9:15", "2026-11-20T09:15:00"),
            ("11/20/2026 09:15:00 PM", "2026-11-20T21:15:00"),
            ("20/11/2026 09:15:00", "2026-11-20T09:15:00"),
            ("20.11.2026", "2026-11-20T00:00:00"),
            ("11/11/2026 9:15", "2026-11-11T09:15:00"),
        ] {
            assert_eq!(local(text).as_deref(), Ok(meant), "{text}");
        }
        let (rule, description) = local("10/11/2026 09:15").unwrap_err();
        assert!(rule == "ambiguous-date" && description.contains("2026-11-10") && description.contains("2026-10-11"));
    }

    #[test]
    fn coordinates_are_digits_with_a_point_or_a_comma() {
        for text in ["114.3162", "114,3162"] {
            assert_eq!(number(text), Ok(Some(114.3162)), "{text}");
        }
        for text in ["1e3", "inf", "NaN", "1,000,000", "114°", "0x10"] {
            assert!(number(text).is_err(), "{text}");
        }
    }

    #[test]
    fn columns_of_known_exports_need_no_word_and_any_can_be_left_out() {
        let there = columns(&["service_request_id", "service_name", "description", "lat", "long", "place"]);
        let mapping = Mapping::read("place=", Some(&there), String::new(), zone()).unwrap();
        assert_eq!(mapping.columns(), ["service_request_id", "service_name", "description", "lat", "long"]);
    }

    #[test]
    fn what_people_type_for_unknown_says_nothing() {
        let there = columns(&["external_ref", "title", "occurred_at", "longitude", "kind", "address"]);
        let mapping = Mapping::read("", Some(&there), String::new(), zone()).unwrap();
        for said in ["无", "不详", "-", "N/A", "null", "未知"] {
            let cells = (0..there.len()).map(|at| if at < 2 { "路灯".to_owned() } else { said.to_owned() }).collect();
            let request = mapping.submission(&Row { line: 2, byte: 0, cells: Ok(cells) }).unwrap();
            assert_eq!((request.occurred_at, request.place, request.kind), (None, None, 0), "{said}");
        }
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
