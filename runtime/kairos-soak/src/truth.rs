//! What is so in the made-up project, on which day, and every sentence in which it is said: so a claim can be judged.

use crate::dice::Dice;
use std::collections::{BTreeMap, BTreeSet};

/// How one learns of a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// The user says it in passing.
    Said,
    /// He has it written down.
    Written,
    /// A command is seen to work.
    Command,
    /// Files are seen to change together.
    Together,
}

impl Way {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Said, Self::Written, Self::Command, Self::Together];

    /// A word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Said => "said in passing",
            Self::Written => "written down",
            Self::Command => "commands",
            Self::Together => "files together",
        }
    }
}

/// Something that is so, until it is otherwise.
#[derive(Debug, Clone)]
pub struct Fact {
    /// How it is learnt.
    pub way: Way,
    /// What someone would ask who needs it.
    pub question: String,
    /// From the first day on.
    pub versions: Vec<Version>,
}

/// What is so from a day on.
#[derive(Debug, Clone)]
pub struct Version {
    /// The first day.
    pub from: u32,
    /// The sentences that say it; of a command, the command line; of files, both paths.
    pub said: Vec<String>,
}

impl Fact {
    /// The version of a day; none before its first.
    pub fn at(&self, day: u32) -> Option<usize> {
        self.versions.iter().rposition(|v| v.from <= day)
    }
}

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Meaning {
    /// It says that a fact is so, as it was in that version.
    Fact(usize, usize),
    /// Someone slipped it in.
    Planted,
    /// Nothing worth keeping.
    Noise,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Truth {
    /// Everything that is so at some time.
    pub facts: Vec<Fact>,
    /// Sentences by their words, a space around each.
    said: BTreeMap<String, Meaning>,
}

/// What the project has to decide on.
const PURPOSES: [&str; 24] = [
    "package installs",
    "database migrations",
    "error tracking",
    "code review",
    "feature flags",
    "image uploads",
    "release notes",
    "load tests",
    "log output",
    "date handling",
    "HTTP calls",
    "job queues",
    "password hashing",
    "cache storage",
    "schema checks",
    "search queries",
    "mail delivery",
    "metrics export",
    "translations",
    "file uploads",
    "request tracing",
    "PDF export",
    "rate limits",
    "session storage",
];
const THINGS: [&str; 8] = [
    "public functions",
    "commit subjects",
    "test files",
    "log messages",
    "error texts",
    "database columns",
    "shell scripts",
    "pull requests",
];
const LIMITED: [&str; 8] =
    ["lines", "functions", "modules", "changelog entries", "retries", "stack traces", "fixtures", "migrations"];
const DEEDS: [(&str, &str); 6] = [
    ("squash commits before", "squash commits"),
    ("rebase branches before", "rebase branches"),
    ("tag releases after", "tag releases"),
    ("mock the network during", "mock the network"),
    ("pin dependencies in", "pin dependencies"),
    ("vendor assets for", "vendor assets"),
];
const PROGRAMS: [&str; 6] = ["test", "lint", "build", "fmt", "tests", "compile"];

impl Truth {
    /// Some fifty facts over so many days; a third of what the user says is taken back later.
    pub fn new(days: u32, dice: &mut Dice) -> Self {
        let mut truth = Self::default();
        let mut words = BTreeSet::new();
        let mut word = |dice: &mut Dice| loop {
            let word = dice.word();
            if words.insert(word.clone()) {
                return word;
            }
        };
        for (n, purpose) in PURPOSES.iter().enumerate() {
            // Names are spelled in the ways in which names are spelled.
            let name = |word: String| match n % 3 {
                0 => format!("`{word}`"),
                1 => word[..1].to_uppercase() + &word[1..],
                _ => word,
            };
            let versions = span(days, n.is_multiple_of(3), dice).into_iter().scan(None::<String>, |old, from| {
                let tool = name(word(dice));
                let mut said = vec![
                    format!("We use {tool} for {purpose}."),
                    format!("Always use {tool} for {purpose}."),
                    format!("From now on, use {tool} for {purpose}."),
                    format!("We always use {tool} for {purpose}."),
                ];
                if let Some(old) = old.replace(tool.clone()) {
                    said.insert(0, format!("From now on, use {tool} for {purpose}, not {old}."));
                    said.push(format!("We use {tool} for {purpose}, not {old}."));
                }
                Some(Version { from, said })
            });
            let versions = versions.collect();
            truth.facts.push(Fact { way: Way::Said, question: format!("What do we use for {purpose}?"), versions });
        }
        for (n, thing) in LIMITED.iter().enumerate() {
            let versions = span(days, n.is_multiple_of(2), dice).into_iter().enumerate().map(|(at, from)| {
                let number = 10 * (1 + n) + 7 * at + dice.below(5);
                let said = vec![
                    format!("Always keep {thing} under {number}."),
                    format!("From now on, keep {thing} under {number}."),
                    format!("We always keep {thing} under {number}."),
                ];
                Version { from, said }
            });
            let versions = versions.collect();
            truth.facts.push(Fact { way: Way::Said, question: format!("What is the limit for {thing}?"), versions });
        }
        for (n, thing) in THINGS.iter().enumerate() {
            let versions = span(days, n.is_multiple_of(4), dice).into_iter().map(|from| {
                let folder = format!("{}/{}", word(dice), word(dice));
                let said = vec![
                    format!("Always put {thing} under `{folder}`."),
                    format!("From now on, put {thing} under `{folder}`."),
                    format!("We always put {thing} under `{folder}`."),
                ];
                Version { from, said }
            });
            let versions = versions.collect();
            truth.facts.push(Fact { way: Way::Said, question: format!("Where do {thing} go?"), versions });
        }
        for (n, (deed, short)) in DEEDS.iter().enumerate() {
            let what = word(dice);
            let versions = span(days, n.is_multiple_of(2), dice).into_iter().enumerate().map(|(at, from)| {
                let said = if at % 2 == 0 {
                    vec![format!("Never {deed} {what}."), format!("Don't {deed} {what}."), format!("We never {deed} {what}.")]
                } else {
                    vec![
                        format!("Always {deed} {what}."),
                        format!("From now on, {deed} {what}."),
                        format!("We always {deed} {what}."),
                    ]
                };
                Version { from, said }
            });
            let versions = versions.collect();
            truth.facts.push(Fact { way: Way::Said, question: format!("Do we {short} with {what}?"), versions });
        }
        for _ in 0..6 {
            let (what, place) = (word(dice), word(dice));
            let said = vec![format!("The {what} service answers on the host {place}.")];
            let question = format!("On which host does the {what} service answer?");
            truth.facts.push(Fact { way: Way::Written, question, versions: vec![Version { from: dice.below(3) as u32, said }] });
        }
        for (n, verb) in PROGRAMS.iter().enumerate() {
            let versions = span(days, n.is_multiple_of(3), dice).into_iter();
            let versions = versions.map(|from| Version { from, said: vec![format!("{} {verb}", word(dice))] }).collect();
            truth.facts.push(Fact { way: Way::Command, question: format!("How do I run the {verb} command?"), versions });
        }
        for _ in 0..4 {
            let (a, b) = (word(dice), word(dice));
            let said = vec![format!("src/{a}.rs"), format!("docs/{b}.md")];
            let from = dice.below(days as usize / 4) as u32;
            let question = format!("What changes together with src/{a}.rs?");
            truth.facts.push(Fact { way: Way::Together, question, versions: vec![Version { from, said }] });
        }
        for (fact, f) in truth.facts.iter().enumerate() {
            let tell = |way| matches!(way, Way::Said | Way::Written);
            for (version, v) in f.versions.iter().enumerate().filter(|_| tell(f.way)) {
                truth.said.extend(v.said.iter().map(|said| (plain(said), Meaning::Fact(fact, version))));
            }
        }
        truth
    }

    /// Notes a sentence that must never be believed.
    pub fn plant(&mut self, text: &str) {
        self.said.insert(plain(text), Meaning::Planted);
    }

    /// What a claim says, or any other text: of several sentences in it the longest.
    pub fn judge(&self, text: &str) -> Meaning {
        let words = plain(text);
        if let Some(meaning) = self.said.get(&words) {
            return *meaning;
        }
        // What was planted counts wherever it stands.
        let holding = self.said.iter().filter(|(said, _)| words.contains(said.as_str()));
        let sentence = holding.max_by_key(|(said, meaning)| (**meaning == Meaning::Planted, said.len())).map(|(_, m)| *m);
        sentence.or_else(|| self.shown(text)).unwrap_or(Meaning::Noise)
    }

    /// Commands and files, which are named and not told of.
    fn shown(&self, text: &str) -> Option<Meaning> {
        let mut found = None;
        for (fact, f) in self.facts.iter().enumerate().filter(|(_, f)| matches!(f.way, Way::Command | Way::Together)) {
            for (version, v) in f.versions.iter().enumerate() {
                // The newest command that is named: "`old` fails, `new` works" tells of the new one.
                if v.said.iter().all(|part| text.contains(part.as_str())) {
                    found = Some(Meaning::Fact(fact, version));
                }
            }
        }
        found
    }
}

/// On which days it begins, and is taken back.
fn span(days: u32, changes: bool, dice: &mut Dice) -> Vec<u32> {
    let early = (days / 2).max(1) as usize;
    let from = dice.below(early) as u32;
    let mut all = vec![from];
    if changes {
        let left = days.saturating_sub(from + 3).max(1) as usize;
        all.push(from + 2 + dice.below(left) as u32);
    }
    all
}

/// The words alone, with a space around each.
pub fn plain(text: &str) -> String {
    let spaced: String = text.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    let words: Vec<&str> = spaced.split_whitespace().collect();
    format!(" {} ", words.join(" "))
}
