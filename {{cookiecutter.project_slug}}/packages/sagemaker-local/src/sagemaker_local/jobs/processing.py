"""A processing job: its inputs below ``/opt/ml/processing``, a program, its outputs to the bucket.

Layout: "Run Scripts with Your Own Processing Container" in the SageMaker Developer Guide.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sagemaker_local.errors import StepFailure
from sagemaker_local.jobs.folder import JobFolder, string_environment
from sagemaker_local.jobs.inputs import Inputs
from sagemaker_local.jobs.kind import JobContext, JobKind
from sagemaker_local.jobs.program import resource_config, run_to_success, time_limit
from sagemaker_local.processes.runner import Command
from sagemaker_local.storage import archive
from sagemaker_local.storage.bucket import Bucket
from sagemaker_local.storage.content import files_below

_FRAMEWORK_SCRIPT = "runproc.sh"
_FRAMEWORK_CALL = re.compile(r'^(?P<interpreter>python3?) (?P<script>\S+) "\$@"$', re.MULTILINE)


def run(job: dict[str, Any], context: JobContext) -> dict[str, Any]:
    """Run one job; outputs reach the bucket only if it succeeds.

    Args:
        job: its Describe response so far, the Create request in it.
        context: its folder, bucket and launcher.

    Returns:
        Members to add to the Describe response.

    Raises:
        StepFailure: the program failed, or did not write an output.
        LocalError: an input is not there.
    """
    folder = context.folder
    outputs = job.get("ProcessingOutputConfig", {}).get("Outputs", [])
    _stage(job, outputs, folder, context.inputs)
    message = folder.make("output") / "message"
    run_to_success(_command(job, folder), folder, context.launch, message)
    _collect(outputs, folder, context.bucket)
    return {}


def _stage(
    request: dict[str, Any], outputs: list[dict[str, Any]], folder: JobFolder, inputs: Inputs
) -> None:
    for item in request.get("ProcessingInputs", []):
        source = item["S3Input"]
        target = folder.here(source["LocalPath"])
        target.mkdir(parents=True, exist_ok=True)
        inputs.put(source["S3Uri"], target)
    for item in outputs:
        folder.here(item["S3Output"]["LocalPath"]).mkdir(parents=True, exist_ok=True)
    cluster = request.get("ProcessingResources", {}).get("ClusterConfig", {})
    folder.write_json("config/processingjobconfig.json", request)
    folder.write_json(
        "config/resourceconfig.json", resource_config(str(cluster.get("InstanceType", "local")))
    )


def _command(request: dict[str, Any], folder: JobFolder) -> Command:
    specification = request["AppSpecification"]
    entrypoint = [folder.rewrite(str(part)) for part in specification["ContainerEntrypoint"]]
    arguments = [folder.rewrite(str(part)) for part in specification.get("ContainerArguments", [])]
    cwd = folder.ml
    if Path(entrypoint[-1]).name == _FRAMEWORK_SCRIPT:
        entrypoint, cwd = _framework_entrypoint(Path(entrypoint[-1]), folder)
    environment = string_environment(request.get("Environment"), folder)
    return Command(
        (*entrypoint, *arguments),
        cwd,
        folder.log,
        {
            "PROCESSING_JOB_NAME": request["ProcessingJobName"],
            "PROCESSING_JOB_ARN": request["ProcessingJobArn"],
            **environment,
        },
        time_limit(request),
    )


def _framework_entrypoint(script: Path, folder: JobFolder) -> tuple[list[str], Path]:
    """What FrameworkProcessor's ``runproc.sh`` does, without its literal ``/opt/ml`` and pip.

    Raises:
        StepFailure: the script was written by hand, so that what it does is not known.
    """
    call = _FRAMEWORK_CALL.search(script.read_text(encoding="utf-8"))
    code = folder.here("/opt/ml/processing/input/code")
    source = code / "sourcedir.tar.gz"
    if call is None or not source.is_file():
        raise StepFailure("a FrameworkProcessor with a custom entry_point is not run locally.")
    archive.unpack(source, code)
    if (code / "requirements.txt").is_file():
        folder.note("requirements.txt is not installed; the script runs in this environment.")
    return [call["interpreter"], str(code / call["script"])], code


def _collect(outputs: list[dict[str, Any]], folder: JobFolder, bucket: Bucket) -> None:
    for item in outputs:
        bucket.collect(folder.here(item["S3Output"]["LocalPath"]), item["S3Output"]["S3Uri"])


def outputs(job: dict[str, Any], folder: JobFolder) -> dict[str, Path]:
    """URIs of the objects that a completed job wrote, and the files that they are copies of."""
    targets = [
        item["S3Output"] for item in job.get("ProcessingOutputConfig", {}).get("Outputs", [])
    ]
    return {
        f"{target['S3Uri'].rstrip('/')}/{name}": file
        for target in targets
        for file, name in files_below(folder.here(target["LocalPath"]))
    }


KIND = JobKind(
    resource="processing-job",
    noun="ProcessingJob",
    metadata="ProcessingJob",
    run=run,
    outputs=outputs,
)
