//! What must not come in, at both doors; that what comes in twice is one case; and that no telephone number stays.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use chassis::Identity;
use prost::Message;
use proto::ToWireTime;
use proto::casebook::v1::{GetRequest, ListRequest};
use proto::common::v1::{Place, Refusal};
use proto::intake::v1::intake_service_client::IntakeServiceClient;
use proto::intake::v1::{SubmitReply, SubmitRequest, SubmitResponse, SupplementRequest, submit_reply};
use proto::subjects::BridgeSubject;
use record::Requester;
use station::refusal_of;
use tokio::task::JoinSet;
use tonic::{Code, Request};

use crate::support::installation::{CURRENT, Installation, acting, bridge, operator, shared};
use crate::support::submission;

const DISTRICT: &str = "wuchang";
const BRIDGE: &str = "wuchang-board";
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// What makes a submission unacceptable, and which field breaks which rule.
type Fault = (fn(&mut SubmitRequest), &'static str, &'static str);

const FAULTS: [Fault; 22] = [
    (|bad| bad.external_ref.clear(), "external_ref", "required"),
    (|bad| bad.external_ref = "r".repeat(201), "external_ref", "text-length"),
    (|bad| bad.title.clear(), "title", "required"),
    (|bad| bad.title = " \n ".to_owned(), "title", "required"),
    (|bad| bad.external_ref = "无".to_owned(), "external_ref", "required"),
    (|bad| bad.external_ref = "N/A".to_owned(), "external_ref", "required"),
    (|bad| bad.title = "题".repeat(201), "title", "text-length"),
    (|bad| bad.text = "长".repeat(20_001), "text", "text-length"),
    (|bad| bad.caller_ref = "c".repeat(129), "caller_ref", "text-length"),
    (|bad| bad.district = "atlantis".to_owned(), "district", "known-district"),
    (|bad| bad.district = "武昌".to_owned(), "district", "known-district"),
    (|bad| bad.channel = "carrier-pigeon".to_owned(), "channel", "known-channel"),
    (|bad| bad.channel = "grid-patrol".to_owned(), "channel", "bridge-channel"),
    (|bad| bad.kind = 99, "kind", "known-kind"),
    (|bad| bad.category = "ghosts".to_owned(), "category", "known-category"),
    (|bad| bad.related_case = "261121-0000001".to_owned(), "related_case", "case-id"),
    (|bad| place(bad).party = "jiangan-yiyuan".to_owned(), "place.party", "known-party"),
    (|bad| place(bad).address = "址".repeat(501), "place.address", "text-length"),
    (|bad| at(bad, Some(181.0), Some(30.5)), "place.longitude", "coordinate-range"),
    (|bad| at(bad, Some(114.3), Some(-90.5)), "place.latitude", "coordinate-range"),
    (|bad| at(bad, Some(114.3), None), "place.latitude", "coordinate-pair"),
    (
        |bad| bad.occurred_at = Some("2119-01-01T00:00:00Z".parse::<jiff::Timestamp>().unwrap().to_wire()),
        "occurred_at",
        "not-in-the-future",
    ),
];

fn place(submission: &mut SubmitRequest) -> &mut Place {
    submission.place.get_or_insert_default()
}

fn at(submission: &mut SubmitRequest, longitude: Option<f64>, latitude: Option<f64>) {
    (place(submission).longitude, place(submission).latitude) = (longitude, latitude);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_at_either_door_leaves_no_case() {
    let installation = shared();
    let mut grpc = installation.intake(&bridge(BRIDGE)).await;
    let broker = installation.broker(BRIDGE).await;
    let nats = Nats(broker.requester());

    for (number, (spoil, field, rule)) in FAULTS.into_iter().enumerate() {
        let mut bad = submission(DISTRICT, &format!("bad-{number}"), &format!("bad {number}"));
        spoil(&mut bad);
        let status = grpc.submit(bad.clone()).await.expect_err(&format!("{field}: {rule} was accepted"));
        assert_eq!(status.code(), Code::InvalidArgument, "{field}: {rule}: {status}");
        assert!(breaks(&refusal_of(&status), field, rule), "gRPC does not name {field}: {rule}, but: {status}");
        for form in [Form::Protobuf, Form::Json] {
            // A number outside the contract cannot be said in JSON by the same means; see `unreadable_payloads`.
            if form == Form::Json && rule == "known-kind" {
                continue;
            }
            let refusal =
                nats.submit(&bad, form).await.expect_err(&format!("{field}: {rule} was accepted as {form:?}"));
            assert_eq!(refusal.code, "INVALID_ARGUMENT", "{refusal:?}");
            assert!(breaks(&refusal, field, rule), "{form:?} does not name {field}: {rule}, but: {refusal:?}");
        }
    }
    // Everything that is wrong is said at once.
    let mut bad = submission(DISTRICT, "bad-twice", "");
    at(&mut bad, None, Some(91.0));
    let refusal = refusal_of(&grpc.submit(bad).await.unwrap_err());
    assert!(breaks(&refusal, "title", "required") && breaks(&refusal, "place.longitude", "coordinate-pair"));
    let beyond = proto::WireTimestamp { seconds: i64::MAX, nanos: 0 };
    let bad = SubmitRequest {
        kind: 99,
        caller_class: 88,
        way: 77,
        occurred_at: Some(beyond),
        recorded_at: Some(beyond),
        ..submission(DISTRICT, "bad-enums", "")
    };
    let refusal = refusal_of(&grpc.submit(bad).await.unwrap_err());
    let named: Vec<&str> = refusal.violations.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(named, ["kind", "caller_class", "way", "occurred_at", "recorded_at", "title"]);

    unreadable_payloads(&nats).await;
    strangers(&installation).await;

    // What is in order comes in, once for each reference, whichever door and form; the largest that fits, too.
    let good = SubmitRequest { text: "满".repeat(20_000), ..submission(DISTRICT, "good-1", &"题".repeat(200)) };
    let first = grpc.submit(good.clone()).await.unwrap().into_inner();
    assert!(!first.repeated);
    for again in [
        grpc.submit(good.clone()).await.unwrap().into_inner(),
        nats.submit(&good, Form::Protobuf).await.unwrap(),
        nats.submit(&good, Form::Json).await.unwrap(),
    ] {
        assert_eq!((&again.case_id, again.repeated), (&first.case_id, true));
        assert_eq!(again.received_at, first.received_at, "the same answer again");
    }
    // What the charter says anyway may be left out and said again.
    let unsaid = SubmitRequest { district: String::new(), ..good.clone() };
    assert!(grpc.submit(unsaid).await.unwrap().into_inner().repeated);
    let second = nats.submit(&submission(DISTRICT, "good-2", "second"), Form::Json).await.unwrap();
    assert!(!second.repeated);
    assert_ne!(second.case_id, first.case_id);

    // Another matter under a known reference names the case that it is not.
    let other = SubmitRequest { title: "another matter".to_owned(), ..good };
    let refused = grpc.submit(other.clone()).await.unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists, "{refused}");
    for refusal in [refusal_of(&refused), nats.submit(&other, Form::Json).await.unwrap_err()] {
        assert_eq!((refusal.code.as_str(), &refusal.case_id), ("ALREADY_EXISTS", &first.case_id));
    }

    let mut there: Vec<String> = installation.cases(DISTRICT).await.into_iter().map(|case| case.case_id).collect();
    let mut accepted = vec![first.case_id, second.case_id];
    there.sort();
    accepted.sort();
    assert_eq!(there, accepted, "the record holds what was accepted and nothing else");
}

/// Bytes that are no submission at all.
async fn unreadable_payloads(nats: &Nats) {
    let mut not_text = submission(DISTRICT, "bad-bytes", "TITLE").encode_to_vec();
    let position = not_text.windows(5).position(|bytes| bytes == b"TITLE").unwrap();
    not_text[position] = 0xff;
    let mut not_json_text = br#"{"external_ref": "bad-bytes", "title": "TITLE"}"#.to_vec();
    let position = not_json_text.windows(5).position(|bytes| bytes == b"TITLE").unwrap();
    not_json_text[position] = 0xff;
    for (payload, field, rule) in [
        (not_text, "payload", "utf-8"),
        (not_json_text, "payload", "utf-8"),
        (b"\x0a\xff\xff\xff\xff".to_vec(), "payload", "protobuf"),
        (br#"{"external_ref": "bad-json", "title": "#.to_vec(), "payload", "json"),
        (br#"{"external_ref": "bad-json", "title": "t", "tilte": "t"}"#.to_vec(), "payload", "json"),
        (br#"{"external_ref": "bad-json", "title": 7}"#.to_vec(), "title", "json"),
        (br#"{"external_ref": "bad-json", "title": "t", "kind": 99}"#.to_vec(), "kind", "known-kind"),
        (br#"{"external_ref": "bad-json", "title": "t", "occurredAt": "gestern"}"#.to_vec(), "occurred_at", "instant"),
        (
            br#"{"external_ref": "bad-json", "title": "t", "place": {"longitude": "east"}}"#.to_vec(),
            "place.longitude",
            "json",
        ),
        // White space before JSON is JSON, and what is null is not there.
        (b"\r\n  {\"external_ref\": null, \"title\": \"t\", \"kind\": null}".to_vec(), "external_ref", "required"),
        (b"[]".to_vec(), "payload", "json"),
        (vec![b'{'; 200 * 1024], "payload", "size"),
        (vec![0x0a; 900 * 1024], "payload", "size"),
    ] {
        let refusal = nats.send(payload).await.expect_err(rule);
        assert!(breaks(&refusal, field, rule), "{field} {rule}: {refusal:?}");
    }
    // Nothing at all is a submission without a reference.
    assert!(breaks(&nats.send(Vec::new()).await.unwrap_err(), "external_ref", "required"));
}

/// Those who may not submit, or not here.
async fn strangers(installation: &Installation) {
    let good = submission(DISTRICT, "stranger", "from a stranger");
    let mut nobody = IntakeServiceClient::connect(installation.endpoints.grpc.clone()).await.unwrap();
    assert_eq!(nobody.submit(good.clone()).await.unwrap_err().code(), Code::Unauthenticated);
    let mut forged = Request::new(good.clone());
    forged.metadata_mut().insert("authorization", "Bearer not.a.token".parse().unwrap());
    assert_eq!(nobody.submit(forged).await.unwrap_err().code(), Code::Unauthenticated);

    let confined = Identity { district: "jiangan".to_owned(), ..bridge(BRIDGE) };
    let unheard_of = Identity { role: "emperor".to_owned(), ..bridge(BRIDGE) };
    for who in [acting("auditor", ""), confined, unheard_of] {
        let refused = installation.intake(&who).await.submit(good.clone()).await.expect_err(&format!("{who:?}"));
        assert_eq!(refused.code(), Code::PermissionDenied, "{who:?}: {refused}");
    }
    // A request that no door is wide enough for is refused before anybody reads it.
    let huge = SubmitRequest { text: "x".repeat(8 << 20), ..good };
    let refused = installation.intake(&bridge(BRIDGE)).await.submit(huge).await.unwrap_err();
    assert!(refused.code() == Code::InvalidArgument && refused.message().starts_with("payload: "), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_at_once_are_one_case() {
    let installation = shared();
    let one = submission("jiangan", "fifty-at-once", "sent fifty times at once");
    let broker = installation.broker("jiangan-hotline").await;
    let mut senders = JoinSet::new();
    for number in 0..50 {
        let one = one.clone();
        if number % 2 == 0 {
            let mut grpc = installation.intake(&bridge("jiangan-hotline")).await;
            senders.spawn(async move { grpc.submit(one).await.unwrap().into_inner() });
        } else {
            let nats = Nats(broker.requester());
            senders.spawn(async move {
                nats.request("jiangan-hotline", one.encode_to_vec())
                    .await
                    .unwrap_or_else(|refusal| panic!("{refusal:?}"))
            });
        }
    }
    let answers = senders.join_all().await;
    let first = &answers[0].case_id;
    assert!(answers.iter().all(|answer| answer.case_id == *first), "{answers:#?}");
    assert_eq!(answers.iter().filter(|answer| !answer.repeated).count(), 1, "one of them is new: {answers:#?}");
    let there = installation.cases("jiangan").await.into_iter().filter(|case| case.title == one.title).count();
    assert_eq!(there, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_personal_number_of_a_free_text_is_anywhere_on_disk() {
    const MARK: &str = "mark-7e1c4f";
    // As it is written, what of it nobody is to find, and what is there instead.
    let numbers = [
        ("13812345678", "13812345678", "[telephone]"),
        ("420106199001011234", "420106199001011234", "[identity number]"),
        ("027-88881234", "027-88881234", "[telephone]"),
        ("鄂A12345", "鄂A12345", "[plate]"),
        ("１３９１２３４５６７８", "１３９１２３４５６７８", "[telephone]"),
        ("幺三七一二三四五六七八", "幺三七一二三四五六七八", "[telephone]"),
        ("136【1234】5678", "136【1234】5678", "[telephone]"),
        ("+852 9123 4567", "9123 4567", "[telephone]"),
        ("420106198506121239", "420106198506121239", "[identity number]"),
        ("港人Z683365（A）", "Z683365", "港人[identity number]"),
        ("护照E87654321", "E87654321", "护照[passport]"),
        ("卡号6217 0028 7000 1234 564", "7000 1234", "卡号[bank card]"),
        ("粤Z9876港", "粤Z9876港", "[plate]"),
        ("邮箱chen.wei@example.com", "chen.wei", "邮箱[mail address]"),
        ("微信号wxid_k3q9xf7", "wxid_k3q9xf7", "微信号[chat account]"),
        ("QQ2987654310", "2987654310", "QQ[chat account]"),
    ];
    let joined = |of: fn(&(&'static str, &'static str, &'static str)) -> &'static str| {
        format!("{MARK} {}", numbers.iter().map(of).collect::<Vec<_>>().join("，"))
    };
    let said = joined(|(said, _, _)| said);
    let installation = shared();
    let bad = SubmitRequest {
        place: Some(Place { address: said.clone(), ..Place::default() }),
        text: said.clone(),
        // As many as fit.
        ..submission("jiangan", "numbers", &said.split('，').take(8).collect::<Vec<_>>().join("，"))
    };
    let who = bridge("jiangan-board");
    let mut grpc = installation.intake(&who).await;
    let case = grpc.submit(bad.clone()).await.unwrap().into_inner().case_id;
    let broker = installation.broker("jiangan-board").await;
    let over_nats = SubmitRequest { external_ref: "numbers-nats".to_owned(), ..bad.clone() };
    Nats(broker.requester()).request("jiangan-board", over_nats.encode_to_vec()).await.unwrap();
    // Refused ones are not kept either.
    let refused = SubmitRequest { external_ref: "numbers-bad".to_owned(), category: "ghosts".to_owned(), ..bad };
    grpc.submit(refused).await.unwrap_err();
    let supplement = SupplementRequest {
        district: "jiangan".to_owned(),
        case_id: case.clone(),
        command_id: "numbers-supplement".to_owned(),
        text: said,
        evidence: vec![],
    };
    grpc.supplement(supplement).await.unwrap();

    let shown = installation.case("jiangan", &case).await;
    assert_eq!(shown.text, joined(|(_, _, kept)| kept));
    // The list is fed from the record: who has read it knows that the projection is on disk, too.
    assert!(installation.cases("jiangan").await.iter().any(|listed| listed.case_id == case));
    let folder = installation.data();
    let marked = files_with(folder.path(), MARK);
    assert!(marked.iter().any(|file| file.contains("jetstream")), "the text itself is not found in {marked:?}");
    for (_, number, _) in numbers {
        assert_eq!(files_with(folder.path(), number), Vec::<String>::new(), "{number} is on disk");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_on_the_machine_reads_the_data_folder() {
    let installation = shared();
    let mut grpc = installation.intake(&bridge("jiangan-board")).await;
    grpc.submit(submission("jiangan", "modes", "said in confidence")).await.unwrap();
    // Who has read it has it on disk: streams, copies and inboxes are all there.
    assert!(installation.cases("jiangan").await.iter().any(|listed| listed.title == "said in confidence"));
    let folder = installation.data();
    let open = open_to_others(folder.path());
    assert!(open.is_empty(), "open to others: {open:#?}");
}

/// What lies at `path` or below and is not for its owner alone.
fn open_to_others(path: &Path) -> Vec<String> {
    // Files come and go while the installation is at work.
    let Ok(there) = std::fs::symlink_metadata(path) else { return Vec::new() };
    let mode = there.permissions().mode();
    let open = (mode & 0o077 != 0).then(|| format!("{} {:o}", path.display(), mode & 0o777));
    let inside = std::fs::read_dir(path).into_iter().flatten().flatten();
    open.into_iter().chain(inside.flat_map(|entry| open_to_others(&entry.path()))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_reads_sees_only_the_district_of_the_token() {
    let installation = shared();
    let theirs = submission("jiangan", "read-by-others", "not for other districts");
    let case = installation.intake(&bridge("jiangan-board")).await.submit(theirs).await.unwrap().into_inner().case_id;
    let confined = Identity { district: DISTRICT.to_owned(), ..operator() };
    let mut casebook = installation.casebook(&confined).await;
    let get = GetRequest { district: "jiangan".to_owned(), case_id: case.clone(), freshness: None };
    assert_eq!(casebook.get(get).await.unwrap_err().code(), Code::NotFound, "it does not exist there");
    let list = ListRequest { page_size: 1000, freshness: Some(CURRENT), ..ListRequest::default() };
    let listed = casebook.list(list).await.unwrap().into_inner().cases;
    assert!(listed.iter().all(|listed| listed.district == DISTRICT && listed.case_id != case), "{listed:?}");
}

/// Files under `folder` with these bytes in them.
fn files_with(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        // Files come and go while the installation is at work.
        } else if let Ok(bytes) = std::fs::read(&path)
            && bytes.windows(text.len()).any(|window| window == text.as_bytes())
        {
            found.push(path.display().to_string());
        }
    }
    found
}

fn breaks(refusal: &Refusal, field: &str, rule: &str) -> bool {
    refusal.violations.iter().any(|violation| violation.field == field && violation.rule == rule)
}

/// The door for bridges.
struct Nats(Requester);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Protobuf,
    Json,
}

impl Nats {
    async fn submit(&self, submission: &SubmitRequest, form: Form) -> Result<SubmitResponse, Refusal> {
        let payload = match form {
            Form::Protobuf => submission.encode_to_vec(),
            Form::Json => serde_json::to_vec(submission).unwrap(),
        };
        self.send(payload).await
    }

    async fn send(&self, payload: Vec<u8>) -> Result<SubmitResponse, Refusal> {
        self.request(BRIDGE, payload).await
    }

    /// Answered in the form in which it was asked.
    async fn request(&self, bridge: &str, payload: Vec<u8>) -> Result<SubmitResponse, Refusal> {
        let subject = BridgeSubject::submit(&bridge.parse().unwrap());
        let json = proto::json::is_json(&payload);
        let reply = self.0.request(subject, payload, ANSWER_MAX).await.unwrap();
        let reply: SubmitReply =
            if json { serde_json::from_slice(&reply).unwrap() } else { SubmitReply::decode(reply).unwrap() };
        match reply.result.unwrap() {
            submit_reply::Result::Ok(response) => Ok(response),
            submit_reply::Result::Refusal(refusal) => Err(refusal),
        }
    }
}
