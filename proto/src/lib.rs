//! The contracts between the services: messages, gRPC services, NATS subjects and streams, as types and data.
//!
//! The messages are generated from `proto/huying/<service>/v1/*.proto`. Everything that crosses a process
//! boundary is here and nothing else; no broker client is. Open [`subjects`] next: every subject that exists is
//! a type there, and [`streams`] says which stream keeps which.

pub mod facts;
pub mod json;
pub mod streams;
pub mod subjects;
mod time;
pub mod words;

pub use time::{FromWireTime, ToWireTime, WireTimeError, WireTimestamp};

/// Descriptors of everything, for gRPC reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

macro_rules! package {
    ($service:ident) => {
        pub mod $service {
            pub mod v1 {
                #![allow(clippy::all, clippy::pedantic, clippy::restriction, reason = "generated code")]
                #![allow(clippy::wildcard_enum_match_arm, clippy::cast_possible_truncation, reason = "generated code")]
                #![allow(clippy::allow_attributes_without_reason, reason = "generated code")]
                include!(concat!(env!("OUT_DIR"), "/huying.", stringify!($service), ".v1.rs"));
                include!(concat!(env!("OUT_DIR"), "/huying.", stringify!($service), ".v1.serde.rs"));
            }
        }
    };
}

package!(common);
package!(record);
package!(archive);
package!(charter);
package!(casebook);
package!(intake);
package!(triage);
package!(dispatch);
package!(enforcement_center);
package!(evaluation);
package!(notification);
package!(powers);
package!(responder);

/// A value of an enumeration as people, lists and filters write it: `CALLBACK_OUTCOME_NO_ANSWER` without
/// `CALLBACK_OUTCOME_` is `no-answer`.
#[must_use]
pub fn word(name: &str, prefix: &str) -> String {
    name.trim_start_matches(prefix).to_lowercase().replace('_', "-")
}

/// Shown to nobody by mistake: neither in a log nor in a panic.
impl std::fmt::Debug for intake::v1::Contact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Contact([person])")
    }
}
