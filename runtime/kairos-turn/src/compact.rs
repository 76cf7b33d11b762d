//! A conversation that grew too long goes on with a summary of its beginning. The whole of it stays in the transcript.

use crate::conversation::Conversation;
use crate::{Heard, Mind};
use kairos_core::model::{Message, Part, Role};
use kairos_core::ports::{ErrorCode, PortError, PortResult};

/// Tokens of a summary.
const SUMMARY: u32 = 1500;
const WISH: &str = "Sum up this conversation so far for whoever goes on with it: what the user wants, what was decided, what was found \
                    out (with paths, commands and numbers as they stand), what was changed, what is left to do. Plain text.";

/// What a conversation became by a summary, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compacted {
    /// Before.
    pub before: usize,
    /// After.
    pub after: usize,
}

/// Is it over `most` bytes, with a beginning that can be summed up?
pub fn is_long(talk: &Conversation, most: usize) -> bool {
    talk.size() > most && tail(talk.messages(), most / 3) > 0
}

/// Where a conversation [`is_long`], puts a summary by the model in the place of all but the last turns, which keep a third of that
/// room. The summary is asked for apart, so that nothing of it enters the conversation but its words.
///
/// # Errors
/// The mind's; the conversation is as it was.
pub async fn compact(talk: &mut Conversation, mind: &dyn Mind, most: usize) -> PortResult<Option<Compacted>> {
    if !is_long(talk, most) {
        return Ok(None);
    }
    let keep = tail(talk.messages(), most / 3);
    sum_up(talk, mind, keep, most, WISH.into()).await.map(Some)
}

/// Puts a summary in the place of all of it, as the user wishes; `focus` is what it has to keep above all, in his words. What is sent
/// for that is cut to `most` bytes. None where it would not become shorter: then it is as it was.
///
/// # Errors
/// As [`compact`].
pub async fn compact_all(talk: &mut Conversation, mind: &dyn Mind, most: usize, focus: &str) -> PortResult<Option<Compacted>> {
    let wish = match focus.trim() {
        "" => WISH.to_owned(),
        focus => format!("{WISH} The user wants this kept above all: {focus}"),
    };
    let before = talk.clone();
    let compacted = sum_up(talk, mind, before.messages.len(), most, wish).await?;
    if compacted.after < compacted.before {
        return Ok(Some(compacted));
    }
    *talk = before;
    Ok(None)
}

/// Of the first `keep` messages.
async fn sum_up(talk: &mut Conversation, mind: &dyn Mind, keep: usize, most: usize, wish: String) -> PortResult<Compacted> {
    let before = talk.size();
    let mut apart = Conversation { instructions: talk.instructions.clone(), messages: shortened(&talk.messages[..keep], most) };
    apart.say(vec![Part::Text(wish)]);
    let nobody: Heard<'_> = &|_| {};
    let summary = mind.think(&apart.prompt(Vec::new(), SUMMARY), nobody).await?.text;
    if summary.trim().is_empty() {
        return Err(PortError::new(ErrorCode::Unavailable, "the model's summary of the conversation is empty"));
    }
    let source = "summary of the conversation so far".to_owned();
    let first = Message { role: Role::User, parts: vec![Part::Untrusted { source, text: summary }] };
    let mut kept = Conversation { instructions: talk.instructions.clone(), messages: vec![first] };
    for message in talk.messages.drain(keep..) {
        match message.role {
            Role::User if kept.messages.len() == 1 => kept.messages[0].parts.extend(message.parts),
            _ => kept.messages.push(message),
        }
    }
    *talk = kept;
    Ok(Compacted { before, after: talk.size() })
}

/// Where the last turns begin that fit into `room` bytes: at words of the user, never between a call and its outcome. The last turn is
/// kept whatever its size; 0 where there is no other.
fn tail(messages: &[Message], room: usize) -> usize {
    let begins = |m: &Message| m.role == Role::User && !m.parts.iter().any(|p| matches!(p, Part::Outcome { .. }));
    let size = |m: &Message| m.parts.iter().map(part_size).sum::<usize>();
    let (mut at, mut used) = (0, 0);
    for (n, message) in messages.iter().enumerate().rev() {
        used += size(message);
        if begins(message) {
            if at > 0 && used > room {
                break;
            }
            at = n;
        }
    }
    at
}

/// As much of the beginning as can be sent: long outcomes are cut.
fn shortened(messages: &[Message], most: usize) -> Vec<Message> {
    let each = (most / messages.len().max(1)).max(400);
    let short = |part: &Part| match part {
        Part::Outcome { id, text, is_error } => {
            Part::Outcome { id: id.clone(), text: text[..text.floor_char_boundary(each)].to_owned(), is_error: *is_error }
        }
        other => other.clone(),
    };
    messages.iter().map(|m| Message { role: m.role, parts: m.parts.iter().map(short).collect() }).collect()
}

fn part_size(part: &Part) -> usize {
    match part {
        Part::Text(text) | Part::Untrusted { text, .. } | Part::Outcome { text, .. } => text.len(),
        Part::Call(call) => call.input.to_string().len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use kairos_core::model::{Call, Completion, Ending, Prompt, Usage};
    use serde_json::json;
    use std::sync::Mutex;

    #[derive(Default)]
    struct Summing(Mutex<Vec<Prompt>>);

    #[async_trait]
    impl Mind for Summing {
        async fn think(&self, prompt: &Prompt, _: Heard<'_>) -> PortResult<Completion> {
            prompt.check().unwrap();
            self.0.lock().unwrap().push(prompt.clone());
            let usage = Usage::default();
            Ok(Completion { text: "They talked.".into(), calls: vec![], ending: Ending::Done, usage, model: "s".into() })
        }
    }

    fn long_talk() -> Conversation {
        let mut talk = Conversation::new("Work.");
        for n in 0..6 {
            talk.say(vec![Part::Text(format!("question {n} {}", "x".repeat(500)))]);
            let call = Call { id: n.to_string(), name: "read".into(), input: json!({}) };
            talk.answer("", std::slice::from_ref(&call));
            let came = Part::Outcome { id: n.to_string(), text: "y".repeat(2000), is_error: false };
            talk.messages.push(Message { role: Role::User, parts: vec![came] });
            talk.answer("so", &[]);
        }
        talk
    }

    #[tokio::test]
    async fn the_beginning_becomes_a_summary_and_calls_keep_their_outcomes() {
        let (mind, mut talk) = (Summing::default(), long_talk());
        let before = talk.size();
        assert_eq!(compact(&mut talk, &mind, before).await.unwrap(), None);
        let compacted = compact(&mut talk, &mind, 9_000).await.unwrap();
        assert_eq!(compacted, Some(Compacted { before, after: talk.size() }));
        assert!(talk.size() < 4_000, "{}", talk.size());
        let first = &talk.messages()[0];
        assert!(matches!(&first.parts[0], Part::Untrusted { text, .. } if text == "They talked."), "{first:?}");
        assert!(matches!(&first.parts[1], Part::Text(text) if text.starts_with("question 5")), "{first:?}");
        assert_eq!(talk.messages().len(), 4);
        assert!(mind.0.lock().unwrap()[0].size() < 12_000);
        talk.say(vec![Part::Text("go on".into())]);
        assert!(talk.prompt(vec![], 1).check().is_ok());
    }

    #[tokio::test]
    async fn a_single_turn_is_left_alone() {
        let mut talk = Conversation::new("Work.");
        talk.say(vec![Part::Text("x".repeat(5000))]);
        assert_eq!(compact(&mut talk, &Summing::default(), 100).await.unwrap(), None);
    }

    #[tokio::test]
    async fn the_user_has_all_of_it_summed_up_and_says_what_matters() {
        let (mind, mut talk) = (Summing::default(), long_talk());
        let compacted = compact_all(&mut talk, &mind, 100_000, " the paths ").await.unwrap().unwrap();
        assert!(compacted.before > 10_000 && compacted.after == talk.size() && talk.size() < 100, "{compacted:?}");
        let asked = mind.0.lock().unwrap()[0].messages.last().unwrap().clone();
        assert!(matches!(asked.parts.last(), Some(Part::Text(wish)) if wish.ends_with("above all: the paths")), "{asked:?}");
        talk.say(vec![Part::Text("go on".into())]);
        assert!(talk.messages().len() == 1 && talk.prompt(vec![], 1).check().is_ok());
        // What is short stays as it is.
        let mut talk = Conversation::new("Work.");
        talk.say(vec![Part::Text("hi".into())]);
        assert_eq!(compact_all(&mut talk, &mind, 100_000, "").await.unwrap(), None);
        assert_eq!(talk.messages()[0].parts, [Part::Text("hi".into())]);
    }
}
