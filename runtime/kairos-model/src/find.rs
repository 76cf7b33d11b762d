//! Which provider there is: by the settings, else by the variables that people have.

use kairos_core::config::Config;
use kairos_net::{SecretPlace, host_of};
use std::time::Duration;

/// A provider whose ways are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Preset {
    Anthropic,
    OpenAi,
    OpenRouter,
    Ollama,
    LlamaCpp,
    Vllm,
}

/// What a preset brings along.
struct Defaults {
    /// As `model.provider` has it.
    name: &'static str,
    url: &'static str,
    /// A variable with another address.
    url_variable: Option<&'static str>,
    /// Where the key usually is; none where none is needed.
    key_variable: Option<&'static str>,
    /// The usual small model; none where that is the user's to know.
    model: Option<&'static str>,
}

impl Preset {
    const ALL: [Self; 6] = [Self::Anthropic, Self::OpenAi, Self::OpenRouter, Self::Ollama, Self::LlamaCpp, Self::Vllm];

    fn defaults(self) -> Defaults {
        let (name, url, url_variable, key_variable, model) = match self {
            Self::Anthropic => (
                "anthropic",
                "https://api.anthropic.com",
                Some("ANTHROPIC_BASE_URL"),
                Some("ANTHROPIC_API_KEY"),
                Some("claude-haiku-4-5"),
            ),
            Self::OpenAi => {
                ("openai", "https://api.openai.com/v1", Some("OPENAI_BASE_URL"), Some("OPENAI_API_KEY"), Some("gpt-5-mini"))
            }
            Self::OpenRouter => {
                ("openrouter", "https://openrouter.ai/api/v1", None, Some("OPENROUTER_API_KEY"), Some("openrouter/auto"))
            }
            Self::Ollama => ("ollama", "http://127.0.0.1:11434", Some("OLLAMA_HOST"), None, None),
            // It serves one model, under whatever name.
            Self::LlamaCpp => ("llamacpp", "http://127.0.0.1:8080", None, None, Some("default")),
            Self::Vllm => ("vllm", "http://127.0.0.1:8000", None, None, None),
        };
        Defaults { name, url, url_variable, key_variable, model }
    }

    /// As `model.provider` has it.
    pub fn as_str(self) -> &'static str {
        self.defaults().name
    }
}

/// Whom to ask, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Its ways.
    pub preset: Preset,
    /// Its address, without the part that the wire format adds.
    pub url: String,
    /// The address is the user's own, and may lie in his network; else it is the preset's.
    pub own: bool,
    /// Which model.
    pub model: String,
    /// Where the key is, if one is needed.
    pub key: Option<SecretPlace>,
    /// For one completion, tries included.
    pub timeout: Duration,
}

impl Provider {
    /// Which model where, for a person.
    pub fn name(&self) -> String {
        format!("{} at {}", self.model, host_of(&self.url).unwrap_or_default())
    }
}

/// The provider to use. The variables come as a function, so that a test has its own.
///
/// # Errors
/// Where there is none, or not enough is known of it: in words for the user, with what to set.
pub fn find(config: &Config, variable: impl Fn(&str) -> Option<String>) -> Result<Provider, String> {
    let variable = |name: &str| variable(name).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty());
    let setting = |key: &str| Some(config.text(key).trim().to_owned()).filter(|v| !v.is_empty());
    let preset = match config.text("model.provider") {
        "auto" => {
            let has = |p: &&Preset| match **p {
                Preset::Ollama => variable("OLLAMA_HOST").is_some(),
                _ => p.defaults().key_variable.is_some_and(|name| variable(name).is_some()),
            };
            let found = Preset::ALL.iter().find(has).copied();
            found.ok_or("set `model.provider` in kairos.toml, or one of ANTHROPIC_API_KEY, OPENAI_API_KEY, OPENROUTER_API_KEY, OLLAMA_HOST")?
        }
        name => {
            let named = Preset::ALL.into_iter().find(|p| p.as_str() == name);
            named.ok_or("`model.provider` in kairos.toml is \"none\"")?
        }
    };
    let defaults = preset.defaults();
    let own = setting("model.url").or_else(|| variable(defaults.url_variable?));
    let url = base(preset, own.as_deref().unwrap_or(defaults.url))?;
    let Some(model) = setting("model.name").or(defaults.model.map(String::from)) else {
        return Err(format!("`model.name` in kairos.toml has to say which model {} is to run", defaults.name));
    };
    let key = setting("model.key")
        .map(|place| SecretPlace::new(&place))
        .or_else(|| defaults.key_variable.map(|name| SecretPlace::Variable(name.into())));
    // A server on this machine is the user's own.
    let own = own.is_some() || matches!(preset, Preset::Ollama | Preset::LlamaCpp | Preset::Vllm);
    Ok(Provider { preset, url, own, model, key, timeout: config.duration("model.timeout") })
}

/// An address as people write it, such as `127.0.0.1:11434`, made one to which the format's path can be added.
fn base(preset: Preset, text: &str) -> Result<String, String> {
    let url = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let url = url.trim_end_matches('/').to_owned();
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    if host.contains('@') {
        return Err("the model's address holds a user name; the key belongs where `model.key` says".into());
    }
    host_of(&url).map_err(|_| "the model's address is no http or https URL; see `model.url` in kairos.toml".to_string())?;
    // What a server listens on everywhere is reached here.
    let url = url.replacen("://0.0.0.0", "://127.0.0.1", 1);
    Ok(match preset {
        Preset::Anthropic => url.strip_suffix("/v1").unwrap_or(&url).to_owned(),
        _ if path.is_empty() => format!("{url}/v1"),
        _ => url,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use kairos_core::config::Trust;

    fn found(toml: &str, variables: &[(&str, &str)]) -> Result<Provider, String> {
        let mut config = Config::default();
        config.merge("kairos.toml", toml, Trust::User).unwrap();
        find(&config, |name| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_string()))
    }

    #[test]
    fn without_anything_there_is_none_and_it_says_what_to_do() {
        assert!(found("", &[]).unwrap_err().contains("ANTHROPIC_API_KEY"));
        assert!(found("model.provider = \"none\"", &[("OPENAI_API_KEY", "k")]).unwrap_err().contains("none"));
        assert!(found("", &[("OPENAI_API_KEY", " ")]).is_err());
    }

    #[test]
    fn what_people_have_is_enough() {
        let p = found("", &[("OPENAI_API_KEY", "k"), ("ANTHROPIC_API_KEY", "k")]).unwrap();
        assert_eq!((p.preset, p.url.as_str(), p.own), (Preset::Anthropic, "https://api.anthropic.com", false));
        assert_eq!(p.key, Some(SecretPlace::Variable("ANTHROPIC_API_KEY".into())));
        let p = found("", &[("OPENAI_API_KEY", "k"), ("OPENAI_BASE_URL", "http://gateway.local:4000/v1/")]).unwrap();
        assert_eq!((p.url.as_str(), p.own), ("http://gateway.local:4000/v1", true));
        let p = found("", &[("ANTHROPIC_API_KEY", "k"), ("ANTHROPIC_BASE_URL", "https://proxy.example/v1")]).unwrap();
        assert_eq!(p.url, "https://proxy.example");
        let p = found("model.name = \"qwen3:4b\"", &[("OLLAMA_HOST", "0.0.0.0:11434")]).unwrap();
        assert_eq!((p.url.as_str(), p.own, p.key), ("http://127.0.0.1:11434/v1", true, None));
        assert!(found("", &[("OLLAMA_HOST", "localhost")]).unwrap_err().contains("model.name"));
    }

    #[test]
    fn settings_go_before_the_environment() {
        let toml =
            "[model]\nprovider = \"vllm\"\nname = \"m\"\nurl = \"http://10.0.0.2:8000\"\nkey = \"file:/k\"\ntimeout = \"5s\"";
        let p = found(toml, &[("ANTHROPIC_API_KEY", "k")]).unwrap();
        assert_eq!((p.preset, p.url.as_str(), p.model.as_str()), (Preset::Vllm, "http://10.0.0.2:8000/v1", "m"));
        assert_eq!((p.key, p.timeout.as_secs()), (Some(SecretPlace::File("/k".into())), 5));
        assert_eq!(found("model.provider = \"llamacpp\"", &[]).unwrap().url, "http://127.0.0.1:8080/v1");
        for url in ["ftp://x", "https://me:pw@x", "http://"] {
            let error = found(&format!("model.provider = \"llamacpp\"\nmodel.url = \"{url}\""), &[]).unwrap_err();
            assert!(!error.contains("pw"), "{error}");
        }
    }
}
