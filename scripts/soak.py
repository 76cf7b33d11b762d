#!/usr/bin/env python3
"""Lets the daemon live with busy repositories, and says whether it grew.

usage: scripts/soak.py BINARY [--minutes 60] [--edits 10] [--projects 3] [--files 2000] [--accelerate 1]

Starts BINARY in a home of its own, with generated git repositories that are edited (so many edits a minute in all), committed,
branched and switched, and in which a conflict, a key and a failing command come and go. Every ten seconds it reads memory,
descriptors, threads and disk of the process. At the end it prints them, with what changed between the second quarter of the
time and the last, and exits with 1 where that is growth. Linux only: it reads /proc.

With --accelerate N the daemon's clock runs N times as fast (fastclock.c): 72 hours are then `--minutes 4320
--accelerate 200` and take 22 minutes. Edits are counted by the true clock.
"""
import argparse, json, os, random, shutil, statistics, subprocess, sys, tempfile, time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("binary")
parser.add_argument("--minutes", type=float, default=60)
parser.add_argument("--edits", type=float, default=10, help="edits a minute, in all projects together")
parser.add_argument("--projects", type=int, default=3)
parser.add_argument("--files", type=int, default=2000, help="files a project")
parser.add_argument("--accelerate", type=int, default=1, metavar="N")
parser.add_argument("--seed", type=int, default=1)
options = parser.parse_args()

binary = os.path.abspath(options.binary)
base = tempfile.mkdtemp(prefix="kairos-soak-")
home = os.path.join(base, "home")
environment = dict(os.environ, KAIROS_HOME=home, NO_COLOR="1", GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_SYSTEM="/dev/null")
chance = random.Random(options.seed)


def git(folder, *arguments, check=True):
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "gc.auto=0"]
    return subprocess.run(["git", *who, *arguments], cwd=folder, env=environment, check=check, capture_output=True)


def kairos(*arguments, folder=base, check=True):
    return subprocess.run([binary, *arguments], cwd=folder, env=environment, check=check, capture_output=True, text=True)


def accelerated():
    """Starts the daemon alone with the quick clock: who waits for its answers counts by the true one."""
    clock = os.path.join(base, "fastclock.so")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fastclock.c")
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", clock, source, "-ldl"], check=True)
    clock = {"LD_PRELOAD": clock, "FASTCLOCK_RATE": str(options.accelerate)}
    nowhere = {stream: subprocess.DEVNULL for stream in ("stdin", "stdout", "stderr")}
    process = subprocess.Popen([binary, "daemon"], env=environment | clock, start_new_session=True, **nowhere)
    while kairos("status", check=False).returncode:
        if process.poll() is not None:
            sys.exit("the daemon did not start: " + kairos("logs", check=False).stdout)
        time.sleep(0.05)


def write(folder, path, text):
    path = os.path.join(folder, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


def make(number):
    folder = os.path.join(base, f"project-{number}")
    os.makedirs(folder)
    git(folder, "init", "-q", "-b", "main")
    for n in range(options.files):
        write(folder, f"src/d{n % 50}/f{n}.rs", f"// file {n}\nfn f() {{}}\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    return folder


def edit(folder, n):
    path = f"src/d{chance.randrange(50)}/f{chance.randrange(options.files)}.rs"
    what = chance.random()
    if what < 0.03:
        write(folder, "src/conflict.rs", "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> other\n")
    elif what < 0.06:
        key = "AKIA" + "".join(chance.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(16))
        write(folder, "config.py", f'aws_access_key_id = "{key}"\n')
    elif what < 0.10:
        for name in ("src/conflict.rs", "config.py"):
            if os.path.exists(os.path.join(folder, name)):
                os.remove(os.path.join(folder, name))
    elif what < 0.15:
        git(folder, "add", "-A", check=False)
        git(folder, "commit", "-q", "-m", f"edit {n}", check=False)
    elif what < 0.18:
        git(folder, "checkout", "-q", "-f", "-B", f"branch-{chance.randrange(5)}", check=False)
    elif what < 0.22:
        kairos("exec", "--", "sh", "-c", f"echo line {n}; exit {chance.randrange(2)}", folder=folder, check=False)
    else:
        write(folder, path, f"// edited {n}\nfn f() {{ {chance.random()} }}\n")


def tree_size(folder):
    return sum(os.path.getsize(os.path.join(d, f)) for d, _, files in os.walk(folder) for f in files if os.path.exists(os.path.join(d, f)))


def sample(pid):
    status = dict(line.split(":", 1) for line in open(f"/proc/{pid}/status").read().splitlines() if ":" in line)
    times = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return {
        "anon KiB": int(status["RssAnon"].split()[0]),
        "descriptors": len(os.listdir(f"/proc/{pid}/fd")),
        "threads": int(status["Threads"]),
        "disk KiB": tree_size(os.path.join(home, "data")) // 1024,
        "cpu s": (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK"),
    }


try:
    projects = [make(n) for n in range(options.projects)]
    if options.accelerate > 1:
        accelerated()
    kairos("start", *projects)
    pid = json.loads(kairos("status", "--json").stdout)["pid"]
    begin, edits, samples = time.time(), 0, []
    while (elapsed := time.time() - begin) < options.minutes * 60 / options.accelerate:
        if not samples or time.time() - samples[-1][0] >= 10:
            samples.append((time.time(), sample(pid)))
        edit(chance.choice(projects), edits)
        edits += 1
        time.sleep(max(0, begin + edits * 60 / options.edits - time.time()))
    answer = []
    for _ in range(50):
        before = time.perf_counter()
        kairos("status")
        answer.append((time.perf_counter() - before) * 1000)
    log = kairos("logs", "-n", "100000").stdout
    found = json.loads(kairos("inbox", "list", "--all", "--json").stdout)
    before = time.time()
    kairos("stop")
    stopped = time.time() - before

    seconds = samples[-1][0] - samples[0][0]
    passed = f"{seconds / 60:.1f} minutes" + (f", {seconds * options.accelerate / 3600:.1f} hours by its clock" if options.accelerate > 1 else "")
    print(f"{options.projects} projects of {options.files} files, {edits} edits in {passed}, {len(found)} findings")
    grew = False
    for name in ("anon KiB", "descriptors", "threads", "disk KiB"):
        values = [s[name] for _, s in samples]
        quarter = max(1, len(values) // 4)
        early, late = statistics.median(values[quarter:2 * quarter] or values), statistics.median(values[-quarter:])
        # Descriptors and threads may differ by a connection; memory by what an allocator keeps.
        allowed = {"anon KiB": early * 0.15 + 1024, "descriptors": 3, "threads": 2, "disk KiB": 80 * 1024}[name]
        bad = late - early > allowed
        grew |= bad
        print(f"{name:12} most {max(values):8}  second quarter {early:10.0f}  last quarter {late:10.0f}  {'GREW' if bad else 'ok'}")
    cpu = samples[-1][1]["cpu s"] - samples[0][1]["cpu s"]
    print(f"cpu          {cpu:.1f} s, {100 * cpu / seconds:.3f}% of one core")
    print(f"status       median {statistics.median(answer):.1f} ms, most {max(answer):.1f} ms; stop took {stopped:.2f} s")
    print(f"log          {sum(' WARN ' in l for l in log.splitlines())} warnings, {sum(' ERROR ' in l for l in log.splitlines())} errors")
    sys.exit(1 if grew else 0)
finally:
    kairos("stop", check=False)
    shutil.rmtree(base, ignore_errors=True)
