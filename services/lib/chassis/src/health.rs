//! The gRPC side of readiness: `grpc.health.v1`, for the process ("") and every service it serves.

use std::pin::Pin;

use tokio_stream::wrappers::WatchStream;
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::Health;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::readiness::Readiness;

/// Answers from the gates themselves, so that it never lags behind `/readyz`.
pub(crate) struct FromReadiness {
    pub(crate) readiness: Readiness,
    pub(crate) names: Vec<&'static str>,
}

impl FromReadiness {
    fn must_serve(&self, name: &str) -> Result<(), Status> {
        if name.is_empty() || self.names.contains(&name) {
            return Ok(());
        }
        Err(Status::not_found(format!("this process serves {:?}", self.names)))
    }
}

#[tonic::async_trait]
impl Health for FromReadiness {
    async fn check(&self, request: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        self.must_serve(&request.get_ref().service)?;
        Ok(Response::new(answer(self.readiness.is_ready())))
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn watch(&self, request: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        self.must_serve(&request.get_ref().service)?;
        // A watcher that never left would hold up every stop: the last it hears is that we are leaving.
        let states = WatchStream::new(self.readiness.watch())
            .take_while(|state| !state.stopping)
            .map(|state| Ok(answer(state.is_ready())))
            .chain(tokio_stream::once(Ok(answer(false))));
        Ok(Response::new(Box::pin(states)))
    }
}

fn answer(ready: bool) -> HealthCheckResponse {
    let status = if ready { ServingStatus::Serving } else { ServingStatus::NotServing };
    HealthCheckResponse { status: status.into() }
}
