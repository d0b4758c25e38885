//! The record: append, load, follow and alarm on JetStream. The only crate that names the broker's client.
//!
//! One commit is one message whose subject says which revision it is (D1). A service decides, the commit is
//! acknowledged, and only then do effects follow, by following the record (D2). Read [`book`] first: it is the
//! mailbox of a case, where a command becomes a commit. Then [`follow`] (one settlement per message), [`append`]
//! (how a commit gets to disk) and [`alarm`] (how the broker keeps the clocks). Whether anything can be written at all is
//! [`standing`]'s to say.
//!
//! What is deliberately absent: nothing here edits a stream ([`provision`] is for the operator's tool), nothing
//! here knows a rule of any district, and no service can reach the client behind [`Broker`].

pub mod alarm;
mod anchors;
pub mod append;
pub mod book;
mod broker;
pub mod calls;
pub mod charters;
pub mod clock;
mod counts;
pub mod dead_letters;
mod delivered;
mod draft;
mod error;
mod failure;
pub mod filing;
pub mod follow;
mod history;
pub mod links;
mod load;
mod mailbox;
mod notes;
pub mod objects;
pub mod projection;
pub mod provision;
pub mod quiet;
mod readers;
mod references;
mod replay;
mod replies;
mod requests;
mod sparing;
pub mod spots;
pub mod standing;
mod trace;
mod vault;

pub use anchors::StoredAnchor;
pub use append::{Appender, Lane, Tombstone};
pub use book::{Answered, Book, Refused, Request};
pub use broker::{Broker, BrokerConfig, Credentials, SERVER_VERSION_MIN, read_seed};
pub use counts::Counts;
pub use error::{BrokerError, chain};
pub use history::{Aggregate, WireError};
pub use load::{AsStored, StoredCommit, StoredFiled};
pub use notes::{NO_NOTE, Note, Notes};
pub use projection::{Entry, Keeper, Progress, Projection};
pub use readers::HeldBack;
pub use references::{Reference, References};
pub use replay::{Found, Replay, Scan, Step};
pub use requests::{IN_HAND, IncomingRequest, Requester, Unhandled};
pub use vault::Vault;
