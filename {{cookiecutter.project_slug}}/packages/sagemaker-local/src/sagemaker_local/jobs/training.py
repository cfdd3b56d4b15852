"""A training job: channels below ``/opt/ml/input/data``, a script, a ``model.tar.gz``.

Layout: the SageMaker Developer Guide. ``training_script`` finds the script, ``training_variables``
surrounds it, and ``training_metrics`` reads its log.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sagemaker_local.cache.signature import Signing
from sagemaker_local.definition.expressions import function_of
from sagemaker_local.definition.support import Settings, table
from sagemaker_local.jobs import algorithm, checkpoints, links, remote_function, training_script
from sagemaker_local.jobs.folder import JobFolder
from sagemaker_local.jobs.hosts import Host, hosts_of, run_all, say_differing, say_if_empty
from sagemaker_local.jobs.inputs import Inputs
from sagemaker_local.jobs.kind import JobContext, JobKind
from sagemaker_local.jobs.program import run_to_success
from sagemaker_local.jobs.refusals import source_refusals
from sagemaker_local.jobs.training_metrics import described, final_metrics, regex_refusals
from sagemaker_local.jobs.training_script import DRIVERS_CHANNEL, PROGRAM, SUBMIT_DIRECTORY
from sagemaker_local.jobs.training_variables import resources
from sagemaker_local.processes.runner import Command, Launch
from sagemaker_local.storage import archive
from sagemaker_local.storage.bucket import Bucket, copy_files

_MODEL = "model.tar.gz"
_OUTPUT = "output.tar.gz"
# What a job finds below /opt/ml, and may leave there.
_FOLDERS = tuple(
    f"/opt/ml/{name}"
    for name in ("checkpoints/", "code/", "input/", "output/data/", "output/failure")
)
# In the drivers' channel: what ModelTrainer's SourceCode says.
_SOURCE_CODE = "sourcecode.json"

SETTINGS = Settings(
    table(
        "AlgorithmSpecification HyperParameters InputDataConfig OutputDataConfig Environment "
        "StoppingCondition ResourceConfig CheckpointConfig",
        "TrainingJobName RoleArn VpcConfig Tags "
        "EnableManagedSpotTraining EnableInterContainerTrafficEncryption EnableNetworkIsolation "
        "RemoteDebugConfig TensorBoardOutputConfig RetryStrategy InfraCheckConfig "
        "SessionChainingConfig ProfilerConfig ProfilerRuleConfigurations DebugHookConfig "
        "DebugRuleConfigurations ExperimentConfig",
    ),
    ignored_below=(
        "EnableSageMakerMetricsTimeSeries",
        "InstanceGroupNames",
        "InstancePools",
        "InstanceType",
        "KeepAlivePeriodInSeconds",
        "KmsKeyId",
        "MaxPendingTimeInSeconds",
        "MaxWaitTimeInSeconds",
        "ShuffleConfig",
        "TrainingImageConfig",
        "VolumeKmsKeyId",
        "VolumeSizeInGB",
    ),
)


def refusals(request: dict[str, Any], tuned: tuple[str, ...] = ()) -> Iterator[str]:
    """Why a request cannot run here; ``tuned`` names hyperparameters that a tuning job gives."""
    specification = request.get("AlgorithmSpecification", {})
    channels = request.get("InputDataConfig") or []
    yield from source_refusals("training", specification.get("TrainingInputMode"), None)
    if len(request.get("ResourceConfig", {}).get("InstanceGroups") or []) > 1:
        yield "InstanceGroups: hosts of several kinds are not run locally; give InstanceCount"
    yield from checkpoints.refusals(request)
    for channel in channels:
        if not function_of(channel):  # one that is not of its type is refused already
            yield from _channel_refusals(channel)
    for metric in specification.get("MetricDefinitions") or []:
        yield from regex_refusals(metric)
    if request.get("OutputDataConfig", {}).get("CompressionType", "GZIP") != "GZIP":
        yield "OutputDataConfig.CompressionType: a model is always a model.tar.gz locally"
    settings = request.get("HyperParameters") or {}
    if found := algorithm.without_script(request, settings):
        yield from algorithm.refusals(found, request, settings, tuned)
        return
    names = _channel_names(request)
    if remote_function.runs(names):
        yield from remote_function.refusals(specification)
        return
    variables = request.get("Environment") or {}
    yield from training_script.refusals(names, settings, specification, variables)


def _channel_names(request: dict[str, Any]) -> list[str]:
    return [str(channel["ChannelName"]) for channel in request.get("InputDataConfig") or []]


def _channel_refusals(channel: dict[str, Any]) -> Iterator[str]:
    where = f"channel {channel.get('ChannelName')!r}"
    source = channel.get("DataSource", {}).get("S3DataSource")
    if source is None:
        yield f"{where}: only S3 channels are read locally"
        return
    yield from source_refusals(where, channel.get("InputMode"), source.get("S3DataType"))
    if channel.get("CompressionType", "None") != "None":
        yield f"{where}: compressed channels are not unpacked locally"
    if channel.get("RecordWrapperType", "None") != "None":
        yield f"{where}: objects are not wrapped in RecordIO locally"


def artifacts(job: dict[str, Any]) -> dict[str, Any]:
    """Where the service puts ``model.tar.gz``, as the job's Describe response says it."""
    return {"ModelArtifacts": {"S3ModelArtifacts": f"{_output_prefix(job)}/{_MODEL}"}}


def _starts_with(job: dict[str, Any]) -> dict[str, Any]:
    # The SDK's ``Estimator.attach`` asks for the key's name, though the service has none.
    output = {"OutputDataConfig": {"KmsKeyId": "", **job["OutputDataConfig"]}}
    return {**artifacts(job), **described(job), **output}


def run(job: dict[str, Any], context: JobContext) -> dict[str, Any]:
    """Run one job; the model reaches the bucket only if it succeeds.

    Args:
        job: its Describe response so far, the Create request in it.
        context: its folder, bucket and launcher.

    Returns:
        The final metrics, to add to the Describe response.

    Raises:
        StepFailure: there is no script that runs here, or it failed.
        LocalError: a channel, or the archive with the script, is not there.
    """
    folder, bucket = context.folder, context.bucket
    hosts = hosts_of(folder, host_count(job))
    commands = {host.name: _prepared(job, host, context) for host in hosts}

    def run_one(host: Host, launch: Launch) -> None:
        message = host.folder.ml / "output" / "failure"
        run_to_success(commands[host.name], host.folder, launch, message, as_algorithm=True)

    with checkpoints.kept(job, hosts, bucket):
        run_all(hosts, context.launch, run_one)
    if not remote_function.runs(_channel_names(job)):
        say_if_empty("the model", hosts, "/opt/ml/model", _FOLDERS, log=False)
    _upload(job, hosts, bucket)
    metrics = final_metrics(job, [host.folder.log for host in hosts])
    return {"FinalMetricDataList": metrics} if metrics else {}


def _prepared(job: dict[str, Any], host: Host, context: JobContext) -> Command:
    """Put everything in a host's place; gives what it runs."""
    channels = _stage(job, host, context.inputs)
    for path in (("output", "data"), ("model",), ("checkpoints",)):
        host.folder.make(*path)
    if found := algorithm.without_script(job, job.get("HyperParameters", {})):
        return algorithm.command(found, job, host, channels)
    if remote_function.runs(channels):
        return remote_function.command(job, host)
    return training_script.command(job, host, context.bucket, channels)


def host_count(job: dict[str, Any]) -> int:
    """How many hosts a request asks for."""
    resources = job.get("ResourceConfig", {})
    (group,) = resources.get("InstanceGroups") or [resources]
    return int(group.get("InstanceCount", 1))


def _upload(job: dict[str, Any], hosts: tuple[Host, ...], bucket: Bucket) -> None:
    """Pack and upload what hosts left; of several, the service makes one archive too.

    Where two of them have a file of one name, the later one's is taken, as the SDK's local mode
    says that the service does.
    """
    folder = hosts[0].folder
    for file, path in ((_MODEL, "/opt/ml/model"), (_OUTPUT, "/opt/ml/output/data")):
        say_differing(file, hosts, path)
        for host in hosts:
            links.repoint(host.folder, path)
        left = [host.folder.here(path) for host in hosts]
        source = left[0] if len(left) == 1 else _together(left, folder.path / "together" / file)
        if file == _MODEL or any(source.iterdir()):
            packed = folder.path / file
            archive.pack(source, packed)
            bucket.collect(packed, f"{_output_prefix(job)}/{file}")


def _together(folders: list[Path], target: Path) -> Path:
    target.mkdir(parents=True, exist_ok=True)
    for folder in folders:
        copy_files(folder, target)
    return target


def _output_prefix(job: dict[str, Any]) -> str:
    target = job["OutputDataConfig"]["S3OutputPath"].rstrip("/")
    return f"{target}/{job['TrainingJobName']}/output"


def _stage(request: dict[str, Any], host: Host, inputs: Inputs) -> dict[str, Any]:
    """Put channels and configuration files in place; gives ``inputdataconfig.json``."""
    folder = host.folder
    channels = {}
    for channel in request.get("InputDataConfig", []):
        name = channel["ChannelName"]
        source = channel["DataSource"]["S3DataSource"]
        share = host.share(source.get("S3DataDistributionType"))
        place = folder.make("input", "data", name)
        inputs.put(source["S3Uri"], place, share, source.get("S3DataType"))
        channels[name] = {
            "ContentType": channel.get("ContentType", ""),
            "TrainingInputMode": channel.get("InputMode", "File"),
            "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
            "RecordWrapperType": channel.get("RecordWrapperType", "None"),
        }
    folder.write_json("input/config/hyperparameters.json", request.get("HyperParameters", {}))
    folder.write_json("input/config/inputdataconfig.json", channels)
    folder.write_json("input/config/resourceconfig.json", resources(request, host))
    return channels


def outputs(job: dict[str, Any], folder: JobFolder) -> dict[str, Path]:
    """URIs of the objects that a completed job wrote, and the files that they are copies of."""
    files = [folder.path / _MODEL, folder.path / _OUTPUT]
    return {f"{_output_prefix(job)}/{file.name}": file for file in files if file.is_file()}


def sign(signing: Signing, request: dict[str, Any]) -> None:
    """Add what makes a job's result to a signature."""
    signing.settings(
        request,
        "AlgorithmSpecification",
        "CheckpointConfig",
        "DebugHookConfig",
        "DebugRuleConfigurations",
    )
    signing.hosts(host_count(request))
    sign_script(signing, request, request.get("HyperParameters", {}))


def sign_script(signing: Signing, request: dict[str, Any], hyperparameters: dict[str, Any]) -> None:
    """Add a script, and what it is given: its variables, hyperparameters and channels."""
    signing.setting("environment", request.get("Environment", {}))
    for key, value in hyperparameters.items():
        text = str(value).strip('"')
        if key == SUBMIT_DIRECTORY and text.startswith("s3://"):
            signing.content("code", text)
        else:
            signing.setting(f"hyperparameter {key}", str(value))
    program = hyperparameters.get(PROGRAM, "")
    if found := algorithm.without_script(request, hyperparameters):
        program = algorithm.PROGRAM.name
        algorithm.sign(found, signing)
    for channel in request.get("InputDataConfig", []):
        location = _sign_channel(signing, channel)
        if channel["ChannelName"] == DRIVERS_CHANNEL:
            program = _sign_source_code(signing, location)
    signing.program(is_python=str(program).strip('"').endswith(".py"))


def _sign_channel(signing: Signing, channel: dict[str, Any]) -> str:
    """Add a channel; gives its URI."""
    name = f"channel {channel['ChannelName']}"
    location = dict(channel["DataSource"]["S3DataSource"])
    uri = str(location.pop("S3Uri"))
    if channel["ChannelName"] == DRIVERS_CHANNEL:
        signing.content(name, uri, code=False, without=_SOURCE_CODE)
    else:
        signing.content(name, uri, data_type=location.get("S3DataType"))
    rest = {key: item for key, item in channel.items() if key not in ("DataSource", "ChannelName")}
    signing.setting(name, {**location, **rest})
    return uri


def _sign_source_code(signing: Signing, drivers: str) -> Any:
    """Add what ModelTrainer says of the script; gives its name."""
    file = signing.bucket.existing(f"{drivers.rstrip('/')}/{_SOURCE_CODE}")
    settings = json.loads(file.read_text(encoding="utf-8"))
    settings.pop("source_dir", None)  # where it lay when the pipeline was built
    signing.setting("source", settings)
    return settings.get("entry_script")


KIND = JobKind(
    resource="training-job",
    noun="TrainingJob",
    settings=SETTINGS,
    refusals=refusals,
    run=run,
    sign=sign,
    defaults={"StoppingCondition": {"MaxRuntimeInSeconds": 86400}},
    starts_with=_starts_with,
    outputs=outputs,
    hosts=host_count,
)
