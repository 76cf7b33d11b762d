//! A turn in the transcript, and in one line.

use crate::now;
use crate::recorder::Recorder;
use kairos_core::memory::Origin;
use kairos_core::model::{Call, Completion, Part};
use kairos_turn::{Outcome, Witness};
use std::sync::{Arc, Mutex, PoisonError};

/// Most bytes of an outcome that the transcript keeps.
const MAX_OUTCOME: usize = 4 << 10;

/// Which model answers, as far as it has: known to the host alone. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Speaker(Arc<Mutex<String>>);

impl Speaker {
    /// In its provider's words; empty before the first answer.
    pub(super) fn name(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is(&self, model: &str) {
        model.clone_into(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Writes down what happens in a turn, whatever becomes of it.
pub(super) struct Log {
    recorder: Recorder,
    session: String,
    speaker: Speaker,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    questions: u32,
    calls: u32,
    tokens: u64,
}

impl Log {
    pub(super) fn new(recorder: Recorder, session: String) -> Self {
        Self { recorder, session, speaker: Speaker::default(), counts: Mutex::default() }
    }

    /// Whoever answers.
    pub(super) fn speaker(&self) -> Speaker {
        self.speaker.clone()
    }

    /// What the model was told.
    pub(super) fn told(&self, parts: &[Part]) {
        let text = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            // Memory is not fed to itself.
            Part::Untrusted { source, .. } if source == "memory" => String::new(),
            Part::Untrusted { source, text } => format!("{source}:\n{text}"),
            Part::Call(_) | Part::Outcome { .. } => String::new(),
        };
        let told: Vec<String> = parts.iter().map(text).filter(|t| !t.is_empty()).collect();
        self.keep(Origin::Plugin, "turn", &told.join("\n"));
    }

    /// What the user said.
    pub(super) fn said(&self, text: &str) {
        self.keep(Origin::User, "message", text);
    }

    /// For the user: `3 questions, 5 calls, 4,120 tokens`.
    pub(super) fn summary(&self) -> String {
        let counts = self.counts.lock().unwrap_or_else(|e| e.into_inner());
        let many = |n: u32, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
        format!("{}, {}, {} tokens", many(counts.questions, "question"), many(counts.calls, "call"), counts.tokens)
    }

    fn keep(&self, origin: Origin, kind: &str, text: &str) {
        self.recorder.turn(origin, kind, text, &self.session, now());
    }
}

impl Witness for Log {
    fn answered(&self, completion: &Completion) {
        self.speaker.is(&completion.model);
        let mut counts = self.counts.lock().unwrap_or_else(|e| e.into_inner());
        counts.questions += 1;
        counts.tokens += completion.usage.input + completion.usage.output;
        drop(counts);
        if !completion.text.trim().is_empty() {
            self.keep(Origin::Model, "turn.answer", &completion.text);
        }
    }

    fn called(&self, call: &Call) {
        self.counts.lock().unwrap_or_else(|e| e.into_inner()).calls += 1;
        self.keep(Origin::Model, "turn.call", &format!("{} {}", call.name, call.input));
    }

    fn came(&self, call: &Call, outcome: &Outcome) {
        let text = &outcome.text[..outcome.text.floor_char_boundary(MAX_OUTCOME)];
        let how = if outcome.is_error { " failed" } else { "" };
        // Whatever a tool returned may be anybody's words.
        self.keep(Origin::File, "turn.outcome", &format!("{}{how}: {text}", call.name));
    }
}
