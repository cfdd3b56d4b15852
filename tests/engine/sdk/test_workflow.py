"""The SDK's objects for cache, retries, selection and functions against a LocalSession."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.programs import seen_by

# The SDK alone takes five seconds to import.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory, source: Path) -> dict[str, Any]:
    """What ``sdk_workflow`` saw, in a process that can reach this machine only."""
    found = seen_by("sdk_workflow.py", tmp_path_factory.mktemp("workflow"), source)
    lines = found["errors"].splitlines()
    return found | {"notices": [x for x in lines if "without effect on this machine" in x]}


def verdicts(seen: dict[str, Any]) -> dict[str, str]:
    pairs = (line.split(", ", 1)[0].split(": ") for line in seen["explained"])
    return {name: verdict for name, verdict in pairs}


def test_an_execution_with_a_retry_and_a_function_succeeds(seen: dict[str, Any]) -> None:
    first = seen["first"]
    assert first["status"] == "Succeeded", first
    assert first["steps"]["Prepare"]["AttemptCount"] == 2
    answered = first["steps"]["Decide"]["Metadata"]["Lambda"]
    assert answered["OutputParameters"] == [
        {"Name": "publish", "Value": "true"},
        {"Name": "note", "Value": "2 rows"},
    ]
    assert first["steps"]["Gate"]["Metadata"]["Condition"]["Outcome"] == "True"
    assert not seen["network"]


def test_a_build_in_another_folder_is_reused(seen: dict[str, Any]) -> None:
    again = seen["again, elsewhere"]
    assert verdicts(again) == {"Prepare": "hit", "Train": "hit", "Decide": "run", "Gate": "run"}
    for name in ("Prepare", "Train"):
        assert again["steps"][name]["Metadata"] == seen["first"]["steps"][name]["Metadata"]


def test_a_comment_in_the_training_script_runs_training_and_not_what_is_before(
    seen: dict[str, Any],
) -> None:
    run = seen["comment"]
    assert verdicts(run)["Prepare"] == "hit"
    assert "Train: miss, channel code: train.py changed" in run["explained"]
    assert run["status"] == "Succeeded"


def test_selected_steps_run_with_what_the_latest_execution_left(seen: dict[str, Any]) -> None:
    run = seen["selected"]
    assert run["status"] == "Succeeded"
    assert set(run["steps"]) == {"Prepare", "Train", "Decide", "Gate"}  # Missed is not selected
    assert run["steps"]["Gate"]["Metadata"]["Condition"]["Outcome"] == "False"
    source = seen["selected config"]["SourcePipelineExecutionArn"]
    for name in ("Prepare", "Train"):
        taken = run["steps"][name]["SelectiveExecutionResult"]
        assert taken == {"SourcePipelineExecutionArn": source}
        assert run["steps"][name]["Metadata"] == seen["comment"]["steps"][name]["Metadata"]


def test_the_session_plans_explains_and_compares(seen: dict[str, Any]) -> None:
    assert seen["plan"][:5] == [
        "  1  Prepare  Processing",
        "  2  Train    Training       after Prepare",
        "  3  Decide   Lambda         after Train",
        "  4  Gate     Condition      after Decide",
        "  5  Missed   Fail           after Decide, Gate  unless Gate",
    ]
    assert seen["plan by parameters"] == 5
    assert "sagemaker-xgboost:3.2-0" in seen["skew"]
    assert seen["by arn"]
    assert len(seen["notices"]) == len(set(seen["notices"])) == 1


def test_a_session_without_the_function_refuses_the_pipeline(seen: dict[str, Any]) -> None:
    told = "the Lambda function 'decide' is not known to this local session"
    assert told in seen["unknown function"]
    (problem,) = seen["stranger's plan"]
    assert problem.startswith(f"step 'Decide': {told}")
