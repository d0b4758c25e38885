//! What came of the polls of a story.

use proto::intake::v1::poll_service_client::PollServiceClient;
use proto::intake::v1::{GetPollRequest, GetPollResponse, PollOutcome};

use crate::doors::Stage;
use crate::format::{PollEnd, Story};
use crate::own_name;

/// Differences of the polls one expectation names.
pub async fn differences(
    stage: &Stage,
    story: &Story,
    expected: impl Iterator<Item = (&String, &PollEnd)>,
) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for (name, expected) in expected {
        let mut client = PollServiceClient::new(stage.as_operator("intake").await?);
        let poll = own_name(&story.story, name, stage.run());
        let request = GetPollRequest { district: story.district.clone(), poll };
        match client.get_poll(request).await {
            Ok(answer) => found.extend(compare(name, expected, &answer.into_inner())),
            Err(status) => found.push(format!("polls: {name}: {}", status.message())),
        }
    }
    Ok(found)
}

fn compare(name: &str, expected: &PollEnd, is: &GetPollResponse) -> Vec<String> {
    let tally = is.tally.unwrap_or_default();
    let outcome = match is.outcome() {
        PollOutcome::Passed => "passed",
        PollOutcome::Failed => "failed",
        PollOutcome::NoQuorum => "no-quorum",
        PollOutcome::Unspecified => "open",
    };
    let wrong = |what: &str, wanted: String, is: String| {
        (wanted != is).then(|| format!("polls: {name}: {what} expected {wanted}, is {is}"))
    };
    let counts = [
        ("households", expected.households, tally.households),
        ("agreed", expected.agreed, tally.yes),
        ("disagreed", expected.disagreed, tally.no),
        ("abstained", expected.abstained, tally.abstained),
        ("refused", expected.refused, tally.refused),
        ("not_heard", expected.not_heard, tally.not_heard),
    ];
    let counts = counts.into_iter().filter_map(|(what, wanted, is)| wrong(what, wanted?.to_string(), is.to_string()));
    let ended = expected.outcome.clone().and_then(|wanted| wrong("outcome", wanted, outcome.to_owned()));
    ended.into_iter().chain(counts).collect()
}

#[cfg(test)]
mod tests {
    use proto::intake::v1::PollTally;

    use super::*;

    #[test]
    fn every_count_that_is_not_as_said_is_a_sentence() {
        let is = GetPollResponse {
            outcome: PollOutcome::Failed.into(),
            tally: Some(PollTally { households: 4, yes: 1, no: 3, ..PollTally::default() }),
            ..GetPollResponse::default()
        };
        let failed = Some("failed".to_owned());
        let right = PollEnd { outcome: failed.clone(), agreed: Some(1), disagreed: Some(3), ..PollEnd::default() };
        assert!(compare("gas", &right, &is).is_empty());
        let wrong = PollEnd { outcome: Some("passed".to_owned()), agreed: Some(4), ..PollEnd::default() };
        assert_eq!(
            compare("gas", &wrong, &is),
            ["polls: gas: outcome expected passed, is failed", "polls: gas: agreed expected 4, is 1"]
        );
    }
}
