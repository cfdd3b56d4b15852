"""The SDK's ``@step`` and ``@remote`` run here, with nothing changed but the session."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.programs import seen_by

# The SDK alone takes five seconds to import.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory, source: Path) -> dict[str, Any]:
    """What ``sdk_functions`` saw, in a process that can reach this machine only."""
    return seen_by("sdk_functions.py", tmp_path_factory.mktemp("functions"), source)


def test_what_a_function_gives_is_what_the_next_one_takes(seen: dict[str, Any]) -> None:
    counted, doubled = seen["results"]
    assert counted == [3, {"execution": seen["id"], "told": ["prepared", "hello"]}]
    assert doubled == {"rows": 6, "told": ["prepared", "hello"], "buckets": ["sagemaker-local"]}
    assert not seen["network"]


def test_a_condition_decides_by_what_a_function_gives(seen: dict[str, Any]) -> None:
    assert seen["steps"]["gate"][0] == seen["small"]["gate"][0] == "Succeeded"
    assert "small" not in seen["steps"]
    assert seen["small"]["small"] == ["Failed", "only 4"]


def test_a_function_that_raises_fails_its_step_with_what_it_raised(seen: dict[str, Any]) -> None:
    status, reason = seen["steps"]["fail"]
    assert status == "Failed"
    assert "ValueError('6 rows are too few')" in reason


def test_it_fails_where_nothing_can_be_mounted_too(seen: dict[str, Any]) -> None:
    status, reason = seen["replaced"]["fail"]
    assert status == "Failed"
    assert "ValueError('1 rows are too few')" in reason


def test_dependencies_are_said_and_not_installed(seen: dict[str, Any]) -> None:
    assert "requirements.txt is not installed; the function runs in this" in seen["log"]
    assert "pip install" not in seen["log"]


def test_what_a_container_alone_has_is_refused(seen: dict[str, Any]) -> None:
    assert "there are no conda environments of a container locally" in seen["conda"]
    assert "no conda environment is made of environment.yml" in seen["conda file"]


def test_a_remote_function_gives_its_result_or_raises_its_error(seen: dict[str, Any]) -> None:
    assert seen["remote"] == 0.25
    assert seen["remote failure"] == "division by zero"
