//! Pages of `docs/` that are written by what the code does.

use std::path::Path;

/// A page of `docs/` against what the code does, or with what it does.
pub fn compare(page: &str, file: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(file);
    if std::env::var_os("HUYING_BLESS").is_some() {
        std::fs::write(&path, page).unwrap();
    }
    let is = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        is == page,
        "docs/{file} says something else; run this test once with HUYING_BLESS=1 and look at the difference"
    );
}
