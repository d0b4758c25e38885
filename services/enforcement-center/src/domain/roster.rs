//! Who sits in a street's enforcement centre, by name. Which units are resident and which come on call is the
//! charter's; the roster names their officers, and may give a unit the charter does not list a seat on call.

use std::collections::BTreeMap;

use decider::Decider;
use ids::Code;
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
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    OfficerSeated(Entry),
    OfficerUnseated { party: Code, staff_ref: String },
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
}

/// Lines by staff number: one officer has one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub entries: BTreeMap<String, Entry>,
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
                let sits = state.entries.get(staff_ref).is_some_and(|entry| entry.party == *party);
                if sits {
                    Ok(vec![Event::OfficerUnseated { party: party.clone(), staff_ref: staff_ref.clone() }])
                } else {
                    Err(Refusal::NotSeated { staff_ref: staff_ref.clone(), party: party.clone() })
                }
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
            }
        }
        state
    }
}

/// The same officer with another post or rank is seated anew: the newer fact corrects the older.
fn seat(state: &State, entry: &Entry) -> Result<Vec<Event>, Refusal> {
    match state.entries.get(&entry.officer.staff_ref) {
        Some(known) if known == entry => Ok(vec![]),
        Some(known) if known.party != entry.party => {
            Err(Refusal::SitsForAnother { staff_ref: entry.officer.staff_ref.clone(), party: known.party.clone() })
        }
        Some(_) | None => Ok(vec![Event::OfficerSeated(entry.clone())]),
    }
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
        Entry { party: code(party), officer, rank: code(rank), kind }
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
