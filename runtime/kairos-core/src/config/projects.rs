//! `[projects."DIR"]` in the user's file: settings for one project alone.

use super::{Config, ConfigError, SETTINGS, Trust, find_key, flatten, parse};

/// Which settings can differ between projects, beside those that a project may narrow itself.
const OF_A_PROJECT: [&str; 4] = ["memory.dir", "dream.", "think.", "heartbeat."];

impl Config {
    /// Lays the tables of the user's file over what is there whose folder `is` the project. On error nothing is changed.
    ///
    /// # Errors
    /// As [`Config::merge`].
    pub fn merge_for(&mut self, file: &str, text: &str, is: impl Fn(&str) -> bool) -> Result<(), ConfigError> {
        let tables = take(&mut parse(file, text)?, file, text)?;
        let mut next = self.clone();
        for (_, table) in tables.iter().filter(|(folder, _)| is(folder)) {
            next.lay(file, text, table, Trust::User)?;
        }
        *self = next;
        Ok(())
    }
}

/// Takes the tables for single projects out of a file's: folder and settings.
pub(super) fn take(table: &mut toml::Table, file: &str, text: &str) -> Result<Vec<(String, toml::Table)>, ConfigError> {
    let error = |line, problem, hint: &str| ConfigError { file: file.into(), line, problem, hint: Some(hint.into()) };
    let example = "write [projects.\"/home/me/code/mine\"], and below it what holds there";
    let Some(projects) = table.remove("projects") else { return Ok(vec![]) };
    let toml::Value::Table(projects) = projects else {
        return Err(error(find_key(text, "projects"), "`projects` must be a table".to_owned(), example));
    };
    let mut out = vec![];
    for (folder, own) in projects {
        let line = text.lines().position(|line| line.contains(&folder)).map_or(1, |at| at + 1);
        let toml::Value::Table(own) = own else {
            return Err(error(line, format!("`projects.{folder}` must be a table"), example));
        };
        let mut flat = vec![];
        flatten("", &own, &mut flat);
        let common = |key: &&String| {
            SETTINGS.iter().any(|s| s.key == **key && !s.project) && !OF_A_PROJECT.iter().any(|start| key.starts_with(start))
        };
        if let Some(key) = flat.iter().map(|(key, _)| key).find(common) {
            return Err(error(line, format!("`{key}` holds for all projects"), "set it outside of [projects]"));
        }
        out.push((folder, own));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_holds_in_its_project_alone() {
        let text =
            "every = \"40s\"\n[projects.\"/a\"]\nmemory.dir = \"claude\"\nevery = \"5s\"\n[projects.\"/b\"]\nevery = \"7s\"";
        let mut config = Config::default();
        config.merge("f", text, Trust::User).unwrap();
        assert_eq!((config.duration("every").as_secs(), config.text("memory.dir")), (40, ""));
        config.merge_for("f", text, |folder| folder == "/a").unwrap();
        assert_eq!((config.duration("every").as_secs(), config.text("memory.dir")), (5, "claude"));
    }

    #[test]
    fn what_is_wrong_in_a_table_is_said_wherever_it_stands() {
        let problem = |text| Config::default().merge("f", text, Trust::User).unwrap_err().to_string();
        assert!(problem("\n[projects.\"/a\"]\nsurfacing.daily-cap = 1").starts_with("f:2: `surfacing.daily-cap` holds for all"));
        assert!(problem("[projects.\"/a\"]\nevry = 1").contains("did you mean `every`?"));
        assert!(problem("projects = 3").contains("must be a table"));
        assert!(Config::default().merge("p", "[projects.\"/a\"]\nevery = \"1m\"", Trust::Project).is_err());
        assert!(Config::default().merge("p", "[memory]\ndir = \"/etc\"", Trust::Project).is_err());
    }
}
