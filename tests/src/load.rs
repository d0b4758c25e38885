//! The load of the benchmarks: one case after the other is born, called, rated.

mod access;
mod overload;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use chassis::CancellationToken;
use huying::accounts::PROVISION_USER;
use huying::client::{Authorised, authorised};
use huying::up::{Ports, UpConfig};
use ids::{Code, Kind, Owner};
use prost::Message;
use proto::common::v1::{Duty, Place, Refusal};
use proto::dispatch::v1::dispatch_event::Event as DispatchFact;
use proto::dispatch::v1::dispatch_service_client::DispatchServiceClient;
use proto::dispatch::v1::{CallRequest, CalledParty};
use proto::evaluation::v1::evaluation_event::Event as EvaluationFact;
use proto::evaluation::v1::evaluation_service_client::EvaluationServiceClient;
use proto::evaluation::v1::{RatePartyRequest, RateRequest};
use proto::intake::v1::{SubmitReply, SubmitRequest, submit_reply};
use proto::subjects::{BridgeSubject, CommitSubject};
use record::{Broker, Requester, Step, StoredCommit};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::cpu::own_and_children_s;

pub use self::access::Access;
pub use self::overload::Overload;

pub const DISTRICT: &str = "wuchang";
pub const BRIDGE: &str = "wuchang-weilinli";
/// Cases under way at once in the closed loop.
pub const UNDER_WAY: usize = 512;
pub const WARM_UP: Duration = Duration::from_secs(4);
pub const MEASURED: Duration = Duration::from_secs(12);
/// Longest wait for the next fact, and for the last.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the benchmarks run: everything in this process, with departments that answer by themselves.
#[must_use]
pub fn installation(folder: &Path) -> UpConfig {
    UpConfig {
        charters: vec![DISTRICT.to_owned()],
        ports: Ports::Auto,
        auto: true,
        ..UpConfig::new(folder.join("data"))
    }
}

/// What became of a submission.
enum Submission {
    Accepted {
        case_id: String,
        took_ms: f64,
    },
    /// More comes than can be handled, and it was said when to come again.
    Later,
    Refused(Box<Refusal>),
}

/// The load: one case after the other is born, called, rated.
pub struct Load {
    pub broker: Broker,
    bridge: Requester,
    desks: Vec<(Code, DispatchServiceClient<Authorised>, EvaluationServiceClient<Authorised>)>,
    caller: EvaluationServiceClient<Authorised>,
    departments: Vec<Code>,
    born: AtomicUsize,
    run: String,
}

pub struct Full {
    pub lifecycles_per_s: f64,
    pub commits_per_s: f64,
    pub durable_messages_per_s: f64,
    /// Processor time of a lifecycle in ms: of this process, the load included, and of the broker.
    pub own_cpu_ms: f64,
    pub broker_cpu_ms: f64,
}

#[derive(Default)]
pub struct Open {
    pub submits: Vec<f64>,
    pub lives: Vec<f64>,
}

impl Load {
    /// For a running installation, whose departments answer by themselves: those in `departments`, or all of the district
    /// if none is named.
    ///
    /// # Errors
    /// Somebody is not let in.
    pub async fn open(access: &Access, departments: &[&str]) -> anyhow::Result<Self> {
        let charter = charter::Charter::shipped(DISTRICT).context("the charter ships")?;
        let mut desks = Vec::new();
        for street in charter.find_parties(charter::PartyKind::Street) {
            let centre = charter.unit_of(&street.code, "command-centre").context("every street has one")?.code.clone();
            let token = access.token("street", centre.as_str(), DISTRICT)?;
            let dispatch = DispatchServiceClient::new(authorised(&access.dispatch, &token).await?);
            let evaluation = EvaluationServiceClient::new(authorised(&access.evaluation, &token).await?);
            desks.push((centre, dispatch, evaluation));
        }
        let token = access.token("bridge", BRIDGE, DISTRICT)?;
        let departments = charter
            .departments()
            .filter(|party| party.kind == charter::PartyKind::Department)
            .map(|party| party.code.clone())
            .filter(|code| departments.is_empty() || departments.contains(&code.as_str()))
            .collect();
        Ok(Self {
            broker: access.connect(PROVISION_USER).await?,
            bridge: access.connect(BRIDGE).await?.requester(),
            desks,
            caller: EvaluationServiceClient::new(authorised(&access.evaluation, &token).await?),
            departments,
            born: AtomicUsize::new(0),
            run: uuid::Uuid::new_v4().simple().to_string(),
        })
    }

    /// Submits the next case; answers its id and how long the acknowledgement took, in ms.
    async fn submit(&self) -> anyhow::Result<(String, f64)> {
        match self.offer().await? {
            Submission::Accepted { case_id, took_ms } => Ok((case_id, took_ms)),
            Submission::Later => anyhow::bail!("submission refused: more comes than can be handled"),
            Submission::Refused(refusal) => anyhow::bail!("submission refused: {refusal:?}"),
        }
    }

    /// Submits the next case, and says what became of it.
    async fn offer(&self) -> anyhow::Result<Submission> {
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
        let took_ms = begun.elapsed().as_secs_f64() * 1000.0;
        Ok(match SubmitReply::decode(reply)?.result.context("an answer")? {
            submit_reply::Result::Ok(response) => Submission::Accepted { case_id: response.case_id, took_ms },
            submit_reply::Result::Refusal(refusal) if refusal.retry_after_s > 0 => Submission::Later,
            submit_reply::Result::Refusal(refusal) => Submission::Refused(Box::new(refusal)),
        })
    }

    /// What the people do when something happens to a case; true when it is over.
    fn react(self: &Arc<Self>, stored: &StoredCommit, tasks: &mut JoinSet<anyhow::Result<()>>) -> bool {
        let mut over = false;
        let case = || stored.subject.key.id.clone();
        for fact in stored.commit.dispatch_facts() {
            if let DispatchFact::Assigned(fact) = fact {
                tasks.spawn(Arc::clone(self).call(case(), fact.party.clone()));
            }
            over |= matches!(fact, DispatchFact::Closed(_));
        }
        for fact in stored.commit.evaluation_facts() {
            if let EvaluationFact::RatingRequested(fact) = fact {
                let party = fact.performance.first().map(|kept| kept.party.clone()).unwrap_or_default();
                tasks.spawn(Arc::clone(self).rate(case(), fact.calling_party.clone(), party));
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
            grounds: vec![],
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

    /// As many as go, [`UNDER_WAY`] at once.
    ///
    /// # Errors
    /// A request is refused, or the broker does not answer.
    pub async fn closed_loop(self: &Arc<Self>) -> anyhow::Result<Full> {
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
                    let (commits, durable) = (self.end_of_record().await?, self.durable_messages().await?);
                    measured = Some((Instant::now(), closed, commits, durable, own_and_children_s()?));
                }
                Some((since, closed_then, commits_then, durable_then, (own_then, broker_then)))
                    if since.elapsed() >= MEASURED =>
                {
                    let seconds = since.elapsed().as_secs_f64();
                    let per_s = |now: u64, then: u64| (now - then) as f64 / seconds;
                    let (own, broker) = own_and_children_s()?;
                    let each_ms = |now: f64, then: f64| (now - then) * 1000.0 / (closed - closed_then) as f64;
                    break Full {
                        lifecycles_per_s: per_s(closed, *closed_then),
                        commits_per_s: per_s(self.end_of_record().await?, *commits_then),
                        durable_messages_per_s: per_s(self.durable_messages().await?, *durable_then),
                        own_cpu_ms: each_ms(own, *own_then),
                        broker_cpu_ms: each_ms(broker, *broker_then),
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

    /// `count` cases from beginning to end, `under_way` at once, and whatever they cause.
    ///
    /// # Errors
    /// A request is refused, or the broker does not answer.
    pub async fn bounded(self: &Arc<Self>, count: usize, under_way: usize) -> anyhow::Result<()> {
        let stop = CancellationToken::new();
        let mut record = self.watch(self.end_of_record().await? + 1, stop.clone());
        let mut tasks = JoinSet::new();
        let (mut begun, mut over) = (0, 0);
        while over < count {
            while begun < count && begun - over < under_way {
                begun += 1;
                let load = Arc::clone(self);
                tasks.spawn(async move { load.submit().await.map(|_| ()) });
            }
            let step = tokio::time::timeout(PATIENCE, record.next()).await.context("the record goes on")??;
            if let Some(Step::Commit(stored)) = step
                && self.react(&stored, &mut tasks)
            {
                over += 1;
            }
            while let Some(done) = tasks.try_join_next() {
                done??;
            }
        }
        stop.cancel();
        self.quiet().await
    }

    /// Returns when nothing is under way any more.
    async fn quiet(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let mut before = None;
        loop {
            let look = self.broker.activity(None).await?;
            if look.is_settled() && before.as_ref() == Some(&look) {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "still under way: {:?}", look.unsettled);
            before = Some(look);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
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

    /// `rate` submissions a second, however long each takes.
    ///
    /// # Errors
    /// A request is refused, or the broker does not answer.
    pub async fn open_loop(self: &Arc<Self>, rate: f64) -> anyhow::Result<Open> {
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

    /// How often which facts were committed together, and by whom, from this position on.
    ///
    /// # Errors
    /// The broker does not answer.
    pub async fn forms(&self, from: u64) -> anyhow::Result<BTreeMap<String, usize>> {
        let mut forms: BTreeMap<String, usize> = BTreeMap::new();
        let end = self.end_of_record().await?;
        let mut record = self.broker.replay(vec!["case.>".to_owned()], from, CancellationToken::new());
        while let Some(step) = record.next().await? {
            let Step::Commit(stored) = step else { continue };
            let last = stored.sequence;
            let facts = stored.commit.decisions.iter().flat_map(|decision| &decision.events);
            let facts: Vec<_> = facts.map(proto::record::v1::Event::name).collect();
            *forms.entry(format!("{} {}", stored.subject.owner, facts.join(" + "))).or_default() += 1;
            if last >= end {
                break;
            }
        }
        Ok(forms)
    }

    /// Commits as they are on the record, for [`raw`].
    ///
    /// # Errors
    /// The broker does not answer.
    pub async fn sample_commits(&self) -> anyhow::Result<Vec<Vec<u8>>> {
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

fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
