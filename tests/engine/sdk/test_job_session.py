"""The SDK's own objects run single jobs on a LocalJobSession: no account, region or network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.programs import seen_by

# The SDK alone takes five seconds to import.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory, source: Path) -> dict[str, Any]:
    """What ``sdk_jobs_program`` saw, in a process that can reach this machine only."""
    return seen_by("sdk_jobs_program.py", tmp_path_factory.mktemp("sdk"), source)


def test_nothing_is_reached_and_nothing_was_set(seen: dict[str, Any]) -> None:
    assert seen["network"] == ""
    assert seen["variables"] == []


def test_a_processors_lines_are_shown_while_its_job_runs(seen: dict[str, Any]) -> None:
    """The job would have failed, had nobody seen its first line."""
    assert seen["live"] == "first\nlast\n"
    assert seen["again"] == "first\nlast\n"
    assert seen["left"] == "left"


def test_a_processor_waits_without_logs_too(seen: dict[str, Any]) -> None:
    assert seen["quiet"] == ""
    assert seen["ended"]["ProcessingJobStatus"] == "Completed"


def test_a_failed_job_is_the_sdks_error_with_our_reason(seen: dict[str, Any]) -> None:
    for how in ("bad", "bad and quiet"):
        kind, text = seen[how]
        assert kind == "UnexpectedStatusException"
        assert "bad.py exited with code 1: there are no rows" in text
    kind, text = seen["bad training"]
    assert kind == "FailedStatusError"
    assert "ValueError: bad rows" in text
    assert "ResourceInUse" in seen["refused"][1]


def test_a_job_need_not_be_waited_for(seen: dict[str, Any]) -> None:
    assert seen["running"]["ProcessingJobStatus"] == "InProgress"
    assert seen["so far"] in ("", "first\n")
    assert seen["impatient"][0] == "TimeoutExceededError"
    assert seen["waited"] == "first\nlast\n"
    assert seen["waited status"] == "Completed"
    assert seen["stopped"] == "Stopped"


def test_an_interrupt_stops_the_job(seen: dict[str, Any]) -> None:
    assert seen["interrupted"] == "Stopped"


def test_a_framework_processor_runs(seen: dict[str, Any]) -> None:
    assert seen["framework"] == "packed x\n"


def test_a_trainer_trains(seen: dict[str, Any]) -> None:
    assert seen["trained"] == "first\nlast\n"
    assert seen["artifact is there"]
    assert seen["training jobs"] == ["Completed", "Failed"]
    assert seen["same job"]


def test_a_transformer_transforms(seen: dict[str, Any]) -> None:
    assert seen["transform good"] == ["no error", ""]
    assert seen["answers"] == "30\n70\n"
    kind, text = seen["transform bad"]
    assert kind == "FailedStatusError"
    assert "bad.csv, record 2" in text


def test_a_tuner_tunes(seen: dict[str, Any]) -> None:
    assert seen["tune"] == ["no error", ""]
    assert seen["tuned"] == 3
    assert seen["best"]
    assert len(seen["tuner's code"]) == 1


def test_a_debugged_job_shows_its_lines_once(seen: dict[str, Any]) -> None:
    assert seen["debugged"] == "here True\n"


def test_resources_without_a_session_find_the_local_client(seen: dict[str, Any]) -> None:
    """``latest_job`` of a processor is one: with boto3's default session it would call AWS."""
    assert seen["default client"]


def test_waits_for_managed_jobs_are_as_they_were(seen: dict[str, Any]) -> None:
    assert seen["managed processing"] == ["theirs"] * 3
    assert seen["managed training"] == ["theirs"]


def test_both_kinds_of_session_share_a_root(seen: dict[str, Any]) -> None:
    assert seen["listed"][0] == seen["listed"][1] > 5
    assert seen["are pipeline sessions"] == [True, False]
    assert seen["job_log"] == ["last"]


def test_the_sdk_met_a_client_that_conforms(seen: dict[str, Any]) -> None:
    assert {
        "create_processing_job",
        "describe_processing_job",
        "stop_processing_job",
        "create_training_job",
        "describe_training_job",
        "list_training_jobs",
    } <= set(seen["checked"])
