"""The SDK's own objects against a LocalSession, without account, region, network or Docker."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from engine.programs import seen_by

# The SDK alone takes five seconds to import.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory, source: Path) -> dict[str, Any]:
    """What ``sdk_program`` saw, in a process that can reach this machine only."""
    return seen_by("sdk_program.py", tmp_path_factory.mktemp("sdk"), source)


def test_nothing_is_reached_and_nothing_was_set(seen: dict[str, Any]) -> None:
    assert seen["network"] == ""
    assert seen["variables"] == []


def test_two_builds_give_one_definition_and_upsert_keeps_it(seen: dict[str, Any]) -> None:
    assert seen["same definition"]
    assert seen["definition kept"]
    assert len(set(seen["arns"])) == 1


def test_an_execution_that_succeeds(seen: dict[str, Any]) -> None:
    assert seen["good"]["status"] == "Succeeded", seen["good"]
    names = {name.removesuffix("-CreateModel") for name in seen["good"]["steps"]}
    names = {name.removesuffix("-RegisterModel") for name in names}
    assert names == {"Prepare", "Train", "Gate", "Create", "Register"}
    assert set(seen["good"]["steps"].values()) == {"Succeeded"}
    assert {"Name": "Threshold", "Value": "0.7"} in seen["parameters"]
    assert seen["packages"] == 1


def test_an_execution_that_misses_the_gate(seen: dict[str, Any]) -> None:
    assert seen["bad"]["status"] == "Failed"
    assert seen["bad"]["steps"]["Missed"] == "Failed"
    assert not {"Create", "Register"} & {name.split("-")[0] for name in seen["bad"]["steps"]}
    assert seen["bad"]["reasons"] == ["score 0.75 is below 0.9"]
    assert "Waiter" in seen["waiter"]
    assert seen["executions"] == 2


def test_a_mistyped_parameter_is_named(seen: dict[str, Any]) -> None:
    assert "did you mean 'Threshold'?" in seen["mistyped"]
    assert "ResourceNotFound" in seen["deleted"]


def test_the_sdk_met_a_client_that_conforms(seen: dict[str, Any]) -> None:
    assert {
        "create_pipeline",
        "update_pipeline",
        "describe_pipeline",
        "start_pipeline_execution",
        "describe_pipeline_execution",
        "list_pipeline_execution_steps",
        "list_pipeline_executions",
        "list_pipeline_parameters_for_execution",
        "list_model_packages",
        "delete_pipeline",
        "add_tags",
        "list_tags",
    } <= set(seen["checked"])


@pytest.mark.parametrize("code", ["archive", "folder"])
def test_a_tuner_of_the_sdk_runs_and_its_best_model_is_used(
    seen: dict[str, Any], code: str
) -> None:
    found = seen["tuning"][code]
    assert found["status"] == "Succeeded", found
    assert found["counters"]["Completed"] == 4
    assert found["model"] == f"s3://sagemaker-local/models/{found['best']}/output/model.tar.gz"


def test_a_tuners_definition_has_no_time_stamp_if_its_code_is_an_archive(
    seen: dict[str, Any],
) -> None:
    """Of a folder the SDK makes an archive itself, at a key with the time in it."""
    stamped = r"/tuning-\d+/"
    assert seen["tuning"]["same definition"]
    assert not re.search(stamped, seen["tuning"]["archive"]["definition"])
    assert re.search(stamped, seen["tuning"]["folder"]["definition"])


def test_objects_are_files_of_the_session(seen: dict[str, Any]) -> None:
    assert seen["uri"] == "s3://sagemaker-local/notes/a.txt"
    assert seen["read"] == "text ü"
    assert seen["listed"] == ["notes/a.txt"]
    assert seen["by boto3"]
    assert seen["downloaded"] == ["a.txt"]
    assert seen["bucket"] == "sagemaker-local"
    assert seen["account"] == "000000000000"


def test_what_would_call_aws_says_so(seen: dict[str, Any]) -> None:
    assert all("a local session never does" in message for message in seen["refused"])


def test_the_sdk_may_copy_a_file_into_the_bucket(seen: dict[str, Any]) -> None:
    assert seen["tuning"]["copied"] == ["copies/a.tar.gz"]


def test_managed_sessions_are_as_they_were(seen: dict[str, Any]) -> None:
    """Only local sessions are kept from reporting, however many there are."""
    assert seen["telemetry"] == [True]
