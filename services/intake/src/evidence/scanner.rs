//! A scanner for malware, somebody else's: clamd, asked by its own protocol (INSTREAM) over TCP or a unix socket. What it finds
//! is refused. When it is away, a file is taken and held: nobody reads it until it was looked through.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

/// Longest wait for what it says of one file.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// Sent at a time, in bytes.
const CHUNK_BYTES: usize = 64 * 1024;
/// Longest answer read, in bytes: a path and the name of what was found.
const ANSWER_BYTES_MAX: u64 = 4096;

/// Where a scanner listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scanner {
    Tcp(String),
    Unix(PathBuf),
}

/// What it says of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Clean,
    /// The name of what was found.
    Found(String),
}

impl FromStr for Scanner {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(address) = text.strip_prefix("tcp://").filter(|it| it.rsplit_once(':').is_some()) {
            return Ok(Self::Tcp(address.to_owned()));
        }
        match text.strip_prefix("unix:").map(PathBuf::from) {
            Some(path) if path.is_absolute() => Ok(Self::Unix(path)),
            Some(_) | None => Err("an address of clamd is tcp://host:port or unix:/path".to_owned()),
        }
    }
}

impl fmt::Display for Scanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "tcp://{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl Scanner {
    /// # Errors
    /// It is away, does not answer in time, or answers that it cannot.
    pub async fn look_through(&self, content: &[u8]) -> std::io::Result<Verdict> {
        let asked = async {
            match self {
                Self::Tcp(address) => ask(TcpStream::connect(address).await?, content).await,
                Self::Unix(path) => ask(UnixStream::connect(path).await?, content).await,
            }
        };
        let answer = tokio::time::timeout(ANSWER_MAX, asked).await??;
        read(&answer).ok_or_else(|| std::io::Error::other(format!("the scanner says {answer:?}")))
    }
}

async fn ask(mut scanner: impl AsyncRead + AsyncWrite + Unpin, content: &[u8]) -> std::io::Result<String> {
    scanner.write_all(b"zINSTREAM\0").await?;
    for chunk in content.chunks(CHUNK_BYTES) {
        scanner.write_all(&u32::try_from(chunk.len()).unwrap_or_default().to_be_bytes()).await?;
        scanner.write_all(chunk).await?;
    }
    scanner.write_all(&0u32.to_be_bytes()).await?;
    scanner.flush().await?;
    let mut answer = Vec::new();
    scanner.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).trim_end_matches('\0').trim().to_owned())
}

/// `stream: OK`, `stream: <name> FOUND`; anything else is no verdict.
fn read(answer: &str) -> Option<Verdict> {
    let said = answer.strip_prefix("stream: ")?;
    match said.strip_suffix(" FOUND") {
        Some(found) => Some(Verdict::Found(found.to_owned())),
        None => (said == "OK").then_some(Verdict::Clean),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_of_two_kinds() {
        for good in ["tcp://127.0.0.1:3310", "unix:/run/clamav/clamd.ctl"] {
            assert_eq!(good.parse::<Scanner>().unwrap().to_string(), good);
        }
        for wrong in ["", "127.0.0.1:3310", "tcp://clamav", "unix:run/clamd", "http://a:1"] {
            assert!(wrong.parse::<Scanner>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_ok_is_clean() {
        assert_eq!(read("stream: OK"), Some(Verdict::Clean));
        assert_eq!(read("stream: Eicar-Signature FOUND"), Some(Verdict::Found("Eicar-Signature".to_owned())));
        for other in ["", "OK", "INSTREAM size limit exceeded. ERROR", "stream: x ERROR"] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
