"""Whether a person has edited constraints: said at each window that is held to them.

Nobody might know it otherwise: on SageMaker a step Baseline that the cache spares hands an edited
file on to the next model version.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Any

SUGGESTED = "suggested_constraints"  # in statistics.json: the digest of those that came with it
MOST = 5


def digest(document: Mapping[str, Any]) -> str:
    """What tells constraints from any others, however they are laid out."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:16]


def note(
    about: str, statistics: Mapping[str, Any], kept: Mapping[str, Any], off: Collection[str] = ()
) -> list[str]:
    """A sentence where the constraints in use are not those that the baseline has suggested.

    Args:
        about: data or quality.
        statistics: of the baseline.
        kept: the constraints in use.
        off: columns that are switched off in them.
    """
    if statistics.get(SUGGESTED) in (None, digest(kept)):
        return []
    named = sorted(off)
    more = f" and {len(named) - MOST} more" if len(named) > MOST else ""
    left = f": {', '.join(named[:MOST])}{more} not looked at" if named else ""
    return [f"{about}/constraints.json is not as the baseline suggested it, but edited{left}"]
