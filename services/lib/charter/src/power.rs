//! What the powers of a street open: one power, one set of instruments, the rest of `powers.yaml`.

use std::str::FromStr;

use ids::Code;

use crate::Charter;
use crate::category::UnknownWord;
use crate::list::{Entry, listed};
use crate::reader::{Fields, Kind};

/// A piece of work that a power opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Instrument {
    /// Streets are heard on listed decisions.
    Consultation,
    /// A street's own suggestions.
    Suggestion,
    /// Letters on people who are posted to a street.
    Personnel,
    /// Planning, building and acceptance of works, gate by gate.
    SignOff,
    /// The ledger of a street's pooled funds.
    Funds,
    /// Posts approved against posts filled.
    Headcount,
    /// Assessment of those posted to a street, for their allowance.
    Allowance,
    /// The whistle: a street calls departments on a case.
    Calling,
    /// A street rates the departments it called.
    Assessing,
}

impl Instrument {
    pub const ALL: [Self; 9] = [
        Self::Consultation,
        Self::Suggestion,
        Self::Personnel,
        Self::SignOff,
        Self::Funds,
        Self::Headcount,
        Self::Allowance,
        Self::Calling,
        Self::Assessing,
    ];

    /// What streets could do before a charter had a word for it. A charter of that form gives it; one of today says of each
    /// whether a power opens it or it is not given.
    pub const FROM_THE_FIRST: [Self; 2] = [Self::Calling, Self::Assessing];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Consultation => "consultation",
            Self::Suggestion => "suggestion",
            Self::Personnel => "personnel",
            Self::SignOff => "sign-off",
            Self::Funds => "funds",
            Self::Headcount => "headcount",
            Self::Allowance => "allowance",
            Self::Calling => "calling",
            Self::Assessing => "assessing",
        }
    }

    /// The power that opens it where a charter says nothing of instruments, by its code.
    #[must_use]
    pub const fn usual_power(self) -> &'static str {
        match self {
            Self::Consultation | Self::Suggestion => "decisions",
            Self::Personnel => "personnel",
            Self::SignOff => "planning",
            Self::Funds => "funds",
            Self::Headcount => "staffing",
            Self::Allowance | Self::Assessing => "assessment",
            Self::Calling => "dispatch",
        }
    }
}

impl FromStr for Instrument {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let found = Self::ALL.into_iter().find(|instrument| instrument.as_str() == text);
        found.ok_or_else(|| {
            let words =
                "consultation, suggestion, personnel, sign-off, funds, headcount, allowance, calling or assessing";
            UnknownWord::new(words, text)
        })
    }
}

/// A power that a district has given its streets.
#[derive(Clone, Debug)]
pub(crate) struct Power {
    /// None: what its code usually opens.
    instruments: Option<Vec<Instrument>>,
}

impl Power {
    fn opens(&self, entry: &Entry, instrument: Instrument) -> bool {
        match &self.instruments {
            Some(named) => named.contains(&instrument),
            None => entry.code.as_str() == instrument.usual_power(),
        }
    }
}

/// The powers, and what each opens.
pub(crate) fn read(fields: &Fields<'_, '_>) -> (Vec<Entry>, Vec<Power>) {
    let read = listed(fields, "powers", Kind::Power, |fields| {
        let word = |cursor: crate::reader::Cursor<'_, '_>| cursor.parsed("instrument");
        let named = fields.get("instruments").map(|cursor| cursor.list().into_iter().filter_map(word).collect());
        Some(Power { instruments: named })
    });
    read.into_iter().unzip()
}

/// What the district has decided not to give its streets.
pub(crate) fn not_given(fields: &Fields<'_, '_>) -> Vec<Instrument> {
    fields.list("not-given").into_iter().filter_map(|cursor| cursor.parsed("instrument")).collect()
}

/// Of what streets could do before there was a word for it, a charter says what becomes of it; and of nothing both.
pub(crate) fn check(powers: &[Entry], opens: &[Power], not_given: &[Instrument], fields: &Fields<'_, '_>) {
    for instrument in Instrument::ALL {
        let opened = powers.iter().zip(opens).find(|(entry, power)| power.opens(entry, instrument));
        let word = instrument.as_str();
        match (opened, not_given.contains(&instrument)) {
            (Some((entry, _)), true) => {
                fields.problem(
                    "given-or-not",
                    format!("{} opens {word}, and not-given says that nothing does", entry.code),
                );
            }
            (None, false) if Instrument::FROM_THE_FIRST.contains(&instrument) => {
                let which = "say in its instruments which power does, or in not-given that none does";
                fields.problem("given-or-not", format!("no power opens {word}: {which}"));
            }
            (Some(_), false) | (None, _) => {}
        }
    }
}

/// The form in which letters on personnel are numbered; where a charter does not say one, the district's name, year and
/// number in the usual form.
const LETTER_FORM: &str = "{district}人函〔{year}〕{number}号";

/// What powers open.
impl Charter {
    /// The power that opens an instrument; none where the district has not given its streets any.
    #[must_use]
    pub fn power_for(&self, instrument: Instrument) -> Option<&Entry> {
        let opens = |(entry, power): &(&Entry, &Power)| power.opens(entry, instrument);
        self.powers().iter().zip(&self.powers.opens).find(opens).map(|(entry, _)| entry)
    }

    /// Whether the district has given its streets an instrument: a power opens it, or the charter is from before there was
    /// a word for it.
    #[must_use]
    pub fn is_given(&self, instrument: Instrument) -> bool {
        let from_before = Instrument::FROM_THE_FIRST.contains(&instrument);
        let is_withheld = self.powers.not_given.contains(&instrument);
        self.power_for(instrument).is_some() || from_before && !is_withheld
    }

    /// Whether a unit does by a power of its street what this opens: whoever belongs to none needs none.
    #[must_use]
    pub fn may_use(&self, instrument: Instrument, unit: &Code) -> bool {
        self.street_of(unit).is_none() || self.is_given(instrument)
    }

    /// An item of the list of decisions.
    #[must_use]
    pub fn decision_item(&self, code: &str) -> Option<&crate::DecisionItem> {
        self.decision_items().iter().find(|item| item.code.as_str() == code)
    }

    /// A letter's number as it is printed.
    #[must_use]
    pub fn letter_number(&self, year: i16, number: u32) -> String {
        let form = self.powers.letter_form.as_deref().unwrap_or(LETTER_FORM);
        let name = self.party(self.district.as_str()).map_or(self.district.as_str(), |party| &party.name.zh);
        let form = form.replace("{district}", name);
        form.replace("{year}", &year.to_string()).replace("{number}", &number.to_string())
    }

    /// Whether a code is one of this district's streets.
    #[must_use]
    pub fn is_street(&self, code: &Code) -> bool {
        self.party(code.as_str()).is_some_and(|party| party.kind == crate::PartyKind::Street)
    }
}
