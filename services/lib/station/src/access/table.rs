//! The table: one line for each method of each service and for each kind of request over NATS.
//!
//! A line's grants name the roles that may ask at all, each with the way in which a case has to concern them. A role that
//! is not named may not. What holds beyond that (who has the case now, who was called) is in `besides`, and the rules of
//! the service say it.

use std::collections::HashMap;
use std::sync::LazyLock;

use proto::common::v1::Role;

use crate::role_name;

/// How a case has to concern whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// Theirs: they raised it or joined it.
    Raised,
    /// They carried it in.
    Carried,
    /// Their unit, or one below it, has or had it, was called, called others, works on it, or has it in its place. What
    /// the unit or the person raised themselves is theirs too.
    Party,
    /// The same for any unit of their street.
    Street,
    /// Anything in their district.
    District,
    /// Anything; with a district in the token, anything there.
    Everything,
}

impl Relation {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Raised => "its own",
            Self::Carried => "its bridge's",
            Self::Party => "its unit's",
            Self::Street => "its street's",
            Self::District => "its district's",
            Self::Everything => "anybody's",
        }
    }
}

/// A role, and how the case has to concern it.
pub type Grant = (Role, Relation);

/// Whether an action only looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Does {
    Look,
    Act,
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Full name of the method, or the form of the subject.
    pub action: &'static str,
    pub does: Does,
    pub grants: &'static [Grant],
    /// What the rules ask for besides; empty: nothing.
    pub besides: &'static str,
    /// What they ask for includes that it concerns the asker. Then they answer, because they can say what is missing.
    pub ruled: bool,
}

impl Row {
    /// Whether it is for the district to do, and for nobody beside it.
    #[must_use]
    pub fn is_the_districts(&self) -> bool {
        matches!(self.grants, [(Role::District, _)])
    }

    /// How a case has to concern this role; none: it may not.
    #[must_use]
    pub fn relation(&self, role: Role) -> Option<Relation> {
        self.grants.iter().find(|(granted, _)| *granted == role).map(|(_, relation)| *relation)
    }
}

/// What each role sees of the cases, where a line does not say less.
#[must_use]
pub const fn sight(role: Role) -> Relation {
    match role {
        Role::Unspecified | Role::Caller => Relation::Raised,
        Role::Bridge => Relation::Carried,
        Role::Grid | Role::Community | Role::Department => Relation::Party,
        Role::Street | Role::EnforcementCenter => Relation::Street,
        Role::District | Role::Auditor => Relation::District,
        Role::Operator | Role::System => Relation::Everything,
    }
}

/// The line of an action.
#[must_use]
pub fn row(action: &str) -> Option<&'static Row> {
    static LINES: LazyLock<HashMap<&str, &Row>> = LazyLock::new(|| TABLE.iter().map(|row| (row.action, row)).collect());
    LINES.get(action).copied()
}

/// Roles in the order of the columns.
pub const ROLES: [Role; 10] = [
    Role::Caller,
    Role::Bridge,
    Role::Grid,
    Role::Community,
    Role::Street,
    Role::EnforcementCenter,
    Role::Department,
    Role::District,
    Role::Operator,
    Role::Auditor,
];

/// Who reads votes before their period is published, each of the cases that they see.
pub const VOTES: &[Grant] = &[CALLER, BRIDGE, STREET, DISTRICT, OPERATOR, AUDITOR];

/// The table as a page of Markdown, one section for each service.
#[must_use]
pub fn markdown() -> String {
    let mut page = String::new();
    let mut section = "";
    for row in TABLE {
        let (service, method) = row.action.split_once('/').unwrap_or(("Requests over NATS", row.action));
        if service != section {
            section = service;
            let roles: Vec<&str> = ROLES.iter().map(|role| role_name(*role)).collect();
            page.push_str(&format!("\n## {service}\n\n| action | {} | besides |\n", roles.join(" | ")));
            page.push_str(&format!("|{}\n", "---|".repeat(ROLES.len() + 2)));
        }
        let cells: Vec<&str> =
            ROLES.iter().map(|role| row.relation(*role).map_or("–", |relation| relation.as_str())).collect();
        page.push_str(&format!("| {method} | {} | {} |\n", cells.join(" | "), row.besides));
    }
    let voters: Vec<&str> = VOTES.iter().map(|(role, _)| role_name(*role)).collect();
    page.push_str(&format!(
        "\n## Votes\n\nWho rated what, with which words, and what that came to, is read before its period is published by these \
         alone, on the cases that they see, and by the unit that rated: {}. To a special group it is hidden as to any unit.\n",
        voters.join(", ")
    ));
    page
}

const CALLER: Grant = (Role::Caller, sight(Role::Caller));
const BRIDGE: Grant = (Role::Bridge, sight(Role::Bridge));
const GRID: Grant = (Role::Grid, sight(Role::Grid));
const COMMUNITY: Grant = (Role::Community, sight(Role::Community));
const STREET: Grant = (Role::Street, sight(Role::Street));
const CENTRE: Grant = (Role::EnforcementCenter, sight(Role::EnforcementCenter));
const DEPARTMENT: Grant = (Role::Department, sight(Role::Department));
const DISTRICT: Grant = (Role::District, sight(Role::District));
const OPERATOR: Grant = (Role::Operator, sight(Role::Operator));
/// Whoever audits has a part in looking and in nothing else.
const AUDITOR: Grant = (Role::Auditor, sight(Role::Auditor));

/// What concerns no case in particular.
const fn within(role: Role) -> Grant {
    (role, Relation::District)
}

const fn look(action: &'static str, grants: &'static [Grant]) -> Row {
    Row { action, does: Does::Look, grants, besides: "", ruled: false }
}

const fn act(action: &'static str, grants: &'static [Grant], besides: &'static str) -> Row {
    Row { action, does: Does::Act, grants, besides, ruled: false }
}

const fn ruled(action: &'static str, grants: &'static [Grant], besides: &'static str) -> Row {
    Row { action, does: Does::Act, grants, besides, ruled: true }
}

/// Everybody, each as far as they see.
const EVERYBODY: &[Grant] = &[CALLER, BRIDGE, GRID, COMMUNITY, STREET, CENTRE, DEPARTMENT, DISTRICT, OPERATOR];
/// Everybody who may look, each as far as they see.
const WHOEVER_LOOKS: &[Grant] =
    &[CALLER, BRIDGE, GRID, COMMUNITY, STREET, CENTRE, DEPARTMENT, DISTRICT, OPERATOR, AUDITOR];
/// The same without callers.
const LOOKS_IN_OFFICE: &[Grant] = &[BRIDGE, GRID, COMMUNITY, STREET, CENTRE, DEPARTMENT, DISTRICT, OPERATOR, AUDITOR];
/// Those who hold cases.
const HOLDERS: &[Grant] = &[GRID, COMMUNITY, STREET, CENTRE, DEPARTMENT, DISTRICT];
const HOLDERS_AND_AUDITOR: &[Grant] = &[GRID, COMMUNITY, STREET, CENTRE, DEPARTMENT, DISTRICT, AUDITOR];
const STREET_AND_DISTRICT: &[Grant] = &[STREET, DISTRICT];
const DESKS: &[Grant] = &[STREET, DISTRICT, OPERATOR];
const LISTS_OF_DESKS: &[Grant] = &[STREET, DISTRICT, OPERATOR, AUDITOR];
const OF_CENTRES: &[Grant] = &[STREET, CENTRE, DEPARTMENT, DISTRICT, OPERATOR, AUDITOR];
const ASKERS: &[Grant] = &[(Role::Grid, Relation::Street), (Role::Community, Relation::Street), STREET, DISTRICT];
const ONLY_CENTRE: &[Grant] = &[(Role::EnforcementCenter, Relation::Party)];
const ONLY_DEPARTMENT: &[Grant] = &[DEPARTMENT];
const ONLY_DISTRICT: &[Grant] = &[DISTRICT];
/// What concerns no case in particular: each in its own district.
const WITHIN_THEIR_OWN: &[Grant] = &[
    within(Role::Bridge),
    within(Role::Grid),
    within(Role::Community),
    within(Role::Street),
    within(Role::EnforcementCenter),
    within(Role::Department),
    DISTRICT,
    OPERATOR,
];
/// The same, and callers, each under their own reference.
const SUBMITTERS: &[Grant] = &[
    within(Role::Caller),
    within(Role::Bridge),
    within(Role::Grid),
    within(Role::Community),
    within(Role::Street),
    within(Role::EnforcementCenter),
    within(Role::Department),
    DISTRICT,
    OPERATOR,
];
const COUNTED_FOR: &[Grant] = &[
    within(Role::Bridge),
    within(Role::Grid),
    within(Role::Community),
    within(Role::Street),
    within(Role::EnforcementCenter),
    within(Role::Department),
    DISTRICT,
    OPERATOR,
    AUDITOR,
];
/// What is everybody's to know who has to do with a district.
const IN_THEIR_DISTRICT: &[Grant] = &[
    within(Role::Caller),
    within(Role::Bridge),
    within(Role::Grid),
    within(Role::Community),
    within(Role::Street),
    within(Role::EnforcementCenter),
    within(Role::Department),
    DISTRICT,
    OPERATOR,
    AUDITOR,
];
const ONLY_BRIDGE: &[Grant] = &[BRIDGE];
const RATERS: &[Grant] = &[
    CALLER,
    BRIDGE,
    (Role::Grid, Relation::Raised),
    (Role::Community, Relation::Raised),
    (Role::Street, Relation::Raised),
    OPERATOR,
];
/// Those whom the powers of streets concern.
const POWERS: &[Grant] = &[STREET, DEPARTMENT, DISTRICT, OPERATOR, AUDITOR];
const ONLY_STREET: &[Grant] = &[STREET];
const DEPARTMENT_AND_DISTRICT: &[Grant] = &[DEPARTMENT, DISTRICT];
/// Who begins something on which streets are heard.
const ASKERS_OF_STREETS: &[Grant] = &[within(Role::Department), DISTRICT];
const LEAGUE: &[Grant] = &[within(Role::Street), within(Role::Department), DISTRICT, OPERATOR, AUDITOR];
/// Units that are scored.
const UNITS: &[Grant] = &[COMMUNITY, STREET, CENTRE, DEPARTMENT, DISTRICT];

const OF_PEOPLE: &[Grant] = &[CALLER, DISTRICT, OPERATOR];
const OF_THEMSELVES: &str = "a caller, of themselves";
const HOLDER: &str = "has the case now";
const WORKS_WITH: &str = "has the case now; of what the city has, the district";
const COMMANDS: &str = "called the unit, or has the case now";
const ABOVE: &str = "is above whoever has the case";
const CITY: &str = "the city has the case";
const TWO: &str = "two different people";
const OWN_CENTRE: &str = "the operation is this centre's";
const CALLED: &str = "was called by that call";

/// Who may what. Auditors have a part in every line that looks but those of a department's own desk, which is the
/// department's: what it was ordered and what it answered is on the record.
pub const TABLE: &[Row] = &[
    act("huying.intake.v1.IntakeService/Submit", SUBMITTERS, "submits in its own name; a caller, online"),
    act("huying.intake.v1.IntakeService/SubmitStream", WITHIN_THEIR_OWN, "submits in its own name"),
    act("huying.intake.v1.IntakeService/Supplement", EVERYBODY, ""),
    act("huying.intake.v1.IntakeService/Withdraw", &[CALLER, BRIDGE, OPERATOR], "nobody else has joined it"),
    act("huying.intake.v1.IntakeService/ProposeExclusion", STREET_AND_DISTRICT, TWO),
    act("huying.intake.v1.IntakeService/ApproveExclusion", ONLY_DISTRICT, TWO),
    act("huying.intake.v1.IntakeService/Merge", STREET_AND_DISTRICT, "both cases"),
    act("huying.intake.v1.IntakeService/ReopenFiled", STREET_AND_DISTRICT, "it is filed"),
    look("huying.intake.v1.IntakeService/Get", WHOEVER_LOOKS),
    look("huying.intake.v1.IntakeService/Find", WHOEVER_LOOKS),
    act("huying.intake.v1.PeopleService/AskContact", HOLDERS, "says what for; it stays on the record"),
    act("huying.intake.v1.PeopleService/ShowPerson", OF_PEOPLE, OF_THEMSELVES),
    act("huying.intake.v1.PeopleService/ErasePerson", OF_PEOPLE, OF_THEMSELVES),
    act("huying.intake.v1.PollService/OpenPoll", ASKERS, "belongs to a street"),
    ruled("huying.intake.v1.PollService/RecordAnswers", ASKERS, "the poll is of its street"),
    ruled("huying.intake.v1.PollService/ClosePoll", STREET_AND_DISTRICT, "the poll is of its street"),
    look(
        "huying.intake.v1.PollService/GetPoll",
        &[
            (Role::Grid, Relation::Street),
            (Role::Community, Relation::Street),
            STREET,
            DEPARTMENT,
            DISTRICT,
            OPERATOR,
            AUDITOR,
        ],
    ),
    act("huying.intake.v1.PollService/AttachPoll", ASKERS, "both poll and case"),
    act("huying.triage.v1.TriageService/Claim", STREET_AND_DISTRICT, ""),
    act("huying.triage.v1.TriageService/Judge", STREET_AND_DISTRICT, ""),
    act(
        "huying.triage.v1.TriageService/Regrade",
        STREET_AND_DISTRICT,
        "a street: neither the district nor a group nor the city has it",
    ),
    look("huying.triage.v1.TriageService/Suggest", IN_THEIR_DISTRICT),
    look(
        "huying.triage.v1.TriageService/Get",
        &[GRID, COMMUNITY, STREET, CENTRE, DEPARTMENT, DISTRICT, OPERATOR, AUDITOR],
    ),
    ruled(
        "huying.dispatch.v1.DispatchService/Assign",
        HOLDERS,
        "has the case, or commands the street, within the street; the district: anywhere",
    ),
    ruled("huying.dispatch.v1.DispatchService/Escalate", HOLDERS, HOLDER),
    ruled(
        "huying.dispatch.v1.DispatchService/Call",
        STREET_AND_DISTRICT,
        "a command centre that has the case; a special group",
    ),
    ruled("huying.dispatch.v1.DispatchService/PlanTasks", HOLDERS, WORKS_WITH),
    act("huying.dispatch.v1.DispatchService/CompleteTask", HOLDERS, "the task is its own, or an outside unit's"),
    act(
        "huying.dispatch.v1.DispatchService/RecordProgress",
        HOLDERS,
        "a department: has or had it, was called or works on it",
    ),
    ruled("huying.dispatch.v1.DispatchService/AdoptMeasure", HOLDERS, HOLDER),
    ruled("huying.dispatch.v1.DispatchService/Release", HOLDERS, COMMANDS),
    ruled("huying.dispatch.v1.DispatchService/Resolve", HOLDERS, HOLDER),
    act("huying.dispatch.v1.DispatchService/Reopen", STREET_AND_DISTRICT, ""),
    ruled("huying.dispatch.v1.DispatchService/Adjudicate", STREET_AND_DISTRICT, "the return is for it to decide"),
    ruled("huying.dispatch.v1.DispatchService/Disqualify", STREET_AND_DISTRICT, COMMANDS),
    ruled("huying.dispatch.v1.DispatchService/Supervise", STREET_AND_DISTRICT, ABOVE),
    ruled("huying.dispatch.v1.DispatchService/AnswerSupervision", HOLDERS, "the order is for it"),
    ruled("huying.dispatch.v1.DispatchService/Extend", STREET_AND_DISTRICT, ABOVE),
    ruled("huying.dispatch.v1.DispatchService/Suspend", STREET_AND_DISTRICT, ABOVE),
    ruled("huying.dispatch.v1.DispatchService/Resume", STREET_AND_DISTRICT, ABOVE),
    ruled("huying.dispatch.v1.DispatchService/HoldMeeting", HOLDERS, WORKS_WITH),
    ruled("huying.dispatch.v1.DispatchService/FormTaskForce", HOLDERS, HOLDER),
    act("huying.dispatch.v1.DispatchService/Transfer", ONLY_DISTRICT, ""),
    act("huying.dispatch.v1.DispatchService/RecordCityProgress", ONLY_DISTRICT, CITY),
    act("huying.dispatch.v1.DispatchService/RecordCityDone", ONLY_DISTRICT, CITY),
    act("huying.dispatch.v1.DispatchService/RecordCityReturn", ONLY_DISTRICT, CITY),
    act("huying.dispatch.v1.DispatchService/Admit", ONLY_DISTRICT, ""),
    act("huying.dispatch.v1.DispatchService/SpawnRelatedCase", HOLDERS, ""),
    look("huying.dispatch.v1.DispatchService/Get", HOLDERS_AND_AUDITOR),
    act("huying.enforcement_center.v1.EnforcementCenterService/SeatOfficer", &[STREET, CENTRE], ""),
    act("huying.enforcement_center.v1.EnforcementCenterService/UnseatOfficer", &[STREET, CENTRE], ""),
    act("huying.enforcement_center.v1.EnforcementCenterService/SetAway", &[STREET, CENTRE], ""),
    look("huying.enforcement_center.v1.EnforcementCenterService/GetRoster", OF_CENTRES),
    look("huying.enforcement_center.v1.EnforcementCenterService/GetOperation", OF_CENTRES),
    act("huying.enforcement_center.v1.EnforcementCenterService/CallSeat", ONLY_CENTRE, OWN_CENTRE),
    act("huying.enforcement_center.v1.EnforcementCenterService/TakeSeat", ONLY_DEPARTMENT, "was called to the seat"),
    act("huying.enforcement_center.v1.EnforcementCenterService/HoldMeeting", ONLY_CENTRE, OWN_CENTRE),
    act("huying.enforcement_center.v1.EnforcementCenterService/DecidePath", ONLY_CENTRE, OWN_CENTRE),
    act("huying.enforcement_center.v1.EnforcementCenterService/ArriveOnSite", ONLY_CENTRE, OWN_CENTRE),
    act("huying.enforcement_center.v1.EnforcementCenterService/OrderStop", ONLY_CENTRE, OWN_CENTRE),
    act("huying.enforcement_center.v1.EnforcementCenterService/ServeNotice", ONLY_CENTRE, OWN_CENTRE),
    act("huying.enforcement_center.v1.EnforcementCenterService/Reinspect", ONLY_CENTRE, OWN_CENTRE),
    act("huying.enforcement_center.v1.EnforcementCenterService/TakeNextStep", ONLY_CENTRE, OWN_CENTRE),
    act("huying.enforcement_center.v1.EnforcementCenterService/SpawnRelatedCase", ONLY_CENTRE, OWN_CENTRE),
    act("huying.enforcement_center.v1.EnforcementCenterService/Conclude", ONLY_CENTRE, OWN_CENTRE),
    look("huying.enforcement_center.v1.EnforcementCenterService/RenderDocument", OF_CENTRES),
    act("huying.enforcement_center.v1.StaffService/RegisterOfficer", STREET_AND_DISTRICT, "all units it names"),
    act("huying.enforcement_center.v1.StaffService/SecondOfficer", STREET_AND_DISTRICT, "both units"),
    act("huying.enforcement_center.v1.StaffService/EndSecondment", STREET_AND_DISTRICT, "both units"),
    act("huying.evaluation.v1.EvaluationService/Rate", RATERS, "it is resolved"),
    act("huying.evaluation.v1.EvaluationService/RateParty", STREET_AND_DISTRICT, "called the unit it rates"),
    act("huying.evaluation.v1.EvaluationService/LogCallback", DESKS, "another unit answered it"),
    look("huying.evaluation.v1.EvaluationService/Get", WHOEVER_LOOKS),
    act("huying.evaluation.v1.PeriodService/PublishPeriod", ONLY_DISTRICT, "it is over, and a correction says why"),
    act("huying.evaluation.v1.PeriodService/ImportMarks", ONLY_DISTRICT, ""),
    ruled(
        "huying.evaluation.v1.PeriodService/AppealPeriod",
        UNITS,
        "the table names the unit, and its time is not over",
    ),
    act("huying.evaluation.v1.PeriodService/AnswerPeriodAppeal", ONLY_DISTRICT, ""),
    look("huying.evaluation.v1.PeriodService/GetPeriod", LEAGUE),
    act("huying.evaluation.v1.BallotService/OpenBallot", &[within(Role::Street)], "belongs to a street"),
    ruled("huying.evaluation.v1.BallotService/CastVote", &[COMMUNITY], "is a community of the ballot, once"),
    ruled("huying.evaluation.v1.BallotService/PublishBallot", STREET_AND_DISTRICT, "the ballot is of its street"),
    ruled("huying.evaluation.v1.BallotService/AppealBallot", UNITS, "the unit is on the ballot, in time"),
    ruled("huying.evaluation.v1.BallotService/AnswerBallotAppeal", STREET_AND_DISTRICT, "the ballot is of its street"),
    look(
        "huying.evaluation.v1.BallotService/GetBallot",
        &[within(Role::Community), within(Role::Street), within(Role::Department), DISTRICT, OPERATOR, AUDITOR],
    ),
    look(
        "huying.notification.v1.NotificationService/ListDeliveries",
        &[COMMUNITY, STREET, DISTRICT, OPERATOR, AUDITOR],
    ),
    look("huying.notification.v1.NotificationService/Preview", &[within(Role::Street), DISTRICT, OPERATOR, AUDITOR]),
    look("huying.notification.v1.WebhookService/ListWebhooks", &[OPERATOR, AUDITOR]),
    act("huying.notification.v1.WebhookService/TestWebhook", &[OPERATOR], ""),
    act("huying.notification.v1.WebhookService/ReplayWebhook", &[OPERATOR], ""),
    look("huying.responder.v1.ResponderService/ListCalls", ONLY_DEPARTMENT),
    look("huying.responder.v1.ResponderService/WatchOrders", ONLY_DEPARTMENT),
    look("huying.responder.v1.ResponderService/ListOrders", ONLY_DEPARTMENT),
    act("huying.responder.v1.ResponderService/SeeRefused", ONLY_DEPARTMENT, ""),
    act("huying.responder.v1.ResponderService/Respond", ONLY_DEPARTMENT, CALLED),
    act("huying.responder.v1.ResponderService/ReportIn", ONLY_DEPARTMENT, CALLED),
    act("huying.responder.v1.ResponderService/Progress", ONLY_DEPARTMENT, CALLED),
    act("huying.responder.v1.ResponderService/CompleteTask", ONLY_DEPARTMENT, CALLED),
    act("huying.responder.v1.ResponderService/Done", ONLY_DEPARTMENT, CALLED),
    act("huying.responder.v1.ResponderService/Return", ONLY_DEPARTMENT, CALLED),
    act("huying.responder.v1.ResponderService/AnswerSupervision", ONLY_DEPARTMENT, "the order is for it"),
    act("huying.responder.v1.ResponderService/SpawnRelatedCase", ONLY_DEPARTMENT, CALLED),
    look("huying.casebook.v1.CasebookService/List", WHOEVER_LOOKS),
    look("huying.casebook.v1.CasebookService/Get", WHOEVER_LOOKS),
    look("huying.casebook.v1.CasebookService/Watch", WHOEVER_LOOKS),
    look("huying.casebook.v1.CasebookService/Statistics", COUNTED_FOR),
    look("huying.casebook.v1.CasebookService/SuggestDuplicates", LOOKS_IN_OFFICE),
    look("huying.casebook.v1.CasebookService/ListQueue", LISTS_OF_DESKS),
    look("huying.casebook.v1.CasebookService/ListUnrated", LISTS_OF_DESKS),
    look("huying.casebook.v1.CasebookService/GetScores", LEAGUE),
    look(
        "huying.casebook.v1.CasebookService/ListOfficers",
        &[COMMUNITY, STREET, CENTRE, DEPARTMENT, DISTRICT, OPERATOR, AUDITOR],
    ),
    look("huying.casebook.v1.CasebookService/Export", &[DISTRICT, OPERATOR, AUDITOR]),
    look("huying.casebook.v1.CasebookService/GetChains", &[DISTRICT, OPERATOR, AUDITOR]),
    look("huying.casebook.v1.CasebookService/Report", &[within(Role::Street), DISTRICT, OPERATOR, AUDITOR]),
    look("huying.casebook.v1.CasebookService/ListPowers", POWERS),
    look("huying.casebook.v1.CasebookService/ListChanges", &[BRIDGE, DISTRICT, OPERATOR, AUDITOR]),
    look("huying.casebook.v1.CasebookService/GetCatalogue", IN_THEIR_DISTRICT),
    look("huying.casebook.v1.CasebookService/ListOpen", LOOKS_IN_OFFICE),
    look("huying.casebook.v1.CasebookService/GetCharters", IN_THEIR_DISTRICT),
    act("huying.powers.v1.ConsultationService/OpenProject", ASKERS_OF_STREETS, "the district has given the power"),
    act("huying.powers.v1.ConsultationService/AskStreets", DEPARTMENT_AND_DISTRICT, "the project is its own"),
    act("huying.powers.v1.ConsultationService/GiveOpinion", ONLY_STREET, "its street was asked"),
    act("huying.powers.v1.ConsultationService/AnswerOpinion", DEPARTMENT_AND_DISTRICT, "the project is its own"),
    act("huying.powers.v1.ConsultationService/AdvanceProject", DEPARTMENT_AND_DISTRICT, "the project is its own"),
    look("huying.powers.v1.ConsultationService/GetProject", POWERS),
    act(
        "huying.powers.v1.SuggestionService/MakeSuggestion",
        &[within(Role::Street)],
        "the district has given the power",
    ),
    act("huying.powers.v1.SuggestionService/AnswerSuggestion", DEPARTMENT_AND_DISTRICT, "it was made to it"),
    act("huying.powers.v1.SuggestionService/WithdrawSuggestion", ONLY_STREET, "the suggestion is its street's"),
    look("huying.powers.v1.SuggestionService/GetSuggestion", POWERS),
    act("huying.powers.v1.PersonnelService/SendLetter", ASKERS_OF_STREETS, "the district has given the power"),
    act("huying.powers.v1.PersonnelService/RecordTalk", DEPARTMENT_AND_DISTRICT, "the letter is its own"),
    act("huying.powers.v1.PersonnelService/Reply", ONLY_STREET, "the letter is to its street"),
    act("huying.powers.v1.PersonnelService/Finalise", DEPARTMENT_AND_DISTRICT, "the letter is its own"),
    look("huying.powers.v1.PersonnelService/GetLetter", POWERS),
    act("huying.powers.v1.SignOffService/OpenWork", ASKERS_OF_STREETS, "the district has given the power"),
    act("huying.powers.v1.SignOffService/SubmitGate", DEPARTMENT_AND_DISTRICT, "the work is its own"),
    act("huying.powers.v1.SignOffService/SignGate", ONLY_STREET, "the work is in its street"),
    act("huying.powers.v1.SignOffService/RefuseGate", ONLY_STREET, "the work is in its street"),
    look("huying.powers.v1.SignOffService/GetWork", POWERS),
    act("huying.powers.v1.FundsService/AllotFund", ASKERS_OF_STREETS, "a fund that is there: it gave it"),
    act("huying.powers.v1.FundsService/PoolFund", ONLY_STREET, "the fund is not earmarked"),
    act("huying.powers.v1.FundsService/SpendPooled", ONLY_STREET, ""),
    look("huying.powers.v1.FundsService/GetLedger", POWERS),
    act("huying.powers.v1.HeadcountService/ApprovePosts", ONLY_DISTRICT, ""),
    act("huying.powers.v1.HeadcountService/FillPost", STREET_AND_DISTRICT, ""),
    act("huying.powers.v1.HeadcountService/VacatePost", STREET_AND_DISTRICT, ""),
    look("huying.powers.v1.HeadcountService/GetHeadcount", POWERS),
    act("huying.powers.v1.AllowanceService/RecordAssessment", ONLY_STREET, "the unit is posted to its street"),
    act("huying.powers.v1.AllowanceService/CloseSheet", ONLY_STREET, ""),
    look("huying.powers.v1.AllowanceService/GetSheet", POWERS),
    act("in.<bridge>.submit", &[within(Role::Bridge)], "submits in its own name"),
    look("in.<bridge>.find", ONLY_BRIDGE),
    look("in.<bridge>.get", ONLY_BRIDGE),
    look("in.<bridge>.changes", ONLY_BRIDGE),
    act("ans.<department>.call", ONLY_DEPARTMENT, CALLED),
];
