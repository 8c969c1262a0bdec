//! `checksums FOLDER --output FILE [--state FILE]`: the hashes of all files below a folder.
//!
//! Ctrl-C stops it within 64 KiB, and saves what it has: the same command goes on from there. A second
//! Ctrl-C does not wait for that.

mod arguments;
mod atomic;
mod error;
mod hash;
mod names;
mod run;
mod state;
mod tree;

use arguments::{Arguments, USAGE};
use cancel_smol::Reason;
use error::Error;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = match Arguments::parse(std::env::args_os().skip(1)) {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("checksums: {error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run::run(&arguments) {
        Ok(count) => {
            println!("hashed: {count}, in {}", arguments.output.display());
            ExitCode::SUCCESS
        }
        Err(Error::Cancelled(cancelled)) => {
            eprintln!(
                "checksums: stopped by {}; the same command goes on from here",
                cancelled.message().unwrap_or("somebody")
            );
            match cancelled.reason() {
                // As shells count: 130 for Ctrl-C, 143 for `kill`.
                Reason::Signal(number) => ExitCode::from(128_u8.wrapping_add(number as u8)),
                _ => ExitCode::FAILURE,
            }
        }
        Err(Error::Failed(message)) => {
            eprintln!("checksums: {message}");
            ExitCode::FAILURE
        }
    }
}
