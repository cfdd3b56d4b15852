"""A model's own script: where a job, or an endpoint, that the model answers for finds it."""

from __future__ import annotations

from pathlib import Path

from sagemaker_local.errors import StepFailure
from sagemaker_local.jobs.folder import JobFolder
from sagemaker_local.storage import archive
from sagemaker_local.storage.bucket import Bucket

_CODE = "/opt/ml/model/code"

PROGRAM = "SAGEMAKER_PROGRAM"
NO_SCRIPT = (
    "the model has no script, and a built-in algorithm's container runs in Docker only; give its "
    f"Environment {PROGRAM}, the script, and SAGEMAKER_SUBMIT_DIRECTORY, such as /opt/ml/model/code"
)


def script_of(environment: dict[str, str], folder: JobFolder, bucket: Bucket) -> dict[str, str]:
    """The folder of the model's script, and its name.

    Args:
        environment: the container's variables.
        folder: with the model's files in its ``model``.
        bucket: where the script may be, if not there.

    Raises:
        StepFailure: the model names no script, or one that is not there.
    """
    program = environment.get(PROGRAM, "")
    if not program:
        raise StepFailure(NO_SCRIPT)
    submitted = environment.get("SAGEMAKER_SUBMIT_DIRECTORY") or _CODE
    code = folder.here(submitted)
    if submitted.startswith("s3://"):
        code = folder.make("code")
        archive.unpack(bucket.existing(submitted), code)
    program = f"{program.removesuffix('.py')}.py"
    if not (code / program).is_file():
        raise StepFailure(f"the model's script {program} is not in {submitted}; pack it there")
    folder.note_requirements(code)
    return {"code": str(code), "program": program}


def model_variables(folder: JobFolder) -> dict[str, str]:
    """What every container that serves a model is told."""
    return {"SM_MODEL_DIR": str(Path(folder.ml, "model")), "SAGEMAKER_BASE_DIR": str(folder.ml)}
