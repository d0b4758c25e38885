//! The rule books on the wire: their events are one proto message, told apart by what they are about.

mod allowance;
mod consultation;
mod funds;
mod headcount;
mod letters;
mod personnel;
mod sign_off;
mod suggestion;
#[cfg(test)]
mod tests;

use proto::powers::v1 as wire;
use proto::powers::v1::powers_event::Event as WireEvent;
use proto::record::v1::{Event as AnyEvent, event::Of};
use record::WireError;

use crate::domain::hundredths::Hundredths;
use crate::domain::{
    Answer, Document, Verdict, consultation as consulting, headcount as posted, personnel as lettered,
    sign_off as signing,
};

fn any(event: WireEvent) -> AnyEvent {
    AnyEvent { of: Some(Of::Powers(wire::PowersEvent { event: Some(event) })) }
}

fn known(event: &AnyEvent) -> Result<&WireEvent, WireError> {
    let Some(Of::Powers(wire::PowersEvent { event: Some(event) })) = &event.of else {
        return Err(WireError::new("event", "not one of the powers"));
    };
    Ok(event)
}

/// Declares a pair of functions between a wire enumeration and ours; UNSPECIFIED is none of ours.
macro_rules! words {
    ($($read:ident, $write:ident, $field:literal: $ours:path = $wire:ident { $($word:ident),+ $(,)? })+) => {
        $(pub(crate) fn $read(value: i32) -> Result<$ours, WireError> {
            use $ours as Ours;
            match wire::$wire::try_from(value) {
                Ok(wire::$wire::Unspecified) => Err(WireError::new($field, "missing")),
                $(Ok(wire::$wire::$word) => Ok(Ours::$word),)+
                Err(_) => Err(WireError::new($field, format!("{value} is not known here"))),
            }
        }

        pub(crate) fn $write(value: $ours) -> i32 {
            use $ours as Ours;
            match value { $(Ours::$word => wire::$wire::$word,)+ }.into()
        })+
    };
}

words! {
    from_verdict, to_verdict, "verdict": Verdict = Verdict { Adopted, Partly, NotAdopted }
    from_phase, to_phase, "phase": consulting::Phase = Phase { DrawnUp, CarriedOut, Changed }
    from_advance, to_advance, "to": consulting::Advance = Advance { CarriedOut, Changed, Finished, Dropped }
    from_matter, to_matter, "matter": lettered::Matter = PersonnelMatter { Promotion, Assessment, Reward, Punishment }
    from_secrecy, to_secrecy, "secrecy": lettered::Secrecy = Secrecy { Ordinary, Confidential }
    from_stance, to_stance, "stance": lettered::Stance = Stance { NoObjection, Reservation, Objection }
    from_decided, to_decided, "decided": lettered::Decided = Decided { AsProposed, Dropped }
    from_gate, to_gate, "gate": signing::Gate = Gate { Planning, Building, Acceptance }
    from_post_kind, to_post_kind, "kind": posted::PostKind = PostKind { Administrative, Institution }
}

fn from_answer(verdict: i32, reason: &str) -> Result<Answer, WireError> {
    Ok(Answer { verdict: from_verdict(verdict)?, reason: reason.to_owned() })
}

fn from_hundredths(field: &'static str, text: &str) -> Result<Hundredths, WireError> {
    text.parse().map_err(|error| WireError::new(field, error))
}

pub(crate) fn to_documents(documents: &[Document]) -> Vec<wire::Document> {
    let written = |document: &Document| wire::Document { name: document.name.clone(), sha256: document.sha256.clone() };
    documents.iter().map(written).collect()
}

fn from_documents(documents: &[wire::Document]) -> Vec<Document> {
    let read = |document: &wire::Document| Document { name: document.name.clone(), sha256: document.sha256.clone() };
    documents.iter().map(read).collect()
}
