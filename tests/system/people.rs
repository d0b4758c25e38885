//! People can be reached by whoever works for them, and forgotten (D8, I13): contacts are given at every door, read for a reason that
//! stays written down, and erased; and then every byte of the installation is looked through for them.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use aho_corasick::{AhoCorasick, PatternID};
use chassis::Identity;
use futures::StreamExt;
use prost::Message;
use proto::common::v1::Place;
use proto::dispatch::v1::{CallRequest, CalledParty};
use proto::intake::v1::people_service_client::PeopleServiceClient;
use proto::intake::v1::{
    AskContactRequest, Contact, ErasePersonRequest, ShowPersonRequest, SubmitReply, SubmitRequest, submit_reply,
};
use proto::subjects::BridgeSubject;
use serde_json::{Value, json};
use tonic::Code;

use crate::support::installation::{Installation, acting, bridge};
use crate::support::{program, python, submission, until};

const DISTRICT: &str = "jiangan";
const BRIDGE: &str = "jiangan-hotline";
const GRID: &str = "jiangan-yiyuan-tongxing-grid-1";
const STREET: &str = "jiangan-yiyuan-command-centre";
const CALLED: &str = "jiangan-parks";
/// People who are planted; each leaves five texts that nobody else has.
const PLANTED: usize = 60;
/// Of a case, which stays: whoever does not find this does not look.
const TITLE: &str = "一棵歪脖子老槐树压着电线";

type People = PeopleServiceClient<huying::client::Authorised>;

/// Somebody, in texts that occur nowhere else.
fn somebody(number: usize) -> Contact {
    Contact {
        name: format!("欧阳植入者{number:04}"),
        telephone: format!("+86 139-7151-{number:04}"),
        mail: format!("planted{number:04}@caller.example"),
        address: format!("惜字巷{number:04}号后院三楼"),
        other: format!("晚上六点后打隔壁店里的电话 0278288{number:04}"),
    }
}

/// What is looked for: the texts as they were given, and the number as it is dialled.
fn marks(number: usize) -> Vec<String> {
    let Contact { name, telephone, mail, address, other } = somebody(number);
    vec![name, telephone, mail, address, other, format!("1397151{number:04}"), format!("0278288{number:04}")]
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_works_for_people_reaches_them_for_a_reason_and_who_is_erased_is_nowhere_left() {
    let installation = Installation::start(&[DISTRICT]);
    let cases = planted(&installation).await;

    // The same telephone is the same person, however it is written.
    let again = Contact { telephone: "139 7151 0000".to_owned(), ..somebody(0) };
    let second = submit(&installation, "again", again).await;
    call(&installation, &cases[0], CALLED).await;

    let mut parks = people(&installation, &acting("department", CALLED)).await;
    let ask = |case: &str, reason: &str| AskContactRequest {
        district: DISTRICT.to_owned(),
        case_id: case.to_owned(),
        command_id: format!("ask-{case}"),
        reason: reason.to_owned(),
    };
    let refused = parks.ask_contact(ask(&cases[0], "")).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "without a reason nobody is reached: {refused}");
    let told = parks.ask_contact(ask(&cases[0], "约定上门修剪的时间")).await.unwrap().into_inner().contacts;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].contact.as_ref().unwrap().name, somebody(0).name);
    assert!(told[0].contact.as_ref().unwrap().telephone.contains("7151"), "the newest there is");
    let who = told[0].caller_ref.clone();
    let mut street = people(&installation, &acting("street", STREET)).await;
    let of_second = street.ask_contact(ask(&second, "核实")).await.unwrap().into_inner().contacts;
    assert_eq!(of_second[0].caller_ref, who);

    // Nobody whom the case does not concern, and no caller about somebody else.
    let mut tax = people(&installation, &acting("department", "jiangan-tax")).await;
    assert_eq!(tax.ask_contact(ask(&cases[0], "好奇")).await.unwrap_err().code(), Code::PermissionDenied);
    let show = |caller_ref: &str| ShowPersonRequest {
        district: DISTRICT.to_owned(),
        caller_ref: caller_ref.to_owned(),
        command_id: String::new(),
        reason: "本人来电询问".to_owned(),
    };
    let other = Identity { district: DISTRICT.into(), staff_ref: "person-other".into(), ..acting("caller", "") };
    let mut other = people(&installation, &other).await;
    assert_eq!(other.show_person(show(&who)).await.unwrap_err().code(), Code::PermissionDenied);
    assert_eq!(parks.show_person(show(&who)).await.unwrap_err().code(), Code::PermissionDenied);

    // Who has read it is written down, this reading too; whoever reads of themselves is not.
    let themselves = Identity { district: DISTRICT.into(), staff_ref: who.clone(), ..acting("caller", "") };
    let mut themselves = people(&installation, &themselves).await;
    let mut district = people(&installation, &acting("district", "jiangan-centre")).await;
    district.show_person(show(&who)).await.unwrap();
    let shown = themselves.show_person(show(&who)).await.unwrap().into_inner();
    let readings: Vec<_> =
        shown.readings.iter().map(|it| (it.party.as_str(), it.case_id.as_str(), it.reason.as_str())).collect();
    assert_eq!(
        readings,
        [
            (CALLED, cases[0].as_str(), "约定上门修剪的时间"),
            (STREET, second.as_str(), "核实"),
            ("jiangan-centre", "", "本人来电询问"),
        ]
    );

    // Sealed as it is, none of it lies anywhere; and whoever looks so finds what is there.
    let everybody: Vec<String> = (0..PLANTED).flat_map(marks).collect();
    let folder = installation.data().path().to_owned();
    assert!(!found(&folder, &[TITLE.as_bytes().to_vec()]).is_empty(), "who looks finds what is there");
    let as_bytes = |texts: &[String]| texts.iter().map(|text| text.as_bytes().to_vec()).collect::<Vec<_>>();
    assert_eq!(found(&folder, &as_bytes(&everybody)), Vec::<String>::new());
    let keys = stored(&installation, "KEYS").await;
    let sealed = stored(&installation, "VAULT").await;
    // Everybody has a key, and all but those who came with a reference something they are recognised by.
    assert_eq!((keys.len(), sealed.len()), (PLANTED + PLANTED / 2, PLANTED));
    assert_eq!(found(&folder, &keys).len(), keys.len(), "keys are where they are kept");

    // An auditor has the same from the record itself.
    let audit = program::huying_ok(&["audit", "export", "--data", folder.to_str().unwrap()]);
    let entries: Vec<Value> = audit.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let done = |what: &str| entries.iter().filter(|entry| entry["what"] == what).count();
    assert_eq!((done("contact-kept"), done("contact-disclosed")), (PLANTED, 3), "{audit}");
    assert!(entries.iter().any(|entry| entry["party"] == CALLED && entry["case"] == cases[0].as_str()));

    // From a terminal, with everything that is theirs.
    let data = folder.to_str().unwrap();
    let person = |args: &[&str]| {
        let common = ["--data", data, "--district", DISTRICT, "--reason", "test"];
        program::huying_ok(&[&["person"], args, &common[..]].concat())
    };
    let exported: Value = serde_json::from_str(&person(&["export", &who])).unwrap();
    assert_eq!(exported["contact"]["name"], json!(somebody(0).name));
    assert_eq!(exported["cases"].as_array().unwrap().len(), 2, "{exported:#}");
    assert!(person(&["show", &who]).contains(&somebody(0).name));
    assert!(person(&["erase", &who, "--yes"]).contains("erased"));
    let gone = parks.ask_contact(ask(&cases[0], "约定上门修剪的时间")).await;
    assert!(gone.is_err() || gone.unwrap().into_inner().contacts.is_empty(), "what is erased is read by nobody");
    let shown = themselves.show_person(show(&who)).await.unwrap().into_inner();
    assert!(shown.contact.is_none() && shown.erased_at.is_some());

    erase_all(&installation, &cases[1..]).await;
    assert_eq!(stored(&installation, "KEYS").await, Vec::<Vec<u8>>::new());
    assert_eq!(stored(&installation, "VAULT").await, Vec::<Vec<u8>>::new());
    // What somebody was recognised by is the reference that stays on their cases, and says nothing.
    let secret: Vec<Vec<u8>> = keys.iter().filter(|key| !key.starts_with(b"person-")).cloned().collect();
    assert_eq!(secret.len(), PLANTED);
    assert_eq!(found(&folder, &secret), Vec::<String>::new(), "erased keys are overwritten on disk");
    assert_eq!(found(&folder, &sealed), Vec::<String>::new(), "and so is what they opened");
    assert_eq!(found(&folder, &as_bytes(&everybody)), Vec::<String>::new());

    // Whoever calls again is somebody new.
    let new = submit(&installation, "new", somebody(0)).await;
    let told = street.ask_contact(ask(&new, "核实")).await.unwrap().into_inner().contacts;
    assert_ne!(told[0].caller_ref, who);
}

/// Everybody raises a matter, half of them by the broker and half over gRPC; half of them have a reference. Some say in words who they
/// are, too.
async fn planted(installation: &Installation) -> Vec<String> {
    let broker = installation.broker(BRIDGE).await;
    let door = installation.intake(&bridge(BRIDGE)).await;
    let submissions = (0..PLANTED).map(|number| {
        let (broker, mut door) = (broker.clone(), door.clone());
        async move {
            let Contact { telephone, mail, .. } = somebody(number);
            let request = SubmitRequest {
                text: format!("请打 {telephone} 或写信到 {mail}，白天在家。"),
                caller_ref: if number % 2 == 1 { format!("planted-{number}") } else { String::new() },
                ..about(&format!("planted-{number}"), somebody(number))
            };
            if number % 4 < 2 {
                return door.submit(request).await.unwrap().into_inner().case_id;
            }
            let subject = BridgeSubject::submit(&BRIDGE.parse().unwrap());
            let wait = Duration::from_secs(30);
            let reply = broker.requester().request(subject, request.encode_to_vec(), wait).await.unwrap();
            match SubmitReply::decode(reply).unwrap().result.unwrap() {
                submit_reply::Result::Ok(response) => response.case_id,
                submit_reply::Result::Refusal(refusal) => panic!("{refusal:?}"),
            }
        }
    });
    futures::stream::iter(submissions).buffered(16).collect().await
}

fn about(reference: &str, contact: Contact) -> SubmitRequest {
    SubmitRequest {
        category: "dangerous-tree".to_owned(),
        place: Some(Place { party: GRID.to_owned(), ..Place::default() }),
        contact: Some(contact),
        ..submission(DISTRICT, &format!("people-{reference}"), TITLE)
    }
}

async fn submit(installation: &Installation, reference: &str, contact: Contact) -> String {
    let mut door = installation.intake(&bridge(BRIDGE)).await;
    let first = door.submit(about(reference, contact.clone())).await.unwrap().into_inner();
    let again = door.submit(about(reference, contact)).await.unwrap().into_inner();
    assert!(again.repeated && again.case_id == first.case_id, "a contact makes no other matter of it");
    first.case_id
}

async fn call(installation: &Installation, case: &str, department: &str) {
    until("the street has it", async || {
        let shown = installation.case(DISTRICT, case).await;
        (shown.summary.unwrap_or_default().owner == STREET).then_some(())
    })
    .await;
    let request = CallRequest {
        district: DISTRICT.to_owned(),
        case_id: case.to_owned(),
        command_id: "call".to_owned(),
        situation: "dangerous-tree".to_owned(),
        parties: vec![CalledParty { party: department.to_owned(), duty: 1 }],
        ..CallRequest::default()
    };
    installation.dispatch(&acting("street", STREET)).await.call(request).await.unwrap();
}

async fn people(installation: &Installation, who: &Identity) -> People {
    PeopleServiceClient::new(installation.channel(who).await)
}

/// Each by the reference that their case has.
async fn erase_all(installation: &Installation, cases: &[String]) {
    let mut street = people(installation, &acting("street", STREET)).await;
    let mut district = people(installation, &acting("district", "jiangan-centre")).await;
    for case in cases {
        let ask = AskContactRequest {
            district: DISTRICT.to_owned(),
            case_id: case.clone(),
            command_id: String::new(),
            reason: "核对后删除".to_owned(),
        };
        for known in street.ask_contact(ask).await.unwrap().into_inner().contacts {
            let erase = ErasePersonRequest {
                district: DISTRICT.to_owned(),
                caller_ref: known.caller_ref,
                command_id: String::new(),
                reason: "本人要求".to_owned(),
            };
            assert!(district.erase_person(erase.clone()).await.unwrap().into_inner().was_kept);
            assert!(!district.erase_person(erase).await.unwrap().into_inner().was_kept, "twice is once");
        }
    }
}

/// What a stream has, as an independent client sees it.
async fn stored(installation: &Installation, stream: &str) -> Vec<Vec<u8>> {
    let key = installation.data().key_file("intake");
    let args = [&installation.endpoints.nats, key.to_str().unwrap(), "intake"];
    let payloads: Vec<String> = serde_json::from_value(python::run("dump.py", &args, &json!(stream)).await).unwrap();
    let byte = |text: &str, at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    payloads.iter().map(|text| (0..text.len()).step_by(2).map(|at| byte(text, at)).collect()).collect()
}

/// Which of these are in any file below a folder, each with the first file that has it.
fn found(folder: &Path, wanted: &[Vec<u8>]) -> Vec<String> {
    let mut files = vec![];
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    // A file may go while it is looked for, as the broker's own do.
    let contents: Vec<_> = files.iter().filter_map(|file| Some((file, std::fs::read(file).ok()?))).collect();
    let seeker = AhoCorasick::new(wanted).unwrap();
    let mut found = BTreeMap::new();
    for (file, content) in &contents {
        for hit in seeker.find_overlapping_iter(content) {
            found.entry(hit.pattern()).or_insert_with(|| file.display().to_string());
        }
    }
    let said = |(which, file): (PatternID, String)| {
        format!("{} in {file}", String::from_utf8_lossy(&wanted[which.as_usize()]))
    };
    found.into_iter().map(said).collect()
}
