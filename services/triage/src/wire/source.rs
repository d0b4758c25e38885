//! Where a case came from, on the wire: intake's words.

use charter::Way;
use proto::intake::v1 as intake;
use proto::triage::v1 as wire;
use record::WireError;
use station::wire as shared;
use vocabulary::{CallerClass, CaseKind};

use crate::domain::Source;

/// As intake received it.
pub fn received(received: &intake::Received) -> Result<Source, WireError> {
    Ok(Source {
        channel: shared::optional_code("channel", &received.channel)?,
        way: way(received.way)?,
        class: class(received.caller_class)?,
        kind: kind(received.kind)?,
    })
}

/// Absent in commits from before it was recorded.
pub fn from_source(source: Option<&wire::Source>) -> Result<Source, WireError> {
    let Some(source) = source else { return Ok(Source::default()) };
    Ok(Source {
        channel: shared::optional_code("source.channel", &source.channel)?,
        way: way(source.way)?,
        class: class(source.caller_class)?,
        kind: kind(source.kind)?,
    })
}

pub fn to_source(source: &Source) -> wire::Source {
    wire::Source {
        kind: source.kind.map_or(intake::CaseKind::Unspecified, to_kind).into(),
        caller_class: source.class.map_or(intake::CallerClass::Unspecified, to_class).into(),
        way: source.way.map_or(intake::Way::Unspecified, to_way).into(),
        channel: shared::text(source.channel.as_ref()),
    }
}

fn unknown(field: &'static str, value: i32) -> WireError {
    WireError::new(field, format!("{value} is not known here"))
}

fn way(value: i32) -> Result<Option<Way>, WireError> {
    Ok(match intake::Way::try_from(value).map_err(|_| unknown("way", value))? {
        intake::Way::Unspecified => None,
        intake::Way::Online => Some(Way::Online),
        intake::Way::Patrol => Some(Way::Patrol),
        intake::Way::Visit => Some(Way::Visit),
        intake::Way::Meeting => Some(Way::Meeting),
        intake::Way::Superior => Some(Way::Superior),
    })
}

fn to_way(way: Way) -> intake::Way {
    match way {
        Way::Online => intake::Way::Online,
        Way::Patrol => intake::Way::Patrol,
        Way::Visit => intake::Way::Visit,
        Way::Meeting => intake::Way::Meeting,
        Way::Superior => intake::Way::Superior,
    }
}

fn class(value: i32) -> Result<Option<CallerClass>, WireError> {
    Ok(match intake::CallerClass::try_from(value).map_err(|_| unknown("caller_class", value))? {
        intake::CallerClass::Unspecified => None,
        intake::CallerClass::Resident => Some(CallerClass::Resident),
        intake::CallerClass::Grassroots => Some(CallerClass::Grassroots),
        intake::CallerClass::Enterprise => Some(CallerClass::Enterprise),
    })
}

fn to_class(class: CallerClass) -> intake::CallerClass {
    match class {
        CallerClass::Resident => intake::CallerClass::Resident,
        CallerClass::Grassroots => intake::CallerClass::Grassroots,
        CallerClass::Enterprise => intake::CallerClass::Enterprise,
    }
}

fn kind(value: i32) -> Result<Option<CaseKind>, WireError> {
    Ok(match intake::CaseKind::try_from(value).map_err(|_| unknown("kind", value))? {
        intake::CaseKind::Unspecified => None,
        intake::CaseKind::Report => Some(CaseKind::Report),
        intake::CaseKind::Service => Some(CaseKind::Service),
        intake::CaseKind::Suggestion => Some(CaseKind::Suggestion),
        intake::CaseKind::Consult => Some(CaseKind::Consult),
    })
}

fn to_kind(kind: CaseKind) -> intake::CaseKind {
    match kind {
        CaseKind::Report => intake::CaseKind::Report,
        CaseKind::Service => intake::CaseKind::Service,
        CaseKind::Suggestion => intake::CaseKind::Suggestion,
        CaseKind::Consult => intake::CaseKind::Consult,
    }
}
