//! Ballots on the wire.

use ids::{Code, Owner};
use jiff::Timestamp;
use proto::ToWireTime;
use proto::evaluation::v1 as wire;
use proto::evaluation::v1::evaluation_event::Event as WireEvent;
use proto::record::v1::{Event as AnyEvent, event::Of};
use record::{Aggregate, WireError};
use rust_decimal::Decimal;
use station::Refuse;
use station::wire as shared;
use tonic::Code as StatusCode;

use super::decimal;
use crate::domain::Mark;
use crate::domain::ballot::{Command, Event, Marks, Opening, Outcome, Published, Refusal, Rules, State};

impl Aggregate for Rules {
    const OWNER: Owner = Owner::Evaluation;
    /// Nobody else writes on a ballot: every community of the largest street, and an appeal of every unit with its answer.
    const REVISIONS_MAX: u64 = 800;

    fn to_wire(event: &Event) -> AnyEvent {
        let event = match event {
            Event::Opened(opening) => WireEvent::BallotOpened(to_opened(opening)),
            Event::Voted { voter, marks } => WireEvent::BallotVoted(wire::BallotVoted {
                voter: voter.to_string(),
                units: marks.iter().map(to_marks).collect(),
            }),
            Event::Published(published) => WireEvent::BallotPublished(to_published(published)),
            Event::Appealed { appeal, publication, unit, reason } => WireEvent::BallotAppealed(wire::BallotAppealed {
                appeal: *appeal,
                party: unit.to_string(),
                reason: reason.clone(),
                publication: *publication,
            }),
            Event::AppealAnswered { appeal, upheld, answer, anew_until } => {
                WireEvent::BallotAppealAnswered(wire::BallotAppealAnswered {
                    appeal: *appeal,
                    upheld: *upheld,
                    answer: answer.clone(),
                    marks_until: anew_until.map(ToWireTime::to_wire),
                })
            }
        };
        AnyEvent { of: Some(Of::Evaluation(wire::EvaluationEvent { event: Some(event) })) }
    }

    fn from_wire(event: &AnyEvent) -> Result<Event, WireError> {
        let Some(Of::Evaluation(wire::EvaluationEvent { event: Some(event) })) = &event.of else {
            return Err(WireError::new("event", "not one of evaluation"));
        };
        match event {
            WireEvent::BallotOpened(fact) => Ok(Event::Opened(Box::new(from_opened(fact)?))),
            WireEvent::BallotVoted(fact) => Ok(Event::Voted {
                voter: shared::code("voter", &fact.voter)?,
                marks: fact.units.iter().map(from_marks).collect::<Result<_, WireError>>()?,
            }),
            WireEvent::BallotPublished(fact) => Ok(Event::Published(Published {
                number: number(fact.publication),
                follows: fact.follows.clone(),
                votes: fact.votes,
                voters: fact.voters,
                outcomes: fact.results.iter().map(from_result).collect::<Result<_, WireError>>()?,
                appeals_until: shared::time("appeals_until", fact.appeals_until.as_ref())?,
            })),
            WireEvent::BallotAppealed(fact) => Ok(Event::Appealed {
                appeal: fact.appeal,
                publication: number(fact.publication),
                unit: shared::code("party", &fact.party)?,
                reason: fact.reason.clone(),
            }),
            WireEvent::BallotAppealAnswered(fact) => Ok(Event::AppealAnswered {
                appeal: fact.appeal,
                upheld: fact.upheld,
                answer: fact.answer.clone(),
                anew_until: match &fact.marks_until {
                    None => None,
                    Some(until) => Some(shared::time("marks_until", Some(until))?),
                },
            }),
            WireEvent::RatingRequested(_)
            | WireEvent::Rated(_)
            | WireEvent::PartyRated(_)
            | WireEvent::CallbackLogged(_)
            | WireEvent::RatingLapsed(_)
            | WireEvent::RatingPutOff(_)
            | WireEvent::Scored(_)
            | WireEvent::MarksImported(_)
            | WireEvent::PeriodPublished(_)
            | WireEvent::PeriodAppealed(_)
            | WireEvent::PeriodAppealAnswered(_) => Err(WireError::new("event", "about no ballot")),
        }
    }

    /// A ballot is published by whoever opened it: when its time is over, a vote is refused.
    fn next_deadline(_: &State) -> Option<Timestamp> {
        None
    }

    fn is_ending(command: &Command) -> bool {
        matches!(command, Command::Publish { .. } | Command::AnswerAppeal { .. })
    }
}

impl Refuse for Refusal {
    fn code(&self) -> StatusCode {
        match self {
            Self::NoSuchBallot | Self::NotOnTheBallot(_) | Self::NoSuchBallotAppeal(_) => StatusCode::NotFound,
            Self::BallotExists | Self::VotedAlready(_) | Self::BallotAppealedAlready(_) => StatusCode::AlreadyExists,
            Self::AnothersBallot(_) | Self::NotAVoter(_) => StatusCode::PermissionDenied,
            Self::PartUnknown(_) | Self::PartMissing { .. } => StatusCode::InvalidArgument,
            Self::BallotClosed
            | Self::BallotOpen { .. }
            | Self::NobodyVoted
            | Self::BallotUnpublished
            | Self::BallotAppealTooLate { .. }
            | Self::BallotAppealAnswered(_) => StatusCode::FailedPrecondition,
        }
    }

    fn rule(&self) -> &'static str {
        match self {
            Self::NoSuchBallot => "no-such-ballot",
            Self::BallotExists => "ballot-exists",
            Self::AnothersBallot(_) => "anothers-ballot",
            Self::BallotClosed => "ballot-closed",
            Self::NotAVoter(_) => "not-a-voter",
            Self::VotedAlready(_) => "voted-already",
            Self::NotOnTheBallot(_) => "not-on-the-ballot",
            Self::PartUnknown(_) => "part-unknown",
            Self::PartMissing { .. } => "part-missing",
            Self::BallotOpen { .. } => "ballot-open",
            Self::NobodyVoted => "nobody-voted",
            Self::BallotUnpublished => "ballot-unpublished",
            Self::BallotAppealTooLate { .. } => "ballot-appeal-too-late",
            Self::BallotAppealedAlready(_) => "ballot-appealed-already",
            Self::NoSuchBallotAppeal(_) => "no-such-ballot-appeal",
            Self::BallotAppealAnswered(_) => "ballot-appeal-answered",
        }
    }
}

#[must_use]
pub fn to_opened(opening: &Opening) -> wire::BallotOpened {
    wire::BallotOpened {
        street: opening.street.to_string(),
        title: opening.title.clone(),
        units: shared::texts(&opening.units),
        voters: shared::texts(&opening.voters),
        parts: opening.parts.iter().map(to_part).collect(),
        opened_at: Some(opening.opened_at.to_wire()),
        closes_at: Some(opening.closes_at.to_wire()),
    }
}

fn from_opened(fact: &wire::BallotOpened) -> Result<Opening, WireError> {
    Ok(Opening {
        street: shared::code("street", &fact.street)?,
        title: fact.title.clone(),
        units: shared::codes("units", &fact.units)?,
        voters: shared::codes("voters", &fact.voters)?,
        parts: fact.parts.iter().map(from_part).collect::<Result<_, WireError>>()?,
        opened_at: shared::time("opened_at", fact.opened_at.as_ref())?,
        closes_at: shared::time("closes_at", fact.closes_at.as_ref())?,
    })
}

fn to_part((part, weight): &(Code, Decimal)) -> wire::BallotPart {
    wire::BallotPart { part: part.to_string(), weight: weight.to_string() }
}

fn from_part(part: &wire::BallotPart) -> Result<(Code, Decimal), WireError> {
    Ok((shared::code("parts.part", &part.part)?, decimal("parts.weight", &part.weight)?))
}

fn to_marks(marks: &Marks) -> wire::UnitMarks {
    let mark = |(part, mark): &(Code, Mark)| wire::PartMark {
        part: part.to_string(),
        rate: mark.rate().to_string(),
        deduction_reason: mark.reason().to_owned(),
        grounds: shared::texts(mark.grounds()),
    };
    wire::UnitMarks {
        party: marks.unit.to_string(),
        marks: marks.parts.iter().map(mark).collect(),
        comment: marks.comment.clone(),
    }
}

fn from_marks(marks: &wire::UnitMarks) -> Result<Marks, WireError> {
    let mark = |mark: &wire::PartMark| {
        let rate = decimal("units.marks.rate", &mark.rate)?;
        let grounds = shared::codes("units.marks.grounds", &mark.grounds)?;
        let given = Mark::recorded(rate, mark.deduction_reason.clone(), grounds);
        Ok((shared::code("units.marks.part", &mark.part)?, given))
    };
    Ok(Marks {
        unit: shared::code("units.party", &marks.party)?,
        parts: marks.marks.iter().map(mark).collect::<Result<_, WireError>>()?,
        comment: marks.comment.clone(),
    })
}

/// Of a publication. The facts of before there were corrections have none: theirs was the first.
fn number(publication: u32) -> u32 {
    publication.max(1)
}

/// What was published, as it stands on the record.
#[must_use]
pub fn to_published(published: &Published) -> wire::BallotPublished {
    let Published { number, follows, votes, voters, outcomes, appeals_until } = published;
    let result = |outcome: &Outcome| wire::BallotResult {
        party: outcome.unit.to_string(),
        votes: outcome.votes,
        score: outcome.score.map(|score| score.to_string()).unwrap_or_default(),
        parts: outcome.parts.iter().map(to_part).collect(),
        comments: outcome.comments,
    };
    wire::BallotPublished {
        votes: *votes,
        voters: *voters,
        results: outcomes.iter().map(result).collect(),
        appeals_until: Some(appeals_until.to_wire()),
        publication: *number,
        corrects: number.saturating_sub(1),
        follows: follows.clone(),
    }
}

fn from_result(result: &wire::BallotResult) -> Result<Outcome, WireError> {
    Ok(Outcome {
        unit: shared::code("results.party", &result.party)?,
        votes: result.votes,
        score: if result.score.is_empty() { None } else { Some(decimal("results.score", &result.score)?) },
        parts: result.parts.iter().map(from_part).collect::<Result<_, WireError>>()?,
        comments: result.comments,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Code {
        text.parse().unwrap()
    }

    #[test]
    fn every_event_of_a_ballot_reads_back_as_it_was_written() {
        let parts = vec![(code("completion"), Decimal::from(50)), (code("perception"), Decimal::from(50))];
        let opening = Opening {
            street: code("street"),
            title: "四月考评".to_owned(),
            units: vec![code("fire")],
            voters: vec![code("one"), code("two")],
            parts: parts.clone(),
            opened_at: Timestamp::UNIX_EPOCH,
            closes_at: Timestamp::UNIX_EPOCH,
        };
        let marks = Marks {
            unit: code("fire"),
            parts: vec![(code("completion"), Mark::new("0.5", "方案晚了两天").unwrap().on(vec![code("late")]))],
            comment: "来过两次".to_owned(),
        };
        let outcome =
            Outcome { unit: code("fire"), votes: 1, score: Some("75.5000".parse().unwrap()), parts, comments: 1 };
        let nobody = Outcome { unit: code("water"), votes: 0, score: None, parts: vec![], comments: 0 };
        let appeals_until = Timestamp::UNIX_EPOCH;
        for event in [
            Event::Opened(Box::new(opening)),
            Event::Voted { voter: code("one"), marks: vec![marks] },
            Event::Published(Published {
                number: 2,
                follows: vec![1, 3],
                votes: 1,
                voters: 2,
                outcomes: vec![outcome, nobody],
                appeals_until,
            }),
            Event::Appealed { appeal: 1, publication: 2, unit: code("fire"), reason: "方案按时交了".to_owned() },
            Event::AppealAnswered {
                appeal: 1,
                upheld: true,
                answer: "属实，重新评分".to_owned(),
                anew_until: Some(appeals_until),
            },
            Event::AppealAnswered { appeal: 2, upheld: false, answer: "记录可查".to_owned(), anew_until: None },
        ] {
            assert_eq!(Rules::from_wire(&Rules::to_wire(&event)), Ok(event));
        }
    }
}
