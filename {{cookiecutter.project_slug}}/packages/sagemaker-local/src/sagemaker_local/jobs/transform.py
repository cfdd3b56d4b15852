"""A transform job: a model answers for every file under the input.

The files are read where they are in the bucket; what the model answers reaches the bucket when all
of them are done, so there is no partial output. How the job's process does it: ``serving``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sagemaker_local.cache.signature import Signing
from sagemaker_local.definition.support import Settings, table
from sagemaker_local.errors import StepFailure
from sagemaker_local.jobs import transform_capture
from sagemaker_local.jobs.folder import JobFolder
from sagemaker_local.jobs.hosts import Host, hosts_of, run_all
from sagemaker_local.jobs.kind import JobContext, JobKind
from sagemaker_local.jobs.refusals import AUGMENTED, source_refusals
from sagemaker_local.jobs.transform_model import TransformModel
from sagemaker_local.jobs.transform_records import record_refusals
from sagemaker_local.processes.runner import Launch
from sagemaker_local.registry.models import containers_of, serial_of
from sagemaker_local.serving.jsonpath import parse
from sagemaker_local.storage.bucket import Bucket
from sagemaker_local.storage.content import files_below
from sagemaker_local.storage.manifest import MANIFEST, objects

_ANSWERS = "answers"
_MOST_MEGABYTES = 100

SETTINGS = Settings(
    table(
        "ModelName TransformInput TransformOutput BatchStrategy MaxPayloadInMB "
        "MaxConcurrentTransforms DataProcessing Environment TransformResources DataCaptureConfig",
        "TransformJobName ModelClientConfig ExperimentConfig Tags",
    ),
    ignored_below=("InstanceType", "KmsKeyId", "VolumeKmsKeyId"),
)


def refusals(request: dict[str, Any]) -> Iterator[str]:
    """Why a request cannot run here; a job asks again when its expressions are resolved."""
    if not request.get("ModelName"):
        yield "it has no ModelName; give it one, such as Steps.<name>.ModelName of a Model step"
    source = request["TransformInput"]
    yield from _type_refusals(_location(request).get("S3DataType"))
    split = source.get("SplitType", "None")
    if split not in ("None", "Line") and not isinstance(split, dict):
        yield f"SplitType {split} is not read locally; use Line or None"
    yield from _size_refusals(
        request.get("MaxPayloadInMB", 0), request.get("MaxConcurrentTransforms", 0)
    )
    yield from record_refusals(request)
    yield from transform_capture.refusals(request)


def _type_refusals(data_type: Any) -> Iterator[str]:
    if data_type == AUGMENTED:
        yield (
            f"TransformInput: {AUGMENTED} is no data type of a transform job (API reference, "
            f"TransformS3DataSource); use S3Prefix or {MANIFEST}"
        )
    else:
        yield from source_refusals("TransformInput", None, data_type)


def _size_refusals(megabytes: Any, at_once: Any) -> Iterator[str]:
    if isinstance(megabytes, dict):
        return
    if megabytes > _MOST_MEGABYTES:
        yield f"MaxPayloadInMB is {megabytes}, and may be at most {_MOST_MEGABYTES}"
    elif not isinstance(at_once, dict) and megabytes * at_once > _MOST_MEGABYTES:
        yield (
            f"MaxConcurrentTransforms times MaxPayloadInMB is {megabytes * at_once}, and may be "
            f"at most {_MOST_MEGABYTES}"
        )


def run(job: dict[str, Any], context: JobContext) -> dict[str, Any]:
    """Run one job; outputs reach the bucket only if it succeeds.

    Args:
        job: its Describe response so far, the Create request in it.
        context: its folder, bucket, launcher, and the store that has the model.

    Returns:
        Members to add to the Describe response: none.

    Raises:
        StepFailure: what it asks for is not run here, the model does not serve, or a record
            failed; names the file and the record.
        LocalError: the input or the model's artifacts are not there.
    """
    folder, bucket = context.folder, context.bucket
    refused = "; ".join(refusals(job))
    if refused:
        raise StepFailure(refused)
    _note_refused_paths(job, folder)
    model = TransformModel(serial_of(job["ModelName"], context.store), job, bucket)
    files = _files(job, bucket, folder)
    # Files are what hosts share; a host without one would do nothing.
    hosts = hosts_of(folder, min(host_count(job), len(files)))
    tasks: dict[str, dict[str, Any]] = {
        host.name: {
            "request": job,
            **model.prepared(host.folder),
            "files": files[host.number :: len(hosts)],
            "inference_time": transform_capture.inference_time(job),
            "message": str(host.folder.make("output") / "failure"),
        }
        for host in hosts
    }

    def run_one(host: Host, launch: Launch) -> None:
        model.run(host.folder, tasks[host.name], launch)

    run_all(hosts, context.launch, run_one)
    _refuse_unwritten(files)
    bucket.collect(folder.path / _ANSWERS, job["TransformOutput"]["S3OutputPath"])
    transform_capture.write(job, [file["name"] for file in files], folder, bucket)
    return {}


def host_count(job: dict[str, Any]) -> int:
    """How many hosts a request asks for."""
    return int(job.get("TransformResources", {}).get("InstanceCount", 1))


def _note_refused_paths(job: dict[str, Any], folder: JobFolder) -> None:
    for name in ("InputFilter", "OutputFilter"):
        path = parse(job.get("DataProcessing", {}).get(name, "$"))
        if path.refused_by_the_service:
            folder.note(
                f"the managed service has refused {path.refused_by_the_service!r} in a JSONPath; "
                f"the {name} {path.text} may not work there."
            )


def _files(job: dict[str, Any], bucket: Bucket, folder: JobFolder) -> list[dict[str, str]]:
    """The input's files, where they are, and where their outputs go."""
    source = _location(job)
    _, found = objects(bucket, source["S3Uri"], source.get("S3DataType"))
    answers = folder.path / _ANSWERS
    return [
        {"name": name, "path": str(file), "output": str(answers / f"{name}.out")}
        for file, name in found
    ]


def _location(job: dict[str, Any]) -> dict[str, Any]:
    """Where the input is."""
    return dict(job["TransformInput"]["DataSource"]["S3DataSource"])


def _refuse_unwritten(files: list[dict[str, str]]) -> None:
    """A script that ends the process, by ``sys.exit(0)``, has not done its work."""
    for file in files:
        if not Path(file["output"]).is_file():
            raise StepFailure(f"the model's script ended before it had answered for {file['name']}")


def outputs(job: dict[str, Any], folder: JobFolder) -> dict[str, Path]:
    """URIs of the objects that a completed job wrote, and the files that they are copies of."""
    target = job["TransformOutput"]["S3OutputPath"].rstrip("/")
    answers = {f"{target}/{name}": file for file, name in files_below(folder.path / _ANSWERS)}
    return answers | transform_capture.outputs(job, folder)


def sign(signing: Signing, request: dict[str, Any]) -> None:
    """Add what makes a job's result to a signature."""
    signing.settings(request, "DataProcessing", "BatchStrategy", "MaxPayloadInMB", "Environment")
    source = dict(request["TransformInput"])
    location = dict(source.pop("DataSource")["S3DataSource"])
    signing.content("input", location.pop("S3Uri"), data_type=location.get("S3DataType"))
    signing.setting("input", {**source, **location})
    target = request.get("TransformOutput", {})
    kept = {key: target[key] for key in ("Accept", "AssembleWith") if key in target}
    signing.setting("output", kept)
    # Whoever looks for captures looks at their destination, so it counts, unlike the output's.
    capture = dict(request.get(transform_capture.MEMBER, {}))
    capture.pop("KmsKeyId", None)
    signing.setting("capture", capture)
    _sign_model(signing, request.get("ModelName", ""))


def _sign_model(signing: Signing, name: str) -> None:
    """Add what a model is made of: its name is another one in every execution."""
    for container in containers_of(name, signing.store):
        settings = dict(container)
        source = settings.pop("ModelDataSource", {}).get("S3DataSource", {})
        uri = settings.pop("ModelDataUrl", None) or source.get("S3Uri")
        if uri:
            signing.content("model", uri)
        signing.setting("model", settings)


KIND = JobKind(
    resource="transform-job",
    noun="TransformJob",
    settings=SETTINGS,
    refusals=refusals,
    run=run,
    outputs=outputs,
    sign=sign,
    hosts=host_count,
)
