//! What the chosen category asks besides. It is asked once a category is chosen: a page without a script learns that when the form
//! comes back.

use charter::{Attribute, AttributeKind};
use jiff::civil::DateTime;
use maud::{Markup, html};
use proto::intake::v1;

use crate::ask::Signed;
use crate::form::{Choice, Choices, Fields, Form};

fn of<'a>(signed: &'a Signed, form: &Form) -> &'a [Attribute] {
    signed.charter.category(form.get("category")).map(|known| known.attributes.as_slice()).unwrap_or_default()
}

fn field(attribute: &Attribute) -> String {
    format!("attribute.{}", attribute.code)
}

/// A field for each.
pub fn fields(signed: &Signed, form: &Form, fields: &Fields<'_>) -> Markup {
    let one = |attribute: &Attribute| {
        let (name, label) = (field(attribute), signed.name_of(&attribute.name));
        let hint = attribute.hint.as_ref().map(|hint| signed.name_of(hint)).unwrap_or_default();
        let values = attribute.values.iter().map(|value| Choice::new(value.code.as_str(), signed.name_of(&value.name)));
        match attribute.kind {
            AttributeKind::Text | AttributeKind::Number if attribute.required => fields.text(&name, &label, &hint),
            AttributeKind::Text | AttributeKind::Number => fields.optional(&name, &label, &hint),
            AttributeKind::Time => fields.moment(&name, &label, &hint),
            AttributeKind::Choice => {
                let choices: Vec<Choice> = std::iter::once(Choice::new("", "")).chain(values).collect();
                fields.choose(&name, &label, &hint, &[Choices::from(choices)])
            }
            AttributeKind::Choices => fields.several(&name, &label, &hint, &values.collect::<Vec<_>>()),
        }
    };
    html! { @for attribute in of(signed, form) { (one(attribute)) } }
}

/// What was answered, and a fault at each that has to be and was not.
pub fn answers(signed: &Signed, form: &mut Form) -> Vec<v1::Attribute> {
    let mut answers = Vec::new();
    for attribute in of(signed, form) {
        let name = field(attribute);
        let said = form.each(&name).into_iter().filter(|value| !value.is_empty());
        let values: Vec<String> = said
            .map(|value| match attribute.kind {
                AttributeKind::Time => moment(signed, &value).unwrap_or(value),
                AttributeKind::Text | AttributeKind::Number | AttributeKind::Choice | AttributeKind::Choices => value,
            })
            .collect();
        if !values.is_empty() {
            answers.push(v1::Attribute { code: attribute.code.to_string(), values });
        } else if attribute.required {
            form.need(signed.language, &name);
        }
    }
    answers
}

/// What was answered, by the names of the charter; by codes, what it does not know any more.
pub fn answered(signed: &Signed, answers: &[v1::Attribute]) -> Markup {
    let known = |code: &str| {
        let mut all = signed.charter.categories().iter().flat_map(|category| &category.attributes);
        all.find(|attribute| attribute.code.as_str() == code)
    };
    let name = |code: &str| known(code).map_or_else(|| code.to_owned(), |attribute| signed.name_of(&attribute.name));
    let value = |code: &str, said: &String| {
        let value = known(code).and_then(|attribute| attribute.value(said));
        value.map_or_else(|| said.clone(), |value| signed.name_of(&value.name))
    };
    html! {
        @for answer in answers {
            dt { (name(&answer.code)) }
            dd { (answer.values.iter().map(|said| value(&answer.code, said)).collect::<Vec<_>>().join("、")) }
        }
    }
}

/// By the clock of the district.
fn moment(signed: &Signed, typed: &str) -> Option<String> {
    let at: DateTime = typed.parse().ok()?;
    Some(at.to_zoned(signed.charter.time_zone.clone()).ok()?.timestamp().to_string())
}
