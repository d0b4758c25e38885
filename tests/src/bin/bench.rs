//! How fast the whole system is, and against what: one run, every figure a ratio to something measured in it.
//!
//! Everything runs in this process as `huying up` runs it: the broker with `sync_interval: always`, all services, the
//! departments' responders (answering by themselves), and this load. A lifecycle is: submit, classify, call, respond,
//! report in, done, resolve, rate, score, close; with one department and all notifications.
//!
//! As many lifecycles as go (closed loop); bare compare-and-set publishes of the same bytes on the same server, one by
//! one and in batches; submissions at a fixed rate, alarms beside them. Writes the figures to `target/bench.json`.

#![allow(clippy::print_stdout, reason = "the figures are the answer")]
#![allow(clippy::disallowed_methods, reason = "the load is not part of any service; every phase waits for its own")]

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use chassis::{CancellationToken, Identity};
use huying::accounts::PROVISION_USER;
use huying::client::{Authorised, authorised};
use huying::up::{Ports, Running, UpConfig};
use ids::{Code, HistoryKey, Kind, Owner};
use prost::Message;
use proto::common::v1::{Duty, Place};
use proto::dispatch::v1::dispatch_event::Event as DispatchFact;
use proto::dispatch::v1::dispatch_service_client::DispatchServiceClient;
use proto::dispatch::v1::{CallRequest, CalledParty};
use proto::evaluation::v1::evaluation_event::Event as EvaluationFact;
use proto::evaluation::v1::evaluation_service_client::EvaluationServiceClient;
use proto::evaluation::v1::{RatePartyRequest, RateRequest};
use proto::intake::v1::{SubmitReply, SubmitRequest, submit_reply};
use proto::record::v1::event::Of;
use proto::streams::CASES;
use proto::subjects::{BridgeSubject, CommitSubject};
use record::alarm::Alarms;
use record::append::Grouping;
use record::{Appender, Broker, Requester, Step, StoredCommit};
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

const DISTRICT: &str = "wuchang";
const BRIDGE: &str = "wuchang-weilinli";
/// Cases under way at once in the closed loop.
const UNDER_WAY: usize = 512;
const WARM_UP: Duration = Duration::from_secs(4);
const MEASURED: Duration = Duration::from_secs(12);
const RAW_MEASURED: Duration = Duration::from_secs(4);
/// Rate of the open loop, per second; half of the maximum if that is lower.
const OPEN_LOOP_RATE: f64 = 370.0;
const ALARMS: usize = 200;

#[derive(Debug, Serialize)]
struct Figures {
    lifecycles_per_s: f64,
    commits_per_s: f64,
    durable_messages_per_s: f64,
    raw_plain_per_s: f64,
    raw_grouped_per_s: f64,
    /// Durable messages of the whole system ÷ raw grouped, and ÷ raw plain.
    ratio: f64,
    ratio_to_plain: f64,
    open_loop_per_s: f64,
    submit_p50_ms: f64,
    submit_p99_ms: f64,
    lifecycle_p50_ms: f64,
    lifecycle_p99_ms: f64,
    timer_late_ms_max: f64,
    ready_ms: f64,
    cores: usize,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let telemetry = chassis::telemetry::LogConfig {
        service_name: "bench".into(),
        filter: "error".into(),
        format: chassis::telemetry::LogFormat::Human,
        target: chassis::telemetry::LogTarget::Stderr,
        otlp_endpoint: None,
    };
    let _telemetry = chassis::telemetry::Telemetry::init(&telemetry)?;
    let folder = tempfile::tempdir()?;
    let started = Instant::now();
    let config = UpConfig {
        charters: vec![DISTRICT.to_owned()],
        ports: Ports::Auto,
        auto: true,
        ..UpConfig::new(folder.path().join("data"))
    };
    let running = Running::start(config).await?;
    let ready = started.elapsed();
    running.departments_open().await;
    let load = Arc::new(Load::open(&running).await?);

    println!(
        "closed loop: {UNDER_WAY} cases under way, {} s after {} s of warm-up …",
        MEASURED.as_secs(),
        WARM_UP.as_secs()
    );
    let full = Box::pin(load.closed_loop()).await?;
    println!("raw: bare publishes of the same bytes …");
    let samples = load.sample_commits().await?;
    let raw_plain = raw(&load.broker, Grouping::Off, 1000, "plain", &samples).await?;
    let raw_grouped = raw(&load.broker, Grouping::Adaptive, 4000, "grouped", &samples).await?;
    let rate = OPEN_LOOP_RATE.min(full.lifecycles_per_s / 2.0);
    println!("open loop: {rate:.0} cases a second, with {ALARMS} alarms beside …");
    let (open, late) = tokio::try_join!(load.open_loop(rate), alarms(&load.broker))?;

    let figures = Figures {
        lifecycles_per_s: round(full.lifecycles_per_s),
        commits_per_s: round(full.commits_per_s),
        durable_messages_per_s: round(full.durable_messages_per_s),
        raw_plain_per_s: round(raw_plain),
        raw_grouped_per_s: round(raw_grouped),
        ratio: round(full.durable_messages_per_s / raw_grouped * 100.0) / 100.0,
        ratio_to_plain: round(full.durable_messages_per_s / raw_plain * 100.0) / 100.0,
        open_loop_per_s: round(rate),
        submit_p50_ms: percentile(&open.submits, 50.0),
        submit_p99_ms: percentile(&open.submits, 99.0),
        lifecycle_p50_ms: percentile(&open.lives, 50.0),
        lifecycle_p99_ms: percentile(&open.lives, 99.0),
        timer_late_ms_max: round(late),
        ready_ms: round(ready.as_secs_f64() * 1000.0),
        cores: std::thread::available_parallelism().map_or(0, usize::from),
    };
    running.stop().await?;
    let json = serde_json::to_string_pretty(&figures)?;
    std::fs::create_dir_all("target")?;
    std::fs::write("target/bench.json", &json)?;
    println!("{json}");
    Ok(())
}

/// The load: one case after the other is born, called, rated.
struct Load {
    broker: Broker,
    bridge: Requester,
    desks: Vec<(Code, DispatchServiceClient<Authorised>, EvaluationServiceClient<Authorised>)>,
    caller: EvaluationServiceClient<Authorised>,
    departments: Vec<Code>,
    born: AtomicUsize,
    run: String,
}

struct Full {
    lifecycles_per_s: f64,
    commits_per_s: f64,
    durable_messages_per_s: f64,
}

#[derive(Default)]
struct Open {
    submits: Vec<f64>,
    lives: Vec<f64>,
}

impl Load {
    async fn open(running: &Running) -> anyhow::Result<Self> {
        let charter = charter::Charter::shipped(DISTRICT).context("the charter ships")?;
        let identity = |role: &str, party: &str| Identity {
            role: role.to_owned(),
            party: party.to_owned(),
            district: DISTRICT.to_owned(),
            staff_ref: "bench".to_owned(),
        };
        let mut desks = Vec::new();
        for street in charter.find_parties(charter::PartyKind::Street) {
            let centre = charter.unit_of(&street.code, "command-centre").context("every street has one")?.code.clone();
            let token = running.token(&identity("street", centre.as_str()));
            let dispatch = DispatchServiceClient::new(authorised(&running.endpoints.grpc, &token).await?);
            let evaluation = EvaluationServiceClient::new(authorised(&running.endpoints.grpc, &token).await?);
            desks.push((centre, dispatch, evaluation));
        }
        let token = running.token(&identity("bridge", BRIDGE));
        let departments = charter
            .departments()
            .filter(|party| party.kind == charter::PartyKind::Department)
            .map(|party| party.code.clone())
            .collect();
        Ok(Self {
            broker: running.connect(PROVISION_USER).await?,
            bridge: running.connect(BRIDGE).await?.requester(),
            desks,
            caller: EvaluationServiceClient::new(authorised(&running.endpoints.grpc, &token).await?),
            departments,
            born: AtomicUsize::new(0),
            run: uuid::Uuid::new_v4().simple().to_string(),
        })
    }

    /// Submits the next case; answers its id and how long the acknowledgement took, in ms.
    async fn submit(&self) -> anyhow::Result<(String, f64)> {
        let number = self.born.fetch_add(1, Ordering::Relaxed);
        let (centre, _, _) = &self.desks[number % self.desks.len()];
        let street = centre.as_str().trim_end_matches("-command-centre");
        let request = SubmitRequest {
            external_ref: format!("{}-{number}", self.run),
            title: "路口渍水，行人绕行".to_owned(),
            text: "门口的路一下雨就积水，过往的人像过河一样，请尽快处理。".repeat(2),
            place: Some(Place {
                party: street.to_owned(), address: format!("和平大道{number}号"), ..Place::default()
            }),
            category: "ponding".to_owned(),
            ..SubmitRequest::default()
        };
        let begun = Instant::now();
        let subject = BridgeSubject::submit(&BRIDGE.parse()?);
        let reply = self.bridge.request(subject, request.encode_to_vec(), Duration::from_secs(30)).await?;
        let took = begun.elapsed().as_secs_f64() * 1000.0;
        match SubmitReply::decode(reply)?.result {
            Some(submit_reply::Result::Ok(response)) => Ok((response.case_id, took)),
            other => anyhow::bail!("submission refused: {other:?}"),
        }
    }

    /// What the people do when something happens to a case; true when it is over.
    fn react(self: &Arc<Self>, stored: &StoredCommit, tasks: &mut JoinSet<anyhow::Result<()>>) -> bool {
        let mut over = false;
        for event in stored.commit.decisions.iter().flat_map(|decision| &decision.events) {
            let case = stored.subject.key.id.clone();
            match &event.of {
                Some(Of::Dispatch(fact)) => match &fact.event {
                    Some(DispatchFact::Assigned(fact)) => {
                        tasks.spawn(Arc::clone(self).call(case, fact.party.clone()));
                    }
                    Some(DispatchFact::Closed(_)) => over = true,
                    _ => {}
                },
                Some(Of::Evaluation(fact)) => {
                    if let Some(EvaluationFact::RatingRequested(fact)) = &fact.event {
                        let party = fact.performance.first().map(|kept| kept.party.clone()).unwrap_or_default();
                        tasks.spawn(Arc::clone(self).rate(case, fact.calling_party.clone(), party));
                    }
                }
                _ => {}
            }
        }
        over
    }

    async fn call(self: Arc<Self>, case_id: String, owner: String) -> anyhow::Result<()> {
        let (_, dispatch, _) = self.desks.iter().find(|(centre, _, _)| centre.as_str() == owner).context("a street")?;
        let number = self.born.fetch_add(0, Ordering::Relaxed);
        let party = self.departments[number % self.departments.len()].to_string();
        let request = CallRequest {
            district: DISTRICT.to_owned(),
            case_id,
            command_id: uuid::Uuid::new_v4().to_string(),
            parties: vec![CalledParty { party, duty: Duty::Lead.into() }],
            ..CallRequest::default()
        };
        dispatch.clone().call(request).await?;
        Ok(())
    }

    async fn rate(self: Arc<Self>, case_id: String, street: String, party: String) -> anyhow::Result<()> {
        let (_, _, evaluation) =
            self.desks.iter().find(|(centre, _, _)| centre.as_str() == street).context("a street")?;
        let by_street = RatePartyRequest {
            district: DISTRICT.to_owned(),
            case_id: case_id.clone(),
            command_id: uuid::Uuid::new_v4().to_string(),
            party,
            rate: "1".to_owned(),
            deduction_reason: String::new(),
        };
        evaluation.clone().rate_party(by_street).await?;
        let by_caller = RateRequest {
            district: DISTRICT.to_owned(),
            case_id,
            command_id: uuid::Uuid::new_v4().to_string(),
            rating: "satisfied".to_owned(),
            comment: String::new(),
        };
        self.caller.clone().rate(by_caller).await?;
        Ok(())
    }

    fn watch(&self, from: u64, stop: CancellationToken) -> record::Replay {
        let filters = [Owner::Dispatch, Owner::Evaluation].map(|owner| CommitSubject::all_of(Kind::Case, owner));
        self.broker.replay(filters.to_vec(), from, stop)
    }

    async fn end_of_record(&self) -> anyhow::Result<u64> {
        Ok(self.broker.end_of_record().await?)
    }
    async fn durable_messages(&self) -> anyhow::Result<u64> {
        Ok(self.broker.activity(None).await?.positions.iter().sum::<u64>() + self.born.load(Ordering::Relaxed) as u64)
    }

    async fn closed_loop(self: &Arc<Self>) -> anyhow::Result<Full> {
        let stop = CancellationToken::new();
        let mut record = self.watch(self.end_of_record().await? + 1, stop.clone());
        let slots = Arc::new(Semaphore::new(UNDER_WAY));
        let mut tasks = JoinSet::new();
        let begun = Instant::now();
        let mut measured = None;
        let mut closed = 0u64;
        let feeder = {
            let (load, slots, stop) = (Arc::clone(self), Arc::clone(&slots), stop.clone());
            tokio::task::spawn(async move {
                let mut submits = JoinSet::new();
                while !stop.is_cancelled() {
                    slots.acquire().await?.forget();
                    let load = Arc::clone(&load);
                    submits.spawn(async move { load.submit().await.map(|_| ()) });
                    while let Some(done) = submits.try_join_next() {
                        done??;
                    }
                }
                anyhow::Ok(())
            })
        };
        let figures = loop {
            let step = record.next().await?.context("the record goes on")?;
            let Step::Commit(stored) = step else { continue };
            if self.react(&stored, &mut tasks) {
                closed += 1;
                slots.add_permits(1);
            }
            while let Some(done) = tasks.try_join_next() {
                done??;
            }
            match &measured {
                None if begun.elapsed() >= WARM_UP => {
                    measured =
                        Some((Instant::now(), closed, self.end_of_record().await?, self.durable_messages().await?));
                }
                Some((since, closed_then, commits_then, durable_then)) if since.elapsed() >= MEASURED => {
                    let seconds = since.elapsed().as_secs_f64();
                    let per_s = |now: u64, then: u64| (now - then) as f64 / seconds;
                    break Full {
                        lifecycles_per_s: per_s(closed, *closed_then),
                        commits_per_s: per_s(self.end_of_record().await?, *commits_then),
                        durable_messages_per_s: per_s(self.durable_messages().await?, *durable_then),
                    };
                }
                _ => {}
            }
        };
        feeder.abort();
        // What is under way is finished, so that the next phase begins on a quiet system.
        self.finish(&mut record, &mut tasks).await?;
        stop.cancel();
        Ok(figures)
    }

    async fn finish(
        self: &Arc<Self>,
        record: &mut record::Replay,
        tasks: &mut JoinSet<anyhow::Result<()>>,
    ) -> anyhow::Result<()> {
        while let Ok(step) = tokio::time::timeout(Duration::from_secs(2), record.next()).await {
            if let Some(Step::Commit(stored)) = step? {
                self.react(&stored, tasks);
            }
        }
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        Ok(())
    }

    async fn open_loop(self: &Arc<Self>, rate: f64) -> anyhow::Result<Open> {
        let stop = CancellationToken::new();
        let mut record = self.watch(self.end_of_record().await? + 1, stop.clone());
        let born: Arc<std::sync::Mutex<HashMap<String, Instant>>> = Arc::default();
        let submitted: Arc<std::sync::Mutex<Vec<f64>>> = Arc::default();
        let failed = Arc::new(AtomicU64::new(0));
        let feeder = {
            let (load, born, submitted, failed) =
                (Arc::clone(self), Arc::clone(&born), Arc::clone(&submitted), Arc::clone(&failed));
            tokio::task::spawn(async move {
                let mut ticks = tokio::time::interval(Duration::from_secs_f64(1.0 / rate));
                let begun = Instant::now();
                let mut submits = JoinSet::new();
                while begun.elapsed() < MEASURED {
                    ticks.tick().await;
                    let (load, born, submitted, failed) =
                        (Arc::clone(&load), Arc::clone(&born), Arc::clone(&submitted), Arc::clone(&failed));
                    submits.spawn(async move {
                        let at = Instant::now();
                        match load.submit().await {
                            Ok((case, took)) => {
                                lock(&born).insert(case, at);
                                lock(&submitted).push(took);
                            }
                            Err(_) => {
                                failed.fetch_add(1, Ordering::Relaxed);
                            }
                        }
                    });
                }
                while submits.join_next().await.is_some() {}
            })
        };
        let mut open = Open::default();
        let mut tasks = JoinSet::new();
        while let Ok(step) = tokio::time::timeout(Duration::from_secs(2), record.next()).await {
            let Some(Step::Commit(stored)) = step? else { continue };
            if self.react(&stored, &mut tasks)
                && let Some(at) = lock(&born).remove(&stored.subject.key.id)
            {
                open.lives.push(at.elapsed().as_secs_f64() * 1000.0);
            }
            while let Some(done) = tasks.try_join_next() {
                done??;
            }
        }
        feeder.await?;
        stop.cancel();
        ensure!(failed.load(Ordering::Relaxed) == 0, "submissions failed");
        open.submits = std::mem::take(&mut *lock(&submitted));
        Ok(open)
    }

    async fn sample_commits(&self) -> anyhow::Result<Vec<Vec<u8>>> {
        let mut record = self.broker.replay(vec!["case.>".to_owned()], 1, CancellationToken::new());
        let mut samples = Vec::new();
        while samples.len() < 2000
            && let Some(Step::Commit(stored)) = record.next().await?
        {
            samples.push(stored.commit.encode_to_vec());
        }
        Ok(samples)
    }
}

/// Bare compare-and-set publishes a second, `in_flight` at once.
async fn raw(
    broker: &Broker,
    grouping: Grouping,
    in_flight: usize,
    name: &str,
    samples: &[Vec<u8>],
) -> anyhow::Result<f64> {
    let appender = Appender::with_grouping(broker, CASES, grouping);
    let slots = Arc::new(Semaphore::new(in_flight));
    let stored = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let mut number = 0usize;
    while begun.elapsed() < RAW_MEASURED {
        let permit = Arc::clone(&slots).acquire_owned().await?;
        // Subjects of the record that no service follows.
        let subject = format!("period.bench.{name}-{number}.evaluation.1");
        let payload = samples[number % samples.len()].clone();
        number += 1;
        let (appender, stored) = (appender.clone(), Arc::clone(&stored));
        tokio::task::spawn(async move {
            if appender.append(subject, payload).await.is_ok() {
                stored.fetch_add(1, Ordering::Relaxed);
            }
            drop(permit);
        });
    }
    let per_s = stored.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64();
    let _all = slots.acquire_many(u32::try_from(in_flight)?).await?;
    Ok(per_s)
}

/// The latest of [`ALARMS`] alarms, in ms after it was due.
async fn alarms(broker: &Broker) -> anyhow::Result<f64> {
    // Intake has no deadlines of its own, so nobody takes these before they are read here.
    let alarms = Alarms::open(broker, Owner::Intake).await?;
    let now = chassis::Clock::real().now();
    for number in 0..ALARMS {
        let due = now.checked_add(jiff::SignedDuration::from_millis(1500 + i64::try_from(number)? * 40))?;
        let key = HistoryKey { kind: Kind::Period, district: "bench".parse()?, id: format!("alarm-{number}") };
        alarms.set(&key, due, due).await?;
    }
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let rung = alarms.rung().await?;
        if rung.len() == ALARMS {
            let late = rung.iter().map(|(due, rang)| rang.duration_since(*due).as_secs_f64() * 1000.0);
            return Ok(late.fold(0.0, f64::max));
        }
        ensure!(Instant::now() < deadline, "{} of {ALARMS} alarms rang", rung.len());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn percentile(values: &[f64], percent: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index into the list itself")]
    let index = ((sorted.len() as f64 * percent / 100.0) as usize).min(sorted.len().saturating_sub(1));
    sorted.get(index).copied().map(round).unwrap_or_default()
}

fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
