use std::process::ExitCode;

fn main() -> ExitCode {
    chassis::run("intake", intake::start)
}
