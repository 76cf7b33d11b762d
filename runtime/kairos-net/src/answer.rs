//! What comes back: piece by piece, or all at once.

use crate::ledger::Entry;
use crate::send::{NetError, Timeouts, innermost};
use kairos_core::Millis;
use reqwest::Response;
use reqwest::header::HeaderMap;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// An answer that is still coming. Dropping it breaks the connection off; how far it came is on record.
pub struct Incoming {
    /// Of HTTP.
    pub status: u16,
    headers: HeaderMap,
    response: Response,
    host: String,
    timeouts: Timeouts,
    /// When all of it has to be here.
    end: Instant,
    /// Bytes that may still come; none once more came.
    left: Option<usize>,
    entry: Entry,
}

impl Incoming {
    pub(crate) fn new(
        response: Response,
        host: String,
        (timeouts, end): (Timeouts, Instant),
        left: usize,
        mut entry: Entry,
    ) -> Self {
        let status = response.status().as_u16();
        entry.outcome = format!("{status}, given up");
        Self { status, headers: response.headers().clone(), response, host, timeouts, end, left: Some(left), entry }
    }

    /// The value of a header, where it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Waits for the next bytes; none at the end.
    ///
    /// # Errors
    /// Where the connection breaks, nothing comes for too long, all of it takes too long, or it is longer than what was wanted: then
    /// what was wanted has come.
    pub async fn piece(&mut self) -> Result<Option<Vec<u8>>, NetError> {
        let piece = self.next().await;
        match &piece {
            Ok(Some(_)) => {}
            Ok(None) => self.entry.end(&self.status.to_string()).await,
            Err(error) => self.entry.end(&format!("{}, then {error}", self.status)).await,
        }
        piece
    }

    async fn next(&mut self) -> Result<Option<Vec<u8>>, NetError> {
        let Some(room) = self.left else { return Err(NetError::TooLong(self.host.clone())) };
        // The first may take long: a model reads what it was asked before it says anything.
        let patience = if self.entry.received == 0 { self.timeouts.total } else { self.timeouts.read };
        let left = self.end.saturating_duration_since(Instant::now());
        let late = || NetError::Timeout(self.host.clone(), if patience < left { patience } else { self.timeouts.total });
        let came = timeout(patience.min(left), self.response.chunk()).await.map_err(|_| late())?;
        let chunk = came.map_err(|e| NetError::Broken(self.host.clone(), innermost(&e.without_url())))?;
        let Some(chunk) = chunk else { return Ok(None) };
        self.entry.received += chunk.len() as u64;
        self.left = room.checked_sub(chunk.len());
        Ok(Some(chunk[..chunk.len().min(room)].to_vec()))
    }

    /// All that was wanted is here, whatever else may come.
    pub async fn close(mut self) {
        self.entry.end(&self.status.to_string()).await;
    }

    /// All that still comes and is wanted. The status is the answer: whoever needs the whole body looks whether it is complete.
    pub async fn rest(mut self) -> Answer {
        let mut body = Vec::new();
        let complete = loop {
            match self.next().await {
                Ok(Some(piece)) => body.extend_from_slice(&piece),
                Ok(None) => break true,
                Err(_) => break false,
            }
        };
        let Self { status, headers, .. } = &self;
        let answer = Answer { status: *status, headers: headers.clone(), body, complete };
        self.close().await;
        answer
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Of HTTP.
    pub status: u16,
    headers: HeaderMap,
    /// As much as was wanted and came.
    pub body: Vec<u8>,
    /// That is all of it: it neither broke off nor was longer than what was wanted.
    pub complete: bool,
}

impl Answer {
    /// The value of a header, where it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// How long the other side wants to be left alone, where it says so: in seconds, or until a date.
    pub fn retry_after(&self, now: Millis) -> Option<Duration> {
        retry_after(self.header("retry-after")?, now)
    }
}

fn retry_after(text: &str, now: Millis) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_millisecond();
    Some(Duration::from_millis(u64::try_from(date).ok()?.saturating_sub(now)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_side_may_say_when_to_come_back() {
        let now = 784_111_777_000;
        assert_eq!(retry_after(" 120", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:47 GMT", now), Some(Duration::from_secs(10)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
        assert_eq!(retry_after("-5", now), None);
    }
}
