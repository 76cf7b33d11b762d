//! How fast observations are found and stored. The only figures that differ from run to run.
//!
//! The observations are made: 8 to 32 words each, drawn by Zipf's law from 200,000 made words, 40 to a session.

use super::dice::Dice;
use super::scratch::Scratch;
use super::{BenchError, Figure, Row, Unit as Counts};
use crate::recall::Table;
use crate::recall::search::{Search, SearchIndex, Unit};
use crate::transcript::{Appender, Error, New, Transcripts};
use kairos_core::memory::{Observation, Origin};
use kairos_exec::redact::Redactor;
use std::fs::File;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

const OBSERVATIONS: u64 = 1_000_000;
const WORDS: u64 = 200_000;
const QUERIES: usize = 500;
/// Rounds of appending, and observations of each.
const ROUNDS: u64 = 10;
const ROUND: u64 = 40_000;
/// How often the baseline makes durable what it wrote, as the appender does.
const GROUP: Duration = Duration::from_millis(50);

/// The rows.
///
/// # Errors
/// Where an index or a transcript can't be written.
pub fn rows(table: Option<&Arc<Table>>, progress: fn(&str)) -> Result<Vec<Row>, BenchError> {
    progress("speed of appending");
    let definition = "observations stored a second and on the disk at the end of each of 10 rounds of 40,000, through the thread that writes \
                      and syncs every 50 ms; baseline: the same texts written to a plain file, synced as often";
    let append = Row::new("Appending, observations/s", definition, appending()?).at_least(20_000.0);
    let append = Row { unit: Counts::PerSecond, ..append.beside("plain file", plain_file()?) };
    progress("speed of searching: an index of 1,000,000 observations");
    let definition = "the median time of 500 searches among 1,000,000 made observations; five words each: one of the 100 most frequent, one of \
                      the next 1,000, one of the next 10,000, two of any frequency";
    let (turns, sessions) = searching(table, progress)?;
    let row = |measure: &str, times| Row { unit: Counts::Milliseconds, ..Row::new(measure, definition, times) };
    Ok(vec![
        row("Search over 1,000,000, ms", turns).at_most(15.0),
        append,
        row("Search over 1,000,000 for sessions, ms", sessions),
    ])
}

/// The median with the 10th and the 90th percentile.
fn spread(mut values: Vec<f64>) -> Figure {
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
    Figure { mean: at(0.5), low: at(0.1), high: at(0.9), count: values.len() }
}

fn searching(table: Option<&Arc<Table>>, progress: fn(&str)) -> Result<(Figure, Figure), BenchError> {
    let scratch = Scratch::new()?;
    let mut dice = Dice(7);
    let index = SearchIndex::open(&scratch.0)?;
    for first in (0..OBSERVATIONS).step_by(50_000) {
        let batch: Vec<Observation> = (first..first + 50_000).map(|number| observation(number, &mut dice)).collect();
        index.add(&batch)?;
    }
    index.commit("all")?;
    drop(index);
    progress("speed of searching");
    let mut index = SearchIndex::open(&scratch.0)?;
    if let Some(table) = table {
        index = index.with_table(table.clone());
    }
    let mut dice = Dice(11);
    let queries: Vec<String> = (0..QUERIES).map(|_| query(&mut dice)).collect();
    let times = |unit| -> Result<Figure, BenchError> {
        let mut times = vec![];
        for text in &queries {
            let search = Search { text: text.clone(), unit, ..Search::default() };
            let begun = Instant::now();
            index.search(&search)?;
            times.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        Ok(spread(times))
    };
    Ok((times(Unit::Turn)?, times(Unit::Session)?))
}

fn appending() -> Result<Figure, BenchError> {
    let scratch = Scratch::new()?;
    let transcripts = Transcripts::open(scratch.0.clone(), Redactor::default());
    let appender = Appender::start(Arc::new(transcripts))?;
    let mut rates = vec![];
    for round in 0..ROUNDS {
        let made = made(round);
        let begun = Instant::now();
        for new in made {
            while let Err(error) = appender.push(new.clone()) {
                // Whoever is too fast waits; any other error is one.
                let Error::QueueFull { .. } = error else { return Err(error.into()) };
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        appender.flush()?;
        rates.push(ROUND as f64 / begun.elapsed().as_secs_f64());
    }
    appender.close()?;
    Ok(spread(rates))
}

/// The baseline's observations a second.
fn plain_file() -> Result<f64, BenchError> {
    let scratch = Scratch::new()?;
    let path = scratch.0.join("plain");
    let failed = |e| BenchError::Scratch(path.clone(), e);
    let mut file = File::create(&path).map_err(failed)?;
    let mut rates = vec![];
    for round in 0..ROUNDS {
        let made = made(round);
        let begun = Instant::now();
        let mut synced = begun;
        for new in made {
            writeln!(file, "{}", new.text).map_err(failed)?;
            if synced.elapsed() >= GROUP {
                file.sync_data().map_err(failed)?;
                synced = Instant::now();
            }
        }
        file.sync_data().map_err(failed)?;
        rates.push(ROUND as f64 / begun.elapsed().as_secs_f64());
    }
    Ok(spread(rates).mean)
}

fn made(round: u64) -> Vec<New> {
    let mut dice = Dice(round);
    let new = |number| {
        let Observation { time, source, session, origin, kind, attributes, text, .. } = observation(number, &mut dice);
        New { time, source, session, origin, kind, attributes, text }
    };
    (round * ROUND..(round + 1) * ROUND).map(new).collect()
}

fn observation(number: u64, dice: &mut Dice) -> Observation {
    let words: Vec<String> = (0..8 + dice.below(25)).map(|_| word(zipf(dice))).collect();
    Observation {
        id: format!("{number:012x}"),
        time: 1_700_000_000_000 + number * 200,
        source: "made".into(),
        session: format!("session-{}", number / 40),
        origin: if number.is_multiple_of(2) { Origin::User } else { Origin::Model },
        kind: "message".into(),
        attributes: vec![],
        hash: String::new(),
        text: words.join(" "),
    }
}

fn query(dice: &mut Dice) -> String {
    let ranks = [dice.below(100), 100 + dice.below(1000), 1100 + dice.below(10_000), zipf(dice), dice.below(WORDS)];
    ranks.map(word).join(" ")
}

/// A rank with a probability of one over itself.
fn zipf(dice: &mut Dice) -> u64 {
    let share = (dice.roll() >> 11) as f64 / (1_u64 << 53) as f64;
    ((WORDS as f64).powf(share) as u64).min(WORDS - 1)
}

/// The word of a rank: syllables, so that it is neither a stop word nor stemmed away; a frequent one is short.
fn word(rank: u64) -> String {
    let mut rest = rank + 60;
    let mut out = String::new();
    while rest > 0 {
        out.push(char::from(b"bdfgklmnprtvz"[(rest % 13) as usize]));
        out.push(char::from(b"aiou"[(rest / 13 % 4) as usize]));
        rest /= 52;
    }
    out
}
