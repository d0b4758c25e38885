use std::process::ExitCode;

chassis::allocator!();

fn main() -> ExitCode {
    chassis::run("enforcement-center", enforcement_center::start)
}
