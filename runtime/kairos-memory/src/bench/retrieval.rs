//! Retrieval: how much of the evidence for a question is found, by turn and by session.

use super::baseline::Plain;
use super::chats::{self, Conversation, Question};
use super::scratch::Scratch;
use super::{BenchError, Figure, Options, Row, bootstrap, hit_at_1, recall};
use crate::recall::search::{Search, SearchIndex, Unit};
use crate::recall::{Query, Ranking, Table, top};
use kairos_core::memory::Observation;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const SESSION: &str = "the share of a question's evidence sessions that are among the first 10 found, averaged over the questions of all \
     five categories that have evidence; labels as published; an evidence id that names no turn is left out; every conversation is a \
     corpus of its own";
const HIT: &str = "the share of the same questions whose first found session holds evidence";
const TURN: &str = "the share of a question's evidence turns that are among the first 10 or 20 found, averaged as above; a turn is an \
     utterance with its image's caption, and counts only if it is itself returned";
const BEAM: &str = "the share of a question's source messages that are among the first 10 messages found, averaged over the questions that \
     have any (abstention has none)";
const EXCHANGE: &str = "as BEAM recall@10; a message of the user with the reply to it is found where either is, and counts once";
const AUDITED: &str = "with the evidence that the published audit of the labels names instead, where it names any";
const KIND: &str = "recall@10 of turns over the questions of one kind";
const VARIANT: &str = "recall@10 of turns; `all turns`: our ranking of every turn in memory; `index`: candidates of the full-text index \
     first, as a search has them; `+ table`: meanings compared too, by the static table of token embeddings";
/// BM25, k1 1.2, b 0.75, over lower-case words; turns and sessions each by themselves.
const PLAIN: &str = "plain BM25";

/// What a ranker answers to one question, best first.
struct Found {
    turns: Vec<u32>,
    sessions: Vec<u32>,
}

/// The answers of one ranker, by conversation and question.
type Answers = Vec<Vec<Found>>;

/// The rows for the sets that are among the conversations.
///
/// # Errors
/// Where the index fails.
pub fn rows(conversations: &[Conversation], options: &Options) -> Result<Vec<Row>, BenchError> {
    if conversations.is_empty() {
        return Ok(vec![]);
    }
    let table = options.table.as_ref();
    (options.progress)("retrieval, plain BM25");
    let plain = each(conversations, &baseline);
    (options.progress)("retrieval, as `memory search` does it");
    let indexed = |table: Option<&Arc<Table>>| {
        each(conversations, &|c| in_index(c, table)).into_iter().collect::<Result<Answers, BenchError>>()
    };
    let ours = indexed(table)?;
    let mut rows = main_rows(conversations, &ours, &plain);
    if options.detail {
        (options.progress)("retrieval, variants");
        rows.extend(by_kind(conversations, &ours, &plain));
        let in_memory = |table: Option<&Arc<Table>>| each(conversations, &|c| in_memory(c, table));
        let mut variants = vec![("all turns", in_memory(None)), ("index", indexed(None)?)];
        if table.is_some() {
            variants.push(("all turns + table", in_memory(table)));
        }
        for (name, answers) in &variants {
            for set in sets(conversations) {
                let figure = |answers| of_turns(conversations, answers, set, 10, false);
                let row = Row::new(format!("{set} turn recall@10, {name}"), VARIANT, figure(answers));
                rows.push(row.beside(PLAIN, figure(&plain).mean));
            }
        }
    }
    Ok(rows)
}

/// `work` for every conversation, on all cores; the answers in the conversations' order.
fn each<T: Send>(conversations: &[Conversation], work: &(dyn Fn(&Conversation) -> T + Sync)) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let take = || {
        let mut done = vec![];
        while let at = next.fetch_add(1, Ordering::Relaxed)
            && let Some(conversation) = conversations.get(at)
        {
            done.push((at, work(conversation)));
        }
        done
    };
    let mut all: Vec<(usize, T)> = std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(take)).collect();
        let mut all = take();
        for other in others {
            // A panic in there is one here.
            all.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        all
    });
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, done)| done).collect()
}

fn baseline(c: &Conversation) -> Vec<Found> {
    let mut sessions: Vec<String> = vec![];
    let texts: Vec<String> = c.turns.iter().map(|turn| format!("{}: {}", turn.speaker, turn.text)).collect();
    for (text, turn) in texts.iter().zip(&c.turns) {
        sessions.resize((turn.session as usize + 1).max(sessions.len()), String::new());
        sessions[turn.session as usize].push_str(text);
        sessions[turn.session as usize].push('\n');
    }
    let (turns, sessions) = (Plain::new(texts.iter().map(String::as_str)), Plain::new(sessions.iter().map(String::as_str)));
    let ask = |q: &Question| Found { turns: ids(&turns.scores(&q.text)), sessions: ids(&sessions.scores(&q.text)) };
    c.questions.iter().map(ask).collect()
}

fn in_memory(c: &Conversation, table: Option<&Arc<Table>>) -> Vec<Found> {
    let index = c.index(table);
    let ranking = Ranking::of(&index);
    let ask = |q: &Question| {
        let evidence = index.evidence(Query { text: &q.text, today: None, asker: c.asker }, &ranking.shape);
        let turns = ranking.weights.turn_scores(&evidence);
        Found { sessions: ids(&ranking.weights.session_scores(&index, &evidence, &turns)), turns: ids(&turns) }
    };
    c.questions.iter().map(ask).collect()
}

fn in_index(c: &Conversation, table: Option<&Arc<Table>>) -> Result<Vec<Found>, BenchError> {
    let scratch = Scratch::new()?;
    let mut index = SearchIndex::open(&scratch.0)?;
    if let Some(table) = table {
        index = index.with_table(table.clone());
    }
    let observations: Vec<Observation> = (0..).zip(&c.turns).map(|(number, turn)| turn.observation(number)).collect();
    index.add(&observations)?;
    index.commit("all")?;
    let today = c.turns.iter().filter_map(|turn| turn.day).max();
    c.questions
        .iter()
        .map(|q| {
            let asker = c.asker.map(str::to_owned);
            let search =
                |unit| Search { text: q.text.clone(), today, asker: asker.clone(), limit: usize::MAX, unit, ..Search::default() };
            let turns = index.search(&search(Unit::Turn))?.iter().filter_map(|hit| hit.id.parse().ok()).collect();
            let sessions = index.search(&search(Unit::Session))?.iter().filter_map(|hit| hit.session.parse().ok()).collect();
            Ok(Found { turns, sessions })
        })
        .collect()
}

fn ids(scores: &[f32]) -> Vec<u32> {
    top(scores, usize::MAX).into_iter().map(|(id, _)| id).collect()
}

fn first<T>(found: &[T], k: usize) -> &[T] {
    &found[..found.len().min(k)]
}

fn sessions_of(c: &Conversation, turns: &[u32]) -> Vec<u32> {
    let sessions: BTreeSet<u32> = turns.iter().map(|turn| c.turns[*turn as usize].session).collect();
    sessions.into_iter().collect()
}

/// The exchanges of some turns, each once, in the turns' order: the number of the last message of the user that opens it.
fn exchanges(c: &Conversation, turns: &[u32]) -> Vec<usize> {
    let opened = |turn: &u32| (0..=*turn as usize).rev().find(|at| Some(c.turns[*at].speaker.as_str()) == c.asker).unwrap_or(0);
    let mut out = vec![];
    for exchange in turns.iter().map(opened) {
        if !out.contains(&exchange) {
            out.push(exchange);
        }
    }
    out
}

fn sets(conversations: &[Conversation]) -> BTreeSet<&'static str> {
    conversations.iter().map(|c| c.set).collect()
}

/// One figure of one ranker: `value` by question, none for a question that is left out; grouped by conversation.
fn figure(
    conversations: &[Conversation],
    answers: &Answers,
    set: &str,
    value: impl Fn(&Conversation, &Question, &Found) -> Option<f64>,
) -> Figure {
    let of = |(c, found): (&Conversation, &Vec<Found>)| {
        let asked = c.questions.iter().zip(found);
        asked.filter_map(|(q, found)| value(c, q, found)).collect()
    };
    let groups: Vec<Vec<f64>> = conversations.iter().zip(answers).filter(|(c, _)| c.set == set).map(of).collect();
    bootstrap(&groups)
}

fn wanted(q: &Question, audited: bool) -> &[u32] {
    q.audited.as_ref().filter(|_| audited).unwrap_or(&q.evidence)
}

fn of_turns(conversations: &[Conversation], answers: &Answers, set: &str, k: usize, audited: bool) -> Figure {
    figure(conversations, answers, set, |_, q, found| Some(recall(first(&found.turns, k), wanted(q, audited))))
}

fn main_rows(conversations: &[Conversation], ours: &Answers, plain: &Answers) -> Vec<Row> {
    let mut rows = vec![];
    let sets = sets(conversations);
    let mut add = |measure: String, definition, reach: Option<f64>, of: &dyn Fn(&Answers) -> Figure| {
        let row = Row::new(measure, definition, of(ours)).beside(PLAIN, of(plain).mean);
        rows.push(Row { reach, ..row });
    };
    for audited in [false, true].into_iter().filter(|_| sets.contains(chats::LOCOMO)) {
        let sessions = |value: fn(&[u32], &[u32]) -> f64| {
            move |answers: &Answers| {
                figure(conversations, answers, chats::LOCOMO, |c, q, found| {
                    Some(value(&found.sessions, &sessions_of(c, wanted(q, audited))))
                })
            }
        };
        let turns = |k: usize| move |answers: &Answers| of_turns(conversations, answers, chats::LOCOMO, k, audited);
        let mut add = |measure: &str, definition, reach: f64, of: &dyn Fn(&Answers) -> Figure| match audited {
            false => add(format!("LoCoMo {measure}"), definition, Some(reach), of),
            true => add(format!("LoCoMo {measure}, audited"), AUDITED, None, of),
        };
        add("session recall@10", SESSION, 0.95, &sessions(|found, wanted| recall(first(found, 10), wanted)));
        add("session hit@1", HIT, 0.77, &sessions(hit_at_1));
        add("turn recall@10", TURN, 0.75, &turns(10));
        add("turn recall@20", TURN, 0.83, &turns(20));
    }
    if sets.contains(chats::BEAM) {
        add("BEAM recall@10".into(), BEAM, Some(0.68), &|answers| of_turns(conversations, answers, chats::BEAM, 10, false));
        add("BEAM exchange recall@10".into(), EXCHANGE, None, &|answers| {
            figure(conversations, answers, chats::BEAM, |c, q, found| {
                Some(recall(first(&exchanges(c, &found.turns), 10), &exchanges(c, &q.evidence)))
            })
        });
    }
    rows
}

fn by_kind(conversations: &[Conversation], ours: &Answers, plain: &Answers) -> Vec<Row> {
    let kinds: BTreeSet<(&str, &str)> =
        conversations.iter().flat_map(|c| c.questions.iter().map(|q| (c.set, q.kind.as_str()))).collect();
    let row = |(set, kind): (&str, &str)| {
        let figure = |answers: &Answers| {
            figure(conversations, answers, set, |_, q, found| {
                (q.kind == kind).then(|| recall(first(&found.turns, 10), &q.evidence))
            })
        };
        Row::new(format!("{set} recall@10, {kind}"), KIND, figure(ours)).beside(PLAIN, figure(plain).mean)
    };
    kinds.into_iter().map(row).collect()
}
