"""Results of finished steps: found in the state by what the list of steps shows, or not there."""

from __future__ import annotations

from sagemaker_local.jobs import processing as processing_job

from engine.definitions import definition, model, processing, register, true
from engine.local import Local, Run


def made(local: Local) -> Run:
    """A run of a step of each way to leave something."""
    uri = local.put("m", "model.tar.gz")
    steps = [
        processing("Job", local.code("pass")),
        model("Model", uri),
        register("Package", "group", uri),
        true("Gate"),
    ]
    run = local.run(definition(*steps))
    assert run.status == "Succeeded"
    return run


def test_what_is_there_is_found_as_it_was_described(local: Local) -> None:
    run = made(local)
    found = {name: local.engine.results.of(step) for name, step in run.steps.items()}
    assert {name: result and result.metadata for name, result in found.items()} == {
        name: step["Metadata"] for name, step in run.steps.items()
    }
    job, gate = found["Job"], found["Gate"]
    assert job and job.described["ProcessingJobArn"] == run.arn_of("Job")
    assert gate and gate.outcome is True


def test_what_is_gone_is_no_result(local: Local) -> None:
    run = made(local)
    name = run.arn_of("Model").rpartition("/")[2]
    assert local.store.delete_resource("model", name)
    assert local.client.delete_model_package(ModelPackageName=run.arn_of("Package"))
    assert local.engine.results.of(run.steps["Model"]) is None
    assert local.engine.results.of(run.steps["Package"]) is None


def test_a_job_that_did_not_complete_is_no_result(local: Local) -> None:
    run = made(local)
    kind = processing_job.KIND
    name = run.arn_of("Job").rpartition("/")[2]
    for status in ("Failed", "Stopped"):
        job = local.store.resource(kind.resource, name)
        assert job is not None
        local.store.update_resource(kind.resource, name, job | {"ProcessingJobStatus": status})
        assert local.engine.results.of(run.steps["Job"]) is None


def test_a_step_that_did_not_succeed_has_no_result(local: Local) -> None:
    step = made(local).steps["Job"]
    assert local.engine.results.of(step | {"StepStatus": "Failed"}) is None
    assert local.engine.results.of({"StepStatus": "Succeeded"}) is None
    unknown = {"StepStatus": "Succeeded", "Metadata": {"Elsewhere": {"Arn": "a"}}}
    assert local.engine.results.of(unknown) is None
