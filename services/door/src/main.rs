use std::process::ExitCode;

chassis::allocator!();

fn main() -> ExitCode {
    chassis::run("door", door::start)
}
