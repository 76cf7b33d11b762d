//! From settings files to rules.

use crate::path::{PathSetBuilder, Roots, normal, real};
use crate::rule::{List, RuleRef, Subject, parse};
use crate::rules::{Mode, Own, Place, Rules, Sets};
use crate::settings::{From, Problem, Settings, Written, read_all};
use std::path::Path;
use std::sync::Arc;

impl Rules {
    /// Reads `~/.claude/settings.json`, the project's `.claude/settings.json` and `.claude/settings.local.json`, and what an
    /// administrator has set; adds `own`, in that order of weight for the mode. `private` says of a path (relative to the project)
    /// whether it holds secrets.
    ///
    /// What a file of the project allows counts only if the project is trusted, else it is in [`Rules::untrusted`]: it may come
    /// from a stranger. A file that can't be read is told of, as is a rule; of a rule that can't be read and that would forbid or
    /// ask, all of its tool is taken.
    pub fn load(place: Place<'_>, own: &[Own], private: Arc<dyn Fn(&str) -> bool + Send + Sync>) -> (Self, Vec<Problem>) {
        let mut problems = Vec::new();
        let mut all = read_all(place.project, place.home, &mut problems);
        all.extend(own.iter().map(settings_of));
        let project = real(&normal(Path::new("/"), place.project));
        let home = real(&normal(Path::new("/"), place.home));
        let roots = Roots { project: &project, home: &home };
        let mut rules = Self {
            refs: Vec::new(),
            deny: Sets::default(),
            ask: Sets::default(),
            allow: Sets::default(),
            untrusted: Vec::new(),
            mode: Mode::Default,
            folders: vec![project.clone()],
            project: [normal(Path::new("/"), place.project), project.clone()],
            private,
        };
        let mut paths = [List::Deny, List::Ask, List::Allow].map(|list| {
            let new = || PathSetBuilder::new(list != List::Allow);
            (new(), new())
        });
        for settings in &all {
            let trusted = settings.from == From::User || place.trusted;
            match settings.mode {
                Some(mode) if trusted || matches!(mode, Mode::Plan | Mode::DontAsk) => rules.mode = mode,
                _ => {}
            }
            if trusted {
                let below_home = |f: &str| f.strip_prefix("~/").map_or_else(|| normal(&project, Path::new(f)), |f| home.join(f));
                rules.folders.extend(settings.folders.iter().map(|f| real(&below_home(f))));
            }
            for Written { list, text, line } in &settings.rules {
                let by = RuleRef { file: settings.file.as_str().into(), line: *line, list: *list, text: text.clone() };
                if *list == List::Allow && !trusted {
                    rules.untrusted.push(by);
                    continue;
                }
                rules.add(by, &mut paths, roots, &mut problems);
            }
        }
        let [deny, ask, allow] = paths;
        for (sets, (read, edit)) in [(&mut rules.deny, deny), (&mut rules.ask, ask), (&mut rules.allow, allow)] {
            (sets.read, sets.edit) = (read.build(), edit.build());
        }
        (rules, problems)
    }

    fn add(
        &mut self,
        by: RuleRef,
        paths: &mut [(PathSetBuilder, PathSetBuilder); 3],
        roots: Roots<'_>,
        problems: &mut Vec<Problem>,
    ) {
        let subject = parse(&by.text).or_else(|(problem, instead)| {
            let holds = match (&instead, by.list) {
                (Some(_), List::Deny | List::Ask) => "until then it holds for all of its tool",
                _ => "until then it doesn't count",
            };
            let problem = format!("the rule `{}` can't be used: {problem}", by.text);
            problems.push(Problem { file: by.file.to_string(), line: by.line, problem, remedy: format!("Correct it; {holds}.") });
            instead.filter(|_| by.list != List::Allow).ok_or(())
        });
        let Ok(subject) = subject else { return };
        let number = self.refs.len();
        let (sets, (read, edit)) = match by.list {
            List::Deny => (&mut self.deny, &mut paths[0]),
            List::Ask => (&mut self.ask, &mut paths[1]),
            List::Allow => (&mut self.allow, &mut paths[2]),
        };
        let mut path = |set: &mut PathSetBuilder, pattern: Option<String>| {
            if let Err(e) = set.add(number, pattern.as_deref(), roots) {
                let problem = format!("`{}` is no pattern of paths: {e}", by.text);
                let remedy =
                    "Write it as in an ignore file; until then it holds for no file, or, where it forbids or asks, for all.";
                problems.push(Problem { file: by.file.to_string(), line: by.line, problem, remedy: remedy.into() });
                if by.list != List::Allow {
                    let _ = set.add(number, None, roots);
                }
            }
        };
        match subject {
            Subject::Read(pattern) => path(read, pattern),
            Subject::Edit(pattern) => path(edit, pattern),
            // What forbids is compared without regard to case, see `Line`.
            Subject::Command(pattern) if by.list != List::Allow => sets.commands.push((number, pattern.lower())),
            Subject::Command(pattern) => sets.commands.push((number, pattern)),
            Subject::Fetch(host) => sets.hosts.push((number, host)),
            Subject::Tool(name) => sets.tools.push((number, name)),
        }
        self.refs.push(by);
    }
}

fn settings_of(own: &Own) -> Settings {
    let lists = [(List::Deny, &own.deny), (List::Ask, &own.ask), (List::Allow, &own.allow)];
    let written = |(list, texts): (List, &Vec<String>)| {
        texts.iter().map(move |text| Written { list, text: text.clone(), line: 0 }).collect::<Vec<_>>()
    };
    let rules = lists.into_iter().flat_map(written).collect();
    Settings { file: own.file.clone(), from: From::User, rules, mode: own.mode, folders: Vec::new() }
}
