//! An example of every message with every field set, made from the descriptors: a new event or field has one at once.

use std::collections::HashMap;

use prost::Message;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorSet};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// One form of one message.
pub struct Example {
    /// The message, and which of its variants, e.g. `huying.record.v1.Event/dispatch.called`.
    pub name: String,
    pub bytes: Vec<u8>,
    /// Bytes decoded and encoded again.
    pub reread: fn(&[u8]) -> Option<Vec<u8>>,
}

/// What is stored or sent over NATS: every event, the envelope, and the requests of bridges and departments.
pub fn every_example() -> Vec<Example> {
    use huying_proto::{archive, charter, dispatch, intake, record};
    let contracts = Contracts::read();
    [
        contracts.of::<record::v1::Event>("huying.record.v1.Event"),
        contracts.of::<record::v1::Cause>("huying.record.v1.Cause"),
        contracts.of::<record::v1::Commit>("huying.record.v1.Commit"),
        contracts.of::<record::v1::DeadLetter>("huying.record.v1.DeadLetter"),
        contracts.of::<record::v1::Filed>("huying.record.v1.Filed"),
        contracts.of::<record::v1::Anchor>("huying.record.v1.Anchor"),
        contracts.of::<archive::v1::VolumeHead>("huying.archive.v1.VolumeHead"),
        contracts.of::<archive::v1::CaseFile>("huying.archive.v1.CaseFile"),
        contracts.of::<archive::v1::VolumeFoot>("huying.archive.v1.VolumeFoot"),
        contracts.of::<charter::v1::CharterBundle>("huying.charter.v1.CharterBundle"),
        contracts.of::<dispatch::v1::Order>("huying.dispatch.v1.Order"),
        contracts.of::<dispatch::v1::Answer>("huying.dispatch.v1.Answer"),
        contracts.of::<dispatch::v1::AnswerReply>("huying.dispatch.v1.AnswerReply"),
        contracts.of::<dispatch::v1::Spot>("huying.dispatch.v1.Spot"),
        contracts.of::<intake::v1::KeptEvidence>("huying.intake.v1.KeptEvidence"),
        contracts.of::<intake::v1::EvidenceTask>("huying.intake.v1.EvidenceTask"),
        contracts.of::<intake::v1::SubmitRequest>("huying.intake.v1.SubmitRequest"),
        contracts.of::<intake::v1::SubmitReply>("huying.intake.v1.SubmitReply"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

struct Contracts {
    messages: HashMap<String, DescriptorProto>,
    enums: HashMap<String, EnumDescriptorProto>,
}

impl Contracts {
    fn read() -> Self {
        let mut contracts = Self { messages: HashMap::new(), enums: HashMap::new() };
        for file in FileDescriptorSet::decode(huying_proto::DESCRIPTORS).unwrap().file {
            let package = file.package().to_owned();
            let full = |name: &str| format!(".{package}.{name}");
            contracts.messages.extend(file.message_type.iter().map(|message| (full(message.name()), message.clone())));
            contracts.enums.extend(file.enum_type.iter().map(|known| (full(known.name()), known.clone())));
        }
        contracts
    }

    fn of<T: Message + Default + DeserializeOwned>(&self, message: &str) -> Vec<Example> {
        let example = |(variant, value): (String, Value)| {
            let name = if variant.is_empty() { message.to_owned() } else { format!("{message}/{variant}") };
            let typed: T = serde_json::from_value(value).unwrap_or_else(|error| panic!("{name}: {error}"));
            Example { name, bytes: typed.encode_to_vec(), reread: |bytes| Some(T::decode(bytes).ok()?.encode_to_vec()) }
        };
        self.variants(&format!(".{message}")).into_iter().map(example).collect()
    }

    /// Every variant of a message by the names that lead to it: one, unless it is a choice.
    fn variants(&self, message: &str) -> Vec<(String, Value)> {
        let message = &self.messages[message];
        let (choices, plain): (Vec<_>, Vec<_>) =
            message.field.iter().partition(|field| field.oneof_index.is_some() && !field.proto3_optional());
        let common: Map<String, Value> =
            plain.into_iter().map(|field| (field.name().to_owned(), self.field(field))).collect();
        if choices.is_empty() {
            return vec![(String::new(), common.into())];
        }
        let chosen = |field: &FieldDescriptorProto, value: Value| {
            let mut whole = common.clone();
            whole.insert(field.name().to_owned(), value);
            Value::from(whole)
        };
        choices
            .into_iter()
            .flat_map(|field| {
                let name = field.name().to_owned();
                if is_ours(field) {
                    let under = |(variant, value): (String, Value)| {
                        let path = if variant.is_empty() { name.clone() } else { format!("{name}.{variant}") };
                        (path, chosen(field, value))
                    };
                    self.variants(field.type_name()).into_iter().map(under).collect()
                } else {
                    vec![(name, chosen(field, self.value(field)))]
                }
            })
            .collect()
    }

    fn field(&self, field: &FieldDescriptorProto) -> Value {
        let value = self.value(field);
        if field.label() == Label::Repeated { Value::Array(vec![value.clone(), value]) } else { value }
    }

    /// Never the default, which would not be on the wire.
    fn value(&self, field: &FieldDescriptorProto) -> Value {
        match field.r#type() {
            Type::String => json!(format!("{} 呼应", field.name())),
            Type::Bytes => json!("aHV5aW5n"),
            Type::Bool => json!(true),
            Type::Double | Type::Float => json!(f64::from(field.number()) + 0.5),
            Type::Enum => {
                let values = &self.enums[field.type_name()].value;
                json!(values.last().unwrap().name())
            }
            Type::Message if is_ours(field) => {
                let mut variants = self.variants(field.type_name());
                variants.swap_remove(0).1
            }
            // The only foreign message in the contracts.
            Type::Message => json!("2019-10-15T00:20:00.123456789Z"),
            Type::Int32 | Type::Int64 | Type::Uint32 | Type::Uint64 => json!(1000 + field.number()),
            other @ (Type::Fixed32
            | Type::Fixed64
            | Type::Sfixed32
            | Type::Sfixed64
            | Type::Sint32
            | Type::Sint64
            | Type::Group) => panic!("the contracts have no {other:?} so far; say here what an example of it is"),
        }
    }
}

fn is_ours(field: &FieldDescriptorProto) -> bool {
    field.type_name().starts_with(".huying.")
}
