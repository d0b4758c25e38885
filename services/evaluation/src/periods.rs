//! The desk of periods: what was counted is published, appealed and corrected.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;

use archive::Shelf;
use charter::Charter;
use ids::{Code, HistoryKey, Kind};
use jiff::Timestamp;
use proto::evaluation::v1::period_service_server::PeriodService;
use proto::evaluation::v1::{
    self as wire, AnswerPeriodAppealRequest, AnswerPeriodAppealResponse, AppealPeriodRequest, AppealPeriodResponse,
    GetPeriodRequest, GetPeriodResponse, ImportMarksRequest, ImportMarksResponse, PublishPeriodRequest,
    PublishPeriodResponse,
};
use record::book::Snapshot;
use record::chain;
use station::access::Matter;
use station::desk::named;
use station::{
    Caller, Desk, Named, Recorded, Violation, bad_field, broker_status, line, optional_line, optional_prose, prose,
    wire as shared,
};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use crate::domain::NOTE_LENGTH_MAX;
use crate::domain::mark::says_why;
use crate::domain::period::{
    Appeal, Command, Draft, Import, Publication, Refusal, Rules, State, TableName, Terms, Whose,
};
use crate::marks;
use crate::reading::{ReadError, Reading, window};
use crate::wire::period::{sha256_of, to_import, to_published};

/// Characters of a source and of a file's name.
const SOURCE_LENGTH_MAX: usize = 200;
/// Tables that one process counts at the same time: each reads the whole record of a district.
const COUNTED_AT_ONCE: usize = 1;
/// Volumes kept in memory while the archive is read in the order of its tombstones.
const VOLUMES_KEPT: NonZeroUsize = NonZeroUsize::MIN;

/// What is done about tables, whosever work they are about.
pub struct Tables {
    desk: Desk<Rules>,
    shelf: Shelf,
    counting: Semaphore,
    stop: CancellationToken,
}

/// The desk of periods of those who were called.
pub struct PeriodDoor(pub Arc<Tables>);

/// One request about one table, of somebody who may make it.
pub(crate) struct Asked {
    caller: Caller,
    charter: Arc<Charter>,
    key: HistoryKey,
    name: TableName,
    pub snapshot: Snapshot<State>,
}

/// The history of a table.
#[must_use]
pub fn key(district: Code, name: TableName) -> HistoryKey {
    HistoryKey { kind: Kind::Period, district, id: name.to_string() }
}

impl Tables {
    /// # Errors
    /// The archive's bucket is not there.
    pub async fn open(desk: Desk<Rules>, stop: CancellationToken) -> anyhow::Result<Arc<Self>> {
        let shelf = Shelf::open(&desk.station.broker, VOLUMES_KEPT).await?;
        Ok(Arc::new(Self { desk, shelf, counting: Semaphore::new(COUNTED_AT_ONCE), stop }))
    }

    pub(crate) async fn asked(
        &self,
        caller: Caller,
        action: &'static str,
        district: &str,
        (whose, period): (Whose, &str),
    ) -> Result<Asked, Status> {
        let district = shared::code("district", district).map_err(bad_field)?;
        let wrong =
            |error: crate::domain::period::span::NoPeriod| Violation::new("period", "period", error.to_string());
        let name = TableName { whose, span: period.parse().map_err(wrong)? };
        let charter = self.desk.station.charter(district.as_str())?;
        let key = key(district, name);
        let snapshot = self.desk.read(&key).await?;
        let units = snapshot.state.publications.last().map(|last| last.table.rows.as_slice()).unwrap_or_default();
        // It is the district's, and of every unit that its table names.
        let centre = charter.district_centre().code.clone();
        let matter = Matter::of_parties(&key, units.iter().map(|row| row.unit.clone()).chain([centre]));
        caller.may(action, &matter, &charter)?;
        Ok(Asked { caller, charter, key, name, snapshot })
    }

    async fn ask(&self, asked: &Asked, named: Named, command: Command) -> Result<Recorded, Status> {
        Ok(self.desk.ask(&asked.key, &asked.caller, named, &asked.charter, command).await?.into())
    }

    /// Everything that a publication is made of, counted up to the end of the record as it is now.
    async fn draft(
        &self,
        asked: &Asked,
        window: Range<Timestamp>,
        reason: String,
        now: Timestamp,
    ) -> Result<Draft, Status> {
        let (charter, name, over_from) = (&asked.charter, asked.name, window.end);
        let Ok(_permit) = self.counting.try_acquire() else {
            return Err(Status::resource_exhausted("another period is being counted here; ask again when it is done"));
        };
        let broker = &self.desk.station.broker;
        let until = broker.end_of_record().await.map_err(|error| broker_status(&error))?;
        let reading = Reading { broker, shelf: &self.shelf, district: &charter.district, window, until };
        let counted =
            reading.of(name.whose, charter, self.stop.clone(), |_| {}).await.map_err(|error| unread(&error))?;
        Ok(Draft {
            district: charter.district.clone(),
            name,
            over_from,
            reason,
            charter: charter.version.clone(),
            position: until,
            terms: Terms::of(charter, name),
            counted,
            appeals_until: charter.deadline(now, &charter.publishing().appeals).due,
        })
    }

    pub(crate) async fn publish(&self, asked: &Asked, named: Named, reason: &str) -> Result<Recorded, Status> {
        let reason = optional_prose("reason", reason, NOTE_LENGTH_MAX)?;
        if !reason.is_empty() {
            a_reason("reason", &reason)?;
        }
        let (now, name) = (self.desk.station.this_second(), asked.name);
        let of_no_time = || Violation::new("period", "period", format!("{} has no days in this time zone", name.span));
        let window = window(name.span, &asked.charter).ok_or_else(of_no_time)?;
        // Before the record is read for nothing; the decision asks again.
        let may = match name.whose {
            Whose::Grids | Whose::Communities if asked.charter.appraisal().is_none() => Err(Refusal::NobodyAppraised),
            Whose::Called | Whose::Grids | Whose::Communities => {
                Rules::may_publish(&asked.snapshot.state, name, window.end, &reason, now)
            }
        };
        let command = match may {
            Ok(()) => Command::Publish { draft: Box::new(self.draft(asked, window, reason, now).await?), now },
            Err(refusal) => Command::Decline(refusal),
        };
        self.ask(asked, named, command).await
    }

    pub(crate) async fn appeal(&self, asked: &Asked, named: Named, reason: &str) -> Result<Recorded, Status> {
        let unit = asked.caller.acting_party()?.clone();
        let reason = prose("reason", reason, NOTE_LENGTH_MAX)?;
        a_reason("reason", &reason)?;
        let command = Command::Appeal { unit, reason, now: self.desk.station.this_second() };
        self.ask(asked, named, command).await
    }

    pub(crate) async fn answer(
        &self,
        asked: &Asked,
        named: Named,
        (appeal, upheld, answer): (u32, bool, &str),
    ) -> Result<Recorded, Status> {
        let appeal = station::counted("appeal", appeal)?;
        let answer = prose("answer", answer, NOTE_LENGTH_MAX)?;
        a_reason("answer", &answer)?;
        self.ask(asked, named, Command::AnswerAppeal { appeal, upheld, answer }).await
    }
}

/// What was published, and what was said against it.
pub(crate) fn shown(state: &State) -> (Vec<wire::Publication>, Vec<wire::Appeal>) {
    let publication = |it: &Publication| {
        let published = Some(to_published(it));
        wire::Publication { published, text: it.text() }
    };
    let appeal = |(number, it): (u32, &Appeal)| wire::Appeal {
        appealed: Some(wire::PeriodAppealed {
            appeal: number,
            publication: it.publication,
            party: it.unit.to_string(),
            reason: it.reason.clone(),
        }),
        answered: it.answer.as_ref().map(|(upheld, answer)| wire::PeriodAppealAnswered {
            appeal: number,
            upheld: *upheld,
            answer: answer.clone(),
        }),
    };
    (state.publications.iter().map(publication).collect(), (1..).zip(&state.appeals).map(appeal).collect())
}

/// The methods as the table of who may do what names them.
macro_rules! method {
    ($name:literal) => {
        concat!("huying.evaluation.v1.PeriodService/", $name)
    };
}

impl PeriodDoor {
    async fn asked(&self, caller: Caller, action: &'static str, district: &str, period: &str) -> Result<Asked, Status> {
        self.0.asked(caller, action, district, (Whose::Called, period)).await
    }
}

#[tonic::async_trait]
impl PeriodService for PeriodDoor {
    async fn publish_period(
        &self,
        request: Request<PublishPeriodRequest>,
    ) -> Result<Response<PublishPeriodResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let asked = self.asked(caller, method!("PublishPeriod"), &request.district, &request.period).await?;
        let named = named(&request.command_id, &request)?;
        let Recorded { revision, position } = self.0.publish(&asked, named, &request.reason).await?;
        Ok(Response::new(PublishPeriodResponse { revision, position }))
    }

    async fn import_marks(
        &self,
        request: Request<ImportMarksRequest>,
    ) -> Result<Response<ImportMarksResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let asked = self.asked(caller, method!("ImportMarks"), &request.district, &request.period).await?;
        if !asked.name.span.is_year() {
            let description = format!("{} is no year: marks from elsewhere are part of a year's result", asked.name);
            return Err(Violation::new("period", "a-year", description).into());
        }
        let import = Import {
            source: line("source", &request.source, SOURCE_LENGTH_MAX)?,
            file: optional_line("file", &request.file, SOURCE_LENGTH_MAX)?,
            sha256: sha256_of(request.content.as_bytes()),
            marks: marks::read(&request.content, &asked.charter)?,
        };
        let named = named(&request.command_id, &request)?;
        let Recorded { revision, position } = self.0.ask(&asked, named, Command::Import(import)).await?;
        Ok(Response::new(ImportMarksResponse { revision, position }))
    }

    async fn appeal_period(
        &self,
        request: Request<AppealPeriodRequest>,
    ) -> Result<Response<AppealPeriodResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let asked = self.asked(caller, method!("AppealPeriod"), &request.district, &request.period).await?;
        let named = named(&request.command_id, &request)?;
        let Recorded { revision, position } = self.0.appeal(&asked, named, &request.reason).await?;
        Ok(Response::new(AppealPeriodResponse { revision, position }))
    }

    async fn answer_period_appeal(
        &self,
        request: Request<AnswerPeriodAppealRequest>,
    ) -> Result<Response<AnswerPeriodAppealResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let asked = self.asked(caller, method!("AnswerPeriodAppeal"), &request.district, &request.period).await?;
        let named = named(&request.command_id, &request)?;
        let said = (request.appeal, request.upheld, request.answer.as_str());
        let Recorded { revision, position } = self.0.answer(&asked, named, said).await?;
        Ok(Response::new(AnswerPeriodAppealResponse { revision, position }))
    }

    async fn get_period(&self, request: Request<GetPeriodRequest>) -> Result<Response<GetPeriodResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let asked = self.asked(caller, method!("GetPeriod"), &request.district, &request.period).await?;
        let (publications, appeals) = shown(&asked.snapshot.state);
        let marks = asked.snapshot.state.import.as_ref().map(to_import);
        Ok(Response::new(GetPeriodResponse { revision: asked.snapshot.revision.0, publications, appeals, marks }))
    }
}

/// Of what is held against somebody, a text that says something.
fn a_reason(field: &'static str, reason: &str) -> Result<(), Violation> {
    if says_why(reason) {
        return Ok(());
    }
    Err(Violation::new(field, "reason-required", "it takes a reason in writing, and this says none"))
}

fn unread(error: &ReadError) -> Status {
    match error {
        ReadError::Broker(error) | ReadError::Archive(archive::ShelfError::Broker(error)) => broker_status(error),
        ReadError::Archive(archive::ShelfError::Damaged(_)) => {
            tracing::error!(error = chain(error), "a filed case cannot be read (HY-008)");
            Status::internal("the archive is damaged here; it has been logged (HY-008)")
        }
        ReadError::Newer(_) | ReadError::Stopped => Status::unavailable(error.to_string()),
    }
}
