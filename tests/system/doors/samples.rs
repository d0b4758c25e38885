//! Every command, in order, by somebody who may send it. Those that end the case come last.

use proto::notification::v1::{ReplayWebhookRequest, TestWebhookRequest};

use super::*;

#[allow(clippy::too_many_lines, reason = "one line for each command")]
pub fn samples(case: &str, earlier: &str, of_centre: &str) -> Vec<Sample> {
    let (street, district) = (acting("street", STREET), acting("district", "jiangan-centre"));
    let (centre, parks) = (acting("enforcement-center", CENTRE), acting("department", PARKS));
    let carrier = bridge(BRIDGE);
    let on = |request| about(case, request);
    let on_call = |mut request: Value| {
        request.as_object_mut().unwrap().insert("call".to_owned(), json!(1));
        about(case, request)
    };
    let at_centre = |request| about(of_centre, request);
    // What belongs to no case.
    let apart = |request| {
        let mut request = about(case, request);
        request.as_object_mut().unwrap().remove("caseId");
        request
    };
    let place = || json!({ "party": "jiangan-yiyuan-tongxing", "address": "158" });
    let officer = || json!({ "staffRef": "doors-1", "post": "head" });
    let note = "somebody was there";
    let evidence = || json!(["sha256:77d6"]);
    vec![
        sample::<intake::v1::SubmitRequest>(
            "huying.intake.v1.IntakeService/Submit",
            &carrier,
            json!({
                "district": DISTRICT, "externalRef": "new for each", "channel": "message-board", "kind": 1,
                "callerClass": 1, "callerRef": "doors-caller", "title": submission(DISTRICT, "", "a lamp").title,
                "text": note, "place": place(), "occurredAt": later(-2), "category": "dangerous-tree",
                "relatedCase": case, "recordedAt": later(-1), "way": 1,
                "contact": { "name": "a resident", "telephone": "1", "mail": "m", "address": "158", "other": "evenings" },
            }),
        ),
        sample::<intake::v1::SupplementRequest>(
            "huying.intake.v1.IntakeService/Supplement",
            &carrier,
            on(json!({ "text": note })),
        ),
        sample::<intake::v1::ProposeExclusionRequest>(
            "huying.intake.v1.IntakeService/ProposeExclusion",
            &street,
            on(json!({ "reason": note })),
        ),
        sample::<intake::v1::ApproveExclusionRequest>(
            "huying.intake.v1.IntakeService/ApproveExclusion",
            &district,
            on(json!({})),
        ),
        sample::<intake::v1::ReopenFiledRequest>(
            "huying.intake.v1.IntakeService/ReopenFiled",
            &street,
            on(json!({ "reason": note })),
        ),
        sample::<intake::v1::AskContactRequest>(
            "huying.intake.v1.PeopleService/AskContact",
            &parks,
            on(json!({ "reason": note })),
        ),
        sample::<intake::v1::ShowPersonRequest>(
            "huying.intake.v1.PeopleService/ShowPerson",
            &district,
            apart(json!({ "callerRef": "doors-caller", "reason": note })),
        ),
        sample::<intake::v1::ErasePersonRequest>(
            "huying.intake.v1.PeopleService/ErasePerson",
            &district,
            apart(json!({ "callerRef": "doors-caller", "reason": note })),
        ),
        sample::<intake::v1::OpenPollRequest>(
            "huying.intake.v1.PollService/OpenPoll",
            &street,
            on(json!({
                "poll": POLL, "question": "a new pipe?", "households": ["1-101"], "thresholdPercent": 60,
                "quorumPercent": 50, "closesAt": later(48),
            })),
        ),
        sample::<intake::v1::RecordAnswersRequest>(
            "huying.intake.v1.PollService/RecordAnswers",
            &street,
            apart(json!({ "poll": POLL, "answers": [{ "household": "1-101", "answer": 1 }] })),
        ),
        sample::<intake::v1::ClosePollRequest>(
            "huying.intake.v1.PollService/ClosePoll",
            &street,
            apart(json!({ "poll": POLL })),
        ),
        sample::<intake::v1::AttachPollRequest>(
            "huying.intake.v1.PollService/AttachPoll",
            &street,
            about(earlier, json!({ "poll": POLL, "note": note })),
        ),
        sample::<triage::v1::ClaimRequest>("huying.triage.v1.TriageService/Claim", &street, on(json!({}))),
        sample::<triage::v1::JudgeRequest>(
            "huying.triage.v1.TriageService/Judge",
            &street,
            on(json!({
                "category": "dangerous-tree", "also": ["ponding"], "level": 2, "situation": "dangerous-tree",
                "reason": note,
            })),
        ),
        sample::<triage::v1::RegradeRequest>(
            "huying.triage.v1.TriageService/Regrade",
            &street,
            on(json!({
                "category": "dangerous-tree", "also": ["ponding"], "level": 2, "situation": "dangerous-tree",
                "reason": note,
            })),
        ),
        dispatched::<dispatch::v1::RecordProgressRequest>(
            "RecordProgress",
            &street,
            on(json!({ "kind": 5, "note": note })),
        ),
        dispatched::<dispatch::v1::AdoptMeasureRequest>(
            "AdoptMeasure",
            &street,
            on(json!({ "measure": note, "exceptions": [note] })),
        ),
        dispatched::<dispatch::v1::PlanTasksRequest>(
            "PlanTasks",
            &street,
            on(json!({ "tasks": [{ "party": PARKS, "title": note }] })),
        ),
        dispatched::<dispatch::v1::CompleteTaskRequest>(
            "CompleteTask",
            &parks,
            on(json!({ "task": 1, "note": note, "evidence": evidence() })),
        ),
        dispatched::<dispatch::v1::CallRequest>(
            "Call",
            &street,
            on(json!({
                "situation": "dangerous-tree", "parties": [{ "party": PARKS, "duty": 1 }], "colour": 3, "note": note,
            })),
        ),
        dispatched::<dispatch::v1::DisqualifyRequest>(
            "Disqualify",
            &street,
            on_call(json!({ "party": PARKS, "reason": note })),
        ),
        dispatched::<dispatch::v1::AdjudicateRequest>(
            "Adjudicate",
            &street,
            on_call(json!({ "party": PARKS, "to": "jiangan-traffic-police", "reason": note })),
        ),
        dispatched::<dispatch::v1::SuperviseRequest>(
            "Supervise",
            &district,
            on(json!({ "party": PARKS, "text": note, "due": later(5) })),
        ),
        dispatched::<dispatch::v1::AnswerSupervisionRequest>(
            "AnswerSupervision",
            &parks,
            on(json!({ "order": 1, "note": note })),
        ),
        dispatched::<dispatch::v1::ExtendRequest>(
            "Extend",
            &district,
            on_call(json!({ "basis": note, "reason": note, "due": later(24 * 30) })),
        ),
        dispatched::<dispatch::v1::SuspendRequest>(
            "Suspend",
            &district,
            on(json!({ "basis": note, "reason": note, "until": later(5) })),
        ),
        dispatched::<dispatch::v1::ResumeRequest>("Resume", &district, on(json!({}))),
        dispatched::<dispatch::v1::HoldMeetingRequest>(
            "HoldMeeting",
            &street,
            on(json!({
                "present": [{ "party": PARKS, "officer": officer() }], "minutes": note,
                "decisions": [{ "party": PARKS, "title": note }],
            })),
        ),
        dispatched::<dispatch::v1::FormTaskForceRequest>(
            "FormTaskForce",
            &street,
            on(json!({ "members": [PARKS, "jiangan-traffic-police"], "lead": PARKS, "cadenceDays": 7 })),
        ),
        dispatched::<dispatch::v1::AdmitRequest>("Admit", &district, on(json!({ "reason": note }))),
        dispatched::<dispatch::v1::SpawnRelatedCaseRequest>(
            "SpawnRelatedCase",
            &street,
            on(json!({ "title": note, "text": note, "place": place(), "category": "dangerous-tree" })),
        ),
        dispatched::<dispatch::v1::TransferRequest>(
            "Transfer",
            &district,
            on(json!({ "reference": "C-17", "reason": note })),
        ),
        dispatched::<dispatch::v1::RecordCityProgressRequest>(
            "RecordCityProgress",
            &district,
            on(json!({ "note": note })),
        ),
        dispatched::<dispatch::v1::RecordCityReturnRequest>(
            "RecordCityReturn",
            &district,
            on(json!({ "reason": note })),
        ),
        dispatched::<dispatch::v1::RecordCityDoneRequest>(
            "RecordCityDone",
            &district,
            on(json!({ "outcome": 1, "summary": note, "evidence": evidence() })),
        ),
        at_desk::<responder::v1::RespondRequest>("Respond", &parks, on_call(json!({ "officer": officer() }))),
        at_desk::<responder::v1::ReportInRequest>(
            "ReportIn",
            &parks,
            on_call(json!({ "officer": officer(), "ownsMatter": true, "checkIn": place() })),
        ),
        at_desk::<responder::v1::ProgressRequest>("Progress", &parks, on_call(json!({ "kind": 5, "note": note }))),
        at_desk::<responder::v1::CompleteTaskRequest>(
            "CompleteTask",
            &parks,
            on_call(json!({ "task": 1, "note": note, "evidence": evidence() })),
        ),
        at_desk::<responder::v1::AnswerSupervisionRequest>(
            "AnswerSupervision",
            &parks,
            on_call(json!({ "order": 1, "note": note })),
        ),
        at_desk::<responder::v1::SpawnRelatedCaseRequest>(
            "SpawnRelatedCase",
            &parks,
            on_call(json!({ "title": note, "text": note, "place": place(), "category": "dangerous-tree" })),
        ),
        at_desk::<responder::v1::ReturnRequest>(
            "Return",
            &parks,
            on_call(json!({ "basis": 2, "reason": note, "proposes": "jiangan-traffic-police" })),
        ),
        at_desk::<responder::v1::DoneRequest>(
            "Done",
            &parks,
            on_call(json!({ "outcome": 1, "note": note, "evidence": evidence() })),
        ),
        joint::<enforcement_center::v1::SeatOfficerRequest>(
            "SeatOfficer",
            &street,
            apart(json!({
                "centre": CENTRE, "party": PARKS, "officer": officer(), "rank": "deputy-head", "kind": 2,
                "substitute": true,
            })),
        ),
        joint::<enforcement_center::v1::SetAwayRequest>(
            "SetAway",
            &street,
            apart(json!({ "centre": CENTRE, "party": PARKS, "staffRef": "doors-1", "until": later(5) })),
        ),
        joint::<enforcement_center::v1::UnseatOfficerRequest>(
            "UnseatOfficer",
            &street,
            apart(json!({ "centre": CENTRE, "party": PARKS, "staffRef": "doors-1" })),
        ),
        joint::<enforcement_center::v1::CallSeatRequest>("CallSeat", &centre, at_centre(json!({ "party": PARKS }))),
        joint::<enforcement_center::v1::TakeSeatRequest>(
            "TakeSeat",
            &parks,
            at_centre(json!({ "officer": officer() })),
        ),
        joint::<enforcement_center::v1::HoldMeetingRequest>(
            "HoldMeeting",
            &centre,
            at_centre(json!({
                "heldAt": later(-1), "venue": note, "present": [PARKS],
                "decisions": [{ "text": note, "party": PARKS }],
            })),
        ),
        joint::<enforcement_center::v1::DecidePathRequest>(
            "DecidePath",
            &centre,
            at_centre(json!({
                "assessment": note, "parties": [PARKS],
                "steps": [{ "action": note, "power": "fire", "basis": note }],
                "participants": [{ "party": "jiangan-traffic-police" }],
            })),
        ),
        joint::<enforcement_center::v1::ArriveOnSiteRequest>(
            "ArriveOnSite",
            &centre,
            at_centre(json!({ "parties": [PARKS], "stopOrder": note })),
        ),
        joint::<enforcement_center::v1::OrderStopRequest>("OrderStop", &centre, at_centre(served(note))),
        joint::<enforcement_center::v1::ServeNoticeRequest>("ServeNotice", &centre, {
            let mut request = at_centre(served(note));
            request.as_object_mut().unwrap().insert("due".to_owned(), json!(later(24)));
            request
        }),
        joint::<enforcement_center::v1::ReinspectRequest>(
            "Reinspect",
            &centre,
            at_centre(json!({ "notice": 1, "passed": true, "finding": note, "nextStep": note, "step": 1 })),
        ),
        joint::<enforcement_center::v1::TakeNextStepRequest>(
            "TakeNextStep",
            &centre,
            at_centre(json!({ "notice": 1, "step": 3, "text": note, "to": PARKS })),
        ),
        joint::<enforcement_center::v1::SpawnRelatedCaseRequest>(
            "SpawnRelatedCase",
            &centre,
            at_centre(json!({ "title": note, "text": note, "place": place(), "category": "dangerous-tree" })),
        ),
        joint::<enforcement_center::v1::ConcludeRequest>("Conclude", &centre, at_centre(json!({ "summary": note }))),
        staffed::<enforcement_center::v1::RegisterOfficerRequest>(
            "RegisterOfficer",
            &district,
            apart(json!({
                "officer": officer(), "licence": ["fire"],
                "relations": { "ownedBy": PARKS, "managedBy": PARKS, "usedBy": PARKS, "assessedBy": PARKS },
            })),
        ),
        staffed::<enforcement_center::v1::SecondOfficerRequest>(
            "SecondOfficer",
            &district,
            apart(json!({
                "staffRef": "doors-1", "from": PARKS, "to": STREET, "since": "2030-01-01", "until": "2030-12-31",
                "reason": note,
            })),
        ),
        staffed::<enforcement_center::v1::EndSecondmentRequest>(
            "EndSecondment",
            &district,
            apart(json!({ "staffRef": "doors-1", "lastDay": "2030-06-30", "reason": note })),
        ),
        rated::<evaluation::v1::LogCallbackRequest>(
            "LogCallback",
            &operator(),
            on(json!({ "outcome": 2, "note": note, "againAt": later(2) })),
        ),
        of_ballot::<evaluation::v1::OpenBallotRequest>(
            "OpenBallot",
            &street,
            apart(json!({
                "ballot": POLL, "title": note, "units": [PARKS], "voters": ["jiangan-yiyuan-tongxing"],
                "closesAt": later(48),
            })),
        ),
        of_ballot::<evaluation::v1::CastVoteRequest>(
            "CastVote",
            &acting("community", "jiangan-yiyuan-tongxing"),
            apart(json!({
                "ballot": POLL, "units": [{
                    "party": PARKS, "comment": note, "marks": [
                        { "part": "response", "rate": "0.5", "deductionReason": note },
                        { "part": "completion", "rate": "1" },
                        { "part": "satisfaction", "rate": "1" },
                    ],
                }],
            })),
        ),
        of_ballot::<evaluation::v1::PublishBallotRequest>("PublishBallot", &street, apart(json!({ "ballot": POLL }))),
        of_ballot::<evaluation::v1::AppealBallotRequest>(
            "AppealBallot",
            &parks,
            apart(json!({ "ballot": POLL, "reason": note })),
        ),
        of_ballot::<evaluation::v1::AnswerBallotAppealRequest>(
            "AnswerBallotAppeal",
            &street,
            apart(json!({ "ballot": POLL, "appeal": 1, "upheld": true, "answer": note })),
        ),
        of_period::<evaluation::v1::ImportMarksRequest>(
            "ImportMarks",
            &district,
            apart(json!({
                "period": "2025", "source": note, "file": "marks.csv", "content": "party,mark\njiangan-parks,90\n",
            })),
        ),
        of_period::<evaluation::v1::PublishPeriodRequest>(
            "PublishPeriod",
            &district,
            apart(json!({ "period": "2025-12", "reason": note })),
        ),
        of_period::<evaluation::v1::AppealPeriodRequest>(
            "AppealPeriod",
            &parks,
            apart(json!({ "period": "2025-12", "reason": note })),
        ),
        of_period::<evaluation::v1::AnswerPeriodAppealRequest>(
            "AnswerPeriodAppeal",
            &district,
            apart(json!({ "period": "2025-12", "appeal": 1, "upheld": true, "answer": note })),
        ),
        rated::<evaluation::v1::RatePartyRequest>(
            "RateParty",
            &street,
            on(json!({ "party": PARKS, "rate": "1", "deductionReason": note })),
        ),
        rated::<evaluation::v1::RateRequest>(
            "Rate",
            &operator(),
            on(json!({ "rating": "satisfied", "comment": note })),
        ),
        dispatched::<dispatch::v1::ReleaseRequest>("Release", &street, on(json!({ "party": PARKS, "reason": note }))),
        dispatched::<dispatch::v1::ResolveRequest>(
            "Resolve",
            &street,
            on(json!({ "outcome": 2, "summary": note, "evidence": evidence() })),
        ),
        dispatched::<dispatch::v1::ReopenRequest>("Reopen", &street, on(json!({ "reason": note }))),
        dispatched::<dispatch::v1::AssignRequest>("Assign", &district, on(json!({ "party": STREET, "reason": note }))),
        dispatched::<dispatch::v1::EscalateRequest>(
            "Escalate",
            &street,
            on(json!({ "reason": note, "to": "jiangan-group-livelihood-01" })),
        ),
        sample::<intake::v1::MergeRequest>(
            "huying.intake.v1.IntakeService/Merge",
            &street,
            on(json!({ "into": earlier, "reason": note })),
        ),
        sample::<intake::v1::WithdrawRequest>(
            "huying.intake.v1.IntakeService/Withdraw",
            &carrier,
            on(json!({ "reason": note })),
        ),
    ]
}

/// What the desk does by itself, and never says to the hub.
pub(super) fn of_the_desk_alone(case: &str) -> Vec<Sample> {
    let request = json!({ "district": DISTRICT, "caseId": case, "commandId": "doors-1" });
    vec![at_desk::<responder::v1::SeeRefusedRequest>("SeeRefused", &acting("department", PARKS), request)]
}

/// What is asked about webhooks. Nobody is told by one there.
pub(super) fn of_webhooks() -> Vec<Sample> {
    let request = || json!({ "bridge": BRIDGE });
    vec![
        of_webhook::<TestWebhookRequest>("TestWebhook", &operator(), request()),
        of_webhook::<ReplayWebhookRequest>("ReplayWebhook", &operator(), request()),
    ]
}

fn served(note: &str) -> Value {
    json!({
        "party": PARKS, "subject": note, "address": note, "serviceProof": note, "servedBy": "doors-1",
        "servedAt": later(-1),
    })
}

/// Declares what a service's commands are called in full.
macro_rules! services {
    ($($name:ident = $service:literal),+ $(,)?) => {
        $(fn $name<M: Message + DeserializeOwned>(method: &'static str, who: &Identity, request: Value) -> Sample {
            sample::<M>(format!("{}/{method}", $service).leak(), who, request)
        })+
    };
}

services! {
    dispatched = "huying.dispatch.v1.DispatchService",
    at_desk = "huying.responder.v1.ResponderService",
    joint = "huying.enforcement_center.v1.EnforcementCenterService",
    staffed = "huying.enforcement_center.v1.StaffService",
    rated = "huying.evaluation.v1.EvaluationService",
    of_period = "huying.evaluation.v1.PeriodService",
    of_ballot = "huying.evaluation.v1.BallotService",
    of_webhook = "huying.notification.v1.WebhookService",
}
