//! What came of the ballots of a story.

use std::collections::BTreeMap;

use proto::evaluation::v1::ballot_service_client::BallotServiceClient;
use proto::evaluation::v1::{GetBallotRequest, GetBallotResponse};

use crate::doors::Stage;
use crate::format::{BallotEnd, Story};
use crate::own_name;

/// Differences of the ballots one expectation names.
pub async fn differences(
    stage: &Stage,
    story: &Story,
    expected: &BTreeMap<String, BallotEnd>,
) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for (name, expected) in expected {
        let mut client = BallotServiceClient::new(stage.as_operator("evaluation").await?);
        let ballot = own_name(&story.story, name, stage.run());
        let request = GetBallotRequest { district: story.district.clone(), ballot };
        match client.get_ballot(request).await {
            Ok(answer) => found.extend(compare(name, expected, &answer.into_inner())),
            Err(status) => found.push(format!("ballots: {name}: {}", status.message())),
        }
    }
    Ok(found)
}

fn compare(name: &str, expected: &BallotEnd, is: &GetBallotResponse) -> Vec<String> {
    let wrong = |what: &str, wanted: String, is: String| {
        (wanted != is).then(|| format!("ballots: {name}: {what} expected {wanted}, is {is}"))
    };
    let scored = |party: &String| {
        let mut results = is.published.iter().flat_map(|published| &published.results);
        let result = results.find(|result| result.party == *party);
        result.map_or_else(|| "not published".to_owned(), |result| result.score.clone())
    };
    let votes = expected.votes.and_then(|wanted| wrong("votes", wanted.to_string(), is.votes.to_string()));
    let appeals =
        expected.appeals.and_then(|wanted| wrong("appeals", wanted.to_string(), is.appeals.len().to_string()));
    let published = is.corrected.len() + usize::from(is.published.is_some());
    let publications =
        expected.publications.and_then(|wanted| wrong("publications", wanted.to_string(), published.to_string()));
    let scores = expected.scores.iter().filter_map(|(party, wanted)| wrong(party, wanted.clone(), scored(party)));
    votes.into_iter().chain(appeals).chain(publications).chain(scores).collect()
}

#[cfg(test)]
mod tests {
    use proto::evaluation::v1::{BallotPublished, BallotResult};

    use super::*;

    #[test]
    fn what_a_ballot_came_to_is_compared_where_something_is_said() {
        let result = BallotResult { party: "fire".into(), score: "85.0000".into(), ..BallotResult::default() };
        let published = Some(BallotPublished { results: vec![result], ..BallotPublished::default() });
        let is = GetBallotResponse { votes: 3, published, ..GetBallotResponse::default() };
        let scores = |score: &str| [("fire".to_owned(), score.to_owned())].into();
        let right = BallotEnd { votes: Some(3), scores: scores("85.0000"), ..BallotEnd::default() };
        assert_eq!(compare("april", &right, &is), Vec::<String>::new());
        let wrong = BallotEnd { votes: Some(2), scores: scores("90"), ..BallotEnd::default() };
        assert_eq!(
            compare("april", &wrong, &is),
            ["ballots: april: votes expected 2, is 3", "ballots: april: fire expected 90, is 85.0000"]
        );
    }
}
