"""The channels of SageMaker's XGBoost algorithm, and the content types that it reads.

Source: ``algorithm_mode/channel_validation.py`` of sagemaker-xgboost-container, and ``data_utils``.
Its image compares a channel's type with this list to the letter, and so refuses options such as
``text/csv; label_size=1``, which its own reader of types would know. Nobody was seen to be
refused, so options are read here; ``planning.rules.algorithm`` says it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from .hyperparameters import UserError

REQUIRED = "train"
KNOWN = (REQUIRED, "validation", "code")
TYPES = {
    "csv": "csv",
    "libsvm": "libsvm",
    "parquet": "parquet",
    "recordio-protobuf": "recordio",
    "text/csv": "csv",
    "text/libsvm": "libsvm",
    "text/x-libsvm": "libsvm",
    "application/x-parquet": "parquet",
    "application/x-recordio-protobuf": "recordio",
}
_DEFAULT = "text/libsvm"


def refusals(names: Collection[str]) -> Iterator[str]:
    """Why the algorithm does not take channels of these names, in its image's words."""
    if REQUIRED not in names:
        yield f"Missing required channel: {REQUIRED}"
    for name in names:
        if name not in KNOWN:
            yield f"Extraneous channel found: {name}"


def kind_of(content_type: str | None) -> str:
    """``csv``, ``libsvm``, ``parquet`` or ``recordio``; libsvm of a channel without a type.

    Raises:
        UserError: it is none of them, or says of a label what the algorithm does not know.
    """
    name, _, options = (content_type or _DEFAULT).lower().partition(";")
    given = dict(part.strip().partition("=")[::2] for part in options.split(";") if part.strip())
    kind = TYPES.get(name.strip())
    if kind is None:
        raise UserError(f"{content_type} is not an accepted ContentType: {', '.join(TYPES)}.")
    if kind == "csv" and given.get("label_size", "1") != "1":
        raise UserError(
            f"{content_type} is not an accepted csv ContentType. "
            "Optional parameter label_size must be equal to 1"
        )
    return kind
