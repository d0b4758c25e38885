//! One department: its calls, its answers, its way to the hub. What a handler written in Rust works with.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use chassis::{CancellationToken, Service};
use futures::{Stream, stream};
use ids::Code;
use proto::dispatch::v1::{Answer, Order};
use proto::responder::v1::{AnswerStatus, ReceivedCall};
use proto::subjects::AnswerSubject;
use record::{Broker, chain};
use tokio::sync::watch;

use crate::auto::{self, Policy};
use crate::hub;
use crate::inbox::Inbox;
use crate::outbox::{AnswerError, Outbox};
use crate::store::{Store, StoreError};
use crate::wire::read_answer;

/// How long the hub may take for one answer before it is sent again. A commit takes milliseconds; in a storm it waits
/// behind others.
const REPLY_WAIT: Duration = Duration::from_secs(5);
/// Pause before a store that cannot be read is read again.
const READ_AGAIN: Duration = Duration::from_secs(1);

/// What a department needs beside its code.
#[derive(Clone, Debug)]
pub struct DepartmentConfig {
    /// The broker, with the credentials of the department's own account.
    pub station: station::Config,
    /// Holds `<department>.sqlite`; made if it is not there.
    pub data_dir: PathBuf,
    /// For simulations and benchmarks.
    pub auto: Option<Policy>,
}

/// One department at work. Cheap to clone; all clones are one department.
#[derive(Clone)]
pub struct Department(Arc<Inner>);

struct Inner {
    code: Code,
    store: Store,
    outbox: Outbox,
    stop: CancellationToken,
}

/// Where a stream of orders begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// Everything that is kept.
    Start,
    /// What is not finished; then what comes.
    Unfinished,
    /// What comes.
    Now,
}

impl Department {
    /// Opens what is kept on disk, and works for `service` until it stops: takes orders, sends answers. It does not
    /// wait for the hub.
    ///
    /// # Errors
    /// The directory cannot be made, or the file cannot be opened.
    pub async fn open(code: Code, config: DepartmentConfig, service: &Service) -> anyhow::Result<Self> {
        let DepartmentConfig { station, data_dir, auto } = config;
        let file = data_dir.join(format!("{code}.sqlite"));
        let open = move || {
            std::fs::create_dir_all(&data_dir).with_context(|| format!("making {}", data_dir.display()))?;
            Store::open(&file)
        };
        let store = tokio::task::spawn_blocking(open).await??;
        let outbox = Outbox::open(code.clone(), store.clone()).await?;
        let department = Self(Arc::new(Inner { code, store, outbox, stop: service.stopping() }));
        service.spawn("orders and answers", department.clone().work(station, service.clock().clone()));
        if let Some(policy) = auto {
            service.spawn("automatic answers", auto::run(policy, department.clone()));
        }
        Ok(department)
    }

    #[must_use]
    pub fn code(&self) -> &Code {
        &self.0.code
    }

    /// Orders that are not finished, oldest first, and then new ones as they come, each after it is on disk. A handler
    /// that restarts sees unfinished ones again: it gives its answers command ids of which it can make the same again.
    /// Ends when the service stops.
    pub fn orders(&self) -> impl Stream<Item = Order> + Send + use<> {
        self.orders_since(Since::Unfinished)
    }

    /// Orders as they came, each after it is on disk. Ends when the service stops.
    pub fn orders_since(&self, since: Since) -> impl Stream<Item = Order> + Send + use<> {
        let newest = self.0.store.newest();
        let now = *newest.borrow();
        let (position, unfinished_until) = match since {
            Since::Start => (0, 0),
            Since::Unfinished => (0, now),
            Since::Now => (now, 0),
        };
        let reading = Reading {
            store: self.0.store.clone(),
            stop: self.0.stop.clone(),
            newest,
            position,
            unfinished_until,
            read: VecDeque::new(),
        };
        stream::unfold(reading, |mut reading| async move { reading.next().await.map(|order| (order, reading)) })
    }

    /// Keeps an answer, sends it, and waits up to 5 s for the hub's verdict; from there on it is sent by itself until
    /// there is one. The same `command_id` again gives the status again; without a `command_id` it is given one.
    ///
    /// # Errors
    /// It has not the right form, or could not be kept; then it is not sent either.
    pub async fn answer(&self, answer: Answer) -> Result<AnswerStatus, AnswerError> {
        self.0.outbox.answer(read_answer(answer).map_err(AnswerError::BadInput)?).await
    }

    /// Calls to work on, the oldest first, then those that are done; with `all` also those that are over. At most
    /// 3 MiB of them, so that a gRPC client takes the list.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn calls(&self, all: bool) -> Result<Vec<ReceivedCall>, StoreError> {
        self.0.store.calls(all).await
    }

    /// Answers that the hub has not taken yet. The clock of a story moves only when there are none.
    #[must_use]
    pub fn waiting_answers(&self) -> usize {
        self.0.outbox.waiting()
    }

    async fn work(self, station: station::Config, clock: chassis::Clock) -> anyhow::Result<()> {
        let Inner { code, store, outbox, stop } = &*self.0;
        let broken = store.ended();
        let connected = async {
            if let Some(broker) = hub::connect(&station, code, stop).await {
                let inbox = Inbox { department: code.clone(), store: store.clone(), clock };
                let ((), (), sent) = tokio::join!(
                    inbox.follow(&broker, stop),
                    hub::watch(&broker, code, stop),
                    outbox.run(|answer| request(broker.clone(), code.clone(), answer), stop.clone()),
                );
                sent?;
            }
            outbox.end().await;
            Ok(())
        };
        tokio::select! {
            ended = connected => ended,
            () = broken.cancelled() => bail!("the local store of {code} has stopped writing"),
        }
    }
}

async fn request(broker: Broker, department: Code, answer: Vec<u8>) -> Option<Vec<u8>> {
    let subject = AnswerSubject { department }.to_string();
    match broker.requester().request(subject, answer, REPLY_WAIT).await {
        Ok(reply) => Some(reply.to_vec()),
        Err(error) => {
            tracing::debug!(error = chain(&error), "no reply");
            None
        }
    }
}

/// One reader of the orders, who is never overtaken: what it has not read yet is on disk.
struct Reading {
    store: Store,
    stop: CancellationToken,
    newest: watch::Receiver<i64>,
    position: i64,
    unfinished_until: i64,
    read: VecDeque<(i64, Order)>,
}

impl Reading {
    async fn next(&mut self) -> Option<Order> {
        loop {
            if let Some((position, order)) = self.read.pop_front() {
                self.position = position;
                return Some(order);
            }
            let newest = *self.newest.borrow_and_update();
            if self.position < newest {
                match self.store.orders_after(self.position, self.unfinished_until).await {
                    Ok(read) if read.is_empty() => self.position = newest,
                    Ok(read) => self.read = read.into(),
                    Err(error) => {
                        tracing::error!(%error, "orders cannot be read; trying again");
                        tokio::select! {
                            () = self.stop.cancelled() => return None,
                            () = tokio::time::sleep(READ_AGAIN) => {}
                        }
                    }
                }
                continue;
            }
            tokio::select! {
                () = self.stop.cancelled() => return None,
                changed = self.newest.changed() => changed.ok()?,
            }
        }
    }
}
