"""The SDK packs a ModelBuilder's script into its model, and the model serves with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.programs import seen_by

# The SDK alone takes five seconds to import.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory, source: Path) -> dict[str, Any]:
    """What ``sdk_repack`` saw, in a process that can reach this machine only."""
    return seen_by("sdk_repack.py", tmp_path_factory.mktemp("repack"), source)


@pytest.mark.parametrize("steps", ["steps", "replaced"])
def test_a_pipeline_packs_the_script_into_a_model_that_scores(
    seen: dict[str, Any], steps: str
) -> None:
    """By a job with a script of AWS's, which names ``/opt/ml``: mounted, and replaced."""
    assert seen[steps] == [["Succeeded", ""]] * 3
    assert seen["scored" if steps == "steps" else "scored replaced"] == "30\n70\n"


def test_the_packed_model_has_the_model_and_all_of_the_source(seen: dict[str, Any]) -> None:
    files = {"factor.txt", "code/inference.py", "code/lib/helper.py", "code/requirements.txt"}
    for where in ("mounted", "replaced", "outside"):
        assert files <= set(seen[f"packed {where}"])


def test_a_model_that_is_packed_at_once_scores_and_serves(seen: dict[str, Any]) -> None:
    assert seen["scored outside"] == "30\n70\n"
    assert seen["served"] == "110\n"
    assert not seen["network"]
