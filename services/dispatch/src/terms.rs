//! Until when something has to be done that is asked for now: the limits of the charter, counted.

use std::sync::Arc;

use charter::{Campaign, Charter, Colour, Level, Limit, LimitUnit};
use ids::Code;
use jiff::Timestamp;
use vocabulary::Duty;

use crate::domain::{InForce, State, Terms, Whistle, reminders};

pub use crate::domain::rating_due;

/// Every charter has a limit of this name.
const GENERAL: &str = "general";

/// When a limit of the charter, counted from now, runs out.
#[must_use]
pub fn due_by(charter: &Charter, now: Timestamp, limit: &str) -> Timestamp {
    charter.limit(limit).map_or(now, |limit| charter.deadline(now, limit).due)
}

/// How long an answer waits at most for help that is begun now.
#[must_use]
pub fn help_until(charter: &Charter, now: Timestamp) -> Timestamp {
    charter.deadline(now, &charter.help_is_waited_for()).due
}

/// What a case of this category has to keep from now on.
#[must_use]
pub fn of_case(
    charter: &Arc<Charter>,
    now: Timestamp,
    level: Level,
    category: &str,
    campaign: Option<&Campaign>,
) -> Terms {
    with(charter, now, limit_of(charter, level, category, campaign))
}

/// Under the limit that holds where nothing says otherwise.
#[must_use]
pub fn general(charter: &Arc<Charter>, now: Timestamp) -> Terms {
    with(charter, now, None)
}

fn with(charter: &Arc<Charter>, now: Timestamp, limit: Option<&Limit>) -> Terms {
    let limit = limit.or_else(|| charter.limit(GENERAL)).copied().unwrap_or(Limit { amount: 1, unit: LimitUnit::Days });
    Terms { now, limit, in_force: InForce(Arc::clone(charter)) }
}

/// Until when a unit that starts again has to respond and to report in.
#[must_use]
pub fn once_more(charter: &Charter, now: Timestamp, colour: Colour) -> (Timestamp, Timestamp) {
    let limits = charter.colour_limits(colour);
    (charter.deadline(now, &limits.response).due, charter.deadline(now, &limits.report_in).due)
}

/// A call as it goes to the unit that a return named: response and report-in start for it now, the time for the matter
/// does not start anew. None where there is no such call.
#[must_use]
pub fn passed_on(charter: &Charter, now: Timestamp, state: &State, call: u32, to: Code) -> Option<Whistle> {
    let call = state.calls.iter().find(|known| known.number == call)?;
    let (response_due, report_in_due) = once_more(charter, now, call.colour);
    let (completion_due, counts_from) = state.as_it_stands(call.completion_due, call.counts_from, now);
    Some(Whistle {
        caller: call.caller.clone(),
        situation: state.matter.as_ref().and_then(|matter| matter.situation.clone()),
        colour: call.colour,
        parties: vec![(to, Duty::Lead)],
        response_due,
        report_in_due,
        completion_due,
        reminders: reminders(charter, now, completion_due),
        due_provisional: false,
        counts_from,
        note: String::new(),
        special: None,
    })
}

/// The limit of the campaign if that has one and is about this, or the category's own, or its level's.
fn limit_of<'c>(
    charter: &'c Charter,
    level: Level,
    category: &str,
    campaign: Option<&'c Campaign>,
) -> Option<&'c Limit> {
    let about = |campaign: &&Campaign| {
        campaign.categories.is_empty() || campaign.categories.iter().any(|code| code.as_str() == category)
    };
    let of_campaign = campaign.filter(about).and_then(|campaign| campaign.completion.as_ref());
    of_campaign.or_else(|| charter.category(category).map(|category| charter.completion_limit(level, category)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_of_a_campaign_wins_over_the_category_and_its_level() {
        let charter = Charter::shipped("wuchang").unwrap();
        let mut heat = charter.campaign("summer-heat").unwrap().clone();
        let limit = |campaign: Option<&Campaign>| limit_of(&charter, Level::B1, "street-lights", campaign).copied();
        assert_eq!(limit(None), Some("7d".parse().unwrap()));
        assert_eq!(limit(Some(&heat)), Some("3wd".parse().unwrap()));
        heat.categories = vec!["power-supply".parse().unwrap()];
        assert_eq!(limit(Some(&heat)), Some("7d".parse().unwrap()), "it is about something else");
    }
}
