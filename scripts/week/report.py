"""What was told, against what was planted."""
import json
from office import DAY, HOUR, TICK

DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


class Told:
    """Messages, each a list of findings; findings that were kept back, with the reason; warnings of the log, with their number."""

    def __init__(self):
        self.messages, self.kept, self.warnings = [], [], {}
        # When each tick began, in milliseconds.
        self.ticks = []


def read(lines, log):
    """Of the daemon's events, one object a line, and of its log."""
    told = Told()
    for entry in log:
        _, level, text = (entry.split(maxsplit=2) + ["", "", ""])[:3]
        if level in ("WARN", "ERROR"):
            told.warnings[text] = told.warnings.get(text, 0) + 1
    for event in map(json.loads, lines):
        kind = event["event"]
        if kind == "tick":
            told.ticks.append(event["started"])
        if kind == "finding" and event["announced"]:
            if (event.get("group") or {"place": 1})["place"] == 1:
                told.messages.append([])
            told.messages[-1].append(event["item"])
        elif kind == "finding":
            told.kept.append((event["item"], event["why"]))
    return told


def belongs(item, event):
    return item["plugin"] == event.plugin and event.part in item["key"] + item["title"]


def line(item):
    return f"{item['plugin']}: {item['title']} [{item['urgency']}]"


def judge(planned, told, seconds):
    """Prints it all; returns the exit code. `seconds` makes a moment in seconds since Monday 08:00 of the daemon's time."""
    bad, expected = False, []
    for event in planned:
        # The first message that holds it; a second one on the same is one of the others.
        message = next((m for m in told.messages if any(belongs(i, event) for i in m)), None)
        if message is None:
            bad = True
            reason = next((why for item, why in told.kept if belongs(item, event)), "not found")
            print(f"MISSED       {event.name}: {reason}")
            continue
        expected.append(message)
        item = next(i for i in message if belongs(i, event))
        # An item is told by the tick that saw it last. Ticks are counted, and not the time alone: with the clock N times as fast, each
        # millisecond by which a tick is late counts N times.
        at = seconds(item["last_seen"])
        nth = sum(event.visible < seconds(tick) <= at for tick in told.ticks)
        bad |= nth > 1 or at < event.began
        when = f"by tick {nth} after" if nth else "before it was due"
        print(f"{when:>17} ({(at - event.visible) / TICK:4.1f} times a tick's length)  {event.name}: {line(item)}")
    print()
    for day, name in enumerate(DAYS):
        of_day = [m for m in told.messages if (seconds(m[0]["last_seen"]) + 8 * HOUR) // DAY == day]
        others = [m for m in of_day if m not in expected]
        bad |= len(others) > 3
        print(f"{name}: {len(of_day)} messages, {len(others)} others")
        for message in others:
            print("         " + "; ".join(line(item) for item in message))
    print(f"\nkept back: {len(told.kept)}")
    for item, why in told.kept:
        print(f"         {line(item)} {why}")
    print(f"\nwarnings in the log: {sum(told.warnings.values())}")
    for text, count in told.warnings.items():
        print(f"{count:6}   {text.strip()}")
    return 1 if bad else 0
