use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use chassis::{ConfigProblem, Configure};

/// Where people's pages are.
pub const CONSOLE_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 7090);

/// Flags of the console.
#[derive(Clone, Debug, clap::Args)]
pub struct Config {
    /// Where pages are served; port 0 takes a free one
    #[arg(long, env = "HUYING_CONSOLE_LISTEN", value_name = "ADDRESS", default_value_t = CONSOLE_LISTEN)]
    pub console_listen: SocketAddr,
    /// Where the services' gRPC is served, those that are not named below
    #[arg(long, env = "HUYING_SERVICES_URL", value_name = "URL", default_value = "http://127.0.0.1:7070")]
    pub services_url: String,
    /// Where the casebook is
    #[arg(long, env = "HUYING_CASEBOOK_URL", value_name = "URL")]
    pub casebook_url: Option<String>,
    /// Where intake is
    #[arg(long, env = "HUYING_INTAKE_URL", value_name = "URL")]
    pub intake_url: Option<String>,
    /// Where triage is
    #[arg(long, env = "HUYING_TRIAGE_URL", value_name = "URL")]
    pub triage_url: Option<String>,
    /// Where dispatch is
    #[arg(long, env = "HUYING_DISPATCH_URL", value_name = "URL")]
    pub dispatch_url: Option<String>,
    /// Where the enforcement centres' service is
    #[arg(long, env = "HUYING_ENFORCEMENT_CENTER_URL", value_name = "URL")]
    pub enforcement_center_url: Option<String>,
    /// Where evaluation is
    #[arg(long, env = "HUYING_EVALUATION_URL", value_name = "URL")]
    pub evaluation_url: Option<String>,
    /// Where a department's responder is, for a console that stands beside it
    #[arg(long, env = "HUYING_RESPONDER_URL", value_name = "URL")]
    pub responder_url: Option<String>,
    /// For play alone: the private key that signs tokens (PEM). Anybody who reaches the pages may then be anybody
    #[arg(long, env = "HUYING_PLAY_KEY_FILE", value_name = "FILE")]
    pub play_key_file: Option<PathBuf>,
    /// Pages are reached by https alone, so cookies are sent by nothing else
    #[arg(long, env = "HUYING_BEHIND_TLS")]
    pub behind_tls: bool,
}

impl Configure for Config {
    const ABOUT: &'static str =
        "Shows people their pages: report and follow, inbox and case, the district at a glance.";

    fn validate(&self) -> Result<(), Vec<ConfigProblem>> {
        let urls = [
            ("--services-url", Some(&self.services_url)),
            ("--casebook-url", self.casebook_url.as_ref()),
            ("--intake-url", self.intake_url.as_ref()),
            ("--triage-url", self.triage_url.as_ref()),
            ("--dispatch-url", self.dispatch_url.as_ref()),
            ("--enforcement-center-url", self.enforcement_center_url.as_ref()),
            ("--evaluation-url", self.evaluation_url.as_ref()),
            ("--responder-url", self.responder_url.as_ref()),
        ];
        let named = urls.into_iter().filter_map(|(flag, url)| Some((flag, url?)));
        let problem = |(flag, url): (&'static str, &String)| {
            // Only read: a way can be opened where the process is running, which it is not yet.
            let error = chassis::endpoint(url).err()?;
            Some(ConfigProblem::new(flag, error.to_string()))
        };
        let mut problems: Vec<ConfigProblem> = named.filter_map(problem).collect();
        if let Some(file) = self.play_key_file.as_ref().filter(|file| !file.is_file()) {
            problems.push(ConfigProblem::new("--play-key-file", format!("{} is not there", file.display())));
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }
}

impl Config {
    /// For a console beside services that all listen at one address.
    #[must_use]
    pub fn beside(services_url: String) -> Self {
        Self {
            console_listen: CONSOLE_LISTEN,
            services_url,
            casebook_url: None,
            intake_url: None,
            triage_url: None,
            dispatch_url: None,
            enforcement_center_url: None,
            evaluation_url: None,
            responder_url: None,
            play_key_file: None,
            behind_tls: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_none_stops_the_start_and_every_one_is_named() {
        let good = Config::beside("http://127.0.0.1:7070".to_owned());
        assert_eq!(good.validate(), Ok(()), "without a runtime, as a process reads its flags");
        let (triage_url, play_key_file) = (Some("no address".to_owned()), Some("/nowhere".into()));
        let bad = Config { triage_url, play_key_file, ..good };
        let problems = bad.validate().unwrap_err();
        let flags: Vec<&str> = problems.iter().map(|problem| problem.flag.as_str()).collect();
        assert_eq!(flags, ["--triage-url", "--play-key-file"]);
    }
}
