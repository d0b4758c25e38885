//! An installation in this process, as `huying up` runs it, and ways to talk to it.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use chassis::{Clock, Identity, Issuer};
use huying::client::{Authorised, authorised};
use huying::data::DataFolder;
use huying::endpoints::Endpoints;
use huying::up::{Ports, Running, UpConfig};
use proto::casebook::v1::casebook_service_client::CasebookServiceClient;
use proto::casebook::v1::{Case, CaseSummary, Freshness, GetRequest, ListRequest};
use proto::dispatch::v1::dispatch_service_client::DispatchServiceClient;
use proto::intake::v1::intake_service_client::IntakeServiceClient;
use proto::responder::v1::responder_service_client::ResponderServiceClient;
use proto::triage::v1::triage_service_client::TriageServiceClient;
use record::{Broker, BrokerConfig, Credentials};
use tempfile::TempDir;
use tokio::sync::oneshot;

const TOKEN_LIFE: Duration = Duration::from_secs(3600);

/// Every shipped district, on the real clock. Lives as long as a test holds it, then stops with all it has started.
/// Each module keeps to a district of its own where it counts: `input` to wuchang, `bridge` to heping.
pub fn shared() -> Arc<Installation> {
    static SHARED: Mutex<Weak<Installation>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(running) = shared.upgrade() {
        return running;
    }
    let started = Arc::new(Installation::start(&[]));
    *shared = Arc::downgrade(&started);
    started
}

pub struct Installation {
    pub endpoints: Endpoints,
    folder: TempDir,
    issuer: Issuer,
    stop: Option<oneshot::Sender<()>>,
    life: Option<JoinHandle<anyhow::Result<()>>>,
}

impl Installation {
    /// With these charters; with all that ship if none is named. It has threads of its own, because it outlives the
    /// test that happens to come first.
    pub fn start(charters: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = UpConfig {
            charters: charters.iter().map(ToString::to_string).collect(),
            ports: Ports::Auto,
            play: true,
            ..UpConfig::new(folder.path().join("data"))
        };
        let (tell, told) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let life = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
            runtime.block_on(async {
                let running = Box::pin(Running::start(config)).await?;
                running.departments_open().await;
                // A test that is gone already wants the end, which comes next.
                let _gone = tell.send(running.endpoints.clone());
                let _dropped = stopped.await;
                running.stop().await
            })
        });
        let Ok(endpoints) = told.recv() else {
            panic!("the installation did not start: {:#}", life.join().unwrap().unwrap_err());
        };
        let issuer = DataFolder::new(folder.path().join("data")).issuer().unwrap();
        Self { endpoints, folder, issuer, stop: Some(stop), life: Some(life) }
    }

    /// Its data folder.
    pub fn data(&self) -> DataFolder {
        DataFolder::new(self.folder.path().join("data"))
    }

    /// As the commands name it.
    pub fn named(&self) -> huying::client::Installation {
        huying::client::Installation { data: self.data().path().to_owned(), grpc: None, token: None, token_file: None }
    }

    pub fn token(&self, identity: &Identity) -> String {
        self.issuer.issue(identity, Clock::real().real_now(), TOKEN_LIFE)
    }

    pub async fn channel(&self, identity: &Identity) -> Authorised {
        authorised(&self.endpoints.grpc, &self.token(identity)).await.unwrap()
    }

    /// Whoever shows a receipt instead of a token.
    pub async fn with_receipt(&self, receipt: &str) -> Authorised {
        authorised(&self.endpoints.grpc, receipt).await.unwrap()
    }

    pub async fn intake(&self, identity: &Identity) -> IntakeServiceClient<Authorised> {
        huying::client::intake(self.channel(identity).await)
    }

    pub async fn casebook(&self, identity: &Identity) -> CasebookServiceClient<Authorised> {
        CasebookServiceClient::new(self.channel(identity).await)
    }

    pub async fn dispatch(&self, identity: &Identity) -> DispatchServiceClient<Authorised> {
        DispatchServiceClient::new(self.channel(identity).await)
    }

    pub async fn triage(&self, identity: &Identity) -> TriageServiceClient<Authorised> {
        TriageServiceClient::new(self.channel(identity).await)
    }

    pub async fn desk_of(&self, department: &str) -> ResponderServiceClient<Authorised> {
        ResponderServiceClient::new(self.channel(&acting("department", department)).await)
    }

    /// The broker, as one of its users.
    pub async fn broker(&self, user: &str) -> Broker {
        log_in(&self.endpoints.nats, &self.data().key_file(user), user).await
    }

    pub async fn case(&self, district: &str, case: &str) -> Case {
        let request = GetRequest { district: district.to_owned(), case_id: case.to_owned(), freshness: None };
        self.casebook(&operator()).await.get(request).await.unwrap().into_inner().case.unwrap()
    }

    /// Every case of a district.
    pub async fn cases(&self, district: &str) -> Vec<CaseSummary> {
        let mut casebook = self.casebook(&operator()).await;
        let mut request = ListRequest {
            district: district.to_owned(),
            page_size: 1000,
            freshness: Some(CURRENT),
            ..ListRequest::default()
        };
        let mut cases = Vec::new();
        loop {
            let page = casebook.list(request.clone()).await.unwrap().into_inner();
            cases.extend(page.cases);
            if page.next_page_token.is_empty() {
                assert_eq!(page.total, cases.len() as u64, "the list does not count what it lists");
                return cases;
            }
            request.page_token = page.next_page_token;
        }
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.life.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            ended.unwrap().unwrap().expect("the installation stops politely");
        }
    }
}

/// Everything that was recorded before the question.
pub const CURRENT: Freshness = Freshness { at_least: 0, current: true };

/// Logs in with a key file.
pub async fn log_in(url: &str, key: &Path, user: &str) -> Broker {
    let config = BrokerConfig {
        url: url.to_owned(),
        credentials: Credentials::NkeyFile(key.to_owned()),
        name: format!("test as {user}"),
        inbox: user.to_owned(),
    };
    Broker::connect(&config).await.unwrap()
}

/// Somebody acting for a party.
pub fn acting(role: &str, party: &str) -> Identity {
    Identity { role: role.into(), party: party.into(), district: String::new(), staff_ref: "t-1".into() }
}

pub fn bridge(code: &str) -> Identity {
    acting("bridge", code)
}

pub fn operator() -> Identity {
    acting("operator", "")
}
