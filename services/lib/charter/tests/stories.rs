//! The shipped charters hold what the worked examples need.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its own data has failed")]

use charter::{Charter, Level, PartyKind};
use ids::Code;

fn charter(name: &str) -> Charter {
    Charter::shipped(name).unwrap()
}

fn code(text: &str) -> Code {
    text.parse().unwrap()
}

fn words(codes: &[Code]) -> Vec<&str> {
    codes.iter().map(Code::as_str).collect()
}

/// What the first guess is, whose it would be at that place, and at which level.
fn judged(charter: &Charter, title: &str, place: &str) -> (String, Level, String) {
    let best = charter.classify(title, "").into_iter().next().unwrap();
    assert!(best.confidence >= charter.confidence_min, "{title}: {best:?}");
    let owner = charter.holder_for(best.category, Some(&code(place)));
    (best.category.code.to_string(), best.category.level, owner.code.to_string())
}

#[test]
fn s1_the_street_calls_three_parties_for_the_vehicles_of_tanhualin() {
    let wuchang = charter("wuchang");
    let found = judged(&wuchang, "历史街区人车混行，请分时段限行", "wuchang-liangdao-tanhualin");
    assert_eq!(found, ("vehicle-time-window".into(), Level::B2, "wuchang-liangdao-command-centre".into()));
    let situation = wuchang.situation("vehicle-time-window").unwrap();
    let parties = situation.parties_for(&code("wuchang-liangdao"));
    assert_eq!(words(&parties), ["wuchang-traffic-police", "wuchang-construction", "wuchang-culture-company"]);
    assert_eq!(wuchang.party("wuchang-culture-company").unwrap().kind, PartyKind::External);
}

#[test]
fn s2_one_place_four_categories_four_powers() {
    let wuchang = charter("wuchang");
    let street = code("wuchang-jiyuqiao");
    let categories = ["occupied-road", "noise", "fire-hazard", "business-conduct"];
    let mut powers: Vec<_> =
        categories.iter().flat_map(|category| wuchang.category(category).unwrap().powers.clone()).collect();
    powers.dedup();
    assert_eq!(words(&powers), ["urban-management", "public-security", "fire", "market"]);
    assert_eq!(
        judged(&wuchang, "废品回收站占道经营，占用人行道", "wuchang-jiyuqiao-fenghuangcheng").2,
        "wuchang-jiyuqiao-squad-urban-management"
    );
    let centre = wuchang.centre_of(&street);
    assert_eq!(
        (centre.resident.len(), centre.seats.len(), words(&centre.ranks)),
        (5, 5, vec!["deputy-head", "reserve-cadre"])
    );
    assert_eq!(wuchang.centre_of(&code("wuchang-yangyuan")).seats.len(), 6);
    assert_eq!(wuchang.limit("notice").unwrap().to_string(), "24h");
}

#[test]
fn s10_the_courtyard_brings_the_street_s_own_police_and_squad() {
    let heping = charter("heping");
    let street = code("heping-nanyingmen");
    let situation = heping.situation("courtyard-parking").unwrap();
    assert_eq!(words(&situation.lead_for(&street)), ["heping-parking"]);
    let own = situation.supporting_for(&street);
    assert_eq!(words(&own), ["heping-nanyingmen-squad-police", "heping-nanyingmen-squad-enforcement"]);
    assert!(own.iter().all(|party| heping.party(party.as_str()).unwrap().responder));
}

#[test]
fn s17_a_parked_car_stays_with_the_grid() {
    let jiangan = charter("jiangan");
    let grid = "jiangan-erqi-changjian-hengdashuangcheng";
    assert_eq!(judged(&jiangan, "小区门口乱停车", grid), ("stray-parking".into(), Level::A, grid.into()));
    assert_eq!(judged(&jiangan, "小区门口乱停车", "jiangan-erqi-fujian").2, "jiangan-erqi-fujian");
}

#[test]
fn s19_a_leaning_tree_is_a_red_call_for_parks_and_traffic() {
    let jiangan = charter("jiangan");
    let found = judged(&jiangan, "路边大树树枝歪斜", "jiangan-yiyuan-tongxing");
    assert_eq!(found, ("dangerous-tree".into(), Level::B2, "jiangan-yiyuan-command-centre".into()));
    let situation = jiangan.situation("dangerous-tree").unwrap();
    assert_eq!(words(&situation.parties_for(&code("jiangan-yiyuan"))), ["jiangan-parks", "jiangan-traffic-police"]);
    assert_eq!(jiangan.colour_limits(situation.colour).report_in.to_string(), "30min");
}

#[test]
fn group_rental_names_exactly_five_departments() {
    let heping = charter("heping");
    let situation = heping.situation("group-rental").unwrap();
    let five = ["heping-politics-law", "heping-police", "heping-housing", "heping-emergency", "heping-fire"];
    assert_eq!(words(&situation.parties_for(&code("heping-nanyingmen"))), five);
}

#[test]
fn without_a_street_the_district_s_centre_answers() {
    for name in Charter::shipped_names() {
        let charter = charter(name);
        for category in charter.categories() {
            let nowhere = charter.holder_for(category, None);
            assert_eq!(nowhere.code.as_str(), format!("{name}-centre"), "{}", category.code);
            for street in charter.find_parties(PartyKind::Street) {
                let owner = charter.holder_for(category, Some(&street.code));
                let above = charter.ancestors(&owner.code).any(|party| party.code == street.code);
                assert!(above || owner == charter.district_centre(), "{} in {}", category.code, street.code);
                assert!(!category.never_street || !above, "{} is no duty of a street", category.code);
            }
        }
    }
}

#[test]
fn every_street_has_its_thirteen_units() {
    for name in Charter::shipped_names() {
        let charter = charter(name);
        for street in charter.find_parties(PartyKind::Street) {
            let units: Vec<_> = charter
                .find_parties(PartyKind::Unit)
                .filter(|unit| unit.parent.as_ref() == Some(&street.code))
                .collect();
            assert_eq!(units.len(), 13, "{}", street.code);
            assert!(charter.unit_of(&street.code, "enforcement-centre").is_some());
        }
        assert_eq!(charter.street_of(&code(&format!("{name}-centre"))), None);
    }
}

#[test]
fn what_the_record_keeps_is_the_same_charter_again() {
    for name in Charter::shipped_names() {
        let charter = charter(name);
        let again = Charter::parse(charter.sources()).unwrap();
        assert_eq!((&again.version, again.parties()), (&charter.version, charter.parties()));
        assert_eq!((again.categories(), again.situations()), (charter.categories(), charter.situations()));
    }
}
