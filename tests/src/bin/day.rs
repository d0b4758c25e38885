//! A day of 13,000 cases (what Wuchang sees) in which every process is killed again and again: afterwards every matter that
//! was acknowledged is at its right end, and the record is as it must be. Exit code 0 means that it is so.

#![allow(clippy::print_stdout, reason = "the report is the answer")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use chassis::CancellationToken;
use clap::Parser;
use huying::accounts::{CASEBOOK_USER, PROVISION_USER};
use huying::client::authorised;
use huying_tests::checker;
use huying_tests::day::people::People;
use huying_tests::day::right_end;
use huying_tests::load::DISTRICT;
use huying_tests::size::processes::{Installation, spare};
use huying_tests::size::{DEPARTMENTS, SEED, say};
use ids::{Kind, Owner};
use proto::casebook::v1::casebook_service_client::CasebookServiceClient;
use proto::casebook::v1::{Freshness, StatisticsRequest};
use proto::record::v1::DeadLetter;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use record::dead_letters::DeadLetters;
use record::{Broker, Step, StoredCommit};
use serde::Serialize;

/// After the last kill, until everybody has settled everything.
const SETTLED: Duration = Duration::from_secs(120);
/// Complaints that are printed; there may be thousands of one kind.
const PRINTED_MAX: usize = 200;
const BROKER: &str = "nats-server";

/// Live a day of a district while everybody is killed in turn.
#[derive(Clone, Debug, Parser)]
struct Args {
    /// How many matters are reported
    #[arg(long, default_value_t = 13_000)]
    cases: u64,
    /// How many are reported a second
    #[arg(long, default_value_t = 20.0)]
    per_s: f64,
    /// Somebody is killed (`kill -9`) and started again every so many seconds; 0: nobody
    #[arg(long, default_value_t = 10)]
    kill_every_s: u64,
    /// Seed of who is killed when
    #[arg(long, default_value_t = SEED)]
    seed: u64,
    /// Where it is lived; a folder of its own under the system's temporary one, if none is named
    #[arg(long)]
    data: Option<PathBuf>,
    /// Folder with the programs of another build: every service runs twice, once as each, and whoever is killed comes back as
    /// the other one
    #[arg(long, value_name = "FOLDER")]
    beside: Option<PathBuf>,
    /// Whenever it is the broker's turn, its disk loses its power in the middle of writing, instead of its process being killed
    /// alone; takes root, mkfs.ext4 and python3
    #[arg(long)]
    power_cut: bool,
}

#[derive(Serialize)]
struct Report {
    cases: u64,
    acknowledged: usize,
    commits: usize,
    minutes: f64,
    /// How often each was killed.
    killed: BTreeMap<String, u32>,
    /// Longest time until one of them was ready again, in seconds.
    back_after_s_max: f64,
    /// Questions that were asked again, because nobody was there to answer them.
    asked_again: u64,
    complaints: usize,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let args = Args::parse();
    let begun = Instant::now();
    let temporary = tempfile::tempdir()?;
    let data = args.data.clone().unwrap_or_else(|| temporary.path().join("day"));
    let mut installation = Installation::open_beside(&data, args.beside.as_deref(), args.power_cut)?;
    let services = Owner::ALL.iter().map(|owner| owner.as_str()).chain([CASEBOOK_USER]);
    let mut everybody: Vec<String> = services.clone().chain(DEPARTMENTS).map(ToOwned::to_owned).collect();
    if args.beside.is_some() {
        let spares: Vec<String> = services.map(spare).collect();
        spares.iter().map(String::as_str).chain([DEPARTMENTS[0]]).for_each(|name| installation.change_build(name));
        everybody.extend(spares);
    }
    for name in &everybody {
        installation.start(name)?;
    }
    say(begun, format_args!("{} processes are ready", everybody.len() + 1));
    let access = installation.access();
    let mut replicas = vec![(access.clone(), installation.grpc("intake"))];
    let mut casebooks = vec![installation.grpc(CASEBOOK_USER)];
    if args.beside.is_some() {
        replicas.push((installation.access_by(spare), installation.grpc(&spare("intake"))));
        casebooks.push(installation.grpc(&spare(CASEBOOK_USER)));
    }
    let broker = access.connect(PROVISION_USER).await?;
    let people = People::arrive(&replicas, &DEPARTMENTS, broker.clone()).await?;

    let over = Arc::new(AtomicBool::new(false));
    let killing = {
        let (over, args) = (Arc::clone(&over), args.clone());
        tokio::task::spawn_blocking(move || kill_in_turn(installation, &everybody, &args, &over, begun))
    };
    let known = people
        .live(args.cases, args.per_s, |received, closed| {
            say(begun, format_args!("{received} of {} received, {closed} over", args.cases));
        })
        .await?;
    over.store(true, Ordering::Relaxed);
    let Killed { installation, killed, back_after_s_max } = killing.await??;
    say(begun, "until everything is settled …");
    settled(&broker).await?;

    let record = whole_record(&broker).await?;
    say(begun, format_args!("{} commits are read", record.len()));
    let mut complaints = known.refused.clone();
    complaints.extend(checker::complaints(&record, &known.acknowledged));
    complaints.extend(right_end::complaints(&record, args.cases));
    let letters = DeadLetters::open(&broker).await?.list().await?;
    complaints.extend(letters.iter().map(|letter| letter_of(&letter.content)));
    let token = access.token("operator", "", "")?;
    for casebook in &casebooks {
        complaints.extend(counted(casebook, &token, &record).await?);
    }
    for complaint in complaints.iter().take(PRINTED_MAX) {
        eprintln!("{complaint}");
    }
    let report = Report {
        cases: args.cases,
        acknowledged: known.acknowledged.len(),
        commits: record.len(),
        minutes: (begun.elapsed().as_secs_f64() / 6.0).round() / 10.0,
        killed,
        back_after_s_max,
        asked_again: known.asked_again,
        complaints: complaints.len(),
    };
    println!("{}", serde_json::to_string_pretty(&report)?);
    drop(installation);
    Ok(if complaints.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

struct Killed {
    installation: Installation,
    killed: BTreeMap<String, u32>,
    back_after_s_max: f64,
}

fn kill_in_turn(
    mut installation: Installation,
    everybody: &[String],
    args: &Args,
    over: &AtomicBool,
    begun: Instant,
) -> anyhow::Result<Killed> {
    let (mut draw, every) = (StdRng::seed_from_u64(args.seed), Duration::from_secs(args.kill_every_s));
    let (mut killed, mut back_after_s_max) = (BTreeMap::new(), 0.0_f64);
    let mut last = Instant::now();
    while !over.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(50));
        if every.is_zero() || last.elapsed() < every {
            continue;
        }
        let victim = everybody.get(draw.random_range(0..=everybody.len())).map_or(BROKER, String::as_str);
        if args.beside.is_some() && victim != BROKER {
            installation.change_build(victim);
        }
        let took = match victim {
            BROKER if args.power_cut => installation.cut_the_power_of_nats()?,
            BROKER => installation.kill_and_start_nats()?,
            service => installation.kill_and_start(service)?,
        };
        say(begun, format_args!("{victim} was killed, and is back after {:.1} s", took.as_secs_f64()));
        *killed.entry(victim.to_owned()).or_default() += 1;
        back_after_s_max = back_after_s_max.max((took.as_secs_f64() * 10.0).round() / 10.0);
        last = Instant::now();
    }
    Ok(Killed { installation, killed, back_after_s_max })
}

/// Until nobody has anything left to do.
async fn settled(broker: &Broker) -> anyhow::Result<()> {
    let begun = Instant::now();
    let mut before = None;
    loop {
        let activity = broker.activity(None).await?;
        if activity.is_settled() && before.as_ref() == Some(&activity.positions) {
            return Ok(());
        }
        ensure!(begun.elapsed() < SETTLED, "these are not settled: {:?}", activity.unsettled);
        before = Some(activity.positions);
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn whole_record(broker: &Broker) -> anyhow::Result<Vec<StoredCommit>> {
    let mut replay = broker.replay(vec![format!("{}.>", Kind::Case.as_str())], 1, CancellationToken::new());
    let mut record = Vec::new();
    loop {
        match replay.next().await?.context("the record goes on")? {
            Step::Commit(stored) => record.push(*stored),
            Step::Filed(_) => {}
            Step::LevelWithRecord => return Ok(record),
        }
    }
}

/// I8: the casebook counts what the record holds.
async fn counted(casebook: &str, token: &str, record: &[StoredCommit]) -> anyhow::Result<Option<String>> {
    let mut casebook = CasebookServiceClient::new(authorised(casebook, token).await?);
    let freshness = Some(Freshness { current: true, ..Freshness::default() });
    let request = StatisticsRequest { district: DISTRICT.to_owned(), freshness, ..StatisticsRequest::default() };
    let received = casebook.statistics(request).await?.into_inner().received;
    let cases: std::collections::BTreeSet<&str> = record.iter().map(|stored| stored.subject.key.id.as_str()).collect();
    Ok((received != cases.len() as u64)
        .then(|| format!("I8: the casebook counts {received} cases, the record holds {}", cases.len())))
}

fn letter_of(letter: &DeadLetter) -> String {
    format!("a dead letter of {}: {}: {}", letter.consumer, letter.subject, letter.error)
}
