//! Whose the officers of a story are, as a unit sees it on a day.

use proto::casebook::v1::casebook_service_client::CasebookServiceClient;
use proto::casebook::v1::{ListOfficersRequest, StaffRecord};

use crate::doors::{CURRENT, Stage};
use crate::format::{Sighting, Story};
use crate::own_name;

/// Differences of what one expectation says of officers.
pub async fn differences(stage: &Stage, story: &Story, expected: &[Sighting]) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for expected in expected {
        let mut client = CasebookServiceClient::new(stage.as_operator("casebook").await?);
        let request = ListOfficersRequest {
            district: story.district.clone(),
            party: expected.seen_by.clone(),
            on: expected.on.clone(),
            freshness: Some(CURRENT),
        };
        let named = own_name(&story.story, &expected.officer, stage.run());
        let of = |record: &&StaffRecord| record.officer.as_ref().is_some_and(|officer| officer.staff_ref == named);
        match client.list_officers(request).await {
            Ok(answer) => found.extend(compare(expected, answer.into_inner().officers.iter().find(of))),
            Err(status) => found.push(format!("officers: {}: {}", expected.officer, status.message())),
        }
    }
    Ok(found)
}

fn compare(expected: &Sighting, seen: Option<&StaffRecord>) -> Vec<String> {
    let who = format!("officers: {} as {} sees them on {}", expected.officer, expected.seen_by, expected.on);
    let Some(seen) = seen else {
        return if expected.absent { vec![] } else { vec![format!("{who}: not seen")] };
    };
    if expected.absent {
        return vec![format!("{who}: expected nobody")];
    }
    let relations = seen.relations.clone().unwrap_or_default();
    let said = [
        ("owned_by", &expected.owned_by, relations.owned_by),
        ("managed_by", &expected.managed_by, relations.managed_by),
        ("used_by", &expected.used_by, relations.used_by),
        ("assessed_by", &expected.assessed_by, relations.assessed_by),
        ("seconded_from", &expected.seconded_from, seen.seconded_from.clone()),
    ];
    let wrong = said.into_iter().filter_map(|(what, wanted, is)| {
        let wanted = wanted.as_ref().filter(|wanted| **wanted != is)?;
        Some(format!("{who}: {what} expected {wanted}, is {is}"))
    });
    let licence = expected.licence.as_ref().filter(|wanted| **wanted != seen.licence);
    let licence = licence.map(|wanted| format!("{who}: licence expected {wanted:?}, is {:?}", seen.licence));
    wrong.chain(licence).collect()
}

#[cfg(test)]
mod tests {
    use proto::enforcement_center::v1::Relations;

    use super::*;

    #[test]
    fn what_a_unit_sees_otherwise_is_a_sentence() {
        let seen = StaffRecord {
            relations: Some(Relations { owned_by: "a".to_owned(), used_by: "b".to_owned(), ..Relations::default() }),
            licence: vec!["market".to_owned()],
            ..StaffRecord::default()
        };
        let said = |used_by: &str| Sighting {
            officer: "zf-1".to_owned(),
            seen_by: "b".to_owned(),
            owned_by: Some("a".to_owned()),
            used_by: Some(used_by.to_owned()),
            licence: Some(vec!["market".to_owned()]),
            ..Sighting::default()
        };
        assert!(compare(&said("b"), Some(&seen)).is_empty());
        assert_eq!(compare(&said("c"), Some(&seen)).len(), 1);
        assert_eq!(compare(&said("b"), None).len(), 1);
        assert!(compare(&Sighting { absent: true, ..said("b") }, None).is_empty());
    }
}
