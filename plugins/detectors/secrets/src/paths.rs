//! What a file's name says about secrets in it. Pure.

/// The kind of place a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Not worth reading: lock files, generated and binary formats, other people's code.
    Skip,
    /// Tests and their data, where keys are made up as a rule.
    Test,
    /// Documentation and templates, where keys are examples as a rule.
    Example,
    /// All else.
    Ordinary,
}

/// How pressing it is that a file of this name is about to be committed, by its name alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sensitive {
    /// A file that holds environment variables: often secrets, sometimes harmless defaults.
    Environment,
    /// A private key or a store of keys.
    Key,
    /// A file in which a tool keeps its login.
    Login,
}

/// Sorts a path.
pub fn place(path: &str) -> Place {
    let lower = path.to_ascii_lowercase();
    let (folder, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let extension = name.rsplit_once('.').map(|(_, extension)| extension).unwrap_or_default();
    const SKIPPED: &[&str] = &[
        "lock",
        "map",
        "svg",
        "png",
        "jpg",
        "jpeg",
        "gif",
        "webp",
        "ico",
        "bmp",
        "tif",
        "tiff",
        "avif",
        "woff",
        "woff2",
        "ttf",
        "otf",
        "eot",
        "pdf",
        "zip",
        "gz",
        "xz",
        "zst",
        "bz2",
        "7z",
        "tar",
        "jar",
        "war",
        "class",
        "exe",
        "dll",
        "so",
        "dylib",
        "a",
        "o",
        "rlib",
        "wasm",
        "pyc",
        "mp3",
        "mp4",
        "mov",
        "avi",
        "webm",
        "ogg",
        "flac",
        "wav",
        "sqlite",
        "db",
        "bin",
        "sum",
        "pb",
        "onnx",
        "safetensors",
        "gguf",
        "parquet",
        "snap",
    ];
    const LOCKS: &[&str] =
        &["package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "packages.lock.json", "go.sum", "gradle.lockfile"];
    if SKIPPED.contains(&extension) || LOCKS.contains(&name) || name.contains(".min.") || name.contains("-min.") {
        return Place::Skip;
    }
    let in_folder = |names: &[&str]| folder.split('/').any(|part| names.contains(&part));
    if in_folder(&["node_modules", "vendor", "third_party", "third-party", "site-packages", ".git"]) {
        return Place::Skip;
    }
    let stem = name.split('.').next().unwrap_or(name);
    if in_folder(&[
        "test",
        "tests",
        "__tests__",
        "spec",
        "specs",
        "fixtures",
        "__fixtures__",
        "testdata",
        "test-data",
        "mocks",
        "e2e",
    ]) || stem.starts_with("test_")
        || stem.ends_with("_test")
        || stem.ends_with("_spec")
        || stem == "tests"
        || stem == "conftest"
        || name.contains(".test.")
        || name.contains(".spec.")
    {
        return Place::Test;
    }
    let template = ["example", "sample", "template", "dist", "tmpl", "tpl"];
    if in_folder(&["docs", "doc", "examples", "example", "samples", "documentation"])
        || name.split('.').any(|part| template.contains(&part))
        || matches!(extension, "md" | "markdown" | "mdx" | "rst" | "adoc" | "asciidoc" | "ipynb")
    {
        return Place::Example;
    }
    Place::Ordinary
}

/// Values stand without quotes in these formats.
pub fn has_bare_values(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let extension = name.rsplit_once('.').map(|(_, extension)| extension).unwrap_or_default();
    const BARE: &[&str] =
        &["env", "ini", "cfg", "conf", "properties", "yml", "yaml", "toml", "netrc", "tfvars", "envrc", "npmrc"];
    BARE.contains(&extension) || name.starts_with(".env") || name == "credentials" || name == "config" || name == "dockerfile"
}

/// Whether a file of this name should make one think before it is committed.
pub fn sensitive(path: &str) -> Option<Sensitive> {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    if place(path) != Place::Ordinary {
        return None;
    }
    if name == ".env"
        || name == ".envrc"
        || name.strip_prefix(".env.").is_some_and(|rest| !matches!(rest, "defaults" | "schema" | "vault" | "ci" | "test"))
    {
        return Some(Sensitive::Environment);
    }
    if matches!(name.as_str(), "id_rsa" | "id_dsa" | "id_ecdsa" | "id_ed25519") {
        return Some(Sensitive::Key);
    }
    let extension = name.rsplit_once('.').map(|(_, extension)| extension).unwrap_or_default();
    if matches!(extension, "p12" | "pfx" | "jks" | "keystore" | "kdbx" | "ppk" | "key") && !name.starts_with("debug.") {
        return Some(Sensitive::Key);
    }
    if matches!(name.as_str(), ".netrc" | "_netrc" | ".pypirc" | ".pgpass" | ".htpasswd" | ".git-credentials" | ".dockercfg") {
        return Some(Sensitive::Login);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let table = [
            (
                Place::Skip,
                "Cargo.lock web/package-lock.json go.sum dist/app.min.js a.map logo.svg node_modules/x/index.js vendor/a.go",
            ),
            (
                Place::Test,
                "tests/login.rs src/__tests__/a.ts a/b_test.go test_login.py src/login.test.ts spec/models/user.rb x/testdata/k.pem",
            ),
            (Place::Example, "README.md docs/setup.txt .env.example config.sample.yml examples/s3/main.rs"),
            (Place::Ordinary, "src/main.rs config/settings.yml .env deploy.sh src/latest/a.rs contest.py"),
        ];
        for (expected, paths) in table {
            for path in paths.split(' ') {
                assert_eq!(place(path), expected, "{path}");
            }
        }
    }

    #[test]
    fn sensitive_names() {
        for path in [".env", "api/.env", ".env.local", ".env.production"] {
            assert_eq!(sensitive(path), Some(Sensitive::Environment), "{path}");
        }
        for path in ["deploy/id_ed25519", "release.jks", "client.p12", "tls/server.key"] {
            assert_eq!(sensitive(path), Some(Sensitive::Key), "{path}");
        }
        assert_eq!(sensitive(".netrc"), Some(Sensitive::Login));
        for path in [
            ".env.example",
            ".env.test",
            "id_rsa.pub",
            "android/debug.keystore",
            "tests/server.key",
            "src/env.rs",
            "environment.yml",
        ] {
            assert_eq!(sensitive(path), None, "{path}");
        }
    }
}
