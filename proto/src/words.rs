//! The words of a submission as people write them, the same for every door that takes a text: files, the command line,
//! stories.

use crate::intake::v1::{CallerClass, CaseKind, Way};

/// The words of one enumeration.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    /// With it and in capitals, a word is the name that the contract has: `CASE_KIND_REPORT`.
    prefix: &'static str,
    /// As lists and charters write them, with their numbers.
    pub plain: &'static [(&'static str, i32)],
    /// As the glossary and what others export call them.
    called: &'static [(&'static str, i32)],
}

pub const KINDS: Words = Words {
    prefix: "CASE_KIND_",
    plain: &[
        ("report", CaseKind::Report as i32),
        ("service", CaseKind::Service as i32),
        ("suggestion", CaseKind::Suggestion as i32),
        ("consult", CaseKind::Consult as i32),
    ],
    called: &[
        ("报事", CaseKind::Report as i32),
        ("投诉", CaseKind::Report as i32),
        ("举报", CaseKind::Report as i32),
        ("反映", CaseKind::Report as i32),
        ("诉求", CaseKind::Report as i32),
        ("办事", CaseKind::Service as i32),
        ("求助", CaseKind::Service as i32),
        ("服务", CaseKind::Service as i32),
        ("建议", CaseKind::Suggestion as i32),
        ("意见", CaseKind::Suggestion as i32),
        ("咨询", CaseKind::Consult as i32),
        ("询问", CaseKind::Consult as i32),
    ],
};
pub const CLASSES: Words = Words {
    prefix: "CALLER_CLASS_",
    plain: &[
        ("resident", CallerClass::Resident as i32),
        ("grassroots", CallerClass::Grassroots as i32),
        ("enterprise", CallerClass::Enterprise as i32),
    ],
    called: &[
        ("群众", CallerClass::Resident as i32),
        ("居民", CallerClass::Resident as i32),
        ("市民", CallerClass::Resident as i32),
        ("个人", CallerClass::Resident as i32),
        ("基层", CallerClass::Grassroots as i32),
        ("网格", CallerClass::Grassroots as i32),
        ("企业", CallerClass::Enterprise as i32),
    ],
};
/// The five ways of R-21.
pub const WAYS: Words = Words {
    prefix: "WAY_",
    plain: &[
        ("online", Way::Online as i32),
        ("patrol", Way::Patrol as i32),
        ("visit", Way::Visit as i32),
        ("meeting", Way::Meeting as i32),
        ("superior", Way::Superior as i32),
    ],
    called: &[
        ("线上集", Way::Online as i32),
        ("网格巡", Way::Patrol as i32),
        ("入户访", Way::Visit as i32),
        ("座谈征", Way::Meeting as i32),
        ("上级派", Way::Superior as i32),
    ],
};

impl Words {
    /// What a text means; nothing said is unspecified.
    ///
    /// # Errors
    /// It is none of these words; what is.
    pub fn number(&self, text: &str) -> Result<i32, String> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(0);
        }
        let named = text.to_ascii_uppercase().replace('-', "_");
        let word = crate::word(&named, self.prefix);
        let all = self.plain.iter().chain(self.called);
        let found = all.clone().find(|(known, _)| *known == word).map(|(_, number)| *number);
        let known = || all.map(|(known, _)| *known).collect::<Vec<_>>().join(", ");
        found.ok_or_else(|| format!("{text:?} is none of {}", known()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot read its own data has failed")]
    use super::*;

    #[test]
    fn every_word_of_the_contract_is_one_of_a_door_in_each_of_its_forms() {
        let names = |words: Words, name: fn(i32) -> Option<&'static str>| {
            let named = (1..).map_while(name).count();
            assert_eq!(named, words.plain.len(), "{}", words.prefix);
            for (word, number) in words.plain {
                let full = name(*number).unwrap();
                assert_eq!([words.number(full), words.number(word)], [Ok(*number), Ok(*number)], "{word}");
            }
        };
        names(KINDS, |number| CaseKind::try_from(number).ok().map(|kind| kind.as_str_name()));
        names(CLASSES, |number| CallerClass::try_from(number).ok().map(|class| class.as_str_name()));
        names(WAYS, |number| Way::try_from(number).ok().map(|way| way.as_str_name()));
        assert_eq!([KINDS.number("报事"), KINDS.number("办事"), KINDS.number(" ")], [Ok(1), Ok(2), Ok(0)]);
        assert_eq!([CLASSES.number("群众"), WAYS.number("网格巡")], [Ok(1), Ok(2)]);
        assert!(KINDS.number("CASE_KIND_UNSPECIFIED").unwrap_err().contains("report"));
    }
}
