"""The channels of SageMaker's Linear Learner algorithm, and the content types that it reads.

Source: "Linear Learner Algorithm" and "Common Data Formats" in the SageMaker Developer Guide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .hyperparameters import UserError

REQUIRED = "train"
KNOWN = (REQUIRED, "validation", "test")
_RECORDIO = "application/x-recordio-protobuf"
_TYPES = {"text/csv": "csv", _RECORDIO: "recordio"}


def refusals(types: Mapping[str, Any]) -> Iterator[str]:
    """Why the algorithm does not take channels.

    Args:
        types: content types by name; one that is no text is not known yet.
    """
    if REQUIRED not in types:
        yield f"Missing required channel: {REQUIRED}"
    for name, kind in types.items():
        if name not in KNOWN:
            yield f"Extraneous channel found: {name}"
        elif kind is None or isinstance(kind, str):
            try:
                kind_of(name, kind)
            except UserError as error:
                yield str(error)


def kind_of(name: str, content_type: str | None) -> str:
    """``csv`` or ``recordio``, which a channel without a type has.

    Raises:
        UserError: it is neither, or says of labels what the algorithm does not know.
    """
    given, _, options = (content_type or _RECORDIO).lower().partition(";")
    kind = _TYPES.get(given.strip())
    if kind is None:
        raise UserError(
            f"Channel {name!r}: {content_type} is not an accepted ContentType: {', '.join(_TYPES)}."
        )
    if "label_size=" in options.replace(" ", "") and "label_size=1" not in options.replace(" ", ""):
        raise UserError(f"Channel {name!r}: {content_type} should have label_size=1.")
    return kind
