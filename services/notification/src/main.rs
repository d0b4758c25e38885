use std::process::ExitCode;

fn main() -> ExitCode {
    chassis::run("notification", notification::start)
}
