use super::*;
use kairos_plugin::testing::Fake;

const NOW: u64 = 1_800_000_000_000;

const CARGO: &str = r#"
[workspace]
members = ["crates/*"]
exclude = ["crates/fuzz"]

[workspace.dependencies]
serde = { version = "1.0.100", features = ["derive"] }

[package]
name = "shop"
version = "0.1.0"

[dependencies]
serde.workspace = true
log = "0.4"
json = { package = "serde_json", version = "1" }

[target.'cfg(windows)'.dependencies]
winapi = "0.3"
"#;
const CARGO_LOCK: &str = r#"version = 4

[[package]]
name = "log"
version = "0.4.20"
source = "registry+https://github.com/rust-lang/crates.io-index"

[[package]]
name = "orders"
version = "0.1.0"
dependencies = [
 "log",
 "shop",
]

[[package]]
name = "serde"
version = "1.0.190"
source = "registry+https://github.com/rust-lang/crates.io-index"

[[package]]
name = "serde_json"
version = "1.0.100"
source = "registry+https://github.com/rust-lang/crates.io-index"

[[package]]
name = "shop"
version = "0.1.0"
dependencies = [
 "log",
 "serde",
 "serde_json",
 "winapi",
]

[[package]]
name = "winapi"
version = "0.3.9"
source = "registry+https://github.com/rust-lang/crates.io-index"
"#;
const MEMBER: &str =
    "[package]\nname = \"orders\"\n[dependencies]\nshop = { path = \"../..\" }\n[dev-dependencies]\nlog = \"0.4.1\"\n";

/// As committed, and as it stands.
fn project(files: &[(&str, &str)]) -> Fake {
    let host = Fake::new().at(NOW).repository(Repository::default());
    files.iter().fold(host, |host, (path, text)| host.file(path, text).staged(path, text).recorded(Version::Head, path, text))
}

fn cargo() -> Fake {
    let fuzz = "[package]\nname = \"orders\"\n[dependencies]\nnowhere = \"1\"\n";
    project(&[
        ("Cargo.toml", CARGO),
        ("Cargo.lock", CARGO_LOCK),
        ("crates/orders/Cargo.toml", MEMBER),
        ("crates/fuzz/Cargo.toml", fuzz),
    ])
}

fn run(host: &Fake, kind: &str) -> Report {
    DependencyDrift::detect(host, &[Signal::new(kind)]).unwrap()
}

/// Opened, and looked at again when the edit has settled.
fn settled(host: &mut Fake) -> Report {
    assert_eq!(run(host, "project.opened").findings.iter().filter(|f| !f.key.starts_with("advisory")).count(), 0);
    host.set_now(NOW + look::SETTLE);
    run(host, "kairos.wake")
}

fn titles(report: &Report) -> Vec<&str> {
    report.findings.iter().map(|finding| finding.title.as_str()).collect()
}

#[test]
fn a_workspace_that_fits_is_left_alone() {
    let mut host = cargo();
    let report = settled(&mut host);
    assert_eq!((titles(&report), report.wake_after), (vec![], Some(0)));
}

#[test]
fn a_cargo_manifest_and_its_lock_disagree() {
    let mut host = cargo();
    host.write("Cargo.toml", CARGO.replace("log = \"0.4\"", "log = \"0.5\"\nrand = \"0.8\""));
    let first = run(&host, "project.opened");
    assert_eq!((titles(&first), first.wake_after), (vec![], Some(600)));
    host.set_now(NOW + look::SETTLE);
    let report = run(&host, "kairos.wake");
    assert_eq!(titles(&report), ["Cargo.lock holds log in a version that the manifest excludes and 1 more"]);
    let finding = &report.findings[0];
    assert!(finding.detail.contains("log (Cargo.toml): asked for as 0.5, locked at 0.4.20"), "{}", finding.detail);
    assert!(finding.detail.contains("rand (Cargo.toml): asked for as 0.8, not in the lock"));
    assert_eq!((finding.evidence[0].line, finding.evidence[0].excerpt.as_str()), (Some(15), "log = \"0.5\""));
    // Mended: the lock tool ran.
    host.write("Cargo.toml", CARGO);
    let signal = Signal::new("file.modified").with("path", "Cargo.toml");
    let report = DependencyDrift::detect(&host, &[signal]).unwrap();
    assert_eq!(report.findings, []);
    assert!(report.cleared.contains(&"drift:Cargo.lock".to_string()));
}

#[test]
fn another_edit_begins_the_wait_anew_and_a_merge_is_waited_for() {
    let mut host = cargo();
    host.write("Cargo.toml", CARGO.replace("log = \"0.4\"", "log = \"0.5\""));
    run(&host, "project.opened");
    host.set_now(NOW + look::SETTLE - 60_000);
    host.write("Cargo.toml", CARGO.replace("log = \"0.4\"", "log = \"0.6\""));
    let signal = Signal::new("file.modified").with("path", "Cargo.toml");
    assert_eq!(DependencyDrift::detect(&host, &[signal]).unwrap().findings, []);
    host.set_now(NOW + look::SETTLE);
    let report = run(&host, "kairos.wake");
    assert_eq!((titles(&report), report.wake_after), (vec![], Some(540)));
    host.set_repository(Some(Repository { operation: Some("merge".into()), ..Repository::default() }));
    host.set_now(NOW + 2 * look::SETTLE);
    assert_eq!(run(&host, "kairos.wake").findings, []);
}

#[test]
fn a_lock_that_git_does_not_know_is_nobodys_promise() {
    let mut host = Fake::new().at(NOW).repository(Repository::default());
    host.write("Cargo.toml", CARGO.replace("log = \"0.4\"", "log = \"0.5\""));
    host.write("Cargo.lock", CARGO_LOCK);
    assert_eq!(settled(&mut host).findings, []);
}

#[test]
fn a_lock_left_out_of_a_commit() {
    let mut host = cargo();
    let manifest = CARGO.replace("winapi = \"0.3\"", "winapi = \"0.4\"");
    host.write("Cargo.toml", &manifest);
    host.record(Version::Head, "Cargo.toml", &manifest);
    host.write("Cargo.lock", CARGO_LOCK.replace("0.3.9", "0.4.10"));
    let report = settled(&mut host);
    assert_eq!(titles(&report), ["Cargo.lock is not committed with its manifest (winapi)"]);
}

#[test]
fn a_second_major_that_another_package_brings() {
    let mut host = cargo();
    let second = "\n[[package]]\nname = \"log\"\nversion = \"0.3.9\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
    let lock = CARGO_LOCK.replace(" \"log\",\n", " \"log 0.4.20\",\n") + second;
    host.write("Cargo.lock", &lock);
    let report = settled(&mut host);
    assert_eq!(titles(&report), ["Cargo.lock gains a second major version of log"]);
    assert_eq!(report.findings[0].urgency, Urgency::Low);
    host.record(Version::Head, "Cargo.lock", &lock);
    assert!(run(&host, "git.head").cleared.contains(&"majors:Cargo.lock".to_string()));
}

#[test]
fn advisories_name_range_and_remedy() {
    let advisory = r#"{"id": "RUSTSEC-2023-0001", "aliases": ["CVE-2023-1"], "summary": "log leaks", "affected": [{
        "package": {"ecosystem": "crates.io", "name": "log"},
        "ranges": [{"type": "SEMVER", "events": [{"introduced": "0.0.0-0"}, {"fixed": "0.3.0"}, {"introduced": "0.4.0"}, {"fixed": "0.4.21"}]}],
        "database_specific": {"severity": "HIGH"}}]}"#;
    let same = advisory.replace("RUSTSEC-2023-0001", "GHSA-1");
    let others = r#"[{"id": "A", "withdrawn": "2023-01-01T00:00:00Z", "affected": [{"package": {"ecosystem": "crates.io", "name": "log"}, "versions": ["0.4.20"]}]},
        {"id": "B", "affected": [{"package": {"ecosystem": "npm", "name": "log"}, "versions": ["0.4.20"]}]},
        {"id": "C", "affected": [{"package": {"ecosystem": "crates.io", "name": "serde"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "1.0.191"}]}]}]},
        {"id": "D", "affected": [{"package": {"ecosystem": "crates.io", "name": "winapi"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}], "database_specific": {"informational": "unmaintained"}}]}]"#;
    let mut host = cargo().file(".kairos/advisories/1.json", advisory).file(".kairos/advisories/2.json", same);
    host.write(".kairos/advisories/3.json", others);
    host.write(".kairos/advisories/4.json", "{ not json");
    let report = run(&host, "project.opened");
    assert_eq!(titles(&report), ["log 0.4.20 has a severe advisory: RUSTSEC-2023-0001", "winapi 0.3.9 has a notice: D"]);
    let finding = &report.findings[0];
    assert!(
        finding.detail.contains("Affected: from 0.4.0, before 0.4.21. Locked in Cargo.lock: 0.4.20. Mended in 0.4.21."),
        "{}",
        finding.detail
    );
    assert_eq!((finding.urgency, report.findings[1].urgency), (Urgency::High, Urgency::Low));
    host.write("Cargo.lock", CARGO_LOCK.replace("0.4.20", "0.4.21"));
    let report = DependencyDrift::detect(&host, &[Signal::new("file.modified").with("path", "Cargo.lock")]).unwrap();
    assert!(report.cleared.contains(&"advisory:Cargo.lock:*".to_string()) && report.findings.len() == 1);
}

/// The manifest fits at first; with `from` replaced by `to` it doesn't.
fn drifts(files: &[(&str, &str)], from: &str, to: &str) -> Vec<String> {
    let mut host = project(files);
    assert_eq!(titles(&settled(&mut host)), Vec::<&str>::new(), "{}", files[1].0);
    let mut host = project(files);
    host.write(files[0].0, files[0].1.replace(from, to));
    titles(&settled(&mut host)).into_iter().map(String::from).collect()
}

const PACKAGE: &str = r#"{"name": "shop", "dependencies": {"react": "^18.2.0", "@s/own": "workspace:*", "left": "npm:right@^1.0.0"},
  "devDependencies": {"jest": "~29.1.0"}, "optionalDependencies": {"fsevents": "*"}, "peerDependencies": {"vue": "3"}}"#;

#[test]
fn the_locks_of_npm() {
    let package = PACKAGE.replace("\"@s/own\": \"workspace:*\", ", "");
    let lock = r#"{"lockfileVersion": 3, "packages": {"": {"name": "shop"}, "packages/a": {"name": "a"},
        "node_modules/a": {"link": true, "resolved": "packages/a"},
        "node_modules/react": {"version": "18.3.1"}, "node_modules/left": {"name": "right", "version": "1.4.0"},
        "node_modules/jest": {"version": "29.1.7"}, "packages/a/node_modules/react": {"version": "17.0.2"}}}"#;
    let member = r#"{"name": "a", "dependencies": {"react": "^17.0.0", "jest": "29.x"}}"#;
    let files = [("package.json", package.as_str()), ("package-lock.json", lock), ("packages/a/package.json", member)];
    assert_eq!(drifts(&files, "^18.2.0", "^19.0.0"), ["package-lock.json holds react in a version that the manifest excludes"]);
    assert_eq!(drifts(&files, "\"react\"", "\"preact\""), ["package-lock.json lacks preact"]);
    let old = r#"{"lockfileVersion": 1, "dependencies": {"react": {"version": "18.3.1"}, "left": {"version": "npm:right@1.4.0"}, "jest": {"version": "29.1.7"}}}"#;
    assert_eq!(
        drifts(&[("package.json", &package), ("package-lock.json", old)], "~29.1.0", "~29.2.0"),
        ["package-lock.json holds jest in a version that the manifest excludes"]
    );
}

#[test]
fn the_locks_of_pnpm_and_yarn() {
    let pnpm = "lockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    dependencies:\n      '@s/own':\n        specifier: workspace:*\n        version: link:packages/own\n      left:\n        specifier: npm:right@^1.0.0\n        version: right@1.4.0\n      react:\n        specifier: ^18.2.0\n        version: 18.3.1\n    devDependencies:\n      jest:\n        specifier: ~29.1.0\n        version: 29.1.7\n\npackages:\n\n  react@18.3.1:\n    resolution: {integrity: x}\n";
    let files = [("package.json", PACKAGE), ("pnpm-lock.yaml", pnpm)];
    assert_eq!(drifts(&files, "^18.2.0", "^18.3.0"), ["pnpm-lock.yaml was made for another requirement of react"]);
    let yarn = "# yarn lockfile v1\n\n\njest@~29.1.0:\n  version \"29.1.7\"\n  resolved \"x\"\n\n\"left@npm:right@^1.0.0\":\n  version \"1.4.0\"\n\nreact@^18.0.0, react@^18.2.0:\n  version \"18.3.1\"\n";
    let files = [("package.json", PACKAGE), ("yarn.lock", yarn)];
    assert_eq!(drifts(&files, "^18.2.0", "^19.0.0"), ["yarn.lock holds react in a version that the manifest excludes"]);
    assert!(drifts(&files, "^18.2.0", "^18.3.0").is_empty());
    let berry = "__metadata:\n  version: 8\n\n\"jest@npm:~29.1.0\":\n  version: 29.1.7\n\n\"left@npm:right@^1.0.0\":\n  version: 1.4.0\n\n\"react@npm:^18.2.0\":\n  version: 18.3.1\n\n\"shop@workspace:.\":\n  version: 0.0.0-use.local\n";
    let files = [("package.json", PACKAGE), ("yarn.lock", berry)];
    assert_eq!(drifts(&files, "\"jest\"", "\"vitest\""), ["yarn.lock lacks vitest"]);
}

#[test]
fn the_locks_of_python_and_go() {
    let uv = "version = 1\n\n[[package]]\nname = \"flask\"\nversion = \"3.0.1\"\nsource = { registry = \"https://pypi.org/simple\" }\nwheels = [\n    { url = \"x\" },\n]\n\n[[package]]\nname = \"shop\"\nversion = \"0.1.0\"\nsource = { editable = \".\" }\n\n[package.metadata]\nrequires-dist = [{ name = \"flask\", specifier = \">=3\" }]\n";
    let project =
        "[project]\nname = \"shop\"\ndependencies = [\n    \"Flask>=3,<4\",\n    \"tomli>=2; python_version < '3.11'\",\n]\n";
    let files = [("pyproject.toml", project), ("uv.lock", uv)];
    assert_eq!(drifts(&files, ">=3,<4", ">=3.1"), ["uv.lock holds flask in a version that the manifest excludes"]);
    assert_eq!(drifts(&files, "<4\"", "<4\", \"typing_extensions\""), ["uv.lock lacks typing-extensions"]);
    // Left over from before its folder joined the workspace.
    let member = project.replace("tomli", "left\", \"over");
    let root = uv.replace("editable = \".\"", "editable = \"core\"");
    let files =
        [("core/pyproject.toml", project), ("core/uv.lock", uv), ("uv.lock", root.as_str()), ("pyproject.toml", "[project]\n")];
    assert_eq!(drifts(&files, project, &member), ["uv.lock lacks left"]);
    let poetry = "[[package]]\nname = \"flask\"\nversion = \"3.0.1\"\noptional = false\n\n[package.dependencies]\nname = \"x\"\n";
    let project = "[tool.poetry.dependencies]\npython = \"^3.9\"\nflask = \"^3.0\"\n";
    assert_eq!(
        drifts(&[("pyproject.toml", project), ("poetry.lock", poetry)], "^3.0", "^4"),
        ["poetry.lock holds flask in a version that the manifest excludes"]
    );
    let module = "module x\n\ngo 1.22\n\nrequire (\n\tgithub.com/a/b v1.2.0\n\tgithub.com/c/d v0.1.0 // indirect\n)\n\nreplace github.com/c/d => ../d\n";
    let sum = "github.com/a/b v1.2.0 h1:x=\ngithub.com/a/b v1.2.0/go.mod h1:y=\n";
    assert_eq!(
        drifts(&[("go.mod", module), ("go.sum", sum)], "v1.2.0", "v1.3.0"),
        ["go.sum holds github.com/a/b in a version that the manifest excludes"]
    );
}
