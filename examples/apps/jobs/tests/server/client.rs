//! As little of an HTTP client as will do: one request per connection.

use serde_json::Value;
use smol::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use smol::net::TcpStream;
use std::net::SocketAddr;

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// A request whose answer has not been read. Dropped, the client has left.
pub(crate) struct Open {
    reader: BufReader<TcpStream>,
}

/// Sends a request as it is written here.
pub(crate) async fn raw(address: SocketAddr, request: &str) -> Open {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    Open {
        reader: BufReader::new(stream),
    }
}

pub(crate) async fn open(address: SocketAddr, method: &str, path: &str, body: &str) -> Open {
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    raw(address, &request).await
}

pub(crate) async fn get(address: SocketAddr, path: &str) -> Reply {
    open(address, "GET", path, "").await.reply().await
}

pub(crate) async fn post(address: SocketAddr, path: &str, body: &Value) -> Reply {
    let body = body.to_string();
    open(address, "POST", path, &body).await.reply().await
}

impl Open {
    /// The status, and all of the head.
    async fn head(&mut self) -> (u16, String) {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let mut line = String::new();
            let read = self.reader.read_line(&mut line).await.unwrap();
            assert_ne!(read, 0, "the server has hung up: {head}");
            head += &line;
        }
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        (status.expect("a status"), head)
    }

    pub(crate) async fn reply(mut self) -> Reply {
        let (status, head) = self.head().await;
        let mut body = String::new();
        self.reader.read_to_string(&mut body).await.unwrap();
        Reply { status, head, body }
    }

    /// The answer is a stream of events.
    pub(crate) async fn events(mut self) -> Events {
        let (status, head) = self.head().await;
        assert_eq!(status, 200, "{head}");
        assert!(head.contains("text/event-stream"), "{head}");
        assert!(head.contains("chunked"), "{head}");
        Events {
            reader: self.reader,
            text: String::new(),
        }
    }
}

/// Server-sent events, taken out of the chunks that they come in.
pub(crate) struct Events {
    reader: BufReader<TcpStream>,
    text: String,
}

impl Events {
    /// The name and the data of the next one, if there is one.
    pub(crate) async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                // (A comment is none.)
                if let Some(event) = parse(&event) {
                    return Some(event);
                }
                continue;
            }
            let chunk = self.chunk().await?;
            self.text += &chunk;
        }
    }

    async fn chunk(&mut self) -> Option<String> {
        let mut size = String::new();
        self.reader.read_line(&mut size).await.unwrap();
        let size = usize::from_str_radix(size.trim(), 16).expect("the size of a chunk");
        let mut bytes = vec![0; size + 2];
        self.reader.read_exact(&mut bytes).await.unwrap();
        assert!(bytes.ends_with(b"\r\n"));
        bytes.truncate(size);
        (size != 0).then(|| String::from_utf8(bytes).unwrap())
    }
}

fn parse(event: &str) -> Option<(String, Value)> {
    let (name, data) = event.strip_prefix("event: ")?.split_once("\ndata: ")?;
    Some((name.to_owned(), serde_json::from_str(data).unwrap()))
}
