"""Functions of the SDK that need what only a container has are refused before the first step."""

from __future__ import annotations

import json

import pytest
from sagemaker_local.jobs.remote_function import CHANNEL

from engine.checked import problems
from engine.definitions import Json, get, training

DRIVER = f"/opt/ml/input/data/{CHANNEL}/job_driver.sh"


def function(*arguments: object, entrypoint: tuple[str, ...] = ("/bin/bash", DRIVER)) -> Json:
    step = training("F", {CHANNEL: "s3://sagemaker-local/scripts"})
    step["Arguments"]["AlgorithmSpecification"] |= {
        "ContainerEntrypoint": list(entrypoint),
        "ContainerArguments": ["--region", "us-east-1", *arguments],
    }
    return step


def depending(file: str | None) -> tuple[str, str]:
    return "--dependency_settings", json.dumps({"dependency_file": file})


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        depending(None),
        depending("requirements.txt"),
        ("--dependency_settings", "nonsense"),
        ("--client_sagemaker_pysdk_version", "3.27.0"),
    ],
)
def test_a_function_needs_no_script(arguments: tuple[str, ...]) -> None:
    assert problems(function(*arguments)) == []


def test_its_arguments_may_be_expressions() -> None:
    assert problems(function("--pipeline_execution_id", get("Execution.PipelineExecutionId"))) == []


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (function("--job_conda_env", "mine"), "job_conda_env: there are no conda environments"),
        (function("--distribution", "torchrun"), "use_torchrun and use_mpirun: distributed"),
        (function(*depending("env.yml")), "no conda environment is made of env.yml locally"),
        (function("--client_sagemaker_pysdk_version", "2.257.7"), "packed by SageMaker's SDK 2.25"),
        (function(entrypoint=("/bin/bash", DRIVER, "spark_app.py")), "spark_config: a function"),
    ],
)
def test_what_it_may_not_want(step: Json, told: str) -> None:
    (problem,) = problems(step)
    assert told in problem
