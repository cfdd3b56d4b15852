"""Results that changed, or whose inputs did, are not reused."""

from __future__ import annotations

from typing import Any

import pytest
from sagemaker_local.jobs import processing as processing_job

from engine.cache.test_cache import CACHED, WRITE
from engine.definitions import (
    OUTPUT,
    definition,
    get,
    parameter,
    processing,
    training,
)
from engine.local import Local


def test_an_extra_output_of_training_is_part_of_its_result(local: Local) -> None:
    script = "import os\nopen(os.environ['SM_OUTPUT_DATA_DIR'] + '/curve.csv', 'w').write('1')"
    text = definition(training("S", local.channels(script), CacheConfig=CACHED))
    first = local.run(text)
    model_uri = first.job("S")["ModelArtifacts"]["S3ModelArtifacts"]
    local.bucket.path(model_uri.replace("model.tar.gz", "output.tar.gz")).unlink()
    assert local.run(text).verdicts == {"S": "miss"}


def test_an_output_that_another_run_wrote_over_is_not_reused(local: Local) -> None:
    """The same URI in every execution, with what the parameter says."""
    text = definition(
        processing(
            "S",
            local.code(WRITE),
            outputs={"o": local.bucket.uri("fixed")},
            arguments=[f"{OUTPUT}/o", get("Parameters.Word")],
            CacheConfig=CACHED,
        ),
        parameters=[parameter("Word", "String")],
    )
    for word in ("one", "two", "one"):
        run = local.run(text, {"Word": word})
        assert run.verdicts == {"S": "miss"}
        assert local.read(local.bucket.uri("fixed/x")) == word
    assert local.run(text, {"Word": "one"}).verdicts == {"S": "hit"}


def test_an_output_that_was_written_over_at_once_is_not_taken_for_the_jobs(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two executions side by side write to one URI; the digests are of what the job wrote."""
    upload = processing_job._collect

    def upload_and_lose(*arguments: Any) -> None:
        upload(*arguments)
        local.put("another's", "fixed/x")

    text = definition(
        processing(
            "S",
            local.code(WRITE),
            outputs={"o": local.bucket.uri("fixed")},
            arguments=[f"{OUTPUT}/o", "mine"],
            CacheConfig=CACHED,
        )
    )
    with monkeypatch.context() as patch:
        patch.setattr(processing_job, "_collect", upload_and_lose)
        local.run(text)
    run = local.run(text)
    assert run.explained["S"].why == "its earlier results are gone or were changed"
    assert local.read(local.bucket.uri("fixed/x")) == "mine"


def test_a_result_of_inputs_that_changed_meanwhile_is_not_reused(local: Local) -> None:
    """What was signed is not what the job may have read."""
    uri = local.put("old", "data/a")
    script = "import sys; open(sys.argv[1], 'w').write('new')"
    text = definition(
        processing(
            "S",
            local.code(script),
            inputs={"data": uri},
            arguments=[str(local.bucket.path(uri))],
            CacheConfig=CACHED,
        )
    )
    local.run(text)
    local.put("old", "data/a")
    run = local.run(text)
    assert str(run.explained["S"]) == "S: miss, an input changed while it last ran"


def test_an_input_that_the_step_itself_removes_is_no_error(local: Local) -> None:
    uri = local.put("old", "data/a")
    script = "import os, sys; os.remove(sys.argv[1])"
    text = definition(
        processing(
            "S",
            local.code(script),
            inputs={"data": uri},
            arguments=[str(local.bucket.path(uri))],
            CacheConfig=CACHED,
        )
    )
    assert local.run(text).status == "Succeeded"
