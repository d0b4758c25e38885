//! Special response groups: the `groups` of `organisation.yaml`.

use ids::Code;

use crate::list::{Entry, listed};
use crate::organisation::Organisation;
use crate::reader::{Fields, Kind, Report};
use crate::{Name, Party, PartyKind, Provenance};

/// With fewer departments there is nothing to schedule between.
const DEPARTMENTS_MIN: usize = 2;

/// A district group for hard cases: under a district leader it schedules departments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Also the code of the party.
    pub code: Code,
    pub name: Name,
    pub class: Code,
    /// 分管区领导: the role that chairs it.
    pub chair: Code,
    members: Vec<Code>,
    pub provenance: Provenance,
}

impl Group {
    /// Whom it schedules: at least two departments, each of which can be called.
    #[must_use]
    pub fn departments(&self) -> &[Code] {
        &self.members
    }
}

pub(crate) fn read(district: &Code, fields: &Fields<'_, '_>) -> Vec<Group> {
    let groups = listed(fields, "groups", Kind::Party, |fields| {
        for key in ["code", "prefix"] {
            fields.get(key).inspect(|cursor| cursor.prefixed_by(district));
        }
        let class = fields.need("class").and_then(|_| fields.reference("class", Kind::GroupClass));
        let chair = fields.reference("chair", Kind::Role);
        if chair.is_none() {
            fields.cursor.problem("group-has-chair", "a group is chaired by a role, such as a district leader's");
        }
        let members = fields.get("members").map(|cursor| cursor.codes(Kind::Party)).unwrap_or_default();
        Some((class?, chair?, members))
    });
    let group = |(Entry { code, name, provenance }, (class, chair, members))| Group {
        code,
        name,
        class,
        chair,
        members,
        provenance,
    };
    groups.into_iter().map(group).collect()
}

/// A group schedules departments, so it has some, and each can be called.
pub(crate) fn check(organisation: &Organisation, report: &Report<'_>) {
    for group in &organisation.groups {
        let Some(at) = report.place_of(Kind::Party, &group.code) else { continue };
        let mut distinct: Vec<&Code> = group.members.iter().collect();
        distinct.sort_unstable();
        distinct.dedup();
        if distinct.len() < DEPARTMENTS_MIN {
            let message = format!("{} has {} members, and needs {DEPARTMENTS_MIN}", group.code, distinct.len());
            report.add(at, "group-has-two-departments", message);
        }
        let called = |party: &Party| party.kind == PartyKind::Department && party.responder;
        // An unknown member is reported as such, not here.
        for member in group.members.iter().filter_map(|code| organisation.party(code.as_str())) {
            if !called(member) {
                let message = format!("{} is no department that can be called", member.code);
                report.add(at, "group-has-two-departments", message);
            }
        }
    }
}
