"""A trainer's source in each of its forms, and the SDK's resources of what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.programs import seen_by

# The SDK alone takes five seconds to import.
pytestmark = pytest.mark.slow
HYPERPARAMETERS = "python ['--rate', '0.5']"


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory, source: Path) -> dict[str, Any]:
    """What ``sdk_sources`` saw, in a process that can reach this machine only."""
    return seen_by("sdk_sources.py", tmp_path_factory.mktemp("sources"), source)


def test_a_shell_script_finds_the_folder_without_what_is_ignored(seen: dict[str, Any]) -> None:
    noted, said = seen["shell"]
    assert "requirements are not installed" in noted
    assert said == "shell requirements.txt train.py train.sh"


def test_a_command_is_evaluated_in_the_folder(seen: dict[str, Any]) -> None:
    assert seen["command"] == ["python ['--of', '0.5']"]


@pytest.mark.parametrize("form", ["archive", "uploaded"])
def test_the_folder_may_be_an_archive_or_in_the_bucket(seen: dict[str, Any], form: str) -> None:
    assert seen[form] == [HYPERPARAMETERS]


def test_a_driver_of_ones_own_gets_its_settings(seen: dict[str, Any]) -> None:
    assert seen["driver"] == ['driver {"count": 2}']


def test_the_sdks_resources_are_of_the_session(seen: dict[str, Any]) -> None:
    assert seen["roles"] == ["arn:aws:iam::000000000000:role/sagemaker-local"] * 3
    assert len(seen["names"]) == 5
    assert seen["job"] in seen["names"]
    assert seen["models"] == ["made"]
    assert seen["models left"] == 0
    assert not seen["network"]
