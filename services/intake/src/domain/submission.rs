//! From a submission to something intake may record: every rule at once, each with its field and name.

use charter::{Charter, Name, Way};
use ids::{CaseId, Code};
use jiff::{SignedDuration, Timestamp};
use vocabulary::{CallerClass, CaseKind, Place, Point};

use super::{AttributeAnswer, Received, attributes};

#[cfg(test)]
mod tests;

pub const TITLE_LENGTH_MAX: usize = 200;
pub const TEXT_LENGTH_MAX: usize = 20_000;
pub const ADDRESS_LENGTH_MAX: usize = 500;
pub const EXTERNAL_REF_LENGTH_MAX: usize = 200;
pub const CALLER_REF_LENGTH_MAX: usize = 128;
/// How far ahead of ours another clock may be before "it happened" counts as the future.
pub const CLOCK_SKEW_MAX: SignedDuration = SignedDuration::from_mins(2);
/// Before it lie the days that calendars of programs begin with (1899-12-30, 1970-01-01, 1980-01-01), and nothing that a
/// caller has seen.
const EARLIEST: Timestamp = Timestamp::constant(315_705_600, 0);

/// What was sent, with enums already read.
#[derive(Clone, Debug)]
pub struct Submission<'a> {
    pub external_ref: &'a str,
    pub channel: &'a str,
    /// None: as the channel usually brings.
    pub kind: Option<CaseKind>,
    /// None: who usually uses the channel.
    pub caller_class: Option<CallerClass>,
    /// None: the channel's.
    pub way: Option<Way>,
    pub caller_ref: &'a str,
    pub title: &'a str,
    pub text: &'a str,
    pub place_party: &'a str,
    pub address: &'a str,
    pub longitude: Option<f64>,
    pub latitude: Option<f64>,
    pub occurred_at: Option<Timestamp>,
    pub category: &'a str,
    pub related_case: &'a str,
    pub campaign: &'a str,
    /// When a terminal that was offline wrote it down.
    pub recorded_at: Option<Timestamp>,
    pub attributes: &'a [AttributeAnswer],
}

/// One field that breaks one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub field: &'static str,
    pub rule: &'static str,
    pub description: String,
}

/// Who brings it and when.
#[derive(Clone, Debug)]
pub struct Circumstances<'a> {
    pub charter: &'a Charter,
    pub bridge: &'a Code,
    pub now: Timestamp,
    pub external_ref_hash: Vec<u8>,
    pub content_hash: Vec<u8>,
    /// The same in the forms of earlier versions.
    pub content_hashes_before: Vec<Vec<u8>>,
}

/// # Errors
/// Every rule that is broken, not only the first.
pub fn check(submission: &Submission<'_>, around: Circumstances<'_>) -> Result<Received, Vec<Problem>> {
    let charter = around.charter;
    let mut problems = Problems(Vec::new());
    problems.length("external_ref", submission.external_ref, 1, EXTERNAL_REF_LENGTH_MAX);
    problems.length("title", submission.title, 1, TITLE_LENGTH_MAX);
    problems.length("text", submission.text, 0, TEXT_LENGTH_MAX);
    problems.shown("title", submission.title, false);
    problems.shown("text", submission.text, true);
    problems.shown("external_ref", submission.external_ref, false);
    problems.shown("place.address", submission.address, false);
    problems.length("caller_ref", submission.caller_ref, 0, CALLER_REF_LENGTH_MAX);
    if submission.caller_ref.starts_with(vocabulary::reference::RECEIPT) {
        let description =
            format!("{:?} is how receipts are known; send a name of your own", vocabulary::reference::RECEIPT);
        problems.add("caller_ref", "opaque-reference", description);
    }
    if let Err(problem) = vocabulary::reference::check(submission.caller_ref) {
        problems.add("caller_ref", "opaque-reference", problem.to_string());
    }
    problems.length("place.address", submission.address, 0, ADDRESS_LENGTH_MAX);

    let channel = channel(submission, &around, &mut problems);
    let place = place(submission, charter, &mut problems);
    let category_hint = known(
        submission.category,
        |code| charter.category(code).map(|category| &category.code),
        charter.categories().iter().map(|category| (&category.name, &category.code)),
        |unknown| problems.add("category", "known-category", format!("{unknown} category of this charter")),
    );
    let attributes = attributes::answers(charter, category_hint.as_ref(), submission.attributes);
    let attributes = attributes.unwrap_or_else(|wrong| {
        problems.0.extend(wrong);
        Vec::new()
    });
    let related_case = match submission.related_case {
        "" => None,
        text => match text.parse::<CaseId>() {
            Ok(id) => Some(id),
            Err(error) => {
                problems.add("related_case", "case-id", error.to_string());
                None
            }
        },
    };
    let occurred_at = times(submission, &around, &mut problems);
    let campaign = campaign(submission, &around, &mut problems);
    let (Some(channel), true) = (channel, problems.0.is_empty()) else { return Err(problems.0) };
    Ok(Received {
        kind: submission.kind.unwrap_or(channel.kind),
        caller_class: submission.caller_class.unwrap_or(channel.class),
        caller_ref: submission.caller_ref.to_owned(),
        way: submission.way.unwrap_or(channel.way),
        channel: channel.code.clone(),
        bridge: around.bridge.clone(),
        external_ref_hash: around.external_ref_hash,
        content_hash: around.content_hash,
        content_hashes_before: around.content_hashes_before,
        title: vocabulary::mask::mask(submission.title).0,
        text: vocabulary::mask::mask(submission.text).0,
        place: Place { address: vocabulary::mask::mask(&place.address).0, ..place },
        occurred_at,
        category_hint,
        related_case,
        received_at: around.now,
        campaign,
        recorded_at: submission.recorded_at,
        receipt_ref: String::new(),
        evidence: Vec::new(),
        attributes,
    })
}

/// When it happened: never in the future, and never after it was written down.
fn times(submission: &Submission<'_>, around: &Circumstances<'_>, problems: &mut Problems) -> Timestamp {
    let now = around.now;
    // As people of the district write it.
    let local = |at: Timestamp| at.to_zoned(around.charter.time_zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z");
    let occurred_at = submission.occurred_at.or(submission.recorded_at).unwrap_or(now);
    for (field, at) in [("occurred_at", submission.occurred_at), ("recorded_at", submission.recorded_at)] {
        if let Some(at) = at.filter(|at| *at < EARLIEST) {
            let description = format!("{} is what programs write when they have no time; leave it out", local(at));
            problems.add(field, "a-time-at-all", description);
        }
    }
    for (field, at) in [("occurred_at", Some(occurred_at)), ("recorded_at", submission.recorded_at)] {
        if let Some(at) = at.filter(|at| at.duration_since(now) > CLOCK_SKEW_MAX) {
            problems.add(field, "not-in-the-future", format!("{} is after now, {}", local(at), local(now)));
        }
    }
    if let Some(recorded_at) = submission.recorded_at.filter(|recorded_at| occurred_at > *recorded_at) {
        let description = format!("{} is after it was recorded, {}", local(occurred_at), local(recorded_at));
        problems.add("occurred_at", "not-after-recorded", description);
    }
    occurred_at
}

/// The campaign named, if it ran on the day on which the matter was written down.
fn campaign(submission: &Submission<'_>, around: &Circumstances<'_>, problems: &mut Problems) -> Option<Code> {
    let charter = around.charter;
    let code = submission.campaign;
    if code.is_empty() {
        return None;
    }
    let Some(campaign) = charter.campaign(code) else {
        problems.add("campaign", "known-campaign", format!("{code:?} is not a campaign of this charter"));
        return None;
    };
    let day = submission.recorded_at.unwrap_or(around.now).to_zoned(charter.time_zone.clone()).date();
    if !campaign.runs_on(day) {
        let description = format!("{code} runs from {} to {}, not on {day}", campaign.from, campaign.to);
        problems.add("campaign", "campaign-period", description);
    }
    let fits = |category: &Code| category.as_str() == submission.category;
    if !submission.category.is_empty() && !campaign.categories.is_empty() && !campaign.categories.iter().any(fits) {
        problems.add("campaign", "campaign-category", format!("{code} is not about {}", submission.category));
    }
    Some(campaign.code.clone())
}

struct Problems(Vec<Problem>);

impl Problems {
    fn add(&mut self, field: &'static str, rule: &'static str, description: String) {
        self.0.push(Problem { field, rule, description });
    }

    /// What is shown on one line, or on several, is only that.
    fn shown(&mut self, field: &'static str, text: &str, has_lines: bool) {
        if let Some(stray) = vocabulary::text::stray_control(text, has_lines) {
            self.add(field, "control-character", stray.to_string());
        }
    }

    fn length(&mut self, field: &'static str, text: &str, min: usize, max: usize) {
        let length = text.chars().count();
        if length < min {
            self.add(field, "required", "it must not be empty".to_owned());
        } else if length > max {
            self.add(field, "text-length", format!("it has {length} characters, at most {max} fit"));
        }
    }
}

/// The channel named, or the first of the bridge. A bridge of the charter carries only its own channels.
fn channel<'c>(
    submission: &Submission<'_>,
    around: &Circumstances<'c>,
    problems: &mut Problems,
) -> Option<&'c charter::Channel> {
    let charter = around.charter;
    let bridge = charter.bridges().iter().find(|bridge| bridge.code == *around.bridge);
    let code = match (submission.channel, bridge) {
        ("", Some(bridge)) => bridge.channels.first().map_or("", Code::as_str),
        (code, _) => code,
    };
    let all = || charter.channels().iter().map(|channel| channel.code.as_str()).collect::<Vec<_>>().join(", ");
    if code.is_empty() {
        problems.add("channel", "required", format!("no bridge says which, so it must be said; known: {}", all()));
        return None;
    }
    let known = known(
        code,
        |code| charter.channel(code).map(|channel| &channel.code),
        charter.channels().iter().map(|channel| (&channel.name, &channel.code)),
        |unknown| problems.add("channel", "known-channel", format!("{unknown} channel; known: {}", all())),
    );
    let channel = known.and_then(|code| charter.channel(code.as_str()))?;
    if bridge.is_some_and(|bridge| !bridge.channels.contains(&channel.code)) {
        problems.add("channel", "bridge-channel", format!("{} does not carry {code}", around.bridge));
    }
    Some(channel)
}

fn place(submission: &Submission<'_>, charter: &Charter, problems: &mut Problems) -> Place {
    let party = known(
        submission.place_party,
        |code| charter.place(code).map(|place| &place.code),
        charter.places().map(|place| (&place.name, &place.code)),
        |unknown| {
            problems.add("place.party", "known-party", format!("{unknown} grid, community or street of this charter"));
        },
    );
    let point = match (submission.longitude, submission.latitude) {
        (None, None) => None,
        // What a terminal sends that has no position.
        (Some(longitude), Some(latitude)) if (longitude, latitude) == (0.0, 0.0) => None,
        (Some(longitude), Some(latitude)) => {
            for (field, value, bound) in [("place.longitude", longitude, 180.0), ("place.latitude", latitude, 90.0)] {
                if !value.is_finite() || value.abs() > bound {
                    problems.add(field, "coordinate-range", format!("{value} is not within ±{bound} degrees"));
                }
            }
            Some(Point { longitude, latitude })
        }
        (Some(_), None) => {
            problems.add("place.latitude", "coordinate-pair", "longitude came without it".to_owned());
            None
        }
        (None, Some(_)) => {
            problems.add("place.longitude", "coordinate-pair", "latitude came without it".to_owned());
            None
        }
    };
    // Outside every area the place stays as it was said.
    let found = || point.and_then(|point| charter.party_at(point.longitude, point.latitude));
    let party = party.or_else(|| found().map(|party| party.code.clone()));
    Place { party, address: submission.address.to_owned(), point }
}

/// What has this code, or alone has this name; the beginning of a sentence about it to `unknown`, if nothing has.
pub(crate) fn known<'c>(
    text: &str,
    find: impl Fn(&str) -> Option<&'c Code>,
    names: impl Iterator<Item = (&'c Name, &'c Code)>,
    unknown: impl FnOnce(String),
) -> Option<Code> {
    if text.is_empty() {
        return None;
    }
    if let Some(code) = find(text) {
        return Some(code.clone());
    }
    let called = |name: &Name| name.zh == text || name.en.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(text));
    let named: Vec<&Code> = names.filter(|(name, _)| called(name)).map(|(_, code)| code).collect();
    match named[..] {
        [code] => return Some(code.clone()),
        [] => unknown(format!("{text:?} is neither the code nor the name of a")),
        _ => {
            let codes: Vec<&str> = named.iter().map(|code| code.as_str()).collect();
            unknown(format!("{text:?} is the name of several ({}); say the code of one", codes.join(", ")));
        }
    }
    None
}
