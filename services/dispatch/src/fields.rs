//! What a request must look like before any rule sees it, at either door: each check names its field and its rule.

use charter::Charter;
use ids::Code;
use jiff::Timestamp;
use pbjson_types::Timestamp as WireTime;
use proto::FromWireTime;
use proto::common::v1::Place as WirePlace;
use proto::dispatch::v1::{CallRequest, PlannedTask};
use station::{PLACE, Violation, bad_field, line, optional_prose, wire as shared};
use tonic::Status;

use crate::domain::{Plan, Related, Special};

/// Characters of a note or a reason.
pub const NOTE_LENGTH_MAX: usize = 2000;
/// Exceptions of a measure, tasks of a plan, parties of a call in one request.
const LIST_LENGTH_MAX: usize = 100;
/// Characters of a title, as intake takes them.
const TITLE_LENGTH_MAX: usize = 200;
/// An officer at a meeting, and one in the chair of a group.
pub const PRESENT: [&str; 3] = ["present.officer", "present.officer.staff_ref", "present.officer.post"];
const CHAIR: [&str; 3] = ["chair", "chair.staff_ref", "chair.post"];

/// At most as many as one request may name.
pub fn bounded<T>(field: &'static str, list: &[T]) -> Result<(), Status> {
    if list.len() <= LIST_LENGTH_MAX {
        return Ok(());
    }
    Err(Violation::new(field, "list-length", format!("at most {LIST_LENGTH_MAX} fit")).into())
}

/// At least one.
pub fn named_some<T>(field: &'static str, list: &[T]) -> Result<(), Status> {
    if list.is_empty() { Err(Violation::new(field, "required", "name at least one").into()) } else { Ok(()) }
}

/// A unit that the charter knows.
pub fn unit(charter: &Charter, field: &'static str, code: &str) -> Result<Code, Status> {
    let known = charter.party(code).map(|party| party.code.clone());
    known.ok_or_else(|| Violation::new(field, "known-party", format!("{code:?} is not a unit of this charter")).into())
}

/// A task somebody plans.
pub fn plan(charter: &Charter, task: &PlannedTask) -> Result<Plan, Status> {
    let due = task.due.as_ref().map(|due| instant("tasks.due", Some(due))).transpose()?;
    Ok(Plan {
        party: unit(charter, "tasks.party", &task.party)?,
        title: line("tasks.title", &task.title, NOTE_LENGTH_MAX)?,
        due,
        after: task.after.clone(),
        root_cause: task.root_cause,
    })
}

pub fn instant(field: &'static str, time: Option<&WireTime>) -> Result<Timestamp, Status> {
    let time = time.copied().time();
    time.map_err(|error| Violation::new(field, "instant", error.to_string()).into())
}

/// Another matter: a title is enough.
///
/// # Errors
/// A field has not the form, or names what the charter does not know.
pub fn related(
    charter: &Charter,
    (title, text, category): (&str, &str, &str),
    place: Option<&WirePlace>,
) -> Result<Related, Status> {
    if !category.is_empty() && charter.category(category).is_none() {
        let description = format!("{category:?} is not a category of this charter");
        return Err(Violation::new("category", "known-category", description).into());
    }
    Ok(Related {
        title: line("title", title, TITLE_LENGTH_MAX)?,
        text: optional_prose("text", text, NOTE_LENGTH_MAX)?,
        place: station::place(PLACE, charter, place)?,
        category: shared::optional_code("category", category).map_err(bad_field)?,
    })
}

/// A special group of the charter.
pub fn group(charter: &Charter, field: &'static str, code: &str) -> Result<Code, Status> {
    let known = charter.group(code).map(|group| group.code.clone());
    let unknown = || Violation::new(field, "special-group", format!("{code:?} is no special group of this charter"));
    known.ok_or_else(|| unknown().into())
}

/// The group for which the district calls, and who is in the chair: an officer who holds the post that the charter has for
/// it, said by the post's code or its name.
pub fn special(charter: &Charter, request: &CallRequest) -> Result<Option<Special>, Status> {
    if request.group.is_empty() {
        return Ok(None);
    }
    let group = group(charter, "group", &request.group)?;
    let chair = request.chair.as_ref().map(|chair| station::officer(CHAIR, Some(chair))).transpose()?;
    if let Some(chair) = &chair {
        chairs(charter, &group, &chair.post)?;
    }
    Ok(Some(Special { group, chair }))
}

/// # Errors
/// The charter has another post for the chair of this group.
fn chairs(charter: &Charter, group: &Code, post: &str) -> Result<(), Status> {
    let Some(group) = charter.group(group.as_str()) else { return Ok(()) };
    let role = charter.roles().iter().find(|role| role.code == group.chair);
    let name = role.map_or("", |role| role.name.zh.as_str());
    if post == group.chair.as_str() || !name.is_empty() && post.trim() == name {
        return Ok(());
    }
    let description = format!("{} is chaired by {} ({name}), and {post:?} is another post", group.code, group.chair);
    Err(Violation::new("chair.post", "chair-post", description).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_chaired_by_whoever_holds_the_post_the_charter_has_for_it() {
        let charter = Charter::shipped("jiangan").unwrap();
        let group: Code = "jiangan-group-livelihood-01".parse().unwrap();
        for post in ["district-leader", "分管区领导", " 分管区领导 "] {
            assert!(chairs(&charter, &group, post).is_ok(), "{post}");
        }
        for post in ["", "科长", "dispatcher", "调度员"] {
            assert!(chairs(&charter, &group, post).unwrap_err().message().contains("chair-post"), "{post}");
        }
    }
}
