//! The chassis: what a process of this system has in common with all others, from its command line to its exit code.
//!
//! A service is a function that is given its configuration and a [`Service`] to live in:
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! #[derive(clap::Args)]
//! struct Config {}
//!
//! impl chassis::Configure for Config {
//!     const ABOUT: &'static str = "decides who handles a case";
//! }
//!
//! async fn start(_config: Config, service: &mut chassis::Service) -> anyhow::Result<()> {
//!     let gate = service.ready().gate("record");
//!     let stopping = service.stopping();
//!     service.spawn("inbox", async move {
//!         gate.open();
//!         stopping.cancelled().await;
//!         Ok(())
//!     });
//!     Ok(())
//! }
//!
//! fn main() -> ExitCode {
//!     chassis::run("dispatch", start)
//! }
//! ```
//!
//! Open `run.rs` first: it is the life of a process on one page. `process.rs` has its doors and its end, `service.rs`
//! what a service may ask for, `config.rs` the flags.
//!
//! What always holds:
//!
//! - Bad configuration stops the process before it opens a port, and every problem is named.
//! - A process that stops is first not ready, then takes no new work, then finishes what is in hand, within a bound; the
//!   exit code says how that went.
//! - No task is forgotten: its failure ends the process, its end is waited for.
//! - Only `clock.rs` reads the system's clock for anything that is decided or recorded.
//! - A gRPC method outside health and reflection runs only for a caller who has been identified.
//!
//! - A message is decoded only for a caller who may call the method, and only if it is small enough (`measure.rs`).
//! - Silence and floods keep nobody else out: connections (`entrance.rs`), calls in hand and their pace (`door.rs`).
//!
//! It knows nothing of cases or of the broker, and imports none of our other crates but `fair`.

/// The allocator of every program of ours. A quarter of a busy process went into the system's, whose arenas many short
/// tasks on few threads contend for.
#[macro_export]
macro_rules! allocator {
    () => {
        #[global_allocator]
        static ALLOCATOR: $crate::MiMalloc = $crate::MiMalloc;
    };
}

#[doc(hidden)]
pub use mimalloc::MiMalloc;

mod channel;
mod clock;
mod config;
mod door;
mod entrance;
mod guard;
mod health;
mod http;
mod identity;
mod key_file;
mod life;
pub mod listen;
mod measure;
mod observe;
mod private;
mod process;
mod readiness;
pub mod receipt;
mod run;
mod service;
pub mod telemetry;

/// On a public `async fn` of a library: it is compiled there, on the heap, and not once more in every crate that awaits it,
/// together with all that it awaits itself.
pub use async_recursion::async_recursion as boxed;
pub use channel::{Authorised, Bearer, NoChannel, authorised, endpoint, on_demand};
pub use clock::{Anchor, Clock};
pub use config::{ConfigProblem, Configure, ProcessConfig};
pub use door::{CALLS, identity, overloaded};
pub use fair::Pace;
pub use guard::leaving;
pub use identity::{Identity, IdentityError, Issuer, Verifier};
pub use key_file::{KEY_BYTES_MIN, key_file};
pub use measure::{FIELDS_MAX, MESSAGE_BYTES_MAX};
pub use private::keep_to_oneself;
pub use process::{Outcome, Process, Running};
pub use readiness::{Gate, Readiness};
pub use receipt::{Receipt, ReceiptKey};
pub use run::run;
pub use service::{Policy, Service, ServiceParts, Starting};
pub use tokio_util::sync::CancellationToken;
