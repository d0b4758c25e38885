//! Notifications as HTTP posts, signed so that the receiver knows they are ours.

use std::time::Duration;

use anyhow::Context;
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, Url};
use sha2::Sha256;
use tokio::sync::Semaphore;

use crate::courier::{Attempt, Message};

/// How long a receiver may take to answer.
const ANSWER_S_MAX: u64 = 5;
/// Posts under way at once in this process: a receiver that is slow is not helped by more.
const POSTS_MAX: usize = 64;
/// Posts about red calls, beside those: they never wait for what is less urgent.
const RED_POSTS_MAX: usize = 16;
/// `sha256=` and the HMAC-SHA-256 of the body, in hexadecimal.
const SIGNATURE: &str = "Huying-Signature";
/// The delivery id once more, where proxies and gateways look for it.
const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

pub struct Webhook {
    client: Client,
    url: Url,
    secret: Vec<u8>,
    posts: Semaphore,
    red: Semaphore,
}

impl Webhook {
    /// # Errors
    /// The machine has no certificates to check a receiver's by.
    pub fn open(url: Url, secret: Vec<u8>) -> anyhow::Result<Self> {
        // An error means that another part of the process has chosen before us, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .timeout(Duration::from_secs(ANSWER_S_MAX))
            // A redirect would take a signed message to somebody who was not configured.
            .redirect(Policy::none())
            .build()
            .context("preparing the webhook, which needs this machine's CA certificates")?;
        Ok(Self { client, url, secret, posts: Semaphore::new(POSTS_MAX), red: Semaphore::new(RED_POSTS_MAX) })
    }

    pub async fn post(&self, message: &Message) -> Attempt {
        let body = match serde_json::to_vec(message) {
            Ok(body) => body,
            Err(error) => return Attempt::Refused(error.to_string()),
        };
        // Neither semaphore is ever closed.
        let _permit = if message.is_red() { self.red.acquire().await } else { self.posts.acquire().await };
        let request = self
            .client
            .post(self.url.clone())
            .header("Content-Type", "application/json")
            .header(SIGNATURE, format!("sha256={}", self.sign(&body)))
            .header(IDEMPOTENCY_KEY, &message.delivery_id)
            .body(body);
        match request.send().await {
            Ok(response) => judge(response.status()),
            // Its address may carry credentials, and this text is recorded.
            Err(error) => Attempt::Failed(record::chain(&error.without_url())),
        }
    }

    fn sign(&self, body: &[u8]) -> String {
        #[allow(clippy::unwrap_used, reason = "HMAC takes a key of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).unwrap();
        mac.update(body);
        HEXLOWER.encode(&mac.finalize().into_bytes())
    }
}

/// A 4xx says that this message will never be taken, except the two that ask for patience.
fn judge(status: StatusCode) -> Attempt {
    let answer = || format!("the receiver answered {status}");
    match status {
        status if status.is_success() => Attempt::Delivered,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => Attempt::Failed(answer()),
        status if status.is_client_error() => Attempt::Refused(answer()),
        _ => Attempt::Failed(answer()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_change_is_tried_again() {
        for (status, again) in
            [(408, true), (429, true), (500, true), (503, true), (301, true), (400, false), (404, false), (410, false)]
        {
            let judged = judge(StatusCode::from_u16(status).unwrap());
            assert_eq!(matches!(judged, Attempt::Failed(_)), again, "{status}");
            assert_eq!(matches!(judged, Attempt::Refused(_)), !again, "{status}");
        }
        assert!(matches!(judge(StatusCode::ACCEPTED), Attempt::Delivered));
    }
}
