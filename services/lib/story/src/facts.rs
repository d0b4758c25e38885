//! Every event that can stand on a timeline, with its fields, as the contracts describe them.
//!
//! A story names events and fields in its expectations. What there is to name comes from the descriptors of the
//! contracts, comments included, so neither `huying story check` nor `tests/stories/EVENTS.md` can fall behind them.

mod markdown;
mod same;
mod told;

pub use markdown::form;
pub use same::means;
pub use told::Clock;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use prost::Message;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet};

/// The number of `message_type` in a file descriptor, of `field` in a message: paths of comments are made of them.
const MESSAGES: i32 = 4;
const FIELDS: i32 = 2;
/// Fields that mean something to machines alone.
const UNSAID: [&str; 3] = ["content_hash", "external_ref_hash", "receipt_ref"];
/// Its facts are about no case; a story asks for what came of them under `powers`.
const ABOUT_NO_CASE: &str = "powers";

/// What happened, and what is known of it.
#[derive(Clone, Debug)]
pub struct Event {
    /// As a timeline names it, e.g. `ReportedIn`.
    pub name: String,
    /// The service that decides it, as a timeline names it, e.g. `enforcement-center`.
    pub owner: String,
    pub about: String,
    pub fields: Vec<Field>,
}

#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    pub about: String,
    pub form: Form,
    /// A list of it.
    pub many: bool,
}

#[derive(Clone, Debug)]
pub enum Form {
    Text,
    Number,
    Truth,
    Instant,
    /// One of these, each as the contract and as a story writes it.
    Word(Vec<Word>),
    /// Something with fields of its own, by its name in [`Catalogue::part`].
    Part(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// `CLOCK_REPORT_IN`
    pub full: String,
    /// `report-in`
    pub short: String,
}

/// Everything there is to name.
pub struct Catalogue {
    events: Vec<Event>,
    parts: BTreeMap<String, Vec<Field>>,
}

impl Catalogue {
    /// The one of the contracts this program was built with.
    pub fn of_the_contracts() -> &'static Self {
        static READ: LazyLock<Catalogue> = LazyLock::new(|| {
            // They are compiled in; without them nothing has a field, and the test of this module fails.
            let files = FileDescriptorSet::decode(proto::DESCRIPTORS).unwrap_or_default();
            Catalogue::read(&files)
        });
        &READ
    }

    fn read(files: &FileDescriptorSet) -> Self {
        let reader = Reader { enums: enums(files) };
        let ours = files.file.iter().filter(|file| file.package().starts_with("huying."));
        let parts: BTreeMap<String, Vec<Field>> = ours
            .clone()
            .flat_map(|file| file.message_type.iter().enumerate().map(move |(index, message)| (file, index, message)))
            .map(|(file, index, message)| {
                (format!(".{}.{}", file.package(), message.name()), reader.fields(file, index, message))
            })
            .collect();
        let mut events = Vec::new();
        for file in ours {
            for message in file.message_type.iter().filter(|message| message.name().ends_with("Event")) {
                let Some(owner) = owner_of(file, message) else { continue };
                for variant in message.field.iter().filter(|variant| variant.oneof_index.is_some()) {
                    let path = variant.type_name();
                    let name = path.rsplit('.').next().unwrap_or(path);
                    let index = file.message_type.iter().position(|message| message.name() == name);
                    events.push(Event {
                        name: name.to_owned(),
                        owner: owner.clone(),
                        about: index.map(|index| comment(file, &[MESSAGES, number(index)])).unwrap_or_default(),
                        fields: parts.get(path).cloned().unwrap_or_default(),
                    });
                }
            }
        }
        Self { events, parts }
    }

    pub fn events(&self) -> &[Event] {
        &self.events
    }

    pub fn names(&self) -> BTreeSet<&str> {
        self.events.iter().map(|event| event.name.as_str()).collect()
    }

    /// Events of that name: two services may use the same word.
    pub fn named<'c>(&'c self, name: &'c str) -> impl Iterator<Item = &'c Event> {
        self.events.iter().filter(move |event| event.name == name)
    }

    /// The fields of something inside an event.
    pub fn part(&self, name: &str) -> &[Field] {
        self.parts.get(name).map_or(&[], Vec::as_slice)
    }
}

/// Which service's events a message holds, if it is the message that stands on the record of cases.
fn owner_of(file: &FileDescriptorProto, message: &DescriptorProto) -> Option<String> {
    let service = file.package().strip_prefix("huying.")?.strip_suffix(".v1")?;
    let of_service: String = service.split('_').map(capitalised).collect();
    (service != ABOUT_NO_CASE && message.name() == format!("{of_service}Event")).then(|| service.replace('_', "-"))
}

struct Reader {
    enums: BTreeMap<String, Vec<Word>>,
}

impl Reader {
    fn fields(&self, file: &FileDescriptorProto, message: usize, of: &DescriptorProto) -> Vec<Field> {
        let said = of.field.iter().enumerate().filter(|(_, field)| !UNSAID.contains(&field.name()));
        said.map(|(index, field)| Field {
            name: field.name().to_owned(),
            about: comment(file, &[MESSAGES, number(message), FIELDS, number(index)]),
            form: self.form(field),
            many: field.label() == Label::Repeated,
        })
        .collect()
    }

    fn form(&self, field: &FieldDescriptorProto) -> Form {
        match field.r#type() {
            Type::String | Type::Bytes => Form::Text,
            Type::Bool => Form::Truth,
            Type::Enum => Form::Word(self.enums.get(field.type_name()).cloned().unwrap_or_default()),
            Type::Message | Type::Group if field.type_name() == ".google.protobuf.Timestamp" => Form::Instant,
            Type::Message | Type::Group => Form::Part(field.type_name().to_owned()),
            Type::Double
            | Type::Float
            | Type::Int64
            | Type::Uint64
            | Type::Int32
            | Type::Fixed64
            | Type::Fixed32
            | Type::Uint32
            | Type::Sfixed32
            | Type::Sfixed64
            | Type::Sint32
            | Type::Sint64 => Form::Number,
        }
    }
}

fn enums(files: &FileDescriptorSet) -> BTreeMap<String, Vec<Word>> {
    let all = files.file.iter().flat_map(|file| file.enum_type.iter().map(move |of| (file, of)));
    all.map(|(file, of)| (format!(".{}.{}", file.package(), of.name()), words(of))).collect()
}

/// `CLOCK_REPORT_IN` of `Clock` is report-in; the first one, which says nothing, is none of them.
fn words(of: &EnumDescriptorProto) -> Vec<Word> {
    let mut prefix = String::new();
    for letter in of.name().chars() {
        if letter.is_ascii_uppercase() && !prefix.is_empty() {
            prefix.push('_');
        }
        prefix.push(letter.to_ascii_uppercase());
    }
    prefix.push('_');
    let values = of.value.iter().filter(|value| value.number() != 0);
    values
        .map(|value| {
            let full = value.name().to_owned();
            let rest = full.strip_prefix(&prefix).unwrap_or(&full);
            // Levels are written as everywhere else: A, B1.
            let short = if of.name() == "Level" { rest.to_owned() } else { rest.to_lowercase().replace('_', "-") };
            Word { short, full }
        })
        .collect()
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// What stands above something in its file, as one line.
fn comment(file: &FileDescriptorProto, path: &[i32]) -> String {
    let locations = file.source_code_info.iter().flat_map(|info| &info.location);
    let found = locations
        .filter(|location| location.path == path)
        .find_map(|location| location.leading_comments.as_ref().or(location.trailing_comments.as_ref()));
    found.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")).unwrap_or_default()
}

/// Descriptors count in 32 bits; none has as many parts.
fn number(index: usize) -> i32 {
    i32::try_from(index).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests;
