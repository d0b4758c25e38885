//! A gateway of short messages over HTTP. Every provider has its own words for the same few things, so they are data: an address, headers, a
//! form with places for number, text and template, and how its answer says that it took it.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::Value;
use webhook::{Attempt, Poster, Target, Url};

use crate::courier::Message;

/// The gateway, as the file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    url: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    form: Form,
    /// Names and templates of the fields: `to`, `text`, `code`, `template`, `case_id`, `delivery_id` can be put in.
    fields: BTreeMap<String, String>,
    /// The provider's name of the template for each text; `other` for the rest.
    #[serde(default)]
    templates: BTreeMap<String, String>,
    /// The field of the answer that says that it was taken; without it the status does.
    taken: Option<Taken>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Form {
    #[default]
    Json,
    Urlencoded,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Taken {
    /// A JSON pointer, e.g. /Code
    field: String,
    /// What it is then.
    equals: String,
    /// What it is when the same may be taken later.
    #[serde(default)]
    later: Vec<String>,
}

pub struct Gateway {
    url: Url,
    headers: Vec<(String, String)>,
    form: Form,
    fields: BTreeMap<String, String>,
    templates: BTreeMap<String, String>,
    taken: Option<Taken>,
}

impl Gateway {
    pub fn open(settings: Settings) -> anyhow::Result<Self> {
        let Settings { url, headers, form, fields, templates, taken } = settings;
        if fields.is_empty() {
            bail!("fields: a message needs at least its number and its text");
        }
        let gateway = Self {
            url: Target::url(&url).context("url")?,
            headers: headers.into_iter().collect(),
            form,
            fields,
            templates,
            taken,
        };
        // Each place is tried before the first message is.
        gateway.filled(&values("13800000000", "text", "template", ["called", "261121-7k3q9xf", "0"]))?;
        Ok(gateway)
    }

    pub async fn send(&self, to: &str, message: &Message, poster: &Poster) -> Attempt {
        let template = self.templates.get(&message.text).or_else(|| self.templates.get("other"));
        let template = template.map(String::as_str).unwrap_or_default();
        let of_message = [&message.text, &message.case_id, &message.delivery_id].map(String::as_str);
        let fields = match self.filled(&values(to, &message.rendered, template, of_message)) {
            Ok(fields) => fields,
            Err(error) => return Attempt::Refused(format!("{error:#}")),
        };
        let (kind, body) = self.body(&fields);
        let mut headers = vec![("content-type".to_owned(), kind.to_owned())];
        headers.extend(self.headers.iter().cloned());
        let answer = poster.send(&self.url, &headers, body).await;
        answer.map_or_else(|attempt| attempt, |body| self.judge(&body))
    }

    fn filled(&self, values: &BTreeMap<String, String>) -> anyhow::Result<BTreeMap<String, String>> {
        let filled = self.fields.iter().map(|(name, template)| {
            let filled = charter::render(template, values).map_err(anyhow::Error::msg);
            Ok((name.clone(), filled.with_context(|| format!("fields.{name}"))?))
        });
        filled.collect()
    }

    fn body(&self, fields: &BTreeMap<String, String>) -> (&'static str, Vec<u8>) {
        match self.form {
            Form::Json => ("application/json", serde_json::to_vec(fields).unwrap_or_default()),
            Form::Urlencoded => {
                let encoded = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
                ("application/x-www-form-urlencoded", encoded.into_bytes())
            }
        }
    }

    fn judge(&self, body: &[u8]) -> Attempt {
        let Some(Taken { field, equals, later }) = &self.taken else { return Attempt::Taken };
        let read: Option<Value> = serde_json::from_slice(body).ok();
        let said = read.as_ref().and_then(|body| body.pointer(field));
        let said = said.map(|said| said.as_str().map_or_else(|| said.to_string(), str::to_owned));
        match said {
            Some(said) if said == *equals => Attempt::Taken,
            Some(said) if later.contains(&said) => Attempt::Failed(format!("the gateway answered {said}"), None),
            Some(said) => Attempt::Refused(format!("the gateway answered {said}")),
            None => Attempt::Failed(format!("the gateway's answer has no {field}"), None),
        }
    }
}

/// What can be put into a field.
fn values(to: &str, text: &str, template: &str, [code, case_id, delivery_id]: [&str; 3]) -> BTreeMap<String, String> {
    // As a provider wants the text of a template: JSON in a field.
    let quoted = Value::String(text.to_owned()).to_string();
    [
        ("to", to),
        ("text", text),
        ("text_json", &quoted),
        ("template", template),
        ("code", code),
        ("case_id", case_id),
        ("delivery_id", delivery_id),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}
