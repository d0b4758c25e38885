//! What a message may cost, looked at before it is decoded: decoding makes of a few bytes a field that takes a hundred times
//! their room. So a message has a bound in bytes, and one on the fields in it, at whatever depth.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use http_body::{Body as HttpBody, Frame, SizeHint};
use prost_types::field_descriptor_proto::Type;
use prost_types::{DescriptorProto, FileDescriptorSet};
use std::pin::Pin;
use std::task::{Context, Poll};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::guard::leaving;

/// Largest message that is read, in bytes: four times the longest submission with four bytes to a character, and what fits into
/// a commit.
pub const MESSAGE_BYTES_MAX: usize = 256 * 1024;
/// Fields in one message, counted at every depth: ten thousand names of cases, and as much again.
pub const FIELDS_MAX: usize = 20_000;
/// How deep messages stand in one another; ours stand four deep.
pub const DEPTH_MAX: usize = 16;
/// Until a whole message is there.
const MESSAGE_MAX: Duration = Duration::from_secs(30);
/// What stands before each message of a call: whether it is compressed, and how long it is.
const PREFIX_BYTES: usize = 5;

/// The messages of the methods that are served, as far as it matters for counting.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shapes(Arc<Known>);

#[derive(Debug, Default)]
struct Known {
    /// Of each method, by its path: the message it is asked with, and whether a stream of them comes.
    methods: HashMap<String, (Option<usize>, bool)>,
    /// Of each message: which of its fields are messages themselves.
    messages: Vec<HashMap<u32, usize>>,
}

impl Shapes {
    pub(crate) fn new<'d>(descriptors: impl IntoIterator<Item = &'d [u8]>) -> Self {
        use prost::Message;
        // One that cannot be read is refused where reflection is set up.
        let sets: Vec<_> = descriptors.into_iter().filter_map(|set| FileDescriptorSet::decode(set).ok()).collect();
        let files: Vec<_> = sets.iter().flat_map(|set| &set.file).collect();
        let mut named: HashMap<String, &DescriptorProto> = HashMap::new();
        for file in &files {
            let within = format!(".{}", file.package());
            file.message_type.iter().for_each(|message| name(&within, message, &mut named));
        }
        let numbers: HashMap<&str, usize> =
            named.keys().enumerate().map(|(number, name)| (name.as_str(), number)).collect();
        let messages = named.values().map(|message| -> HashMap<u32, usize> {
            let fields = message.field.iter().filter(|field| matches!(field.r#type(), Type::Message | Type::Group));
            let known = fields
                .filter_map(|field| Some((u32::try_from(field.number()).ok()?, *numbers.get(field.type_name())?)));
            known.collect()
        });
        let messages = messages.collect();
        let mut methods = HashMap::new();
        for file in &files {
            for service in &file.service {
                for method in &service.method {
                    let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                    let asks = numbers.get(method.input_type()).copied();
                    methods.insert(path, (asks, method.client_streaming()));
                }
            }
        }
        Self(Arc::new(Known { methods, messages }))
    }

    /// The same call, if what it is asked with may be decoded. What comes in a stream is measured as it comes.
    ///
    /// # Errors
    /// INVALID_ARGUMENT with the bound; or the message did not come.
    pub(crate) async fn measured(&self, request: Request) -> Result<Request, Status> {
        let (shape, streams) = self.0.methods.get(request.uri().path()).copied().unwrap_or((None, false));
        if streams {
            return Ok(request.map(|body| Body::new(Measured { body, prefix: Vec::new(), left: 0 })));
        }
        let (parts, body) = request.into_parts();
        let whole = tokio::time::timeout(MESSAGE_MAX, to_bytes(body, MESSAGE_BYTES_MAX + PREFIX_BYTES)).await;
        let whole = whole
            .map_err(|_| {
                Status::deadline_exceeded(format!("the request did not come within {} s", MESSAGE_MAX.as_secs()))
            })?
            .map_err(|error| unread(&error))?;
        if let (Some(shape), Some(message)) = (shape, whole.get(PREFIX_BYTES..)) {
            self.0.count(message, shape)?;
        }
        Ok(Request::from_parts(parts, Body::from(whole)))
    }
}

fn name<'m>(within: &str, message: &'m DescriptorProto, named: &mut HashMap<String, &'m DescriptorProto>) {
    let full = format!("{within}.{}", message.name());
    message.nested_type.iter().for_each(|nested| name(&full, nested, named));
    named.insert(full, message);
}

/// A body that ended early: it is too large, or this process stops, or its sender has gone.
fn unread(error: &axum::Error) -> Status {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(status) = error.downcast_ref::<Status>() {
            return status.clone();
        }
        cause = error.source();
    }
    // Its type is of a crate that we do not name.
    if error.to_string().contains(LENGTH_LIMIT) {
        return too_large("more bytes");
    }
    tracing::debug!(%error, "a request ended before it was there");
    leaving()
}

/// How a body says that it was longer than it may be.
const LENGTH_LIMIT: &str = "length limit exceeded";

fn too_large(what: &str) -> Status {
    let description = format!("{what} than fit: at most {MESSAGE_BYTES_MAX} bytes in one message");
    bad_payload(description)
}

fn bad_payload(description: String) -> Status {
    let details = ErrorDetails::with_bad_request_violation("payload", description.clone());
    Status::with_error_details(Code::InvalidArgument, format!("payload: {description}"), details)
}

impl Known {
    /// # Errors
    /// There are more fields than may be, or they stand too deep.
    fn count(&self, message: &[u8], shape: usize) -> Result<(), Status> {
        let mut left = FIELDS_MAX;
        match self.walk(message, shape, DEPTH_MAX, &mut left) {
            Walk::On => Ok(()),
            Walk::TooMany => Err(bad_payload(format!(
                "at most {FIELDS_MAX} fields fit into one message, those of messages in it included"
            ))),
            Walk::TooDeep => Err(bad_payload(format!("messages stand at most {DEPTH_MAX} deep in one another"))),
        }
    }

    /// What cannot be read ends the walk: whoever decodes it says what is wrong with it.
    fn walk(&self, mut rest: &[u8], shape: usize, depth: usize, left: &mut usize) -> Walk {
        if depth == 0 {
            return Walk::TooDeep;
        }
        while !rest.is_empty() {
            let Some(key) = varint(&mut rest) else { return Walk::On };
            if *left == 0 {
                return Walk::TooMany;
            }
            *left -= 1;
            let skip = match key & 7 {
                0 if varint(&mut rest).is_none() => return Walk::On,
                // A number that has been read; the beginning and the end of a group.
                0 | 3 | 4 => 0,
                1 => 8,
                2 => {
                    let length = varint(&mut rest).and_then(|length| usize::try_from(length).ok());
                    let Some(inner) = length.and_then(|length| rest.get(..length)) else { return Walk::On };
                    let field = u32::try_from(key >> 3).ok();
                    let below = field.and_then(|field| self.messages.get(shape)?.get(&field).copied());
                    if let Some(below) = below {
                        match self.walk(inner, below, depth - 1, left) {
                            Walk::On => {}
                            stop @ (Walk::TooMany | Walk::TooDeep) => return stop,
                        }
                    }
                    inner.len()
                }
                5 => 4,
                _ => return Walk::On,
            };
            let Some(after) = rest.get(skip..) else { return Walk::On };
            rest = after;
        }
        Walk::On
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Walk {
    On,
    TooMany,
    TooDeep,
}

/// A number of seven bits a byte, taken off the front.
fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for position in 0..10 {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        number |= u64::from(byte & 0x7f) << (7 * position);
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// A stream of messages, of which none may be longer than any other may be.
struct Measured {
    body: Body,
    /// What has come of the next message's prefix.
    prefix: Vec<u8>,
    /// What is still to come of a message.
    left: usize,
}

impl Measured {
    /// # Errors
    /// A message says that it is longer than fits.
    fn pass(&mut self, mut part: &[u8]) -> Result<(), Status> {
        while !part.is_empty() {
            let of_message = self.left.min(part.len());
            self.left -= of_message;
            part = &part[of_message..];
            let wanted = (PREFIX_BYTES - self.prefix.len()).min(part.len());
            if self.left > 0 || wanted == 0 {
                continue;
            }
            self.prefix.extend_from_slice(&part[..wanted]);
            part = &part[wanted..];
            if let [_, length @ ..] = self.prefix.as_slice()
                && let Ok(length) = <[u8; 4]>::try_from(length)
            {
                self.left = u32::from_be_bytes(length) as usize;
                self.prefix.clear();
                if self.left > MESSAGE_BYTES_MAX {
                    return Err(too_large(&format!("{} bytes, more", self.left)));
                }
            }
        }
        Ok(())
    }
}

impl HttpBody for Measured {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(part) = frame.data_ref()
            && let Err(status) = self.pass(&part.clone())
        {
            return Poll::Ready(Some(Err(axum::Error::new(status))));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use prost::Message;
    use prost_types::{FieldDescriptorProto, FileDescriptorProto};

    use super::*;

    /// A message whose field 1 is a list of itself, and whose field 2 is a text.
    fn known() -> Known {
        Known { methods: HashMap::new(), messages: vec![HashMap::from([(1, 0)])] }
    }

    #[test]
    fn fields_are_counted_at_every_depth_and_the_bytes_of_a_text_are_none() {
        let empty_ones = |count: usize| [10_u8, 0].repeat(count);
        assert!(known().count(&empty_ones(FIELDS_MAX), 0).is_ok());
        let refused = known().count(&empty_ones(FIELDS_MAX + 1), 0).unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().contains("20000 fields"), "{refused}");

        let inner = empty_ones(FIELDS_MAX / 2);
        let mut nested = Vec::new();
        for _ in 0..2 {
            nested.extend([10, 0xa0, 0x9c, 0x01]);
            assert_eq!(inner.len(), 20_000);
            nested.extend(&inner);
        }
        assert!(known().count(&nested, 0).unwrap_err().message().contains("fields"));

        let mut text = vec![18, 0xa0, 0x9c, 0x01];
        text.extend(&inner);
        text.extend(empty_ones(FIELDS_MAX - 1));
        assert!(known().count(&text, 0).is_ok());
    }

    #[test]
    fn messages_stand_only_so_deep_in_one_another() {
        let nested = |depth: usize| {
            (1..depth).fold(Vec::new(), |inner: Vec<u8>, _| {
                let mut outer = vec![10, u8::try_from(inner.len()).unwrap()];
                outer.extend(inner);
                outer
            })
        };
        assert!(known().count(&nested(DEPTH_MAX), 0).is_ok());
        assert!(known().count(&nested(DEPTH_MAX + 1), 0).unwrap_err().message().contains("deep"));
    }

    #[test]
    fn what_cannot_be_read_is_left_to_whoever_decodes_it() {
        for garbled in [&[10, 200][..], &[0x80], &[15], &[9, 1, 2], &[0xff; 11]] {
            assert!(known().count(garbled, 0).is_ok(), "{garbled:?}");
        }
    }

    #[test]
    fn a_stream_is_measured_wherever_it_is_cut() {
        let mut bytes = vec![0, 0, 0, 0, 3, 7, 7, 7];
        bytes.extend([0, 0, 0, 0, 0]);
        bytes.extend([0, 0, 4, 0, 1]);
        for cut in 1..bytes.len() {
            let mut measured = Measured { body: Body::empty(), prefix: Vec::new(), left: 0 };
            let (first, second) = bytes.split_at(cut);
            let passed = measured.pass(first).and_then(|()| measured.pass(second));
            assert!(passed.unwrap_err().message().contains("262145 bytes"), "cut at {cut}");
            let mut measured = Measured { body: Body::empty(), prefix: Vec::new(), left: 0 };
            let (first, second) = bytes[..13].split_at(cut.min(13));
            measured.pass(first).and_then(|()| measured.pass(second)).unwrap();
        }
    }

    #[test]
    fn shapes_are_read_from_the_contracts() {
        let field = |number, kind: Type, of: &str| FieldDescriptorProto {
            number: Some(number),
            r#type: Some(kind.into()),
            type_name: Some(of.to_owned()),
            ..FieldDescriptorProto::default()
        };
        let row = DescriptorProto { name: Some("Row".into()), ..DescriptorProto::default() };
        let ask = DescriptorProto {
            name: Some("Ask".into()),
            field: vec![field(3, Type::Message, ".a.v1.Ask.Row"), field(4, Type::String, "")],
            nested_type: vec![row],
            ..DescriptorProto::default()
        };
        let method = prost_types::MethodDescriptorProto {
            name: Some("Do".into()),
            input_type: Some(".a.v1.Ask".into()),
            ..prost_types::MethodDescriptorProto::default()
        };
        let service = prost_types::ServiceDescriptorProto {
            name: Some("Desk".into()),
            method: vec![method],
            ..prost_types::ServiceDescriptorProto::default()
        };
        let file = FileDescriptorProto {
            package: Some("a.v1".into()),
            message_type: vec![ask],
            service: vec![service],
            ..FileDescriptorProto::default()
        };
        let set = FileDescriptorSet { file: vec![file] }.encode_to_vec();
        let shapes = Shapes::new([set.as_slice()]);
        let (asks, streams) = shapes.0.methods["/a.v1.Desk/Do"];
        assert!(!streams);
        let fields = &shapes.0.messages[asks.unwrap()];
        assert_eq!(fields.keys().collect::<Vec<_>>(), [&3]);
    }
}
