//! A form: what was typed stays in it, and what is wrong stands beside the field it is about.

use maud::{Markup, html};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::ask::{Ask, FORM_WORD};
use crate::language::Language;
use crate::words::{Frame, rule};

/// Fields of one form; a form of ours has a dozen.
const FIELDS_MAX: usize = 200;

/// What was typed, and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Form {
    values: Vec<(String, String)>,
    /// By field, and in words.
    pub faults: Vec<(String, String)>,
    /// Why nothing was done, where it is about no field.
    pub refused: Option<String>,
}

impl Form {
    pub fn read(body: &[u8]) -> Self {
        let values = form_urlencoded::parse(body).into_owned().take(FIELDS_MAX).collect();
        Self { values, ..Self::default() }
    }

    /// What was typed into a field, without blanks around it; empty if nothing was.
    pub fn get(&self, field: &str) -> &str {
        self.values.iter().find(|(name, _)| name == field).map_or("", |(_, value)| value.trim())
    }

    pub fn owned(&self, field: &str) -> String {
        self.get(field).to_owned()
    }

    /// Everything that was ticked of a field with several boxes.
    pub fn each(&self, field: &str) -> Vec<String> {
        let ticked = self.values.iter().filter(|(name, value)| name == field && !value.is_empty());
        ticked.map(|(_, value)| value.clone()).collect()
    }

    pub fn number(&self, field: &str) -> u32 {
        self.get(field).parse().unwrap_or_default()
    }

    /// Everything as it was sent.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Puts something in as if it had been typed.
    pub fn put(&mut self, field: &str, value: impl Into<String>) {
        self.values.retain(|(name, _)| name != field);
        self.values.push((field.to_owned(), value.into()));
    }

    /// The same, beside what is there already.
    pub fn add(&mut self, field: &str, value: impl Into<String>) {
        self.values.push((field.to_owned(), value.into()));
    }

    pub fn fault(&mut self, field: &str, words: impl Into<String>) {
        self.faults.push((field.to_owned(), words.into()));
    }

    /// Asks for a field that the service would ask for, before it has to.
    pub fn need(&mut self, language: Language, field: &str) {
        if self.get(field).is_empty() {
            self.fault(field, Frame::of(language).required);
        }
    }

    /// Takes a refusal in: each field's fault to its field, and whatever else above them.
    ///
    /// # Errors
    /// It is none of the form: nobody is signed in any more, the service is away, or there is nothing there.
    pub fn take(&mut self, language: Language, status: Status) -> Result<(), Status> {
        match status.code() {
            Code::InvalidArgument
            | Code::FailedPrecondition
            | Code::AlreadyExists
            | Code::Aborted
            | Code::PermissionDenied
            | Code::ResourceExhausted
            | Code::OutOfRange
            | Code::Unavailable
            | Code::DeadlineExceeded => {}
            Code::Ok
            | Code::Cancelled
            | Code::Unknown
            | Code::NotFound
            | Code::Unimplemented
            | Code::Internal
            | Code::DataLoss
            | Code::Unauthenticated => return Err(status),
        }
        let details = status.get_error_details();
        let violations = details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
        if violations.is_empty() {
            self.refused = Some(why(language, &status));
        }
        for violation in violations {
            let (name, said) = violation.description.split_once(": ").unwrap_or(("", &violation.description));
            self.fault(&violation.field, rule(language, name).map_or_else(|| said.to_owned(), str::to_owned));
        }
        Ok(())
    }
}

/// Why not, in the words of the rule.
pub fn why(language: Language, status: &Status) -> String {
    let details = status.get_error_details();
    if let Some(words) = details.error_info().and_then(|info| rule(language, &info.reason)) {
        return words.to_owned();
    }
    if matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded) {
        return Frame::of(language).unavailable_text.to_owned();
    }
    status.message().to_owned()
}

/// Writes the fields of one form. Each has an id of its own on the page, however many forms there are.
pub struct Fields<'a> {
    language: Language,
    /// Sets the ids of this form apart.
    prefix: &'a str,
    form: &'a Form,
    word: String,
}

/// A choice of a select.
pub struct Choice {
    pub value: String,
    pub name: String,
}

/// Choices under one heading; without one they stand by themselves.
pub struct Choices {
    pub heading: Option<String>,
    pub choices: Vec<Choice>,
}

impl Choice {
    pub fn new(value: impl Into<String>, name: impl Into<String>) -> Self {
        Self { value: value.into(), name: name.into() }
    }
}

impl From<Vec<Choice>> for Choices {
    fn from(choices: Vec<Choice>) -> Self {
        Self { heading: None, choices }
    }
}

impl<'a> Fields<'a> {
    pub fn new(ask: &Ask, prefix: &'a str, form: &'a Form) -> Self {
        Self { language: ask.language, prefix, form, word: ask.cookies.form_word() }
    }

    /// A whole form that sends to an address.
    pub fn to(&self, address: &str, fields: Markup, send: &str) -> Markup {
        html! {
            form method="post" action=(address) novalidate {
                (self.word())
                (self.summary())
                (fields)
                button type="submit" { (send) }
            }
        }
    }

    /// What only a page of ours knows.
    pub fn word(&self) -> Markup {
        hidden(FORM_WORD, &self.word)
    }

    /// Everything that is wrong, with a link to where.
    pub fn summary(&self) -> Markup {
        let frame = Frame::of(self.language);
        let form = self.form;
        if form.faults.is_empty() && form.refused.is_none() {
            return html! {};
        }
        html! {
            div .summary role="alert" tabindex="-1" {
                h3 { (frame.there_is_a_problem) }
                @if let Some(refused) = &form.refused { p { (refused) } }
                @if !form.faults.is_empty() {
                    ul {
                        @for (field, words) in &form.faults {
                            li { a href=(format!("#{}", self.id(field))) { (words) } }
                        }
                    }
                }
            }
        }
    }

    pub fn text(&self, name: &str, label: &str, hint: &str) -> Markup {
        self.field(
            name,
            label,
            hint,
            html! {
                input type="text" id=(self.id(name)) name=(name) value=(self.form.get(name))
                    aria-describedby=[self.described(name, hint)] aria-invalid=[self.invalid(name)];
            },
        )
    }

    /// Day and minute.
    pub fn moment(&self, name: &str, label: &str, hint: &str) -> Markup {
        let input = html! {
            input type="datetime-local" id=(self.id(name)) name=(name) value=(self.form.get(name))
                aria-describedby=[self.described(name, hint)] aria-invalid=[self.invalid(name)];
        };
        self.field(name, label, hint, input)
    }

    /// One that may stay empty.
    pub fn optional(&self, name: &str, label: &str, hint: &str) -> Markup {
        self.text(name, &self.may_stay_empty(label), hint)
    }

    pub fn long(&self, name: &str, label: &str, hint: &str) -> Markup {
        self.field(name, label, hint, html! {
            textarea id=(self.id(name)) name=(name) rows="4"
                aria-describedby=[self.described(name, hint)] aria-invalid=[self.invalid(name)] { (self.form.get(name)) }
        })
    }

    pub fn long_optional(&self, name: &str, label: &str, hint: &str) -> Markup {
        self.long(name, &self.may_stay_empty(label), hint)
    }

    pub fn choose(&self, name: &str, label: &str, hint: &str, groups: &[Choices]) -> Markup {
        let chosen = self.form.get(name);
        let option = |choice: &Choice| {
            html! {
                option value=(choice.value) selected[choice.value == chosen] { (choice.name) }
            }
        };
        self.field(name, label, hint, html! {
            select id=(self.id(name)) name=(name)
                aria-describedby=[self.described(name, hint)] aria-invalid=[self.invalid(name)] {
                @for group in groups {
                    @match &group.heading {
                        Some(heading) => optgroup label=(heading) { @for choice in &group.choices { (option(choice)) } },
                        None => @for choice in &group.choices { (option(choice)) },
                    }
                }
            }
        })
    }

    /// A box to tick.
    pub fn tick(&self, name: &str, label: &str) -> Markup {
        let id = self.id(name);
        html! {
            div .field .tick {
                (self.errors(name))
                input type="checkbox" id=(id) name=(name) value="yes" checked[self.form.get(name) == "yes"]
                    aria-describedby=[self.described(name, "")] aria-invalid=[self.invalid(name)];
                label for=(id) { (label) }
            }
        }
    }

    /// Boxes of which any number may be ticked.
    pub fn several(&self, name: &str, label: &str, hint: &str, choices: &[Choice]) -> Markup {
        let id = self.id(name);
        let ticked = self.form.each(name);
        html! {
            fieldset .field .several .fault[self.is_faulty(name)] id=(id) tabindex="-1" aria-describedby=[self.described(name, hint)] {
                legend { (label) }
                @if !hint.is_empty() { p .hint id=(format!("{id}-hint")) { (hint) } }
                (self.errors(name))
                div .choices {
                    @for (number, choice) in choices.iter().enumerate() {
                        @let box_id = format!("{id}-{number}");
                        div .tick {
                            input type="checkbox" id=(box_id) name=(name) value=(choice.value) checked[ticked.contains(&choice.value)];
                            label for=(box_id) { (choice.name) }
                        }
                    }
                }
            }
        }
    }

    fn field(&self, name: &str, label: &str, hint: &str, input: Markup) -> Markup {
        let id = self.id(name);
        html! {
            div .field .fault[self.is_faulty(name)] {
                label for=(id) { (label) }
                @if !hint.is_empty() { p .hint id=(format!("{id}-hint")) { (hint) } }
                (self.errors(name))
                (input)
            }
        }
    }

    fn errors(&self, name: &str) -> Markup {
        let faults: Vec<&str> =
            self.form.faults.iter().filter(|(field, _)| field == name).map(|(_, words)| words.as_str()).collect();
        if faults.is_empty() {
            return html! {};
        }
        html! {
            p .error id=(format!("{}-error", self.id(name))) {
                span .unseen { (Frame::of(self.language).error) } (faults.join("；"))
            }
        }
    }

    fn may_stay_empty(&self, label: &str) -> String {
        let space = if self.language == Language::English { " " } else { "" };
        format!("{label}{space}{}", Frame::of(self.language).optional)
    }

    fn id(&self, name: &str) -> String {
        format!("{}-{}", self.prefix, name.replace('.', "-"))
    }

    fn is_faulty(&self, name: &str) -> bool {
        self.form.faults.iter().any(|(field, _)| field == name)
    }

    fn invalid(&self, name: &str) -> Option<&'static str> {
        self.is_faulty(name).then_some("true")
    }

    fn described(&self, name: &str, hint: &str) -> Option<String> {
        let id = self.id(name);
        let parts = [(!hint.is_empty(), "hint"), (self.is_faulty(name), "error")];
        let ids: Vec<String> = parts.iter().filter(|(is, _)| *is).map(|(_, what)| format!("{id}-{what}")).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }
}

/// A field that nobody sees.
pub fn hidden(name: &str, value: &str) -> Markup {
    html! { input type="hidden" name=(name) value=(value); }
}

/// A name under which what is sent twice is one thing.
pub fn command() -> Markup {
    hidden("command", &uuid::Uuid::new_v4().to_string())
}
