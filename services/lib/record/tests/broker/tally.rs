//! A rule book as small as it can be and still have everything a real one has: it counts, it refuses, it finds
//! nothing to do, it has a deadline and an end. Its events are kept as dispatch's.

use decider::Decider;
use ids::Owner;
use jiff::Timestamp;
use proto::dispatch::v1 as wire;
use proto::dispatch::v1::dispatch_event::Event as DispatchEvent;
use proto::record::v1::{Event, event::Of};
use proto::{FromWireTime, ToWireTime};
use record::{Aggregate, WireError};

/// What the count may reach.
pub const TOTAL_MAX: u64 = 1000;

pub struct Tally;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub total: u64,
    pub notes: u64,
    pub due: Option<Timestamp>,
    pub overdue: u64,
    pub closed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Add(u64),
    /// Adds what is missing to this; nothing to do when there is enough.
    Reach(u64),
    /// Sets the count to nothing.
    Empty,
    Note(String),
    /// The deadline is now this one.
    Expect(Timestamp),
    Check {
        now: Timestamp,
    },
    Close,
    /// A mistake in the rules.
    Divide {
        by: u64,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    Added(u64),
    Emptied,
    Noted(String),
    Expected(Timestamp),
    WentOverdue(Timestamp),
    Closed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("it is closed")]
    Closed,
    #[error("it would be more than {TOTAL_MAX}")]
    TooMuch,
}

impl Decider for Tally {
    type State = State;
    type Command = Command;
    type Event = Happened;
    type Refusal = Refusal;

    fn decide(state: &State, command: &Command) -> Result<Vec<Happened>, Refusal> {
        if state.closed {
            return if *command == Command::Close { Ok(Vec::new()) } else { Err(Refusal::Closed) };
        }
        Ok(match command {
            Command::Add(amount) if state.total + amount > TOTAL_MAX => return Err(Refusal::TooMuch),
            Command::Add(amount) => vec![Happened::Added(*amount)],
            Command::Reach(total) if state.total >= *total => Vec::new(),
            Command::Reach(total) => vec![Happened::Added(total - state.total)],
            Command::Empty if state.total == 0 => Vec::new(),
            Command::Empty => vec![Happened::Emptied],
            Command::Note(text) => vec![Happened::Noted(text.clone())],
            Command::Expect(due) if state.due == Some(*due) => Vec::new(),
            Command::Expect(due) => vec![Happened::Expected(*due)],
            Command::Check { now } => {
                state.due.filter(|due| due <= now).map(Happened::WentOverdue).into_iter().collect()
            }
            Command::Close => vec![Happened::Closed],
            Command::Divide { by } => vec![Happened::Added(state.total.checked_div(*by).expect("divided by nothing"))],
        })
    }

    fn evolve(state: State, event: &Happened) -> State {
        match event {
            Happened::Added(amount) => State { total: state.total + amount, ..state },
            Happened::Emptied => State { total: 0, ..state },
            Happened::Noted(_) => State { notes: state.notes + 1, ..state },
            Happened::Expected(due) => State { due: Some(*due), ..state },
            Happened::WentOverdue(_) => State { due: None, overdue: state.overdue + 1, ..state },
            Happened::Closed => State { due: None, closed: true, ..state },
        }
    }
}

impl Aggregate for Tally {
    const OWNER: Owner = Owner::Dispatch;
    const REVISIONS_MAX: u64 = 200;

    fn to_wire(event: &Happened) -> Event {
        let event = match event {
            Happened::Added(amount) => {
                DispatchEvent::Progressed(wire::Progressed { call: small(*amount), ..Default::default() })
            }
            Happened::Emptied => DispatchEvent::Reopened(wire::Reopened::default()),
            Happened::Noted(note) => {
                DispatchEvent::TaskDone(wire::TaskDone { note: note.clone(), ..Default::default() })
            }
            Happened::Expected(due) => {
                DispatchEvent::TaskPlanned(wire::TaskPlanned { due: Some(due.to_wire()), ..Default::default() })
            }
            Happened::WentOverdue(due) => {
                DispatchEvent::Overdue(wire::Overdue { due: Some(due.to_wire()), ..Default::default() })
            }
            Happened::Closed => DispatchEvent::Closed(wire::Closed::default()),
        };
        Event { of: Some(Of::Dispatch(wire::DispatchEvent { event: Some(event) })) }
    }

    fn from_wire(event: &Event) -> Result<Happened, WireError> {
        let Some(Of::Dispatch(wire::DispatchEvent { event: Some(event) })) = &event.of else {
            return Err(WireError::new("of", "not an event of dispatch"));
        };
        let time = |due: &Option<_>| FromWireTime::time(due).map_err(|error| WireError::new("due", error));
        #[expect(clippy::wildcard_enum_match_arm, reason = "a tally borrows a few of dispatch's events")]
        match event {
            DispatchEvent::Progressed(progressed) => Ok(Happened::Added(progressed.call.into())),
            DispatchEvent::Reopened(_) => Ok(Happened::Emptied),
            DispatchEvent::TaskDone(done) => Ok(Happened::Noted(done.note.clone())),
            DispatchEvent::TaskPlanned(planned) => Ok(Happened::Expected(time(&planned.due)?)),
            DispatchEvent::Overdue(overdue) => Ok(Happened::WentOverdue(time(&overdue.due)?)),
            DispatchEvent::Closed(_) => Ok(Happened::Closed),
            _ => Err(WireError::new("event", "not one of a tally")),
        }
    }

    fn next_deadline(state: &State) -> Option<Timestamp> {
        state.due
    }

    fn is_ending(command: &Command) -> bool {
        *command == Command::Close
    }
}

fn small(amount: u64) -> u32 {
    u32::try_from(amount).unwrap()
}
