//! The door for files. Whether somebody may bring one in is asked before its content is read; whether somebody may read one is
//! whether they may see a case that names it.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use archive::Shelf;
use futures::{Stream, stream};
use ids::Code;
use proto::intake::v1::evidence_service_server::EvidenceService;
use proto::intake::v1::{
    Evidence, EvidenceHead, ListEvidenceRequest, ListEvidenceResponse, ReadEvidenceRequest, ReadEvidenceResponse,
    UploadEvidenceRequest, UploadEvidenceResponse, read_evidence_response, upload_evidence_request,
};
use station::access::Matter;
use station::desk::case_key;
use station::{Caller, History, Violation, hash_of, shown_in};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tonic::{Request, Response, Status, Streaming};

use super::Files;
use super::content::{BYTES_MAX, FIELD, too_large};
use crate::app::App;

/// Files that come in at the same time, each up to [`BYTES_MAX`] in memory.
const COMING_IN_MAX: usize = 8;
/// Until all of one is there: ten megabytes over a bad line.
const COMING_IN_S_MAX: u64 = 120;
/// Content of one answer, in bytes.
const CHUNK_BYTES: usize = 256 * 1024;

const UPLOAD: &str = "huying.intake.v1.EvidenceService/UploadEvidence";
const LIST: &str = "huying.intake.v1.EvidenceService/ListEvidence";
const READ: &str = "huying.intake.v1.EvidenceService/ReadEvidence";

pub struct EvidenceDoor {
    app: Arc<App>,
    files: Arc<Files>,
    shelf: Shelf,
    coming_in: Arc<Semaphore>,
}

impl EvidenceDoor {
    pub fn new(app: Arc<App>, files: Arc<Files>, shelf: Shelf) -> Self {
        Self { app, files, shelf, coming_in: Arc::new(Semaphore::new(COMING_IN_MAX)) }
    }

    /// The district somebody may bring a file into.
    async fn admitted(&self, caller: &Caller, head: &EvidenceHead) -> Result<Code, Status> {
        if caller.shows_receipt() {
            let named = |field, value: &str| match value.is_empty() {
                true => Err(Violation::new(field, "required", "say which case the receipt opens")),
                false => Ok(()),
            };
            named("district", &head.district)?;
            named("case_id", &head.case_id)?;
            let (district, _, key) = case_key(&head.district, &head.case_id)?;
            let charter = self.app.desk.station.charter(district.as_str())?;
            self.app.desk.may(caller, UPLOAD, &key, &charter).await?;
            return Ok(district);
        }
        let own = caller.district.as_ref().map(Code::as_str).unwrap_or_default();
        let named = if head.district.is_empty() { own } else { &head.district };
        let charter = match (&caller.party, named) {
            (Some(party), named) => self.app.charter_for(party, named)?,
            (None, "") => return Err(Violation::new("district", "required", "the token names none; say which").into()),
            (None, named) => self.app.desk.station.charter(named)?,
        };
        caller.may_in(UPLOAD, &charter)?;
        Ok(charter.district.clone())
    }

    /// What is shown on a case, by hash, for somebody who may see it.
    async fn shown(
        &self,
        caller: &Caller,
        action: &'static str,
        (district, case_id): (&str, &str),
    ) -> Result<(Code, Vec<String>), Status> {
        let (district, _, key) = case_key(district, case_id)?;
        let station = &self.app.desk.station;
        let charter = station.charter(district.as_str())?;
        let history = History::of(station, &self.shelf, &key).await?;
        caller.may(action, &Matter::of_case(&key, &history.commits), &charter)?;
        let shown = shown_in(&history.commits);
        let hashes = shown.iter().filter_map(|reference| hash_of(reference)).map(str::to_owned).collect();
        Ok((district, hashes))
    }
}

#[tonic::async_trait]
impl EvidenceService for EvidenceDoor {
    async fn upload_evidence(
        &self,
        request: Request<Streaming<UploadEvidenceRequest>>,
    ) -> Result<Response<UploadEvidenceResponse>, Status> {
        use upload_evidence_request::Part;
        let caller = Caller::of(&request)?;
        let mut parts = request.into_inner();
        let Some(Part::Head(head)) = parts.message().await?.and_then(|first| first.part) else {
            return Err(Violation::new("head", "required", "the first message is the head of the file").into());
        };
        let district = self.admitted(&caller, &head).await?;
        let _room = self.coming_in.try_acquire().map_err(|_| chassis::overloaded())?;
        let whole = async {
            let mut content = Vec::new();
            while let Some(part) = parts.message().await? {
                let Some(Part::Content(next)) = part.part else {
                    return Err(Violation::new(FIELD, "one-head", "a file has one head, and then its content").into());
                };
                if content.len() + next.len() > BYTES_MAX {
                    return Err(too_large(content.len() + next.len()).into());
                }
                content.extend(next);
            }
            Ok::<_, Status>(content)
        };
        let late = |_| Status::deadline_exceeded(format!("the file did not come within {COMING_IN_S_MAX} s"));
        let content = timeout(Duration::from_secs(COMING_IN_S_MAX), whole).await.map_err(late)??;
        let evidence = Some(self.files.take(&district, &head.name, content).await?);
        Ok(Response::new(UploadEvidenceResponse { evidence }))
    }

    async fn list_evidence(
        &self,
        request: Request<ListEvidenceRequest>,
    ) -> Result<Response<ListEvidenceResponse>, Status> {
        let caller = Caller::of(&request)?;
        let ListEvidenceRequest { district, case_id } = request.into_inner();
        let (district, hashes) = self.shown(&caller, LIST, (&district, &case_id)).await?;
        let mut evidence: Vec<Evidence> = Vec::new();
        for hash in hashes {
            evidence.extend(self.files.describe(&district, &hash).await?);
        }
        Ok(Response::new(ListEvidenceResponse { evidence }))
    }

    type ReadEvidenceStream = Pin<Box<dyn Stream<Item = Result<ReadEvidenceResponse, Status>> + Send>>;

    async fn read_evidence(
        &self,
        request: Request<ReadEvidenceRequest>,
    ) -> Result<Response<Self::ReadEvidenceStream>, Status> {
        use read_evidence_response::Part;
        let caller = Caller::of(&request)?;
        let ReadEvidenceRequest { district, case_id, evidence_id, thumbnail } = request.into_inner();
        let (district, hashes) = self.shown(&caller, READ, (&district, &case_id)).await?;
        if evidence_id.is_empty() {
            return Err(Violation::new("evidence_id", "required", "is missing").into());
        }
        let not_shown = || Status::not_found(format!("case {case_id} shows nothing of this id"));
        let hash = hash_of(&evidence_id).filter(|hash| hashes.iter().any(|shown| shown == hash));
        let hash = hash.ok_or_else(not_shown)?;
        let (about, content) = self.files.read(&district, hash, thumbnail).await?.ok_or_else(not_shown)?;
        let chunks: Vec<Part> = content.chunks(CHUNK_BYTES).map(|chunk| Part::Content(chunk.to_vec())).collect();
        let parts = std::iter::once(Part::Evidence(about)).chain(chunks);
        let answers = parts.map(|part| Ok(ReadEvidenceResponse { part: Some(part) })).collect::<Vec<_>>();
        Ok(Response::new(Box::pin(stream::iter(answers))))
    }
}
