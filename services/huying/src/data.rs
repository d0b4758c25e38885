//! The data folder of an installation on this machine: what lies where.

use std::fs::Permissions;
use std::fs::{File, TryLockError};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use chassis::Issuer;
use ids::Code;
use rand::random;

/// A data folder is for the user who runs on it.
const FOLDER_MODE: u32 = 0o700;

/// A data folder. That it is named does not mean that it exists.
#[derive(Clone, Debug)]
pub struct DataFolder(PathBuf);

/// Held as long as an installation runs on the folder. The system lets go of it when the process dies, however it dies.
#[derive(Debug)]
pub struct Held(#[expect(dead_code, reason = "it is held, not read")] File);

impl DataFolder {
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Makes the folder, and makes sure that nobody else runs on it.
    ///
    /// # Errors
    /// It cannot be made, or another installation runs on it.
    pub fn hold(&self) -> anyhow::Result<Held> {
        std::fs::create_dir_all(&self.0).with_context(|| format!("making the data folder {}", self.0.display()))?;
        // One of an earlier version is open to everybody on the machine; what is no installation's is not ours to close.
        if self.keys().exists() {
            std::fs::set_permissions(&self.0, Permissions::from_mode(FOLDER_MODE))
                .with_context(|| format!("closing {} to others", self.0.display()))?;
        }
        let path = self.0.join("lock");
        let file = File::create(&path).with_context(|| format!("opening {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Held(file)),
            Err(TryLockError::WouldBlock) => bail!(
                "another `huying up` runs on {}; stop it first, or name another folder with --data",
                self.0.display()
            ),
            Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("locking {}", path.display())),
        }
    }

    /// The folder without `.`, `..` and links, for those who will read the path elsewhere.
    pub(crate) fn absolute(&self) -> anyhow::Result<Self> {
        let path = self.0.canonicalize().with_context(|| format!("finding {}", self.0.display()))?;
        Ok(Self(path))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn endpoints_file(&self) -> PathBuf {
        self.0.join("endpoints.json")
    }

    /// Seeds of the broker's users, one file each.
    pub fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }

    /// The seed of one user of the broker.
    pub fn key_file(&self, user: &str) -> PathBuf {
        self.keys().join(format!("{user}.nk"))
    }

    /// Local inboxes and outboxes of the departments.
    pub fn departments(&self) -> PathBuf {
        self.0.join("departments")
    }

    /// How far the bridges have come with their files.
    pub(crate) fn bridge_positions(&self) -> PathBuf {
        self.0.join("bridge")
    }

    /// The file of the casebook. It can be deleted at any time.
    pub(crate) fn casebook_file(&self) -> PathBuf {
        self.0.join("casebook.sqlite")
    }

    pub(crate) fn public_key_file(&self) -> PathBuf {
        self.0.join("identity").join("public.pem")
    }

    pub(crate) fn private_key_file(&self) -> PathBuf {
        self.0.join("identity").join("private.pem")
    }

    /// Whoever signs the tokens of this installation.
    ///
    /// # Errors
    /// The key is not there: nothing has run here yet.
    pub fn issuer(&self) -> anyhow::Result<Issuer> {
        let file = self.private_key_file();
        let pem = std::fs::read_to_string(&file).with_context(|| {
            format!("{} cannot be read; `huying up --data {}` makes it", file.display(), self.0.display())
        })?;
        Issuer::from_pem(&pem).with_context(|| format!("reading {}", file.display()))
    }

    /// The same, made now if this is the first time. The public half beside it always fits.
    pub(crate) fn issuer_or_new(&self) -> anyhow::Result<Issuer> {
        let file = self.private_key_file();
        if !file.exists() {
            write_secret(&file, Issuer::generate().private_pem().as_bytes(), true)?;
        }
        let issuer = self.issuer()?;
        write_if_changed(&self.public_key_file(), issuer.public_pem().as_bytes())?;
        Ok(issuer)
    }

    /// The key of the outside references, made once. Losing it means that repeats are not recognised any more.
    pub(crate) fn reference_key_file(&self) -> anyhow::Result<PathBuf> {
        self.drawn_once("reference.key")
    }

    /// The key of the receipts, made once. Losing it means that those handed out are not told again.
    pub(crate) fn receipt_key_file(&self) -> anyhow::Result<PathBuf> {
        self.drawn_once("receipt.key")
    }

    /// The key of the vault, made once. Losing it means that nobody can be reached whose contact was kept.
    pub(crate) fn vault_key_file(&self) -> anyhow::Result<PathBuf> {
        self.drawn_once("vault.key")
    }

    fn drawn_once(&self, name: &str) -> anyhow::Result<PathBuf> {
        let file = self.0.join(name);
        if !file.exists() {
            let key: [u8; 32] = random();
            let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
            write_secret(&file, hex.as_bytes(), true)?;
        }
        Ok(file)
    }

    /// The key with which one party's user logs in.
    ///
    /// # Errors
    /// No charter of this installation has such a party.
    pub fn seed_file_of(&self, party: &Code) -> anyhow::Result<PathBuf> {
        let file = self.key_file(party.as_str());
        if file.exists() {
            return Ok(file);
        }
        bail!("{} is not there: no charter of this installation has a bridge or department {party}", file.display())
    }
}

/// Writes a file that only its owner may read and that is there completely or not at all, also after a power cut if it
/// is `durable`.
pub(crate) fn write_secret(file: &Path, content: &[u8], durable: bool) -> anyhow::Result<()> {
    let context = || format!("writing {}", file.display());
    make_parent(file)?;
    let half_done = file.with_extension("new");
    let mut options = File::options();
    let mut open =
        options.write(true).create(true).truncate(true).mode(0o600).open(&half_done).with_context(context)?;
    open.write_all(content).with_context(context)?;
    if durable {
        open.sync_all().with_context(context)?;
    }
    std::fs::rename(&half_done, file).with_context(context)
}

/// Writes a file unless it holds just that, and says whether it did.
pub(crate) fn write_if_changed(file: &Path, content: &[u8]) -> anyhow::Result<bool> {
    if std::fs::read(file).is_ok_and(|there| there == content) {
        return Ok(false);
    }
    make_parent(file)?;
    let half_done = file.with_extension("new");
    std::fs::write(&half_done, content)
        .and_then(|()| std::fs::rename(&half_done, file))
        .with_context(|| format!("writing {}", file.display()))?;
    Ok(true)
}

fn make_parent(file: &Path) -> anyhow::Result<()> {
    let Some(folder) = file.parent() else { return Ok(()) };
    std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))
}
