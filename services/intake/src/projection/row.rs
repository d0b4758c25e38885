//! One case as it stands in the table: read once, changed in memory by what is followed, and written when it differs.

use ids::HistoryKey;
use jiff::Timestamp;
use prost::Message;
use proto::FromWireTime;
use proto::intake::v1::intake_event::Event as IntakeFact;
use proto::intake::v1::{CaseSummary, Received};
use proto::record::v1::event::Of;
use record::StoredCommit;
use rusqlite::{Connection, OptionalExtension, params};

use super::WORDS_LENGTH_MAX;
use crate::reading;

/// What becomes of a case in the table.
#[derive(Debug)]
pub(super) struct Row {
    first_position: i64,
    line: CaseSummary,
    /// False once it can no longer be the one that others are part of.
    candidate: bool,
    unsaved: Option<Unsaved>,
}

/// What the table does not have yet.
#[derive(Debug)]
enum Unsaved {
    /// It has no such row; with what duplicates are found by, once the receipt is known.
    Everything(Box<FoundBy>),
    Line,
}

/// What duplicates are found by. It never changes.
#[derive(Debug, Default)]
struct FoundBy {
    received_us: i64,
    party: String,
    address: String,
    longitude: Option<f64>,
    latitude: Option<f64>,
    words: String,
}

impl From<&Received> for FoundBy {
    fn from(received: &Received) -> Self {
        let place = received.place.clone().unwrap_or_default();
        Self {
            received_us: received.received_at.time().map_or(0, Timestamp::as_microsecond),
            party: place.party,
            address: place.address,
            longitude: place.longitude,
            latitude: place.latitude,
            words: received.text.chars().take(WORDS_LENGTH_MAX).collect(),
        }
    }
}

impl Row {
    /// A case that first appears with `stored`.
    pub fn new(stored: &StoredCommit) -> Self {
        let key = &stored.subject.key;
        Self {
            first_position: i64::try_from(stored.sequence).unwrap_or(i64::MAX),
            line: CaseSummary { case_id: key.id.clone(), district: key.district.to_string(), ..CaseSummary::default() },
            candidate: true,
            unsaved: Some(Unsaved::Everything(Box::default())),
        }
    }

    pub fn read(connection: &Connection, key: &HistoryKey) -> anyhow::Result<Option<Self>> {
        let found: Option<(i64, Vec<u8>, bool)> = connection
            .prepare_cached("SELECT first_position, line, candidate FROM cases WHERE district = ?1 AND case_id = ?2")?
            .query_row(params![key.district.as_str(), key.id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let Some((first_position, line, candidate)) = found else { return Ok(None) };
        let line = CaseSummary::decode(line.as_slice())?;
        Ok(Some(Self { first_position, line, candidate, unsaved: None }))
    }

    pub fn apply(&mut self, stored: &StoredCommit) {
        let before = (self.candidate, self.line.clone());
        reading::apply(&mut self.line, &stored.commit);
        for event in stored.commit.decisions.iter().flat_map(|decision| &decision.events) {
            if let Some(Of::Intake(fact)) = &event.of {
                self.apply_intake(fact.event.as_ref());
            }
        }
        if self.unsaved.is_none() && (self.candidate, &self.line) != (before.0, &before.1) {
            self.unsaved = Some(Unsaved::Line);
        }
    }

    fn apply_intake(&mut self, fact: Option<&IntakeFact>) {
        match fact {
            Some(IntakeFact::Received(received)) => {
                if let Some(Unsaved::Everything(found_by)) = &mut self.unsaved {
                    **found_by = FoundBy::from(received);
                }
            }
            Some(
                IntakeFact::WithdrawalAsked(_) | IntakeFact::ExclusionApproved(_) | IntakeFact::LinkedAsDuplicate(_),
            ) => self.candidate = false,
            Some(
                IntakeFact::Supplemented(_)
                | IntakeFact::ExclusionProposed(_)
                | IntakeFact::CallerJoined(_)
                | IntakeFact::PollOpened(_)
                | IntakeFact::HouseholdAnswered(_)
                | IntakeFact::PollClosed(_)
                | IntakeFact::PollAttached(_),
            )
            | None => {}
        }
    }

    /// Writes what the table does not have. A change touches no index.
    pub fn save(&mut self, connection: &Connection, key: &HistoryKey) -> anyhow::Result<()> {
        let (line, district, case) = (&self.line, key.district.as_str(), key.id.as_str());
        let ended = line.closed_at.is_some() && !line.outcome.is_empty();
        match self.unsaved.take() {
            None => {}
            Some(Unsaved::Everything(found_by)) => {
                connection
                    .prepare_cached(
                        "INSERT INTO cases (district, case_id, state, level, owner, first_position, line, kind, \
                         caller_class, channel, way, campaign, ended, candidate, received_us, place_party, address, \
                         longitude, latitude, words) \
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)",
                    )?
                    .execute(params![
                        district,
                        case,
                        line.state,
                        line.level,
                        line.owner,
                        self.first_position,
                        line.encode_to_vec(),
                        line.kind,
                        line.caller_class,
                        line.channel,
                        line.way,
                        line.campaign,
                        ended,
                        self.candidate,
                        found_by.received_us,
                        found_by.party,
                        found_by.address,
                        found_by.longitude,
                        found_by.latitude,
                        found_by.words
                    ])?;
            }
            Some(Unsaved::Line) => {
                connection
                    .prepare_cached(
                        "UPDATE cases SET state = ?3, level = ?4, owner = ?5, line = ?6, ended = ?7, candidate = ?8 \
                         WHERE district = ?1 AND case_id = ?2",
                    )?
                    .execute(params![
                        district,
                        case,
                        line.state,
                        line.level,
                        line.owner,
                        line.encode_to_vec(),
                        ended,
                        self.candidate
                    ])?;
            }
        }
        Ok(())
    }
}
