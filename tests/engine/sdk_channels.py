"""Inputs and outputs of processing jobs as the SDK's objects; import it after a session is open."""

from __future__ import annotations

from typing import Any

from sagemaker.core.shapes import (
    ProcessingInput,
    ProcessingOutput,
    ProcessingS3Input,
    ProcessingS3Output,
)


def processing_input(name: str, uri: Any) -> ProcessingInput:
    """Data that a job finds in ``/opt/ml/processing/input/<name>``."""
    return ProcessingInput(
        input_name=name,
        s3_input=ProcessingS3Input(
            s3_uri=uri,
            local_path=f"/opt/ml/processing/input/{name}",
            s3_data_type="S3Prefix",
            s3_input_mode="File",
        ),
    )


def processing_output(name: str, path: str) -> ProcessingOutput:
    """A folder that a job fills."""
    return ProcessingOutput(
        output_name=name,
        s3_output=ProcessingS3Output(s3_uri="auto", local_path=path, s3_upload_mode="EndOfJob"),
    )
