use std::process::ExitCode;

fn main() -> ExitCode {
    chassis::run("responder", responder::start)
}
