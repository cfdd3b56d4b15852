"""When an alert goes out, and when it is over: something has to be seen in n of m windows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Window:
    """What of one window matters to alerts.

    Attributes:
        end: when it ended.
        package: the model package that answered.
        violations: what was not kept, by column or metric, with its sentence.
        metrics: the names of those that were measured.
        has_rows: whether anything was asked in it.
    """

    end: str
    package: str
    violations: Mapping[str, str]
    metrics: frozenset[str] = frozenset()
    has_rows: bool = True

    def tells_of(self, name: str) -> bool:
        """Whether it looked at a column or metric; one of late labels alone looked at metrics."""
        return self.has_rows or name in self.metrics

    @classmethod
    def of(cls, entry: Mapping[str, object]) -> "Window":
        """From a window of ``history.json``."""
        violations, metrics = entry.get("violations") or {}, entry.get("metrics") or {}
        assert isinstance(violations, Mapping) and isinstance(metrics, Mapping)
        package, has_rows = str(entry.get("package", "")), bool(entry.get("rows", True))
        return cls(str(entry["end"]), package, violations, frozenset(metrics), has_rows)


@dataclass(frozen=True)
class Rule:
    """In how many of the last windows something must be seen.

    Attributes:
        needed: this many.
        of: the last so many windows.
    """

    needed: int = 2
    of: int = 3

    def __post_init__(self) -> None:
        if not 1 <= self.needed <= self.of:
            raise ValueError(f"{self.needed} of {self.of} windows can never be; give 1 <= n <= m")

    def is_alert(self, seen: Sequence[bool]) -> bool:
        """Whether what was seen in each window, the newest last, is an alert now."""
        return sum(seen[-self.of :]) >= self.needed


@dataclass(frozen=True)
class Alert:
    """Something that stands in n of m windows.

    Attributes:
        since: the end of the first of these windows in which it was seen.
        text: by how much, as the last window said it that saw it.
        is_metric: whether it is a metric, and no column.
    """

    since: str
    text: str
    is_metric: bool


def standing(rule: Rule, windows: Sequence[Window]) -> dict[str, Alert]:
    """What is an alert with the newest window, by column or metric.

    Windows of an earlier model are not counted: they were held to its baseline.

    Args:
        rule: n of m.
        windows: the newest last.
    """
    package = windows[-1].package if windows else ""
    own = [each for each in windows if each.package == package]
    found = {}
    for name in sorted({name for each in own for name in each.violations}):
        told = [each for each in own if each.tells_of(name)]
        seen = [name in each.violations for each in told]
        if rule.is_alert(seen):
            found[name] = _alert(name, told[_begin(rule, seen) :])
    return found


def _begin(rule: Rule, seen: Sequence[bool]) -> int:
    """The first of the windows that have made an alert of what has not ceased to be one since."""
    calm = len(seen)
    while calm and rule.is_alert(seen[:calm]):
        calm -= 1
    return max(0, calm + 1 - rule.of)


def _alert(name: str, windows: Sequence[Window]) -> Alert:
    seen = [each for each in windows if name in each.violations]
    last = seen[-1]
    return Alert(seen[0].end, last.violations[name], name in last.metrics)
