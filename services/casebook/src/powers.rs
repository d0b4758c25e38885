//! What the powers of the streets have under way: one line for each project, suggestion and letter, with who
//! has to act and until when.
//!
//! There are some hundreds a year in a district, so a list reads the lines of its district and looks at each.

use std::collections::{BTreeMap, BTreeSet};

use ids::Code;
use pbjson_types::Timestamp;
use proto::casebook::v1::{ListPowersResponse, PowerAnswer, PowerEntry};
use proto::facts::{Facts, PowersFacts};
use proto::powers::v1::{
    Advance, Decided, LetterFinalised, LetterNumbered, LetterReplied, LetterSent, OpinionAnswered, OpinionGiven,
    OpinionsExpired, ProjectAdvanced, ProjectOpened, ReplyExpired, Secrecy, Stance, StreetsAsked, SuggestionAnswered,
    SuggestionMade, SuggestionWithdrawn, TalkHeld, Verdict,
};
use record::StoredCommit;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::{Deserialize, Serialize};
use station::access::{Concern, Scope};

use crate::copy::CopyError;

/// Lines looked at for one list, the newest: many years of a district.
const LOOKED_AT_MAX: u32 = 20_000;

pub const TABLE: &str = "
    CREATE TABLE powers (
        district TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, position INTEGER NOT NULL, known TEXT NOT NULL,
        PRIMARY KEY (district, kind, id)) WITHOUT ROWID;
    CREATE INDEX powers_newest ON powers (district, position);";

/// What is asked for, and by whom.
pub struct Wanted {
    pub district: Code,
    pub kind: String,
    pub state: String,
    pub party: String,
    pub scope: Scope,
    /// The asker's own unit and street: what is confidential is shown to these alone.
    pub own: Vec<Code>,
    pub size: usize,
}

/// One line, as far as the facts have made it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Known {
    title: String,
    state: String,
    confidential: bool,
    occasion: String,
    /// Whose it is: the asker of a project, the department of a letter, the street of a suggestion.
    owner: String,
    parties: BTreeSet<String>,
    answers: BTreeMap<String, String>,
    /// Who has not said anything yet, each with its deadline in seconds; 0: none.
    silent: BTreeMap<String, i64>,
    /// The office with which the department still has to talk.
    talk_with: String,
    year: i32,
    number: u32,
    changed_at: i64,
}

/// Whoever has said something that nobody has answered.
const GIVEN: &str = "given";

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Unspecified => "",
        Verdict::Adopted => "adopted",
        Verdict::Partly => "partly",
        Verdict::NotAdopted => "not-adopted",
    }
}

impl Facts for Known {
    type Found = ();

    fn nothing() {}
}

impl PowersFacts for Known {
    fn project_opened(&mut self, fact: &ProjectOpened) {
        self.title.clone_from(&fact.title);
        "drawn-up".clone_into(&mut self.state);
        self.owned_by(&fact.asker);
    }

    fn streets_asked(&mut self, fact: &StreetsAsked) {
        let due = fact.due.as_ref().map(|due| due.seconds).unwrap_or_default();
        for street in &fact.streets {
            self.parties.insert(street.clone());
            self.silent.insert(street.clone(), due);
            self.answers.remove(street);
        }
    }

    fn opinion_given(&mut self, fact: &OpinionGiven) {
        self.silent.remove(&fact.street);
        self.answers.insert(fact.street.clone(), GIVEN.to_owned());
    }

    fn opinion_answered(&mut self, fact: &OpinionAnswered) {
        self.answers.insert(fact.street.clone(), word(fact.verdict()).to_owned());
    }

    fn opinions_expired(&mut self, fact: &OpinionsExpired) {
        let due = fact.due.as_ref().map(|due| due.seconds).unwrap_or_default();
        self.silent.retain(|street, until| !(fact.streets.contains(street) && *until == due));
    }

    fn project_advanced(&mut self, fact: &ProjectAdvanced) {
        let state = match fact.to() {
            Advance::Unspecified => return,
            Advance::CarriedOut => "carried-out",
            Advance::Changed => "changed",
            Advance::Finished => "finished",
            Advance::Dropped => "dropped",
        };
        state.clone_into(&mut self.state);
        if self.is_over() {
            self.silent.clear();
        }
    }

    fn suggestion_made(&mut self, fact: &SuggestionMade) {
        self.title.clone_from(&fact.title);
        self.occasion.clone_from(&fact.occasion);
        "open".clone_into(&mut self.state);
        self.owned_by(&fact.street);
        for addressee in &fact.addressees {
            self.parties.insert(addressee.clone());
            self.silent.insert(addressee.clone(), 0);
        }
    }

    fn suggestion_answered(&mut self, fact: &SuggestionAnswered) {
        self.silent.remove(&fact.addressee);
        self.answers.insert(fact.addressee.clone(), word(fact.verdict()).to_owned());
        if self.silent.is_empty() {
            let first = self.answers.values().next().cloned().unwrap_or_default();
            // Not all the same is adopted in part.
            let same = self.answers.values().all(|answer| *answer == first);
            self.state = if same { first } else { "partly".to_owned() };
        }
    }

    fn suggestion_withdrawn(&mut self, _: &SuggestionWithdrawn) {
        "withdrawn".clone_into(&mut self.state);
        self.silent.clear();
    }

    fn letter_sent(&mut self, fact: &LetterSent) {
        self.confidential = fact.secrecy() == Secrecy::Confidential;
        "sent".clone_into(&mut self.state);
        self.owned_by(&fact.department);
        self.parties.insert(fact.street.clone());
        self.silent.insert(fact.street.clone(), fact.due.as_ref().map(|due| due.seconds).unwrap_or_default());
        self.talk_with.clone_from(&fact.talk_with);
        let secret = if self.confidential { ", confidential" } else { "" };
        self.title =
            format!("{}{secret}", fact.matter().as_str_name().trim_start_matches("PERSONNEL_MATTER_").to_lowercase());
    }

    fn letter_numbered(&mut self, fact: &LetterNumbered) {
        (self.year, self.number) = (fact.year, fact.number);
    }

    fn talk_held(&mut self, fact: &TalkHeld) {
        if self.talk_with == fact.office {
            self.talk_with.clear();
        }
    }

    fn letter_replied(&mut self, fact: &LetterReplied) {
        "replied".clone_into(&mut self.state);
        let said = match fact.stance() {
            Stance::Unspecified => "",
            Stance::NoObjection => "no-objection",
            Stance::Reservation => "reservation",
            Stance::Objection => "objection",
        };
        let streets: Vec<String> = std::mem::take(&mut self.silent).into_keys().collect();
        self.answers.extend(streets.into_iter().map(|street| (street, said.to_owned())));
    }

    fn reply_expired(&mut self, _: &ReplyExpired) {
        "expired".clone_into(&mut self.state);
        self.silent.clear();
    }

    fn letter_finalised(&mut self, fact: &LetterFinalised) {
        let state = match fact.decided() {
            Decided::Unspecified => return,
            Decided::AsProposed => "decided",
            Decided::Dropped => "dropped",
        };
        state.clone_into(&mut self.state);
        self.silent.clear();
    }
}

impl Known {
    fn owned_by(&mut self, owner: &str) {
        self.parties.insert(owner.to_owned());
        owner.clone_into(&mut self.owner);
    }

    fn is_over(&self) -> bool {
        let over = ["finished", "dropped", "decided", "adopted", "partly", "not-adopted", "withdrawn"];
        over.contains(&self.state.as_str())
    }

    /// Those who have not spoken; then whoever has to answer, talk or decide.
    fn waits_for(&self) -> Vec<String> {
        if self.is_over() {
            return vec![];
        }
        if !self.silent.is_empty() {
            return self.silent.keys().cloned().collect();
        }
        let unanswered = self.answers.values().any(|answer| answer == GIVEN);
        let to_decide = ["replied", "expired"].contains(&self.state.as_str());
        if unanswered || to_decide { vec![self.owner.clone()] } else { vec![] }
    }

    fn concerns(&self) -> Vec<Concern> {
        let code = |party: &String| party.parse().ok().map(Concern::Party);
        self.parties.iter().filter_map(code).collect()
    }

    fn is_seen_by(&self, wanted: &Wanted) -> bool {
        if self.confidential {
            return wanted.own.iter().any(|own| self.parties.contains(own.as_str()));
        }
        wanted.scope.covers(&wanted.district, &self.concerns())
    }

    fn due(&self) -> Option<i64> {
        self.silent.values().copied().filter(|due| *due != 0).min()
    }

    fn entry(&self, kind: &str, id: &str) -> PowerEntry {
        let instant = |seconds: i64| Timestamp { seconds, nanos: 0 };
        let answer = |(party, answer): (&String, &String)| PowerAnswer { party: party.clone(), answer: answer.clone() };
        PowerEntry {
            kind: kind.to_owned(),
            id: id.to_owned(),
            title: self.title.clone(),
            state: self.state.clone(),
            waits_for: self.waits_for(),
            parties: self.parties.iter().cloned().collect(),
            due: self.due().map(instant),
            changed_at: Some(instant(self.changed_at)),
            answers: self.answers.iter().map(answer).collect(),
            occasion: self.occasion.clone(),
            confidential: self.confidential,
            year: self.year,
            number: self.number,
        }
    }
}

/// # Errors
/// The copy cannot be written.
pub fn take(transaction: &Transaction<'_>, stored: &StoredCommit) -> Result<(), CopyError> {
    let key = &stored.subject.key;
    let (district, kind, id) = (key.district.as_str(), key.kind.as_str(), key.id.as_str());
    let known: Option<String> = transaction
        .prepare_cached("SELECT known FROM powers WHERE district = ?1 AND kind = ?2 AND id = ?3")?
        .query_row(params![district, kind, id], |row| row.get(0))
        .optional()?;
    let mut known = known.map(|known| read(&known)).transpose()?.unwrap_or_default();
    stored.commit.powers_facts().for_each(|fact| fact.told_to(&mut known));
    known.changed_at = stored.commit.at.as_ref().map(|at| at.seconds).unwrap_or_default();
    let known = serde_json::to_string(&known).map_err(|error| CopyError::Form(error.to_string()))?;
    transaction.prepare_cached("INSERT OR REPLACE INTO powers VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(params![
        district,
        kind,
        id,
        i64::try_from(stored.sequence).unwrap_or(i64::MAX),
        known
    ])?;
    Ok(())
}

/// Those that wait for somebody first, by deadline; then the others, newest first.
///
/// # Errors
/// The copy cannot be read.
pub fn list(connection: &Connection, wanted: &Wanted) -> Result<ListPowersResponse, CopyError> {
    let mut statement = connection
        .prepare_cached("SELECT kind, id, known FROM powers WHERE district = ?1 ORDER BY position DESC LIMIT ?2")?;
    let mut rows = statement.query(params![wanted.district.as_str(), LOOKED_AT_MAX])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let (kind, id, known): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let known = read(&known)?;
        let fits = |asked: &str, is: &str| asked.is_empty() || asked == is;
        let has_part = wanted.party.is_empty() || known.parties.contains(&wanted.party);
        if known.is_seen_by(wanted) && fits(&wanted.kind, &kind) && fits(&wanted.state, &known.state) && has_part {
            entries.push(known.entry(&kind, &id));
        }
    }
    // Stable: of the same rank the newest stays first.
    entries.sort_by_key(|entry| {
        let waits = !entry.waits_for.is_empty();
        (!waits, entry.due.as_ref().filter(|_| waits).map_or(i64::MAX, |due| due.seconds))
    });
    let total = u32::try_from(entries.len()).unwrap_or(u32::MAX);
    entries.truncate(wanted.size);
    Ok(ListPowersResponse { entries, total, as_of: None })
}

fn read(known: &str) -> Result<Known, CopyError> {
    serde_json::from_str(known).map_err(|error| CopyError::Form(error.to_string()))
}

#[cfg(test)]
mod tests;
