//! A matter found while working on another comes in like any other. A repeat is the same submission, and intake
//! answers with the same case.

use std::time::Duration;

use ids::{CaseId, Code, Owner};
use prost::Message;
use proto::dispatch::v1::RelatedCaseSpawned;
use proto::intake::v1::{CallerClass, SubmitReply, SubmitRequest, submit_reply};
use proto::subjects::BridgeSubject;
use record::StoredCommit;
use record::follow::Failure;
use station::Station;

/// Channel under which every charter takes what was found at work.
const CHANNEL: &str = "work-site";
/// How long intake may take to answer. It answers after a commit, which takes milliseconds; after this the submission
/// is sent again.
const ANSWER_WAIT: Duration = Duration::from_secs(5);

/// The case that intake makes of it.
///
/// # Errors
/// Transient while intake does not answer; permanent when it refuses.
pub async fn submit(station: &Station, stored: &StoredCommit, spawned: &RelatedCaseSpawned) -> Result<CaseId, Failure> {
    let bridge: Code = Owner::Dispatch.as_str().parse().map_err(Failure::permanent)?;
    let submission = submission(stored, spawned);
    let requester = station.broker.requester();
    let answer = requester.request(BridgeSubject::submit(&bridge), submission.encode_to_vec(), ANSWER_WAIT).await?;
    let case = settle(SubmitReply::decode(answer).map_err(Failure::permanent)?)?;
    tracing::info!(reference = submission.external_ref, case, "related case submitted");
    case.parse().map_err(|error: ids::CaseIdError| Failure::permanent(error))
}

/// Everything in it comes from the commit.
fn submission(stored: &StoredCommit, spawned: &RelatedCaseSpawned) -> SubmitRequest {
    SubmitRequest {
        district: stored.subject.key.district.to_string(),
        external_ref: format!("{}-{}", stored.subject.key.id, spawned.reference),
        channel: CHANNEL.to_owned(),
        caller_class: CallerClass::Grassroots.into(),
        title: spawned.title.clone(),
        text: spawned.text.clone(),
        place: spawned.place.clone(),
        occurred_at: stored.commit.at,
        category: spawned.category.clone(),
        related_case: stored.subject.key.id.clone(),
        ..SubmitRequest::default()
    }
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
