#!/usr/bin/env python3
"""A week of work on a real repository in less than an hour: is what matters told in time, and how much else is told?

usage: scripts/week.py BINARY REPOSITORY [--commits 60] [--accelerate 240] [--from HEAD]

Clones REPOSITORY, goes back so many commits, and lets the daemon watch from Monday 08:00 on while the commits are made again
(edit, stage, commit) in office hours, among commands that succeed and fail as they do on any day. Into that it plants events,
each once. The daemon's clock runs N times as fast (fastclock.c); times of files follow it.

It prints for each planted event how long after it could be seen it was told, in ticks, and what else was told on each day.
It exits with 1 where an event was missed or came late by more than a tick, or where more than three others were told on a day.
"""
import argparse, datetime, json, os, shutil, subprocess, sys, tempfile, time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("binary")
parser.add_argument("repository")
parser.add_argument("--commits", type=int, default=60)
parser.add_argument("--accelerate", type=int, default=240, metavar="N")
parser.add_argument("--from", dest="tip", default="HEAD", help="the newest commit of the week")
options = parser.parse_args()

TICK = 30
MINUTE, HOUR, DAY = 60, 3600, 86400
binary = os.path.abspath(options.binary)
base = tempfile.mkdtemp(prefix="kairos-week-")
home, work = os.path.join(base, "home"), os.path.join(base, "work")
os.makedirs(home)
with open(os.path.join(home, "kairos.toml"), "w") as file:
    # A call has its ten seconds by the true clock.
    file.write(f'every = "{TICK}s"\n[limits]\ncall-wall = "{10 * options.accelerate}s"\n')
# A Monday of the past: what is made now would otherwise come from the future.
monday = datetime.datetime(2026, 1, 5, 8, 0, tzinfo=datetime.timezone.utc).timestamp()
environment = dict(os.environ, KAIROS_HOME=home, NO_COLOR="1", TZ="UTC", GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_SYSTEM="/dev/null", GIT_EDITOR="true")
began = None


def now():
    """The daemon's time, in seconds since Monday 08:00."""
    return (time.time() - began) * options.accelerate


def run(*command, folder=work, check=False, dated=True, **more):
    date = {} if not dated or began is None else {k: f"{int(monday + now())} +0000" for k in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE")}
    return subprocess.run(command, cwd=folder, env=environment | date, check=check, capture_output=True, **more)


def git(*arguments, **more):
    return run("git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "gc.auto=0", "-c", "advice.detachedHead=false", *arguments, **more)


def kairos(*arguments, **more):
    return run(binary, *arguments, dated=False, text=True, **more)


def date_files():
    """Gives everything that is newer than the last look the daemon's time."""
    stamp = monday + now()
    for folder, folders, files in os.walk(work):
        if os.path.basename(folder) == "objects":
            folders[:] = []
            continue
        for name in files + folders:
            path = os.path.join(folder, name)
            try:
                if os.lstat(path).st_mtime > dated[0]:
                    os.utime(path, (stamp, stamp), follow_symlinks=False)
            except OSError:
                pass


dated = [monday + 30 * DAY]


def write(path, text):
    path = os.path.join(work, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    date_files()


def execute(*command):
    kairos("exec", "--", *command)


def remove(*paths):
    for path in paths:
        os.path.exists(os.path.join(work, path)) and os.remove(os.path.join(work, path))


# When, in seconds since Monday 08:00; what; which plugin tells; a part of its key or title; how long until it can be seen.
def conflict():
    write("kairos_week/merge.py", "def a():\n<<<<<<< HEAD\n    return 1\n=======\n    return 2\n>>>>>>> topic\n")


def key():
    write("kairos_week/settings.py", 'AWS_ACCESS_KEY_ID = "AKIA' + "Q3EGJ5LKX7RTMVYB" + '"\n')


CHECK = "import unittest\n\nclass Check(unittest.TestCase):\n    def test_sum(self):\n        self.assertEqual(1 + 1, {})\n"
UNITTEST = ("python3", "-m", "unittest", "kairos_week/test_check.py")


def passes_then_fails():
    write("kairos_week/test_check.py", CHECK.format(3))
    execute(*UNITTEST)


def rebase():
    git("stash", "-u")
    git("checkout", "-q", "-b", "week-topic", "HEAD~3")
    write("kairos_week_conflict.txt", "topic\n")
    git("add", "-A")
    git("commit", "-q", "-m", "topic")
    git("checkout", "-q", "week")
    write("kairos_week_conflict.txt", "week\n")
    git("add", "-A")
    git("commit", "-q", "-m", "week")
    git("checkout", "-q", "week-topic")
    git("rebase", "week")
    date_files()


def rebase_over():
    git("rebase", "--abort")
    git("checkout", "-q", "-f", "week")
    git("stash", "drop")


def large():
    with open(os.path.join(work, "recording.mp4"), "wb") as file:
        file.write(os.urandom(20 << 20))
    date_files()
    git("add", "recording.mp4")
    date_files()


def large_over():
    git("rm", "-q", "-f", "--cached", "recording.mp4")
    remove("recording.mp4")


EVENTS = [
    (2.5 * HOUR, "a conflict left in a file", conflict, "merge-conflicts", "kairos_week/merge.py", 0, lambda: remove("kairos_week/merge.py")),
    (7 * HOUR, "a key in a file", key, "secrets", "kairos_week/settings.py", 0, lambda: remove("kairos_week/settings.py")),
    (DAY + 3 * HOUR, "a command fails that passed", passes_then_fails, "command-failures", "test_check", 0, lambda: remove("kairos_week/test_check.py")),
    (2 * DAY + 2 * HOUR, "a rebase left unfinished", rebase, "git-hygiene", "operation", HOUR, rebase_over),
    (3 * DAY + 5 * HOUR, "20 MiB staged", large, "git-hygiene", "recording.mp4", 0, large_over),
]
# Over when it was told, at the latest after so long.
LASTS = 2 * HOUR


def replay(commit, step):
    parent = git("rev-parse", commit + "^", text=True).stdout.strip()
    paths = git("diff", "--name-only", "--no-renames", "-z", parent, commit).stdout
    if not paths:
        return
    pathspec = ["--pathspec-from-file=-", "--pathspec-file-nul"]
    git("--literal-pathspecs", "restore", "--source", commit, "--worktree", *pathspec, input=paths)
    date_files()
    wait(step * 0.5)
    git("--literal-pathspecs", "add", "-A", "-f", *pathspec, input=paths)
    date_files()
    wait(step * 0.1)
    git("commit", "-q", "--no-verify", "-m", git("show", "-s", "--format=%s", commit, text=True).stdout)
    date_files()


def noise(n):
    """What fails on any day and is nobody's business."""
    execute("sh", "-c", ["true", "grep -q never .gitignore", "test -d nowhere", "exit 130", "git diff --quiet HEAD~1"][n % 5])


def wait(seconds):
    time.sleep(max(0, seconds) / options.accelerate)


pending, over = sorted(EVENTS, key=lambda e: e[0]), []
planted = {}


def plant():
    while pending and pending[0][0] <= now():
        _, name, do, *_ = event = pending.pop(0)
        if do is passes_then_fails:
            write("kairos_week/test_check.py", CHECK.format(2))
            execute(*UNITTEST)
        do()
        planted[name] = now()
        over.append((now() + event[5] + LASTS, event[6]))
    for done in [o for o in over if o[0] <= now()]:
        over.remove(done)
        done[1]()
        date_files()


def until(moment):
    """Lets time pass; plants what is due on the way."""
    while now() < moment:
        plant()
        steps = [moment] + [e[0] for e in pending] + [o[0] for o in over]
        wait(max(1, min(steps) - now()))
    plant()


try:
    subprocess.run(["git", "clone", "-q", options.repository, work], env=environment, check=True)
    commits = git("rev-list", "--no-merges", "--topo-order", "-n", str(options.commits), options.tip, text=True).stdout.split()[::-1]
    git("checkout", "-q", "-B", "week", commits[0] + "^")
    for folder, _, files in os.walk(work):
        for name in files:
            os.utime(os.path.join(folder, name), (monday - DAY, monday - DAY), follow_symlinks=False)
    library = os.path.join(base, "fastclock.so")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fastclock.c")
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    clock = {"LD_PRELOAD": library, "FASTCLOCK_RATE": str(options.accelerate), "FASTCLOCK_START": str(int(monday))}
    nowhere = {stream: subprocess.DEVNULL for stream in ("stdin", "stdout", "stderr")}
    daemon = subprocess.Popen([binary, "daemon"], env=environment | clock, start_new_session=True, **nowhere)
    began = time.time()
    while kairos("status", folder=base).returncode:
        daemon.poll() is not None and sys.exit("the daemon did not start")
        time.sleep(0.02)
    kairos("start", work, folder=base, check=True)

    office = [(day * DAY + HOUR, day * DAY + 10 * HOUR) for day in range(5)]
    spans = len(commits) / len(office)
    for day, (opens, closes) in enumerate(office):
        until(opens)
        today = commits[int(day * spans):int((day + 1) * spans)]
        step = (closes - opens) / max(1, len(today))
        for n, commit in enumerate(today):
            until(opens + n * step)
            # While a rebase is under way nobody commits anything else.
            if not os.path.isdir(os.path.join(work, ".git/rebase-merge")):
                replay(commit, step)
                noise(n)
        until(closes)
    until(7 * DAY)

    items = json.loads(kairos("inbox", "list", "--all", "--json", check=True).stdout)
    ticks = json.loads(kairos("status", "--json", check=True).stdout)["projects"][0]["tick"]
    kairos("stop")
    print(f"{len(commits)} commits of {options.repository}, {ticks} ticks, {len(items)} findings in all\n")
    bad, expected = False, set()
    for at, name, _, plugin, part, observable, _ in EVENTS:
        after = planted[name] + observable
        mine = [i for i in items if i["plugin"] == plugin and part in i["key"] + i["title"]]
        expected |= {i["id"] for i in mine}
        if not mine:
            bad = True
            print(f"MISSED  {name}")
            continue
        first = min(mine, key=lambda i: i["first_seen"])
        late = ((first["first_seen"] / 1000 - monday) - after) / TICK
        # What the true clock takes to start a process counts N times.
        bad |= late > 1.5 or first["decision"] != "announced"
        print(f"{late:5.1f} ticks  {name}: {first['title']} [{first['urgency']}, {first['decision']}]")
    print()
    for day in range(7):
        others = [i for i in items if i["id"] not in expected and i["decision"] == "announced" and day == (i["first_seen"] / 1000 - monday + 8 * HOUR) // DAY]
        bad |= len(others) > 3
        print(f"day {day + 1}: {len(others)} others told")
        for i in others:
            print(f"         {i['plugin']}: {i['title']} [{i['urgency']}]")
    quiet = [i for i in items if i["id"] not in expected and i["decision"] != "announced"]
    print(f"\nnot announced: {len(quiet)}")
    for i in quiet:
        print(f"         {i['plugin']}: {i['title']} [{i['urgency']}] {i['decision']}")
    sys.exit(1 if bad else 0)
finally:
    kairos("stop", folder=base)
    shutil.rmtree(base, ignore_errors=True)
