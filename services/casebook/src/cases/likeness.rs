//! Which earlier cases may be the same matter: how near, how alike, how long ago. A suggestion to a person,
//! never a decision.

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

/// What others are compared with, made ready for many of them.
pub struct Compared<'f> {
    features: &'f Features,
    title: Pairs,
    words: Pairs,
}

impl<'f> Compared<'f> {
    #[must_use]
    pub fn new(features: &'f Features) -> Self {
        let words = Pairs::of(&format!("{}{}", features.title, features.text));
        Self { features, title: Pairs::of(&features.title), words }
    }

    /// None when they lie too far apart, in space or time, or too little speaks for one matter.
    #[must_use]
    pub fn with(&self, other: &Features, reach: Reach) -> Option<Likeness> {
        let one = self.features;
        let apart = one.at.duration_since(other.at).abs();
        if apart > reach.window {
            return None;
        }
        let distance_m = one.point.zip(other.point).map(|(one, other)| one.distance_m(other));
        let place = place(one, other, distance_m, reach)?;
        let words = Pairs::of(&format!("{}{}", other.title, other.text));
        let text = self.title.similarity(&Pairs::of(&other.title)).max(self.words.similarity(&words));
        let category = match (one.category.as_str(), other.category.as_str()) {
            ("", _) | (_, "") => UNKNOWN,
            (one, other) if one == other => 1.0,
            _ => 0.0,
        };
        let time = if reach.window.is_zero() { 1.0 } else { 1.0 - apart.as_secs_f64() / reach.window.as_secs_f64() };
        let score = PLACE_WEIGHT * place + TEXT_WEIGHT * text + CATEGORY_WEIGHT * category + TIME_WEIGHT * time;
        (score >= SCORE_MIN).then_some(Likeness { score, text, distance_m })
    }
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

/// The pairs of neighbouring characters of a text, each once, in order: hundreds of texts are compared with one.
#[derive(Clone, Debug, Default)]
struct Pairs(Vec<(char, char)>);

impl Pairs {
    fn of(text: &str) -> Self {
        let said: Vec<char> = text.chars().filter(|said| said.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        let mut pairs: Vec<(char, char)> = match said[..] {
            // A single character is compared as such.
            [only] => vec![(only, only)],
            _ => said.windows(2).map(|pair| (pair[0], pair[1])).collect(),
        };
        pairs.sort_unstable();
        pairs.dedup();
        Self(pairs)
    }

    /// Dice's coefficient: 1 the same, 0 nothing in common. Chinese needs no cutting into words for it. Spaces and
    /// punctuation do not count.
    fn similarity(&self, other: &Self) -> f64 {
        let (Self(one), Self(other)) = (self, other);
        let (mut here, mut there, mut common) = (0, 0, 0);
        while let (Some(first), Some(second)) = (one.get(here), other.get(there)) {
            common += usize::from(first == second);
            here += usize::from(first <= second);
            there += usize::from(second <= first);
        }
        let all = one.len() + other.len();
        if all == 0 { 0.0 } else { 2.0 * count(common) / count(all) }
    }
}

fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::MAX, f64::from)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const REACH: Reach = Reach { distance_m_max: 200.0, window: SignedDuration::from_hours(24) };

    fn compared(one: &Features, other: &Features, reach: Reach) -> Option<Likeness> {
        Compared::new(one).with(other, reach)
    }

    fn similarity(one: &str, other: &str) -> f64 {
        Pairs::of(one).similarity(&Pairs::of(other))
    }

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
        let alike = compared(&asked, &report("中山路308号半夜噪音太大", 114.3005), REACH).expect("likely the same");
        assert!(alike.distance_m.is_some_and(|metres| (40.0..60.0).contains(&metres)), "{alike:?}");
        let other = compared(&asked, &report("路灯坏了很久没有人修理", 114.3005), REACH);
        assert!(other.is_none_or(|other| other.score < alike.score), "{other:?} against {alike:?}");
        assert_eq!(compared(&asked, &report("中山路308号夜间噪音扰民", 114.31), REACH), None, "a kilometre away");
        let later = Features { at: Timestamp::UNIX_EPOCH + SignedDuration::from_hours(25), ..asked.clone() };
        assert_eq!(compared(&asked, &later, REACH), None, "outside the window");
    }

    #[test]
    fn a_degree_of_latitude_is_about_a_hundred_and_eleven_kilometres() {
        let at = |latitude| Point { longitude: 114.3, latitude };
        assert!((at(30.0).distance_m(at(31.0)) - 111_195.0).abs() < 10.0);
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
            let found = compared(&one, &other, reach);
            prop_assert_eq!(found, compared(&other, &one, reach));
            if let Some(found) = found {
                prop_assert!((SCORE_MIN..=1.0).contains(&found.score));
                prop_assert!(found.distance_m.is_none_or(|metres| metres <= reach.distance_m_max));
            }
        }

        #[test]
        fn a_distance_has_no_direction(a in (-180.0..180.0, -90.0..90.0), b in (-180.0..180.0, -90.0..90.0)) {
            let point = |(longitude, latitude)| Point { longitude, latitude };
            let (there, back) = (point(a).distance_m(point(b)), point(b).distance_m(point(a)));
            prop_assert!((there - back).abs() < 1e-3 && (0.0..=20_015_200.0).contains(&there));
        }
    }
}
