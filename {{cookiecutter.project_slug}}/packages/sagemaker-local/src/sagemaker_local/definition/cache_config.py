"""When a step's earlier results may be reused: its ``CacheConfig``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sagemaker_local.definition.values import shown

# Spellings in the wild: 30d, P30D, P7d, PT1H, T12H, P1DT12H, P2W.
_DURATION = re.compile(
    r"P?(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?",
    re.IGNORECASE,
)
_SHORT = re.compile(r"(?P<number>\d+)(?P<unit>[hms])", re.IGNORECASE)
_DAY = 86400.0
_SECONDS = {
    "years": 365 * _DAY,
    "months": 30 * _DAY,
    "weeks": 7 * _DAY,
    "days": _DAY,
    "hours": 3600.0,
    "minutes": 60.0,
    "seconds": 1.0,
}
_SHORT_UNITS = {"h": "hours", "m": "minutes", "s": "seconds"}


@dataclass(frozen=True)
class CacheConfig:
    """A step's setting; ``expire_after`` in seconds, None: results never get too old."""

    expire_after: float | None = None


def parse_cache_config(item: Any) -> CacheConfig | None:
    """A step's ``CacheConfig``; None if it is absent or switched off.

    Raises:
        ValueError: one sentence that says what is wrong with it.
    """
    if item is None:
        return None
    if not isinstance(item, dict) or set(item) - {"Enabled", "ExpireAfter"}:
        raise ValueError(f"CacheConfig should have Enabled and ExpireAfter, and is {shown(item)}")
    enabled = item.get("Enabled", False)
    if not isinstance(enabled, bool):
        raise ValueError(f"CacheConfig.Enabled should be true or false, and is {shown(enabled)}")
    expire_after = item.get("ExpireAfter")
    seconds = None if expire_after is None else duration(expire_after)
    return CacheConfig(seconds) if enabled else None


def duration(text: Any) -> float:
    """Seconds of an ISO 8601 duration, however sloppily it is written.

    Raises:
        ValueError: it is no duration.
    """
    short = _SHORT.fullmatch(text) if isinstance(text, str) else None
    if short:
        return int(short["number"]) * _SECONDS[_SHORT_UNITS[short["unit"].lower()]]
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    parts = {unit: int(n) for unit, n in match.groupdict().items() if n} if match else {}
    if not parts:
        raise ValueError(f"ExpireAfter {shown(text)} is no duration such as 30d, P30D or PT12H")
    return sum(number * _SECONDS[unit] for unit, number in parts.items())
