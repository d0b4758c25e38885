//! Who is told by webhook, from a file that only we can read: it holds the secrets.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};
use ids::Code;
use serde::Deserialize;
use webhook::{Secrets, Target};

/// The file, as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    bridges: BTreeMap<String, Receiver>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Receiver {
    url: String,
    /// The new one first; both sign.
    secrets: Vec<String>,
}

impl std::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Receiver(…)")
    }
}

/// # Errors
/// The file cannot be read, or something in it is not as it should be; the text names it.
pub fn read(file: &Path) -> anyhow::Result<BTreeMap<Code, Target>> {
    let shown = file.display();
    let text = std::fs::read_to_string(file).with_context(|| format!("{shown} cannot be read"))?;
    parse(&text).with_context(|| shown.to_string())
}

fn parse(text: &str) -> anyhow::Result<BTreeMap<Code, Target>> {
    // Its own message would show the line, and with it a secret.
    let read: Result<File, _> = serde_saphyr::from_str(text);
    let File { bridges } = match read {
        Ok(file) => file,
        Err(error) => {
            let place = error.location().map(|at| format!("line {}: ", at.line())).unwrap_or_default();
            bail!("{place}not of the form `bridges: {{ CODE: {{ url: …, secrets: [whsec_…] }} }}`");
        }
    };
    bridges
        .into_iter()
        .map(|(code, Receiver { url, secrets })| {
            let field = |name: &str| format!("bridges.{code}{name}");
            let bridge: Code = code.parse().with_context(|| field(""))?;
            let url = Target::url(&url).with_context(|| field(".url"))?;
            let secrets = Secrets::read(secrets.iter().map(String::as_str)).with_context(|| field(".secrets"))?;
            Ok((bridge, Target::new(url, secrets)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn what_does_not_fit_is_named_and_no_secret_is_shown() {
        let receiver =
            |url: &str, secret: &str| format!("bridges:\n  heping-board:\n    url: {url}\n    secrets: [{secret}]\n");
        let good = parse(&receiver("https://board.example/h", KEY)).unwrap();
        assert_eq!(good.keys().map(Code::as_str).collect::<Vec<_>>(), ["heping-board"]);
        for (text, said) in [
            (
                receiver("ftp://board.example", KEY),
                "bridges.heping-board.url: only https:// and http:// can be posted to",
            ),
            (receiver("https://board.example", "hunter2"), "bridges.heping-board.secrets: a secret begins with whsec_"),
            (receiver("https://board.example", ""), "bridges.heping-board.secrets: there is no secret in it"),
            (format!("bridges:\n  Heping:\n    url: https://a.example\n    secrets: [{KEY}]\n"), "bridges.Heping"),
            (format!("bridges:\n  heping-board:\n    urls: {KEY}\n"), "not of the form"),
        ] {
            let error = format!("{:#}", parse(&text).unwrap_err());
            assert!(error.contains(said), "{error}");
            assert!(!error.contains("hunter2") && !error.contains("MfKQ"), "{error}");
        }
    }
}
