"""Inputs and outputs of processing steps, each named after its folder in the job."""

from typing import Any

ROOT = "/opt/ml/processing"


def processing_input(name: str, uri: Any) -> Any:
    """Data that a job finds in ``/opt/ml/processing/input/<name>``.

    Args:
        name: of the channel.
        uri: an S3 URI, or a value that is known only when the pipeline runs.
    """
    from sagemaker.core.shapes import ProcessingInput, ProcessingS3Input

    source = ProcessingS3Input(
        s3_uri=uri,
        local_path=input_path(name),
        s3_data_type="S3Prefix",
        s3_input_mode="File",
    )
    return ProcessingInput(input_name=name, s3_input=source)


def processing_output(name: str) -> Any:
    """A folder that a job fills, ``/opt/ml/processing/output/<name>``.

    It goes below ``<pipeline>/<execution>/<step>/output/<name>`` in the session's bucket.
    """
    from sagemaker.core.shapes import ProcessingOutput, ProcessingS3Output

    target = ProcessingS3Output(
        s3_uri="auto", local_path=output_path(name), s3_upload_mode="EndOfJob"
    )
    return ProcessingOutput(output_name=name, s3_output=target)


def input_path(name: str) -> str:
    """Where a job finds an input."""
    return f"{ROOT}/input/{name}"


def output_path(name: str = "") -> str:
    """Where a job leaves an output; without a name, the folder of them all."""
    return f"{ROOT}/output/{name}".rstrip("/")


def output_uri(step: Any, name: str) -> Any:
    """Where a step's output will be, for the inputs of later steps."""
    return step.properties.ProcessingOutputConfig.Outputs[name].S3Output.S3Uri
