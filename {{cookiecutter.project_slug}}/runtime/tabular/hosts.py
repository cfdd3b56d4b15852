"""The hosts of one job, as SageMaker starts them, and what they tell each other.

Each host runs the same script on rows of its own. They talk by XGBoost's collective communicator:
its tracker runs on the first host, where SageMaker's XGBoost container starts it, too.
"""

import json
import os
import socket
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from .values import DataError

T = TypeVar("T")

PORT = 9099  # of the tracker
PATIENCE = 15 * 60.0  # seconds until all hosts are there: machines do not start at once
POLL = 0.2
BROKEN_OFF = "the connection to another host broke off; look at the logs of the job's other hosts"
LONGEST = 7 * 24 * 3600  # seconds that one host may wait for another's rows


@dataclass(frozen=True)
class Hosts:
    """The names of all hosts of a job, the first host's first, and this one's.

    Where there is one only, it hears but itself.
    """

    names: tuple[str, ...] = ("algo-1",)
    current: str = "algo-1"

    @classmethod
    def of_training(cls) -> "Hosts":
        """Those of a training job, by its variables; elsewhere, one host."""
        names = json.loads(os.environ.get("SM_HOSTS", "[]"))
        return cls(tuple(sorted(names)), os.environ["SM_CURRENT_HOST"]) if names else cls()

    @classmethod
    def of_processing(cls, config: Path | None) -> "Hosts":
        """Those of a processing job, by its `resourceconfig.json`; without one, one host."""
        if config is None:
            return cls()
        found = json.loads(config.read_text(encoding="utf-8"))
        return cls(tuple(sorted(found["hosts"])), found["current_host"])

    @property
    def are_several(self) -> bool:
        """Whether there is another one."""
        return len(self.names) > 1

    @property
    def rank(self) -> int:
        """The place of this one; 0: the first, which writes what there is once."""
        return self.names.index(self.current)

    @property
    def is_first(self) -> bool:
        """Whether this is the one that writes what there is once."""
        return self.rank == 0

    @property
    def part(self) -> str:
        """What goes behind the name of a file that each host writes; nothing where one does."""
        return f"-{self.current}" if self.are_several else ""

    def share(self, rows: int) -> slice:
        """Which of so many rows, which all hosts have, are this one's: about as many for each."""
        first, last = (rows * place // len(self.names) for place in (self.rank, self.rank + 1))
        return slice(first, last)

    def gather(self, value: T) -> list[T]:
        """What each host gives, the first one's first; all hosts must ask, inside `together`."""
        if not self.are_several:
            return [value]
        from xgboost import collective

        (found,) = zip(
            *(  # in a tuple, because None cannot be told
                collective.broadcast((value,) if place == self.rank else None, place)
                for place in range(len(self.names))
            ),
            strict=True,
        )
        return list(found)

    def agree(self, make: Callable[[], T]) -> list[T]:
        """What each host makes, in the same order; DataError on all of them where one has it."""
        made: Any = None
        fault = ""
        try:
            made = make()
        except DataError as error:
            fault = str(error)
        faults = [each for each in self.gather(fault) if each]
        if faults:
            raise DataError(faults[0])
        return self.gather(made)


ALONE = Hosts()


@contextmanager
def together(hosts: Hosts) -> Iterator[None]:
    """Connect the hosts of a job, if there are several; meanwhile XGBoost trains on all of them.

    Raises:
        DataError: not all of them were there in time, or one broke off.
    """
    if not hosts.are_several:
        yield
        return
    from xgboost import collective
    from xgboost.core import XGBoostError
    from xgboost.tracker import RabitTracker

    deadline = time.monotonic() + PATIENCE
    address = _until(deadline, "be found", lambda: socket.gethostbyname(hosts.names[0]), OSError)
    tracker = (
        RabitTracker(len(hosts.names), address, PORT, sortby="task") if hosts.is_first else None
    )
    if tracker is not None:
        tracker.start()
    context = collective.CommunicatorContext(
        dmlc_tracker_uri=address,
        dmlc_tracker_port=PORT,
        dmlc_task_id=f"{hosts.rank:04d}",  # by which the ranks are sorted, as text
        dmlc_timeout=LONGEST,
        dmlc_retry=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of each attempt that came too early
        _until(deadline, "answer", context.__enter__, Exception)
    try:
        yield
        context.__exit__()
        if tracker is not None:
            tracker.wait_for(int(PATIENCE))
    except BaseException as error:
        with suppress(XGBoostError):  # whoever waits for this host hears that it has gone
            context.__exit__()
        if isinstance(error, XGBoostError) and "/collective/" in str(error):
            raise DataError(BROKEN_OFF) from None
        raise
    finally:
        if tracker is not None:
            with suppress(XGBoostError):
                tracker.free()


def _until(deadline: float, what: str, attempt: Callable[[], T], error: type[Exception]) -> T:
    """What an attempt gives that may come too early; DataError when the time is over."""
    while True:
        try:
            return attempt()
        except error as reason:
            if time.monotonic() > deadline:
                raise DataError(
                    f"the first host did not {what} within {PATIENCE / 60:.0f} minutes; look at "
                    f"the logs of the job's other hosts ({str(reason).splitlines()[0]})"
                ) from None
            time.sleep(POLL)
