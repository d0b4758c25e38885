//! Counts that must hold, from the charter's own `expects:` block.

use crate::duty::{CommunityItemKind, DutyKind};
use crate::party::UnitClass;
use crate::reader::Cursor;
use crate::{Charter, PartyKind};

/// Reports every expected count the charter does not reach.
pub(crate) fn check(charter: &Charter, expects: Cursor<'_, '_>) {
    let kind = |kind| charter.find_parties(kind).count();
    let units = |class| charter.street_units().iter().filter(|unit| unit.class == class).count();
    let community = |kind| charter.community_items().iter().filter(|item| item.kind == kind).count();
    let counts = [
        ("streets", "expects-streets", kind(PartyKind::Street)),
        ("communities", "expects-communities", kind(PartyKind::Community)),
        ("offices", "expects-offices", units(UnitClass::Office)),
        ("centres", "expects-centres", units(UnitClass::Centre)),
        ("platforms", "expects-platforms", units(UnitClass::Platform)),
        ("aspects", "expects-aspects", charter.aspects().len()),
        ("situations", "expects-situations", charter.situations().len()),
        ("duties", "expects-duties", charter.duties().len()),
        (
            "duties-lead",
            "expects-duties-lead",
            charter.duties().iter().filter(|duty| duty.kind == DutyKind::Lead).count(),
        ),
        ("community-autonomy", "expects-community-autonomy", community(CommunityItemKind::Autonomy)),
        ("community-assist", "expects-community-assist", community(CommunityItemKind::Assist)),
        ("powers", "expects-powers", charter.powers().len()),
        ("decision-classes", "expects-decision-classes", charter.decision_classes().len()),
        ("decision-items", "expects-decision-items", charter.decision_items().len()),
        ("group-classes", "expects-group-classes", charter.group_classes().len()),
        ("groups", "expects-groups", charter.groups().len()),
    ];
    expects.map(|fields| {
        for (key, rule, found) in counts {
            let Some(cursor) = fields.get(key) else { continue };
            if let Some(expected) = cursor.count().filter(|expected| usize::try_from(*expected) != Ok(found)) {
                cursor.problem(rule, format!("expected {expected} {key}, found {found}"));
            }
        }
    });
}
