//! A mail server of others and a gateway on real ports.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use serde_json::Value;
use webhook::Guard;

use super::*;
use crate::courier::tests::message;

/// `tests/clients/mailbox.py`, ended by its process id.
struct Mailbox {
    process: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
    port: u16,
}

impl Mailbox {
    fn start() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
        let python = root.join(".tools/venv/bin/python");
        assert!(python.exists(), "{} is not there: run `make clients` first", python.display());
        let mut command = Command::new(python);
        command.arg(root.join("tests/clients/mailbox.py")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines.next().unwrap().unwrap().parse().unwrap();
        Self { process, lines, port }
    }

    fn next(&mut self) -> Value {
        serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap()
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        let _gone_already = self.process.kill();
        let _gone_already = self.process.wait();
    }
}

fn poster() -> Poster {
    Poster::open(Guard::with(&["127.0.0.1/32".parse().unwrap()])).unwrap()
}

fn to(recipient: &str, way: Way, rendered: &str) -> Message {
    Message { way, rendered: rendered.to_owned(), ..message(recipient) }
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_arrives_as_it_was_written() {
    let mut mailbox = Mailbox::start();
    let file = format!(
        "email: {{ host: 127.0.0.1, port: {}, security: none, from: '武昌区呼应 <huying@example.org>' }}\n\
         recipients: {{ wuchang-water: [email: duty@example.org] }}",
        mailbox.port
    );
    let ways = Ways::parse(&file).unwrap();
    assert_eq!(ways.of("wuchang-water"), [Way::Email("duty@example.org".to_owned())]);
    assert_eq!(ways.of("wuchang-parks"), [Way::Otherwise]);
    let send = async |address: &str, rendered: &str| {
        let message = to("wuchang-water", Way::Email(address.to_owned()), rendered);
        ways.attempt(&message, &poster(), Timestamp::UNIX_EPOCH).await.unwrap()
    };
    let text = "积玉桥街道呼叫 水务局：“水管爆裂”，请在 2026-11-21 14:30 前响应并明确人员。编号 261121-7k3q9xf，另见 https://huying.example.org/r/x";
    assert_eq!(send("duty@example.org", text).await, Attempt::Taken);
    let mail = tokio::task::block_in_place(|| mailbox.next());
    assert_eq!((mail["text"].as_str().unwrap().trim_end(), &mail["ascii"]), (text, &Value::Bool(true)));
    let subject = mail["subject"].as_str().unwrap();
    assert!(
        subject.starts_with("积玉桥街道呼叫") && subject.ends_with('…') && subject.chars().count() == 61,
        "{subject}"
    );
    assert_eq!(mail["from"], "武昌区呼应 <huying@example.org>");
    assert_eq!(mail["id"], format!("<{}@example.org>", message("wuchang-water").delivery_id));

    assert!(
        matches!(send("nobody@example.org", text).await, Attempt::Refused(why) if why.contains("nobody of that name"))
    );
    assert!(matches!(send("later@example.org", text).await, Attempt::Failed(why, None) if why.contains("come again")));
    assert_eq!(send("later@example.org", "短").await, Attempt::Taken);
    let outside = Poster::open(Guard::default()).unwrap();
    let message = to("wuchang-water", Way::Email("duty@example.org".to_owned()), text);
    let refused = ways.attempt(&message, &outside, Timestamp::UNIX_EPOCH).await.unwrap();
    assert!(refused.error().unwrap().contains("without https"), "{refused:?}");
}

type Heard = Arc<Mutex<Vec<(HeaderMap, String)>>>;

#[tokio::test]
async fn a_gateway_gets_its_providers_form_and_is_read_in_its_words() {
    let heard = Heard::default();
    let take = |State(heard): State<Heard>, headers: HeaderMap, body: String| async move {
        let said = if body.contains("13900000000") { "isv.LIMIT" } else { "OK" };
        heard.lock().unwrap().push((headers, body));
        format!(r#"{{"Code":"{said}"}}"#)
    };
    let router = Router::new().route("/", post(take)).with_state(Arc::clone(&heard));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    #[allow(clippy::disallowed_methods, reason = "it ends with the test's runtime")]
    tokio::spawn(async move { axum::serve(listener, router).await });
    let file = format!(
        "sms:\n  url: {url}\n  headers: {{ authorization: Bearer k }}\n  form: urlencoded\n  fields:\n    PhoneNumbers: '{{{{ to }}}}'\n    \
         TemplateCode: '{{{{ template }}}}'\n    TemplateParam: '{{\"text\":{{{{ text_json }}}}}}'\n  \
         templates: {{ called: SMS_1, other: SMS_0 }}\n  taken: {{ field: /Code, equals: OK, later: [isv.LIMIT] }}\n\
         recipients: {{ wuchang-centre/district-leader: [sms: '13800000000'] }}"
    );
    let ways = Ways::parse(&file).unwrap();
    let send = async |number: &str| {
        let message = to("wuchang-centre/district-leader", Way::Sms(number.to_owned()), "他说“好”：\"行\"");
        ways.attempt(&message, &poster(), Timestamp::UNIX_EPOCH).await.unwrap()
    };
    assert_eq!(send("13800000000").await, Attempt::Taken);
    assert!(matches!(send("13900000000").await, Attempt::Failed(why, None) if why.contains("isv.LIMIT")));
    let (headers, body) = heard.lock().unwrap()[0].clone();
    assert_eq!(headers["authorization"], "Bearer k");
    let fields: BTreeMap<String, String> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    assert_eq!((fields["PhoneNumbers"].as_str(), fields["TemplateCode"].as_str()), ("13800000000", "SMS_1"));
    let param: Value = serde_json::from_str(&fields["TemplateParam"]).unwrap();
    assert_eq!(param["text"], "他说“好”：\"行\"");
}

#[test]
fn what_does_not_fit_in_the_file_is_named() {
    for (text, said) in [
        ("recipients: { a-b: [email: x@example.org] }", "recipients.a-b: email: there is no server"),
        ("recipients: { a-b: [sms: '1'] }", "recipients.a-b: sms: there is no gateway"),
        ("recipients: { a-b: [{ sms: '1', wecom: 'https://x.example' }] }", "recipients.a-b: a way is one of"),
        ("recipients: { a-b: [] }", "recipients.a-b: 0 ways"),
        ("recipients: { a-b: [wecom: 'ftp://x'] }", "recipients.a-b: wecom: only https"),
        ("quiet: { from: '21', to: '08:00' }\nrecipients: {}", "quiet: from: \"21\" is no time"),
        ("email: { host: h, from: nobody }\nrecipients: {}", "email: from: \"nobody\" is no address"),
        ("sms: { url: 'https://s.example', fields: { a: '{{ nothing }}' } }\nrecipients: {}", "sms: fields.a"),
        ("recipient: {}", "not of the form"),
    ] {
        let error = format!("{:#}", Ways::parse(text).err().unwrap());
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn quiet_hours_end_in_the_morning_of_the_district() {
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    let quiet = QuietSettings { from: "21:30".to_owned(), to: "08:00".to_owned() }.read().unwrap();
    let until = |at: &str| quiet.until(at.parse().unwrap(), &zone).map(|until| until.to_string());
    assert_eq!(until("2026-11-21T13:29:59Z"), None);
    assert_eq!(until("2026-11-21T13:30:00Z").as_deref(), Some("2026-11-22T00:00:00Z"));
    assert_eq!(until("2026-11-21T23:59:59Z").as_deref(), Some("2026-11-22T00:00:00Z"));
    assert_eq!(until("2026-11-22T00:00:00Z"), None);
    let noon = QuietSettings { from: "12:00".to_owned(), to: "14:00".to_owned() }.read().unwrap();
    assert_eq!(noon.until("2026-11-21T05:00:00Z".parse().unwrap(), &zone).unwrap().to_string(), "2026-11-21T06:00:00Z");
}
