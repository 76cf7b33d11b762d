//! Which paths hold secrets: their content is never handed to a plugin, though their names may be.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// Files whose content is private, by name, in any folder.
const FILES: &[&str] = &[
    ".env",
    ".env.*",
    ".envrc",
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "*.jks",
    "*.keystore",
    "*.ppk",
    "*.kdbx",
    "*.kdb",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "id_ecdsa_sk",
    "id_ed25519_sk",
    "*_rsa",
    "*_dsa",
    "*_ecdsa",
    "*_ed25519",
    ".netrc",
    "_netrc",
    ".npmrc",
    ".pypirc",
    ".pgpass",
    ".htpasswd",
    ".git-credentials",
    ".dockercfg",
    ".vault-token",
    "credentials",
    "credentials.{yml,yaml,json,toml}",
    "secrets.{yml,yaml,json,toml,env}",
    "secret.{yml,yaml,json,toml}",
];

/// Templates that `.env.*` would match; people commit them for others to read.
const TEMPLATES: &[&str] = &[".env.example", ".env.sample", ".env.template", ".env.dist"];

/// Folders all of whose content is private.
const FOLDERS: &[&str] = &[".aws", ".ssh", ".gnupg"];

/// A private pattern that isn't a glob.
#[derive(Debug, thiserror::Error)]
#[error("the private pattern `{pattern}` is not a glob: {reason}; correct it in `files.private`")]
pub struct PatternError {
    /// As the user wrote it.
    pub pattern: String,
    /// What is wrong with it.
    pub reason: String,
}

/// The built-in private patterns and those of the user.
///
/// Matching ignores case. A user's pattern without a `/` matches a name in any folder, one with a `/` a path from the
/// project's folder; either also covers what is below a folder that it matches.
#[derive(Debug, Clone)]
pub struct PrivatePaths {
    files: GlobSet,
    user: GlobSet,
}

impl PrivatePaths {
    /// The built-in patterns and `extra`.
    pub fn new(extra: &[String]) -> Result<Self, PatternError> {
        Ok(Self { files: build(FILES.iter().copied())?, user: build(extra.iter().map(String::as_str))? })
    }

    /// Is the content of this path private? `path` is relative to the project, with `/`.
    pub fn is_private(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        if self.files.is_match(name) && !TEMPLATES.iter().any(|template| name.eq_ignore_ascii_case(template)) {
            return true;
        }
        if path.split('/').any(|part| FOLDERS.iter().any(|folder| part.eq_ignore_ascii_case(folder))) {
            return true;
        }
        if self.user.is_empty() {
            return false;
        }
        let ancestors = path.match_indices('/').map(|(end, _)| &path[..end]);
        ancestors.chain([path]).any(|part| self.user.is_match(part))
    }
}

fn build<'a>(patterns: impl Iterator<Item = &'a str>) -> Result<GlobSet, PatternError> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let failed = |error: globset::Error| PatternError { pattern: pattern.to_owned(), reason: error.kind().to_string() };
        set.add(glob(pattern, true).map_err(failed)?);
    }
    set.build().map_err(|error| PatternError { pattern: String::new(), reason: error.kind().to_string() })
}

/// A glob in the way people know it from ignore files: without a `/` inside it matches a name in any folder.
pub(crate) fn glob(pattern: &str, ignore_case: bool) -> Result<globset::Glob, globset::Error> {
    let trimmed = pattern.trim_end_matches('/');
    let anchored = match trimmed.strip_prefix('/') {
        Some(rest) => rest.to_owned(),
        None if trimmed.contains('/') => trimmed.to_owned(),
        None => format!("**/{trimmed}"),
    };
    GlobBuilder::new(&anchored).literal_separator(true).case_insensitive(ignore_case).backslash_escape(true).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_private_and_sources_are_not() {
        let paths = PrivatePaths::new(&[]).unwrap();
        for path in [
            ".env",
            "web/.ENV",
            ".env.local",
            ".env.production",
            "certs/a.pem",
            "id_rsa",
            "deploy_ed25519",
            "k.p12",
            "k.pfx",
            "x/server.key",
            ".netrc",
            ".npmrc",
            ".pypirc",
            "credentials",
            ".cargo/credentials.toml",
            ".aws/config",
            "home/.ssh/known_hosts",
            ".gnupg/x/y",
            "a.kdbx",
            "config/secrets.yml",
            "secrets.json",
        ] {
            assert!(paths.is_private(path), "{path}");
        }
        for path in [
            "",
            "src/main.rs",
            ".env.example",
            "x/.env.sample",
            ".env.template",
            "id_rsa.pub",
            "environment",
            ".env/lib/a.py",
            "src/credentials/mod.rs",
            "src/secrets.rs",
            "keys/readme.md",
            "monkey",
        ] {
            assert!(!paths.is_private(path), "{path}");
        }
    }

    #[test]
    fn user_patterns_cover_what_is_below() {
        let paths = PrivatePaths::new(&["vault/".into(), "/notes/*.md".into(), "*.private".into()]).unwrap();
        for path in ["vault/a/b", "x/vault/a", "notes/a.md", "deep/a.private", "a.PRIVATE"] {
            assert!(paths.is_private(path), "{path}");
        }
        for path in ["notes/sub/a.md", "x/notes/a.md", "vaults/a"] {
            assert!(!paths.is_private(path), "{path}");
        }
        let error = PrivatePaths::new(&["[".into()]).unwrap_err();
        assert!(error.to_string().contains("`[`"), "{error}");
    }
}
