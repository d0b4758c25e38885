//! What dispatch follows: judgements, withdrawals and exclusions, concluded operations, ratings, its own commits, and
//! alarms.

use std::sync::Arc;

use charter::Charter;
use ids::Owner;
use proto::dispatch::v1::dispatch_event::Event as DispatchFact;
use proto::enforcement_center::v1::OperationConcluded;
use proto::evaluation::v1::Rated;
use proto::facts::{EnforcementCenterFacts, EvaluationFacts, Facts, IntakeFacts, TriageFacts};
use proto::intake::v1::{ExclusionApproved, LinkedAsDuplicate, WithdrawalAsked};
use proto::record::v1::{Actor, Event};
use proto::streams::{CASES, TIMERS, record_consumer, timer_consumer};
use proto::triage::v1::{Classified, Judged, Judgement, Regraded};
use record::StoredCommit;
use record::alarm::Alarm;
use record::follow::{Delivered, Failure};
use station::wire;
use tokio_util::sync::CancellationToken;
use vocabulary::Place;

use crate::app::{self, App};
use crate::domain::{Assignment, Command, InForce, Phase, State, Terms};
use crate::effects::Effects;
use crate::joint_meetings;
use crate::recurrence::Recurrences;

pub async fn follow(
    app: App,
    effects: Effects,
    recurrences: Recurrences,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let follower = app.desk.station.broker.follower(CASES, &record_consumer(Owner::Dispatch)).await?;
    follower
        .run(stop, move |delivered| {
            let (app, effects, recurrences) = (app.clone(), effects.clone(), recurrences.clone());
            async move { take(&app, &effects, &recurrences, &delivered).await }
        })
        .await?;
    Ok(())
}

pub async fn mind_deadlines(app: App, stop: CancellationToken) -> anyhow::Result<()> {
    let follower = app.desk.station.broker.follower(TIMERS, &timer_consumer(Owner::Dispatch)).await?;
    follower
        .run(stop, move |delivered| {
            let app = app.clone();
            async move { ring(&app, &Alarm::read(&delivered)?).await }
        })
        .await?;
    Ok(())
}

async fn ring(app: &App, alarm: &Alarm) -> Result<(), Failure> {
    let charter = app.desk.station.charter_to_follow(&alarm.key.district)?;
    let state = app.desk.read_to_follow(&alarm.key).await?.state;
    let above = app::everybody_above(&charter, &state);
    let centre = charter.district_centre().code.clone();
    let in_force = InForce(Arc::clone(&charter));
    app.desk.ring(alarm, &charter, |now| Command::CheckDeadlines { now, above, centre, in_force }).await
}

async fn take(app: &App, effects: &Effects, recurrences: &Recurrences, delivered: &Delivered) -> Result<(), Failure> {
    let stored = StoredCommit::read(delivered)?;
    if stored.subject.owner == Owner::Dispatch {
        let snapshot = app.desk.after_own_commit(&stored).await?;
        // Neither waits for the other: departments get their orders while a place cannot be looked up.
        let ordered = effects.of(&stored, &snapshot.state, &app.desk.station).await;
        let looked_back = recurrences.follow(app, &stored, &snapshot.state).await;
        let judged_anew = follow_late_judgement(app, &stored, &snapshot.state).await;
        return ordered.and(looked_back).and(judged_anew);
    }
    if joint_meetings::concerns(&stored) {
        joint_meetings::plan(app, &stored).await?;
    }
    for decision in &stored.commit.decisions {
        for event in &decision.events {
            if let Some(command) = translate(app, &stored, decision.actor.as_ref(), event)? {
                let charter = app.desk.station.charter_to_follow(&stored.subject.key.district)?;
                app.desk.react(&stored.subject.key, &stored.subject, &charter, command).await?;
            }
        }
    }
    Ok(())
}

/// A judgement that came while departments were called, or after the answer, holds as soon as it can: when the last call is
/// over, or the case is open again. It is on the record of triage until then.
async fn follow_late_judgement(app: &App, stored: &StoredCommit, now: &State) -> Result<(), Failure> {
    let makes_way = |fact: &DispatchFact| matches!(fact, DispatchFact::CallEnded(_) | DispatchFact::Reopened(_));
    let graded_by = now.matter.as_ref().map(|matter| matter.graded_by);
    let (Some(graded_by), true) = (graded_by, stored.commit.dispatch_facts().any(makes_way)) else { return Ok(()) };
    if now.phase != Phase::Open {
        return Ok(());
    }
    let key = &stored.subject.key;
    let judgements = app.desk.station.broker.load_owner(key, Owner::Triage).await?;
    for judged in &judgements {
        if judged.subject.revision.0 <= graded_by {
            continue;
        }
        let mut commands = Vec::new();
        for fact in judged.commit.facts() {
            commands.extend(translate(app, judged, None, fact)?);
        }
        for command in commands {
            let charter = app.desk.station.charter_to_follow(&key.district)?;
            app.desk.react(key, &judged.subject, &charter, command).await?;
        }
    }
    Ok(())
}

/// A fact of another owner in dispatch's own words; `None` when it asks for nothing here. `actor`: who decided it.
pub(crate) fn translate(
    app: &App,
    stored: &StoredCommit,
    actor: Option<&Actor>,
    event: &Event,
) -> Result<Option<Command>, Failure> {
    let mut translating = Translating { app, stored, actor };
    if let Some(fact) = event.intake() {
        fact.told_to(&mut translating)
    } else if let Some(fact) = event.triage() {
        fact.told_to(&mut translating)
    } else if let Some(fact) = event.enforcement_center() {
        fact.told_to(&mut translating)
    } else if let Some(fact) = event.evaluation() {
        fact.told_to(&mut translating)
    } else {
        Ok(None)
    }
}

struct Translating<'c> {
    app: &'c App,
    stored: &'c StoredCommit,
    actor: Option<&'c Actor>,
}

impl Facts for Translating<'_> {
    type Found = Result<Option<Command>, Failure>;

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

impl EnforcementCenterFacts for Translating<'_> {
    fn operation_concluded(&mut self, fact: &OperationConcluded) -> Self::Found {
        let by = self.actor.map(|actor| actor.party.as_str());
        let charter = self.charter()?;
        let by = by.unwrap_or_default().parse().unwrap_or_else(|_| charter.district_centre().code.clone());
        let rating_due = self.app.rating_due(&charter);
        Ok(Some(Command::Conclude { summary: fact.summary.clone(), by, rating_due }))
    }
}

impl EvaluationFacts for Translating<'_> {
    fn rated(&mut self, fact: &Rated) -> Self::Found {
        let charter = self.charter()?;
        let terms = self.app.terms_of(&charter, None);
        let reason = format!("the caller says: {}", fact.rating);
        Ok(Some(Command::Rate { round: fact.round, solved: fact.solved, reason, terms }))
    }
}

impl Translating<'_> {
    fn charter(&self) -> Result<Arc<Charter>, Failure> {
        self.app.desk.station.charter_to_follow(&self.stored.subject.key.district)
    }

    fn grade(
        &self,
        judgement: Option<&Judgement>,
        (title, place, campaign): (&str, Option<&proto::common::v1::Place>, &str),
        reason: &str,
    ) -> Result<Option<Command>, Failure> {
        let charter = self.charter()?;
        let read = || -> Result<(Assignment, Terms), record::WireError> {
            let judgement = judgement.ok_or_else(|| record::WireError::new("judgement", "missing"))?;
            let level = wire::level(judgement.level)?;
            let terms = self.app.terms(&charter, level, &judgement.category, charter.campaign(campaign));
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
                graded_by: self.stored.subject.revision.0,
            };
            Ok((assignment, terms))
        };
        let (assignment, terms) = read().map_err(Failure::permanent)?;
        let instead = app::command_centre_of(&charter, &assignment.party);
        Ok(Some(Command::Grade { assignment: Box::new(assignment), terms, instead }))
    }
}
