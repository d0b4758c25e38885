//! Which earlier cases may be the same matter: how near, how alike, how long ago. A suggestion to a person,
//! never a decision.

use std::collections::HashSet;

use ids::Code;
use jiff::{SignedDuration, Timestamp};
use vocabulary::Point;

/// What each sign weighs; together 1. Two reports of one matter are first of all about one place, and then say so in
/// similar words. Categories are guesses, and time tells little within the window.
const PLACE_WEIGHT: f64 = 0.4;
const TEXT_WEIGHT: f64 = 0.35;
const CATEGORY_WEIGHT: f64 = 0.15;
const TIME_WEIGHT: f64 = 0.1;
/// Below it nothing is suggested: one place alone, with other words, is not yet one matter.
pub const SCORE_MIN: f64 = 0.6;
/// A sign that one side does not show speaks neither for nor against.
const UNKNOWN: f64 = 0.5;
/// Two in one grid or community, without coordinates.
const SAME_PARTY: f64 = 0.7;

/// What is compared of a case or a draft.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Features {
    pub party: Option<Code>,
    pub address: String,
    pub point: Option<Point>,
    pub category: String,
    pub title: String,
    pub text: String,
    /// Received, or for a draft occurred.
    pub at: Timestamp,
}

/// How much two may differ and still be one matter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reach {
    pub distance_m_max: f64,
    pub window: SignedDuration,
}

/// How alike two are; every share from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Likeness {
    pub score: f64,
    pub text: f64,
    /// When both have a point.
    pub distance_m: Option<f64>,
}

/// None when they lie too far apart, in space or time, or too little speaks for one matter.
#[must_use]
pub fn compare(one: &Features, other: &Features, reach: Reach) -> Option<Likeness> {
    let apart = one.at.duration_since(other.at).abs();
    if apart > reach.window {
        return None;
    }
    let distance_m = one.point.zip(other.point).map(|(one, other)| distance_m(one, other));
    let place = place(one, other, distance_m, reach)?;
    let text = similarity(&one.title, &other.title)
        .max(similarity(&format!("{}{}", one.title, one.text), &format!("{}{}", other.title, other.text)));
    let category = match (one.category.as_str(), other.category.as_str()) {
        ("", _) | (_, "") => UNKNOWN,
        (one, other) if one == other => 1.0,
        _ => 0.0,
    };
    let time = if reach.window.is_zero() { 1.0 } else { 1.0 - apart.as_secs_f64() / reach.window.as_secs_f64() };
    let score = PLACE_WEIGHT * place + TEXT_WEIGHT * text + CATEGORY_WEIGHT * category + TIME_WEIGHT * time;
    (score >= SCORE_MIN).then_some(Likeness { score, text, distance_m })
}

/// None: they are known to be at different places.
fn place(one: &Features, other: &Features, distance_m: Option<f64>, reach: Reach) -> Option<f64> {
    let same_address = !one.address.is_empty() && one.address == other.address;
    let same_party = one.party.is_some() && one.party == other.party;
    match distance_m {
        Some(distance_m) if distance_m > reach.distance_m_max => None,
        Some(distance_m) => Some(1.0 - 0.5 * distance_m / reach.distance_m_max.max(f64::MIN_POSITIVE)),
        None if same_address => Some(1.0),
        None if same_party => Some(SAME_PARTY),
        // A street and a community of it may be one place, and many say no party at all.
        None => Some(UNKNOWN),
    }
}

/// Dice's coefficient over the pairs of neighbouring characters: 1 the same, 0 nothing in common. Chinese needs no
/// cutting into words for it. Spaces and punctuation do not count.
#[must_use]
pub fn similarity(one: &str, other: &str) -> f64 {
    let (one, other) = (pairs(one), pairs(other));
    let (common, all) = (one.intersection(&other).count(), one.len() + other.len());
    if all == 0 { 0.0 } else { 2.0 * count(common) / count(all) }
}

fn pairs(text: &str) -> HashSet<(char, char)> {
    let said: Vec<char> = text.chars().filter(|said| said.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    match said[..] {
        // A single character is compared as such.
        [only] => HashSet::from([(only, only)]),
        _ => said.windows(2).map(|pair| (pair[0], pair[1])).collect(),
    }
}

fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::MAX, f64::from)
}

/// Along the surface.
#[must_use]
pub fn distance_m(one: Point, other: Point) -> f64 {
    one.distance_m(other)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const REACH: Reach = Reach { distance_m_max: 200.0, window: SignedDuration::from_hours(24) };

    fn report(title: &str, longitude: f64) -> Features {
        Features {
            point: Some(Point { longitude, latitude: 30.5 }),
            title: title.to_owned(),
            at: Timestamp::UNIX_EPOCH,
            ..Features::default()
        }
    }

    #[test]
    fn one_place_in_similar_words_is_likelier_one_matter_than_in_others() {
        let asked = report("中山路308号夜间噪音扰民", 114.3);
        let alike = compare(&asked, &report("中山路308号半夜噪音太大", 114.3005), REACH).expect("likely the same");
        assert!(alike.distance_m.is_some_and(|metres| (40.0..60.0).contains(&metres)), "{alike:?}");
        let other = compare(&asked, &report("路灯坏了很久没有人修理", 114.3005), REACH);
        assert!(other.is_none_or(|other| other.score < alike.score), "{other:?} against {alike:?}");
        assert_eq!(compare(&asked, &report("中山路308号夜间噪音扰民", 114.31), REACH), None, "a kilometre away");
        let later = Features { at: Timestamp::UNIX_EPOCH + SignedDuration::from_hours(25), ..asked.clone() };
        assert_eq!(compare(&asked, &later, REACH), None, "outside the window");
    }

    #[test]
    fn a_degree_of_latitude_is_about_a_hundred_and_eleven_kilometres() {
        let at = |latitude| Point { longitude: 114.3, latitude };
        assert!((distance_m(at(30.0), at(31.0)) - 111_195.0).abs() < 10.0);
    }

    fn features() -> impl Strategy<Value = Features> {
        let point = prop::option::of((-180.0..180.0, -90.0..90.0));
        (point, "[路灯噪音停车a-c ]{0,8}", "[路灯噪音停车]{0,20}", 0_i64..200_000).prop_map(
            |(point, title, text, at)| Features {
                point: point.map(|(longitude, latitude)| Point { longitude, latitude }),
                title,
                text,
                at: Timestamp::from_second(at).unwrap_or_default(),
                ..Features::default()
            },
        )
    }

    proptest! {
        #[test]
        fn likeness_is_a_share_and_the_same_from_both_sides(one in "\\PC{0,30}", other in "\\PC{0,30}") {
            let likeness = similarity(&one, &other);
            prop_assert!((0.0..=1.0).contains(&likeness));
            prop_assert_eq!(likeness, similarity(&other, &one));
        }

        #[test]
        fn whatever_says_something_is_like_itself(text in "[路灯噪音a-z]{1,30}") {
            prop_assert_eq!(similarity(&text, &text), 1.0);
            prop_assert_eq!(similarity(&text, "！， "), 0.0);
        }

        #[test]
        fn nobody_is_likelier_than_the_same_report(one in features(), other in features()) {
            let reach = Reach { distance_m_max: 5_000.0, window: SignedDuration::from_hours(48) };
            let found = compare(&one, &other, reach);
            prop_assert_eq!(found, compare(&other, &one, reach));
            if let Some(found) = found {
                prop_assert!((SCORE_MIN..=1.0).contains(&found.score));
                prop_assert!(found.distance_m.is_none_or(|metres| metres <= reach.distance_m_max));
            }
        }

        #[test]
        fn a_distance_has_no_direction(a in (-180.0..180.0, -90.0..90.0), b in (-180.0..180.0, -90.0..90.0)) {
            let point = |(longitude, latitude)| Point { longitude, latitude };
            let (there, back) = (distance_m(point(a), point(b)), distance_m(point(b), point(a)));
            prop_assert!((there - back).abs() < 1e-3 && (0.0..=20_015_200.0).contains(&there));
        }
    }
}
