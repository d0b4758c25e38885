//! Clients that nobody here wrote: Python programs in `tests/clients/`.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::root;

/// Runs one of `tests/clients/`: `input` is its standard input, JSON is what it prints.
pub async fn run(script: &str, args: &[&str], input: &Value) -> Value {
    let python = root().join(".tools/venv/bin/python");
    assert!(python.exists(), "{} is not there: run `make clients` first", python.display());
    let mut command = Command::new(python);
    command.arg(root().join("tests/clients").join(script)).args(args).env("PYTHONDONTWRITEBYTECODE", "1");
    let (script, input) = (script.to_owned(), input.to_string());
    let finished = tokio::task::spawn_blocking(move || {
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = pipes.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    });
    let output = finished.await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {}\n{said}", output.status);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{script} printed no JSON ({error}):\n{}\n{said}", String::from_utf8_lossy(&output.stdout))
    })
}
