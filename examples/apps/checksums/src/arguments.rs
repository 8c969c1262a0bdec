//! The command line.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

pub(crate) const USAGE: &str = "usage: checksums FOLDER --output FILE [--state FILE]
    --output FILE   where the checksums go, sorted by name
    --state FILE    where they are kept if it is stopped (default: the output's name and `.state`)";

#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) folder: PathBuf,
    pub(crate) output: PathBuf,
    pub(crate) state: PathBuf,
    /// For tests, who have to be faster than it.
    pub(crate) slow_file: Duration,
    pub(crate) slow_cleanup: Duration,
}

impl Arguments {
    pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Self, String> {
        let (mut folder, mut output, mut state) = (None, None, None);
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            let place = match argument.to_str() {
                Some("--output") => &mut output,
                Some("--state") => &mut state,
                Some(option) if option.starts_with('-') => {
                    return Err(format!("there is no option `{option}`"));
                }
                _ => {
                    if folder.is_some() {
                        let extra = argument.to_string_lossy();
                        return Err(format!("one folder at a time, so not `{extra}`, too"));
                    }
                    folder = Some(PathBuf::from(argument));
                    continue;
                }
            };
            let Some(file) = arguments.next() else {
                return Err(format!("`{}` needs a file", argument.to_string_lossy()));
            };
            *place = Some(PathBuf::from(file));
        }
        let folder = folder.ok_or("which folder?")?;
        let output = output.ok_or("where to? `--output` is missing")?;
        let state = state.unwrap_or_else(|| {
            let mut name = output.clone().into_os_string();
            name.push(".state");
            name.into()
        });
        if state == output {
            return Err("the output and the state have to be two files".into());
        }
        Ok(Arguments {
            folder,
            output,
            state,
            slow_file: milliseconds("CHECKSUMS_SLOW_FILE_MS"),
            slow_cleanup: milliseconds("CHECKSUMS_SLOW_CLEANUP_MS"),
        })
    }
}

fn milliseconds(variable: &str) -> Duration {
    let text = env::var(variable).unwrap_or_default();
    Duration::from_millis(text.parse().unwrap_or(0))
}
