//! Anchors: what all chains of a district ended in, day by day, written down where nobody can take it away again.
//!
//! A day ends with the last commit that the broker took before midnight of the district. What an anchor says follows from
//! the record alone, and the broker takes one of each day: two makers at once make the same, and one of them is late. Days
//! that were missed are made up for, each by its own anchor.

use archive::Shelf;
use ids::{Code, Kind};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use prost::Message;
use proto::record::v1::Anchor;
use proto::subjects::{AnchorSubject, CommitSubject};
use record::objects::Sha256Sum;
use record::{Broker, Found, StoredAnchor};
use tokio_util::sync::CancellationToken;

use crate::AuditError;
use crate::ends::{End, Ends};
use crate::filed::Filed;

/// How long after midnight a day is over: the brokers' clocks may differ by seconds, and a commit may be on its way.
pub const MIDNIGHT_PASSED: SignedDuration = SignedDuration::from_mins(10);
/// Times that everything is read again because cases were filed meanwhile.
pub(crate) const TRIES_MAX: u32 = 3;

/// What an anchor names as the one before it.
#[must_use]
pub fn previous(district: &Code, before: Option<&StoredAnchor>) -> Sha256Sum {
    before.map_or_else(
        || Sha256Sum::of(AnchorSubject::chain_of(district).as_bytes()),
        |before| Sha256Sum::of(&before.payload),
    )
}

/// Everything of one district on the record.
pub(crate) fn filters(district: &Code) -> Vec<String> {
    Kind::ALL.map(|kind| CommitSubject::all_in(kind, district)).to_vec()
}

/// Makes the anchors of a district that are due, and says which were new. The first one of all covers everything that
/// there was before.
///
/// # Errors
/// The broker does not answer or does not let this user; or cases that the anchors cover are being filed.
pub async fn make(
    broker: &Broker,
    shelf: &Shelf,
    district: &Code,
    zone: &TimeZone,
    now: Timestamp,
) -> Result<Vec<AnchorSubject>, AuditError> {
    let over = (now - MIDNIGHT_PASSED).to_zoned(zone.clone()).date().saturating_sub(jiff::Span::new().days(1));
    let mut made = Vec::new();
    let mut tries = 0;
    loop {
        let there = broker.anchors(district).await?;
        let Some(days) = Days::begin(there.last(), over, zone)? else { return Ok(made) };
        let after = days.to;
        let filed = Filed::read(broker, shelf, district, after, |position| position, |_| ()).await?;
        if let Some(damaged) = filed.damaged.first().cloned() {
            return Err(AuditError::Damaged(damaged));
        }
        let anchors = days.all(broker, district, &filed).await?;
        if filed.has_grown(broker, district, after).await? {
            tries += 1;
            if tries == TRIES_MAX {
                return Err(AuditError::Filing);
            }
            continue;
        }
        let mut before = previous(district, there.last());
        let mut late = false;
        for (day, anchor) in anchors {
            let anchor = Anchor { previous_sha256: before.0.to_vec(), ..anchor };
            let subject = AnchorSubject { district: district.clone(), day: day.to_string() };
            before = Sha256Sum::of(&anchor.encode_to_vec());
            if !broker.put_anchor(&subject, &anchor).await? {
                // Somebody else is at it, and has done this day. What they wrote is what the next one has to name.
                late = true;
                break;
            }
            made.push(subject);
        }
        if !late {
            return Ok(made);
        }
    }
}

/// The days that are to be anchored.
struct Days<'z> {
    zone: &'z TimeZone,
    day: Date,
    /// The last one that is over.
    over: Date,
    /// When `day` ends.
    ends: Timestamp,
    after: u64,
    /// The last position so far.
    to: u64,
    chains: Ends,
    done: Vec<(Date, Anchor)>,
}

impl<'z> Days<'z> {
    /// `None`: no day is due.
    fn begin(last: Option<&StoredAnchor>, over: Date, zone: &'z TimeZone) -> Result<Option<Self>, AuditError> {
        let (day, after) = match last {
            None => (over, 0),
            Some(last) => (day_of(last)?.tomorrow().unwrap_or(Date::MAX), last.anchor.to),
        };
        if day > over {
            return Ok(None);
        }
        let ends = end_of(day, zone);
        let (chains, done) = (Ends::default(), Vec::new());
        Ok(Some(Self { zone, day, over, ends, after, to: after, chains, done }))
    }

    /// Reads the record until every day that is over has its anchor.
    async fn all(mut self, broker: &Broker, district: &Code, filed: &Filed) -> Result<Vec<(Date, Anchor)>, AuditError> {
        let stop = CancellationToken::new();
        let mut record = broker.scan(filters(district), self.after + 1, stop.clone());
        let mut filed = filed.ends.iter().peekable();
        while self.day <= self.over {
            let Some(Found::Message { subject, sequence, payload, stored_at }) = record.next().await else {
                // There is no more. What is stored from now on is of a day that is not over.
                while self.day <= self.over {
                    self.take(&mut filed);
                    self.close();
                }
                break;
            };
            while stored_at >= self.ends && self.day <= self.over {
                self.take(&mut filed);
                self.close();
            }
            if let Ok(subject) = subject.parse() {
                self.chains.add(End::of(&subject, sequence, &payload));
            }
            self.to = sequence;
        }
        stop.cancel();
        Ok(self.done)
    }

    /// Adds what of this day lies in the archive.
    fn take<'f>(&mut self, filed: &mut std::iter::Peekable<impl Iterator<Item = &'f End>>) {
        while let Some(end) = filed.next_if(|end| end.position <= self.to) {
            self.chains.add(*end);
        }
    }

    fn close(&mut self) {
        let (chains, root) = self.chains.close();
        let anchor =
            Anchor { after: self.after, to: self.to, chains, root_sha256: root.0.to_vec(), ..Anchor::default() };
        self.done.push((self.day, anchor));
        self.after = self.to;
        self.day = self.day.tomorrow().unwrap_or(Date::MAX);
        self.ends = end_of(self.day, self.zone);
    }
}

fn end_of(day: Date, zone: &TimeZone) -> Timestamp {
    let midnight = day.tomorrow().and_then(|next| next.to_zoned(zone.clone()));
    midnight.map_or(Timestamp::MAX, |midnight| midnight.timestamp())
}

/// The day that an anchor is of.
///
/// # Errors
/// Its subject names none.
pub fn day_of(stored: &StoredAnchor) -> Result<Date, AuditError> {
    let parsed: Result<Date, jiff::Error> = stored.subject.day.parse();
    let corrupt =
        |source| record::BrokerError::Corrupt { subject: stored.subject.to_string(), source: Box::new(source) };
    Ok(parsed.map_err(corrupt)?)
}
