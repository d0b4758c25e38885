//! A disk of the broker's own whose power can be cut: a file system in a file, which is shut down in the middle of whatever
//! it does, without writing anything it still holds in memory (`FS_IOC_SHUTDOWN`, as the tests of file systems do it), and
//! mounted again as after a power failure. Needs root.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

/// Size of the file system; the file that holds it grows as it is written.
const BYTES: u64 = 8 << 30;
/// Shuts a file system down at once, its log unwritten. A system call that has no safe wrapper in Rust; Python has one.
const CUT: &str = "import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587D, struct.pack('I', 2))";

#[derive(Debug)]
pub struct Disk {
    image: PathBuf,
    mounted_at: PathBuf,
}

impl Disk {
    /// A new one, in the file `image`, to be found at `at`.
    ///
    /// # Errors
    /// We are not root, or the system cannot mount a file.
    pub fn new(image: &Path, at: &Path) -> anyhow::Result<Self> {
        File::create(image)?.set_len(BYTES)?;
        std::fs::create_dir_all(at)?;
        run("mkfs.ext4", &["-q", "-F"], &[image])?;
        let disk = Self { image: image.to_owned(), mounted_at: at.to_owned() };
        disk.mount()?;
        Ok(disk)
    }

    /// Whatever is not on the disk at this moment is lost. Nothing can be written from now on.
    ///
    /// # Errors
    /// The file system does not know this.
    pub fn cut(&self) -> anyhow::Result<()> {
        run("python3", &["-c", CUT], &[&self.mounted_at])
    }

    /// After a cut, and after the last process that had a file open there: as the power comes back.
    ///
    /// # Errors
    /// Somebody still has a file open, or the file system is beyond its own repair.
    pub fn power_on(&self) -> anyhow::Result<()> {
        run("umount", &[], &[&self.mounted_at])?;
        self.mount()
    }

    fn mount(&self) -> anyhow::Result<()> {
        run("mount", &["-o", "loop"], &[&self.image, &self.mounted_at])
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _is_cleared_with_the_machine = run("umount", &["-l"], &[&self.mounted_at]);
    }
}

fn run(program: &str, flags: &[&str], paths: &[&Path]) -> anyhow::Result<()> {
    let output = Command::new(program).args(flags).args(paths).output();
    let output = output.with_context(|| format!("a power cut needs {program}, and to be root"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "a power cut needs {program}, and to be root: {}", said.trim());
    Ok(())
}
