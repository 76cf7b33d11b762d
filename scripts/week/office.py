"""The place of work: a clone of the repository, the daemon that watches it, and the quick clock."""
import datetime, json, os, shutil, subprocess, sys, time

TICK = 30
MINUTE, HOUR, DAY = 60, 3600, 86400
# When the office closes, in seconds since 08:00; on Friday at 15:30.
CLOSED = [10 * HOUR, 10 * HOUR, 10 * HOUR, 10 * HOUR, 7.5 * HOUR]

SETTINGS = """\
every = "{tick}s"
[limits]
call-wall = "{wall}s"
[signals]
logs = ["log/*.log"]
[presence]
away-after = "0s"
"""


class Office:
    """Times are seconds since Monday 08:00, by the quick clock."""

    def __init__(self, binary, base, rate, since):
        self.binary, self.base, self.rate, self.since = binary, base, rate, since
        self.home, self.work = os.path.join(base, "home"), os.path.join(base, "work")
        self.log = os.path.join(self.home, "data/logs/kairos-run.log")
        self.started = time.time()
        self.began = None
        today = datetime.datetime.now(datetime.timezone.utc).replace(hour=8, minute=0, second=0, microsecond=0)
        # Of a week that is over: what is dated by the true clock would otherwise come from the past.
        self.monday = (today - datetime.timedelta(days=today.weekday() + 14)).timestamp()
        self.environment = dict(os.environ, KAIROS_HOME=self.home, NO_COLOR="1", TZ="UTC", PYTHONDONTWRITEBYTECODE="1",
                                GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_SYSTEM="/dev/null", GIT_EDITOR="true")
        os.makedirs(self.home)
        with open(os.path.join(self.home, "kairos.toml"), "w") as file:
            # A call has its ten seconds by the true clock; and keys are pressed by the true one, so the user counts as here.
            file.write(SETTINGS.format(tick=TICK, wall=10 * rate))

    def now(self):
        """Before the daemon runs it is the day before."""
        return self.since - DAY if self.began is None else self.since + (time.time() - self.began) * self.rate

    def wait(self, seconds):
        time.sleep(max(0, seconds) / self.rate)

    def run(self, *command, folder=None, check=False, **more):
        return subprocess.run(command, cwd=folder or self.work, check=check, capture_output=True, **{"env": self.environment} | more)

    def git(self, *arguments, **more):
        date = f"{int(self.monday + self.now())} +0000"
        settings = ("user.name=A", "user.email=a@example.org", "gc.auto=0", "advice.detachedHead=false")
        return self.run("git", *(part for setting in settings for part in ("-c", setting)), *arguments,
                        env=self.environment | {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}, **more)

    def kairos(self, *arguments, **more):
        return self.run(self.binary, *arguments, text=True, **more)

    def execute(self, *command):
        """As the user runs it in a terminal."""
        return self.kairos("exec", "--", *command).returncode

    def date_files(self):
        """What was made by the true clock gets the daemon's time."""
        stamp = self.monday + self.now()
        for folder, folders, files in os.walk(self.work):
            if os.path.basename(folder) == "objects":
                folders[:] = []
                continue
            for name in files + folders:
                path = os.path.join(folder, name)
                try:
                    if os.lstat(path).st_mtime >= self.started - 1:
                        os.utime(path, (stamp, stamp), follow_symlinks=False)
                except OSError:
                    pass

    def is_there(self, path):
        return os.path.lexists(os.path.join(self.work, path))

    def write(self, path, text):
        path = os.path.join(self.work, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        self.date_files()

    def remove(self, *paths):
        for path in paths:
            self.is_there(path) and os.remove(os.path.join(self.work, path))

    def commit(self, message, *paths):
        """Stages and commits these paths, also where they are gone."""
        self.git("add", "-A", "-f", "--", *paths)
        self.git("commit", "-q", "--no-verify", "-m", message)
        self.date_files()

    def push(self):
        self.git("push", "-q", check=True)
        self.date_files()

    def move_in(self, repository, tip, count, files):
        """Makes the clone as it was so many commits ago and with these files, on a branch with a remote of its own; returns the commits."""
        self.run("git", "clone", "-q", repository, self.work, folder=self.base, check=True)
        listed = self.git("rev-list", "--no-merges", "--topo-order", "-n", str(count), tip, text=True, check=True)
        commits = listed.stdout.split()[::-1]
        main = self.git("symbolic-ref", "--short", "HEAD", text=True, check=True).stdout.strip()
        self.git("checkout", "-q", "-B", main, commits[0] + "^", check=True)
        with open(os.path.join(self.work, ".git/info/exclude"), "a") as file:
            file.write("/log/\n")
        os.makedirs(os.path.join(self.work, "log"))
        for path, text in files.items():
            self.write(path, text)
        self.commit("Before the week", *files)
        # Its own remote knows nothing of what comes.
        origin = os.path.join(self.base, "origin.git")
        self.git("clone", "-q", "--bare", "--single-branch", self.work, origin, check=True)
        self.git("remote", "remove", "origin", check=True)
        self.git("remote", "add", "origin", origin, check=True)
        self.git("fetch", "-q", "origin", check=True)
        self.git("remote", "set-head", "origin", main, check=True)
        self.git("checkout", "-q", "-b", "week", check=True)
        self.git("push", "-q", "-u", "origin", "week", check=True)
        for folder, _, files in os.walk(self.work):
            for name in files:
                os.utime(os.path.join(folder, name), (self.monday - DAY, self.monday - DAY), follow_symlinks=False)
        return commits

    def open(self, told):
        """Starts the daemon, and writes down what it tells."""
        # Plugins are compiled by the true clock, elsewhere: a time limit holds for that, too.
        elsewhere = os.path.join(self.base, "elsewhere")
        os.makedirs(elsewhere)
        self.kairos("--ticks", "1", folder=elsewhere, check=True)
        shutil.rmtree(os.path.join(self.home, "data"))
        library = os.path.join(self.base, "fastclock.so")
        source = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "fastclock.c")
        self.run("cc", "-O2", "-shared", "-fPIC", "-o", library, source, "-ldl", check=True)
        clock = {"LD_PRELOAD": library, "FASTCLOCK_RATE": str(self.rate), "FASTCLOCK_START": str(int(self.monday + self.since))}
        nowhere = {stream: subprocess.DEVNULL for stream in ("stdin", "stdout", "stderr")}
        daemon = subprocess.Popen([self.binary, "daemon"], env=self.environment | clock, start_new_session=True, **nowhere)
        self.began = time.time()
        while self.kairos("status", folder=self.base).returncode:
            daemon.poll() is not None and sys.exit("the daemon did not start")
            time.sleep(0.02)
        self.kairos("start", self.work, folder=self.base, check=True)
        subprocess.Popen([self.binary, "--json"], cwd=self.work, env=self.environment, stdin=subprocess.DEVNULL, stdout=told)

    def close(self):
        """Ends the daemon; returns its inbox and what it says of the project."""
        items = json.loads(self.kairos("inbox", "list", "--all", "--json", check=True).stdout)
        status = json.loads(self.kairos("status", "--json", check=True).stdout)["projects"][0]
        self.kairos("stop")
        return items, status
