"""`make watch`: the command, its options, how it ends."""

import signal
from argparse import Namespace
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Event
from types import FrameType

from .. import locks, paths
from ..command_line import Parser
from ..errors import ProjectError

JOURNAL, LOGS = "watch.jsonl", "watch"  # in reports/


def add_watch(parser: Parser) -> None:
    """Watching what comes in."""
    added = parser.command(
        "watch",
        "score, train and monitor what comes in, on this machine, until Ctrl-C",
        watch,
        "watch",
        "watch --once",
        "watch --every 30 --window 900",
    )
    added.description = (
        f"{added.description} A new file under data/incoming/ is scored (notebook 04), new files "
        "under data/labelled/ are trained on (notebook 03), new captures of an endpoint are "
        "monitored (notebook 06), and again where labels of them come under data/labels/. The "
        "notebooks' parameters may stand in params/watch.yaml."
    )
    add = added.add_argument
    add("--once", action="store_true", help="do what is there now, and end; 1: something failed")
    add("--again", action="store_true", help="also what failed before")
    about = (
        "between two looks; a file is taken when it stood still from one to the next (default: 5)"
    )
    add("--every", type=_seconds, default=5.0, metavar="SECONDS", help=about)
    about = "of captured requests that are monitored together; with --once: all (default: 3600)"
    add("--window", type=_seconds, default=3600.0, metavar="SECONDS", help=about)


def _seconds(word: str) -> float:
    if not 0 < float(word) <= 30 * 86_400:
        raise ValueError(word)
    return float(word)


def watch(options: Namespace) -> Iterable[str]:
    """Watch until told to end."""
    folder = paths.LOCAL_ROOT / "watching"
    sentence = f"{paths.PROJECT} is being watched by another process; end that one first"
    with locks.held(folder / "watch.lock", sentence), ended_by_signals() as stop:
        failures = _watch(options, folder, stop)
    if options.once and failures:
        raise ProjectError("\n".join(failures))
    return []


def _watch(options: Namespace, folder: Path, stop: Event) -> list[str]:
    from . import captures, commands
    from .journal import Journal
    from .runner import Processes
    from .state import State
    from .watch import Watch

    parameters = commands.read()
    for name in commands.FOLDERS:
        (paths.DATA / name).mkdir(parents=True, exist_ok=True)
    known = State(folder / "state.json", again=options.again)
    known.drop(lambda item: not (item.startswith(captures.ITEM) or (paths.PROJECT / item).exists()))
    journal = Journal(paths.REPORTS / JOURNAL, partial(print, flush=True))
    runner = Processes(folder, paths.REPORTS / LOGS)
    sources = commands.sources(parameters, timedelta(seconds=0 if options.once else options.window))
    watching = Watch(sources, known, runner, journal)
    folders = ", ".join(f"data/{name}" for name in commands.FOLDERS)
    journal.note("started", f"watching {folders}, and what endpoints capture")
    watching.watch(options.every, stop, options.once)
    journal.note("ended", "the watch has ended")
    return watching.failures


@contextmanager
def ended_by_signals() -> Iterator[Event]:
    """An event that Ctrl-C and SIGTERM set, instead of ending this process at once."""
    stop = Event()

    def told(_: int, __: FrameType | None) -> None:
        stop.set()

    before = {each: signal.signal(each, told) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
