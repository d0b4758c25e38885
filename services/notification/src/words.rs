//! What a text says: the charter's template, filled with names and local times.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use charter::{Charter, Colour};
use ids::Code;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use vocabulary::Outcome;

use crate::cases::Case;
use crate::domain::tellings::{Ending, Says, Vote};

pub type Values = BTreeMap<String, String>;

/// A text may ask whether something is there; naming what is not is an error.
static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    // A message is plain text, whoever shows it escapes it.
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment
});

/// Fills a template.
///
/// # Errors
/// In words: what the template names is not there, or it cannot be read.
pub fn render(template: &str, values: &Values) -> Result<String, String> {
    TEMPLATES.render_str(template, values.clone()).map_err(|error| error.to_string())
}

/// Everything a text may name, as people call it.
pub fn values(charter: &Charter, case_id: &str, case: &Case, says: &Says) -> Values {
    let street = says.street.as_ref().map(|party| match charter.street_of(party) {
        Some(street) => street.name.zh.clone(),
        None => name(charter, party),
    });
    let due = says.due.map(|due| charter.time_zone.to_datetime(due).strftime("%Y-%m-%d %H:%M").to_string());
    let known = [
        ("case_id", Some(case_id.to_owned())),
        ("title", Some(case.title.clone())),
        ("street", street),
        ("party", says.party.as_ref().map(|party| name(charter, party))),
        ("due", due),
        ("outcome", says.ending.map(|ending| ending_name(ending).to_owned())),
        ("colour", says.colour.map(|colour| colour_name(colour).to_owned())),
    ];
    known.into_iter().filter_map(|(variable, value)| value.map(|value| (variable.to_owned(), value))).collect()
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
    use jiff::Timestamp;

    use super::*;
    use crate::domain::tellings::{Missed, Occasion, Telling, tellings};

    fn wuchang() -> Charter {
        Charter::shipped("wuchang").unwrap()
    }

    /// One of each, between a street's command centre and a department of this charter.
    fn every_occasion(charter: &Charter) -> Vec<Occasion> {
        let due: Timestamp = "2026-11-21T06:30:00Z".parse().unwrap();
        let street = charter.find_parties(charter::PartyKind::Street).next().unwrap().code.clone();
        let by = charter.unit_of(&street, "command-centre").unwrap().code.clone();
        let party = charter.departments().next().unwrap().code.clone();
        let centre = charter.unit_of(&street, "enforcement-centre").unwrap().code.clone();
        vec![
            Occasion::Received,
            Occasion::Judged { party: party.clone() },
            Occasion::Called { by: by.clone(), parties: vec![party.clone()], colour: Colour::Red, response_due: due },
            Occasion::CallOverdue { party: party.clone(), due, told: by.clone() },
            Occasion::CallerJoined { caller: "caller-2".to_owned() },
            Occasion::Supplemented { holder: party.clone() },
            Occasion::SaidAgain {
                caller: "caller-2".to_owned(),
                holder: party.clone(),
                outcome: Outcome::Solved,
                rating_due: due,
            },
            Occasion::Overdue { of: Missed::Work, party: party.clone(), due, told: by.clone() },
            Occasion::Overdue { of: Missed::Adjudication, party: party.clone(), due, told: by.clone() },
            Occasion::Overdue { of: Missed::Supervision, party: party.clone(), due, told: by.clone() },
            Occasion::Overdue { of: Missed::City, party: party.clone(), due, told: by.clone() },
            Occasion::ColourRaised {
                by: by.clone(),
                parties: vec![party.clone()],
                colour: Colour::Red,
                response_due: due,
                completion_due: due,
            },
            Occasion::Recurred { parties: vec![by.clone(), party.clone()] },
            Occasion::PollEnded { party: by.clone(), vote: Vote::Passed },
            Occasion::Admitted { parties: vec![by.clone()] },
            Occasion::Transferred { city: party.clone() },
            Occasion::CityReturned { to: party.clone() },
            Occasion::CityReminded { city: party.clone(), told: by.clone(), due },
            Occasion::TaskDecided { party: party.clone(), due },
            Occasion::Returned { party: party.clone(), adjudicator: by.clone(), due },
            Occasion::Reopened { parties: vec![party.clone()], due },
            Occasion::Reminded { party: party.clone(), due },
            Occasion::Supervised { by, party: party.clone(), due },
            Occasion::Resolved { outcome: Outcome::Solved, rating_due: due },
            Occasion::Closed { ending: Ending::With(Outcome::Explained) },
            Occasion::NoticeServed { party, due, centre },
        ]
    }

    fn say(charter: &Charter, telling: &Telling) -> Result<String, String> {
        let case = Case { title: "昙华林停车".to_owned(), callers: vec!["caller".to_owned()] };
        let text = charter.text(telling.text).unwrap();
        render(&text.zh, &values(charter, "261121-7k3q9xf", &case, &telling.says))
    }

    #[test]
    fn every_shipped_charter_can_say_everything_we_tell() {
        for name in Charter::shipped_names() {
            let charter = Charter::shipped(name).unwrap();
            for telling in every_occasion(&charter).iter().flat_map(tellings) {
                let said = say(&charter, &telling).unwrap_or_else(|error| panic!("{name} {}: {error}", telling.text));
                assert!(said.contains("261121-7k3q9xf"), "{said}");
            }
        }
    }

    #[test]
    fn a_call_names_street_party_and_the_local_time() {
        let charter = wuchang();
        let occasion = every_occasion(&charter).swap_remove(2);
        let telling = &tellings(&occasion)[0];
        let street = charter.find_parties(charter::PartyKind::Street).next().unwrap().name.zh.clone();
        let party = charter.departments().next().unwrap().name.zh.clone();
        assert_eq!(
            say(&charter, telling).unwrap(),
            format!("{street}呼叫 {party}：昙华林停车（261121-7k3q9xf）。请在 2026-11-21 14:30 前响应并明确人员。")
        );
    }

    #[test]
    fn a_text_that_names_what_is_not_there_is_an_error_and_one_that_asks_is_not() {
        let values = Values::from([("title".to_owned(), "<b>渍水</b>".to_owned())]);
        assert_eq!(render("{{ title }}{% if due %}，{{ due }}{% endif %}", &values).as_deref(), Ok("<b>渍水</b>"));
        let error = render("{{ title }} {{ due }}", &values).unwrap_err();
        assert!(error.contains("undefined"), "{error}");
    }
}
