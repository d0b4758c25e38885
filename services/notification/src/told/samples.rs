//! Every event of the contracts in several forms, filled from the descriptors, and what is told of them under several
//! standings: so that neither the table nor the texts can lack one.

use std::collections::BTreeMap;

use ids::Code;
use jiff::Timestamp;
use prost::Message;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorSet};
use proto::record::v1::{Actor, Commit, Decision, Event};
use vocabulary::Outcome;

use super::{looks_back, told};
use crate::domain::tellings::Telling;
use crate::standing::{Call, Operation, Standing, Task};

/// Forms of each event: of every choice there is one, and numbers are there or not.
const FORMS: usize = 64;
const ENVELOPE: &str = ".huying.record.v1.Event";
const TIME: &str = ".google.protobuf.Timestamp";
/// Of every instant, in seconds.
const AT: u64 = 1_795_000_000;

/// An event as the contracts call it: owner and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    pub owner: String,
    pub name: String,
}

pub fn code(text: &str) -> Code {
    text.parse().unwrap()
}

/// Every kind of event there is, in the order of the contracts, with its forms.
pub fn every_event() -> Vec<(Kind, Vec<Event>)> {
    let contracts = Contracts::read();
    let mut all = Vec::new();
    for owner in &contracts.messages[ENVELOPE].field {
        let events = &contracts.messages[owner.type_name()];
        for event in &events.field {
            let name = event.type_name().rsplit('.').next().unwrap().to_owned();
            let forms = (0..FORMS).map(|form| {
                let fact = tagged(event.number(), &contracts.fill(event.type_name(), form, 0));
                Event::decode(&*tagged(owner.number(), &fact)).unwrap()
            });
            all.push((Kind { owner: owner.name().to_owned(), name }, forms.collect()));
        }
    }
    all
}

/// How things may stand: much is open, nothing is, and whoever is named first has the case.
pub fn standings() -> [Standing; 3] {
    let task = |number, party: &str, after: &[u32]| Task {
        number,
        party: code(party),
        after: after.to_vec(),
        call: 0,
        done: false,
    };
    let busy = Standing {
        with_city: false,
        holder: Some(code("x-holder")),
        place: None,
        answer: Some((Outcome::Solved, Some(Timestamp::from_second(1_795_000_000).unwrap()))),
        closed: false,
        waits_for_judgement: true,
        calls: vec![Call { number: 1, expected: vec![code("x-expected")] }],
        tasks: vec![
            task(1, "x-task-holder", &[]),
            task(2, "x-waiting", &[1]),
            task(3, "x-party", &[]),
            task(4, "x-waiting", &[3]),
        ],
        returns: vec![],
        supervisors: BTreeMap::from([(0, code("x-supervisor")), (1, code("x-supervisor"))]),
        operation: Some(Operation {
            centre: code("x-centre"),
            residents: vec![code("x-resident")],
            seats: BTreeMap::from([(code("x-seat"), true), (code("x-gone"), false)]),
            notices: BTreeMap::new(),
        }),
    };
    // Its answer waits to be asked about.
    let idle = Standing { tasks: vec![], answer: Some((Outcome::Explained, None)), ..busy.clone() };
    let named = Standing { holder: Some(code("x-told")), answer: None, ..busy.clone() };
    [busy, idle, named]
}

pub fn commit(actor: &str, events: Vec<Event>) -> Commit {
    let actor = Some(Actor { party: actor.to_owned(), ..Actor::default() });
    Commit { decisions: vec![Decision { actor, events, ..Decision::default() }], ..Commit::default() }
}

/// What is told of every event, in every form and standing.
pub fn told_of_everything() -> Vec<Telling> {
    every_event().into_iter().flat_map(|(_, forms)| forms.into_iter().flat_map(|event| told_of(&event))).collect()
}

/// What is told of one, by somebody whom it does not concern.
pub fn told_of(event: &Event) -> Vec<Telling> {
    let commit = commit("x-actor", vec![event.clone()]);
    // As the inbox does: what is not asked for is not there.
    let known = |before| if looks_back(&commit) { before } else { Standing::default() };
    let tell = |before| told(&commit, known(before)).unwrap();
    standings().into_iter().flat_map(tell).map(|(_, telling)| telling).collect()
}

struct Contracts {
    messages: BTreeMap<String, DescriptorProto>,
    /// Their numbers other than zero.
    enums: BTreeMap<String, Vec<i32>>,
}

impl Contracts {
    fn read() -> Self {
        let files = FileDescriptorSet::decode(proto::DESCRIPTORS).unwrap();
        let (mut messages, mut enums) = (BTreeMap::new(), BTreeMap::new());
        for file in files.file {
            let package = file.package().to_owned();
            for message in file.message_type {
                messages.insert(format!(".{package}.{}", message.name()), message);
            }
            for choice in file.enum_type {
                let numbers = choice.value.iter().map(prost_types::EnumValueDescriptorProto::number);
                enums.insert(format!(".{package}.{}", choice.name()), numbers.filter(|number| *number != 0).collect());
            }
        }
        Self { messages, enums }
    }

    fn fill(&self, message: &str, form: usize, depth: usize) -> Vec<u8> {
        if message == TIME {
            return number(1, AT);
        }
        // What contains itself ends somewhere.
        if depth > 4 {
            return Vec::new();
        }
        let fields = self.messages[message].field.iter().enumerate();
        fields.flat_map(|(position, field)| self.fill_field(field, position, form, depth)).collect()
    }

    fn fill_field(&self, field: &FieldDescriptorProto, position: usize, form: usize, depth: usize) -> Vec<u8> {
        let switch = form >> (position % 5) & 1;
        match field.r#type() {
            Type::String => tagged(field.number(), format!("x-{}", field.name().replace('_', "-")).as_bytes()),
            Type::Bytes => tagged(field.number(), &[1]),
            Type::Message => tagged(field.number(), &self.fill(field.type_name(), form, depth + 1)),
            Type::Enum => {
                let numbers = &self.enums[field.type_name()];
                number(field.number(), u64::try_from(numbers[form % numbers.len()]).unwrap())
            }
            // A list is there or not, and so is a number.
            Type::Uint32 | Type::Uint64 | Type::Int64 | Type::Int32 | Type::Bool if switch == 0 => Vec::new(),
            Type::Uint32 | Type::Uint64 | Type::Int64 | Type::Int32 if field.label() == Label::Repeated => {
                tagged(field.number(), &[1])
            }
            Type::Uint32 | Type::Uint64 | Type::Int64 | Type::Int32 | Type::Bool => number(field.number(), 1),
            Type::Double => Vec::new(),
            other @ (Type::Float
            | Type::Fixed64
            | Type::Fixed32
            | Type::Group
            | Type::Sfixed32
            | Type::Sfixed64
            | Type::Sint32
            | Type::Sint64) => panic!("{} has the type {other:?}, which no event had before", field.name()),
        }
    }
}

fn tagged(field: i32, content: &[u8]) -> Vec<u8> {
    let mut bytes = key(field, 2);
    bytes.extend(varint(u64::try_from(content.len()).unwrap()));
    bytes.extend(content);
    bytes
}

fn number(field: i32, value: u64) -> Vec<u8> {
    let mut bytes = key(field, 0);
    bytes.extend(varint(value));
    bytes
}

fn key(field: i32, form: u64) -> Vec<u8> {
    varint(u64::try_from(field).unwrap() << 3 | form)
}

fn varint(value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    prost::encoding::encode_varint(value, &mut bytes);
    bytes
}
