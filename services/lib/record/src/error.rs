use std::error::Error;

use ids::HistoryKey;

/// What can go wrong between us and the broker, sorted by what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// Try again: a timeout, a lost connection, a server that is starting. The outcome is unknown.
    #[error("the broker did not answer while we tried to {what}")]
    Unavailable {
        what: String,
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// The subject exists already: somebody else was first, or we were and lost the acknowledgement.
    #[error("{subject} exists already")]
    Exists { subject: String },
    /// The case was closed and has left the record for the archive; nothing is added to it any more.
    #[error("{key} is closed and filed; what is new becomes a case of its own that names it")]
    Filed { key: HistoryKey },
    /// The broker said no and will say no again.
    #[error("the broker refused to {what}: {description} (error {code})")]
    Rejected { what: String, code: u64, description: String },
    /// What was to be sent is larger than the broker takes, and always will be.
    #[error("too large to {what}: {description}")]
    TooLarge { what: String, description: String },
    /// A stream, consumer or bucket is not there. `huying provision` makes it (runbook HY-002).
    #[error("{what} is not there: run `huying provision` first (HY-002)")]
    NotProvisioned { what: String },
    /// A stream of ours that denies deleting and purging, as those of early versions did (runbook HY-010).
    #[error(
        "{what} denies deleting or purging, and the broker never takes that back, so its closed cases could never be \
         filed: back it up and restore it without (HY-010)"
    )]
    Unfileable { what: String },
    /// The server is too old: it would silently ignore headers that we rely on (runbook HY-001).
    #[error("nats-server {found} is too old: {needed} or newer is needed (HY-001)")]
    TooOld { found: String, needed: &'static str },
    /// What is stored cannot be read. A bug, or a foreign writer.
    #[error("{subject} holds something that is not a commit of ours")]
    Corrupt {
        subject: String,
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// A fact that only a newer version knows. Unlike what is corrupt it will be read one day (runbook HY-012).
    #[error("newer-version: {subject} holds a fact that this version does not know (HY-012)")]
    Newer { subject: String },
    /// Credentials are wrong or not readable.
    #[error("cannot log in to the broker: {0}")]
    Credentials(String),
}

impl BrokerError {
    pub(crate) fn unavailable(what: impl Into<String>, source: impl Error + Send + Sync + 'static) -> Self {
        Self::Unavailable { what: what.into(), source: Some(Box::new(source)) }
    }

    /// Whether trying again can help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::NotProvisioned { .. })
    }
}

/// An error with all its causes on one line, outermost first.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some clients print their source already.
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
