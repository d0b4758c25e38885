//! The documents of an operation, ready to print: one HTML page each, which needs nothing from elsewhere.
//!
//! What people wrote is escaped by the template engine, because every template's name ends in `.html`. A document
//! bears a number in the form of the charter, from the register of its centre and year ([`crate::registers`]).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use charter::{Charter, DocumentKind};
use ids::Code;
use jiff::Timestamp;
use minijinja::{Environment, Error, UndefinedBehavior, Value, context};
use vocabulary::{Officer, Place};

use crate::domain::operation::{Document, Operation, Proof, Standing};

pub const CONTENT_TYPE: &str = "text/html; charset=utf-8";

const TEMPLATES: [(&str, &str); 7] = [
    ("page.html", include_str!("documents/page.html")),
    ("service.html", include_str!("documents/service.html")),
    ("assessment.html", include_str!("documents/assessment.html")),
    ("stop-order.html", include_str!("documents/stop-order.html")),
    ("notice.html", include_str!("documents/notice.html")),
    ("reinspection.html", include_str!("documents/reinspection.html")),
    ("conclusion.html", include_str!("documents/conclusion.html")),
];

/// A fault in a template shows in every test, so here it is kept until somebody asks for a document.
static ENVIRONMENT: LazyLock<Result<Environment<'static>, String>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    for (name, source) in TEMPLATES {
        environment.add_template(name, source).map_err(|error| error.to_string())?;
    }
    Ok(environment)
});

/// A document as it is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Printed {
    pub number: String,
    pub html: String,
}

/// What a document is asked for by, e.g. `notice-2`.
pub fn name(document: Document) -> String {
    let (kind, count) = parts(document);
    format!("{kind}-{count}")
}

/// Year and number of each document, by its name.
pub type Numbers = BTreeMap<String, (i16, u32)>;

/// The number printed on it; empty only where the record does not tell when it was made.
pub fn number(charter: &Charter, operation: &Operation, document: Document, numbers: &Numbers) -> String {
    let made = operation.documents.iter().find(|(known, _)| *known == document);
    let street = made.and_then(|(_, centre)| charter.street_of(centre));
    let entered = numbers.get(&name(document)).zip(street);
    entered.map_or_else(String::new, |((year, number), street)| {
        charter.document_number(&street.code, kind(document), *year, *number)
    })
}

/// None when the operation has no such document.
///
/// # Errors
/// In words: a template is at fault.
pub fn print(
    charter: &Charter,
    operation: &Operation,
    asked: &str,
    numbers: &Numbers,
) -> Result<Option<Printed>, String> {
    let Some((document, centre)) = operation.documents.iter().find(|(known, _)| name(*known) == asked) else {
        return Ok(None);
    };
    let document = *document;
    let number = number(charter, operation, document, numbers);
    let Some(content) = content(charter, operation, document) else { return Ok(None) };
    let (kind, _) = parts(document);
    let page = context! {
        heading => heading(document),
        number => &number,
        issuer => party_name(charter, issuer(operation, document, centre)),
        made_at => local(charter, made_at(operation, document)),
        ..content
    };
    let html = render(&format!("{kind}.html"), page).map_err(|error| format!("{error:#}"))?;
    Ok(Some(Printed { number, html }))
}

fn render(template: &str, page: Value) -> Result<String, Error> {
    let environment =
        ENVIRONMENT.as_ref().map_err(|fault| Error::new(minijinja::ErrorKind::InvalidOperation, fault.clone()))?;
    environment.get_template(template)?.render(page)
}

fn parts(document: Document) -> (&'static str, u32) {
    let count = match document {
        Document::Assessment(count)
        | Document::StopOrder(count)
        | Document::Notice(count)
        | Document::Reinspection(count)
        | Document::Conclusion(count) => count,
    };
    (kind(document).as_str(), count)
}

fn kind(document: Document) -> DocumentKind {
    match document {
        Document::Assessment(_) => DocumentKind::Assessment,
        Document::StopOrder(_) => DocumentKind::StopOrder,
        Document::Notice(_) => DocumentKind::Notice,
        Document::Reinspection(_) => DocumentKind::Reinspection,
        Document::Conclusion(_) => DocumentKind::Conclusion,
    }
}

fn heading(document: Document) -> &'static str {
    match document {
        Document::Assessment(_) => "联合研判记录",
        Document::StopOrder(_) => "责令停止通知书",
        Document::Notice(_) => "整改通知书",
        Document::Reinspection(_) => "复查记录",
        Document::Conclusion(_) => "联合执法办结报告",
    }
}

/// When it was made, where the record tells.
pub fn made_at(operation: &Operation, document: Document) -> Option<Timestamp> {
    match document {
        Document::Assessment(count) => nth(&operation.paths, count)?.at,
        Document::StopOrder(count) => nth(&operation.stop_orders, count)?.proof.at,
        Document::Notice(count) => nth(&operation.notices, count)?.order.proof.at,
        Document::Reinspection(count) => nth(&operation.inspections, count)?.at,
        Document::Conclusion(count) => nth(&operation.conclusions, count)?.at,
    }
}

/// The unit whose power it rests on signs an order; the centre signs what all of them did.
fn issuer<'o>(operation: &'o Operation, document: Document, centre: &'o Code) -> &'o Code {
    let signs = match document {
        Document::StopOrder(count) => nth(&operation.stop_orders, count).map(|order| &order.party),
        Document::Notice(count) => nth(&operation.notices, count).map(|notice| &notice.order.party),
        Document::Assessment(_) | Document::Reinspection(_) | Document::Conclusion(_) => None,
    };
    signs.unwrap_or(centre)
}

fn content(charter: &Charter, operation: &Operation, document: Document) -> Option<Value> {
    let opening = &operation.opening;
    Some(match document {
        Document::Assessment(count) => {
            let path = nth(&operation.paths, count)?;
            let participants = path.participants.iter().map(|participant| {
                context! {
                    party => party_name(charter, &participant.party),
                    officer => participant.officer.as_ref().map(officer_name).unwrap_or_default(),
                    power => power_name(charter, participant.power.as_ref()),
                }
            });
            let steps = path.steps.iter().map(|step| {
                context! { action => &step.action, power => power_name(charter, step.power.as_ref()), basis => &step.basis }
            });
            context! {
                title => &opening.title,
                place => place_name(charter, &opening.place),
                assessment => &path.assessment,
                participants => participants.collect::<Vec<_>>(),
                steps => steps.collect::<Vec<_>>(),
            }
        }
        Document::StopOrder(count) => {
            let order = nth(&operation.stop_orders, count)?;
            context! {
                subject => &order.subject,
                address => &order.address,
                proof => service(&order.proof),
                follows => order.follows,
            }
        }
        Document::Notice(count) => {
            let order = &nth(&operation.notices, count)?.order;
            context! {
                subject => &order.subject,
                address => &order.address,
                proof => service(&order.proof),
                follows => order.follows,
                due => local(charter, Some(order.due)),
            }
        }
        Document::Reinspection(count) => {
            let inspection = nth(&operation.inspections, count)?;
            let order = &operation.notice(inspection.notice)?.order;
            context! {
                notice => inspection.notice,
                subject => &order.subject,
                address => &order.address,
                passed => inspection.passed,
                finding => &inspection.finding,
            }
        }
        Document::Conclusion(count) => {
            let standing = |asked| operation.notices.iter().filter(|notice| notice.standing == asked).count();
            let parties: Vec<String> = operation.parties().map(|party| party_name(charter, party)).collect();
            context! {
                title => &opening.title,
                place => place_name(charter, &opening.place),
                parties => parties.join("、"),
                stop_orders => operation.stop_orders.len(),
                notices => operation.notices.len(),
                complied => standing(Standing::Complied),
                settled => standing(Standing::Settled),
                hazards => operation.hazards.len(),
                summary => &nth(&operation.conclusions, count)?.summary,
            }
        }
    })
}

/// Documents of a kind count from 1.
fn nth<T>(of_kind: &[T], count: u32) -> Option<&T> {
    of_kind.get(usize::try_from(count.checked_sub(1)?).ok()?)
}

fn service(proof: &Proof) -> Value {
    context! { how => &proof.how, by => &proof.by }
}

fn party_name(charter: &Charter, party: &Code) -> String {
    charter.party(party.as_str()).map_or_else(|| party.to_string(), |known| known.name.zh.clone())
}

fn power_name(charter: &Charter, power: Option<&Code>) -> String {
    let named = |power: &Code| {
        let known = charter.legal_powers().iter().find(|known| known.code == *power);
        known.map_or_else(|| power.to_string(), |known| known.name.zh.clone())
    };
    power.map(named).unwrap_or_default()
}

fn officer_name(officer: &Officer) -> String {
    format!("{} {}", officer.post, officer.staff_ref).trim().to_owned()
}

fn place_name(charter: &Charter, place: &Place) -> String {
    let party = place.party.as_ref().map(|party| party_name(charter, party)).unwrap_or_default();
    format!("{party} {}", place.address).trim().to_owned()
}

/// A line to fill in by hand where the record does not tell.
fn local(charter: &Charter, at: Option<Timestamp>) -> String {
    at.map_or_else(
        || "　　年　月　日　时　分".to_owned(),
        |at| charter.time_zone.to_datetime(at).strftime("%Y年%m月%d日%H时%M分").to_string(),
    )
}

#[cfg(test)]
mod tests;
