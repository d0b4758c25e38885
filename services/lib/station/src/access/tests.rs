use std::collections::BTreeSet;

use ids::HistoryKey;
use prost::Message;
use prost_types::FileDescriptorSet;
use proto::dispatch::v1::{Assigned, Called, CalledParty, DispatchEvent, dispatch_event};
use proto::intake::v1::{CallerJoined, IntakeEvent, Received, intake_event};
use proto::record::v1::event::Of;
use proto::record::v1::{Commit, Decision, Event};
use proto::subjects::{AnswerSubject, BridgeVerb, ReadingSubject};

use super::table::TABLE;
use super::*;
use crate::bundle;

fn code(text: &str) -> Code {
    text.parse().unwrap()
}

fn somebody(role: Role, party: &str, district: &str, staff_ref: &str) -> Caller {
    let optional = |text: &str| (!text.is_empty()).then(|| code(text));
    Caller { role, party: optional(party), district: optional(district), staff_ref: staff_ref.to_owned() }
}

fn charters() -> Charters {
    let charters = Charters::default();
    ["wuchang", "jiangan", "heping"].iter().for_each(|it| charters.take(&bundle(&Charter::shipped(it).unwrap())));
    charters
}

const CASE: &str = "huying.casebook.v1.CasebookService/Get";
const SUPPLEMENT: &str = "huying.intake.v1.IntakeService/Supplement";

/// A case raised by `u-1` over a bridge, in a grid, with the street's command centre, and one department called.
fn tree() -> Matter {
    let key = HistoryKey::case(code("jiangan"), &"191021-4489yvd".parse().unwrap());
    let concerns = vec![
        Concern::Caller("u-1".to_owned()),
        Concern::Bridge(code("jiangan-board")),
        Concern::Party(code("jiangan-yiyuan-tongxing-grid-1")),
        Concern::Party(code("jiangan-yiyuan-command-centre")),
        Concern::Party(code("jiangan-parks")),
    ];
    Matter { concerns, ..Matter::new(&key) }
}

#[test]
fn everybody_reaches_what_concerns_them_and_nothing_else() {
    let charters = charters();
    let jiangan = Charter::shipped("jiangan").unwrap();
    let matter = tree();
    let concerned = [
        somebody(Role::Caller, "", "jiangan", "u-1"),
        somebody(Role::Bridge, "jiangan-board", "", ""),
        somebody(Role::Grid, "jiangan-yiyuan-tongxing-grid-1", "", ""),
        somebody(Role::Community, "jiangan-yiyuan-tongxing", "", ""),
        somebody(Role::Street, "jiangan-yiyuan-command-centre", "", ""),
        somebody(Role::Street, "jiangan-yiyuan-public-management", "", ""),
        somebody(Role::EnforcementCenter, "jiangan-yiyuan-enforcement-centre", "", ""),
        somebody(Role::Department, "jiangan-parks", "", ""),
        somebody(Role::District, "jiangan-centre", "", ""),
        somebody(Role::District, "", "jiangan", ""),
        somebody(Role::Operator, "", "", ""),
        somebody(Role::Operator, "", "jiangan", ""),
        somebody(Role::Auditor, "", "jiangan", ""),
        // Whoever raised it in office.
        somebody(Role::Grid, "jiangan-siwei-command-centre", "", "u-1"),
    ];
    for caller in &concerned {
        let scope = caller.scope(CASE, &charters).unwrap();
        assert!(scope.covers(&matter.district, &matter.concerns), "{caller:?} {scope:?}");
        assert!(caller.may(CASE, &matter, &jiangan).is_ok(), "{caller:?}");
    }
    let others = [
        somebody(Role::Caller, "", "jiangan", "u-2"),
        somebody(Role::Caller, "", "jiangan", ""),
        somebody(Role::Caller, "", "wuchang", "u-1"),
        somebody(Role::Bridge, "jiangan-hotline", "", ""),
        // A bridge is no unit.
        somebody(Role::Bridge, "jiangan-parks", "", ""),
        somebody(Role::Grid, "jiangan-yiyuan-tongxing", "wuchang", ""),
        somebody(Role::Community, "jiangan-erqi-changjian", "", ""),
        somebody(Role::Street, "jiangan-siwei-command-centre", "", ""),
        somebody(Role::EnforcementCenter, "jiangan-siwei-enforcement-centre", "", ""),
        somebody(Role::Department, "jiangan-traffic-police", "", ""),
        somebody(Role::District, "wuchang-centre", "", ""),
        somebody(Role::Operator, "", "wuchang", ""),
        somebody(Role::Auditor, "", "wuchang", ""),
    ];
    for caller in &others {
        let scope = caller.scope(CASE, &charters).unwrap();
        assert!(!scope.covers(&matter.district, &matter.concerns), "{caller:?} {scope:?}");
        assert!(caller.may(CASE, &matter, &jiangan).is_err(), "{caller:?}");
    }
}

#[test]
fn a_special_group_is_a_party_to_what_it_was_given_and_not_the_district() {
    let (charters, jiangan) = (charters(), Charter::shipped("jiangan").unwrap());
    let group = somebody(Role::District, "jiangan-group-business", "", "g-1");
    let given = Matter { concerns: vec![Concern::Party(code("jiangan-group-business"))], ..tree() };
    let may = |matter: &Matter, method: &str| {
        let action = TABLE.iter().find(|row| row.action.ends_with(method)).unwrap().action;
        group.may(action, matter, &jiangan).is_ok()
    };
    assert!(may(&given, "CasebookService/Get") && may(&given, "IntakeService/ProposeExclusion"));
    assert!(!may(&tree(), "CasebookService/Get") && !may(&tree(), "IntakeService/ProposeExclusion"));
    assert!(!group.scope(CASE, &charters).unwrap().covers(&given.district, &tree().concerns));
    for of_the_district in ["IntakeService/ApproveExclusion", "DispatchService/Transfer", "DispatchService/Admit"] {
        assert!(!may(&given, of_the_district), "{of_the_district}");
    }
    // A department's or a community's code in such a token makes nobody the district.
    assert!(!somebody(Role::District, "jiangan-tax", "jiangan", "t-1").is_the_district(&jiangan));
}

#[test]
fn looking_at_anothers_matter_finds_nothing_and_acting_on_it_is_denied() {
    let jiangan = Charter::shipped("jiangan").unwrap();
    let matter = tree();
    let asked = |caller: &Caller, action| caller.may(action, &matter, &jiangan).map_err(|status| status.code());
    let rate = "huying.evaluation.v1.EvaluationService/Rate";
    let street = somebody(Role::Street, "jiangan-yiyuan-command-centre", "", "s-1");
    assert_eq!(asked(&street, SUPPLEMENT), Ok(()));
    assert_eq!(asked(&street, rate), Err(tonic::Code::PermissionDenied), "only who raised it rates it");
    let other = somebody(Role::Street, "jiangan-siwei-command-centre", "", "s-1");
    assert_eq!(asked(&other, CASE), Err(tonic::Code::NotFound), "what one may not see is not there");
    assert_eq!(asked(&other, SUPPLEMENT), Err(tonic::Code::PermissionDenied));
    assert_eq!(asked(&other, rate), Err(tonic::Code::PermissionDenied));
    let nothing = Matter { concerns: vec![], ..tree() };
    let supplement = other.may(SUPPLEMENT, &nothing, &jiangan).unwrap_err();
    assert_eq!(supplement.code(), tonic::Code::NotFound, "nobody acts on what is not there");
    let elsewhere = somebody(Role::District, "wuchang-centre", "", "d-1");
    assert_eq!(asked(&elsewhere, SUPPLEMENT), Err(tonic::Code::NotFound), "another district's cases do not exist");
    let role = somebody(Role::Department, "jiangan-parks", "", "");
    assert_eq!(asked(&role, rate), Err(tonic::Code::PermissionDenied), "not for this role");
}

#[test]
fn who_left_no_name_shows_the_number_of_the_case() {
    let jiangan = Charter::shipped("jiangan").unwrap();
    let anonymous = Matter { concerns: vec![Concern::Caller(String::new())], ..tree() };
    let with_number = somebody(Role::Caller, "", "jiangan", "u-7");
    assert!(with_number.may(SUPPLEMENT, &anonymous, &jiangan).is_ok());
    // Knowing one number is not knowing them all.
    let scope = with_number.scope(CASE, &charters()).unwrap();
    assert!(!scope.covers(&anonymous.district, &anonymous.concerns));
    let grid = somebody(Role::Grid, "jiangan-yiyuan-tongxing-grid-1", "", "");
    assert!(grid.may(SUPPLEMENT, &anonymous, &jiangan).is_err());
}

#[test]
fn a_receipt_opens_its_own_case_and_nothing_else() {
    let jiangan = Charter::shipped("jiangan").unwrap();
    let own = "receipt:9f86d081884c7d659a2feaa0c55ad015";
    let with_receipt =
        Matter { concerns: vec![Concern::Caller(String::new()), Concern::Caller(own.to_owned())], ..tree() };
    let anonymous = Matter { concerns: vec![Concern::Caller(String::new())], ..tree() };
    let holder = somebody(Role::Caller, "", "jiangan", own);
    let guesser = somebody(Role::Caller, "", "jiangan", "receipt:00000000000000000000000000000000");
    for action in [CASE, SUPPLEMENT] {
        assert_eq!(holder.may(action, &with_receipt, &jiangan).map_err(|refused| refused.code()), Ok(()));
        for (caller, matter) in [(&guesser, &with_receipt), (&guesser, &anonymous), (&holder, &anonymous)] {
            let refused = caller.may(action, matter, &jiangan).unwrap_err();
            assert_eq!(refused.code(), tonic::Code::NotFound, "that there is such a case is not said: {refused}");
        }
    }
    // Whoever has a receipt to show needs it: the number of the case is on every letter.
    let with_number = somebody(Role::Caller, "", "jiangan", "u-7");
    assert!(with_number.may(SUPPLEMENT, &with_receipt, &jiangan).is_err());
    let submit = "huying.intake.v1.IntakeService/Submit";
    assert_eq!(holder.may_in(submit, &jiangan).unwrap_err().code(), tonic::Code::PermissionDenied);
}

#[test]
fn a_token_that_names_neither_unit_nor_district_reaches_nothing() {
    for role in table::ROLES.into_iter().filter(|role| *role != Role::Operator) {
        for party in ["", "nobody-knows-me"] {
            let refused = somebody(role, party, "", "x-1").scope(CASE, &charters()).unwrap_err();
            assert_eq!(refused.code(), tonic::Code::PermissionDenied, "{role:?} {party}");
        }
        let refused = somebody(role, "", "", "x-1").may(CASE, &tree(), &Charter::shipped("jiangan").unwrap());
        assert_eq!(refused.unwrap_err().code(), tonic::Code::PermissionDenied, "{role:?}");
    }
}

#[test]
fn who_belongs_to_several_districts_sees_them_all() {
    let charters = charters();
    let city = Charter::shipped("wuchang").unwrap().find_parties(charter::PartyKind::City).next().unwrap().code.clone();
    let Scope::Districts(districts) = somebody(Role::District, city.as_str(), "", "").scope(CASE, &charters).unwrap()
    else {
        panic!("a city sees districts")
    };
    assert_eq!(districts, [code("jiangan"), code("wuchang")]);
}

fn fact(of: Of) -> Commit {
    let decision = Decision { events: vec![Event { of: Some(of) }], ..Decision::default() };
    Commit { decisions: vec![decision], ..Commit::default() }
}

#[test]
fn a_case_is_its_callers_own_and_of_everybody_who_came_to_it() {
    let mut matter = Matter::new(&HistoryKey::case(code("jiangan"), &"191021-4489yvd".parse().unwrap()));
    let owns = |matter: &Matter, who: &str| {
        let caller = somebody(Role::Caller, "", "jiangan", who);
        caller.may(SUPPLEMENT, matter, &Charter::shipped("jiangan").unwrap()).is_ok()
    };
    let received = Received { caller_ref: "u-1".to_owned(), bridge: "jiangan-board".to_owned(), ..Received::default() };
    matter.learn(&fact(Of::Intake(IntakeEvent { event: Some(intake_event::Event::Received(received)) })));
    assert!(owns(&matter, "u-1") && !owns(&matter, "u-5"));
    let joined = CallerJoined { caller_ref: "u-5".to_owned(), ..CallerJoined::default() };
    matter.learn(&fact(Of::Intake(IntakeEvent { event: Some(intake_event::Event::CallerJoined(joined)) })));
    assert!(owns(&matter, "u-1") && owns(&matter, "u-5") && !owns(&matter, "u-7"));
}

#[test]
fn a_department_sees_a_case_from_its_call_on() {
    let jiangan = Charter::shipped("jiangan").unwrap();
    let mut matter = Matter::new(&HistoryKey::case(code("jiangan"), &"191021-4489yvd".parse().unwrap()));
    let parks = somebody(Role::Department, "jiangan-parks", "", "p-1");
    let assigned = Assigned { party: "jiangan-yiyuan-command-centre".to_owned(), ..Assigned::default() };
    matter.learn(&fact(Of::Dispatch(DispatchEvent { event: Some(dispatch_event::Event::Assigned(assigned)) })));
    assert_eq!(parks.may(CASE, &matter, &jiangan).unwrap_err().code(), tonic::Code::NotFound);
    let called = Called {
        caller: "jiangan-yiyuan-command-centre".to_owned(),
        parties: vec![CalledParty { party: "jiangan-parks".to_owned(), duty: 1 }],
        ..Called::default()
    };
    matter.learn(&fact(Of::Dispatch(DispatchEvent { event: Some(dispatch_event::Event::Called(called)) })));
    assert!(parks.may(CASE, &matter, &jiangan).is_ok());
    assert!(somebody(Role::Department, "jiangan-tax", "", "").may(CASE, &matter, &jiangan).is_err());
}

/// Every method there is, by reflection.
fn methods() -> BTreeSet<String> {
    let files = FileDescriptorSet::decode(proto::DESCRIPTORS).unwrap();
    let mut methods = BTreeSet::new();
    for file in &files.file {
        for service in &file.service {
            let names = service.method.iter().map(|it| it.name());
            methods.extend(names.map(|name| format!("{}.{}/{name}", file.package(), service.name())));
        }
    }
    methods
}

#[test]
fn the_table_has_one_line_for_every_method_and_no_other() {
    let lines: Vec<&str> = table::TABLE.iter().map(|row| row.action).collect();
    let once: BTreeSet<String> = lines.iter().map(ToString::to_string).collect();
    assert_eq!(once.len(), lines.len(), "an action stands there twice");
    let methods = methods();
    let missing: Vec<_> = methods.difference(&once).collect();
    assert!(missing.is_empty(), "who may call these? {missing:#?}");
    let requests: Vec<String> =
        once.difference(&methods).filter(|it| !it.starts_with("huying.casebook.")).cloned().collect();
    let subjects = BridgeVerb::ALL.map(BridgeVerb::of_all).into_iter().chain([AnswerSubject::ALL, ReadingSubject::ALL]);
    let served = subjects.map(|it| it.replace('*', "<>"));
    let forms: Vec<String> = requests.iter().map(|it| it.replace("bridge", "").replace("department", "")).collect();
    let served: BTreeSet<String> = served.collect();
    assert_eq!(forms.into_iter().collect::<BTreeSet<_>>(), served, "lines without a method or a request: {requests:?}");
}

#[test]
fn an_auditor_reads_whatever_is_read_and_acts_on_nothing() {
    for row in table::TABLE {
        // What a party asks over NATS it asks with its own key.
        let own_desk = ["huying.responder.", "in.", "ans."].iter().any(|own| row.action.starts_with(own));
        let reads = row.does == table::Does::Look && !own_desk;
        assert_eq!(row.relation(Role::Auditor).is_some(), reads, "{}", row.action);
    }
    let jiangan = Charter::shipped("jiangan").unwrap();
    let auditor = somebody(Role::Auditor, "", "jiangan", "a-1");
    assert_eq!(auditor.may(SUPPLEMENT, &tree(), &jiangan).unwrap_err().code(), tonic::Code::PermissionDenied);
}

#[test]
fn nobody_is_granted_more_than_they_see() {
    let width = |relation| match relation {
        Relation::Raised | Relation::Carried => 0,
        Relation::Party => 1,
        Relation::Street => 2,
        Relation::District => 3,
        Relation::Everything => 4,
    };
    for row in table::TABLE {
        assert!(!row.grants.is_empty(), "{}", row.action);
        for (role, relation) in row.grants {
            assert_ne!(*role, Role::System, "{}", row.action);
            // What a street's people ask of its households is the street's.
            let polls = row.action.starts_with("huying.intake.v1.PollService/");
            let of_no_case = *relation == Relation::District;
            assert!(
                width(*relation) <= width(table::sight(*role)) || polls || of_no_case,
                "{role:?} {relation:?} {}",
                row.action
            );
        }
    }
}
