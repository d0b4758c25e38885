//! Connections as they come in: so many at once, and of those none for long that says nothing. When there is no room for another,
//! whoever has said nothing for longest has to go, so that silence keeps nobody out.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::transport::server::{Connected, TcpConnectInfo};

/// Before the next connection is taken, where the system has no room for it.
const NO_ROOM_WAIT: Duration = Duration::from_millis(100);

/// What connections may cost before anybody is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Connections at once.
    pub connections_max: usize,
    /// Bytes that somebody has to have sent to count as no silent one: what the protocol begins with.
    pub greeting_bytes: usize,
    /// Until they are there.
    pub greeting_max: Duration,
}

/// A listener with bounds.
pub struct Entrance {
    listener: TcpListener,
    room: Room,
    free: Arc<Semaphore>,
    silent: Arc<Mutex<VecDeque<Silent>>>,
}

/// A connection that has not said enough yet, or had not.
struct Silent {
    has_spoken: Arc<AtomicBool>,
    go: CancellationToken,
}

impl Entrance {
    #[must_use]
    pub fn new(listener: TcpListener, room: Room) -> Self {
        let free = Arc::new(Semaphore::new(room.connections_max));
        Self { listener, room, free, silent: Arc::default() }
    }

    /// The next one who comes. What the system has no room for is waited for.
    pub async fn accept(&self) -> Guest {
        let (stream, _) = loop {
            match self.listener.accept().await {
                Ok(accepted) => break accepted,
                Err(error) => {
                    tracing::warn!(%error, "no connection can be taken");
                    sleep(NO_ROOM_WAIT).await;
                }
            }
        };
        let permit = self.permit().await;
        // Answers are written at once; without it they may wait for the other end.
        let _best_effort = stream.set_nodelay(true);
        let (has_spoken, go) = (Arc::new(AtomicBool::new(false)), CancellationToken::new());
        let mut silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        if silent.len() >= 2 * self.room.connections_max {
            silent.retain(|known| !known.has_spoken.load(Ordering::Relaxed));
        }
        silent.push_back(Silent { has_spoken: Arc::clone(&has_spoken), go: go.clone() });
        drop(silent);
        let greeting = Greeting {
            bytes_left: self.room.greeting_bytes,
            too_late: Box::pin(sleep(self.room.greeting_max)),
            go: Box::pin(go.cancelled_owned()),
        };
        Guest { stream, greeting: Some(greeting), has_spoken, _permit: permit }
    }

    /// Room for one. Where there is none the longest silent one is sent away.
    async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() {
            return Some(permit);
        }
        metrics::counter!("connections_full_total").increment(1);
        loop {
            let longest = self.silent.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            match longest {
                Some(known) if known.has_spoken.load(Ordering::Relaxed) => {}
                Some(known) => {
                    known.go.cancel();
                    break;
                }
                None => break,
            }
        }
        Arc::clone(&self.free).acquire_owned().await.ok()
    }

    /// As a stream, for a server that takes one.
    pub(crate) fn into_stream(self) -> impl futures::Stream<Item = io::Result<Guest>> {
        futures::stream::unfold(self, |entrance| async move {
            let guest = entrance.accept().await;
            Some((Ok(guest), entrance))
        })
    }
}

/// A connection that has been let in.
pub struct Guest {
    stream: TcpStream,
    /// None once enough was said.
    greeting: Option<Greeting>,
    has_spoken: Arc<AtomicBool>,
    _permit: Option<OwnedSemaphorePermit>,
}

struct Greeting {
    bytes_left: usize,
    too_late: Pin<Box<Sleep>>,
    go: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Drop for Guest {
    fn drop(&mut self) {
        // Who has gone is not sent away.
        self.has_spoken.store(true, Ordering::Relaxed);
    }
}

impl AsyncRead for Guest {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { stream, greeting, has_spoken, .. } = &mut *self;
        let before = buffer.filled().len();
        let read = Pin::new(stream).poll_read(context, buffer);
        let Some(waited_for) = greeting else { return read };
        if read.is_pending() {
            if waited_for.too_late.as_mut().poll(context).is_ready() || waited_for.go.as_mut().poll(context).is_ready()
            {
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "nothing was said in time")));
            }
            return Poll::Pending;
        }
        ready!(read)?;
        waited_for.bytes_left = waited_for.bytes_left.saturating_sub(buffer.filled().len() - before);
        if waited_for.bytes_left == 0 {
            has_spoken.store(true, Ordering::Relaxed);
            *greeting = None;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Guest {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

impl Connected for Guest {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> Self::ConnectInfo {
        self.stream.connect_info()
    }
}
