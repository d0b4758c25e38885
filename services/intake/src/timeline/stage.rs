//! The seven mechanisms that a case passes, and the short form of four: which of them each fact is part of.
//!
//! A case may come to a stage more than once, and need not pass them in order: it is analysed when it is judged and again
//! when it turns out to have come back.

use proto::intake::v1::{Stage, StageReached, Step, TimelineEntry};

/// The stage that an event, by its name, is part of.
pub fn stage_of(event: &str) -> Stage {
    match event {
        "Received" | "Supplemented" | "WithdrawalAsked" | "ExclusionProposed" | "ExclusionApproved"
        | "CallerJoined" | "LinkedAsDuplicate" | "PollOpened" | "HouseholdAnswered" | "PollClosed" | "PollAttached" => {
            Stage::Collection
        }
        "Classified" | "QueuedForJudgement" | "Claimed" | "Judged" | "Regraded" | "JudgementOverdue" | "Dismissed"
        | "RecurrenceFound" => Stage::Analysis,
        "Assigned" | "Escalated" | "Transferred" | "CityReturned" | "Admitted" | "AdmissionRefused" | "Called"
        | "OperationOpened" | "SeatCalled" => Stage::Call,
        "Responded" | "Returned" | "ReturnAdjudicated" | "ColourRaised" | "SeatTaken" | "SeatLapsed"
        | "SeatEscalated" => Stage::Response,
        "ReportedIn"
        | "Unqualified"
        | "TaskPlanned"
        | "TaskDone"
        | "Progressed"
        | "MeasureAdopted"
        | "PartyDone"
        | "Released"
        | "CallEnded"
        | "Overdue"
        | "Reminded"
        | "CityReminded"
        | "Supervised"
        | "SupervisionAnswered"
        | "Extended"
        | "Suspended"
        | "Resumed"
        | "MeetingHeld"
        | "TaskForceFormed"
        | "RelatedCaseSpawned"
        | "Concluded"
        | "PathDecided"
        | "OnSite"
        | "StopOrdered"
        | "NoticeServed"
        | "ReinspectionDue"
        | "Reinspected"
        | "NoticeComplied"
        | "NoticeBreached"
        | "NextStepTaken"
        | "OperationConcluded"
        | "OperationCancelled"
        | "Resolved" => Stage::ReportIn,
        "RatingRequested" | "Rated" | "RatingLapsed" | "CallbackLogged" | "Reopened" | "Closed" => Stage::Feedback,
        "PartyRated" | "Scored" => Stage::Assessment,
        _ => Stage::Unspecified,
    }
}

/// Collecting and analysing are part of calling in the short form, as is the work of coming.
fn step_of(stage: Stage) -> Step {
    match stage {
        Stage::Unspecified => Step::Unspecified,
        Stage::Collection | Stage::Analysis | Stage::Call => Step::Call,
        Stage::Response | Stage::ReportIn => Step::Response,
        Stage::Feedback => Step::Feedback,
        Stage::Assessment => Step::Evaluation,
    }
}

/// The stages of a timeline, in the order in which it first came to them.
pub fn reached(timeline: &[TimelineEntry]) -> Vec<StageReached> {
    let mut stages: Vec<StageReached> = Vec::new();
    for entry in timeline {
        let stage = entry.stage();
        if stage == Stage::Unspecified {
            continue;
        }
        match stages.iter_mut().find(|known| known.stage() == stage) {
            Some(known) => {
                known.last_at = entry.at;
                known.facts += 1;
            }
            None => stages.push(StageReached {
                stage: stage.into(),
                step: step_of(stage).into(),
                first_at: entry.at,
                last_at: entry.at,
                facts: 1,
            }),
        }
    }
    stages
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Facts that are on the record beside a case, or about whom it was told to.
    const OF_NO_STAGE: [&str; 9] = [
        "OfficerSeated",
        "OfficerUnseated",
        "OfficerAway",
        "OfficerRegistered",
        "OfficerSeconded",
        "SecondmentEnded",
        "DocumentNumbered",
        "Sent",
        "Undeliverable",
    ];

    /// Every event of the published list, which is compared with the contracts where it is made.
    #[test]
    fn every_event_is_part_of_a_stage_or_known_to_be_of_none() {
        let page = include_str!("../../../../tests/stories/EVENTS.md");
        let events = page.split("## Fields with fields").next().unwrap();
        let names: Vec<&str> = events.lines().filter_map(|line| line.strip_prefix("### ")).collect();
        assert!(names.len() > 60, "{names:?}");
        for name in names {
            assert_eq!(stage_of(name) == Stage::Unspecified, OF_NO_STAGE.contains(&name), "{name}");
        }
    }

    #[test]
    fn a_case_is_seen_by_seven_stages_and_by_four() {
        let entry = |(event, second): (&str, i64)| TimelineEntry {
            stage: stage_of(event).into(),
            at: Some(pbjson_types::Timestamp { seconds: second, nanos: 0 }),
            ..TimelineEntry::default()
        };
        let facts = [
            ("Received", 0),
            ("Classified", 1),
            ("Sent", 1),
            ("Called", 60),
            ("Responded", 70),
            ("ReportedIn", 80),
            ("Resolved", 90),
            ("Rated", 100),
            ("PartyRated", 101),
            ("RecurrenceFound", 200),
        ];
        let stages = reached(&facts.map(entry));
        let seven: Vec<Stage> = stages.iter().map(StageReached::stage).collect();
        assert_eq!(
            seven,
            [
                Stage::Collection,
                Stage::Analysis,
                Stage::Call,
                Stage::Response,
                Stage::ReportIn,
                Stage::Feedback,
                Stage::Assessment
            ]
        );
        let mut four: Vec<Step> = stages.iter().map(StageReached::step).collect();
        four.dedup();
        assert_eq!(four, [Step::Call, Step::Response, Step::Feedback, Step::Evaluation]);
        let analysed = &stages[1];
        let second = |at: &Option<pbjson_types::Timestamp>| at.as_ref().map(|at| at.seconds);
        assert_eq!((second(&analysed.first_at), second(&analysed.last_at), analysed.facts), (Some(1), Some(200), 2));
    }
}
