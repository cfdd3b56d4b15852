"""A training job that is a function: what the SDK's ``@step`` and ``@remote`` send.

The function and its arguments are objects, which the SDK wrote and its module in the job reads;
what the function gives is one, too. The job's channel has the SDK's scripts that prepare the rest.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from sagemaker_local import functions
from sagemaker_local.jobs.folder import string_environment
from sagemaker_local.jobs.hosts import Host
from sagemaker_local.jobs.program import time_limit
from sagemaker_local.processes.container_paths import ContainerPaths
from sagemaker_local.processes.runner import Command

CHANNEL = "sagemaker_remote_function_bootstrap"
PROGRAM = Path(functions.__file__).with_name("invoke.py")
_SDK = "sagemaker.core.remote_function.invoke_function"
_DEPENDENCIES = "--dependency_settings"
_PACKED_BY = "--client_sagemaker_pysdk_version"
_DRIVER_WORDS = 2  # /bin/bash, and the driver; Spark's has more
# Arguments of the SDK's driver; each with what to do instead.
_NOT_RUN = {
    "--job_conda_env": "job_conda_env: there are no conda environments of a container locally; "
    "leave it out, and the function runs in this environment",
    "--distribution": "use_torchrun and use_mpirun: distributed functions are not run locally; "
    "leave them out",
}


def runs(channels: Collection[str]) -> bool:
    """Is a training job a function's?

    Args:
        channels: names of its channels.
    """
    return CHANNEL in channels


def refusals(specification: Mapping[str, Any]) -> Iterator[str]:
    """Why a function cannot run here.

    Args:
        specification: the job's ``AlgorithmSpecification``; its arguments may be expressions.
    """
    if len(specification.get("ContainerEntrypoint") or ()) > _DRIVER_WORDS:
        yield "spark_config: a function that runs in Spark is not run locally; leave it out"
    arguments = list(specification.get("ContainerArguments") or ())
    for name, told in _NOT_RUN.items():
        if name in arguments:
            yield told
    version = _told(arguments, _PACKED_BY)
    if version.startswith("2."):
        yield (
            f"the function was packed by SageMaker's SDK {version}, and jobs here have SDK 3, "
            "which does not read that; pack it with SDK 3"
        )
    file = _dependency_file(arguments)
    if file.endswith((".yml", ".yaml")):
        yield (
            f"dependencies: no conda environment is made of {file} locally; give a "
            "requirements.txt, and have in this environment what it lists"
        )


def command(job: Mapping[str, Any], host: Host) -> Command:
    """What the container's driver would run, with the libraries that are here.

    Args:
        job: the Describe response so far.
        host: one of the job's, its channels in place.
    """
    folder = host.folder
    arguments = [str(each) for each in job["AlgorithmSpecification"]["ContainerArguments"]]
    file = _dependency_file(arguments)
    if file:
        folder.note(f"{file} is not installed; the function runs in this environment.")
        arguments[arguments.index(_DEPENDENCIES) + 1] = json.dumps({"dependency_file": None})
    scripts = folder.here(f"/opt/ml/input/data/{CHANNEL}")
    return Command(
        ("python3", str(PROGRAM), str(scripts), *arguments),
        folder.make("code"),
        folder.log,
        {
            "TRAINING_JOB_NAME": job["TrainingJobName"],
            "TRAINING_JOB_ARN": job["TrainingJobArn"],
            **string_environment(job.get("Environment"), folder),
        },
        time_limit(dict(job)),
        paths=ContainerPaths(folder.ml, (scripts,)),
        library=_SDK,
    )


def _dependency_file(arguments: list[Any]) -> str:
    """What the SDK calls the file of ``dependencies``; empty: there is none."""
    try:
        return str(json.loads(_told(arguments, _DEPENDENCIES)).get("dependency_file") or "")
    except (AttributeError, ValueError):  # nothing of the SDK's
        return ""


def _told(arguments: list[Any], name: str) -> str:
    """What follows an argument; empty: nothing, or an expression."""
    told = arguments[arguments.index(name) + 1] if name in arguments[:-1] else ""
    return told if isinstance(told, str) else ""
