"""Which model package answered when, as an endpoint's deployments tell it.

A window is held to one package. Rows that another one answered are set aside, and said.
"""

import bisect
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from tabular import job
from tabular.values import DataError

from .captured_line import Capture

FILE = "events.json"  # of the state's folder; what is deployed is gathered before a window


@dataclass
class Others:
    """Requests that another package answered.

    Attributes:
        rows: of them.
        first: when the first was answered.
        last: when the last was.
    """

    rows: int
    first: datetime
    last: datetime


@dataclass
class Serving:
    """Who answered, and what was set aside by that.

    Attributes:
        package: ARN of the one that rows are held to; empty: nobody asks who answered.
        since: when each deployment began to answer, ascending.
        packages: their ARNs; empty: one was being replaced by another.
        others: what was set aside, by package.
    """

    package: str = ""
    since: Sequence[datetime] = ()
    packages: Sequence[str] = ()
    others: dict[str, Others] = field(default_factory=dict)

    @property
    def is_mixed(self) -> bool:
        """Whether another package than the one that is asked for has answered at any time."""
        return bool(self.package) and any(each != self.package for each in self.packages)

    def is_own(self, capture: Capture) -> bool:
        """Whether a request was answered by the package; another one's is noted."""
        place = max(0, bisect.bisect_right(self.since, capture.time) - 1)
        answered = self.packages[place]
        if not any(self.packages[: place + 1]):  # before the first there was no other
            answered = next(filter(None, self.packages), self.package)
        if answered == self.package:
            return True
        rows, time = len(capture.rows), capture.time
        known = self.others.setdefault(answered, Others(0, time, time))
        known.rows += rows
        known.first, known.last = min(known.first, time), max(known.last, time)
        return False

    def notes(self) -> list[str]:
        """A sentence for each package whose rows were set aside."""
        return [self._note(name, each) for name, each in self.others.items()]

    def _note(self, name: str, found: Others) -> str:
        if not name:
            return f"{found.rows:,} rows came while a model was replaced, and are held to none"
        version, end = name.rpartition("/")[2], found.last + timedelta(seconds=1)
        window = "/".join(f"{each:%Y-%m-%dT%H:%M:%SZ}" for each in (found.first, end))
        return (
            f"{found.rows:,} rows were answered by {_short(name)}, not by {_short(self.package)}, "
            f"and are left out: `-p model_version {version} -p window {window}` looks at them"
        )


def of_folder(state: Path | None, package: str) -> Serving:
    """Who answered, as the folder of the state knows it.

    Args:
        state: folder with events.json, if there is one.
        package: ARN of the one that rows are held to.

    Raises:
        DataError: the document is none.
    """
    if state is None or not (state / FILE).is_file():
        return Serving(package)
    try:
        served = job.read_json(state, FILE).get("served", [])
        since = [datetime.fromisoformat(each["since"]) for each in served]
        return Serving(package, since, [str(each["package"]) for each in served])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(
            f"events.json does not tell what was deployed ({error}); delete it, it is gathered by "
            "each run"
        ) from None


def _short(package: str) -> str:
    return "/".join(package.split("/")[-2:])
