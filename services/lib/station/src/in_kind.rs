//! What a bridge asks over NATS, as JSON or protobuf, answered in the form in which it came.

use ids::Code;
use prost::Message;
use proto::subjects::BridgeSubject;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tonic::Status;

use crate::{BadInput, Station, Violation, snake_case};

/// Largest request read, in bytes: the longest text in UTF-8 with room for everything else.
pub const REQUEST_BYTES_MAX: usize = 128 * 1024;

/// Who asks is who may publish on this subject: the broker checked it, and the payload cannot change it (I6).
///
/// # Errors
/// INVALID_ARGUMENT for a subject that is no bridge's.
pub fn asking_bridge(subject: &str) -> Result<Code, Status> {
    let read: Result<BridgeSubject, _> = subject.parse();
    Ok(read.map_err(|_| Violation::new("subject", "bridge", "not a bridge's subject"))?.bridge)
}

/// Whoever asks names no district: the bridge's own is meant.
///
/// # Errors
/// INVALID_ARGUMENT: no charter knows the bridge.
pub fn fill_district(station: &Station, bridge: &Code, district: &mut String) -> Result<(), Status> {
    if !district.is_empty() {
        return Ok(());
    }
    let newest = station.charters.newest();
    let own = newest.iter().find(|charter| charter.bridges().iter().any(|known| known.code == *bridge));
    match own {
        Some(charter) => charter.district.as_str().clone_into(district),
        None => {
            station.charters.may_yet_know(bridge)?;
            return Err(Violation::new("district", "required", format!("{bridge} has no district of its own")).into());
        }
    }
    Ok(())
}

/// A question; what of it does not fit is said of the whole, because a question has few fields.
///
/// # Errors
/// INVALID_ARGUMENT, rules `size`, `utf-8`, `json` and `protobuf`.
pub fn question<M: Message + Default + DeserializeOwned>(payload: &[u8]) -> Result<M, Status> {
    let wrong = |rule, what: String| Status::from(Violation::new("payload", rule, what));
    if payload.len() > REQUEST_BYTES_MAX {
        return Err(wrong("size", format!("{} bytes; at most {REQUEST_BYTES_MAX} fit", payload.len())));
    }
    if !proto::json::is_json(payload) {
        return M::decode(payload).map_err(|error| wrong("protobuf", error.to_string()));
    }
    let text = std::str::from_utf8(payload).map_err(|error| wrong("utf-8", error.to_string()))?;
    proto::json::read(text).map_err(|faults| {
        let said = |fault: &proto::json::Fault| match fault.field.as_str() {
            "" => fault.what.clone(),
            field => format!("{}: {}", snake_case(field), fault.what),
        };
        BadInput(faults.iter().map(|fault| Violation::new("payload", "json", said(fault))).collect()).into()
    })
}

/// An answer in the form of what was asked.
#[must_use]
pub fn in_kind(answer: &(impl Message + Serialize), asked: &[u8]) -> Vec<u8> {
    if proto::json::is_json(asked) { serde_json::to_vec(answer).unwrap_or_default() } else { answer.encode_to_vec() }
}

#[cfg(test)]
mod tests {
    use proto::intake::v1::{FindRequest, FindResponse};

    use super::*;

    #[test]
    fn a_question_is_answered_in_its_own_form() {
        let asked = FindRequest { external_ref: "wl-1".to_owned(), bridge: String::new() };
        let json = serde_json::to_vec(&asked).unwrap();
        assert_eq!(question::<FindRequest>(&json).unwrap(), asked);
        assert_eq!(question::<FindRequest>(&asked.encode_to_vec()).unwrap(), asked);
        let answer = FindResponse { case_id: "261121-7k3q9xf".to_owned(), district: "wuchang".to_owned() };
        assert_eq!(serde_json::from_slice::<FindResponse>(&in_kind(&answer, &json)).unwrap(), answer);
        assert_eq!(FindResponse::decode(&*in_kind(&answer, b"")).unwrap(), answer);
        let wrong = question::<FindRequest>(br#"{"externalRef": 7, "reference": "x"}"#).unwrap_err();
        let told = crate::refusal_of(&wrong);
        let said: Vec<&str> = told.violations.iter().map(|it| it.description.as_str()).collect();
        assert!(said[0].starts_with("external_ref: ") && said[1].starts_with("reference: unknown field"), "{told:?}");
    }

    #[test]
    fn who_asks_stands_in_the_subject() {
        assert_eq!(asking_bridge("in.wuchang-board.changes").unwrap().as_str(), "wuchang-board");
        assert!(asking_bridge("ans.wuchang-water.call").is_err());
    }
}
