//! One department: its calls, its answers, its way to the hub. What a handler written in Rust works with.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use chassis::{CancellationToken, Service};
use futures::{Stream, StreamExt, stream};
use ids::{CaseId, Code, CommandId};
use proto::dispatch::v1::{Answer, Order};
use proto::responder::v1::{AnswerStatus, ReceivedCall, RefusedAnswer};
use proto::subjects::AnswerSubject;
use record::{Broker, chain};
use tokio::sync::watch;
use webhook::{Poster, Target};

use crate::auto::{self, Policy};
use crate::hub::{self, Key};
use crate::inbox::Inbox;
use crate::outbox::{AnswerError, Outbox};
use crate::store::{Page, Place, Reach, Store, StoreError, Which};
use crate::telling::Telling;
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
    /// What came after the order with this cursor (see [`Department::resume`]), and then what comes.
    After(i64),
}

/// A part of the orders.
#[derive(Clone, Debug, PartialEq)]
pub struct PageOfOrders {
    /// Each with the cursor behind it.
    pub orders: Vec<(Order, String)>,
    pub next: String,
    pub more: bool,
}

/// Why a stream of orders cannot go on where a cursor says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCursor {
    #[error("not a cursor; take it unchanged from the last order that was handled")]
    Form,
    #[error(
        "this cursor is not of the file that is here now, which was put back from a copy or made anew: watch from the start, \
         and orders that were handled before come once more"
    )]
    AnotherFile,
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
        let outbox = Outbox::open(code.clone(), store.clone(), service.clock().clone()).await?;
        let department = Self(Arc::new(Inner { code, store, outbox, stop: service.stopping() }));
        let key = Key::of(department.code().clone(), service.ready().clone());
        service.spawn("count refused answers", department.clone().count_unseen());
        service.spawn("orders and answers", department.clone().work(station, service.clock().clone(), key));
        if let Some(policy) = auto {
            service.spawn("automatic answers", auto::run(policy, department.clone()));
        }
        Ok(department)
    }

    /// Tells the department's own system of each order by webhook, until the service stops: of those that are there what is not
    /// finished, and then what comes.
    pub fn tells(&self, poster: Poster, target: Target, service: &Service) {
        let (department, store, clock) = (self.code().clone(), self.0.store.clone(), service.clock().clone());
        let telling = Telling { department, store, clock, poster, target };
        service.spawn("tell the department's system", telling.run(service.stopping()));
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
        self.orders_with_cursors(since).map(|(order, _)| order)
    }

    /// The same, each order with the cursor by which [`Department::resume`] goes on behind it.
    pub fn orders_with_cursors(&self, since: Since) -> impl Stream<Item = (Order, String)> + Send + use<> {
        let newest = self.0.store.newest();
        let now = *newest.borrow();
        let (position, unfinished_until) = match since {
            Since::Start => (0, 0),
            Since::Unfinished => (0, now),
            Since::Now => (now, 0),
            Since::After(position) => (position, 0),
        };
        let file = self.0.store.name().to_owned();
        let reading = Reading {
            store: self.0.store.clone(),
            stop: self.0.stop.clone(),
            newest,
            position,
            unfinished_until,
            read: VecDeque::new(),
        };
        let with_cursor = move |(position, order)| (order, format!("{file}-{position}"));
        stream::unfold(reading, |mut reading| async move { reading.next().await.map(|order| (order, reading)) })
            .map(with_cursor)
    }

    /// Orders after a cursor (empty: from the first that is kept), each with its own, at most so many; where to go on; whether there
    /// are more now.
    ///
    /// # Errors
    /// It is no cursor, or one of another file; or the store cannot be read.
    pub async fn page_of_orders(
        &self,
        after: &str,
        size: usize,
    ) -> Result<Result<PageOfOrders, BadCursor>, StoreError> {
        let begins = if after.is_empty() { Ok(Since::Start) } else { self.resume(after) };
        let position = match begins {
            Ok(Since::After(position)) => position,
            Ok(Since::Start | Since::Unfinished | Since::Now) => 0,
            Err(bad) => return Ok(Err(bad)),
        };
        let mut orders = self.0.store.orders_after(position, 0).await?;
        let more = orders.len() > size;
        orders.truncate(size);
        let cursor = |position: i64| format!("{}-{position}", self.0.store.name());
        let next = cursor(orders.last().map_or(position, |(position, _)| *position));
        let orders = orders.into_iter().map(|(position, order)| (order, cursor(position))).collect();
        Ok(Ok(PageOfOrders { orders, next, more }))
    }

    /// Where a stream of orders goes on that was read up to `cursor`.
    ///
    /// # Errors
    /// It is no cursor, or one of another file.
    pub fn resume(&self, cursor: &str) -> Result<Since, BadCursor> {
        let (file, position) = cursor.rsplit_once('-').ok_or(BadCursor::Form)?;
        let position: i64 = position.parse().map_err(|_| BadCursor::Form)?;
        let newest = *self.0.store.newest().borrow();
        if file != self.0.store.name() || position > newest {
            return Err(BadCursor::AnotherFile);
        }
        Ok(Since::After(position.max(0)))
    }

    /// Answers that the hub refused when nobody waited for its word any more: those that nobody has seen, the oldest first,
    /// and then what comes. Ends when the service stops.
    pub fn refusals(&self) -> impl Stream<Item = RefusedAnswer> + Send + use<> {
        let store = self.0.store.clone();
        let looking = (store.unseen(), store, self.0.stop.clone(), 0, VecDeque::new());
        stream::unfold(looking, |(mut unseen, store, stop, mut turn, mut read)| async move {
            loop {
                if let Some((at, refused)) = read.pop_front() {
                    turn = at;
                    return Some((refused, (unseen, store, stop, turn, read)));
                }
                let newest = unseen.borrow_and_update().newest;
                if turn < newest {
                    match store.refused_after(turn).await {
                        Ok(list) if list.is_empty() => turn = newest,
                        Ok(list) => read = VecDeque::from(list),
                        Err(error) => {
                            tracing::error!(%error, "refused answers cannot be read; trying again");
                            if !pause(&stop).await {
                                return None;
                            }
                        }
                    }
                    continue;
                }
                tokio::select! {
                    () = stop.cancelled() => return None,
                    changed = unseen.changed() => changed.ok()?,
                }
            }
        })
    }

    /// Answers that the hub refused and that nobody has seen, the oldest first, as many as fit into one answer.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn refused(&self) -> Result<Vec<RefusedAnswer>, StoreError> {
        Ok(self.0.store.refused_after(0).await?.into_iter().map(|(_, refused)| refused).collect())
    }

    /// Somebody has seen that an answer was refused: it is not listed any more. False: no answer of this name was refused.
    ///
    /// # Errors
    /// It could not be written down.
    pub async fn see_refused(&self, district: Code, case: CaseId, command_id: CommandId) -> Result<bool, StoreError> {
        self.0.store.see_refused(district, case, command_id).await
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
        let reach = if all { Reach::Over } else { Reach::Done };
        let all_that_fits = Page { size: usize::MAX, after: None };
        Ok(self.page_of_calls(Which { reach, colour: None }, all_that_fits).await?.0)
    }

    /// A page of calls, in the same order, and where the next one begins.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn page_of_calls(
        &self,
        which: Which,
        page: Page,
    ) -> Result<(Vec<ReceivedCall>, Option<Place>), StoreError> {
        self.0.store.calls(which, page).await
    }

    /// Answers that the hub has not taken yet. The clock of a story moves only when there are none.
    #[must_use]
    pub fn waiting_answers(&self) -> usize {
        self.0.outbox.waiting()
    }

    /// Shows in `responder_answers_refused_unseen` what nobody has seen, until the service stops.
    async fn count_unseen(self) -> anyhow::Result<()> {
        let gauge = metrics::gauge!("responder_answers_refused_unseen", "department" => self.0.code.to_string());
        let mut unseen = self.0.store.unseen();
        loop {
            gauge.set(f64::from(unseen.borrow_and_update().count));
            tokio::select! {
                () = self.0.stop.cancelled() => return Ok(()),
                changed = unseen.changed() => if changed.is_err() { return Ok(()) },
            }
        }
    }

    async fn work(self, station: station::Config, clock: chassis::Clock, mut key: Key) -> anyhow::Result<()> {
        let Inner { code, store, outbox, stop } = &*self.0;
        let broken = store.ended();
        let connected = async {
            if let Some(broker) = hub::connect(&station, code, &mut key, stop).await {
                let inbox = Inbox { department: code.clone(), store: store.clone(), clock };
                let ((), (), sent) = tokio::join!(
                    inbox.follow(&broker, stop),
                    hub::watch(&broker, code, &mut key, stop),
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
    async fn next(&mut self) -> Option<(i64, Order)> {
        loop {
            if let Some((position, order)) = self.read.pop_front() {
                self.position = position;
                return Some((position, order));
            }
            let newest = *self.newest.borrow_and_update();
            if self.position < newest {
                match self.store.orders_after(self.position, self.unfinished_until).await {
                    Ok(read) if read.is_empty() => self.position = newest,
                    Ok(read) => self.read = read.into(),
                    Err(error) => {
                        tracing::error!(%error, "orders cannot be read; trying again");
                        if !pause(&self.stop).await {
                            return None;
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

/// Before what could not be read is read again. False: told to stop meanwhile.
async fn pause(stop: &CancellationToken) -> bool {
    tokio::select! {
        () = stop.cancelled() => false,
        () = tokio::time::sleep(READ_AGAIN) => true,
    }
}
