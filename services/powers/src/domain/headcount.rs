//! The posts of one unit: how many of each kind the district has approved, and who fills them.

use std::collections::BTreeMap;

use decider::Decider;

/// Posts of one kind in one unit: a district has moved some hundreds to all its streets.
pub const POSTS_MAX: u32 = 1000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PostKind {
    Administrative,
    Institution,
}

impl PostKind {
    pub const ALL: [Self; 2] = [Self::Administrative, Self::Institution];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Administrative => "administrative",
            Self::Institution => "institution",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Approved {
        kind: PostKind,
        posts: u32,
        basis: String,
    },
    /// `person`: an opaque reference.
    Filled {
        kind: PostKind,
        person: String,
    },
    Vacated {
        person: String,
        reason: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Approve { kind: PostKind, posts: u32, basis: String },
    Fill { kind: PostKind, person: String },
    Vacate { person: String, reason: String },
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub approved: BTreeMap<PostKind, u32>,
    /// Who fills which kind of post.
    pub filled: BTreeMap<String, PostKind>,
}

impl State {
    #[must_use]
    pub fn approved(&self, kind: PostKind) -> u32 {
        self.approved.get(&kind).copied().unwrap_or_default()
    }

    #[must_use]
    pub fn used(&self, kind: PostKind) -> u32 {
        let used = self.filled.values().filter(|filled| **filled == kind).count();
        u32::try_from(used).unwrap_or(u32::MAX)
    }
}

/// Why the posts stay as they are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("all {approved} {kind} posts of the unit are filled")]
    OverHeadcount { kind: &'static str, approved: u32 },
    #[error("{used} {kind} posts are filled, and fewer cannot be approved")]
    BelowUse { kind: &'static str, used: u32 },
    #[error("this person fills a post of the unit already")]
    FillsOneAlready,
    #[error("this person fills no post of the unit")]
    FillsNone,
    #[error("a unit has at most {0} posts of a kind")]
    TooManyPosts(u32),
}

/// The rule book of a unit's posts.
#[derive(Clone, Copy, Debug)]
pub struct Rules;

impl Decider for Rules {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::Approve { posts, .. } if *posts > POSTS_MAX => Err(Refusal::TooManyPosts(POSTS_MAX)),
            Command::Approve { kind, posts, .. } if *posts < state.used(*kind) => {
                Err(Refusal::BelowUse { kind: kind.as_str(), used: state.used(*kind) })
            }
            Command::Approve { kind, posts, .. } if state.approved.get(kind) == Some(posts) => Ok(vec![]),
            Command::Approve { kind, posts, basis } => {
                Ok(vec![Event::Approved { kind: *kind, posts: *posts, basis: basis.clone() }])
            }
            Command::Fill { kind, person } => match state.filled.get(person) {
                Some(known) if known == kind => Ok(vec![]),
                Some(_) => Err(Refusal::FillsOneAlready),
                None if state.used(*kind) >= state.approved(*kind) => {
                    Err(Refusal::OverHeadcount { kind: kind.as_str(), approved: state.approved(*kind) })
                }
                None => Ok(vec![Event::Filled { kind: *kind, person: person.clone() }]),
            },
            Command::Vacate { person, .. } if !state.filled.contains_key(person) => Err(Refusal::FillsNone),
            Command::Vacate { person, reason } => {
                Ok(vec![Event::Vacated { person: person.clone(), reason: reason.clone() }])
            }
        }
    }

    fn evolve(mut state: State, event: &Event) -> State {
        match event {
            Event::Approved { kind, posts, .. } => _ = state.approved.insert(*kind, *posts),
            Event::Filled { kind, person } => _ = state.filled.insert(person.clone(), *kind),
            Event::Vacated { person, .. } => _ = state.filled.remove(person),
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn approve(kind: PostKind, posts: u32) -> Command {
        Command::Approve { kind, posts, basis: "编办〔2019〕7号".to_owned() }
    }

    fn fill(kind: PostKind, person: usize) -> Command {
        Command::Fill { kind, person: format!("zf-{person}") }
    }

    fn vacate(person: usize) -> Command {
        Command::Vacate { person: format!("zf-{person}"), reason: "调出".to_owned() }
    }

    fn given(commands: &[Command]) -> State {
        commands.iter().fold(State::default(), |state, command| {
            Rules::decide(&state, command).unwrap().iter().fold(state, Rules::evolve)
        })
    }

    #[test]
    fn nobody_fills_a_post_that_is_not_approved_and_kinds_do_not_mix() {
        use PostKind::{Administrative, Institution};
        let over = |kind, approved| Err(Refusal::OverHeadcount { kind, approved });
        assert_eq!(Rules::decide(&State::default(), &fill(Institution, 1)), over("institution", 0));
        let state = given(&[approve(Institution, 1), fill(Institution, 1)]);
        assert_eq!(Rules::decide(&state, &fill(Institution, 2)), over("institution", 1));
        assert_eq!(Rules::decide(&state, &fill(Administrative, 2)), over("administrative", 0));
        assert_eq!(Rules::decide(&state, &fill(Institution, 1)), Ok(vec![]), "said twice");
        let state = given(&[approve(Institution, 1), fill(Institution, 1), vacate(1), fill(Institution, 2)]);
        assert_eq!(state.used(Institution), 1);
    }

    #[test]
    fn no_fewer_posts_are_approved_than_are_filled() {
        let state = given(&[approve(PostKind::Institution, 2), fill(PostKind::Institution, 1)]);
        let below = Refusal::BelowUse { kind: "institution", used: 1 };
        assert_eq!(Rules::decide(&state, &approve(PostKind::Institution, 0)), Err(below));
        assert!(Rules::decide(&state, &approve(PostKind::Institution, 1)).is_ok());
        assert_eq!(Rules::decide(&state, &vacate(9)), Err(Refusal::FillsNone));
    }

    proptest! {
        #[test]
        fn never_more_are_filled_than_are_approved(moves in prop::collection::vec((0u8..3, 0usize..2, 0usize..6), 0..60)) {
            let mut state = State::default();
            for (what, kind, number) in moves {
                let kind = PostKind::ALL[kind];
                let command = match what {
                    0 => approve(kind, u32::try_from(number).unwrap()),
                    1 => fill(kind, number),
                    _ => vacate(number),
                };
                let Ok(events) = Rules::decide(&state, &command) else { continue };
                state = events.iter().fold(state, Rules::evolve);
                for kind in PostKind::ALL {
                    prop_assert!(state.used(kind) <= state.approved(kind));
                }
            }
        }
    }
}
