//! The shape of every rule book in Huying: a pure function that decides and a pure function that remembers.
//!
//! There is nothing else in this crate on purpose. A rule book never waits, never reads a clock and never
//! calls anyone; time, identity and randomness arrive inside the command. Open any service's `domain/decide.rs`
//! next to see one in use.

/// A rule book for one kind of history.
///
/// *Law:* `evolve` accepts whatever `decide` emits, in the order it was emitted. Each service has a property
/// test for it.
pub trait Decider {
    /// Everything a decision needs to remember. `Default` is the state before anything happened.
    type State: Clone + Default;
    /// A request, with the time and the actor inside it.
    type Command;
    /// Something that happened, named in the past tense.
    type Event;
    /// A reason to say no, named so that a clerk recognises it.
    type Refusal;

    /// Says what happens when `command` meets `state`. An empty list means "nothing to do": the command has
    /// already had its effect, or needs none.
    fn decide(state: &Self::State, command: &Self::Command) -> Result<Vec<Self::Event>, Self::Refusal>;

    /// Adds one fact to the state. Total: it never fails and never panics.
    fn evolve(state: Self::State, event: &Self::Event) -> Self::State;

    /// Folds a whole history.
    fn replay<'a>(events: impl IntoIterator<Item = &'a Self::Event>) -> Self::State
    where
        Self::Event: 'a,
    {
        events.into_iter().fold(Self::State::default(), Self::evolve)
    }
}
