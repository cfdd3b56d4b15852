"""The folder of a session, which an engine and the supervisor of its endpoints share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RootFolder:
    """What is where below it."""

    path: Path

    @property
    def state(self) -> Path:
        return self.path / "state.db"

    @property
    def objects(self) -> Path:
        """A folder for each bucket."""
        return self.path / "s3"

    @property
    def jobs(self) -> Path:
        """A folder for each job."""
        return self.path / "jobs"

    @property
    def endpoints(self) -> Path:
        """A folder for each endpoint, and the supervisor's log."""
        return self.path / "endpoints"
