//! Triage's events and refusals on the wire.

pub mod source;
#[cfg(test)]
mod tests;

use charter::{Considered, Why};
use ids::Owner;
use jiff::Timestamp;
use proto::ToWireTime;
use proto::record::v1::{Event as AnyEvent, event::Of};
use proto::triage::v1 as wire;
use proto::triage::v1::triage_event::Event as WireEvent;
use record::{Aggregate, WireError};
use station::Refuse;
use station::wire as shared;
use tonic::Code as StatusCode;
use vocabulary::limit::late_from;

use crate::domain::{Candidate, Command, DismissReason, Event, Judgement, Proof, Refusal, Rules, State, Subject};
use source::{from_source, to_source};

impl Aggregate for Rules {
    const OWNER: Owner = Owner::Triage;
    const REVISIONS_MAX: u64 = 100;

    fn to_wire(event: &Event) -> AnyEvent {
        let event = match event {
            Event::Classified { judgement, confidence, subject } => WireEvent::Classified(wire::Classified {
                judgement: Some(to_judgement(judgement)),
                confidence: *confidence,
                title: subject.title.clone(),
                place: Some(shared::to_place(&subject.place)),
                source: Some(to_source(&subject.source)),
                campaign: shared::text(subject.campaign.as_ref()),
            }),
            Event::QueuedForJudgement { reason, candidates, due, subject } => {
                WireEvent::QueuedForJudgement(wire::QueuedForJudgement {
                    reason: reason.clone(),
                    candidates: candidates
                        .iter()
                        .map(|found| wire::Candidate {
                            category: found.category.to_string(),
                            confidence: found.confidence,
                        })
                        .collect(),
                    due: Some(due.to_wire()),
                    title: subject.title.clone(),
                    place: Some(shared::to_place(&subject.place)),
                    source: Some(to_source(&subject.source)),
                    campaign: shared::text(subject.campaign.as_ref()),
                })
            }
            Event::Claimed { by } => WireEvent::Claimed(wire::Claimed { by: by.clone() }),
            Event::Judged { judgement, reason, subject } => WireEvent::Judged(wire::Judged {
                judgement: Some(to_judgement(judgement)),
                reason: reason.clone(),
                title: subject.title.clone(),
                place: Some(shared::to_place(&subject.place)),
                source: Some(to_source(&subject.source)),
                campaign: shared::text(subject.campaign.as_ref()),
            }),
            Event::Regraded { judgement, from, reason, subject } => WireEvent::Regraded(wire::Regraded {
                judgement: Some(to_judgement(judgement)),
                from: shared::to_level(*from),
                reason: reason.clone(),
                title: subject.title.clone(),
                place: Some(shared::to_place(&subject.place)),
                source: Some(to_source(&subject.source)),
                campaign: shared::text(subject.campaign.as_ref()),
            }),
            Event::JudgementOverdue { due } => {
                WireEvent::JudgementOverdue(wire::JudgementOverdue { due: Some(due.to_wire()) })
            }
            Event::Dismissed { reason } => {
                WireEvent::Dismissed(wire::Dismissed { reason: to_dismiss_reason(*reason).into() })
            }
        };
        AnyEvent { of: Some(Of::Triage(wire::TriageEvent { event: Some(event) })) }
    }

    fn from_wire(event: &AnyEvent) -> Result<Event, WireError> {
        let Some(Of::Triage(wire::TriageEvent { event: Some(event) })) = &event.of else {
            return Err(WireError::new("event", "not one of triage"));
        };
        Ok(match event {
            WireEvent::Classified(fact) => Event::Classified {
                judgement: from_judgement(fact.judgement.as_ref())?,
                confidence: fact.confidence,
                subject: from_subject(&fact.title, fact.place.as_ref(), (fact.source.as_ref(), &fact.campaign))?,
            },
            WireEvent::QueuedForJudgement(fact) => Event::QueuedForJudgement {
                reason: fact.reason.clone(),
                candidates: fact
                    .candidates
                    .iter()
                    .map(|found| {
                        let category = shared::code("candidates.category", &found.category)?;
                        Ok(Candidate { category, confidence: found.confidence })
                    })
                    .collect::<Result<_, WireError>>()?,
                due: shared::time("due", fact.due.as_ref())?,
                subject: from_subject(&fact.title, fact.place.as_ref(), (fact.source.as_ref(), &fact.campaign))?,
            },
            WireEvent::Claimed(fact) => Event::Claimed { by: fact.by.clone() },
            WireEvent::Judged(fact) => Event::Judged {
                judgement: from_judgement(fact.judgement.as_ref())?,
                reason: fact.reason.clone(),
                subject: from_subject(&fact.title, fact.place.as_ref(), (fact.source.as_ref(), &fact.campaign))?,
            },
            WireEvent::Regraded(fact) => Event::Regraded {
                judgement: from_judgement(fact.judgement.as_ref())?,
                from: shared::level(fact.from)?,
                reason: fact.reason.clone(),
                subject: from_subject(&fact.title, fact.place.as_ref(), (fact.source.as_ref(), &fact.campaign))?,
            },
            WireEvent::JudgementOverdue(fact) => {
                Event::JudgementOverdue { due: shared::time("due", fact.due.as_ref())? }
            }
            WireEvent::Dismissed(fact) => Event::Dismissed { reason: dismiss_reason(fact.reason())? },
        })
    }

    fn next_deadline(state: &State) -> Option<Timestamp> {
        match state {
            State::Waiting { due, overdue: false, .. } => Some(late_from(*due)),
            State::Waiting { .. } | State::Unknown | State::Judged { .. } | State::Dismissed => None,
        }
    }

    fn is_ending(command: &Command) -> bool {
        matches!(command, Command::Judge { .. } | Command::Dismiss { .. })
    }
}

impl Refuse for Refusal {
    fn code(&self) -> StatusCode {
        match self {
            Self::NoSuchCase => StatusCode::NotFound,
            Self::ClaimedByAnother(_)
            | Self::JudgedAlready
            | Self::NotJudgedYet
            | Self::SameJudgement
            | Self::ReasonRequired
            | Self::Ended => StatusCode::FailedPrecondition,
            Self::StaffNumberNeeded | Self::NotAbove => StatusCode::PermissionDenied,
        }
    }

    fn rule(&self) -> &'static str {
        match self {
            Self::NoSuchCase => "no-such-case",
            Self::ClaimedByAnother(_) => "claimed-by-another",
            Self::JudgedAlready => "judged-already",
            Self::NotJudgedYet => "not-judged-yet",
            Self::SameJudgement => "same-judgement",
            Self::NotAbove => "above-the-street",
            Self::StaffNumberNeeded => "staff-number-needed",
            Self::ReasonRequired => "reason-required",
            Self::Ended => "case-ended",
        }
    }
}

pub fn to_judgement(judgement: &Judgement) -> wire::Judgement {
    wire::Judgement {
        category: judgement.category.to_string(),
        also: shared::texts(&judgement.also),
        level: shared::to_level(judgement.level),
        comprehensive: judgement.comprehensive,
        situation: shared::text(judgement.situation.as_ref()),
        colour: judgement.colour.map(shared::to_colour).unwrap_or_default(),
        party: judgement.party.to_string(),
        rule: shared::text(judgement.proof.rule.as_ref()),
        considered: judgement.proof.considered.iter().map(to_considered).collect(),
        duty: shared::text(judgement.proof.duty.as_ref()),
        proven_level: judgement.proof.level.map(shared::to_level).unwrap_or_default(),
    }
}

fn from_judgement(judgement: Option<&wire::Judgement>) -> Result<Judgement, WireError> {
    let judgement = judgement.ok_or_else(|| WireError::new("judgement", "missing"))?;
    Ok(Judgement {
        category: shared::code("judgement.category", &judgement.category)?,
        also: shared::codes("judgement.also", &judgement.also)?,
        level: shared::level(judgement.level)?,
        comprehensive: judgement.comprehensive,
        situation: shared::optional_code("judgement.situation", &judgement.situation)?,
        colour: shared::optional_colour(judgement.colour)?,
        party: shared::code("judgement.party", &judgement.party)?,
        proof: Proof {
            rule: shared::optional_code("judgement.rule", &judgement.rule)?,
            level: shared::optional_level(judgement.proven_level)?,
            duty: shared::optional_code("judgement.duty", &judgement.duty)?,
            considered: judgement.considered.iter().map(from_considered).collect::<Result<_, _>>()?,
        },
    })
}

fn to_considered(considered: &Considered) -> wire::Considered {
    wire::Considered {
        party: considered.party.to_string(),
        level: shared::to_level(considered.level),
        able: considered.why.is_able(),
        why: considered.why.as_str().to_owned(),
    }
}

fn from_considered(considered: &wire::Considered) -> Result<Considered, WireError> {
    let why = Why::ALL.into_iter().find(|why| why.as_str() == considered.why);
    Ok(Considered {
        party: shared::code("considered.party", &considered.party)?,
        level: shared::level(considered.level)?,
        why: why.ok_or_else(|| WireError::new("considered.why", format!("{:?} is not known here", considered.why)))?,
    })
}

fn to_dismiss_reason(reason: DismissReason) -> wire::DismissReason {
    match reason {
        DismissReason::Withdrawn => wire::DismissReason::Withdrawn,
        DismissReason::Excluded => wire::DismissReason::Excluded,
        DismissReason::Merged => wire::DismissReason::Merged,
    }
}

fn dismiss_reason(reason: wire::DismissReason) -> Result<DismissReason, WireError> {
    match reason {
        wire::DismissReason::Unspecified => Err(WireError::new("reason", "missing")),
        wire::DismissReason::Withdrawn => Ok(DismissReason::Withdrawn),
        wire::DismissReason::Excluded => Ok(DismissReason::Excluded),
        wire::DismissReason::Merged => Ok(DismissReason::Merged),
    }
}

fn from_subject(
    title: &str,
    place: Option<&proto::common::v1::Place>,
    (source, campaign): (Option<&wire::Source>, &str),
) -> Result<Subject, WireError> {
    let campaign = shared::optional_code("campaign", campaign)?;
    Ok(Subject { title: title.to_owned(), place: shared::place(place)?, source: from_source(source)?, campaign })
}
