//! What an ELF file of a Cortex-M says about itself.

use object::read::elf::ElfFile32;
use object::{Object, ObjectSection, ObjectSymbol, SectionFlags, SectionKind, elf};
use std::path::{Path, PathBuf};

/// Bytes of a program.
#[derive(Clone, Copy)]
pub(super) struct Bytes {
    /// Everything that is written into the machine: vectors, code, constants, initial values.
    pub(super) flash: u64,
    /// Everything static that can be written. The stack comes on top.
    pub(super) ram: u64,
}

pub(super) struct Elf {
    path: PathBuf,
    data: Vec<u8>,
}

impl Elf {
    pub(super) fn read(path: PathBuf) -> Result<Elf, String> {
        let data = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Elf { path, data })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn file(&self) -> Result<ElfFile32<'_>, String> {
        ElfFile32::parse(&*self.data).map_err(|error| self.wrong(error))
    }

    fn wrong(&self, what: impl std::fmt::Display) -> String {
        format!("{}: {what}", self.path.display())
    }

    pub(super) fn bytes(&self) -> Result<Bytes, String> {
        let mut bytes = Bytes { flash: 0, ram: 0 };
        for section in self.file()?.sections() {
            let SectionFlags::Elf { sh_flags } = section.flags() else {
                continue;
            };
            if sh_flags & u64::from(elf::SHF_ALLOC) == 0 {
                continue;
            }
            let zeroed = section.kind() == SectionKind::UninitializedData;
            if !zeroed {
                bytes.flash += section.size();
            }
            if zeroed || sh_flags & u64::from(elf::SHF_WRITE) != 0 {
                bytes.ram += section.size();
            }
        }
        Ok(bytes)
    }

    /// The size that a symbol says it has.
    pub(super) fn size_of(&self, name: &str) -> Result<u64, String> {
        let file = self.file()?;
        let symbol = file.symbol_by_name(name);
        symbol
            .map(|symbol| symbol.size())
            .ok_or_else(|| self.wrong(format!("no symbol {name}")))
    }

    /// The number of Thumb instructions of a function, without the constants that may stand behind
    /// them.
    pub(super) fn instructions(&self, name: &str) -> Result<u64, String> {
        let file = self.file()?;
        let symbol = file
            .symbol_by_name(name)
            .ok_or_else(|| self.wrong(format!("no symbol {name}")))?;
        let begin = symbol.address() & !1; // (the lowest bit says that it is Thumb)
        let mut end = begin + symbol.size();
        // By the ABI `$d` marks where data begins.
        for mark in file.symbols() {
            let data = mark.name().is_ok_and(|name| name.starts_with("$d"));
            if data && (begin..end).contains(&mark.address()) {
                end = mark.address();
            }
        }
        let code = file
            .sections()
            .find_map(|section| section.data_range(begin, end - begin).ok().flatten())
            .ok_or_else(|| self.wrong(format!("no code of {name}")))?;
        count(code).ok_or_else(|| self.wrong(format!("code of {name} ends within an instruction")))
    }
}

/// Counts Thumb instructions: of two bytes, or of four if the first five bits say so.
fn count(code: &[u8]) -> Option<u64> {
    let mut halves = code.chunks(2);
    let mut count = 0;
    while let Some(half) = halves.next() {
        let &[_, high] = half else {
            return None;
        };
        if high >> 3 > 0b11100 {
            halves.next().filter(|half| half.len() == 2)?;
        }
        count += 1;
    }
    Some(count)
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn thumb_instructions_have_two_or_four_bytes() {
        // push {r7, lr}; add r7, sp, #0; ldr r0, [r0]; lsrs r0, r0, #31; dmb sy; pop {r7, pc}
        let code = [
            0x80, 0xb5, 0x00, 0xaf, 0x00, 0x68, 0xc0, 0x0f, 0xbf, 0xf3, 0x5f, 0x8f, 0x80, 0xbd,
        ];
        assert_eq!(count(&code), Some(6));
        assert_eq!(count(&[0xfe, 0xe7]), Some(1)); // b .
        assert_eq!(count(&[0xff, 0xe8, 0x00, 0x00]), Some(1)); // the lowest of four bytes
        assert_eq!(count(&code[..10]), None);
        assert_eq!(count(&code[..3]), None);
        assert_eq!(count(&[]), Some(0));
    }
}
