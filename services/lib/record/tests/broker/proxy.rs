//! A wire between client and server that can lose an answer: the request arrives, what the server says to it does not.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;

/// A proxy in front of a server.
pub struct Proxy {
    pub url: String,
    wire: Arc<Mutex<Wire>>,
}

#[derive(Default)]
struct Wire {
    /// The answer to the next request that contains this is lost.
    lose_answer_to: Option<Vec<u8>>,
    lost: usize,
}

impl Proxy {
    pub async fn before(server: &str, tasks: &TaskTracker) -> Self {
        let server = server.trim_start_matches("nats://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("nats://{}", listener.local_addr().unwrap());
        let wire = Arc::new(Mutex::new(Wire::default()));
        let (accepted, on) = (Arc::clone(&wire), tasks.clone());
        tasks.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(&server).await else { continue };
                on.spawn(join(client, server, Arc::clone(&accepted)));
            }
        });
        Self { url, wire }
    }

    /// The next request that contains `needle` reaches the server; the connection breaks before the answer is back.
    pub fn lose_the_answer_to(&self, needle: &str) {
        self.wire.lock().unwrap().lose_answer_to = Some(needle.as_bytes().to_vec());
    }

    /// How many answers were lost, which proves that the fault took effect.
    pub fn lost(&self) -> usize {
        self.wire.lock().unwrap().lost
    }
}

async fn join(mut client: TcpStream, mut server: TcpStream, wire: Arc<Mutex<Wire>>) {
    let (mut up, mut down) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    let mut losing = false;
    loop {
        tokio::select! {
            read = client.read(&mut up) => {
                let Ok(length @ 1..) = read else { return };
                losing |= wire.lock().unwrap().is_wanted(&up[..length]);
                if server.write_all(&up[..length]).await.is_err() {
                    return;
                }
            }
            read = server.read(&mut down) => {
                let Ok(length @ 1..) = read else { return };
                // Whatever else the server sends meanwhile is lost as well; an answer to a publish has a sequence.
                if losing {
                    if contains(&down[..length], b"\"seq\":") {
                        wire.lock().unwrap().lost += 1;
                        return;
                    }
                } else if client.write_all(&down[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}

impl Wire {
    fn is_wanted(&mut self, bytes: &[u8]) -> bool {
        let wanted = self.lose_answer_to.as_ref().is_some_and(|needle| contains(bytes, needle));
        if wanted {
            self.lose_answer_to = None;
        }
        wanted
    }
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}
