use std::process::ExitCode;

chassis::allocator!();

fn main() -> ExitCode {
    responder::copies(std::env::args_os()).unwrap_or_else(|| chassis::run("responder", responder::start))
}
