"""What goes on all week and is nobody's business: commits, commands that fail, a server's log."""
import datetime, os, random, threading
from office import CLOSED, DAY, HOUR

COMMANDS = ["true", "grep -q never .gitignore", "test -d nowhere", "exit 130", "git diff --quiet HEAD~1"]


def command(office, n):
    office.execute("sh", "-c", COMMANDS[n % len(COMMANDS)])


def replay(office, commit, step):
    """Makes a commit again: edit, stage, commit, spread over more than half of the step."""
    parent = office.git("rev-parse", commit + "^", text=True).stdout.strip()
    paths = office.git("diff", "--name-only", "--no-renames", "-z", parent, commit).stdout
    if not paths:
        return
    pathspec = ["--pathspec-from-file=-", "--pathspec-file-nul"]
    office.git("--literal-pathspecs", "restore", "--source", commit, "--worktree", *pathspec, input=paths)
    office.date_files()
    office.wait(step * 0.5)
    office.git("--literal-pathspecs", "add", "-A", "-f", *pathspec, input=paths)
    office.date_files()
    office.wait(step * 0.1)
    subject = office.git("show", "-s", "--format=%s", commit, text=True).stdout
    office.git("commit", "-q", "--no-verify", "-m", subject)
    office.date_files()


class Log:
    """A server under development: a line each 20 seconds while the office is open, and now and then an error of its usual kinds."""

    # How often in a thousand lines, and what.
    USUAL = [
        (8, "ERROR app.mail: could not deliver to customer {}: mailbox is full"),
        (5, "ERROR app.pay: card of order {} was declined by the bank"),
        (3, "ERROR app.db: deadlock found on table orders, transaction {} is tried again"),
        (1, "ERROR app.export: no answer from the archive within {} seconds"),
        (30, "WARNING app.http: slow request to /orders/{}"),
        (953, "INFO app.http: GET /items/{} 200"),
    ]

    def __init__(self, office):
        self.chance, self.ended = random.Random(1), threading.Event()
        self.thread = threading.Thread(target=self.run, args=(office,), daemon=True)
        self.thread.start()

    def run(self, office):
        weights, messages = zip(*self.USUAL)
        while not self.ended.wait(20 / office.rate):
            day, second = divmod(office.now(), DAY)
            if day < len(CLOSED) and HOUR <= second < CLOSED[int(day)]:
                write_log(office, self.chance.choices(messages, weights)[0].format(self.chance.randrange(10_000)))

    def stop(self):
        self.ended.set()
        self.thread.join()


def write_log(office, message):
    """As Python's logging writes it."""
    time = datetime.datetime.fromtimestamp(office.monday + office.now(), datetime.timezone.utc)
    with open(os.path.join(office.work, "log/app.log"), "a") as file:
        file.write(f"{time:%Y-%m-%d %H:%M:%S},{time.microsecond // 1000:03} {message}\n")
