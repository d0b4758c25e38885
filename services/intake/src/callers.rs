//! A submission by whoever raises the matter, in their own name: no bridge speaks for them.

use charter::Way;
use ids::Code;
use proto::common::v1::Role;
use proto::intake::v1::SubmitRequest;
use station::{BadInput, Caller, Violation};
use tonic::Status;

use crate::domain::Received;

/// The name under which callers submit; what one of them sends is told from another's by who they are.
pub const CALLER: &str = "caller";

/// What a caller submits: theirs, whatever it says, and in the district that their token is for. Anybody else's is as it was
/// sent.
///
/// # Errors
/// It claims to be somebody else's, or the token does not say whose it is.
pub fn in_their_own_name(caller: &Caller, request: &SubmitRequest) -> Result<SubmitRequest, Status> {
    if caller.role != Role::Caller {
        return Ok(request.clone());
    }
    if caller.shows_receipt() {
        return Err(Status::permission_denied("a receipt opens its own case and nothing else; this takes a token"));
    }
    if caller.staff_ref.is_empty() {
        return Err(Status::permission_denied("the token does not say who raises the matter"));
    }
    let mut violations = Vec::new();
    if !(request.caller_ref.is_empty() || request.caller_ref == caller.staff_ref) {
        let said = format!("callers submit for themselves: leave it out, or say {}", caller.staff_ref);
        violations.push(Violation::new("caller_ref", "their-own", said));
    }
    if request.channel.is_empty() {
        let said = "a caller names the channel, one of those online";
        violations.push(Violation::new("channel", "required", said));
    }
    if request.way != 0 {
        violations.push(Violation::new("way", "the-channels", "a caller comes in by the channel's way: leave it out"));
    }
    if !violations.is_empty() {
        return Err(BadInput(violations).into());
    }
    let named = if request.district.is_empty() { caller.district.as_ref().map(Code::to_string) } else { None };
    Ok(SubmitRequest {
        caller_ref: caller.staff_ref.clone(),
        district: named.unwrap_or_else(|| request.district.clone()),
        ..request.clone()
    })
}

/// What a caller submitted came in online: nobody takes a hotline's word for them.
///
/// # Errors
/// It names another channel, or speaks for the grass-roots, who have tokens of their own.
pub fn came_online(caller: &Caller, received: Received) -> Result<Received, Status> {
    if caller.role != Role::Caller {
        return Ok(received);
    }
    let mut violations = Vec::new();
    if received.way != Way::Online {
        let said = format!("{} is none of the channels that callers use themselves", received.channel);
        violations.push(Violation::new("channel", "online", said));
    }
    if received.caller_class == vocabulary::CallerClass::Grassroots {
        let said = "the grass-roots submit as the unit they are of";
        violations.push(Violation::new("caller_class", "their-own", said));
    }
    if violations.is_empty() { Ok(received) } else { Err(BadInput(violations).into()) }
}
