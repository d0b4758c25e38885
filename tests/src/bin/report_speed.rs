//! How long the statement of a month takes, and how much memory: `make report-speed`. Fills a copy with cases of one month,
//! then asks for the month in a process of its own, so that the memory is the question's.

#![allow(clippy::print_stdout, reason = "the figures are the answer")]

use std::path::Path;
use std::process::Command;

use casebook::speed;
use clap::Parser;

/// Measure the statement of a month.
#[derive(Debug, Parser)]
struct Args {
    /// Cases that come in within the month; the month before has a tenth of them
    #[arg(long, default_value_t = 100_000)]
    cases: u64,
    /// Only ask a copy that is there
    #[arg(long, value_name = "FILE", hide = true)]
    ask: Option<std::path::PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    if let Some(file) = args.ask {
        let asked = speed::ask(&file)?;
        println!(
            "statement: {:.2} s, {} cases received, {} tables",
            asked.took.as_secs_f64(),
            asked.received,
            asked.tables
        );
        println!("memory:    {:.0} MB at most", peak_mb()?);
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("casebook.sqlite");
    let filled = speed::fill(&file, args.cases)?;
    let size = std::fs::metadata(&file)?.len();
    println!(
        "copy:      {} commits kept in {:.1} s, {:.0} bytes a case",
        filled.commits,
        filled.took.as_secs_f64(),
        size as f64 / filled.cases as f64
    );
    let asked = Command::new(std::env::current_exe()?).arg("--ask").arg(&file).status()?;
    anyhow::ensure!(asked.success(), "the question failed");
    Ok(())
}

/// The most that this process had in memory.
fn peak_mb() -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(Path::new("/proc/self/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kb = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    Ok(kb.ok_or_else(|| anyhow::anyhow!("/proc/self/status says nothing of VmHWM"))? / 1024.0)
}
