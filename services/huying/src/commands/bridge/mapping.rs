//! From a row to a submission: which column goes into which field, and what each field reads.

use jiff::tz::TimeZone;
use proto::ToWireTime;
use proto::common::v1::Place;
use proto::intake::v1::{Attribute, Contact, SubmitRequest};
use proto::words;
use vocabulary::number::is_number;
use vocabulary::text::is_placeholder;

use super::moment::instant;
use super::report::Reject;
use super::rows::Row;
use crate::failure::BadUsage;

/// A field of a submission that a column can fill; and how the matter stands with who exports it, which is no field of one.
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
    Evidence,
    Attributes,
    Kind,
    CallerClass,
    CallerRef,
    ContactName,
    ContactTelephone,
    ContactMail,
    ContactAddress,
    ContactOther,
    RelatedCase,
    Way,
    District,
    Status,
}

impl Field {
    const ALL: [(Self, &'static str); 26] = [
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
        (Self::Evidence, "evidence"),
        (Self::Attributes, "attributes"),
        (Self::Kind, "kind"),
        (Self::CallerClass, "caller_class"),
        (Self::CallerRef, "caller_ref"),
        (Self::ContactName, "contact_name"),
        (Self::ContactTelephone, "contact_telephone"),
        (Self::ContactMail, "contact_mail"),
        (Self::ContactAddress, "contact_address"),
        (Self::ContactOther, "contact_other"),
        (Self::RelatedCase, "related_case"),
        (Self::Way, "way"),
        (Self::District, "district"),
        (Self::Status, "status"),
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

/// What a matter is called that is over where it comes from: Open311's word, and those of other exports.
const CLOSED: [&str; 7] = ["closed", "resolved", "办结", "已办结", "结案", "已结案", "已关闭"];

/// What becomes of the columns of a file.
#[derive(Debug)]
pub(super) struct Mapping {
    fields: Vec<(Field, String)>,
    /// Columns that go into no field, and that nobody has said to leave out.
    unread: Vec<String>,
    district: String,
    zone: TimeZone,
    /// Numbers are those of JSON, which may have an exponent.
    is_json: bool,
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
        let is_read = |column: &String| {
            fields.iter().any(|(_, known)| known == column) || unmapped.iter().any(|field| field.name() == column)
        };
        let named = columns.unwrap_or_default().iter().filter(|column| !column.is_empty());
        let unread = named.filter(|column| !is_read(column)).cloned().collect();
        Ok(Self { fields, unread, district, zone, is_json: false })
    }

    /// For a file in which numbers are those of JSON.
    pub fn of_json(mut self, is_json: bool) -> Self {
        self.is_json = is_json;
        self
    }

    /// The columns that are not.
    pub fn unread(&self) -> &[String] {
        &self.unread
    }

    /// All that decides what becomes of a row, in one form.
    pub fn as_said(&self) -> String {
        let mut pairs: Vec<_> =
            self.fields.iter().map(|(field, column)| format!("{}={column}", field.name())).collect();
        pairs.sort();
        format!("{} in {:?}", pairs.join(","), self.district)
    }

    /// The columns that are used, as [`Row::cells`] has them.
    pub fn columns(&self) -> Vec<String> {
        self.fields.iter().map(|(_, column)| column.clone()).collect()
    }

    /// The sender's own reference, for reports.
    pub fn reference(&self, row: &Row) -> String {
        self.cell(Field::ExternalRef, row).unwrap_or_default().to_owned()
    }

    /// Whether it is over where it comes from: history, and no case that anybody here has to act on.
    pub fn is_closed(&self, row: &Row) -> bool {
        let status = self.cell(Field::Status, row).unwrap_or_default().trim().to_lowercase();
        CLOSED.contains(&status.as_str())
    }

    fn cell<'r>(&self, field: Field, row: &'r Row) -> Option<&'r str> {
        let position = self.fields.iter().position(|(known, _)| *known == field)?;
        row.cells.as_ref().ok()?.get(position).map(String::as_str)
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
            // Ids have no blanks in them.
            Field::Evidence => request.evidence = trimmed.split_whitespace().map(str::to_owned).collect(),
            Field::Attributes => request.attributes = attributes(trimmed)?,
            Field::CallerRef => trimmed.clone_into(&mut request.caller_ref),
            // How to reach nobody is no contact.
            Field::ContactName
            | Field::ContactTelephone
            | Field::ContactMail
            | Field::ContactAddress
            | Field::ContactOther
                if trimmed.is_empty() => {}
            Field::ContactName => trimmed.clone_into(&mut contact(request).name),
            Field::ContactTelephone => trimmed.clone_into(&mut contact(request).telephone),
            Field::ContactMail => trimmed.clone_into(&mut contact(request).mail),
            Field::ContactAddress => trimmed.clone_into(&mut contact(request).address),
            Field::ContactOther => trimmed.clone_into(&mut contact(request).other),
            Field::RelatedCase => trimmed.clone_into(&mut request.related_case),
            Field::Longitude => place.longitude = self.number(trimmed)?,
            Field::Latitude => place.latitude = self.number(trimmed)?,
            Field::OccurredAt => {
                request.occurred_at = instant(trimmed, &self.zone)?.map(ToWireTime::to_wire);
            }
            Field::RecordedAt => {
                request.recorded_at = instant(trimmed, &self.zone)?.map(ToWireTime::to_wire);
            }
            Field::Kind => {
                request.kind = words::KINDS.number(trimmed).map_err(|why| ("known-kind", why))?;
            }
            Field::CallerClass => {
                request.caller_class = words::CLASSES.number(trimmed).map_err(|why| ("known-class", why))?;
            }
            Field::Way => request.way = words::WAYS.number(trimmed).map_err(|why| ("known-way", why))?,
            Field::District => match (trimmed, self.district.as_str()) {
                ("", _) => {}
                (said, "") => said.clone_into(&mut request.district),
                (said, all) if said == all => {}
                (said, all) => return Err(("one-district", format!("it says {said}, and --district says {all}"))),
            },
            // Looked at before a submission is made of the row.
            Field::Status => {}
        }
        Ok(())
    }

    fn number(&self, text: &str) -> Result<Option<f64>, (&'static str, String)> {
        let of_json = if self.is_json { serde_json::from_str(text).ok() } else { None };
        of_json.map_or_else(|| number(text), |number| Ok(Some(number)))
    }
}

fn contact(request: &mut SubmitRequest) -> &mut Contact {
    request.contact.get_or_insert_default()
}

/// `code=answer`, several with semicolons between them.
fn attributes(text: &str) -> Result<Vec<Attribute>, (&'static str, String)> {
    let parts = text.split([';', '；']).map(str::trim).filter(|part| !part.is_empty());
    let read = parts.map(|part| match part.split_once('=') {
        Some((code, value)) => Ok(Attribute { code: code.trim().to_owned(), values: vec![value.trim().to_owned()] }),
        None => Err(("attribute-form", format!("{part:?} is not of the form code=answer"))),
    });
    read.collect()
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
    fn coordinates_are_digits_with_a_point_or_a_comma() {
        for text in ["114.3162", "114,3162"] {
            assert_eq!(number(text), Ok(Some(114.3162)), "{text}");
        }
        for text in ["1e3", "inf", "NaN", "1,000,000", "114°", "0x10"] {
            assert!(number(text).is_err(), "{text}");
        }
    }

    fn filled(names: &[&str], cells: &[&str]) -> (Mapping, Row) {
        let mapping = Mapping::read("", Some(&columns(names)), String::new(), zone()).unwrap();
        let cell = |column: &String| cells[names.iter().position(|name| name == column).unwrap()].to_owned();
        let cells = mapping.columns().iter().map(cell).collect();
        (mapping, Row { line: 2, byte: 0, cells: Ok(cells) })
    }

    /// A new field of the contract has to be one of a column, too; how to reach people is several.
    #[test]
    fn every_field_of_a_submission_can_be_a_column() {
        let error = serde_json::from_str::<SubmitRequest>(r#"{"?": 0}"#).unwrap_err().to_string();
        let place = serde_json::from_str::<Place>(r#"{"?": 0}"#).unwrap_err().to_string();
        let names: Vec<&str> =
            [&error, &place].into_iter().flat_map(|error| error.split('`').skip(3).step_by(2)).collect();
        assert!(names.contains(&"way") && names.contains(&"latitude"), "{names:?}");
        let is_column = |name: &str| Field::ALL.iter().any(|(_, known)| *known == name);
        for name in names.into_iter().filter(|name| !name.contains(char::is_uppercase) && *name != "contact") {
            let column = if name == "party" { "place" } else { name };
            assert!(is_column(column), "{name}");
        }
        let contact = serde_json::from_str::<Contact>(r#"{"?": 0}"#).unwrap_err().to_string();
        let parts: Vec<&str> = contact.split('`').skip(3).step_by(2).collect();
        assert!(parts.contains(&"telephone"), "{parts:?}");
        assert!(parts.iter().all(|part| is_column(&format!("contact_{part}"))), "{parts:?}");
    }

    #[test]
    fn how_to_reach_somebody_is_told_where_a_column_says_it() {
        let names = ["external_ref", "title", "contact_name", "contact_telephone"];
        let (mapping, row) = filled(&names, &["1", "a", "", "82310001"]);
        let reached = Contact { telephone: "82310001".to_owned(), ..Contact::default() };
        assert_eq!(mapping.submission(&row).unwrap().contact, Some(reached));
        let (mapping, row) = filled(&names, &["1", "a", "", ""]);
        assert_eq!(mapping.submission(&row).unwrap().contact, None);
    }

    #[test]
    fn words_are_those_of_the_glossary_of_the_contract_and_of_exports() {
        let names = ["external_ref", "title", "kind", "caller_class", "way", "district"];
        for words in [
            ["办事", "群众", "网格巡"],
            ["CASE_KIND_SERVICE", "CALLER_CLASS_RESIDENT", "WAY_PATROL"],
            ["service", "Resident", "patrol"],
        ] {
            let (mapping, row) = filled(&names, &["1", "a", words[0], words[1], words[2], "jiangan"]);
            let request = mapping.submission(&row).unwrap();
            assert_eq!((request.kind, request.caller_class, request.way), (2, 1, 2), "{words:?}");
            assert_eq!(request.district, "jiangan");
        }
        let there = columns(&names);
        let mapping = Mapping::read("", Some(&there), "wuchang".into(), zone()).unwrap();
        let (_, row) = filled(&names, &["1", "a", "", "", "", "jiangan"]);
        assert_eq!(mapping.submission(&row).unwrap_err()[0].rule, "one-district");
    }

    #[test]
    fn what_was_closed_where_it_comes_from_is_no_case_here() {
        let names = ["service_request_id", "service_name", "status"];
        for (status, closed) in [("closed", true), ("Closed ", true), ("已办结", true), ("open", false), ("", false)]
        {
            let (mapping, row) = filled(&names, &["1", "a", status]);
            assert_eq!(mapping.is_closed(&row), closed, "{status:?}");
        }
        let all = Mapping::read("status=", Some(&columns(&names)), String::new(), zone()).unwrap();
        let row = Row { line: 2, byte: 0, cells: Ok(columns(&["1", "a"])) };
        assert!(!all.is_closed(&row) && all.unread().is_empty(), "somebody has said that they all come in");
    }

    #[test]
    fn a_number_of_json_may_have_an_exponent() {
        let mapping = filled(&["external_ref", "title"], &["1", "a"]).0;
        assert!(mapping.number("1.14e2").is_err());
        assert_eq!(mapping.of_json(true).number("1.14e2"), Ok(Some(114.0)));
    }

    #[test]
    fn columns_of_known_exports_need_no_word_and_any_can_be_left_out() {
        let there = columns(&["service_request_id", "service_name", "description", "lat", "long", "place"]);
        let mapping = Mapping::read("place=", Some(&there), String::new(), zone()).unwrap();
        assert_eq!(mapping.columns(), ["service_request_id", "service_name", "description", "lat", "long"]);
        let more = columns(&["service_request_id", "service_name", "agency_responsible", "description", "text", ""]);
        let mapping = Mapping::read("", Some(&more), String::new(), zone()).unwrap();
        assert_eq!(mapping.unread(), ["agency_responsible", "description"], "what goes nowhere is said");
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
