"""The supervisor of a root as others see it: started when it is needed, found, stopped.

There is one for each root. Who it is stands in the state, so that a second one that is started at
the same moment ends by itself, and every process finds the address. It is its own session's leader:
the end of a notebook's kernel does not reach it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sagemaker_local.callers import LOOPBACK
from sagemaker_local.errors import LocalError
from sagemaker_local.notice import logger
from sagemaker_local.processes import aws_variables, leftovers
from sagemaker_local.processes.owner import alive, this_process
from sagemaker_local.storage.root import RootFolder
from sagemaker_local.storage.store import Document, Store, now

_KIND = "endpoint-supervisor"
_NAME = "supervisor"
_PROGRAM = Path(__file__).with_name("__main__.py")
_POLL_SECONDS = 0.02
# On a machine that is very busy; without load it takes one.
_START_SECONDS = 120.0
# It drains, flushes and ends its processes in less.
_STOP_SECONDS = 60.0


@dataclass(frozen=True)
class Record:
    """Who supervises, as the state has it.

    Attributes:
        owner: the process, see ``processes.owner``.
        host: the address at which it listens.
        url: where clients find it; empty until it listens.
        mark: a variable that all its processes have.
    """

    owner: str
    host: str
    url: str
    mark: dict[str, str]

    @property
    def is_alive(self) -> bool:
        return alive(self.owner) is True

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2] or 0)


@dataclass(frozen=True)
class Records:
    """The record of a state; written by supervisors."""

    store: Store

    def get(self) -> Record | None:
        stored = self.store.resource(_KIND, _NAME)
        if stored is None:
            return None
        return Record(stored["Owner"], stored["Host"], stored["Url"], stored["Mark"])

    def claim(self, host: str) -> Record | None:
        """Become the supervisor; gives the record of the one before, whose address may be known.

        Raises:
            LocalError: another one lives.
        """
        with self.store.transaction():
            before = self.get()
            if before and before.is_alive:
                raise LocalError(f"The supervisor {before.owner} runs at {before.url}.")
            url = before.url if before else ""
            self._put(host, "")
        return before and Record(before.owner, before.host, url, before.mark)

    def listens(self, host: str, url: str) -> None:
        self._put(host, url)

    def is_asked_to_stop(self) -> bool:
        stored = self.store.resource(_KIND, _NAME)
        return bool(stored and stored["Stop"])

    def ask_to_stop(self) -> None:
        with self.store.transaction():
            stored = self.store.resource(_KIND, _NAME)
            if stored is not None and not stored["Stop"]:
                self.store.update_resource(_KIND, _NAME, stored | {"Stop": True})

    def leave(self, is_needed: Callable[[], bool]) -> bool:
        """Give up the place, unless it is needed; a later one finds the address."""
        with self.store.transaction():
            stored = self.store.resource(_KIND, _NAME)
            if stored is None or is_needed():
                return False
            self.store.update_resource(_KIND, _NAME, stored | {"Owner": ""})
        return True

    def _put(self, host: str, url: str) -> None:
        document: Document = {
            "Owner": this_process(),
            "Host": host,
            "Url": url,
            "Mark": leftovers.own(),
            "Stop": False,
            "CreationTime": now(),
        }
        if not self.store.add_resource(_KIND, _NAME, document):
            self.store.update_resource(_KIND, _NAME, document)


class Supervision:
    """The supervisor of one root, for those who need it.

    Args:
        store: the root's state.
        files: of the root.
        region: of ARNs.
        host: at which it shall listen; whoever reaches another than loopback may ask the models.
    """

    def __init__(self, store: Store, files: RootFolder, region: str, host: str = LOOPBACK) -> None:
        self._records = Records(store)
        self._files = files
        self._region = region
        self._host = host
        self._started: subprocess.Popen[bytes] | None = None
        self._has_said = False

    @property
    def log(self) -> Path:
        return self._files.endpoints / "supervisor.log"

    def running(self) -> Record | None:
        """The supervisor, if there is one that answers."""
        record = self._records.get()
        return record if record and record.url and record.is_alive else None

    def url(self) -> str:
        """Where clients of the runtime find the endpoints; starts a supervisor if there is none.

        Raises:
            LocalError: it does not start.
        """
        if self._started is not None:
            self._started.poll()  # one that has ended is not kept as a zombie
        record = self.running() or self._start()
        if record.host != self._host and not self._has_said:
            self._has_said = True
            logger.info(
                f"local session: the endpoints listen at {record.host}, not at {self._host}; stop "
                "their supervisor to change that."
            )
        return record.url

    def stop(self) -> None:
        """End the supervisor and all processes of endpoints; the next look starts them again.

        Raises:
            LocalError: it does not end.
        """
        deadline = time.monotonic() + _STOP_SECONDS
        while (record := self._records.get()) and record.is_alive:
            self._records.ask_to_stop()
            if time.monotonic() > deadline:
                raise LocalError(f"The supervisor {record.owner} does not end (log: {self.log}).")
            time.sleep(_POLL_SECONDS)
        if self._started is not None:
            self._started.wait(_STOP_SECONDS)
            self._started = None

    def _start(self) -> Record:
        if self._host != LOOPBACK:
            logger.info(
                f"local session: endpoints listen at {self._host}: whoever reaches that address "
                "may ask the models. No key is checked."
            )
        self._launch()
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if record := self.running():
                return record
            if self._started is not None and self._started.poll():
                break  # with an error; one that ends without leaves its place to another
            if self._started is not None and self._started.poll() == 0:
                self._launch()  # the other one has ended meanwhile
            time.sleep(_POLL_SECONDS)
        raise LocalError(
            f"The supervisor of endpoints does not start: {self._last_line()} (log: {self.log})."
        )

    def _launch(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        options = ["--root", str(self._files.path), "--region", self._region, "--host", self._host]
        with self.log.open("ab") as log:
            self._started = subprocess.Popen(
                [sys.executable, "-P", str(_PROGRAM), *options],
                cwd=self._files.path,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=aws_variables.without(os.environ),
                start_new_session=True,
            )

    def _last_line(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
