//! The hub of a trial: a whole installation of its own, in which everybody does what they should but the party that is tried.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use charter::{Charter, PartyKind};
use chassis::Identity;
use ids::{Code, Owner};
use proto::ToWireTime;
use proto::casebook::v1::casebook_service_client::CasebookServiceClient;
use proto::casebook::v1::{Case, GetRequest};
use proto::common::v1::{Duty, Outcome, Place};
use proto::dispatch::v1::dispatch_service_client::DispatchServiceClient;
use proto::dispatch::v1::{
    AssignRequest, CallRequest, CalledParty, PlanTasksRequest, PlannedTask, ProgressKind, RecordProgressRequest,
    ReleaseRequest, ResolveRequest, SuperviseRequest,
};
use proto::intake::v1::intake_service_client::IntakeServiceClient;
use proto::intake::v1::{FindRequest, SubmitRequest};
use record::{Broker, StoredCommit};
use rustix::process::{Pid, Signal, kill_process};
use station::desk::case_key;

use super::until;
use crate::accounts::PROVISION_USER;
use crate::charters::load_all;
use crate::client::{Authorised, CURRENT, authorised, casebook, explain, intake};
use crate::failure::BadUsage;
use crate::up::{Elsewhere, Ports, Running, UpConfig};

/// Marks a data folder as one of trials.
const MARK: &str = "conformance";
/// How long our own side may take for anything.
const OURS: Duration = Duration::from_secs(30);

/// Where the hub is and whom it tries.
#[derive(Clone, Debug)]
pub struct HubConfig {
    pub party: Code,
    /// Made if it is not there; one that holds anything else than earlier trials is refused.
    pub data: PathBuf,
    /// The charter that knows the party; the shipped ones, if none is named.
    pub charter: Option<String>,
    pub ports: Ports,
    /// How long the party may take for anything.
    pub wait: Duration,
}

pub struct Hub {
    running: Running,
    charter: Charter,
    pub broker: Broker,
    pub party: Code,
    pub wait: Duration,
    street: Code,
    centre: Code,
    category: Code,
    intake: IntakeServiceClient<Authorised>,
    /// For whoever is tried, if that is a bridge.
    as_party: IntakeServiceClient<Authorised>,
    casebook: CasebookServiceClient<Authorised>,
    desk: DispatchServiceClient<Authorised>,
    district_desk: DispatchServiceClient<Authorised>,
    run: String,
    matters: AtomicU32,
}

impl Hub {
    /// # Errors
    /// No charter knows the party, the folder is not for trials, or the installation does not start.
    pub async fn start(config: HubConfig) -> anyhow::Result<Self> {
        let (name, charter) = charter_of(&config.party, config.charter.as_deref())?;
        claim(&config.data)?;
        let running = Running::start(UpConfig {
            charters: vec![name],
            ports: config.ports,
            elsewhere: Elsewhere::Everybody,
            ..UpConfig::new(&config.data)
        })
        .await?;
        running.departments_open().await;
        let broker = running.connect(PROVISION_USER).await?;
        let street = charter.find_parties(PartyKind::Street).next().context("the charter has no street")?.code.clone();
        let centre = charter.unit_of(&street, "command-centre").context("the street has no command centre")?;
        let centre = centre.code.clone();
        let others = charter.bridges().iter().find(|bridge| bridge.code != config.party);
        let bridge = others.or(charter.bridges().first()).context("the charter has no bridge")?.code.clone();
        let goes_there = |category: &&charter::Category| charter.holder_for(category, Some(&street)).code == centre;
        let category = charter.categories().iter().find(goes_there).or(charter.categories().first());
        let category = category.context("the charter has no category")?.code.clone();
        let channel = async |role: &str, party: &str| {
            let identity = Identity {
                role: role.into(),
                party: party.into(),
                district: String::new(),
                staff_ref: "conformance".into(),
            };
            let token = running.token(&identity);
            anyhow::Ok(authorised(&running.endpoints.grpc, &token).await?)
        };
        Ok(Self {
            intake: intake(channel("bridge", bridge.as_str()).await?),
            as_party: intake(channel("bridge", config.party.as_str()).await?),
            casebook: casebook(channel("operator", "").await?),
            desk: DispatchServiceClient::new(channel("street", centre.as_str()).await?),
            district_desk: DispatchServiceClient::new(
                channel("district", charter.district_centre().code.as_str()).await?,
            ),
            running,
            charter,
            broker,
            party: config.party,
            wait: config.wait,
            street,
            centre,
            category,
            run: uuid::Uuid::new_v4().simple().to_string(),
            matters: AtomicU32::new(0),
        })
    }

    /// How the party gets in, as the flags of our own programs are called in the environment.
    #[must_use]
    pub fn environment(&self) -> Vec<(&'static str, OsString)> {
        let (party, folder) = (self.party.as_str(), self.running.folder());
        vec![
            ("HUYING_NATS_URL", self.running.endpoints.nats.clone().into()),
            ("HUYING_NATS_NKEY_FILE", folder.key_file(party).into()),
            ("HUYING_DEPARTMENT", party.into()),
            ("HUYING_PARTY", party.into()),
        ]
    }

    /// What a bridge may use besides: the doors by token.
    #[must_use]
    pub fn doors(&self) -> Vec<(&'static str, OsString)> {
        let identity = Identity {
            role: "bridge".into(),
            party: self.party.to_string(),
            district: String::new(),
            staff_ref: String::new(),
        };
        vec![
            ("HUYING_DOOR", self.running.endpoints.door.clone().into()),
            ("HUYING_GRPC", self.running.endpoints.grpc.clone().into()),
            ("HUYING_TOKEN", self.running.token(&identity).into()),
        ]
    }

    #[must_use]
    pub fn district(&self) -> &str {
        self.charter.district.as_str()
    }

    /// Where matters are: the street of the trials.
    #[must_use]
    pub fn street(&self) -> &Code {
        &self.street
    }

    /// What names of this run begin with.
    #[must_use]
    pub fn run(&self) -> &str {
        &self.run[..8]
    }

    #[must_use]
    pub fn category(&self) -> &Code {
        &self.category
    }

    /// Another unit than the party, to which something can be returned.
    ///
    /// # Errors
    /// The charter has no other.
    pub fn another_department(&self) -> anyhow::Result<&Code> {
        let mut others = self.charter.departments().map(|party| &party.code);
        others.find(|code| **code != self.party).context("the charter has only one department")
    }

    /// Somebody reports something, and the street's command centre has it.
    ///
    /// # Errors
    /// Our own side fails.
    pub async fn matter(&self, title: &str) -> anyhow::Result<String> {
        let number = self.matters.fetch_add(1, Ordering::Relaxed);
        let submission = SubmitRequest {
            external_ref: format!("{}-{number}", self.run),
            title: title.to_owned(),
            text: "合规测试，请勿处置".to_owned(),
            category: self.category.to_string(),
            place: Some(Place {
                party: self.street.to_string(),
                address: format!("测试路{number}号"),
                ..Place::default()
            }),
            ..SubmitRequest::default()
        };
        let submitted = self.intake.clone().submit(submission).await.map_err(|status| explain(&status))?;
        let case = submitted.into_inner().case_id;
        self.brought_to_the_street(&case).await?;
        Ok(case)
    }

    /// Waits until somebody has it, and gives it to the street's command centre if that is another.
    ///
    /// # Errors
    /// Our own side fails.
    pub async fn brought_to_the_street(&self, case: &str) -> anyhow::Result<()> {
        let owner = until(OURS, async || {
            let owner = self.case(case).await?.summary.unwrap_or_default().owner;
            Ok(Some(owner).filter(|owner| !owner.is_empty()))
        });
        let owner = owner.await?.with_context(|| format!("nobody got {case}"))?;
        if owner == self.centre.as_str() {
            return Ok(());
        }
        let assign = AssignRequest {
            district: self.district().to_owned(),
            case_id: case.to_owned(),
            party: self.centre.to_string(),
            ..AssignRequest::default()
        };
        self.district_desk.clone().assign(assign).await.map_err(|status| explain(&status))?;
        Ok(())
    }

    /// The street calls the party, and says something with it.
    ///
    /// # Errors
    /// Our own side fails.
    pub async fn call(&self, case: &str, note: &str) -> anyhow::Result<()> {
        let call = CallRequest {
            district: self.district().to_owned(),
            case_id: case.to_owned(),
            command_id: format!("call-{case}"),
            parties: vec![CalledParty { party: self.party.to_string(), duty: Duty::Lead.into() }],
            note: note.to_owned(),
            ..CallRequest::default()
        };
        // Also while the broker is away: the same again is the same call.
        let called = until(OURS, async || {
            self.desk.clone().call(call.clone()).await.map(|_| Some(())).map_err(|status| explain(&status))
        });
        called.await?.with_context(|| format!("{case} was not called"))
    }

    /// # Errors
    /// Our own side fails.
    pub async fn plan_task(&self, case: &str, title: &str) -> anyhow::Result<()> {
        let task = PlannedTask { party: self.party.to_string(), title: title.to_owned(), ..PlannedTask::default() };
        let plan = PlanTasksRequest {
            district: self.district().to_owned(),
            case_id: case.to_owned(),
            tasks: vec![task],
            ..PlanTasksRequest::default()
        };
        self.desk.clone().plan_tasks(plan).await.map_err(|status| explain(&status))?;
        Ok(())
    }

    /// The district has the party account for a matter.
    ///
    /// # Errors
    /// Our own side fails.
    pub async fn supervise(&self, case: &str, text: &str) -> anyhow::Result<()> {
        let due = self.running.clock().now() + jiff::SignedDuration::from_hours(24);
        let order = SuperviseRequest {
            district: self.district().to_owned(),
            case_id: case.to_owned(),
            party: self.party.to_string(),
            text: text.to_owned(),
            due: Some(due.to_wire()),
            ..SuperviseRequest::default()
        };
        self.district_desk.clone().supervise(order).await.map_err(|status| explain(&status))?;
        Ok(())
    }

    /// The street lets the party go.
    ///
    /// # Errors
    /// Our own side fails.
    pub async fn release(&self, case: &str) -> anyhow::Result<()> {
        let release = ReleaseRequest {
            district: self.district().to_owned(),
            case_id: case.to_owned(),
            party: self.party.to_string(),
            reason: "合规测试：不再需要".to_owned(),
            ..ReleaseRequest::default()
        };
        self.desk.clone().release(release).await.map_err(|status| explain(&status))?;
        Ok(())
    }

    /// The street answers whoever raised it, and resolves it.
    ///
    /// # Errors
    /// Our own side fails.
    pub async fn answer_and_resolve(&self, case: &str) -> anyhow::Result<()> {
        let (district, case_id) = (self.district().to_owned(), case.to_owned());
        let reply = RecordProgressRequest {
            district: district.clone(),
            case_id: case_id.clone(),
            kind: ProgressKind::Reply.into(),
            note: "合规测试：已安排".to_owned(),
            ..RecordProgressRequest::default()
        };
        let mut desk = self.desk.clone();
        desk.record_progress(reply).await.map_err(|status| explain(&status))?;
        let resolve = ResolveRequest {
            district,
            case_id,
            outcome: Outcome::Solved.into(),
            summary: "合规测试：已办结".to_owned(),
            evidence: vec!["conformance".to_owned()],
            ..ResolveRequest::default()
        };
        desk.resolve(resolve).await.map_err(|status| explain(&status))?;
        Ok(())
    }

    /// The case as everything recorded until now has made it.
    ///
    /// # Errors
    /// Our own side fails.
    pub async fn case(&self, case: &str) -> anyhow::Result<Case> {
        let request =
            GetRequest { district: self.district().to_owned(), case_id: case.to_owned(), freshness: Some(CURRENT) };
        let got = self.casebook.clone().get(request).await.map_err(|status| explain(&status))?;
        got.into_inner().case.context("an answer without a case")
    }

    /// The case that a reference of the party names, if there is one.
    ///
    /// # Errors
    /// Our own side fails.
    pub async fn found(&self, reference: FindRequest) -> anyhow::Result<Option<String>> {
        match self.as_party.clone().find(reference).await {
            Ok(found) => Ok(Some(found.into_inner().case_id)),
            Err(status) if status.code() == tonic::Code::NotFound => Ok(None),
            Err(status) => Err(explain(&status)),
        }
    }

    /// An operator's casebook.
    #[must_use]
    pub fn casebook(&self) -> CasebookServiceClient<Authorised> {
        self.casebook.clone()
    }

    /// What dispatch has on record about a case.
    ///
    /// # Errors
    /// The broker does not answer.
    pub async fn dispatched(&self, case: &str) -> anyhow::Result<Vec<StoredCommit>> {
        let (_, _, key) = case_key(self.district(), case).map_err(|status| explain(&status))?;
        Ok(self.broker.load_owner(&key, Owner::Dispatch).await?)
    }

    /// `kill -9` to the broker, which is started again at once. Requests under way are lost, and so is what it kept in memory.
    ///
    /// # Errors
    /// It is not there, or does not come back.
    pub async fn kill_broker(&self) -> anyhow::Result<()> {
        let before = self.running.broker_pid();
        let pid = before.and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
        kill_process(pid.context("the broker is not there")?, Signal::KILL).context("killing the broker")?;
        let back = until(OURS, async || {
            let now = self.running.broker_pid();
            Ok(now.filter(|now| Some(*now) != before && self.broker.is_connected()))
        });
        back.await?.context("the broker does not come back")?;
        Ok(())
    }

    /// # Errors
    /// It does not stop politely.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.running.stop().await
    }
}

/// The charter that knows a party, with the name it is loaded by.
fn charter_of(party: &Code, named: Option<&str>) -> anyhow::Result<(String, Charter)> {
    let names: Vec<String> = match named {
        Some(name) => vec![name.to_owned()],
        None => Charter::shipped_names().iter().map(ToString::to_string).collect(),
    };
    let knows = |charter: &Charter| {
        let departments = charter.departments().any(|department| department.code == *party);
        departments || charter.bridges().iter().any(|bridge| bridge.code == *party)
    };
    let charters = load_all(&names)?;
    let found = names.into_iter().zip(charters).find(|(_, charter)| knows(charter));
    found.ok_or_else(|| {
        let text = "no bridge and no department of the charters; name yours with --charter DIR";
        BadUsage::new(format_args!("--party {party}: {text}")).into()
    })
}

/// Makes sure that nothing but trials is in a folder.
fn claim(folder: &Path) -> anyhow::Result<()> {
    let mark = folder.join(MARK);
    let is_empty = !folder.exists() || std::fs::read_dir(folder)?.next().is_none();
    if !is_empty && !mark.exists() {
        bail!(BadUsage::new(format_args!(
            "--data {}: there is something in it, and a trial writes cases that nobody raised; name an empty folder",
            folder.display()
        )));
    }
    std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    std::fs::write(&mark, "Everything here was made by `huying conformance`.\n")
        .with_context(|| format!("writing {}", mark.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_holds_anything_else_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("trial");
        claim(&inside).unwrap();
        std::fs::write(inside.join("nats.conf"), "").unwrap();
        claim(&inside).unwrap();
        std::fs::write(folder.path().join("somebody's"), "").unwrap();
        let refused = claim(folder.path()).unwrap_err();
        assert!(refused.is::<BadUsage>(), "{refused:#}");
    }

    #[test]
    fn the_party_says_which_charter_it_is() {
        let (name, _) = charter_of(&"heping-board".parse().unwrap(), None).unwrap();
        assert_eq!(name, "heping");
        let unknown = charter_of(&"nowhere-water".parse().unwrap(), None).unwrap_err();
        assert!(unknown.to_string().contains("--party nowhere-water"), "{unknown}");
    }
}
