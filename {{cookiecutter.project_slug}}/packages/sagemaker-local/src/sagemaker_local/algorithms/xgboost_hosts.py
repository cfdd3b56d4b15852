"""Several hosts of one job, which train together by XGBoost's collective communicator.

Source: ``distributed.py`` of sagemaker-xgboost-container: all hosts tell whether they have data,
and those that have some train together. Here they tell it to the first host, which starts XGBoost's
tracker at whatever port is free, and answers with that. The image's fixed ports would not do: the
tracker cannot listen where a connection of another job was closed within the last minute.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from xgboost import collective
from xgboost.core import XGBoostError
from xgboost.tracker import RabitTracker

from .hyperparameters import UserError

_PORT = 9099  # of the first host, where the others ask
_PATIENCE = 15 * 60.0  # seconds until all hosts are there
_POLL = 0.05
_LONGEST = 7 * 24 * 3600  # seconds that one host may wait for another's rows


@dataclass(frozen=True)
class Hosts:
    """Hosts that train together, sorted by name, and this one."""

    names: tuple[str, ...]
    current: str

    @classmethod
    def of_job(cls) -> Hosts:
        """Those of a training job, by its variables."""
        names = json.loads(os.environ.get("SM_HOSTS", '["algo-1"]'))
        return cls(tuple(sorted(names)), os.environ.get("SM_CURRENT_HOST", "algo-1"))

    @property
    def are_several(self) -> bool:
        """Is there another one?"""
        return len(self.names) > 1

    @property
    def is_first(self) -> bool:
        """Is this the one that leaves the model?"""
        return bool(self.names) and self.names[0] == self.current


@contextmanager
def together(hosts: Hosts, has_data: bool) -> Iterator[Hosts]:
    """Find the hosts that have data, and connect them; meanwhile XGBoost trains on all of them.

    Args:
        hosts: the job's; each of them asks this.
        has_data: has this one some?

    Yields:
        Those that train. A host that has no data is connected to none.

    Raises:
        UserError: not all of them were there in time, or one was lost.
    """
    if not hosts.are_several:
        yield hosts
        return
    with ExitStack() as open_things, _lost_is_said():
        address = socket.gethostbyname(hosts.names[0])
        if hosts.is_first:
            names, port = open_things.enter_context(_arranged(hosts, address, has_data))
        else:
            names, port = _asked(hosts, address, has_data)
        if port and hosts.current in names:
            open_things.enter_context(_connected(address, port, names.index(hosts.current)))
        yield Hosts(tuple(names), hosts.current)


@contextmanager
def _lost_is_said() -> Iterator[None]:
    try:
        yield
    except XGBoostError as error:
        raise UserError(f"Hosts lost each other: {error}") from error


@contextmanager
def _arranged(hosts: Hosts, address: str, has_data: bool) -> Iterator[tuple[list[str], int]]:
    """The first host's part: hear all others, tell them who trains, and the tracker's port."""
    told = {hosts.current: has_data}
    with ExitStack() as asking, socket.create_server((address, _PORT)) as desk:
        desk.settimeout(_PATIENCE)
        answers = []
        while len(told) < len(hosts.names):
            stream = asking.enter_context(_accepted(desk)).makefile("rw")
            told |= json.loads(asking.enter_context(stream).readline())
            answers.append(stream)
        names = [name for name in hosts.names if told[name]]
        tracker = RabitTracker(len(names), address, sortby="task") if len(names) > 1 else None
        port = _started(tracker) if tracker else 0
        for stream in answers:
            stream.write(json.dumps([names, port]) + "\n")
    try:
        yield names, port
        if tracker:
            tracker.wait_for(_LONGEST)
    finally:
        if tracker:
            with suppress(XGBoostError):
                tracker.free()


def _started(tracker: RabitTracker) -> int:
    """Start it; gives its port."""
    tracker.start()
    return int(tracker.worker_args()["dmlc_tracker_port"])


def _accepted(desk: socket.socket) -> socket.socket:
    try:
        connection, _ = desk.accept()
    except TimeoutError:
        raise UserError("Not all hosts were there in time") from None
    connection.settimeout(_PATIENCE)
    return connection


def _asked(hosts: Hosts, address: str, has_data: bool) -> tuple[list[str], int]:
    """Another host's part: tell the first one, and hear from it."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            connection = socket.create_connection((address, _PORT), _PATIENCE)
            break
        except OSError as reason:  # it is not there yet
            if time.monotonic() > deadline:
                raise UserError(f"Not all hosts were there in time: {reason}") from None
            time.sleep(_POLL)
    with connection, connection.makefile("rw") as stream:
        stream.write(json.dumps({hosts.current: has_data}) + "\n")
        stream.flush()
        answer = stream.readline()
    if not answer:
        raise UserError(f"Hosts lost each other: {hosts.names[0]} ended")
    names, port = json.loads(answer)
    return list(names), int(port)


@contextmanager
def _connected(address: str, port: int, rank: int) -> Iterator[None]:
    context: Any = collective.CommunicatorContext(
        dmlc_tracker_uri=address,
        dmlc_tracker_port=port,
        dmlc_task_id=f"{rank:04d}",  # ranks are sorted by it, as text
        dmlc_timeout=_LONGEST,
    )
    context.__enter__()
    try:
        yield
    except BaseException:
        with suppress(XGBoostError):  # whoever waits for this host hears that it has gone
            context.__exit__()
        raise
    context.__exit__()
