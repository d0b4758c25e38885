//! What dispatch follows: judgements, withdrawals and exclusions, concluded operations, ratings, its own commits, and
//! alarms.

use std::sync::Arc;

use ids::Owner;
use proto::enforcement_center::v1::enforcement_center_event::Event as CenterFact;
use proto::evaluation::v1::evaluation_event::Event as EvaluationFact;
use proto::intake::v1::intake_event::Event as IntakeFact;
use proto::record::v1::event::Of;
use proto::streams::{CASES, TIMERS, record_consumer, timer_consumer};
use proto::triage::v1::triage_event::Event as TriageFact;
use proto::triage::v1::{self as triage};
use record::StoredCommit;
use record::alarm::Alarm;
use record::follow::{Delivered, Failure};
use station::wire;
use tokio_util::sync::CancellationToken;
use vocabulary::Place;

use crate::app::{self, App};
use crate::domain::{Assignment, Command, InForce, State, Terms};
use crate::effects::Effects;
use crate::joint;
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
    let stored = StoredCommit::read(delivered).map_err(Failure::permanent)?;
    if stored.subject.owner == Owner::Dispatch {
        let snapshot = app.desk.follow_own(&stored).await?;
        effects.of(&stored, &snapshot.state, &app.desk.station).await?;
        return look_back(app, recurrences, &stored, &snapshot.state).await;
    }
    if joint::concerns(&stored) {
        joint::plan(app, &stored).await?;
    }
    for event in stored.commit.decisions.iter().flat_map(|decision| &decision.events) {
        if let Some(command) = translate(app, &stored, event.of.as_ref())? {
            let charter = app.desk.station.charter_to_follow(&stored.subject.key.district)?;
            app.desk.react(&stored.subject.key, &stored.subject, &charter, command).await?;
        }
    }
    Ok(())
}

/// Whether the problem that was just assigned is one that keeps coming back.
async fn look_back(app: &App, recurrences: &Recurrences, stored: &StoredCommit, now: &State) -> Result<(), Failure> {
    if !now.earlier.is_empty() || !Recurrences::concerns(stored) {
        return Ok(());
    }
    let charter = app.desk.station.charter_to_follow(&stored.subject.key.district)?;
    match recurrences.before(stored, &charter).await? {
        None => Ok(()),
        Some(found) => {
            let command = Command::FoundRecurrent { found: Box::new(found), leading: app::leading(&charter, now) };
            app.desk.react(&stored.subject.key, &stored.subject, &charter, command).await
        }
    }
}

/// A fact of another owner in dispatch's own words; `None` when it asks for nothing here.
fn translate(app: &App, stored: &StoredCommit, fact: Option<&Of>) -> Result<Option<Command>, Failure> {
    let charter = || app.desk.station.charter_to_follow(&stored.subject.key.district);
    Ok(match fact {
        Some(Of::Intake(fact)) => match &fact.event {
            Some(IntakeFact::WithdrawalAsked(_)) => Some(Command::Withdraw),
            Some(IntakeFact::LinkedAsDuplicate(_)) => Some(Command::Merge),
            Some(IntakeFact::ExclusionApproved(_)) => Some(Command::Exclude),
            Some(
                IntakeFact::Received(_)
                | IntakeFact::Supplemented(_)
                | IntakeFact::ExclusionProposed(_)
                | IntakeFact::CallerJoined(_)
                | IntakeFact::PollOpened(_)
                | IntakeFact::HouseholdAnswered(_)
                | IntakeFact::PollClosed(_)
                | IntakeFact::PollAttached(_),
            )
            | None => None,
        },
        Some(Of::Triage(fact)) => match &fact.event {
            Some(TriageFact::Classified(fact)) => {
                grade(app, stored, fact.judgement.as_ref(), (&fact.title, fact.place.as_ref(), &fact.campaign), "")?
            }
            Some(TriageFact::Judged(fact)) => grade(
                app,
                stored,
                fact.judgement.as_ref(),
                (&fact.title, fact.place.as_ref(), &fact.campaign),
                &fact.reason,
            )?,
            Some(TriageFact::Regraded(fact)) => grade(
                app,
                stored,
                fact.judgement.as_ref(),
                (&fact.title, fact.place.as_ref(), &fact.campaign),
                &fact.reason,
            )?,
            Some(
                TriageFact::QueuedForJudgement(_)
                | TriageFact::Claimed(_)
                | TriageFact::JudgementOverdue(_)
                | TriageFact::Dismissed(_),
            )
            | None => None,
        },
        Some(Of::EnforcementCenter(fact)) => match &fact.event {
            Some(CenterFact::OperationConcluded(fact)) => {
                let by = stored
                    .commit
                    .decisions
                    .first()
                    .and_then(|decision| decision.actor.as_ref())
                    .map(|actor| actor.party.as_str())
                    .unwrap_or_default();
                let charter = charter()?;
                let by = by.parse().unwrap_or_else(|_| charter.district_centre().code.clone());
                let rating_due = app.rating_due(&charter);
                Some(Command::Conclude { summary: fact.summary.clone(), by, rating_due })
            }
            Some(_) | None => None,
        },
        Some(Of::Evaluation(fact)) => match &fact.event {
            Some(EvaluationFact::Rated(fact)) => {
                let charter = charter()?;
                // A reopened case runs under the general limit, whatever it was before: it has waited once.
                let terms = app.terms_of(&charter, None);
                let reason = format!("the caller says: {}", fact.rating);
                Some(Command::Rate { round: fact.round, solved: fact.solved, reason, terms })
            }
            Some(_) | None => None,
        },
        Some(Of::Dispatch(_) | Of::Notification(_)) | None => None,
    })
}

fn grade(
    app: &App,
    stored: &StoredCommit,
    judgement: Option<&triage::Judgement>,
    (title, place, campaign): (&str, Option<&proto::common::v1::Place>, &str),
    reason: &str,
) -> Result<Option<Command>, Failure> {
    let charter = app.desk.station.charter_to_follow(&stored.subject.key.district)?;
    let read = || -> Result<(Assignment, Terms), record::WireError> {
        let judgement = judgement.ok_or_else(|| record::WireError::new("judgement", "missing"))?;
        let level = wire::level(judgement.level)?;
        let terms = app.terms(&charter, level, &judgement.category, charter.campaign(campaign));
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
            graded_by: stored.subject.revision.0,
        };
        Ok((assignment, terms))
    };
    let (assignment, terms) = read().map_err(Failure::permanent)?;
    let instead = app::command_centre_of(&charter, &assignment.party);
    Ok(Some(Command::Grade { assignment: Box::new(assignment), terms, instead }))
}
