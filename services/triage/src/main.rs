use std::process::ExitCode;

fn main() -> ExitCode {
    chassis::run("triage", triage::start)
}
