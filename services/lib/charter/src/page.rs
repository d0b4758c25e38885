//! Who is told at once when a call goes out, and by which means: the `pages` and `means` of a colour, and the `at`
//! of a role, which says in whose house the post is.

use std::str::FromStr;

use ids::Code;

use crate::category::UnknownWord;
use crate::organisation::COMMAND_CENTRE;
use crate::reader::{Kind, Report};
use crate::{Charter, Colour};

/// In whose house a post is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostAt {
    /// The command centre of the street that calls.
    Street,
    /// The district's command centre.
    District,
    /// Each called unit.
    Called,
}

/// How somebody is reached. Whoever delivers it knows the number or the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    Voice,
    Sms,
    App,
}

/// A post to be told: `wuchang-centre`, `district-leader`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub unit: Code,
    pub role: Code,
}

impl Means {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Voice => "voice",
            Self::Sms => "sms",
            Self::App => "app",
        }
    }
}

impl FromStr for Means {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "voice" => Ok(Self::Voice),
            "sms" => Ok(Self::Sms),
            "app" => Ok(Self::App),
            other => Err(UnknownWord::new("voice, sms or app", other)),
        }
    }
}

impl FromStr for PostAt {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "street" => Ok(Self::Street),
            "district" => Ok(Self::District),
            "called" => Ok(Self::Called),
            other => Err(UnknownWord::new("street, district or called", other)),
        }
    }
}

impl Charter {
    /// Exactly those whom the charter pages for a call of this colour by `caller`. A group calls from the district, which
    /// has no posts of a street.
    #[must_use]
    pub fn pages(&self, colour: Colour, caller: &Code, called: &[Code]) -> Vec<Page> {
        let street = self.street_of(caller).and_then(|street| self.unit_of(&street.code, COMMAND_CENTRE));
        let units = |role: &Code| match self.organisation.post_of(role) {
            Some(PostAt::Street) => street.map(|centre| centre.code.clone()).into_iter().collect(),
            Some(PostAt::District) => vec![self.district_centre().code.clone()],
            Some(PostAt::Called) => called.to_vec(),
            None => vec![],
        };
        let roles = &self.colour_limits(colour).pages;
        roles.iter().flat_map(|role| units(role).into_iter().map(|unit| Page { unit, role: role.clone() })).collect()
    }
}

/// Whoever is paged sits somewhere. An unknown role is reported as such, not here.
pub(crate) fn check(charter: &Charter, report: &Report<'_>) {
    let pages = Colour::ALL.iter().flat_map(|colour| &charter.colour_limits(*colour).pages);
    for role in pages.filter(|role| charter.organisation.post_of(role).is_none()) {
        if let Some(at) = report.place_of(Kind::Role, role) {
            report.add(at, "page-has-post", format!("{role} is paged and has no `at`: nobody knows where that is"));
        }
    }
}
