"""Inputs, outputs and arguments of steps; a channel is named after its folder in the job."""

from collections.abc import Mapping
from typing import Any

from ..errors import ProjectError

ROOT = "/opt/ml/processing"


def processing_inputs(sources: Mapping[str, Any], shared: str = "") -> list[Any]:
    """Inputs of a processing step, each a folder in its job.

    Args:
        sources: S3 URIs, or values that are known only when the pipeline runs, by channel.
        shared: the channel whose files the job's hosts share; all other files are on each host.
    """
    return [processing_input(name, uri, name == shared) for name, uri in sources.items()]


def processing_input(name: str, uri: Any, shared: bool = False) -> Any:
    """Data that a job finds in ``/opt/ml/processing/input/<name>``.

    Args:
        name: of the channel.
        uri: an S3 URI, or a value that is known only when the pipeline runs.
        shared: each host of the job gets some of the files.
    """
    from sagemaker.core.shapes import ProcessingInput, ProcessingS3Input

    source = ProcessingS3Input(
        s3_uri=uri,
        local_path=input_path(name),
        s3_data_type="S3Prefix",
        s3_input_mode="File",
        **({"s3_data_distribution_type": "ShardedByS3Key"} if shared else {}),
    )
    return ProcessingInput(input_name=name, s3_input=source)


def processing_output(name: str, uri: Any = None) -> Any:
    """A folder that a job fills, ``/opt/ml/processing/output/<name>``.

    It goes below ``<pipeline>/<execution>/<step>/output/<name>`` in the session's bucket, of a job
    outside a pipeline below ``<job>/output/<name>``.

    Args:
        name: of the output.
        uri: an S3 URI that it goes to instead.
    """
    from sagemaker.core.shapes import ProcessingOutput, ProcessingS3Output

    target = ProcessingS3Output(
        s3_uri=uri or "auto", local_path=output_path(name), s3_upload_mode="EndOfJob"
    )
    return ProcessingOutput(output_name=name, s3_output=target)


def training_channels(sources: Mapping[str, Any]) -> list[Any]:
    """Channels of a training step, each a folder ``SM_CHANNEL_<NAME>`` in its job.

    Args:
        sources: S3 URIs, or values that are known only when the pipeline runs, by channel.
    """
    from sagemaker.core.training.configs import InputData

    return [InputData(channel_name=name, data_source=uri) for name, uri in sources.items()]


def arguments(options: Mapping[str, Any]) -> list[Any]:
    """A script's command line: ``--name value`` for each option that is given.

    SageMaker refuses a job that has an empty word on its command line.

    Args:
        options: texts, "" for what is not given, or values that are known only when the pipeline
            runs.

    Raises:
        ProjectError: a parameter of the pipeline has an empty default, and so may be empty.
    """
    for name, value in options.items():
        if getattr(value, "default_value", None) == "":
            raise ProjectError(
                f"the pipeline's parameter {value.name} is empty unless a start gives it, and "
                f"SageMaker refuses an empty --{name}; give it a default, or leave it out"
            )
    given = {name: value for name, value in options.items() if value != ""}
    return [word for name, value in given.items() for word in (f"--{name}", value)]


def input_path(name: str = "") -> str:
    """Where a job finds an input; without a name, the folder of them all."""
    return f"{ROOT}/input/{name}".rstrip("/")


def output_path(name: str = "") -> str:
    """Where a job leaves an output; without a name, the folder of them all."""
    return f"{ROOT}/output/{name}".rstrip("/")


def output_uri(step: Any, name: str) -> Any:
    """Where a step's output will be, for the inputs of later steps."""
    return step.properties.ProcessingOutputConfig.Outputs[name].S3Output.S3Uri
