//! The services that every plugin has: log, clock, random, its own state.

use crate::bindings::{cut, wit};
use crate::context::{Bytes, Context};
use kairos_core::{ErrorCode, PortError};
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};
use wasmtime::Result;

/// Log lines in one call.
pub(crate) const MAX_LINES: u32 = 1000;
/// Bytes of a log line.
const MAX_LINE: usize = 4096;
/// Bytes of random data in one call.
const MAX_RANDOM: u32 = 4096;
/// Bytes of a state key, of a value, of all keys and values; number of keys.
const MAX_KEY: usize = 256;
const MAX_VALUE: usize = 64 << 10;
const MAX_STATE: usize = 1 << 20;
const MAX_KEYS: usize = 4096;

impl wit::types::Host for Context {}

impl wit::log::Host for Context {
    async fn write(&mut self, level: wit::log::Level, message: String) -> Result<()> {
        self.enter()?;
        self.log_lines += 1;
        if self.log_lines > MAX_LINES {
            return Ok(());
        }
        let text = kairos_core::finding::one_line(&cut(message, MAX_LINE));
        let plugin = &*self.access.plugin;
        match level {
            wit::log::Level::Debug => tracing::debug!(target: "plugin", plugin, "{text}"),
            wit::log::Level::Info => tracing::info!(target: "plugin", plugin, "{text}"),
            wit::log::Level::Warn => tracing::warn!(target: "plugin", plugin, "{text}"),
            wit::log::Level::Error => tracing::error!(target: "plugin", plugin, "{text}"),
        }
        Ok(())
    }
}

impl wit::clock::Host for Context {
    async fn now(&mut self) -> Result<u64> {
        self.enter()?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64);
        self.note("clock.now", (), &now);
        Ok(now)
    }

    async fn utc_offset(&mut self) -> Result<i32> {
        self.enter()?;
        let minutes = jiff::Zoned::now().offset().seconds() / 60;
        self.note("clock.utc-offset", (), &minutes);
        Ok(minutes)
    }
}

impl wit::random::Host for Context {
    async fn bytes(&mut self, count: u32) -> Result<Vec<u8>> {
        self.enter()?;
        let mut bytes = vec![0; count.min(MAX_RANDOM) as usize];
        if let Err(e) = getrandom::fill(&mut bytes) {
            return Err(self.end(crate::FaultKind::HostError, format!("the system gives no random bytes: {e}")));
        }
        self.note("random.bytes", count, &Bytes(&bytes));
        Ok(bytes)
    }
}

type PortAnswer<T> = std::result::Result<T, PortError>;
type WitAnswer<T> = std::result::Result<T, wit::types::Error>;

fn invalid(text: impl Into<String>) -> PortError {
    PortError::new(ErrorCode::Invalid, text)
}

fn exhausted(text: impl Into<String>) -> PortError {
    PortError::new(ErrorCode::Exhausted, text)
}

impl Context {
    /// The plugin's state, read from the store the first time.
    async fn state(&mut self) -> PortAnswer<&mut BTreeMap<String, Vec<u8>>> {
        if self.state.is_none() {
            let Some(store) = self.access.state.clone() else {
                return Err(PortError::new(ErrorCode::Denied, "there is no state in `describe` and its like"));
            };
            self.state = Some(store.load(&self.access.plugin).await?.into_iter().collect());
        }
        self.state.as_mut().ok_or_else(|| PortError::new(ErrorCode::Other, "state is gone"))
    }

    async fn change(&mut self, key: String, value: Option<Vec<u8>>) -> PortAnswer<()> {
        if key.is_empty() || key.len() > MAX_KEY {
            return Err(invalid(format!("a key has 1 to {MAX_KEY} bytes, this one {}", key.len())));
        }
        if value.as_ref().is_some_and(|v| v.len() > MAX_VALUE) {
            return Err(PortError::new(ErrorCode::TooLarge, format!("a value has at most {MAX_VALUE} bytes")));
        }
        let state = self.state().await?;
        match &value {
            Some(v) => {
                let others: usize = state.iter().filter(|(k, _)| **k != key).map(|(k, v)| k.len() + v.len()).sum();
                if others + key.len() + v.len() > MAX_STATE {
                    return Err(exhausted(format!("the state has at most {MAX_STATE} bytes; delete something first")));
                }
                if !state.contains_key(&key) && state.len() >= MAX_KEYS {
                    return Err(exhausted(format!("the state has at most {MAX_KEYS} keys; delete something first")));
                }
                state.insert(key.clone(), v.clone());
            }
            None => {
                state.remove(&key);
            }
        }
        self.pending.insert(key, value);
        Ok(())
    }
}

impl wit::state::Host for Context {
    async fn get(&mut self, key: String) -> Result<WitAnswer<Option<Vec<u8>>>> {
        self.enter()?;
        let answer = match self.state().await {
            Ok(state) => Ok(state.get(&key).cloned()),
            Err(e) => Err(e),
        };
        let answer = answer.and_then(|v| self.hand_over(v.as_ref().map_or(0, Vec::len)).map(|()| v));
        self.note("state.get", key, &answer.as_ref().map(|v| v.as_deref().map(Bytes)));
        Ok(answer.map_err(Into::into))
    }

    async fn set(&mut self, key: String, value: Vec<u8>) -> Result<WitAnswer<()>> {
        self.enter()?;
        let answer = self.change(key.clone(), Some(value)).await;
        self.note("state.set", key, &answer);
        Ok(answer.map_err(Into::into))
    }

    async fn delete(&mut self, key: String) -> Result<WitAnswer<()>> {
        self.enter()?;
        let answer = self.change(key.clone(), None).await;
        self.note("state.delete", key, &answer);
        Ok(answer.map_err(Into::into))
    }

    async fn keys(&mut self, prefix: String) -> Result<WitAnswer<Vec<String>>> {
        self.enter()?;
        let answer: PortAnswer<Vec<String>> =
            self.state().await.map(|state| state.keys().filter(|k| k.starts_with(&prefix)).cloned().collect());
        let answer = answer.and_then(|k| self.hand_over(k.iter().map(String::len).sum()).map(|()| k));
        self.note("state.keys", prefix, &answer);
        Ok(answer.map_err(Into::into))
    }
}
