"""Signatures of requests, and what tells two of them apart."""

from __future__ import annotations

from sagemaker_local.cache.signature import Signature, Signer
from sagemaker_local.steps.step_types import STEP_TYPES

from engine.definitions import Json


def parts(signer: Signer, kind: str, request: Json) -> dict[str, str]:
    return signer.signature(STEP_TYPES[kind].sign, request).parts


def changed(signer: Signer, kind: str, request: Json, other: Json) -> list[str]:
    return Signature(parts(signer, kind, other)).changes_since(parts(signer, kind, request))
