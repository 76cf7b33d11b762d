//! The difference of two versions of a text in git's delta form, found by whole lines: notes and ledgers change line by line.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// A version, and where its lines begin.
pub(super) struct Lines {
    bytes: Vec<u8>,
    starts: HashMap<u64, usize>,
}

impl Lines {
    pub fn new(bytes: Vec<u8>) -> Self {
        let mut starts = HashMap::new();
        let mut at = 0;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            starts.entry(hash(line)).or_insert(at);
            at += line.len();
        }
        Self { bytes, starts }
    }
}

/// What makes `to` out of `from`.
pub(super) fn encode(from: &Lines, to: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    size(&mut out, from.bytes.len());
    size(&mut out, to.len());
    let mut copied: Option<(usize, usize)> = None;
    let mut fresh: &[u8] = &[];
    let mut at = 0;
    for line in to.split_inclusive(|byte| *byte == b'\n') {
        let end = at + line.len();
        let stands = |start: usize| from.bytes.get(start..start + line.len()) == Some(line);
        let goes_on = copied.map(|(start, length)| start + length).filter(|next| stands(*next));
        if let (Some(_), Some((_, length))) = (goes_on, &mut copied) {
            *length += line.len();
        } else if let Some(start) = from.starts.get(&hash(line)).copied().filter(|start| stands(*start)) {
            flush(&mut out, copied.replace((start, line.len())), std::mem::take(&mut fresh));
        } else {
            if let Some(range) = copied.take() {
                flush(&mut out, Some(range), &[]);
            }
            fresh = &to[at - fresh.len()..end];
        }
        at = end;
    }
    flush(&mut out, copied, fresh);
    out
}

/// Never both: a run of copied lines ends where fresh ones begin.
fn flush(out: &mut Vec<u8>, copied: Option<(usize, usize)>, fresh: &[u8]) {
    if let Some((mut start, mut length)) = copied {
        while length > 0 {
            let now = length.min(0xff_ffff);
            copy(out, start, now);
            start += now;
            length -= now;
        }
    }
    for part in fresh.chunks(0x7f) {
        out.push(part.len() as u8);
        out.extend_from_slice(part);
    }
}

fn copy(out: &mut Vec<u8>, start: usize, length: usize) {
    let at = out.len();
    out.push(0x80);
    for (bit, byte) in
        (start as u32).to_le_bytes().into_iter().chain((length as u32).to_le_bytes().into_iter().take(3)).enumerate()
    {
        if byte != 0 {
            out[at] |= 1 << bit;
            out.push(byte);
        }
    }
}

fn size(out: &mut Vec<u8>, mut size: usize) {
    while size > 0x7f {
        out.push((size & 0x7f) as u8 | 0x80);
        size >>= 7;
    }
    out.push(size as u8);
}

fn hash(line: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    line.hash(&mut hasher);
    hasher.finish()
}
