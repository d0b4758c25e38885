//! Every command by which streets are heard or ask, in order, in a district that has given its streets the powers.

use proto::powers::v1 as wire;

use super::*;

const HEPING: &str = "heping";
const STREET_OF_HEPING: &str = "heping-wudadao";
const WUCHANG: &str = "wuchang";
const WUCHANG_STREET: &str = "wuchang-jiyuqiao";
const SQUAD: &str = "wuchang-jiyuqiao-squad-market";

fn in_district(district: &str, field: &str, name: &str, mut request: Value) -> Value {
    let said = request.as_object_mut().unwrap();
    said.insert("district".to_owned(), json!(district));
    said.insert("commandId".to_owned(), json!(uuid::Uuid::new_v4().to_string()));
    said.insert(field.to_owned(), json!(name));
    request
}

pub fn samples() -> Vec<Sample> {
    let (market, culture) = (acting("department", "heping-market"), acting("department", "heping-culture"));
    let street = acting("street", "heping-wudadao-command-centre");
    let note = "somebody was there";
    let (planning, centre) = (acting("department", "wuchang-planning"), acting("district", "wuchang-centre"));
    let jiyuqiao = acting("street", "wuchang-jiyuqiao-command-centre");
    let named = |field: &str, name: &str, request: Value| in_district(HEPING, field, name, request);
    let work = |request| in_district(WUCHANG, "work", "doors-work", request);
    let of_street = |request| in_district(WUCHANG, "street", WUCHANG_STREET, request);
    let of_unit = |request| in_district(WUCHANG, "unit", SQUAD, request);
    let project = |request| named("project", "doors-project", request);
    let suggestion = |request| named("suggestion", "doors-suggestion", request);
    let letter = |request| named("letter", "doors-letter", request);
    vec![
        consulted::<wire::OpenProjectRequest>(
            "OpenProject",
            &culture,
            project(json!({ "item": "key-projects-01", "title": note })),
        ),
        consulted::<wire::AskStreetsRequest>(
            "AskStreets",
            &culture,
            project(json!({
                "streets": [STREET_OF_HEPING], "question": note, "due": later(24 * 60),
                "documents": [{ "name": "plan.pdf", "sha256": "0a".repeat(32) }],
            })),
        ),
        consulted::<wire::GiveOpinionRequest>("GiveOpinion", &street, project(json!({ "text": note, "round": 1 }))),
        consulted::<wire::AnswerOpinionRequest>(
            "AnswerOpinion",
            &culture,
            project(json!({ "street": STREET_OF_HEPING, "verdict": 2, "reason": note, "round": 1 })),
        ),
        consulted::<wire::AdvanceProjectRequest>(
            "AdvanceProject",
            &culture,
            project(json!({ "to": 1, "reason": note })),
        ),
        suggested::<wire::MakeSuggestionRequest>(
            "MakeSuggestion",
            &street,
            suggestion(json!({
                "title": note, "text": note, "addressees": ["heping-culture", "heping-market"], "occasion": "fair",
            })),
        ),
        suggested::<wire::AnswerSuggestionRequest>(
            "AnswerSuggestion",
            &culture,
            suggestion(json!({ "verdict": 3, "reason": note })),
        ),
        suggested::<wire::WithdrawSuggestionRequest>(
            "WithdrawSuggestion",
            &street,
            suggestion(json!({ "reason": note })),
        ),
        lettered::<wire::SendLetterRequest>(
            "SendLetter",
            &market,
            letter(json!({
                "street": STREET_OF_HEPING, "matter": 1, "person": "doors-7", "unit": "heping-wudadao-squad-market",
                "secrecy": 2, "text": note, "talkWith": "heping-wudadao-public-safety", "due": later(24 * 60),
            })),
        ),
        lettered::<wire::RecordTalkRequest>(
            "RecordTalk",
            &market,
            letter(json!({ "office": "heping-wudadao-public-safety", "note": note })),
        ),
        lettered::<wire::ReplyRequest>("Reply", &street, letter(json!({ "stance": 2, "text": note }))),
        lettered::<wire::FinaliseRequest>("Finalise", &market, letter(json!({ "decided": 1, "reason": note }))),
        signed::<wire::OpenWorkRequest>(
            "OpenWork",
            &planning,
            work(json!({ "street": WUCHANG_STREET, "title": note })),
        ),
        signed::<wire::SubmitGateRequest>(
            "SubmitGate",
            &planning,
            work(json!({
                "gate": 1, "documents": [{ "name": "plan.pdf", "sha256": "0a".repeat(32) }], "note": note,
            })),
        ),
        signed::<wire::RefuseGateRequest>("RefuseGate", &jiyuqiao, work(json!({ "gate": 1, "reason": note }))),
        signed::<wire::SignGateRequest>("SignGate", &jiyuqiao, work(json!({ "gate": 1, "note": note }))),
        booked::<wire::AllotFundRequest>(
            "AllotFund",
            &planning,
            of_street(
                json!({ "year": 2026, "fund": "doors", "title": note, "amount": "100.50", "earmark": "poverty" }),
            ),
        ),
        booked::<wire::PoolFundRequest>(
            "PoolFund",
            &jiyuqiao,
            of_street(json!({ "year": 2026, "fund": "doors", "amount": "1" })),
        ),
        booked::<wire::SpendPooledRequest>(
            "SpendPooled",
            &jiyuqiao,
            of_street(json!({ "year": 2026, "amount": "1.5", "purpose": note })),
        ),
        posted::<wire::ApprovePostsRequest>(
            "ApprovePosts",
            &centre,
            of_unit(json!({ "kind": 2, "posts": 3, "basis": note })),
        ),
        posted::<wire::FillPostRequest>("FillPost", &jiyuqiao, of_unit(json!({ "kind": 2, "person": "doors-7" }))),
        posted::<wire::VacatePostRequest>(
            "VacatePost",
            &jiyuqiao,
            of_unit(json!({ "person": "doors-7", "reason": note })),
        ),
        assessed::<wire::RecordAssessmentRequest>(
            "RecordAssessment",
            &jiyuqiao,
            of_street(json!({
                "period": "doors", "unit": SQUAD, "person": "doors-7", "points": "99.5", "reason": note,
            })),
        ),
        assessed::<wire::CloseSheetRequest>("CloseSheet", &jiyuqiao, of_street(json!({ "period": "doors" }))),
    ]
}

fn consulted<M: Message + DeserializeOwned>(method: &'static str, who: &Identity, request: Value) -> Sample {
    sample::<M>(format!("huying.powers.v1.ConsultationService/{method}").leak(), who, request)
}

fn suggested<M: Message + DeserializeOwned>(method: &'static str, who: &Identity, request: Value) -> Sample {
    sample::<M>(format!("huying.powers.v1.SuggestionService/{method}").leak(), who, request)
}

fn lettered<M: Message + DeserializeOwned>(method: &'static str, who: &Identity, request: Value) -> Sample {
    sample::<M>(format!("huying.powers.v1.PersonnelService/{method}").leak(), who, request)
}

fn signed<M: Message + DeserializeOwned>(method: &'static str, who: &Identity, request: Value) -> Sample {
    sample::<M>(format!("huying.powers.v1.SignOffService/{method}").leak(), who, request)
}

fn booked<M: Message + DeserializeOwned>(method: &'static str, who: &Identity, request: Value) -> Sample {
    sample::<M>(format!("huying.powers.v1.FundsService/{method}").leak(), who, request)
}

fn posted<M: Message + DeserializeOwned>(method: &'static str, who: &Identity, request: Value) -> Sample {
    sample::<M>(format!("huying.powers.v1.HeadcountService/{method}").leak(), who, request)
}

fn assessed<M: Message + DeserializeOwned>(method: &'static str, who: &Identity, request: Value) -> Sample {
    sample::<M>(format!("huying.powers.v1.AllowanceService/{method}").leak(), who, request)
}
