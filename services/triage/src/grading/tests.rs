use charter::{Way, Why};
use vocabulary::{CallerClass, Place};

use super::*;
use crate::domain::Source;

fn at(place: &str) -> Subject {
    Subject { place: Place { party: Some(place.parse().unwrap()), ..Place::default() }, ..Subject::default() }
}

fn by_hand(charter: &Charter, category: &str, place: &str, level: Level) -> Result<Judgement, Violation> {
    judge_at(charter, &[charter.category(category).unwrap()], None, &at(place), level)
}

fn now() -> Timestamp {
    Timestamp::from_second(1_600_000_000).unwrap()
}

#[test]
fn the_rules_name_their_row_and_everybody_they_passed_over() {
    let jiangan = Charter::shipped("jiangan").unwrap();
    let source = Source { class: Some(CallerClass::Enterprise), way: Some(Way::Online), ..Source::default() };
    let subject = Subject { source, ..at("jiangan-yiyuan-tongxing") };
    let Verdict::Sure { judgement, .. } = verdict(&jiangan, "enterprise-policy", "", &subject, now()) else {
        panic!("the submitter named the category")
    };
    assert_eq!((judgement.party.as_str(), judgement.level), ("jiangan-group-business", Level::C));
    assert_eq!(judgement.proof.rule.as_ref().map(Code::as_str), Some("enterprise-straight"));
    assert_eq!(judgement.proof.level, Some(Level::C));
    let considered: Vec<_> =
        judgement.proof.considered.iter().map(|passed| (passed.party.as_str(), passed.why)).collect();
    assert_eq!(considered[0], ("jiangan-yiyuan-tongxing", Why::NoDuty));
    assert_eq!(considered.last(), Some(&("jiangan-group-business", Why::Concerned)));
}

#[test]
fn an_instruction_from_above_goes_straight_only_where_the_charter_switches_it_on() {
    for (district, place, party) in [
        ("jiangan", "jiangan-yiyuan-tongxing", "jiangan-parks"),
        ("wuchang", "wuchang-yangyuan", "wuchang-yangyuan-command-centre"),
    ] {
        let charter = Charter::shipped(district).unwrap();
        let channel = Some("instruction-city".parse().unwrap());
        let source = Source { channel, way: Some(Way::Superior), ..Source::default() };
        let subject = Subject { source, ..at(place) };
        let Verdict::Sure { judgement, .. } = verdict(&charter, "dangerous-tree", "", &subject, now()) else {
            panic!("the submitter named the category")
        };
        assert_eq!(judgement.party.as_str(), party);
    }
}

#[test]
fn a_person_may_judge_differently_and_the_table_s_word_stays_beside_it() {
    let wuchang = Charter::shipped("wuchang").unwrap();
    let place = "wuchang-jiyuqiao-fenghuangcheng";
    let raised = by_hand(&wuchang, "garbage", place, Level::C).unwrap();
    assert_eq!(
        (raised.party.as_str(), raised.level, raised.proof.level),
        ("wuchang-centre", Level::C, Some(Level::B1))
    );
    let passed = raised.proof.considered.iter().find(|passed| passed.why == Why::Able).unwrap();
    assert_eq!(passed.party.as_str(), "wuchang-jiyuqiao-public-management");
    let lowered = by_hand(&wuchang, "garbage", place, Level::A).unwrap();
    assert_eq!((lowered.party.as_str(), lowered.level), (place, Level::A));
    let same = by_hand(&wuchang, "garbage", place, Level::B1).unwrap();
    assert_eq!(same.party.as_str(), "wuchang-jiyuqiao-public-management", "at the table's own level the table decides");
}

#[test]
fn what_is_no_duty_of_a_street_is_not_judged_into_one() {
    let wuchang = Charter::shipped("wuchang").unwrap();
    for level in [Level::A, Level::B1, Level::B2] {
        let refused = by_hand(&wuchang, "investment", "wuchang-yangyuan", level).unwrap_err();
        assert_eq!((refused.field, refused.rule), ("level", "never-street"));
    }
    assert!(by_hand(&wuchang, "investment", "wuchang-yangyuan", Level::D).is_ok());
}

#[test]
fn nobody_holds_a_case_below_his_own_level() {
    let wuchang = Charter::shipped("wuchang").unwrap();
    let nowhere = judge_at(&wuchang, &[wuchang.category("garbage").unwrap()], None, &Subject::default(), Level::A);
    let nowhere = nowhere.unwrap();
    assert_eq!((nowhere.party.as_str(), nowhere.level), ("wuchang-centre", Level::C));
}
