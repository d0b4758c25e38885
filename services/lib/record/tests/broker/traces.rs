//! One case is one story in the tracing backend: whoever asked, the commit, and whoever follows it.

use async_nats::jetstream;
use ids::Owner;
use opentelemetry::trace::{TraceContextExt, TraceId, TracerProvider};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use proto::streams::{CASES, record_consumer};
use tokio::sync::mpsc;
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::layer::SubscriberExt;

use crate::tally::Command;
use crate::world::{World, case, request, soon};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_and_who_follows_it_belong_to_the_trace_of_who_asked() {
    let provider = SdkTracerProvider::builder().build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).unwrap();
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    let world = World::new().await;
    let (tell, mut told) = mpsc::unbounded_channel();
    let follower = world.broker.follower(CASES, &record_consumer(Owner::Dispatch)).await.unwrap();
    world.tasks.spawn(follower.run(world.stop.clone(), move |_| {
        let tell = tell.clone();
        async move {
            tell.send(trace_of(&Span::current())).unwrap();
            Ok(())
        }
    }));

    let asked = tracing::info_span!("asked");
    let book = world.book().await;
    book.decide(&case("a"), request(Command::Add(1))).instrument(asked.clone()).await.unwrap();

    let stored = jetstream::new(world.stranger().await).get_stream(CASES).await.unwrap().direct_get(1).await.unwrap();
    let parent = stored.headers.get("traceparent").map(|value| value.as_str().to_owned()).unwrap_or_default();
    assert!(parent.contains(&trace_of(&asked).to_string()), "{parent:?} is of another trace");
    assert_eq!(soon("the follower", told.recv()).await, Some(trace_of(&asked)));
}

fn trace_of(span: &Span) -> TraceId {
    span.context().span().span_context().trace_id()
}
