//! Reads the settings: the user's file, then the project's, then what the command line says.

use anyhow::{Context, Result, bail};
use jiff::tz::TimeZone;
use kairos_core::config::{Config, Trust};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// A file of settings larger than this is a mistake, or an attack.
const MAX_FILE: u64 = 1024 * 1024;

/// Where a project's settings may be; the first one counts.
const IN_PROJECT: [&str; 2] = ["kairos.toml", ".kairos/kairos.toml"];

/// A value from the command line: a setting's name, and TOML.
pub type Override = (&'static str, String);

/// The settings for one project, or without one only the user's.
pub fn load(user: &Path, project: Option<&Path>, overrides: &[Override]) -> Result<Config> {
    let mut config = Config::default();
    if let Some(text) = read(user)? {
        let name = user.display().to_string();
        config.merge(&name, &text, Trust::User)?;
        let named = |folder: &str| kairos_memory::memory::expand(folder);
        config.merge_for(&name, &text, |folder| project.is_some_and(|project| same_file(&named(folder), project)))?;
    }
    if let Some(file) = project.and_then(project_file).filter(|file| !same_file(file, user))
        && let Some(text) = read(&file)?
    {
        config.merge(&file.display().to_string(), &text, Trust::Project)?;
    }
    // Which zones there are, only the machine knows.
    let zone = config.text("quiet.zone");
    if !zone.is_empty()
        && let Err(e) = TimeZone::get(zone)
    {
        bail!(
            "{}: `quiet.zone` can't be used: {e}; write a name such as Europe/Berlin, or nothing for the system's",
            user.display()
        );
    }
    for (key, value) in overrides {
        config.set(key, value).map_err(|problem| anyhow::anyhow!("on the command line, `{key}`: {problem}"))?;
    }
    Ok(config)
}

/// The project's own file, if it has one.
pub fn project_file(project: &Path) -> Option<PathBuf> {
    in_project(project).into_iter().find(|file| file.symlink_metadata().is_ok())
}

/// The files that may be the project's own.
pub fn in_project(project: &Path) -> Vec<PathBuf> {
    IN_PROJECT.iter().map(|name| project.join(name)).collect()
}

/// Somebody may keep KAIROS_HOME in the folder that is watched: then the file is the user's.
fn same_file(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// None if there is no such file. A pipe or a device is refused before it is opened, because that could wait for ever.
fn read(file: &Path) -> Result<Option<String>> {
    let found = match file.metadata() {
        Ok(found) => found,
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) && file.symlink_metadata().is_err() => {
            return Ok(None);
        }
        Err(e) => return Err(e).with_context(|| format!("can't read {}", file.display())),
    };
    if !found.is_file() {
        bail!("{} is no file", file.display());
    }
    let mut text = String::new();
    std::fs::File::open(file)
        .and_then(|f| f.take(MAX_FILE + 1).read_to_string(&mut text))
        .with_context(|| format!("can't read {}", file.display()))?;
    if text.len() as u64 > MAX_FILE {
        bail!("{} is over {MAX_FILE} bytes", file.display());
    }
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kairos_core::config::Origin;
    use std::fs;

    #[test]
    fn the_command_line_wins_over_the_project_and_the_project_over_the_user() {
        let dir = tempfile::tempdir().unwrap();
        let user = dir.path().join("user.toml");
        assert_eq!(load(&user, Some(dir.path()), &[]).unwrap().duration("every").as_secs(), 30);
        fs::write(&user, "every = \"40s\"\nidle-after = \"1m\"\n").unwrap();
        fs::create_dir(dir.path().join(".kairos")).unwrap();
        fs::write(dir.path().join(".kairos/kairos.toml"), "every = \"50s\"").unwrap();
        let config = load(&user, Some(dir.path()), &[]).unwrap();
        assert_eq!((config.duration("every").as_secs(), config.duration("idle-after").as_secs()), (50, 60));
        assert_eq!(load(&user, None, &[]).unwrap().duration("every").as_secs(), 40);
        let config = load(&user, Some(dir.path()), &[("every", "\"5s\"".into())]).unwrap();
        assert_eq!(config.duration("every").as_secs(), 5);
        assert!(config.show().any(|(s, _, o)| s.key == "every" && *o == Origin::CommandLine));
    }

    #[test]
    fn errors_name_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let none = dir.path().join("none");
        fs::write(dir.path().join("kairos.toml"), "[limits]\nmemory = 1").unwrap();
        let error = load(&none, Some(dir.path()), &[]).unwrap_err().to_string();
        assert!(error.contains("kairos.toml:2") && error.contains("your own"), "{error}");
        let error = load(dir.path(), None, &[]).unwrap_err().to_string();
        assert!(error.contains("is no file"), "{error}");
        // As the user's own file, the same text is fine.
        assert!(load(&dir.path().join("kairos.toml"), Some(dir.path()), &[]).is_ok());
    }
}
