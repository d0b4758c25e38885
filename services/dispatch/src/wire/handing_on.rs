//! Raised colours, admissions, the city, what a joint operation leaves, and what is found on the way, on the wire.

use proto::ToWireTime;
use proto::dispatch::v1 as wire;
use proto::dispatch::v1::dispatch_event::Event as WireEvent;
use record::WireError;
use station::wire as shared;

use crate::domain::{Event, Expected, Related};

/// Only for the events named in `wire.rs`; the rest of them is written there.
#[allow(clippy::wildcard_enum_match_arm, reason = "the parent names every event and sends only these here")]
pub(super) fn to_wire(event: &Event) -> WireEvent {
    match event {
        Event::ColourRaised {
            call,
            from,
            to,
            response_due,
            report_in_due,
            completion_due,
            reminders,
            caller,
            parties,
        } => WireEvent::ColourRaised(wire::ColourRaised {
            call: *call,
            from: shared::to_colour(*from),
            to: shared::to_colour(*to),
            response_due: Some(response_due.to_wire()),
            report_in_due: Some(report_in_due.to_wire()),
            completion_due: Some(completion_due.to_wire()),
            caller: shared::text(caller.as_ref()),
            parties: shared::texts(parties),
            reminders: reminders.iter().map(|at| at.to_wire()).collect(),
        }),
        Event::Admitted { by, category, reason, told } => WireEvent::Admitted(wire::Admitted {
            by: by.to_string(),
            category: category.to_string(),
            reason: reason.clone(),
            told: shared::texts(told),
        }),
        Event::AdmissionRefused { party, category, asked_by } => WireEvent::AdmissionRefused(wire::AdmissionRefused {
            party: party.to_string(),
            category: category.to_string(),
            asked_by: shared::text(asked_by.as_ref()),
        }),
        Event::Transferred { from_party, to_party, reference, reason, answer } => {
            let reminders = answer.iter().flat_map(|answer| &answer.reminders);
            WireEvent::Transferred(wire::Transferred {
                from_party: from_party.to_string(),
                to_party: to_party.to_string(),
                reference: reference.clone(),
                reason: reason.clone(),
                answer_due: answer.as_ref().map(|answer| answer.due.to_wire()),
                reminders: reminders.map(|at| at.to_wire()).collect(),
            })
        }
        Event::CityReminded { city, told, reminder, due } => WireEvent::CityReminded(wire::CityReminded {
            city: city.to_string(),
            told: told.to_string(),
            reminder: *reminder,
            due: Some(due.to_wire()),
        }),
        Event::CityReturned { from_party, to_party, reason } => WireEvent::CityReturned(wire::CityReturned {
            from_party: from_party.to_string(),
            to_party: to_party.to_string(),
            reason: reason.clone(),
        }),
        Event::Concluded { by, summary } => {
            WireEvent::Concluded(wire::Concluded { by: by.to_string(), summary: summary.clone() })
        }
        Event::RelatedCaseSpawned { by, reference, related } => {
            WireEvent::RelatedCaseSpawned(wire::RelatedCaseSpawned {
                by: by.to_string(),
                reference: reference.clone(),
                title: related.title.clone(),
                text: related.text.clone(),
                place: Some(shared::to_place(&related.place)),
                category: shared::text(related.category.as_ref()),
            })
        }
        other => super::to_wire(other),
    }
}

#[allow(clippy::wildcard_enum_match_arm, reason = "the parent names every event and sends only these here")]
pub(super) fn from_wire(event: &WireEvent) -> Result<Event, WireError> {
    Ok(match event {
        WireEvent::ColourRaised(fact) => Event::ColourRaised {
            call: fact.call,
            from: shared::colour(fact.from)?,
            to: shared::colour(fact.to)?,
            response_due: shared::time("response_due", fact.response_due.as_ref())?,
            report_in_due: shared::time("report_in_due", fact.report_in_due.as_ref())?,
            completion_due: shared::time("completion_due", fact.completion_due.as_ref())?,
            caller: shared::optional_code("caller", &fact.caller)?,
            parties: shared::codes("parties", &fact.parties)?,
            reminders: shared::times("reminders", &fact.reminders)?,
        },
        WireEvent::Admitted(fact) => Event::Admitted {
            by: shared::code("by", &fact.by)?,
            category: shared::code("category", &fact.category)?,
            reason: fact.reason.clone(),
            told: shared::codes("told", &fact.told)?,
        },
        WireEvent::AdmissionRefused(fact) => Event::AdmissionRefused {
            party: shared::code("party", &fact.party)?,
            category: shared::code("category", &fact.category)?,
            asked_by: shared::optional_code("asked_by", &fact.asked_by)?,
        },
        WireEvent::Transferred(fact) => Event::Transferred {
            from_party: shared::code("from_party", &fact.from_party)?,
            to_party: shared::code("to_party", &fact.to_party)?,
            reference: fact.reference.clone(),
            reason: fact.reason.clone(),
            answer: expected(fact)?,
        },
        WireEvent::CityReminded(fact) => Event::CityReminded {
            city: shared::code("city", &fact.city)?,
            told: shared::code("told", &fact.told)?,
            reminder: fact.reminder,
            due: shared::time("due", fact.due.as_ref())?,
        },
        WireEvent::CityReturned(fact) => Event::CityReturned {
            from_party: shared::code("from_party", &fact.from_party)?,
            to_party: shared::code("to_party", &fact.to_party)?,
            reason: fact.reason.clone(),
        },
        WireEvent::Concluded(fact) => {
            Event::Concluded { by: shared::code("by", &fact.by)?, summary: fact.summary.clone() }
        }
        WireEvent::RelatedCaseSpawned(fact) => Event::RelatedCaseSpawned {
            by: shared::code("by", &fact.by)?,
            reference: fact.reference.clone(),
            related: Box::new(Related {
                title: fact.title.clone(),
                text: fact.text.clone(),
                place: shared::place(fact.place.as_ref())?,
                category: shared::optional_code("category", &fact.category)?,
            }),
        },
        other => return super::from_wire(other),
    })
}

fn expected(fact: &wire::Transferred) -> Result<Option<Expected>, WireError> {
    let Some(due) = &fact.answer_due else { return Ok(None) };
    let reminders = shared::times("reminders", &fact.reminders)?;
    Ok(Some(Expected { due: shared::time("answer_due", Some(due))?, reminders }))
}
