//! The shipped charters are embedded; a changed one has to be embedded again.

fn main() {
    println!("cargo:rerun-if-changed=../../../deploy/charters");
}
