//! The services, each asked with the token of whoever is signed in.

use std::time::Duration;

use anyhow::Context;
use chassis::{Bearer, on_demand};
use proto::casebook::v1::Freshness;
use proto::casebook::v1::casebook_service_client::CasebookServiceClient;
use proto::dispatch::v1::dispatch_service_client::DispatchServiceClient;
use proto::enforcement_center::v1::enforcement_center_service_client::EnforcementCenterServiceClient;
use proto::evaluation::v1::evaluation_service_client::EvaluationServiceClient;
use proto::evaluation::v1::period_service_client::PeriodServiceClient;
use proto::intake::v1::intake_service_client::IntakeServiceClient;
use proto::responder::v1::responder_service_client::ResponderServiceClient;
use proto::triage::v1::triage_service_client::TriageServiceClient;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::config::Config;
use crate::session::Person;

/// Largest answer read, in bytes: a case with the longest history there can be.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How long somebody waits for a page before they are told that a service does not answer.
const ANSWER_MAX: Duration = Duration::from_secs(15);
/// How long a service may take to say how it is.
const HEALTH_MAX: Duration = Duration::from_secs(3);

/// What a list shows is all that was recorded before it was asked for.
pub const CURRENT: Freshness = Freshness { at_least: 0, current: true };

/// Ways to the services. A way connects when it is first used.
pub struct Doors {
    casebook: Channel,
    intake: Channel,
    triage: Channel,
    dispatch: Channel,
    enforcement_center: Channel,
    evaluation: Channel,
    responder: Channel,
}

/// A service as somebody asks it.
pub type Asked = InterceptedService<Channel, OnBehalf>;

/// Adds the token, and how long an answer may take.
#[derive(Clone, Debug)]
pub struct OnBehalf(Bearer);

impl Interceptor for OnBehalf {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.set_timeout(ANSWER_MAX);
        self.0.call(request)
    }
}

impl Doors {
    /// # Errors
    /// An address is none.
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        let way = |url: &Option<String>| {
            let url = url.as_ref().unwrap_or(&config.services_url);
            on_demand(url).with_context(|| format!("the way to {url}"))
        };
        Ok(Self {
            casebook: way(&config.casebook_url)?,
            intake: way(&config.intake_url)?,
            triage: way(&config.triage_url)?,
            dispatch: way(&config.dispatch_url)?,
            enforcement_center: way(&config.enforcement_center_url)?,
            evaluation: way(&config.evaluation_url)?,
            responder: way(&config.responder_url)?,
        })
    }

    /// The services, each with whether it says that it is ready; none: it does not answer. They are asked at once.
    pub async fn standing(&self) -> Vec<(&'static str, Option<bool>)> {
        let doors = [
            ("intake", &self.intake),
            ("triage", &self.triage),
            ("dispatch", &self.dispatch),
            ("enforcement-center", &self.enforcement_center),
            ("evaluation", &self.evaluation),
            ("casebook", &self.casebook),
        ];
        let asked = doors.map(async |(name, door)| {
            let mut request = Request::new(HealthCheckRequest::default());
            request.set_timeout(HEALTH_MAX);
            let answer = HealthClient::new(door.clone()).check(request).await.ok();
            (name, answer.map(|answer| answer.into_inner().status() == ServingStatus::Serving))
        });
        futures::future::join_all(asked).await
    }

    pub fn casebook(&self, person: &Person) -> CasebookServiceClient<Asked> {
        CasebookServiceClient::new(behalf(&self.casebook, person)).max_decoding_message_size(ANSWER_BYTES_MAX)
    }

    /// For what goes on by itself: it is not cut off when it lasts.
    pub fn casebook_for_long(&self, person: &Person) -> CasebookServiceClient<InterceptedService<Channel, Bearer>> {
        CasebookServiceClient::new(InterceptedService::new(self.casebook.clone(), person.bearer.clone()))
    }

    pub fn intake(&self, person: &Person) -> IntakeServiceClient<Asked> {
        IntakeServiceClient::new(behalf(&self.intake, person))
    }

    pub fn triage(&self, person: &Person) -> TriageServiceClient<Asked> {
        TriageServiceClient::new(behalf(&self.triage, person))
    }

    pub fn dispatch(&self, person: &Person) -> DispatchServiceClient<Asked> {
        DispatchServiceClient::new(behalf(&self.dispatch, person))
    }

    pub fn enforcement_center(&self, person: &Person) -> EnforcementCenterServiceClient<Asked> {
        EnforcementCenterServiceClient::new(behalf(&self.enforcement_center, person))
            .max_decoding_message_size(ANSWER_BYTES_MAX)
    }

    pub fn evaluation(&self, person: &Person) -> EvaluationServiceClient<Asked> {
        EvaluationServiceClient::new(behalf(&self.evaluation, person))
    }

    pub fn periods(&self, person: &Person) -> PeriodServiceClient<Asked> {
        PeriodServiceClient::new(behalf(&self.evaluation, person))
    }

    pub fn responder(&self, person: &Person) -> ResponderServiceClient<Asked> {
        ResponderServiceClient::new(behalf(&self.responder, person))
    }
}

fn behalf(channel: &Channel, person: &Person) -> Asked {
    InterceptedService::new(channel.clone(), OnBehalf(person.bearer.clone()))
}
