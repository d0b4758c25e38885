//! The desks of all departments, in the same process as the hub but through their own accounts, as if they were far
//! away.

use chassis::Service;
use futures::{StreamExt, TryStreamExt};
use ids::Code;
use responder::{Department, DepartmentConfig, Policy};

use crate::data::DataFolder;

/// Opened at the same time. Each waits for the disk more than it computes.
const OPENED_AT_ONCE: usize = 16;

/// Every department of the installation.
pub(super) struct Departments(Vec<Department>);

impl Departments {
    /// Opens what they have on disk; they find their way to the hub by themselves.
    ///
    /// # Errors
    /// A file cannot be opened.
    pub async fn open(
        folder: &DataFolder,
        url: &str,
        auto: bool,
        codes: Vec<Code>,
        service: &mut Service,
    ) -> anyhow::Result<Self> {
        let open = |code: Code| {
            let config = DepartmentConfig {
                station: station::Config {
                    nats_url: url.to_owned(),
                    nats_nkey_file: Some(folder.key_file(code.as_str())),
                    nats_nkey_seed: None,
                },
                data_dir: folder.departments(),
                auto: auto.then_some(Policy::Prompt),
            };
            Department::open(code, config, service)
        };
        let opened: Vec<Department> =
            futures::stream::iter(codes.into_iter().map(open)).buffer_unordered(OPENED_AT_ONCE).try_collect().await?;
        service.grpc(responder::fleet(opened.iter().cloned()));
        Ok(Self(opened))
    }

    pub async fn all_open(&self) {
    }

    pub fn waiting_answers(&self) -> usize {
        self.0.iter().map(Department::waiting_answers).sum()
    }
}
