//! What the shipped charters list, and what may be asked of it.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its own data has failed")]

use charter::{Charter, PartyKind};
use ids::Code;

fn charter(name: &str) -> Charter {
    Charter::shipped(name).unwrap()
}

fn code(text: &str) -> Code {
    text.parse().unwrap()
}

#[test]
fn thirteen_groups_in_five_classes_each_with_a_chair_and_departments() {
    let jiangan = charter("jiangan");
    assert_eq!((jiangan.groups().len(), jiangan.group_classes().len()), (13, 5));
    for class in jiangan.group_classes() {
        assert!(jiangan.groups().iter().any(|group| group.class == class.code), "{} has no group", class.code);
    }
    for group in jiangan.groups() {
        assert!(jiangan.roles().iter().any(|role| role.code == group.chair), "{}", group.code);
        assert!(group.departments().len() >= 2, "{}", group.code);
        for department in group.departments() {
            let party = jiangan.party(department.as_str()).unwrap();
            assert!(party.kind == PartyKind::Department && party.responder, "{department}");
        }
    }
    let business = jiangan.group("jiangan-group-business").unwrap();
    assert_eq!(business.chair.as_str(), "district-leader");
    let departments: Vec<_> = business.departments().iter().map(Code::as_str).collect();
    assert_eq!(departments, ["jiangan-tax", "jiangan-investment", "jiangan-approvals"]);
    assert_eq!(jiangan.group("jiangan-tax"), None);
    // The source of the groups is Jiang'an's alone.
    assert!(charter("wuchang").groups().is_empty() && charter("heping").groups().is_empty());
}

#[test]
fn a_community_takes_what_its_list_covers() {
    let wuchang = charter("wuchang");
    let item = |category| wuchang.community_item_for(&code(category)).map(|item| item.code.as_str());
    assert_eq!(item("neighbours"), Some("community-autonomy-01"));
    assert_eq!(item("vehicle-time-window"), Some("community-assist-01"));
    assert_eq!((item("investment"), item("street-vendors")), (None, None));
    assert!(wuchang.community_may_take(&code("neighbours")) && !wuchang.community_may_take(&code("investment")));
    // A district that has not written its list keeps nothing from its communities.
    assert!(charter("jiangan").community_may_take(&code("investment")));
}
