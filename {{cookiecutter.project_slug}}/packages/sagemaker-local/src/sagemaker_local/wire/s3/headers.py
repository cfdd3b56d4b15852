"""Headers that were given with an object: they have no place in a file, and stay beside it.

They are kept for as long as the file is the same. One that a job or a person puts in its place has
none.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from sagemaker_local.storage.content import Memory, stamp
from sagemaker_local.wire.messages import Request

_KEPT = (
    "Content-Type",
    "Content-Encoding",
    "Content-Disposition",
    "Content-Language",
    "Cache-Control",
)
_METADATA = "x-amz-meta-"


@dataclass(frozen=True)
class KeptHeaders:
    """Headers of objects, by their files.

    Attributes:
        memory: keeps them.
    """

    memory: Memory

    def of(self, file: Path) -> dict[str, str]:
        known = self.memory.remembered(_name(file), stamp(file))
        return dict(json.loads(known)) if known else {}

    def keep(self, file: Path, headers: dict[str, str]) -> None:
        """Keep the headers of a file that has just been written."""
        if headers:
            self.memory.remember(_name(file), stamp(file), json.dumps(headers))


def given(request: Request) -> dict[str, str]:
    """The headers of a request that go with its object."""
    kept = {name: request.header(name) for name in _KEPT}
    encodings = kept["Content-Encoding"].split(",")
    kept["Content-Encoding"] = ",".join(e for e in encodings if e.strip() != "aws-chunked")
    for name in request.headers:
        if name.lower().startswith(_METADATA):
            kept[name.lower()] = request.header(name)
    return {name: value for name, value in kept.items() if value}


def _name(file: Path) -> str:
    return f"headers {file}"
