//! One case as a line in a list: what every owner's facts make of it. The projection keeps it, `Get` computes it.

use proto::common::v1::{Level, Outcome};
use proto::dispatch::v1::dispatch_event::Event as DispatchFact;
use proto::enforcement_center::v1::enforcement_center_event::Event as CenterFact;
use proto::intake::v1::CaseSummary;
use proto::intake::v1::intake_event::Event as IntakeFact;
use proto::record::v1::{Commit, Event, event::Of};
use proto::triage::v1::Judgement;
use proto::triage::v1::triage_event::Event as TriageFact;

/// Adds a commit to the line.
pub fn apply(line: &mut CaseSummary, commit: &Commit) {
    for event in commit.decisions.iter().flat_map(|decision| &decision.events) {
        apply_event(line, event, commit);
    }
}

fn apply_event(line: &mut CaseSummary, event: &Event, commit: &Commit) {
    match &event.of {
        Some(Of::Intake(fact)) => apply_intake(line, fact.event.as_ref()),
        Some(Of::Triage(fact)) => match &fact.event {
            Some(TriageFact::Classified(fact)) => judge(line, fact.judgement.as_ref()),
            Some(TriageFact::Judged(fact)) => judge(line, fact.judgement.as_ref()),
            Some(TriageFact::Regraded(fact)) => judge(line, fact.judgement.as_ref()),
            Some(TriageFact::QueuedForJudgement(_)) => line.state = "queued".to_owned(),
            Some(TriageFact::Claimed(_) | TriageFact::JudgementOverdue(_) | TriageFact::Dismissed(_)) | None => {}
        },
        Some(Of::Dispatch(fact)) => apply_dispatch(line, fact.event.as_ref(), commit),
        Some(Of::EnforcementCenter(fact)) => {
            if let Some(CenterFact::OperationOpened(_)) = &fact.event {
                line.state = "joint-enforcement".to_owned();
            }
        }
        Some(Of::Evaluation(_) | Of::Notification(_)) | None => {}
    }
}

fn apply_intake(line: &mut CaseSummary, fact: Option<&IntakeFact>) {
    match fact {
        Some(IntakeFact::Received(received)) => {
            line.title.clone_from(&received.title);
            line.bridge.clone_from(&received.bridge);
            line.received_at = received.received_at;
            "received".clone_into(&mut line.state);
            line.reports = 1;
            line.kind = received.kind;
            line.caller_class = received.caller_class;
            line.channel.clone_from(&received.channel);
            line.way = received.way;
            line.campaign.clone_from(&received.campaign);
        }
        Some(IntakeFact::CallerJoined(joined)) => {
            line.reports += 1;
            if !joined.category.is_empty() && !line.also.contains(&joined.category) {
                line.also.push(joined.category.clone());
            }
            let own = line.category.clone();
            line.also.retain(|category| *category != own);
        }
        Some(IntakeFact::LinkedAsDuplicate(linked)) => line.merged_into.clone_from(&linked.into),
        Some(
            IntakeFact::Supplemented(_)
            | IntakeFact::WithdrawalAsked(_)
            | IntakeFact::ExclusionProposed(_)
            | IntakeFact::ExclusionApproved(_)
            | IntakeFact::PollOpened(_)
            | IntakeFact::HouseholdAnswered(_)
            | IntakeFact::PollClosed(_)
            | IntakeFact::PollAttached(_),
        )
        | None => {}
    }
}

fn apply_dispatch(line: &mut CaseSummary, fact: Option<&DispatchFact>, commit: &Commit) {
    match fact {
        Some(DispatchFact::Assigned(fact)) => {
            line.owner.clone_from(&fact.party);
            line.level = level_name(fact.level());
            line.category.clone_from(&fact.category);
            line.state = "assigned".to_owned();
        }
        Some(DispatchFact::Escalated(fact)) => {
            line.owner.clone_from(&fact.to_party);
            line.level = level_name(fact.to());
        }
        Some(DispatchFact::Transferred(fact)) => {
            line.owner.clone_from(&fact.to_party);
            line.level = level_name(Level::D);
        }
        Some(DispatchFact::CityReturned(fact)) => {
            line.owner.clone_from(&fact.to_party);
            line.level = level_name(Level::C);
        }
        Some(DispatchFact::Called(fact)) => {
            // What a special group calls on stays the district's.
            if fact.special.is_none() {
                line.level = level_name(Level::B2);
            }
            line.state = "called".to_owned();
        }
        Some(DispatchFact::Resolved(fact)) => {
            line.state = "resolved".to_owned();
            line.outcome = outcome_name(fact.outcome());
        }
        Some(DispatchFact::Reopened(_)) => {
            line.state = "reopened".to_owned();
            line.outcome = String::new();
        }
        Some(DispatchFact::Closed(fact)) => {
            line.state = "closed".to_owned();
            line.outcome = outcome_name(fact.outcome());
            line.closed_at = commit.at;
        }
        Some(
            DispatchFact::Responded(_)
            | DispatchFact::ReportedIn(_)
            | DispatchFact::TaskPlanned(_)
            | DispatchFact::TaskDone(_)
            | DispatchFact::Progressed(_)
            | DispatchFact::MeasureAdopted(_)
            | DispatchFact::PartyDone(_)
            | DispatchFact::Released(_)
            | DispatchFact::CallEnded(_)
            | DispatchFact::Returned(_)
            | DispatchFact::ReturnAdjudicated(_)
            | DispatchFact::Unqualified(_)
            | DispatchFact::Reminded(_)
            | DispatchFact::Supervised(_)
            | DispatchFact::SupervisionAnswered(_)
            | DispatchFact::Extended(_)
            | DispatchFact::Suspended(_)
            | DispatchFact::Resumed(_)
            | DispatchFact::MeetingHeld(_)
            | DispatchFact::TaskForceFormed(_)
            | DispatchFact::RecurrenceFound(_)
            | DispatchFact::Overdue(_)
            | DispatchFact::ColourRaised(_)
            | DispatchFact::Admitted(_)
            | DispatchFact::AdmissionRefused(_)
            | DispatchFact::CityReminded(_)
            | DispatchFact::Concluded(_)
            | DispatchFact::RelatedCaseSpawned(_),
        )
        | None => {}
    }
}

fn judge(line: &mut CaseSummary, judgement: Option<&Judgement>) {
    if let Some(judgement) = judgement {
        line.category.clone_from(&judgement.category);
        line.level = level_name(judgement.level());
        line.judged_also.clone_from(&judgement.also);
        line.also.retain(|category| *category != judgement.category);
    }
}

/// A, B1, B2, C, D; empty when none.
pub fn level_name(level: Level) -> String {
    match level {
        Level::Unspecified => "",
        Level::A => "A",
        Level::B1 => "B1",
        Level::B2 => "B2",
        Level::C => "C",
        Level::D => "D",
    }
    .to_owned()
}

/// solved, explained, not-accepted, not-solved; empty when none.
pub fn outcome_name(outcome: Outcome) -> String {
    match outcome {
        Outcome::Unspecified => "",
        Outcome::Solved => "solved",
        Outcome::Explained => "explained",
        Outcome::NotAccepted => "not-accepted",
        Outcome::NotSolved => "not-solved",
    }
    .to_owned()
}
