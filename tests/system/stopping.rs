//! Every service told to stop while somebody has a stream open to it: each stream ends so that its reader asks again, and
//! nobody holds up the stop.

use chassis::{Clock, Identity};
use futures::StreamExt;
use huying::client::{Authorised, authorised};
use proto::casebook::v1::WatchRequest;
use proto::casebook::v1::casebook_service_client::CasebookServiceClient;
use proto::intake::v1::{SubmitReply, SubmitStreamRequest, submit_reply};
use proto::responder::v1::WatchOrdersRequest;
use proto::responder::v1::responder_service_client::ResponderServiceClient;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tonic::{Code, Status, Streaming};

use crate::support::city::City;
use crate::support::installation::{acting, bridge, operator};
use crate::support::{WAIT, submission};

const DEPARTMENT: &str = "jiangan-parks";

async fn door(city: &City, service: &str, identity: &Identity) -> Authorised {
    let token = city.data().issuer().unwrap().issue(identity, Clock::real().real_now(), WAIT * 20);
    authorised(&city.grpc(service), &token).await.unwrap()
}

/// The status that ends a stream, after everything that still comes by it.
async fn end<T>(mut stream: Streaming<T>) -> Result<(), Status> {
    let rest = async {
        while stream.message().await?.is_some() {}
        Ok(())
    };
    timeout(WAIT, rest).await.expect("the stream goes on after the stop")
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_a_stream_open_hears_the_stop_and_every_process_ends_politely() {
    let city = City::start(&[DEPARTMENT]);
    let as_bridge = door(&city, "intake", &bridge("jiangan-hotline")).await;
    let first = SubmitStreamRequest { submission: Some(submission("jiangan", "open-1", "a stream that stays open")) };
    let mut submitting = huying::client::intake(as_bridge)
        .submit_stream(futures::stream::iter([first]).chain(futures::stream::pending()))
        .await
        .unwrap()
        .into_inner();
    let answer = submitting.message().await.unwrap().unwrap();
    let Some(SubmitReply { result: Some(submit_reply::Result::Ok(submitted)) }) = answer.reply else {
        panic!("not taken: {answer:?}");
    };
    let watch = WatchRequest { district: "jiangan".to_owned(), from_start: true, ..WatchRequest::default() };
    let mut casebook = CasebookServiceClient::new(door(&city, "casebook", &operator()).await);
    let mut watching = casebook.watch(watch).await.unwrap().into_inner();
    assert_eq!(watching.message().await.unwrap().unwrap().case_id, submitted.case_id);
    let department = door(&city, DEPARTMENT, &acting("department", DEPARTMENT)).await;
    let orders = ResponderServiceClient::new(department)
        .watch_orders(WatchOrdersRequest { from_start: true, ..WatchOrdersRequest::default() })
        .await;
    let orders = orders.unwrap().into_inner();

    let mut ends = JoinSet::new();
    ends.spawn(async move { ("SubmitStream", end(submitting).await) });
    ends.spawn(async move { ("Watch", end(watching).await) });
    ends.spawn(async move { ("WatchOrders", end(orders).await) });
    let impolite = tokio::task::block_in_place(|| city.stop());
    assert_eq!(impolite, Vec::<String>::new(), "told to stop, these did not do so politely");
    for (stream, ended) in ends.join_all().await {
        assert_eq!(ended.map_err(|status| status.code()), Err(Code::Unavailable), "{stream}");
    }
}
