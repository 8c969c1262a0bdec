//! One file.

use crate::state::{Hashed, Stamp};
use cancel_smol::{Cancelled, Cx};
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// How much is read between two looks at whether to stop.
const PIECE: usize = 64 * 1024;

/// Blocks. The inner error is the file's; `read` is told the size of each piece.
pub(crate) fn hash(
    cx: &Cx,
    path: &Path,
    mut read: impl FnMut(u64),
) -> Result<io::Result<Hashed>, Cancelled> {
    let (mut file, stamp) = match open(path) {
        Ok(opened) => opened,
        Err(error) => return Ok(Err(error)),
    };
    let mut hasher = blake3::Hasher::new();
    let mut piece = vec![0; PIECE];
    loop {
        cx.check()?;
        match file.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => {
                hasher.update(&piece[..count]);
                read(count as u64);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Ok(Err(error)),
        }
    }
    let hash = hasher.finalize().to_hex().to_string();
    Ok(match file.metadata().and_then(|now| Stamp::of(&now)) {
        Ok(now) if now == stamp => Ok(Hashed { hash, stamp }),
        Ok(_) => Err(io::Error::other("it changed while it was read")),
        Err(error) => Err(error),
    })
}

fn open(path: &Path) -> io::Result<(File, Stamp)> {
    let file = File::open(path)?;
    let stamp = Stamp::of(&file.metadata()?)?;
    Ok((file, stamp))
}
