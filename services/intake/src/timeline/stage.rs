//! The seven mechanisms that a case passes, and the short form of four: which of them each fact is
//! part of is said where the event is declared, in the contracts.
//!
//! A case may come to a stage more than once, and need not pass them in order: it is analysed when it is judged and again
//! when it turns out to have come back.

use proto::common::v1::Stage;
use proto::intake::v1::{StageReached, Step, TimelineEntry};

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

    #[test]
    fn a_case_is_seen_by_seven_stages_and_by_four() {
        let entry = |(stage, second): (Stage, i64)| TimelineEntry {
            stage: stage.into(),
            at: Some(pbjson_types::Timestamp { seconds: second, nanos: 0 }),
            ..TimelineEntry::default()
        };
        let facts = [
            (Stage::Collection, 0),
            (Stage::Analysis, 1),
            (Stage::Unspecified, 1),
            (Stage::Call, 60),
            (Stage::Response, 70),
            (Stage::ReportIn, 80),
            (Stage::ReportIn, 90),
            (Stage::Feedback, 100),
            (Stage::Assessment, 101),
            (Stage::Analysis, 200),
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
