//! A git pack and its index, version 2: the form for many objects at once. Two durable files instead of thousands, and versions of
//! the same file are stored as differences.

use super::delta::{self, Lines};
use super::disk;
use super::error::{Error, Result};
use super::objects::deflate;
use gix::ObjectId;
use gix::objs::Kind;
use std::collections::HashMap;
use std::io;
use std::path::Path;

/// Versions of a file that are stored as differences in a row. Reading the last of them undoes as many.
const MAX_CHAIN: usize = 50;
const OFFSET_DELTA: u8 = 6;

/// Held in memory until it is saved: compressed, with one version of each series in full.
#[derive(Default)]
pub(super) struct Pack {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    series: HashMap<String, Base>,
}

struct Entry {
    id: ObjectId,
    crc: u32,
    offset: u64,
}

struct Base {
    offset: u64,
    chain: usize,
    lines: Lines,
}

impl Pack {
    pub fn add(&mut self, id: ObjectId, kind: Kind, bytes: &[u8], series: Option<&str>) -> io::Result<()> {
        let offset = self.bytes.len() as u64 + 12;
        let mut chain = 0;
        let base = series.and_then(|name| self.series.get(name)).filter(|base| base.chain < MAX_CHAIN);
        let difference =
            base.map(|base| (base, delta::encode(&base.lines, bytes))).filter(|(_, delta)| delta.len() < bytes.len() / 2);
        let start = self.bytes.len();
        if let Some((base, delta)) = difference {
            chain = base.chain + 1;
            let back = offset - base.offset;
            entry_header(&mut self.bytes, OFFSET_DELTA, delta.len());
            entry_offset(&mut self.bytes, back);
            self.bytes.extend(deflate(&[&delta])?);
        } else {
            let kind = match kind {
                Kind::Commit => 1,
                Kind::Tree => 2,
                Kind::Blob => 3,
                Kind::Tag => 4,
            };
            entry_header(&mut self.bytes, kind, bytes.len());
            self.bytes.extend(deflate(&[bytes])?);
        }
        let crc = crc32(&self.bytes[start..]);
        self.entries.push(Entry { id, crc, offset });
        if let Some(name) = series {
            self.series.insert(name.to_owned(), Base { offset, chain, lines: Lines::new(bytes.to_vec()) });
        }
        Ok(())
    }

    /// Both files durable, the index last: without it git doesn't see the pack.
    pub fn save(mut self, folder: &Path) -> Result<()> {
        if self.entries.is_empty() {
            return Ok(());
        }
        let wrong = || Error::git("a pack's sum", folder);
        let mut pack = b"PACK\0\0\0\x02".to_vec();
        pack.extend((self.entries.len() as u32).to_be_bytes());
        pack.append(&mut self.bytes);
        let sum = sha1(&pack).map_err(wrong())?;
        pack.extend(sum.as_bytes());
        let mut index = self.index(&sum);
        let index_sum = sha1(&index).map_err(wrong())?;
        index.extend(index_sum.as_bytes());
        let name = |end: &str| folder.join(format!("pack-{sum}.{end}"));
        let (staged_pack, staged_index) = (folder.join("tmp_pack_kairos"), folder.join("tmp_idx_kairos"));
        disk::stage(&staged_pack, &pack, None)?;
        disk::stage(&staged_index, &index, None)?;
        disk::rename(&staged_pack, &name("pack"))?;
        disk::rename(&staged_index, &name("idx"))?;
        disk::sync_folder(folder)
    }

    fn index(&mut self, sum: &ObjectId) -> Vec<u8> {
        self.entries.sort_unstable_by_key(|entry| entry.id);
        let mut index = b"\xfftOc\0\0\0\x02".to_vec();
        for byte in 0..=u8::MAX {
            let count = self.entries.partition_point(|entry| entry.id.as_bytes()[0] <= byte);
            index.extend((count as u32).to_be_bytes());
        }
        self.entries.iter().for_each(|entry| index.extend(entry.id.as_bytes()));
        self.entries.iter().for_each(|entry| index.extend(entry.crc.to_be_bytes()));
        let mut far = Vec::new();
        for entry in &self.entries {
            let near = u32::try_from(entry.offset).ok().filter(|offset| offset >> 31 == 0);
            index.extend(near.unwrap_or((1 << 31) | (far.len() / 8) as u32).to_be_bytes());
            if near.is_none() {
                far.extend(entry.offset.to_be_bytes());
            }
        }
        index.append(&mut far);
        index.extend(sum.as_bytes());
        index
    }
}

fn sha1(bytes: &[u8]) -> gix::Result<ObjectId> {
    let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha1);
    hasher.update(bytes);
    hasher.try_finalize()
}

fn entry_header(out: &mut Vec<u8>, kind: u8, mut size: usize) {
    let mut byte = kind << 4 | (size & 15) as u8;
    size >>= 4;
    while size > 0 {
        out.push(byte | 0x80);
        byte = (size & 0x7f) as u8;
        size >>= 7;
    }
    out.push(byte);
}

/// How far back the base lies, seven bits a byte, the highest first.
fn entry_offset(out: &mut Vec<u8>, mut back: u64) {
    let mut bytes = vec![(back & 0x7f) as u8];
    back >>= 7;
    while back > 0 {
        back -= 1;
        bytes.push(0x80 | (back & 0x7f) as u8);
        back >>= 7;
    }
    out.extend(bytes.iter().rev());
}

fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut n = 0;
        while n < 256 {
            let mut value = n as u32;
            let mut bit = 0;
            while bit < 8 {
                value = if value & 1 == 1 { 0xedb8_8320 ^ (value >> 1) } else { value >> 1 };
                bit += 1;
            }
            table[n] = value;
            n += 1;
        }
        table
    };
    !bytes.iter().fold(!0, |crc, byte| TABLE[((crc ^ u32::from(*byte)) & 0xff) as usize] ^ (crc >> 8))
}
