//! A broken charter is refused with everything that is wrong with it, and where.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its own data has failed")]

use charter::{Charter, Problem, SourceFile, shipped_sources};
use proptest::prelude::*;

/// One mistake: the first occurrence of a text in one file of a shipped charter, replaced.
struct Mistake {
    charter: &'static str,
    file: &'static str,
    right: &'static str,
    wrong: &'static str,
    rule: &'static str,
}

const fn mistake(
    charter: &'static str,
    file: &'static str,
    right: &'static str,
    wrong: &'static str,
    rule: &'static str,
) -> Mistake {
    Mistake { charter, file, right, wrong, rule }
}

const MISTAKES: &[Mistake] = &[
    mistake("heping", "charter.yaml", "district: heping", "district: Heping", "code-grammar"),
    mistake("heping", "charter.yaml", "version: 2023-3", "version: 2023.1", "version-grammar"),
    mistake("heping", "charter.yaml", "effective: 2023-01-01", "effective: 2023-02-30", "effective-date"),
    mistake("heping", "charter.yaml", "Asia/Shanghai", "Asia/Tianjin", "time-zone"),
    mistake("heping", "charter.yaml", "confidence-min: 0.42", "confidence-min: 42", "confidence-range"),
    mistake("heping", "charter.yaml", "situations: 43", "situations: 44", "expects-situations"),
    mistake("heping", "charter.yaml", "decision-items: 40", "decision-items: 39", "expects-decision-items"),
    mistake("wuchang", "charter.yaml", "duties-lead: 61", "duties-lead: 60", "expects-duties-lead"),
    mistake("wuchang", "charter.yaml", "community-assist: 29", "community-assist: 30", "expects-community-assist"),
    mistake("jiangan", "charter.yaml", "groups: 13", "groups: 12", "expects-groups"),
    mistake("heping", "charter.yaml", "expects:", "expected:", "unknown-key"),
    mistake("heping", "organisation.yaml", "name: 调度员, at: street", "name: 调度员", "page-has-post"),
    mistake("heping", "organisation.yaml", "name: 调度员, at: street", "name: 调度员, at: moon", "post-at"),
    mistake("wuchang", "centre.yaml", "〔{year}〕", "", "document-form"),
    mistake("wuchang", "powers.yaml", "[personnel, headcount]", "[personnel, headcounts]", "instrument"),
    mistake("jiangan", "powers.yaml", "[calling, assessing]", "[calling]", "given-or-not"),
    mistake("jiangan", "powers.yaml", "powers:\n", "not-given: [assessing]\npowers:\n", "given-or-not"),
    mistake("jiangan", "powers.yaml", "powers:\n", "not-given: [whistling]\npowers:\n", "instrument"),
    mistake("wuchang", "powers.yaml", "powers:\n", "letter-form: '{year}'\npowers:\n", "letter-form"),
    mistake("wuchang", "centre.yaml", "{kind}", "{mood}", "document-form"),
    mistake("wuchang", "centre.yaml", "digits: 4", "digits: 40", "document-form"),
    mistake("wuchang", "centre.yaml", "word: 粮", "word: 积", "document-word"),
    mistake("wuchang", "centre.yaml", "conclusion: 结", "farewell: 结", "missing-key"),
    mistake("heping", "limits.yaml", "means: [voice, sms]", "means: [pigeon]", "means"),
    mistake("heping", "limits.yaml", "code: city-answer", "code: city-word", "required-limits"),
    mistake(
        "heping",
        "limits.yaml",
        "limits:\n",
        "limits:\n  - { code: first-response, limit: 30min }\n",
        "limit-runs",
    ),
    mistake("wuchang", "campaigns.yaml", "completion: 3wd", "completion: 3wd, first-response: 2h", "limit-runs"),
    mistake("wuchang", "organisation.yaml", ", powers: [justice]", "", "resident-has-power"),
    mistake("wuchang", "organisation.yaml", "powers: [justice]", "powers: [magic]", "unknown-reference"),
    mistake("heping", "limits.yaml", "reminders: [50, 80]", "reminders: [050, 80]", "number-form"),
    mistake("heping", "limits.yaml", "code: seat, limit: 10min", "code: seat, limit: 010min", "number-form"),
    mistake("heping", "evaluation.yaml", "weight: 50", "weight: 5e1", "number-form"),
    mistake("heping", "evaluation.yaml", "weight: 50", "weight: \"5_0\"", "number-form"),
    mistake("heping", "charter.yaml", "confidence-min: 0.42", "confidence-min: .42", "number-form"),
    mistake("heping", "charter.yaml", "situations: 43", "situations: 4_3", "number-form"),
    mistake("jiangan", "organisation.yaml", "    chair: district-leader\n", "", "group-has-chair"),
    mistake("jiangan", "organisation.yaml", "chair: district-leader", "chair: emperor", "unknown-reference"),
    mistake(
        "jiangan",
        "organisation.yaml",
        "[jiangan-tax, jiangan-investment, jiangan-approvals]",
        "[jiangan-tax]",
        "group-has-two-departments",
    ),
    mistake(
        "jiangan",
        "organisation.yaml",
        "[jiangan-tax, jiangan-investment, jiangan-approvals]",
        "[jiangan-tax, jiangan-property]",
        "group-has-two-departments",
    ),
    mistake("wuchang", "duties.yaml", "[governance, neighbours,", "[governance, ghosts,", "unknown-reference"),
    mistake("heping", "organisation.yaml", "city: {", "city: [", "yaml-syntax"),
    mistake("heping", "charter.yaml", "{ zh: 和平区吹哨报到章程,", "{ zh: \"和平区\\e[31m\",", "control-character"),
    mistake("heping", "organisation.yaml", "code: heping-police", "code: police", "code-prefix"),
    mistake("heping", "organisation.yaml", "code: heping-police", "code: heping-fire", "duplicate-code"),
    mistake("heping", "organisation.yaml", "code: command-centre", "code: commander", "required-units"),
    mistake(
        "heping",
        "organisation.yaml",
        "code: heping-finance,",
        "code: heping-finance, parent: heping-finance,",
        "tree-has-no-cycle",
    ),
    mistake(
        "heping",
        "organisation.yaml",
        "code: heping-finance,",
        "code: heping-finance, parent: heping-wudadao,",
        "levels-nest",
    ),
    mistake(
        "heping",
        "organisation.yaml",
        "code: heping-finance,",
        "code: heping-finance, parent: heping-treasury,",
        "unknown-reference",
    ),
    mistake("heping", "organisation.yaml", "}, responder: true", "}, responder: yes please", "wrong-type"),
    mistake("heping", "organisation.yaml", "provenance: ours", "provenance: hearsay", "provenance"),
    mistake("heping", "streets.yaml", "code: heping-nanshi\n", "code: wuchang-nanshi\n", "code-prefix"),
    mistake("heping", "situations.yaml", "lead: [heping-parking]", "lead: []", "situation-has-lead"),
    mistake("heping", "situations.yaml", "{street}-squad-police", "{street}-squad-navy", "unknown-reference"),
    mistake("heping", "situations.yaml", "lead: [heping-parking]", "lead: [heping-property]", "party-can-be-called"),
    mistake("heping", "situations.yaml", "colour: yellow", "colour: orange", "colour"),
    mistake("heping", "categories.yaml", "situation: group-rental", "situation: renting", "unknown-reference"),
    mistake("heping", "categories.yaml", "    situation: group-rental\n", "", "b2-situation"),
    mistake("heping", "categories.yaml", "handler: unit public-safety", "handler: unit secret", "unknown-reference"),
    mistake("heping", "categories.yaml", "handler: grid", "handler: district", "level-handler"),
    mistake("heping", "categories.yaml", "level: A", "level: E", "level"),
    mistake("heping", "categories.yaml", "parent: traffic", "parent: stray-parking", "tree-has-no-cycle"),
    mistake(
        "wuchang",
        "categories.yaml",
        "powers: [public-security]",
        "powers: [public-security, fire]",
        "one-power-per-squad",
    ),
    mistake(
        "wuchang",
        "categories.yaml",
        "handler: squad urban-management",
        "handler: squad market",
        "squad-holds-power",
    ),
    mistake(
        "heping",
        "categories.yaml",
        "handler: unit public-safety",
        "handler: unit public-safety\n    never-street: true",
        "never-street",
    ),
    mistake("heping", "categories.yaml", "able: [community,", "able: [grid, moon,", "handler"),
    mistake(
        "heping",
        "categories.yaml",
        "    handler: unit public-safety\n",
        "    handler: unit public-safety\n    able: [grid]\n",
        "lowest-able-handles",
    ),
    mistake("wuchang", "categories.yaml", "duty: duty-lead-01", "duty: duty-assist-01", "duty-is-led"),
    mistake("wuchang", "categories.yaml", "duty: duty-lead-01", "duty: duty-lead-99", "unknown-reference"),
    mistake("jiangan", "grading.yaml", "to: situation-lead", "to: the-boss", "row-target"),
    mistake("jiangan", "grading.yaml", "to: situation-lead", "to: party jiangan-gas", "row-target"),
    mistake("jiangan", "grading.yaml", "to: situation-lead", "to: party jiangan-treasury", "unknown-reference"),
    mistake("jiangan", "grading.yaml", "levels: [B2, C], situation: true", "levels: [B2, C]", "row-target"),
    mistake("jiangan", "grading.yaml", "    level: B1\n", "    level: C\n", "row-level"),
    mistake("jiangan", "grading.yaml", "    level: B1\n", "    level: B2\n", "b2-situation"),
    mistake("jiangan", "grading.yaml", "level: own", "level: E", "level"),
    mistake("jiangan", "grading.yaml", "    when: {}\n", "    when: { ways: [online] }\n", "last-row-total"),
    mistake("jiangan", "grading.yaml", "    when: {}\n", "    when: {}\n    enabled: false\n", "last-row-total"),
    mistake("jiangan", "grading.yaml", "classes: [enterprise]", "classes: []", "contradictory-row"),
    mistake(
        "jiangan",
        "grading.yaml",
        "powers-at-least: 1, powers-at-most: 1",
        "powers-at-least: 2, powers-at-most: 1",
        "contradictory-row",
    ),
    mistake(
        "wuchang",
        "grading.yaml",
        "levels: [B2, C], situation: true",
        "levels: [A], situation: true",
        "contradictory-row",
    ),
    mistake("jiangan", "grading.yaml", "{ powers-at-least: 2 }", "{ powers-at-least: 0 }", "unreachable-row"),
    mistake("jiangan", "grading.yaml", "{ never-street: true }", "{ handlers: [district] }", "unreachable-row"),
    mistake(
        "jiangan",
        "grading.yaml",
        "  - code: never-street\n    when: { never-street: true }\n    level: C\n    to: district",
        "  - code: never-street\n    when: { never-street: true }\n    level: B1\n    to: command-centre",
        "never-street",
    ),
    mistake("jiangan", "grading.yaml", "classes: [enterprise]", "class: [enterprise]", "unknown-key"),
    mistake("heping", "limits.yaml", "response: 10min", "response: 3 days", "limit-grammar"),
    mistake("heping", "limits.yaml", "completion: 2d", "completion: 6d", "colour-order"),
    mistake("heping", "limits.yaml", "report-in: 30min", "report-in: 5min", "colour-steps"),
    mistake("heping", "limits.yaml", "[50, 80]", "[50, 50]", "reminder-steps"),
    mistake("heping", "limits.yaml", "[50, 80]", "[50, 100]", "reminder-steps"),
    mistake("heping", "limits.yaml", "raise-on-overdue: true", "raise-on-overdue: soon", "wrong-type"),
    mistake("heping", "categories.yaml", "evidence: required", "evidence: photographs", "evidence-word"),
    mistake(
        "heping",
        "categories.yaml",
        "evidence: required",
        "attributes: [{ code: pole, name: 灯杆, kind: words }]",
        "attribute-kind",
    ),
    mistake(
        "heping",
        "categories.yaml",
        "evidence: required",
        "attributes: [{ code: pole, name: 灯杆, kind: choice }]",
        "attribute-values",
    ),
    mistake(
        "heping",
        "categories.yaml",
        "evidence: required",
        "attributes: [{ code: pole, name: 灯杆, kind: text }, { code: pole, name: 灯, kind: text }]",
        "duplicate-code",
    ),
    mistake("heping", "limits.yaml", "code: judgement", "code: judgment", "required-limits"),
    mistake("heping", "evaluation.yaml", "weight: 50", "weight: 40", "weights-sum-100"),
    mistake("heping", "evaluation.yaml", "share: 10", "share: 20", "tiers-sum-100"),
    mistake("heping", "evaluation.yaml", "rate: 0.6", "rate: 6", "share-range"),
    mistake("heping", "evaluation.yaml", "solved: false", "solved: true", "ratings-decide"),
    mistake(
        "wuchang",
        "evaluation.yaml",
        "classes: [resident], target: 5",
        "classes: [resident], target: 0",
        "bring-down-target",
    ),
    mistake(
        "wuchang",
        "evaluation.yaml",
        "classes: [resident], target: 5",
        "classes: [residents], target: 5",
        "caller-class",
    ),
    mistake("wuchang", "evaluation.yaml", "source: not-reopened", "source: mood", "appraisal-source"),
    mistake("heping", "evaluation.yaml", "most: 1,", "most: 2,", "ground-most"),
    mistake("heping", "evaluation.yaml", "unrated: spread", "unrated: zero", "unrated-word"),
    mistake("heping", "evaluation.yaml", "ranked-from: 1", "ranked-from: 0", "ranked-from"),
    mistake("heping", "evaluation.yaml", "appeals: 10wd", "appeals: ten days", "limit-grammar"),
    mistake("wuchang", "evaluation.yaml", "imported: 70", "imported: 60", "yearly-sum-100"),
    mistake("heping", "channels.yaml", "channels: [hotline-12345,", "channels: [hotline,", "unknown-reference"),
    mistake("heping", "channels.yaml", "way: superior", "way: above", "way"),
    mistake("wuchang", "channels.yaml", "class: enterprise", "class: company", "caller-class"),
    mistake("wuchang", "channels.yaml", "kind: suggestion", "kind: idea", "case-kind"),
    mistake("wuchang", "campaigns.yaml", "to: 2026-09-15", "to: 2026-06-14", "campaign-period"),
    mistake("wuchang", "campaigns.yaml", "from: 2026-06-15", "from: 2026-06-31", "campaign-period"),
    mistake("wuchang", "campaigns.yaml", "limits: {", "categories: [ghosts]\n    limits: {", "unknown-reference"),
    mistake("wuchang", "campaigns.yaml", "completion: 3wd", "finish: 3wd", "unknown-key"),
    mistake("heping", "texts.yaml", "{{ title }}", "{{ title }", "template-syntax"),
    mistake("heping", "texts.yaml", "{{ title }}", "{{ phone }}", "template-syntax"),
    mistake("heping", "texts.yaml", "{{ title }}", "{{ title|loud }}", "template-renders"),
    mistake("heping", "texts.yaml", "code: closed", "code: shut", "required-texts"),
    mistake("heping", "centre.yaml", "seats: [heping-fire", "seats: [heping-police", "resident-or-seat"),
    mistake(
        "heping",
        "centre.yaml",
        "resident: [heping-urban-management, ",
        "resident: [heping-market, ",
        "named-twice",
    ),
    mistake(
        "heping",
        "centre.yaml",
        "resident: [heping-urban-management, heping-market, heping-police]",
        "resident: []",
        "centre-has-resident",
    ),
    mistake("heping", "charter.yaml", "effective: 2023-01-01", "effective: 20230101", "effective-date"),
    mistake("heping", "charter.yaml", "effective: 2023-01-01", "effective: 2023-01-01T00:00:00", "effective-date"),
    mistake("wuchang", "campaigns.yaml", "to: 2026-09-15", "to: 20260915", "campaign-period"),
    mistake("heping", "evaluation.yaml", "solved: false", "solved: no", "flag-form"),
    mistake("heping", "evaluation.yaml", "solved: false", "solved: False", "flag-form"),
    mistake("jiangan", "grading.yaml", "{ never-street: true }", "{ never-street: on }", "flag-form"),
    mistake("heping", "calendar.yaml", "01-01", "13-01", "calendar-sane"),
    mistake("heping", "calendar.yaml", "02-02, ", "02-02T00:00, ", "calendar-sane"),
    mistake("heping", "calendar.yaml", "02-02, ", "02-01, ", "calendar-sane"),
    mistake("heping", "calendar.yaml", "13:30-17:30", "11:30-17:30", "calendar-sane"),
    mistake("heping", "calendar.yaml", "  2021:\n", "  2031:\n", "calendar-sane"),
    mistake("heping", "powers.yaml", "name: { zh: 吹哨调度权", "name: { zh: ''", "empty-text"),
    mistake("heping", "powers.yaml", "name: { zh: 吹哨调度权", "name: { zh: '\u{200b}'", "empty-text"),
];

/// The charter with these mistakes, and for each the line it was made in.
fn with(charter: &str, mistakes: &[&Mistake]) -> (Vec<SourceFile>, Vec<u32>) {
    let mut files = shipped_sources(charter).unwrap();
    let mut lines = Vec::new();
    for mistake in mistakes {
        let file = files.iter_mut().find(|file| file.path == mistake.file).unwrap();
        let place = file.text.find(mistake.right).unwrap_or_else(|| panic!("{}: {:?}", mistake.file, mistake.right));
        lines.push(u32::try_from(file.text[..place].matches('\n').count() + 1).unwrap());
        file.text.replace_range(place..place + mistake.right.len(), mistake.wrong);
    }
    (files, lines)
}

fn problems(files: &[SourceFile]) -> Vec<Problem> {
    Charter::parse(files).err().unwrap_or_default()
}

#[test]
fn every_mistake_is_named_by_its_rule_and_file() {
    for mistake in MISTAKES {
        let (files, _) = with(mistake.charter, &[mistake]);
        let found = problems(&files);
        assert!(
            found.iter().any(|problem| problem.rule == mistake.rule && problem.file == mistake.file),
            "{} as {:?} should be {}, found {found:#?}",
            mistake.file,
            mistake.wrong,
            mistake.rule
        );
    }
}

#[test]
fn all_mistakes_are_reported_at_once_each_with_its_line() {
    let rules =
        ["effective-date", "code-prefix", "limit-grammar", "way", "situation-has-lead", "level-handler", "share-range"];
    let made: Vec<_> =
        rules.map(|rule| MISTAKES.iter().find(|mistake| mistake.rule == rule).unwrap()).into_iter().collect();
    let (files, lines) = with("heping", &made);
    let found = problems(&files);
    for (mistake, line) in made.iter().zip(lines) {
        let problem = found.iter().find(|problem| problem.rule == mistake.rule).unwrap();
        assert_eq!(problem.file, mistake.file, "{problem}");
        // A rule about a whole entry points at the entry's first line, at most a few lines above.
        assert!(
            problem.line <= line && line - problem.line <= 4 && problem.column > 0,
            "{problem}, made in line {line}"
        );
    }
    assert!(found.is_sorted(), "{found:#?}");
}

#[test]
fn a_problem_reads_as_file_line_column_rule_and_words() {
    let (files, _) = with("heping", &[&mistake("heping", "evaluation.yaml", "weight: 50", "weight: 40", "")]);
    let found = problems(&files);
    assert_eq!(
        found.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["evaluation.yaml:4:3: weights-sum-100: these sum to 90, not to 100"]
    );
}

#[test]
fn what_is_wrong_with_a_code_is_said_of_no_other_key() {
    for (file, right, wrong) in [
        ("limits.yaml", "code: seat, limit: 10min", "code: city-answer, limit: 10min, provenance: ours"),
        ("organisation.yaml", "code: command-centre,", "code: Command, "),
    ] {
        let found = problems(&with("heping", &[&mistake("heping", file, right, wrong, "")]).0);
        assert!(found.iter().all(|problem| problem.rule != "unknown-key"), "{found:#?}");
    }
}

/// Reported where the category stands, because there it is said to go to the community.
#[test]
fn a_community_is_sent_nothing_that_its_list_does_not_have() {
    let gap = mistake("wuchang", "duties.yaml", "[governance, neighbours,", "[governance,", "community-item-lists");
    let found = problems(&with("wuchang", &[&gap]).0);
    let [problem] = &found[..] else { panic!("{found:#?}") };
    assert_eq!((problem.file.as_str(), problem.rule), ("categories.yaml", gap.rule));
    assert!(problem.message.starts_with("neighbours "), "{problem}");
}

#[test]
fn a_file_too_few_or_too_many_is_a_problem() {
    let mut files = shipped_sources("heping").unwrap();
    files.retain(|file| file.path != "limits.yaml");
    files.push(SourceFile { path: "secrets.yaml".to_owned(), text: String::new() });
    let rules: Vec<_> = problems(&files).into_iter().map(|problem| (problem.file, problem.rule)).collect();
    assert_eq!(rules, [("limits.yaml".to_owned(), "missing-file"), ("secrets.yaml".to_owned(), "unknown-file")]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is lost on the way, the answer is a charter or a list of problems.
    #[test]
    fn a_charter_that_lost_some_of_its_text_is_answered(
        file in any::<prop::sample::Index>(),
        from in any::<prop::sample::Index>(),
        length in 1usize..80,
    ) {
        let mut files = shipped_sources("jiangan").unwrap();
        let file = file.index(files.len());
        let text: Vec<char> = files[file].text.chars().collect();
        let from = from.index(text.len());
        files[file].text = text.iter().take(from).chain(text.iter().skip(from + length)).collect();
        if let Err(problems) = Charter::parse(&files) {
            prop_assert!(!problems.is_empty());
        }
    }
}
