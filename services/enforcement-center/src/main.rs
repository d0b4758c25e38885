use std::process::ExitCode;

fn main() -> ExitCode {
    chassis::run("enforcement-center", enforcement_center::start)
}
