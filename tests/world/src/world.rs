//! Everybody's histories, and how a commit is followed.

mod following;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use charter::Charter;
use dispatch::domain::{self as dispatching, Asking};
use dispatch::reaction::{self as dispatch_reaction, Ground, Reaction, Reads};
use enforcement_center::dispatched;
use enforcement_center::domain::operation;
use evaluation::domain as evaluating;
use evaluation::reaction as evaluation_reaction;
use ids::{CaseId, Code, HistoryKey, Owner, Revision};
use intake::domain as taking;
use intake::effects::{Bring, bring, links, reason_of};
use intake::merging::may_end_in;
use jiff::{SignedDuration, Timestamp};
use proto::ToWireTime;
use proto::common::v1::Role;
use proto::record::v1::{Actor, Cause, Commit, Decision, cause};
use proto::streams::follows;
use proto::subjects::CommitSubject;
use record::{Aggregate, StoredCommit};
use station::course_in;
use triage::domain as judging;
use triage::reaction as triage_reaction;
use vocabulary::Course;

pub use crate::dice::Dice;
use crate::mutation::Mutation;

/// A Monday morning in Wuhan.
const BEGINS: &str = "2026-03-02T01:00:00Z";
/// Times a caller is brought further along cases that are each part of the next.
const TURNS_MAX: u32 = 16;

pub fn code(text: &str) -> Code {
    text.parse().unwrap()
}

/// One case, as each owner has it.
pub struct Case {
    pub id: CaseId,
    pub key: HistoryKey,
    pub intake: taking::State,
    pub triage: judging::State,
    pub dispatch: dispatching::State,
    pub centre: operation::State,
    pub evaluation: evaluating::State,
}

/// Where an owner keeps its state of a case.
pub trait Kept: Aggregate {
    fn of(case: &mut Case) -> &mut Self::State;
}

impl Kept for intake::Rules {
    fn of(case: &mut Case) -> &mut taking::State {
        &mut case.intake
    }
}

impl Kept for triage::Rules {
    fn of(case: &mut Case) -> &mut judging::State {
        &mut case.triage
    }
}

impl Kept for dispatch::Rules {
    fn of(case: &mut Case) -> &mut dispatching::State {
        &mut case.dispatch
    }
}

impl Kept for operation::Rules {
    fn of(case: &mut Case) -> &mut operation::State {
        &mut case.centre
    }
}

impl Kept for evaluation::Rules {
    fn of(case: &mut Case) -> &mut evaluating::State {
        &mut case.evaluation
    }
}

/// Who gave rise to something.
#[derive(Clone, Debug)]
pub enum By {
    /// A party at its desk, or a caller.
    Desk(Role, String),
    Commit(CommitSubject),
    Deadline(Timestamp),
}

pub struct World {
    pub charter: Arc<Charter>,
    pub now: Timestamp,
    pub mutation: Option<Mutation>,
    /// In the order of the stream.
    pub record: Vec<StoredCommit>,
    pub cases: Vec<Case>,
    /// Positions on the record that each owner has still to follow.
    queues: BTreeMap<Owner, Vec<usize>>,
    /// Those it has followed: a stop makes the broker deliver some of them again.
    followed: BTreeMap<Owner, Vec<usize>>,
    pub alarms: BTreeMap<(Owner, usize), Timestamp>,
    /// Whose process is down: it follows nothing and hears no alarm.
    pub away: Option<Owner>,
    commands: u64,
    /// What intake made of matters that help somebody, by the case they were found at and their reference there.
    pub related: BTreeMap<(usize, String), usize>,
}

impl World {
    pub fn new(charter: &Arc<Charter>, mutation: Option<Mutation>) -> Self {
        Self {
            charter: Arc::clone(charter),
            now: BEGINS.parse().unwrap(),
            mutation,
            record: Vec::new(),
            cases: Vec::new(),
            queues: BTreeMap::new(),
            followed: BTreeMap::new(),
            alarms: BTreeMap::new(),
            away: None,
            commands: 0,
            related: BTreeMap::new(),
        }
    }

    pub fn is(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    pub fn minutes(&self, minutes: i64) -> Timestamp {
        self.now + SignedDuration::from_mins(minutes)
    }

    pub fn pass(&mut self, minutes: i64) {
        self.now = self.minutes(minutes);
    }

    /// A case id that sorts by the number of the case.
    pub fn open_case(&mut self) -> usize {
        let number = self.cases.len();
        let id = case_id(number);
        self.cases.push(Case {
            id,
            key: HistoryKey::case(self.charter.district.clone(), &id),
            intake: taking::State::default(),
            triage: judging::State::default(),
            dispatch: dispatching::State::default(),
            centre: operation::State::default(),
            evaluation: evaluating::State::default(),
        });
        number
    }

    pub fn number_of(&self, id: CaseId) -> usize {
        self.cases.iter().position(|case| case.id == id).unwrap()
    }

    fn case_of(&self, stored: &StoredCommit) -> usize {
        self.cases.iter().position(|case| case.key == stored.subject.key).unwrap()
    }

    /// What one owner has recorded about a case, by revision.
    pub fn history(&self, case: usize, owner: Owner) -> Vec<StoredCommit> {
        let key = &self.cases[case].key;
        self.record
            .iter()
            .filter(|stored| stored.subject.key == *key && stored.subject.owner == owner)
            .cloned()
            .collect()
    }

    pub fn whole(&self, case: usize) -> Vec<StoredCommit> {
        let key = &self.cases[case].key;
        self.record.iter().filter(|stored| stored.subject.key == *key).cloned().collect()
    }

    /// Triage's last revision, as the door of dispatch reads it for who passes a case on.
    pub fn judged(&self, case: usize) -> u64 {
        self.history(case, Owner::Triage).last().map(|stored| stored.subject.revision.0).unwrap_or_default()
    }

    /// How a judged case stands with dispatch, as the door of triage reads it.
    pub fn standing(&self, case: usize) -> judging::Standing {
        let judging::State::Judged { judgement, .. } = &self.cases[case].triage else {
            return judging::Standing::default();
        };
        triage::standing::standing(&self.history(case, Owner::Dispatch), judgement, self.judged(case)).unwrap()
    }

    /// How far dispatch is with a case, read from the record as a door reads it.
    pub fn course(&self, case: usize) -> Course {
        course_in(&self.history(case, Owner::Dispatch))
    }

    /// Of those who joined, whose own case left before it became part of this one.
    pub fn gone(&self, case: usize) -> Vec<CaseId> {
        let joined = self.cases[case].intake.joined.iter().map(|joined| joined.case);
        joined.filter(|joined| self.cases[self.number_of(*joined)].intake.has_left()).collect()
    }

    /// Decides by the rules alone and puts what follows on the record.
    pub fn decide<A: Kept>(&mut self, case: usize, by: &By, command: &A::Command) -> Result<Vec<A::Event>, A::Refusal>
    where
        A::State: Clone,
    {
        let events = A::decide(A::of(&mut self.cases[case]), command)?;
        self.append::<A>(case, by, &events);
        Ok(events)
    }

    /// Through the wire and back, as every reader gets it.
    pub fn append<A: Kept>(&mut self, case: usize, by: &By, events: &[A::Event]) {
        if events.is_empty() {
            return;
        }
        let key = self.cases[case].key.clone();
        let before = self.record.iter().filter(|stored| stored.subject.key == key && stored.subject.owner == A::OWNER);
        let revision = Revision(u64::try_from(before.count()).unwrap() + 1);
        let (cause, actor, command_id) = self.caused(by);
        let events: Vec<_> = events.iter().map(A::to_wire).collect();
        for event in &events {
            let event = A::from_wire(event).expect("what is written is read");
            let state = A::of(&mut self.cases[case]);
            *state = A::evolve(std::mem::take(state), &event);
        }
        let position = self.record.len();
        self.record.push(StoredCommit {
            subject: CommitSubject { key, owner: A::OWNER, revision },
            sequence: u64::try_from(position).unwrap() + 1,
            commit: Commit {
                at: Some(self.now.to_wire()),
                charter_version: self.charter.version.clone(),
                decisions: vec![Decision {
                    cause: Some(cause),
                    actor: Some(actor),
                    command_id,
                    events,
                    ..Decision::default()
                }],
                ..Commit::default()
            },
        });
        for follower in Owner::ALL.into_iter().filter(|owner| follows(*owner).contains(&A::OWNER)) {
            self.queues.entry(follower).or_default().push(position);
        }
    }

    /// Puts one fact on the record as if its owner had decided it, and lets nobody follow it. Returns where it stands.
    pub fn put(&mut self, case: usize, owner: Owner, fact: proto::record::v1::Event) -> usize {
        let revision =
            self.history(case, owner).last().map(|stored| stored.subject.revision).unwrap_or_default().next();
        let (cause, actor, _) = self.caused(&By::Desk(Role::Operator, String::new()));
        let decision = Decision { cause: Some(cause), actor: Some(actor), events: vec![fact], ..Decision::default() };
        self.record.push(StoredCommit {
            subject: CommitSubject { key: self.cases[case].key.clone(), owner, revision },
            sequence: u64::try_from(self.record.len()).unwrap() + 1,
            commit: Commit {
                at: Some(self.now.to_wire()),
                charter_version: self.charter.version.clone(),
                decisions: vec![decision],
                ..Commit::default()
            },
        });
        self.record.len() - 1
    }

    fn caused(&mut self, by: &By) -> (Cause, Actor, String) {
        self.commands += 1;
        let (kind, role, party) = match by {
            By::Desk(role, party) => (cause::Kind::Command(self.commands.to_string()), *role, party.clone()),
            By::Commit(to) => (cause::Kind::Commit(to.to_string()), Role::System, String::new()),
            By::Deadline(due) => (cause::Kind::Deadline(due.to_wire()), Role::System, String::new()),
        };
        let id = if matches!(by, By::Desk(..)) { self.commands.to_string() } else { String::new() };
        (Cause { kind: Some(kind) }, Actor { role: role.into(), party, ..Actor::default() }, id)
    }

    /// Something to follow by anybody.
    pub fn waiting(&self) -> bool {
        self.queues.values().any(|queue| !queue.is_empty())
    }

    /// One owner follows one of the commits it has not followed, whichever; and perhaps again later.
    pub fn follow_one(&mut self, dice: &mut Dice) {
        let away = self.away;
        let busy = self.queues.iter().filter(|(owner, queue)| !queue.is_empty() && Some(**owner) != away);
        let busy: Vec<Owner> = busy.map(|(owner, _)| *owner).collect();
        let Some(follower) = dice.pick(&busy).copied() else { return };
        let again = dice.one_in(8);
        let queue = self.queues.entry(follower).or_default();
        // Mostly in order, as a broker delivers; but many are in hand at once, and some come late.
        let place = if dice.one_in(2) { dice.below(queue.len()) } else { 0 };
        let position = if again { queue[place] } else { queue.remove(place) };
        if self.is(Mutation::AcknowledgedBeforeItWasDone) && dice.one_in(6) {
            return;
        }
        self.follow(follower, position);
        self.followed.entry(follower).or_default().push(position);
    }

    /// A process stops and starts: what it had not acknowledged is delivered again, and it may have acknowledged nothing.
    pub fn restart(&mut self, dice: &mut Dice) {
        let followers: Vec<Owner> = Owner::ALL.into_iter().filter(|owner| !follows(*owner).is_empty()).collect();
        let Some(follower) = dice.pick(&followers).copied() else { return };
        let followed = self.followed.entry(follower).or_default();
        let again: Vec<usize> = followed.iter().copied().filter(|_| dice.one_in(2)).collect();
        self.queues.entry(follower).or_default().extend(again);
    }

    /// Everything is followed and every alarm that is due has rung.
    pub fn settle(&mut self, dice: &mut Dice) {
        self.away = None;
        for _ in 0..10_000 {
            if self.waiting() {
                self.follow_one(dice);
            } else if !self.ring_one(dice) {
                return;
            }
        }
        panic!("it goes on and on");
    }

    /// One of the alarms that are due rings. False when none is.
    pub fn ring_one(&mut self, dice: &mut Dice) -> bool {
        let due = self.alarms.iter().filter(|((owner, _), due)| **due <= self.now && Some(*owner) != self.away);
        let due: Vec<(Owner, usize)> = due.map(|(alarm, _)| *alarm).collect();
        let Some((owner, case)) = dice.pick(&due).copied() else { return false };
        let due = self.alarms.remove(&(owner, case)).unwrap();
        let by = By::Deadline(due);
        let now = self.now.max(due);
        let acted = match owner {
            Owner::Triage => !self.triage(case, &by, &judging::Command::CheckDeadlines { now }).unwrap().is_empty(),
            Owner::Dispatch => self.ring_dispatch(case, &by, now),
            Owner::EnforcementCenter => {
                let told = self.charter.district_centre().code.clone();
                let seat_due = now + SignedDuration::from_mins(10);
                let check = operation::Command::CheckDeadlines { now, seat_due, told, away: BTreeSet::new() };
                !self.decide::<operation::Rules>(case, &by, &check).unwrap().is_empty()
            }
            Owner::Evaluation => {
                let check = evaluating::Command::CheckDeadlines { now, formula: self.formula() };
                !self.evaluation(case, &by, &check).unwrap().is_empty()
            }
            Owner::Intake | Owner::Notification | Owner::Powers => false,
        };
        if !acted {
            self.set_alarm(owner, case);
            let stands = self.alarms.get(&(owner, case));
            assert!(stands.is_none_or(|stands| *stands > now), "{owner} rings for ever about case {case}");
        }
        true
    }

    fn ring_dispatch(&mut self, case: usize, by: &By, now: Timestamp) -> bool {
        let charter = Arc::clone(&self.charter);
        let ground = Ground { charter: &charter, now };
        if let dispatching::Phase::Resolved { asking: Asking::Until(rating_due), .. } = self.cases[case].dispatch.phase
        {
            if self.is(Mutation::ClosedByOurOwnClock) && rating_due <= now {
                let lapse = dispatching::Command::Lapse { round: self.cases[case].dispatch.rounds };
                return !self.dispatch(case, by, &lapse).unwrap().is_empty();
            }
            let whole = self.whole(case);
            let said = dispatch_reaction::said_of_the_answer(ground, &whole).unwrap();
            return self.dispatch_all(case, said);
        }
        let check = dispatch_reaction::check_deadlines(ground, &self.cases[case].dispatch);
        !self.dispatch(case, by, &check).unwrap().is_empty()
    }

    fn set_alarm(&mut self, owner: Owner, case: usize) {
        if self.is(Mutation::NoAlarmIsSet) && owner == Owner::Dispatch {
            return;
        }
        let kept = &mut self.cases[case];
        let next = match owner {
            Owner::Intake => intake::Rules::next_deadline(&kept.intake),
            Owner::Triage => triage::Rules::next_deadline(&kept.triage),
            Owner::Dispatch => dispatch::Rules::next_deadline(&kept.dispatch),
            Owner::EnforcementCenter => operation::Rules::next_deadline(&kept.centre),
            Owner::Evaluation => evaluation::Rules::next_deadline(&kept.evaluation),
            Owner::Notification | Owner::Powers => None,
        };
        let next = match (next, self.cases[case].dispatch.phase) {
            (None, dispatching::Phase::Resolved { asking: Asking::Until(rating_due), .. })
                if owner == Owner::Dispatch && self.is(Mutation::ClosedByOurOwnClock) =>
            {
                Some(rating_due)
            }
            (next, _) => next,
        };
        let Some(next) = next else { return };
        let stands = self.alarms.entry((owner, case)).or_insert(next);
        *stands = (*stands).min(next);
    }

    pub fn formula(&self) -> evaluating::Formula {
        evaluating::Formula::from(self.charter.formula())
    }
}

/// Ids in the order of their numbers: the later case has the larger one.
fn case_id(number: usize) -> CaseId {
    const DIGITS: &str = "0123456789abcdefghjkmnpqrstvwxyz";
    let digit = DIGITS.chars().nth(number).unwrap();
    let ids = DIGITS.chars().map(|check| format!("260302-00000{digit}{check}"));
    ids.filter_map(|id| id.parse().ok()).next().unwrap()
}
