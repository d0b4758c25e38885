//! Two builds beside each other: the same benchmark in turn, so that what else the machine does falls on both alike.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use serde::Serialize;
use serde_json::Value;

/// Where a benchmark leaves its figures, from where it was started.
pub const FIGURES: &str = "target/bench.json";
/// Cases a second at which both answer a fixed rate, told to ours: the other one goes by half of its own maximum.
pub const RATE_FLAG: &str = "--rate";
const RATE: &str = "open_loop_per_s";

/// A figure of both builds: the median of all rounds, and ours ÷ theirs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
    pub theirs: f64,
    pub ours: f64,
    pub ratio: f64,
}

/// Runs the benchmark of the build in `folder` and this one in turn, `rounds` times each.
///
/// # Errors
/// There is no benchmark in the folder, or one of the runs failed.
pub fn run(folder: &Path, rounds: usize, say: impl Fn(&str)) -> anyhow::Result<BTreeMap<String, Compared>> {
    ensure!(rounds > 0, "--rounds: at least one");
    let theirs = folder.join("bench");
    let theirs = theirs.canonicalize().with_context(|| format!("--against: no benchmark at {}", theirs.display()))?;
    let ours = std::env::current_exe().context("find this program")?;
    let (mut their_runs, mut our_runs) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        say(&format!("round {round} of {rounds}: {} …", theirs.display()));
        let figures = one(&theirs, &[])?;
        say(&shown(&figures));
        let rate = figures.get(RATE).copied().with_context(|| format!("their figures have no {RATE}"))?;
        their_runs.push(figures);
        say(&format!("round {round} of {rounds}: this build, at {rate} cases a second …"));
        let figures = one(&ours, &[RATE_FLAG, &rate.to_string()])?;
        say(&shown(&figures));
        our_runs.push(figures);
    }
    Ok(compared(&their_runs, &our_runs))
}

/// One run in a folder of its own.
fn one(program: &PathBuf, flags: &[&str]) -> anyhow::Result<BTreeMap<String, f64>> {
    let folder = tempfile::tempdir()?;
    let mut command = Command::new(program);
    command.args(flags).current_dir(folder.path()).stdout(Stdio::null());
    let status = command.status().with_context(|| format!("start {}", program.display()))?;
    ensure!(status.success(), "{} failed: {status}", program.display());
    let path = folder.path().join(FIGURES);
    let figures = std::fs::read(&path).with_context(|| format!("{} wrote no {FIGURES}", program.display()))?;
    let figures: BTreeMap<String, Value> = serde_json::from_slice(&figures)?;
    Ok(figures.into_iter().filter_map(|(name, figure)| Some((name, figure.as_f64()?))).collect())
}

/// What both have measured.
fn compared(theirs: &[BTreeMap<String, f64>], ours: &[BTreeMap<String, f64>]) -> BTreeMap<String, Compared> {
    let names = ours.first().into_iter().flat_map(BTreeMap::keys);
    names
        .filter_map(|name| {
            let (theirs, ours) = (median(theirs, name)?, median(ours, name)?);
            Some((name.clone(), Compared { theirs, ours, ratio: (ours / theirs * 100.0).round() / 100.0 }))
        })
        .collect()
}

/// Of those runs that have this figure.
fn median(runs: &[BTreeMap<String, f64>], name: &str) -> Option<f64> {
    let mut values: Vec<f64> = runs.iter().filter_map(|run| run.get(name).copied()).collect();
    values.sort_by(f64::total_cmp);
    let (lower, upper) = (values.get(values.len().checked_sub(1)? / 2)?, values.get(values.len() / 2)?);
    Some(f64::midpoint(*lower, *upper))
}

fn shown(figures: &BTreeMap<String, f64>) -> String {
    figures.iter().map(|(name, figure)| format!("{name} {figure}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_of(figures: &[(&str, f64)]) -> BTreeMap<String, f64> {
        figures.iter().map(|(name, figure)| ((*name).to_owned(), *figure)).collect()
    }

    #[test]
    fn the_median_of_both_is_compared_and_what_one_has_not_measured_is_left_out() {
        let theirs = [run_of(&[("a", 1.0)]), run_of(&[("a", 9.0)]), run_of(&[("a", 4.0)])];
        let ours = [run_of(&[("a", 6.0), ("b", 1.0)]), run_of(&[("a", 10.0), ("b", 2.0)])];
        let expected = Compared { theirs: 4.0, ours: 8.0, ratio: 2.0 };
        assert_eq!(compared(&theirs, &ours), BTreeMap::from([("a".to_owned(), expected)]));
    }
}
