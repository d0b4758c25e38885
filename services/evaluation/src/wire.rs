//! Evaluation's events and refusals on the wire, and dispatch's resolution in our words.

pub mod ballot;
pub mod period;

use std::collections::BTreeMap;

use charter::Unrated;
use ids::{Code, Owner};
use jiff::Timestamp;
use proto::ToWireTime;
use proto::dispatch::v1 as dispatch;
use proto::evaluation::v1 as wire;
use proto::evaluation::v1::evaluation_event::Event as WireEvent;
use proto::record::v1::{Event as AnyEvent, event::Of};
use record::{Aggregate, WireError};
use rust_decimal::Decimal;
use station::Refuse;
use station::wire as shared;
use tonic::Code as StatusCode;
use vocabulary::limit::late_from;

use crate::domain::{
    Asked, CallbackOutcome, Clocks, Command, Event, Mark, Part, Performance, Refusal, Rules, Score, State,
};

impl Aggregate for Rules {
    const OWNER: Owner = Owner::Evaluation;
    const REVISIONS_MAX: u64 = 60;

    fn to_wire(event: &Event) -> AnyEvent {
        let event = match event {
            Event::RatingRequested { asked, rated } => WireEvent::RatingRequested(to_requested(asked, rated)),
            Event::Rated { round, rating, rate, solved, comment } => WireEvent::Rated(wire::Rated {
                round: *round,
                rating: rating.to_string(),
                rate: text(*rate),
                solved: *solved,
                comment: comment.clone(),
            }),
            Event::PartyRated { round, party, mark, by } => WireEvent::PartyRated(wire::PartyRated {
                round: *round,
                party: party.to_string(),
                rate: text(mark.rate()),
                deduction_reason: mark.reason().to_owned(),
                grounds: shared::texts(mark.grounds()),
                by: by.to_string(),
            }),
            Event::CallbackLogged { round, by, outcome, note, again_at } => {
                WireEvent::CallbackLogged(wire::CallbackLogged {
                    round: *round,
                    outcome: to_outcome(*outcome).into(),
                    note: note.clone(),
                    again_at: again_at.map(ToWireTime::to_wire),
                    by: shared::text(by.as_ref()),
                })
            }
            Event::RatingLapsed { round } => WireEvent::RatingLapsed(wire::RatingLapsed { round: *round }),
            Event::RatingPutOff { round } => WireEvent::RatingPutOff(wire::RatingPutOff { round: *round }),
            Event::Scored(score) => WireEvent::Scored(to_score(score)),
        };
        AnyEvent { of: Some(Of::Evaluation(wire::EvaluationEvent { event: Some(event) })) }
    }

    fn from_wire(event: &AnyEvent) -> Result<Event, WireError> {
        let Some(Of::Evaluation(wire::EvaluationEvent { event: Some(event) })) = &event.of else {
            return Err(WireError::new("event", "not one of evaluation"));
        };
        Ok(match event {
            WireEvent::MarksImported(_)
            | WireEvent::PeriodPublished(_)
            | WireEvent::PeriodAppealed(_)
            | WireEvent::PeriodAppealAnswered(_)
            | WireEvent::BallotOpened(_)
            | WireEvent::BallotVoted(_)
            | WireEvent::BallotPublished(_)
            | WireEvent::BallotAppealed(_)
            | WireEvent::BallotAppealAnswered(_) => {
                return Err(WireError::new("event", "about a period or a ballot, not a case"));
            }
            WireEvent::RatingRequested(requested) => Event::RatingRequested {
                asked: Asked {
                    round: requested.round,
                    due: shared::time("due", requested.due.as_ref())?,
                    calling_party: shared::optional_code("calling_party", &requested.calling_party)?,
                    solved_by: shared::optional_code("solved_by", &requested.solved_by)?,
                    performance: from_performance(&requested.performance)?,
                },
                rated: shared::codes("rated", &requested.rated)?,
            },
            WireEvent::Rated(rated) => Event::Rated {
                round: rated.round,
                rating: shared::code("rating", &rated.rating)?,
                rate: decimal("rate", &rated.rate)?,
                solved: rated.solved,
                comment: rated.comment.clone(),
            },
            WireEvent::PartyRated(rated) => Event::PartyRated {
                round: rated.round,
                party: shared::code("party", &rated.party)?,
                mark: Mark::recorded(
                    decimal("rate", &rated.rate)?,
                    rated.deduction_reason.clone(),
                    shared::codes("grounds", &rated.grounds)?,
                ),
                by: shared::code("by", &rated.by)?,
            },
            WireEvent::CallbackLogged(logged) => Event::CallbackLogged {
                round: logged.round,
                by: shared::optional_code("by", &logged.by)?,
                again_at: match &logged.again_at {
                    None => None,
                    Some(at) => Some(shared::time("again_at", Some(at))?),
                },
                outcome: from_outcome(logged.outcome())?,
                note: logged.note.clone(),
            },
            WireEvent::RatingLapsed(lapsed) => Event::RatingLapsed { round: lapsed.round },
            WireEvent::RatingPutOff(put_off) => Event::RatingPutOff { round: put_off.round },
            WireEvent::Scored(scored) => Event::Scored(from_score(scored)?),
        })
    }

    fn next_deadline(state: &State) -> Option<Timestamp> {
        state.round.as_ref().filter(|round| round.waits()).map(|round| late_from(round.asked.due))
    }

    fn is_ending(command: &Command) -> bool {
        match command {
            // Without a rating or its lapse a resolved case cannot end.
            Command::Ask { .. }
            | Command::PutOff { .. }
            | Command::Abandon { .. }
            | Command::Rate { .. }
            | Command::CheckDeadlines { .. } => true,
            Command::RateParty { .. } | Command::LogCallback { .. } => false,
        }
    }
}

impl Refuse for Refusal {
    fn code(&self) -> StatusCode {
        match self {
            Self::AlreadyRated { .. } | Self::PartyAlreadyRated { .. } => StatusCode::AlreadyExists,
            Self::NotResolved
            | Self::Lapsed { .. }
            | Self::NobodyCalled
            | Self::CalledBackEnough { .. }
            | Self::NoTimeToTry { .. } => StatusCode::FailedPrecondition,
            Self::NotTheCallingParty { .. } | Self::OwnWork { .. } => StatusCode::PermissionDenied,
            Self::NotCalled { .. } => StatusCode::NotFound,
        }
    }

    fn rule(&self) -> &'static str {
        match self {
            Self::NotResolved => "not-resolved",
            Self::AlreadyRated { .. } => "already-rated",
            Self::PartyAlreadyRated { .. } => "party-already-rated",
            Self::Lapsed { .. } => "rating-lapsed",
            Self::NobodyCalled => "nobody-called",
            Self::NotTheCallingParty { .. } => "not-the-calling-party",
            Self::NotCalled { .. } => "not-called",
            Self::CalledBackEnough { .. } => "called-back-enough",
            Self::OwnWork { .. } => "own-work",
            Self::NoTimeToTry { .. } => "no-time-to-try",
        }
    }
}

/// Until when an answer that waited for help can be rated.
///
/// # Errors
/// It does not say.
pub fn opened_until(opened: &dispatch::RatingOpened) -> Result<Timestamp, WireError> {
    shared::time("rating_due", opened.rating_due.as_ref())
}

/// Dispatch's resolution as a request to rate it. One that waits for help is due when that is over at the latest.
///
/// # Errors
/// A field does not have the form its type promises.
pub fn asked(resolved: &dispatch::Resolved) -> Result<Asked, WireError> {
    Ok(Asked {
        round: resolved.round,
        due: shared::time("rating_due", resolved.rating_due.as_ref().or(resolved.waits_for_help_until.as_ref()))?,
        calling_party: shared::optional_code("calling_party", &resolved.calling_party)?,
        solved_by: shared::optional_code("owner", &resolved.owner)?,
        performance: from_performance(&resolved.performance)?,
    })
}

fn to_requested(asked: &Asked, rated: &[Code]) -> wire::RatingRequested {
    let performance = asked.performance.iter().map(|(party, performance)| dispatch::Performance {
        party: party.to_string(),
        responded_in_time: performance.clocks.responded_in_time,
        reported_in_in_time: performance.clocks.reported_in_in_time,
        done_in_time: performance.clocks.done_in_time,
        calling_party: shared::text(performance.calling_party.as_ref()),
        round: performance.round.unwrap_or_default(),
    });
    wire::RatingRequested {
        round: asked.round,
        due: Some(asked.due.to_wire()),
        calling_party: shared::text(asked.calling_party.as_ref()),
        performance: performance.collect(),
        rated: rated.iter().map(ToString::to_string).collect(),
        solved_by: shared::text(asked.solved_by.as_ref()),
    }
}

fn from_performance(performance: &[dispatch::Performance]) -> Result<BTreeMap<Code, Performance>, WireError> {
    let mut parties: BTreeMap<Code, Performance> = BTreeMap::new();
    for kept in performance {
        let clocks = Clocks {
            responded_in_time: kept.responded_in_time,
            reported_in_in_time: kept.reported_in_in_time,
            done_in_time: kept.done_in_time,
        };
        let party = shared::code("performance.party", &kept.party)?;
        let calling_party = shared::optional_code("performance.calling_party", &kept.calling_party)?;
        let round = (kept.round > 0).then_some(kept.round);
        let known = parties.entry(party).or_insert(Performance { calling_party, round, clocks });
        known.clocks = known.clocks.and(clocks);
    }
    Ok(parties)
}

fn to_score(score: &Score) -> wire::Scored {
    let components = score.parts.iter().map(|part| wire::Component {
        code: part.code.to_string(),
        weight: text(part.weight),
        rate: part.rate.map(text).unwrap_or_default(),
    });
    wire::Scored {
        round: score.round,
        party: score.party.to_string(),
        formula: score.formula.clone(),
        components: components.collect(),
        total: score.total.map(text).unwrap_or_default(),
        held_back: score.unrated == Unrated::HeldBack,
    }
}

/// # Errors
/// A field does not have the form its type promises.
pub fn from_score(scored: &wire::Scored) -> Result<Score, WireError> {
    let optional = |field, text: &str| if text.is_empty() { Ok(None) } else { decimal(field, text).map(Some) };
    let part = |component: &wire::Component| {
        Ok(Part {
            code: shared::code("components.code", &component.code)?,
            weight: decimal("components.weight", &component.weight)?,
            rate: optional("components.rate", &component.rate)?,
        })
    };
    Ok(Score {
        round: scored.round,
        party: shared::code("party", &scored.party)?,
        formula: scored.formula.clone(),
        unrated: if scored.held_back { Unrated::HeldBack } else { Unrated::Spread },
        parts: scored.components.iter().map(part).collect::<Result<_, WireError>>()?,
        total: optional("total", &scored.total)?,
    })
}

/// As it is written on the record: plain digits, no trailing zeros.
fn text(number: Decimal) -> String {
    number.normalize().to_string()
}

fn decimal(field: &'static str, text: &str) -> Result<Decimal, WireError> {
    Decimal::from_str_exact(text).map_err(|error| WireError::new(field, error))
}

fn to_outcome(outcome: CallbackOutcome) -> wire::CallbackOutcome {
    match outcome {
        CallbackOutcome::Reached => wire::CallbackOutcome::Reached,
        CallbackOutcome::NoAnswer => wire::CallbackOutcome::NoAnswer,
        CallbackOutcome::Refused => wire::CallbackOutcome::Refused,
    }
}

/// # Errors
/// Unspecified.
pub fn from_outcome(outcome: wire::CallbackOutcome) -> Result<CallbackOutcome, WireError> {
    match outcome {
        wire::CallbackOutcome::Unspecified => Err(WireError::new("outcome", "missing")),
        wire::CallbackOutcome::Reached => Ok(CallbackOutcome::Reached),
        wire::CallbackOutcome::NoAnswer => Ok(CallbackOutcome::NoAnswer),
        wire::CallbackOutcome::Refused => Ok(CallbackOutcome::Refused),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Code {
        text.parse().unwrap()
    }

    fn performance(party: &str, responded: bool, done: bool) -> dispatch::Performance {
        dispatch::Performance {
            party: party.to_owned(),
            responded_in_time: responded,
            reported_in_in_time: true,
            done_in_time: done,
            calling_party: String::new(),
            round: 0,
        }
    }

    #[test]
    fn every_event_reads_back_as_it_was_written() {
        let part = |rate: Option<&str>| Part {
            code: code("satisfaction"),
            weight: Decimal::from(50),
            rate: rate.map(|rate| rate.parse().unwrap()),
        };
        let score = Score {
            round: 2,
            party: code("jsj"),
            formula: "10 + 40 + 50".to_owned(),
            unrated: Unrated::Spread,
            parts: vec![part(Some("0.9")), part(None)],
            total: "94.375".parse().ok(),
        };
        let held_back = Score { unrated: Unrated::HeldBack, total: None, ..score.clone() };
        let clocks = Clocks { responded_in_time: false, reported_in_in_time: true, done_in_time: true };
        let asked = Asked {
            round: 1,
            due: Timestamp::UNIX_EPOCH,
            calling_party: Some(code("street-command-centre")),
            solved_by: Some(code("street-command-centre")),
            performance: [
                (code("jsj"), Performance { calling_party: None, round: None, clocks }),
                (code("water"), Performance { calling_party: Some(code("group")), round: Some(1), clocks }),
            ]
            .into(),
        };
        let (rating, rate) = (code("basically-satisfied"), "0.6".parse().unwrap());
        for event in [
            Event::RatingRequested { asked: asked.clone(), rated: vec![code("water")] },
            Event::RatingRequested {
                asked: Asked { calling_party: None, performance: BTreeMap::new(), ..asked },
                rated: vec![],
            },
            Event::RatingPutOff { round: 1 },
            Event::Rated { round: 1, rating, rate, solved: true, comment: "谢谢".to_owned() },
            Event::PartyRated {
                round: 1,
                party: code("jsj"),
                mark: Mark::new("0.85", "派来的人不能拍板").unwrap().on(vec!["late".parse().unwrap()]),
                by: code("street-command-centre"),
            },
            Event::CallbackLogged {
                round: 1,
                by: Some(code("hotline")),
                outcome: CallbackOutcome::NoAnswer,
                note: String::new(),
                again_at: Some(Timestamp::UNIX_EPOCH),
            },
            Event::RatingLapsed { round: 1 },
            Event::Scored(score),
            Event::Scored(held_back),
        ] {
            assert_eq!(Rules::from_wire(&Rules::to_wire(&event)), Ok(event));
        }
    }

    #[test]
    fn a_party_that_was_called_twice_kept_what_it_kept_both_times() {
        let resolved = dispatch::Resolved {
            round: 1,
            rating_due: Some(Timestamp::UNIX_EPOCH.to_wire()),
            performance: vec![performance("jsj", true, false), performance("jsj", true, true)],
            ..dispatch::Resolved::default()
        };
        let clocks = Clocks { responded_in_time: true, reported_in_in_time: true, done_in_time: false };
        let kept = Performance { calling_party: None, round: None, clocks };
        assert_eq!(asked(&resolved).unwrap().performance, [(code("jsj"), kept)].into());
    }
}
