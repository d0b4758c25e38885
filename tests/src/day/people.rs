//! What people do all day: they report, call, rate, think better of it, and ask again until they are answered.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use chassis::CancellationToken;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use huying::client::{Authorised, authorised};
use ids::{Code as PartyCode, Kind, Owner};
use proto::common::v1::{Duty, Place};
use proto::dispatch::v1::dispatch_event::Event as DispatchFact;
use proto::dispatch::v1::dispatch_service_client::DispatchServiceClient;
use proto::dispatch::v1::{CallRequest, CalledParty};
use proto::evaluation::v1::evaluation_event::Event as EvaluationFact;
use proto::evaluation::v1::evaluation_service_client::EvaluationServiceClient;
use proto::evaluation::v1::{RatePartyRequest, RateRequest, RatingRequested};
use proto::intake::v1::intake_event::Event as IntakeFact;
use proto::intake::v1::intake_service_client::IntakeServiceClient;
use proto::intake::v1::{MergeRequest, SubmitRequest, SupplementRequest, WithdrawRequest};
use proto::subjects::CommitSubject;
use record::{Broker, Step, StoredCommit};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tonic::{Code, Response, Status};

use super::lives::{Life, number_in, street_of, title_of};
use crate::checker::Acknowledged;
use crate::load::{Access, BRIDGE, DISTRICT};

const TRY_EVERY: Duration = Duration::from_millis(200);
/// Longer than any process needs to come back: who is not answered by then never will be.
const PATIENCE: Duration = Duration::from_secs(120);
/// Nothing new for this long after the last submission: whatever is not over will not be.
const STILL: Duration = Duration::from_secs(60);
/// Reports under way at the same time.
const REPORTS_MAX: usize = 1_000;
/// Of so many reports one is sent twice at the same time.
const TWICE_OF: u64 = 16;

/// The doors people use.
#[derive(Clone)]
struct Doors {
    bridge: IntakeServiceClient<Authorised>,
    caller: EvaluationServiceClient<Authorised>,
    desks: Vec<Desk>,
}

/// A street's command centre.
#[derive(Clone)]
struct Desk {
    centre: PartyCode,
    intake: IntakeServiceClient<Authorised>,
    dispatch: DispatchServiceClient<Authorised>,
    evaluation: EvaluationServiceClient<Authorised>,
}

impl Doors {
    async fn find(access: &Access, intake: &str) -> anyhow::Result<Self> {
        let charter = charter::Charter::shipped(DISTRICT).context("the charter ships")?;
        let as_bridge = access.token("bridge", BRIDGE, DISTRICT)?;
        let mut desks = Vec::new();
        for street in charter.find_parties(charter::PartyKind::Street) {
            let centre = charter.unit_of(&street.code, "command-centre").context("every street has one")?.code.clone();
            let token = access.token("street", centre.as_str(), DISTRICT)?;
            desks.push(Desk {
                intake: IntakeServiceClient::new(authorised(intake, &token).await?),
                dispatch: DispatchServiceClient::new(authorised(&access.dispatch, &token).await?),
                evaluation: EvaluationServiceClient::new(authorised(&access.evaluation, &token).await?),
                centre,
            });
        }
        Ok(Self {
            bridge: IntakeServiceClient::new(authorised(intake, &as_bridge).await?),
            caller: EvaluationServiceClient::new(authorised(&access.evaluation, &as_bridge).await?),
            desks,
        })
    }
}

/// What people know at the end of the day.
#[derive(Debug, Default)]
pub struct Known {
    pub acknowledged: Vec<Acknowledged>,
    /// What somebody was told no to, for good, with the case's number.
    pub refused: Vec<String>,
    /// Questions that had to be asked again.
    pub asked_again: u64,
}

type Shared = Arc<Mutex<Known>>;

/// Everybody.
pub struct People {
    /// Of every replica; whoever wants something goes to the next.
    doors: Vec<Doors>,
    turn: AtomicUsize,
    broker: Broker,
    departments: Vec<PartyCode>,
    known: Shared,
    /// Numbers of the cases whose reception was seen.
    numbers: BTreeMap<String, u64>,
    /// Cases that were assigned, by their numbers.
    assigned: BTreeMap<u64, String>,
    doing: JoinSet<()>,
}

impl People {
    /// They find the doors of the services, as long as everybody is there. `replicas`: how to get into each, and to its intake.
    ///
    /// # Errors
    /// Somebody is not let in.
    pub async fn arrive(replicas: &[(Access, String)], departments: &[&str], broker: Broker) -> anyhow::Result<Self> {
        let mut doors = Vec::new();
        for (access, intake) in replicas {
            doors.push(Doors::find(access, intake).await?);
        }
        Ok(Self {
            doors,
            turn: AtomicUsize::new(0),
            broker,
            departments: departments.iter().map(|code| code.parse()).collect::<Result<_, _>>()?,
            known: Shared::default(),
            numbers: BTreeMap::new(),
            assigned: BTreeMap::new(),
            doing: JoinSet::new(),
        })
    }

    /// They report `cases` matters, `per_s` a second, and do what there is to do until all are over, or nothing happens
    /// any more. `tell` hears now and then how many are received and how many over.
    ///
    /// # Errors
    /// The record cannot be read.
    pub async fn live(mut self, cases: u64, per_s: f64, mut tell: impl FnMut(usize, usize)) -> anyhow::Result<Known> {
        let stop = CancellationToken::new();
        let filters = [Owner::Intake, Owner::Dispatch, Owner::Evaluation].map(|o| CommitSubject::all_of(Kind::Case, o));
        let mut record = self.broker.replay(filters.to_vec(), 1, stop.clone());
        let reporting = tokio::task::spawn(report_all(self.doors.clone(), Arc::clone(&self.known), cases, per_s));
        let (mut over, mut told) = (0, Instant::now());
        while (over as u64) < cases {
            match tokio::time::timeout(STILL, record.next()).await {
                Ok(step) => {
                    if let Some(Step::Commit(stored)) = step? {
                        over += usize::from(self.react(&stored));
                    }
                }
                Err(_still) if reporting.is_finished() => break,
                Err(_still) => {}
            }
            while self.doing.try_join_next().is_some() {}
            if told.elapsed() > Duration::from_secs(10) {
                told = Instant::now();
                tell(self.numbers.len(), over);
            }
        }
        reporting.await?;
        while self.doing.join_next().await.is_some() {}
        stop.cancel();
        Ok(std::mem::take(&mut *lock(&self.known)))
    }

    /// What somebody does when something happens to a case; true when it is over.
    fn react(&mut self, stored: &StoredCommit) -> bool {
        let case = &stored.subject.key.id;
        let mut over = false;
        for fact in stored.commit.intake_facts() {
            if let IntakeFact::Received(fact) = fact
                && let Some(number) = number_in(&fact.title)
            {
                self.numbers.insert(case.clone(), number);
                match Life::of(number) {
                    Life::Withdrawn => self.withdraw(case, number),
                    // Only what was received later can be merged into it.
                    Life::Host => self.report_guest(number + 1),
                    Life::Plain | Life::TwoCalled | Life::Supplemented | Life::Redone | Life::Guest => {}
                }
            }
        }
        let Some(number) = self.numbers.get(case).copied() else { return false };
        for fact in stored.commit.dispatch_facts() {
            if matches!(fact, DispatchFact::Assigned(_)) && self.assigned.insert(number, case.clone()).is_none() {
                self.take_up(case, number);
            }
            if matches!(fact, DispatchFact::Reopened(_)) {
                self.call(case, number, "again");
            }
            over |= matches!(fact, DispatchFact::Closed(_));
        }
        for fact in stored.commit.evaluation_facts() {
            if let EvaluationFact::RatingRequested(fact) = fact {
                self.rate(case, number, fact);
            }
        }
        over
    }

    /// The street has it for the first time.
    fn take_up(&mut self, case: &str, number: u64) {
        match Life::of(number) {
            Life::Plain | Life::TwoCalled | Life::Redone => self.call(case, number, "first"),
            Life::Supplemented => self.supplement(case, number),
            Life::Withdrawn => {}
            Life::Host => {
                if let Some(guest) = self.assigned.get(&(number + 1)).cloned() {
                    self.merge(&guest, case, number);
                }
            }
            Life::Guest => {
                if let Some(host) = self.assigned.get(&(number - 1)).cloned() {
                    self.merge(case, &host, number - 1);
                }
            }
        }
    }

    fn report_guest(&mut self, number: u64) {
        let (doors, known) = (self.doors().clone(), Arc::clone(&self.known));
        self.doing.spawn(async move { report(&doors, &known, number).await });
    }

    fn withdraw(&mut self, case: &str, number: u64) {
        let request = WithdrawRequest {
            district: DISTRICT.to_owned(),
            case_id: case.to_owned(),
            command_id: format!("{case}-withdraw"),
            reason: "水已经退了".to_owned(),
        };
        let (bridge, known) = (self.doors().bridge.clone(), Arc::clone(&self.known));
        self.doing.spawn(async move {
            ask(&known, number, "withdraw", || {
                let (mut bridge, request) = (bridge.clone(), request.clone());
                async move { bridge.withdraw(request).await }
            })
            .await;
        });
    }

    fn supplement(&mut self, case: &str, number: u64) {
        let (bridge, known) = (self.doors().bridge.clone(), Arc::clone(&self.known));
        let calling = self.calling(case, number, "first");
        let case = case.to_owned();
        self.doing.spawn(async move {
            for (time, text) in [(1, "水更深了。"), (2, "已经进到楼道里。")] {
                let request = SupplementRequest {
                    district: DISTRICT.to_owned(),
                    case_id: case.clone(),
                    command_id: format!("{case}-supplement-{time}"),
                    text: text.to_owned(),
                    evidence: vec![],
                };
                ask(&known, number, "supplement", || {
                    let (mut bridge, request) = (bridge.clone(), request.clone());
                    async move { bridge.supplement(request).await }
                })
                .await;
            }
            calling.await;
        });
    }

    fn merge(&mut self, guest: &str, host: &str, number: u64) {
        let request = MergeRequest {
            district: DISTRICT.to_owned(),
            case_id: guest.to_owned(),
            command_id: format!("{guest}-merge"),
            into: host.to_owned(),
            reason: "同一处渍水".to_owned(),
        };
        let (intake, known) = (self.desk(number).intake.clone(), Arc::clone(&self.known));
        let calling = self.calling(host, number, "first");
        self.doing.spawn(async move {
            ask(&known, number + 1, "merge", || {
                let (mut intake, request) = (intake.clone(), request.clone());
                async move { intake.merge(request).await }
            })
            .await;
            calling.await;
        });
    }

    fn call(&mut self, case: &str, number: u64, time: &str) {
        let calling = self.calling(case, number, time);
        self.doing.spawn(calling);
    }

    fn calling(&self, case: &str, number: u64, time: &str) -> impl Future<Output = ()> + Send + 'static {
        let lead = usize::try_from(number / 3).unwrap_or_default();
        let count = if Life::of(number) == Life::TwoCalled { 2 } else { 1 };
        let duties = [Duty::Lead, Duty::Assist];
        let parties = duties.into_iter().take(count).enumerate().map(|(place, duty)| CalledParty {
            party: self.departments[(lead + place) % self.departments.len()].to_string(),
            duty: duty.into(),
        });
        let request = CallRequest {
            district: DISTRICT.to_owned(),
            case_id: case.to_owned(),
            command_id: format!("{case}-call-{time}"),
            parties: parties.collect(),
            ..CallRequest::default()
        };
        let (dispatch, known) = (self.desk(number).dispatch.clone(), Arc::clone(&self.known));
        async move {
            ask(&known, number, "call", || {
                let (mut dispatch, request) = (dispatch.clone(), request.clone());
                async move { dispatch.call(request).await }
            })
            .await;
        }
    }

    fn rate(&mut self, case: &str, number: u64, asked: &RatingRequested) {
        let round = asked.round;
        let by_street: Vec<RatePartyRequest> = asked
            .performance
            .iter()
            .filter(|kept| !asked.rated.contains(&kept.party))
            .map(|kept| RatePartyRequest {
                district: DISTRICT.to_owned(),
                case_id: case.to_owned(),
                command_id: format!("{case}-rate-{round}-{}", kept.party),
                party: kept.party.clone(),
                rate: "1".to_owned(),
                deduction_reason: String::new(),
                grounds: vec![],
            })
            .collect();
        let again = Life::of(number) == Life::Redone && round == 1;
        let by_caller = RateRequest {
            district: DISTRICT.to_owned(),
            case_id: case.to_owned(),
            command_id: format!("{case}-rate-{round}"),
            rating: if again { "dissatisfied" } else { "satisfied" }.to_owned(),
            comment: String::new(),
        };
        let (street, caller) = (self.desk(number).evaluation.clone(), self.doors().caller.clone());
        let known = Arc::clone(&self.known);
        self.doing.spawn(async move {
            for request in by_street {
                ask(&known, number, "rate a department", || {
                    let (mut street, request) = (street.clone(), request.clone());
                    async move { street.rate_party(request).await }
                })
                .await;
            }
            ask(&known, number, "rate", || {
                let (mut caller, request) = (caller.clone(), by_caller.clone());
                async move { caller.rate(request).await }
            })
            .await;
        });
    }

    fn desk(&self, number: u64) -> &Desk {
        let desks = &self.doors().desks;
        &desks[street_of(number, desks.len())]
    }

    fn doors(&self) -> &Doors {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        &self.doors[turn % self.doors.len()]
    }
}

/// Reports one matter after the other; a guest's is reported when its host's is there.
async fn report_all(replicas: Vec<Doors>, known: Shared, cases: u64, per_s: f64) {
    let mut ticks = tokio::time::interval(Duration::from_secs_f64(1.0 / per_s));
    let slots = Arc::new(Semaphore::new(REPORTS_MAX));
    let mut reports = JoinSet::new();
    for number in (0..cases).filter(|number| Life::of(*number) != Life::Guest) {
        ticks.tick().await;
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        let (replicas, known) = (replicas.clone(), Arc::clone(&known));
        reports.spawn(async move {
            let times = if number % TWICE_OF == 0 { 2 } else { 1 };
            let doors = replicas.iter().cycle().skip(usize::try_from(number).unwrap_or_default() % replicas.len());
            let sending: FuturesUnordered<_> = doors.take(times).map(|doors| report(doors, &known, number)).collect();
            sending.collect::<()>().await;
            drop(slot);
        });
        while reports.try_join_next().is_some() {}
    }
    while reports.join_next().await.is_some() {}
}

/// One matter, until it is acknowledged.
async fn report(doors: &Doors, known: &Shared, number: u64) {
    let centre = doors.desks[street_of(number, doors.desks.len())].centre.to_string();
    let request = SubmitRequest {
        external_ref: format!("day-{number}"),
        title: title_of(number),
        text: "门口的路一下雨就积水，过往的人像过河一样，请尽快处理。".to_owned(),
        place: Some(Place {
            party: centre.trim_end_matches("-command-centre").to_owned(),
            address: format!("和平大道{number}号"),
            ..Place::default()
        }),
        category: "ponding".to_owned(),
        ..SubmitRequest::default()
    };
    let answer = ask(known, number, "submit", || {
        let (mut bridge, request) = (doors.bridge.clone(), request.clone());
        async move { bridge.submit(request).await }
    });
    if let Some(answer) = answer.await {
        let title = title_of(number);
        lock(known).acknowledged.push(Acknowledged { title, case: answer.case_id });
    }
}

/// Until it is answered; a no for good is kept.
async fn ask<T, F>(known: &Shared, number: u64, what: &str, mut ask: impl FnMut() -> F) -> Option<T>
where
    F: Future<Output = Result<Response<T>, Status>>,
{
    let begun = Instant::now();
    loop {
        match ask().await {
            Ok(answer) => return Some(answer.into_inner()),
            Err(status) if may_pass(status.code()) && begun.elapsed() < PATIENCE => {
                lock(known).asked_again += 1;
                tokio::time::sleep(TRY_EVERY).await;
            }
            Err(status) => {
                let (code, message) = (status.code(), status.message());
                lock(known).refused.push(format!("case {number}, {:?}: {what}: {code:?}: {message}", Life::of(number)));
                return None;
            }
        }
    }
}

/// What a process that is not there, or is not level, answers in one way or the other.
fn may_pass(code: Code) -> bool {
    matches!(
        code,
        Code::Unavailable
            | Code::DeadlineExceeded
            | Code::Aborted
            | Code::Cancelled
            | Code::Unknown
            | Code::Internal
            | Code::ResourceExhausted
    )
}

fn lock(known: &Shared) -> std::sync::MutexGuard<'_, Known> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}
