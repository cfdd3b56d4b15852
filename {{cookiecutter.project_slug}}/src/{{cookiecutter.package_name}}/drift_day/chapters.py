"""What happened on the day: what the page tells, and a test holds to what was done."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Window:
    """Requests that were monitored together.

    Attributes:
        name: of the window.
        shifted: the columns that were moved in it.
        rows: in it.
        effects: how far each column is from the baseline, 0 to 1.
        violations: what does not keep its bounds, by column or metric, with its sentence.
        metrics: of the labelled rows, each with `value` and `threshold`.
        begin: of the window, ISO 8601.
        end: of the window, ISO 8601.
        report: page of the window, beside this story's.
        alerts: messages that went out after it: subject and text.
    """

    name: str
    shifted: tuple[str, ...]
    rows: int
    effects: Mapping[str, float]
    violations: Mapping[str, str]
    metrics: Mapping[str, Mapping[str, float]]
    begin: str
    end: str
    report: str
    alerts: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True)
class Retraining:
    """A challenger beside the champion.

    Attributes:
        labels: what it was trained on, in a few words.
        metric: that decides.
        challenger: its value on rows that neither has seen.
        champion: the champion's value there.
        version: that was registered; 0: it was rejected.
        reason: what the gate said.
    """

    labels: str
    metric: str
    challenger: float
    champion: float
    version: int
    reason: str

    @property
    def won(self) -> bool:
        """Whether it was registered."""
        return self.version > 0


@dataclass
class Story:
    """The day.

    Attributes:
        problem_type: of the model.
        target: column that is predicted.
        endpoint: that served.
        trained: metrics of the first model on its test rows.
        windows: in their order.
        retrainings: in their order.
        seconds: that each part took.
    """

    problem_type: str
    target: str
    endpoint: str
    trained: Mapping[str, float] = field(default_factory=dict)
    windows: list[Window] = field(default_factory=list)
    retrainings: list[Retraining] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    def found(self) -> set[str]:
        """The columns that are out of bounds in any window; neither metrics nor predictions."""
        columns = {name for each in self.windows for name in {*each.violations} - {*each.metrics}}
        return columns - {"prediction"}

    def write(self, path: Path) -> None:
        """Keep it as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False), encoding="utf-8")
