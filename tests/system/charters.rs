//! A district's rules change while it works: a broken charter changes nothing, and says all that is wrong with it.

use std::path::Path;
use std::process::Output;

use prost::Message;
use proto::charter::v1::{CharterBundle, CharterFile};
use proto::intake::v1::{SubmitReply, SubmitRequest, SubmitStreamRequest, submit_reply};
use proto::subjects::{BridgeSubject, CharterSubject};
use serde_json::{Value, json};

use crate::http::Machine;
use crate::support::installation::{Installation, bridge};
use crate::support::program::huying;
use crate::support::{WAIT, root, submission, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_charter_is_refused_as_a_whole_and_the_running_one_stays() {
    let installation = Installation::start(&["heping"]);
    let folder = tempfile::tempdir().unwrap();
    let apply = |folder: &Path| {
        let data = installation.data();
        huying(&["charter", "apply", folder.to_str().unwrap(), "--data", data.path().to_str().unwrap()])
    };

    // A district that nobody has heard of joins a running installation; its bridge can log in at once.
    let town = folder.path().join("hexi");
    copy(&root().join("deploy/charters/heping"), &town, |text| {
        text.replace("heping", "hexi").replace(LIGHTS, &format!("{LIGHTS}{ASKED}"))
    });
    let applied = apply(&town);
    assert!(applied.status.success(), "{}", said(&applied));
    submit_over_nats(&installation, "hexi-1").await;
    assert_eq!(versions(&installation, "hexi").await, ["2023-3"]);
    let accounts = || std::fs::read_to_string(installation.data().path().join("accounts.conf")).unwrap();
    let before = accounts();

    // Three mistakes in three files, and a new party that must not come into being.
    let broken = folder.path().join("broken");
    copy(&town, &broken, |text| {
        text.replace("version: 2023-3", "version: 2023-4")
            .replace("confidence-min: 0.42", "confidence-min: 42")
            .replacen("colour: yellow", "colour: orange", 1)
            .replacen("lead: [hexi-parking]", "lead: [hexi-nobody]", 1)
            .replace("code: hexi-police", "code: hexi-new-police")
    });
    let refused = apply(&broken);
    assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
    let problems = String::from_utf8_lossy(&refused.stdout);
    for (file, rule) in
        [("charter.yaml", "confidence-range"), ("situations.yaml", "colour"), ("situations.yaml", "unknown-reference")]
    {
        let place = format!("{}:", broken.join(file).display());
        let named = |line: &str| line.starts_with(&place) && line.contains(&format!(": {rule}: "));
        assert!(problems.lines().any(named), "{file}: {rule} is not named in:\n{problems}");
    }

    // A version that is on the record stays what it is.
    let other = folder.path().join("other");
    copy(&town, &other, |text| text.replace("confidence-min: 0.42", "confidence-min: 0.5"));
    let refused = apply(&other);
    assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
    assert!(said(&refused).contains("versions never change"), "{}", said(&refused));

    assert_eq!(accounts(), before, "nobody gained an account");
    assert_eq!(versions(&installation, "hexi").await, ["2023-3"]);
    submit_over_nats(&installation, "hexi-2").await;
    let mut grpc = installation.intake(&bridge("hexi-board")).await;
    let known = grpc.submit(submission("hexi", "hexi-1", "under the charter that runs")).await.unwrap().into_inner();
    assert!(known.repeated, "what came in before is still known");
    what_a_category_asks_is_asked_at_every_door(&installation).await;
}

/// A category of the charter, and what else it asks.
const LIGHTS: &str = "  - code: street-lights\n";
const ASKED: &str = "    attributes:
      - { code: pole, name: 灯杆编号, kind: text, required: true, hint: 灯杆上的号码 }
      - { code: side, name: 哪一侧, kind: choice, values: [{ code: east, name: 东侧 }, { code: west, name: 西侧 }] }
";

async fn what_a_category_asks_is_asked_at_every_door(installation: &Installation) {
    let board = Machine::new(installation, &bridge("hexi-board"));
    let key = board.token().to_owned();
    let services = board.get("/open311/v2/services.json").await.body;
    let metadata = |code: &str| {
        let service = services.as_array().unwrap().iter().find(|it| it["service_code"] == code);
        service.unwrap_or_else(|| panic!("{code}: {services:#}"))["metadata"].clone()
    };
    assert_eq!((metadata("street-lights"), metadata("other")), (json!(true), json!(false)));
    let definition = board.get("/open311/v2/services/street-lights.json").await.body;
    let [pole, side] = definition["attributes"].as_array().unwrap().as_slice() else { panic!("{definition:#}") };
    assert_eq!((&pole["code"], &pole["datatype"], &pole["required"]), (&json!("pole"), &json!("string"), &json!(true)));
    assert_eq!(
        (&side["datatype"], &side["values"][1]),
        (&json!("singlevaluelist"), &json!({ "key": "west", "name": "西侧" }))
    );

    // The same answers, right and wrong, by each door.
    let mut grpc = installation.intake(&bridge("hexi-board")).await;
    for (number, (answers, rule)) in [
        (vec![], "required"),
        (vec![("pole", "7"), ("side", "north")], "attribute-value"),
        (vec![("pole", "7"), ("colour", "red")], "known-attribute"),
    ]
    .into_iter()
    .enumerate()
    {
        let attributes: Vec<_> =
            answers.iter().map(|(code, value)| json!({ "code": code, "values": [value] })).collect();
        let said = json!({
            "external_ref": format!("asked-{number}"), "title": "路灯不亮", "category": "street-lights", "attributes": attributes,
        });
        let over_grpc = grpc.submit(serde_json::from_value::<SubmitRequest>(said.clone()).unwrap()).await.unwrap_err();
        let over_grpc = station::refusal_of(&over_grpc).violations;
        assert_eq!((over_grpc[0].field.as_str(), over_grpc[0].rule.as_str()), ("attributes", rule), "{over_grpc:?}");
        assert_eq!(board.post("/v1/cases", &said).await.body["violations"], json!(over_grpc));
        let form: String = answers.iter().map(|(code, value)| format!("&attribute[{code}]={value}")).collect();
        let form = format!("api_key={key}&service_code=street-lights&description=路灯不亮{form}");
        let text = format!("attributes: {} ({rule})", over_grpc[0].description);
        assert_eq!(board.form("/open311/v2/requests.json", &form).await.body[0]["description"], json!(text));
    }
    let form = format!(
        "api_key={key}&service_code=street-lights&description=路灯不亮&attribute[pole]=A-7&attribute[side]=西侧"
    );
    let taken = board.form("/open311/v2/requests.json", &form).await;
    let case = taken.body[0]["service_request_id"].as_str().unwrap_or_else(|| panic!("{taken:?}")).to_owned();
    let recorded = installation.case("hexi", &case).await;
    let answers: Vec<_> = recorded.attributes.iter().map(|it| (it.code.as_str(), it.values[0].as_str())).collect();
    assert_eq!((recorded.text.as_str(), answers), ("路灯不亮", vec![("pole", "A-7"), ("side", "west")]));
}

/// Nobody takes it for a final answer, nobody else is held up, and a version that can be read ends it.
#[tokio::test(flavor = "multi_thread")]
async fn a_district_whose_charter_cannot_be_read_is_to_come_again_and_one_that_nobody_knows_is_not() {
    let installation = Installation::start(&["heping"]);
    let folder = tempfile::tempdir().unwrap();
    let town = folder.path().join("hexi");
    copy(&root().join("deploy/charters/heping"), &town, |text| text.replace("heping", "hexi"));
    // Put there past every check, as no command of ours does.
    let files = std::fs::read_dir(&town)
        .unwrap()
        .map(|entry| CharterFile { path: entry.unwrap().file_name().into_string().unwrap(), text: "{".to_owned() });
    let bundle = CharterBundle {
        district: "hexi".to_owned(),
        version: "2022-9".to_owned(),
        effective: "2022-09-01".to_owned(),
        files: files.collect(),
    };
    let subject = CharterSubject { district: "hexi".parse().unwrap(), version: "2022-9".to_owned() };
    installation.broker("provision").await.publish_charter(&subject, &bundle).await.unwrap();

    let refusal = async |district: &str| {
        let broker = installation.broker("heping-board").await;
        let payload = submission(district, "letter-1", "under no charter").encode_to_vec();
        let subject = BridgeSubject::submit(&"heping-board".parse().unwrap());
        let reply = broker.requester().request(subject, payload, WAIT).await.unwrap();
        let Some(submit_reply::Result::Refusal(refusal)) = SubmitReply::decode(reply).unwrap().result else {
            panic!("a case of {district}")
        };
        refusal
    };
    let unreadable = until("intake knows that hexi has a charter", async || {
        Some(refusal("hexi").await).filter(|refusal| refusal.code != "INVALID_ARGUMENT")
    })
    .await;
    assert_eq!(unreadable.code, "UNAVAILABLE");
    assert!(unreadable.message.contains("(no-charter)"), "{}", unreadable.message);
    let unknown = refusal("atlantis").await;
    assert_eq!((unknown.code.as_str(), unknown.violations[0].field.as_str()), ("INVALID_ARGUMENT", "district"));
    let mut grpc = installation.intake(&bridge("heping-board")).await;
    let status = grpc.submit(submission("hexi", "letter-1", "under no charter")).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::Unavailable, "{status}");
    let taken = grpc.submit(submission("heping", "letter-1", "elsewhere")).await;
    assert!(taken.is_ok(), "another district works as ever: {taken:?}");

    let data = installation.data();
    let applied = huying(&["charter", "apply", town.to_str().unwrap(), "--data", data.path().to_str().unwrap()]);
    assert!(applied.status.success(), "{}", said(&applied));
    submit_over_nats(&installation, "hexi-1").await;
}

/// What was acknowledged stays so: whoever got no answer and sends it again gets that one, whatever is wrong with it by now.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_under_a_campaign_is_answered_the_same_after_its_end_at_every_door() {
    let installation = Installation::start(&["heping"]);
    let folder = tempfile::tempdir().unwrap();
    let data = installation.data();
    let apply = |town: &Path| {
        let applied = huying(&["charter", "apply", town.to_str().unwrap(), "--data", data.path().to_str().unwrap()]);
        assert!(applied.status.success(), "{}", said(&applied));
    };
    let today = chassis::Clock::real().real_now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let day = |days: i64| today.saturating_add(jiff::Span::new().days(days));
    let campaign = |town: &Path, until: i64| {
        let (from, to) = (day(-10), day(until));
        let row = format!(
            "{{ code: spring, name: 春季, from: {from}, to: {to}, limits: {{ completion: 3wd }}, provenance: ours }}"
        );
        std::fs::write(town.join("campaigns.yaml"), format!("campaigns:\n  - {row}\n")).unwrap();
    };
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    copy(&root().join("deploy/charters/heping"), &first, |text| text.replace("heping", "hexi"));
    campaign(&first, 10);
    apply(&first);
    submit_over_nats(&installation, "hexi-0").await;

    let of_campaign =
        |reference: &str| SubmitRequest { campaign: "spring".to_owned(), ..submission("hexi", reference, "dusty") };
    let file = folder.path().join("board.jsonl");
    let row = json!({ "external_ref": "by-file", "title": "dusty", "campaign": "spring", "district": "hexi" });
    std::fs::write(&file, row.to_string()).unwrap();
    let by_file = || {
        let told = ["bridge", "file", file.to_str().unwrap(), "--bridge", "hexi-board", "--json"];
        let sent = huying(&[&told[..], &["--data", data.path().to_str().unwrap()]].concat());
        let summary: Value = serde_json::from_slice(&sent.stdout).unwrap_or_else(|_| panic!("{}", said(&sent)));
        ["new", "known", "rejected"].map(|name| summary[name].as_u64().unwrap())
    };
    let as_bridge = bridge("hexi-board");
    let over_nats = async |reference: &str, json: bool| {
        let request = of_campaign(reference);
        let payload = if json { serde_json::to_vec(&request).unwrap() } else { request.encode_to_vec() };
        let subject = BridgeSubject::submit(&"hexi-board".parse().unwrap());
        let broker = installation.broker("hexi-board").await;
        let reply = broker.requester().request(subject, payload, WAIT).await.unwrap();
        let reply: SubmitReply =
            if json { serde_json::from_slice(&reply).unwrap() } else { SubmitReply::decode(reply).unwrap() };
        reply.result.unwrap()
    };
    let over_stream = async |reference: &str| {
        let asked = SubmitStreamRequest { submission: Some(of_campaign(reference)) };
        let mut grpc = installation.intake(&as_bridge).await;
        let mut answers = grpc.submit_stream(futures::stream::iter([asked])).await.unwrap().into_inner();
        answers.message().await.unwrap().unwrap().reply.unwrap().result.unwrap()
    };
    let taken = |result: submit_reply::Result| match result {
        submit_reply::Result::Ok(response) => (response.case_id, response.repeated),
        submit_reply::Result::Refusal(refusal) => panic!("{refusal:?}"),
    };
    let by_grpc = async |reference: &str| installation.intake(&as_bridge).await.submit(of_campaign(reference)).await;
    let answers = async || {
        let grpc = by_grpc("by-grpc").await.unwrap().into_inner();
        [
            (grpc.case_id, grpc.repeated),
            taken(over_stream("by-stream").await),
            taken(over_nats("by-nats", false).await),
            taken(over_nats("by-json", true).await),
        ]
    };
    let before = answers().await;
    assert!(before.iter().all(|(_, repeated)| !repeated));
    assert_eq!(by_file(), [1, 0, 0]);

    copy(&first, &second, |text| {
        text.replace("version: 2023-3", "version: 2023-4").replace("effective: 2023-01-01", "effective: 2023-02-01")
    });
    campaign(&second, -5);
    apply(&second);
    // What was still taken is answered again for ever, so each look is another matter.
    until("the campaign is over", async || by_grpc(&uuid::Uuid::new_v4().to_string()).await.err()).await;
    let after = answers().await;
    assert_eq!(after, before.map(|(case, _)| (case, true)), "the same answers again");
    assert_eq!(by_file(), [0, 1, 0]);
}

/// Through the bridge's own account, as soon as the broker has read its accounts again and intake knows the district.
async fn submit_over_nats(installation: &Installation, reference: &str) {
    let payload = submission("hexi", reference, "under the charter that runs").encode_to_vec();
    until("a submission is taken", async || {
        let broker = installation.broker("hexi-board").await;
        let subject = BridgeSubject::submit(&"hexi-board".parse().unwrap());
        let reply = broker.requester().request(subject, payload.clone(), WAIT).await.ok()?;
        matches!(SubmitReply::decode(reply).unwrap().result, Some(submit_reply::Result::Ok(_))).then_some(())
    })
    .await;
}

/// Versions of a district's charter on the record.
async fn versions(installation: &Installation, district: &str) -> Vec<String> {
    let (bundles, _) = installation.broker("provision").await.charters().await.unwrap();
    bundles.into_iter().filter(|bundle| bundle.district == district).map(|bundle| bundle.version).collect()
}

/// The files of a charter, each changed.
pub fn copy(from: &Path, to: &Path, change: impl Fn(&str) -> String) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let file = entry.unwrap().path();
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(to.join(file.file_name().unwrap()), change(&text)).unwrap();
    }
}

fn said(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
