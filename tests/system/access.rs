//! Who may see and do what, tried: every role's token against every method there is, found by reflection, on a case that
//! concerns it and on one that does not. A method added tomorrow is tried tomorrow.

use std::collections::BTreeMap;
use std::time::Duration;

use charter::{Charter, PartyKind};
use chassis::Identity;
use futures::StreamExt;
use prost::Message;
use prost::bytes::{Buf, BufMut};
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorSet};
use proto::dispatch::v1::{CallRequest, CalledParty};
use proto::intake::v1::{GetRequest, SubmitRequest, SupplementRequest, WithdrawRequest};
use station::access::table::{self, Does};
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::{Code, Request, Status};

use crate::support::installation::{Installation, acting, bridge, shared};
use crate::support::{submission, until};

const DISTRICT: &str = "jiangan";
const GRID: &str = "jiangan-yiyuan-tongxing-grid-1";
const STREET: &str = "jiangan-yiyuan-command-centre";
const CALLER: &str = "access-caller-1";
/// Words of the case that nobody else is to read.
const SECRET: &str = "一棵歪脖子老槐树";
/// How long a stream is listened to for what must not come.
const SILENCE: Duration = Duration::from_millis(300);
/// Messages inside messages are filled in down to here.
const DEPTH_MAX: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_or_does_anything_to_a_case_that_does_not_concern_them() {
    let installation = shared();
    let case = called_case(&installation, "stranger").await;
    let contracts = Contracts::read();
    let mut tried = 0;
    for stranger in strangers() {
        for method in &contracts.methods {
            let found = contracts.try_on(&installation, &stranger, method, &case).await;
            let who = format!("{} {} {}", stranger.role, stranger.party, method.path);
            match &found {
                Ok(answers) => {
                    let row = table::row(&method.path);
                    let looks = row.is_some_and(|row| row.does == Does::Look);
                    // A department's own desk takes what its people say, and the hub refuses it.
                    let own_desk = method.path.starts_with("huying.responder.");
                    assert!(looks || own_desk || !method.names_case, "{who} did something to a stranger's case");
                    let leaked = answers.iter().any(|answer| holds(answer, &case) || holds(answer, SECRET));
                    assert!(!leaked, "{who} reads a stranger's case");
                }
                Err(refused) if method.names_case => {
                    // Where a rule of the matter says whose it is, that rule may answer.
                    let ruled = table::row(&method.path).is_some_and(|row| row.ruled);
                    let closed = matches!(refused.code(), Code::NotFound | Code::PermissionDenied)
                        || ruled && matches!(refused.code(), Code::FailedPrecondition | Code::InvalidArgument);
                    assert!(closed, "{who}: {refused}");
                    assert!(!refused.message().contains(SECRET), "{who}: {refused}");
                }
                Err(_) => {}
            }
            tried += 1;
        }
    }
    assert!(tried > 500, "only {tried} were tried");
    // None of it has left a trace on the case.
    let shown = installation.case(DISTRICT, &case).await;
    let events: Vec<_> = shown.timeline.iter().map(|entry| entry.event.as_str()).collect();
    assert!(
        !events.iter().any(|event| ["Supplemented", "WithdrawalAsked", "Progressed"].contains(event)),
        "{events:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_a_case_concerns_is_let_in_where_the_table_says_so() {
    let installation = shared();
    let contracts = Contracts::read();
    for concerned in concerned() {
        // Each has a case of its own: what is done to it may end it.
        let case = called_case(&installation, &format!("concerned-{}", concerned.role)).await;
        for method in contracts.methods.iter().filter(|method| method.names_case) {
            let who = format!("{} {} {}", concerned.role, concerned.party, method.path);
            let row = table::row(&method.path).unwrap();
            let role = station::Caller::from_identity(&concerned).unwrap().role;
            let found = contracts.try_on(&installation, &concerned, method, &case).await;
            let refused = found.err().filter(|refused| {
                let policy =
                    refused.message().contains("may not do this") || refused.message().contains("there is no case");
                policy || refused.message().contains("may do this only where")
            });
            match row.relation(role) {
                None => assert!(refused.is_some(), "{who} is let in without a line"),
                // Where less than sight is granted, the rest is denied and not hidden.
                Some(relation) if relation != table::sight(role) => {
                    assert!(refused.is_none_or(|refused| refused.code() == Code::PermissionDenied), "{who}");
                }
                Some(_) => assert!(refused.is_none(), "{who}: {refused:?}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_takes_back_what_it_carried_in_and_nothing_else() {
    let installation = shared();
    let case = called_case(&installation, "bridge").await;
    let district = DISTRICT.to_owned();
    let withdraw = WithdrawRequest { district: district.clone(), case_id: case.clone(), ..WithdrawRequest::default() };
    let mut other = installation.intake(&bridge("jiangan-hotline")).await;
    assert_eq!(other.withdraw(withdraw.clone()).await.unwrap_err().code(), Code::PermissionDenied);
    let text = "补充：树上有鸟窝".to_owned();
    let add = SupplementRequest { district, case_id: case, text, ..SupplementRequest::default() };
    assert_eq!(other.supplement(add.clone()).await.unwrap_err().code(), Code::PermissionDenied);
    let mut own = installation.intake(&bridge("jiangan-board")).await;
    let added = own.supplement(add).await.unwrap().into_inner();
    let withdrawn = own.withdraw(withdraw).await.unwrap().into_inner();
    assert!(added.position > 0 && withdrawn.position > added.position, "{added:?} {withdrawn:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_id_is_its_senders_and_stands_for_one_thing() {
    let installation = shared();
    let case = called_case(&installation, "command-id").await;
    let say = |text: &str| SupplementRequest {
        district: DISTRICT.to_owned(),
        case_id: case.clone(),
        command_id: "1".to_owned(),
        text: text.to_owned(),
        evidence: vec![],
    };
    let mut board = installation.intake(&bridge("jiangan-board")).await;
    let first = board.supplement(say("一")).await.unwrap().into_inner();
    assert_eq!(board.supplement(say("一")).await.unwrap().into_inner(), first, "the same answer again");
    let other = board.supplement(say("二")).await.unwrap_err();
    assert_eq!(other.code(), Code::AlreadyExists, "{other}");
    // Another sender's first is not the first sender's.
    let mut street = installation.intake(&acting("street", STREET)).await;
    let theirs = street.supplement(say("二")).await.unwrap().into_inner();
    assert!(theirs.revision > first.revision && theirs.position > first.position);
    let timeline = installation.case(DISTRICT, &case).await.timeline;
    assert_eq!(timeline.iter().filter(|entry| entry.event == "Supplemented").count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_telephone_number_is_no_reference_to_a_caller() {
    let installation = shared();
    let mut door = installation.intake(&bridge("jiangan-board")).await;
    for (number, caller_ref) in ["13812345678", "陈先生", "027-88881234"].into_iter().enumerate() {
        let request = SubmitRequest {
            caller_ref: caller_ref.to_owned(),
            ..submission(DISTRICT, &format!("access-reference-{number}"), "路灯不亮")
        };
        let refused = door.submit(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().contains("opaque-reference"), "{refused}");
    }
}

/// Everybody whom the case concerns.
fn concerned() -> Vec<Identity> {
    let caller = Identity { district: DISTRICT.into(), staff_ref: CALLER.into(), ..acting("caller", "") };
    let others = [
        ("bridge", "jiangan-board"),
        ("grid", GRID),
        ("community", "jiangan-yiyuan-tongxing"),
        ("street", STREET),
        ("enforcement-center", "jiangan-yiyuan-enforcement-centre"),
        ("department", "jiangan-parks"),
        ("district", "jiangan-centre"),
        ("operator", ""),
    ];
    let auditor = Identity { district: DISTRICT.into(), ..acting("auditor", "") };
    others.map(|(role, party)| acting(role, party)).into_iter().chain([caller, auditor]).collect()
}

/// One of each role whom it does not.
fn strangers() -> Vec<Identity> {
    let charter = Charter::shipped(DISTRICT).unwrap();
    let outside = |kind| {
        let mut parties = charter.find_parties(kind).map(|party| party.code.to_string());
        parties.find(|code| !code.starts_with("jiangan-yiyuan")).unwrap()
    };
    let claiming = |role: &str, district: &str| Identity { district: district.into(), ..acting(role, "") };
    vec![
        Identity { staff_ref: "access-caller-2".into(), ..claiming("caller", DISTRICT) },
        Identity { staff_ref: CALLER.into(), ..claiming("caller", "wuchang") },
        // Guesses a receipt.
        Identity { staff_ref: "receipt:00000000000000000000000000000000".into(), ..claiming("caller", DISTRICT) },
        bridge("jiangan-hotline"),
        acting("grid", &outside(PartyKind::Grid)),
        acting("community", &outside(PartyKind::Community)),
        acting("street", "jiangan-siwei-command-centre"),
        acting("enforcement-center", "jiangan-siwei-enforcement-centre"),
        acting("department", "jiangan-tax"),
        acting("street", "wuchang-liangdao-command-centre"),
        acting("district", "wuchang-centre"),
        claiming("operator", "wuchang"),
        claiming("auditor", "wuchang"),
        // Names nothing that anybody knows.
        acting("district", ""),
        acting("street", "nowhere-at-all"),
    ]
}

/// A tree in a grid, with the command centre of its street, one department called.
pub async fn called_case(installation: &Installation, reference: &str) -> String {
    let request = SubmitRequest {
        category: "dangerous-tree".to_owned(),
        caller_ref: CALLER.to_owned(),
        place: Some(proto::common::v1::Place { party: GRID.to_owned(), ..Default::default() }),
        ..submission(DISTRICT, &format!("access-{reference}"), SECRET)
    };
    let submitted = installation.intake(&bridge("jiangan-board")).await.submit(request).await.unwrap().into_inner();
    assert!(submitted.position > 0);
    let case = submitted.case_id;
    until("the street has it", async || {
        let shown = installation.case(DISTRICT, &case).await;
        (shown.summary.unwrap_or_default().owner == STREET).then_some(())
    })
    .await;
    let call = CallRequest {
        district: DISTRICT.to_owned(),
        case_id: case.clone(),
        command_id: format!("call-{case}"),
        situation: "dangerous-tree".to_owned(),
        parties: vec![CalledParty { party: "jiangan-parks".to_owned(), duty: 1 }],
        ..CallRequest::default()
    };
    installation.dispatch(&acting("street", STREET)).await.call(call).await.unwrap();
    // Whom it concerns sees it from now on.
    let request = GetRequest { district: DISTRICT.to_owned(), case_id: case.clone() };
    installation.intake(&acting("department", "jiangan-parks")).await.get(request).await.unwrap();
    case
}

pub fn holds(answer: &[u8], text: &str) -> bool {
    answer.windows(text.len()).any(|window| window == text.as_bytes())
}

/// One method, with a request about a case.
pub struct Method {
    /// `huying.intake.v1.IntakeService/Get`
    pub path: String,
    input: String,
    streams: bool,
    /// Its request says which case it is about.
    names_case: bool,
}

pub struct Contracts {
    messages: BTreeMap<String, DescriptorProto>,
    pub methods: Vec<Method>,
}

impl Contracts {
    pub fn read() -> Self {
        let files = FileDescriptorSet::decode(proto::DESCRIPTORS).unwrap().file;
        let mut contracts = Self { messages: BTreeMap::new(), methods: vec![] };
        for file in &files {
            let package = file.package();
            for message in &file.message_type {
                contracts.messages.insert(format!(".{package}.{}", message.name()), message.clone());
            }
        }
        for file in &files {
            for service in &file.service {
                for method in &service.method {
                    let input = method.input_type().to_owned();
                    let names_case = contracts.messages[&input].field.iter().any(|field| field.name() == "case_id");
                    contracts.methods.push(Method {
                        path: format!("{}.{}/{}", file.package(), service.name(), method.name()),
                        names_case,
                        streams: method.server_streaming(),
                        input,
                    });
                }
            }
        }
        contracts
    }

    /// What comes of it: every answer, or the refusal.
    pub async fn try_on(
        &self,
        installation: &Installation,
        who: &Identity,
        method: &Method,
        case: &str,
    ) -> Result<Vec<Vec<u8>>, Status> {
        let channel = installation.channel(who).await;
        let mut client = Grpc::new(channel);
        client.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let path: PathAndQuery = format!("/{}", method.path).parse().unwrap();
        let message = self.filled(&method.input, case, 0);
        if !method.streams {
            let answer = client.unary(Request::new(message), path, Raw).await?;
            return Ok(vec![answer.into_inner()]);
        }
        let sent = futures::stream::iter([message]);
        let mut answers = client.streaming(Request::new(sent), path, Raw).await?.into_inner();
        let mut heard = Vec::new();
        while let Ok(Some(answer)) = tokio::time::timeout(SILENCE, answers.next()).await {
            heard.push(answer?);
        }
        Ok(heard)
    }

    /// A request that says something everywhere.
    fn filled(&self, message: &str, case: &str, depth: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        let Some(known) = self.messages.get(message) else { return bytes };
        // Of alternatives one: the last would win anyway.
        let mut chosen = Vec::new();
        for field in &known.field {
            if let Some(one_of) = field.oneof_index
                && !field.proto3_optional()
            {
                if chosen.contains(&one_of) {
                    continue;
                }
                chosen.push(one_of);
            }
            self.fill(&mut bytes, message, field, case, depth);
        }
        bytes
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "what the contracts do not use stays empty")]
    fn fill(&self, bytes: &mut Vec<u8>, message: &str, field: &FieldDescriptorProto, case: &str, depth: usize) {
        let number = u64::from(field.number().unsigned_abs());
        let key = |bytes: &mut Vec<u8>, wire: u64| prost::encoding::encode_varint(number << 3 | wire, bytes);
        match field.r#type() {
            Type::Double => {
                key(bytes, 1);
                bytes.extend(30f64.to_le_bytes());
            }
            Type::String => {
                let text = value(message, field.name(), case, field.label() == Label::Repeated);
                key(bytes, 2);
                prost::encoding::encode_varint(text.len() as u64, bytes);
                bytes.extend(text.as_bytes());
            }
            Type::Message if field.type_name() == ".google.protobuf.Timestamp" => {
                #[expect(clippy::disallowed_methods, reason = "what is refused is refused at any time")]
                let later = jiff::Timestamp::now().as_second().unsigned_abs() + 3600;
                let mut time = vec![1 << 3];
                prost::encoding::encode_varint(later, &mut time);
                key(bytes, 2);
                prost::encoding::encode_varint(time.len() as u64, bytes);
                bytes.extend(time);
            }
            Type::Message if depth < DEPTH_MAX => {
                let inner = self.filled(field.type_name(), case, depth + 1);
                key(bytes, 2);
                prost::encoding::encode_varint(inner.len() as u64, bytes);
                bytes.extend(inner);
            }
            Type::Bool | Type::Enum | Type::Uint32 | Type::Uint64 | Type::Int32 | Type::Int64 => {
                key(bytes, 0);
                bytes.push(1);
            }
            _ => {}
        }
    }
}

/// Something that fits a field of this name in this message.
fn value(message: &str, field: &str, case: &str, repeated: bool) -> String {
    match field {
        // Not the request's own: it names an answer.
        "command_id" if message.ends_with(".SeeRefusedRequest") => "access-1".to_owned(),
        "district" => DISTRICT.to_owned(),
        "case_id" | "into" => case.to_owned(),
        "page_token" | "command_id" | "related_case" | "campaign" | "group" => String::new(),
        "centre" => "jiangan-yiyuan-enforcement-centre".to_owned(),
        "party" | "to" | "lead" | "members" | "proposes" | "parties" => "jiangan-parks".to_owned(),
        "poll" => "access-poll".to_owned(),
        _ if repeated => "access-1".to_owned(),
        _ => "access".to_owned(),
    }
}

/// Messages as bytes, whatever they are.
#[derive(Clone, Copy, Default)]
pub struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, bytes: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        Ok(Some(bytes.copy_to_bytes(bytes.remaining()).to_vec()))
    }
}
