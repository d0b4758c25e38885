//! How the cases of a caller who is helped otherwise hear of each other (S6). The case that helps is submitted like any matter
//! found on the way; intake's answer is put on the record of the first one, and whom it helps on its own; and when it is over,
//! the first one is told. Each step is taken again whenever its commit is followed again, and finds itself done.
//!
//! Both cases are histories of their own, followed in any order. So whoever puts down whom a case helps looks afterwards whether
//! that is over, and whoever follows an end looks whom the case helps: one of the two sees the other, whoever is first.

use ids::{CaseId, HistoryKey, Owner};
use proto::dispatch::v1::dispatch_event::Event as Fact;
use proto::intake::v1::intake_event::Event as IntakeFact;
use record::follow::Failure;
use record::{StoredCommit, WireError};

use crate::app::App;
use crate::domain::{Command, Helped, Phase, State};
use crate::{related, terms};

/// Cases that one goes on in, each merged into the next.
const TURNS_MAX: usize = 16;

/// How help stands with the case that gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Under way, and who waits for it is told.
    UnderWay,
    /// In another case, which this one has become part of.
    GoesOnIn(CaseId),
    /// Nobody waits for it any more.
    Over,
}

/// What a commit of ours means for other matters: those found on the way are submitted, and whoever is helped by this case
/// hears when it is over.
///
/// # Errors
/// Transient while the record or intake is out of reach; permanent when intake refuses.
pub async fn follow(app: &App, stored: &StoredCommit, now: &State) -> Result<(), Failure> {
    let mut done = Ok(());
    for fact in stored.commit.dispatch_facts() {
        let Fact::RelatedCaseSpawned(spawned) = fact else { continue };
        done = done.and(match related::submit(&app.desk.station, stored, spawned).await {
            Ok(case) if is_help(stored, &spawned.reference) => opened(app, stored, &spawned.reference, case).await,
            Ok(_) => Ok(()),
            Err(failure) => Err(failure),
        });
    }
    if ends_help(stored) && now.is_over() {
        for helped in &now.helped {
            done = done.and(ask(app, stored, helped, case_of(&stored.subject.key)?).await);
        }
    }
    done
}

/// Whether what was spawned under this reference is to help the caller.
#[must_use]
pub fn is_help(stored: &StoredCommit, reference: &str) -> bool {
    stored.commit.dispatch_facts().any(|fact| matches!(fact, Fact::HelpBegun(begun) if begun.reference == reference))
}

/// Whether somebody may have to be told by this commit that help is over.
#[must_use]
pub fn ends_help(stored: &StoredCommit) -> bool {
    let ends = |fact: &Fact| matches!(fact, Fact::Resolved(_) | Fact::Closed(_) | Fact::AskedToHelp(_));
    stored.commit.dispatch_facts().any(ends)
}

/// How it stands with a case that was asked to help. `intake` is what intake has recorded about it.
///
/// # Errors
/// What it has become part of does not read.
pub fn standing(helping: &State, helped: &Helped, intake: &[StoredCommit]) -> Result<Standing, WireError> {
    if !helping.is_over() && helping.helped.contains(helped) {
        return Ok(Standing::UnderWay);
    }
    let mut facts = intake.iter().flat_map(|stored| stored.commit.intake_facts());
    let into = facts.find_map(|fact| {
        if let IntakeFact::LinkedAsDuplicate(linked) = fact { Some(linked.into.as_str()) } else { None }
    });
    // What was answered before it was found to be part of another has said its word.
    let into = into.filter(|_| helping.phase == Phase::Closed).map(str::parse).transpose();
    let into = into.map_err(|error: ids::CaseIdError| WireError::new("into", error))?;
    Ok(into.filter(|into| *into != helped.case).map_or(Standing::Over, Standing::GoesOnIn))
}

async fn opened(app: &App, stored: &StoredCommit, reference: &str, case: CaseId) -> Result<(), Failure> {
    let (key, reference) = (&stored.subject.key, reference.to_owned());
    let charter = app.desk.station.charter_to_follow(&key.district)?;
    let opened = Command::HelpOpened { reference: reference.clone(), case };
    app.desk.react(key, &stored.subject, &charter, opened).await?;
    ask(app, stored, &Helped { case: case_of(key)?, reference }, case).await
}

/// Puts down at `helping`, or at what it has become part of, whom it helps; if that is over, whoever waits for it is told.
async fn ask(app: &App, stored: &StoredCommit, helped: &Helped, mut helping: CaseId) -> Result<(), Failure> {
    let (station, district) = (&app.desk.station, &stored.subject.key.district);
    let charter = station.charter_to_follow(district)?;
    for _ in 0..TURNS_MAX {
        let key = HistoryKey::case(district.clone(), &helping);
        app.desk.react(&key, &stored.subject, &charter, Command::AskToHelp(helped.clone())).await?;
        // It was over for as long as that takes.
        if station.broker.filed(&key).await?.is_some() {
            break;
        }
        let state = app.desk.read_to_follow(&key).await?.state;
        let intake = if state.is_over() { station.broker.load_owner(&key, Owner::Intake).await? } else { vec![] };
        match standing(&state, helped, &intake).map_err(Failure::permanent)? {
            Standing::UnderWay => return Ok(()),
            Standing::GoesOnIn(into) => helping = into,
            Standing::Over => break,
        }
    }
    let first = HistoryKey::case(district.clone(), &helped.case);
    let rating_due = terms::rating_due(&charter, app.now());
    let ended = Command::HelpEnded { reference: helped.reference.clone(), case: helping, rating_due };
    app.desk.react(&first, &stored.subject, &charter, ended).await
}

fn case_of(key: &HistoryKey) -> Result<CaseId, Failure> {
    key.id.parse().map_err(|error: ids::CaseIdError| Failure::permanent(error))
}
