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
use prost::Message;
use prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto,
    ServiceDescriptorProto,
};
use tokio::sync::Notify;
use tokio_stream::{Stream, StreamExt};
use tonic::body::Body;
use tonic::server::{NamedService, ServerStreamingService, StreamingService, UnaryService};
use tonic::transport::Channel;
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;

pub const HOUR: Duration = Duration::from_secs(3600);

/// A service: `Ask` answers with who asked, lingers if it is asked to, and dies of one question; `Talk` answers each
/// question of a stream; `Watch` tells of every question ever asked of it, and never ends.
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
        Box::pin(async move {
            Ok(match request.uri().path() {
                "/test.v1.Desk/Talk" => grpc.streaming(desk, request).await,
                "/test.v1.Desk/Watch" => grpc.server_streaming(desk, request).await,
                _ => grpc.unary(desk, request).await,
            })
        })
    }
}

pub type Answers = Pin<Box<dyn Stream<Item = Result<String, Status>> + Send>>;

/// What somebody says who dies of a question.
fn answered(question: &str) -> String {
    assert_ne!(question, "poison", "an invariant broke");
    format!("answer to {question}")
}

impl StreamingService<String> for Desk {
    type Response = String;
    type ResponseStream = Answers;
    type Future = Answer<Response<Answers>, Status>;

    fn call(&mut self, request: Request<Streaming<String>>) -> Self::Future {
        let desk = self.clone();
        let answers = request.into_inner().then(move |question| {
            let desk = desk.clone();
            async move {
                let question = question?;
                if question == "linger" {
                    desk.entered.notify_one();
                    desk.leave.notified().await;
                }
                Ok(answered(&question))
            }
        });
        Box::pin(async move { Ok(Response::new(Box::pin(answers) as Answers)) })
    }
}

impl ServerStreamingService<String> for Desk {
    type Response = String;
    type ResponseStream = Answers;
    type Future = Answer<Response<Answers>, Status>;

    fn call(&mut self, request: Request<String>) -> Self::Future {
        let first = tokio_stream::once(Ok(answered(request.get_ref())));
        let answers = Box::pin(first.chain(tokio_stream::pending())) as Answers;
        Box::pin(async move { Ok(Response::new(answers)) })
    }
}

/// The contract of the service, as reflection would have it.
pub fn descriptors() -> &'static [u8] {
    let method = |name: &str, asks: bool, answers: bool| MethodDescriptorProto {
        name: Some(name.to_owned()),
        client_streaming: Some(asks),
        server_streaming: Some(answers),
        input_type: Some(".google.protobuf.StringValue".to_owned()),
        output_type: Some(".google.protobuf.StringValue".to_owned()),
        ..MethodDescriptorProto::default()
    };
    let desk = ServiceDescriptorProto {
        name: Some("Desk".to_owned()),
        method: vec![method("Ask", false, false), method("Talk", true, true), method("Watch", false, true)],
        ..ServiceDescriptorProto::default()
    };
    let value = FieldDescriptorProto {
        name: Some("value".to_owned()),
        number: Some(1),
        r#type: Some(9),
        label: Some(1),
        ..FieldDescriptorProto::default()
    };
    let text =
        DescriptorProto { name: Some("StringValue".to_owned()), field: vec![value], ..DescriptorProto::default() };
    let wrappers = FileDescriptorProto {
        name: Some("google/protobuf/wrappers.proto".to_owned()),
        package: Some("google.protobuf".to_owned()),
        message_type: vec![text],
        ..FileDescriptorProto::default()
    };
    let contract = FileDescriptorProto {
        name: Some("test/v1/desk.proto".to_owned()),
        package: Some("test.v1".to_owned()),
        dependency: vec!["google/protobuf/wrappers.proto".to_owned()],
        service: vec![desk],
        ..FileDescriptorProto::default()
    };
    FileDescriptorSet { file: vec![wrappers, contract] }.encode_to_vec().leak()
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
            answered(request.get_ref());
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

/// A stream of questions, and the stream of answers.
pub async fn talk(
    channel: &Channel,
    token: &str,
    questions: impl Stream<Item = String> + Send + 'static,
) -> Result<Streaming<String>, Status> {
    let mut client = tonic::client::Grpc::new(channel.clone());
    client.ready().await.unwrap();
    let path = PathAndQuery::from_static("/test.v1.Desk/Talk");
    let request = signed(Request::new(questions), token);
    Ok(client.streaming(request, path, ProstCodec::<String, String>::default()).await?.into_inner())
}

pub async fn watch(channel: &Channel, token: &str, question: &str) -> Result<Streaming<String>, Status> {
    let mut client = tonic::client::Grpc::new(channel.clone());
    client.ready().await.unwrap();
    let path = PathAndQuery::from_static("/test.v1.Desk/Watch");
    let request = signed(Request::new(question.to_owned()), token);
    Ok(client.server_streaming(request, path, ProstCodec::<String, String>::default()).await?.into_inner())
}

fn signed<T>(mut request: Request<T>, token: &str) -> Request<T> {
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}

pub async fn send(channel: &Channel, request: Request<String>) -> Result<String, Status> {
    let mut client = tonic::client::Grpc::new(channel.clone());
    client.ready().await.unwrap();
    let path = PathAndQuery::from_static("/test.v1.Desk/Ask");
    Ok(client.unary(request, path, ProstCodec::<String, String>::default()).await?.into_inner())
}

/// What is no question: a number where the text should be.
pub async fn mumble(channel: &Channel, token: &str) -> Result<String, Status> {
    let mut client = tonic::client::Grpc::new(channel.clone());
    client.ready().await.unwrap();
    let path = PathAndQuery::from_static("/test.v1.Desk/Ask");
    let request = signed(Request::new(7), token);
    Ok(client.unary(request, path, ProstCodec::<u32, String>::default()).await?.into_inner())
}
