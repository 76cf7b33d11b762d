#!/usr/bin/env python3
"""A week of work on a real repository in less than an hour: is what matters told in time, and how much else is told?

usage: scripts/week.py BINARY REPOSITORY [--commits 60] [--accelerate 240] [--from HEAD] [--days 1-7] [--keep FOLDER]

Clones REPOSITORY, goes back so many commits, and lets the daemon watch from Monday 08:00 on while the commits are made again
(edit, stage, commit) in office hours and pushed in the evening, among commands that succeed and fail as they do on any day and
a log that a server writes. Into that week/events.py plants something for each detector. The daemon's clock runs N times as
fast (fastclock.c); times of files follow it. Each millisecond that the machine takes counts N times, and the program's own
time limits are N times as short: give it a release build, a quiet machine, and a smaller N where the report ends with warnings
of them. `--days 4-5` lives only Thursday and Friday, to try an event.

It prints for each planted event by which tick after it could be seen it was told, and what else was told on each day. A
message is what reaches the user at once: findings that are told together are one.
It exits with 1 where an event was missed or was not told by the first tick, or where more than three others were told on a day.
"""
import argparse, os, shutil, subprocess, sys, tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "week"))
import noise, report
from events import BASE, EVENTS
from office import CLOSED, DAY, HOUR, Office

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("binary")
parser.add_argument("repository")
parser.add_argument("--commits", type=int, default=60)
parser.add_argument("--accelerate", type=int, default=240, metavar="N")
parser.add_argument("--from", dest="tip", default="HEAD", help="the newest commit of the week")
parser.add_argument("--days", default="1-7", metavar="FIRST-LAST", help="from 1, Monday")
parser.add_argument("--keep", metavar="FOLDER", help="a new folder to work in, which stays: what was told, the log, the journal")
options = parser.parse_args()
first, _, last = options.days.partition("-")
first, last = int(first), int(last or first)

base = os.path.abspath(options.keep) if options.keep else tempfile.mkdtemp(prefix="kairos-week-")
os.makedirs(base, exist_ok=True)
events = os.path.join(base, "events.jsonl")
office = Office(os.path.abspath(options.binary), base, options.accelerate, since=(first - 1) * DAY)
planned = [event for event in EVENTS if first - 1 <= event.at // DAY < last]
pending, over = sorted(planned, key=lambda event: event.at), []


def plant():
    """Plants what is due, and takes away what was there for long enough."""
    while pending and pending[0].at <= office.now():
        event = pending.pop(0)
        event.began = office.now()
        event.plant(office)
        event.visible = max(office.now() + event.observable, event.not_before)
        over.append((event.visible + event.lasts, event.undo))
    for done in [o for o in over if o[0] <= office.now()]:
        over.remove(done)
        done[1](office)
        office.date_files()


def until(moment):
    """Lets time pass; plants what is due on the way."""
    while office.now() < moment:
        plant()
        office.wait(max(1, min([moment] + [e.at for e in pending] + [o[0] for o in over]) - office.now()))
    plant()


try:
    commits = office.move_in(options.repository, options.tip, options.commits, BASE)
    with open(events, "w") as told:
        office.open(told)
        log = noise.Log(office)
        spans = len(commits) / len(CLOSED)
        for day in range(first - 1, min(last, len(CLOSED))):
            opens, closes = day * DAY + HOUR, day * DAY + CLOSED[day]
            until(opens)
            today = commits[int(day * spans):int((day + 1) * spans)]
            step = (closes - opens) / max(1, len(today))
            for n, commit in enumerate(today):
                until(opens + n * step)
                # While a rebase is under way nobody commits anything else.
                if not office.is_there(".git/rebase-merge"):
                    noise.replay(office, commit, step)
                    noise.command(office, n)
            until(closes)
            # On Friday somebody forgets it.
            day < 4 and office.push()
        until(min(last, 7) * DAY)
        log.stop()
        items, status = office.close()
    with open(events) as lines, open(office.log) as warnings:
        told = report.read(lines, warnings)
    print(f"{len(commits)} commits of {options.repository}, {status['tick']} ticks, {len(items)} findings in all\n")
    sys.exit(report.judge(planned, told, lambda at: at / 1000 - office.monday))
finally:
    office.kairos("stop", folder=base)
    options.keep or shutil.rmtree(base, ignore_errors=True)
