//! Instants between jiff and the wire.

use jiff::Timestamp;
pub use pbjson_types::Timestamp as WireTimestamp;

/// The wire carried no instant, or one outside the calendar.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireTimeError {
    #[error("an instant is missing")]
    Missing,
    #[error("{seconds} s after 1970 is not an instant this calendar knows")]
    OutOfRange { seconds: i64 },
}

pub trait ToWireTime {
    fn to_wire(self) -> WireTimestamp;
}

impl ToWireTime for Timestamp {
    fn to_wire(self) -> WireTimestamp {
        // Protobuf wants nanos ≥ 0; jiff gives both parts the sign of the instant.
        let (mut seconds, mut nanos) = (self.as_second(), self.subsec_nanosecond());
        if nanos < 0 {
            seconds -= 1;
            nanos += 1_000_000_000;
        }
        WireTimestamp { seconds, nanos }
    }
}

pub trait FromWireTime {
    /// # Errors
    /// Missing, or out of range.
    fn time(&self) -> Result<Timestamp, WireTimeError>;
}

impl FromWireTime for WireTimestamp {
    fn time(&self) -> Result<Timestamp, WireTimeError> {
        Timestamp::new(self.seconds, self.nanos).map_err(|_| WireTimeError::OutOfRange { seconds: self.seconds })
    }
}

impl FromWireTime for Option<WireTimestamp> {
    fn time(&self) -> Result<Timestamp, WireTimeError> {
        self.as_ref().ok_or(WireTimeError::Missing)?.time()
    }
}
