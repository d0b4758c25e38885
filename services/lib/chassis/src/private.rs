//! What a process writes is for whoever runs it: inboxes, copies, keys and streams hold what people said.

use rustix::fs::Mode;

/// From here on every file and folder that this process makes is readable for its own user alone, and so is what its children
/// make, unless they say otherwise.
pub fn keep_to_oneself() {
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
}
