"""The ``SM_*`` variables of a training job, as whoever calls the script in a container sets them.

Two do: the SDK's driver (``container_drivers/scripts/environment.py``) for what ModelTrainer made,
and the sagemaker-training-toolkit (``environment.py``, ``mapping.py``) for a ``sourcedir.tar.gz``.
They agree on most names, and neither on how a value is written nor on what a name may contain.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from sagemaker_local.jobs.folder import JobFolder
from sagemaker_local.jobs.hosts import FIRST, Host

# What SM_TRAINING_ENV repeats of the other variables, by their names without SM_.
_DRIVER_TRAINING_ENV = (
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
_TOOLKIT_TRAINING_ENV = (
    "current_host",
    "current_instance_type",
    "hosts",
    "input_config_dir",
    "input_data_config",
    "input_dir",
    "log_level",
    "model_dir",
    "module_dir",
    "module_name",
    "network_interface_name",
    "num_cpus",
    "num_gpus",
    "output_data_dir",
    "output_dir",
    "output_intermediate_dir",
    "resource_config",
    "user_entry_point",
)


def hyperparameters(job: Mapping[str, Any], folder: JobFolder) -> dict[str, Any]:
    """A job's hyperparameters as scripts see them: JSON read, ``/opt/ml`` the job's folder."""
    found = {key: deserialized(value) for key, value in job.get("HyperParameters", {}).items()}
    return {
        key: folder.rewrite(value) if isinstance(value, str) else value
        for key, value in found.items()
    }


def resources(job: Mapping[str, Any], host: Host) -> dict[str, Any]:
    """``resourceconfig.json`` of a host of a training job."""
    return host.resource_config(str(job.get("ResourceConfig", {}).get("InstanceType", "local")))


def driver_variables(
    job: Mapping[str, Any],
    host: Host,
    channels: Mapping[str, Any],
    script: str,
    code_channel: str,
) -> dict[str, str]:
    """The variables that the SDK's driver exports.

    Args:
        job: the Describe response so far.
        host: one of the job's.
        channels: ``inputdataconfig.json``.
        script: the entry script, below the code channel.
        code_channel: the channel that holds it.
    """
    folder = host.folder
    hps = hyperparameters(job, folder)
    values = {
        **_common(job, host, channels, hps),
        "SM_INPUT_DATA_DIR": folder.rewrite("/opt/ml/input/data"),
        "SM_OUTPUT_FAILURE": folder.rewrite("/opt/ml/output/failure"),
        "SM_SOURCE_DIR": folder.rewrite(f"/opt/ml/input/data/{code_channel}"),
        "SM_ENTRY_SCRIPT": script,
        "SM_CHANNELS": list(channels),
        "SM_CURRENT_HOST_RANK": host.rank,
        "SM_HOST_COUNT": len(host.names),
        "SM_MASTER_ADDR": FIRST,
        "SM_MASTER_PORT": 7777,
        "SM_NUM_NEURONS": 0,
        "SM_LOG_LEVEL": os.environ.get("SM_LOG_LEVEL", 20),
    }
    for key, value in hps.items():
        values[f"SM_HP_{key.replace('-', '_').upper()}"] = value
    values["SM_TRAINING_ENV"] = {
        **_named(values, _DRIVER_TRAINING_ENV),
        "channel_input_dirs": _channel_folders(folder, channels),
        "hyperparameters": hps,
        "job_name": job["TrainingJobName"],
    }
    return {name: serialized(value) for name, value in values.items()}


def algorithm_variables(
    job: Mapping[str, Any], host: Host, channels: Mapping[str, Any]
) -> dict[str, str]:
    """The variables that a built-in algorithm's program finds.

    Args:
        job: the Describe response so far.
        host: the job's.
        channels: ``inputdataconfig.json``.
    """
    values = _common(job, host, channels, hyperparameters(job, host.folder))
    return {name: _compact(value) for name, value in values.items()}


def toolkit_variables(
    job: Mapping[str, Any],
    host: Host,
    channels: Mapping[str, Any],
    settings: Mapping[str, Any],
    hps: Mapping[str, Any],
    arguments: list[str],
) -> dict[str, str]:
    """The variables that the sagemaker-training-toolkit exports.

    Args:
        job: the Describe response so far.
        host: one of the job's.
        channels: ``inputdataconfig.json``.
        settings: the hyperparameters that are meant for the toolkit.
        hps: those that are meant for the script.
        arguments: the script's.
    """
    folder = host.folder
    program = str(settings["sagemaker_program"])
    values = {
        **_common(job, host, channels, hps),
        "SM_CHANNELS": sorted(channels),
        "SM_FRAMEWORK_MODULE": None,
        "SM_FRAMEWORK_PARAMS": {},
        "SM_LOG_LEVEL": settings.get("sagemaker_container_log_level", 20),
        "SM_MODULE_DIR": str(settings["sagemaker_submit_directory"]),
        "SM_MODULE_NAME": program.removesuffix(".py"),
        "SM_OUTPUT_INTERMEDIATE_DIR": folder.rewrite("/opt/ml/output/intermediate"),
        "SM_USER_ARGS": arguments,
        "SM_USER_ENTRY_POINT": program,
    }
    # A dash stays, as in SM_HP_BATCH-SIZE: a shell cannot read it, os.environ can.
    values |= {f"SM_HP_{key.upper()}": value for key, value in hps.items()}
    values["SM_TRAINING_ENV"] = {
        **_named(values, _TOOLKIT_TRAINING_ENV),
        "additional_framework_parameters": {},
        "channel_input_dirs": _channel_folders(folder, channels),
        "framework_module": None,
        "hyperparameters": hps,
        "is_master": host.name == FIRST,
        "job_name": job["TrainingJobName"],
        "master_hostname": FIRST,
    }
    values["CURRENT_HOST"] = values["SM_CURRENT_HOST"]
    values["SAGEMAKER_JOB_NAME"] = settings.get("sagemaker_job_name")
    values["SAGEMAKER_REGION"] = settings.get(
        "sagemaker_region", job["TrainingJobArn"].split(":")[3]
    )
    return {name: _compact(value) for name, value in values.items()}


def _common(
    job: Mapping[str, Any],
    host: Host,
    channels: Mapping[str, Any],
    hps: Mapping[str, Any],
) -> dict[str, Any]:
    folder, hosts = host.folder, resources(job, host)
    values = {
        "SM_MODEL_DIR": folder.rewrite("/opt/ml/model"),
        "SM_INPUT_DIR": folder.rewrite("/opt/ml/input"),
        "SM_INPUT_CONFIG_DIR": folder.rewrite("/opt/ml/input/config"),
        "SM_OUTPUT_DIR": folder.rewrite("/opt/ml/output"),
        "SM_OUTPUT_DATA_DIR": folder.rewrite("/opt/ml/output/data"),
        "SM_INPUT_DATA_CONFIG": channels,
        "SM_HPS": hps,
        "SM_CURRENT_HOST": hosts["current_host"],
        "SM_CURRENT_INSTANCE_TYPE": hosts["current_instance_type"],
        "SM_HOSTS": hosts["hosts"],
        "SM_NETWORK_INTERFACE_NAME": hosts["network_interface_name"],
        "SM_NUM_CPUS": os.cpu_count() or 1,
        "SM_NUM_GPUS": 0,
        "SM_RESOURCE_CONFIG": hosts,
        "TRAINING_JOB_NAME": job["TrainingJobName"],
        "TRAINING_JOB_ARN": job["TrainingJobArn"],
    }
    paths = _channel_folders(folder, channels).items()
    return values | {f"SM_CHANNEL_{name.upper()}": path for name, path in paths}


def _channel_folders(folder: JobFolder, channels: Mapping[str, Any]) -> dict[str, str]:
    return {name: folder.rewrite(f"/opt/ml/input/data/{name}") for name in channels}


def _named(values: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: values[f"SM_{name.upper()}"] for name in names}


def serialized(value: Any) -> str:
    """A value as the SDK's driver writes it into an argument or a variable."""
    return value if isinstance(value, str) else json.dumps(value)


def deserialized(value: Any) -> Any:
    """A hyperparameter as driver and toolkit read it: JSON if it is that, else the string."""
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return value


def _compact(value: Any) -> str:
    """A value as the toolkit writes it into a variable."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
