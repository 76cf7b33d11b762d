//! Events as a log for people, and the state below it. Pure: no terminal here.

use super::lists::{marker, open};
use super::text::{Paint, clock, count, now, place, span};
use jiff::tz::TimeZone;
use kairos_api::{
    DreamChange, Event, FindingChange, FindingGroup, InboxItem, MemoryChange, OpenFindings, PluginChange, ProjectChange,
    TurnChange,
};
use kairos_core::Millis;
use kairos_core::dream::State;
use kairos_core::finding::one_line;
use std::collections::BTreeMap;

/// Places that a finding shows in the log; `inbox show` has all of them.
const PLACES: usize = 3;
/// Below the clock.
const INDENT: &str = "          ";

/// Remembers what the area below the log says.
pub struct Human {
    paint: Paint,
    zone: TimeZone,
    verbose: bool,
    terminal: bool,
    several: bool,
    plugins: u32,
    every: u64,
    open: BTreeMap<String, OpenFindings>,
    /// Until when each paused project is.
    paused: BTreeMap<String, Millis>,
    last_tick: Option<Millis>,
    compiling: Option<String>,
    pet: Vec<String>,
    running: bool,
    time: fn() -> Millis,
}

impl Human {
    /// `terminal`: there is an area below the log, so progress need not be in it.
    pub fn new(paint: Paint, zone: TimeZone, verbose: bool, terminal: bool) -> Self {
        Self {
            paint,
            zone,
            verbose,
            terminal,
            several: false,
            plugins: 0,
            every: 0,
            open: BTreeMap::new(),
            paused: BTreeMap::new(),
            last_tick: None,
            compiling: None,
            pet: Vec::new(),
            running: false,
            time: now,
        }
    }

    /// What the log says about an event; often nothing.
    pub fn lines(&mut self, event: &Event) -> Vec<String> {
        match event {
            Event::Started { projects, plugins, every_ms, .. } => self.started(projects, *plugins, *every_ms),
            Event::Tick { project, number, signals, deliveries, duration_us, reason, open, .. } => {
                self.last_tick = Some((self.time)());
                self.open.insert(project.clone(), *open);
                if !self.verbose {
                    // The first look deserves an answer even when all is well; later ones are quiet.
                    return if *number == 1 { vec![self.at(&self.first_look(*open, project))] } else { Vec::new() };
                }
                let text = format!(
                    "tick {number} ({}): {}, handed over {deliveries} times, {}.{} ms{}",
                    one_line(reason),
                    count(*signals, "signal"),
                    duration_us / 1000,
                    duration_us % 1000 / 100,
                    self.of(project)
                );
                vec![self.at(&self.paint.dim(&text))]
            }
            Event::Finding { change, item, announced, why, group } => {
                self.finding(*change, item, *announced, why, group.as_ref())
            }
            Event::Resolved { item, reason } => {
                let text =
                    format!("{} {}{}", self.paint.good("✓"), self.paint.dim(&one_line(&item.title)), self.of(&item.project));
                let reason = one_line(reason);
                let reason =
                    if self.verbose && !reason.is_empty() { self.paint.dim(&format!(" ({reason})")) } else { String::new() };
                vec![self.at(&format!("{text}{reason}"))]
            }
            Event::Plugin { name, change, why } => self.plugin(name, *change, why.as_deref()),
            Event::Project { project, change, why } => {
                let name = one_line(project);
                let why = why.as_deref().map(|w| format!(": {}", one_line(w))).unwrap_or_default();
                vec![match change {
                    ProjectChange::Added => self.at(&format!("watching {}{why}", self.paint.bold(&name))),
                    ProjectChange::Removed => self.at(&format!("no longer watching {name}{why}")),
                    ProjectChange::Failed => self.at(&self.paint.bad(&format!("can't watch {name}{why}"))),
                }]
            }
            Event::Settings { project, error: None } => vec![self.at(&format!("new settings hold{}", self.of(project)))],
            Event::Settings { project, error: Some(error) } => {
                let text = format!("the settings can't be used, the old ones hold: {}", one_line(error));
                vec![self.at(&format!("{}{}", self.paint.bad(&text), self.of(project)))]
            }
            Event::Watch { project, mode, reason } => {
                if mode == "native" && !self.verbose {
                    return Vec::new();
                }
                let reason = reason.as_deref().map(|r| format!(": {}", one_line(r))).unwrap_or_default();
                let how = match mode.as_str() {
                    "gone" | "hung" => "not watching files".into(),
                    _ => format!("watching files by {}", one_line(mode)),
                };
                vec![self.at(&format!("{how}{reason}{}", self.of(project)))]
            }
            Event::Memory { project, change, text } => {
                let what = match change {
                    MemoryChange::Edited => "remembered what you wrote",
                    MemoryChange::Dropped => "forgot what is old",
                };
                vec![self.at(&format!("{what}: {}{}", one_line(text), self.of(project)))]
            }
            Event::Pause { project, until } => {
                let text = match until {
                    Some(time) => format!("paused: nothing is taken in until {}", clock(*time, &self.zone)),
                    None => "the pause has ended".into(),
                };
                let text = self.at(&format!("{text}{}", self.of(project)));
                match until {
                    Some(time) => self.paused.insert(project.clone(), *time),
                    None => self.paused.remove(project),
                };
                vec![text]
            }
            Event::Dream { project, change, why, dream } => {
                let line = super::dreams::line(*change, why.as_deref(), dream.as_ref());
                let shown = match change {
                    DreamChange::Ended if dream.as_ref().is_some_and(|d| d.state != State::Nothing) => line,
                    DreamChange::Failed => self.paint.bad(&line),
                    _ => self.paint.dim(&line),
                };
                vec![self.at(&format!("{shown}{}", self.of(project)))]
            }
            Event::Turn { project, change, text } => {
                let text = one_line(text);
                let line = match change {
                    TurnChange::Began => self.paint.dim(&format!("thinking: {text}")),
                    TurnChange::Ended => self.paint.dim(&format!("thought: {text}")),
                    TurnChange::Failed => self.paint.bad(&format!("could not think: {text}")),
                };
                vec![self.at(&format!("{line}{}", self.of(project)))]
            }
            Event::Budget { text } => vec![self.at(&self.paint.bad(&one_line(text)))],
            Event::Test { text } => vec![self.at(&self.paint.bold(&one_line(text)))],
            Event::Dropped { count: lost } => {
                vec![self.at(&self.paint.bad(&format!("{} lost: more happened at once than fits", count(*lost, "signal"))))]
            }
            Event::Compiling { plugin, done, total } => {
                let name = one_line(plugin);
                self.compiling = (!name.is_empty() && done < total)
                    .then(|| format!("compiling plugins, once for each new file: {name} ({} of {total})", done + 1));
                match &self.compiling {
                    Some(text) if !self.terminal => vec![text.clone()],
                    _ => Vec::new(),
                }
            }
            Event::Buddy { lines, .. } => {
                self.pet = lines.iter().take(8).map(|l| printable(l)).collect();
                Vec::new()
            }
            Event::Stopped { reason } => {
                self.running = false;
                self.pet.clear();
                self.compiling = None;
                vec![self.paint.dim(&format!("stopped: {}", one_line(reason)))]
            }
        }
    }

    fn started(&mut self, projects: &[String], plugins: u32, every_ms: u64) -> Vec<String> {
        (self.plugins, self.every, self.running, self.several) = (plugins, every_ms, true, projects.len() > 1);
        let names: Vec<String> = projects.iter().map(|p| one_line(p)).collect();
        vec![format!(
            "watching {} with {}; a look every {}, and at once when it is urgent; Ctrl-C stops",
            self.paint.bold(&names.join(", ")),
            count(plugins.into(), "plugin"),
            span(every_ms)
        )]
    }

    fn finding(
        &self,
        change: FindingChange,
        item: &InboxItem,
        announced: bool,
        why: &str,
        group: Option<&FindingGroup>,
    ) -> Vec<String> {
        let paint = self.paint;
        let title = one_line(&item.title);
        if !announced {
            if !self.verbose {
                return Vec::new();
            }
            return vec![self.at(&paint.dim(&format!("inbox: {title} ({}){}", one_line(why), self.of(&item.project))))];
        }
        let again = if change == FindingChange::Reopened { paint.dim(" (again)") } else { String::new() };
        let mark = format!("{} {}", marker(item.urgency), item.urgency.as_str());
        if let Some(group) = group {
            // One message for all of them; the most urgent comes first and speaks for the others.
            let head = || {
                let mark = paint.urgency(item.urgency, &mark);
                let title = paint.bold(&one_line(&group.title));
                vec![
                    self.at(&format!("{mark}  {title}{}", self.of(&item.project))),
                    format!("{INDENT}{}", one_line(&item.title)),
                    format!(
                        "{INDENT}{}",
                        paint.dim(&format!("and {} more: kairos-run inbox list", group.size.saturating_sub(1)))
                    ),
                ]
            };
            return if group.place == 1 { head() } else { Vec::new() };
        }
        let mut out = vec![self.at(&format!(
            "{}  {}{again}{}",
            paint.urgency(item.urgency, &mark),
            paint.bold(&title),
            self.of(&item.project)
        ))];
        for e in item.evidence.iter().take(PLACES) {
            let excerpt = one_line(&e.excerpt);
            let excerpt = if excerpt.is_empty() { excerpt } else { paint.dim(&format!("  {excerpt}")) };
            out.push(format!("{INDENT}{}{excerpt}", place(e)));
        }
        if item.evidence.len() > PLACES {
            out.push(format!("{INDENT}{}", paint.dim(&format!("and {} more", item.evidence.len() - PLACES))));
        }
        if let Some(remedy) = &item.remedy {
            out.push(format!("{INDENT}{} {}", paint.good("→"), one_line(remedy)));
        }
        out.push(format!("{INDENT}{}", paint.dim(&format!("kairos-run inbox show {}", one_line(&item.id)))));
        out
    }

    fn plugin(&mut self, name: &str, change: PluginChange, why: Option<&str>) -> Vec<String> {
        let name = one_line(name);
        let why = why.map(|w| format!(": {}", one_line(w))).unwrap_or_default();
        match change {
            PluginChange::Loaded if self.running => self.plugins = self.plugins.saturating_add(1),
            PluginChange::Removed | PluginChange::Quarantined if self.running => self.plugins = self.plugins.saturating_sub(1),
            _ => {}
        }
        // At the start there are many of them, and the line after it counts them.
        let quiet = !self.verbose && !self.running && change == PluginChange::Loaded;
        if quiet {
            return Vec::new();
        }
        let mut out = vec![match change {
            PluginChange::Loaded => self.at(&format!("plugin {name} is loaded{why}")),
            PluginChange::Replaced => self.at(&format!("plugin {name} is replaced by its new file{why}")),
            PluginChange::Removed => self.at(&format!("plugin {name} is gone{why}")),
            PluginChange::Waiting => {
                self.at(&format!("{}{why}", self.paint.bold(&format!("plugin {name} waits for your grant"))))
            }
            PluginChange::Quarantined => self.at(&self.paint.bad(&format!("plugin {name} is in quarantine{why}"))),
            PluginChange::Refused => self.at(&self.paint.bad(&format!("plugin {name} is refused{why}"))),
            PluginChange::Fault => self.at(&self.paint.bad(&format!("plugin {name} failed{why}"))),
        }];
        match change {
            PluginChange::Waiting => {
                out.push(format!(
                    "{INDENT}{}",
                    self.paint.dim(&format!("kairos-run plugin info {name}, then kairos-run plugin grant {name}"))
                ));
            }
            PluginChange::Quarantined => {
                out.push(format!("{INDENT}{}", self.paint.dim(&format!("kairos-run plugin enable {name} calls it again"))));
            }
            _ => {}
        }
        out
    }

    /// The area below the log: the pet, and how things are. Plain text, not yet cut.
    pub fn area(&self) -> Vec<String> {
        let mut state = Vec::new();
        if let Some(compiling) = &self.compiling {
            state.push(compiling.clone());
        }
        if self.running {
            let mut sum = OpenFindings::default();
            for o in self.open.values() {
                sum.low += o.low;
                sum.normal += o.normal;
                sum.high += o.high;
                sum.critical += o.critical;
            }
            state.push(open(sum));
            if let Some(until) = self.paused.values().max() {
                state.push(format!("paused until {}; `kairos-run signals resume`", clock(*until, &self.zone)));
            }
            let looked = self.last_tick.map(|t| format!("; last look {}", clock(t, &self.zone))).unwrap_or_default();
            state.push(format!("{}, a look every {}{looked}", count(self.plugins.into(), "plugin"), span(self.every)));
        }
        if state.is_empty() {
            return Vec::new();
        }
        let rows = self.pet.len().max(state.len());
        let wide = self.pet.iter().map(|l| super::text::columns(l)).max().map_or(0, |w| w + 3);
        // The text stands beside the pet's feet.
        let (pet_from, text_from) = (rows - self.pet.len(), rows - state.len());
        (0..rows)
            .map(|row| {
                let pet = row.checked_sub(pet_from).and_then(|i| self.pet.get(i)).map_or("", String::as_str);
                let text = row.checked_sub(text_from).and_then(|i| state.get(i)).map_or("", String::as_str);
                let gap = wide.saturating_sub(super::text::columns(pet));
                format!("{pet}{}{text}", " ".repeat(gap)).trim_end().to_string()
            })
            .collect()
    }

    fn at(&self, text: &str) -> String {
        format!("{}  {text}", self.paint.dim(&clock((self.time)(), &self.zone)))
    }

    /// What the first tick came to.
    fn first_look(&self, open: OpenFindings, project: &str) -> String {
        let text = match open.total() {
            0 => "looked at the project as it stands: nothing needs you".to_string(),
            n => format!("looked at the project as it stands: {} open; `kairos-run inbox list`", count(n.into(), "finding")),
        };
        self.paint.dim(&format!("{text}{}", self.of(project)))
    }

    /// Which project, if there are several.
    fn of(&self, project: &str) -> String {
        if !self.several {
            return String::new();
        }
        let name = project.rsplit('/').find(|part| !part.is_empty()).unwrap_or(project);
        self.paint.dim(&format!(" [{}]", one_line(name)))
    }
}

/// A line of the pet: its indentation matters, and no plugin is trusted with more than 24 columns.
fn printable(line: &str) -> String {
    super::text::cut(&super::text::clean_lines(line).next().unwrap_or_default(), 24)
}

#[cfg(test)]
#[path = "human_tests.rs"]
mod tests;
