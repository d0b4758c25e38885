//! Compiles the contracts with a pure-Rust compiler: nobody has to install protoc.

mod facts;

use std::path::{Path, PathBuf};
use std::{env, error::Error, fs};

const SERVICES: [&str; 13] = [
    "common",
    "record",
    "archive",
    "charter",
    "casebook",
    "intake",
    "triage",
    "dispatch",
    "enforcement_center",
    "evaluation",
    "notification",
    "powers",
    "responder",
];

#[allow(clippy::disallowed_methods, reason = "cargo tells a build script its folders through the environment")]
#[allow(clippy::print_stdout, reason = "cargo hears a build script by what it prints")]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=huying");
    println!("cargo:rerun-if-changed=build");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let files = proto_files(Path::new("huying"))?;
    let mut compiler = protox::Compiler::new(["."])?;
    compiler.include_source_info(true).include_imports(true).open_files(&files)?;
    let encoded = compiler.encode_file_descriptor_set();
    fs::write(out.join("descriptors.bin"), &encoded)?;
    fs::write(out.join("facts.rs"), facts::generate(&compiler.descriptor_pool())?)?;

    tonic_prost_build::configure()
        // What is written into a log or a panic by mistake names nobody.
        .skip_debug([".huying.intake.v1.Contact"])
        .compile_well_known_types(true)
        .extern_path(".google.protobuf", "::pbjson_types")
        .compile_fds(compiler.file_descriptor_set())?;

    let packages = SERVICES.map(|service| format!(".huying.{service}.v1"));
    pbjson_build::Builder::new().register_descriptors(&encoded)?.preserve_proto_field_names().build(&packages)?;
    for service in SERVICES {
        let file = out.join(format!("huying.{service}.v1.serde.rs"));
        fs::write(&file, with_unknown_words(&fs::read_to_string(&file)?)?)?;
    }
    Ok(())
}

/// The generated code fails to write a whole message for one word of an enumeration that it does not know. It shall write
/// the word's number, as the official mapping has it (`json.rs`).
fn with_unknown_words(source: &str) -> Result<String, Box<dyn Error>> {
    const FAILS: &str = ".map_err(|_| serde::ser::Error::custom(format!(\"Invalid variant {}\", ";
    let mut parts = source.split(FAILS);
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // `path::Enum::try_from(number)` stands before it, `number)))` behind.
        let call = written.trim_end().rsplit(char::is_whitespace).next().unwrap_or_default().to_owned();
        let number = call.split_once("::try_from(").and_then(|(_, rest)| rest.strip_suffix(')'));
        let number = number.ok_or_else(|| format!("pbjson writes enumerations otherwise now: {call}"))?;
        let (_, rest) = part.split_once(")))").ok_or("pbjson writes enumerations otherwise now")?;
        let word = format!("crate::json::Word::of({number}, {call}.ok())");
        written.truncate(written.trim_end().len() - call.len());
        match rest.strip_prefix('?') {
            Some(rest) => written.extend([&word, rest]),
            None => written.extend([&format!("Ok::<_, S::Error>({word})"), rest]),
        }
    }
    Ok(written)
}

fn proto_files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(proto_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
