//! Photographs through every door: in, named, read by whom the case concerns and by nobody else; and what is none, refused by the
//! same rule wherever it comes in.

use std::io::Cursor;

use futures::stream;
use image::{DynamicImage, ImageFormat, RgbImage};
use proto::intake::v1::evidence_service_client::EvidenceServiceClient;
use proto::intake::v1::upload_evidence_request::Part;
use proto::intake::v1::{
    Evidence, EvidenceHead, ListEvidenceRequest, ReadEvidenceRequest, SubmitRequest, SupplementRequest,
    UploadEvidenceRequest, read_evidence_response,
};
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};
use station::refusal_of;
use tonic::{Code, Status};

use chassis::Identity;
use huying::client::Authorised;

use crate::support::installation::{Installation, acting, bridge, shared};
use crate::support::program::{huying, huying_ok};
use crate::support::submission;

const DISTRICT: &str = "jiangan";
const BRIDGE: &str = "jiangan-board";
/// Around the parts of a form.
const BOUNDARY: &str = "x-x-x-x";

/// A picture of its own for everybody who asks for another number.
pub fn photograph(number: u8) -> Vec<u8> {
    let picture = RgbImage::from_fn(40, 30, |x, y| {
        image::Rgb([number, u8::try_from(x * 6).unwrap(), u8::try_from(y * 8).unwrap()])
    });
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(picture).write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

/// Sends a file over gRPC, in several parts.
pub async fn send(channel: Authorised, district: &str, content: &[u8]) -> Result<Evidence, Status> {
    let head = Part::Head(EvidenceHead { district: district.to_owned(), ..EvidenceHead::default() });
    let parts: Vec<Part> = std::iter::once(head)
        .chain(content.chunks((content.len() / 3).clamp(1, 64 * 1024)).map(|part| Part::Content(part.to_vec())))
        .collect();
    let sent = stream::iter(parts.into_iter().map(|part| UploadEvidenceRequest { part: Some(part) }));
    Ok(EvidenceServiceClient::new(channel).upload_evidence(sent).await?.into_inner().evidence.unwrap())
}

/// Reads a file of a case.
pub async fn content(channel: Authorised, case_id: &str, evidence_id: &str) -> Result<Vec<u8>, Status> {
    let (district, case_id, evidence_id) = (DISTRICT.to_owned(), case_id.to_owned(), evidence_id.to_owned());
    let request = ReadEvidenceRequest { district, case_id, evidence_id, thumbnail: false };
    let mut parts = EvidenceServiceClient::new(channel).read_evidence(request).await?.into_inner();
    let mut content = Vec::new();
    while let Some(part) = parts.message().await? {
        if let Some(read_evidence_response::Part::Content(next)) = part.part {
            content.extend(next);
        }
    }
    Ok(content)
}

/// Somebody at the door for machines.
struct Machine {
    client: Client,
    door: String,
    token: String,
}

impl Machine {
    fn new(installation: &Installation, who: &Identity) -> Self {
        // Another test may have chosen it already.
        let _chosen = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().build().unwrap();
        Self { client, door: installation.endpoints.door.clone(), token: installation.token(who) }
    }

    async fn ask(&self, method: Method, path: &str, kind: &str, body: Vec<u8>) -> Response {
        let request = self.client.request(method, format!("{}{path}", self.door)).bearer_auth(&self.token);
        request.header("content-type", kind).body(body).send().await.unwrap()
    }

    async fn form(&self, path: &str, fields: &[(&str, &str)], file: (&str, &[u8])) -> (StatusCode, Value) {
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        said(self.ask(Method::POST, path, &kind, form(fields, file)).await).await
    }
}

async fn said(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    (status, serde_json::from_str(&response.text().await.unwrap()).unwrap())
}

/// A form with a file, as a browser sends it.
fn form(fields: &[(&str, &str)], (field, content): (&str, &[u8])) -> Vec<u8> {
    let mut form = Vec::new();
    // A file may stand before whatever says who sends it.
    form.extend(
        format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"p.jpg\"\r\n").bytes(),
    );
    form.extend(b"Content-Type: image/jpeg\r\n\r\n");
    form.extend(content);
    for (name, value) in fields {
        let head = format!("\r\n--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}");
        form.extend(head.bytes());
    }
    form.extend(format!("\r\n--{BOUNDARY}--\r\n").bytes());
    form
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photograph_comes_in_by_every_door_and_is_read_by_whom_its_case_concerns() {
    let installation = shared();
    let (board, photograph) = (Machine::new(&installation, &bridge(BRIDGE)), photograph(1));
    let over_grpc = send(installation.channel(&bridge(BRIDGE)).await, "", &photograph).await.unwrap();
    let id = over_grpc.evidence_id.clone();
    assert_eq!((over_grpc.media_type.as_str(), over_grpc.width, over_grpc.height), ("image/jpeg", 40, 30));
    let (status, whole) = said(board.ask(Method::POST, "/v1/evidence", "image/png", photograph.clone()).await).await;
    assert_eq!((status, &whole["evidence"]["evidence_id"]), (StatusCode::CREATED, &json!(id)), "{whole}");
    let (_, form) = board.form("/v1/evidence", &[], ("file", &photograph)).await;
    assert_eq!(form["evidence"]["evidence_id"], json!(id), "{form}");

    // Named by a report and by what is added to it; nobody names what is not there.
    let report = SubmitRequest { evidence: vec![id.clone()], ..submission(DISTRICT, "photo-1", "路灯不亮") };
    let mut intake = installation.intake(&bridge(BRIDGE)).await;
    let case = intake.submit(report.clone()).await.unwrap().into_inner();
    assert!(intake.submit(report).await.unwrap().into_inner().repeated);
    let nothing = format!("sha256:{}", "0".repeat(64));
    let bad = SubmitRequest { evidence: vec![nothing], ..submission(DISTRICT, "photo-2", "路灯不亮") };
    let refused = intake.submit(bad).await.unwrap_err();
    assert!(refused.code() == Code::InvalidArgument && refused.message().contains("known-evidence"), "{refused}");
    let second = send(installation.channel(&bridge(BRIDGE)).await, DISTRICT, &self::photograph(2)).await.unwrap();
    let more = SupplementRequest {
        district: DISTRICT.to_owned(),
        case_id: case.case_id.clone(),
        command_id: String::new(),
        text: "又拍了一张".to_owned(),
        evidence: vec![second.evidence_id.clone()],
    };
    intake.supplement(more).await.unwrap();

    // A caller by their receipt, and the bridge; nobody else, and nobody learns whether there is anything.
    let path = format!("/v1/cases/{}/evidence", case.case_id);
    let (_, listed) = said(board.ask(Method::GET, &path, "", vec![]).await).await;
    let ids: Vec<&Value> = listed["evidence"].as_array().unwrap().iter().map(|it| &it["evidence_id"]).collect();
    assert_eq!(ids, [&json!(id), &json!(second.evidence_id)]);
    let shown = board.ask(Method::GET, &format!("{path}/{id}"), "", vec![]).await;
    assert_eq!((shown.status(), &shown.headers()["content-type"]), (StatusCode::OK, &"image/jpeg".parse().unwrap()));
    assert_eq!(shown.headers()["x-content-type-options"], "nosniff");
    assert!(shown.bytes().await.unwrap() == photograph, "another picture came back");
    let small = board.ask(Method::GET, &format!("{path}/{id}?thumbnail=true"), "", vec![]).await.bytes().await.unwrap();
    assert_eq!(image::load_from_memory(&small).unwrap().width(), 40, "a small picture is not made larger");
    let with_receipt = || installation.with_receipt(&case.receipt);
    assert_eq!(content(with_receipt().await, &case.case_id, &id).await.unwrap(), photograph);
    let elsewhere = intake.submit(submission(DISTRICT, "photo-3", "路灯不亮")).await.unwrap().into_inner();
    let not_shown = content(installation.channel(&bridge(BRIDGE)).await, &elsewhere.case_id, &id).await.unwrap_err();
    assert_eq!(not_shown.code(), Code::NotFound, "{not_shown}");
    for stranger in [
        bridge("jiangan-hotline"),
        acting("department", "jiangan-tax"),
        acting("street", "wuchang-liangdao-command-centre"),
    ] {
        let refused = content(installation.channel(&stranger).await, &case.case_id, &id).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound, "{}: {refused}", stranger.party);
        let request = ListEvidenceRequest { district: DISTRICT.to_owned(), case_id: case.case_id.clone() };
        let channel = installation.channel(&stranger).await;
        let refused = EvidenceServiceClient::new(channel).list_evidence(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound, "{}: {refused}", stranger.party);
    }
    let other = Machine::new(&installation, &bridge("jiangan-hotline"));
    assert_eq!(other.ask(Method::GET, &format!("{path}/{id}"), "", vec![]).await.status(), StatusCode::NOT_FOUND);
    // A receipt brings one in for its own case alone.
    let head =
        |case_id: &str| EvidenceHead { district: DISTRICT.into(), case_id: case_id.into(), ..Default::default() };
    let upload = async |case_id: &str| {
        let parts = [Part::Head(head(case_id)), Part::Content(self::photograph(3))];
        let sent = stream::iter(parts.map(|part| UploadEvidenceRequest { part: Some(part) }));
        EvidenceServiceClient::new(with_receipt().await).upload_evidence(sent).await.map(|_| ())
    };
    upload(&case.case_id).await.unwrap();
    assert_eq!(upload(&elsewhere.case_id).await.unwrap_err().code(), Code::NotFound);

    // As other cities' programs send it: with the report, whatever their field is called.
    let key = installation.token(&bridge(BRIDGE));
    let fields = [
        ("api_key", key.as_str()),
        ("service_code", "other"),
        ("description", "井盖松动"),
        ("address_string", "江岸路1号"),
    ];
    let (status, sent) = board.form("/open311/v2/requests.json", &fields, ("photo1", &photograph)).await;
    assert_eq!(status, StatusCode::OK, "{sent}");
    let number = sent[0]["service_request_id"].as_str().unwrap();
    let request = board.ask(Method::GET, &format!("/open311/v2/requests/{number}.json"), "", vec![]).await;
    let address = said(request).await.1[0]["media_url"].as_str().unwrap().to_owned();
    let address = address.strip_prefix(&installation.endpoints.door).unwrap_or_else(|| panic!("{address}"));
    assert!(board.ask(Method::GET, address, "", vec![]).await.bytes().await.unwrap() == photograph);

    // From a terminal.
    let folder = tempfile::tempdir().unwrap();
    let (file, back) = (folder.path().join("p.jpg"), folder.path().join("back.jpg"));
    std::fs::write(&file, &photograph).unwrap();
    let data = installation.data().path().to_str().unwrap().to_owned();
    let (file, back_file) = (file.to_str().unwrap().to_owned(), back.to_str().unwrap().to_owned());
    let by_command = tokio::task::spawn_blocking(move || {
        let at = ["--data", &data, "--district", DISTRICT];
        let case = huying_ok(&[&["submit", "--title", "路灯不亮", "--file", &file][..], &at].concat());
        let listed = huying_ok(&[&["evidence", "list", case.trim()][..], &at].concat());
        let id = huying_ok(&[&["evidence", "send", &file][..], &at].concat());
        huying_ok(&[&["evidence", "get", case.trim(), id.trim(), "--output", &back_file][..], &at].concat());
        assert!(listed.contains(id.trim()), "{listed}");
        id
    });
    assert_eq!(by_command.await.unwrap().trim(), id);
    assert!(std::fs::read(back).unwrap() == photograph);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_photograph_is_refused_by_the_same_rule_at_every_door() {
    let installation = shared();
    let board = Machine::new(&installation, &bridge(BRIDGE));
    let large = [photograph(4), vec![0; 10 * 1024 * 1024]].concat();
    let whole = photograph(5);
    let lies: [(&str, &[u8]); 4] = [
        ("media-type", b"<html><script>alert(1)</script>"),
        ("required", b""),
        ("media-content", &whole[..whole.len() / 2]),
        ("size", &large),
    ];
    let key = installation.token(&bridge(BRIDGE));
    let folder = tempfile::tempdir().unwrap();
    for (rule, content) in lies {
        let refused = send(installation.channel(&bridge(BRIDGE)).await, "", content).await.unwrap_err();
        let told = refusal_of(&refused);
        let named: Vec<(&str, &str)> = told.violations.iter().map(|it| (it.field.as_str(), it.rule.as_str())).collect();
        assert_eq!(named, [("file", rule)], "{refused}");
        let words = &told.violations[0].description;
        // How many bytes came before it was too much differs from door to door.
        let same =
            |said: &str| rule == "size" && said.contains("at most 10485760 fit") || said.contains(words.as_str());

        let plain = said(board.ask(Method::POST, "/v1/evidence", "image/jpeg", content.to_vec()).await).await.1;
        let form = board.form("/v1/evidence", &[], ("file", content)).await.1;
        for answer in [plain, form] {
            let found = (&answer["field"], &answer["rule"]);
            assert_eq!(found, (&json!("file"), &json!(rule)), "{answer}");
            assert!(same(answer["detail"].as_str().unwrap()), "{answer}");
        }
        let fields = [("api_key", key.as_str()), ("service_code", "other"), ("description", "路灯不亮")];
        let (status, answer) = board.form("/open311/v2/requests.json", &fields, ("media", content)).await;
        let text = answer[0]["description"].as_str().unwrap();
        assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
        assert!(text.starts_with("file: ") && text.ends_with(&format!("({rule})")) && same(text), "{answer}");

        let file = folder.path().join("p.jpg");
        std::fs::write(&file, content).unwrap();
        let (file, data) = (file.to_str().unwrap().to_owned(), installation.data().path().to_str().unwrap().to_owned());
        let typed = move || huying(&["evidence", "send", &file, "--district", DISTRICT, "--data", &data]);
        let output = tokio::task::spawn_blocking(typed).await.unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && text.contains(&format!("({rule})")) && same(&text), "{text}");
    }
}
