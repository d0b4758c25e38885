//! The desk over gRPC: for the department's own systems, each of which sees its own department and no other.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};

use futures::{Stream, StreamExt, stream};
use ids::{CaseId, Code, CommandId};
use proto::common::v1::{Colour, Role};
use proto::dispatch::v1::answer::Answer as Said;
use proto::dispatch::v1::{
    Answer, AnswerSupervision, Done, Progress, RelatedCase, ReportIn, Respond, Return, TaskDoneAnswer,
};
use proto::responder::v1::responder_service_server::{ResponderService, ResponderServiceServer};
use proto::responder::v1::{
    AnswerStatus, AnswerSupervisionRequest, AnswerSupervisionResponse, CompleteTaskRequest, CompleteTaskResponse,
    DoneRequest, DoneResponse, ListCallsRequest, ListCallsResponse, ListOrdersRequest, ListOrdersResponse,
    ProgressRequest, ProgressResponse, ReceivedOrder, ReportInRequest, ReportInResponse, RespondRequest,
    RespondResponse, ReturnRequest, ReturnResponse, SeeRefusedRequest, SeeRefusedResponse, SpawnRelatedCaseRequest,
    SpawnRelatedCaseResponse, WatchOrdersRequest, WatchOrdersResponse,
};
use record::Refused;
use station::{BadInput, Caller, Refuse, Violation, already_exists, status_of};
use tonic::{Code as Grpc, Request, Response, Status};

use crate::department::{BadCursor, Department, Since};
use crate::outbox::AnswerError;
use crate::store::{Page, Place, Reach, StoreError, Which};
use crate::wire::keep;

/// Calls in one answer, where whoever asks wants fewer than fit.
const PAGE_SIZE_MAX: usize = 1000;
/// Orders in one answer: fewer than are read at once, each with up to 64 KiB of what was added.
const ORDERS_MAX: usize = 200;
const ORDERS_DEFAULT: usize = 50;

/// Departments behind one door. Whom a call is for is what its token says, never what it claims.
#[derive(Clone, Default)]
pub struct Fleet(Arc<RwLock<HashMap<Code, Department>>>);

/// One gRPC service for all of these departments.
pub fn fleet(departments: impl IntoIterator<Item = Department>) -> ResponderServiceServer<Fleet> {
    let fleet = Fleet::default();
    departments.into_iter().for_each(|department| fleet.join(department));
    fleet.door()
}

impl Fleet {
    /// Serves this department too, from now on.
    pub fn join(&self, department: Department) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(department.code().clone(), department);
    }

    /// The gRPC service for all who have joined or will.
    #[must_use]
    pub fn door(&self) -> ResponderServiceServer<Self> {
        ResponderServiceServer::new(self.clone())
    }

    fn department<T>(&self, request: &Request<T>) -> Result<(Department, Caller), Status> {
        let caller = Caller::of(request)?;
        // What is kept here is the department's own, whatever is asked of it.
        if caller.role != Role::Department {
            return Err(Status::permission_denied("only a department's own people work at its desk"));
        }
        let party = caller.acting_party()?;
        let department =
            self.0.read().unwrap_or_else(PoisonError::into_inner).get(party).cloned().ok_or_else(|| {
                Status::permission_denied(format!("the token is for {party}, which is not served here"))
            })?;
        Ok((department, caller))
    }

    async fn answer<T>(
        &self,
        request: Request<T>,
        answer: impl FnOnce(T) -> Answer,
    ) -> Result<Option<AnswerStatus>, Status> {
        let (department, caller) = self.department(&request)?;
        let answer = answer(request.into_inner());
        if caller.district.as_ref().is_some_and(|district| district.as_str() != answer.district) {
            return Err(Status::not_found(format!("there is no call in {:?} for this token", answer.district)));
        }
        let case_id = answer.case_id.clone();
        department.answer(answer).await.map(Some).map_err(|error| answer_status(error, &case_id))
    }
}

fn answer_status(error: AnswerError, case_id: &str) -> Status {
    let text = error.to_string();
    match error {
        AnswerError::BadInput(input) => input.into(),
        AnswerError::AnotherAnswer => already_exists(case_id, &text),
        AnswerError::Full => Status::resource_exhausted(text),
        AnswerError::NotKept(error) => store_status(&error),
    }
}

fn store_status(error: &StoreError) -> Status {
    tracing::error!(%error, "the local store is out of reach");
    Status::unavailable("the local store is out of reach, it has been logged; send it again")
}

/// Nobody can have seen it.
#[derive(Debug, thiserror::Error)]
#[error("no answer about {case_id} under the command id {command_id} was refused")]
struct NoneRefused {
    case_id: String,
    command_id: String,
}

impl Refuse for NoneRefused {
    fn code(&self) -> Grpc {
        Grpc::NotFound
    }

    fn rule(&self) -> &'static str {
        "none-refused"
    }
}

/// Which calls are asked for, and which part of them.
fn listed(request: &ListCallsRequest) -> Result<(Which, Page), Status> {
    let ListCallsRequest { all, open, colour, page_size, page_token } = request;
    let mut problems = Vec::new();
    if *all && *open {
        problems.push(Violation::new("open", "with-all", "what is over is not open: one of the two"));
    }
    let known = Colour::try_from(*colour);
    if known.is_err() {
        problems.push(Violation::new("colour", "form", format!("{colour} is not known here")));
    }
    let after = (!page_token.is_empty()).then(|| page_token.parse::<Place>()).transpose();
    if let Err(error) = &after {
        problems.push(Violation::new("page_token", "form", error.to_string()));
    }
    let (Ok(colour), Ok(after), true) = (known, after, problems.is_empty()) else {
        return Err(BadInput(problems).into());
    };
    let size = match *page_size {
        0 => usize::MAX,
        size => usize::try_from(size).unwrap_or(usize::MAX).min(PAGE_SIZE_MAX),
    };
    let reach = match (open, all) {
        (true, _) => Reach::Open,
        (false, true) => Reach::Over,
        (false, false) => Reach::Done,
    };
    Ok((Which { reach, colour: Some(colour).filter(|it| *it != Colour::Unspecified) }, Page { size, after }))
}

/// Where a watch begins.
fn since(department: &Department, request: &WatchOrdersRequest) -> Result<Since, Status> {
    let WatchOrdersRequest { from_start, after } = request;
    if after.is_empty() {
        return Ok(if *from_start { Since::Start } else { Since::Now });
    }
    if *from_start {
        let description = "behind a cursor is not the start: one of the two";
        return Err(Violation::new("after", "with-from-start", description).into());
    }
    department.resume(after).map_err(cursor_status)
}

fn cursor_status(bad: BadCursor) -> Status {
    match bad {
        BadCursor::Form => Violation::new("after", "form", bad.to_string()).into(),
        BadCursor::AnotherFile => Status::out_of_range(bad.to_string()),
    }
}

/// An answer that was given here, by its name.
fn named(district: &str, case: &str, command: &str) -> Result<(Code, CaseId, CommandId), Status> {
    let mut problems = Vec::new();
    let district = keep("district", "code", district.parse(), &mut problems);
    let case = keep("case_id", "case-id", case.parse(), &mut problems);
    let command = keep("command_id", "command-id", command.parse(), &mut problems);
    match (district, case, command) {
        (Some(district), Some(case), Some(command)) => Ok((district, case, command)),
        _ => Err(BadInput(problems).into()),
    }
}

#[tonic::async_trait]
impl ResponderService for Fleet {
    async fn list_calls(&self, request: Request<ListCallsRequest>) -> Result<Response<ListCallsResponse>, Status> {
        let (department, _) = self.department(&request)?;
        let (which, page) = listed(request.get_ref())?;
        let failed = |error| store_status(&error);
        let (calls, next) = department.page_of_calls(which, page).await.map_err(failed)?;
        let refused_answers = department.refused().await.map_err(failed)?;
        let next_page_token = next.map(|place| place.to_string()).unwrap_or_default();
        Ok(Response::new(ListCallsResponse { calls, next_page_token, refused_answers }))
    }

    async fn see_refused(&self, request: Request<SeeRefusedRequest>) -> Result<Response<SeeRefusedResponse>, Status> {
        let (department, _) = self.department(&request)?;
        let SeeRefusedRequest { district, case_id, command_id } = request.into_inner();
        let (district, case, command) = named(&district, &case_id, &command_id)?;
        if department.see_refused(district, case, command).await.map_err(|error| store_status(&error))? {
            return Ok(Response::new(SeeRefusedResponse {}));
        }
        Err(status_of(Refused::Rule(NoneRefused { case_id, command_id })))
    }

    type WatchOrdersStream = Pin<Box<dyn Stream<Item = Result<WatchOrdersResponse, Status>> + Send>>;

    async fn watch_orders(
        &self,
        request: Request<WatchOrdersRequest>,
    ) -> Result<Response<Self::WatchOrdersStream>, Status> {
        let (department, _) = self.department(&request)?;
        let since = since(&department, request.get_ref())?;
        let orders = department.orders_with_cursors(since);
        let orders = orders.map(|(order, cursor)| WatchOrdersResponse { order: Some(order), cursor, refused: None });
        let refusals = department.refusals();
        let refusals =
            refusals.map(|refused| WatchOrdersResponse { refused: Some(refused), ..WatchOrdersResponse::default() });
        // It goes on by itself, so an end of it is never the last order.
        let ended = stream::once(async { Err(chassis::leaving()) });
        Ok(Response::new(Box::pin(stream::select(orders, refusals).map(Ok).chain(ended))))
    }

    async fn list_orders(&self, request: Request<ListOrdersRequest>) -> Result<Response<ListOrdersResponse>, Status> {
        let (department, _) = self.department(&request)?;
        let ListOrdersRequest { after, page_size } = request.into_inner();
        let size = match page_size {
            0 => ORDERS_DEFAULT,
            size => usize::try_from(size).unwrap_or(ORDERS_MAX).min(ORDERS_MAX),
        };
        let failed = |error| store_status(&error);
        let page = department.page_of_orders(&after, size).await.map_err(failed)?.map_err(cursor_status)?;
        let orders =
            page.orders.into_iter().map(|(order, cursor)| ReceivedOrder { order: Some(order), cursor }).collect();
        let refused_answers = department.refused().await.map_err(failed)?;
        Ok(Response::new(ListOrdersResponse { orders, next_cursor: page.next, more: page.more, refused_answers }))
    }

    async fn respond(&self, request: Request<RespondRequest>) -> Result<Response<RespondResponse>, Status> {
        let status = self
            .answer(request, |RespondRequest { district, case_id, call, command_id, officer }| Answer {
                district,
                case_id,
                call,
                command_id,
                answer: Some(Said::Respond(Respond { officer })),
            })
            .await?;
        Ok(Response::new(RespondResponse { status }))
    }

    async fn report_in(&self, request: Request<ReportInRequest>) -> Result<Response<ReportInResponse>, Status> {
        let status = self
            .answer(
                request,
                |ReportInRequest { district, case_id, call, command_id, officer, owns_matter, check_in }| Answer {
                    district,
                    case_id,
                    call,
                    command_id,
                    answer: Some(Said::ReportIn(ReportIn { officer, owns_matter, check_in })),
                },
            )
            .await?;
        Ok(Response::new(ReportInResponse { status }))
    }

    async fn progress(&self, request: Request<ProgressRequest>) -> Result<Response<ProgressResponse>, Status> {
        let status = self
            .answer(request, |ProgressRequest { district, case_id, call, command_id, kind, note }| Answer {
                district,
                case_id,
                call,
                command_id,
                answer: Some(Said::Progress(Progress { kind, note })),
            })
            .await?;
        Ok(Response::new(ProgressResponse { status }))
    }

    async fn complete_task(
        &self,
        request: Request<CompleteTaskRequest>,
    ) -> Result<Response<CompleteTaskResponse>, Status> {
        let status = self
            .answer(request, |CompleteTaskRequest { district, case_id, call, command_id, task, note, evidence }| {
                Answer {
                    district,
                    case_id,
                    call,
                    command_id,
                    answer: Some(Said::TaskDone(TaskDoneAnswer { task, note, evidence })),
                }
            })
            .await?;
        Ok(Response::new(CompleteTaskResponse { status }))
    }

    async fn done(&self, request: Request<DoneRequest>) -> Result<Response<DoneResponse>, Status> {
        let status = self
            .answer(request, |DoneRequest { district, case_id, call, command_id, outcome, note, evidence }| Answer {
                district,
                case_id,
                call,
                command_id,
                answer: Some(Said::Done(Done { outcome, note, evidence })),
            })
            .await?;
        Ok(Response::new(DoneResponse { status }))
    }

    async fn r#return(&self, request: Request<ReturnRequest>) -> Result<Response<ReturnResponse>, Status> {
        let status = self
            .answer(request, |ReturnRequest { district, case_id, call, command_id, basis, reason, proposes }| Answer {
                district,
                case_id,
                call,
                command_id,
                answer: Some(Said::Return(Return { basis, reason, proposes })),
            })
            .await?;
        Ok(Response::new(ReturnResponse { status }))
    }

    async fn answer_supervision(
        &self,
        request: Request<AnswerSupervisionRequest>,
    ) -> Result<Response<AnswerSupervisionResponse>, Status> {
        let status = self
            .answer(request, |AnswerSupervisionRequest { district, case_id, call, command_id, order, note }| Answer {
                district,
                case_id,
                call,
                command_id,
                answer: Some(Said::AnswerSupervision(AnswerSupervision { order, note })),
            })
            .await?;
        Ok(Response::new(AnswerSupervisionResponse { status }))
    }

    async fn spawn_related_case(
        &self,
        request: Request<SpawnRelatedCaseRequest>,
    ) -> Result<Response<SpawnRelatedCaseResponse>, Status> {
        let status = self
            .answer(
                request,
                |SpawnRelatedCaseRequest { district, case_id, call, command_id, title, text, place, category }| {
                    Answer {
                        district,
                        case_id,
                        call,
                        command_id,
                        answer: Some(Said::RelatedCase(RelatedCase { title, text, place, category })),
                    }
                },
            )
            .await?;
        Ok(Response::new(SpawnRelatedCaseResponse { status }))
    }
}

#[cfg(test)]
mod tests {
    use chassis::{Clock, Identity, Service, ServiceParts};
    use proto::common::v1::Officer;

    use super::*;
    use crate::department::DepartmentConfig;
    use crate::fixtures::case;

    /// Two departments in one process, and no hub.
    async fn two_departments(data: &std::path::Path) -> (Fleet, Service) {
        let service = Service::new("responder", ServiceParts { clock: Clock::real(), verifier: None });
        let mut departments = HashMap::new();
        for code in ["wuchang-jsj", "wuchang-swj"].map(|code| code.parse::<Code>().unwrap()) {
            let station = station::Config {
                nats_url: "nats://127.0.0.1:1".to_owned(),
                nats_nkey_file: None,
                nats_nkey_seed: None,
                play: false,
                writer: None,
            };
            let config = DepartmentConfig { station, data_dir: data.to_owned(), auto: None };
            departments.insert(code.clone(), Department::open(code, config, &service).await.unwrap());
        }
        (Fleet(Arc::new(RwLock::new(departments))), service)
    }

    fn from<T>(role: &str, party: &str, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let (role, party, district) = (role.to_owned(), party.to_owned(), "wuchang".to_owned());
        request.extensions_mut().insert(Identity { role, party, district, staff_ref: "w-017".to_owned() });
        request
    }

    fn response(district: &str) -> RespondRequest {
        let officer = Some(Officer { staff_ref: "w-017".to_owned(), post: String::new() });
        let (district, case_id) = (district.to_owned(), case(1).to_string());
        RespondRequest { district, case_id, call: 1, command_id: "c-1".to_owned(), officer }
    }

    #[tokio::test]
    async fn a_token_answers_for_its_own_department_and_no_other() {
        let data = tempfile::tempdir().unwrap();
        let (fleet, _service) = two_departments(data.path()).await;
        for (role, party, district) in [
            ("street", "wuchang-jsj", "wuchang"),
            ("department", "wuchang-gaj", "wuchang"),
            ("department", "", "wuchang"),
            ("department", "wuchang-jsj", "heping"),
        ] {
            let refused = fleet.respond(from(role, party, response(district))).await.unwrap_err();
            let denied = if district == "heping" { Grpc::NotFound } else { Grpc::PermissionDenied };
            assert_eq!(refused.code(), denied, "{role} {party} {district}");
        }
        let misread = RespondRequest { case_id: "261121".to_owned(), ..response("wuchang") };
        let refused = fleet.respond(from("department", "wuchang-jsj", misread)).await.unwrap_err();
        assert_eq!(refused.code(), Grpc::InvalidArgument);

        let waiting = |code: &str| fleet.0.read().unwrap()[code].waiting_answers();
        {
            let mut asking = std::pin::pin!(fleet.respond(from("department", "wuchang-jsj", response("wuchang"))));
            while waiting("wuchang-jsj") == 0 {
                assert!(futures::poll!(&mut asking).is_pending());
                tokio::task::yield_now().await;
            }
        }
        assert_eq!((waiting("wuchang-jsj"), waiting("wuchang-swj")), (1, 0));
    }
}
