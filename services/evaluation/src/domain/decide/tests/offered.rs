//! What a page may offer of a case.

use super::*;
use crate::domain::allowed::{Asker, allowed_actions};

#[test]
fn what_is_offered_is_what_can_be_said() {
    let offered = |commands: &[Command], party: Option<&str>, now: Timestamp| -> Vec<String> {
        let asker =
            Asker { party: party.map(code), rating: Some(code("satisfied")), most: CALLBACKS, formula: wuchang(), now };
        let (state, _) = play(commands);
        allowed_actions(&state, &asker).iter().map(|act| format!("{act:?}")).collect()
    };
    let street = Some("street-command-centre");
    assert!(offered(&[], street, RESOLVED).is_empty(), "nothing is resolved");
    let (jsj, traffic) = ("RateParty(\"jsj\")", "RateParty(\"traffic\")");
    let call_back = "LogCallback";
    assert_eq!(offered(&[ask(1)], street, RESOLVED), ["Rate", jsj, traffic, call_back]);
    assert_eq!(offered(&[ask(1)], Some("hotline"), RESOLVED), ["Rate", call_back], "who did not call rates nobody");
    assert_eq!(offered(&[ask(1)], Some("jsj"), RESOLVED), ["Rate"], "whoever was called does not call back");
    let rated = [ask(1), rate("1", wuchang()), rate_party("jsj", "0.8", wuchang())];
    assert_eq!(offered(&rated, street, RESOLVED), [traffic, call_back], "each once");
    assert_eq!(offered(&[ask(1)], street, over()), [call_back], "the time to rate is over");
}
