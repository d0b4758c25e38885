//! Whose an officer is: by the post, and for a while by a secondment.

use ids::Code;
use jiff::civil::Date;

/// Whose an officer is, in four ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relations<Unit = Code> {
    /// 属: holds the post.
    pub owned_by: Unit,
    /// 管: says what they do from day to day.
    pub managed_by: Unit,
    /// 用: where they work.
    pub used_by: Unit,
    /// 考: rates them.
    pub assessed_by: Unit,
}

impl<Unit: Clone + PartialEq> Relations<Unit> {
    /// In whatever way.
    #[must_use]
    pub fn include(&self, unit: &Unit) -> bool {
        [&self.owned_by, &self.managed_by, &self.used_by, &self.assessed_by].contains(&unit)
    }

    #[must_use]
    pub fn units(self) -> [Unit; 4] {
        [self.owned_by, self.managed_by, self.used_by, self.assessed_by]
    }

    /// What holds while the officer is seconded: a secondment changes three of the four, and never who holds the post.
    #[must_use]
    pub fn while_seconded_to(&self, unit: Unit) -> Self {
        Self { owned_by: self.owned_by.clone(), managed_by: unit.clone(), used_by: unit.clone(), assessed_by: unit }
    }
}

/// Days from the first to the last, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    pub since: Date,
    /// None: until it is ended.
    pub until: Option<Date>,
}

impl Days {
    #[must_use]
    pub fn include(self, day: Date) -> bool {
        self.since <= day && self.until.is_none_or(|until| day <= until)
    }

    #[must_use]
    pub fn overlap(self, other: Self) -> bool {
        self.until.is_none_or(|until| other.since <= until) && other.until.is_none_or(|until| self.since <= until)
    }
}
