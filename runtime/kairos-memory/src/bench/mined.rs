//! Contradictions mined from everything that a person said, unprompted.

use super::chats::Conversation;
use super::{Row, bootstrap};
use crate::compare::contradictions;
use crate::recall::TurnId;
use std::collections::HashSet;

/// So many pairs of turns are looked at.
const K: usize = 20;

/// The rows, where a conversation has labelled contradictions.
pub(super) fn rows(chats: &[Conversation]) -> Vec<Row> {
    let labelled: Vec<&Conversation> = chats.iter().filter(|c| !c.contradictions.is_empty()).collect();
    if labelled.is_empty() {
        return vec![];
    }
    let figure =
        |pairs: fn(&[&str]) -> Vec<(usize, usize)>| bootstrap(&labelled.iter().map(|c| found(c, pairs)).collect::<Vec<_>>());
    let definition = "the share of the labelled contradictions of which a pair of the user's messages, one of each side, is among the \
                      first 20 pairs mined from all messages of the conversation's user, without a question; baseline: the 20 pairs \
                      with the largest share of common words";
    let ours = figure(|texts| contradictions(texts).into_iter().map(|(x, y, _)| (x, y)).take(K).collect());
    let row = Row::new("BEAM contradictions mined, recall@20", definition, ours);
    vec![row.at_least(0.65).beside("common words", figure(likest).mean)]
}

/// For each labelled contradiction whether it is among the pairs, 0 or 1.
fn found(chat: &Conversation, pairs: fn(&[&str]) -> Vec<(usize, usize)>) -> Vec<f64> {
    let users = |(number, said)| Some((TurnId::try_from(number).ok()?, said));
    let users = chat.turns.iter().enumerate().filter_map(users).filter(|(_, said)| Some(said.speaker.as_str()) == chat.asker);
    let (ids, texts): (Vec<TurnId>, Vec<&str>) = users.map(|(id, said)| (id, said.text.as_str())).unzip();
    let pairs = pairs(&texts);
    let is = |(first, second): &(Vec<TurnId>, Vec<TurnId>)| {
        let meets = |x: &usize, y: &usize| first.contains(&ids[*x]) && second.contains(&ids[*y]);
        pairs.iter().any(|(x, y)| meets(x, y) || meets(y, x))
    };
    chat.contradictions.iter().map(|labelled| f64::from(u8::from(is(labelled)))).collect()
}

/// The pairs of texts with the largest share of common words.
fn likest(texts: &[&str]) -> Vec<(usize, usize)> {
    let words = |text: &&str| text.to_lowercase().split_whitespace().map(ToOwned::to_owned).collect::<HashSet<String>>();
    let sets: Vec<HashSet<String>> = texts.iter().map(words).collect();
    let mut all = vec![];
    for (x, a) in sets.iter().enumerate() {
        for (y, b) in sets.iter().enumerate().skip(x + 1) {
            let common = a.intersection(b).count();
            all.push((common as f64 / (a.len() + b.len() - common).max(1) as f64, x, y));
        }
    }
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    all.into_iter().take(K).map(|(_, x, y)| (x, y)).collect()
}
