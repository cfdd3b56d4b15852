"""The watch: it looks at its sources now and then, and has what is new done, each thing once."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event

from . import state
from .journal import Journal
from .runner import Runner
from .state import State
from .work import Source, Work

SECONDS_BETWEEN_ENDINGS = 0.2  # between looks at the runs that are under way


@dataclass
class Watch:
    """See the module.

    Attributes:
        sources: where to look.
        state: what was begun, done, and given up.
        runner: begins runs.
        journal: is told.
        failures: sentences of the runs that failed.
    """

    sources: Sequence[Source]
    state: State
    runner: Runner
    journal: Journal
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._due: list[Work] = []
        self._running: dict[str, tuple[str, Work | None]] = {}  # by pipeline
        self._troubles: set[str] = set()
        for run, pipeline in self.state.unfinished().items():
            self._running[pipeline] = (run, None)  # of an earlier watch

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way, nor waits for that."""
        return not (self._due or self._running)

    def watch(self, every: float, stop: Event, once: bool = False) -> None:
        """Look until told to stop; what is under way then is stopped, and begun again by the next.

        Args:
            every: seconds between two looks.
            stop: is set to end this.
            once: end when what is there was done.
        """
        looks = 0
        try:
            while not (stop.is_set() or (once and looks >= 2 and self.is_idle)):
                if not once or looks < 2:  # two, since a file has to stand still
                    self.look()
                    looks += 1
                self._wait(every, stop, at_once=once and looks >= 2)
        finally:
            self._stop()

    def look(self) -> None:
        """Look at all sources, and begin what can be begun."""
        self.collect()
        self._due = []
        for source in self.sources:
            try:
                self._due += source.look(self.state)
            except Exception as error:  # a folder that cannot be read keeps no other from it
                self._trouble(f"{type(error).__name__}: {error}")
        self._begin_due()

    def collect(self) -> None:
        """Note which runs have ended, and begin what waited for them."""
        for pipeline, (run, work) in list(self._running.items()):
            if not self.runner.is_running(pipeline, run):
                del self._running[pipeline]
                self._note_end(pipeline, run, work)
        self._begin_due()

    def _wait(self, every: float, stop: Event, at_once: bool) -> None:
        until = time.monotonic() + every
        while not stop.is_set() and (left := until - time.monotonic()) > 0:
            if at_once and self.is_idle:
                return
            busy = self._running or at_once
            stop.wait(min(left, SECONDS_BETWEEN_ENDINGS) if busy else left)
            self.collect()

    def _begin_due(self) -> None:
        waiting = []
        for work in self._due:
            if not any(self.state.is_new(*item) for item in work.items.items()):
                continue
            if work.pipeline in self._running or self.runner.is_busy(work.pipeline):
                waiting.append(work)
            else:
                self._begin(work)
        self._due = waiting

    def _begin(self, work: Work) -> None:
        run = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{work.pipeline}-{secrets.token_hex(2)}"
        self.state.begin(work, run)
        self._running[work.pipeline] = (run, work)
        try:
            log = self.runner.begin(work, run)
        except Exception as error:  # such as a full disk: the watch goes on
            del self._running[work.pipeline]
            self._note_failure(run, work.pipeline, work.about, f"{type(error).__name__}: {error}")
            return
        more = {"pipeline": work.pipeline, "run": run, "items": list(work.items), "log": log}
        self.journal.note("begun", f"{work.about}: begun, {log}", **more)

    def _note_end(self, pipeline: str, run: str, work: Work | None) -> None:
        ending = self.runner.ending(pipeline, run)
        about = work.about if work else f"{pipeline}, begun by an earlier watch"
        if ending is None:
            self._note_loss(pipeline, run, about)
            return
        if ending.sentence:
            self._note_failure(run, pipeline, about, ending.sentence, seconds=ending.seconds)
            return
        self.state.end(run, state.DONE)
        more = {"pipeline": pipeline, "run": run, "seconds": ending.seconds}
        self.journal.note("done", f"{about}: done in {ending.seconds} s", **more)

    def _note_failure(
        self, run: str, pipeline: str, about: str, sentence: str, **more: float
    ) -> None:
        self.state.end(run, state.FAILED)
        self.failures.append(f"{about}: {sentence}")
        said = f"{about}: failed: {sentence}"
        self.journal.note("failed", said, pipeline=pipeline, run=run, **more)

    def _note_loss(self, pipeline: str, run: str, about: str) -> None:
        """A process that ended without a word: killed, or the machine was switched off."""
        given_up = self.state.forget(run, counted=True)
        sentence = f"{about}: ended without a word"
        if given_up:
            sentence += (
                f", {state.MOST_BEGINNINGS} times now; it is not begun again until it changes"
            )
            self.failures.append(sentence)
        else:
            sentence += "; it is begun again"
        self.journal.note("lost", sentence, pipeline=pipeline, run=run)

    def _trouble(self, sentence: str) -> None:
        if sentence not in self._troubles:
            self._troubles.add(sentence)
            self.journal.note("trouble", sentence)

    def _stop(self) -> None:
        self.runner.stop()
        for pipeline, (run, work) in self._running.items():
            if work is None:
                continue  # of an earlier watch: it goes on, and the next one asks how it ended
            ending = self.runner.ending(pipeline, run)
            if ending and not ending.sentence:
                self._note_end(pipeline, run, work)
                continue
            self.state.forget(run, counted=False)
            sentence = f"{work.about}: stopped; the next watch begins it again"
            self.journal.note("stopped", sentence, pipeline=pipeline, run=run)
