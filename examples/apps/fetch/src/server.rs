//! A server that stalls on demand. It is an operation, and each connection a task of its group: when
//! it is cancelled, all of them are closed.
//!
//! * `/` answers at once.
//! * `/headers` never answers.
//! * `/body` sends a quarter of what it announced.
//! * `/flaky` is unavailable twice, and answers the third call.
//! * `/down` is always unavailable.

use cancel_smol::{Cancelable, Operation};
use smol::channel::{Receiver, Sender, unbounded};
use smol::io::{AsyncReadExt, AsyncWriteExt};
use smol::net::{TcpListener, TcpStream};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const GREETING: &str = "Hello from a server that could do otherwise.\n";

/// A running server, on a port of its own of the loopback interface.
pub struct Server {
    address: SocketAddr,
    op: Operation,
    task: smol::Task<()>,
    hang_ups: Receiver<String>,
}

/// What the connections share.
#[derive(Clone)]
struct Shared {
    flaky: Arc<AtomicU32>,
    hang_ups: Sender<String>,
}

impl Server {
    /// Starts one.
    ///
    /// # Errors
    ///
    /// If it gets no port.
    pub async fn start() -> io::Result<Server> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (send, hang_ups) = unbounded();
        let shared = Shared {
            flaky: Arc::default(),
            hang_ups: send,
        };
        let op = Cancelable::new().name("server").build();
        let serving = op.run_group(async move |group| {
            // (An error of one connection is nothing that the others should suffer for.)
            loop {
                if let Ok((stream, _)) = listener.accept().await {
                    let shared = shared.clone();
                    group.spawn(move |_| async move {
                        let _ = serve(stream, shared).await;
                    });
                }
            }
        });
        let task = smol::spawn(async move {
            let _: Result<(), _> = serving.await;
        });
        Ok(Server {
            address,
            op,
            task,
            hang_ups,
        })
    }

    /// The address of a page of it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Waits for the next client that hangs up in the middle of a stall: at which path that was.
    pub async fn hang_up(&self) -> Option<String> {
        self.hang_ups.recv().await.ok()
    }

    /// Closes everything, and waits for that.
    pub async fn stop(self) {
        self.op.cancel();
        self.task.await;
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

async fn serve(mut stream: TcpStream, shared: Shared) -> io::Result<()> {
    let path = read_request(&mut stream).await?;
    match path.as_str() {
        "/" => answer(&mut stream, "200 OK", GREETING).await,
        "/headers" => stall(stream, path, shared).await,
        "/body" => {
            let beginning = "x".repeat(1024);
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: 4096\r\n\r\n{beginning}");
            stream.write_all(head.as_bytes()).await?;
            stall(stream, path, shared).await
        }
        // Relaxed: it only counts.
        "/flaky" if shared.flaky.fetch_add(1, Ordering::Relaxed) % 3 == 2 => {
            answer(&mut stream, "200 OK", GREETING).await
        }
        "/flaky" | "/down" => answer(&mut stream, "503 Service Unavailable", "").await,
        _ => answer(&mut stream, "404 Not Found", "").await,
    }
}

/// Reads the head of a request, and gives its path.
async fn read_request(stream: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    let mut chunk = [0; 1024];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let length = stream.read(&mut chunk).await?;
        if length == 0 || head.len() > 16 * 1024 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        head.extend_from_slice(&chunk[..length]);
    }
    let head = String::from_utf8_lossy(&head);
    let path = head.split(' ').nth(1).unwrap_or_default();
    Ok(path.to_string())
}

async fn answer(stream: &mut TcpStream, status: &str, body: &str) -> io::Result<()> {
    let length = body.len();
    let answer =
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
    stream.write_all(answer.as_bytes()).await?;
    stream.close().await
}

/// Does nothing until the client has had enough.
async fn stall(mut stream: TcpStream, path: String, shared: Shared) -> io::Result<()> {
    let mut nothing = [0; 1];
    // Nothing more is to come: the end, or an error.
    while matches!(stream.read(&mut nothing).await, Ok(1..)) {}
    let _ = shared.hang_ups.send(path).await;
    Ok(())
}

/// A server that is too busy to accept: its queue is full, so the system answers nobody who wants to
/// connect. (That is what Unix does. Windows refuses them instead.)
#[derive(Debug)]
pub struct Clogged {
    listener: TcpListener,
    _queue: Vec<TcpStream>,
}

impl Clogged {
    /// Binds a port, and fills its queue.
    ///
    /// # Errors
    ///
    /// If it gets no port.
    pub async fn start() -> io::Result<Clogged> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let mut queue = Vec::new();
        // The length of the queue is up to the standard library (128) and to the system.
        while queue.len() < 5000 {
            let wait = Cancelable::with_timeout(Duration::from_millis(50));
            match wait.run(async |_| TcpStream::connect(address).await).await {
                Ok(Ok(stream)) => queue.push(stream),
                _ => break, // full
            }
        }
        Ok(Clogged {
            listener,
            _queue: queue,
        })
    }

    /// The address of a page of it, if it had any.
    ///
    /// # Errors
    ///
    /// If the system does not tell.
    pub fn url(&self, path: &str) -> io::Result<String> {
        Ok(format!("http://{}{path}", self.listener.local_addr()?))
    }
}
