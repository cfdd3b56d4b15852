"""SageMaker sessions whose service, bucket and registry are a folder here."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from botocore.handlers import validate_bucket_name
from sagemaker_local.callers import LOOPBACK
from sagemaker_local.engine import DEFAULT_REGION, Engine
from sagemaker_local.errors import LocalError
from sagemaker_local.names import ACCOUNT, BUCKET

# The SDK looks for a region, and asks the network for one, as soon as it is imported.
os.environ.setdefault("AWS_DEFAULT_REGION", DEFAULT_REGION)
os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")

from sagemaker.core.helper.session_helper import Session
from sagemaker.core.utils.utils import SageMakerClient as SdkClient
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker_local.client.boto import OfflineClient, OfflineSession
from sagemaker_local.client.client import SageMakerClient
from sagemaker_local.client.runtime import RUNTIME
from sagemaker_local.definition.document import parse, read
from sagemaker_local.endpoints.pruning import Pruned
from sagemaker_local.executions.explanation import Explanation, explain
from sagemaker_local.jobs.folder import JobFolder
from sagemaker_local.planning.plan import Plan, plan
from sagemaker_local.planning.skew import Skew, report
from sagemaker_local.processes.warm import PRELOADED, shared_runner
from sagemaker_local.pruning.command import moment
from sagemaker_local.pruning.pruning import Removal, prune
from sagemaker_local.sdk import telemetry
from sagemaker_local.sdk.uploads import ContentUploads
from sagemaker_local.steps.step_type import Functions
from sagemaker_local.storage.content import files_below, fingerprint
from sagemaker_local.wire.face import Face

_MOST_AT_ONCE = 16  # requests of up to 6 MB; the service allows 100 MB of them


class _Local(ContentUploads, Session):
    """A session on this machine: no Docker, no account, no network.

    Use it wherever the SDK takes a ``sagemaker_session``. Everything that it keeps is below
    ``root``: ``s3/<bucket>/`` the objects, ``jobs/<name>/`` each job's files and log, ``state.db``
    pipelines, executions, jobs, models and the registry. Sessions of both kinds may share it.

    Args:
        root: the folder; created if absent. Several processes may share it.
        region: names the region in ARNs and image URIs; nothing is sent there.
        default_bucket_prefix: put before the keys of uploads and outputs.
        warm: start jobs from a process that has the libraries imported (Linux).
        preload: the modules that it imports.
        functions: what Lambda steps call, by the function's ARN or name: a Python function
            ``handler(event, context)``, or its place as ``module:handler``.
        debug: True, or a step's name: its script runs in this process, so that ``breakpoint()``
            works; a start then returns when the execution has ended.
        endpoint_host: the address at which endpoints listen; whoever reaches another than this
            machine's own may ask the models.

    Attributes:
        role: the ARN to give where the SDK wants a role.
        poll_seconds: how often it is worth looking at an execution.
        runs_here: executions end with this process, so an interrupt should stop them.
        settle_seconds: within which captures and metrics of an endpoint are written.
    """

    poll_seconds = 0.05
    runs_here = True
    settle_seconds = 30.0

    def __init__(
        self,
        root: str | Path,
        region: str | None = None,
        default_bucket_prefix: str | None = None,
        warm: bool = True,
        preload: tuple[str, ...] = PRELOADED,
        functions: Functions | None = None,
        debug: bool | str = False,
        endpoint_host: str = LOOPBACK,
    ) -> None:
        region = region or os.environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION
        runner = shared_runner(warm, preload)
        engine = Engine(Path(root).resolve(), region, runner, functions, debug, Face, endpoint_host)
        client = SageMakerClient(engine)
        self.root = engine.root
        self.bucket = engine.bucket
        self.digests = engine.digests
        self._engine = engine
        telemetry.silence(_Local)
        super().__init__(
            boto_session=OfflineSession(region, client),
            sagemaker_client=client,
            default_bucket=BUCKET,
            default_bucket_prefix=default_bucket_prefix,
        )
        self.role = engine.arns.role

    def _initialize(self, *args: Any, **kwargs: Any) -> None:
        """Give the SDK stand-ins for the clients that it would otherwise create."""
        kwargs["sagemaker_runtime_client"] = kwargs["boto_session"].client(RUNTIME)
        kwargs["sagemaker_featurestore_runtime_client"] = OfflineClient("featurestore-runtime")
        kwargs["sagemaker_metrics_client"] = OfflineClient("sagemaker-metrics")
        super()._initialize(*args, **kwargs)

    def default_bucket(self) -> str:
        return BUCKET

    def account_id(self) -> str:
        return ACCOUNT

    def _put(self, path: Path, bucket: str, prefix: str) -> None:
        uri = f"s3://{bucket}/{prefix}"
        if path.is_file():
            uri = f"{uri}/{path.name}"
        target = self.bucket.path(uri)
        if not target.exists():
            self.bucket.upload(path, uri)
            for file, name in files_below(path):
                self.digests.same(file, target if path.is_file() else target / name)

    def _upload(self, path: Any, bucket: str | None, prefix: str, *options: Any) -> str:
        target, prefix = self.determine_bucket_and_prefix(
            bucket=bucket, key_prefix=prefix, sagemaker_session=self
        )
        validate_bucket_name({"Bucket": target})
        uri, source = f"s3://{target}/{prefix}", Path(path)
        if source.is_file():
            uri = f"{uri}/{source.name}"
        self.bucket.upload(source, uri)
        callback: Any = options[0] if options else None
        for file, _ in files_below(source) if callback else ():
            callback(file.stat().st_size)
        return uri

    def upload_string_as_file_body(
        self, body: str | bytes, bucket: str, key: str, kms_key: str | None = None
    ) -> str:
        validate_bucket_name({"Bucket": bucket})
        uri = f"s3://{bucket}/{key}"
        self.bucket.write(uri, body.encode() if isinstance(body, str) else body)
        return uri

    def download_data(
        self, path: str | Path, bucket: str, key_prefix: str = "", extra_args: Any = None
    ) -> list[str]:
        return [str(c) for c in self.bucket.download(f"s3://{bucket}/{key_prefix}", Path(path))]

    def read_s3_file(self, bucket: str, key_prefix: str) -> str:
        uri = f"s3://{bucket}/{key_prefix}"
        file = self.bucket.existing(uri)
        if file.is_dir():
            raise LocalError(f"{uri} is a prefix; name one of the objects below it.")
        return file.read_text(encoding="utf-8")

    def requests_at_once(self, _instance_type: str) -> int:
        """How many requests of a batch job are answered side by side here, whatever the instance.

        As many as there are cores, where jobs can fork.
        """
        return min(len(os.sched_getaffinity(0)), _MOST_AT_ONCE) if sys.platform == "linux" else 1

    def fingerprint(self, uri: str) -> str:
        """What tells the data behind an S3 URI from any other; see ``content.fingerprint``."""
        return fingerprint(self.bucket.existing(uri), self.digests)

    def endpoint_url(self) -> str:
        """Where any client of ``sagemaker-runtime`` finds the endpoints; they are started."""
        return self._engine.supervision.url()

    def endpoint_docs(self, name: str) -> str:
        """Where the server of an endpoint's model describes itself to a browser, if it does."""
        return f"{self.endpoint_url()}/endpoints/{name}/docs"

    def scale_endpoint(
        self, name: str, variant: str, minimum: int, maximum: int, invocations: int
    ) -> str:
        """Nothing scales here; a managed session has the number of machines follow the requests.

        Args:
            name: of the endpoint.
            variant: of it.
            minimum: machines at least.
            maximum: at most.
            invocations: a minute, of each machine.

        Returns:
            A sentence on what was done.
        """
        return f"One process serves {name}'s {variant} on this machine: there is nothing to scale."

    def stop_endpoints(self) -> None:
        """End all processes of endpoints; the next look at one starts them again."""
        self._engine.supervision.stop()

    def prune_endpoints(self, before: datetime) -> Pruned:
        """Remove captures, metrics and logs of endpoints from before a moment, which has a zone.

        What serves keeps its log, and an object that is no capture stays; says what was removed.
        """
        return self._engine.prune_endpoints(before)

    def prune(self, older_than_days: float, dry_run: bool = False) -> list[Removal]:
        """Remove what ended so many days ago, and nobody needs any more; see ``pruning.pruning``.

        Model packages, endpoints, pipelines, and what these and their lineage refer to, stay.

        Args:
            older_than_days: a fraction of a day counts, 0 takes everything that has ended.
            dry_run: remove nothing, and say what would go.
        """
        return prune(self._engine, moment(older_than_days), dry_run)

    def job_log(self, kind: str, name: str, tail: int = 0) -> list[str]:
        """The lines that a job has printed so far.

        Args:
            kind: of job, ``Processing`` or ``Training``; local ones share one folder.
            name: the job's.
            tail: this many of the last lines of its first host only; 0: all, host by host.
        """
        folder = JobFolder(self._engine.files.jobs / name)
        if tail:
            return folder.lines(tail)
        return [line for each in (folder, *folder.of_other_hosts()) for line in each.lines()]

    def first_lines(self, uri: str, count: int) -> list[str]:
        """The first lines of an object, which is not read any further."""
        with self.bucket.existing(uri).open(encoding="utf-8") as stream:
            return [line.rstrip("\n") for line in islice(stream, count)]

    def list_s3_files(self, bucket: str, key_prefix: str) -> list[str]:
        return self.bucket.beginning(f"s3://{bucket}/{key_prefix}")


class LocalSession(_Local, PipelineSession):
    """Builds and runs SageMaker pipelines on this machine; see ``_Local`` for its arguments."""

    def plan(self, definition: str, parameters: Mapping[str, str] | None = None) -> Plan:
        """What an execution would do, in which order and by which branches; nothing runs.

        Args:
            definition: the JSON that ``Pipeline.definition()`` gives.
            parameters: values that a start would give.

        Returns:
            A plan to print; its ``refusals`` are the reasons why nothing would run.
        """
        return plan(
            definition, parameters or {}, tuple(self._engine.functions), self._engine.bucket
        )

    def explain(self, execution: Any) -> Explanation:
        """Why each step of an execution ran, or was reused from the cache: a line a step.

        Args:
            execution: what ``Pipeline.start()`` returned, or an execution's ARN.
        """
        arn = execution if isinstance(execution, str) else execution.arn
        executions = self.sagemaker_client.executions
        stored = executions.get(arn)
        # An older engine may have run what this one would refuse.
        definition, _ = read(executions.records.definition(stored.arn))
        return explain(self._engine.store, stored, definition)

    def skew(self, definition: str) -> Skew:
        """Versions of Python and libraries here, beside those of the images that it names."""
        return report(parse(definition))


class LocalJobSession(_Local):
    """Runs single jobs on this machine, at once: ``ScriptProcessor.run`` and its like start one.

    Its arguments are those of ``LocalSession``. Jobs run in this process's name and end with it.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        from sagemaker_local.sdk import (
            waits as sdk_waits,  # imports what a pipeline session can do without
        )

        super().__init__(*args, **kwargs)
        sdk_waits.make_prompt()
        # ``Processor.latest_job`` knows no session: it uses the first client that was made.
        SdkClient(session=self.boto_session, region_name=self.boto_region_name)
        self._make_prompt = sdk_waits.make_prompt

    def _upload(self, path: Any, bucket: str | None, prefix: str, *options: Any) -> str:
        """As any session; ``@remote`` uploads and then waits, in a module of its own."""
        self._make_prompt()
        return super()._upload(path, bucket, prefix, *options)
