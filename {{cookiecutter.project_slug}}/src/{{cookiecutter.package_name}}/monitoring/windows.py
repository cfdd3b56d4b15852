"""When an alert goes out, and when it is over: a column has to be drifted in n of m windows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Change = Literal["begins", "ends"]


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


def changes(rule: Rule, history: Sequence[Mapping[str, str]]) -> dict[str, Change]:
    """What begins or ends to be an alert with the newest window.

    Args:
        rule: n of m.
        history: the violations of each window by name, the newest last.
    """
    names = {name for window in history[-rule.of - 1 :] for name in window}
    found: dict[str, Change] = {}
    for name in sorted(names):
        seen = [name in window for window in history]
        before, now = rule.is_alert(seen[:-1]), rule.is_alert(seen)
        if now != before:
            found[name] = "begins" if now else "ends"
    return found


def since(name: str, history: Sequence[Mapping[str, str]], times: Sequence[str]) -> str:
    """The time of the first window of those without a break in which a name was seen."""
    first = ""
    for window, time in zip(reversed(history), reversed(times), strict=True):
        if name not in window:
            break
        first = time
    return first
