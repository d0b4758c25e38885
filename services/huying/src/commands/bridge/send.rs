//! One submission, until it is answered.

use std::time::Duration;

use anyhow::{Context, bail};
use prost::Message;
use proto::intake::v1::{SubmitReply, SubmitRequest, submit_reply};
use proto::subjects::BridgeSubject;
use record::{Broker, BrokerConfig, BrokerError, Credentials, Requester, chain};

use super::Route;
use super::report::{Outcome, Reject};

/// How long one answer may take before it is asked for again: longer than the slowest commit of a busy hub.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// Times a submission is sent before the run stops; with the pauses between, a restart of intake is waited out.
const ATTEMPTS_MAX: u32 = 8;
/// Pause before the second attempt; doubled each time.
const PAUSE: Duration = Duration::from_millis(100);

/// The bridge's way to intake.
pub(super) struct Sender {
    requester: Requester,
    subject: String,
    // Dropping it would close the connection under the requester.
    _broker: Broker,
}

impl Sender {
    pub async fn connect(route: &Route) -> anyhow::Result<Self> {
        let broker = Broker::connect(&BrokerConfig {
            url: route.nats_url.clone(),
            credentials: Credentials::NkeyFile(route.nats_nkey_file.clone()),
            name: format!("huying bridge {}", route.bridge),
            inbox: route.bridge.to_string(),
        })
        .await
        .with_context(|| {
            format!("connecting to {} as {}; is `huying up` still running?", route.nats_url, route.bridge)
        })?;
        let subject = BridgeSubject::submit(&route.bridge);
        Ok(Self { requester: broker.requester(), subject, _broker: broker })
    }

    /// Sends it until there is an answer that does not depend on when one asks. What the broker does not take at all is
    /// rejected as what intake finds too large.
    ///
    /// # Errors
    /// There is none after [`ATTEMPTS_MAX`].
    pub async fn submit(&self, submission: &SubmitRequest) -> anyhow::Result<Outcome> {
        let payload = submission.encode_to_vec();
        let mut pause = PAUSE;
        let mut why = String::new();
        for attempt in 0..ATTEMPTS_MAX {
            if attempt > 0 {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            let reply = match self.requester.request(self.subject.clone(), payload.clone(), ANSWER_MAX).await {
                Ok(reply) => SubmitReply::decode(reply).context("intake's answer cannot be read")?,
                Err(error @ BrokerError::TooLarge { .. }) => {
                    return Ok(Outcome::Rejected(vec![Reject::new("payload", "size", &chain(&error))]));
                }
                Err(error) => {
                    why = format!("nobody answers on {}: {}", self.subject, chain(&error));
                    continue;
                }
            };
            match reply.result {
                Some(submit_reply::Result::Ok(answer)) if answer.repeated => return Ok(Outcome::Known),
                Some(submit_reply::Result::Ok(_)) => return Ok(Outcome::New),
                Some(submit_reply::Result::Refusal(refusal)) => match refusal.code.as_str() {
                    "UNAVAILABLE" | "ABORTED" | "RESOURCE_EXHAUSTED" | "INTERNAL" => why = refusal.message,
                    _ => return Ok(Outcome::Rejected(Reject::of(&refusal))),
                },
                None => bail!("intake's answer says nothing"),
            }
        }
        bail!("not answered after {ATTEMPTS_MAX} attempts: {why}")
    }
}
