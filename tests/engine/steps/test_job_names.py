"""``Execution.TrainingJobName`` and its like: a job's own name in its own step."""

from __future__ import annotations

import pytest
from sagemaker_local.definition.expressions import EXECUTION_VARIABLES

from engine.checked import CODE, SCRIPT, problems
from engine.definitions import definition, get, join, processing, training
from engine.local import Local


@pytest.mark.slow  # the SDK takes seconds to import
def test_they_are_those_of_the_sdk() -> None:
    variables = pytest.importorskip("sagemaker.core.workflow.execution_variables")
    names = vars(variables.ExecutionVariables).items()
    assert {v.name for k, v in names if k.isupper()} == set(EXECUTION_VARIABLES)


def test_a_jobs_own_name_stands_in_its_arguments(local: Local) -> None:
    uri = join("/", "s3://sagemaker-local/by-job", get("Execution.ProcessingJobName"))
    write = "import sys; open(sys.argv[1] + '/name', 'w').write(sys.argv[2])"
    words = ["/opt/ml/processing/output/o", get("Execution.ProcessingJobName")]
    cache = {"Enabled": True, "ExpireAfter": "P1D"}
    step = processing("P", local.code(write), outputs={"o": uri}, arguments=words)
    train = training(
        "T", local.channels("pass"), environment={"JOB": get("Execution.TrainingJobName")}
    )
    run = local.run(definition(step | {"CacheConfig": cache}, train))
    name = run.job("P")["ProcessingJobName"]
    assert local.read(f"s3://sagemaker-local/by-job/{name}/name") == name
    assert run.job("T")["Environment"]["JOB"] == run.job("T")["TrainingJobName"]
    again = local.run(definition(step | {"CacheConfig": cache}))
    assert again.verdicts == {"P": "hit"}


def test_in_another_step_they_have_no_value() -> None:
    steps = [
        processing("P", CODE, arguments=[get("Execution.TrainingJobName")]),
        training("T", SCRIPT, hyperparameters={"n": get("Execution.ProcessingJobName")}),
    ]
    assert problems(*steps) == [
        f"step '{name}': Execution.{kind}JobName is not an execution variable that has a value "
        f"here, but in a {kind} step's own arguments only; give Steps.<name>.{kind}JobName, with "
        f"the name of the {kind} step"
        for name, kind in (("P", "Training"), ("T", "Processing"))
    ]
