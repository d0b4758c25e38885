//! What the centre's commits cause. Each effect may happen twice and has happened once.

use std::time::Duration;

use ids::HistoryKey;
use pbjson_types::Timestamp;
use prost::Message;
use proto::intake::v1::{CallerClass, SubmitReply, SubmitRequest, submit_reply};
use proto::subjects::BridgeSubject;
use record::StoredCommit;
use record::follow::Failure;
use station::desk::events_of;
use station::{Desk, wire};

use crate::dispatched;
use crate::domain::operation::{Event, Hazard, Rules};

/// Channel under which every charter takes what was found on site.
const CHANNEL: &str = "enforcement-site";
/// How long intake may take to answer. It answers after a commit, which takes milliseconds; after this the submission
/// is sent again, and is the same one.
const ANSWER_WAIT: Duration = Duration::from_secs(5);

/// # Errors
/// Transient: the message comes again, and with it every effect.
pub async fn follow(desk: &Desk<Rules>, stored: &StoredCommit) -> Result<(), Failure> {
    for event in events_of::<Rules>(stored)? {
        match event {
            // Dispatch may have closed the case between our looking and our commit, when there was nothing to cancel.
            Event::OperationOpened(_) => dispatched::catch_up(desk, &stored.subject).await?,
            Event::RelatedCaseSpawned { reference, hazard } => {
                let submission = submission(&stored.subject.key, stored.commit.at, &reference, &hazard);
                submit(desk, &submission).await?;
            }
            Event::SeatCalled(_)
            | Event::SeatTaken { .. }
            | Event::SeatLapsed { .. }
            | Event::SeatEscalated { .. }
            | Event::MeetingHeld { .. }
            | Event::StopOrdered { .. }
            | Event::NextStepTaken { .. }
            | Event::PathDecided(_)
            | Event::OnSite { .. }
            | Event::NoticeServed { .. }
            | Event::ReinspectionDue { .. }
            | Event::Reinspected(_)
            | Event::NoticeComplied { .. }
            | Event::NoticeBreached { .. }
            | Event::OperationConcluded(_)
            | Event::OperationCancelled => {}
        }
    }
    Ok(())
}

/// Everything in it comes from the commit, so a repeat is the same submission and intake answers with the same case.
fn submission(key: &HistoryKey, found_at: Option<Timestamp>, reference: &str, hazard: &Hazard) -> SubmitRequest {
    SubmitRequest {
        district: key.district.to_string(),
        external_ref: format!("{}-{reference}", key.id),
        channel: CHANNEL.to_owned(),
        caller_class: CallerClass::Grassroots.into(),
        title: hazard.title.clone(),
        text: hazard.text.clone(),
        place: Some(wire::to_place(&hazard.place)),
        occurred_at: found_at,
        category: wire::text(hazard.category.as_ref()),
        related_case: key.id.clone(),
        ..SubmitRequest::default()
    }
}

async fn submit(desk: &Desk<Rules>, submission: &SubmitRequest) -> Result<(), Failure> {
    let bridge = wire::code("bridge", ids::Owner::EnforcementCenter.as_str()).map_err(Failure::permanent)?;
    let requester = desk.station.broker.requester();
    let answer = requester.request(BridgeSubject::submit(&bridge), submission.encode_to_vec(), ANSWER_WAIT).await?;
    let reply = SubmitReply::decode(answer).map_err(Failure::permanent)?;
    let case = settle(reply)?;
    tracing::info!(reference = submission.external_ref, case, "related case submitted");
    Ok(())
}

/// The case that intake made of it, or what to do about its refusal.
fn settle(reply: SubmitReply) -> Result<String, Failure> {
    let refusal = match reply.result {
        Some(submit_reply::Result::Ok(response)) => return Ok(response.case_id),
        Some(submit_reply::Result::Refusal(refusal)) => refusal,
        None => return Err(Failure::permanent("intake's answer is neither a case nor a refusal")),
    };
    let text = format!("intake refuses the related case: {} ({})", refusal.message, refusal.code);
    match refusal.code.as_str() {
        "ALREADY_EXISTS" => Ok(refusal.case_id),
        // The same submission gets the same answer for ever.
        "INVALID_ARGUMENT" | "PERMISSION_DENIED" | "UNAUTHENTICATED" | "NOT_FOUND" | "FAILED_PRECONDITION" => {
            Err(Failure::permanent(text))
        }
        _ => Err(Failure::transient(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::common::v1::Refusal;
    use proto::intake::v1::SubmitResponse;
    use vocabulary::Place;

    fn refused(code: &str) -> Result<String, Failure> {
        let refusal = Refusal { code: code.to_owned(), case_id: "261121-7k3q9xf".to_owned(), ..Refusal::default() };
        settle(SubmitReply { result: Some(submit_reply::Result::Refusal(refusal)) })
    }

    #[test]
    fn a_related_case_that_is_there_already_is_done_and_one_that_does_not_fit_is_not_tried_again() {
        let ok = SubmitResponse { case_id: "261121-7k3q9xf".to_owned(), ..SubmitResponse::default() };
        let ok = settle(SubmitReply { result: Some(submit_reply::Result::Ok(ok)) });
        assert_eq!(ok.ok().as_deref(), Some("261121-7k3q9xf"));
        assert_eq!(refused("ALREADY_EXISTS").ok().as_deref(), Some("261121-7k3q9xf"));
        assert!(matches!(refused("INVALID_ARGUMENT"), Err(Failure::Permanent(_))));
        for passing in ["UNAVAILABLE", "ABORTED", "INTERNAL", "RESOURCE_EXHAUSTED"] {
            assert!(matches!(refused(passing), Err(Failure::Transient(_))), "{passing}");
        }
    }

    #[test]
    fn a_commit_followed_twice_submits_the_same_thing() {
        let key =
            HistoryKey { kind: ids::Kind::Case, district: "wuchang".parse().unwrap(), id: "261121-7k3q9xf".to_owned() };
        let hazard = Hazard {
            title: "凤凰村58号消防隐患".to_owned(),
            text: String::new(),
            place: Place::default(),
            category: None,
        };
        let at = Some(Timestamp { seconds: 1_550_000_000, nanos: 0 });
        let once = submission(&key, at, "related-1", &hazard);
        assert_eq!(once.external_ref, "261121-7k3q9xf-related-1");
        assert_eq!(once.related_case, key.id);
        assert_eq!(once.encode_to_vec(), submission(&key, at, "related-1", &hazard).encode_to_vec());
    }
}
