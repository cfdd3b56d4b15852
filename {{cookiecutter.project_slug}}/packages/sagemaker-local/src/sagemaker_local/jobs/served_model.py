"""A model's script: where a job, or an endpoint, that the model answers for finds it.

It is the model's own, or what an algorithm of SageMaker's does for a model without one.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sagemaker_local.errors import StepFailure
from sagemaker_local.jobs import algorithm
from sagemaker_local.jobs.built_in import BuiltIn
from sagemaker_local.jobs.container_images import framework_of, is_tensorflow_serving, own_program
from sagemaker_local.jobs.folder import JobFolder
from sagemaker_local.jobs.stand_ins import with_stand_ins
from sagemaker_local.storage import archive
from sagemaker_local.storage.bucket import Bucket

_CODE = "/opt/ml/model/code"

PROGRAM = "SAGEMAKER_PROGRAM"
_ACCEPT = "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT"
_BUILT_IN = {"code": str(algorithm.PROGRAM.parent), "program": algorithm.PROGRAM.name}


def refusal(image: Any, environment: Mapping[str, Any]) -> str | None:
    """Why a model cannot answer here; None: it can, with its script or as a built-in algorithm.

    Args:
        image: the container's.
        environment: the container's variables.
    """
    if is_tensorflow_serving(image):
        return (
            f"the model's image {image!r} answers with TensorFlow Serving, which needs Docker; "
            "give the model another image, and a script with model_fn"
        )
    if environment.get(PROGRAM) or is_built_in(image, environment):
        return None
    return (
        f"the model has no script, and {own_program(image)} needs Docker; give its Environment "
        f"{PROGRAM}, the script, and SAGEMAKER_SUBMIT_DIRECTORY, such as {_CODE}"
    )


def is_built_in(image: Any, environment: Mapping[str, Any]) -> bool:
    """Does the image's own algorithm serve a model? It does where no script is named.

    The SDK's framework models without an entry point have an empty name.
    """
    return _algorithm(image, environment) is not None


def _algorithm(image: Any, environment: Mapping[str, Any]) -> BuiltIn | None:
    return None if environment.get(PROGRAM) else algorithm.of(image)


def script_of(
    image: str, environment: dict[str, str], folder: JobFolder, bucket: Bucket
) -> dict[str, str]:
    """The folder of the model's script, and its name.

    Args:
        image: the container's.
        environment: the container's variables.
        folder: with the model's files in its ``model``.
        bucket: where the script may be, if not there.

    Raises:
        StepFailure: the model names no script, or one that is not there.
    """
    if is_built_in(image, environment):
        return dict(_BUILT_IN)
    refused = refusal(image, environment)
    if refused:
        raise StepFailure(refused)
    program = environment[PROGRAM]
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


def model_variables(
    image: str, environment: Mapping[str, str], folder: JobFolder, is_batch: bool = False
) -> dict[str, str]:
    """What a container that serves a model is told, and with it what its algorithm answers with."""
    found, answers = _algorithm(image, environment), {}
    if found:
        answers = {
            _ACCEPT: found.batch_accept if is_batch else found.accept,
            "SAGEMAKER_ALGORITHM": found.serving,
            "SAGEMAKER_ALGORITHM_VERSION": found.version(image),
        }
    if framework := framework_of(image):
        answers["SAGEMAKER_LOCAL_DEFAULTS"] = framework
    model = str(Path(folder.ml, "model"))
    variables = {**answers, "SM_MODEL_DIR": model, "SAGEMAKER_BASE_DIR": str(folder.ml)}
    return with_stand_ins(image, variables)
