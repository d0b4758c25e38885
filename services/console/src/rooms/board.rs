//! The board of a call: who was called, who has answered, who is there, and until when each has time. Made of the facts of
//! the case, which come with it.

use maud::{Markup, html};
use proto::casebook::v1::TimelineEntry;
use proto::common::v1::{Colour, Duty, Officer, Outcome};
use proto::dispatch::v1::{
    CallEnded, Called, ColourRaised, PartyDone, Released, ReportedIn, Responded, ReturnAdjudicated, Returned,
    Unqualified,
};
use proto::word;
use serde::de::DeserializeOwned;

use crate::ask::Signed;
use crate::when::read;
use crate::words::{Desk, fill, named};

/// A call with those who were called.
pub struct Board {
    pub number: u32,
    pub situation: String,
    pub colour: Colour,
    pub over: bool,
    called: Called,
    pub parties: Vec<Seat>,
}

/// A called unit, and how far it is.
pub struct Seat {
    pub party: String,
    duty: Duty,
    stage: Stage,
    /// What it said when it sent the call back, and whose it says it is; while that is to be decided.
    pub returned: Option<Returned>,
}

#[derive(PartialEq)]
enum Stage {
    Called,
    Responded(String),
    There(String),
    Done(Outcome),
    Released,
}

/// The boards of all calls of a case, the newest first.
pub fn of(timeline: &[TimelineEntry]) -> Vec<Board> {
    let mut boards: Vec<Board> = Vec::new();
    for entry in timeline {
        match entry.event.as_str() {
            "Called" => boards.extend(fact(entry).map(Board::new)),
            "ColourRaised" => {
                on::<ColourRaised>(&mut boards, entry, |fact| fact.call, |board, fact| board.colour = fact.to())
            }
            "CallEnded" => on::<CallEnded>(&mut boards, entry, |fact| fact.call, |board, _| board.over = true),
            "Responded" => {
                on::<Responded>(
                    &mut boards,
                    entry,
                    |fact| fact.call,
                    |board, fact| {
                        board.is(&fact.party, Stage::Responded(officer(fact.officer.as_ref())));
                    },
                );
            }
            "ReportedIn" => {
                on::<ReportedIn>(
                    &mut boards,
                    entry,
                    |fact| fact.call,
                    |board, fact| {
                        board.is(&fact.party, Stage::There(officer(fact.officer.as_ref())));
                    },
                );
            }
            "Unqualified" => {
                on::<Unqualified>(
                    &mut boards,
                    entry,
                    |fact| fact.call,
                    |board, fact| board.is(&fact.party, Stage::Called),
                );
            }
            "PartyDone" => {
                on::<PartyDone>(
                    &mut boards,
                    entry,
                    |fact| fact.call,
                    |board, fact| {
                        board.is(&fact.party, Stage::Done(fact.outcome()));
                    },
                );
            }
            "Released" => {
                on::<Released>(
                    &mut boards,
                    entry,
                    |fact| fact.call,
                    |board, fact| board.is(&fact.party, Stage::Released),
                );
            }
            "Returned" => {
                on::<Returned>(
                    &mut boards,
                    entry,
                    |fact| fact.call,
                    |board, fact| {
                        if let Some(seat) = board.seat(&fact.party) {
                            seat.returned = Some(fact.clone());
                        }
                    },
                );
            }
            "ReturnAdjudicated" => {
                on::<ReturnAdjudicated>(
                    &mut boards,
                    entry,
                    |fact| fact.call,
                    |board, fact| {
                        if let Some(seat) = board.seat(&fact.party) {
                            seat.returned = None;
                        }
                        if fact.upheld {
                            board.is(&fact.party, Stage::Released);
                        }
                    },
                );
            }
            _ => {}
        }
    }
    boards.reverse();
    boards
}

/// The fact of an entry; none for whoever is not shown it.
pub fn fact<F: DeserializeOwned>(entry: &TimelineEntry) -> Option<F> {
    serde_json::from_str(&entry.detail_json).ok()
}

fn on<F: DeserializeOwned>(
    boards: &mut [Board],
    entry: &TimelineEntry,
    call: impl Fn(&F) -> u32,
    change: impl Fn(&mut Board, &F),
) {
    let Some(fact) = fact::<F>(entry) else { return };
    if let Some(board) = boards.iter_mut().find(|board| board.number == call(&fact)) {
        change(board, &fact);
    }
}

impl Board {
    fn new(called: Called) -> Self {
        let seat = |party: &proto::dispatch::v1::CalledParty| Seat {
            party: party.party.clone(),
            duty: party.duty(),
            stage: Stage::Called,
            returned: None,
        };
        Self {
            number: called.call,
            situation: called.situation.clone(),
            colour: called.colour(),
            over: false,
            parties: called.parties.iter().map(seat).collect(),
            called,
        }
    }

    pub fn seat(&mut self, party: &str) -> Option<&mut Seat> {
        self.parties.iter_mut().find(|seat| seat.party == party)
    }

    fn is(&mut self, party: &str, stage: Stage) {
        if let Some(seat) = self.seat(party) {
            seat.stage = stage;
        }
    }

    /// Until when the next thing is expected of a unit.
    fn due(&self, seat: &Seat) -> Option<jiff::Timestamp> {
        let due = match &seat.stage {
            Stage::Called => self.called.response_due.as_ref(),
            Stage::Responded(_) => self.called.report_in_due.as_ref(),
            Stage::There(_) => self.called.completion_due.as_ref(),
            Stage::Done(_) | Stage::Released => None,
        };
        read(due).filter(|_| !self.over)
    }

    pub fn show(&self, signed: &Signed) -> Markup {
        let words = Desk::of(signed.language);
        let situation = signed.charter.situation(&self.situation).map(|known| signed.name_of(&known.name));
        let situation = situation.unwrap_or_else(|| self.situation.clone());
        let colour = colour_code(self.colour);
        html! {
            div .scroll tabindex="0" role="region" aria-label=(words.board) {
                table .stacked {
                    caption {
                        (fill(words.board_of, &[("n", &self.number.to_string()), ("situation", &situation)])) " "
                        @if !colour.is_empty() { span .tag .(colour) { (named(signed.language, colour)) } }
                    }
                    thead { tr {
                        th scope="col" { (words.unit) } th scope="col" { (words.duty) }
                        th scope="col" { (words.progress) } th scope="col" { (words.due) }
                    } }
                    tbody { @for seat in &self.parties { tr {
                        th scope="row" { (signed.unit(&seat.party)) }
                        td data-label=(words.duty) { (duty(words, seat.duty)) }
                        td data-label=(words.progress) { (seat.stage(signed, words)) }
                        td data-label=(words.due) { @if let Some(due) = self.due(seat) { (signed.clock().countdown(due)) } }
                    } } }
                }
            }
        }
    }
}

impl Seat {
    fn stage(&self, signed: &Signed, words: &Desk) -> String {
        if self.returned.is_some() {
            return words.board_returned.to_owned();
        }
        match &self.stage {
            Stage::Called => words.board_called.to_owned(),
            Stage::Responded(who) => fill(words.board_responded, &[("who", who)]),
            Stage::There(who) => fill(words.board_there, &[("who", who)]),
            Stage::Done(outcome) => {
                let outcome = word(outcome.as_str_name(), "OUTCOME_");
                fill(words.board_done, &[("outcome", named(signed.language, &outcome))])
            }
            Stage::Released => words.board_released.to_owned(),
        }
    }
}

fn officer(officer: Option<&Officer>) -> String {
    let Some(officer) = officer else { return String::new() };
    [officer.staff_ref.as_str(), officer.post.as_str()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn duty(words: &Desk, duty: Duty) -> &'static str {
    match duty {
        Duty::Lead => words.lead,
        Duty::Organise => words.organise,
        Duty::Assist => words.assist,
        Duty::Unspecified => "",
    }
}

/// As we name colours; empty: none.
pub const fn colour_code(colour: Colour) -> &'static str {
    match colour {
        Colour::Red => "red",
        Colour::Yellow => "yellow",
        Colour::Blue => "blue",
        Colour::Unspecified => "",
    }
}
