//! What the shipped charters list, and what may be asked of it.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its own data has failed")]

use charter::{Charter, Colour, DocumentKind, Instrument, PartyKind, shipped_sources};
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

#[test]
fn forty_three_situations_in_five_aspects_each_led_by_somebody_who_can_be_called() {
    let heping = charter("heping");
    let aspects: Vec<_> = heping.aspects().iter().map(|aspect| aspect.name.zh.as_str()).collect();
    assert_eq!(aspects, ["矛盾排查", "服务群众", "综合执法", "重点工作", "应急处置"]);
    assert_eq!(heping.situations().len(), 43);
    for aspect in heping.aspects() {
        assert!(heping.situations().iter().any(|situation| situation.aspect == aspect.code), "{}", aspect.code);
    }
    for situation in heping.situations() {
        assert!(!situation.lead.is_empty(), "{}", situation.code);
        for street in heping.find_parties(PartyKind::Street) {
            let called = situation.parties_for(&street.code);
            assert_eq!(called.len(), situation.lead.len() + situation.supporting.len(), "{}", situation.code);
            for code in called {
                assert!(
                    heping.party(code.as_str()).is_some_and(|party| party.responder),
                    "{code} for {}",
                    situation.code
                );
            }
        }
    }
}

#[test]
fn what_a_street_has_falls_under_a_duty_it_leads() {
    let wuchang = charter("wuchang");
    for category in wuchang.categories().iter().filter(|category| !category.never_street) {
        let duty = wuchang.duty(category.duty.as_ref().unwrap().as_str()).unwrap();
        let leads = duty.kind == charter::DutyKind::Lead;
        assert_eq!(leads, category.level < charter::Level::C, "{}", category.code);
    }
}

#[test]
fn a_colour_pages_exactly_whom_it_names_where_they_sit() {
    let charter = charter("wuchang");
    let street = code("wuchang-liangdao-command-centre");
    let pages = |colour, caller: &Code| -> Vec<String> {
        let pages = charter.pages(colour, caller, &[code("wuchang-water")]);
        pages.iter().map(|page| format!("{}/{}", page.unit, page.role)).collect()
    };
    assert_eq!(
        pages(Colour::Red, &street),
        [
            "wuchang-liangdao-command-centre/command-head",
            "wuchang-centre/district-leader",
            "wuchang-liangdao-command-centre/dispatcher"
        ]
    );
    assert_eq!(pages(Colour::Blue, &street), ["wuchang-liangdao-command-centre/dispatcher"]);
    // A group calls from the district: there is no street whose posts could be meant.
    assert_eq!(pages(Colour::Red, &code("wuchang-centre")), ["wuchang-centre/district-leader"]);
    assert!(charter.colour_limits(Colour::Red).means.len() > charter.colour_limits(Colour::Blue).means.len());
}

#[test]
fn a_document_bears_centre_kind_year_and_number_in_the_districts_own_form() {
    let number =
        |district: &str, street: &str, kind, count| charter(district).document_number(&code(street), kind, 2019, count);
    let notice = number("wuchang", "wuchang-liangdao", DocumentKind::Notice, 1);
    assert_eq!(notice, "武粮综执整改〔2019〕0001号");
    assert_eq!(number("heping", "heping-nanshi", DocumentKind::StopOrder, 12_345), "和市综执停〔2019〕12345号");
}

#[test]
fn a_power_opens_what_the_charter_says_and_else_what_its_code_usually_does() {
    let opened = |name: &str| {
        let charter = charter(name);
        let opens = |instrument: &Instrument| charter.power_for(*instrument).map(|power| power.code.to_string());
        Instrument::ALL.iter().filter_map(|it| Some((it.as_str(), opens(it)?))).collect::<Vec<_>>()
    };
    let named = |pairs: &[(&'static str, &str)]| {
        pairs.iter().map(|(instrument, power)| (*instrument, (*power).to_owned())).collect::<Vec<_>>()
    };
    // 武昌区 says that its power on personnel opens the count of posts as well; its six open everything.
    let wuchang = [
        ("consultation", "decisions"),
        ("suggestion", "decisions"),
        ("personnel", "personnel"),
        ("sign-off", "planning"),
        ("funds", "funds"),
        ("headcount", "personnel"),
        ("allowance", "assessment"),
        ("calling", "dispatch"),
        ("assessing", "assessment"),
    ];
    assert_eq!(opened("wuchang"), named(&wuchang));
    // 和平区 says nothing of instruments, and has neither planning nor funds.
    let heping = [
        ("consultation", "decisions"),
        ("suggestion", "decisions"),
        ("personnel", "personnel"),
        ("headcount", "staffing"),
        ("allowance", "assessment"),
        ("calling", "dispatch"),
        ("assessing", "assessment"),
    ];
    assert_eq!(opened("heping"), named(&heping));
    // Who calls, rates: 江岸区 has given one power, and it opens both.
    assert_eq!(opened("jiangan"), named(&[("calling", "dispatch"), ("assessing", "dispatch")]));
}

#[test]
fn letters_are_numbered_as_the_district_does_or_in_the_usual_form() {
    assert_eq!(charter("wuchang").letter_number(2019, 7), "武昌区人函〔2019〕7号");
    let mut files = shipped_sources("wuchang").unwrap();
    let powers = files.iter_mut().find(|file| file.path == "powers.yaml").unwrap();
    powers.text = format!("letter-form: 武组函〔{{year}}〕第{{number}}号\n{}", powers.text);
    let charter = Charter::parse(&files).unwrap();
    assert_eq!(charter.letter_number(2019, 7), "武组函〔2019〕第7号");
}
