//! What no service could handle, in the hands of an operator: looked at, handed back, dropped.

use ids::{HistoryKey, Kind, Owner};
use proto::streams::{TIMERS, timer_consumer};
use proto::subjects::AlarmSubject;
use record::Appender;
use serde_json::Value;

use crate::support::installation::Installation;
use crate::support::program::huying;
use crate::support::until;

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_handed_back_to_its_service_and_dropped_from_the_command_line() {
    let installation = Installation::start(&["heping"]);
    let data = installation.data();
    let dlq = |args: &[&str]| huying(&[&["dlq"], args, &["--data", data.path().to_str().unwrap()]].concat());
    let list = || {
        let listed = dlq(&["list", "--json"]);
        let letters: Vec<Value> = serde_json::from_slice(&listed.stdout).unwrap_or_default();
        let text = |letter: &Value, field: &str| letter[field].as_str().unwrap().to_owned();
        letters.iter().map(|letter| (text(letter, "consumer"), text(letter, "position"))).collect::<Vec<_>>()
    };
    let one = async |what: &str, fits: &dyn Fn(&str) -> bool| {
        until(what, async || match &list()[..] {
            [(consumer, position)] if fits(position) => Some((consumer.clone(), position.clone())),
            _ => None,
        })
        .await
    };

    // An alarm that says no time can never be right.
    let key = HistoryKey { kind: Kind::Case, district: "heping".parse().unwrap(), id: "261121-7k3q9x7".to_owned() };
    let alarm = AlarmSubject { owner: Owner::Dispatch, key };
    let timers = Appender::start(&installation.broker("provision").await, TIMERS).await.unwrap();
    timers.append(alarm.timer(), &b"at no time"[..]).await.unwrap();
    let (consumer, position) = one("it is a dead letter", &|position| !position.contains('-')).await;
    assert_eq!(consumer, timer_consumer(Owner::Dispatch));

    assert_eq!(dlq(&["retry"]).status.code(), Some(64), "everything is handed back only when it is said");
    assert!(!dlq(&["retry", "--district", "wuchang"]).status.success(), "there is none of that district");
    assert!(dlq(&["retry", &consumer, &position, "--by", "wang", "--reason", "the rollout is over"]).status.success());
    // The service that gave it up has looked at it again, with its own key.
    let (_, again) = one("it failed once more", &|position| position.contains('-')).await;
    assert_eq!(again, format!("{position}-2"));

    assert!(!dlq(&["drop", "--district", "heping", "--error", "no-charter"]).status.success(), "none has that error");
    let drop = ["drop", "--district", "heping", "--by", "li"];
    assert_eq!(dlq(&drop).status.code(), Some(64), "without a reason nothing is dropped");
    assert!(dlq(&[&drop[..], &["--reason", "no such alarm was ever set", "--json"]].concat()).status.success());
    assert!(list().is_empty());

    // Who decided what stays.
    let all: Vec<Value> = serde_json::from_slice(&dlq(&["list", "--all", "--json"]).stdout).unwrap();
    let decided = |field: &str| all.iter().map(|letter| letter["end"][field].as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(decided("fate"), ["handed back", "dropped"]);
    assert_eq!(decided("by"), ["wang", "li"]);
    assert_eq!(decided("reason"), ["the rollout is over", "no such alarm was ever set"]);
    let shown = dlq(&["show", &consumer, &again]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("by li") && shown.contains("no such alarm"), "{shown}");
}
