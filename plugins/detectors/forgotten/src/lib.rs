//! Tells of what was left behind: commits that nobody pushed, a server that nobody uses, review notes, leftovers of merges and
//! patches. `README.md` says when, and what is not reported.

mod branches;
mod leftovers;
mod servers;
#[cfg(test)]
mod tests;
mod unpushed;

use branches::Branches;
use kairos_plugin::prelude::*;
use leftovers::{GLOBS, KINDS};
use servers::{Presence, Servers};
use unpushed::Upstream;

struct Forgotten;

const BRANCHES: &str = "branches";
const REMOTE: &str = "remote";
const PRESENCE: &str = "presence";
const SERVERS: &str = "servers";
/// Untracked files that are looked at.
const MOST_CHANGES: u32 = 5_000;
/// Leftovers that are named one by one.
const MOST_NAMED: usize = 8;

impl Detector for Forgotten {
    fn describe() -> Description {
        describe!("Tells of unpushed commits on Friday evening, servers left running, review notes and leftovers of merges")
            .reads_project("to see unpushed commits, and since when untracked leftovers lie there; no file is read")
    }

    fn interests() -> Vec<Interest> {
        vec![
            Interest::new("project.opened", "to look at branch and leftovers once"),
            Interest::new("git.head", "to look at the branch that is checked out"),
            Interest::new("git.upstream", "to see that commits were pushed"),
            Interest::new("git.operation", "to wait while a merge or rebase goes on"),
            Interest::new("file.*", "to see review notes and leftovers come and go").paths(GLOBS),
            Interest::new("server.running", "to know which servers run, and since when"),
            Interest::new("idle.*", "to know since when nobody worked here"),
            Interest::new("kairos.wake", "to see what has grown old"),
        ]
    }

    fn detect(host: &impl Host, signals: &[Signal]) -> Result<Report, Error> {
        let mut report = Report::new();
        let mut next = vec![servers(host, signals, &mut report)?];
        let repository = match host.git_status() {
            Ok(repository) => Some(repository),
            Err(error) if error.code == ErrorCode::Unavailable => None,
            Err(error) => return Err(error),
        };
        if let Some(repository) = repository {
            next.push(unpushed(host, &repository, &mut report)?);
            next.push(leftovers(host, &mut report)?);
        }
        let now = host.now();
        let seconds = next.into_iter().flatten().min().map(|at| at.saturating_sub(now) / 1000 + 1);
        Ok(report.wake_after(seconds.map_or(0, |seconds| u32::try_from(seconds).unwrap_or(u32::MAX))))
    }
}

kairos_plugin::detector!(Forgotten);

/// Looks at the branch that is checked out. Returns when to look again.
fn unpushed(host: &impl Host, repository: &Repository, report: &mut Report) -> Result<Option<u64>, Error> {
    let (now, offset) = (host.now(), host.utc_offset());
    // Without a remote nothing can be pushed; that there is one is known once a branch follows one.
    let remote = repository.upstream.as_ref().is_some_and(|name| name.contains('/'));
    if remote && host.get_number(REMOTE)?.is_none() {
        host.set_number(REMOTE, now)?;
    }
    let before = host.get_string(BRANCHES)?.unwrap_or_default();
    let mut told = Branches::parse(&before);
    let mut next = None;
    if let (Some(branch), None) = (&repository.branch, &repository.operation) {
        let waiting = waiting(host, repository, branch)?;
        let deadline = waiting.as_ref().map(|waiting| unpushed::deadline(waiting.last, offset));
        next = deadline.filter(|deadline| *deadline > now);
        match waiting {
            Some(waiting) if next.is_none() => {
                report.add(of_branch(branch, &waiting, now, offset));
                told.told(branch, now).iter().for_each(|branch| report.clear_key(&branch_key(branch)));
            }
            // What was told holds until it is pushed, also when a commit was added.
            Some(_) => {}
            None if told.settled(branch) => report.clear_key(&branch_key(branch)),
            None => {}
        }
    }
    told.expire(now).iter().for_each(|branch| report.clear_key(&branch_key(branch)));
    let after = told.text();
    if after != before {
        host.set_string(BRANCHES, &after)?;
    }
    Ok(next.into_iter().chain(told.next()).min())
}

/// Commits that wait to be pushed.
struct Waiting {
    /// How many, if that is known.
    count: Option<u32>,
    /// When the last of them was made.
    last: u64,
    subject: String,
}

fn waiting(host: &impl Host, repository: &Repository, branch: &str) -> Result<Option<Waiting>, Error> {
    let count = match unpushed::upstream(branch, repository.upstream.as_deref()) {
        // A branch that diverged is git-hygiene's; pushing alone doesn't help it.
        Upstream::Own if repository.ahead > 0 && repository.behind == 0 => Some(repository.ahead),
        Upstream::Unsure if repository.head.is_some() && host.get_number(REMOTE)?.is_some() => {
            let committed = match host.git_changes(Version::BranchPoint, MOST_CHANGES) {
                Ok(changes) => changes.iter().any(|change| change.committed.is_some()),
                Err(error) if error.code == ErrorCode::Exhausted => return Err(error),
                Err(_) => false,
            };
            if !committed {
                return Ok(None);
            }
            None
        }
        _ => return Ok(None),
    };
    let last = host.git_log(1, None)?.into_iter().next();
    Ok(last.map(|commit| Waiting { count, last: commit.time, subject: commit.summary }))
}

fn of_branch(branch: &str, waiting: &Waiting, now: u64, offset: i32) -> Finding {
    // On Friday evening the hours since the last commit are not the point.
    let fresh = now.saturating_sub(waiting.last) < unpushed::REST && unpushed::is_weekend(now, offset);
    let when = if fresh { "at the end of the week".into() } else { format!("for {}", age(now, waiting.last)) };
    let (title, urgency) = match waiting.count {
        Some(1) => (format!("A commit on {branch} is not pushed {when}"), Urgency::Normal),
        Some(count) => (format!("{count} commits on {branch} are not pushed {when}"), Urgency::Normal),
        None => (format!("{branch} has commits and no upstream of its own, {when}"), Urgency::Low),
    };
    let detail = match waiting.count {
        Some(_) => format!("The last one is {} old. They are on this machine alone.", age(now, waiting.last)),
        None => format!(
            "The last commit is {} old. Unless it was pushed under another name, it is on this machine alone.",
            age(now, waiting.last)
        ),
    };
    let remedy = if waiting.count.is_some() { "`git push`".to_string() } else { "`git push -u origin HEAD`".to_string() };
    Finding::new(&branch_key(branch), &title)
        .detail(&detail)
        .urgency(urgency)
        .evidence(Evidence::git(branch, &waiting.subject))
        .remedy(&remedy)
}

/// Looks at the untracked files. Returns when to look again.
fn leftovers(host: &impl Host, report: &mut Report) -> Result<Option<u64>, Error> {
    let now = host.now();
    let changes = host.git_changes(Version::Head, MOST_CHANGES)?;
    let untracked =
        changes.iter().filter(|change| change.unstaged == Some(ChangeKind::Untracked)).map(|change| change.path.as_str());
    let mut next = None;
    let mut found = Vec::new();
    for (kind, path) in untracked.filter_map(|path| Some((leftovers::kind(path)?, path))) {
        let Ok(info) = host.stat(path) else { continue };
        let due = info.modified + kind.patience();
        if due <= now {
            found.push((kind, info.modified, path));
        } else {
            next = Some(next.map_or(due, |next: u64| next.min(due)));
        }
    }
    found.sort_unstable();
    for kind in KINDS {
        report.clear_key(kind.key());
        let files: Vec<(u64, &str)> = found.iter().filter(|(of, ..)| *of == kind).map(|(_, time, path)| (*time, *path)).collect();
        if let Some((oldest, _)) = files.first() {
            report.add(of_leftovers(kind, &files, *oldest, now));
        }
    }
    Ok(next)
}

fn of_leftovers(kind: leftovers::Kind, files: &[(u64, &str)], oldest: u64, now: u64) -> Finding {
    use leftovers::Kind;
    let (what, remedy) = match kind {
        Kind::Merge => ("left over from a merge", "Look whether anything in them is still needed, then delete them"),
        Kind::Review => ("a review's notes", "Settle what is open in it, then delete it or move it out of the tree"),
        Kind::Patch => {
            ("a patch nobody committed", "`git apply --check FILE` says whether it is applied already; then delete it")
        }
    };
    let title = match files {
        [(_, path)] => format!("{path} is {what}, untracked for {}", age(now, oldest)),
        _ => {
            let plural = match kind {
                Kind::Merge => "files are left over from a merge",
                Kind::Review => "files are a review's notes",
                Kind::Patch => "files are patches nobody committed",
            };
            format!("{} {plural}, untracked for up to {}", files.len(), age(now, oldest))
        }
    };
    let finding = Finding::new(kind.key(), &title).detail("Neither committed nor ignored: the next `git add .` takes it along.");
    let finding = files.iter().take(MOST_NAMED).fold(finding, |finding, (time, path)| {
        finding.evidence(Evidence::whole_file(path, &format!("unchanged for {}", age(now, *time))))
    });
    // What a review found is waiting for somebody; the others are only in the way.
    finding.urgency(if kind == Kind::Review { Urgency::Normal } else { Urgency::Low }).remedy(remedy)
}

/// Takes note of servers and presence. Returns when to look again.
fn servers(host: &impl Host, signals: &[Signal], report: &mut Report) -> Result<Option<u64>, Error> {
    let before = (host.get_string(PRESENCE)?.unwrap_or_default(), host.get_string(SERVERS)?.unwrap_or_default());
    let (mut presence, mut servers) = (Presence::parse(&before.0), Servers::parse(&before.1));
    for signal in signals {
        match signal.kind.as_str() {
            "idle.started" => presence.idle(signal.time.saturating_sub(signal.number::<u64>("seconds").unwrap_or(0) * 1000)),
            "idle.ended" => presence.active(signal.time),
            _ => {}
        }
    }
    for signal in signals.iter().filter(|signal| signal.kind == "server.running") {
        let (Some(port), Some(pid), Some(since)) =
            (signal.number::<u16>("port"), signal.number::<u64>("pid"), signal.number::<u64>("since-ms"))
        else {
            continue;
        };
        let command = signal.attribute("command").unwrap_or_default();
        if servers::is_service(command) {
            continue;
        }
        let key = format!("server:{port}");
        if servers.replaced(&key, pid) {
            report.clear_key(&key);
        }
        if servers.runs(&key, pid, since, signal.time, presence) {
            report.add(of_server(&key, port, pid, command, since, presence.alone(signal.time), signal));
        }
    }
    servers.expire(host.now()).iter().for_each(|key| report.clear_key(key));
    let after = (presence.text(), servers.text());
    if after.0 != before.0 && presence != Presence::default() {
        host.set_string(PRESENCE, &after.0)?;
    }
    if after.1 != before.1 {
        host.set_string(SERVERS, &after.1)?;
    }
    Ok(servers.next())
}

fn of_server(key: &str, port: u16, pid: u64, command: &str, since: u64, alone: u64, signal: &Signal) -> Finding {
    let hidden = ["token", "secret", "password", "passwd", "key", "://"];
    let words = command.split_whitespace().map(|word| match word.to_ascii_lowercase() {
        lower if hidden.iter().any(|part| lower.contains(part)) => "…",
        _ => word,
    });
    let command: String = words.collect::<Vec<_>>().join(" ").chars().take(60).collect();
    Finding::new(key, &format!("A server on port {port} runs for {}: {command}", age(signal.time, since)))
        .detail(&format!(
            "Nothing happened in this project for {}, and process {pid} still listens on port {port}.",
            age(alone, 0)
        ))
        .evidence(Evidence::command(&command, &format!("process {pid}, port {port}")))
        .remedy(&format!("`kill {pid}` if it isn't needed"))
}

fn branch_key(branch: &str) -> String {
    format!("unpushed:{branch}")
}

fn age(now: u64, then: u64) -> String {
    match now.saturating_sub(then) / 3_600_000 {
        0 => "less than an hour".into(),
        1 => "an hour".into(),
        hours @ 2..=47 => format!("{hours} hours"),
        hours => format!("{} days", hours / 24),
    }
}
