//! Which provider there is: by the settings, else by the variables that people have.

use kairos_core::config::Config;
use kairos_net::{Allow, Ledger, Net, Reach, SecretPlace, Timeouts, host_of};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// How long a server on this machine may take to say what it has.
const GLANCE: Duration = Duration::from_secs(1);
/// Most bytes of what it says.
const MAX_LIST: usize = 1 << 20;

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

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.as_str() == name)
    }

    /// It runs on the user's own machine, as a rule.
    pub(crate) fn is_local(self) -> bool {
        matches!(self, Self::Ollama | Self::LlamaCpp | Self::Vllm)
    }

    /// Questions with tools carry marks for its cache.
    pub(crate) fn marks(self) -> bool {
        self == Self::Anthropic
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

/// The providers to ask, one after the other until one answers. The variables come as a function, so that a test has its own.
///
/// # Errors
/// Where there is none, or not enough is known of one: in words for the user, with what to set.
pub fn find(config: &Config, variable: impl Fn(&str) -> Option<String>) -> Result<Vec<Provider>, String> {
    let variable = |name: &str| variable(name).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty());
    let preset = match config.text("model.provider") {
        "auto" => {
            let has = |p: &&Preset| match **p {
                Preset::Ollama => variable("OLLAMA_HOST").is_some(),
                _ => p.defaults().key_variable.is_some_and(|name| variable(name).is_some()),
            };
            let found = Preset::ALL.iter().find(has).copied();
            found.ok_or(
                "set `model.provider` in kairos.toml, or one of ANTHROPIC_API_KEY, OPENAI_API_KEY, OPENROUTER_API_KEY, OLLAMA_HOST, \
                 or start a model server on this machine",
            )?
        }
        name => Preset::named(name).ok_or("`model.provider` in kairos.toml is \"none\"")?,
    };
    let setting = |key: &str| Some(config.text(key).trim().to_owned()).filter(|v| !v.is_empty());
    let own = Own { url: setting("model.url"), model: setting("model.name"), key: setting("model.key") };
    let timeout = config.duration("model.timeout");
    let mut providers = vec![provider(preset, own, timeout, &variable)?];
    providers.extend(fallback(config, variable)?);
    Ok(providers)
}

/// Those who are asked where the first does not answer.
///
/// # Errors
/// As [`find`].
pub fn fallback(config: &Config, variable: impl Fn(&str) -> Option<String>) -> Result<Vec<Provider>, String> {
    let one = |text: String| {
        let (name, model) = text.split_once('/').map_or((text.as_str(), None), |(name, model)| (name, Some(model.to_owned())));
        let unknown = || format!("`model.fallback` in kairos.toml names `{text}`; it has to be a provider, or PROVIDER/MODEL");
        let preset = Preset::named(name).ok_or_else(unknown)?;
        provider(preset, Own { model, ..Own::default() }, config.duration("model.timeout"), &variable)
    };
    config.list("model.fallback").into_iter().map(one).collect()
}

/// What the user has set for one.
#[derive(Default)]
struct Own {
    url: Option<String>,
    model: Option<String>,
    key: Option<String>,
}

fn provider(preset: Preset, own: Own, timeout: Duration, variable: &impl Fn(&str) -> Option<String>) -> Result<Provider, String> {
    let defaults = preset.defaults();
    let named = own.url.or_else(|| variable(defaults.url_variable?));
    let url = base(preset, named.as_deref().unwrap_or(defaults.url))?;
    let Some(model) = own.model.or(defaults.model.map(String::from)) else {
        return Err(format!("`model.name` in kairos.toml has to say which model {} is to run", defaults.name));
    };
    let key = own
        .key
        .map(|place| SecretPlace::new(&place))
        .or_else(|| defaults.key_variable.map(|name| SecretPlace::Variable(name.into())));
    // A server on this machine is the user's own.
    let own = named.is_some() || preset.is_local();
    Ok(Provider { preset, url, own, model, key, timeout })
}

/// A server on this machine that answers, for the setting `auto` without any variable. Asks the three usual ports, which takes a second
/// each at most, and none at all where nobody listens.
pub async fn find_local(config: &Config, ledger: Arc<dyn Ledger>) -> Option<Provider> {
    let wanted = Some(config.text("model.name").trim()).filter(|name| !name.is_empty());
    for preset in Preset::ALL.into_iter().filter(|p| p.is_local()) {
        let url = base(preset, preset.defaults().url).ok()?;
        if let Some(model) = served(&url, wanted, ledger.clone()).await {
            return Some(Provider { preset, url, own: true, model, key: None, timeout: config.duration("model.timeout") });
        }
    }
    None
}

/// The model that a server has: the wanted one, else its first that is not for embeddings.
async fn served(url: &str, wanted: Option<&str>, ledger: Arc<dyn Ledger>) -> Option<String> {
    let names = listed(url, ledger).await?;
    names.into_iter().find(|name| wanted.map_or_else(|| !name.contains("embed"), |w| w == *name))
}

/// All that it has.
pub(crate) async fn listed(url: &str, ledger: Arc<dyn Ledger>) -> Option<Vec<String>> {
    let allow = Allow::default().host(&host_of(url).ok()?, Reach::Anywhere);
    let net = Net::new(allow, Timeouts { connect: GLANCE, read: GLANCE, total: GLANCE }, ledger);
    let answer = net.get(format!("{url}/models"), "looking for a model on this machine", MAX_LIST).await.ok()?;
    let list: Value = serde_json::from_slice(&answer.body).ok().filter(|_| answer.status == 200)?;
    Some(list["data"].as_array()?.iter().filter_map(|m| m["id"].as_str()).map(String::from).collect())
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

    fn all(toml: &str, variables: &[(&str, &str)]) -> Result<Vec<Provider>, String> {
        let mut config = Config::default();
        config.merge("kairos.toml", toml, Trust::User).unwrap();
        find(&config, |name| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_string()))
    }

    fn found(toml: &str, variables: &[(&str, &str)]) -> Result<Provider, String> {
        all(toml, variables).map(|mut all| all.remove(0))
    }

    #[test]
    fn others_follow_when_the_first_fails() {
        let toml = "model.url = \"http://10.0.0.2\"\nmodel.fallback = [\"openrouter\", \"ollama/qwen3:4b\"]";
        let providers = all(toml, &[("OPENAI_API_KEY", "k")]).unwrap();
        let told: Vec<_> = providers.iter().map(|p| (p.preset, p.url.as_str(), p.model.as_str())).collect();
        assert_eq!(
            told,
            [
                (Preset::OpenAi, "http://10.0.0.2/v1", "gpt-5-mini"),
                (Preset::OpenRouter, "https://openrouter.ai/api/v1", "openrouter/auto"),
                (Preset::Ollama, "http://127.0.0.1:11434/v1", "qwen3:4b")
            ]
        );
        for wrong in ["gpt", "none", "vllm"] {
            assert!(all(&format!("model.fallback = [\"{wrong}\"]"), &[("OPENAI_API_KEY", "k")]).is_err(), "{wrong}");
        }
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

    struct NoBook;

    #[async_trait::async_trait]
    impl Ledger for NoBook {
        async fn begin(&self, _: kairos_net::Egress) -> Result<u64, String> {
            Ok(1)
        }
        async fn end(&self, _: u64, _: &str, _: u64) {}
    }

    #[tokio::test]
    async fn a_server_on_this_machine_says_what_it_has_or_is_none() {
        use std::io::{Read, Write};
        let serve = |body: &'static str| {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let url = format!("http://{}/v1", listener.local_addr().unwrap());
            std::thread::spawn(move || {
                for stream in listener.incoming() {
                    let mut stream = stream.unwrap();
                    let _ = stream.read(&mut [0; 2048]);
                    let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                }
            });
            url
        };
        let book = || Arc::new(NoBook);
        let url = serve(r#"{"data": [{"id": "nomic-embed-text"}, {"id": "qwen3:4b"}, {"id": "b"}]}"#);
        assert_eq!(served(&url, None, book()).await.as_deref(), Some("qwen3:4b"));
        assert_eq!(served(&url, Some("b"), book()).await.as_deref(), Some("b"));
        assert_eq!(served(&url, Some("c"), book()).await, None);
        for other in ["<html>hello", "{}", "[1]"] {
            assert_eq!(served(&serve(other), None, book()).await, None, "somebody's own server");
        }
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert_eq!(served(&format!("http://{nobody}/v1"), None, book()).await, None);
    }
}
