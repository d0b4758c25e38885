//! A service of one method to call, and what it takes to call it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::http::uri::PathAndQuery;
use axum::http::{Request as HttpRequest, Response as HttpResponse};
use chassis::{Clock, Identity, Issuer, Process, ProcessConfig, Running, Service};
use tokio::sync::Notify;
use tonic::body::Body;
use tonic::server::{NamedService, UnaryService};
use tonic::transport::Channel;
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

pub const HOUR: Duration = Duration::from_secs(3600);

/// A service of one method: it answers with who asked, and lingers if it is asked to.
#[derive(Clone, Default)]
pub struct Desk {
    pub entered: Arc<Notify>,
    pub leave: Arc<Notify>,
}

type Answer<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

impl NamedService for Desk {
    const NAME: &'static str = "test.v1.Desk";
}

impl tonic::codegen::Service<HttpRequest<Body>> for Desk {
    type Response = HttpResponse<Body>;
    type Error = Infallible;
    type Future = Answer<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequest<Body>) -> Self::Future {
        let desk = self.clone();
        let mut grpc = tonic::server::Grpc::new(ProstCodec::<String, String>::default());
        Box::pin(async move { Ok(grpc.unary(desk, request).await) })
    }
}

impl UnaryService<String> for Desk {
    type Response = String;
    type Future = Answer<Response<String>, Status>;

    fn call(&mut self, request: Request<String>) -> Self::Future {
        let desk = self.clone();
        Box::pin(async move {
            if request.get_ref() == "linger" {
                desk.entered.notify_one();
                desk.leave.notified().await;
            }
            let caller = chassis::identity(&request)?;
            Ok(Response::new(format!("{} of {}", caller.staff_ref, caller.district)))
        })
    }
}

/// A process on free ports, and the service whose doors it will open.
pub async fn process(issuer: Option<&Issuer>) -> (Process, Service) {
    let key = tempfile::NamedTempFile::new().unwrap();
    let identity_key_file = issuer.map(|issuer| {
        std::fs::write(key.path(), issuer.public_pem()).unwrap();
        key.path().to_owned()
    });
    Process::start(ProcessConfig { identity_key_file, ..free_ports() }, "clockwork", Clock::real()).await.unwrap()
}

pub fn free_ports() -> ProcessConfig {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    ProcessConfig { grpc_listen: any, http_listen: any, ..ProcessConfig::default() }
}

pub fn clerk() -> Identity {
    Identity { role: "desk".into(), party: String::new(), district: "wuchang".into(), staff_ref: "w-017".into() }
}

pub async fn channel(running: &Running) -> Channel {
    Channel::from_shared(format!("http://{}", running.grpc_addr())).unwrap().connect().await.unwrap()
}

pub async fn ask(channel: &Channel, token: Option<&str>, question: &str) -> Result<String, Status> {
    let mut request = Request::new(question.to_owned());
    if let Some(token) = token {
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    }
    send(channel, request).await
}

pub async fn send(channel: &Channel, request: Request<String>) -> Result<String, Status> {
    let mut client = tonic::client::Grpc::new(channel.clone());
    client.ready().await.unwrap();
    let path = PathAndQuery::from_static("/test.v1.Desk/Ask");
    Ok(client.unary(request, path, ProstCodec::<String, String>::default()).await?.into_inner())
}
