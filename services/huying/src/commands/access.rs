//! `huying access`: who may see what and do what.

use serde_json::json;
use station::access::table::{self, Does, ROLES};
use station::role_name;

use crate::out;

/// Who may see what and do what.
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Command {
    Table(TableArgs),
}

/// Print one line for each method and request, with what each role may do it to.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct TableArgs {
    /// For programs
    #[arg(long)]
    json: bool,
    /// As docs/access.md has it
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
}

pub(crate) fn run(Command::Table(args): Command) -> anyhow::Result<()> {
    if args.json {
        let lines: Vec<_> = table::TABLE.iter().map(line).collect();
        return out::json(&lines);
    }
    if args.markdown {
        return out::text(page());
    }
    let mut shown = out::table(["ACTION", "WHO, AND ON WHAT"]);
    for row in table::TABLE {
        let grants: Vec<String> =
            row.grants.iter().map(|(role, relation)| format!("{}: {}", role_name(*role), relation.as_str())).collect();
        shown.add_row([row.action.to_owned(), grants.join("; ")]);
    }
    out::lines_of(shown).into_iter().try_for_each(out::line)
}

fn line(row: &table::Row) -> serde_json::Value {
    let grants: serde_json::Map<String, serde_json::Value> = ROLES
        .iter()
        .filter_map(|role| Some((role_name(*role).to_owned(), json!(row.relation(*role)?.as_str()))))
        .collect();
    json!({ "action": row.action, "looks": row.does == Does::Look, "grants": grants, "besides": row.besides })
}

/// The page that the documentation has.
fn page() -> String {
    format!("{HEAD}{}", table::markdown())
}

const HEAD: &str = "\
# Who may see what and do what

Made by `huying access table --markdown` from the table by which the services decide
(`services/lib/station/src/access/table.rs`); a test compares the two.

A cell says what the role may do the action to. A dash: it may not.

| cell | a case is it when |
|---|---|
| its own | the reference in the token raised the case or joined it |
| its bridge's | the bridge in the token carried it in |
| its unit's | the unit in the token, or one below it, has or had it, was called, called others, works on it, or has it in its place; or it was raised in the name of the unit or under the staff number |
| its street's | the same for any unit of the unit's street |
| its district's | it is of the district that knows the unit, or that the token names |
| anybody's | always; with a district in the token, when it is of that district |

*Besides* is what the rules of the service ask for on top. Looking at what one may not see is answered NOT_FOUND, as if it
were not there, and so is everything about another district's; acting on what is not one's own PERMISSION_DENIED, or in the
words of the rule that says whose it is. A special group's people have the role `district`, to call for their group, and
reach what is their unit's and not what is the district's; what only the role `district` may act on they may not. A token that names neither a known unit nor a district may nothing, an operator's
excepted.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_has_this_table() {
        let written = include_str!("../../../../docs/access.md");
        assert_eq!(written, page(), "huying access table --markdown > docs/access.md");
    }
}
