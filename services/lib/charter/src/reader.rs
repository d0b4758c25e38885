//! Takes a tree apart and remembers everything that is wrong with it.
//!
//! A reader never stops: what cannot be read is reported and left out, so that one run shows all faults.
//! Codes are declared and referred to while reading and compared at the end, when everything is declared.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::str::FromStr;

use ids::Code;
use jiff::civil::Date;
use rust_decimal::Decimal;
use vocabulary::number;
use vocabulary::text::{is_unseen, stray_control};

use crate::source::Problem;
use crate::yaml::{Key, Node, Number, Position, Value};
use crate::{Limit, Name, Provenance};

/// What a code names. Each kind has its own name space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Party,
    Unit,
    Squad,
    Category,
    LegalPower,
    Aspect,
    Situation,
    Limit,
    Role,
    Channel,
    Bridge,
    Campaign,
    Text,
    Score,
    Tier,
    Rating,
    Containment,
    BringDown,
    Ground,
    AppraisalPart,
    Duty,
    DecisionClass,
    DecisionItem,
    CommunityItem,
    Power,
    GroupClass,
    GradingRow,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Party => "party",
            Self::Unit => "street unit",
            Self::Squad => "squad",
            Self::Category => "category",
            Self::LegalPower => "legal power",
            Self::Aspect => "aspect",
            Self::Situation => "situation",
            Self::Limit => "limit",
            Self::Role => "role",
            Self::Channel => "channel",
            Self::Bridge => "bridge",
            Self::Campaign => "campaign",
            Self::Text => "text",
            Self::Score => "score component",
            Self::Tier => "tier",
            Self::Rating => "rating",
            Self::Containment => "definition of containment",
            Self::BringDown => "what there is to be less of",
            Self::Ground => "ground of a deduction",
            Self::AppraisalPart => "part of an appraisal",
            Self::Duty => "duty",
            Self::DecisionClass => "decision class",
            Self::DecisionItem => "decision item",
            Self::CommunityItem => "community item",
            Self::Power => "power",
            Self::GroupClass => "group class",
            Self::GradingRow => "grading row",
        }
    }
}

/// A place in one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct At<'a> {
    pub file: &'a str,
    pub position: Position,
}

/// Everything found wrong so far, and the codes declared and referred to.
#[derive(Default)]
pub(crate) struct Report<'a> {
    problems: RefCell<Vec<Problem>>,
    /// How many of them are about the form alone.
    of_form: Cell<usize>,
    declared: RefCell<HashMap<(Kind, Code), At<'a>>>,
    referred: RefCell<Vec<(Kind, Code, At<'a>)>>,
}

impl<'a> Report<'a> {
    pub fn add(&self, at: At<'_>, rule: &'static str, message: impl Into<String>) {
        self.problems.borrow_mut().push(Problem {
            file: at.file.to_owned(),
            line: at.position.line,
            column: at.position.column,
            rule,
            message: message.into(),
        });
    }

    /// Enters a code into its name space; false, and reported, if it is taken.
    pub fn declare(&self, kind: Kind, code: &Code, at: At<'a>) -> bool {
        let first = *self.declared.borrow_mut().entry((kind, code.clone())).or_insert(at);
        if first == at {
            return true;
        }
        let (file, line) = (first.file, first.position.line);
        self.add(at, "duplicate-code", format!("the {} {code} already stands in {file}:{line}", kind.word()));
        false
    }

    pub fn refer(&self, kind: Kind, code: &Code, at: At<'a>) {
        self.referred.borrow_mut().push((kind, code.clone(), at));
    }

    pub fn place_of(&self, kind: Kind, code: &Code) -> Option<At<'a>> {
        self.declared.borrow().get(&(kind, code.clone())).copied()
    }

    /// How much was not understood so far.
    fn misread(&self) -> usize {
        self.problems.borrow().len() - self.of_form.get()
    }

    /// All faults. References are compared only now, and only if `complete`.
    pub fn finish(self, complete: bool) -> Vec<Problem> {
        let declared = self.declared.borrow();
        for (kind, code, at) in self.referred.borrow().iter() {
            if complete && !declared.contains_key(&(*kind, code.clone())) {
                self.add(*at, "unknown-reference", format!("no {} has the code {code}", kind.word()));
            }
        }
        drop(declared);
        self.problems.into_inner()
    }
}

/// A node together with where its faults are reported.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a, 'r> {
    pub at: At<'a>,
    pub report: &'r Report<'a>,
    value: &'a Value,
}

impl<'a, 'r> Cursor<'a, 'r> {
    pub fn new(file: &'a str, node: &'a Node, report: &'r Report<'a>) -> Self {
        Self { at: At { file, position: node.position }, report, value: &node.value }
    }

    pub fn problem(&self, rule: &'static str, message: impl Into<String>) {
        self.report.add(self.at, rule, message);
    }

    pub fn refer(&self, kind: Kind, code: &Code) {
        self.report.refer(kind, code, self.at);
    }

    /// Reports what is understood, and should be written otherwise. It is read all the same: so it always was on the record.
    pub fn form(&self, rule: &'static str, message: impl Into<String>) {
        self.problem(rule, message);
        self.report.of_form.set(self.report.of_form.get() + 1);
    }

    fn wrong<T>(&self, expected: &str) -> Option<T> {
        self.problem("wrong-type", format!("expected {expected}"));
        None
    }

    /// Reads a map; keys that `read` does not ask for are reported as unknown.
    pub fn map<T>(self, read: impl FnOnce(&Fields<'a, 'r>) -> T) -> Option<T> {
        let Value::Map(entries) = self.value else { return self.wrong("a map of keys and values") };
        let fields = Fields { cursor: self, entries, asked: RefCell::default() };
        let result = read(&fields);
        let asked = fields.asked.into_inner();
        for (key, _) in entries.iter().filter(|(key, _)| !asked.contains(&key.text.as_str())) {
            let at = At { file: self.at.file, position: key.position };
            self.report.add(at, "unknown-key", format!("no key {:?} here; known are: {}", key.text, asked.join(", ")));
        }
        Some(result)
    }

    /// As [`Cursor::map`], but nothing of it if anything in it is not understood: a condition of which a part is left out
    /// asks for less than was written.
    pub fn whole<T>(self, read: impl FnOnce(&Fields<'a, 'r>) -> T) -> Option<T> {
        let before = self.report.misread();
        self.map(read).filter(|_| self.report.misread() == before)
    }

    /// The entries of a map whose keys are data.
    pub fn entries(self) -> Vec<(&'a str, Self)> {
        match self.value {
            Value::Map(entries) => entries.iter().map(|(key, node)| (key.text.as_str(), self.below(node))).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List(_) => {
                self.wrong::<()>("a map of keys and values");
                Vec::new()
            }
        }
    }

    pub fn list(self) -> Vec<Self> {
        match self.value {
            Value::List(nodes) => nodes.iter().map(|node| self.below(node)).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Map(_) => {
                self.wrong::<()>("a list");
                Vec::new()
            }
        }
    }

    fn below(&self, node: &'a Node) -> Self {
        Self::new(self.at.file, node, self.report)
    }

    /// A text; what YAML takes for a number is taken as it is written.
    pub fn text(&self) -> Option<String> {
        match self.value {
            Value::Text(text) => {
                if let Some(stray) = stray_control(text, true) {
                    self.problem("control-character", stray.to_string());
                }
                Some(text.clone())
            }
            Value::Number(number) => Some(number.text.clone()),
            Value::Null | Value::Bool(_) | Value::List(_) | Value::Map(_) => self.wrong("a text"),
        }
    }

    pub fn flag(&self) -> Option<bool> {
        match self.value {
            Value::Bool(flag) => {
                if !["true", "false"].contains(&flag.text.as_str()) {
                    self.form("flag-form", format!("{:?}: write true or false", flag.text));
                }
                Some(flag.is_set)
            }
            Value::Null | Value::Number(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => {
                self.wrong("true or false")
            }
        }
    }

    /// A count: a whole number that is not negative.
    pub fn count(&self) -> Option<u32> {
        match self.value {
            Value::Number(number) => {
                self.check_form(&number.text);
                let count = number.whole.and_then(|whole| u32::try_from(whole).ok());
                count.or_else(|| self.wrong("a whole number from 0"))
            }
            Value::Null | Value::Bool(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => {
                self.wrong("a whole number from 0")
            }
        }
    }

    pub fn decimal(&self) -> Option<Decimal> {
        let text = self.text()?;
        self.check_form(&text);
        text.parse().ok().or_else(|| self.wrong("a decimal number"))
    }

    /// A number with a fraction, as [`Cursor::decimal`], where it need not be exact.
    pub fn float(&self, rule: &'static str) -> Option<f64> {
        self.check_form(&self.text()?);
        self.parsed(rule)
    }

    /// Reports a number that other readers would read otherwise.
    fn check_form(&self, text: &str) {
        if !number::is_number(text) {
            self.form("number-form", format!("{text:?}: write digits, with a point if need be, as in 17 or 0.9"));
        }
    }

    /// Anything that reads from a text; `rule` and the type's own words say what was wrong.
    pub fn parsed<T: FromStr<Err: ToString>>(&self, rule: &'static str) -> Option<T> {
        match self.text()?.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.problem(rule, error.to_string());
                None
            }
        }
    }

    /// A day.
    pub fn date(&self, rule: &'static str) -> Option<Date> {
        let (day, written) = (self.parsed::<Date>(rule)?, self.text()?);
        if day.to_string() != written {
            self.form(rule, format!("{written:?}: write {day}"));
        }
        Some(day)
    }

    pub fn code(&self) -> Option<Code> {
        self.parsed("code-grammar")
    }

    /// Reports a code that does not begin with `above` and a hyphen.
    pub fn prefixed_by(&self, above: &Code) {
        let (Value::Text(text) | Value::Number(Number { text, .. })) = self.value else { return };
        if !text.strip_prefix(above.as_str()).is_some_and(|rest| rest.starts_with('-')) {
            self.problem("code-prefix", format!("the code {text} must begin with {above}-"));
        }
    }

    pub fn limit(&self) -> Option<Limit> {
        let written = self.text()?;
        let amount = written.bytes().take_while(u8::is_ascii_digit).count();
        if let Some(amount) = written.get(..amount).filter(|amount| !amount.is_empty()) {
            self.check_form(amount);
        }
        self.parsed("limit-grammar")
    }

    /// Codes, each referring to a declared `kind`, and each once.
    pub fn codes(self, kind: Kind) -> Vec<Code> {
        let mut codes = Vec::new();
        for cursor in self.list() {
            let Some(code) = cursor.code() else { continue };
            cursor.refer(kind, &code);
            if codes.contains(&code) {
                cursor.form("named-twice", format!("{code} stands in this list already"));
            }
            codes.push(code);
        }
        codes
    }

    /// A name: the Chinese alone, or `{ zh: …, en: … }`.
    pub fn name(self) -> Option<Name> {
        if !matches!(self.value, Value::Map(_)) {
            return Some(Name { zh: self.filled()?, en: None });
        }
        self.map(|fields| {
            let zh = fields.need("zh")?.filled()?;
            Some(Name { zh, en: fields.get("en").and_then(|en| en.filled()) })
        })?
    }

    pub fn filled(&self) -> Option<String> {
        let text = self.text()?;
        if text.chars().all(|character| character.is_whitespace() || is_unseen(character)) {
            self.problem("empty-text", "this text is empty");
            return None;
        }
        Some(text)
    }
}

/// The keys of one map while it is read.
pub(crate) struct Fields<'a, 'r> {
    pub cursor: Cursor<'a, 'r>,
    entries: &'a [(Key, Node)],
    asked: RefCell<Vec<&'static str>>,
}

impl<'a, 'r> Fields<'a, 'r> {
    pub fn get(&self, key: &'static str) -> Option<Cursor<'a, 'r>> {
        if !self.asked.borrow().contains(&key) {
            self.asked.borrow_mut().push(key);
        }
        let (_, node) = self.entries.iter().find(|(found, _)| found.text == key)?;
        Some(self.cursor.below(node))
    }

    pub fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(found, _)| found.text == key)
    }

    pub fn need(&self, key: &'static str) -> Option<Cursor<'a, 'r>> {
        let found = self.get(key);
        if found.is_none() {
            self.cursor.problem("missing-key", format!("the key {key} is missing"));
        }
        found
    }

    /// Something about all of it is wrong.
    pub fn problem(&self, rule: &'static str, message: impl Into<String>) {
        self.cursor.problem(rule, message);
    }

    /// The entries of a list, none if the key is absent.
    pub fn list(&self, key: &'static str) -> Vec<Cursor<'a, 'r>> {
        self.get(key).map(Cursor::list).unwrap_or_default()
    }

    /// The entry's own code, entered into its name space.
    pub fn declare(&self, kind: Kind) -> Option<Code> {
        let cursor = self.need("code")?;
        let code = cursor.code()?;
        cursor.report.declare(kind, &code, cursor.at).then_some(code)
    }

    pub fn name(&self) -> Option<Name> {
        self.need("name")?.name()
    }

    /// Where the entry comes from; `source` unless it says otherwise.
    pub fn provenance(&self) -> Provenance {
        self.get("provenance").and_then(|cursor| cursor.parsed("provenance")).unwrap_or_default()
    }

    /// A code that refers to a declared `kind`.
    pub fn reference(&self, key: &'static str, kind: Kind) -> Option<Code> {
        let cursor = self.get(key)?;
        cursor.code().inspect(|code| cursor.refer(kind, code))
    }
}
