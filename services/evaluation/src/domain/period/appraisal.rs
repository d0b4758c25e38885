//! What grid members and those who work in communities are appraised by: the cases they had, as the record has them. Nobody
//! gives a mark for it.
//!
//! A case counts for whoever had it and answered it within the period, once, by the last answer of the period: whether it came
//! before the time was up, what its caller said of it, and whether it had to be opened again. What was handed on without an
//! answer counts for nobody here. Beside it stand the matters that they brought in themselves, and who acted.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use charter::{Appraisal, AppraisalSource, Charter, PartyKind};
use ids::Code;
use jiff::Timestamp;
use rust_decimal::Decimal;

use super::{Counted, Whose};
use crate::domain::{Part, Score};

/// What of a case counts, in the order of the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// `by` brought it in.
    Reported {
        by: Code,
    },
    Held {
        by: Code,
    },
    /// Its time ran out.
    Late,
    Answered {
        by: Code,
    },
    Reopened,
    Rated {
        rate: Decimal,
    },
    Excluded,
}

/// Adds up the facts of a district's cases.
pub struct Appraising<'c> {
    charter: &'c Charter,
    formula: &'c Appraisal,
    kind: PartyKind,
    window: Range<Timestamp>,
    cases: HashMap<String, Had>,
    reported: BTreeMap<Code, BTreeSet<String>>,
    staff: BTreeMap<Code, BTreeSet<String>>,
}

/// A case that somebody who is appraised had.
#[derive(Debug, Default)]
struct Had {
    holder: Option<Code>,
    late: bool,
    answers: BTreeMap<Code, Answer>,
    /// Whose answer of the period is the last one that was given.
    last: Option<Code>,
    excluded: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug)]
struct Answer {
    in_time: bool,
    rate: Option<Decimal>,
    kept: bool,
}

impl<'c> Appraising<'c> {
    /// None: the charter appraises nobody, or the table is of those who were called.
    #[must_use]
    pub fn new(charter: &'c Charter, whose: Whose, window: Range<Timestamp>) -> Option<Self> {
        let kind = match whose {
            Whose::Called => return None,
            Whose::Grids => PartyKind::Grid,
            Whose::Communities => PartyKind::Community,
        };
        let formula = charter.appraisal()?;
        let (cases, reported, staff) = (HashMap::new(), BTreeMap::new(), BTreeMap::new());
        Some(Self { charter, formula, kind, window, cases, reported, staff })
    }

    /// Somebody acted for a unit.
    pub fn acted(&mut self, at: Timestamp, unit: &str, staff: &str) {
        let Some(unit) = self.appraised(unit).filter(|_| self.window.contains(&at) && !staff.is_empty()) else {
            return;
        };
        self.staff.entry(unit).or_default().insert(staff.to_owned());
    }

    /// Takes a fact of a case. A case that is read twice from its beginning counts once.
    pub fn take(&mut self, case: &str, at: Timestamp, fact: Fact) {
        let within = self.window.contains(&at);
        if let Fact::Reported { by } = &fact {
            if let Some(unit) = self.appraised(by.as_str()).filter(|_| within) {
                self.reported.entry(unit).or_default().insert(case.to_owned());
            }
            return;
        }
        if let Fact::Held { by } = &fact
            && let Some(unit) = self.appraised(by.as_str())
        {
            let had = self.cases.entry(case.to_owned()).or_default();
            if had.holder.as_ref() != Some(&unit) {
                (had.holder, had.late) = (Some(unit), false);
            }
            return;
        }
        let Some(had) = self.cases.get_mut(case) else { return };
        match fact {
            Fact::Reported { .. } => {}
            // It went on to somebody else.
            Fact::Held { .. } => had.holder = None,
            Fact::Late => had.late = true,
            Fact::Answered { by } => had.answered(by, within),
            Fact::Reopened => {
                had.late = false;
                if let Some(answer) = had.last.as_ref().and_then(|last| had.answers.get_mut(last)) {
                    answer.kept = false;
                }
            }
            Fact::Rated { rate } => {
                if let Some(answer) = had.last.as_ref().and_then(|last| had.answers.get_mut(last)) {
                    answer.rate = Some(rate);
                }
            }
            Fact::Excluded => had.excluded = Some(at),
        }
        let over = self
            .cases
            .get(case)
            .is_some_and(|had| had.holder.is_none() && had.answers.is_empty() && had.excluded.is_none());
        if over {
            self.cases.remove(case);
        }
    }

    #[must_use]
    pub fn counted(self) -> Counted {
        let mut counted = Counted::default();
        for had in self.cases.values() {
            match had.excluded {
                None => {
                    had.answers.iter().for_each(|(unit, answer)| counted.add(&score(self.formula, unit, answer), false))
                }
                Some(at) if self.window.contains(&at) => {
                    counted.exclude(had.holder.iter().chain(had.answers.keys()).collect::<BTreeSet<_>>());
                }
                Some(_) => {}
            }
        }
        for (unit, cases) in self.reported {
            counted.units.entry(unit).or_default().reported = u32::try_from(cases.len()).unwrap_or(u32::MAX);
        }
        for (unit, staff) in self.staff {
            counted.units.entry(unit).or_default().staff = staff;
        }
        counted
    }

    fn appraised(&self, unit: &str) -> Option<Code> {
        self.charter.party(unit).filter(|party| party.kind == self.kind).map(|party| party.code.clone())
    }
}

impl Had {
    /// An answer of another period ends what is said of this one's; it stays as it was.
    fn answered(&mut self, by: Code, within: bool) {
        self.last = None;
        if !within || self.holder.as_ref() != Some(&by) {
            return;
        }
        let kept = self.answers.get(&by).is_none_or(|before| before.kept);
        self.answers.insert(by.clone(), Answer { in_time: !self.late, rate: None, kept });
        self.last = Some(by);
    }
}

fn score(formula: &Appraisal, unit: &Code, answer: &Answer) -> Score {
    let whole = |yes: bool| Some(if yes { Decimal::ONE } else { Decimal::ZERO });
    let parts = formula.components.iter().map(|component| Part {
        code: component.code.clone(),
        weight: component.weight,
        rate: match component.source {
            AppraisalSource::AnsweredInTime => whole(answer.in_time),
            AppraisalSource::CallerRating => answer.rate,
            AppraisalSource::NotReopened => whole(answer.kept),
        },
    });
    let mut score = Score {
        round: 1,
        party: unit.clone(),
        formula: formula.name.clone(),
        unrated: formula.unrated,
        parts: parts.collect(),
        total: None,
    };
    score.total = score.total_of_parts();
    score
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::super::{Table, TableName, Terms};
    use super::*;

    static CHARTER: LazyLock<Charter> = LazyLock::new(|| Charter::shipped("wuchang").unwrap());
    const GRID: &str = "wuchang-liangdao-tanhualin-grid-1";
    const COMMUNITY: &str = "wuchang-liangdao-tanhualin";
    const STREET: &str = "wuchang-liangdao-command-centre";

    fn code(text: &str) -> Code {
        text.parse().unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn held(by: &str) -> Fact {
        Fact::Held { by: code(by) }
    }

    fn answered(by: &str) -> Fact {
        Fact::Answered { by: code(by) }
    }

    fn rated(rate: &str) -> Fact {
        Fact::Rated { rate: rate.parse().unwrap() }
    }

    /// The period is from 100 to 200.
    fn table(whose: Whose, facts: &[(&str, i64, Fact)]) -> Table {
        let mut appraising = Appraising::new(&CHARTER, whose, at(100)..at(200)).unwrap();
        for (case, second, fact) in facts {
            appraising.take(case, at(*second), fact.clone());
        }
        let name = TableName { whose, span: "2026-10".parse().unwrap() };
        Table::of(&appraising.counted(), Terms::of(&CHARTER, name), &BTreeMap::new())
    }

    /// Unit, cases, mean, matters brought in.
    fn rows(whose: Whose, facts: &[(&str, i64, Fact)]) -> Vec<String> {
        let mean = |mean: Option<Decimal>| mean.map_or("-".to_owned(), |mean| mean.to_string());
        let row = |row: &super::super::Row| format!("{} {} {} {}", row.unit, row.cases, mean(row.mean), row.reported);
        table(whose, facts).rows.iter().map(row).collect()
    }

    #[test]
    fn who_answered_a_case_within_the_period_is_appraised_by_it() {
        let facts = [
            ("a", 90, held(GRID)),
            ("a", 110, answered(GRID)),
            // What comes later about that answer counts: it is read up to a position, not to the end of the period.
            ("a", 210, rated("0.6")),
            ("b", 110, held(GRID)),
            ("b", 120, Fact::Late),
            ("b", 130, answered(GRID)),
            ("b", 140, rated("1")),
            ("c", 110, Fact::Reported { by: code(GRID) }),
            ("c", 110, held(COMMUNITY)),
            ("c", 120, answered(COMMUNITY)),
        ];
        // 40 in time, 40 by the caller, 20 not opened again: 40 + 24 + 20, and 0 + 40 + 20.
        assert_eq!(rows(Whose::Grids, &facts), [format!("{GRID} 2 72.0000 1")]);
        // Nobody rated it: in time and not opened again.
        assert_eq!(rows(Whose::Communities, &facts), [format!("{COMMUNITY} 1 100.0000 0")]);
        let twice = [&facts[..], &facts[..]].concat();
        assert_eq!(rows(Whose::Grids, &twice), rows(Whose::Grids, &facts), "read again, it counts once");
    }

    #[test]
    fn what_was_handed_on_answered_elsewhen_or_excluded_counts_for_nobody() {
        let of = |facts: &[(&str, i64, Fact)]| rows(Whose::Grids, facts);
        let none: [String; 0] = [];
        assert_eq!(of(&[("a", 110, held(GRID)), ("a", 120, held(STREET)), ("a", 130, answered(STREET))]), none);
        assert_eq!(of(&[("a", 80, held(GRID)), ("a", 90, answered(GRID)), ("a", 110, rated("1"))]), none);
        assert_eq!(of(&[("a", 110, held(GRID)), ("a", 200, answered(GRID))]), none);
        let excluded = [("a", 110, held(GRID)), ("a", 120, answered(GRID)), ("a", 130, Fact::Excluded)];
        let table = table(Whose::Grids, &excluded);
        assert_eq!((table.rows.len(), table.excluded_cases), (0, 1));
    }

    #[test]
    fn a_case_that_came_back_has_its_last_answer_and_was_not_kept() {
        let back = [
            ("a", 110, held(GRID)),
            ("a", 120, answered(GRID)),
            ("a", 130, rated("0")),
            ("a", 140, Fact::Reopened),
            ("a", 150, answered(GRID)),
            ("a", 160, rated("1")),
        ];
        assert_eq!(rows(Whose::Grids, &back), [format!("{GRID} 1 80.0000 0")]);
        // Answered again when the period is over: this one has what it had, and that it came back.
        let later = [&back[..4], &[("a", 210, answered(GRID)), ("a", 220, rated("1"))]].concat();
        assert_eq!(rows(Whose::Grids, &later), [format!("{GRID} 1 40.0000 0")]);
    }

    #[test]
    fn whoever_acted_stands_there_by_number() {
        let mut appraising = Appraising::new(&CHARTER, Whose::Grids, at(100)..at(200)).unwrap();
        for (second, unit, staff) in [(110, GRID, "wg-2"), (120, GRID, "wg-1"), (130, GRID, "wg-2"), (90, GRID, "wg-3")]
        {
            appraising.acted(at(second), unit, staff);
        }
        appraising.acted(at(110), STREET, "jd-1");
        appraising.acted(at(110), GRID, "");
        let counted = appraising.counted();
        let [(unit, sum)] = &counted.units.iter().collect::<Vec<_>>()[..] else { panic!("{counted:?}") };
        assert_eq!(
            (unit.as_str(), sum.staff.iter().map(String::as_str).collect::<Vec<_>>()),
            (GRID, vec!["wg-1", "wg-2"])
        );
    }
}
