//! What a collector receives.

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

use chassis::telemetry::Telemetry;
use chassis::{Issuer, Outcome, ProcessConfig};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

use crate::desk::{Desk, HOUR, channel, clerk, process, send};

const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER_SPAN_ID: &str = "00f067aa0ba902b7";

// The exporter's connection lives on the runtime while its last spans are waited for, so one thread is not enough.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_a_child_of_its_callers_span() {
    let (collector, mut received) = mpsc::unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let otlp_endpoint = Some(format!("http://{}", listener.local_addr().unwrap()));
    let mut servers = JoinSet::new();
    servers.spawn(
        Server::builder()
            .add_service(TraceServiceServer::new(Collector(collector)))
            .serve_with_incoming(TcpIncoming::from(listener)),
    );
    let config = ProcessConfig { otlp_endpoint, log: "off".to_owned(), ..ProcessConfig::default() };
    let telemetry = Telemetry::init(&config.logging("clockwork")).unwrap();

    let issuer = Issuer::generate();
    let (process, mut service) = process(Some(&issuer)).await;
    service.grpc(Desk::default());
    let token = issuer.issue(&clerk(), service.clock().real_now(), HOUR);
    let running = process.serve(service).await.unwrap();
    let mut request = Request::new("who am I?".to_owned());
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    request.metadata_mut().insert("traceparent", format!("00-{TRACE_ID}-{CALLER_SPAN_ID}-01").parse().unwrap());
    send(&channel(&running).await, request).await.unwrap();
    running.stop();
    assert_eq!(running.wait().await, Outcome::Polite);
    drop(telemetry);

    let mut ours = Vec::new();
    while let Ok(export) = received.try_recv() {
        for resource in export.resource_spans {
            let named = format!("{:?}", resource.resource);
            assert!(named.contains("service.name") && named.contains("clockwork"), "{named}");
            let spans = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
            ours.extend(spans.filter(|span| hex(&span.trace_id) == TRACE_ID));
        }
    }
    let [span] = &ours[..] else { panic!("not one span of the caller's trace: {ours:#?}") };
    assert_eq!(hex(&span.parent_span_id), CALLER_SPAN_ID);
    assert_eq!((span.name.as_str(), span.kind()), ("test.v1.Desk/Ask", SpanKind::Server));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

struct Collector(mpsc::UnboundedSender<ExportTraceServiceRequest>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.0.send(request.into_inner()).unwrap();
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}
