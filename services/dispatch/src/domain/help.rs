//! A case can be answered while its caller is still being helped otherwise, in a case of its own: the rule is explained, and
//! work is found for the son (S6). How it was is asked only when that is over. What is opened to help is known to both
//! cases: this one counts who helps it, and the other whom it helps.
//!
//! Help ends once: with the first answer that the helping case has when this is told, or with its end without one. A case that
//! comes back after that is a matter of its own. And nobody waits for ever: each help has a day until which it is waited for.

use ids::CaseId;
use jiff::Timestamp;

use super::{Event, InForce, Phase, State, in_force};

/// Callers' cases that one case can help. More are not told when it ends: they are told at once.
pub const HELPED_MAX: usize = 20;

/// Something opened to help the caller of this case.
#[derive(Clone, Debug, PartialEq)]
pub struct Help {
    /// As of the related case that it is.
    pub reference: String,
    /// The longest that somebody waits for it.
    pub until: Timestamp,
    /// The case that helps, once intake has taken it.
    pub case: Option<CaseId>,
    pub ended: bool,
}

/// A case whose caller this one helps, and what the help is called there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Helped {
    pub case: CaseId,
    pub reference: String,
}

/// When whoever an answer concerns is asked how it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// At once, and it can be rated until then.
    Until(Timestamp),
    /// When the help is over, then at the latest.
    AfterHelp(Timestamp),
}

impl State {
    /// It is answered or has ended: nothing helps anybody by it any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        match self.phase {
            Phase::Resolved { .. } | Phase::Closed => true,
            Phase::Unknown | Phase::Open => false,
        }
    }

    /// It is answered, and nobody is asked how before the help is over.
    #[must_use]
    pub fn waits_for_help(&self) -> bool {
        matches!(self.phase, Phase::Resolved { asking: Asking::AfterHelp(_), .. })
    }

    /// When an answer given now is asked about.
    pub(super) fn asking(&self, rating_due: Timestamp) -> Asking {
        let under_way = self.helps.iter().filter(|help| !help.ended).map(|help| help.until);
        under_way.max().map_or(Asking::Until(rating_due), Asking::AfterHelp)
    }
}

/// Intake has made a case of it.
pub(super) fn opened(state: &State, reference: &str, case: CaseId) -> Vec<Event> {
    let is_news = |help: &Help| help.reference == reference && help.case.is_none();
    if state.phase == Phase::Closed || !state.helps.iter().any(is_news) {
        return vec![];
    }
    vec![Event::HelpOpened { reference: reference.to_owned(), case }]
}

/// Somebody's caller is helped by this case. One that is over helps nobody.
pub(super) fn asked(state: &State, helped: &Helped) -> Vec<Event> {
    if state.is_over() || state.helped.contains(helped) || state.helped.len() >= HELPED_MAX {
        return vec![];
    }
    vec![Event::AskedToHelp(helped.clone())]
}

/// The help of this reference is over. With the last of them the caller can be asked.
pub(super) fn ended(state: &State, reference: &str, case: CaseId, rating_due: Timestamp) -> Vec<Event> {
    let is_news = |help: &Help| help.reference == reference && !help.ended;
    if state.phase == Phase::Closed || !state.helps.iter().any(is_news) {
        return vec![];
    }
    let others_wait = state.helps.iter().any(|help| !help.ended && help.reference != reference);
    let opens = !others_wait && state.waits_for_help();
    let rating_opened = opens.then_some(Event::RatingOpened { round: state.rounds, rating_due });
    let ended = Event::HelpEnded { reference: reference.to_owned(), case };
    std::iter::once(ended).chain(rating_opened).collect()
}

/// When the wait for help is over, whatever has come of it.
pub(super) fn next_deadline(state: &State) -> Option<Timestamp> {
    match state.phase {
        Phase::Resolved { asking: Asking::AfterHelp(until), .. } => Some(until),
        Phase::Resolved { asking: Asking::Until(_), .. } | Phase::Unknown | Phase::Open | Phase::Closed => None,
    }
}

/// Nobody waits any longer.
pub(super) fn overdue(state: &State, now: Timestamp, in_force: &InForce) -> Vec<Event> {
    let is_up = next_deadline(state).is_some_and(|until| until <= now);
    let rating_due = in_force::rating_due(&in_force.0, now);
    is_up.then_some(Event::RatingOpened { round: state.rounds, rating_due }).into_iter().collect()
}

pub(super) fn evolve(state: &mut State, event: &Event) {
    let of = |state: &mut State, reference: &str, change: &dyn Fn(&mut Help)| {
        state.helps.iter_mut().filter(|help| help.reference == reference).for_each(change);
    };
    if let Event::HelpBegun { reference, until } = event {
        state.helps.push(Help { reference: reference.clone(), until: *until, case: None, ended: false });
    } else if let Event::HelpOpened { reference, case } = event {
        of(state, reference, &|help| help.case = Some(*case));
    } else if let Event::HelpEnded { reference, case } = event {
        of(state, reference, &|help| {
            help.case = Some(*case);
            help.ended = true;
        });
    } else if let Event::AskedToHelp(helped) = event {
        state.helped.push(helped.clone());
    } else if let (Event::RatingOpened { rating_due, .. }, Phase::Resolved { outcome, .. }) = (event, state.phase) {
        state.phase = Phase::Resolved { outcome, asking: Asking::Until(*rating_due) };
    }
}

#[cfg(test)]
mod tests {
    use decider::Decider;
    use vocabulary::{Outcome, Place};

    use super::super::tests::{
        POLICE, STREET, after, answer, at, check, code, given, grade, names, report_in, respond, terms, whistle,
    };
    use super::super::{Answer, Command, Refusal, Related, Rules, next_deadline};
    use super::*;

    const OTHER: &str = "wuchang-centre";

    fn case(text: &str) -> CaseId {
        text.parse().unwrap()
    }

    fn helping() -> CaseId {
        case("261121-7k3q9x7")
    }

    fn spawn(by: &str, help: Option<i64>) -> Command {
        let (title, text) = ("a place of work".to_owned(), String::new());
        let related = Box::new(Related { title, text, place: Place::default(), category: None });
        Command::SpawnRelated { by: code(by), related, help_until: help.map(at) }
    }

    fn resolve() -> Command {
        Command::Resolve {
            by: code(STREET),
            outcome: Outcome::Explained,
            summary: "above the line".to_owned(),
            evidence: vec![],
            rating_due: at(30_000),
        }
    }

    fn ended(reference: &str) -> Command {
        Command::HelpEnded { reference: reference.to_owned(), case: helping(), rating_due: at(50_000) }
    }

    fn asking(state: &State) -> Asking {
        let Phase::Resolved { asking, .. } = state.phase else { panic!("{:?}", state.phase) };
        asking
    }

    #[test]
    fn an_answer_waits_for_the_help_under_way_and_is_asked_about_with_the_end_of_the_last() {
        let begun = given(&[grade(), spawn(STREET, Some(9_000)), spawn(STREET, None), spawn(STREET, Some(8_000))]);
        let answered = after(begun, &resolve());
        assert_eq!((asking(&answered), next_deadline(&answered)), (Asking::AfterHelp(at(9_000)), Some(at(9_000))));
        // What nobody waits for ends nothing.
        assert_eq!(Rules::decide(&answered, &ended("found-2")), Ok(vec![]));
        assert_eq!(names(&Rules::decide(&answered, &ended("found-1")).unwrap()), ["HelpEnded"]);
        let one_left = after(answered, &ended("found-1"));
        assert_eq!(Rules::decide(&one_left, &ended("found-1")), Ok(vec![]), "told twice");
        let last = Rules::decide(&one_left, &ended("found-3")).unwrap();
        assert_eq!(names(&last), ["HelpEnded", "RatingOpened"]);
        let asked = after(one_left, &ended("found-3"));
        assert_eq!((asking(&asked), next_deadline(&asked)), (Asking::Until(at(50_000)), None));
    }

    #[test]
    fn help_that_was_over_before_the_answer_holds_nobody_up() {
        let over = given(&[grade(), spawn(STREET, Some(9_000)), ended("found-1"), resolve()]);
        assert_eq!(asking(&over), Asking::Until(at(30_000)));
        assert_eq!(Rules::decide(&over, &check(9_000)), Ok(vec![]));
    }

    #[test]
    fn nobody_waits_for_help_for_ever() {
        let waits = given(&[grade(), spawn(STREET, Some(9_000)), resolve()]);
        assert_eq!(Rules::decide(&waits, &check(8_999)), Ok(vec![]));
        assert_eq!(names(&Rules::decide(&waits, &check(9_000)).unwrap()), ["RatingOpened"]);
        // Its end is told all the same, and asks nobody once more.
        let asked = after(waits, &check(9_000));
        assert_eq!(names(&Rules::decide(&asked, &ended("found-1")).unwrap()), ["HelpEnded"]);
        assert_eq!(Rules::decide(&asked, &check(99_000)), Ok(vec![]));
    }

    #[test]
    fn what_is_opened_again_while_it_waits_waits_anew_with_its_next_answer() {
        let waits = given(&[grade(), spawn(STREET, Some(9_000)), resolve()]);
        let open = after(waits, &Command::Reopen { reason: "not so".to_owned(), terms: terms(60, "7d") });
        assert_eq!(names(&Rules::decide(&open, &ended("found-1")).unwrap()), ["HelpEnded"], "nothing to ask about");
        assert_eq!(asking(&after(open.clone(), &resolve())), Asking::AfterHelp(at(9_000)));
        let helped = after(open, &ended("found-1"));
        assert_eq!(asking(&after(helped, &resolve())), Asking::Until(at(30_000)));
    }

    #[test]
    fn only_whoever_has_the_case_or_has_come_says_that_something_helps_its_caller() {
        let state = given(&[grade()]);
        assert_eq!(names(&Rules::decide(&state, &spawn(OTHER, None)).unwrap()), ["RelatedCaseSpawned"]);
        assert!(matches!(Rules::decide(&state, &spawn(OTHER, Some(9))), Err(Refusal::NotTheHolder { .. })));
        // Or who was called on it and is there.
        let Command::SpawnRelated { related, help_until, .. } = spawn(POLICE, Some(9_000)) else { unreachable!() };
        let finds = answer(POLICE, 5, Answer::Found { related, help_until });
        let called = after(state, &whistle(&[POLICE]));
        assert_eq!(Rules::decide(&called, &finds), Err(Refusal::NotReportedIn(code(POLICE))));
        let there = after(after(called, &answer(POLICE, 2, respond())), &answer(POLICE, 3, report_in()));
        assert_eq!(names(&Rules::decide(&there, &finds).unwrap()), ["RelatedCaseSpawned", "HelpBegun"]);
        assert_eq!(after(there, &finds).helps.iter().map(|help| help.until).collect::<Vec<_>>(), [at(9_000)]);
    }

    #[test]
    fn the_case_that_helps_is_written_down_once_and_not_after_the_end() {
        let opened = Command::HelpOpened { reference: "found-1".to_owned(), case: helping() };
        let begun = given(&[grade(), spawn(STREET, Some(9_000))]);
        assert_eq!(names(&Rules::decide(&begun, &opened).unwrap()), ["HelpOpened"]);
        assert_eq!(Rules::decide(&after(begun.clone(), &opened), &opened), Ok(vec![]));
        let closed = after(begun, &Command::Withdraw);
        assert_eq!(Rules::decide(&closed, &opened), Ok(vec![]));
        assert_eq!(Rules::decide(&closed, &ended("found-1")), Ok(vec![]));
    }

    #[test]
    fn a_case_knows_whom_it_helps_unless_it_is_over() {
        let helped = |n: usize| Command::AskToHelp(Helped { case: helping(), reference: format!("found-{n}") });
        // Before anybody has judged it, too.
        let unjudged = State::default();
        assert_eq!(names(&Rules::decide(&unjudged, &helped(1)).unwrap()), ["AskedToHelp"]);
        let judged = after(after(unjudged, &helped(1)), &grade());
        assert_eq!(judged.helped.len(), 1, "judged after it was asked");
        assert_eq!(Rules::decide(&judged, &helped(1)), Ok(vec![]));
        let full = (2..=HELPED_MAX).fold(judged.clone(), |state, n| after(state, &helped(n)));
        assert_eq!(Rules::decide(&full, &helped(HELPED_MAX + 1)), Ok(vec![]));
        let answered = after(judged, &resolve());
        assert_eq!(Rules::decide(&answered, &helped(2)), Ok(vec![]));
    }
}
