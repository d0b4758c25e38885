//! What a party may say and hear at the broker, described for programs: AsyncAPI 3, made of the subjects themselves, of what the
//! accounts grant, and of the contracts with what their comments say. So it cannot say anything else than what is read and answered.

use door::contracts::{Contracts, Needed, short};
use proto::streams::CALLS;
use proto::subjects::{AnswerSubject, BridgeVerb, ReadingSubject};
use record::calls::HUB_API;
use serde_json::{Map, Value, json};

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Party {
    Bridge,
    Department,
}

impl Party {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Bridge => "bridge",
            Self::Department => "department",
        }
    }

    const fn about(self) -> &'static str {
        match self {
            Self::Bridge => "Code of the bridge, by the district's charter, e.g. heping-board",
            Self::Department => "Code of the department, by the district's charter, e.g. wuchang-water",
        }
    }
}

/// What is said and answered in a form that is none of our contracts.
#[derive(Clone, Copy, Debug)]
enum Form {
    /// A message of the contracts, by its full name: as JSON, or as protobuf.
    Contract(&'static str),
    /// The same, as protobuf alone.
    Protobuf(&'static str),
    /// Of the broker, with what is in it.
    Broker(&'static str),
    /// Nothing.
    Empty,
}

/// One thing a party may ask.
struct Question {
    name: &'static str,
    party: Party,
    address: String,
    summary: &'static str,
    asks: Form,
    answers: Form,
}

/// The document.
#[must_use]
pub fn document() -> Value {
    let contracts = Contracts::read();
    let mut needed = Needed::default();
    let (mut channels, mut operations, mut messages) = (Map::new(), Map::new(), Map::new());
    for question in questions() {
        let Question { name, party, address, summary, asks, answers } = question;
        let answer = format!("{name}Answer");
        messages.insert(name.to_owned(), message(summary, asks, &mut needed));
        let answered = format!("Answer to {name}");
        messages.insert(answer.clone(), message(&answered, answers, &mut needed));
        let said = |name: &str| json!({ name: { "$ref": format!("#/components/messages/{name}") } });
        let parameters = json!({ party.as_str(): { "description": party.about() } });
        channels.insert(
            name.to_owned(),
            json!({ "address": address, "description": summary, "parameters": parameters, "messages": said(name) }),
        );
        channels.insert(
            answer.clone(),
            json!({
                "address": null,
                "description": format!("Below _INBOX_<{}>., where the question says", party.as_str()),
                "messages": said(&answer),
            }),
        );
        let of = |channel: &str| json!({ "$ref": format!("#/channels/{channel}") });
        let which = |channel: &str| json!([{ "$ref": format!("#/channels/{channel}/messages/{channel}") }]);
        let mut operation = json!({
            "action": "send",
            "summary": summary,
            "tags": [{ "name": party.as_str() }],
            "channel": of(name),
            "messages": which(name),
        });
        if !matches!(answers, Form::Empty) {
            operation["reply"] = json!({ "channel": of(&answer), "messages": which(&answer) });
        } else {
            channels.remove(&answer);
            messages.remove(&answer);
        }
        operations.insert(name.to_owned(), operation);
    }
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Huying 呼应: at the broker",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What bridges and departments may ask over NATS, each in an account of its own. A question is a request: what was \
                            answered with ok is on the record, and no answer at all says that the same has to be asked again. Questions \
                            are JSON or protobuf, and are answered in kind. Answers come below _INBOX_<code>. and nowhere else, so a \
                            client is told that prefix. docs/doors/nats.md begins with five minutes.",
            "license": { "name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0" },
        },
        "defaultContentType": "application/json",
        "servers": { "hub": {
            "host": "127.0.0.1:4222",
            "protocol": "nats",
            "description": "As huying up opens it; elsewhere the operator says where it is.",
            "security": [{ "$ref": "#/components/securitySchemes/nkey" }],
        } },
        "channels": channels,
        "operations": operations,
        "components": {
            "securitySchemes": { "nkey": {
                "type": "asymmetricEncryption",
                "description": "The nkey in keys/<code>.nk, which the operator hands over: it signs what the broker asks at the login.",
            } },
            "messages": messages,
            "schemas": contracts.schemas(needed),
        },
    })
}

fn message(about: &str, form: Form, needed: &mut Needed) -> Value {
    match form {
        Form::Contract(name) => json!({
            "name": short(name),
            "summary": about,
            "contentType": "application/json",
            "payload": needed.reference(name),
        }),
        Form::Protobuf(name) => json!({
            "name": short(name),
            "summary": about,
            "description": format!("Protobuf, {name}; the schema is its JSON form."),
            "contentType": "application/protobuf",
            "payload": needed.reference(name),
        }),
        Form::Broker(what) => json!({
            "name": "broker",
            "summary": about,
            "description": what,
            "contentType": "application/json",
            "payload": { "type": "object" },
        }),
        Form::Empty => json!({ "name": "empty", "summary": about, "payload": { "type": "string", "maxLength": 0 } }),
    }
}

/// A subject as a template: the codes of our own types stand where the party is.
fn of_all(subject: &str, party: Party) -> String {
    subject.replacen('*', &format!("{{{}}}", party.as_str()), 1)
}

fn questions() -> Vec<Question> {
    let bridges = BridgeVerb::ALL.into_iter().map(of_bridge);
    let department = Party::Department;
    let api = |call: &str| format!("{HUB_API}.{call}.{CALLS}.{{department}}");
    let departments = vec![
        Question {
            name: "fetchOrders",
            party: department,
            address: api("CONSUMER.MSG.NEXT"),
            summary: "Fetches orders from the department's own consumer: what every JetStream client does when it is given the \
                      prefix HUB.API, the stream CALLS and the consumer that is called like the department. An order that is not \
                      acknowledged for 10 s comes again.",
            asks: Form::Broker("A pull request of JetStream: batch, expires in ns, idle_heartbeat, no_wait."),
            answers: Form::Protobuf("huying.dispatch.v1.Order"),
        },
        Question {
            name: "lookAtConsumer",
            party: department,
            address: api("CONSUMER.INFO"),
            summary: "How many orders wait, and how many are fetched and not acknowledged.",
            asks: Form::Empty,
            answers: Form::Broker("A consumer's state, as JetStream describes it."),
        },
        Question {
            name: "acknowledge",
            party: department,
            address: format!("$JS.ACK.{CALLS}.{{department}}.>"),
            summary: "Settles an order, on the subject that came with it: +ACK, +WPI while at work, -NAK. Acknowledge what is kept, or \
                      done with, and nothing before.",
            asks: Form::Broker("+ACK, +WPI, -NAK or +TERM, as text."),
            answers: Form::Empty,
        },
        Question {
            name: "acknowledgeAcrossAccounts",
            party: department,
            address: format!("$JS.ACK.*.*.{CALLS}.{{department}}.>"),
            summary: "The same, where the broker writes domain and account into the subject.",
            asks: Form::Broker("+ACK, +WPI, -NAK or +TERM, as text."),
            answers: Form::Empty,
        },
        Question {
            name: "answer",
            party: department,
            address: of_all(AnswerSubject::ALL, department),
            summary: "Says something of a call: answered when it is on the record. The same command_id again is the same answer.",
            asks: Form::Contract("huying.dispatch.v1.Answer"),
            answers: Form::Contract("huying.dispatch.v1.AnswerReply"),
        },
        Question {
            name: "readOrder",
            party: department,
            address: of_all(ReadingSubject::ALL, department),
            summary: "Gives an order back as JSON: send its bytes as they came.",
            asks: Form::Protobuf("huying.dispatch.v1.Order"),
            answers: Form::Contract("huying.dispatch.v1.ReadOrderReply"),
        },
    ];
    bridges.chain(departments).collect()
}

fn of_bridge(verb: BridgeVerb) -> Question {
    let (name, summary, asks, answers) = match verb {
        BridgeVerb::Submit => (
            "submit",
            "Brings a matter in as one case. The same again, under the same external_ref, is the same case again; another matter under \
             it is refused with ALREADY_EXISTS.",
            "huying.intake.v1.SubmitRequest",
            "huying.intake.v1.SubmitReply",
        ),
        BridgeVerb::Find => (
            "find",
            "Which case the bridge's own reference names.",
            "huying.intake.v1.FindRequest",
            "huying.intake.v1.FindReply",
        ),
        BridgeVerb::Supplement => (
            "supplement",
            "Adds what the caller of one of its cases has to say besides. district may be left out.",
            "huying.intake.v1.SupplementRequest",
            "huying.intake.v1.SupplementReply",
        ),
        BridgeVerb::Withdraw => (
            "withdraw",
            "Takes one of its cases back, for its caller. district may be left out.",
            "huying.intake.v1.WithdrawRequest",
            "huying.intake.v1.WithdrawReply",
        ),
        BridgeVerb::Rate => (
            "rate",
            "Says what the caller of one of its cases thinks of the outcome. district may be left out.",
            "huying.evaluation.v1.RateRequest",
            "huying.evaluation.v1.RateReply",
        ),
        BridgeVerb::Get => (
            "get",
            "One of the bridge's cases with everything that has happened.",
            "huying.casebook.v1.GetRequest",
            "huying.casebook.v1.GetReply",
        ),
        BridgeVerb::Changes => (
            "changes",
            "What became of the bridge's cases since a cursor, in the order in which they changed. Keep next_cursor; it stays good.",
            "huying.casebook.v1.ListChangesRequest",
            "huying.casebook.v1.ListChangesReply",
        ),
    };
    Question {
        name,
        party: Party::Bridge,
        address: of_all(verb.of_all(), Party::Bridge),
        summary,
        asks: Form::Contract(asks),
        answers: Form::Contract(answers),
    }
}

/// As it is kept in docs/doors.
///
/// # Errors
/// It cannot be written as YAML.
pub fn yaml() -> anyhow::Result<String> {
    Ok(format!(
        "# Made by `huying asyncapi`; what is changed here is overwritten.\n{}",
        serde_saphyr::to_string(&document())?
    ))
}

#[cfg(test)]
mod tests {
    use ids::Code;

    use super::*;
    use crate::accounts::granted;

    /// A party's own words, with its code where the template has its kind.
    fn addresses(party: Party) -> Vec<String> {
        questions().into_iter().filter(|it| it.party == party).map(|it| it.address).collect()
    }

    #[test]
    fn what_the_accounts_grant_is_described_and_nothing_else() {
        let code: Code = "d1-x".parse().unwrap();
        let (bridge, department) = granted(&code);
        let fill = |template: &String, party: Party| template.replace(&format!("{{{}}}", party.as_str()), "d1-x");
        let is_below =
            |subject: &str, grant: &str| grant.strip_suffix('>').is_some_and(|above| subject.starts_with(above));
        for (party, grants) in [(Party::Bridge, bridge), (Party::Department, department)] {
            let described: Vec<String> = addresses(party).iter().map(|template| fill(template, party)).collect();
            for subject in &described {
                let granted = grants.iter().any(|grant| grant == subject || is_below(subject, grant));
                assert!(granted, "{subject} is described, and no {party:?} may use it: {grants:?}");
            }
            for grant in grants {
                let told = described.iter().any(|subject| *subject == grant || is_below(subject, &grant));
                assert!(told, "a {party:?} may use {grant}, and nothing says what for");
            }
        }
    }

    #[test]
    fn the_page_is_as_the_code_has_it() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/doors/asyncapi.yaml");
        let now = yaml().unwrap();
        if std::env::var_os("HUYING_BLESS").is_some() {
            std::fs::write(file, &now).unwrap();
        }
        let there = std::fs::read_to_string(file).unwrap_or_default();
        assert!(there == now, "docs/doors/asyncapi.yaml is not what the code says: HUYING_BLESS=1 writes it");
        let (document, contracts) = (document(), Contracts::read());
        for question in questions() {
            for form in [question.asks, question.answers] {
                if let Form::Contract(name) | Form::Protobuf(name) = form {
                    assert!(contracts.knows(name), "{name} is no contract");
                }
            }
        }
        let written = document.to_string();
        let referred = written.split("\"$ref\":\"#/").skip(1).filter_map(|rest| rest.split('"').next());
        for path in referred {
            let found = path.split('/').try_fold(&document, |at, step| at.get(step));
            assert!(found.is_some(), "{path} is referred to and not there");
        }
    }
}
