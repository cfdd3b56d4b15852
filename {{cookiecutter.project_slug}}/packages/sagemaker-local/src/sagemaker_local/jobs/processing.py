"""A processing job: its inputs below ``/opt/ml/processing``, a program, its outputs to the bucket.

Layout: "Run Scripts with Your Own Processing Container" in the SageMaker Developer Guide.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sagemaker_local.cache.signature import ORDER, Signing
from sagemaker_local.definition.support import Settings, table
from sagemaker_local.errors import StepFailure
from sagemaker_local.jobs import links
from sagemaker_local.jobs.folder import JobFolder, string_environment
from sagemaker_local.jobs.hosts import (
    Host,
    astray,
    hosts_of,
    run_all,
    say_differing,
    say_if_empty,
)
from sagemaker_local.jobs.inputs import Inputs
from sagemaker_local.jobs.kind import JobContext, JobKind
from sagemaker_local.jobs.processing_refusals import (
    CONTAINER_ROOT,
    is_python,
    refusals,
    script_of,
)
from sagemaker_local.jobs.program import run_to_success, time_limit
from sagemaker_local.processes.container_paths import ROOT, ContainerPaths
from sagemaker_local.processes.runner import Command, Launch
from sagemaker_local.storage import archive
from sagemaker_local.storage.bucket import Bucket
from sagemaker_local.storage.content import files_below

_FRAMEWORK_SCRIPT = "runproc.sh"
_FRAMEWORK_CALL = re.compile(
    r'^(?P<interpreter>(?:python3?|(?:/bin/)?(?:ba)?sh)(?: -\S+)*) (?P<script>\S+) "\$@"$',
    re.MULTILINE,
)
# What is in a job's folder beside its inputs and outputs.
_ENGINES_OWN = (f"{ROOT}/config/", f"{ROOT}/output/message")
_MAX_MESSAGE = 1024  # bytes
_ONE_DAY_SECONDS = 86400  # what the service gives a job that says nothing
# An entrypoint that calls a Python script, whose imports can be read; FrameworkProcessor's last.
_SCRIPTS = (".py", _FRAMEWORK_SCRIPT)

SETTINGS = Settings(
    table(
        "AppSpecification ProcessingInputs ProcessingOutputConfig Environment StoppingCondition "
        "ProcessingResources",
        "ProcessingJobName RoleArn NetworkConfig ExperimentConfig Tags",
    ),
    ignored_below=(
        *("FeatureStoreOutput", "InstanceType", "KmsKeyId", "VolumeKmsKeyId", "VolumeSizeInGB"),
    ),
    ignored_values={"S3UploadMode": "Continuous"},  # outputs go up at the end
)


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
    hosts = hosts_of(context.folder, host_count(job))
    for host in hosts:
        _stage(job, _outputs(job), host, context.inputs)
        host.folder.make("output")

    def run_one(host: Host, launch: Launch) -> None:
        folder = host.folder
        run_to_success(_command(job, folder), folder, launch, _message(folder))

    run_all(hosts, context.launch, run_one)
    _collect(job, hosts, context.bucket)
    return {}


def host_count(job: dict[str, Any]) -> int:
    """How many hosts a request asks for."""
    cluster = job.get("ProcessingResources", {}).get("ClusterConfig", {})
    return int(cluster.get("InstanceCount", 1))


def _message(folder: JobFolder) -> Path:
    """The file in which a job may leave its own words, whether it succeeds or not."""
    return folder.ml / "output" / "message"


def ends_with(folder: JobFolder) -> dict[str, str]:
    """The first kilobyte of those words, as the service describes an ended job.

    "Save and Access Metadata Information About Your Processing Job" in the Developer Guide.
    """
    for file in map(_message, (folder, *folder.of_other_hosts())):
        said = file.read_bytes()[:_MAX_MESSAGE].decode("utf-8", "ignore") if file.is_file() else ""
        if said:
            return {"ExitMessage": said}
    return {}


def _stage(
    request: dict[str, Any], outputs: list[dict[str, Any]], host: Host, inputs: Inputs
) -> None:
    folder = host.folder
    for item in request.get("ProcessingInputs", []):
        source = item["S3Input"]
        target = folder.here(source["LocalPath"])
        target.mkdir(parents=True, exist_ok=True)
        share = host.share(source.get("S3DataDistributionType"))
        inputs.put(source["S3Uri"], target, share, source.get("S3DataType"))
    for item in outputs:
        folder.here(item["S3Output"]["LocalPath"]).mkdir(parents=True, exist_ok=True)
    cluster = request.get("ProcessingResources", {}).get("ClusterConfig", {})
    folder.write_json("config/processingjobconfig.json", request)
    folder.write_json(
        "config/resourceconfig.json",
        host.resource_config(str(cluster.get("InstanceType", "local"))),
    )


def _command(request: dict[str, Any], folder: JobFolder) -> Command:
    specification = request["AppSpecification"]
    entrypoint = [folder.rewrite(str(part)) for part in specification["ContainerEntrypoint"]]
    arguments = [folder.rewrite(str(part)) for part in specification.get("ContainerArguments", [])]
    if is_python(entrypoint[0]):
        entrypoint[0] = "python3"
    words = [*specification["ContainerEntrypoint"], *specification.get("ContainerArguments", [])]
    _refuse_missing(script_of(words), folder)
    cwd, unpacked = folder.ml, list[Path]()
    root: Path | None = folder.root
    if Path(entrypoint[-1]).name == _FRAMEWORK_SCRIPT:
        entrypoint, cwd = _framework_entrypoint(Path(entrypoint[-1]), folder)
        root, unpacked = None, [cwd]
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
        paths=ContainerPaths(folder.ml, (*_code(request, folder), *unpacked), root),
    )


def _refuse_missing(script: str, folder: JobFolder) -> None:
    if script and not folder.here(script).is_file():
        raise StepFailure(f"the entrypoint names {script}, and no input has brought that file.")


def _code(request: dict[str, Any], folder: JobFolder) -> tuple[Path, ...]:
    """The folders of the inputs that have a part of the entrypoint."""
    parts = [str(part) for part in request["AppSpecification"]["ContainerEntrypoint"]]
    places = [item["S3Input"]["LocalPath"] for item in request.get("ProcessingInputs", [])]
    found = [place for place in places if any(part.startswith(place) for part in parts)]
    return tuple(folder.here(place) for place in found)


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
    folder.note_requirements(code)
    if not (code / call["script"]).is_file():
        named = call["script"]
        raise StepFailure(f"the entrypoint names {named}, and {source.name} has no such file.")
    return [*call["interpreter"].split(), str(code / call["script"])], code


def _collect(job: dict[str, Any], hosts: tuple[Host, ...], bucket: Bucket) -> None:
    own = _own_folders(job)
    if not _outputs(job) and (file := astray(hosts, own, (CONTAINER_ROOT,))):
        hosts[0].folder.say(f"{file} was written, and goes nowhere: the request has no outputs")
    for item in _outputs(job):
        path, what = item["S3Output"]["LocalPath"], f"the output {item['OutputName']!r}"
        links.leave_out(what, hosts, path)
        say_if_empty(what, hosts, path, own, (CONTAINER_ROOT, f"{ROOT}/"))
        say_differing(what, hosts, path)
        for host in hosts:
            bucket.collect(host.folder.here(path), item["S3Output"]["S3Uri"])


def _own_folders(job: dict[str, Any]) -> tuple[str, ...]:
    """What the paths in the folders of inputs and outputs begin with, and of the engine's files."""
    items = [item.get("S3Input", {}) for item in job.get("ProcessingInputs", [])]
    items += [item["S3Output"] for item in _outputs(job)]
    return (*(f"{item['LocalPath'].rstrip('/')}/" for item in items if item), *_ENGINES_OWN)


def _outputs(job: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = job.get("ProcessingOutputConfig", {}).get("Outputs", [])
    return found


def outputs(job: dict[str, Any], folder: JobFolder) -> dict[str, Path]:
    """URIs of the objects that a completed job wrote, and the files that they are copies of."""
    targets = [item["S3Output"] for item in _outputs(job)]
    return {
        f"{target['S3Uri'].rstrip('/')}/{name}": file
        for target in targets
        for host in hosts_of(folder, host_count(job))
        for file, name in files_below(host.folder.here(target["LocalPath"]))
    }


def sign(signing: Signing, request: dict[str, Any]) -> None:
    """Add what makes a job's result to a signature."""
    _sign_application(signing, request["AppSpecification"])
    signing.hosts(host_count(request))
    signing.setting("environment", request.get("Environment", {}))
    for item in request.get("ProcessingInputs", []):
        name = f"input {item['InputName']}"
        source = dict(item["S3Input"])
        signing.content(name, source.pop("S3Uri"), data_type=source.get("S3DataType"))
        signing.setting(name, source)
    for item in _outputs(request):
        signing.setting(f"output {item['OutputName']}", item["S3Output"]["LocalPath"])


def _sign_application(signing: Signing, specification: dict[str, Any]) -> None:
    entrypoint = [str(part) for part in specification.get("ContainerEntrypoint", [])]
    signing.setting("image", specification.get("ImageUri", ""))
    signing.setting("entrypoint", shlex.join(entrypoint))
    signing.program(is_python=any(part.endswith(_SCRIPTS) for part in entrypoint))
    pairs = list(_argument_pairs(specification.get("ContainerArguments", [])))
    for name, value in pairs:
        signing.setting(f"argument {name}", value)
    if pairs:
        signing.setting(ORDER, shlex.join(name for name, _ in pairs))


def _argument_pairs(arguments: list[Any]) -> Iterator[tuple[str, Any]]:
    """``--name value`` as one pair; anything else by its position."""
    items = iter(enumerate(arguments))
    for index, item in items:
        text = str(item)
        if text.startswith("--") and "=" not in text and index + 1 < len(arguments):
            following = str(arguments[index + 1])
            if not following.startswith("--"):
                next(items)
                yield text, following
                continue
        yield (text, "given") if text.startswith("--") else (str(index), text)


KIND = JobKind(
    resource="processing-job",
    noun="ProcessingJob",
    settings=SETTINGS,
    refusals=refusals,
    run=run,
    outputs=outputs,
    sign=sign,
    defaults={"StoppingCondition": {"MaxRuntimeInSeconds": _ONE_DAY_SECONDS}},
    ends_with=ends_with,
    hosts=host_count,
)
