//! Dispatch's rule book and the wire: its events are written in `write.rs` and read in `read.rs`, its refusals are in
//! `refusals.rs`, single words in `words.rs`.

mod read;
mod refusals;
#[cfg(test)]
mod tests;
mod words;
mod write;

use ids::Owner;
use jiff::Timestamp;
use proto::dispatch::v1 as wire;
use proto::record::v1::{Event as AnyEvent, event::Of};
use record::{Aggregate, WireError};

pub use words::{progress_kind, return_basis, scope};

use crate::domain::{Command, Event, Rules, State, next_deadline};

impl Aggregate for Rules {
    const OWNER: Owner = Owner::Dispatch;
    const REVISIONS_MAX: u64 = 350;

    fn to_wire(event: &Event) -> AnyEvent {
        AnyEvent { of: Some(Of::Dispatch(wire::DispatchEvent { event: Some(write::to_wire(event)) })) }
    }

    fn from_wire(event: &AnyEvent) -> Result<Event, WireError> {
        match &event.of {
            Some(Of::Dispatch(wire::DispatchEvent { event: Some(event) })) => read::from_wire(event),
            _ => Err(WireError::new("event", "not one of dispatch")),
        }
    }

    fn next_deadline(state: &State) -> Option<Timestamp> {
        next_deadline(state)
    }

    fn is_ending(command: &Command) -> bool {
        matches!(
            command,
            Command::Withdraw
                | Command::Exclude
                | Command::Merge
                | Command::Conclude { .. }
                | Command::Resolve { .. }
                | Command::CityDone { .. }
                | Command::Release { .. }
                | Command::Rate { .. }
                | Command::Lapse { .. }
                // Without it an answer that waits for help is not asked about, and cannot end.
                | Command::HelpEnded { .. }
                | Command::CheckDeadlines { .. }
        )
    }
}
