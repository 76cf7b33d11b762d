//! All rules together, and their verdict.

use crate::line::{Line, Use};
use crate::path::{Links, PathSet, normal};
use crate::rule::{Host, List, RuleRef, names};
use crate::wildcard::TextPattern;
use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where it is asked.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The project's folder, absolute.
    pub project: &'a Path,
    /// The user's home folder, absolute.
    pub home: &'a Path,
    /// Does the user trust what this project's own files allow?
    pub trusted: bool,
}

/// Rules that are not from a settings file of others: those of kairos.toml, and answers that are remembered.
#[derive(Debug, Clone, Default)]
pub struct Own {
    /// What to call it when a rule is named.
    pub file: String,
    /// Rules that allow.
    pub allow: Vec<String>,
    /// Rules that ask.
    pub ask: Vec<String>,
    /// Rules that forbid.
    pub deny: Vec<String>,
    /// The mode; none leaves it to the others.
    pub mode: Option<Mode>,
}

/// What holds where no rule says anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// Reading in the project is allowed, all else asks.
    #[default]
    Default,
    /// Files of the project may be edited, too.
    AcceptEdits,
    /// Nothing is edited and no command is run.
    Plan,
    /// What would ask is refused.
    DontAsk,
}

impl Mode {
    /// By the name that settings files use.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "default" => Self::Default,
            "acceptEdits" => Self::AcceptEdits,
            "plan" => Self::Plan,
            "dontAsk" => Self::DontAsk,
            _ => return None,
        })
    }
}

/// Something that has an effect, or reads.
#[derive(Debug, Clone, Copy)]
pub enum Action<'a> {
    /// Read a file or list a folder; relative to the project, or absolute.
    Read(&'a Path),
    /// Write, create or delete a file.
    Edit(&'a Path),
    /// Run a command line.
    Command(&'a Line),
    /// Fetch from this host; in ASCII, as it is looked up.
    Fetch(&'a str),
    /// Use a tool, by its name, such as `mcp__server__tool`.
    Tool(&'a str),
}

/// From lax to strict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Decision {
    Allow,
    Ask,
    Deny,
}

/// A decision, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What holds.
    pub decision: Decision,
    /// The rule that decided; none where no rule did.
    pub by: Option<RuleRef>,
    /// Why, for a person; empty where the rule says it all.
    pub why: Cow<'static, str>,
}

/// Folders and files whose change changes what is run or allowed later: an edit of them asks, whatever is allowed.
const GUARDED: &[&str] =
    &[".git", ".claude", ".kairos", ".vscode", ".idea", ".husky", ".mcp.json", ".envrc", "kairos.toml", ".gitmodules"];

/// The rules that hold in one project. Cheap to ask, made anew when a file changes.
pub struct Rules {
    pub(crate) refs: Vec<RuleRef>,
    pub(crate) deny: Sets,
    pub(crate) ask: Sets,
    pub(crate) allow: Sets,
    pub(crate) untrusted: Vec<RuleRef>,
    pub(crate) mode: Mode,
    /// As it was named, and where it really is.
    pub(crate) project: [PathBuf; 2],
    pub(crate) folders: Vec<PathBuf>,
    pub(crate) private: Arc<dyn Fn(&str) -> bool + Send + Sync>,
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules").field("refs", &self.refs).field("mode", &self.mode).finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
pub(crate) struct Sets {
    pub read: PathSet,
    pub edit: PathSet,
    pub commands: Vec<(usize, TextPattern)>,
    pub hosts: Vec<(usize, Host)>,
    pub tools: Vec<(usize, String)>,
}

impl Rules {
    /// What the project's own files allow and the user has not trusted.
    pub fn untrusted(&self) -> &[RuleRef] {
        &self.untrusted
    }

    /// Edits ask, although the mode would accept them.
    pub fn edits_ask(&mut self) {
        if self.mode == Mode::AcceptEdits {
            self.mode = Mode::Default;
        }
    }

    /// The mode that holds.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Judges by names alone; nothing on disk is looked at. Stricter than the convention: private files and what steers later runs
    /// (`.git`, `.claude`, `.kairos`, ...) ask whatever is allowed; a rule that forbids reading also forbids editing, and naming
    /// the file in a command; rules that forbid or ask don't regard upper and lower case; a command line asks where it can't
    /// be told what it would run, see [`Line`].
    pub fn judge(&self, action: &Action<'_>) -> Verdict {
        self.weigh(action, &self.files(action))
    }

    /// As [`Rules::judge`], and also judges the files that links lead to; the stricter verdict counts. Looks at the disk.
    pub fn judge_real(&self, action: &Action<'_>) -> Verdict {
        let mut files = self.files(action);
        let by_name = self.weigh(action, &files);
        if by_name.decision == Decision::Deny {
            return by_name;
        }
        let (mut links, mut led) = (Links::default(), false);
        for (_, path) in &mut files {
            if let Some(real) = links.follow(path) {
                (*path, led) = (Cow::Owned(real), true);
            }
        }
        if !led {
            return by_name;
        }
        let real = self.weigh(action, &files);
        if real.decision > by_name.decision { real } else { by_name }
    }

    /// Does a rule forbid to read some file, or want it asked?
    pub fn limit_reading(&self) -> bool {
        !(self.deny.read.is_empty() && self.ask.read.is_empty())
    }

    /// The verdict of a rule that forbids to read this file, or wants it asked; none where no rule does. By its name alone.
    pub fn on_reading(&self, path: &Path) -> Option<Verdict> {
        let path = self.place(path);
        self.forbidden(&self.deny, &path, false).or_else(|| self.forbidden(&self.ask, &path, false))
    }

    /// The mode has the last word.
    fn settle(&self, action: &Action<'_>, verdict: Verdict) -> Verdict {
        let effect = matches!(action, Action::Edit(_) | Action::Command(_));
        match (self.mode, verdict.decision) {
            (_, Decision::Deny) => verdict,
            (Mode::Plan, _) if effect => Verdict::of(Decision::Deny, "in plan mode nothing is edited and no command is run"),
            (Mode::DontAsk, Decision::Ask) => Verdict { decision: Decision::Deny, ..verdict },
            _ => verdict,
        }
    }

    /// What it does to which files, absolute and normal.
    fn files<'a>(&self, action: &Action<'a>) -> Vec<(Use, Cow<'a, Path>)> {
        match *action {
            Action::Read(path) => vec![(Use::Read, self.place(path))],
            Action::Edit(path) => vec![(Use::Edit, self.place(path))],
            Action::Command(line) => {
                line.files.iter().map(|(usage, path)| (*usage, self.as_it_is(Cow::Borrowed(path)))).collect()
            }
            Action::Fetch(_) | Action::Tool(_) => Vec::new(),
        }
    }

    fn weigh(&self, action: &Action<'_>, files: &[(Use, Cow<'_, Path>)]) -> Verdict {
        let verdict = match *action {
            Action::Read(_) | Action::Edit(_) => {
                let verdicts = files.iter().map(|(usage, path)| self.file(*usage, path));
                verdicts.max_by_key(|verdict| verdict.decision).unwrap_or_else(|| Verdict::of(Decision::Ask, "it names no file"))
            }
            Action::Command(line) => self.command(line, files),
            Action::Fetch(host) => {
                let host = host.trim_end_matches('.').to_ascii_lowercase();
                self.by(|sets, _| sets.hosts.iter().find(|(_, h)| h.matches(&host)).map(|(n, _)| *n))
                    .unwrap_or_else(|| Verdict::of(Decision::Ask, "no rule allows this host"))
            }
            Action::Tool(name) => self
                .by(|sets, _| sets.tools.iter().find(|(_, rule)| names(rule, name)).map(|(n, _)| *n))
                .unwrap_or_else(|| Verdict::of(Decision::Ask, "no rule allows this tool")),
        };
        self.settle(action, verdict)
    }

    /// Deny, ask, allow, in that order.
    fn by(&self, find: impl Fn(&Sets, List) -> Option<usize>) -> Option<Verdict> {
        [(&self.deny, List::Deny), (&self.ask, List::Ask), (&self.allow, List::Allow)]
            .into_iter()
            .find_map(|(sets, list)| find(sets, list).map(|number| self.rule(number)))
    }

    fn rule(&self, number: usize) -> Verdict {
        let by = self.refs[number].clone();
        let decision = match by.list {
            List::Deny => Decision::Deny,
            List::Ask => Decision::Ask,
            List::Allow => Decision::Allow,
        };
        Verdict { decision, by: Some(by), why: Cow::Borrowed("") }
    }

    /// Absolute and normal.
    fn place<'a>(&self, path: &Path) -> Cow<'a, Path> {
        self.as_it_is(Cow::Owned(normal(&self.project[1], path)))
    }

    /// With the project as it really is, of a normal path.
    fn as_it_is<'a>(&self, path: Cow<'a, Path>) -> Cow<'a, Path> {
        let [named, real] = &self.project;
        if named == real {
            return path;
        }
        match path.strip_prefix(named) {
            Ok(rest) => Cow::Owned(normal(real, rest)),
            Err(_) => path,
        }
    }

    fn inside(&self, path: &Path) -> bool {
        self.folders.iter().any(|folder| path.starts_with(folder))
    }

    fn is_private(&self, path: &Path) -> bool {
        let path = path.strip_prefix(&self.project[1]).or_else(|_| path.strip_prefix("/")).unwrap_or(path);
        (self.private)(&path.to_string_lossy())
    }

    /// What a rule that forbids or asks says of a file.
    fn forbidden(&self, sets: &Sets, path: &Path, edit: bool) -> Option<Verdict> {
        let found = if edit { sets.edit.find(path).or_else(|| sets.read.find(path)) } else { sets.read.find(path) };
        found.map(|number| self.rule(number))
    }

    /// The same for a file that a command line uses. A word may be a path or not, and what is done with it isn't known: a file that
    /// must not be read must not be named, nor the folder it is in; one that must not be edited may be meant to be read, so that asks.
    fn mentioned(&self, sets: &Sets, usage: Use, path: &Path) -> Option<Verdict> {
        match usage {
            Use::Read | Use::Edit => self.forbidden(sets, path, usage == Use::Edit),
            Use::Named | Use::Enter => {
                let within = path.join("_");
                let found = |set: &PathSet| set.find(path).or_else(|| set.find(&within));
                let ask = |number| Verdict { decision: Decision::Ask, ..self.rule(number) };
                found(&sets.read).map(|n| self.rule(n)).or_else(|| found(&sets.edit).map(ask))
            }
        }
    }

    /// `path` is normal.
    fn file(&self, usage: Use, path: &Path) -> Verdict {
        let edit = usage == Use::Edit;
        let forbidden = self.forbidden(&self.deny, path, edit).or_else(|| self.forbidden(&self.ask, path, edit));
        if let Some(verdict) = forbidden {
            return verdict;
        }
        if self.is_private(path) {
            return Verdict::of(Decision::Ask, "this file may hold secrets");
        }
        if edit && guarded(path) {
            return Verdict::of(Decision::Ask, "this file decides what is run or allowed later");
        }
        let allow = if edit { &self.allow.edit } else { &self.allow.read };
        match allow.find(path) {
            Some(number) => self.rule(number),
            None if !self.inside(path) => Verdict::of(Decision::Ask, "this file is outside the project"),
            None if !edit => Verdict::of(Decision::Allow, "it lies in the project"),
            None if self.mode == Mode::AcceptEdits => Verdict::of(Decision::Allow, "edits in the project are accepted"),
            None => Verdict::of(Decision::Ask, "no rule allows this edit"),
        }
    }

    fn command(&self, line: &Line, files: &[(Use, Cow<'_, Path>)]) -> Verdict {
        for sets in [&self.deny, &self.ask] {
            let text = |(_, pattern): &&(usize, TextPattern)| {
                pattern.matches(&line.lower) || line.commands.iter().any(|c| c.lower.iter().any(|t| pattern.matches(t)))
            };
            if let Some((number, _)) = sets.commands.iter().find(text) {
                return self.rule(*number);
            }
            if sets.read.is_empty() && sets.edit.is_empty() {
                continue;
            }
            if let Some(verdict) = files.iter().find_map(|(usage, path)| self.mentioned(sets, *usage, path)) {
                return verdict;
            }
        }
        let whole = |(_, pattern): &&(usize, TextPattern)| matches!(pattern, TextPattern::Exact(text) if *text == line.text);
        if let Some((number, _)) = self.allow.commands.iter().find(whole) {
            return self.rule(*number);
        }
        if let Some(doubt) = line.doubts.first() {
            return Verdict { decision: Decision::Ask, by: None, why: doubt.clone() };
        }
        for (usage, path) in files {
            let verdict = match usage {
                // A word that may be a path, or not: what is allowed is the command.
                Use::Named if self.is_private(path) => Verdict::of(Decision::Ask, "it names a file that may hold secrets"),
                Use::Named => continue,
                Use::Enter if self.inside(path) => continue,
                Use::Enter => Verdict::of(Decision::Ask, "it goes to a folder outside the project"),
                usage => self.file(*usage, path),
            };
            if verdict.decision != Decision::Allow {
                return verdict;
            }
        }
        let mut by = None;
        for command in line.commands.iter().filter(|c| !c.free) {
            let matches = |(_, pattern): &&(usize, TextPattern)| command.texts.iter().any(|text| pattern.matches(text));
            match self.allow.commands.iter().find(matches) {
                Some((number, _)) => by = Some(*number),
                None => return Verdict::of(Decision::Ask, "no rule allows this command"),
            }
        }
        by.map_or_else(|| Verdict::of(Decision::Allow, "it has no effect"), |number| self.rule(number))
    }
}

impl Verdict {
    /// Is it asked only because no rule says anything? Not where a rule asks, a file is private or guarded, or a command is not plain.
    pub fn is_for_want_of_a_rule(&self) -> bool {
        self.decision == Decision::Ask && self.by.is_none() && self.why.starts_with("no rule allows")
    }

    fn of(decision: Decision, why: &'static str) -> Self {
        Self { decision, by: None, why: Cow::Borrowed(why) }
    }
}

fn guarded(path: &Path) -> bool {
    path.components().any(|part| GUARDED.iter().any(|name| part.as_os_str().eq_ignore_ascii_case(name)))
}
