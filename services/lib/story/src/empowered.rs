//! What came of the projects, suggestions and letters of a story, as somebody's list shows it.

use std::collections::BTreeMap;

use chassis::Identity;
use proto::casebook::v1::casebook_service_client::CasebookServiceClient;
use proto::casebook::v1::{ListPowersRequest, PowerEntry};

use crate::doors::{CURRENT, Stage, operator};
use crate::format::{PowerEnd, Story};
use crate::own_name;

/// As many as a list shows.
const PAGE_SIZE: u32 = 1000;

/// Differences of what one expectation says of them.
pub async fn differences(stage: &Stage, story: &Story, expected: &[PowerEnd]) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for expected in expected {
        let who = story.actors.get(&expected.seen_by).map_or_else(operator, |actor| Identity {
            role: actor.role.clone(),
            party: actor.party.clone(),
            district: story.district.clone(),
            staff_ref: actor.staff.clone(),
        });
        let mut client = CasebookServiceClient::new(stage.enter("casebook", &who).await?);
        let request = ListPowersRequest {
            district: story.district.clone(),
            page_size: PAGE_SIZE,
            freshness: Some(CURRENT),
            ..ListPowersRequest::default()
        };
        let own = own_name(&story.story, &expected.power, stage.run());
        match client.list_powers(request).await {
            Ok(answer) => {
                let listed = answer.into_inner().entries.into_iter().find(|entry| entry.id == own);
                found.extend(compare(expected, listed.as_ref()));
            }
            Err(status) => found.push(format!("powers: {}: {}", expected.power, status.message())),
        }
    }
    Ok(found)
}

fn compare(expected: &PowerEnd, is: Option<&PowerEntry>) -> Vec<String> {
    let what = &expected.power;
    let Some(is) = is else {
        return if expected.absent { vec![] } else { vec![format!("powers: {what}: not in the list")] };
    };
    if expected.absent {
        return vec![format!("powers: {what}: expected nothing, is {}", is.state)];
    }
    let answers: BTreeMap<String, String> =
        is.answers.iter().map(|said| (said.party.clone(), said.answer.clone())).collect();
    let wrong = |name: &str, wanted: String, is: String| {
        (wanted != is).then(|| format!("powers: {what}: {name} expected {wanted}, is {is}"))
    };
    let state = expected.state.clone().and_then(|wanted| wrong("state", wanted, is.state.clone()));
    let waits = expected.waits_for.as_ref();
    let waits = waits.and_then(|wanted| wrong("waits_for", format!("{wanted:?}"), format!("{:?}", is.waits_for)));
    let said = expected.answers.as_ref();
    let said = said.and_then(|wanted| wrong("answers", format!("{wanted:?}"), format!("{answers:?}")));
    let numbered =
        expected.numbered.and_then(|wanted| wrong("numbered", wanted.to_string(), (is.number > 0).to_string()));
    [state, waits, said, numbered].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use proto::casebook::v1::PowerAnswer;

    use super::*;

    #[test]
    fn what_is_listed_otherwise_is_a_sentence() {
        let is = PowerEntry {
            state: "open".to_owned(),
            waits_for: vec!["a".to_owned()],
            answers: vec![PowerAnswer { party: "b".to_owned(), answer: "partly".to_owned() }],
            ..PowerEntry::default()
        };
        let right = PowerEnd {
            state: Some("open".to_owned()),
            waits_for: Some(vec!["a".to_owned()]),
            answers: Some(BTreeMap::from([("b".to_owned(), "partly".to_owned())])),
            numbered: Some(false),
            ..PowerEnd::default()
        };
        assert!(compare(&right, Some(&is)).is_empty());
        let wrong = PowerEnd { state: Some("adopted".to_owned()), numbered: Some(true), ..right.clone() };
        assert_eq!(compare(&wrong, Some(&is)).len(), 2);
        assert_eq!(compare(&right, None).len(), 1);
        assert_eq!(compare(&PowerEnd { absent: true, ..right }, Some(&is)).len(), 1);
    }
}
