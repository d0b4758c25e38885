//! What the outcome was worth, in a sentence each.

use proto::evaluation::v1::{
    BallotAppealAnswered, BallotAppealed, BallotOpened, BallotPublished, BallotVoted, CallbackLogged, MarksImported,
    PartyRated, PeriodAppealAnswered, PeriodAppealed, PeriodPublished, Rated, RatingLapsed, RatingPutOff,
    RatingRequested, Scored,
};
use proto::facts::EvaluationFacts;
use proto::word;

use super::{Timeline, Told, prefixed, told};

impl EvaluationFacts for Timeline {
    fn rating_requested(&mut self, fact: &RatingRequested) -> Told {
        Told { limit: self.named_limit("rating", fact.due, None), ..told("the caller is asked to rate".to_owned()) }
    }

    fn rated(&mut self, fact: &Rated) -> Told {
        told(format!("the caller says: {}{}", fact.rating, prefixed(", ", &fact.comment)))
    }

    fn party_rated(&mut self, fact: &PartyRated) -> Told {
        told(format!(
            "{} rates {} {}{}",
            self.name(&fact.by),
            self.name(&fact.party),
            fact.rate,
            prefixed(": ", &fact.deduction_reason)
        ))
    }

    fn callback_logged(&mut self, fact: &CallbackLogged) -> Told {
        told(format!(
            "called back: {}{}",
            word(fact.outcome().as_str_name(), "CALLBACK_OUTCOME_"),
            prefixed(", ", &fact.note)
        ))
    }

    fn rating_lapsed(&mut self, _: &RatingLapsed) -> Told {
        told("the time to rate is over".to_owned())
    }

    fn rating_put_off(&mut self, _: &RatingPutOff) -> Told {
        told("it is rated when it is answered anew".to_owned())
    }

    fn scored(&mut self, fact: &Scored) -> Told {
        let party = self.name(&fact.party);
        if fact.total.is_empty() {
            return told(format!("{party} is scored without a total: not everything was rated ({})", fact.formula));
        }
        told(format!("{party} scores {} of 100 ({})", fact.total, fact.formula))
    }

    fn marks_imported(&mut self, fact: &MarksImported) -> Told {
        told(format!("{} marks are imported: {}", fact.marks.len(), fact.source))
    }

    fn period_published(&mut self, fact: &PeriodPublished) -> Told {
        let table = fact.table.clone().unwrap_or_default();
        told(format!(
            "{} is published, publication {}{}",
            table.period,
            table.publication,
            prefixed(", ", &fact.reason)
        ))
    }

    fn period_appealed(&mut self, fact: &PeriodAppealed) -> Told {
        told(format!("{} appeals{}", self.name(&fact.party), prefixed(": ", &fact.reason)))
    }

    fn period_appeal_answered(&mut self, fact: &PeriodAppealAnswered) -> Told {
        told(format!("appeal {} is {}{}", fact.appeal, upheld(fact.upheld), prefixed(": ", &fact.answer)))
    }

    fn ballot_opened(&mut self, fact: &BallotOpened) -> Told {
        let (units, voters) = (fact.units.len(), fact.voters.len());
        told(format!("{} asks {voters} communities to mark {units} units: {}", self.name(&fact.street), fact.title))
    }

    /// Who it was is not told.
    fn ballot_voted(&mut self, fact: &BallotVoted) -> Told {
        told(format!("a community marks {} units", fact.units.len()))
    }

    fn ballot_published(&mut self, fact: &BallotPublished) -> Told {
        let told_of = format!("the marks of {} of {} communities are published", fact.votes, fact.voters);
        told(match fact.corrects {
            0 => told_of,
            corrects => format!("{told_of} anew; it corrects publication {corrects}"),
        })
    }

    fn ballot_appealed(&mut self, fact: &BallotAppealed) -> Told {
        told(format!("{} appeals{}", self.name(&fact.party), prefixed(": ", &fact.reason)))
    }

    fn ballot_appeal_answered(&mut self, fact: &BallotAppealAnswered) -> Told {
        told(format!("appeal {} is {}{}", fact.appeal, upheld(fact.upheld), prefixed(": ", &fact.answer)))
    }
}

const fn upheld(upheld: bool) -> &'static str {
    if upheld { "upheld" } else { "rejected" }
}
