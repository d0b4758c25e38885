//! Requests that are answered by many messages. A connection listens once for all of them: a subscription of its own
//! for each would make the broker forget, twice a request, what it knows of who listens to what.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_nats::{Client, Message};
use async_recursion::async_recursion as boxed;
use bytes::Bytes;
use futures::StreamExt;
use tokio::sync::{OnceCell, mpsc};
use tokio_util::task::AbortOnDropHandle;

use crate::error::BrokerError;

/// Where the replies of one connection arrive. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Replies(Arc<OnceCell<Listener>>);

#[derive(Debug)]
struct Listener {
    inbox: String,
    asked: Asked,
    /// Ends with the last clone.
    _sorting: AbortOnDropHandle<()>,
}

/// Who waits, by the last token of where their replies go.
#[derive(Clone, Debug, Default)]
struct Asked(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    by_token: HashMap<u64, mpsc::UnboundedSender<Message>>,
}

/// The replies to one request, for as long as it is held.
#[derive(Debug)]
pub(crate) struct Answering {
    token: u64,
    asked: Asked,
    replies: mpsc::UnboundedReceiver<Message>,
}

impl Replies {
    /// Sends a request.
    ///
    /// # Errors
    /// The connection is closed.
    #[boxed]
    pub async fn ask(&self, client: &Client, subject: String, payload: Bytes) -> Result<Answering, BrokerError> {
        let listener = self.0.get_or_try_init(|| Listener::open(client)).await?;
        let answering = listener.asked.expect();
        let reply_to = format!("{}.{}", listener.inbox, answering.token);
        let what = format!("ask {subject}");
        let sent = client.publish_with_reply(subject, reply_to, payload).await;
        sent.map_err(|source| BrokerError::unavailable(what, source))?;
        Ok(answering)
    }
}

impl Listener {
    async fn open(client: &Client) -> Result<Self, BrokerError> {
        let inbox = client.new_inbox();
        let listening = client.subscribe(format!("{inbox}.*")).await;
        let mut replies = listening.map_err(|source| BrokerError::unavailable("listen for replies", source))?;
        let asked = Asked::default();
        let sorted = asked.clone();
        #[allow(clippy::disallowed_methods, reason = "it ends with the listener")]
        let sorting = tokio::spawn(async move {
            while let Some(reply) = replies.next().await {
                sorted.hand_on(reply);
            }
        });
        Ok(Self { inbox, asked, _sorting: AbortOnDropHandle::new(sorting) })
    }
}

impl Asked {
    fn expect(&self) -> Answering {
        let (sender, replies) = mpsc::unbounded_channel();
        let mut waiting = self.lock();
        waiting.next += 1;
        let token = waiting.next;
        waiting.by_token.insert(token, sender);
        Answering { token, asked: self.clone(), replies }
    }

    fn hand_on(&self, reply: Message) {
        let token = reply.subject.rsplit('.').next().and_then(|token| token.parse().ok());
        if let Some(asker) = token.and_then(|token: u64| self.lock().by_token.get(&token).cloned()) {
            // Whoever asked may have gone away.
            let _ = asker.send(reply);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Answering {
    #[boxed]
    pub async fn next(&mut self) -> Option<Message> {
        self.replies.recv().await
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.asked.lock().by_token.remove(&self.token);
    }
}
