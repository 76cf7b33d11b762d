//! The beginning and the end of an output.

/// Keeps the first half of a number of bytes, and the last.
pub(super) struct Kept {
    half: usize,
    head: Vec<u8>,
    tail: std::collections::VecDeque<u8>,
    dropped: u64,
}

impl Kept {
    pub fn new(bytes: usize) -> Self {
        Self { half: bytes / 2, head: Vec::new(), tail: std::collections::VecDeque::new(), dropped: 0 }
    }

    pub fn push(&mut self, bytes: &[u8]) {
        let room = (self.half - self.head.len()).min(bytes.len());
        let (first, rest) = bytes.split_at(room);
        self.head.extend_from_slice(first);
        self.tail.extend(rest);
        let surplus = self.tail.len().saturating_sub(self.half);
        self.tail.drain(..surplus);
        self.dropped += surplus as u64;
    }

    /// The text, and how many bytes are missing in its middle.
    pub fn text(self) -> (String, u64) {
        let Self { mut head, tail, dropped, .. } = self;
        if dropped > 0 {
            head.extend_from_slice(format!("\n[... {dropped} bytes left out ...]\n").as_bytes());
        }
        head.extend(tail);
        (String::from_utf8_lossy(&head).into_owned(), dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_and_the_end_are_kept() {
        let mut kept = Kept::new(8);
        for part in ["ab", "cdef", "ghijklmn", ""] {
            kept.push(part.as_bytes());
        }
        assert_eq!(kept.text(), ("abcd\n[... 6 bytes left out ...]\nklmn".into(), 6));
        let mut kept = Kept::new(8);
        kept.push(b"abcdefgh");
        assert_eq!(kept.text(), ("abcdefgh".into(), 0));
        let mut kept = Kept::new(0);
        kept.push(b"abc");
        assert_eq!(kept.text().1, 3);
    }
}
