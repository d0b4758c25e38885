use std::process::ExitCode;

fn main() -> ExitCode {
    chassis::run("evaluation", evaluation::start)
}
