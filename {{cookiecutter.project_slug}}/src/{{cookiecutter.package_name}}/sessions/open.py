"""One way to open a session, local or managed; nothing else in this project knows the mode.

Both are SageMaker ``PipelineSession``s: the same SDK objects make the same pipeline definition, and
the session decides where it runs. With ``pipeline=False`` they are plain ones: what a processor or
trainer is told to run is one job, which runs at once.
"""

import logging
import os
import warnings
from pathlib import Path
from typing import Any

from .. import paths, settings
from ..errors import ProjectError

# The SDK makes boto3 clients at import, which fails without a region, and probes for an EC2 host.
os.environ.setdefault("AWS_DEFAULT_REGION", settings.AWS_REGION)
os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")

MODES = ("local", "managed")


def open_session(
    mode: str,
    role: str = "",
    bucket: str = "",
    prefix: str = "",
    warm: bool = True,
    pipeline: bool = True,
    debug: bool | str = False,
) -> Any:
    """Open a session for pipelines, or for single jobs.

    Args:
        mode: ``local`` (this machine: no Docker, account or network) or ``managed`` (SageMaker).
        role: ARN of the role that managed jobs assume; empty: the one of this SageMaker Studio
            space or notebook instance.
        bucket: the S3 bucket of a managed session; empty: SageMaker's default bucket.
        prefix: goes before every key; empty: the project's slug.
        warm: keep a process with the libraries imported, so that local jobs start at once.
        pipeline: build pipelines; false: run each job at once.
        debug: run local scripts in this process, so that ``breakpoint()`` works in them: those of
            all jobs, or of the pipeline step of this name.

    Returns:
        A session of the SDK with ``role`` (an ARN), ``poll_seconds`` (how often to look at an
        execution), ``runs_here`` (whether jobs end with this process), ``job_log()``,
        ``fingerprint()``, ``first_lines()``, ``explain()`` and ``requests_at_once()`` (of a batch
        job); and of endpoints ``endpoint_url()``, ``endpoint_docs()``, ``scale_endpoint()`` and
        ``settle_seconds`` (within which captures and metrics are there).

    Raises:
        ProjectError: an unknown mode, no role for a managed session, or one that should debug.
    """
    if mode not in MODES:
        raise ProjectError(f"session is {mode!r}; it can be {' or '.join(map(repr, MODES))}")
    if debug and mode == "managed":
        raise ProjectError("a managed session runs no script here; debug in a local one")
    _quieten()
    prefix = prefix or settings.PROJECT_SLUG
    if mode == "managed":
        return _open_managed(role, bucket, prefix, pipeline)
    return _open_local(prefix, warm, pipeline, debug)


def _open_local(prefix: str, warm: bool, pipeline: bool, debug: bool | str) -> Any:
    from sagemaker_local import LocalJobSession, LocalSession

    kind = LocalSession if pipeline else LocalJobSession
    return kind(paths.LOCAL_ROOT, default_bucket_prefix=prefix, warm=warm, debug=debug)


def _open_managed(role: str, bucket: str, prefix: str, pipeline: bool) -> Any:
    from botocore.exceptions import BotoCoreError, ClientError
    from sagemaker.core.helper.session_helper import Session
    from sagemaker.core.workflow.pipeline_context import PipelineSession
    from sagemaker_local.sdk.uploads import ContentUploads
    from sagemaker_local.storage.content import files_below

    from . import managed, scaling

    base: Any = PipelineSession if pipeline else Session

    class ManagedSession(ContentUploads, base):
        """SageMaker itself, with uploads under content hashes, as a local session has them."""

        poll_seconds: float
        runs_here = False
        settle_seconds = 900.0
        role: str

        def job_log(self, kind: str, name: str, tail: int = 0) -> list[str]:
            return managed.job_log(self.boto_session.client("logs"), kind, name, tail)

        def download_data(
            self, path: str | Path, bucket: str, key_prefix: str = "", extra_args: Any = None
        ) -> list[str]:
            """As the SDK does, but of one object.

            The SDK takes one without an extension for a folder, which fails, and brings those
            whose keys go on after a whole one, such as ``a.csv.old`` with ``a.csv``.
            """
            if not managed.is_object(self.s3_client, bucket, key_prefix):
                return list(super().download_data(str(path), bucket, key_prefix, extra_args))
            target = Path(path, key_prefix.rpartition("/")[2])
            target.parent.mkdir(parents=True, exist_ok=True)
            self.s3_client.download_file(bucket, key_prefix, str(target), extra_args)
            return [str(target)]

        def fingerprint(self, uri: str) -> str:
            return managed.fingerprint(self.s3_client, uri)

        def first_lines(self, uri: str, count: int) -> list[str]:
            return managed.first_lines(self.s3_client, uri, count)

        def requests_at_once(self, instance_type: str) -> int:
            return managed.requests_at_once(instance_type)

        def explain(self, execution: Any) -> str:
            return managed.explain(self.sagemaker_client, getattr(execution, "arn", execution))

        def endpoint_url(self) -> str:
            return str(self.boto_session.client("sagemaker-runtime").meta.endpoint_url)

        def endpoint_docs(self, name: str) -> str:
            return ""  # SageMaker hands on nothing but invocations

        def scale_endpoint(self, *asked: Any, **named: Any) -> str:
            return scaling.scale(
                self.boto_session.client("application-autoscaling"), *asked, **named
            )

        def _put(self, path: Path, bucket: str, prefix: str) -> None:
            files = list(files_below(path))
            listed = self.s3_client.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/")
            if listed.get("KeyCount", 0) == len(files):
                return
            for file, name in files:
                self.s3_client.upload_file(str(file), bucket, f"{prefix}/{name}")

    session = ManagedSession(
        boto_session=managed.BotoSession(region_name=os.environ["AWS_DEFAULT_REGION"]),
        default_bucket=bucket or None,
    )
    session.role = role or _own_role(session)
    try:
        # Before the prefix is set: with one, the SDK lists a missing bucket instead of creating it.
        session.default_bucket()
    except (BotoCoreError, ClientError) as error:
        raise ProjectError(
            f"a managed session cannot use its bucket in AWS: {error}; check the credentials "
            "(`aws sts get-caller-identity`), the region and -p bucket"
        ) from error
    session.default_bucket_prefix = prefix
    session.poll_seconds = managed.poll_seconds(session.sagemaker_client)
    return session


def _own_role(session: Any) -> str:
    from sagemaker.core.helper.session_helper import get_execution_role

    try:
        return str(get_execution_role(session))
    except Exception as error:
        raise ProjectError(
            "a managed session needs a role that SageMaker may assume: give its ARN by "
            f"-p role arn:aws:iam::<account>:role/<name> ({error})"
        ) from error


def _quieten() -> None:
    """Leave out what the SDK says on every step that it builds; warnings of use stay."""
    for name in ("sagemaker", "sagemaker.core", "sagemaker.mlops", "sagemaker.serve", "matplotlib"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", message="Running within a PipelineSession")
