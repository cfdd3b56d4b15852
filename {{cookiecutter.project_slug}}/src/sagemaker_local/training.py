"""A training job: channels below ``/opt/ml/input/data``, ``SM_*`` variables, a ``model.tar.gz``.

The SDK's ModelTrainer puts a shell script and ``sourcecode.json`` into the ``sm_drivers`` channel;
inside a container they set the variables and call the script. Here the same is done directly, so
that the script can start warm. Layout and variables: the SageMaker Developer Guide, and the SDK's
``container_drivers/scripts/environment.py``.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from sagemaker_local import archive
from sagemaker_local.bucket import Bucket, copy_files
from sagemaker_local.errors import StepFailure
from sagemaker_local.job import (
    JobFolder,
    JobKind,
    Place,
    resource_config,
    run_to_success,
    string_environment,
    time_limit,
)
from sagemaker_local.runner import Command
from sagemaker_local.store import now

CODE_CHANNEL = "code"
DRIVERS_CHANNEL = "sm_drivers"

# What SM_TRAINING_ENV repeats of the other variables, by their names without SM_.
_TRAINING_ENV = (
    "current_host",
    "current_instance_type",
    "hosts",
    "input_config_dir",
    "input_data_config",
    "input_data_dir",
    "input_dir",
    "log_level",
    "master_addr",
    "master_port",
    "model_dir",
    "network_interface_name",
    "num_cpus",
    "num_gpus",
    "num_neurons",
    "output_data_dir",
    "resource_config",
)


def artifacts(job: dict[str, Any]) -> dict[str, Any]:
    """Where the service puts ``model.tar.gz``, as the job's Describe response says it."""
    return {"ModelArtifacts": {"S3ModelArtifacts": f"{_output_prefix(job)}/model.tar.gz"}}


def run(job: dict[str, Any], place: Place) -> dict[str, Any]:
    """Run one job; the model reaches the bucket only if it succeeds.

    Args:
        job: its Describe response so far, the Create request in it.
        place: its folder, bucket and launcher.

    Returns:
        The final metrics, to add to the Describe response.

    Raises:
        StepFailure: the program failed.
        LocalError: a channel is not there.
    """
    folder, bucket = place.folder, place.bucket
    channels = _stage(job, folder, bucket)
    output, model = folder.make("output", "data"), folder.make("model")
    folder.make("checkpoints")
    command = _command(job, folder, channels)
    run_to_success(command, folder, place.launch, folder.ml / "output" / "failure")
    uploads = [(model, "model.tar.gz")]
    if any(output.iterdir()):
        uploads.append((output, "output.tar.gz"))
    for source, file in uploads:
        packed = folder.path / file
        archive.pack(source, packed)
        bucket.upload(packed, f"{_output_prefix(job)}/{file}")
    metrics = final_metrics(job, folder)
    return {"FinalMetricDataList": metrics} if metrics else {}


def final_metrics(request: dict[str, Any], folder: JobFolder) -> list[dict[str, Any]]:
    """``FinalMetricDataList``: the last value that each metric's regex finds in the log."""
    definitions = request.get("AlgorithmSpecification", {}).get("MetricDefinitions", [])
    if not definitions or not folder.log.is_file():
        return []
    values: dict[str, float] = {}
    # Line by line, as the service reads a log: one of 200 MB need not fit into memory.
    with folder.log.open(encoding="utf-8", errors="replace") as log:
        for line in log:
            for definition in definitions:
                value = _last_number(definition["Regex"], line)
                if value is not None:
                    values[definition["Name"]] = value
    return [
        {"MetricName": name, "Value": value, "Timestamp": now()} for name, value in values.items()
    ]


def _last_number(regex: str, line: str) -> float | None:
    """What the first group, or a regex without groups, found last; None if it is no number."""
    *_, last = (None, *re.finditer(regex, line))
    try:
        return float(last[1 if last.re.groups else 0]) if last else None
    except (TypeError, ValueError):
        return None


def _output_prefix(job: dict[str, Any]) -> str:
    target = job["OutputDataConfig"]["S3OutputPath"].rstrip("/")
    return f"{target}/{job['TrainingJobName']}/output"


def _stage(request: dict[str, Any], folder: JobFolder, bucket: Bucket) -> dict[str, Any]:
    """Put channels and configuration files in place; gives ``inputdataconfig.json``."""
    channels = {}
    for channel in request.get("InputDataConfig", []):
        name = channel["ChannelName"]
        source = channel["DataSource"]["S3DataSource"]
        copy_files(bucket.existing(source["S3Uri"]), folder.make("input", "data", name))
        channels[name] = {
            "ContentType": channel.get("ContentType", ""),
            "TrainingInputMode": channel.get("InputMode", "File"),
            "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
            "RecordWrapperType": channel.get("RecordWrapperType", "None"),
        }
    folder.write_json("input/config/hyperparameters.json", request.get("HyperParameters", {}))
    folder.write_json("input/config/inputdataconfig.json", channels)
    folder.write_json("input/config/resourceconfig.json", _resources(request))
    return channels


def _resources(request: dict[str, Any]) -> dict[str, Any]:
    instance = request.get("ResourceConfig", {}).get("InstanceType", "local")
    return resource_config(str(instance))


def _command(request: dict[str, Any], folder: JobFolder, channels: dict[str, Any]) -> Command:
    """What the SDK's driver would run: the entry script with the hyperparameters as arguments.

    Raises:
        StepFailure: the driver does something that is not done here.
    """
    drivers = folder.here(f"/opt/ml/input/data/{DRIVERS_CHANNEL}")
    code = folder.here(f"/opt/ml/input/data/{CODE_CHANNEL}")
    source = _read_json(drivers / "sourcecode.json")
    if _read_json(drivers / "distributed.json"):
        raise StepFailure("distributed training is not run locally; leave out `distributed`.")
    if source.get("command"):
        raise StepFailure("SourceCode(command=...) is not run locally; give an entry_script.")
    if not source.get("entry_script"):
        raise StepFailure("SourceCode names no entry_script; give ModelTrainer one.")
    if source.get("requirements"):
        folder.note("requirements are not installed; the script runs in this environment.")
    arguments: list[str] = []
    for key, value in request.get("HyperParameters", {}).items():
        arguments += [f"--{key}", _serialized(_deserialized(value))]
    environment = string_environment(request.get("Environment"), folder)
    script = str(source["entry_script"])
    variables = _variables(request, folder, channels, script)
    return Command(
        ("python3" if script.endswith(".py") else "/bin/sh", str(code / script), *arguments),
        code,
        folder.log,
        {**variables, **environment},
        time_limit(request),
    )


def _read_json(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def _variables(
    request: dict[str, Any], folder: JobFolder, channels: dict[str, Any], entry_script: str
) -> dict[str, str]:
    """The variables that the SDK's ``environment.py`` exports."""
    hyperparameters = {
        key: _deserialized(value) for key, value in request.get("HyperParameters", {}).items()
    }
    resources = _resources(request)
    values: dict[str, Any] = {
        "SM_MODEL_DIR": folder.rewrite("/opt/ml/model"),
        "SM_INPUT_DIR": folder.rewrite("/opt/ml/input"),
        "SM_INPUT_DATA_DIR": folder.rewrite("/opt/ml/input/data"),
        "SM_INPUT_CONFIG_DIR": folder.rewrite("/opt/ml/input/config"),
        "SM_OUTPUT_DIR": folder.rewrite("/opt/ml/output"),
        "SM_OUTPUT_FAILURE": folder.rewrite("/opt/ml/output/failure"),
        "SM_OUTPUT_DATA_DIR": folder.rewrite("/opt/ml/output/data"),
        "SM_SOURCE_DIR": folder.rewrite(f"/opt/ml/input/data/{CODE_CHANNEL}"),
        "SM_ENTRY_SCRIPT": entry_script,
        "SM_CHANNELS": list(channels),
        "SM_INPUT_DATA_CONFIG": channels,
        "SM_HPS": hyperparameters,
        "SM_CURRENT_HOST": resources["current_host"],
        "SM_CURRENT_INSTANCE_TYPE": resources["current_instance_type"],
        "SM_CURRENT_HOST_RANK": 0,
        "SM_HOSTS": resources["hosts"],
        "SM_HOST_COUNT": 1,
        "SM_MASTER_ADDR": "algo-1",
        "SM_MASTER_PORT": 7777,
        "SM_NETWORK_INTERFACE_NAME": resources["network_interface_name"],
        "SM_NUM_CPUS": os.cpu_count() or 1,
        "SM_NUM_GPUS": 0,
        "SM_NUM_NEURONS": 0,
        "SM_RESOURCE_CONFIG": resources,
        "SM_LOG_LEVEL": os.environ.get("SM_LOG_LEVEL", 20),
        "TRAINING_JOB_NAME": request["TrainingJobName"],
        "TRAINING_JOB_ARN": request["TrainingJobArn"],
    }
    for name in channels:
        values[f"SM_CHANNEL_{name.upper()}"] = folder.rewrite(f"/opt/ml/input/data/{name}")
    for key, value in hyperparameters.items():
        values[f"SM_HP_{key.replace('-', '_').upper()}"] = value
    values["SM_TRAINING_ENV"] = {
        **{name: values[f"SM_{name.upper()}"] for name in _TRAINING_ENV},
        "channel_input_dirs": {name: values[f"SM_CHANNEL_{name.upper()}"] for name in channels},
        "hyperparameters": hyperparameters,
        "job_name": request["TrainingJobName"],
    }
    return {name: _serialized(value) for name, value in values.items()}


def _serialized(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _deserialized(value: Any) -> Any:
    """A hyperparameter as the SDK's driver reads it: JSON if it is that, else the string."""
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return value


KIND = JobKind(
    resource="training-job",
    noun="TrainingJob",
    metadata="TrainingJob",
    run=run,
    defaults={"StoppingCondition": {"MaxRuntimeInSeconds": 86400}},
    starts_with=artifacts,
    outputs=lambda job, folder: [job["ModelArtifacts"]["S3ModelArtifacts"]],
)
