//! What a followed commit asks of dispatch: commands, found from what is recorded alone. Nothing here waits; `inbox.rs`
//! reads what is needed, and decides.
//!
//! Facts of others come late, again and in any order. What came while it could not hold (a judgement while departments
//! were called, a word of the caller after the answer) holds as soon as it can: dispatch's own commits that make way for it
//! ask for it again.

use std::sync::Arc;

use charter::Charter;
use ids::{Code, Owner, Revision};
use jiff::Timestamp;
use proto::dispatch::v1::dispatch_event::Event as DispatchFact;
use proto::enforcement_center::v1::enforcement_center_event::Event as CenterFact;
use proto::enforcement_center::v1::{MeetingHeld, OperationOpened};
use proto::evaluation::v1::evaluation_event::Event as EvaluationFact;
use proto::evaluation::v1::{Rated, RatingLapsed};
use proto::facts::{Facts, IntakeFacts, TriageFacts};
use proto::intake::v1::intake_event::Event as IntakeFact;
use proto::intake::v1::{ExclusionApproved, LinkedAsDuplicate, WithdrawalAsked};
use proto::record::v1::{Actor, Event};
use proto::subjects::CommitSubject;
use proto::triage::v1::triage_event::Event as TriageFact;
use proto::triage::v1::{Classified, Judged, Judgement, Regraded};
use record::{StoredCommit, WireError};
use station::wire;
use vocabulary::Place;

use crate::domain::{Assignment, Command, InForce, Phase, Plan, State};
use crate::{above, terms};

/// The charter and the time that something is decided by.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'g> {
    pub charter: &'g Arc<Charter>,
    pub now: Timestamp,
}

/// Something to decide, and the commit that gave rise to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Reaction {
    pub to: CommitSubject,
    pub command: Command,
}

/// What has to be read beside a commit, less before more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reads {
    Nothing,
    /// Everything on the record about the case, this commit included.
    TheCase,
}

/// Whether a commit asks for something, and what has to be read to know for what.
#[must_use]
pub fn asks(stored: &StoredCommit) -> Option<Reads> {
    let commit = &stored.commit;
    match stored.subject.owner {
        Owner::Dispatch => commit.dispatch_facts().any(makes_way).then_some(Reads::TheCase),
        Owner::Intake => commit.intake_facts().any(gives_up).then_some(Reads::Nothing),
        Owner::Triage => commit.triage_facts().any(judges).then_some(Reads::Nothing),
        Owner::EnforcementCenter => commit.enforcement_center_facts().any(is_joint).then_some(Reads::TheCase),
        Owner::Evaluation => commit.evaluation_facts().filter_map(says_of_the_answer).max(),
        Owner::Notification | Owner::Powers => None,
    }
}

/// What a commit asks for, in this order. `case` is what [`asks`] wants to be read, `own` the state of dispatch.
///
/// # Errors
/// A fact does not have the form its type promises.
pub fn reactions(
    ground: Ground<'_>,
    stored: &StoredCommit,
    case: &[StoredCommit],
    own: &State,
) -> Result<Vec<Reaction>, WireError> {
    match stored.subject.owner {
        Owner::Dispatch => held_back(ground, stored, case, own),
        Owner::Intake | Owner::Triage => of_commit(ground, stored, Revision::NONE),
        Owner::EnforcementCenter => joint(ground, stored, case),
        Owner::Evaluation => rated(ground, stored, case),
        Owner::Notification | Owner::Powers => Ok(vec![]),
    }
}

/// What evaluation has said of the round that is answered: for an alarm that rings then.
///
/// # Errors
/// As [`reactions`].
pub fn said_of_the_answer(ground: Ground<'_>, case: &[StoredCommit]) -> Result<Vec<Reaction>, WireError> {
    let mut said = Vec::new();
    for stored in of(case, Owner::Evaluation) {
        said.extend(rated(ground, stored, case)?);
    }
    Ok(said)
}

/// What is asked when an alarm rings.
#[must_use]
pub fn check_deadlines(ground: Ground<'_>, own: &State) -> Command {
    Command::CheckDeadlines {
        now: ground.now,
        above: above::everybody_above(ground.charter, own),
        centre: ground.charter.district_centre().code.clone(),
        in_force: InForce(Arc::clone(ground.charter)),
    }
}

fn makes_way(fact: &DispatchFact) -> bool {
    matches!(fact, DispatchFact::CallEnded(_) | DispatchFact::Reopened(_))
}

fn gives_up(fact: &IntakeFact) -> bool {
    matches!(fact, IntakeFact::WithdrawalAsked(_) | IntakeFact::LinkedAsDuplicate(_) | IntakeFact::ExclusionApproved(_))
}

fn judges(fact: &TriageFact) -> bool {
    matches!(fact, TriageFact::Classified(_) | TriageFact::Judged(_) | TriageFact::Regraded(_))
}

fn is_joint(fact: &CenterFact) -> bool {
    matches!(fact, CenterFact::MeetingHeld(_) | CenterFact::OperationConcluded(_))
}

fn says_of_the_answer(fact: &EvaluationFact) -> Option<Reads> {
    if let EvaluationFact::RatingLapsed(_) = fact {
        return Some(Reads::TheCase);
    }
    matches!(fact, EvaluationFact::Rated(_)).then_some(Reads::Nothing)
}

/// What was said while departments were called, or after the answer, now that the case is open and nobody is called.
fn held_back(
    ground: Ground<'_>,
    stored: &StoredCommit,
    case: &[StoredCommit],
    own: &State,
) -> Result<Vec<Reaction>, WireError> {
    let graded_by = match (&own.matter, own.phase) {
        (Some(matter), Phase::Open) if stored.commit.dispatch_facts().any(makes_way) => matter.graded_by,
        (_, Phase::Unknown | Phase::Open | Phase::Resolved { .. } | Phase::Closed) => return Ok(vec![]),
    };
    let mut held_back = Vec::new();
    for taken_in in of(case, Owner::Intake) {
        held_back.extend(of_commit(ground, taken_in, Revision::NONE)?);
    }
    let mut judged = Vec::new();
    for known in of(case, Owner::Triage) {
        judged.extend(of_commit(ground, known, Revision(graded_by))?);
    }
    // One judgement takes the place of another: of several, only the last holds.
    held_back.extend(judged.pop());
    Ok(held_back)
}

/// What one commit asks for by itself, unless it is of this revision or older.
fn of_commit(ground: Ground<'_>, stored: &StoredCommit, known: Revision) -> Result<Vec<Reaction>, WireError> {
    if stored.subject.revision <= known {
        return Ok(vec![]);
    }
    let mut asked = Vec::new();
    for event in stored.commit.facts() {
        let command = Translating { ground, revision: stored.subject.revision }.command(event)?;
        asked.extend(command.map(|command| Reaction { to: stored.subject.clone(), command }));
    }
    Ok(asked)
}

fn of(case: &[StoredCommit], owner: Owner) -> impl Iterator<Item = &StoredCommit> {
    let mut all: Vec<&StoredCommit> = case.iter().filter(|stored| stored.subject.owner == owner).collect();
    all.sort_by_key(|stored| stored.subject.revision);
    all.into_iter()
}

/// A fact of intake or triage in dispatch's own words; none when it asks for nothing here.
struct Translating<'g> {
    ground: Ground<'g>,
    revision: Revision,
}

impl Translating<'_> {
    fn command(&mut self, event: &Event) -> Result<Option<Command>, WireError> {
        if let Some(fact) = event.intake() {
            fact.told_to(self)
        } else if let Some(fact) = event.triage() {
            fact.told_to(self)
        } else {
            Ok(None)
        }
    }

    fn grade(
        &self,
        judgement: Option<&Judgement>,
        (title, place, campaign): (&str, Option<&proto::common::v1::Place>, &str),
        reason: &str,
    ) -> Result<Option<Command>, WireError> {
        let Ground { charter, now } = self.ground;
        let judgement = judgement.ok_or_else(|| WireError::new("judgement", "missing"))?;
        let level = wire::level(judgement.level)?;
        let terms = terms::of_case(charter, now, level, &judgement.category, charter.campaign(campaign));
        let assignment = Assignment {
            party: wire::code("judgement.party", &judgement.party)?,
            level,
            comprehensive: judgement.comprehensive,
            category: wire::code("judgement.category", &judgement.category)?,
            also: wire::codes("judgement.also", &judgement.also)?,
            situation: wire::optional_code("judgement.situation", &judgement.situation)?,
            colour: wire::optional_colour(judgement.colour)?,
            title: title.to_owned(),
            place: place.map_or_else(|| Ok(Place::default()), |place| wire::place(Some(place)))?,
            due: terms.now,
            due_provisional: false,
            start: None,
            evidence_needed: charter.needs_evidence(level, &judgement.category),
            reason: reason.to_owned(),
            graded_by: self.revision.0,
            dropped: vec![],
        };
        let instead = above::command_centre_of(charter, &assignment.party);
        Ok(Some(Command::Grade { assignment: Box::new(assignment), terms, instead }))
    }
}

impl Facts for Translating<'_> {
    type Found = Result<Option<Command>, WireError>;

    fn nothing() -> Self::Found {
        Ok(None)
    }
}

impl IntakeFacts for Translating<'_> {
    fn withdrawal_asked(&mut self, _: &WithdrawalAsked) -> Self::Found {
        Ok(Some(Command::Withdraw))
    }

    fn linked_as_duplicate(&mut self, _: &LinkedAsDuplicate) -> Self::Found {
        Ok(Some(Command::Merge))
    }

    fn exclusion_approved(&mut self, _: &ExclusionApproved) -> Self::Found {
        Ok(Some(Command::Exclude))
    }
}

impl TriageFacts for Translating<'_> {
    fn classified(&mut self, fact: &Classified) -> Self::Found {
        self.grade(fact.judgement.as_ref(), (&fact.title, fact.place.as_ref(), &fact.campaign), "")
    }

    fn judged(&mut self, fact: &Judged) -> Self::Found {
        self.grade(fact.judgement.as_ref(), (&fact.title, fact.place.as_ref(), &fact.campaign), &fact.reason)
    }

    fn regraded(&mut self, fact: &Regraded) -> Self::Found {
        self.grade(fact.judgement.as_ref(), (&fact.title, fact.place.as_ref(), &fact.campaign), &fact.reason)
    }
}

/// What the meetings of a joint operation decided becomes tasks of the case, and its end the end of the case. The
/// centre's commits may be followed in any order: before an operation is concluded, every meeting it held is looked up.
fn joint(ground: Ground<'_>, stored: &StoredCommit, case: &[StoredCommit]) -> Result<Vec<Reaction>, WireError> {
    if !stored.commit.enforcement_center_facts().any(is_joint) {
        return Ok(vec![]);
    }
    let to = || stored.subject.clone();
    let (mut asked, mut concluded) = (Vec::new(), Vec::new());
    // That of the operation under way when a fact was recorded.
    let mut round = 1;
    for known in of(case, Owner::EnforcementCenter) {
        for (actor, event) in with_actors(known) {
            let Some(fact) = event.enforcement_center() else { continue };
            if let CenterFact::OperationOpened(OperationOpened { round: opened, .. }) = fact {
                round = (*opened).max(1);
            } else if let CenterFact::MeetingHeld(held) = fact
                && !held.decisions.is_empty()
            {
                asked.push(Reaction { to: to(), command: decisions(ground, round, held)? });
            } else if let CenterFact::OperationConcluded(fact) = fact
                && known.subject == stored.subject
            {
                let by = actor.and_then(|actor| actor.party.parse().ok());
                let by = by.unwrap_or_else(|| ground.charter.district_centre().code.clone());
                let rating_due = terms::rating_due(ground.charter, ground.now);
                let command = Command::Conclude { round, summary: fact.summary.clone(), by, rating_due };
                concluded.push(Reaction { to: to(), command });
            }
        }
    }
    asked.extend(concluded);
    Ok(asked)
}

fn with_actors(stored: &StoredCommit) -> impl Iterator<Item = (Option<&Actor>, &Event)> {
    let decisions = stored.commit.decisions.iter();
    decisions.flat_map(|decision| decision.events.iter().map(|event| (decision.actor.as_ref(), event)))
}

fn decisions(ground: Ground<'_>, round: u32, held: &MeetingHeld) -> Result<Command, WireError> {
    let decisions = held.decisions.iter().map(|decision| {
        let party: Code = wire::code("decisions.party", &decision.party)?;
        Ok(Plan { party, title: decision.text.clone(), due: None, after: vec![], root_cause: false })
    });
    Ok(Command::JointDecisions {
        round,
        meeting: held.meeting,
        decisions: decisions.collect::<Result<_, WireError>>()?,
        in_force: InForce(Arc::clone(ground.charter)),
    })
}

/// Evaluation alone says whether a caller's word came in time, so a case is closed unrated by its word and not by a clock
/// of our own; and whatever the caller said of a round comes before its end, in whichever order both are followed.
fn rated(ground: Ground<'_>, stored: &StoredCommit, case: &[StoredCommit]) -> Result<Vec<Reaction>, WireError> {
    let mut asked = Vec::new();
    for fact in stored.commit.evaluation_facts() {
        if let EvaluationFact::Rated(rated) = fact {
            asked.push(Reaction { to: stored.subject.clone(), command: rate(ground, rated) });
        } else if let EvaluationFact::RatingLapsed(RatingLapsed { round }) = fact {
            let before = of(case, Owner::Evaluation)
                .flat_map(|known| known.commit.evaluation_facts().map(move |fact| (known, fact)));
            for (known, fact) in before {
                if let EvaluationFact::Rated(rated) = fact
                    && rated.round == *round
                {
                    asked.push(Reaction { to: known.subject.clone(), command: rate(ground, rated) });
                }
            }
            asked.push(Reaction { to: stored.subject.clone(), command: Command::Lapse { round: *round } });
        }
    }
    Ok(asked)
}

fn rate(ground: Ground<'_>, fact: &Rated) -> Command {
    let terms = terms::general(ground.charter, ground.now);
    let reason = format!("the caller says: {}", fact.rating);
    Command::Rate { round: fact.round, solved: fact.solved, reason, terms }
}
