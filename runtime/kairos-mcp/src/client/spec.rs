//! The servers that a `.mcp.json` names.

use super::ServerError;
use serde_json::{Map, Value};

/// Bytes of the file that are read.
pub const MAX_FILE: usize = 256 << 10;
/// Servers of one file.
const MAX_SERVERS: usize = 32;
/// Bytes of a server's name: it stands in the name of each of its tools.
const MAX_NAME: usize = 40;

/// One server, as the file has it: variables are not yet replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// Letters, digits, `-` and `_`.
    pub name: String,
    /// How to reach it.
    pub launch: Launch,
}

/// How to reach a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Launch {
    /// A process of ours, spoken to on its standard input and output.
    Stdio {
        /// The program.
        command: String,
        /// Its arguments.
        args: Vec<String>,
        /// Variables of its environment, beside the few that each process needs.
        env: Vec<(String, String)>,
    },
    /// A server that answers over HTTP.
    Http {
        /// Its address.
        url: String,
        /// Sent with each request.
        headers: Vec<(String, String)>,
    },
}

impl Spec {
    /// On one line, as the user reads it before he trusts it; values of headers and variables are as in the file.
    pub fn line(&self) -> String {
        let pairs = |all: &[(String, String)], sign: &str| {
            all.iter().map(|(name, value)| format!("{name}{sign}{value}")).collect::<Vec<_>>()
        };
        match &self.launch {
            Launch::Stdio { command, args, env } => [pairs(env, "="), vec![command.clone()], args.clone()].concat().join(" "),
            Launch::Http { url, headers } => [vec![url.clone()], pairs(headers, ": ")].concat().join(", "),
        }
    }

    /// With `${VAR}` and `${VAR:-default}` replaced.
    ///
    /// # Errors
    /// Where a variable without a default is not set.
    pub fn expanded(&self, variable: impl Fn(&str) -> Option<String>) -> Result<Launch, ServerError> {
        let expand = |text: &str| expand(text, &variable).map_err(|e| ServerError::Spec(format!("`{}`: {e}", self.name)));
        let pairs = |all: &[(String, String)]| -> Result<Vec<_>, ServerError> {
            all.iter().map(|(name, value)| Ok((name.clone(), expand(value)?))).collect()
        };
        Ok(match &self.launch {
            Launch::Stdio { command, args, env } => Launch::Stdio {
                command: expand(command)?,
                args: args.iter().map(|arg| expand(arg)).collect::<Result<_, _>>()?,
                env: pairs(env)?,
            },
            Launch::Http { url, headers } => Launch::Http { url: expand(url)?, headers: pairs(headers)? },
        })
    }
}

/// The servers of a file, by name, and what is wrong with the others.
pub fn parse(text: &str) -> (Vec<Spec>, Vec<String>) {
    let file: Value = match serde_json::from_str(text) {
        Ok(file) => file,
        Err(e) => return (vec![], vec![format!("line {}: {e}", e.line())]),
    };
    let Some(servers) = file["mcpServers"].as_object() else {
        return (vec![], vec!["`mcpServers` is missing: an object with the servers by name".into()]);
    };
    let (mut all, mut wrong) = (Vec::new(), Vec::new());
    for (name, entry) in servers.iter().take(MAX_SERVERS) {
        match launch(name, entry) {
            Ok(launch) => all.push(Spec { name: name.clone(), launch }),
            Err(why) => wrong.push(format!("`{}`: {why}", name.chars().take(MAX_NAME).collect::<String>())),
        }
    }
    if servers.len() > MAX_SERVERS {
        wrong.push(format!("there are {} servers; {MAX_SERVERS} are the most", servers.len()));
    }
    (all, wrong)
}

fn launch(name: &str, entry: &Value) -> Result<Launch, String> {
    if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)) {
        return Err(format!("a name has at most {MAX_NAME} letters, digits, `-` and `_`"));
    }
    let text = |key: &str| entry[key].as_str().map(str::to_owned);
    let kind = text("type");
    match (kind.as_deref(), text("command"), text("url")) {
        (None | Some("stdio"), Some(command), None) => {
            let args = match &entry["args"] {
                Value::Null => Vec::new(),
                Value::Array(all) => all.iter().map(|a| a.as_str().map(str::to_owned)).collect::<Option<_>>().ok_or(ARGS)?,
                _ => return Err(ARGS.into()),
            };
            Ok(Launch::Stdio { command, args, env: pairs("env", entry.get("env"))? })
        }
        (Some("http" | "streamable-http" | "streamableHttp"), None, Some(url)) => {
            if !url.starts_with("http://") && !url.starts_with("https://") && !url.starts_with("${") {
                return Err("`url` begins with https:// or http://".into());
            }
            Ok(Launch::Http { url, headers: pairs("headers", entry.get("headers"))? })
        }
        (Some("sse"), ..) => Err("the transport `sse` is retired; most servers offer `\"type\": \"http\"` by now".into()),
        (Some(other), ..) if !["stdio", "http", "streamable-http", "streamableHttp"].contains(&other) => {
            Err(format!("`{other}` is no type: stdio or http"))
        }
        _ => Err("either `command`, or `type` http with `url`".into()),
    }
}

const ARGS: &str = "`args` is a list of texts";

fn pairs(what: &str, value: Option<&Value>) -> Result<Vec<(String, String)>, String> {
    let none = Map::new();
    let object = match value {
        None | Some(Value::Null) => &none,
        Some(value) => value.as_object().ok_or_else(|| format!("`{what}` is an object of texts"))?,
    };
    let pair = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    object.iter().map(pair).collect::<Option<_>>().ok_or_else(|| format!("`{what}` is an object of texts"))
}

fn expand(text: &str, variable: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find("${") {
        out += &rest[..at];
        let inner = &rest[at + 2..];
        let end = inner.find('}').ok_or_else(|| format!("`}}` is missing in `{text}`"))?;
        let (name, default) = match inner[..end].split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (&inner[..end], None),
        };
        let value = variable(name).filter(|value| !value.is_empty()).or(default.map(str::to_owned));
        out += &value.ok_or_else(|| format!("the variable {name} is not set where kairos-run was started"))?;
        rest = &inner[end + 1..];
    }
    Ok(out + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_file_is_understood() {
        let (all, wrong) = parse(
            r#"{"mcpServers": {
                "db": {"command": "npx", "args": ["-y", "server-db", "${ROOT:-.}"], "env": {"TOKEN": "${DB_TOKEN}"}, "timeout": 5},
                "web": {"type": "http", "url": "https://${HOST:-example.org}/mcp", "headers": {"Authorization": "Bearer ${KEY}"}},
                "old": {"type": "sse", "url": "https://example.org/sse"},
                "no way": {"command": "x"}, "n": {}, "a": {"command": "x", "args": "y"}, "t": {"type": "carrier-pigeon"}
            }, "other": 1}"#,
        );
        assert_eq!(all.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["db", "web"]);
        assert_eq!(wrong.len(), 5, "{wrong:?}");
        let vars = |name: &str| match name {
            "DB_TOKEN" => Some("t0".to_owned()),
            _ => None,
        };
        let Launch::Stdio { args, env, .. } = all[0].expanded(vars).unwrap() else { panic!() };
        assert_eq!((args[2].as_str(), env[0].1.as_str()), (".", "t0"));
        let unset = all[1].expanded(vars).unwrap_err().to_string();
        assert!(unset.contains("KEY is not set"), "{unset}");
        assert_eq!(all[0].line(), "TOKEN=${DB_TOKEN} npx -y server-db ${ROOT:-.}");
    }

    #[test]
    fn garbage_names_its_line() {
        assert!(parse("{\n\n x").1[0].starts_with("line 3"));
        assert!(parse("[]").1[0].contains("mcpServers"));
        assert_eq!(parse("{\"mcpServers\": {}}"), (vec![], vec![]));
    }
}
