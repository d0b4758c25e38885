//! The whole of a service's `main`: from the command line to the exit code.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::clock::Clock;
use crate::config::{self, Configure, NoConfig, ProcessConfig};
use crate::process::{Outcome, Process, Running};
use crate::service::Service;
use crate::telemetry::Telemetry;

/// The configuration is wrong (`EX_USAGE` of sysexits.h). Restarting will not help, so it is told apart from 1.
const BAD_CONFIGURATION: u8 = 64;

/// Something failed that may not fail the next time.
const FAILED: u8 = 1;

/// Runs a service from its command line to its exit code: 0 if it stopped politely, 1 if a task failed or the drain
/// overran, 64 if the configuration is bad, in which case every problem is on standard error and nothing was touched.
///
/// `start` connects, registers what is to be served, spawns, and returns; then the doors open. SIGTERM or SIGINT begins
/// the stop, a second one cuts it short with 1.
pub fn run<C, F>(name: &'static str, start: F) -> ExitCode
where
    C: Configure,
    F: AsyncFnOnce(C, &mut Service) -> anyhow::Result<()>,
{
    ExitCode::from(run_with(name, std::env::args_os(), start))
}

fn run_with<C, F>(name: &'static str, args: impl IntoIterator<Item = OsString>, start: F) -> u8
where
    C: Configure,
    F: AsyncFnOnce(C, &mut Service) -> anyhow::Result<()>,
{
    let (process, service) = match config::read::<C>(name, args) {
        Ok(both) => both,
        Err(no_config) => return say(name, &no_config),
    };
    crate::keep_to_oneself();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("{name}: starting the runtime: {error}");
            return FAILED;
        }
    };
    let exit_code = runtime.block_on(async {
        let telemetry = match Telemetry::init(&process.logging(name)) {
            Ok(telemetry) => telemetry,
            Err(error) => {
                eprintln!("{name}: setting up telemetry: {error:#}");
                return FAILED;
            }
        };
        let outcome = Box::pin(live(name, process, service, start)).await;
        let exit_code = match outcome {
            Ok(outcome) => {
                tracing::info!(?outcome, "stopped");
                outcome.exit_code()
            }
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "could not start");
                FAILED
            }
        };
        drop(telemetry);
        exit_code
    });
    // What overran the drain is not waited for again.
    runtime.shutdown_background();
    exit_code
}

async fn live<C, F>(name: &'static str, config: ProcessConfig, own: C, start: F) -> anyhow::Result<Outcome>
where
    F: AsyncFnOnce(C, &mut Service) -> anyhow::Result<()>,
{
    // Before anything else, so that a signal during the start is not the default one, which kills.
    let mut signals = Signals::listen()?;
    let (process, mut service) = Process::start(config, name, Clock::real()).await?;
    let life = service.life.clone();
    let started = tokio::select! {
        started = Box::pin(start(own, &mut service)) => Some(started),
        () = signals.next() => None,
        () = life.stopped() => None,
    };
    let running = match started {
        Some(Ok(())) => process.serve(service).await?,
        Some(Err(error)) => {
            life.fail("start", format_args!("{error:#}"));
            process.unserved()
        }
        None => {
            life.stop();
            process.unserved()
        }
    };
    Ok(until_the_end(running, signals).await)
}

async fn until_the_end(running: Running, mut signals: Signals) -> Outcome {
    tokio::select! {
        () = signals.next() => running.stop(),
        () = running.stopped() => {}
    }
    tokio::select! {
        outcome = running.wait() => outcome,
        () = signals.next() => {
            tracing::error!("told twice to stop; what was in hand is cut off");
            // Not even the traces are waited for: somebody is in a hurry.
            std::process::exit(FAILED.into())
        }
    }
}

/// SIGTERM from the platform and SIGINT from a terminal mean the same.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("listening for signals");
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

fn say(name: &str, no_config: &NoConfig) -> u8 {
    match no_config {
        NoConfig::Answer(answer) => {
            // Nobody is left to tell if standard output is closed.
            let _closed = answer.print();
            0
        }
        NoConfig::Unreadable(error) => {
            eprintln!("{name}: {error}");
            BAD_CONFIGURATION
        }
        NoConfig::Problems(problems) => {
            eprintln!("{name}: the configuration is wrong, nothing was started:");
            for problem in problems {
                eprintln!("  {}: {}", problem.flag, problem.message);
            }
            BAD_CONFIGURATION
        }
    }
}

#[cfg(test)]
mod tests;
