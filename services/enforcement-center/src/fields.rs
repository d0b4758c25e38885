//! What a request must look like before any rule sees it: each check names its field and its rule.

use charter::Charter;
use ids::Code;
use jiff::{SignedDuration, Timestamp};
use proto::common::v1 as common;
use proto::enforcement_center::v1 as wire_center;
use station::{OFFICER, PLACE, Violation, line, optional_prose, prose, staff_ref, wire};
use vocabulary::Officer;

use crate::centre::power_of;
use crate::domain::operation::{Decision, Hazard, NextStep, Participant, PathStep, Proof};
use crate::wire::paper::from_next_step;

/// Characters of an assessment, a finding, an order.
pub const TEXT_LENGTH_MAX: usize = 2000;
/// Characters of a title, as intake takes them.
pub const TITLE_LENGTH_MAX: usize = 200;
/// Steps of a path: what a team can keep in mind on its way.
const STEPS_MAX: usize = 20;
/// Characters of one step.
const STEP_LENGTH_MAX: usize = 500;
/// Units named in one request; a centre has a dozen.
const PARTIES_MAX: usize = 50;
/// Decisions of one meeting.
const DECISIONS_MAX: usize = 50;
/// The longest deadline a notice may set, in days: a season's building work.
const DEADLINE_DAYS_MAX: i64 = 90;

pub fn code(field: &'static str, code: &str) -> Result<Code, Violation> {
    if code.is_empty() {
        return Err(required(field));
    }
    code.parse().map_err(|error: ids::CodeError| Violation::new(field, "code", error.to_string()))
}

/// A unit that this charter knows.
pub fn party(field: &'static str, charter: &Charter, party: &str) -> Result<Code, Violation> {
    let code = code(field, party)?;
    if charter.party(party).is_none() {
        return Err(unknown_party(field, party));
    }
    Ok(code)
}

/// At least one, each once.
pub fn parties(field: &'static str, codes: &[String]) -> Result<Vec<Code>, Violation> {
    count(field, codes.len(), PARTIES_MAX)?;
    let mut parties = Vec::with_capacity(codes.len());
    for party in codes {
        let party = code(field, party)?;
        if !parties.contains(&party) {
            parties.push(party);
        }
    }
    Ok(parties)
}

/// At least one step, each with the legal power it rests on.
pub fn steps(charter: &Charter, steps: &[wire_center::PathStep]) -> Result<Vec<PathStep>, Violation> {
    count("steps", steps.len(), STEPS_MAX)?;
    let step = |step: &wire_center::PathStep| {
        Ok(PathStep {
            action: prose("steps.action", &step.action, STEP_LENGTH_MAX)?,
            power: Some(power("steps.power", charter, &step.power)?),
            basis: optional_prose("steps.basis", &step.basis, STEP_LENGTH_MAX)?,
        })
    };
    steps.iter().map(step).collect()
}

/// Who took part: named with a person or a power, or as a unit alone, which brings the power the charter tells.
pub fn participants(
    charter: &Charter,
    named: &[wire_center::Participant],
    units: &[String],
) -> Result<Vec<Participant>, Violation> {
    count("participants", named.len() + units.len(), PARTIES_MAX)?;
    let mut participants: Vec<Participant> = Vec::new();
    for participant in named {
        let party = code("participants.party", &participant.party)?;
        let power = if participant.power.is_empty() {
            power_of(charter, &party)
        } else {
            let named = power("participants.power", charter, &participant.power)?;
            holds(charter, &party, &named)?;
            Some(named)
        };
        let officer = participant.officer.as_ref().map(|named| officer(Some(named))).transpose()?;
        participants.push(Participant { party, officer, power });
    }
    for unit in units {
        let party = code("parties", unit)?;
        if !participants.iter().any(|known| known.party == party) {
            let power = power_of(charter, &party);
            participants.push(Participant { party, officer: None, power });
        }
    }
    Ok(participants)
}

/// A power is not had by saying so: where the charter knows whose it is, it is theirs.
fn holds(charter: &Charter, party: &Code, named: &Code) -> Result<(), Violation> {
    if !charter.knows_who_holds(named) || charter.powers_of(party).contains(&named) {
        return Ok(());
    }
    let description = format!("{party} does not hold {named}");
    Err(Violation::new("participants.power", "nobody-holds-the-power", description))
}

fn power(field: &'static str, charter: &Charter, power: &str) -> Result<Code, Violation> {
    let power = code(field, power)?;
    if charter.legal_powers().iter().any(|known| known.code == power) {
        return Ok(power);
    }
    let known: Vec<_> = charter.legal_powers().iter().map(|known| known.code.as_str()).collect();
    Err(Violation::new(field, "known-power", format!("{power} is no legal power; there are {}", known.join(", "))))
}

/// At most as many as a meeting can decide.
pub fn decisions(decisions: &[wire_center::MeetingDecision]) -> Result<Vec<Decision>, Violation> {
    if decisions.is_empty() {
        return Ok(vec![]);
    }
    count("decisions", decisions.len(), DECISIONS_MAX)?;
    let decision = |decision: &wire_center::MeetingDecision| {
        Ok(Decision {
            text: prose("decisions.text", &decision.text, STEP_LENGTH_MAX)?,
            party: code("decisions.party", &decision.party)?,
        })
    };
    decisions.iter().map(decision).collect()
}

/// How, by whom and when something was served. Without a number of their own, whoever asks has served it.
pub fn proof(
    how: &str,
    by: &str,
    asker: &str,
    at: Option<&pbjson_types::Timestamp>,
    now: Timestamp,
) -> Result<Proof, Violation> {
    let by = if by.is_empty() { asker } else { by };
    Ok(Proof {
        how: prose("service_proof", how, TEXT_LENGTH_MAX)?,
        by: staff_ref("served_by", by)?,
        at: Some(past("served_at", at, now)?),
    })
}

/// Unset means now; nothing has happened yet that is still to come.
pub fn past(field: &'static str, at: Option<&pbjson_types::Timestamp>, now: Timestamp) -> Result<Timestamp, Violation> {
    let Some(at) = at else { return Ok(now) };
    let at = wire::time(field, Some(at))?;
    if at > now {
        return Err(Violation::new(field, "not-yet", format!("{at} is still to come")));
    }
    Ok(at)
}

/// A deadline somebody sets: after `from`, and not so far that nobody would come back.
pub fn deadline(field: &'static str, at: &pbjson_types::Timestamp, from: Timestamp) -> Result<Timestamp, Violation> {
    let at = wire::time(field, Some(at))?;
    if at <= from || at.duration_since(from) > SignedDuration::from_hours(24 * DEADLINE_DAYS_MAX) {
        let description = format!("it must come after {from}, within {DEADLINE_DAYS_MAX} days");
        return Err(Violation::new(field, "deadline", description));
    }
    Ok(at)
}

pub fn next_step(step: i32) -> Result<NextStep, Violation> {
    from_next_step(step)?.ok_or_else(|| required("step"))
}

/// Only the title is required.
pub fn hazard(charter: &Charter, request: &wire_center::SpawnRelatedCaseRequest) -> Result<Hazard, Violation> {
    Ok(Hazard {
        title: line("title", &request.title, TITLE_LENGTH_MAX)?,
        text: optional_prose("text", &request.text, TEXT_LENGTH_MAX)?,
        place: station::place(PLACE, charter, request.place.as_ref())?,
        category: category(charter, &request.category)?,
    })
}

/// An official in office.
pub fn officer(officer: Option<&common::Officer>) -> Result<Officer, Violation> {
    station::officer(OFFICER, officer)
}

/// Empty means none: triage will find one.
pub fn category(charter: &Charter, category: &str) -> Result<Option<Code>, Violation> {
    if category.is_empty() {
        return Ok(None);
    }
    let known = charter.category(category).map(|known| known.code.clone());
    known.map(Some).ok_or_else(|| {
        Violation::new("category", "known-category", format!("{category:?} is not a category of this charter"))
    })
}

fn count(field: &'static str, count: usize, count_max: usize) -> Result<(), Violation> {
    match count {
        0 => Err(required(field)),
        _ if count > count_max => {
            Err(Violation::new(field, "count", format!("{count} are named, at most {count_max} fit")))
        }
        _ => Ok(()),
    }
}

fn required(field: &'static str) -> Violation {
    Violation::new(field, "required", "it must not be empty")
}

fn unknown_party(field: &'static str, party: &str) -> Violation {
    Violation::new(field, "known-party", format!("{party:?} is not a party of this charter"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wuchang() -> Charter {
        Charter::shipped("wuchang").unwrap()
    }

    #[test]
    fn a_related_case_needs_a_title_and_nothing_more() {
        let request = wire_center::SpawnRelatedCaseRequest { title: "隔壁也有".to_owned(), ..Default::default() };
        let hazard = hazard(&wuchang(), &request).unwrap();
        assert_eq!(
            (hazard.title.as_str(), hazard.category, hazard.place),
            ("隔壁也有", None, vocabulary::Place::default())
        );
        let empty = wire_center::SpawnRelatedCaseRequest::default();
        assert_eq!(super::hazard(&wuchang(), &empty).unwrap_err().field, "title");
    }

    #[test]
    fn a_unit_brings_a_power_of_its_own_or_the_one_of_them_that_is_named() {
        let named = wire_center::Participant { party: "wuchang-water".to_owned(), ..Default::default() };
        let with_power = wire_center::Participant {
            party: "wuchang-housing".to_owned(),
            power: "housing".to_owned(),
            ..Default::default()
        };
        let units = ["wuchang-police".to_owned(), "wuchang-water".to_owned()];
        let all = participants(&wuchang(), &[named.clone(), with_power], &units).unwrap();
        let powers: Vec<_> = all.iter().map(|known| known.power.as_ref().map(Code::as_str)).collect();
        assert_eq!(powers, [None, Some("housing"), Some("public-security")], "each once");
        // Held by squads, and held by a department alone: neither is had by saying so.
        for power in ["urban-management", "housing"] {
            let claimed = wire_center::Participant { power: power.to_owned(), ..named.clone() };
            assert_eq!(participants(&wuchang(), &[claimed], &[]).unwrap_err().rule, "nobody-holds-the-power");
        }
        let unknown = wire_center::Participant { power: "magic".to_owned(), ..named };
        assert_eq!(participants(&wuchang(), &[unknown], &[]).unwrap_err().rule, "known-power");
    }

    #[test]
    fn a_notice_is_served_by_somebody_some_way_and_not_in_the_future() {
        let now = Timestamp::from_second(1_550_820_600).unwrap();
        let later = pbjson_types::Timestamp { seconds: 1_550_820_601, nanos: 0 };
        assert_eq!(proof("", "", "zf-1", None, now).unwrap_err().field, "service_proof");
        assert_eq!(proof("张贴", "", "", None, now).unwrap_err().field, "served_by");
        assert_eq!(proof("张贴", "", "zf-1", Some(&later), now).unwrap_err().rule, "not-yet");
        assert_eq!(proof("张贴", "", "zf-1", None, now).unwrap().by, "zf-1");
        assert!(deadline("due", &later, now).is_ok());
        assert_eq!(deadline("due", &later, now + SignedDuration::from_secs(1)).unwrap_err().rule, "deadline");
    }
}
