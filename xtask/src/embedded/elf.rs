//! The symbols of a program, to see whether a heap is linked.

use crate::run::Outcome;
use std::path::Path;

/// What allocating leaves behind in the names of symbols: the functions that the compiler makes for an
/// allocator, and the crate `alloc` as both manglings write it.
const TRACES: [&str; 4] = ["__rust_alloc", "__rust_dealloc", "_5alloc", "_ZN5alloc"];

/// Fails if a symbol of the program has to do with a heap.
pub(super) fn has_no_heap(file: &Path) -> Outcome {
    let traces = traces(file)?;
    match traces.first() {
        None => Ok(()),
        Some(symbol) => Err(format!(
            "a heap is linked: {symbol} and {} more",
            traces.len() - 1
        )),
    }
}

/// Fails if no symbol has: then `has_no_heap` would say nothing.
pub(super) fn has_heap(file: &Path) -> Outcome {
    match traces(file)?.is_empty() {
        true => Err("a program with a heap has no trace of it".into()),
        false => Ok(()),
    }
}

fn traces(file: &Path) -> Result<Vec<String>, String> {
    let bytes = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let symbols = symbols(&bytes).ok_or("not an ELF file of 32 bits with symbols")?;
    let is_trace = |name: &String| TRACES.iter().any(|trace| name.contains(trace));
    Ok(symbols.into_iter().filter(is_trace).collect())
}

/// The names in the symbol table of a little-endian ELF file of 32 bits.
fn symbols(file: &[u8]) -> Option<Vec<String>> {
    const SYMBOLS: u32 = 2;
    if file.get(..6)? != b"\x7fELF\x01\x01" {
        return None;
    }
    let section = |index: usize| {
        let (headers, size) = (word(file, 32)? as usize, half(file, 46)? as usize);
        file.get(headers + index * size..)
    };
    let content = |header: &[u8]| {
        let (at, size) = (word(header, 16)? as usize, word(header, 20)? as usize);
        file.get(at..at + size)
    };
    let count = half(file, 48)? as usize;
    let table = (0..count)
        .filter_map(section)
        .find(|header| word(header, 4) == Some(SYMBOLS))?;
    let names = content(section(word(table, 24)? as usize)?)?;
    let name = |symbol: &[u8]| {
        let name = names.get(word(symbol, 0)? as usize..)?;
        let end = name.iter().position(|byte| *byte == 0)?;
        Some(String::from_utf8_lossy(&name[..end]).into_owned())
    };
    content(table)?.chunks_exact(16).map(name).collect()
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}
