//! What was valid when it was recorded is read by every later version, and what is recorded later is read as far as it
//! can be.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its own data has failed")]

use std::collections::BTreeMap;
use std::path::Path;

use charter::{Charter, Facts, Instrument, Level, Problem, Recorded, SourceFile, shipped_sources};

/// Every form there was, oldest first: its name, and the files of a charter of it.
fn forms() -> Vec<(String, Vec<SourceFile>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/forms");
    let mut names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.retain(|path| path.is_dir());
    names.sort();
    let mut files = BTreeMap::new();
    let form = |path: &std::path::PathBuf| {
        for entry in std::fs::read_dir(path).unwrap() {
            let file = entry.unwrap().path();
            let name = file.file_name().unwrap().to_str().unwrap().to_owned();
            files.insert(name, std::fs::read_to_string(&file).unwrap());
        }
        let sources = files.iter().map(|(path, text)| SourceFile { path: path.clone(), text: text.clone() }).collect();
        (path.file_name().unwrap().to_str().unwrap().to_owned(), sources)
    };
    names.iter().map(form).collect()
}

fn read(files: &[SourceFile]) -> Recorded {
    Charter::from_record(files).unwrap_or_else(|problems| panic!("it cannot be read: {problems:#?}"))
}

fn edited(file: &str, edit: impl Fn(&str) -> String) -> Vec<SourceFile> {
    let mut files = shipped_sources("jiangan").unwrap();
    let file = files.iter_mut().find(|known| known.path == file).unwrap();
    let text = edit(&file.text);
    assert_ne!(text, file.text, "nothing was changed");
    file.text = text;
    files
}

fn rules(remarks: &[Problem]) -> Vec<&'static str> {
    let mut rules: Vec<_> = remarks.iter().map(|remark| remark.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

/// What services ask for by name. A name that is asked for in code and not written here is asked for as an `Option`.
const LIMITS: [&str; 6] = ["judgement", "rating", "notice", "seat", "adjudication", "city-answer"];
const TEXTS: [&str; 8] =
    ["received", "joined", "overdue", "paged", "city-overdue", "task-decided", "said-again", "assigned"];
const CHANNELS: [&str; 2] = ["enforcement-site", "work-site"];

#[test]
fn a_charter_of_every_form_has_what_services_ask_for() {
    let forms = forms();
    assert_eq!(forms.len(), 10, "a form that is gone from here is on somebody's record still");
    for (form, files) in forms {
        let Recorded { charter, remarks } = read(&files);
        assert_eq!((charter.district.as_str(), charter.sources()), ("jiangan", &files[..]), "{form}");
        assert!(LIMITS.iter().all(|limit| charter.limit(limit).is_some()), "{form}");
        assert!(TEXTS.iter().all(|text| charter.text(text).is_some()), "{form}");
        assert!(CHANNELS.iter().all(|channel| charter.channel(channel).is_some()), "{form}");
        assert!(!charter.grading().is_empty(), "{form}");
        // What streets could do before there was a word for it they can do under it still.
        assert!(Instrument::FROM_THE_FIRST.into_iter().all(|it| charter.is_given(it)), "{form}");
        // Whatever a check of today asks for beyond, it is said, and nothing that the district wrote is lost for it.
        for problem in remarks.iter().filter(|remark| remark.rule != "supplied") {
            let only_judged =
                ["page-has-post", "group-has-two-departments", "limit-runs", "resident-has-power", "given-or-not"]
                    .contains(&problem.rule);
            assert!(only_judged, "{form}: {problem}");
        }
    }
}

#[test]
fn every_district_that_ships_today_can_be_read_in_the_first_form() {
    // What the first form had is in every later one, so the newest without all that came later is as good a witness.
    for name in Charter::shipped_names() {
        let mut files = shipped_sources(name).unwrap();
        files
            .retain(|file| !["grading.yaml", "recurrence.yaml", "areas.yaml", "campaigns.yaml"].contains(&&*file.path));
        for (file, from) in [("evaluation.yaml", "\ncontainment:"), ("centre.yaml", "\ndocuments:")] {
            let file = files.iter_mut().find(|known| known.path == file).unwrap();
            file.text.truncate(file.text.find(from).unwrap());
        }
        let rules = rules(&read(&files).remarks);
        assert_eq!(rules, ["supplied"], "{name}");
    }
}

#[test]
fn a_charter_of_this_very_form_is_read_as_it_is_checked() {
    for name in Charter::shipped_names() {
        let recorded = read(&shipped_sources(name).unwrap());
        assert!(recorded.remarks.is_empty(), "{name}: {:#?}", recorded.remarks);
        assert_eq!(format!("{:?}", recorded.charter.limits()), {
            let checked = Charter::parse(recorded.charter.sources()).unwrap();
            format!("{:?}", checked.limits())
        });
    }
}

#[test]
fn a_case_goes_as_before_where_a_charter_has_no_table() {
    let (_, first) = forms().remove(0);
    let charter = read(&first).charter;
    let street = charter.find_parties(charter::PartyKind::Street).next().unwrap().code.clone();
    for category in charter.categories() {
        let facts =
            Facts { categories: &[category], place: Some(&street), channel: None, way: None, class: None, kind: None };
        let route = charter.route(&facts).unwrap();
        let before = charter.holder_for(category, Some(&street));
        let several_powers = category.powers.len() > 1;
        assert!(several_powers || route.party.code == before.code, "{}: {}", category.code, route.row.code);
        assert!(!several_powers || route.comprehensive, "{}: {}", category.code, route.row.code);
    }
}

#[test]
fn what_a_later_form_says_beyond_ours_is_left_out_and_said() {
    let mut files = edited("limits.yaml", |text| format!("{text}\nweather: {{ storm: 2h }}\n"));
    files.push(SourceFile { path: "robots.yaml".to_owned(), text: "robots: []\n".to_owned() });
    assert!(Charter::parse(&files).is_err(), "whoever writes a charter hears of a word that is misspelt");
    let Recorded { charter, remarks } = read(&files);
    assert_eq!(rules(&remarks), ["unknown-file", "unknown-key"]);
    assert_eq!(charter.sources(), files, "what is kept is what was recorded");
}

#[test]
fn a_category_of_a_later_form_goes_to_a_person_and_the_others_as_ever() {
    let files = edited("categories.yaml", |text| text.replacen("level: A\n", "level: A0\n", 1));
    let Recorded { charter, remarks } = read(&files);
    let whole = Charter::shipped("jiangan").unwrap();
    assert_eq!(charter.categories().len(), whole.categories().len() - 1);
    assert!(rules(&remarks).contains(&"level"), "{remarks:#?}");
}

/// A row that asks for the weather as well must not decide whatever the weather.
#[test]
fn a_row_whose_condition_is_not_understood_never_decides() {
    let row = |when: &str| {
        format!(
            "rows:\n  - code: in-a-storm\n    when: {{ {when} }}\n    level: C\n    to: district\n    reason: 暴雨\n"
        )
    };
    for when in ["weather: storm", "ways: [telepathy]", "channels: []"] {
        let files = edited("grading.yaml", |text| text.replacen("rows:\n", &row(when), 1));
        let charter = read(&files).charter;
        assert!(charter.grading().iter().all(|row| row.code.as_str() != "in-a-storm"), "{when}");
        assert!(charter.grading().len() > 1, "the rows behind it decide");
    }
}

#[test]
fn another_word_for_evidence_asks_for_no_less() {
    let files = edited("categories.yaml", |text| text.replacen("evidence: required", "evidence: two-photographs", 1));
    let needing = |charter: &Charter| {
        let needing = charter.categories().iter().filter(|known| charter.needs_evidence(Level::A, known.code.as_str()));
        needing.map(|known| known.code.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(needing(&read(&files).charter), needing(&Charter::shipped("jiangan").unwrap()));
}

#[test]
fn what_no_form_ever_was_is_not_read() {
    let no_yaml = edited("limits.yaml", |text| format!("{text}\n{{"));
    let no_centre = edited("organisation.yaml", |text| text.replacen("\ncentre:", "\nmiddle:", 1));
    let mut no_streets = shipped_sources("jiangan").unwrap();
    no_streets.retain(|file| file.path != "streets.yaml");
    let endless = edited("organisation.yaml", |text| {
        text.replacen("code: jiangan-fire,", "code: jiangan-fire, parent: jiangan-fire,", 1)
    });
    for (what, files) in
        [("no YAML", no_yaml), ("no centre", no_centre), ("no streets", no_streets), ("endless", endless)]
    {
        let problems = Charter::from_record(&files).expect_err(what);
        assert!(!problems.is_empty(), "{what}");
    }
}

#[test]
fn a_form_that_is_refused_today_keeps_its_meaning_on_the_record() {
    let files = edited("grading.yaml", |text| text.replace("{ never-street: true }", "{ never-street: yes }"));
    let Recorded { charter, remarks } = read(&files);
    assert_eq!(rules(&remarks), ["flag-form"]);
    let today = Charter::shipped("jiangan").unwrap();
    assert_eq!(charter.grading(), today.grading());
}

#[test]
fn what_a_district_has_decided_not_to_give_is_not_given_on_the_record_either() {
    let withheld =
        edited("powers.yaml", |text| text.replace("[calling, assessing] }", "[calling] }\nnot-given: [assessing]"));
    let charter = read(&withheld).charter;
    assert!(Charter::parse(&withheld).is_ok() && charter.is_given(Instrument::Calling));
    assert!(!charter.is_given(Instrument::Assessing));
    let (street, group) =
        ("jiangan-erqi-command-centre".parse().unwrap(), "jiangan-group-livelihood-01".parse().unwrap());
    assert!(!charter.may_use(Instrument::Assessing, &street) && charter.may_use(Instrument::Assessing, &group));
}
