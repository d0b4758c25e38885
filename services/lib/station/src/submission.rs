//! A submission as others write it in JSON, at whichever door: what of it does not fit is named by its field, in the same words.

use proto::intake::v1::SubmitRequest;
use proto::json::Fault;

use crate::{BadInput, Violation};

/// Fields of a submission, as a refusal names them.
const FIELDS: [&str; 25] = [
    "district",
    "external_ref",
    "channel",
    "kind",
    "caller_class",
    "caller_ref",
    "title",
    "text",
    "place",
    "place.party",
    "place.address",
    "place.longitude",
    "place.latitude",
    "occurred_at",
    "recorded_at",
    "category",
    "related_case",
    "campaign",
    "way",
    "contact",
    "contact.name",
    "contact.telephone",
    "contact.mail",
    "contact.address",
    "contact.other",
];
const TIMES: [&str; 2] = ["occurred_at", "recorded_at"];
/// Those that take a word, with the rule by which every other door refuses another one.
const WORDS: [(&str, &str); 3] = [("kind", "known-kind"), ("caller_class", "known-class"), ("way", "known-way")];

/// A submission.
///
/// # Errors
/// Everything that does not fit.
pub fn submission_in_json(payload: &[u8]) -> Result<SubmitRequest, BadInput> {
    let text = std::str::from_utf8(payload)
        .map_err(|error| BadInput(vec![Violation::new("payload", "utf-8", error.to_string())]))?;
    proto::json::read(text).map_err(|faults| BadInput(faults.iter().map(misfit).collect()))
}

/// What of a submission written as JSON does not fit.
fn misfit(fault: &Fault) -> Violation {
    let name = snake_case(&fault.field);
    let field = field_of(&name);
    // Of a part of a field, or of no field, it is said which.
    let what = if field == Some(name.as_str()) || name.is_empty() {
        fault.what.clone()
    } else {
        format!("{}: {}", fault.field, fault.what)
    };
    let Some(field) = field else { return Violation::new("payload", "json", what) };
    if TIMES.contains(&field) {
        let said = format!("{what}; write a time with its offset, as in 2026-11-29T08:00:00+08:00");
        return Violation::new(field, "instant", said);
    }
    let rule = WORDS.into_iter().find(|(word, _)| *word == field).map_or("json", |(_, rule)| rule);
    Violation::new(field, rule, what)
}

/// The field that a fault is in: where there is an object or a list instead of a text, the fault lies within it.
fn field_of(name: &str) -> Option<&'static str> {
    let holds =
        |field: &str| name.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
    FIELDS.into_iter().filter(|field| holds(field)).max_by_key(|field| field.len())
}

/// A field as the contracts name it. JSON may name a field either way: `occurredAt` is `occurred_at`.
pub fn snake_case(name: &str) -> String {
    name.chars().fold(String::new(), |mut name, letter| {
        if letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
        name
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_named_by_its_field_and_a_time_is_told_its_form() {
        let faults = proto::json::read::<SubmitRequest>(
            r#"{"occurredAt": "gestern", "place": {"latitude": "north"}, "titel": "a", "kind": "REPORT"}"#,
        );
        let misfits: Vec<_> = faults.unwrap_err().iter().map(misfit).collect();
        let named: Vec<_> = misfits.iter().map(|misfit| (misfit.field, misfit.rule)).collect();
        assert_eq!(
            named,
            [("kind", "known-kind"), ("occurred_at", "instant"), ("place.latitude", "json"), ("payload", "json")]
        );
        assert!(misfits[1].description.contains("2026-11-29T08:00:00+08:00"), "{misfits:?}");
        assert!(misfits[3].description.starts_with("titel: unknown field"), "{misfits:?}");
    }

    #[test]
    fn an_object_or_a_list_in_place_of_a_text_is_its_fields_fault() {
        for (text, field, rule) in [
            (r#"{"title": {"a": 1}}"#, "title", "json"),
            (r#"{"place": [1]}"#, "place", "json"),
            (r#"{"place": {"party": ["x"]}}"#, "place.party", "json"),
            (r#"{"place": {"lat": 30}}"#, "place", "json"),
            (r#"{"occurredAt": {"seconds": 1}}"#, "occurred_at", "instant"),
            (r#"{"callerClass": "VIP"}"#, "caller_class", "known-class"),
            (r#"{"way": "WAY_BY_FOOT"}"#, "way", "known-way"),
            (r#"{"titel": {"a": 1}}"#, "payload", "json"),
        ] {
            let faults = proto::json::read::<SubmitRequest>(text).unwrap_err();
            let misfits: Vec<_> = faults.iter().map(misfit).collect();
            assert_eq!([(misfits[0].field, misfits[0].rule)], [(field, rule)], "{text}: {misfits:?}");
        }
    }

    #[test]
    fn every_field_of_a_submission_is_known_by_its_name() {
        let error = proto::json::read::<SubmitRequest>(r#"{"?": 0}"#).unwrap_err().remove(0).what;
        let camel: Vec<String> = error.split('`').skip(3).step_by(2).map(snake_case).collect();
        for field in camel.iter().filter(|field| *field != "place") {
            assert!(FIELDS.contains(&field.as_str()), "{field}");
        }
    }
}
