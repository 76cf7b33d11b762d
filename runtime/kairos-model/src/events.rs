//! Server-sent events, as far as the formats use them: the data of each event. Their names stand in the data once more.

/// Takes a stream apart, wherever it was cut on its way.
#[derive(Default)]
pub(crate) struct Events {
    /// A line whose end has not come.
    line: Vec<u8>,
    /// The data of an event whose end has not come; none before its first line.
    data: Option<Vec<u8>>,
    /// The last byte was a carriage return: a line feed behind it ends no other line.
    after_return: bool,
}

impl Events {
    /// Takes in the next bytes; answers the events that end with them.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut events = Vec::new();
        let mut rest = bytes;
        while let Some(first) = rest.first() {
            if std::mem::take(&mut self.after_return) && *first == b'\n' {
                rest = &rest[1..];
                continue;
            }
            let Some(end) = rest.iter().position(|b| matches!(b, b'\n' | b'\r')) else {
                self.line.extend_from_slice(rest);
                break;
            };
            self.line.extend_from_slice(&rest[..end]);
            self.after_return = rest[end] == b'\r';
            rest = &rest[end + 1..];
            events.extend(self.end_line());
        }
        events
    }

    /// An empty line ends an event.
    fn end_line(&mut self) -> Option<Vec<u8>> {
        if self.line.is_empty() {
            return self.data.take();
        }
        if let Some(value) = self.line.strip_prefix(b"data:") {
            let value = value.strip_prefix(b" ").unwrap_or(value);
            match &mut self.data {
                Some(data) => {
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
                None => self.data = Some(value.to_vec()),
            }
        }
        self.line.clear();
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_the_same_wherever_they_are_cut() {
        let stream = b": hello\r\nevent: a\r\ndata: {\"a\":\r\ndata:1}\r\n\r\ndata: two\n\nid: 3\n\ndata: \xc3\xa4\r\rdata: cut";
        let expected: [&[u8]; 3] = [b"{\"a\":\n1}", b"two", b"\xc3\xa4"];
        for cut in 0..=stream.len() {
            let mut events = Events::default();
            let mut found = events.feed(&stream[..cut]);
            found.extend(events.feed(&stream[cut..]));
            assert_eq!(found, expected, "cut at {cut}");
        }
        let mut events = Events::default();
        let found: Vec<_> = stream.iter().flat_map(|byte| events.feed(&[*byte])).collect();
        assert_eq!(found, expected);
    }
}
