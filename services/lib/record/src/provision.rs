//! Makes the broker agree with what [`proto::streams`] declares. For the operator's tool; no service calls it.

use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};
use async_recursion::async_recursion as boxed;
use futures::{StreamExt, TryStreamExt};
use ids::Code;
use proto::streams::{
    CALLS, CASES, CLOCK, ConsumerSpec, OBJECT_BUCKETS, REFS, Retention, StreamSpec, WEBHOOKS, consumers, streams,
};
use proto::subjects::OrderSubject;

use crate::broker::Broker;
use crate::error::BrokerError;
use crate::follow::{ACK_PENDING_MAX, ACK_WAIT_S};
use crate::notes::WEBHOOKS_STREAM;
use crate::objects;
use crate::readers::form_to_keep;
use crate::references::REFS_STREAM;

/// Consumers one stream may have: one per department, 1,000 of them, and our own.
const CONSUMERS_MAX: i32 = 2000;

/// Consumers made at the same time: a district has hundreds, and each is a file that is synced.
const CONSUMERS_AT_ONCE: usize = 32;

/// One thing that was made or found right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provisioned {
    pub what: String,
    /// False: it was there already, as declared.
    pub changed: bool,
}

impl Broker {
    /// Creates or updates every stream, bucket and consumer. Repeating it changes nothing.
    ///
    /// # Errors
    /// A stream denies deleting or purging, which can never be taken back; or the broker refuses a change, e.g. of a
    /// stream's retention.
    #[boxed]
    pub async fn provision(&self, replicas: usize, departments: &[Code]) -> Result<Vec<Provisioned>, BrokerError> {
        let mut report = Vec::new();
        for spec in streams() {
            let mut config = stream_config(&spec, replicas);
            if spec.name == CASES {
                // Raising it is an operator's decision, and nothing lowers it.
                let before = self.jetstream.get_stream(CASES).await.ok();
                config.metadata.extend([form_to_keep(before.as_ref().map(|before| &before.cached_info().config))]);
            }
            report.push(self.ensure_stream(config).await?);
        }
        report.push(self.ensure_stream(references_config(replicas)).await?);
        report.push(self.ensure_stream(webhooks_config(replicas)).await?);
        report.push(self.ensure_stream(clock_config(replicas)).await?);
        for (bucket, description) in OBJECT_BUCKETS {
            report.push(self.ensure_stream(objects_config(bucket, description, replicas)).await?);
        }
        for spec in consumers() {
            report.push(self.ensure_consumer(&spec).await?);
        }
        report.extend(self.provision_departments(departments).await?);
        Ok(report)
    }

    /// Creates the consumers by which departments pull their orders.
    ///
    /// # Errors
    /// The stream of orders is not there, or the broker refuses one.
    #[boxed]
    pub async fn provision_departments(&self, departments: &[Code]) -> Result<Vec<Provisioned>, BrokerError> {
        let specs: Vec<ConsumerSpec> = departments.iter().map(department_consumer).collect();
        futures::stream::iter(specs)
            .map(|spec| async move { self.ensure_consumer(&spec).await })
            .buffered(CONSUMERS_AT_ONCE)
            .try_collect()
            .await
    }

    /// Has every order of a department that is still stored delivered once more: for one whose store was brought back from a
    /// copy. A responder keeps each order once, whatever it has of them.
    ///
    /// # Errors
    /// The broker does not answer, or the department has no consumer.
    #[boxed]
    pub async fn redeliver_orders(&self, department: &Code) -> Result<(), BrokerError> {
        let stream = self.stream(CALLS).await?;
        let first = stream.cached_info().state.first_sequence.max(1);
        let what = || format!("deliver the orders of {department} once more");
        let moved = stream.reset_consumer(department.as_str(), Some(first)).await;
        moved.map(|_| ()).map_err(|source| BrokerError::unavailable(what(), source))
    }

    /// Makes a durable consumer begin with what is stored next. For a benchmark on a store that nobody worked on: services
    /// never skip anything.
    ///
    /// # Errors
    /// The broker does not answer, or there is no such consumer.
    #[boxed]
    pub async fn skip_what_is_stored(&self, stream: &str, consumer: &str) -> Result<(), BrokerError> {
        let stream = self.stream(stream).await?;
        let next = stream.cached_info().state.last_sequence + 1;
        let what = || format!("move {consumer} to the end");
        let moved = stream.reset_consumer(consumer, Some(next)).await;
        moved.map(|_| ()).map_err(|source| BrokerError::unavailable(what(), source))
    }

    async fn ensure_stream(&self, config: Config) -> Result<Provisioned, BrokerError> {
        let what = format!("stream {}", config.name);
        let before =
            self.jetstream.get_stream(&config.name).await.ok().map(|stream| stream.cached_info().config.clone());
        let forever = config.deny_delete && config.deny_purge;
        if before.as_ref().is_some_and(|before| !forever && (before.deny_delete || before.deny_purge)) {
            return Err(BrokerError::Unfileable { what });
        }
        let after = self.jetstream.create_or_update_stream(config).await.map_err(|source| BrokerError::Rejected {
            what: format!("create {what}"),
            code: 0,
            description: source.to_string(),
        })?;
        Ok(Provisioned { what, changed: before.as_ref() != Some(&after.config) })
    }

    async fn ensure_consumer(&self, spec: &ConsumerSpec) -> Result<Provisioned, BrokerError> {
        let what = format!("consumer {} of {}", spec.name, spec.stream);
        let stream = self.stream(spec.stream).await?;
        let before = stream.consumer_info(&spec.name).await.ok().map(|info| info.config);
        let consumer = stream.create_consumer(consumer_config(spec)).await.map_err(|source| BrokerError::Rejected {
            what: format!("create {what}"),
            code: 0,
            description: source.to_string(),
        })?;
        Ok(Provisioned { what, changed: before.as_ref() != Some(&consumer.cached_info().config) })
    }
}

fn department_consumer(department: &Code) -> ConsumerSpec {
    ConsumerSpec { stream: CALLS, name: department.to_string(), filters: vec![OrderSubject::all_for(department)] }
}

/// Who may delete and purge is decided by accounts, not by the stream's own flags: the server never lets those be
/// cleared, and then no case could ever leave the record for the archive. Anchors never leave.
fn stream_config(spec: &StreamSpec, replicas: usize) -> Config {
    Config {
        name: spec.name.to_owned(),
        description: Some(spec.description.to_owned()),
        subjects: spec.subjects.clone(),
        retention: match spec.retention {
            Retention::Kept => RetentionPolicy::Limits,
            Retention::WorkQueue => RetentionPolicy::WorkQueue,
        },
        storage: StorageType::File,
        num_replicas: replicas,
        // The server takes no schedules on a stream that discards new messages; without a limit it discards none.
        discard: if spec.schedules { DiscardPolicy::Old } else { DiscardPolicy::New },
        max_messages_per_subject: if spec.write_once || spec.latest { 1 } else { -1 },
        discard_new_per_subject: spec.write_once,
        max_message_size: spec.message_bytes_max,
        max_consumers: CONSUMERS_MAX,
        allow_direct: true,
        allow_atomic_publish: spec.batches,
        allow_message_schedules: spec.schedules,
        allow_message_ttl: spec.latest,
        deny_delete: spec.forever,
        deny_purge: spec.forever,
        // Schedules replace each other by a rollup that the server makes itself; nobody else may.
        allow_rollup: spec.schedules,
        duplicate_window: Duration::from_secs(120),
        ..Config::default()
    }
}

fn references_config(replicas: usize) -> Config {
    Config {
        name: REFS_STREAM.to_owned(),
        description: Some("Keyed hash of (bridge, external reference) to case id".to_owned()),
        subjects: vec![format!("$KV.{REFS}.>")],
        storage: StorageType::File,
        num_replicas: replicas,
        discard: DiscardPolicy::New,
        max_messages_per_subject: 1,
        max_message_size: 1024,
        allow_direct: true,
        allow_atomic_publish: true,
        duplicate_window: Duration::from_secs(120),
        ..Config::default()
    }
}

/// The largest document is what waits of one case: 64 events, each with an answer of some thousand characters.
fn webhooks_config(replicas: usize) -> Config {
    Config {
        name: WEBHOOKS_STREAM.to_owned(),
        description: Some("How far each bridge has been told by webhook, and what it has not taken".to_owned()),
        subjects: vec![format!("$KV.{WEBHOOKS}.>")],
        max_message_size: 1024 * 1024,
        ..references_config(replicas)
    }
}

fn clock_config(replicas: usize) -> Config {
    Config {
        name: format!("KV_{CLOCK}"),
        description: Some("The clock everybody goes by".to_owned()),
        subjects: vec![format!("$KV.{CLOCK}.>")],
        storage: StorageType::File,
        num_replicas: replicas,
        discard: DiscardPolicy::New,
        max_messages_per_subject: 1,
        max_message_size: 1024,
        allow_direct: true,
        allow_rollup: true,
        ..Config::default()
    }
}

/// As the client makes a bucket of objects, which only finds again what it would have made.
fn objects_config(bucket: &str, description: &str, replicas: usize) -> Config {
    Config {
        name: objects::stream_of(bucket),
        description: Some(description.to_owned()),
        subjects: vec![format!("$O.{bucket}.C.>"), format!("$O.{bucket}.M.>")],
        storage: StorageType::File,
        num_replicas: replicas,
        discard: DiscardPolicy::New,
        allow_direct: true,
        allow_rollup: true,
        ..Config::default()
    }
}

fn consumer_config(spec: &ConsumerSpec) -> pull::Config {
    pull::Config {
        durable_name: Some(spec.name.clone()),
        deliver_policy: DeliverPolicy::All,
        ack_policy: AckPolicy::Explicit,
        ack_wait: Duration::from_secs(ACK_WAIT_S),
        max_ack_pending: ACK_PENDING_MAX,
        filter_subjects: spec.filters.clone(),
        ..pull::Config::default()
    }
}
