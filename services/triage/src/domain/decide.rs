//! The table of triage.

use decider::Decider;
use vocabulary::limit::late_from;

use super::{Command, Event, Refusal, Seat, State, Verdict};

/// Triage's rule book.
#[derive(Clone, Copy, Debug)]
pub struct Rules;

impl Decider for Rules {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Refusal> {
        match (state, command) {
            (State::Unknown, Command::Grade { verdict: Verdict::Sure { judgement, confidence }, subject }) => {
                Ok(vec![Event::Classified {
                    judgement: judgement.clone(),
                    confidence: *confidence,
                    subject: subject.clone(),
                }])
            }
            (State::Unknown, Command::Grade { verdict: Verdict::Unsure { reason, candidates, due }, subject }) => {
                Ok(vec![Event::QueuedForJudgement {
                    reason: reason.clone(),
                    candidates: candidates.clone(),
                    due: *due,
                    subject: subject.clone(),
                }])
            }
            (State::Waiting { .. } | State::Judged { .. } | State::Dismissed, Command::Grade { .. }) => Ok(vec![]),

            // A case may end before its receipt comes here: then it is never graded.
            (State::Unknown | State::Waiting { .. } | State::Judged { .. }, Command::Dismiss { reason }) => {
                Ok(vec![Event::Dismissed { reason: *reason }])
            }
            (State::Dismissed, Command::Dismiss { .. }) => Ok(vec![]),

            (State::Unknown, Command::Claim { .. } | Command::Judge { .. } | Command::Regrade { .. }) => {
                Err(Refusal::NoSuchCase)
            }
            (State::Dismissed, Command::Claim { .. } | Command::Judge { .. } | Command::Regrade { .. }) => {
                Err(Refusal::Ended)
            }

            (_, Command::Claim { by }) if by.is_empty() => Err(Refusal::StaffNumberNeeded),
            (State::Waiting { claimed_by: Some(other), .. }, Command::Claim { by }) if other == by => Ok(vec![]),
            (State::Waiting { claimed_by: Some(other), .. }, Command::Claim { .. }) => {
                Err(Refusal::ClaimedByAnother(other.clone()))
            }
            (State::Waiting { claimed_by: None, .. }, Command::Claim { by }) => {
                Ok(vec![Event::Claimed { by: by.clone() }])
            }
            (State::Judged { .. }, Command::Claim { .. } | Command::Judge { .. }) => Err(Refusal::JudgedAlready),

            (State::Waiting { .. }, Command::Judge { judgement, reason })
                if judgement.is_raised() && reason.is_empty() =>
            {
                Err(Refusal::ReasonRequired)
            }
            (State::Waiting { subject, .. }, Command::Judge { judgement, reason }) => Ok(vec![Event::Judged {
                judgement: judgement.clone(),
                reason: reason.clone(),
                subject: subject.clone(),
            }]),
            (State::Waiting { .. }, Command::Regrade { .. }) => Err(Refusal::NotJudgedYet),
            (State::Judged { .. }, Command::Regrade { standing, .. }) if standing.closed => Err(Refusal::Ended),
            (State::Judged { .. }, Command::Regrade { by: Seat::Reader, .. }) => Err(Refusal::NotAbove),
            // Once it is above the street, the street says why it has to come back to whoever is there.
            (State::Judged { .. }, Command::Regrade { by: Seat::Street { .. }, standing, .. })
                if standing.above_street =>
            {
                Err(Refusal::NotAbove)
            }
            (State::Judged { judgement: now, .. }, Command::Regrade { judgement, standing, .. })
                if !standing.moved && now.is_the_same_as(judgement) =>
            {
                Err(Refusal::SameJudgement)
            }
            (State::Judged { .. }, Command::Regrade { reason, .. }) if reason.is_empty() => {
                Err(Refusal::ReasonRequired)
            }
            (State::Judged { judgement: now, subject }, Command::Regrade { judgement, reason, .. }) => {
                Ok(vec![Event::Regraded {
                    judgement: judgement.clone(),
                    from: now.level,
                    reason: reason.clone(),
                    subject: subject.clone(),
                }])
            }

            (State::Waiting { due, overdue: false, .. }, Command::CheckDeadlines { now })
                if late_from(*due) <= *now =>
            {
                Ok(vec![Event::JudgementOverdue { due: *due }])
            }
            (_, Command::CheckDeadlines { .. }) => Ok(vec![]),
        }
    }

    fn evolve(state: State, event: &Event) -> State {
        match (state, event) {
            (_, Event::Classified { judgement, subject, .. } | Event::Judged { judgement, subject, .. }) => {
                State::Judged { judgement: judgement.clone(), subject: subject.clone() }
            }
            (_, Event::QueuedForJudgement { due, subject, .. }) => {
                State::Waiting { claimed_by: None, due: *due, overdue: false, subject: subject.clone() }
            }
            (State::Judged { subject, .. }, Event::Regraded { judgement, .. }) => {
                State::Judged { judgement: judgement.clone(), subject }
            }
            (State::Waiting { due, overdue, subject, .. }, Event::Claimed { by }) => {
                State::Waiting { claimed_by: Some(by.clone()), due, overdue, subject }
            }
            (State::Waiting { claimed_by, due, subject, .. }, Event::JudgementOverdue { .. }) => {
                State::Waiting { claimed_by, due, overdue: true, subject }
            }
            (_, Event::Dismissed { .. }) => State::Dismissed,
            (state, Event::Regraded { .. } | Event::Claimed { .. } | Event::JudgementOverdue { .. }) => state,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DismissReason, Judgement, Proof, Standing, Subject};
    use super::*;
    use charter::Level;
    use jiff::Timestamp;

    fn judgement(level: Level) -> Judgement {
        Judgement {
            category: "noise".parse().unwrap(),
            also: vec![],
            level,
            comprehensive: false,
            situation: None,
            colour: None,
            party: "wuchang-liangdao-command-centre".parse().unwrap(),
            proof: Proof { level: Some(Level::B1), ..Proof::default() },
        }
    }

    fn regrade(by: Seat, level: Level, reason: &str, standing: Standing) -> Command {
        Command::Regrade { by, judgement: judgement(level), reason: reason.to_owned(), standing }
    }

    fn queued() -> Command {
        let due = Timestamp::from_second(7200).unwrap();
        Command::Grade {
            verdict: Verdict::Unsure { reason: "no word speaks".to_owned(), candidates: vec![], due },
            subject: Subject::default(),
        }
    }

    fn after(commands: &[Command]) -> State {
        commands.iter().fold(State::default(), |state, command| {
            Rules::decide(&state, command).unwrap().iter().fold(state, Rules::evolve)
        })
    }

    #[test]
    fn a_case_judged_by_a_person_is_not_judged_again_by_the_rules() {
        let judge = Command::Judge { judgement: judgement(Level::B1), reason: String::new() };
        let state = after(&[queued(), judge.clone()]);
        let sure = Verdict::Sure { judgement: judgement(Level::A), confidence: 1.0 };
        assert_eq!(Rules::decide(&state, &Command::Grade { verdict: sure, subject: Subject::default() }), Ok(vec![]));
        assert_eq!(Rules::decide(&state, &judge), Err(Refusal::JudgedAlready));
    }

    #[test]
    fn two_dispatchers_cannot_hold_the_same_case() {
        let state = after(&[queued(), Command::Claim { by: "7".to_owned() }]);
        assert_eq!(Rules::decide(&state, &Command::Claim { by: "7".to_owned() }), Ok(vec![]));
        assert_eq!(
            Rules::decide(&state, &Command::Claim { by: "8".to_owned() }),
            Err(Refusal::ClaimedByAnother("7".to_owned()))
        );
    }

    #[test]
    fn a_queue_deadline_acts_once_and_never_early() {
        let check = |second| Command::CheckDeadlines { now: Timestamp::from_second(second).unwrap() };
        let state = after(&[queued()]);
        assert_eq!(Rules::decide(&state, &check(7200)), Ok(vec![]), "its last second");
        let late = after(&[queued(), check(7201)]);
        assert_ne!(late, state);
        assert_eq!(Rules::decide(&late, &check(9000)), Ok(vec![]));
    }

    #[test]
    fn a_regrade_keeps_what_it_was() {
        let sure = Verdict::Sure { judgement: judgement(Level::A), confidence: 0.9 };
        let state = after(&[Command::Grade { verdict: sure, subject: Subject::default() }]);
        let regrade = |level| regrade(Seat::District, level, "too hard", Standing::default());
        let events = Rules::decide(&state, &regrade(Level::B2)).unwrap();
        assert!(matches!(&events[..], [Event::Regraded { from: Level::A, .. }]));
        assert_eq!(Rules::decide(&state, &regrade(Level::A)), Err(Refusal::SameJudgement));
    }

    #[test]
    fn who_has_it_from_below_gives_it_back_by_the_same_judgement() {
        let judged = after(&[queued(), Command::Judge { judgement: judgement(Level::B1), reason: String::new() }]);
        let escalated = Standing { moved: true, above_street: true, ..Standing::default() };
        let back = regrade(Seat::District, Level::B1, "the street can", escalated);
        assert!(matches!(&Rules::decide(&judged, &back).unwrap()[..], [Event::Regraded { from: Level::B1, .. }]));
    }

    #[test]
    fn a_street_takes_nothing_out_of_the_hands_of_those_above_it() {
        let judged = after(&[queued(), Command::Judge { judgement: judgement(Level::B1), reason: String::new() }]);
        let above = Standing { moved: true, above_street: true, ..Standing::default() };
        let take = |by| Rules::decide(&judged, &regrade(by, Level::A, "ours", above)).map(|events| events.len());
        assert_eq!(take(Seat::Street { own: true }), Err(Refusal::NotAbove));
        assert_eq!(take(Seat::District), Ok(1));
        let somehow = judgement(Level::B1);
        let shown = |seat| super::super::allowed_actions(&judged, seat, "7", &somehow, above).len();
        assert_eq!((shown(Seat::Street { own: true }), shown(Seat::District)), (0, 1));
    }

    #[test]
    fn nobody_raises_a_case_without_saying_why() {
        let waiting = after(&[queued()]);
        let judge = |level, reason: &str| {
            let command = Command::Judge { judgement: judgement(level), reason: reason.to_owned() };
            Rules::decide(&waiting, &command).map(|events| events.len())
        };
        // The table says B1: at it and below it no word is needed.
        assert_eq!((judge(Level::A, ""), judge(Level::B1, "")), (Ok(1), Ok(1)));
        assert_eq!(judge(Level::B2, ""), Err(Refusal::ReasonRequired));
        assert_eq!(judge(Level::C, ""), Err(Refusal::ReasonRequired));
        assert_eq!(judge(Level::C, "the owner lives abroad"), Ok(1));
        let judged = after(&[queued(), Command::Judge { judgement: judgement(Level::A), reason: String::new() }]);
        let unsaid = regrade(Seat::District, Level::B1, "", Standing::default());
        assert_eq!(Rules::decide(&judged, &unsaid), Err(Refusal::ReasonRequired));
    }

    #[test]
    fn a_regrade_that_only_proves_differently_changes_nothing() {
        let judged = after(&[queued(), Command::Judge { judgement: judgement(Level::B1), reason: String::new() }]);
        let proven = Judgement { proof: Proof::default(), ..judgement(Level::B1) };
        let (by, reason, standing) = (Seat::District, "again".to_owned(), Standing::default());
        let regrade = Command::Regrade { by, judgement: proven, reason, standing };
        assert_eq!(Rules::decide(&judged, &regrade), Err(Refusal::SameJudgement));
    }

    #[test]
    fn what_a_rating_closed_is_not_judged_anew_and_nobody_is_shown_that_it_could_be() {
        let judged = after(&[queued(), Command::Judge { judgement: judgement(Level::B1), reason: String::new() }]);
        let standing = |closed| Standing { closed, ..Standing::default() };
        let regrade = |closed| regrade(Seat::District, Level::C, "too hard", standing(closed));
        assert_eq!(Rules::decide(&judged, &regrade(false)).map(|events| events.len()), Ok(1));
        assert_eq!(Rules::decide(&judged, &regrade(true)), Err(Refusal::Ended));
        let shown = |closed| {
            super::super::allowed_actions(&judged, Seat::District, "7", &judgement(Level::B1), standing(closed))
        };
        assert_eq!((shown(false).len(), shown(true).len()), (1, 0));
    }

    #[test]
    fn a_case_that_ended_leaves_the_queue_once_and_for_good() {
        let dismiss = Command::Dismiss { reason: DismissReason::Withdrawn };
        let gone = after(&[queued(), dismiss.clone()]);
        assert_eq!(Rules::decide(&gone, &dismiss), Ok(vec![]));
        assert_eq!(Rules::decide(&gone, &Command::Claim { by: "7".to_owned() }), Err(Refusal::Ended));
        let late = Command::CheckDeadlines { now: Timestamp::from_second(9000).unwrap() };
        assert_eq!(Rules::decide(&gone, &late), Ok(vec![]));
    }

    #[test]
    fn a_receipt_that_comes_after_the_end_is_not_graded() {
        let gone = after(&[Command::Dismiss { reason: DismissReason::Merged }]);
        assert_eq!(Rules::decide(&gone, &queued()), Ok(vec![]));
    }
}
