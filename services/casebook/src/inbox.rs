//! What bridges ask over NATS, and are answered as over gRPC: one of their cases on `in.<bridge>.get`, and what became of them on
//! `in.<bridge>.changes`.

use std::sync::Arc;

use proto::casebook::v1::{
    GetReply, GetResponse, ListChangesReply, ListChangesResponse, get_reply, list_changes_reply,
};
use proto::common::v1::Role;
use proto::subjects::BridgeVerb;
use record::{IncomingRequest, Unhandled};
use station::{Caller, asking_bridge, in_kind, question, refusal_of};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::grpc::Door;

/// Replicas share the requests.
const GROUP: &str = "casebook";

/// # Errors
/// The broker does not let it listen.
pub async fn cases(door: Arc<Door>, stop: CancellationToken) -> anyhow::Result<()> {
    let broker = door.station.broker.clone();
    let instead = |request: &IncomingRequest, why: Unhandled| case_reply(Err(station::unhandled(why)), request);
    broker
        .serve(BridgeVerb::Get.of_all(), GROUP, stop, instead, move |request| {
            let door = Arc::clone(&door);
            async move { case_reply(one(&door, &request).await, &request) }
        })
        .await?;
    Ok(())
}

/// # Errors
/// As [`cases`].
pub async fn changes(door: Arc<Door>, stop: CancellationToken) -> anyhow::Result<()> {
    let broker = door.station.broker.clone();
    let instead = |request: &IncomingRequest, why: Unhandled| changes_reply(Err(station::unhandled(why)), request);
    broker
        .serve(BridgeVerb::Changes.of_all(), GROUP, stop, instead, move |request| {
            let door = Arc::clone(&door);
            async move { changes_reply(news(&door, &request).await, &request) }
        })
        .await?;
    Ok(())
}

async fn one(door: &Door, request: &IncomingRequest) -> Result<GetResponse, Status> {
    let caller = Caller::party(Role::Bridge, asking_bridge(&request.subject)?);
    door.case_for(door.asker_is(caller, "in.<bridge>.get")?, question(&request.payload)?).await
}

async fn news(door: &Door, request: &IncomingRequest) -> Result<ListChangesResponse, Status> {
    let caller = Caller::party(Role::Bridge, asking_bridge(&request.subject)?);
    door.changes_for(door.asker_is(caller, "in.<bridge>.changes")?, question(&request.payload)?).await
}

fn case_reply(result: Result<GetResponse, Status>, request: &IncomingRequest) -> Vec<u8> {
    let result = match result {
        Ok(answer) => get_reply::Result::Ok(answer),
        Err(status) => get_reply::Result::Refusal(refusal_of(&status)),
    };
    in_kind(&GetReply { result: Some(result) }, &request.payload)
}

fn changes_reply(result: Result<ListChangesResponse, Status>, request: &IncomingRequest) -> Vec<u8> {
    let result = match result {
        Ok(answer) => list_changes_reply::Result::Ok(answer),
        Err(status) => list_changes_reply::Result::Refusal(refusal_of(&status)),
    };
    in_kind(&ListChangesReply { result: Some(result) }, &request.payload)
}
