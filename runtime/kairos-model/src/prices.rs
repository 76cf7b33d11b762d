//! What tokens cost.

use crate::find::Provider;
use kairos_core::model::Usage;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What writing into Anthropic's cache costs more, where a question is marked for it.
const WRITING: f64 = 1.25;

static KNOWN: LazyLock<BTreeMap<String, [f64; 3]>> =
    LazyLock::new(|| toml::from_str(include_str!("../prices.toml")).expect("the table is ours and tested"));

/// In dollars per million tokens, and so in millionths of a dollar per token.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Price {
    /// Of a question.
    pub input: f64,
    /// Of an answer.
    pub output: f64,
    /// Of what a cache served of a question.
    pub cached: f64,
}

impl Price {
    /// What a provider takes; none where nobody knows. `own` is the user's setting: `MODEL INPUT OUTPUT [CACHED]` each. Questions
    /// `with_tools` are marked for a cache, and writing them there has its price, too.
    ///
    /// # Errors
    /// Where one of his is not of this form.
    pub fn of(provider: &Provider, own: &[String], with_tools: bool) -> Result<Option<Self>, String> {
        let mut named = BTreeMap::new();
        for text in own {
            let (name, price) = parse(text).ok_or_else(|| {
                format!("`model.prices` in kairos.toml holds `{text}`; it has to be MODEL INPUT OUTPUT [CACHED], in dollars per million tokens")
            })?;
            named.insert(name, price);
        }
        let found = longest(&named, &provider.model).or_else(|| {
            // What runs on the user's own machine has no price; gateways put the maker before the model's name.
            let free = provider.preset.is_local().then_some([0.0; 3]);
            let short = provider.model.rsplit_once('/').map_or(provider.model.as_str(), |(_, name)| name);
            free.or_else(|| longest(&KNOWN, short))
        });
        let written = if with_tools && provider.preset.marks() { WRITING } else { 1.0 };
        Ok(found.map(|[input, output, cached]| Self { input: input * written, output, cached }))
    }

    /// In millionths of a dollar: rather too much than too little.
    pub fn cost(&self, usage: Usage) -> u64 {
        let cached = usage.cached.min(usage.input);
        let parts = [(usage.input - cached, self.input), (cached, self.cached), (usage.output, self.output)];
        parts.iter().map(|(tokens, price)| *tokens as f64 * price).sum::<f64>().ceil() as u64
    }
}

fn longest(table: &BTreeMap<String, [f64; 3]>, model: &str) -> Option<[f64; 3]> {
    let begins = |name: &&String| model.starts_with(name.as_str());
    table.keys().filter(begins).max_by_key(|name| name.len()).map(|name| table[name])
}

fn parse(text: &str) -> Option<(String, [f64; 3])> {
    let mut words = text.split_whitespace();
    let name = words.next()?.to_owned();
    let numbers: Vec<f64> = words.map(str::parse).collect::<Result<_, _>>().ok()?;
    let price = match numbers[..] {
        [input, output] => [input, output, input],
        [input, output, cached] => [input, output, cached],
        _ => return None,
    };
    price.iter().all(|p| (0.0..=1e6).contains(p)).then_some((name, price))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::find::Preset;
    use std::time::Duration;

    fn price(preset: Preset, model: &str, own: &[&str]) -> Result<Option<Price>, String> {
        let own: Vec<String> = own.iter().map(|s| (*s).into()).collect();
        let (url, timeout) = (String::new(), Duration::ZERO);
        Price::of(&Provider { preset, url, own: false, model: model.into(), key: None, timeout }, &own, false)
    }

    #[test]
    fn the_longest_beginning_counts_and_the_users_own_before_all() {
        let input = |preset, model, own: &[&str]| price(preset, model, own).unwrap().map(|p| p.input);
        assert_eq!(input(Preset::Anthropic, "claude-haiku-4-5-20251001", &[]), Some(1.0));
        assert_eq!(input(Preset::OpenAi, "gpt-5-mini-2025-08-07", &[]), Some(0.25));
        assert_eq!(input(Preset::OpenRouter, "anthropic/claude-opus-5-5", &[]), Some(4.0));
        assert_eq!(input(Preset::OpenAi, "something-new", &[]), None);
        assert_eq!(input(Preset::Ollama, "gpt-5-mini", &[]), Some(0.0));
        assert_eq!(input(Preset::Ollama, "qwen3:4b", &["qwen3 0.1 0.2"]), Some(0.1));
        for wrong in ["x", "x 1", "x 1 y", "x 1 -1", "x 1 2 3 4", "x nan 1"] {
            assert!(price(Preset::OpenAi, "m", &[wrong]).unwrap_err().contains("model.prices"), "{wrong}");
        }
    }

    #[test]
    fn a_cost_is_rounded_up() {
        let price = price(Preset::Anthropic, "claude-haiku-4-5", &[]).unwrap().unwrap();
        assert_eq!(price.cost(Usage { input: 1000, cached: 900, output: 11 }), 100 + 90 + 55);
        assert_eq!(price.cost(Usage { input: 1, cached: 1, output: 0 }), 1);
        assert_eq!(price.cost(Usage::default()), 0);
    }
}
