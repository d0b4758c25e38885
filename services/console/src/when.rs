//! Instants, as people of the district say them: by its clock, and how far away.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};
use proto::FromWireTime;

use crate::language::Language;
use crate::words::{When, fill};

const MINUTE_S: i64 = 60;
const HOUR_S: i64 = 60 * MINUTE_S;
const DAY_S: i64 = 24 * HOUR_S;
/// Below it a countdown is urgent, in seconds.
const URGENT_S: i64 = 2 * HOUR_S;
/// Below it a countdown is soon, in seconds.
const SOON_S: i64 = DAY_S;

/// How a page tells time.
#[derive(Clone)]
pub struct Clockwork {
    pub language: Language,
    pub zone: TimeZone,
    pub now: Timestamp,
}

impl Clockwork {
    /// The instant by the district's clock, and in words how far away.
    pub fn moment(&self, at: Timestamp) -> Markup {
        html! { time datetime=(at.to_string()) { (self.clock(at)) } " " span .away { "(" (self.away(at)) ")" } }
    }

    /// The same of an instant as it travels; nothing if there is none.
    pub fn moment_of(&self, at: Option<&pbjson_types::Timestamp>) -> Markup {
        match read(at) {
            Some(at) => self.moment(at),
            None => html! {},
        }
    }

    /// What is left until an instant, coloured and said.
    pub fn countdown(&self, due: Timestamp) -> Markup {
        let left_s = due.as_second() - self.now.as_second();
        let class = match left_s {
            ..0 => "late",
            0..URGENT_S => "urgent",
            URGENT_S..SOON_S => "soon",
            _ => "calm",
        };
        let words = When::of(self.language);
        let length = self.length(left_s.abs());
        let said = if left_s < 0 {
            fill(words.overdue, &[("length", &length)])
        } else {
            fill(words.left, &[("length", &length)])
        };
        html! { time .countdown .(class) datetime=(due.to_string()) title=(self.clock(due)) { (said) } }
    }

    /// Day and minute by the district's clock; the year where it is another.
    pub fn clock(&self, at: Timestamp) -> String {
        let zoned = at.to_zoned(self.zone.clone());
        let this_year = zoned.year() == self.now.to_zoned(self.zone.clone()).year();
        let form = match (self.language, this_year) {
            (Language::English, true) => "%-d %b %H:%M",
            (Language::English, false) => "%-d %b %Y %H:%M",
            (Language::Hans | Language::Hant, true) => "%-m月%-d日 %H:%M",
            (Language::Hans | Language::Hant, false) => "%Y年%-m月%-d日 %H:%M",
        };
        zoned.strftime(form).to_string()
    }

    /// How far away, in words.
    pub fn away(&self, at: Timestamp) -> String {
        let words = When::of(self.language);
        let seconds = at.as_second() - self.now.as_second();
        if seconds.abs() < MINUTE_S {
            return words.now.to_owned();
        }
        let length = self.length(seconds.abs());
        fill(if seconds < 0 { words.ago } else { words.from_now }, &[("length", &length)])
    }

    /// A length of time, in its largest unit and the next.
    pub fn length(&self, seconds: i64) -> String {
        let words = When::of(self.language);
        let one = |form: &str, amount: i64| fill(form, &[("n", &amount.to_string())]);
        let (days, hours, minutes) = (seconds / DAY_S, seconds % DAY_S / HOUR_S, seconds % HOUR_S / MINUTE_S);
        let parts = match (days, hours, minutes) {
            (0, 0, minutes) => vec![one(words.minutes, minutes)],
            (0, hours, 0) => vec![one(words.hours, hours)],
            (0, hours, minutes) => vec![one(words.hours, hours), one(words.minutes, minutes)],
            (days, 0, _) => vec![one(words.days, days)],
            (days, hours, _) if days < 4 => vec![one(words.days, days), one(words.hours, hours)],
            (days, _, _) => vec![one(words.days, days)],
        };
        parts.join(if self.language == Language::English { " " } else { "" })
    }
}

/// An instant as it travels.
pub fn read(at: Option<&pbjson_types::Timestamp>) -> Option<Timestamp> {
    at.and_then(|at| Some(*at).time().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_said_as_people_of_the_district_say_it() {
        let now: Timestamp = "2026-11-30T08:40:00Z".parse().unwrap();
        let clock = |language| Clockwork { language, zone: TimeZone::get("Asia/Shanghai").unwrap(), now };
        let later: Timestamp = "2026-11-30T11:45:00Z".parse().unwrap();
        assert_eq!(
            clock(Language::English).moment(later).into_string(),
            "<time datetime=\"2026-11-30T11:45:00Z\">30 Nov 19:45</time> <span class=\"away\">(in 3 h 5 min)</span>"
        );
        assert_eq!(clock(Language::Hans).away(later), "3小时5分钟后");
        let before: Timestamp = "2025-11-30T08:40:00Z".parse().unwrap();
        assert_eq!(clock(Language::Hant).clock(before), "2025年11月30日 16:40");
        assert_eq!(clock(Language::English).away(before), "365 d ago");
        assert!(clock(Language::Hans).countdown(before).into_string().contains("late"));
        assert!(clock(Language::Hans).countdown(later).into_string().contains("soon"));
    }
}
