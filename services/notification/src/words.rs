//! What a text says: the charter's template, filled with names and local times.

use std::collections::BTreeMap;

use charter::{Charter, Colour};
use ids::Code;
use vocabulary::Outcome;

use crate::cases::Case;
use crate::courier::Message;
use crate::domain::tellings::{Ending, Telling, Vote, Whom};

pub type Values = BTreeMap<String, String>;

/// Everything a text may name, as people call it.
///
/// `link`: where who is told follows the case without an account, if they can.
pub fn values(charter: &Charter, case_id: &str, case: &Case, telling: &Telling, link: Option<String>) -> Values {
    let says = &telling.says;
    let street = says.street.as_ref().map(|party| match charter.street_of(party) {
        Some(street) => street.name.zh.clone(),
        None => name(charter, party),
    });
    let due = says.due.map(|due| {
        let local = charter.time_zone.to_datetime(due).strftime("%Y-%m-%d %H:%M");
        if says.provisional { format!("{local}（暂定）") } else { local.to_string() }
    });
    let known = [
        ("case_id", Some(case_id.to_owned())),
        ("title", Some(case.title.clone())),
        ("street", street),
        ("party", says.party.as_ref().map(|party| name(charter, party))),
        ("due", due),
        ("outcome", says.ending.map(|ending| ending_name(ending).to_owned())),
        ("colour", says.colour.map(|colour| colour_name(colour).to_owned())),
        ("note", says.note.clone()),
        ("link", link),
        ("is_holder", (telling.whom == Whom::Holder).then(|| "true".to_owned())),
    ];
    known.into_iter().filter_map(|(variable, value)| value.map(|value| (variable.to_owned(), value))).collect()
}

/// What the district's command centre is told of a red message that reached nobody. A post is named as `unit/role`.
pub fn unreached(charter: &Charter, message: &Message) -> String {
    let Message { recipient, rendered, .. } = message;
    let unit = recipient.split('/').next().and_then(|unit| unit.parse().ok());
    let whom = unit.map_or_else(|| recipient.clone(), |unit| name(charter, &unit));
    format!("未能告知{whom}（{recipient}），请设法告知：{rendered}")
}

fn name(charter: &Charter, party: &Code) -> String {
    charter.party(party.as_str()).map_or_else(|| party.to_string(), |known| known.name.zh.clone())
}

fn ending_name(ending: Ending) -> &'static str {
    match ending {
        Ending::With(Outcome::Solved) => "已解决",
        Ending::With(Outcome::Explained) => "已解释说明",
        Ending::With(Outcome::NotAccepted) | Ending::Excluded => "不予受理",
        Ending::With(Outcome::NotSolved) => "未解决",
        Ending::Withdrawn => "已撤回",
        Ending::Voted(Vote::Passed) => "同意户数达到要求",
        Ending::Voted(Vote::Failed) => "同意户数未达到要求",
        Ending::Voted(Vote::NoQuorum) => "参与户数不足",
    }
}

fn colour_name(colour: Colour) -> &'static str {
    match colour {
        Colour::Red => "红色",
        Colour::Yellow => "黄色",
        Colour::Blue => "蓝色",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ids::Code;
    use proto::dispatch::v1::dispatch_event::Event as DispatchFact;
    use proto::dispatch::v1::{CalledParty, DispatchEvent};
    use proto::record::v1::event::Of;
    use proto::record::v1::{Commit, Decision, Event};
    use proto::{ToWireTime, dispatch};

    use super::*;
    use crate::domain::tellings::{Says, Text};
    use crate::standing::Standing;
    use crate::told::samples;
    use crate::told::told;

    fn wuchang() -> Charter {
        Charter::shipped("wuchang").unwrap()
    }

    fn say(charter: &Charter, telling: &Telling) -> Result<String, String> {
        let case = Case { title: "昙华林停车".to_owned(), callers: vec!["caller".to_owned()], has_receipt: false };
        let text = charter.text(telling.text.as_str()).unwrap();
        charter::render(&text.zh, &values(charter, "261121-7k3q9xf", &case, telling, None))
    }

    #[test]
    fn every_shipped_charter_can_say_everything_we_tell() {
        let told = samples::told_of_everything();
        for name in Charter::shipped_names() {
            let charter = Charter::shipped(name).unwrap();
            for telling in &told {
                let said = say(&charter, telling).unwrap_or_else(|error| panic!("{name} {:?}: {error}", telling.text));
                assert!(said.contains("261121-7k3q9xf"), "{said}");
            }
        }
        let said: BTreeSet<Text> = told.iter().map(|telling| telling.text).collect();
        // The end of a poll is told from the record of the poll.
        let unsaid: Vec<_> = Text::ALL.iter().filter(|text| !said.contains(text)).collect();
        assert_eq!(unsaid, [&Text::PollEnded]);
    }

    #[test]
    fn a_call_names_street_party_and_the_local_time() {
        let charter = wuchang();
        let street = charter.find_parties(charter::PartyKind::Street).next().unwrap();
        let department: Code = charter.departments().next().unwrap().code.clone();
        let party = CalledParty { party: department.to_string(), duty: 1 };
        let called = dispatch::v1::Called {
            caller: charter.unit_of(&street.code, "command-centre").unwrap().code.to_string(),
            parties: vec![party],
            colour: 1,
            response_due: Some("2026-11-21T06:30:00Z".parse::<jiff::Timestamp>().unwrap().to_wire()),
            ..dispatch::v1::Called::default()
        };
        let of = Some(Of::Dispatch(DispatchEvent { event: Some(DispatchFact::Called(called)) }));
        let decision = Decision { events: vec![Event { of }], ..Decision::default() };
        let commit = Commit { decisions: vec![decision], ..Commit::default() };
        let told = told(&commit, Standing::default()).unwrap();
        let (street, party) = (&street.name.zh, name(&charter, &department));
        assert_eq!(
            say(&charter, &told[0].1).unwrap(),
            format!("{street}呼叫 {party}：昙华林停车（261121-7k3q9xf）。请在 2026-11-21 14:30 前响应并明确人员。")
        );
    }

    #[test]
    fn a_time_that_may_still_move_is_said_to() {
        let says = Says { provisional: true, ..Says::default().due("2027-01-11T09:30:00Z".parse().unwrap()) };
        let party = "wuchang-water".parse::<Code>().unwrap();
        let to = crate::domain::tellings::Recipient::Party(party.clone());
        let says = Says { party: Some(party), ..says };
        let telling = Telling { text: Text::Assigned, whom: Whom::Holder, to, says };
        let said = say(&wuchang(), &telling).unwrap();
        assert!(said.contains("2027-01-11 17:30（暂定）"), "{said}");
    }

    #[test]
    fn a_text_that_names_what_is_not_there_is_an_error_and_one_that_asks_is_not() {
        let values = Values::from([("title".to_owned(), "<b>渍水</b>".to_owned())]);
        assert_eq!(
            charter::render("{{ title }}{% if due %}，{{ due }}{% endif %}", &values).as_deref(),
            Ok("<b>渍水</b>")
        );
        let error = charter::render("{{ title }} {{ due }}", &values).unwrap_err();
        assert!(error.contains("undefined"), "{error}");
    }
}
