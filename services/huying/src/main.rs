use std::process::ExitCode;

chassis::allocator!();

fn main() -> ExitCode {
    huying::run()
}
