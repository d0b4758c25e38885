//! What a category asks besides (`attributes` of the charter), held against what was answered.

use charter::{Attribute, AttributeKind, Charter};
use ids::Code;
use jiff::Timestamp;
use vocabulary::mask::mask;
use vocabulary::number::is_number;
use vocabulary::text::stray_control;

use super::submission::Problem;

/// An answer to something that a category asks besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeAnswer {
    pub code: String,
    pub values: Vec<String>,
}

/// Characters of an answer in words.
const WORDS_LENGTH_MAX: usize = 500;
const FIELD: &str = "attributes";

/// The answers as they are recorded: in the order in which they are asked, choices by their codes, words masked.
///
/// # Errors
/// Every rule that is broken.
pub fn answers(
    charter: &Charter,
    category: Option<&Code>,
    said: &[AttributeAnswer],
) -> Result<Vec<AttributeAnswer>, Vec<Problem>> {
    let asked = category.and_then(|code| charter.category(code.as_str())).map(|known| known.attributes.as_slice());
    let asked = asked.unwrap_or_default();
    let mut problems = Vec::new();
    let mut problem = |rule, description| problems.push(Problem { field: FIELD, rule, description });
    for answer in said {
        if !asked.iter().any(|attribute| attribute.code.as_str() == answer.code) {
            let known: Vec<&str> = asked.iter().map(|attribute| attribute.code.as_str()).collect();
            let of = category.map_or("a report that names no category", Code::as_str);
            problem("known-attribute", format!("{:?} is not asked of {of}; asked: {}", answer.code, known.join(", ")));
        }
        if said.iter().filter(|other| other.code == answer.code).count() > 1 {
            problem("said-once", format!("{} is answered twice", answer.code));
        }
    }
    let mut answers = Vec::new();
    for attribute in asked {
        let code = attribute.code.as_str();
        let values: Vec<&str> = said
            .iter()
            .filter(|answer| answer.code == code)
            .flat_map(|answer| &answer.values)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
            .collect();
        match values.as_slice() {
            [] if attribute.required => problem("required", format!("{code} ({}) is missing", attribute.name)),
            [] => {}
            [_, _, ..] if attribute.kind != AttributeKind::Choices => {
                problem("one-value", format!("{code} has one answer, not {}", values.len()));
            }
            values => {
                let read: Result<Vec<String>, String> = values.iter().map(|value| read(attribute, value)).collect();
                match read {
                    Ok(values) => answers.push(AttributeAnswer { code: code.to_owned(), values }),
                    Err(why) => problem("attribute-value", format!("{code}: {why}")),
                }
            }
        }
    }
    if problems.is_empty() { Ok(answers) } else { Err(problems) }
}

fn read(attribute: &Attribute, said: &str) -> Result<String, String> {
    match attribute.kind {
        AttributeKind::Text if said.chars().count() > WORDS_LENGTH_MAX => {
            Err(format!("at most {WORDS_LENGTH_MAX} characters fit"))
        }
        AttributeKind::Text => match stray_control(said, true) {
            Some(stray) => Err(stray.to_string()),
            None => Ok(mask(said).0),
        },
        AttributeKind::Number if is_number(said) => Ok(said.to_owned()),
        AttributeKind::Number => Err(format!("{said:?} is not a number like 114.3")),
        AttributeKind::Time => {
            let at: Result<Timestamp, _> = said.parse();
            at.map(|at| at.to_string()).map_err(|error| format!("{said:?} is no time with its offset: {error}"))
        }
        AttributeKind::Choice | AttributeKind::Choices => {
            let known = || attribute.values.iter().map(|value| value.code.as_str()).collect::<Vec<_>>().join(", ");
            let found = attribute.value(said).map(|value| value.code.to_string());
            found.ok_or_else(|| format!("{said:?} cannot be chosen; there are {}", known()))
        }
    }
}

#[cfg(test)]
mod tests {
    use charter::{SourceFile, shipped_sources};

    use super::*;

    /// Street lights of Jiang'an, of which five things are asked.
    const ASKED: &str = "    attributes:
      - { code: pole, name: 灯杆编号, kind: text, required: true }
      - { code: lamps, name: 几盏, kind: number }
      - { code: since, name: 何时起, kind: time }
      - { code: side, name: 哪一侧, kind: choice, values: [{ code: east, name: 东 }, { code: west, name: 西 }] }
      - { code: seen, name: 现象, kind: choices, values: [{ code: dark, name: 不亮 }, { code: flickers, name: 闪烁 }] }
";

    fn charter() -> Charter {
        let mut files: Vec<SourceFile> = shipped_sources("jiangan").unwrap();
        let file = files.iter_mut().find(|file| file.path == "categories.yaml").unwrap();
        let lights = "  - code: street-lights\n";
        assert!(file.text.contains(lights));
        file.text = file.text.replace(lights, &format!("{lights}{ASKED}"));
        Charter::parse(&files).unwrap()
    }

    fn checked(said: &[(&str, &[&str])]) -> Result<Vec<AttributeAnswer>, Vec<&'static str>> {
        let answer = |(code, values): &(&str, &[&str])| AttributeAnswer {
            code: (*code).to_owned(),
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        };
        let said: Vec<AttributeAnswer> = said.iter().map(answer).collect();
        let lights = "street-lights".parse().unwrap();
        answers(&charter(), Some(&lights), &said).map_err(|problems| problems.iter().map(|it| it.rule).collect())
    }

    #[test]
    fn what_is_asked_is_answered_once_and_in_its_form() {
        let said: [(&str, &[&str]); 4] =
            [("seen", &["闪烁", "dark"]), ("side", &["东"]), ("lamps", &["3"]), ("pole", &["电话 13812345678"])];
        let kept = checked(&said).unwrap();
        let codes: Vec<&str> = kept.iter().map(|answer| answer.code.as_str()).collect();
        assert_eq!(codes, ["pole", "lamps", "side", "seen"], "in the order of the charter");
        assert!(!kept[0].values[0].contains("13812345678"), "{kept:?}");
        assert_eq!(
            (kept[2].values[0].as_str(), kept[3].values.as_slice()),
            ("east", &["flickers".to_owned(), "dark".to_owned()][..])
        );

        let pole: (&str, &[&str]) = ("pole", &["7"]);
        for (wrong, rule) in [
            (("side", &["north"] as &[&str]), "attribute-value"),
            (("side", &["east", "west"]), "one-value"),
            (("lamps", &["three"]), "attribute-value"),
            (("since", &["gestern"]), "attribute-value"),
            (("colour", &["red"]), "known-attribute"),
        ] {
            assert_eq!(checked(&[pole, wrong]), Err(vec![rule]), "{wrong:?}");
        }
        assert_eq!(checked(&[]), Err(vec!["required"]));
        assert_eq!(checked(&[("pole", &[" "])]), Err(vec!["required"]));
        assert_eq!(checked(&[pole, pole]), Err(vec!["said-once", "said-once", "one-value"]));
        let said = [AttributeAnswer { code: "pole".to_owned(), values: vec!["7".to_owned()] }];
        assert_eq!(answers(&charter(), None, &said).unwrap_err()[0].rule, "known-attribute", "nobody asked");
    }
}
