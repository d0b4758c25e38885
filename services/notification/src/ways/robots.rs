//! Robots in a group's chat, in the forms of their makers: 企业微信 (WeCom) and 钉钉 (DingTalk). Both answer 200 whatever came of it
//! and say in the body what did.

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::Sha256;
use webhook::{Attempt, Poster, Url};

use crate::courier::Message;

/// Bytes of a text that a robot of WeCom takes.
const WECOM_BYTES_MAX: usize = 2048;
/// The same of DingTalk, whose limit is on the whole.
const DINGTALK_BYTES_MAX: usize = 18_000;

pub async fn wecom(url: &Url, message: &Message, poster: &Poster) -> Attempt {
    let answer = poster.send(url, &[], wecom_body(message).to_string().into_bytes()).await;
    // 45009: too many in this minute.
    answer.map_or_else(|attempt| attempt, |body| judge(&body, &[45009, -1]))
}

pub async fn dingtalk(url: &Url, secret: Option<&str>, message: &Message, poster: &Poster, now: Timestamp) -> Attempt {
    let url = secret.map_or_else(|| url.clone(), |secret| signed(url, secret, now));
    let answer = poster.send(&url, &[], dingtalk_body(message).to_string().into_bytes()).await;
    // 130101: too many in this minute.
    answer.map_or_else(|attempt| attempt, |body| judge(&body, &[130_101, -1]))
}

fn wecom_body(message: &Message) -> Value {
    let mut text = json!({ "content": shortened(&message.rendered, WECOM_BYTES_MAX) });
    if message.is_red() {
        text["mentioned_list"] = json!(["@all"]);
    }
    json!({ "msgtype": "text", "text": text })
}

fn dingtalk_body(message: &Message) -> Value {
    let content = shortened(&message.rendered, DINGTALK_BYTES_MAX);
    json!({ "msgtype": "text", "text": { "content": content }, "at": { "isAtAll": message.is_red() } })
}

/// `timestamp` in milliseconds, and `sign`: HMAC-SHA-256 of "<timestamp>\n<secret>" under the secret, in base64.
fn signed(url: &Url, secret: &str, now: Timestamp) -> Url {
    let timestamp = now.as_millisecond().to_string();
    #[allow(clippy::unwrap_used, reason = "HMAC takes a key of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{timestamp}\n{secret}").as_bytes());
    let sign = BASE64.encode(&mac.finalize().into_bytes());
    let mut url = url.clone();
    url.query_pairs_mut().append_pair("timestamp", &timestamp).append_pair("sign", &sign);
    url
}

/// What the body says: `errcode` 0 is good, `patience` may pass, anything else will not.
fn judge(body: &[u8], patience: &[i64]) -> Attempt {
    let read: Option<Value> = serde_json::from_slice(body).ok();
    let code = read.as_ref().and_then(|body| body["errcode"].as_i64());
    let words = read.as_ref().and_then(|body| body["errmsg"].as_str()).unwrap_or_default();
    match code {
        Some(0) => Attempt::Taken,
        Some(code) if patience.contains(&code) => Attempt::Failed(format!("the robot answered {code}: {words}"), None),
        Some(code) => Attempt::Refused(format!("the robot answered {code}: {words}")),
        None => Attempt::Failed("the robot did not answer in its form".to_owned(), None),
    }
}

/// Whole characters that fit into so many bytes.
fn shortened(text: &str, bytes_max: usize) -> &str {
    let ends = (0..=bytes_max.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    &text[..ends.unwrap_or_default()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::courier::Urgency;
    use crate::courier::tests::message;

    #[test]
    fn a_robot_gets_its_makers_form() {
        let plain = message("wuchang-water");
        assert_eq!(wecom_body(&plain), json!({"msgtype": "text", "text": {"content": "积玉桥街道呼叫"}}));
        assert_eq!(
            dingtalk_body(&plain),
            json!({"msgtype": "text", "text": {"content": "积玉桥街道呼叫"}, "at": {"isAtAll": false}})
        );
        let red = Message { urgency: Some(Urgency { colour: "red", means: vec![] }), ..plain };
        assert_eq!(wecom_body(&red)["text"]["mentioned_list"], json!(["@all"]));
        assert_eq!(dingtalk_body(&red)["at"], json!({"isAtAll": true}));
        let long = Message { rendered: "渍".repeat(1000), ..message("wuchang-water") };
        assert_eq!(wecom_body(&long)["text"]["content"].as_str().unwrap().chars().count(), 682);
    }

    #[test]
    fn dingtalk_is_signed_as_its_maker_says() {
        let url = "https://oapi.dingtalk.com/robot/send?access_token=t".parse().unwrap();
        let now = Timestamp::from_millisecond(1_700_000_000_123).unwrap();
        // python3: base64.b64encode(hmac.new(b'SECabc', b'1700000000123\nSECabc', hashlib.sha256).digest())
        let sign = "IqXBU/aLfwMA3S/tDcfRmHx5vWHw9Y1aOgFLBr1Ti9w=";
        let signed = signed(&url, "SECabc", now);
        let pairs: Vec<(String, String)> = signed.query_pairs().into_owned().collect();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(pairs, [pair("access_token", "t"), pair("timestamp", "1700000000123"), pair("sign", sign)]);
        assert!(!signed.query().unwrap().contains('+'), "a plus would be read as a blank");
    }

    #[test]
    fn what_a_robot_says_is_in_its_body() {
        assert_eq!(judge(br#"{"errcode":0,"errmsg":"ok"}"#, &[45009]), Attempt::Taken);
        assert!(matches!(judge(br#"{"errcode":45009,"errmsg":"freq"}"#, &[45009]), Attempt::Failed(..)));
        let refused = judge(br#"{"errcode":93000,"errmsg":"invalid webhook url"}"#, &[45009]);
        assert_eq!(refused, Attempt::Refused("the robot answered 93000: invalid webhook url".to_owned()));
        assert!(matches!(judge(b"<html>", &[]), Attempt::Failed(..)));
    }
}
