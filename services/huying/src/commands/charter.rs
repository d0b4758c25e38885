//! `huying charter`: a district's rules, before and after they hold.

mod apply;
mod lists;
mod route;
mod show;
mod tables;

use charter::{Charter, Provenance};

use crate::charters::{Broken, load};
use crate::failure::Answered;
use crate::out;

/// The rules of a district: who there is, what they do, how long it may take, how it is rated.
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// The charters that ship with this program
    List,
    Show(show::Args),
    Route(route::Args),
    Check(CheckArgs),
    Apply(apply::Args),
}

/// Check a charter. Every problem is one line, `file:line:column: rule: message`; exit code 1 if there is any. Years whose
/// make-up days (调休) are not published are named on standard error.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// Folder with the charter's files, or the name of one that ships
    #[arg(value_name = "DIR")]
    charter: String,
}

pub(crate) async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::List => list(),
        Command::Show(args) => show::run(&args),
        Command::Route(args) => route::run(&args),
        Command::Check(args) => {
            let charter = checked(&args.charter)?;
            for remark in remarks(&charter) {
                eprintln!("calendar.yaml: {remark}");
            }
            out::line(format_args!("{} is in order", title(&charter)))
        }
        Command::Apply(args) => apply::run(args).await,
    }
}

fn list() -> anyhow::Result<()> {
    for name in Charter::shipped_names() {
        let charter = load(name)?;
        out::line(format_args!("{name:<10}  {}", title(&charter)))?;
    }
    Ok(())
}

/// A charter that is in order; otherwise its problems are the answer.
fn checked(name_or_folder: &str) -> anyhow::Result<Charter> {
    match load(name_or_folder) {
        Ok(charter) => Ok(charter),
        Err(error) => match error.downcast_ref::<Broken>() {
            Some(broken) => {
                out::line(broken)?;
                let count = broken.problems.len();
                eprintln!(
                    "{count} problem{}; deploy/charters/README.md explains the rules",
                    if count == 1 { "" } else { "s" }
                );
                Err(Answered.into())
            }
            None => Err(error),
        },
    }
}

/// What is no fault of whoever wrote the charter, and worth knowing: where due dates cannot be relied on yet (D7).
fn remarks(charter: &Charter) -> Vec<String> {
    let calendar = charter.calendar();
    let provisional = "what is counted in working days there is provisional";
    let without = calendar.without_make_up_days().map(|year| {
        format!("{year} has holidays and no make-up days (调休): {provisional}; add `make-up`, empty if there are none")
    });
    let ends = calendar.published_to().map(|year| format!("published to the end of {year}; {provisional} after it"));
    without.chain(ends).collect()
}

fn title(charter: &Charter) -> String {
    format!(
        "{} ({}), version {}, in force from {}: {} parties, {} of them callable, {} categories, {} situations",
        charter.name,
        charter.district,
        charter.version,
        charter.effective,
        charter.parties().len(),
        charter.departments().count(),
        charter.categories().len(),
        charter.situations().len()
    )
}

/// What a district still has to replace, or may want to.
fn mark(provenance: Provenance) -> &'static str {
    match provenance {
        Provenance::Source => "",
        Provenance::Illustrative => "illustrative",
        Provenance::Ours => "ours",
    }
}
