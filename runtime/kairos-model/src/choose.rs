//! One model in the place of those of the settings, because the user named it.

use crate::find::{Preset, Provider, listed};
use kairos_net::{Ledger, host_of};
use std::sync::Arc;

/// The provider of the settings that can serve a model: `claude-opus-4-5`, `ollama/qwen3`, or `ollama` for what the settings let it run.
/// Of several the first counts.
///
/// # Errors
/// Where none can, as far as that is known without asking one: in words for the user.
pub fn choose(providers: &[Provider], wanted: &str) -> Result<Provider, String> {
    let named = |name: &str| providers.iter().find(|p| p.preset.as_str() == name);
    if let Some(provider) = named(wanted).or_else(|| providers.iter().find(|p| p.model == wanted)) {
        return Ok(provider.clone());
    }
    let with = |provider: &Provider, model: &str| Provider { model: model.to_owned(), ..provider.clone() };
    let bad = wanted.is_empty() || wanted.contains(|c: char| c.is_whitespace() || c.is_control());
    let found = match wanted.split_once('/').and_then(|(name, model)| Some((named(name)?, model))) {
        _ if bad => None,
        Some((provider, model)) => Some(with(provider, model)).filter(may_serve),
        None => providers.iter().map(|provider| with(provider, wanted)).find(may_serve),
    };
    found.ok_or_else(|| {
        let names: Vec<&str> = providers.iter().map(|p| p.preset.as_str()).collect();
        format!(
            "no provider of the settings serves a model `{wanted}`; there are: {}; `model.provider` and `model.fallback` in kairos.toml \
             name them",
            names.join(", ")
        )
    })
}

/// Asks a server on this machine whether it has the model; others are believed to.
///
/// # Errors
/// It has not, and says what it has.
pub async fn check(provider: &Provider, ledger: Arc<dyn Ledger>) -> Result<(), String> {
    if !matches!(provider.preset, Preset::Ollama | Preset::Vllm) || provider.key.is_some() {
        return Ok(());
    }
    // Ollama takes `qwen3` for `qwen3:latest`.
    let is_it = |name: &str| name == provider.model || name.strip_suffix(":latest") == Some(provider.model.as_str());
    match listed(&provider.url, ledger).await {
        Some(names) if !names.iter().any(|name| is_it(name)) => {
            let host = host_of(&provider.url).unwrap_or_default();
            Err(format!("{} at {host} has no model `{}`; it has: {}", provider.preset.as_str(), provider.model, names.join(", ")))
        }
        _ => Ok(()),
    }
}

/// By the names that it gives its models; at an address of the user's own there may be any.
fn may_serve(provider: &Provider) -> bool {
    let is_any = |beginnings: &[&str]| beginnings.iter().any(|begin| provider.model.starts_with(begin));
    match provider.preset {
        Preset::Anthropic if !provider.own => is_any(&["claude-"]),
        Preset::OpenAi if !provider.own => is_any(&["gpt-", "chatgpt-", "codex-", "o1", "o3", "o4"]),
        Preset::OpenRouter if !provider.own => provider.model.contains('/'),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::find::find;
    use kairos_core::config::{Config, Trust};

    #[test]
    fn a_name_leads_to_the_provider_that_serves_it_or_to_none() {
        let providers = |toml: &str| {
            let mut config = Config::default();
            config.merge("kairos.toml", toml, Trust::User).unwrap();
            find(&config, |_| None).unwrap()
        };
        let chosen = |toml: &str, wanted: &str| {
            choose(&providers(toml), wanted).map(|p| format!("{} {}", p.preset.as_str(), p.model)).unwrap_or_else(|e| e)
        };
        let both = "model.provider = \"anthropic\"\nmodel.fallback = [\"openrouter\", \"openai/gpt-5\"]";
        assert_eq!(chosen(both, "claude-opus-4-5"), "anthropic claude-opus-4-5");
        assert_eq!(chosen(both, "gpt-5"), "openai gpt-5");
        assert_eq!(chosen(both, "openai/o3"), "openai o3");
        assert_eq!(chosen(both, "openai"), "openai gpt-5");
        assert_eq!(chosen(both, "openrouter/qwen/qwen3"), "openrouter qwen/qwen3");
        assert_eq!(chosen(both, "qwen/qwen3"), "openrouter qwen/qwen3");
        for wrong in ["qwen3", "anthropic/gpt-5", "", "claude- x", "gemini-3"] {
            let told = chosen(both, wrong);
            assert!(told.contains(&format!("`{wrong}`; there are: anthropic, openrouter, openai;")), "{told}");
        }
        let own = "model.provider = \"llamacpp\"\nmodel.url = \"http://127.0.0.1:9\"";
        assert_eq!(chosen(own, "any-name"), "llamacpp any-name");
    }
}
