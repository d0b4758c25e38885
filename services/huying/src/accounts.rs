//! Who may do what at the broker: `accounts.conf` and a key for every user (D5).
//!
//! Permissions on subjects are no boundary between parties that share an account: the server never checks where an
//! answer is sent to. So the account HUB owns every stream and holds only our own users, and each bridge and each
//! department has an account of its own, joined to HUB by exactly the services it needs.

mod permissions;

use std::collections::HashSet;
use std::fmt::Write;
use std::path::Path;

use anyhow::ensure;
use ids::{Code, Owner};
use proto::streams::CALLS;
use proto::subjects::BridgeSubject;
use record::calls::HUB_API;

use crate::charters::Roster;
use crate::data::write_if_changed;
use crate::keys::public_key;
use permissions::{Permissions, of_archivist, of_auditor, of_casebook, of_owner, of_provision, of_story, of_system};

/// Reads the record and keeps snapshots of what it made of it.
pub const CASEBOOK_USER: &str = "casebook";
/// Sees the broker's own events and nothing of ours. Everyday work has no use for it.
pub const SYSTEM_USER: &str = "sys";
/// May do everything in HUB but take something off the record or the archive: the operator's tool.
pub const PROVISION_USER: &str = "provision";
/// Files closed cases: the only one who may purge and delete.
pub const ARCHIVIST_USER: &str = "archivist";
/// Reads the record and the archive, and alone writes anchors.
pub const AUDITOR_USER: &str = "auditor";
/// Moves the clock and reads the record: whoever plays stories.
pub const STORY_USER: &str = "story";

/// Writes `<folder>/accounts.conf`, and `<folder>/keys/<user>.nk` for every user that has none yet. Keys that are
/// there stay, and the same roster gives the same file. Says whether the file is another one than before.
///
/// # Errors
/// A file cannot be read or written, or a code would name two users.
pub fn write(folder: &Path, roster: &Roster) -> anyhow::Result<bool> {
    let mut users =
        HashSet::from([SYSTEM_USER, PROVISION_USER, ARCHIVIST_USER, AUDITOR_USER, STORY_USER, CASEBOOK_USER]);
    users.extend(Owner::ALL.iter().map(|owner| owner.as_str()));
    for code in roster.bridges.iter().chain(&roster.departments) {
        ensure!(
            users.insert(code.as_str()),
            "{code} would name two users of the broker; rename the bridge or the department in the charter"
        );
    }
    let keys = folder.join("keys");
    let mut public_keys = std::collections::HashMap::new();
    for user in users {
        public_keys.insert(user, public_key(&keys.join(format!("{user}.nk")))?);
    }
    let text = render(roster, |user| public_keys.get(user).map_or("", String::as_str));
    write_if_changed(&folder.join("accounts.conf"), text.as_bytes())
}

/// The file's text. `key_of` gives a user's public key.
fn render<'k>(roster: &Roster, key_of: impl Fn(&str) -> &'k str) -> String {
    let mut text = String::from(
        "# Made by `huying provision accounts`; changes are overwritten. Public keys only: the seeds lie in keys/.\n\
         system_account: SYS\n\
         accounts {\n",
    );
    let user = |name: &str, permissions: &Permissions| {
        format!("    # {name}\n    {{ nkey: {}{} }}\n", key_of(name), permissions.render())
    };
    text += "  SYS { users: [\n";
    text += &user(SYSTEM_USER, &of_system());
    text += "  ] }\n  HUB {\n    jetstream: enabled\n    users: [\n";
    text += &user(PROVISION_USER, &of_provision());
    text += &user(ARCHIVIST_USER, &of_archivist());
    text += &user(AUDITOR_USER, &of_auditor());
    text += &user(STORY_USER, &of_story());
    text += &user(CASEBOOK_USER, &of_casebook());
    for owner in Owner::ALL {
        text += &user(owner.as_str(), &of_owner(owner));
    }
    text += "    ]\n    exports: [\n";
    for bridge in &roster.bridges {
        export(&mut text, &BridgeSubject::all_from(bridge), &bridge_account(bridge), "");
    }
    for department in &roster.departments {
        for service in department_services(department) {
            export(&mut text, &service.subject, &department_account(department), service.answers);
        }
    }
    text += "    ]\n  }\n";
    for bridge in &roster.bridges {
        let subject = BridgeSubject::all_from(bridge);
        let permissions = Permissions::party(bridge, vec![subject.clone()]);
        account(&mut text, &bridge_account(bridge), &user(bridge.as_str(), &permissions), &[import(&subject, None)]);
    }
    for department in &roster.departments {
        let services = department_services(department);
        let permissions = Permissions::party(department, services.iter().map(DepartmentService::local).collect());
        let imports: Vec<String> =
            services.iter().map(|service| import(&service.subject, service.imported_as.as_deref())).collect();
        account(&mut text, &department_account(department), &user(department.as_str(), &permissions), &imports);
    }
    text += "}\n";
    text
}

/// The party that an account of the broker belongs to.
pub(crate) fn party_of(account: &str) -> Option<Code> {
    account.strip_prefix("B_").or_else(|| account.strip_prefix("D_"))?.parse().ok()
}

fn bridge_account(bridge: &Code) -> String {
    format!("B_{bridge}")
}

fn department_account(department: &Code) -> String {
    format!("D_{department}")
}

/// One thing the hub does for a department.
struct DepartmentService {
    /// As the hub knows it.
    subject: String,
    /// As the department knows it, where that differs.
    imported_as: Option<String>,
    /// How many answers one request gets; one, if nothing is said.
    answers: &'static str,
}

impl DepartmentService {
    fn local(&self) -> String {
        self.imported_as.clone().unwrap_or_else(|| self.subject.clone())
    }
}

/// Pulling its own orders, settling them, and answering. Nothing here creates or deletes.
fn department_services(department: &Code) -> Vec<DepartmentService> {
    let api = |call: &str, answers| DepartmentService {
        subject: format!("$JS.API.{call}.{CALLS}.{department}"),
        imported_as: Some(format!("{HUB_API}.{call}.{CALLS}.{department}")),
        answers,
    };
    let plain = |subject| DepartmentService { subject, imported_as: None, answers: "" };
    vec![
        api("CONSUMER.MSG.NEXT", ", response_type: stream"),
        api("CONSUMER.INFO", ""),
        // The server writes either form, with and without domain and account.
        plain(format!("$JS.ACK.{CALLS}.{department}.>")),
        plain(format!("$JS.ACK.*.*.{CALLS}.{department}.>")),
        plain(format!("ans.{department}.>")),
    ]
}

/// What a bridge and a department of this code may publish beside their own inbox.
#[cfg(test)]
pub(crate) fn granted(code: &Code) -> (Vec<String>, Vec<String>) {
    let department = department_services(code).iter().map(DepartmentService::local).collect();
    (vec![BridgeSubject::all_from(code)], department)
}

fn export(text: &mut String, subject: &str, account: &str, answers: &str) {
    let _ = writeln!(text, "      {{ service: \"{subject}\", accounts: [\"{account}\"]{answers} }}");
}

fn import(subject: &str, to: Option<&str>) -> String {
    let to = to.map(|to| format!(", to: \"{to}\"")).unwrap_or_default();
    format!("    {{ service: {{ account: HUB, subject: \"{subject}\" }}{to} }}\n")
}

fn account(text: &mut String, name: &str, user: &str, imports: &[String]) {
    let _ = writeln!(text, "  \"{name}\" {{ users: [\n{user}  ], imports: [\n{}  ] }}", imports.concat());
}

#[cfg(test)]
mod tests {
    use super::*;
    use charter::Charter;

    fn roster() -> Roster {
        Roster { bridges: vec!["d1-board".parse().unwrap()], departments: vec!["d1-water".parse().unwrap()] }
    }

    #[test]
    fn a_roster_gives_the_same_file_and_the_same_keys_again() {
        let folder = tempfile::tempdir().unwrap();
        assert!(write(folder.path(), &roster()).unwrap());
        let key = folder.path().join("keys/d1-water.nk");
        let seed = std::fs::read_to_string(&key).unwrap();
        assert!(!write(folder.path(), &roster()).unwrap(), "nothing changed");

        let charter = Charter::shipped("heping").unwrap();
        let mut larger = Roster::of([&charter]);
        larger.departments.extend(roster().departments);
        assert!(write(folder.path(), &larger).unwrap());
        assert_eq!(std::fs::read_to_string(&key).unwrap(), seed, "keys are kept");

        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&key).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_code_that_names_two_users_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let both = Roster { bridges: vec!["d1-x".parse().unwrap()], departments: vec!["d1-x".parse().unwrap()] };
        assert!(write(folder.path(), &both).unwrap_err().to_string().contains("d1-x"));
    }

    #[test]
    fn a_department_imports_exactly_what_is_exported_to_it() {
        let text = render(&roster(), |_| "U");
        let exported = text.matches("accounts: [\"D_d1-water\"]").count();
        let (_, own) = text.split_once("\"D_d1-water\" {").unwrap();
        assert_eq!(own.matches("account: HUB").count(), exported);
        assert!(!own.contains("CONSUMER.CREATE"), "it must not create consumers");
    }
}
