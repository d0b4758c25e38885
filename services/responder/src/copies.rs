//! `responder backup` and `responder restore`: what a department keeps, copied and brought back.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use ids::Code;

use crate::store::{self, Copied};

/// As for a process whose configuration is wrong.
const BAD_USAGE: u8 = 64;

/// What a department keeps on its own disk
#[derive(Debug, Parser)]
#[command(name = "responder", version)]
enum Command {
    /// Copy what the department keeps into one file, while its process runs or not
    ///
    /// The copy is of one moment, verified as it lies on disk, and never written over anything. Orders that come later and
    /// answers that are given later are not in it: make one as often as you can bear to lose them.
    Backup {
        /// The copy; must not be there yet
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        of: Of,
    },
    /// Put a copy in the place of a file that is lost
    ///
    /// The process must not run, and what is left of the lost file must be moved away first. Afterwards the hub's operator
    /// has the department's orders delivered once more: those that came after the copy are in it no longer.
    Restore {
        /// The copy, as `responder backup` wrote it
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        of: Of,
    },
}

/// Whose file it is.
#[derive(Debug, clap::Args)]
struct Of {
    /// Whose calls these are, by the charter's code
    #[arg(long, env = "HUYING_DEPARTMENT", value_name = "CODE")]
    department: Code,
    /// Where its process keeps them
    #[arg(long, env = "HUYING_DATA_DIR", value_name = "DIRECTORY")]
    data_dir: PathBuf,
}

impl Of {
    fn file(&self) -> PathBuf {
        self.data_dir.join(format!("{}.sqlite", self.department))
    }
}

/// Copies or brings back, if that is what the command line asks for; `None`: it is for the service.
///
/// 0 when it is done, 1 when it failed, 64 when the command line is wrong.
#[must_use]
pub fn copies(args: impl IntoIterator<Item = OsString>) -> Option<ExitCode> {
    let args: Vec<OsString> = args.into_iter().collect();
    if !args.get(1).is_some_and(|first| first == "backup" || first == "restore") {
        return None;
    }
    let command = match Command::try_parse_from(args) {
        Ok(command) => command,
        Err(error) => {
            // Nobody is left to tell if the stream is closed.
            let _closed = error.print();
            return Some(if error.use_stderr() { ExitCode::from(BAD_USAGE) } else { ExitCode::SUCCESS });
        }
    };
    Some(match run(&command) {
        Ok(done) => {
            let _closed = writeln!(std::io::stdout(), "{done}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("responder: {error:#}");
            ExitCode::FAILURE
        }
    })
}

fn run(command: &Command) -> anyhow::Result<String> {
    Ok(match command {
        Command::Backup { file, of } => {
            let copied = store::back_up(&of.file(), file)?;
            format!("{}, in {}: verified", told(&of.department, copied), file.display())
        }
        Command::Restore { file, of } => {
            let copied = store::restore(file, &of.file())?;
            let next = "start the process, then have the hub deliver the orders once more: huying provision redeliver";
            format!("{}, in {}: {next} {}", told(&of.department, copied), of.file().display(), of.department)
        }
    })
}

fn told(department: &Code, copied: Copied) -> String {
    let Copied { calls, orders, answers, waiting, unseen } = copied;
    format!(
        "{department}: {calls} calls by {orders} orders, {answers} answers, of which the hub has not taken {waiting} and \
         {unseen} were refused and not seen"
    )
}
