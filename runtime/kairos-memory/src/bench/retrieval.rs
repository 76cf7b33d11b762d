//! Retrieval: how much of the evidence for a question is found, by turn and by session.

use super::baseline::Plain;
use super::data::{self, Conversation, Question};
use super::{BenchError, Figure, Options, Row, Section, bootstrap, hit_at_1, recall};
use crate::recall::search::{Search, SearchError, SearchIndex, Unit};
use crate::recall::{Query, Ranking, Table, top};
use kairos_core::memory::Observation;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const DEFINITIONS: &str = "\
recall@k: the share of a question's evidence that is among the first k found, averaged over the questions that have evidence.
hit@1: the share of questions whose first found is evidence. A turn counts only if it is itself returned.
LoCoMo: all five categories; a turn is an utterance with its image's caption; an evidence id that names no turn is left out.
        labels as published; `audited` takes the evidence that the published audit names instead, where it names any.
BEAM:   a turn is one message; abstention questions have no evidence and are left out. `exchange`: a message of the user with the
        reply to it is found where either is, and counts once.
Every conversation is a corpus of its own. plain BM25: k1 1.2, b 0.75, lower-case words, turns and sessions each by themselves.
all turns: our ranking of every turn, in memory. index: what `memory search` does: candidates from the full-text index in a
folder, then our ranking. + table: meanings compared too, by a static table of token embeddings.";

/// What a ranker answers to one question, best first.
struct Found {
    turns: Vec<u32>,
    sessions: Vec<u32>,
}

/// A ranker with its answers, by conversation and question.
struct Column {
    name: &'static str,
    found: Vec<Vec<Found>>,
}

/// The retrieval figures; none, and what is missing named in `skipped`, where no data set is there.
///
/// # Errors
/// Where a data set can't be read, or the index fails.
pub fn run(folder: &Path, options: &Options, skipped: &mut Vec<String>) -> Result<Option<Section>, BenchError> {
    let conversations = data::load(folder, skipped)?;
    if conversations.is_empty() {
        return Ok(None);
    }
    let all = |table: Option<&Arc<Table>>| conversations.iter().map(|c| in_memory(c, table)).collect();
    let indexed = |table: Option<&Arc<Table>>| {
        conversations.iter().map(|c| in_index(c, table, options.depth)).collect::<Result<Vec<_>, BenchError>>()
    };
    let mut columns = vec![
        Column { name: "plain BM25", found: conversations.iter().map(baseline).collect() },
        Column { name: "all turns", found: all(None) },
        Column { name: "index", found: indexed(None)? },
    ];
    if let Some(table) = &options.table {
        columns.push(Column { name: "all turns + table", found: all(Some(table)) });
        columns.push(Column { name: "index + table", found: indexed(Some(table))? });
    }
    let rows = rows(&conversations, &columns, options.detail);
    let columns = columns.iter().map(|column| column.name.to_owned()).collect();
    Ok(Some(Section { title: "Retrieval", definitions: DEFINITIONS, columns, rows }))
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

fn in_index(c: &Conversation, table: Option<&Arc<Table>>, depth: Option<usize>) -> Result<Vec<Found>, BenchError> {
    let scratch = Scratch::new()?;
    let mut index = SearchIndex::open(&scratch.0)?;
    if let Some(table) = table {
        index = index.with_table(table.clone());
    }
    if let Some(depth) = depth {
        index = index.with_depth(depth);
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

/// A folder that is gone when it is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, BenchError> {
        let path = std::env::temp_dir().join(format!("kairos-bench-{}", std::process::id()));
        std::fs::create_dir_all(&path).map_err(|e| SearchError::Folder(path.clone(), e))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What can't be removed is the temporary folder's to clear away.
        std::fs::remove_dir_all(&self.0).ok();
    }
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

/// One figure of one ranker: `value` by question, none for a question that is left out; grouped by conversation.
fn figure(
    conversations: &[Conversation],
    column: &Column,
    set: &str,
    value: impl Fn(&Conversation, &Question, &Found) -> Option<f64>,
) -> Figure {
    let of = |(c, found): (&Conversation, &Vec<Found>)| {
        let asked = c.questions.iter().zip(found);
        asked.filter_map(|(q, found)| value(c, q, found)).collect()
    };
    let groups: Vec<Vec<f64>> = conversations.iter().zip(&column.found).filter(|(c, _)| c.set == set).map(of).collect();
    bootstrap(&groups)
}

fn rows(conversations: &[Conversation], columns: &[Column], detail: bool) -> Vec<Row> {
    let mut rows = vec![];
    let mut add = |measure: String, reach: Option<f64>, of: &dyn Fn(&Column) -> Figure| {
        rows.push(Row { measure, figures: columns.iter().map(of).collect(), reach, less: false });
    };
    let has = |set: &str| conversations.iter().any(|c| c.set == set);
    for audited in if has(data::LOCOMO) { &[false, true][..] } else { &[] } {
        let wanted = |q: &Question| q.audited.as_ref().filter(|_| *audited).unwrap_or(&q.evidence).clone();
        let name = |measure: &str| format!("LoCoMo {measure}{}", if *audited { ", audited" } else { "" });
        let sessions = |value: fn(&[u32], &[u32]) -> f64| {
            move |column: &Column| {
                figure(conversations, column, data::LOCOMO, |c, q, found| {
                    Some(value(&found.sessions, &sessions_of(c, &wanted(q))))
                })
            }
        };
        let turns = |k: usize| {
            move |column: &Column| {
                figure(conversations, column, data::LOCOMO, |_, q, found| Some(recall(first(&found.turns, k), &wanted(q))))
            }
        };
        add(name("session recall@10"), Some(0.95), &sessions(|found, wanted| recall(first(found, 10), wanted)));
        add(name("session hit@1"), Some(0.77), &sessions(hit_at_1));
        add(name("turn recall@10"), Some(0.75), &turns(10));
        add(name("turn recall@20"), Some(0.83), &turns(20));
    }
    if has(data::BEAM) {
        add("BEAM-100K recall@10".into(), Some(0.68), &|column| {
            figure(conversations, column, data::BEAM, |_, q, found| Some(recall(first(&found.turns, 10), &q.evidence)))
        });
        add("BEAM-100K exchange recall@10".into(), None, &|column| {
            figure(conversations, column, data::BEAM, |c, q, found| {
                Some(recall(first(&exchanges(c, &found.turns), 10), &exchanges(c, &q.evidence)))
            })
        });
    }
    let kinds: BTreeSet<(&str, &str)> =
        conversations.iter().flat_map(|c| c.questions.iter().map(|q| (c.set, q.kind.as_str()))).collect();
    for (set, kind) in kinds.into_iter().filter(|_| detail) {
        add(format!("{set} recall@10, {kind}"), None, &|column| {
            figure(conversations, column, set, |_, q, found| {
                (q.kind == kind).then(|| recall(first(&found.turns, 10), &q.evidence))
            })
        });
    }
    rows
}
