"""The script of a training job: how it is found, and the command that starts it.

There are two ways. The SDK's ModelTrainer puts it into the ``code`` channel, and a driver into
``sm_drivers`` that calls it. Estimators of SDK v2, and every job of a HyperparameterTuner, name it
by hyperparameters, ``sagemaker_program`` in the archive ``sagemaker_submit_directory``, and the
sagemaker-training-toolkit of the image calls it (its ``params.py`` and ``mapping.py``). Here both
are done directly, so that the script can start warm.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

from sagemaker_local.definition.expressions import function_of
from sagemaker_local.errors import StepFailure
from sagemaker_local.jobs import xgboost_image
from sagemaker_local.jobs.container_images import own_program
from sagemaker_local.jobs.folder import JobFolder, string_environment
from sagemaker_local.jobs.hosts import Host
from sagemaker_local.jobs.program import started, time_limit
from sagemaker_local.jobs.remote_function import CHANNEL as FUNCTION_CHANNEL
from sagemaker_local.jobs.stand_ins import with_stand_ins
from sagemaker_local.jobs.training_variables import (
    deserialized,
    driver_variables,
    hyperparameters,
    serialized,
    toolkit_variables,
)
from sagemaker_local.processes.container_paths import ContainerPaths
from sagemaker_local.processes.runner import Command
from sagemaker_local.storage import archive
from sagemaker_local.storage.bucket import Bucket

CODE_CHANNEL = "code"
DRIVERS_CHANNEL = "sm_drivers"
PROGRAM = "sagemaker_program"
SUBMIT_DIRECTORY = "sagemaker_submit_directory"
# Of the drivers' channel: what a DistributedConfig has, and the line that calls its driver.
_DISTRIBUTED = "distributed.json"
_DRIVER = re.compile(r"^\S+ \S+/distributed_drivers/(\S+)$", re.MULTILINE)
_SDK_DRIVERS = ("torchrun_driver.py", "mpi_driver.py")
_SHELL = ("/bin/bash", "-c")

# Hyperparameters that the toolkit keeps from the script, beside those that begin with sagemaker_.
_TOOLKIT_SETTINGS = {"_tuning_objective_metric", "default_user_module_name"}


def has_script(channels: Collection[str], settings: Mapping[str, Any]) -> bool:
    """Does a job bring a script, or say that it does?"""
    return bool({CODE_CHANNEL, DRIVERS_CHANNEL, FUNCTION_CHANNEL} & set(channels)) or bool(
        {PROGRAM, SUBMIT_DIRECTORY} & set(settings)
    )


def _is_driven(channels: Collection[str], settings: Mapping[str, Any]) -> bool:
    """Does ModelTrainer's driver start the script, or the command, which needs no source folder?

    A tuner's jobs have its drivers and no code: they name their script by hyperparameters.
    """
    return DRIVERS_CHANNEL in channels and (CODE_CHANNEL in channels or PROGRAM not in settings)


def refusals(
    channels: Collection[str],
    settings: Mapping[str, Any],
    specification: Mapping[str, Any],
    variables: Mapping[str, Any],
) -> Iterator[str]:
    """Why a job has no script that runs here.

    Args:
        channels: names of its channels.
        settings: its hyperparameters; one that is an expression is taken to turn out well.
        specification: its ``AlgorithmSpecification``.
        variables: its ``Environment``.
    """
    if _is_driven(channels, settings):
        return
    if PROGRAM not in settings or SUBMIT_DIRECTORY not in settings:
        entrypoint = specification.get("ContainerEntrypoint") or ()
        program = own_program(specification.get("TrainingImage"), entrypoint)
        yield (f"it has no script, and {program} needs Docker; {_what_to_do(variables)}")
        return
    if specification.get("ContainerEntrypoint"):
        yield (
            f"ContainerEntrypoint takes the place of what starts {PROGRAM} in SageMaker's images, "
            "so that would not run; leave out one of the two"
        )
    plain = {k: deserialized(v) for k, v in settings.items() if not function_of(v)}
    source = plain.get(SUBMIT_DIRECTORY, "s3://")
    if not str(source).startswith("s3://") and not _in_a_channel(str(source), channels):
        yield f"{SUBMIT_DIRECTORY} is {source!r}, and should be the S3 URI of a sourcedir.tar.gz"
    for key, value in plain.items():
        if key.startswith("sagemaker_") and key.endswith("_enabled") and value is True:
            yield f"{key}: distributed training is not run locally"


def _what_to_do(variables: Mapping[str, Any]) -> str:
    """Variables name a model's script; of a training job the toolkit reads hyperparameters."""
    if SUBMIT_DIRECTORY.upper() in variables:
        return (
            f"a training job names its script by the hyperparameters {PROGRAM} and "
            f"{SUBMIT_DIRECTORY}, and not by variables"
        )
    return "give ModelTrainer a SourceCode with source_dir and entry_script"


def _in_a_channel(path: str, channels: Collection[str]) -> bool:
    return any(path.startswith(f"/opt/ml/input/data/{channel}/") for channel in channels)


def command(
    job: Mapping[str, Any], host: Host, bucket: Bucket, channels: Mapping[str, Any]
) -> Command:
    """What the driver or the toolkit would run: the script, hyperparameters as its arguments.

    Args:
        job: the Describe response so far.
        host: one of the job's, its channels in place.
        bucket: holds the archive that the hyperparameters may name.
        channels: ``inputdataconfig.json``.

    Raises:
        StepFailure: there is no script, or it wants what is not done here.
        LocalError: the archive is not there, or cannot be unpacked.
    """
    specification = job.get("AlgorithmSpecification", {})
    settings, variables = job.get("HyperParameters", {}), job.get("Environment", {})
    for refusal in refusals(channels, settings, specification, variables):
        raise StepFailure(f"The job cannot run: {refusal}.")
    if _is_driven(channels, job.get("HyperParameters", {})):
        return _by_driver(job, host, channels)
    return _by_toolkit(job, host, bucket, channels)


def _by_driver(job: Mapping[str, Any], host: Host, channels: Mapping[str, Any]) -> Command:
    folder = host.folder
    drivers = folder.here(f"/opt/ml/input/data/{DRIVERS_CHANNEL}")
    source = _read_json(drivers / "sourcecode.json")
    own_driver = _own_driver(drivers)
    if not source.get("entry_script") and not source.get("command"):
        raise StepFailure("SourceCode names no entry_script; give ModelTrainer one.")
    script = str(source.get("entry_script") or "")
    code = folder.here(f"/opt/ml/input/data/{CODE_CHANNEL}")
    packed = code / PurePath(str(source.get("source_dir") or "")).name
    if packed.name.endswith(".tar.gz") and packed.is_file():
        archive.unpack(packed, code)
    requirements = str(source.get("requirements") or "")
    if requirements:
        if not (code / requirements).is_file():
            raise StepFailure(
                f"SourceCode's requirements {requirements!r} is not in its source_dir."
            )
        _note_requirements(folder)
    variables = driver_variables(job, host, channels, script, CODE_CHANNEL)
    if own_driver is not None:
        variables |= {
            "SM_DISTRIBUTED_DRIVER_DIR": str(own_driver.parent),
            "SM_DISTRIBUTED_CONFIG": serialized(_read_json(drivers / _DISTRIBUTED)),
        }
    if source.get("command"):
        words = (*_SHELL, _shell_command(source, folder))
        # A command needs no source_dir, and then there is no such channel.
        return _command(job, folder, words, code if code.is_dir() else folder.ml, variables)
    if not (code / script).is_file():
        raise StepFailure(f"SourceCode's entry_script {script!r} is not in its source_dir.")
    if own_driver is not None:
        found = _command(job, folder, ("python3", str(own_driver)), code, variables)
        return replace(found, paths=ContainerPaths(folder.ml, (code, drivers)), literal=True)
    arguments: list[str] = []
    for key, value in hyperparameters(job, folder).items():
        arguments += [f"--{key}", serialized(value)]
    return _command(job, folder, (*started(code / script), *arguments), code, variables)


def _own_driver(drivers: Path) -> Path | None:
    """The driver of a person's own ``DistributedConfig``, which starts the script; None: none is.

    Raises:
        StepFailure: it is one of the SDK's, for Torch or MPI.
    """
    if not _read_json(drivers / _DISTRIBUTED):
        return None
    called = _DRIVER.findall((drivers / "sm_train.sh").read_text(encoding="utf-8"))
    if not called or called[-1] in _SDK_DRIVERS:
        raise StepFailure("distributed training is not run locally; leave out `distributed`.")
    return drivers / "distributed_drivers" / called[-1]


def _shell_command(source: Mapping[str, Any], folder: JobFolder) -> str:
    """The line that the SDK's script evaluates."""
    arguments = [shlex.quote(str(each)) for each in source.get("args") or []]
    return folder.rewrite(" ".join([*str(source["command"]).split(), *arguments]))


def _by_toolkit(
    job: Mapping[str, Any], host: Host, bucket: Bucket, channels: Mapping[str, Any]
) -> Command:
    folder = host.folder
    given = hyperparameters(job, folder)
    settings = {
        key: value
        for key, value in given.items()
        if key.startswith("sagemaker_") or key in _TOOLKIT_SETTINGS
    }
    hps = {key: value for key, value in given.items() if key not in settings}
    program, source = str(settings[PROGRAM]), str(settings[SUBMIT_DIRECTORY])
    code = folder.make("code")
    # SDK v2 gives a job without a network its archive as a channel.
    archive.unpack(bucket.existing(source) if source.startswith("s3://") else Path(source), code)
    script = code / program
    if not script.is_file() and xgboost_image.is_sagemakers(_image(job)):
        script = code / f"{program}.py"  # that image's own toolkit runs a module, by its name
    if not script.is_file():
        raise StepFailure(f"{PROGRAM} is {program!r}, and {source} has no such file.")
    if (code / "requirements.txt").is_file():
        _note_requirements(folder)
    arguments = _toolkit_arguments(hps)
    variables = toolkit_variables(job, host, channels, settings, hps, arguments)
    # A program in a subfolder imports from the top of the archive.
    paths = (str(code), os.environ.get("PYTHONPATH"))
    variables["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    return _command(job, folder, (*started(script), *arguments), code, variables)


def _image(job: Mapping[str, Any]) -> Any:
    return job.get("AlgorithmSpecification", {}).get("TrainingImage")


def _command(
    job: Mapping[str, Any],
    folder: JobFolder,
    words: tuple[str, ...],
    code: Path,
    variables: Mapping[str, str],
) -> Command:
    return Command(
        words,
        code,
        folder.log,
        {
            **with_stand_ins(_image(job), variables),
            **string_environment(job.get("Environment"), folder),
        },
        time_limit(dict(job)),
        paths=ContainerPaths(folder.ml, (code,)),
    )


def _toolkit_arguments(hps: Mapping[str, Any]) -> list[str]:
    """Sorted; a name of one letter gets one dash, a mapping is written ``a=1,b=2``."""
    arguments = []
    for key in sorted(hps):
        arguments += [f"--{key}" if len(key) > 1 else f"-{key}", _as_argument(hps[key])]
    return arguments


def _as_argument(value: Any) -> str:
    if isinstance(value, dict):
        return ",".join(f"{key}={item}" for key, item in sorted(value.items()))
    return "" if value is None else str(value)


def _note_requirements(folder: JobFolder) -> None:
    folder.note("requirements are not installed; the script runs in this environment.")


def _read_json(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
