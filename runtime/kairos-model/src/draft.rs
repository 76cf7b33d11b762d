//! An answer while it comes.

use crate::Heard;
use crate::events::Events;
use crate::wire::{Wire, input, with_sound_calls};
use kairos_core::model::{Call, Completion, Ending, Usage};
use serde_json::Value;

/// Most bytes of an answer's texts and inputs: the longest that may be asked for has a twentieth.
const MAX_TEXT: usize = 2 << 20;
/// Most calls of an answer.
const MAX_CALLS: usize = 128;

/// What is wrong with an answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is not of this form.
    Form(String),
    /// The server says in the middle of it that it can't go on: in its words, and as the status that this would have been.
    Stopped { status: Option<u16>, said: String },
}

impl Fault {
    pub(crate) fn form(what: &str) -> Self {
        Self::Form(what.into())
    }
}

/// What has come of an answer.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) text: String,
    calls: Vec<Started>,
    pub(crate) ending: Option<Ending>,
    /// What it says is why it does not answer.
    pub(crate) is_refusal: bool,
    /// None while the server has said nothing of it.
    pub(crate) usage: Option<Usage>,
    pub(crate) model: String,
    /// The server has said that this was all.
    pub(crate) is_over: bool,
}

#[derive(Debug)]
struct Started {
    /// By which the format tells it from others.
    index: u64,
    id: String,
    name: String,
    /// As far as it was written.
    input: String,
}

impl Draft {
    /// Nothing of use has come.
    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty() && self.calls.is_empty()
    }

    /// More of a call: of the one with this index, unless its id is another.
    pub(crate) fn call(&mut self, index: u64, id: &str, name: &str, input: &str) {
        let same = |c: &&mut Started| c.index == index && (id.is_empty() || c.id.is_empty() || c.id == id);
        match self.calls.iter_mut().rev().find(same) {
            Some(call) => {
                if call.id.is_empty() {
                    call.id = id.into();
                }
                if call.name.is_empty() {
                    call.name = name.into();
                }
                call.input.push_str(input);
            }
            None => self.calls.push(Started { index, id: id.into(), name: name.into(), input: input.into() }),
        }
    }

    fn check(&self) -> Result<(), Fault> {
        let size = self.text.len() + self.calls.iter().map(|c| c.name.len() + c.input.len()).sum::<usize>();
        if size > MAX_TEXT {
            return Err(Fault::Form(format!("it has more than {MAX_TEXT} bytes")));
        }
        if self.calls.len() > MAX_CALLS {
            return Err(Fault::Form(format!("it wants more than {MAX_CALLS} tools called at once")));
        }
        Ok(())
    }

    /// Is all of it here? Some servers say why they end, and what it took, and then just hang up.
    fn is_whole(&self) -> bool {
        self.ending.is_some() && (self.is_over || self.usage.is_some())
    }
}

/// Reads an answer, in events or as one piece of JSON: some servers know no streams. Does no I/O.
pub(crate) struct Reading<'a> {
    wire: &'a dyn Wire,
    events: Events,
    /// No events: all of it so far.
    plain: Option<Vec<u8>>,
    draft: Draft,
    /// Bytes other than white space have come.
    has_begun: bool,
    /// An event has come.
    has_events: bool,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(wire: &'a dyn Wire) -> Self {
        Self { wire, events: Events::default(), plain: None, draft: Draft::default(), has_begun: false, has_events: false }
    }

    /// Takes in the next bytes; `heard` gets the text in them.
    pub(crate) fn feed(&mut self, bytes: &[u8], heard: Heard<'_>) -> Result<(), Fault> {
        if let Some(plain) = &mut self.plain {
            plain.extend_from_slice(bytes);
        } else if !self.has_begun && bytes.trim_ascii_start().first() == Some(&b'{') {
            self.plain = Some(bytes.to_vec());
        } else {
            for data in self.events.feed(bytes) {
                let before = self.draft.text.len();
                self.take(&data)?;
                if self.draft.text.len() > before {
                    heard(&self.draft.text[before..]);
                }
            }
        }
        self.has_begun |= !bytes.trim_ascii().is_empty();
        Ok(())
    }

    fn take(&mut self, data: &[u8]) -> Result<(), Fault> {
        self.has_events = true;
        if self.draft.is_over {
            return Ok(());
        }
        if data.trim_ascii() == b"[DONE]" {
            self.draft.is_over = true;
            return Ok(());
        }
        let event: Value = serde_json::from_slice(data).map_err(|_| Fault::form("one of its events is no JSON"))?;
        self.wire.take(&event, &mut self.draft)?;
        self.draft.check()
    }

    /// Nothing more is to come.
    pub(crate) fn is_over(&self) -> bool {
        self.draft.is_over
    }

    /// Nothing of it was handed on.
    pub(crate) fn is_empty(&self) -> bool {
        self.draft.is_empty()
    }

    /// The whole answer, of which `heard` gets what it has not; and what it took, if the server says so.
    pub(crate) fn end(mut self, heard: Heard<'_>) -> Result<(Completion, Option<Usage>), Fault> {
        let plain = self.plain.take();
        let is_plain = plain.is_some();
        if let Some(plain) = plain {
            let event: Value = serde_json::from_slice(&plain).map_err(|_| Fault::form("it breaks off"))?;
            self.wire.take(&event, &mut self.draft)?;
            self.draft.check()?;
            heard(&self.draft.text);
        }
        if !self.draft.is_whole() {
            return Err(Fault::form(match (self.has_begun, self.has_events || is_plain) {
                (_, true) => "it breaks off",
                (true, false) => "it holds neither events nor JSON",
                (false, false) => "it is empty",
            }));
        }
        let Draft { text, calls, mut ending, is_refusal, usage, model, .. } = self.draft;
        if is_refusal {
            ending = Some(Ending::Refused);
        }
        let call = |c: Started| Call { id: c.id, name: c.name, input: input(&c.input) };
        let calls = calls.into_iter().map(call).collect();
        let ending = ending.unwrap_or(Ending::Other);
        let completion = Completion { text, calls, ending, usage: usage.unwrap_or_default(), model };
        Ok((with_sound_calls(completion), usage))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anthropic::Messages;
    use crate::find::Preset;
    use crate::openai::Chat;
    use serde_json::json;
    use std::sync::Mutex;

    const STREAMS: [(&dyn Wire, &str); 4] = [
        (&Messages, include_str!("../tests/streams/anthropic.sse")),
        (&Chat { preset: Preset::OpenAi }, include_str!("../tests/streams/openai.sse")),
        (&Chat { preset: Preset::LlamaCpp }, include_str!("../tests/streams/llamacpp.sse")),
        (&Chat { preset: Preset::Vllm }, include_str!("../tests/streams/plain.json")),
    ];

    type Read = Result<(Completion, Option<Usage>), Fault>;

    /// Reads these pieces; answers also what was heard.
    fn read(wire: &dyn Wire, pieces: &[&[u8]]) -> (String, Read) {
        let heard = Mutex::new(String::new());
        let listen = |text: &str| heard.lock().unwrap().push_str(text);
        let mut reading = Reading::new(wire);
        let fed = pieces.iter().try_for_each(|piece| reading.feed(piece, &listen));
        let answer = fed.and_then(|()| reading.end(&listen));
        (heard.into_inner().unwrap(), answer)
    }

    #[test]
    fn recorded_streams_are_understood() {
        for (wire, stream) in STREAMS {
            let (heard, answer) = read(wire, &[stream.as_bytes()]);
            let (answer, usage) = answer.unwrap();
            assert_eq!(answer.text, "Let me look \u{2014} at both.");
            assert_eq!(heard, answer.text);
            assert_eq!((answer.ending, usage), (Ending::Calls, Some(Usage { input: 480, cached: 400, output: 57 })));
            let calls: Vec<_> = answer.calls.iter().map(|c| (c.name.as_str(), c.input.clone())).collect();
            let (first, second) = (json!({"path": "src/a \u{fc}.rs", "lines": [1, 20]}), json!({}));
            assert_eq!(calls, [("read_file", first), ("git_status", second)]);
        }
    }

    #[test]
    fn cut_anywhere_a_stream_is_whole_or_none() {
        for (wire, stream) in STREAMS {
            let stream = stream.as_bytes();
            let whole = read(wire, &[stream]);
            let mut errors = 0;
            for cut in 0..=stream.len() {
                let (heard, answer) = read(wire, &[&stream[..cut]]);
                assert!(whole.0.starts_with(&heard));
                match answer {
                    Ok(_) => assert_eq!(answer.unwrap(), *whole.1.as_ref().unwrap(), "cut at {cut}"),
                    Err(fault) => errors += usize::from(matches!(fault, Fault::Form(_))),
                }
                assert_eq!(read(wire, &[&stream[..cut], &stream[cut..]]), whole, "in two at {cut}");
            }
            assert!(errors > stream.len() / 2, "only a cut behind all that counts does no harm");
            let bytes: Vec<&[u8]> = stream.chunks(1).collect();
            assert_eq!(read(wire, &bytes), whole);
        }
    }

    #[test]
    fn what_is_broken_is_told() {
        let form = |wire, stream: &str| match read(wire, &[stream.as_bytes()]).1 {
            Err(Fault::Form(what)) => what,
            other => panic!("{other:?}"),
        };
        assert_eq!(form(&Messages, ""), "it is empty");
        assert_eq!(form(&Messages, "<html>"), "it holds neither events nor JSON");
        assert_eq!(form(&Messages, "data: {\n\n"), "one of its events is no JSON");
        assert_eq!(form(&Messages, "data: [DONE]\n\n"), "it breaks off");
        assert_eq!(form(&Messages, "{\"content\": [}"), "it breaks off");
        let endless = |piece: &str| format!("data: {piece}\n\n").repeat(300);
        let text = json!({"choices": [{"delta": {"content": "x".repeat(10_000)}}]}).to_string();
        assert!(form(STREAMS[1].0, &endless(&text)).contains("bytes"));
        let mut stream = String::new();
        for index in 0..=MAX_CALLS {
            stream += &format!("data: {{\"choices\": [{{\"delta\": {{\"tool_calls\": [{{\"index\": {index}}}]}}}}]}}\n\n");
        }
        assert!(form(STREAMS[1].0, &stream).contains("tools"));
        let stopped = |wire, error: Value| read(wire, &[format!("data: {error}\n\n").as_bytes()]).1.unwrap_err();
        let overloaded = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
        assert_eq!(stopped(&Messages, overloaded), Fault::Stopped { status: Some(529), said: "Overloaded".into() });
        let slot = json!({"error": {"code": 500, "message": "no slot", "type": "server_error"}});
        assert_eq!(stopped(STREAMS[2].0, slot), Fault::Stopped { status: Some(500), said: "no slot".into() });
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, at in 0..2000_usize, which in 0..STREAMS.len()) {
            let (wire, stream) = STREAMS[which];
            let mut stream = stream.as_bytes().to_vec();
            let at = at.min(stream.len());
            let end = (at + bytes.len()).min(stream.len());
            stream.splice(at..end, bytes);
            let _ = read(wire, &[&stream]);
        }
    }
}
