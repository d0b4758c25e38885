//! A city: one broker and every service as a process of its own, each with its own user at the broker.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Instant;

use chassis::Issuer;
use huying::accounts::CASEBOOK_USER;
use huying::data::DataFolder;
use huying::stage;
use ids::{Kind, Owner};
use record::{Broker, Step, StoredCommit};
use serde_json::json;
use story::Stage;
use tempfile::TempDir;
use testkit::{Nats, free_port};

use super::installation::log_in;
use super::program::{Program, huying_ok, was_killed};
use super::{LOOK_EVERY, WAIT};

/// The broker's name among the city's processes.
pub const NATS: &str = "nats-server";
/// After a service's name, its second process.
const SPARE: &str = "-spare";

/// The second process of a service.
pub fn spare(service: &str) -> String {
    format!("{service}{SPARE}")
}

pub struct City {
    folder: TempDir,
    nats: Mutex<Nats>,
    nats_url: String,
    plans: BTreeMap<String, Plan>,
    running: Mutex<BTreeMap<String, Program>>,
    door: String,
}

/// How a process is started, as often as it takes.
struct Plan {
    binary: String,
    args: Vec<String>,
    log: PathBuf,
    grpc: SocketAddr,
    http: SocketAddr,
}

impl City {
    /// Jiang'an with these departments: accounts and streams as `huying provision` makes them, then every service.
    pub fn start(departments: &[&str]) -> Self {
        Self::with(departments, &[""])
    }

    /// The same with every service twice; doors lead to the second of each, the [`spare`].
    pub fn in_pairs(departments: &[&str]) -> Self {
        Self::with(departments, &["", SPARE])
    }

    fn with(departments: &[&str], each: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        huying_ok(&["provision", "accounts", "--dir", &path(""), "--charter", "jiangan"]);
        let accounts = std::fs::read_to_string(path("accounts.conf")).unwrap();
        let nats = Nats::start_with(&accounts).unwrap();
        let nats_url = nats.url();
        let key_of_provision = path("keys/provision.nk");
        let as_provision = ["--nats-url", &nats_url, "--nats-nkey-file", &key_of_provision];
        huying_ok(&[&["provision", "--charter", "jiangan"][..], &as_provision[..]].concat());

        let issuer = Issuer::generate();
        std::fs::create_dir(path("identity")).unwrap();
        std::fs::write(path("identity/private.pem"), issuer.private_pem()).unwrap();
        std::fs::write(path("identity/public.pem"), issuer.public_pem()).unwrap();
        for key in ["reference.key", "receipt.key", "vault.key"] {
            std::fs::write(path(key), "0123456789abcdef".repeat(4)).unwrap();
        }

        let mut city = Self {
            nats: Mutex::new(nats),
            nats_url,
            plans: BTreeMap::new(),
            running: Mutex::new(BTreeMap::new()),
            door: String::new(),
            folder,
        };
        for which in each {
            for owner in Owner::ALL {
                let mut more = Vec::new();
                if owner == Owner::Intake {
                    more = [
                        "--reference-key-file",
                        &city.path("reference.key"),
                        "--receipt-key-file",
                        &city.path("receipt.key"),
                        "--vault-key-file",
                        &city.path("vault.key"),
                    ]
                    .map(str::to_owned)
                    .to_vec();
                }
                city.plan(&format!("{owner}{which}"), owner.as_str(), owner.as_str(), more);
            }
            let file = vec!["--file".to_owned(), city.path(&format!("casebook{which}.sqlite"))];
            city.plan(&format!("{CASEBOOK_USER}{which}"), CASEBOOK_USER, CASEBOOK_USER, file);
        }
        for department in departments {
            let more = ["--department", department, "--data-dir", &city.path("departments")].map(str::to_owned);
            city.plan(department, department, "responder", more.to_vec());
        }
        city.plan_door(each.last().unwrap());
        let names: Vec<String> = city.plans.keys().cloned().collect();
        names.iter().for_each(|name| city.launch(name));
        names.iter().for_each(|name| city.await_ready(name));
        city.write_doors(departments, each.last().unwrap());
        city
    }

    /// A playing of its own on this city.
    pub async fn stage(&self) -> Stage {
        stage::behind(&self.named(), &self.nats_url, &self.doors()).await.unwrap()
    }

    pub fn nats_url(&self) -> &str {
        &self.nats_url
    }

    /// Its folder, as the commands name it.
    pub fn named(&self) -> huying::client::Installation {
        huying::client::Installation { data: self.folder.path().to_owned(), grpc: None, token: None, token_file: None }
    }

    pub fn data(&self) -> DataFolder {
        DataFolder::new(self.folder.path())
    }

    /// Where everybody is to be found, as `story run --doors` reads it.
    pub fn doors(&self) -> PathBuf {
        self.folder.path().join("doors.json")
    }

    /// `http://host:port` of one service.
    pub fn grpc(&self, name: &str) -> String {
        format!("http://{}", self.plans[name].grpc)
    }

    /// `http://host:port` of the door for machines.
    pub fn door(&self) -> &str {
        &self.door
    }

    /// Where one service says how it is.
    pub fn http(&self, name: &str) -> SocketAddr {
        self.plans[name].http
    }

    /// All it has said.
    pub fn log(&self, name: &str) -> String {
        std::fs::read_to_string(&self.plans[name].log).unwrap_or_default()
    }

    /// Sits down at the door of the dead broker until somebody has knocked so often.
    pub fn until_knocked(&self, name: &str, times: usize) {
        let door = TcpListener::bind(self.address(name)).unwrap();
        for _ in 0..times {
            let _knock = door.accept().unwrap();
        }
    }

    /// `kill -9`; it is dead when this returns.
    pub fn kill(&self, name: &str) {
        if name == NATS {
            // Proves itself that the process is gone.
            return self.nats.lock().unwrap().kill();
        }
        let victim = self.running.lock().unwrap().remove(name).unwrap();
        assert!(was_killed(victim.kill()), "{name} did not die of the signal");
    }

    /// Sits down at a dead process' door until it is missed: somebody knocks, or messages wait for it.
    pub async fn until_missed(&self, name: &str) {
        let address = self.address(name);
        let broker = if name == NATS { None } else { Some(self.broker().await) };
        let door = TcpListener::bind(address).unwrap();
        door.set_nonblocking(true).unwrap();
        let begun = Instant::now();
        loop {
            let waiting = match &broker {
                Some(broker) => broker.activity(None).await.unwrap().unsettled,
                None => Vec::new(),
            };
            if waiting.iter().any(|(consumer, _)| consumer == name) || door.accept().is_ok() {
                return;
            }
            assert!(begun.elapsed() < WAIT, "nobody misses {name}");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Starts it again, and waits until it is ready.
    pub fn revive(&self, name: &str) {
        if name == NATS {
            return self.nats.lock().unwrap().kill_and_restart().unwrap();
        }
        self.launch(name);
        self.await_ready(name);
    }

    /// Every process but the broker, told to stop: who did not do so politely, and the end of its log.
    pub fn stop(&self) -> Vec<String> {
        let running = std::mem::take(&mut *self.running.lock().unwrap());
        running
            .into_iter()
            .filter_map(|(name, program)| {
                let log = self.plans[&name].log.clone();
                let status = program.stop();
                (!status.success()).then(|| {
                    format!("{name} ended with {status}:\n{}", std::fs::read_to_string(log).unwrap_or_default())
                })
            })
            .collect()
    }

    /// What everybody complained about last, for whoever has to find out why.
    pub fn said(&self) -> String {
        let running = self.running.lock().unwrap();
        running.values().map(|program| format!("── {}\n{}\n", program.name, program.said())).collect()
    }

    /// All that is on the record, in its order.
    pub async fn record(&self) -> Vec<StoredCommit> {
        let broker = self.broker().await;
        let everything = Kind::ALL.map(|kind| format!("{}.>", kind.as_str())).to_vec();
        let mut replay = broker.replay(everything, 1, chassis::CancellationToken::new());
        let mut record = Vec::new();
        while let Some(Step::Commit(commit)) = replay.next().await.unwrap() {
            record.push(*commit);
        }
        record
    }

    /// The broker, as whoever plays stories.
    async fn broker(&self) -> Broker {
        log_in(&self.nats_url, &self.data().key_file("story"), "story").await
    }

    /// Where it serves gRPC, and where its metrics.
    pub fn doors_of(&self, name: &str) -> (String, SocketAddr) {
        (format!("http://{}", self.plans[name].grpc), self.plans[name].http)
    }

    /// Starts it with these flags besides, from now on.
    pub fn restart_with(&mut self, name: &str, more: &[&str]) {
        self.kill(name);
        self.plans.get_mut(name).unwrap().args.extend(more.iter().map(|more| (*more).to_owned()));
        self.revive(name);
    }

    /// Kills it and starts it with the key of another user, ready or not.
    pub fn give_the_key_of(&mut self, name: &str, user: &str) {
        self.kill(name);
        let key = self.path(&format!("keys/{user}.nk"));
        let args = &mut self.plans.get_mut(name).unwrap().args;
        let flag = args.iter().position(|arg| arg == "--nats-nkey-file").unwrap();
        args[flag + 1] = key;
        self.launch(name);
    }

    /// A token of this city.
    pub fn token(&self, identity: &chassis::Identity) -> String {
        self.data().issuer().unwrap().issue(identity, chassis::Clock::real().real_now(), WAIT * 60)
    }

    fn address(&self, name: &str) -> SocketAddr {
        if name == NATS {
            self.nats_url.strip_prefix("nats://").unwrap().parse().unwrap()
        } else {
            self.plans[name].grpc
        }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// `name` logs in at the broker as `user`.
    fn plan(&mut self, name: &str, user: &str, binary: &str, more: Vec<String>) {
        let address = || SocketAddr::from((Ipv4Addr::LOCALHOST, free_port().unwrap()));
        let (grpc, http) = (address(), address());
        let flags = [
            ("--nats-url", self.nats_url.clone()),
            ("--nats-nkey-file", self.path(&format!("keys/{user}.nk"))),
            ("--grpc-listen", grpc.to_string()),
            ("--http-listen", http.to_string()),
            ("--identity-key-file", self.path("identity/public.pem")),
        ];
        let mut args: Vec<String> = flags.into_iter().flat_map(|(flag, value)| [flag.to_owned(), value]).collect();
        args.extend(more);
        let log = self.folder.path().join(format!("{name}.log"));
        self.plans.insert(name.to_owned(), Plan { binary: binary.to_owned(), args, log, grpc, http });
    }

    /// The door for machines, which asks these services and nobody else.
    fn plan_door(&mut self, which: &str) {
        let address = || SocketAddr::from((Ipv4Addr::LOCALHOST, free_port().unwrap()));
        let (grpc, http, door) = (address(), address(), address());
        let behind = |service: &str| self.grpc(&format!("{service}{which}"));
        let flags = [
            ("--grpc-listen", grpc.to_string()),
            ("--http-listen", http.to_string()),
            ("--door-listen", door.to_string()),
            ("--intake-url", behind("intake")),
            ("--casebook-url", behind(CASEBOOK_USER)),
            ("--evaluation-url", behind("evaluation")),
        ];
        let args = flags.into_iter().flat_map(|(flag, value)| [flag.to_owned(), value]).collect();
        let log = self.folder.path().join("door.log");
        self.plans.insert("door".to_owned(), Plan { binary: "door".to_owned(), args, log, grpc, http });
        self.door = format!("http://{door}");
    }

    /// Starts it, ready or not.
    pub fn launch(&self, name: &str) {
        let plan = &self.plans[name];
        let program = Program::start(name, &plan.binary, &plan.args, &plan.log);
        self.running.lock().unwrap().insert(name.to_owned(), program);
    }

    /// Waits until it is ready.
    pub fn await_ready(&self, name: &str) {
        let mut program = self.running.lock().unwrap().remove(name).unwrap();
        program.ready(self.plans[name].http);
        self.running.lock().unwrap().insert(name.to_owned(), program);
    }

    fn write_doors(&self, departments: &[&str], which: &str) {
        let doors = |names: &[&str], which: &str| -> BTreeMap<String, String> {
            names.iter().map(|name| ((*name).to_owned(), self.grpc(&format!("{name}{which}")))).collect()
        };
        let names: Vec<&str> = Owner::ALL.iter().map(|owner| owner.as_str()).chain([CASEBOOK_USER]).collect();
        let services = doors(&names, which);
        let doors = json!({ "services": services, "responders": doors(departments, "") });
        std::fs::write(self.doors(), doors.to_string()).unwrap();
    }
}
