//! Streams of `io::Result`, as readers give them.

use cancel_std::{Cancelable, Cancelled};
use smol::io::{AsyncBufReadExt, BufReader};
use smol::stream::{self, StreamExt};
use std::io::{self, ErrorKind};

#[test]
fn x31_a_stream_of_io_results() {
    let op = Cancelable::new().build();
    let mut lines = Vec::new();
    let run = op.try_run(async |cx| -> io::Result<()> {
        let mut source = cx.try_stream(BufReader::new(&b"one\ntwo\n"[..]).lines());
        while let Some(line) = source.try_next().await? {
            lines.push(line);
        }
        Ok(())
    });
    smol::block_on(run).unwrap();
    assert_eq!(lines, ["one", "two"]);

    let op = Cancelable::new().build();
    let mut items = op.try_stream(stream::repeat_with(|| io::Result::Ok(1)));
    assert_eq!(smol::block_on(items.next()).unwrap().unwrap(), 1);
    op.cancel_with("enough");
    let last = smol::block_on(items.next()).unwrap().unwrap_err();
    assert_eq!(last.kind(), ErrorKind::Other);
    let cancelled = Cancelled::from_io(&last).unwrap();
    assert_eq!(cancelled.message(), Some("enough"));
    assert!(smol::block_on(items.next()).is_none());
}
