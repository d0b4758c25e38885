//! How the documents of an enforcement centre are numbered: the `documents` of `centre.yaml`.

use ids::Code;

use crate::organisation::Organisation;
use crate::reader::{Cursor, Fields, Kind, Report};
use crate::{Charter, PartyKind};

/// What a number is made of; those that make it unique must be in every form.
const PARTS: [&str; 4] = ["{street}", "{kind}", "{year}", "{number}"];
const PARTS_REQUIRED: [&str; 3] = ["{street}", "{year}", "{number}"];
/// Most digits a number is filled up to.
const DIGITS_MAX: u32 = 9;

/// What a centre puts on paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    Assessment,
    StopOrder,
    Notice,
    Reinspection,
    Conclusion,
}

impl DocumentKind {
    pub const ALL: [Self; 5] = [Self::Assessment, Self::StopOrder, Self::Notice, Self::Reinspection, Self::Conclusion];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Assessment => "assessment",
            Self::StopOrder => "stop-order",
            Self::Notice => "notice",
            Self::Reinspection => "reinspection",
            Self::Conclusion => "conclusion",
        }
    }
}

/// The form of a number, e.g. `武{street}综执{kind}〔{year}〕{number}号`.
#[derive(Clone, Debug)]
pub(crate) struct Numbering {
    form: String,
    digits: usize,
    kinds: [String; 5],
    /// What a street is called in a number; without a word, by its name.
    words: Vec<(Code, String)>,
}

pub(crate) fn read(fields: &Fields<'_, '_>) -> Option<Numbering> {
    fields.need("documents")?.map(|fields| {
        let form = fields.need("form").and_then(form);
        let digits = fields.need("digits").and_then(digits);
        let kinds = fields.need("kinds").and_then(|cursor| cursor.map(kinds).flatten());
        let words = fields.list("words").into_iter().filter_map(|row| {
            row.map(|fields| {
                let street = fields.need("street").and_then(|_| fields.reference("street", Kind::Party));
                let word = fields.need("word").and_then(|cursor| cursor.text());
                Some((street?, word?))
            })?
        });
        let words = words.collect();
        fields.provenance();
        Some(Numbering { form: form?, digits: digits?, kinds: kinds?, words })
    })?
}

fn form(cursor: Cursor<'_, '_>) -> Option<String> {
    let form = cursor.text()?;
    if let Some(missing) = PARTS_REQUIRED.iter().find(|part| !form.contains(**part)) {
        cursor.problem("document-form", format!("{missing} is missing, and without it two documents bear one number"));
        return None;
    }
    let rest = PARTS.iter().fold(form.clone(), |rest, part| rest.replace(part, ""));
    if rest.contains(['{', '}']) {
        cursor.problem("document-form", format!("there is nothing in braces but {}", PARTS.join(", ")));
        return None;
    }
    Some(form)
}

fn digits(cursor: Cursor<'_, '_>) -> Option<usize> {
    let digits = cursor.count()?;
    if !(1..=DIGITS_MAX).contains(&digits) {
        cursor.problem("document-form", format!("a number is filled up to 1 to {DIGITS_MAX} digits"));
        return None;
    }
    usize::try_from(digits).ok()
}

fn kinds(fields: &Fields<'_, '_>) -> Option<[String; 5]> {
    let [a, b, c, d, e] = DocumentKind::ALL.map(|kind| fields.need(kind.as_str()).and_then(|cursor| cursor.text()));
    Some([a?, b?, c?, d?, e?])
}

/// Two streets are never called the same in a number.
pub(crate) fn check(numbering: &Numbering, organisation: &Organisation, file: Cursor<'_, '_>, report: &Report<'_>) {
    let streets = organisation.parties.iter().filter(|party| party.kind == PartyKind::Street);
    let mut called: Vec<(String, &Code)> =
        streets.map(|street| (numbering.word(&street.code, &street.name.zh), &street.code)).collect();
    called.sort();
    for pair in called.windows(2) {
        if let [(word, one), (other_word, other)] = pair
            && word == other_word
        {
            report.add(file.at, "document-word", format!("{one} and {other} are both called {word} in numbers"));
        }
    }
}

impl Numbering {
    fn word(&self, street: &Code, name: &str) -> String {
        let own = self.words.iter().find(|(known, _)| known == street);
        own.map_or(name, |(_, word)| word).to_owned()
    }
}

impl Charter {
    /// The number of a document as it is printed. `number` counts within the street's centre and the year, from 1.
    #[must_use]
    pub fn document_number(&self, street: &Code, kind: DocumentKind, year: i16, number: u32) -> String {
        let numbering = &self.centres.numbering;
        let name = self.party(street.as_str()).map_or(street.as_str(), |street| &street.name.zh);
        let position = DocumentKind::ALL.iter().position(|known| *known == kind).unwrap_or_default();
        let digits = numbering.digits;
        numbering
            .form
            .replace("{street}", &numbering.word(street, name))
            .replace("{kind}", &numbering.kinds[position])
            .replace("{year}", &year.to_string())
            .replace("{number}", &format!("{number:0digits$}"))
    }
}
