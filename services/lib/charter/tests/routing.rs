//! The decision table, and that nobody below whom it chooses could have the case.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its own data has failed")]

use charter::{Category, Charter, Facts, Handler, Level, Party, PartyKind, Route, Target, Way, Why, shipped_sources};
use ids::Code;
use proptest::prelude::*;
use vocabulary::{CallerClass, CaseKind};

fn charter(name: &str) -> Charter {
    Charter::shipped(name).unwrap()
}

fn code(text: &str) -> Code {
    text.parse().unwrap()
}

/// The shipped charter with one text in its decision table replaced.
fn changed(name: &str, from: &str, to: &str) -> Charter {
    let mut files = shipped_sources(name).unwrap();
    let table = files.iter_mut().find(|file| file.path == "grading.yaml").unwrap();
    assert!(table.text.contains(from), "{from}");
    table.text = table.text.replace(from, to);
    Charter::parse(&files).unwrap()
}

fn of<'c>(charter: &'c Charter, codes: &[&str]) -> Vec<&'c Category> {
    codes.iter().map(|code| charter.category(code).unwrap()).collect()
}

/// Nothing is known but what it is about and where.
fn plain<'f>(categories: &'f [&'f Category], place: Option<&'f Code>) -> Facts<'f> {
    Facts { categories, place, channel: None, way: None, class: None, kind: None }
}

fn said<'c>(route: &Route<'c>) -> (&'c str, Level, &'c str, bool) {
    (route.row.code.as_str(), route.level, route.party.code.as_str(), route.comprehensive)
}

#[test]
fn one_power_goes_to_the_squad_and_two_to_the_enforcement_centre() {
    let wuchang = charter("wuchang");
    let place = code("wuchang-jiyuqiao-fenghuangcheng");
    let noise = of(&wuchang, &["noise"]);
    let squad = wuchang.route(&plain(&noise, Some(&place))).unwrap();
    assert_eq!(said(&squad), ("single-power", Level::B1, "wuchang-jiyuqiao-squad-police", false));
    let both = of(&wuchang, &["noise", "occupied-road"]);
    let centre = wuchang.route(&plain(&both, Some(&place))).unwrap();
    assert_eq!(said(&centre), ("several-powers", Level::B1, "wuchang-jiyuqiao-enforcement-centre", true));
    // Without a street there is no such centre: the district has it, at its own level.
    let nowhere = wuchang.route(&plain(&both, None)).unwrap();
    assert_eq!(said(&nowhere), ("several-powers", Level::C, "wuchang-centre", false));
}

#[test]
fn what_is_no_duty_of_a_street_goes_to_the_district_whatever_else_it_is() {
    for name in Charter::shipped_names() {
        let charter = charter(name);
        let street = &charter.find_parties(PartyKind::Street).next().unwrap().code;
        let alone = of(&charter, &["investment"]);
        let with_others = of(&charter, &["investment", "noise", "occupied-road"]);
        for categories in [&alone, &with_others] {
            let route = charter.route(&plain(categories, Some(street))).unwrap();
            assert_eq!((route.row.code.as_str(), route.party.kind), ("never-street", PartyKind::District), "{name}");
        }
    }
}

#[test]
fn an_enterprise_s_call_goes_straight_to_the_group_that_the_category_names() {
    let jiangan = charter("jiangan");
    let (policy, place) = (of(&jiangan, &["enterprise-policy"]), code("jiangan-yiyuan-tongxing"));
    let facts = Facts { class: Some(CallerClass::Enterprise), ..plain(&policy, Some(&place)) };
    let route = jiangan.route(&facts).unwrap();
    assert_eq!(said(&route), ("enterprise-straight", Level::C, "jiangan-group-business", false));
    let walked = jiangan.considered(&policy, Some(&place), route.party);
    assert_eq!(
        walked.last().map(|last| (last.party.as_str(), last.why)),
        Some(("jiangan-group-business", Why::Concerned))
    );
    // A resident's, or one about something no group is there for, goes the usual way.
    let resident = Facts { class: Some(CallerClass::Resident), ..facts };
    assert_eq!(jiangan.route(&resident).unwrap().party.code.as_str(), "jiangan-centre");
    let tree = of(&jiangan, &["dangerous-tree"]);
    let tree = jiangan.route(&Facts { categories: &tree, ..facts }).unwrap();
    assert_eq!(said(&tree), ("lowest-able", Level::B2, "jiangan-yiyuan-command-centre", false));
}

#[test]
fn a_leader_s_instruction_goes_straight_to_the_department_concerned_and_a_hotline_s_case_does_not() {
    let jiangan = charter("jiangan");
    let (tree, place) = (of(&jiangan, &["dangerous-tree"]), code("jiangan-yiyuan-tongxing"));
    let (instruction, hotline) = (code("instruction-city"), code("mayor-hotline"));
    let from = |channel| Facts { way: Some(Way::Superior), channel: Some(channel), ..plain(&tree, Some(&place)) };
    let route = jiangan.route(&from(&instruction)).unwrap();
    assert_eq!(said(&route), ("superior-straight", Level::C, "jiangan-parks", false));
    let usual = jiangan.route(&from(&hotline)).unwrap();
    assert_eq!(said(&usual), ("lowest-able", Level::B2, "jiangan-yiyuan-command-centre", false));
    // That the street could have had it is on the record all the same.
    let walked = jiangan.considered(&tree, Some(&place), route.party);
    let street = walked.iter().find(|passed| passed.party.as_str() == "jiangan-yiyuan-command-centre").unwrap();
    assert_eq!((street.level, street.why), (Level::B2, Why::Able));
}

#[test]
fn a_row_that_is_switched_off_decides_nothing_and_one_that_is_switched_on_does() {
    let instruction = code("instruction-city");
    let decided_by = |charter: &Charter| {
        let (ponding, place) = (of(charter, &["ponding"]), code("wuchang-yangyuan"));
        let facts = Facts { way: Some(Way::Superior), channel: Some(&instruction), ..plain(&ponding, Some(&place)) };
        let route = charter.route(&facts).unwrap();
        (route.row.code.to_string(), route.party.kind)
    };
    assert_eq!(decided_by(&charter("wuchang")), ("lowest-able".to_owned(), PartyKind::Unit));
    let on = changed("wuchang", "enabled: false", "enabled: true");
    assert_eq!(decided_by(&on), ("superior-straight".to_owned(), PartyKind::Department));
    let off = changed("jiangan", "    to: situation-lead\n", "    to: situation-lead\n    enabled: false\n");
    let (policy, place) = (of(&off, &["enterprise-policy"]), code("jiangan-yiyuan"));
    let facts = Facts { class: Some(CallerClass::Enterprise), ..plain(&policy, Some(&place)) };
    assert_eq!(off.route(&facts).unwrap().party.code.as_str(), "jiangan-centre");
}

#[test]
fn the_walk_says_of_everybody_why() {
    let wuchang = charter("wuchang");
    let walk = |codes: &[&str], place: &str| -> Vec<(String, Why)> {
        let (categories, place) = (of(&wuchang, codes), code(place));
        let route = wuchang.route(&plain(&categories, Some(&place))).unwrap();
        let walked = wuchang.considered(&categories, Some(&place), route.party);
        walked.into_iter().map(|passed| (passed.party.to_string(), passed.why)).collect()
    };
    let street = "wuchang-jiyuqiao";
    let grid = "wuchang-jiyuqiao-fenghuangcheng-grid-1";
    let named = |parties: &[(&str, Why)]| -> Vec<(String, Why)> {
        parties.iter().map(|(party, why)| ((*party).to_owned(), *why)).collect()
    };
    assert_eq!(walk(&["stray-parking"], grid), named(&[(grid, Why::Able)]));
    assert_eq!(
        walk(&["noise", "occupied-road"], grid),
        named(&[
            (grid, Why::LacksPowers),
            ("wuchang-jiyuqiao-fenghuangcheng", Why::LacksPowers),
            ("wuchang-jiyuqiao-squad-urban-management", Why::LacksPowers),
            ("wuchang-jiyuqiao-squad-police", Why::LacksPowers),
            ("wuchang-jiyuqiao-command-centre", Why::LacksPowers),
            ("wuchang-jiyuqiao-enforcement-centre", Why::Able),
        ])
    );
    assert_eq!(
        walk(&["investment"], street),
        named(&[
            (street, Why::NeverStreet),
            ("wuchang-jiyuqiao-command-centre", Why::NeverStreet),
            ("wuchang-jiyuqiao-enforcement-centre", Why::NeverStreet),
            ("wuchang-centre", Why::Able),
        ])
    );
    assert_eq!(walk(&["house-sales"], street)[0], (street.to_owned(), Why::AssistsOnly));
    assert_eq!(
        walk(&["garbage"], "wuchang-jiyuqiao-fenghuangcheng"),
        named(&[("wuchang-jiyuqiao-fenghuangcheng", Why::NoDuty), ("wuchang-jiyuqiao-public-management", Why::Able),])
    );
}

/// Whether a party has both duty and powers, told from the charter's entries alone: not from the walk, nor the table.
fn is_able(charter: &Charter, party: &Party, categories: &[&Category], place: Option<&Code>) -> bool {
    let leading = categories[0];
    let mut powers: Vec<_> = categories.iter().flat_map(|category| &category.powers).collect();
    powers.sort();
    powers.dedup();
    let in_street = charter.street_of(&party.code).is_some();
    let unit = |name: &str| party.code.as_str().ends_with(name) && party.kind == PartyKind::Unit;
    let means = |handler: &Handler| match handler {
        Handler::Grid => party.kind == PartyKind::Grid || party.kind == PartyKind::Community && no_grid(charter, place),
        Handler::Community => party.kind == PartyKind::Community,
        Handler::Unit(code) => unit(&format!("-{code}")),
        Handler::Squad(code) => {
            party.kind == PartyKind::Squad && party.code.as_str().ends_with(&format!("-squad-{code}"))
        }
        Handler::EnforcementCentre => unit("-enforcement-centre"),
        Handler::StreetCommandCentre => unit("-command-centre"),
        Handler::District => party.kind == PartyKind::District,
    };
    let duty = std::iter::once(&leading.handler).chain(&leading.able).any(means);
    let alone = powers.len() < 2 || !in_street;
    (alone && duty || powers.len() > 1 && unit("-enforcement-centre")) && !(leading.never_street && in_street)
}

fn no_grid(charter: &Charter, place: Option<&Code>) -> bool {
    place.and_then(|place| charter.party(place.as_str())).is_none_or(|place| place.kind != PartyKind::Grid)
}

/// Everybody who could hold a case at a place, from the lowest rung up to the district.
fn everybody<'c>(charter: &'c Charter, place: Option<&Code>) -> Vec<(u8, &'c Party)> {
    let street = place.and_then(|place| charter.street_of(place));
    let above: Vec<_> = place.into_iter().flat_map(|place| charter.ancestors(place).map(|party| &party.code)).collect();
    let here = |party: &Party| Some(&party.code) == place || above.contains(&&party.code);
    let rung = |party: &Party| match party.kind {
        PartyKind::Grid if here(party) => Some(0),
        PartyKind::Community if here(party) => Some(1),
        PartyKind::Unit if party.code.as_str().ends_with("-command-centre") => Some(3),
        PartyKind::Unit if party.code.as_str().ends_with("-enforcement-centre") => Some(4),
        PartyKind::Unit | PartyKind::Squad => Some(2),
        PartyKind::District => Some(5),
        PartyKind::Grid
        | PartyKind::Community
        | PartyKind::Street
        | PartyKind::Department
        | PartyKind::Group
        | PartyKind::City
        | PartyKind::External => None,
    };
    let near = |party: &&Party| {
        !matches!(party.kind, PartyKind::Unit | PartyKind::Squad)
            || street.is_some_and(|street| party.parent.as_ref() == Some(&street.code))
    };
    let mut found: Vec<_> =
        charter.parties().iter().filter(near).filter_map(|party| rung(party).map(|rung| (rung, party))).collect();
    found.sort_by_key(|(rung, _)| *rung);
    found
}

/// Somebody lower who could have it, if the table chose too high.
fn too_high<'c>(charter: &'c Charter, facts: &Facts<'_>) -> Option<&'c Party> {
    let route = charter.route(facts).unwrap();
    let everybody = everybody(charter, facts.place);
    let chosen = everybody.iter().find(|(_, party)| *party == route.party).map_or(u8::MAX, |(rung, _)| *rung);
    let mut lower = everybody.into_iter().filter(|(rung, _)| *rung < chosen);
    lower.find(|(_, party)| is_able(charter, party, facts.categories, facts.place)).map(|(_, party)| party)
}

/// A grid, a community with and one without grids, every street, and no place at all.
fn places(charter: &Charter) -> Vec<Option<&Code>> {
    let some = |kind, number| charter.find_parties(kind).map(|party| Some(&party.code)).take(number);
    let streets = some(PartyKind::Street, usize::MAX);
    [None].into_iter().chain(some(PartyKind::Grid, 3)).chain(some(PartyKind::Community, 5)).chain(streets).collect()
}

#[test]
fn nobody_below_the_chosen_has_duty_and_powers() {
    for name in Charter::shipped_names() {
        let charter = charter(name);
        for category in charter.categories() {
            for place in places(&charter) {
                let categories = [category];
                let facts = plain(&categories, place);
                let lower = too_high(&charter, &facts).map(|party| &party.code);
                assert_eq!(lower, None, "{name}: {} at {place:?}", category.code);
                let chosen = charter.route(&facts).unwrap().party;
                let walked = charter.considered(&categories, place, chosen);
                let (last, below) = walked.split_last().unwrap();
                assert!(last.party == chosen.code && last.why == Why::Able, "{name}: {} {last:?}", category.code);
                assert!(below.iter().all(|passed| !passed.why.is_able()), "{name}: {} {below:?}", category.code);
            }
        }
    }
}

/// The proof is worth something only if it fails for a table that sends a case too high.
#[test]
fn a_table_that_sends_everything_to_the_district_is_found_out() {
    let lazy = changed("wuchang", "{ never-street: true }", "{ levels: [A, C] }");
    let neighbours = of(&lazy, &["neighbours"]);
    let place = code("wuchang-jiyuqiao-fenghuangcheng");
    let facts = plain(&neighbours, Some(&place));
    assert_eq!(too_high(&lazy, &facts).map(|party| &party.code), Some(&place));
    let walked = lazy.considered(&neighbours, Some(&place), lazy.route(&facts).unwrap().party);
    assert!(walked.iter().any(|passed| passed.party == place && passed.why == Why::Able), "{walked:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever else a case is about, wherever it is and whoever raised it.
    #[test]
    fn the_lowest_able_has_every_case_that_no_row_sends_straight(
        district in 0usize..3,
        categories in prop::collection::vec(any::<prop::sample::Index>(), 1..4),
        place in any::<prop::sample::Index>(),
        channel in any::<prop::sample::Index>(),
        (way, class, kind) in (0usize..5, 0usize..3, 0usize..4),
    ) {
        thread_local! {
            static CHARTERS: Vec<Charter> = Charter::shipped_names().iter().map(|name| charter(name)).collect();
        }
        CHARTERS.with(|charters| {
            let charter = &charters[district];
            let categories: Vec<_> = categories.iter().map(|index| index.get(charter.categories())).collect();
            let facts = Facts {
                categories: &categories,
                place: *place.get(&places(charter)),
                channel: Some(&channel.get(charter.channels()).code),
                way: Some(Way::ALL[way]),
                class: Some(CallerClass::ALL[class]),
                kind: Some(CaseKind::ALL[kind]),
            };
            let route = charter.route(&facts).unwrap();
            let straight = route.row.to == Target::SituationLead;
            prop_assert!(straight || too_high(charter, &facts).is_none(), "{facts:?}");
            prop_assert!(route.level >= route.party.kind.level());
            prop_assert!(!categories[0].never_street || route.level >= Level::C);
            let walked = charter.considered(&categories, facts.place, route.party);
            prop_assert_eq!(&walked.last().unwrap().party, &route.party.code);
            Ok(())
        })?;
    }
}
