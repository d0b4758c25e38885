use std::process::ExitCode;

fn main() -> ExitCode {
    chassis::run("dispatch", dispatch::start)
}
