use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;

use chassis::{ConfigProblem, Configure};

use crate::hub::endpoint;

/// Where machines knock, if nothing else is said.
pub const DOOR_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 7081);

/// Flags of the door.
#[derive(Clone, Debug, clap::Args)]
pub struct Config {
    /// Where the door for machines is open, apart from health and metrics; port 0 takes a free one
    #[arg(long, env = "HUYING_DOOR_LISTEN", value_name = "ADDRESS", default_value_t = DOOR_LISTEN)]
    pub door_listen: SocketAddr,
    /// Where intake serves gRPC
    #[arg(long, env = "HUYING_INTAKE_URL", value_name = "URL", default_value = "http://127.0.0.1:7070")]
    pub intake_url: String,
    /// Where the casebook serves gRPC
    #[arg(long, env = "HUYING_CASEBOOK_URL", value_name = "URL", default_value = "http://127.0.0.1:7070")]
    pub casebook_url: String,
    /// Where evaluation serves gRPC
    #[arg(long, env = "HUYING_EVALUATION_URL", value_name = "URL", default_value = "http://127.0.0.1:7070")]
    pub evaluation_url: String,
    /// Where a department's responder serves gRPC: for a door that stands beside it, in the department's own network
    #[arg(long, env = "HUYING_RESPONDER_URL", value_name = "URL", default_value = "http://127.0.0.1:7070")]
    pub responder_url: String,
    /// Opened before by the all-in-one, which says its address.
    #[arg(skip)]
    pub listener: Option<Arc<TcpListener>>,
}

impl Configure for Config {
    const ABOUT: &'static str = "Lets machines in over HTTP: bridges and residents' programs.";

    fn validate(&self) -> Result<(), Vec<ConfigProblem>> {
        let urls = [
            ("--intake-url", &self.intake_url),
            ("--casebook-url", &self.casebook_url),
            ("--evaluation-url", &self.evaluation_url),
            ("--responder-url", &self.responder_url),
        ];
        let problems: Vec<_> = urls
            .into_iter()
            .filter_map(|(flag, url)| endpoint(url).err().map(|error| ConfigProblem::new(flag, format!("{error:#}"))))
            .collect();
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }
}
