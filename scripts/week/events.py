"""What is planted: one event or more for each detector. Each is made as a person would make it, and leaves no other trace."""
import dataclasses, os
from noise import write_log
from office import DAY, HOUR, MINUTE, TICK

# Committed before the week begins, so that something can go away and disagree.
BASE = {
    "docs/kairos_week.md": "# Settings\n\nAll settings are explained in [the example](../kairos_week/example.toml).\n",
    "kairos_week/example.toml": "colour = true\n",
    "kairos_week/go.mod": "module example.org/week\n\ngo 1.22\n\nrequire github.com/pkg/errors v0.9.1\n",
    "kairos_week/go.sum": "".join(f"github.com/pkg/errors v0.9.1{part} h1:{'A' * 43}=\n" for part in ("", "/go.mod")),
}
TEST = "import unittest\n\n\nclass Check(unittest.TestCase):\n    def test_{name}(self):\n        {body}\n"


def test(office, name):
    return office.execute("python3", "-m", "unittest", f"kairos_week/test_{name}.py")


def conflict(office):
    office.write("kairos_week/merge.py", "def a():\n<<<<<<< HEAD\n    return 1\n=======\n    return 2\n>>>>>>> topic\n")


def key(office):
    office.write("kairos_week/settings.py", 'AWS_ACCESS_KEY_ID = "AKIA' + "Q3EGJ5LKX7RTMVYB" + '"\n')


def breakpoint_committed(office):
    office.write("kairos_week/prices.py", "def net(price):\n    breakpoint()\n    return price / 1.2\n")
    office.commit("Prices without tax", "kairos_week/prices.py")


def breakpoint_over(office):
    office.remove("kairos_week/prices.py")
    office.commit("Prices are elsewhere", "kairos_week/prices.py")


def edited_back_and_forth(office):
    """Each second version is the first one."""
    for n, size in enumerate([10, 12, 10, 9, 10, 14, 10]):
        n and office.wait(2.5 * MINUTE)
        office.write("kairos_week/layout.py", f"MARGIN = {size}\n")


def passes_then_fails(office):
    for sum in (2, 3):
        office.write("kairos_week/test_sum.py", TEST.format(name="sum", body=f"self.assertEqual(1 + 1, {sum})"))
        office.wait(MINUTE)
        test(office, "sum")


def document_left_behind(office):
    office.remove("kairos_week/example.toml")
    office.commit("The example is gone", "kairos_week/example.toml")


def document_over(office):
    office.write("kairos_week/example.toml", BASE["kairos_week/example.toml"])
    office.commit("The example is back", "kairos_week/example.toml")


def errors_in_a_burst(office):
    for n in range(45):
        write_log(office, f"ERROR app.mail: could not deliver to customer {n}: mailbox is full")
        office.wait(3)


def rebase(office):
    office.git("stash", "-u")
    office.git("checkout", "-q", "-b", "week-topic", "HEAD~3")
    office.write("kairos_week/conflict.txt", "topic\n")
    office.commit("topic", "kairos_week/conflict.txt")
    office.git("checkout", "-q", "week")
    office.write("kairos_week/conflict.txt", "week\n")
    office.commit("week", "kairos_week/conflict.txt")
    office.git("checkout", "-q", "week-topic")
    office.git("rebase", "week")
    office.date_files()


def rebase_over(office):
    office.git("rebase", "--abort")
    office.git("checkout", "-q", "-f", "week")
    office.git("stash", "drop")


def fails_every_other_time(office):
    """By a file outside of the project: the tree stays the same."""
    coin = os.path.join(office.base, "coin")
    body = f"coin = open({coin!r}, 'a')\n        coin.write('x')\n        self.assertEqual(coin.tell() % 2, 1)"
    office.write("kairos_week/test_coin.py", TEST.format(name="coin", body=body))
    for _ in range(2):
        office.wait(4 * MINUTE)
        test(office, "coin")


def new_error(office):
    write_log(office, "ERROR app.search: index is read-only, the disk has reached its high watermark")


def large(office):
    with open(os.path.join(office.work, "recording.mp4"), "wb") as file:
        file.write(os.urandom(20 << 20))
    office.date_files()
    office.git("add", "recording.mp4")
    office.date_files()


def large_over(office):
    office.git("rm", "-q", "-f", "--cached", "recording.mp4")
    office.remove("recording.mp4")


def manifest_alone(office):
    office.write("kairos_week/go.mod", BASE["kairos_week/go.mod"] + "require github.com/google/uuid v1.6.0\n")


def manifest_over(office):
    office.write("kairos_week/go.mod", BASE["kairos_week/go.mod"])


def fails_again_and_again(office):
    """Another attempt before each run, and always the same result."""
    body = "from kairos_week.area import area\n\n        self.assertEqual(area(2, 5), 10)"
    office.write("kairos_week/test_area.py", TEST.format(name="area", body=body))
    for n, attempt in enumerate(["w + h", "h - w", "w * w", "h * h", "w + w"]):
        n and office.wait(3 * MINUTE)
        office.write("kairos_week/area.py", f"def area(w, h):\n    return {attempt}\n")
        office.wait(MINUTE)
        test(office, "area")


def last_commit(office):
    office.write("kairos_week/notes.txt", "to be continued\n")
    office.commit("Until Monday", "kairos_week/notes.txt")


def gone(*paths):
    return lambda office: office.remove(*paths)


def nothing(_):
    pass


@dataclasses.dataclass
class Event:
    # When it is planted, in seconds since Monday 08:00.
    at: float
    name: str
    plant: callable
    # Who tells of it, and what is in the key or title.
    plugin: str
    part: str
    undo: callable = nothing
    # How long after it was planted it can be seen at the earliest, by what the detector's page says. Without a number: with
    # the next tick. What counts from when the detector first looked gets a tick for that look.
    observable: float = 0
    # And not before this moment.
    not_before: float = 0
    # It is taken away so long after it could be seen.
    lasts: float = 2 * HOUR


# At most five messages are sent a day, so no day has more than four events: a failing test is told by command-failures, too.
EVENTS = [
    Event(2.5 * HOUR, "a conflict left in a file", conflict, "merge-conflicts", "kairos_week/merge.py", gone("kairos_week/merge.py")),
    # A debug mark is told once it was staged or committed for 10 minutes.
    Event(4 * HOUR, "a breakpoint committed", breakpoint_committed, "todo-drift", "breakpoint", breakpoint_over,
          observable=10 * MINUTE + TICK),
    Event(7 * HOUR, "a key in a file", key, "secrets", "kairos_week/settings.py", gone("kairos_week/settings.py")),

    Event(DAY + 3 * HOUR, "a command fails that passed", passes_then_fails, "command-failures", "test_sum",
          gone("kairos_week/test_sum.py")),
    # 15 minutes after it was first seen: code and documents are changed in one sitting.
    Event(DAY + 5 * HOUR, "a document names a file that is gone", document_left_behind, "stale-docs", "kairos_week/example.toml",
          document_over, observable=15 * MINUTE + TICK),
    # Planted is the third return, 15 minutes after the first state: over 10 minutes, as it has to be.
    Event(DAY + 6.5 * HOUR, "a file edited back and forth", edited_back_and_forth, "thrash", "kairos_week/layout.py",
          gone("kairos_week/layout.py")),
    # 45 errors in two and a quarter minutes: 20 of them are within one span of five minutes, wherever it begins.
    Event(DAY + 8 * HOUR, "a burst of errors in the log", errors_in_a_burst, "log-watch", "burst:"),

    # An operation of git is left unfinished when it is an hour old.
    Event(2 * DAY + 2 * HOUR, "a rebase left unfinished", rebase, "git-hygiene", "operation", rebase_over, observable=HOUR),
    # Planted is the second run, which has the other result.
    Event(2 * DAY + 7.5 * HOUR, "a test passes and fails", fails_every_other_time, "flaky-tests", "test_coin",
          gone("kairos_week/test_coin.py")),

    # The log is known for a day by then.
    Event(3 * DAY + 2 * HOUR, "a new kind of error in the log", new_error, "log-watch", "watermark"),
    Event(3 * DAY + 5 * HOUR, "20 MiB staged", large, "git-hygiene", "recording.mp4", large_over),
    # A disagreement has to last 10 minutes, by the files' times.
    Event(3 * DAY + 8 * HOUR, "a manifest without its lock", manifest_alone, "dependency-drift", "kairos_week/go.sum",
          manifest_over, observable=10 * MINUTE),

    # Planted is the fifth failure, 16 minutes after the first: over 10 minutes, as it has to be.
    Event(4 * DAY + 3 * HOUR, "a command fails again and again", fails_again_and_again, "thrash", "test_area",
          gone("kairos_week/test_area.py", "kairos_week/area.py")),
    # Friday evening is 17:00, for who made the last commit before 16:00.
    Event(4 * DAY + 7.6 * HOUR, "the week's work is not pushed", last_commit, "forgotten", "unpushed:week",
          not_before=4 * DAY + 9 * HOUR),
]
