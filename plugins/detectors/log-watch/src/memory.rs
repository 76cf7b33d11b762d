//! What is remembered of a log: its kinds of errors, and how many errors are usual.

use kairos_plugin::prelude::*;

pub const PREFIX: &str = "log:";
/// Kinds of errors that are remembered; the one that was not seen for longest is forgotten first.
const MOST_KINDS: usize = 200;
/// Bytes that one log takes at most; a value of the state has 64 KiB.
const MOST_BYTES: usize = 48 << 10;
/// Spans that are remembered: a day of five minutes each.
const MOST_SPANS: usize = 288;

/// A kind of error.
#[derive(Clone, Debug, PartialEq)]
pub struct Kind {
    pub template: String,
    /// When one was last seen.
    pub last: u64,
    /// Told, and how many were seen since; none if it was there before anything is told.
    pub told: Option<Told>,
}

/// What was told of a new kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    pub since: u64,
    pub count: u64,
    /// Its first line as it was shown.
    pub line: String,
}

/// Lines and errors within some minutes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Span {
    pub lines: u64,
    pub errors: u64,
}

/// One log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Log {
    pub path: String,
    /// When it was first seen; 0 for never.
    pub first: u64,
    /// Lines that were seen in all.
    pub lines: u64,
    /// The number of the span that `now` counts.
    pub span: u64,
    pub now: Span,
    /// Spans in which something was written, oldest first.
    pub past: Vec<Span>,
    /// Since when a burst is told, and when the last one was seen.
    pub burst: Option<(u64, u64)>,
    /// The day on which new kinds were told, and how many.
    pub told: (u64, u64),
    pub kinds: Vec<Kind>,
    before: String,
}

pub fn key(path: &str) -> String {
    kairos_plugin::fit_key(&format!("{PREFIX}{path}"))
}

impl Log {
    pub fn load(host: &impl Host, path: &str) -> Result<Self, Error> {
        let log = Self::load_key(host, &key(path))?;
        Ok(log.unwrap_or_else(|| Self { path: path.into(), ..Self::default() }))
    }

    /// None when nothing, or nothing readable, is kept.
    pub fn load_key(host: &impl Host, key: &str) -> Result<Option<Self>, Error> {
        let Some(text) = host.get_string(key)? else { return Ok(None) };
        Ok(parse(&text).map(|log| Self { before: text, ..log }))
    }

    /// Counts the span as over, and begins the next.
    pub fn turn(&mut self, span: u64) {
        if span <= self.span {
            return;
        }
        if self.now.lines > 0 {
            self.past.push(self.now);
            let over = self.past.len().saturating_sub(MOST_SPANS);
            self.past.drain(..over);
        }
        (self.span, self.now) = (span, Span::default());
    }

    pub fn save(&mut self, host: &impl Host) -> Result<(), Error> {
        self.kinds.sort_by_key(|kind| std::cmp::Reverse((kind.told.is_some(), kind.last)));
        self.kinds.truncate(MOST_KINDS);
        while self.kinds.iter().map(|kind| kind.template.len() + 40).sum::<usize>() > MOST_BYTES - (8 << 10) {
            self.kinds.pop();
        }
        let text = self.text();
        if text == self.before { Ok(()) } else { host.set_string(&key(&self.path), &text) }
    }

    fn text(&self) -> String {
        let (since, last) = self.burst.unwrap_or_default();
        let numbers = [self.first, self.lines, self.span, self.now.lines, self.now.errors, since, last, self.told.0, self.told.1];
        let past: Vec<String> = self.past.iter().map(|span| format!("{}/{}", span.errors, span.lines)).collect();
        let mut text =
            format!("{}\n{}\n{}\n", self.path.replace('\n', " "), numbers.map(|n| n.to_string()).join(" "), past.join(" "));
        for kind in &self.kinds {
            let told =
                kind.told.as_ref().map_or_else(|| "-".into(), |told| format!("{} {} {}", told.since, told.count, told.line));
            text += &format!("{}\t{told}\t{}\n", kind.last, kind.template);
        }
        text
    }
}

fn parse(text: &str) -> Option<Log> {
    let mut lines = text.lines();
    let path = lines.next()?.to_string();
    let numbers: Vec<u64> = lines.next()?.split(' ').map(|number| number.parse().ok()).collect::<Option<_>>()?;
    let [first, count, span, now_lines, now_errors, since, last, day, told] = numbers[..] else { return None };
    let span_of = |text: &str| {
        let (errors, lines) = text.split_once('/')?;
        Some(Span { errors: errors.parse().ok()?, lines: lines.parse().ok()? })
    };
    let past = lines.next()?.split(' ').filter_map(span_of).collect();
    let kind = |line: &str| {
        let mut parts = line.splitn(3, '\t');
        let (last, told, template) = (parts.next()?.parse().ok()?, parts.next()?, parts.next()?);
        let mut words = told.splitn(3, ' ');
        let told = match (words.next(), words.next(), words.next()) {
            (Some(since), Some(count), Some(line)) => {
                Some(Told { since: since.parse().ok()?, count: count.parse().ok()?, line: line.into() })
            }
            _ => None,
        };
        Some(Kind { template: template.into(), last, told })
    };
    Some(Log {
        path,
        first,
        lines: count,
        span,
        now: Span { lines: now_lines, errors: now_errors },
        past,
        burst: (since > 0).then_some((since, last)),
        told: (day, told),
        kinds: lines.filter_map(kind).collect(),
        before: String::new(),
    })
}
