//! What a submission leaves unsaid, the charter says; and what it must not say.

use charter::{SourceFile, shipped_sources};
use proptest::prelude::*;

use super::*;

const NOW: &str = "2026-07-01T09:00:00+08:00";

/// Wuchang, with one grid and its street drawn on a map of their own.
fn charter() -> Charter {
    let mut files = shipped_sources("wuchang").unwrap();
    let text = "areas:\n\
        - { party: wuchang-jiyuqiao, polygon: [[[10, 10], [14, 10], [14, 14], [10, 14], [10, 10]]] }\n\
        - { party: wuchang-jiyuqiao-jindihuayuan-grid-1, polygon: [[[10, 10], [11, 10], [11, 11], [10, 11], [10, 10]]] }\n";
    files.retain(|file| file.path != "areas.yaml");
    files.push(SourceFile { path: "areas.yaml".to_owned(), text: text.to_owned() });
    Charter::parse(&files).unwrap()
}

fn said<'a>() -> Submission<'a> {
    Submission {
        external_ref: "draft-1",
        channel: "",
        kind: None,
        caller_class: None,
        way: None,
        caller_ref: "",
        title: "路灯不亮",
        text: "",
        place_party: "",
        address: "",
        longitude: None,
        latitude: None,
        occurred_at: None,
        category: "",
        related_case: "",
        campaign: "",
        recorded_at: None,
        attributes: &[],
    }
}

fn checked(submission: &Submission<'_>, bridge: &str) -> Result<Received, Vec<(&'static str, &'static str)>> {
    let (charter, bridge) = (charter(), bridge.parse().unwrap());
    let now = NOW.parse().unwrap();
    let around = Circumstances {
        charter: &charter,
        bridge: &bridge,
        now,
        external_ref_hash: Vec::new(),
        content_hash: Vec::new(),
        content_hashes_before: Vec::new(),
    };
    check(submission, around).map_err(|problems| problems.iter().map(|problem| (problem.field, problem.rule)).collect())
}

fn at(text: &str) -> Option<Timestamp> {
    Some(text.parse().unwrap())
}

#[test]
fn who_raised_it_what_and_how_come_from_the_channel_where_nobody_says() {
    for (bridge, channel, class, kind, way) in [
        ("wuchang-weilinli", "", CallerClass::Resident, CaseKind::Report, Way::Online),
        ("wuchang-weilinli", "weilinli-enterprise", CallerClass::Enterprise, CaseKind::Report, Way::Online),
        ("wuchang-grid", "grid-patrol", CallerClass::Grassroots, CaseKind::Report, Way::Patrol),
        ("wuchang-superior", "symposium", CallerClass::Resident, CaseKind::Suggestion, Way::Meeting),
        ("wuchang-superior", "instruction-central", CallerClass::Grassroots, CaseKind::Report, Way::Superior),
    ] {
        let received = checked(&Submission { channel, ..said() }, bridge).unwrap();
        assert_eq!((received.caller_class, received.kind, received.way), (class, kind, way), "{bridge} {channel}");
    }
    let submission = Submission {
        channel: "symposium",
        caller_class: Some(CallerClass::Enterprise),
        kind: Some(CaseKind::Consult),
        way: Some(Way::Visit),
        ..said()
    };
    let received = checked(&submission, "wuchang-superior").unwrap();
    let own = (received.caller_class, received.kind, received.way);
    assert_eq!(own, (CallerClass::Enterprise, CaseKind::Consult, Way::Visit), "what is said holds");
}

#[test]
fn every_named_source_is_a_channel_of_every_shipped_charter() {
    for district in Charter::shipped_names() {
        let charter = Charter::shipped(district).unwrap();
        for code in [
            "mayor-hotline",
            "message-board",
            "petitions",
            "district-hotline",
            "media",
            "online-opinion",
            "leader-visits",
            "supervision",
            "mass-work",
            "digital-city",
            "social-grid",
            "instruction-central",
            "instruction-province",
            "instruction-city",
            "instruction-district",
        ] {
            let carried = charter.bridges().iter().any(|bridge| bridge.channels.iter().any(|own| own.as_str() == code));
            assert!(charter.channel(code).is_some() && carried, "{district}: {code} comes in by no bridge");
        }
    }
}

#[test]
fn who_is_no_bridge_names_the_channel() {
    assert_eq!(checked(&said(), "wuchang-water"), Err(vec![("channel", "required")]));
    assert!(checked(&Submission { channel: "grid-patrol", ..said() }, "wuchang-water").is_ok());
}

#[test]
fn nothing_happens_at_an_office_or_in_a_whole_city() {
    let at = |place_party| checked(&Submission { place_party, ..said() }, "wuchang-weilinli");
    for unit in ["wuchang-water", "区水务局", "wuchang-jiyuqiao-command-centre", "武汉市", "wuchang"] {
        assert_eq!(at(unit), Err(vec![("place.party", "known-party")]), "{unit}");
    }
    assert!(at("wuchang-jiyuqiao").is_ok() && at("积玉桥街道").is_ok());
}

#[test]
fn a_campaign_holds_only_while_it_runs() {
    let with = |campaign, recorded_at| checked(&Submission { campaign, recorded_at, ..said() }, "wuchang-weilinli");
    let received = with("summer-heat", None).unwrap();
    assert_eq!(received.campaign.as_ref().map(Code::as_str), Some("summer-heat"));
    assert_eq!(with("winter", None), Err(vec![("campaign", "known-campaign")]));
    // Written down the day before it began, in the district's own time.
    assert_eq!(with("summer-heat", at("2026-06-14T23:59:00+08:00")), Err(vec![("campaign", "campaign-period")]));
    assert!(with("summer-heat", at("2026-06-15T00:01:00+08:00")).is_ok());
    assert_eq!(with("", None).unwrap().campaign, None);
}

#[test]
fn what_a_terminal_wrote_down_offline_keeps_its_time_and_the_clock_starts_with_us() {
    let with = |occurred_at, recorded_at| {
        checked(&Submission { occurred_at, recorded_at, channel: "grid-patrol", ..said() }, "wuchang-grid")
    };
    let days_ago = at("2026-06-28T10:00:00+08:00");
    let received = with(None, days_ago).unwrap();
    assert_eq!((received.recorded_at, Some(received.occurred_at)), (days_ago, days_ago));
    assert_eq!(Some(received.received_at), at(NOW));
    let tomorrow = at("2026-07-02T10:00:00+08:00");
    assert!(with(None, tomorrow).unwrap_err().contains(&("recorded_at", "not-in-the-future")));
    assert_eq!(with(at("2026-06-29T10:00:00+08:00"), days_ago), Err(vec![("occurred_at", "not-after-recorded")]));
}

#[test]
fn a_point_lies_in_the_smallest_area_and_a_named_party_is_believed() {
    let with = |longitude, latitude, place_party| {
        let submission = Submission { longitude: Some(longitude), latitude: Some(latitude), place_party, ..said() };
        checked(&submission, "wuchang-weilinli").unwrap().place
    };
    let party = |place: Place| place.party.map(String::from);
    assert_eq!(party(with(10.5, 10.5, "")).as_deref(), Some("wuchang-jiyuqiao-jindihuayuan-grid-1"));
    assert_eq!(party(with(13.0, 13.0, "")).as_deref(), Some("wuchang-jiyuqiao"));
    assert_eq!(party(with(10.5, 10.5, "wuchang-yangyuan")).as_deref(), Some("wuchang-yangyuan"));
    let outside = with(50.0, 10.0, "");
    assert_eq!(outside.point, Some(Point { longitude: 50.0, latitude: 10.0 }), "outside every area the point stays");
    assert_eq!(party(outside), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Nothing is recorded that happened after it was written down, or after now by more than clocks differ.
    #[test]
    fn times_of_what_is_accepted_are_in_order(occurred in prop::option::of(-900_000_i64..900_000), recorded in prop::option::of(-900_000_i64..900_000)) {
        let now: Timestamp = NOW.parse().unwrap();
        let before = |seconds: i64| now + SignedDuration::from_secs(seconds);
        let submission = Submission { occurred_at: occurred.map(before), recorded_at: recorded.map(before), ..said() };
        if let Ok(received) = checked(&submission, "wuchang-weilinli") {
            prop_assert!(received.recorded_at.is_none_or(|recorded_at| received.occurred_at <= recorded_at));
            prop_assert!(received.occurred_at <= now + CLOCK_SKEW_MAX);
            prop_assert_eq!(received.received_at, now);
        }
    }
}
