//! Commands in the sandbox, on this kernel. What it can't do is told, and not tested.

use kairos_exec::sandbox::{Command, Finished, LAUNCHER, SandboxError, available, run};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

fn launcher() -> PathBuf {
    let exe = std::env::current_exe().unwrap();
    exe.parent().and_then(Path::parent).unwrap().join("examples/sandbox_launch")
}

struct Project(tempfile::TempDir);

impl Project {
    fn new() -> Self {
        Self(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap())
    }

    fn command(&self, line: &str) -> Command {
        Command { time: Duration::from_secs(60), confined: available().is_whole(), ..Command::line(line, self.0.path()) }
    }

    async fn run(&self, line: &str) -> Finished {
        start(&self.command(line)).await.unwrap()
    }
}

async fn start(command: &Command) -> Result<Finished, SandboxError> {
    run(command, (&launcher(), LAUNCHER)).await
}

/// Is this machine able to confine? Says so, where it isn't.
fn can_confine() -> bool {
    println!("{}", available());
    available().is_whole()
}

/// Processes whose command line has this text.
fn processes(text: &str) -> usize {
    let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let lines = all.filter_map(|p| std::fs::read(p.path().join("cmdline")).ok());
    lines.filter(|line| String::from_utf8_lossy(line).contains(text)).count()
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_secs(20), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn output_and_exit_are_those_of_the_command() {
    let project = Project::new();
    let done = project.run("echo out; echo err >&2; pwd; exit 7").await;
    let folder = project.0.path().display();
    assert_eq!((done.exit, done.output.as_str(), done.timed_out), (7, format!("out\nerr\n{folder}\n").as_str(), false));
    assert_eq!(project.run("kill -TERM $$").await.exit, 128 + 15);
    assert_eq!(project.run("no-such-program-here").await.exit, 127);
    assert_eq!(project.run("cat").await.exit, 0, "its input is empty");
    let missing = Command { cwd: "/no/such/folder".into(), ..project.command("true") };
    assert!(matches!(start(&missing).await, Err(SandboxError::NoFolder(_))));
}

#[tokio::test]
async fn only_the_project_and_a_folder_of_its_own_can_be_written() {
    if !can_confine() {
        return;
    }
    let (project, other) = (Project::new(), Project::new());
    let secret = other.0.path().join("secret");
    std::fs::write(&secret, "the secret").unwrap();
    let done = project.run("echo a > inside && echo b > \"$TMPDIR/x\" && cat inside \"$TMPDIR/x\"; echo $TMPDIR").await;
    assert!(done.output.starts_with("a\nb\n"), "{}", done.output);
    let temporary = done.output.lines().nth(2).unwrap();
    assert!(!Path::new(temporary).exists() && !temporary.is_empty());
    let elsewhere = secret.display();
    let ways = [
        format!("cat {elsewhere}"),
        format!("echo x > {elsewhere}"),
        format!("rm {elsewhere}"),
        format!("mv {elsewhere} here"),
        format!("ln {elsewhere} here"),
        format!("ln -s {elsewhere} link && cat link"),
        format!("truncate -s 0 {elsewhere}"),
        "touch /etc/kairos-was-here".into(),
        "touch /tmp/kairos-was-here".into(),
        "ls ~/.ssh ~/.aws".into(),
        "ls /root /home 2>&1 | grep -q . && cat ~/.bashrc".into(),
        "cat /proc/$PPID/environ > /dev/null && cat /proc/1/environ".into(),
    ];
    for line in ways {
        let done = project.run(&line).await;
        assert_ne!(done.exit, 0, "{line}: {}", done.output);
        assert!(!done.output.contains("the secret"), "{line}");
    }
    assert_eq!(std::fs::read_to_string(&secret).unwrap(), "the secret");
}

#[tokio::test]
async fn there_is_no_network_unless_it_is_given() {
    if !can_confine() {
        return;
    }
    let project = Project::new();
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let socket = std::os::unix::net::UnixListener::bind(project.0.path().join("s")).unwrap();
    let port = server.local_addr().unwrap().port();
    let line = format!("exec 3<>/dev/tcp/127.0.0.1/{port} && echo connected");
    let done = project.run(&line).await;
    assert!(done.exit != 0 && !done.output.contains("connected"), "{}", done.output);
    let done = start(&Command { network: true, ..project.command(&line) }).await.unwrap();
    assert_eq!((done.exit, done.output.as_str()), (0, "connected\n"));
    let unix =
        "/usr/bin/perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0) or exit 3; connect(S, sockaddr_un(\"s\")) or exit 4'";
    if Path::new("/usr/bin/perl").exists() {
        let done = start(&Command { network: true, ..project.command(unix) }).await.unwrap();
        assert_eq!(done.exit, 3, "{}", done.output);
        let udp = project.run("/usr/bin/perl -MSocket -e 'socket(S, AF_INET, SOCK_DGRAM, 0) or exit 3'").await;
        assert_eq!(udp.exit, 3);
    }
    drop(socket);
}

#[tokio::test]
async fn a_real_repository_can_be_worked_with() {
    let project = Project::new();
    let line = "git init -q . && echo a > a && git add a && git -c user.name=a -c user.email=a@b commit -qm first && git log --format=%s";
    let done = project.run(line).await;
    assert!(done.exit == 0 && done.output.ends_with("first\n"), "{done:?}");
}

#[tokio::test]
async fn the_environment_is_clean() {
    let project = Project::new();
    // The test's own environment has variables of cargo's, which nobody has called harmless.
    let done = project.run("env; cd \"$TMPDIR\"; git config maintenance.auto; git config gc.auto").await;
    assert!(done.output.ends_with("\nfalse\n0\n"), "{}", done.output);
    assert!(done.output.contains("PATH=") && done.output.contains("TMPDIR="));
    assert!(!done.output.contains("CARGO_PKG_NAME") && !done.output.contains("CARGO_MANIFEST_DIR"), "{}", done.output);
}

#[tokio::test]
async fn time_output_and_memory_have_bounds() {
    let project = Project::new();
    let begin = Instant::now();
    let slow = Command { time: Duration::from_millis(700), ..project.command("echo begun; sleep 4321 & sleep 4321") };
    let done = start(&slow).await.unwrap();
    assert!(done.timed_out && done.output == "begun\n" && begin.elapsed() < Duration::from_secs(20), "{done:?}");
    let chatty = Command { output: 1000, ..project.command("for i in {1..20000}; do echo line $i; done") };
    let done = start(&chatty).await.unwrap();
    assert!(done.truncated > 100_000 && done.output.starts_with("line 1\n") && done.output.ends_with("line 20000\n"));
    assert!(done.output.len() < 1100);
    let hungry = Command { memory: 64 << 20, ..project.command("x=$(head -c 300000000 /dev/zero | tr '\\0' a); echo had it") };
    let done = start(&hungry).await.unwrap();
    assert!(!done.output.contains("had it"), "{done:?}");
}

#[tokio::test]
async fn nothing_is_left_behind() {
    let project = Project::new();
    let mark = format!("{}", 5_000_000 + std::process::id());
    let done =
        project.run(&format!("sleep {mark} & setsid sleep {mark} & (setsid nohup sleep {mark} &) ; sleep 0.2; echo over")).await;
    assert_eq!(done.output, "over\n");
    assert_eq!(processes(&format!("sleep\0{mark}")), 0);
    // Who kills the launcher would have been rid of it.
    if available().landlock >= 6 {
        let done = project.run(&format!("kill -9 $PPID; echo $?; setsid sleep {mark} & sleep 0.1")).await;
        assert_eq!((done.exit, done.output.lines().last()), (0, Some("1")), "{done:?}");
        assert_eq!(processes(&format!("sleep\0{mark}")), 0);
    }
    // A future that is dropped.
    let command = project.command(&format!("setsid sleep {mark} & sleep {mark}"));
    let running = tokio::spawn(async move { start(&command).await });
    until("it runs", || processes(&format!("sleep\0{mark}")) == 2).await;
    running.abort();
    until("it is gone", || processes(&mark) == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_at_once_leave_no_process_and_no_descriptor() {
    let project = std::sync::Arc::new(Project::new());
    project.run("true").await;
    let before = descriptors();
    let mark = format!("{}", 6_000_000 + std::process::id());
    let tasks: Vec<_> = (0..200)
        .map(|n| {
            let (project, mark) = (project.clone(), mark.clone());
            tokio::spawn(async move {
                let mut command = project.command(&format!("echo {n}; : {mark}; sleep 0.2 & cat /dev/null"));
                if n % 5 == 0 {
                    command.what = kairos_exec::sandbox::What::Line(format!("sleep {mark}"));
                    command.time = Duration::from_millis(300);
                }
                let done = start(&command).await.unwrap();
                assert!(done.timed_out == (n % 5 == 0) && (done.timed_out || done.output == format!("{n}\n")), "{n}: {done:?}");
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(processes(&mark), 0);
    until("descriptors are closed", || descriptors() <= before).await;
}

#[tokio::test]
async fn what_is_fixed_stays_as_it_is_within_what_is_writable() {
    if !can_confine() {
        return;
    }
    let project = Project::new();
    let git = project.0.path().join(".git");
    std::fs::create_dir_all(git.join("hooks")).unwrap();
    std::fs::write(git.join("config"), "old").unwrap();
    std::fs::write(git.join("hooks/one"), "old").unwrap();
    let fixed = vec![git.join("hooks"), git.join("config")];
    let tries = "cat .git/config; touch .git/index.lock && mv .git/index.lock .git/index && echo index
        for try in 'echo new > .git/config' 'mv new .git/config' 'touch .git/hooks/two' 'echo new > .git/hooks/one' 'mv .git/hooks x' \
            'mv .git y' 'rm -rf .git/hooks' 'chmod 700 .git/hooks/one' 'umount .git/hooks' 'mount -o remount,rw,bind .git/config'; do
            echo new > new; eval \"$try\" 2>/dev/null && echo \"$try\"
        done; true";
    let done = start(&Command { fixed, ..project.command(tries) }).await.unwrap();
    let is = |name: &str| std::fs::read_to_string(git.join(name)).unwrap();
    if done.output.contains("echo new > .git/config") {
        return eprintln!("skipped: this system lets nobody mount");
    }
    assert_eq!(done.output, "oldindex\n");
    assert_eq!((is("config"), is("hooks/one"), git.join("index").exists()), ("old".into(), "old".into(), true));
    assert_eq!(std::fs::read_dir(git.join("hooks")).unwrap().count(), 1);
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
    assert!(!mounts.contains(&git.display().to_string()), "nobody else sees it");
}
