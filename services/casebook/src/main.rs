use std::process::ExitCode;

fn main() -> ExitCode {
    chassis::run("casebook", casebook::start)
}
