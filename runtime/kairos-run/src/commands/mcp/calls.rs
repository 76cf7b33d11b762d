//! What a call does. The files are the memory, as for the command line; the rest is asked of the running process.

use super::offers::{
    DREAM_DECIDE, DREAM_LIST, DREAM_SHOW, INBOX_DECIDE, INBOX_LIST, INBOX_SHOW, MEMORY_ADD, MEMORY_PROFILE, MEMORY_SEARCH,
    MEMORY_WHY, SIGNALS, STATUS, limit,
};
use super::{MAX_TEXT, Shop};
use crate::commands::dream::accept;
use crate::commands::memory::{holder, open, profile, search};
use crate::config_files;
use crate::errors::advice;
use anyhow::{Context, Result, bail};
use kairos_api::{DreamSummary, InboxAction, InboxDecision, InboxFilter, InboxStatus};
use kairos_core::dream::Dream;
use kairos_core::finding::one_line;
use kairos_core::memory::Origin;
use kairos_memory::transcript::{New, day_of};
use serde_json::{Value, json};

/// Most bytes of a note.
const MAX_NOTE: usize = 500;
/// How long a finding is snoozed, in hours.
const SNOOZE: u64 = 24;
const HOUR: u64 = 3_600_000;

fn text<'a>(input: &'a Value, name: &str) -> Result<&'a str> {
    let text = input[name].as_str().map(str::trim).filter(|text| !text.is_empty());
    let text = text.with_context(|| format!("`{name}` has to be a text"))?;
    if text.len() > MAX_TEXT { bail!("`{name}` is too long: at most {MAX_TEXT} bytes") } else { Ok(text) }
}

impl Shop {
    pub(super) async fn answer(&self, caller: &str, name: &str, input: Value) -> Result<Value> {
        let caller = caller.to_owned();
        match name {
            MEMORY_SEARCH => {
                let (query, only) = (text(&input, "query")?.to_owned(), input["claims"] == true);
                let most = limit(&input);
                let work = move |shop: &Self, now| shop.both(|both| search(both, &query, only, most, now));
                Ok(json!({"found": self.remembering(work).await?}))
            }
            MEMORY_WHY => {
                let id = text(&input, "id")?.to_owned();
                let work = move |shop: &Self, _| shop.both(|both| Ok(serde_json::to_value(holder(both, &id).1.why(&id)?)?));
                self.remembering(work).await
            }
            MEMORY_PROFILE => {
                let work = |shop: &Self, now| shop.both(|both| profile(both, now));
                Ok(json!({"profile": self.remembering(work).await?}))
            }
            MEMORY_ADD => {
                let note = one_line(text(&input, "text")?);
                if note.len() > MAX_NOTE {
                    bail!("one sentence of at most {MAX_NOTE} bytes, not {}", note.len());
                }
                self.remembering(move |shop, now| shop.note(&caller, note, now)).await
            }
            INBOX_LIST => self.findings(input).await,
            INBOX_SHOW => Ok(serde_json::to_value(self.client().await?.inbox_get(text(&input, "id")?).await?)?),
            INBOX_DECIDE => {
                let action = match text(&input, "decision")? {
                    "accept" => InboxAction::Accept,
                    "dismiss" => InboxAction::Dismiss,
                    "snooze" => {
                        let hours = input["hours"].as_u64().unwrap_or(SNOOZE).clamp(1, 720);
                        InboxAction::Snooze { until: crate::view::text::now() + hours * HOUR }
                    }
                    other => bail!("`{other}` is no decision: accept, dismiss or snooze"),
                };
                let decision = InboxDecision { action, by: Some(caller) };
                Ok(serde_json::to_value(self.client().await?.inbox_act(text(&input, "id")?, decision).await?)?)
            }
            DREAM_LIST => {
                let most = limit(&input);
                let work = move |shop: &Self, _| Ok(open(&shop.paths, shop.root.as_deref())?.dreams()?);
                let dreams = self.remembering(work).await?;
                Ok(json!({"dreams": dreams.iter().take(most).map(DreamSummary::from).collect::<Vec<_>>()}))
            }
            DREAM_SHOW => {
                let id = input["id"].as_str().map(str::to_owned);
                let dream = self.remembering(move |shop, _| shop.dream(id.as_deref())).await?;
                Ok(serde_json::to_value(dream)?)
            }
            DREAM_DECIDE => {
                let (id, decision) = (text(&input, "id")?, text(&input, "decision")?);
                let steps: Vec<usize> = serde_json::from_value(input["operations"].clone()).unwrap_or_default();
                let chosen = Some(steps.as_slice()).filter(|all| !all.is_empty());
                let (memory, now) = (open(&self.paths, self.root.as_deref())?, crate::view::text::now());
                Ok(match decision {
                    "accept" => serde_json::to_value(accept(&memory, self.root.as_deref(), id, chosen, now).await?)?,
                    "reject" => serde_json::to_value(memory.reject(id, chosen, now)?)?,
                    "revert" => serde_json::to_value(memory.revert(id, chosen, false, now)?)?,
                    other => bail!("`{other}` is no decision: accept, reject or revert"),
                })
            }
            SIGNALS => Ok(json!({"projects": self.client().await?.signals(self.project().as_deref()).await?})),
            STATUS => Ok(serde_json::to_value(self.client().await?.status().await?)?),
            _ => bail!("there is no tool `{name}`"),
        }
    }

    /// Findings of this project.
    pub(super) async fn findings(&self, input: Value) -> Result<Value> {
        let status = match input["status"].as_str() {
            Some(status) => status.parse().map_err(anyhow::Error::msg)?,
            None => InboxStatus::Open,
        };
        let filter = InboxFilter { status: Some(status), project: self.project(), suppressed: false };
        let mut items = self.client().await?.inbox_list(&filter).await?;
        let all = items.len();
        items.truncate(limit(&input));
        Ok(json!({"findings": items, "of": all}))
    }

    /// The index of memory, as it lies in its folder.
    pub(super) fn index(&self, now: u64) -> Result<String> {
        let memory = open(&self.paths, self.root.as_deref())?;
        memory.absorb(now)?;
        let file = memory.home().places.files.join("MEMORY.md");
        match std::fs::read_to_string(&file) {
            Ok(text) => Ok(text),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
            Err(e) => Err(e).with_context(|| format!("{} can't be read", file.display())),
        }
    }

    fn note(&self, caller: &str, text: String, now: u64) -> Result<Value> {
        let config = config_files::load(&self.paths.config, self.root.as_deref(), &[])?;
        if !config.flag("memory.transcripts") {
            return Err(advice("the user keeps no transcripts here", "he can: `memory.transcripts` in kairos.toml"));
        }
        let memory = open(&self.paths, self.root.as_deref())?;
        let (source, session) = (format!("mcp:{caller}"), format!("mcp-{}", day_of(now)));
        let note = New { time: now, source, session, origin: Origin::Model, kind: "note".into(), attributes: vec![], text };
        let kept = memory.transcripts().append(vec![note])?;
        let answer = "it is kept as your note; it becomes a fact only where others bear it out";
        Ok(json!({"kept": answer, "id": kept.ids.first()}))
    }

    fn dream(&self, id: Option<&str>) -> Result<Dream> {
        let memory = open(&self.paths, self.root.as_deref())?;
        Ok(match id {
            Some(id) => memory.dream(id)?,
            None => memory.dreams()?.into_iter().next().context("there was no dream yet")?,
        })
    }
}
