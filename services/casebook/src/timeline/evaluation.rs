//! What the outcome was worth, in a sentence each.

use proto::evaluation::v1::{CallbackLogged, PartyRated, Rated, RatingLapsed, RatingPutOff, RatingRequested, Scored};
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
}
