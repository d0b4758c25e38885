//! A filed case goes on as a new one (D15): with the words, the place and the caller of the old one, and a clock of its
//! own. The old one stays as it is; the new one names it.
//!
//! It walks like a submission whose reference is the old case itself, so there is one new case, whatever dies when.

use archive::Shelf;
use proto::intake::v1::{ReopenFiledRequest, ReopenFiledResponse};
use record::Refused;
use station::access::Matter;
use station::desk::{case_key, named};
use station::{Caller, History, not_found, prose, status_of};
use tonic::Status;
use vocabulary::Course;

use crate::app::{App, Asked};
use crate::domain::{Command, NOTE_LENGTH_MAX, Received, Refusal};
use crate::merging::category_in;
use crate::wire::received_in;

/// The line in the table of who may what.
const REOPEN_FILED: &str = "huying.intake.v1.IntakeService/ReopenFiled";

impl App {
    /// Makes the case that goes on for a filed one. Asked again with the same reason, it is the same.
    pub async fn reopen_filed(
        &self,
        caller: Caller,
        shelf: &Shelf,
        request: &ReopenFiledRequest,
    ) -> Result<ReopenFiledResponse, Status> {
        let (district, old, key) = case_key(&request.district, &request.case_id)?;
        let named = named(&request.command_id, request)?;
        let reason = prose("reason", &request.reason, NOTE_LENGTH_MAX)?;
        let charter = self.desk.station.charter(district.as_str())?;
        let history = History::of(&self.desk.station, shelf, &key).await?;
        let matter = Matter::of_case(&key, &history.commits);
        caller.may(REOPEN_FILED, &matter, &charter)?;
        if history.filed_at.is_none() {
            return Err(status_of(Refused::Rule(Refusal::NotFiled)));
        }
        let Some(received) = received_in(&history.commits)? else { return Err(not_found(old.as_str())) };
        let now = self.desk.station.now();
        let received = Received {
            external_ref_hash: self.keyed_hash(&["reopened", district.as_str(), old.as_str()]),
            content_hash: self.keyed_hash(&["reopened", district.as_str(), old.as_str(), &reason]),
            content_hashes_before: Vec::new(),
            category_hint: category_in(&history.commits).or(received.category_hint),
            related_case: Some(old),
            occurred_at: now,
            received_at: now,
            campaign: None,
            recorded_at: None,
            receipt_ref: String::new(),
            ..received
        };
        let submitted = self.record_once(&caller, &charter, received).await?;
        let (_, case, key) = case_key(&submitted.district, &submitted.case_id)?;
        let by = self.notes_as(&caller);
        let asked = Asked { caller, charter, case, key, named };
        let recorded = self.ask(asked, Command::Supplement { text: reason, by, course: Course::Open }).await?;
        Ok(ReopenFiledResponse {
            case_id: submitted.case_id,
            revision: recorded.revision,
            repeated: submitted.repeated,
            position: recorded.position,
        })
    }
}
