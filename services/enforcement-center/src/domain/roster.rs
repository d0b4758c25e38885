//! Who sits in a street's enforcement centre, by name. Which units are resident and which come on call is the
//! charter's; the roster names their officers, and may give a unit the charter does not list a seat on call.

use std::collections::BTreeMap;

use decider::Decider;
use ids::Code;
use jiff::Timestamp;
use vocabulary::Officer;

/// How a unit sits in the centre.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeatKind {
    /// 常驻: in the room.
    Resident,
    /// 席位: comes when called.
    OnCall,
}

/// One line: an officer with a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub party: Code,
    pub officer: Officer,
    pub rank: Code,
    pub kind: SeatKind,
    /// Called when the officer of the unit's seat does not come. A seat has one.
    pub substitute: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    OfficerSeated(Entry),
    OfficerUnseated {
        party: Code,
        staff_ref: String,
    },
    /// Not to be called until then; none: back.
    OfficerAway {
        party: Code,
        staff_ref: String,
        until: Option<Timestamp>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Seat {
        entry: Entry,
        /// Ranks of which an officer needs one, from the charter.
        ranks: Vec<Code>,
        /// How the charter seats this unit, if it does.
        chartered: Option<SeatKind>,
    },
    Unseat {
        party: Code,
        staff_ref: String,
    },
    SetAway {
        party: Code,
        staff_ref: String,
        until: Option<Timestamp>,
    },
}

/// Lines by staff number: one officer has one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub entries: BTreeMap<String, Entry>,
    /// Until when an officer is away, by staff number.
    pub away: BTreeMap<String, Timestamp>,
}

impl State {
    /// May be called at that time.
    #[must_use]
    pub fn is_available(&self, staff_ref: &str, now: Timestamp) -> bool {
        self.entries.contains_key(staff_ref) && self.away.get(staff_ref).is_none_or(|until| *until <= now)
    }

    /// Whom to call for a unit's seat, one after the other: its officers, then the substitute, without who is away.
    pub fn to_call(&self, party: &Code, now: Timestamp) -> impl Iterator<Item = &Officer> {
        let of_unit = |substitute: bool| {
            let entries = self.entries.values().filter(move |entry| entry.substitute == substitute);
            entries.filter(move |entry| entry.party == *party).map(|entry| &entry.officer)
        };
        of_unit(false).chain(of_unit(true)).filter(move |officer| self.is_available(&officer.staff_ref, now))
    }
}

/// Why nobody is seated, or unseated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("{rank} is no rank of the centre; it takes {}", either(.ranks))]
    Rank { rank: Code, ranks: Vec<Code> },
    #[error("the charter has {0} in the centre permanently: seat the officer as resident")]
    IsResident(Code),
    #[error("the charter does not have {0} in the centre permanently: seat the officer on call")]
    IsNotResident(Code),
    #[error("{staff_ref} has a place for {party}")]
    SitsForAnother { staff_ref: String, party: Code },
    #[error("{0} is there all the time and needs no substitute")]
    NoSubstituteForResident(Code),
    #[error("{staff_ref} is the substitute of {party}; unseat them first")]
    HasSubstitute { party: Code, staff_ref: String },
    #[error("{staff_ref} has no place for {party}")]
    NotSeated { staff_ref: String, party: Code },
}

/// The rule book of a roster.
#[derive(Clone, Copy, Debug)]
pub struct Rules;

impl Decider for Rules {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::Seat { entry, ranks, .. } if !ranks.contains(&entry.rank) => {
                Err(Refusal::Rank { rank: entry.rank.clone(), ranks: ranks.clone() })
            }
            Command::Seat { entry, chartered, .. } => match (chartered, entry.kind) {
                (Some(SeatKind::Resident), SeatKind::OnCall) => Err(Refusal::IsResident(entry.party.clone())),
                (Some(SeatKind::OnCall) | None, SeatKind::Resident) => Err(Refusal::IsNotResident(entry.party.clone())),
                (Some(SeatKind::Resident), SeatKind::Resident) | (Some(SeatKind::OnCall) | None, SeatKind::OnCall) => {
                    seat(state, entry)
                }
            },
            Command::Unseat { party, staff_ref } => {
                sits(state, party, staff_ref)?;
                Ok(vec![Event::OfficerUnseated { party: party.clone(), staff_ref: staff_ref.clone() }])
            }
            Command::SetAway { party, staff_ref, until } => {
                sits(state, party, staff_ref)?;
                if state.away.get(staff_ref) == until.as_ref() {
                    return Ok(vec![]);
                }
                Ok(vec![Event::OfficerAway { party: party.clone(), staff_ref: staff_ref.clone(), until: *until }])
            }
        }
    }

    fn evolve(mut state: State, event: &Event) -> State {
        match event {
            Event::OfficerSeated(entry) => {
                state.entries.insert(entry.officer.staff_ref.clone(), entry.clone());
            }
            Event::OfficerUnseated { staff_ref, .. } => {
                state.entries.remove(staff_ref);
                state.away.remove(staff_ref);
            }
            Event::OfficerAway { staff_ref, until, .. } => match until {
                Some(until) => _ = state.away.insert(staff_ref.clone(), *until),
                None => _ = state.away.remove(staff_ref),
            },
        }
        state
    }
}

/// The same officer with another post or rank is seated anew: the newer fact corrects the older.
fn seat(state: &State, entry: &Entry) -> Result<Vec<Event>, Refusal> {
    if entry.substitute {
        has_room(state, entry)?;
    }
    match state.entries.get(&entry.officer.staff_ref) {
        Some(known) if known == entry => Ok(vec![]),
        Some(known) if known.party != entry.party => {
            Err(Refusal::SitsForAnother { staff_ref: entry.officer.staff_ref.clone(), party: known.party.clone() })
        }
        Some(_) | None => Ok(vec![Event::OfficerSeated(entry.clone())]),
    }
}

fn has_room(state: &State, entry: &Entry) -> Result<(), Refusal> {
    if entry.kind == SeatKind::Resident {
        return Err(Refusal::NoSubstituteForResident(entry.party.clone()));
    }
    let substitute = |known: &&Entry| {
        known.substitute && known.party == entry.party && known.officer.staff_ref != entry.officer.staff_ref
    };
    let other = state.entries.values().find(substitute);
    other.map_or(Ok(()), |other| {
        Err(Refusal::HasSubstitute { party: entry.party.clone(), staff_ref: other.officer.staff_ref.clone() })
    })
}

fn sits(state: &State, party: &Code, staff_ref: &str) -> Result<(), Refusal> {
    if state.entries.get(staff_ref).is_some_and(|entry| entry.party == *party) {
        return Ok(());
    }
    Err(Refusal::NotSeated { staff_ref: staff_ref.to_owned(), party: party.clone() })
}

fn either(ranks: &[Code]) -> String {
    ranks.iter().map(Code::as_str).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn code(text: &str) -> Code {
        text.parse().unwrap()
    }

    fn entry(staff_ref: &str, party: &str, rank: &str, kind: SeatKind) -> Entry {
        let officer = Officer { staff_ref: staff_ref.to_owned(), post: "副所长".to_owned() };
        Entry { party: code(party), officer, rank: code(rank), kind, substitute: false }
    }

    fn seat(entry: Entry, chartered: Option<SeatKind>) -> Command {
        Command::Seat { entry, ranks: vec![code("deputy-head"), code("reserve-cadre")], chartered }
    }

    #[test]
    fn only_deputy_heads_and_reserve_cadres_get_a_place() {
        let member = seat(entry("7", "wuchang-water", "grid-member", SeatKind::OnCall), Some(SeatKind::OnCall));
        let refusal = Rules::decide(&State::default(), &member).unwrap_err();
        assert_eq!(refusal.to_string(), "grid-member is no rank of the centre; it takes deputy-head or reserve-cadre");
        let deputy = seat(entry("7", "wuchang-water", "deputy-head", SeatKind::OnCall), Some(SeatKind::OnCall));
        assert_eq!(Rules::decide(&State::default(), &deputy).map(|events| events.len()), Ok(1));
    }

    #[test]
    fn which_units_are_resident_is_the_charters_to_say() {
        let (resident, on_call) = (SeatKind::Resident, SeatKind::OnCall);
        let decide = |kind, chartered| {
            Rules::decide(&State::default(), &seat(entry("7", "wuchang-fire", "deputy-head", kind), chartered))
        };
        assert_eq!(decide(on_call, Some(resident)), Err(Refusal::IsResident(code("wuchang-fire"))));
        assert_eq!(decide(resident, Some(on_call)), Err(Refusal::IsNotResident(code("wuchang-fire"))));
        assert_eq!(decide(resident, None), Err(Refusal::IsNotResident(code("wuchang-fire"))));
        assert!(decide(on_call, None).is_ok(), "the roster may add a seat on call");
    }

    #[test]
    fn an_officer_sits_for_one_unit_until_unseated() {
        let seated = entry("7", "wuchang-water", "deputy-head", SeatKind::OnCall);
        let state = Rules::replay(&[Event::OfficerSeated(seated)]);
        let elsewhere = seat(entry("7", "wuchang-health", "deputy-head", SeatKind::OnCall), None);
        assert!(matches!(Rules::decide(&state, &elsewhere), Err(Refusal::SitsForAnother { .. })));
        let wrong = Command::Unseat { party: code("wuchang-health"), staff_ref: "7".to_owned() };
        assert!(matches!(Rules::decide(&state, &wrong), Err(Refusal::NotSeated { .. })));
        let right = Command::Unseat { party: code("wuchang-water"), staff_ref: "7".to_owned() };
        let events = Rules::decide(&state, &right).unwrap();
        let state = events.iter().fold(state, Rules::evolve);
        assert!(Rules::decide(&state, &elsewhere).is_ok());
    }

    #[test]
    fn the_substitute_is_called_after_the_officer_and_whoever_is_away_is_not() {
        let noon = Timestamp::UNIX_EPOCH;
        let later = Timestamp::from_second(3600).unwrap();
        let water = code("wuchang-water");
        let on_call = |staff_ref: &str, substitute| Entry {
            substitute,
            ..entry(staff_ref, "wuchang-water", "deputy-head", SeatKind::OnCall)
        };
        let mut state = State::default();
        let take =
            |state: State, command: &Command| Rules::decide(&state, command).unwrap().iter().fold(state, Rules::evolve);
        state = take(state, &seat(on_call("2", true), Some(SeatKind::OnCall)));
        state = take(state, &seat(on_call("7", false), Some(SeatKind::OnCall)));
        let second = Rules::decide(&state, &seat(on_call("8", true), Some(SeatKind::OnCall)));
        assert!(matches!(second, Err(Refusal::HasSubstitute { .. })));
        let called = |state: &State, now| -> Vec<String> {
            state.to_call(&water, now).map(|officer| officer.staff_ref.clone()).collect()
        };
        assert_eq!(called(&state, noon), ["7", "2"]);

        let away = Command::SetAway { party: water.clone(), staff_ref: "7".to_owned(), until: Some(later) };
        state = take(state, &away);
        assert_eq!(Rules::decide(&state, &away), Ok(vec![]), "told twice");
        assert_eq!((called(&state, noon), called(&state, later)), (vec!["2".to_owned()], vec!["7".into(), "2".into()]));
        let stranger = Command::SetAway { party: water.clone(), staff_ref: "9".to_owned(), until: None };
        assert!(matches!(Rules::decide(&state, &stranger), Err(Refusal::NotSeated { .. })));
        state = take(state, &Command::Unseat { party: water.clone(), staff_ref: "7".to_owned() });
        assert_eq!((called(&state, later), state.away.len()), (vec!["2".to_owned()], 0));
    }

    #[test]
    fn a_resident_is_there_and_has_no_substitute() {
        let entry = Entry { substitute: true, ..entry("7", "wuchang-fire", "deputy-head", SeatKind::Resident) };
        let refusal = Rules::decide(&State::default(), &seat(entry, Some(SeatKind::Resident)));
        assert_eq!(refusal, Err(Refusal::NoSubstituteForResident(code("wuchang-fire"))));
    }

    fn commands() -> impl Strategy<Value = Command> {
        let kinds = prop_oneof![Just(SeatKind::Resident), Just(SeatKind::OnCall)];
        let (parties, ranks) = (["water", "fire", "health"], ["deputy-head", "reserve-cadre", "grid-member"]);
        (0..4u8, 0..3usize, 0..3usize, kinds.clone(), proptest::option::of(kinds), any::<bool>()).prop_map(
            move |(staff, party, rank, kind, chartered, leaves)| {
                let entry = entry(&staff.to_string(), parties[party], ranks[rank], kind);
                if leaves {
                    Command::Unseat { party: entry.party, staff_ref: entry.officer.staff_ref }
                } else {
                    seat(entry, chartered)
                }
            },
        )
    }

    proptest! {
        #[test]
        fn asking_twice_seats_once_and_the_roster_replays(commands in proptest::collection::vec(commands(), 0..40)) {
            let mut state = State::default();
            let mut history = Vec::new();
            for command in &commands {
                for event in Rules::decide(&state, command).unwrap_or_default() {
                    state = Rules::evolve(state, &event);
                    history.push(event);
                }
                prop_assert!(Rules::decide(&state, command).unwrap_or_default().is_empty());
            }
            prop_assert_eq!(Rules::replay(&history), state);
        }
    }
}
