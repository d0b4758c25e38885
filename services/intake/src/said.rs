//! What is said of a case after it was received, by gRPC and by a bridge over NATS the same.

use proto::intake::v1::{SupplementRequest, SupplementResponse, WithdrawRequest, WithdrawResponse};
use station::desk::named;
use station::{Caller, Recorded, optional_prose, prose};
use tonic::Status;

use crate::app::App;
use crate::domain::{Command, NOTE_LENGTH_MAX};

/// Adds what a caller has to say.
///
/// # Errors
/// A field does not fit, it is not the asker's, or a rule says no.
pub async fn supplement(
    app: &App,
    caller: Caller,
    action: &'static str,
    request: SupplementRequest,
) -> Result<SupplementResponse, Status> {
    let named = named(&request.command_id, &request)?;
    let asked = app.asked(caller, action, &request.district, &request.case_id, named).await?;
    let text = prose("text", &request.text, NOTE_LENGTH_MAX)?;
    let by = app.notes_as(&asked.caller);
    let command = Command::Supplement { text, by, course: app.course(&asked.key).await? };
    let Recorded { revision, position } = app.ask(asked, command).await?;
    Ok(SupplementResponse { revision, position })
}

/// Takes a matter back.
///
/// # Errors
/// As [`supplement`].
pub async fn withdraw(
    app: &App,
    caller: Caller,
    action: &'static str,
    request: WithdrawRequest,
) -> Result<WithdrawResponse, Status> {
    let named = named(&request.command_id, &request)?;
    let asked = app.asked(caller, action, &request.district, &request.case_id, named).await?;
    let reason = optional_prose("reason", &request.reason, NOTE_LENGTH_MAX)?;
    let course = app.course(&asked.key).await?;
    let command = Command::Withdraw { reason, course, gone: app.gone(&asked.key).await? };
    let Recorded { revision, position } = app.ask(asked, command).await?;
    Ok(WithdrawResponse { revision, position })
}
