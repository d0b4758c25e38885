//! The course of a case: the facts that statements are made of, in the order of the record, without a word of anybody.
//!
//! It is kept beside the line, because it changes more often, and a statement reads the courses of its period and nothing
//! else. Sums by the day would not do: half of what is asked for are medians, which no sum gives, and what a fact counts
//! for (a clock that was kept, a matter that left its street) depends on what came before it in the same case. What is
//! made of a course is in `report/walk.rs`, and can change without a word here.

use ids::HistoryKey;
use jiff::Timestamp;
use prost::Message;
use proto::FromWireTime;
use proto::dispatch::v1::{
    Assigned, Called, CityReturned, Closed, Escalated, Overdue, PartyDone, RecurrenceFound, Released, Reopened,
    ReportedIn, Resolved, Responded, ReturnAdjudicated, Returned, TaskDone, Transferred, Unqualified,
};
use proto::evaluation::v1::{PartyRated, Rated, RatingLapsed, Scored};
use proto::facts::{DispatchFacts, EvaluationFacts, Facts, IntakeFacts, TriageFacts};
use proto::intake::v1::{ExclusionApproved, LinkedAsDuplicate, Received};
use proto::record::v1::{Commit, event::Of};
use proto::triage::v1::{Classified, Dismissed, Judged, Judgement, Regraded};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::copy::CopyError;

/// `position` is the case's, as in `cases`. `until_us` is when the last fact of it came, or no end while it is open, so
/// that whoever asks for a period finds all that went on in it. `seen` has the latest instant at which anything was decided.
pub const TABLES: &str = "
    CREATE TABLE courses (
        position INTEGER PRIMARY KEY, district TEXT NOT NULL, received_us INTEGER NOT NULL, until_us INTEGER NOT NULL,
        course BLOB NOT NULL);
    CREATE INDEX courses_by_end ON courses (district, until_us);
    CREATE TABLE seen (district TEXT PRIMARY KEY, at_us INTEGER NOT NULL) WITHOUT ROWID;";

/// The end of what is open.
const OPEN: i64 = i64::MAX;

/// What became of one case. A history has a bound, so this has one: at most `REVISIONS_MAX` commits of each owner.
#[derive(Clone, PartialEq, Message)]
pub struct Course {
    #[prost(int64, tag = "1")]
    pub received_us: i64,
    #[prost(int32, tag = "2")]
    pub kind: i32,
    #[prost(int32, tag = "3")]
    pub caller_class: i32,
    #[prost(int32, tag = "4")]
    pub way: i32,
    #[prost(string, tag = "5")]
    pub channel: String,
    /// The grid, community or street that it lies in; empty: not known.
    #[prost(string, tag = "6")]
    pub place: String,
    /// Codes that marks have, each once: a party comes up again and again.
    #[prost(string, repeated, tag = "7")]
    names: Vec<String>,
    #[prost(message, repeated, tag = "8")]
    pub marks: Vec<Mark>,
}

/// One fact. What its numbers mean is said at its kind.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct Mark {
    #[prost(int64, tag = "1")]
    pub at_us: i64,
    #[prost(enumeration = "What", tag = "2")]
    what: i32,
    /// Which name, counted from 1; 0: none.
    #[prost(uint32, tag = "3")]
    unit: u32,
    #[prost(uint32, tag = "4")]
    other: u32,
    #[prost(uint32, tag = "5")]
    pub number: u32,
    #[prost(int32, tag = "6")]
    pub sort: i32,
    #[prost(bool, tag = "7")]
    pub yes: bool,
}

/// Kinds of marks. A number is kept for ever in no file: a copy of an older form is made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, prost::Enumeration)]
#[repr(i32)]
pub enum What {
    Nothing = 0,
    Received = 1,
    /// `other` is the category, `sort` the level.
    Judged = 2,
    /// `unit` has it now; `sort` is the level, `other` the category if it was judged anew.
    Held = 3,
    /// `unit` was called by `number`.
    Called = 4,
    /// `yes`: in time; so below.
    Responded = 5,
    ReportedIn = 6,
    /// Whoever came could not decide: response and report-in are wanted again.
    Unqualified = 7,
    PartyDone = 8,
    Released = 9,
    Returned = 10,
    /// `yes`: upheld.
    Adjudicated = 11,
    /// `number` is the task.
    TaskDone = 12,
    /// `sort` is the clock; `number` the call, or of a task the task.
    Overdue = 13,
    /// `unit` had it.
    Resolved = 14,
    Reopened = 15,
    /// `sort` is the outcome, 0 without one.
    Closed = 16,
    /// `other` is the rate as a decimal.
    Rated = 17,
    RatingLapsed = 18,
    PartyRated = 19,
    Recurred = 20,
    Excluded = 21,
    /// It left triage, or went on in another case.
    Left = 22,
    /// `unit` was scored in round `number`; `other` is what it came to, as [`score_said`] writes it.
    Scored = 23,
}

/// A score in one word, because the parties of a case often have the same: the total, empty where it is held back, and each
/// component that is known, as `85.0000;completion=1;satisfaction=0.7`.
fn score_said(score: &Scored) -> String {
    let known = score.components.iter().filter(|part| !part.rate.is_empty());
    known.fold(score.total.clone(), |said, part| format!("{said};{}={}", part.code, part.rate))
}

impl Mark {
    pub fn kind(&self) -> What {
        What::try_from(self.what).unwrap_or(What::Nothing)
    }
}

impl Course {
    /// Who is meant by a mark; empty: nobody.
    pub fn unit(&self, mark: &Mark) -> &str {
        self.name(mark.unit)
    }

    /// The other thing that a mark names.
    pub fn other(&self, mark: &Mark) -> &str {
        self.name(mark.other)
    }

    fn name(&self, number: u32) -> &str {
        let at = usize::try_from(number).unwrap_or_default();
        at.checked_sub(1).and_then(|at| self.names.get(at)).map_or("", String::as_str)
    }

    /// Whether a commit is of an owner whose facts statements are made of.
    pub fn may_learn(commit: &Commit) -> bool {
        let of_others =
            |of: &Option<Of>| matches!(of, Some(Of::EnforcementCenter(_) | Of::Notification(_) | Of::Powers(_)) | None);
        commit.facts().any(|event| !of_others(&event.of))
    }

    /// Adds what a commit has for statements, and says whether that was anything.
    pub fn learn(&mut self, commit: &Commit) -> bool {
        let Ok(at) = commit.at.time() else { return false };
        let before = self.marks.len();
        let mut learning = Learning { at_us: at.as_microsecond(), course: self };
        for event in commit.facts() {
            match &event.of {
                Some(Of::Intake(fact)) => fact.event.as_ref().map(|fact| fact.told_to(&mut learning)),
                Some(Of::Triage(fact)) => fact.event.as_ref().map(|fact| fact.told_to(&mut learning)),
                Some(Of::Dispatch(fact)) => fact.event.as_ref().map(|fact| fact.told_to(&mut learning)),
                Some(Of::Evaluation(fact)) => fact.event.as_ref().map(|fact| fact.told_to(&mut learning)),
                Some(Of::EnforcementCenter(_) | Of::Notification(_) | Of::Powers(_)) | None => None,
            };
        }
        self.marks.len() > before
    }

    /// When the last fact came, or no end.
    fn until_us(&self) -> i64 {
        let mut open = true;
        for mark in &self.marks {
            let kind = mark.kind();
            open = kind == What::Reopened || open && !matches!(kind, What::Closed | What::Left | What::Excluded);
        }
        if open { OPEN } else { self.marks.iter().map(|mark| mark.at_us).max().unwrap_or(OPEN) }
    }

    /// Writes it at the position of its case.
    ///
    /// # Errors
    /// The copy cannot be written.
    pub fn save(
        &self,
        transaction: &Transaction<'_>,
        key: &HistoryKey,
        position: i64,
        saved_until_us: &mut Option<i64>,
    ) -> Result<Vec<u8>, CopyError> {
        let (until_us, bytes) = (self.until_us(), self.encode_to_vec());
        match saved_until_us {
            // The index stays as it is: most facts come while the case is open.
            Some(saved) if *saved == until_us => transaction
                .prepare_cached("UPDATE courses SET course = ?2 WHERE position = ?1")?
                .execute(params![position, bytes])?,
            Some(_) | None => transaction
                .prepare_cached(
                    "INSERT INTO courses VALUES (?1, ?2, ?3, ?4, ?5) \
                     ON CONFLICT DO UPDATE SET until_us = excluded.until_us, course = excluded.course",
                )?
                .execute(params![position, key.district.as_str(), self.received_us, until_us, bytes])?,
        };
        *saved_until_us = Some(until_us);
        Ok(bytes)
    }
}

/// The course that the copy has of the case at a position, and its end.
///
/// # Errors
/// The copy cannot be read.
pub fn written(connection: &Connection, position: i64) -> Result<Option<(i64, Vec<u8>)>, CopyError> {
    Ok(connection
        .prepare_cached("SELECT until_us, course FROM courses WHERE position = ?1")?
        .query_row([position], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?)
}

/// Remembers that something was decided in a district at an instant.
///
/// # Errors
/// The copy cannot be written.
pub fn saw(transaction: &Transaction<'_>, district: &str, at_us: i64) -> Result<(), CopyError> {
    transaction
        .prepare_cached(
            "INSERT INTO seen VALUES (?1, ?2) ON CONFLICT DO UPDATE SET at_us = max(at_us, excluded.at_us)",
        )?
        .execute(params![district, at_us])?;
    Ok(())
}

/// The latest instant at which anything was decided in a district.
///
/// # Errors
/// The copy cannot be read.
pub fn seen(connection: &Connection, district: &str) -> Result<Option<i64>, CopyError> {
    Ok(connection
        .prepare_cached("SELECT at_us FROM seen WHERE district = ?1")?
        .query_row([district], |row| row.get(0))
        .optional()?)
}

/// Hands every course of a district to `take` that has a fact from `from_us` on, and was received before `to_us`.
///
/// # Errors
/// The copy cannot be read.
pub fn read(
    connection: &Connection,
    district: &str,
    from_us: i64,
    to_us: i64,
    mut take: impl FnMut(&Course),
) -> Result<(), CopyError> {
    let mut statement = connection
        .prepare_cached("SELECT course FROM courses WHERE district = ?1 AND until_us >= ?2 AND received_us < ?3")?;
    let mut rows = statement.query(params![district, from_us, to_us])?;
    while let Some(row) = rows.next()? {
        take(&Course::decode(row.get_ref(0)?.as_blob().unwrap_or_default())?);
    }
    Ok(())
}

/// A course while the facts of one commit are added.
struct Learning<'c> {
    at_us: i64,
    course: &'c mut Course,
}

impl Learning<'_> {
    fn mark(&mut self, what: What, fill: impl FnOnce(&mut Self, &mut Mark)) {
        let mut mark = Mark { at_us: self.at_us, what: what.into(), ..Mark::default() };
        fill(self, &mut mark);
        self.course.marks.push(mark);
    }

    fn named(&mut self, name: &str) -> u32 {
        if name.is_empty() {
            return 0;
        }
        let names = &mut self.course.names;
        let at = names.iter().position(|known| known == name).unwrap_or_else(|| {
            names.push(name.to_owned());
            names.len() - 1
        });
        u32::try_from(at + 1).unwrap_or_default()
    }

    fn judge(&mut self, judgement: Option<&Judgement>) {
        let Some(judgement) = judgement else { return };
        self.mark(What::Judged, |this, mark| {
            mark.other = this.named(&judgement.category);
            mark.sort = judgement.level;
        });
    }

    fn held(&mut self, party: &str, level: i32, category: &str) {
        self.mark(What::Held, |this, mark| {
            mark.unit = this.named(party);
            mark.other = this.named(category);
            mark.sort = level;
        });
    }

    fn of_call(&mut self, what: What, party: &str, call: u32, yes: bool) {
        self.mark(what, |this, mark| {
            mark.unit = this.named(party);
            mark.number = call;
            mark.yes = yes;
        });
    }
}

impl Facts for Learning<'_> {
    type Found = ();

    fn nothing() {}
}

impl IntakeFacts for Learning<'_> {
    fn received(&mut self, fact: &Received) {
        let received_us = fact.received_at.time().map_or(self.at_us, Timestamp::as_microsecond);
        let course = &mut *self.course;
        course.received_us = received_us;
        course.kind = fact.kind;
        course.caller_class = fact.caller_class;
        course.way = fact.way;
        course.channel.clone_from(&fact.channel);
        course.place = fact.place.as_ref().map(|place| place.party.clone()).unwrap_or_default();
        self.mark(What::Received, |_, mark| mark.at_us = received_us);
    }

    fn linked_as_duplicate(&mut self, _: &LinkedAsDuplicate) {
        self.mark(What::Left, |_, _| {});
    }

    fn exclusion_approved(&mut self, _: &ExclusionApproved) {
        self.mark(What::Excluded, |_, _| {});
    }
}

impl TriageFacts for Learning<'_> {
    fn classified(&mut self, fact: &Classified) {
        self.judge(fact.judgement.as_ref());
    }

    fn judged(&mut self, fact: &Judged) {
        self.judge(fact.judgement.as_ref());
    }

    fn regraded(&mut self, fact: &Regraded) {
        self.judge(fact.judgement.as_ref());
    }

    fn dismissed(&mut self, _: &Dismissed) {
        self.mark(What::Left, |_, _| {});
    }
}

impl DispatchFacts for Learning<'_> {
    fn assigned(&mut self, fact: &Assigned) {
        self.held(&fact.party, fact.level, &fact.category);
    }

    fn escalated(&mut self, fact: &Escalated) {
        self.held(&fact.to_party, fact.to, "");
    }

    fn transferred(&mut self, fact: &Transferred) {
        self.held(&fact.to_party, proto::common::v1::Level::D.into(), "");
    }

    fn city_returned(&mut self, fact: &CityReturned) {
        self.held(&fact.to_party, proto::common::v1::Level::C.into(), "");
    }

    fn called(&mut self, fact: &Called) {
        for called in &fact.parties {
            self.of_call(What::Called, &called.party, fact.call, false);
        }
    }

    fn responded(&mut self, fact: &Responded) {
        self.of_call(What::Responded, &fact.party, fact.call, fact.in_time);
    }

    fn reported_in(&mut self, fact: &ReportedIn) {
        self.of_call(What::ReportedIn, &fact.party, fact.call, fact.in_time);
    }

    fn unqualified(&mut self, fact: &Unqualified) {
        self.of_call(What::Unqualified, &fact.party, fact.call, false);
    }

    fn party_done(&mut self, fact: &PartyDone) {
        self.of_call(What::PartyDone, &fact.party, fact.call, fact.in_time);
    }

    fn released(&mut self, fact: &Released) {
        self.of_call(What::Released, &fact.party, fact.call, false);
    }

    fn returned(&mut self, fact: &Returned) {
        self.of_call(What::Returned, &fact.party, fact.call, false);
    }

    fn return_adjudicated(&mut self, fact: &ReturnAdjudicated) {
        self.of_call(What::Adjudicated, &fact.party, fact.call, fact.upheld);
    }

    fn task_done(&mut self, fact: &TaskDone) {
        self.of_call(What::TaskDone, &fact.party, fact.task, fact.in_time);
    }

    fn overdue(&mut self, fact: &Overdue) {
        self.mark(What::Overdue, |this, mark| {
            mark.unit = this.named(&fact.party);
            mark.number = if fact.task == 0 { fact.call } else { fact.task };
            mark.sort = fact.clock;
        });
    }

    fn resolved(&mut self, fact: &Resolved) {
        self.mark(What::Resolved, |this, mark| {
            mark.unit = this.named(&fact.owner);
            mark.sort = fact.outcome;
        });
    }

    fn reopened(&mut self, _: &Reopened) {
        self.mark(What::Reopened, |_, _| {});
    }

    fn closed(&mut self, fact: &Closed) {
        self.mark(What::Closed, |_, mark| mark.sort = fact.outcome);
    }

    fn recurrence_found(&mut self, fact: &RecurrenceFound) {
        self.mark(What::Recurred, |_, mark| mark.number = fact.times);
    }
}

impl EvaluationFacts for Learning<'_> {
    fn rated(&mut self, fact: &Rated) {
        self.mark(What::Rated, |this, mark| {
            mark.other = this.named(&fact.rate);
            mark.number = fact.round;
            mark.yes = fact.solved;
        });
    }

    fn party_rated(&mut self, fact: &PartyRated) {
        self.mark(What::PartyRated, |this, mark| {
            mark.unit = this.named(&fact.party);
            mark.other = this.named(&fact.rate);
            mark.number = fact.round;
        });
    }

    fn rating_lapsed(&mut self, fact: &RatingLapsed) {
        self.mark(What::RatingLapsed, |_, mark| mark.number = fact.round);
    }

    fn scored(&mut self, fact: &Scored) {
        self.mark(What::Scored, |this, mark| {
            mark.unit = this.named(&fact.party);
            mark.other = this.named(&score_said(fact));
            mark.number = fact.round;
        });
    }
}
