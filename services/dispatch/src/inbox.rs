//! What dispatch follows: judgements, withdrawals and exclusions, operations, ratings, its own commits, and alarms. What
//! a commit asks for is in `reaction.rs`.

use ids::Owner;
use proto::streams::{CASES, TIMERS, record_consumer, timer_consumer};
use record::alarm::Alarm;
use record::follow::{Delivered, Failure};
use record::{BrokerError, StoredCommit};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::domain::{Phase, State};
use crate::effects::Effects;
use crate::help;
use crate::reaction::{self, Ground, Reaction, Reads};
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
    if let Phase::Resolved { .. } = state.phase
        && !state.waits_for_help()
    {
        return hear_the_caller(app, alarm).await;
    }
    let check = |now| reaction::check_deadlines(Ground { charter: &charter, now }, &state);
    app.desk.ring(alarm, &charter, check).await
}

/// What is answered ends by what evaluation says, which is followed. An alarm that was set before, by another version
/// perhaps, is an occasion to look whether it was missed.
async fn hear_the_caller(app: &App, alarm: &Alarm) -> Result<(), Failure> {
    let charter = app.desk.station.charter_to_follow(&alarm.key.district)?;
    let case = app.desk.station.broker.load(&alarm.key).await?;
    let ground = Ground { charter: &charter, now: app.now() };
    decide(app, reaction::said_of_the_answer(ground, &case).map_err(Failure::permanent)?).await
}

async fn take(app: &App, effects: &Effects, recurrences: &Recurrences, delivered: &Delivered) -> Result<(), Failure> {
    let stored = StoredCommit::read(delivered)?;
    if stored.subject.owner != Owner::Dispatch {
        return react(app, &stored, &State::default()).await;
    }
    let snapshot = app.desk.after_own_commit(&stored).await?;
    // None waits for another: departments get their orders while a place cannot be looked up.
    let ordered = effects.of(&stored, &snapshot.state, &app.desk.station).await;
    let helped = help::follow(app, &stored, &snapshot.state).await;
    let looked_back = recurrences.follow(app, &stored, &snapshot.state).await;
    let reacted = react(app, &stored, &snapshot.state).await;
    ordered.and(helped).and(looked_back).and(reacted)
}

async fn react(app: &App, stored: &StoredCommit, own: &State) -> Result<(), Failure> {
    let Some(reads) = reaction::asks(stored) else { return Ok(()) };
    let case = match reads {
        Reads::Nothing => vec![],
        Reads::TheCase => match whole_case(app, stored).await? {
            Some(case) => case,
            None => return Ok(()),
        },
    };
    let charter = app.desk.station.charter_to_follow(&stored.subject.key.district)?;
    let ground = Ground { charter: &charter, now: app.now() };
    decide(app, reaction::reactions(ground, stored, &case, own).map_err(Failure::permanent)?).await
}

async fn decide(app: &App, reactions: Vec<Reaction>) -> Result<(), Failure> {
    for Reaction { to, command } in reactions {
        let charter = app.desk.station.charter_to_follow(&to.key.district)?;
        app.desk.react(&to.key, &to, &charter, command).await?;
    }
    Ok(())
}

/// Everything about the case of a commit; none once it is filed. What lies before the commit in the stream is there, too:
/// a replica that has the one has the others.
async fn whole_case(app: &App, stored: &StoredCommit) -> Result<Option<Vec<StoredCommit>>, Failure> {
    match app.desk.station.broker.load(&stored.subject.key).await {
        Ok(case) if case.iter().any(|known| known.subject == stored.subject) => Ok(Some(case)),
        Ok(_) => Err(app.desk.station.broker.not_found(&stored.subject).await),
        Err(BrokerError::Filed { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
