use std::process::ExitCode;

fn main() -> ExitCode {
    huying::run()
}
