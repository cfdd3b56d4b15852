"""Signatures: equal for equal parts, and how changes are told."""

from __future__ import annotations

import pytest
from sagemaker_local.cache.signature import Signature, Signer, _local
from sagemaker_local.steps.step_types import STEP_TYPES

from engine.local import Local
from engine.signatures import parts


@pytest.fixture
def signer(local: Local) -> Signer:
    return Signer(local.bucket, local.store)


def test_equal_parts_have_equal_digests_in_any_order() -> None:
    assert Signature({"a": "1", "b": "2"}).digest == Signature({"b": "2", "a": "1"}).digest
    assert Signature({"a": "1"}).digest != Signature({"a": "2"}).digest
    assert Signature({"a": "1"}).digest != Signature({"a1": ""}).digest


def test_changes_are_told_with_short_values_and_without_long_ones() -> None:
    before = {"a": "1", "gone": "x", "long": "x" * 61, "file": "sha256:1", "same": "s"}
    after = Signature({"a": "2", "new": "x", "long": "y", "file": "sha256:2", "same": "s"})
    assert after.changes_since(before) == [
        "a was 1, is 2",
        "file changed",
        "gone is gone",
        "long changed",
        "new is new",
    ]


@pytest.mark.parametrize("kind", ["Condition", "Fail", "Model", "RegisterModel", "Lambda"])
def test_steps_without_a_job_have_no_signature(signer: Signer, kind: str) -> None:
    assert not STEP_TYPES[kind].cached
    with pytest.raises(NotImplementedError):
        parts(signer, kind, {})


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"train.py", "tabular/__init__.py", "tabular/values.py"}, {"train", "tabular"}),
        ({"code/inference.py", "code/features.py"}, {"code", "inference", "features"}),
        (
            {"code/inference.py", "code/tabular/__init__.py", "code/tabular/values.py"},
            {"code", "inference", "tabular"},
        ),
        (
            {"deep/__init__.py", "deep/er/__init__.py", "deep/er/most.py"},
            {"deep"},
        ),
    ],
)
def test_modules_beside_a_script_are_its_own(files: set[str], expected: set[str]) -> None:
    """Others of their names may lie on this process's path: a job does not import those."""
    assert _local(files) == expected
