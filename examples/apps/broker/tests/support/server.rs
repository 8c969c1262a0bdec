//! A Redis of one's own: on a free port of the loopback interface, with nothing on the disk.

use super::program::Running;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

pub(crate) struct Server {
    running: Running,
    port: u16,
    folder: PathBuf,
}

impl Server {
    pub(crate) fn start() -> Server {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("redis-{}", COUNT.fetch_add(1, Relaxed));
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&folder).unwrap();
        // Somebody else may take the port before Redis does: then another one.
        for _ in 0..10 {
            let free = TcpListener::bind(("127.0.0.1", 0)).unwrap();
            let port = free.local_addr().unwrap().port();
            drop(free);
            if let Some(running) = serve(port, &folder) {
                return Server {
                    running,
                    port,
                    folder,
                };
            }
        }
        panic!("Redis does not start");
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    pub(crate) fn stop(&mut self) {
        self.running.child.kill().unwrap();
        self.running.child.wait().unwrap();
    }

    pub(crate) fn restart(&mut self) {
        self.stop();
        self.running = serve(self.port, &self.folder).expect("it starts again");
    }

    /// It keeps its connections and does not answer any more.
    pub(crate) fn hang(&self) {
        let command = format!("kill -s STOP {}", self.running.child.id());
        let mut shell = Command::new("sh");
        assert!(shell.args(["-c", &command]).status().unwrap().success());
    }
}

fn serve(port: u16, folder: &PathBuf) -> Option<Running> {
    let mut command = Command::new("redis-server");
    command
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
        .args(["--save", "", "--appendonly", "no", "--dir"])
        .arg(folder);
    let mut running = Running::new(&mut command)
        .expect("redis-server is missing: apt-get install redis-server, or `cargo xtask broker`");
    running
        .sees("Ready to accept connections")
        .then_some(running)
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
