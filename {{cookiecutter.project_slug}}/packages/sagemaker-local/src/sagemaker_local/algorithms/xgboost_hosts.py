"""Several hosts of one job, which train together by XGBoost's collective communicator.

Source: ``distributed.py`` of sagemaker-xgboost-container: all hosts tell whether they have data,
and those that have some train together. The tracker runs on the first of them.
"""

from __future__ import annotations

import json
import os
import socket
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from xgboost import collective
from xgboost.core import XGBoostError
from xgboost.tracker import RabitTracker

from .hyperparameters import UserError

T = TypeVar("T")

_PORT = 9099  # of the first tracker; the second's is the next one
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
        return self.names[0] == self.current

    def with_data(self, has_data: bool) -> Hosts:
        """Those that have data; every host asks this at once."""
        if not self.are_several:
            return self
        with together(self, _PORT):
            told = [
                collective.broadcast(has_data if name == self.current else None, rank)
                for rank, name in enumerate(self.names)
            ]
        named = zip(self.names, told, strict=True)
        return Hosts(tuple(name for name, has in named if has), self.current)


@contextmanager
def together(hosts: Hosts, port: int = _PORT + 1) -> Iterator[None]:
    """Connect hosts, if there are several; meanwhile XGBoost trains on all of them.

    Raises:
        UserError: not all of them were there in time, or one was lost.
    """
    if not hosts.are_several:
        yield
        return
    deadline = time.monotonic() + _PATIENCE
    address = _until(deadline, lambda: socket.gethostbyname(hosts.names[0]), OSError)
    tracker: Any = None
    if hosts.is_first:
        tracker = _until(
            deadline,
            lambda: RabitTracker(len(hosts.names), address, port, sortby="task"),
            XGBoostError,  # of a job before, whose address is not free yet
        )
        tracker.start()
    context = collective.CommunicatorContext(
        dmlc_tracker_uri=address,
        dmlc_tracker_port=port,
        dmlc_task_id=f"{hosts.names.index(hosts.current):04d}",  # ranks are sorted by it, as text
        dmlc_timeout=_LONGEST,
        dmlc_retry=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of each attempt that came too early
        _until(deadline, context.__enter__, Exception)
    try:
        yield
        context.__exit__()
        if tracker is not None:
            tracker.wait_for(int(_PATIENCE))
    except BaseException as error:
        with suppress(XGBoostError):  # whoever waits for this host hears that it has gone
            context.__exit__()
        if isinstance(error, XGBoostError):
            raise UserError(f"Hosts lost each other: {error}") from error
        raise
    finally:
        if tracker is not None:
            with suppress(XGBoostError):
                tracker.free()


def _until(deadline: float, attempt: Callable[[], T], error: type[Exception]) -> T:
    """What an attempt gives that may come too early."""
    while True:
        try:
            return attempt()
        except error as reason:
            if time.monotonic() > deadline:
                said = str(reason).splitlines()[0]
                raise UserError(f"Not all hosts were there in time: {said}") from None
            time.sleep(_POLL)
