//! Functions that are cancelable operations by an attribute.
//!
//! Run it: `cargo run --example 04_decorated_functions` (with `-- --fast`: a tenth of the time)

use cancel_examples::seconds;
use cancel_smol::{CancelToken, Cancelled, Cx, cancelable};

/// The operation is injected: callers give `duration` only. What they get is a
/// `Result<String, Cancelled>`.
#[cancelable(timeout = seconds(2.0), name = "slow_operation({duration})")]
async fn slow_operation(cx: &Cx, duration: f64) -> String {
    let name = cx
        .operation()
        .context()
        .name()
        .unwrap_or_default()
        .to_string();
    cx.report_progress("sleeping");
    cx.sleep(seconds(duration)).await;
    format!("{name} completed")
}

/// An error type of one's own takes cancelations, too.
#[derive(Debug)]
enum LoadError {
    Empty,
    Cancelled(Cancelled),
}

impl From<Cancelled> for LoadError {
    fn from(cancelled: Cancelled) -> Self {
        LoadError::Cancelled(cancelled)
    }
}

impl std::fmt::Display for LoadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            LoadError::Empty => f.write_str("nothing to load"),
            LoadError::Cancelled(cancelled) => cancelled.fmt(f),
        }
    }
}

struct Loader {
    stop: CancelToken,
}

impl Loader {
    /// A method, and a token of its own. Not `async`: it blocks, and asks now and then.
    #[cancelable(token = self.stop)]
    fn load(&self, cx: &Cx, rows: u32) -> Result<u32, LoadError> {
        if rows == 0 {
            return Err(LoadError::Empty);
        }
        for row in 1..=rows {
            cx.sleep_blocking(seconds(0.1))?;
            println!("  row {row}");
            if row == 3 {
                self.stop.cancel_with("the user has seen enough");
            }
        }
        Ok(rows)
    }
}

fn main() {
    println!("A function with 2 seconds:");
    smol::block_on(async {
        for duration in [1.5, 3.0] {
            match slow_operation(duration).await {
                Ok(result) => println!("  Result: {result}"),
                Err(cancelled) => println!("  Operation was {cancelled}"),
            }
        }
    });

    println!("A method with a token:");
    let loader = Loader {
        stop: CancelToken::new(),
    };
    for rows in [0, 2, 10] {
        match loader.load(rows) {
            Ok(rows) => println!("  Loaded {rows} rows"),
            Err(error) => println!("  Error: {error}"),
        }
    }
}
